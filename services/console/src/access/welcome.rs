//! What a link opens: choosing a name and a password, or just coming in.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use domain::email::Email;
use serde::Deserialize;
use storage::users::{User, UserChange};

use super::{links, password, sign_in, token};
use crate::app::App;
use crate::page::Page;
use crate::trouble::{Answer, Trouble};

#[derive(Template)]
#[template(path = "access/welcome.html")]
struct Welcome {
    page: Page,
    token: String,
    email: String,
    full_name: String,
    is_first: bool,
    asks_password: bool,
    least: usize,
    problem: Option<String>,
}

/// What was filled in.
#[derive(Deserialize)]
pub struct Chosen {
    #[serde(default)]
    email: String,
    #[serde(default)]
    full_name: String,
    #[serde(default)]
    password: String,
}

/// The user a link lets in, and whether they are to choose a password.
async fn whose(app: &App, given: &str) -> Result<(User, bool), Trouble> {
    let found = app.database.sign_in_link(&token::hash(given)).await?;
    found.ok_or(Trouble::NotFound)
}

/// `GET /welcome/{token}`. It changes nothing: programs look at links before people do.
pub async fn form(State(app): State<App>, page: Page, Path(given): Path<String>) -> Answer {
    let (user, asks_password) = whose(&app, &given).await?;
    let is_first = user.email == links::FIRST_EMAIL;
    let page = if is_first { page } else { page.for_reader_of(user.locale) };
    let (email, full_name) =
        if is_first { Default::default() } else { (user.email, user.full_name) };
    let least = password::LEAST;
    let problem = None;
    page.show(&Welcome {
        page: page.clone(),
        token: given,
        email,
        full_name,
        is_first,
        asks_password,
        least,
        problem,
    })
}

/// `POST /welcome/{token}`.
pub async fn enter(
    State(app): State<App>,
    page: Page,
    Path(given): Path<String>,
    headers: HeaderMap,
    Form(chosen): Form<Chosen>,
) -> Answer {
    let (user, asks_password) = whose(&app, &given).await?;
    if !asks_password {
        let owner = app.database.use_sign_in_link(&token::hash(&given)).await?;
        return sign_in::open(&app, &headers, owner.ok_or(Trouble::NotFound)?, "/").await;
    }
    let is_first = user.email == links::FIRST_EMAIL;
    let page = if is_first { page } else { page.for_reader_of(user.locale) };
    let email = if is_first { chosen.email.trim().to_lowercase() } else { user.email.clone() };
    let full_name = chosen.full_name.trim().to_owned();
    let problem = match password::problem(&chosen.password, &email) {
        Some(problem) => Some(problem),
        None if full_name.is_empty() => Some("name-missing"),
        None if is_first && Email::parse(&email).is_err() => Some("email-wrong"),
        None => None,
    };
    if let Some(problem) = problem {
        return page.show_again(&Welcome {
            page: page.clone(),
            token: given,
            email,
            full_name,
            is_first,
            asks_password,
            least: password::LEAST,
            problem: Some(page.with(problem, password::LEAST)),
        });
    }
    let hash = app.passwords.hash(chosen.password).await?;
    // From here on the link is used up, whoever else holds it.
    let owner = app.database.use_sign_in_link(&token::hash(&given)).await?;
    let owner = owner.ok_or(Trouble::NotFound)?;
    if is_first {
        app.database.name_first_user(owner, &email).await?;
    }
    // For the first user nobody has chosen a language.
    let locale = if is_first { page.locale() } else { user.locale };
    let change = UserChange { full_name, roles: user.roles, locale, disabled: false };
    app.database.change_user(owner, &change, &email).await?;
    app.database.set_password(owner, &hash, None).await?;
    sign_in::open(&app, &headers, owner, "/").await
}
