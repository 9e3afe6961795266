//! Signing in through an identity provider: OpenID Connect, authorization code with PKCE.
//!
//! A user is known by the account at the provider, which is bound at the first time by an email
//! address that the provider has verified. The provider is trusted with everything that happens
//! before: whoever has a second factor here is not asked for it then. Nothing is kept on the server
//! between question and answer: a sealed cookie holds it, and an answer counts once.

pub mod client;
pub mod id_token;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{Clock, UserId};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use storage::users::{Identity, NewUser};
use uuid::Uuid;

use self::client::{Provider, Question};
use self::id_token::Account;
use super::seal::Sealed;
use super::sign_in::{self, SignIn, Wanted};
use super::token;
use crate::app::App;
use crate::page::{self, Page};
use crate::telemetry::SIGN_INS;
use crate::trouble::{Answer, Trouble};

/// Holds the question while somebody is at the provider.
const COOKIE: &str = "touchline-provider";
/// Seconds within which the answer has to come.
const ANSWER_WITHIN: i64 = 600;
/// Where the provider sends people back to.
const BACK: &str = "/sign-in/back";
/// Who adds users that the provider knows and we do not.
const ACTOR: &str = "identity provider";

/// `GET /sign-in/provider`: leads to the provider.
pub async fn leave(State(app): State<App>, page: Page, Query(wanted): Query<Wanted>) -> Answer {
    let provider = app.provider.as_ref().ok_or(Trouble::NotFound)?;
    let question = Question {
        state: token::new(),
        nonce: token::new(),
        verifier: token::new(),
        back: format!("{}{BACK}", app.url()),
    };
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&question.verifier));
    let to = sign_in::inside(wanted.to());
    let address = match provider.address(&question, &challenge).await {
        Ok(address) => address,
        Err(error) => {
            tracing::warn!(error = %format!("{error:#}"), "the identity provider is away");
            return refuse(&page, &app, to, "provider-away", StatusCode::SERVICE_UNAVAILABLE);
        }
    };
    let until = Clock::system().now().timestamp() + ANSWER_WITHIN;
    let Question { state, nonce, verifier, .. } = question;
    let kept = Sealed::SignIn.seal(
        &app.keyer,
        Uuid::nil(),
        &format!("{state} {nonce} {verifier} {until} {to}"),
    )?;
    let kept = URL_SAFE_NO_PAD.encode(kept);
    sign_in::with_cookie(
        Redirect::to(&address).into_response(),
        &cookie(&app, &kept, ANSWER_WITHIN),
    )
}

/// What the provider answers.
#[derive(Debug, Default, Deserialize)]
pub struct Answered {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
    /// Of whom the answer is (RFC 9207).
    iss: Option<String>,
    error: Option<String>,
}

/// `GET /sign-in/back`: comes from the provider.
pub async fn enter(
    State(app): State<App>,
    page: Page,
    headers: HeaderMap,
    Query(answered): Query<Answered>,
) -> Answer {
    let provider = app.provider.as_ref().ok_or(Trouble::NotFound)?;
    let Some((question, to)) = asked(&app, &headers) else {
        return over(&page, &app, "/", "provider-not-asked");
    };
    let is_ours = answered.state == question.state
        && answered.iss.as_deref().is_none_or(|issuer| issuer == provider.issuer());
    if !is_ours {
        return over(&page, &app, &to, "provider-not-asked");
    }
    // An answer counts once, whichever process it comes to.
    if !app.database.use_answer(&token::hash(&question.state)).await? {
        return over(&page, &app, &to, "provider-not-asked");
    }
    if answered.error.is_some() {
        return over(&page, &app, &to, "provider-refused");
    }
    let account = match provider.account(&question, &answered.code).await {
        Ok(account) => account,
        Err(error) => {
            tracing::warn!(error = %format!("{error:#}"), "an identity provider's answer is not believed");
            return over(&page, &app, &to, "provider-unbelieved");
        }
    };
    match user_of(&app, &account, provider).await? {
        Ok(user) => {
            let response = sign_in::open(&app, &headers, user, &to).await?;
            sign_in::with_cookie(response, &cookie(&app, "", 0))
        }
        Err(why) => over(&page, &app, &to, why),
    }
}

/// The user an account is: bound before, bound now, or added. Else the name of the text that says why
/// not.
async fn user_of(
    app: &App,
    account: &Account,
    provider: &Provider,
) -> Result<Result<UserId, &'static str>, Trouble> {
    let (issuer, subject) = (provider.issuer(), account.subject.as_str());
    match app.database.user_of_identity(issuer, subject).await? {
        Some(user) if user.disabled_at.is_some() => return Ok(Err("provider-unknown")),
        Some(user) => return Ok(Ok(user.id)),
        None => {}
    }
    let person = &account.person;
    let Some(email) = person.email.as_deref().filter(|_| person.email_verified) else {
        return Ok(Err("provider-unverified"));
    };
    let mut known = app.database.credentials(email).await?.map(|known| known.user.id);
    if known.is_none()
        && let Some(role) = app.settings.provider_role
    {
        let name = person.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
        let new = NewUser {
            email: email.to_owned(),
            full_name: name.unwrap_or(email).to_owned(),
            roles: vec![role],
            agent_email: Some(email.to_owned()),
            locale: app.settings.team.default_locale,
            actor: ACTOR.to_owned(),
        };
        // Somebody disabled has the address still, and is not added again.
        known = app.database.add_user(&new).await?;
    }
    let Some(user) = known else { return Ok(Err("provider-unknown")) };
    let identity = Identity { user, issuer, subject, actor: email };
    let is_bound = app.database.bind_identity(&identity).await?;
    Ok(if is_bound { Ok(user) } else { Err("provider-other-account") })
}

/// What was asked, by the cookie, and where to go afterwards.
fn asked(app: &App, headers: &HeaderMap) -> Option<(Question, String)> {
    let kept = URL_SAFE_NO_PAD.decode(page::cookie(headers, cookie_name(app))?).ok()?;
    let kept = Sealed::SignIn.open(&app.keyer, Uuid::nil(), &kept).ok()?;
    let mut parts = kept.splitn(5, ' ').map(str::to_owned);
    let (state, nonce, verifier) = (parts.next()?, parts.next()?, parts.next()?);
    let until: i64 = parts.next()?.parse().ok()?;
    let to = sign_in::inside(&parts.next()?).to_owned();
    let is_in_time = Clock::system().now().timestamp() <= until;
    let back = format!("{}{BACK}", app.url());
    is_in_time.then_some((Question { state, nonce, verifier, back }, to))
}

fn cookie_name(app: &App) -> &'static str {
    if app.settings.is_secure() { "__Host-touchline-provider" } else { COOKIE }
}

/// `Lax`, because the answer is a link from another site.
fn cookie(app: &App, value: &str, seconds: i64) -> String {
    let (name, secure) = (cookie_name(app), if app.settings.is_secure() { "; Secure" } else { "" });
    format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
}

/// The page to sign in on, with what went wrong; the password still works there.
fn refuse(page: &Page, app: &App, to: &str, why: &str, status: StatusCode) -> Answer {
    metrics::counter!(SIGN_INS, "result" => "refused").increment(1);
    let form = SignIn::new(page, app, "", to, Some(page.say(why)));
    let html = axum::response::Html(form.render()?);
    Ok((status, html).into_response())
}

/// The same, and the question is over.
fn over(page: &Page, app: &App, to: &str, why: &str) -> Answer {
    let response = refuse(page, app, to, why, StatusCode::FORBIDDEN)?;
    sign_in::with_cookie(response, &cookie(app, "", 0))
}
