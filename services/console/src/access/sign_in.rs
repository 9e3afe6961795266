//! Signing in and out.

use std::time::Duration;

use askama::Template;
use axum::Form;
use axum::extract::{FromRequest, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use domain::token::Purpose;
use domain::{Clock, UserId};
use serde::Deserialize;

use super::origin::Origin;
use super::{factor, token};
use crate::app::App;
use crate::page::Page;
use crate::telemetry::SIGN_INS;
use crate::trouble::{Answer, Trouble};

/// The session's cookie where the console is reached without TLS.
pub const COOKIE: &str = "touchline-session";
/// The same over TLS: the prefix binds it to this host (RFC 6265bis §4.1.3.2).
pub const SECURE_COOKIE: &str = "__Host-touchline-session";

/// Wrong codes of a user within [`WINDOW`].
const MOST_CODES: i64 = 10;
/// How long failures count.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// Seconds within which the code has to follow the password.
const CODE_WITHIN: i64 = 300;
/// Letters that are kept of a browser's name.
const DEVICE: usize = 120;

#[derive(Template)]
#[template(path = "access/sign_in.html")]
pub struct SignIn {
    page: Page,
    email: String,
    to: String,
    /// The name of the identity provider, where there is one.
    provider: Option<String>,
    problem: Option<String>,
}

impl SignIn {
    /// The form, for somebody who wants to go to `to`.
    pub fn new(page: &Page, app: &App, email: &str, to: &str, problem: Option<String>) -> Self {
        let provider = app.provider.as_ref().map(|provider| provider.name().to_owned());
        let (email, to) = (email.to_owned(), to.to_owned());
        Self { page: page.clone(), email, to, provider, problem }
    }
}

/// Where to go afterwards.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    #[serde(default)]
    to: String,
}

impl Wanted {
    /// As it was asked for: anything.
    pub fn to(&self) -> &str {
        &self.to
    }
}

/// What was filled in.
#[derive(Deserialize)]
pub struct Attempt {
    email: String,
    password: String,
    #[serde(default)]
    to: String,
}

/// The address of the form, for somebody who wanted to go to `back`.
pub fn address(back: &str) -> String {
    if back == "/" {
        return "/sign-in".to_owned();
    }
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("to", back).finish();
    format!("/sign-in?{query}")
}

/// `to` where it is a path of this console, else the first page: no link leads people away.
pub fn inside(to: &str) -> &str {
    let is_path = to.starts_with('/') && !to.starts_with("//") && !to.contains(['\\', '\r', '\n']);
    if is_path && to.is_ascii() { to } else { "/" }
}

/// `GET /sign-in`.
pub async fn form(State(app): State<App>, page: Page, Query(wanted): Query<Wanted>) -> Answer {
    if page.user().is_some() {
        return Ok(Redirect::to(inside(&wanted.to)).into_response());
    }
    page.show(&SignIn::new(&page, &app, "", inside(&wanted.to), None))
}

/// `POST /sign-in`.
pub async fn enter(State(app): State<App>, page: Page, request: Request) -> Answer {
    let origin = Origin::of(&request, &app);
    let headers = request.headers().clone();
    let Form(attempt) = match Form::<Attempt>::from_request(request, &app).await {
        Ok(form) => form,
        Err(unreadable) => return Ok(unreadable.into_response()),
    };
    let email = attempt.email.trim().to_lowercase();
    let known = app.database.credentials(&email).await?;
    let counters = origin.counters(&email, known.as_ref().map(|known| known.user.id));
    let mut is_throttled = false;
    for (subject, most) in &counters {
        // Counted before it is known whether it fails: attempts at the same time all count.
        is_throttled |= app.database.note_sign_in(subject, WINDOW).await? > *most;
    }
    let refuse = |key: &str, status: StatusCode, result: &'static str| {
        metrics::counter!(SIGN_INS, "result" => result).increment(1);
        let problem = Some(page.say(key));
        let form = SignIn::new(&page, &app, &attempt.email, inside(&attempt.to), problem);
        let mut response = page.show_again(&form)?;
        *response.status_mut() = status;
        Ok(response)
    };
    if is_throttled {
        return refuse("sign-in-throttled", StatusCode::TOO_MANY_REQUESTS, "throttled");
    }
    let hash = known.as_ref().and_then(|known| known.password_hash.clone());
    let is_right = app.passwords.check(attempt.password, hash).await?;
    let Some(known) = known.filter(|_| is_right) else {
        return refuse("sign-in-wrong", StatusCode::UNPROCESSABLE_ENTITY, "refused");
    };
    // What others tried at this address, or from this network, stays counted, but for this attempt.
    for (n, (subject, _)) in counters.iter().enumerate() {
        match n {
            0 => app.database.forget_failures(subject).await?,
            _ => app.database.forget_failure(subject).await?,
        }
    }
    if known.totp_sealed.is_some() {
        let until = Clock::system().now().timestamp() + CODE_WITHIN;
        let to = inside(&attempt.to);
        let ticket = format!("in {} {until} {to}", known.user.id);
        let ticket = app.tokens.sign(Purpose::SecondFactor, &ticket);
        return page.show(&Code { page: page.clone(), ticket, problem: None });
    }
    open(&app, &headers, known.user.id, inside(&attempt.to)).await
}

#[derive(Template)]
#[template(path = "access/code.html")]
struct Code {
    page: Page,
    ticket: String,
    problem: Option<String>,
}

/// Proof of the first step, and the code.
#[derive(Deserialize)]
pub struct SecondStep {
    ticket: String,
    code: String,
}

/// `POST /sign-in/code`.
pub async fn enter_code(
    State(app): State<App>,
    page: Page,
    headers: HeaderMap,
    Form(given): Form<SecondStep>,
) -> Answer {
    let ticket = app.tokens.verify(Purpose::SecondFactor, &given.ticket);
    let ticket = ticket.map_err(|_| Trouble::NotFound)?;
    let read = || {
        let mut parts = ticket.strip_prefix("in ")?.splitn(3, ' ');
        let user: UserId = parts.next()?.parse().ok()?;
        let until: i64 = parts.next()?.parse().ok()?;
        Some((user, until, parts.next()?))
    };
    let (user, until, to) = read().ok_or(Trouble::NotFound)?;
    if until < Clock::system().now().timestamp() {
        return Ok(Redirect::to("/sign-in").into_response());
    }
    let subject = token::hash(&format!("code {user}"));
    if app.database.note_sign_in(&subject, WINDOW).await? > MOST_CODES {
        let problem = Some(page.say("sign-in-throttled"));
        metrics::counter!(SIGN_INS, "result" => "throttled").increment(1);
        return page.show_again(&Code { page: page.clone(), ticket: given.ticket, problem });
    }
    let known = app.database.credentials_of(user).await?.ok_or(Trouble::NotFound)?;
    let sealed = known.totp_sealed.ok_or(Trouble::NotFound)?;
    if !factor::is_right(&app, user, &known.user.email, &sealed, &given.code).await? {
        metrics::counter!(SIGN_INS, "result" => "refused").increment(1);
        let problem = Some(page.say("code-wrong"));
        return page.show_again(&Code { page: page.clone(), ticket: given.ticket, problem });
    }
    app.database.forget_failures(&subject).await?;
    open(&app, &headers, user, inside(to)).await
}

/// Opens a session and leads to `to`.
pub async fn open(app: &App, headers: &HeaderMap, user: UserId, to: &str) -> Answer {
    let token = token::new();
    let agent = headers.get(header::USER_AGENT).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let device: String = agent.chars().take(DEVICE).collect();
    let lifetime = app.settings.lifetime;
    app.database.open_session(user, &token::hash(&token), &device, lifetime).await?;
    metrics::counter!(SIGN_INS, "result" => "signed_in").increment(1);
    let response = with_cookie(Redirect::to(to).into_response(), &cookie(app, &token, lifetime))?;
    with_cookie(response, &Origin::sign(app, user))
}

/// `POST /sign-out`.
pub async fn leave(State(app): State<App>, page: Page) -> Answer {
    let session = page.session()?;
    app.database.end_sessions(session.user.id, Some(session.id), None).await?;
    let cookie = cookie(&app, "", Duration::ZERO);
    with_cookie(Redirect::to("/sign-in").into_response(), &cookie)
}

fn cookie(app: &App, token: &str, lifetime: Duration) -> String {
    let (name, secure) =
        if app.settings.is_secure() { (SECURE_COOKIE, "; Secure") } else { (COOKIE, "") };
    let age = lifetime.as_secs();
    format!("{name}={token}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}")
}

/// Adds a cookie.
pub fn with_cookie(mut response: Response, cookie: &str) -> Answer {
    let value = HeaderValue::try_from(cookie).map_err(|_| Trouble::Broken)?;
    response.headers_mut().append(header::SET_COOKIE, value);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_away() {
        for (to, expected) in [
            ("/list", "/list"),
            ("/contacts/0?tab=touches", "/contacts/0?tab=touches"),
            ("", "/"),
            ("list", "/"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("/a\r\nSet-Cookie: a=b", "/"),
            ("javascript:alert(1)", "/"),
        ] {
            assert_eq!(inside(to), expected, "{to}");
        }
        assert_eq!(address("/list?q=1&b"), "/sign-in?to=%2Flist%3Fq%3D1%26b");
    }
}
