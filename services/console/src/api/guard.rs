//! Before every route of the API: whose token is it, may it, how often has it asked. After it: the
//! headers of every answer, and problems in their form. No cookie is read here and none is set.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CACHE_CONTROL, STRICT_TRANSPORT_SECURITY, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use domain::ApiTokenId;
use domain::access::Permission;
use tokio::time::Instant;
use uuid::Uuid;

use super::caller::Caller;
use super::idempotency;
use super::limits::Share;
use super::problem::{Kind, Problem};
use crate::access::guard::{Guard, count};
use crate::app::App;
use crate::routes::{API_BODY, Needs};

/// The headers of every answer: it is data, for the program that asked alone.
const HEADERS: &[(&str, &str)] = &[
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// The header with the request's id.
pub const REQUEST_ID: &str = "x-request-id";

/// What a path of the API that leads nowhere answers.
pub async fn not_found() -> Problem {
    let detail = "The API has no such path; /api/v1/openapi.json says which there are.";
    Problem::new(Kind::NotFound, detail)
}

/// See the module.
pub async fn check(State(guard): State<Guard>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = Uuid::now_v7();
    let Guard { app, route } = guard;
    let method = request.method().clone();
    let mut share = None;
    let admitted = admit(&app, route.needs, &mut request, began, &mut share).await;
    let mut response = match admitted {
        Err(problem) => problem.answer(id),
        Ok(None) => next.run(request).await,
        Ok(Some(token)) => idempotency::once(&app, token, request, next, API_BODY).await,
    };
    if let Some(problem) = problem_of(&response) {
        let allow = response.headers().get(ALLOW).cloned();
        response = problem.answer(id);
        if let Some(allow) = allow {
            response.headers_mut().insert(ALLOW, allow);
        }
    }
    let status = response.status();
    write_headers(response.headers_mut(), status, &app, route.needs, id);
    if let Some(share) = share {
        share.write(response.headers_mut());
    }
    count(route, &method, status, began);
    response
}

/// Lets a caller in who may, and notes who it is; none for a route that asks for no token.
async fn admit(
    app: &App,
    needs: Needs,
    request: &mut Request,
    now: Instant,
    share: &mut Option<Share>,
) -> Result<Option<ApiTokenId>, Problem> {
    let query = request.uri().query().unwrap_or_default();
    if [request.uri().path(), query].iter().any(|part| part.contains("%00")) {
        return Err(Problem::new(Kind::Malformed, "No text may hold the character U+0000."));
    }
    let asked: &[Permission] = match &needs {
        Needs::Token(permission) => std::slice::from_ref(permission),
        Needs::AnyToken(permissions) => permissions,
        // Pages have a guard of their own; whatever asks for a session is closed to tokens.
        Needs::Nothing => return Ok(None),
        Needs::Session | Needs::Permission(_) | Needs::Any(_) => return Err(Problem::not_found()),
    };
    let caller = Caller::of(request.headers(), app).await?;
    let taken = app.limits.take(caller.token(), now);
    *share = Some(taken);
    if !taken.is_given() {
        let detail = "Wait as many seconds as Retry-After says.";
        return Err(Problem::new(Kind::TooMany, detail));
    }
    let refusals: Vec<String> = asked.iter().filter_map(|one| caller.refusal(*one)).collect();
    if !asked.is_empty() && refusals.len() == asked.len() {
        return Err(Problem::new(Kind::NotAllowed, refusals.join(" ")));
    }
    let token = caller.token();
    request.extensions_mut().insert(caller);
    Ok(Some(token))
}

/// The problem of an answer that is no success; nothing for one that is.
fn problem_of(response: &Response<Body>) -> Option<Problem> {
    if let Some(problem) = response.extensions().get::<Problem>() {
        return Some(problem.clone());
    }
    let is_written = response
        .headers()
        .get("content-type")
        .is_some_and(|kind| kind.as_bytes() == b"application/problem+json");
    let status = response.status();
    if is_written || !(status.is_client_error() || status.is_server_error()) {
        return None;
    }
    // The framework's own answers: a wrong method, a body that is too large.
    let kind = Kind::of_status(status);
    let detail = match kind {
        Kind::OtherMethod => "The header Allow says which methods the path has.",
        _ => "/api/v1/openapi.json describes every request.",
    };
    Some(Problem::new(kind, detail))
}

fn write_headers(headers: &mut HeaderMap, status: StatusCode, app: &App, needs: Needs, id: Uuid) {
    for (name, value) in HEADERS {
        headers.entry(*name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if app.settings.is_secure() {
        let lasting = HeaderValue::from_static("max-age=63072000");
        headers.insert(STRICT_TRANSPORT_SECURITY, lasting);
    }
    if let Ok(id) = HeaderValue::try_from(id.to_string()) {
        headers.insert(REQUEST_ID, id);
    }
    // RFC 6750: what to come with instead.
    let wanted = match (status, needs) {
        (StatusCode::UNAUTHORIZED, _) => "Bearer realm=\"touchline\"".to_owned(),
        (StatusCode::FORBIDDEN, Needs::Token(scope)) => {
            format!("Bearer realm=\"touchline\", error=\"insufficient_scope\", scope=\"{scope}\"")
        }
        _ => return,
    };
    if let Ok(wanted) = HeaderValue::try_from(wanted) {
        headers.insert(WWW_AUTHENTICATE, wanted);
    }
}
