//! Interactions: what happened with a contact, the newest first – touches, tasks, answers, entries of
//! the list, and what people and other systems noted; and noting one.

use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use domain::ContactId;
use office::people::keys_of;
use serde::{Deserialize, Serialize};
use storage::contacts::{Happening, NewInteraction, TimelinePage};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::caller::Caller;
use super::cursor::{Listed, Listing, Moment};
use super::extract::{Json, Path, Query};
use super::made;
use super::problem::Problem;
use super::words::{Channel, HappeningKind, InteractionKind, ListChannel};
use crate::access::reader::visible_contact;
use crate::app::App;
use crate::pages::contacts::note;

/// How far another system's clock may be ahead of ours, and how long ago anything can have happened.
const LEEWAY: TimeDelta = TimeDelta::minutes(5);
const EARLIEST: TimeDelta = TimeDelta::days(36_525);

/// Which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// Only what reached the person or came from the person.
    #[serde(default)]
    #[param(default = false)]
    only_contact: bool,
    /// How many at most.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    #[param(max_length = 1024)]
    cursor: Option<String>,
}

/// One thing that happened with a contact.
#[derive(Debug, Serialize, ToSchema)]
pub struct Interaction {
    /// Of the touch, or of the row that says so.
    id: Uuid,
    /// When; of a touch to come, when it is due.
    at: DateTime<Utc>,
    /// What it is of.
    kind: HappeningKind,
    /// What happened: what kind of interaction was noted, a touch's state, what was done with a task, what was decided about an answer or
    /// on the list.
    what: String,
    /// The step's channel.
    channel: Option<Channel>,
    /// The list's channel.
    list_channel: Option<ListChannel>,
    /// Why, as it is stored.
    reason: Option<String>,
    /// What somebody wrote down.
    note: Option<String>,
    /// Who did it.
    actor: Option<String>,
    /// The plan's key.
    plan: Option<String>,
    /// A task's outcome or new day, the scope of an entry.
    detail: Option<String>,
}

impl From<Happening> for Interaction {
    fn from(it: Happening) -> Self {
        Self {
            id: it.id,
            at: it.at,
            kind: it.kind.into(),
            what: it.what,
            channel: it.channel.map(Channel::from),
            list_channel: it.list_channel.map(ListChannel::from),
            reason: it.reason,
            note: it.note,
            actor: it.actor,
            plan: it.plan_key,
            detail: it.detail,
        }
    }
}

/// What happened with a contact, the newest first.
#[utoipa::path(get, path = "/api/v1/contacts/{contact}/interactions", tag = "interactions",
    operation_id = "list_interactions",
    params(("contact" = Uuid, Path, description = "With whom."), Asked),
    responses((status = 200, description = "A page.", body = Listed<Interaction>)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(contact): Path<ContactId>,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed<Interaction>>, Problem> {
    let found = visible_contact(&app, &caller, contact).await?;
    let filters = (contact, asked.only_contact);
    let listing = Listing::of("interactions", &filters, asked.limit, &app)?;
    let before = listing.place::<Moment>(asked.cursor.as_deref())?;
    let keys = keys_of(&found, &app.office());
    let page = TimelinePage {
        contact,
        keys: &keys,
        only_contact: asked.only_contact,
        before: before.map(|place| (place.at, place.id)),
        limit: listing.rows(),
    };
    let rows = app.database.timeline(&page).await?;
    Ok(Json(listing.page(rows, |row| Moment { at: row.at, id: row.id }, Interaction::from)))
}

/// What happened with a contact, to be noted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Noted {
    /// What it was.
    kind: InteractionKind,
    /// When it happened; now where that is not said.
    at: Option<DateTime<Utc>>,
    /// In words.
    #[schema(max_length = 2000, pattern = r"\S")]
    note: String,
}

/// Notes what happened with a contact: it stands on the timeline, and in the person's own data.
#[utoipa::path(post, path = "/api/v1/contacts/{contact}/interactions", tag = "interactions",
    operation_id = "note_interaction",
    params(("contact" = Uuid, Path, description = "With whom.")), request_body = Noted,
    responses((status = 201, description = "Its id.", body = made::Created,
               headers(("location" = String, description = "Where the contact's interactions are.")))))]
pub async fn add(
    State(app): State<App>,
    caller: Caller,
    Path(contact): Path<ContactId>,
    Json(new): Json<Noted>,
) -> Result<axum::response::Response, Problem> {
    Problem::unless_at_most(&[("note", Some(&new.note), note::LONGEST)])?;
    visible_contact(&app, &caller, contact).await?;
    if new.note.trim().is_empty() {
        return Err(Problem::field("note", "says nothing"));
    }
    let now = app.clock.now();
    let happened_at = new.at.unwrap_or(now);
    if happened_at > now + LEEWAY || happened_at < now - EARLIEST {
        return Err(Problem::field("at", "is no time of the last hundred years"));
    }
    let (kind, actor) = (new.kind.0, caller.actor());
    let new = NewInteraction { contact, kind, happened_at, note: new.note, actor };
    let id = app.database.note_interaction(&new).await?;
    Ok(made::at(&format!("/api/v1/contacts/{contact}/interactions"), id))
}
