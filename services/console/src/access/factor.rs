//! The second factor: a code of the moment (RFC 6238) from an app on the user's phone.
//!
//! Its secret is sealed (`seal`). A code counts once.

use anyhow::anyhow;
use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::token::Purpose;
use domain::{Clock, UserId};
use fast_qr::QRBuilder;
use fast_qr::convert::svg::SvgBuilder;
use serde::Deserialize;
use totp_rs::{Builder, Secret, Totp};

use super::seal::Sealed;
use crate::app::App;
use crate::page::Page;
use crate::trouble::{Answer, Trouble};

#[derive(Template)]
#[template(path = "access/factor.html")]
struct Factor {
    page: Page,
    has_one: bool,
    secret: String,
    picture: String,
    pending: String,
    problem: Option<String>,
}

fn totp(secret: &str, email: &str) -> anyhow::Result<Totp> {
    let secret = Secret::try_from_base32(secret).map_err(|why| anyhow!("no secret: {why}"))?;
    // Names of an otpauth address hold no colon.
    let account = email.replace(':', "");
    let totp = Builder::new()
        .with_secret(secret)
        .with_account_name(account)
        .with_issuer(Some("Touchline"))
        .build();
    totp.map_err(|why| anyhow!("no second factor can be made: {why}"))
}

/// The time step of a code that is right at this moment.
fn step_of(totp: &Totp, code: &str) -> Option<i64> {
    let now = Clock::system().now().timestamp();
    let digits: String = code.chars().filter(char::is_ascii_digit).collect();
    let step = totp.check(&digits, u64::try_from(now).ok()?)?;
    i64::try_from(step).ok()
}

/// Whether the code is the user's of this moment, and was not used before.
///
/// # Errors
/// When the database does not answer, or the sealed secret cannot be opened.
pub async fn is_right(
    app: &App,
    user: UserId,
    email: &str,
    sealed: &[u8],
    code: &str,
) -> anyhow::Result<bool> {
    let totp = totp(&Sealed::Factor.open(&app.keyer, user.as_uuid(), sealed)?, email)?;
    match step_of(&totp, code) {
        Some(step) => Ok(app.database.use_code(user, step).await?),
        None => Ok(false),
    }
}

async fn form(
    app: &App,
    page: &Page,
    secret: Option<String>,
    problem: Option<&str>,
) -> Result<Factor, Trouble> {
    let user = &page.session()?.user;
    let known = app.database.credentials_of(user.id).await?;
    let has_one = known.is_some_and(|known| known.totp_sealed.is_some());
    let secret = secret.unwrap_or_else(|| Secret::generate().to_base32());
    let url = totp(&secret, &user.email)?.to_url();
    let url = url.map_err(|why| anyhow!("no address for the code: {why}"))?;
    let picture = QRBuilder::new(url).build().map_err(|why| anyhow!("no picture: {why}"))?;
    let picture = STANDARD.encode(SvgBuilder::default().to_str(&picture));
    let pending = app.tokens.sign(Purpose::SecondFactor, &format!("new {} {secret}", user.id));
    let problem = problem.map(|key| page.say(key));
    Ok(Factor { page: page.clone(), has_one, secret, picture, pending, problem })
}

/// `GET /account/factor`.
pub async fn show(State(app): State<App>, page: Page) -> Answer {
    page.show(&form(&app, &page, None, None).await?)
}

/// The secret that was shown, and the code it gives.
#[derive(Deserialize)]
pub struct Confirmed {
    pending: String,
    code: String,
}

/// `POST /account/factor`.
pub async fn add(State(app): State<App>, page: Page, Form(given): Form<Confirmed>) -> Answer {
    let user = &page.session()?.user;
    let pending = app.tokens.verify(Purpose::SecondFactor, &given.pending);
    let pending = pending.map_err(|_| Trouble::NotFound)?;
    let secret = pending.strip_prefix(&format!("new {} ", user.id)).ok_or(Trouble::NotFound)?;
    let Some(step) = step_of(&totp(secret, &user.email)?, &given.code) else {
        let again = form(&app, &page, Some(secret.to_owned()), Some("code-wrong")).await?;
        return page.show_again(&again);
    };
    app.database.use_code(user.id, step).await?;
    let sealed = Sealed::Factor.seal(&app.keyer, user.id.as_uuid(), secret)?;
    app.database.set_second_factor(user.id, Some(&sealed), &user.email).await?;
    Ok(Redirect::to("/account?notice=factor-added").into_response())
}

/// The password, once more.
#[derive(Deserialize)]
pub struct Removal {
    password: String,
}

/// `POST /account/factor/remove`.
pub async fn remove(State(app): State<App>, page: Page, Form(given): Form<Removal>) -> Answer {
    let user = &page.session()?.user;
    let known = app.database.credentials_of(user.id).await?;
    let hash = known.and_then(|known| known.password_hash);
    if !app.passwords.check(given.password, hash).await? {
        return page.show_again(&form(&app, &page, None, Some("password-present-wrong")).await?);
    }
    app.database.set_second_factor(user.id, None, &user.email).await?;
    Ok(Redirect::to("/account?notice=factor-removed").into_response())
}
