//! Users and their roles, kept by administrators.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use domain::access::UserRole;
use domain::email::Email;
use domain::{Locale, UserId};
use serde::Deserialize;
use storage::users::{AccessEvent, NewUser, User, UserChange};

use super::links;
use crate::app::App;
use crate::page::Page;
use crate::trouble::{Answer, Trouble};

#[derive(Template)]
#[template(path = "access/users.html")]
struct Users {
    page: Page,
    users: Vec<User>,
    email: String,
    full_name: String,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "access/user.html")]
struct OneUser {
    page: Page,
    user: User,
    events: Vec<AccessEvent>,
    link: Option<String>,
    problem: Option<String>,
}

/// What was filled in: a name, and which boxes were ticked.
#[derive(Debug, Deserialize)]
pub struct Filled {
    #[serde(default)]
    email: String,
    full_name: String,
    locale: Locale,
    admin: Option<String>,
    marketer: Option<String>,
    compliance: Option<String>,
    agent: Option<String>,
    operator: Option<String>,
    auditor: Option<String>,
    disabled: Option<String>,
}

impl Filled {
    fn roles(&self) -> Vec<UserRole> {
        let is_ticked = |role: &UserRole| match role {
            UserRole::Admin => self.admin.is_some(),
            UserRole::Marketer => self.marketer.is_some(),
            UserRole::Compliance => self.compliance.is_some(),
            UserRole::Agent => self.agent.is_some(),
            UserRole::Operator => self.operator.is_some(),
            UserRole::Auditor => self.auditor.is_some(),
        };
        UserRole::ALL.iter().copied().filter(is_ticked).collect()
    }

    fn problem(&self) -> Option<&'static str> {
        if self.full_name.trim().is_empty() {
            return Some("name-missing");
        }
        self.roles().is_empty().then_some("roles-missing")
    }
}

/// `GET /users`.
pub async fn list(State(app): State<App>, page: Page) -> Answer {
    let users = app.database.users().await?;
    let (email, full_name) = Default::default();
    page.show(&Users { page: page.clone(), users, email, full_name, problem: None })
}

/// `POST /users`.
pub async fn add(State(app): State<App>, page: Page, Form(filled): Form<Filled>) -> Answer {
    let email = filled.email.trim().to_lowercase();
    let mut problem = filled.problem();
    if Email::parse(&email).is_err() {
        problem = Some("email-wrong");
    }
    let new = NewUser {
        full_name: filled.full_name.trim().to_owned(),
        roles: filled.roles(),
        // Who has an agent's address is that agent: the tasks and contacts are theirs.
        agent_email: Some(email.clone()),
        locale: filled.locale,
        actor: page.actor()?.to_owned(),
        email: email.clone(),
    };
    let added = match problem {
        None => app.database.add_user(&new).await?,
        Some(_) => None,
    };
    let Some(user) = added else {
        let problem = Some(page.say(problem.unwrap_or("email-taken")));
        let users = app.database.users().await?;
        let full_name = new.full_name;
        return page.show_again(&Users { page: page.clone(), users, email, full_name, problem });
    };
    Ok(Redirect::to(&format!("/users/{user}?notice=user-added")).into_response())
}

async fn user(app: &App, user: UserId) -> Result<User, Trouble> {
    app.database.user(user).await?.ok_or(Trouble::NotFound)
}

/// `GET /users/{user}`.
pub async fn show(State(app): State<App>, page: Page, Path(id): Path<UserId>) -> Answer {
    let user = user(&app, id).await?;
    let events = app.database.access_events_of(id).await?;
    page.show(&OneUser { page: page.clone(), user, events, link: None, problem: None })
}

/// `POST /users/{user}`.
pub async fn change(
    State(app): State<App>,
    page: Page,
    Path(id): Path<UserId>,
    Form(filled): Form<Filled>,
) -> Answer {
    let user = user(&app, id).await?;
    let mut problem = filled.problem();
    if problem.is_none() {
        let change = UserChange {
            full_name: filled.full_name.trim().to_owned(),
            roles: filled.roles(),
            locale: filled.locale,
            disabled: filled.disabled.is_some(),
        };
        if app.database.change_user(id, &change, page.actor()?).await? {
            return Ok(Redirect::to(&format!("/users/{id}?notice=saved")).into_response());
        }
        problem = Some("last-administrator");
    }
    let problem = problem.map(|key| page.say(key));
    let events = app.database.access_events_of(id).await?;
    page.show_again(&OneUser { page: page.clone(), user, events, link: None, problem })
}

/// `POST /users/{user}/link`: a link with which the user chooses a password. It is shown once.
pub async fn link(State(app): State<App>, page: Page, Path(id): Path<UserId>) -> Answer {
    let user = user(&app, id).await?;
    let link = Some(links::link_for(&app.database, id, &app.url(), page.actor()?).await?);
    let events = app.database.access_events_of(id).await?;
    page.show(&OneUser { page: page.clone(), user, events, link, problem: None })
}

/// `POST /users/{user}/factor/remove`: for somebody who has lost the phone.
pub async fn remove_factor(State(app): State<App>, page: Page, Path(id): Path<UserId>) -> Answer {
    let user = user(&app, id).await?;
    app.database.set_second_factor(user.id, None, page.actor()?).await?;
    app.database.end_sessions(user.id, None, None).await?;
    Ok(Redirect::to(&format!("/users/{id}?notice=factor-removed")).into_response())
}
