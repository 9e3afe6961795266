//! Enrolments: a contact's, enrolling, and pausing, resuming and stopping one.

use axum::extract::State;
use chrono::NaiveDate;
use domain::ContactId;
use serde::Serialize;
use storage::enrolments;
use utoipa::ToSchema;
use uuid::Uuid;

use super::caller::Caller;
use super::extract::{Json, Path};
use super::problem::Problem;
use super::words::EnrolmentState;
use crate::access::reader::visible_contact;
use crate::app::App;

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
