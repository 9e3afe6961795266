//! Touches: a contact's, one, and its story – why it was or was not sent.

use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::access::Permission::TouchesRead;
use domain::{ContactId, TouchId};
use office::story::{self, Told};
use serde::{Deserialize, Serialize};
use storage::touches;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::caller::Caller;
use super::cursor::{Listed, Listing, Moment};
use super::extract::{Json, Path, Query};
use super::problem::Problem;
use super::words::{
    Channel, EnrolmentState, Language, ListChannel, ListReason, Origin, Scope, TouchState,
};
use crate::access::reader::{Reader as _, visible_contact};
use crate::app::App;

/// Which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// How many at most.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    #[param(max_length = 1024)]
    cursor: Option<String>,
}

/// In which language the story is told.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Telling {
    /// The language of the sentences; English where none is named.
    #[param(inline)]
    locale: Option<Language>,
}

/// One step of a plan for one contact.
#[derive(Debug, Serialize, ToSchema)]
pub struct Touch {
    /// Its identity.
    id: Uuid,
    /// Whom it is for.
    contact: Uuid,
    /// The enrolment it belongs to.
    enrolment: Uuid,
    /// The plan's key.
    plan: String,
    /// The version of the plan it is of.
    plan_version: Uuid,
    /// From 1.
    step: usize,
    /// How often a yearly plan has begun again.
    cycle: i16,
    /// How it reaches the person.
    channel: Channel,
    /// When it is, or was, due.
    due_at: DateTime<Utc>,
    /// Where it is in its life.
    state: TouchState,
    /// Why it is there, as it is stored.
    reason: Option<String>,
    /// How many attempts were made.
    attempts: i16,
    /// How often it came out unknown.
    doubts: i16,
    /// When it was handed over.
    sent_at: Option<DateTime<Utc>>,
    /// What the receiving side calls it.
    provider_ref: Option<String>,
}

/// Something that happened to a touch.
#[derive(Debug, Serialize, ToSchema)]
pub struct TouchEvent {
    /// Machine time.
    at: DateTime<Utc>,
    /// Business time.
    decided_at: DateTime<Utc>,
    /// Which attempt; 0 before the first.
    attempt: i16,
    /// What it led to.
    state: TouchState,
    /// The process, or person, that decided it.
    worker: String,
    /// Why, as it is stored.
    reason: Option<String>,
    /// The entry of the list that stopped it.
    entry: Option<Uuid>,
    /// The key of the template that was rendered.
    template: Option<String>,
    /// And its version.
    template_version: Option<i32>,
    /// What was looked at.
    #[schema(value_type = Option<Object>)]
    detail: Option<serde_json::Value>,
}

/// An entry of the list that stands against a touch now.
#[derive(Debug, Serialize, ToSchema)]
pub struct TouchStop {
    /// Its identity: the event that made it.
    event: Uuid,
    /// What it covers.
    scope: Scope,
    /// Which channel; null for a whole person or domain.
    channel: Option<ListChannel>,
    /// Why it was made.
    reason: ListReason,
    /// Who asked for it.
    origin: Origin,
    /// Since when.
    since: DateTime<Utc>,
}

/// The story in sentences.
#[derive(Debug, Serialize, ToSchema)]
pub struct Sentences {
    /// What it is and whom it is for.
    headline: String,
    /// What it is for.
    purpose: String,
    /// Where it stands.
    standing: String,
    /// Why it is due on its day.
    why_this_day: Vec<String>,
    /// What happened, and behind each what it was decided from.
    happened: Vec<Vec<String>>,
    /// What became of its task, its enrolment and the steps behind it.
    follows: Vec<String>,
    /// What stands against it on the list now.
    list: Vec<String>,
}

/// Everything that is known about a touch.
#[derive(Debug, Serialize, ToSchema)]
pub struct Story {
    /// The touch.
    touch: Touch,
    /// The version of its plan, as a number.
    plan_version: i32,
    /// How many steps the plan has.
    steps: usize,
    /// The key of the step's template.
    template: String,
    /// Where its enrolment is in its life.
    enrolment_state: EnrolmentState,
    /// The zone its day and hour are of.
    zone: String,
    /// By which rule that zone was found.
    zone_rule: String,
    /// The recipient's day the plan says; null when the step is no longer in its plan.
    planned_for: Option<String>,
    /// What happened to it, oldest first.
    events: Vec<TouchEvent>,
    /// What stands against it on the list now.
    list: Vec<TouchStop>,
    /// The same in words.
    told: Sentences,
}

impl From<touches::Touch> for Touch {
    fn from(it: touches::Touch) -> Self {
        Self {
            id: it.id.as_uuid(),
            contact: it.contact.as_uuid(),
            enrolment: it.enrolment.as_uuid(),
            plan: it.plan_key,
            plan_version: it.plan_version.as_uuid(),
            step: it.step + 1,
            cycle: it.cycle,
            channel: it.channel.into(),
            due_at: it.due_at,
            state: it.state.into(),
            reason: it.reason,
            attempts: it.attempt,
            doubts: it.doubts,
            sent_at: it.sent_at,
            provider_ref: it.provider_ref,
        }
    }
}

impl From<story::Event> for TouchEvent {
    fn from(it: story::Event) -> Self {
        Self {
            at: it.at,
            decided_at: it.decided_at,
            attempt: it.attempt,
            state: it.state.into(),
            worker: it.worker,
            reason: it.reason,
            entry: it.entry.map(domain::EventId::as_uuid),
            template: it.template,
            template_version: it.template_version,
            detail: it.detail,
        }
    }
}

impl From<&story::ListEntry> for TouchStop {
    fn from(it: &story::ListEntry) -> Self {
        Self {
            event: it.event.as_uuid(),
            scope: it.scope.into(),
            channel: it.channel.map(ListChannel::from),
            reason: it.reason.into(),
            origin: it.origin.into(),
            since: it.since,
        }
    }
}

impl From<Told> for Sentences {
    fn from(told: Told) -> Self {
        let paragraph = |it: story::Paragraph| std::iter::once(it.sentence).chain(it.details);
        Self {
            headline: told.headline,
            purpose: told.purpose,
            standing: told.standing,
            why_this_day: told.why_this_day,
            happened: told.happened.into_iter().map(|it| paragraph(it).collect()).collect(),
            follows: told.follows,
            list: told.list,
        }
    }
}

/// The touch, if the caller may see it: with `touches_read` any, else those of contacts that are seen.
async fn visible(app: &App, caller: &Caller, id: TouchId) -> Result<touches::Touch, Problem> {
    let touch = app.database.touch(id).await?.ok_or_else(Problem::not_found)?;
    if !caller.may(TouchesRead) {
        visible_contact(app, caller, touch.contact).await?;
    }
    Ok(touch)
}

/// A contact's touches, the latest due first.
#[utoipa::path(get, path = "/api/v1/contacts/{contact}/touches", tag = "touches",
    operation_id = "list_touches", params(("contact" = Uuid, Path, description = "Whose."), Asked),
    responses((status = 200, description = "A page.", body = Listed<Touch>)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(contact): Path<ContactId>,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed<Touch>>, Problem> {
    if caller.may(TouchesRead) {
        app.database.contact(contact).await?.ok_or_else(Problem::not_found)?;
    } else {
        visible_contact(&app, &caller, contact).await?;
    }
    let listing = Listing::of("touches", &contact, asked.limit, &app)?;
    let before = listing.place::<Moment>(asked.cursor.as_deref())?;
    let before = before.map(|place| (place.at, TouchId::from(place.id)));
    let rows = app.database.touches_of(contact, before, listing.rows()).await?;
    let place = |row: &touches::Touch| Moment { at: row.due_at, id: row.id.as_uuid() };
    Ok(Json(listing.page(rows, place, Touch::from)))
}

/// One touch.
#[utoipa::path(get, path = "/api/v1/touches/{touch}", tag = "touches", operation_id = "show_touch",
    params(("touch" = Uuid, Path, description = "Its id.")),
    responses((status = 200, description = "The touch.", body = Touch)))]
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TouchId>,
) -> Result<Json<Touch>, Problem> {
    Ok(Json(visible(&app, &caller, id).await?.into()))
}

/// Why a touch was or was not sent: its story from its plan to its end.
#[utoipa::path(get, path = "/api/v1/touches/{touch}/story", tag = "touches",
    operation_id = "explain_touch",
    params(("touch" = Uuid, Path, description = "Its id."), Telling),
    responses((status = 200, description = "The story.", body = Story)))]
pub async fn explain(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TouchId>,
    Query(telling): Query<Telling>,
) -> Result<Json<Story>, Problem> {
    let touch = visible(&app, &caller, id).await?;
    let team = app.settings.team.office();
    let told = story::tell(touch.clone(), &app.office(), &team, app.library.calendar()).await?;
    let story = told.ok_or_else(Problem::not_found)?;
    let locale = telling.locale.map_or(domain::Locale::En, |it| it.0);
    Ok(Json(Story {
        touch: touch.into(),
        plan_version: story.plan_version,
        steps: story.steps,
        template: story.template.clone(),
        enrolment_state: story.enrolment_state.into(),
        zone: story.zone.clone(),
        zone_rule: story.zone_rule.to_owned(),
        planned_for: story.planned_for.as_ref().map(|day| day.date.clone()),
        list: story.list.iter().map(TouchStop::from).collect(),
        told: story::words(&story, locale).into(),
        events: story.events.into_iter().map(TouchEvent::from).collect(),
    }))
}
