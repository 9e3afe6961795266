//! Before every route: who is it, may they, did the form come from a page of ours. After it: the
//! headers of every answer, and troubles as pages.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use bootstrap::same_site;
use domain::Locale;
use storage::users::Session;
use tokio::time::Instant;

use super::sign_in::{self, COOKIE, SECURE_COOKIE};
use super::token;
use crate::app::App;
use crate::page::{LANGUAGE_COOKIE, Page, cookie, value_of};
use crate::routes::{Needs, Route};
use crate::telemetry;
use crate::trouble::Trouble;

/// The headers of every answer (compliance.md SEC-06). Script and style are files of ours alone.
const HEADERS: &[(&str, &str)] = &[
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'; font-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=()"),
];

/// What stands before a route.
#[derive(Clone)]
pub struct Guard {
    /// To look sessions up.
    pub app: App,
    /// What the route asks for.
    pub route: Route,
}

/// What a path that leads nowhere answers.
pub async fn not_found() -> Trouble {
    Trouble::NotFound
}

/// See the module.
pub async fn check(State(guard): State<Guard>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let Guard { app, route } = guard;
    let method = request.method().clone();
    let asked_locale = value_of(request.uri(), "lang").and_then(|tag| Locale::of_tag(&tag));
    let (session, away) = match session_of(request.headers().clone(), &app).await {
        Ok(session) => (session, None),
        Err(trouble) => (None, Some(trouble)),
    };
    let page = Page::of(&request, session, &app);
    let refused = match away {
        Some(trouble) if route.needs != Needs::Nothing => Some(page.trouble(&trouble)),
        _ => refusal(&page, &request, &app, route),
    };
    let mut response = match refused {
        Some(refused) => refused,
        None => {
            request.extensions_mut().insert(page.clone());
            next.run(request).await
        }
    };
    if let Some(trouble) = response.extensions().get::<Trouble>() {
        response = page.trouble(trouble);
    }
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(*name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    // How long a page took, where people look for it: in the browser's own tools.
    let took = format!("app;dur={:.1}", began.elapsed().as_secs_f64() * 1000.0);
    if let Ok(value) = HeaderValue::try_from(took) {
        headers.insert("server-timing", value);
    }
    if app.settings.is_secure() {
        let lasting = HeaderValue::from_static("max-age=63072000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, lasting);
    }
    if let Some(locale) = asked_locale {
        let remembered =
            format!("{LANGUAGE_COOKIE}={locale}; Path=/; Max-Age=31536000; SameSite=Lax");
        if let Ok(value) = HeaderValue::try_from(remembered) {
            headers.append(header::SET_COOKIE, value);
        }
    }
    count(route, &method, response.status(), began);
    response
}

/// Counts a request and how long it took.
pub fn count(route: Route, method: &Method, status: StatusCode, began: Instant) {
    // Of the methods only those there are: the name comes from outside.
    let method = match method.as_str() {
        "POST" => "POST",
        "PATCH" => "PATCH",
        _ => "GET",
    };
    let status = status.as_u16().to_string();
    metrics::counter!(telemetry::REQUESTS, "route" => route.path, "method" => method,
                      "status" => status)
    .increment(1);
    metrics::histogram!(telemetry::REQUEST_SECONDS, "route" => route.path, "method" => method)
        .record(began.elapsed().as_secs_f64());
}

/// The session of a request's cookie, if it is in force.
async fn session_of(headers: HeaderMap, app: &App) -> Result<Option<Session>, Trouble> {
    let name = if app.settings.is_secure() { SECURE_COOKIE } else { COOKIE };
    let Some(token) = cookie(&headers, name) else { return Ok(None) };
    Ok(app.database.session(&token::hash(token), app.settings.idle).await?)
}

/// What is answered instead of the route's own answer.
fn refusal(page: &Page, request: &Request, app: &App, route: Route) -> Option<Response> {
    let changes = ![Method::GET, Method::HEAD].contains(request.method());
    if changes && !is_from_our_page(request, app) {
        return Some(page.trouble(&Trouble::Foreign));
    }
    match route.needs {
        Needs::Nothing => None,
        _ if page.user().is_none() => Some(sign_in_first(page, request)),
        Needs::Permission(permission) if !page.may(permission) => {
            Some(page.trouble(&Trouble::Forbidden))
        }
        Needs::Any(permissions) if !permissions.iter().any(|one| page.may(*one)) => {
            Some(page.trouble(&Trouble::Forbidden))
        }
        Needs::Session | Needs::Permission(_) | Needs::Any(_) => None,
        // The API has a guard of its own; a session is no token.
        Needs::Token(_) | Needs::AnyToken(_) => Some(page.trouble(&Trouble::Forbidden)),
    }
}

/// Browsers say where a form comes from. One that says nothing at all is not sent by a page of ours.
fn is_from_our_page(request: &Request, app: &App) -> bool {
    let headers = request.headers();
    let says = headers.contains_key(header::ORIGIN) || headers.contains_key("sec-fetch-site");
    says && same_site::is_own(headers, &app.settings.public_url)
}

fn sign_in_first(page: &Page, request: &Request) -> Response {
    let back = if request.method() == Method::GET { request.uri().path() } else { "/" };
    let to = sign_in::address(back);
    if page.is_part() {
        // A part of a page cannot hold the sign-in page.
        return (StatusCode::UNAUTHORIZED, [("hx-redirect", to)]).into_response();
    }
    Redirect::to(&to).into_response()
}
