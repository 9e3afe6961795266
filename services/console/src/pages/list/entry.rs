//! One entry: what is known of it, and its end. Where two people are needed, the first one's wish
//! waits for another officer; the database refuses the same person twice.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use domain::EventId;
use domain::suppression::ListAction;
use office::words;
use serde::Deserialize;
use storage::suppressions::{Lifting, ListEvent, ToldEntry};

use super::told::Row;
use crate::app::App;
use crate::page::Page;
use crate::trouble::{Answer, Trouble};

/// Waiting wishes that are shown at once.
const MOST_WAITING: u32 = 200;

/// Why an entry is to end.
#[derive(Debug, Default, Deserialize)]
pub struct Filled {
    #[serde(default)]
    reason: String,
    #[serde(default)]
    evidence: String,
}

/// Something that happened to the same address, person or domain.
struct Happened {
    at: String,
    what: &'static str,
    covers: &'static str,
    why: String,
    actor: String,
    evidence: String,
}

#[derive(Template)]
#[template(path = "list/entry.html")]
struct OneEntry {
    page: Page,
    event: String,
    /// The entry, while it is in force.
    row: Option<Row>,
    needs_two: bool,
    may_lift: bool,
    history: Vec<Happened>,
    filled: Filled,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "list/lifts.html")]
struct Lifts {
    page: Page,
    rows: Vec<Row>,
}

/// `GET /list/entries/{event}`.
pub async fn show(State(app): State<App>, page: Page, Path(event): Path<EventId>) -> Answer {
    page.show(&prepared(event, Filled::default(), None, &app, &page).await?)
}

/// `GET /list/lifts`.
pub async fn waiting(State(app): State<App>, page: Page) -> Answer {
    let told = app.database.waiting_lifts(MOST_WAITING).await?;
    page.show(&Lifts { page: page.clone(), rows: Row::all(&told, &page) })
}

/// `POST /list/entries/{event}/lift`: ends it, wishes it, or agrees to another's wish.
pub async fn lift(
    State(app): State<App>,
    page: Page,
    Path(event): Path<EventId>,
    Form(filled): Form<Filled>,
) -> Answer {
    let (reason, evidence) = (filled.reason.trim().to_owned(), filled.evidence.trim().to_owned());
    if reason.is_empty() || evidence.is_empty() {
        let problem = Some(page.say("lift-unsaid"));
        return page.show_again(&prepared(event, filled, problem, &app, &page).await?);
    }
    let told = in_force(event, &app).await?.ok_or(Trouble::NotFound)?;
    let actor = page.actor()?.to_owned();
    let is_own = told.lift.as_ref().is_some_and(|wish| wish.is_of(&actor));
    // Whoever comes second agrees; whoever has asked and asks again is told that it waits.
    let approve = told.lift.is_some();
    let target = told.entry.target();
    let mut lifting = Lifting { target, actor, reason, evidence, approve };
    let mut answer = app.compliance.lift(&lifting).await?;
    if answer.unrequested > 0 && is_own {
        let problem = Some(page.say("lift-needs-another"));
        return page.show_again(&prepared(event, filled, problem, &app, &page).await?);
    }
    if answer.unrequested > 0 {
        // The same was entered again after the first wish: that one reaches it no more.
        lifting.approve = false;
        answer = app.compliance.lift(&lifting).await?;
    }
    let notice = if answer.requested > 0 { "lift-requested" } else { "lifted" };
    Ok(Redirect::to(&format!("/list/entries/{event}?notice={notice}")).into_response())
}

async fn in_force(event: EventId, app: &App) -> Result<Option<ToldEntry>, Trouble> {
    Ok(app.database.told_entries(&[event]).await?.pop())
}

async fn prepared(
    event: EventId,
    filled: Filled,
    problem: Option<String>,
    app: &App,
    page: &Page,
) -> Result<OneEntry, Trouble> {
    let key = app.database.listed_key(event).await?.ok_or(Trouble::NotFound)?;
    let told = in_force(event, app).await?;
    let history = app.database.list_history(&[key]).await?;
    Ok(OneEntry {
        page: page.clone(),
        event: event.to_string(),
        needs_two: told.as_ref().is_some_and(|told| told.entry.reason.needs_two_people()),
        row: told.as_ref().map(|told| Row::of(told, page)),
        may_lift: page.may(domain::access::Permission::ListLift),
        history: history.iter().rev().map(|event| happened(event, page)).collect(),
        filled,
        problem,
    })
}

fn happened(event: &ListEvent, page: &Page) -> Happened {
    let reason = event.reason.map(|reason| words::suppression_reason(reason, page.locale()));
    let is_end = matches!(event.action, ListAction::Lift | ListAction::LiftRequest);
    let why = match (&event.note, reason) {
        (Some(note), _) if is_end => note.clone(),
        (_, Some(reason)) => reason.to_owned(),
        _ => String::new(),
    };
    Happened {
        at: page.by_machine(&event.at),
        what: words::list_action(event.action, page.locale()),
        covers: event.channel.map_or("", |channel| words::contact_channel(channel, page.locale())),
        why,
        actor: event.actor.clone(),
        evidence: event.evidence.clone().unwrap_or_default(),
    }
}
