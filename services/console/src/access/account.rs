//! One's own account: language, password, sessions.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use domain::access::Permission;
use domain::{Locale, SessionId};
use serde::Deserialize;
use storage::digests::LastDigest;
use storage::users::{User, UserSession};

use super::password;
use crate::app::App;
use crate::page::Page;
use crate::trouble::Answer;

#[derive(Template)]
#[template(path = "access/account.html")]
struct Account {
    page: Page,
    user: User,
    sessions: Vec<UserSession>,
    own: SessionId,
    least: usize,
    /// Of agents: whether they want the morning's email, and what became of the last.
    digest: Option<(bool, Option<LastDigest>)>,
    problem: Option<String>,
}

async fn account(
    app: &App,
    page: &Page,
    problem: Option<String>,
) -> Result<Account, crate::trouble::Trouble> {
    let session = page.session()?;
    let digest = match page.may(Permission::TasksWork) {
        true => Some(app.database.digest_wish(session.user.id).await?),
        false => None,
    };
    Ok(Account {
        digest,
        page: page.clone(),
        sessions: app.database.sessions_of(session.user.id).await?,
        user: session.user.clone(),
        own: session.id,
        least: password::LEAST,
        problem,
    })
}

/// `GET /account`.
pub async fn show(State(app): State<App>, page: Page) -> Answer {
    page.show(&account(&app, &page, None).await?)
}

/// A language.
#[derive(Debug, Deserialize)]
pub struct Language {
    locale: Locale,
}

/// `POST /account/language`.
pub async fn language(State(app): State<App>, page: Page, Form(chosen): Form<Language>) -> Answer {
    app.database.set_user_locale(page.session()?.user.id, chosen.locale).await?;
    let to = format!("/account?lang={}&notice=saved", chosen.locale);
    Ok(Redirect::to(&to).into_response())
}

/// Whether the box is ticked.
#[derive(Debug, Deserialize)]
pub struct Digest {
    wanted: Option<String>,
}

/// `POST /account/digest`.
pub async fn digest(State(app): State<App>, page: Page, Form(chosen): Form<Digest>) -> Answer {
    app.database.wish_digest(page.session()?.user.id, chosen.wanted.is_some()).await?;
    Ok(Redirect::to("/account?notice=saved").into_response())
}

/// A new password, and the present one.
#[derive(Deserialize)]
pub struct NewPassword {
    present: String,
    password: String,
}

/// `POST /account/password`. Every other session of the user ends.
pub async fn password(
    State(app): State<App>,
    page: Page,
    Form(given): Form<NewPassword>,
) -> Answer {
    let session = page.session()?;
    let email = &session.user.email;
    let known = app.database.credentials(email).await?;
    let hash = known.and_then(|known| known.password_hash);
    // Who came in by a demonstration's link has none yet.
    let is_right = hash.is_none() || app.passwords.check(given.present, hash).await?;
    let problem = if is_right {
        password::problem(&given.password, email)
    } else {
        Some("password-present-wrong")
    };
    if let Some(problem) = problem {
        let problem = page.with(problem, password::LEAST);
        return page.show_again(&account(&app, &page, Some(problem)).await?);
    }
    let hash = app.passwords.hash(given.password).await?;
    app.database.set_password(session.user.id, &hash, Some(session.id)).await?;
    Ok(Redirect::to("/account?notice=saved").into_response())
}

/// Which session ends; all others when none is named.
#[derive(Debug, Deserialize)]
pub struct Ending {
    session: Option<SessionId>,
}

/// `POST /account/sessions/end`.
pub async fn end_sessions(
    State(app): State<App>,
    page: Page,
    Form(ending): Form<Ending>,
) -> Answer {
    let session = page.session()?;
    let keep = ending.session.is_none().then_some(session.id);
    app.database.end_sessions(session.user.id, ending.session, keep).await?;
    Ok(Redirect::to("/account?notice=sessions-ended").into_response())
}
