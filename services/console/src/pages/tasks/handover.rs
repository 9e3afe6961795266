//! Handing open tasks over to another agent: all of somebody's, for a holiday or for good, or one. Nothing
//! moves before the numbers were shown; handing back is the way to undo it.

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect};
use domain::TaskId;
use serde::Deserialize;
use storage::tasks::{Agent, Handed, HandedOver, Handover};
use uuid::Uuid;

use super::visible;
use crate::app::App;
use crate::page::Page;
use crate::trouble::{Answer, Trouble};

/// Longer reasons are cut.
const LONGEST: usize = 300;

/// What was filled in.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Filled {
    from: String,
    to: String,
    reason: String,
    contacts: Option<String>,
    /// The numbers were shown.
    confirmed: Option<String>,
}

#[derive(Template)]
#[template(path = "tasks/handover.html")]
struct HandoverForm {
    page: Page,
    agents: Vec<Agent>,
    filled: Filled,
    /// What would go over, once the form is filled in.
    asked: Option<Asked>,
    problem: Option<String>,
}

/// What is to be confirmed.
struct Asked {
    from: Agent,
    to: Agent,
    held: HandedOver,
}

impl HandoverForm {
    fn is(&self, agent: &Agent, chosen: &str) -> bool {
        agent.id.to_string() == chosen
    }

    /// What goes over, in words.
    fn question(&self, asked: &Asked) -> String {
        let values = [
            ("tasks", asked.held.tasks.into()),
            ("from", asked.from.name.as_str().into()),
            ("to", asked.to.name.as_str().into()),
        ];
        self.page.with_all("handover-question", &values)
    }
}

async fn form(
    app: &App,
    page: &Page,
    filled: Filled,
    asked: Option<Asked>,
    problem: Option<&str>,
) -> Result<HandoverForm, Trouble> {
    let agents = app.database.agents().await?;
    let problem = problem.map(|key| page.say(key));
    Ok(HandoverForm { page: page.clone(), agents, filled, asked, problem })
}

/// `GET /tasks/hand-over`.
pub async fn show(State(app): State<App>, page: Page, Query(filled): Query<Filled>) -> Answer {
    page.show(&form(&app, &page, filled, None, None).await?)
}

async fn agent(app: &App, id: &str) -> Result<Option<Agent>, Trouble> {
    match id.parse::<Uuid>() {
        Ok(id) => Ok(app.database.agent(id).await?),
        Err(_) => Ok(None),
    }
}

fn shortened(reason: &str) -> String {
    reason.trim().chars().take(LONGEST).collect()
}

/// `POST /tasks/hand-over`: first the numbers, then, confirmed, the act.
pub async fn all(State(app): State<App>, page: Page, Form(filled): Form<Filled>) -> Answer {
    let (from, to) = (agent(&app, &filled.from).await?, agent(&app, &filled.to).await?);
    let reason = shortened(&filled.reason);
    let (Some(from), Some(to)) = (from, to) else {
        let again = form(&app, &page, filled, None, Some("handover-agents-missing")).await?;
        return page.show_again(&again);
    };
    let problem = if from.id == to.id {
        Some("handover-same-agent")
    } else {
        reason.is_empty().then_some("handover-reason-missing")
    };
    if let Some(problem) = problem {
        return page.show_again(&form(&app, &page, filled, None, Some(problem)).await?);
    }
    if filled.confirmed.is_none() {
        let held = app.database.held_by(from.id).await?;
        let asked = Asked { from, to, held };
        return page.show(&form(&app, &page, filled, Some(asked), None).await?);
    }
    let given = Handover {
        what: Handed::Agent(from.id),
        from: Some(from.id),
        to: to.id,
        contacts: filled.contacts.is_some(),
        reason: &reason,
        actor: page.actor()?,
        now: app.clock.now(),
    };
    app.database.hand_over(&given).await?;
    Ok(Redirect::to(&format!("/tasks?agent={}&notice=handed-over", to.id)).into_response())
}

/// `POST /tasks/{task}/hand-over`.
pub async fn one(
    State(app): State<App>,
    page: Page,
    Path(id): Path<TaskId>,
    Form(filled): Form<Filled>,
) -> Answer {
    visible(&app, &page, id).await?;
    let to = agent(&app, &filled.to).await?;
    let to = to.ok_or_else(|| Trouble::Refused(page.say("handover-agents-missing")))?;
    let reason = shortened(&filled.reason);
    if reason.is_empty() {
        return Err(Trouble::Refused(page.say("handover-reason-missing")));
    }
    let given = Handover {
        what: Handed::Task(id),
        from: None,
        to: to.id,
        contacts: false,
        reason: &reason,
        actor: page.actor()?,
        now: app.clock.now(),
    };
    let moved = app.database.hand_over(&given).await?;
    let notice = if moved.tasks > 0 { "handed-over" } else { "task-was-closed" };
    Ok(Redirect::to(&format!("/tasks/{id}?notice={notice}")).into_response())
}
