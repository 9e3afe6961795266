//! Enrolments: a contact's, enrolling, and pausing, resuming and stopping one.

use axum::extract::State;
use axum::response::Response;
use chrono::NaiveDate;
use domain::{ContactId, EnrolmentId};
use office::enrolment::{Enroller, NoPlan, Selection, loaded_plan};
use serde::{Deserialize, Serialize};
use storage::enrolments;
use utoipa::ToSchema;
use uuid::Uuid;

use super::caller::Caller;
use super::extract::{Json, Path};
use super::made::{self, Created};
use super::problem::{Kind, Problem};
use super::words::EnrolmentState;
use crate::access::reader::visible_contact;
use crate::app::App;
use crate::pages::contacts::change::move_to;

/// A contact in a plan.
#[derive(Debug, Serialize, ToSchema)]
pub struct Enrolment {
    /// Its identity.
    id: Uuid,
    /// The plan's key.
    plan: String,
    /// The version of the plan it runs in.
    plan_version: Uuid,
    /// Where it is in its life.
    state: EnrolmentState,
    /// Why it is in that state, where somebody or the list put it there.
    reason: Option<String>,
    /// Day 1, where the contact is.
    starts_on: NaiveDate,
    /// How often a yearly plan has begun again.
    cycle: u16,
}

impl From<enrolments::Enrolment> for Enrolment {
    fn from(own: enrolments::Enrolment) -> Self {
        Self {
            id: own.id.as_uuid(),
            plan: own.plan_key,
            plan_version: own.plan_version.as_uuid(),
            state: own.state.into(),
            reason: own.reason,
            starts_on: own.progress.starts_on.to_string().parse().unwrap_or_default(),
            cycle: own.progress.cycle,
        }
    }
}

/// Everything of one contact; not paged, because nobody is in many plans.
#[derive(Debug, Serialize, ToSchema)]
pub struct Enrolments {
    /// The enrolments, the newest first.
    items: Vec<Enrolment>,
}

/// A contact's enrolments, the newest first.
#[utoipa::path(get, path = "/api/v1/contacts/{contact}/enrolments", tag = "enrolments",
    operation_id = "list_enrolments", params(("contact" = Uuid, Path, description = "Whose.")),
    responses((status = 200, description = "All of them.", body = Enrolments)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(contact): Path<ContactId>,
) -> Result<Json<Enrolments>, Problem> {
    visible_contact(&app, &caller, contact).await?;
    let items = app.database.enrolments_of(contact).await?.into_iter().map(Enrolment::from);
    Ok(Json(Enrolments { items: items.collect() }))
}

/// In which plan, and from when on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEnrolment {
    /// The plan's key; the current version is taken.
    plan: String,
    /// Day 1; today, where the contact is, when none is named.
    starts_on: Option<NaiveDate>,
}

/// Where an enrolment is to be in its life.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Moved {
    /// `active` resumes, `paused` pauses, `stopped` ends it for good.
    state: Wanted,
}

/// What an enrolment can be moved to.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// It goes on.
    Active,
    /// It waits.
    Paused,
    /// It is over.
    Stopped,
}

/// Enrols a contact in a plan. Whoever runs in it already stays as they are.
#[utoipa::path(post, path = "/api/v1/contacts/{contact}/enrolments", tag = "enrolments",
    operation_id = "create_enrolment", params(("contact" = Uuid, Path, description = "Whom.")),
    request_body = NewEnrolment,
    responses((status = 201, description = "Its id.", body = Created,
               headers(("location" = String, description = "Where it is listed.")))))]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Path(contact): Path<ContactId>,
    Json(new): Json<NewEnrolment>,
) -> Result<Response, Problem> {
    visible_contact(&app, &caller, contact).await?;
    let version = match loaded_plan(&new.plan, &app.database, &app.library).await {
        Ok(version) => version,
        Err(NoPlan::Storage(error)) => return Err(error.into()),
        Err(why) => return Err(Problem::field("plan", why.to_string())),
    };
    let start = new.starts_on.map(|day| day.to_string().parse());
    let start = start.transpose().map_err(|_| Problem::field("starts_on", "is no day"))?;
    let enroller = Enroller {
        version,
        calendar: app.library.calendar().clone(),
        default_zone: app.settings.team.default_time_zone.clone(),
        start,
        now: app.clock.now(),
    };
    let selection = Selection { contacts: Some(vec![contact]), ..Selection::default() };
    let done = enroller.enrol(&selection, &app.database, &mut |_| {}).await?;
    let own = app.database.enrolments_of(contact).await?;
    let made = own.iter().find(|own| own.plan_key == new.plan && done.contacts > 0);
    let Some(made) = made else {
        let detail = "The contact runs in this plan already, or nothing of it is left to do.";
        return Err(Problem::new(Kind::Conflict, detail));
    };
    tracing::info!(plan = new.plan, token.id = %caller.token(), "somebody was enrolled by the API");
    Ok(made::at(&format!("/api/v1/contacts/{contact}/enrolments"), made.id.as_uuid()))
}

/// Pauses, resumes or stops an enrolment.
#[utoipa::path(patch, path = "/api/v1/contacts/{contact}/enrolments/{enrolment}",
    tag = "enrolments", operation_id = "move_enrolment",
    params(("contact" = Uuid, Path, description = "Whose."),
           ("enrolment" = Uuid, Path, description = "Its id.")),
    request_body = Moved,
    responses((status = 200, description = "The enrolment as it is now.", body = Enrolment),
              (status = 409, description = "It is over.", body = super::problem::Body,
               content_type = "application/problem+json")))]
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Path((contact, enrolment)): Path<(ContactId, EnrolmentId)>,
    Json(moved): Json<Moved>,
) -> Result<Json<Enrolment>, Problem> {
    visible_contact(&app, &caller, contact).await?;
    let to = match moved.state {
        Wanted::Active => domain::EnrolmentState::Active,
        Wanted::Paused => domain::EnrolmentState::Paused,
        Wanted::Stopped => domain::EnrolmentState::Stopped,
    };
    if !move_to(contact, enrolment, to, &caller.actor(), &app).await? {
        return Err(Problem::new(Kind::Conflict, "The enrolment is over; nothing was changed."));
    }
    let own = app.database.enrolments_of(contact).await?;
    let now = own.into_iter().find(|own| own.id == enrolment).ok_or_else(Problem::not_found)?;
    Ok(Json(now.into()))
}
