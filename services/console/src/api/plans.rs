//! Plans: those that are loaded, and one with its steps.

use std::collections::BTreeMap;

use axum::extract::State;
use domain::plan::{Anchor, Repeat, Shift, Step};
use serde::Serialize;
use storage::plans::PlanVersion;
use utoipa::ToSchema;
use uuid::Uuid;

use super::extract::{Json, Path};
use super::problem::Problem;
use super::words::{Channel, Lane, Purpose};
use crate::app::App;

/// A text in each language it has one in.
type Texts = BTreeMap<String, String>;

/// The current version of a plan.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanRow {
    /// The name used in commands and links.
    key: String,
    /// The version's identity.
    id: Uuid,
    /// 1, 2, 3 …
    version: i32,
    /// The name people see, by language.
    name: Texts,
    /// Who it is for, by language.
    description: Texts,
    /// How many touches it promises.
    touches: u16,
    /// How many steps it has.
    steps: usize,
    /// Which lane its touches take.
    lane: Lane,
    /// What it is about.
    topic: String,
    /// Why it is sent.
    purpose: Purpose,
    /// Whether it starts again every year.
    yearly: bool,
    /// The plan that follows.
    then: Option<String>,
}

/// A step of a plan.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanStep {
    /// From 1.
    number: usize,
    /// The day; 1 is the day of enrolment.
    day: u16,
    /// How it reaches the person.
    channel: Channel,
    /// What it is for, by language.
    purpose: Texts,
    /// The key of its template.
    template: String,
    /// The date that decides instead of the day: `birthday`, `closing`, `holiday:…`
    anchor: Option<String>,
    /// What becomes of a day nobody works on: `same`, `next`, `previous`.
    #[schema(value_type = String)]
    shift: Shift,
    /// Local time of day, HH:MM.
    at: String,
    /// Whether it counts towards `touches`.
    counts: bool,
}

/// A plan with its steps.
#[derive(Debug, Serialize, ToSchema)]
pub struct Plan {
    /// The plan.
    plan: PlanRow,
    /// Its steps, in the order of their days.
    steps: Vec<PlanStep>,
}

/// Every plan; not paged, because a team has tens of them.
#[derive(Debug, Serialize, ToSchema)]
pub struct Plans {
    /// The plans, by key.
    items: Vec<PlanRow>,
}

fn texts(by_locale: &BTreeMap<domain::Locale, String>) -> Texts {
    by_locale.iter().map(|(locale, text)| (locale.to_string(), text.clone())).collect()
}

impl From<&PlanVersion> for PlanRow {
    fn from(stored: &PlanVersion) -> Self {
        let plan = &stored.plan;
        Self {
            key: plan.key.clone(),
            id: stored.id.as_uuid(),
            version: stored.version,
            name: texts(&plan.name),
            description: texts(&plan.description),
            touches: plan.touches,
            steps: plan.steps.len(),
            lane: plan.lane.into(),
            topic: plan.topic.to_string(),
            purpose: plan.purpose.into(),
            yearly: plan.repeat == Repeat::Yearly,
            then: plan.then.as_ref().map(|chain| chain.plan.clone()),
        }
    }
}

fn step((index, step): (usize, &Step)) -> PlanStep {
    let at = step.at();
    PlanStep {
        number: index + 1,
        day: step.day,
        channel: step.channel.into(),
        purpose: texts(&step.purpose),
        template: step.template.clone(),
        anchor: step.anchor.clone().map(|anchor: Anchor| anchor.into()),
        shift: step.shift(),
        at: format!("{:02}:{:02}", at.hour(), at.minute()),
        counts: step.counts,
    }
}

/// The current version of every plan.
#[utoipa::path(get, path = "/api/v1/plans", tag = "plans", operation_id = "list_plans",
    responses((status = 200, description = "All of them.", body = Plans)))]
pub async fn list(State(app): State<App>) -> Result<Json<Plans>, Problem> {
    let plans = app.database.current_plans().await?;
    Ok(Json(Plans { items: plans.iter().map(PlanRow::from).collect() }))
}

/// The current version of a plan with its steps.
#[utoipa::path(get, path = "/api/v1/plans/{key}", tag = "plans", operation_id = "show_plan",
    params(("key" = String, Path, description = "Its key.")),
    responses((status = 200, description = "The plan.", body = Plan)))]
pub async fn show(State(app): State<App>, Path(key): Path<String>) -> Result<Json<Plan>, Problem> {
    let stored = app.database.current_plan(&key).await?.ok_or_else(Problem::not_found)?;
    let steps = stored.plan.steps.iter().enumerate().map(step).collect();
    Ok(Json(Plan { plan: PlanRow::from(&stored), steps }))
}
