//! What somebody says of a task: how it went, that it comes later, that it was said by mistake.

use std::time::Duration;

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use chrono::{Datelike, Days, NaiveDate, Weekday};
use domain::suppression::{Origin, SuppressionReason};
use domain::{ContactChannel, TaskId, TaskOutcome, TouchId};
use serde::Deserialize;
use storage::contacts::person_key;
use storage::suppressions::{NewSuppression, Request, Target};
use storage::tasks::{TaskCard, TaskEnd, Undone};

use super::card::outcomes;
use super::today::day_of;
use super::visible;
use crate::app::App;
use crate::page::Page;
use crate::pages::contacts::note;
use crate::trouble::{Answer, Trouble};

/// How long to wait for what is being handed over at the moment somebody says no.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long what was said can be taken back.
const UNDO_WITHIN: Duration = Duration::from_secs(120);

/// How it went.
#[derive(Debug, Deserialize)]
pub struct Ended {
    outcome: TaskOutcome,
    #[serde(default)]
    note: String,
    #[serde(default)]
    agent: String,
}

/// When it comes again.
#[derive(Debug, Deserialize)]
pub struct Later {
    until: Until,
    #[serde(default)]
    agent: String,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Until {
    Tomorrow,
    ThreeDays,
    NextWeek,
}

/// Which list to go back to.
#[derive(Debug, Deserialize)]
pub struct Back {
    #[serde(default)]
    agent: String,
}

/// Back to the list, with what came of it.
fn back(agent: &str, pairs: &[(&str, &str)]) -> Answer {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if !agent.is_empty() {
        query.append_pair("agent", agent);
    }
    query.extend_pairs(pairs);
    Ok(Redirect::to(&format!("/tasks?{}", query.finish())).into_response())
}

/// `POST /tasks/{task}/outcome`. Said twice, it is done once. "Do not call" is on the list before
/// the task is closed: what the person said must not be lost.
pub async fn finish(
    State(app): State<App>,
    page: Page,
    Path(id): Path<TaskId>,
    Form(ended): Form<Ended>,
) -> Answer {
    let card = visible(&app, &page, id).await?;
    if !card.is_open() {
        return back(&ended.agent, &[("notice", "task-was-closed")]);
    }
    if !outcomes(card.task.channel).contains(&ended.outcome) {
        return Err(Trouble::Refused(page.say("task-outcome-wrong")));
    }
    let (is_done, in_flight) = end(&card, ended.outcome, &ended.note, page.actor()?, &app).await?;
    match in_flight {
        Some(left) if left.is_empty() => back(&ended.agent, &[("notice", "task-on-list-clear")]),
        Some(left) => {
            let ids: Vec<String> = left.iter().map(TouchId::to_string).collect();
            let ids = ids.join(",");
            let said = [("notice", "task-on-list-in-flight"), ("in_flight", ids.as_str())];
            back(&ended.agent, &said)
        }
        None if is_done => {
            back(&ended.agent, &[("notice", "task-done"), ("undo", &id.to_string())])
        }
        None => back(&ended.agent, &[("notice", "task-was-closed")]),
    }
}

/// Ends an open task: whether it was this that ended it, and after a spoken stop what was being handed
/// over at that moment.
pub async fn end(
    card: &TaskCard,
    outcome: TaskOutcome,
    note: &str,
    actor: &str,
    app: &App,
) -> Result<(bool, Option<Vec<TouchId>>), Trouble> {
    let in_flight = match outcome {
        TaskOutcome::Refused => Some(put_on_list(card, app, actor).await?),
        _ => None,
    };
    let note: String = note.trim().chars().take(note::LONGEST).collect();
    let end = TaskEnd {
        id: card.task.id,
        outcome,
        note: Some(note.as_str()).filter(|note| !note.is_empty()),
        actor,
        now: app.clock.now(),
    };
    Ok((app.database.finish_task(&end).await?.is_some(), in_flight))
}

/// The spoken stop: what is covered, and what was being handed over at that moment.
async fn put_on_list(card: &TaskCard, app: &App, actor: &str) -> Result<Vec<TouchId>, Trouble> {
    let channel = card.task.channel.contact_channel();
    let target = match card.address_key {
        Some(key) if channel != ContactChannel::Person => {
            Target::Address { key, channel, domain: None }
        }
        _ => Target::Person(person_key(&app.keyer, card.task.contact)),
    };
    let entry = NewSuppression {
        target,
        reason: SuppressionReason::VoiceRequest,
        origin: Origin::Recipient,
        actor: actor.to_owned(),
        evidence: Some(format!("said to the agent, task {}", card.task.id)),
        touch: Some(card.task.touch),
        received_at: Some(app.clock.now()),
    };
    let request = Request { entry, whole_person: false };
    let made = app.database.carry_out(&request, PATIENCE).await?;
    Ok(made.in_flight.into_iter().collect())
}

/// `POST /tasks/{task}/later`.
pub async fn snooze(
    State(app): State<App>,
    page: Page,
    Path(id): Path<TaskId>,
    Form(later): Form<Later>,
) -> Answer {
    let card = visible(&app, &page, id).await?;
    if !card.is_open() {
        return back(&later.agent, &[("notice", "task-was-closed")]);
    }
    let owner = page.session()?.user.agent;
    let today = day_of(owner, &app).await?.date;
    let day = later.until.day(today);
    app.database.snooze_task(id, day, page.actor()?, app.clock.now()).await?;
    back(&later.agent, &[("notice", "task-snoozed"), ("undo", &id.to_string())])
}

impl Until {
    fn day(self, today: NaiveDate) -> NaiveDate {
        match self {
            Self::Tomorrow => today + Days::new(1),
            Self::ThreeDays => today + Days::new(3),
            // Weeks begin on Monday, in the Gulf since 2022, too.
            Self::NextWeek => {
                let since = today.weekday().days_since(Weekday::Mon);
                today + Days::new(u64::from(7 - since))
            }
        }
    }
}

/// `POST /tasks/{task}/undo`.
pub async fn undo(
    State(app): State<App>,
    page: Page,
    Path(id): Path<TaskId>,
    Form(to): Form<Back>,
) -> Answer {
    visible(&app, &page, id).await?;
    let undone = app.database.undo_task(id, page.actor()?, UNDO_WITHIN, app.clock.now()).await?;
    let notice = match undone {
        Some(Undone::Reopened | Undone::BackOn(_)) => "task-undone",
        None => "task-too-late",
    };
    back(&to.agent, &[("notice", notice)])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn next_week_is_the_next_monday() {
        for (today, monday) in [("2026-06-01", "2026-06-08"), ("2026-06-07", "2026-06-08")] {
            let day = Until::NextWeek.day(today.parse().unwrap());
            assert_eq!(day.to_string(), monday, "{today}");
        }
        let day = Until::Tomorrow.day("2026-06-30".parse().unwrap());
        assert_eq!(day.to_string(), "2026-07-01");
    }
}
