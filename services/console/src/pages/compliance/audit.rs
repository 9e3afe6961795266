//! The audit log, and whether its chain is whole. A check goes on when the page is left.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use office::addresses::Named;
use serde::Deserialize;
use storage::audit::{AuditCheck, CheckState, Link, LinkFilter};
use storage::contacts::{domain_key, person_key};
use uuid::Uuid;

use crate::app::App;
use crate::page::Page;
use crate::trouble::{Answer, Trouble};

/// Links on a page.
const ROWS: u32 = 100;

/// Which links.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    since: String,
    #[serde(default)]
    until: String,
    #[serde(default)]
    subject: String,
    before: Option<u64>,
}

/// A link as it is shown.
struct Shown {
    seq: u64,
    at: String,
    table: String,
    what: String,
    rows: u64,
    reason: String,
    actor: String,
    login: String,
}

#[derive(Template)]
#[template(path = "compliance/audit.html")]
struct Log {
    page: Page,
    asked: Asked,
    links: Vec<Shown>,
    older: Option<String>,
    check: Option<AuditCheck>,
    problem: Option<String>,
}

impl Log {
    fn is_running(&self) -> bool {
        self.check.as_ref().is_some_and(|check| check.state == CheckState::Running)
    }
}

/// `GET /compliance/audit`.
pub async fn show(State(app): State<App>, page: Page, Query(asked): Query<Asked>) -> Answer {
    let check = app.database.last_audit_check().await?;
    let links = match filter(&asked, &app).await? {
        Ok(filter) => links(&filter, &app, &page).await?,
        Err(key) => {
            let (links, older, problem) = (Vec::new(), None, Some(page.say(key)));
            return page.show_again(&Log {
                page: page.clone(),
                asked,
                links,
                older,
                check,
                problem,
            });
        }
    };
    let older = older(&asked, &links);
    page.show(&Log { page: page.clone(), asked, links, older, check, problem: None })
}

/// `POST /compliance/audit/verify`: makes every hash again and compares every row, which takes minutes
/// on a long log; so it is begun here, and what it found stands on the page.
pub async fn verify(State(app): State<App>, page: Page) -> Answer {
    if let Some(id) = app.database.begin_audit_check(page.actor()?).await? {
        tokio::spawn(check(id, app));
    }
    Ok(Redirect::to("/compliance/audit").into_response())
}

async fn check(id: Uuid, app: App) {
    let found = match app.database.checked_head().await {
        Ok(known) => app.database.verify_audit(known).await,
        Err(error) => Err(error),
    };
    let noted = match &found {
        Ok(found) => app.database.end_audit_check(id, Ok(found)).await,
        Err(error) => {
            tracing::error!(%error, "a check of the audit log broke off");
            app.database.end_audit_check(id, Err(&error.to_string())).await
        }
    };
    if let Err(error) = noted {
        tracing::error!(%error, "what a check of the audit log found could not be noted");
    }
}

/// Where the links before the last one shown are, if there can be any.
fn older(asked: &Asked, links: &[Shown]) -> Option<String> {
    let last = links.last().filter(|_| links.len() == ROWS as usize)?;
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in
        [("since", &asked.since), ("until", &asked.until), ("subject", &asked.subject)]
    {
        if !value.is_empty() {
            query.append_pair(name, value);
        }
    }
    let query = query.append_pair("before", &last.seq.to_string()).finish();
    Some(format!("/compliance/audit?{query}"))
}

async fn links(filter: &LinkFilter, app: &App, page: &Page) -> Result<Vec<Shown>, Trouble> {
    // What was changed a moment ago is to be seen.
    app.database.link_audit().await?;
    let links = app.database.audit_links(filter, ROWS).await?;
    Ok(links.into_iter().map(|link| shown(link, page)).collect())
}

/// What is asked for; or the text that says what is wrong.
async fn filter(asked: &Asked, app: &App) -> Result<Result<LinkFilter, &'static str>, Trouble> {
    let (Ok(since), Ok(until)) = (day(&asked.since), day(&asked.until)) else {
        return Ok(Err("audit-day-wrong"));
    };
    let until = until.map(|until| until + TimeDelta::days(1));
    let subjects = match asked.subject.trim() {
        "" => Vec::new(),
        text => match subjects(text, app).await? {
            Some(subjects) => subjects,
            None => return Ok(Err("audit-subject-wrong")),
        },
    };
    Ok(Ok(LinkFilter { since, until, subjects, before: asked.before }))
}

/// The beginning of a day, UTC.
fn day(text: &str) -> Result<Option<DateTime<Utc>>, chrono::ParseError> {
    match text.trim() {
        "" => Ok(None),
        text => Ok(text.parse::<NaiveDate>()?.and_hms_opt(0, 0, 0).map(|at| at.and_utc())),
    }
}

/// What the chain may call a subject: its keys, its person's, and the contact's id.
async fn subjects(text: &str, app: &App) -> Result<Option<Vec<String>>, Trouble> {
    let keyer = &app.keyer;
    let named = Named::parse(text, None, &app.settings.team.default_region);
    Ok(match named {
        Err(_) => None,
        Ok(Named::Domain(name)) => Some(vec![domain_key(keyer, &name).to_hex()]),
        Ok(Named::Person(id)) => Some(vec![person_key(keyer, id).to_hex(), id.to_string()]),
        Ok(Named::Address(address)) => {
            let key = address.key(keyer);
            let mut subjects = vec![key.to_hex()];
            for contact in app.database.search_contacts("", &[key], None).await? {
                subjects.push(person_key(keyer, contact.id).to_hex());
                subjects.push(contact.id.to_string());
            }
            Some(subjects)
        }
    })
}

fn shown(link: Link, page: &Page) -> Shown {
    Shown {
        seq: link.seq,
        at: page.moment(&link.recorded_at),
        table: link.source,
        what: link.action.unwrap_or_else(|| link.operation.to_string()),
        rows: link.rows,
        reason: link.reason.unwrap_or_default(),
        actor: link.actor.unwrap_or_default(),
        login: link.login,
    }
}
