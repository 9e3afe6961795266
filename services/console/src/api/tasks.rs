//! Tasks: what is to be done, the next best first, and one. Who does not see everybody's sees the own.

use axum::extract::State;
use chrono::{DateTime, NaiveDate, Utc};
use domain::TaskId;
use serde::{Deserialize, Serialize};
use storage::tasks::{self, Place, TaskCard, TaskFilter};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::caller::Caller;
use super::cursor::{Listed, Listing};
use super::extract::{Json, Path, Query};
use super::problem::{Kind, Problem};
use super::words::{Channel, ListReason, Outcome};
use crate::access::reader::tasks_of;
use crate::app::App;
use crate::pages::contacts::note;
use crate::pages::{day_of, end_task, outcomes};

/// Which tasks.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// Of this agent; where none is named, of everybody whose tasks are seen.
    agent: Option<Uuid>,
    /// Those that are only due later, too.
    #[serde(default)]
    #[param(default = false)]
    later: bool,
    /// How many at most.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    #[param(max_length = 1024)]
    cursor: Option<String>,
}

/// A to-do of an agent.
#[derive(Debug, Serialize, ToSchema)]
pub struct Task {
    /// Its identity.
    id: Uuid,
    /// The touch it carries out.
    touch: Uuid,
    /// Whom it is about.
    contact: Uuid,
    /// The contact's name.
    contact_name: String,
    /// The agent's name.
    owner_name: Option<String>,
    /// Call, letter, card …
    channel: Channel,
    /// One line.
    title: String,
    /// What to say or write.
    script: String,
    /// The owner's day.
    due_on: NaiveDate,
    /// The instant it was planned for.
    due_at: DateTime<Utc>,
}

/// One task, with what stands around it.
#[derive(Debug, Serialize, ToSchema)]
pub struct OneTask {
    /// The task.
    task: Task,
    /// `open`, `done` or `dropped`.
    state: String,
    /// How it went, when it was done.
    outcome: Option<Outcome>,
    /// What there was to remember.
    note: Option<String>,
    /// Who did it.
    closed_by: Option<String>,
    /// When it was closed.
    closed_at: Option<DateTime<Utc>>,
    /// Why it was closed without being done, as it is stored.
    closed_reason: Option<String>,
    /// The plan's key.
    plan: String,
    /// The number or address it is for, while the contact has it and nothing stands against it.
    address: Option<String>,
    /// Why the number cannot be called.
    address_problem: Option<String>,
    /// What stands against it on the list now.
    blocked_by: Option<ListReason>,
}

impl From<tasks::Task> for Task {
    fn from(it: tasks::Task) -> Self {
        Self {
            id: it.id.as_uuid(),
            touch: it.touch.as_uuid(),
            contact: it.contact.as_uuid(),
            contact_name: it.contact_name,
            owner_name: it.owner_name,
            channel: it.channel.into(),
            title: it.title,
            script: it.script,
            due_on: it.due_on,
            due_at: it.due_at,
        }
    }
}

impl From<TaskCard> for OneTask {
    fn from(card: TaskCard) -> Self {
        Self {
            address: card.address.filter(|_| card.blocked.is_none()),
            task: card.task.into(),
            state: card.state,
            outcome: card.outcome.map(Outcome::from),
            note: card.note,
            closed_by: card.closed_by,
            closed_at: card.closed_at,
            closed_reason: card.closed_reason,
            plan: card.plan_key,
            address_problem: card.address_problem,
            blocked_by: card.blocked.map(|blocked| blocked.reason.into()),
        }
    }
}

/// Open tasks, the next best first: overdue ones, then today's, and later ones where asked for.
#[utoipa::path(get, path = "/api/v1/tasks", tag = "tasks", operation_id = "list_tasks",
    params(Asked), responses((status = 200, description = "A page.", body = Listed<Task>)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed<Task>>, Problem> {
    let owner = match (tasks_of(&caller), asked.agent) {
        (Some(own), Some(other)) if own != other => return Err(Problem::not_found()),
        (own, other) => own.or(other),
    };
    let day = day_of(owner, &app).await?.date;
    let filter = TaskFilter { owner, day, later: asked.later };
    // Over midnight the list goes on as it is on the new day.
    let listing = Listing::of("tasks", &(owner, asked.later), asked.limit, &app)?;
    let after = listing.place::<Place>(asked.cursor.as_deref())?;
    let rows = app.database.due_tasks(&filter, after, listing.rows()).await?;
    Ok(Json(listing.page(rows, |(place, _)| *place, |(_, task)| Task::from(task))))
}

/// The task, if the caller may see it.
async fn visible(app: &App, caller: &Caller, id: TaskId) -> Result<TaskCard, Problem> {
    let locale = app.settings.team.default_locale;
    let card = app.database.task_card(id, tasks_of(caller), locale).await?;
    card.ok_or_else(Problem::not_found)
}

/// One task.
#[utoipa::path(get, path = "/api/v1/tasks/{task}", tag = "tasks", operation_id = "show_task",
    params(("task" = Uuid, Path, description = "Its id.")),
    responses((status = 200, description = "The task.", body = OneTask)))]
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TaskId>,
) -> Result<Json<OneTask>, Problem> {
    Ok(Json(visible(&app, &caller, id).await?.into()))
}

/// How a task went.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ended {
    /// Which outcomes there are depends on the task's channel.
    outcome: Outcome,
    /// What there is to remember.
    #[schema(max_length = 2000)]
    note: Option<String>,
}

/// What became of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct TaskEnd {
    /// The task.
    id: Uuid,
    /// After a refusal, which puts the person on the list: touches that were still being handed over;
    /// empty when nothing was, null when nobody was put on it.
    in_flight: Option<Vec<Uuid>>,
}

/// Ends a task. A refusal puts the person on the list first: what was said must not be lost.
#[utoipa::path(post, path = "/api/v1/tasks/{task}/outcome", tag = "tasks",
    operation_id = "end_task", params(("task" = Uuid, Path, description = "Its id.")),
    request_body = Ended,
    responses((status = 200, description = "It is done.", body = TaskEnd)))]
pub async fn end(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TaskId>,
    Json(ended): Json<Ended>,
) -> Result<Json<TaskEnd>, Problem> {
    Problem::unless_at_most(&[("note", ended.note.as_ref(), note::LONGEST)])?;
    let card = visible(&app, &caller, id).await?;
    if !card.is_open() {
        return Err(Problem::new(Kind::Conflict, "The task is closed; nothing was changed."));
    }
    let possible = outcomes(card.task.channel);
    if !possible.contains(&ended.outcome.0) {
        let words: Vec<&str> = possible.iter().map(|outcome| outcome.as_str()).collect();
        let detail = format!("of this task is one of {}", words.join(", "));
        return Err(Problem::field("outcome", detail));
    }
    let (note, actor) = (ended.note.unwrap_or_default(), caller.actor());
    let (is_done, in_flight) = end_task(&card, ended.outcome.0, &note, &actor, &app).await?;
    if !is_done && in_flight.is_none() {
        return Err(Problem::new(Kind::Conflict, "Somebody closed the task a moment ago."));
    }
    let in_flight = in_flight.map(|left| left.iter().map(|touch| touch.as_uuid()).collect());
    Ok(Json(TaskEnd { id: id.as_uuid(), in_flight }))
}
