//! The list of those who must not be contacted: asking it, reading it, putting somebody on it.
//!
//! Lifting is not here: it needs evidence, and for some entries a second person, who signs in.

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use domain::{ContactId, EventId};
use office::addresses::Named;
use office::people::keys_of;
use office::suppression::{self, Refused};
use serde::{Deserialize, Serialize};
use storage::suppressions::{Entry as Stored, ToldEntry};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::caller::Caller;
use super::cursor::{Listed, Listing};
use super::extract::{Json, Path, Query};
use super::made;
use super::problem::{Kind, Problem};
use super::words::{ListChannel, ListReason, Origin, Scope};
use crate::access::reader::{contacts_of, visible_contact};
use crate::app::App;
use crate::pages::list::{PATIENCE, REASONS};

/// No address is longer.
const LONGEST_ADDRESS: usize = 300;
/// Longer evidence belongs into a file that is named here.
const LONGEST_EVIDENCE: usize = 1000;

/// Which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// How many at most.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    #[param(max_length = 1024)]
    cursor: Option<String>,
}

/// An address that is looked up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedAddress {
    /// An email address, a phone number in any spelling, or @domain; with the channel `post` a postal
    /// address.
    #[schema(min_length = 1, max_length = 300)]
    address: String,
    /// The channel that is meant; only for a postal address is it needed.
    channel: Option<ListChannel>,
}

/// An entry in force.
#[derive(Debug, Serialize, ToSchema)]
pub struct Entry {
    /// Its identity: the event that made it.
    event: Uuid,
    /// What it covers.
    scope: Scope,
    /// Which channel; null for a whole person or domain.
    channel: Option<ListChannel>,
    /// The topic, where it covers one alone.
    topic: Option<String>,
    /// Why it was made.
    reason: ListReason,
    /// Who asked for it.
    origin: Origin,
    /// Since when.
    since: DateTime<Utc>,
    /// Until when, where it has a term.
    expires_at: Option<DateTime<Utc>>,
}

/// An entry in force with its story.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntryRow {
    /// The entry.
    entry: Entry,
    /// The person or process that made it.
    actor: String,
    /// What proves it.
    evidence: Option<String>,
    /// A contact with the address; only for those who see everybody's contacts.
    contact: Option<Uuid>,
    /// Whether somebody wishes to lift it, and it waits for a second person.
    lift_requested: bool,
}

/// What stands against an address.
#[derive(Debug, Serialize, ToSchema)]
pub struct Checked {
    /// Whether any entry stops something.
    suppressed: bool,
    /// The channels that are stopped for marketing of every topic.
    channels: Vec<ListChannel>,
    /// The entries.
    entries: Vec<Entry>,
}

/// What stands against a contact.
#[derive(Debug, Serialize, ToSchema)]
pub struct Against {
    /// The entries, the oldest first: of the person, of every address and of their domains.
    items: Vec<Entry>,
}

impl From<&Stored> for Entry {
    fn from(it: &Stored) -> Self {
        Self {
            event: it.event.as_uuid(),
            scope: it.scope.into(),
            channel: it.channel.map(ListChannel::from),
            topic: it.topic.map(|topic| topic.to_string()),
            reason: it.reason.into(),
            origin: it.origin.into(),
            since: it.since,
            expires_at: it.expires_at,
        }
    }
}

impl From<&suppression::ListedEntry> for Entry {
    fn from(it: &suppression::ListedEntry) -> Self {
        Self {
            event: it.event.as_uuid(),
            scope: it.scope.into(),
            channel: it.channel.map(ListChannel::from),
            topic: it.topic.map(|topic| topic.to_string()),
            reason: it.reason.into(),
            origin: it.origin.into(),
            since: it.since,
            expires_at: it.expires_at,
        }
    }
}

/// The entries in force, the newest first.
#[utoipa::path(get, path = "/api/v1/suppressions", tag = "suppressions",
    operation_id = "list_suppressions", params(Page),
    responses((status = 200, description = "A page.", body = Listed<EntryRow>)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(page): Query<Page>,
) -> Result<Json<Listed<EntryRow>>, Problem> {
    let listing = Listing::of("suppressions", &(), page.limit, &app)?;
    let before = listing.place::<EventId>(page.cursor.as_deref())?;
    let rows = app.database.told_page(before, listing.rows()).await?;
    let sees_everybody = contacts_of(&caller).is_none();
    let shown = |row: ToldEntry| EntryRow {
        entry: Entry::from(&row.entry),
        actor: row.actor,
        evidence: row.evidence,
        contact: row.contact.filter(|_| sees_everybody).map(|(id, _)| id.as_uuid()),
        lift_requested: row.lift.is_some(),
    };
    Ok(Json(listing.page(rows, |row| row.entry.event, shown)))
}

/// What stands against a contact: against the person, every address, and their domains.
#[utoipa::path(get, path = "/api/v1/contacts/{contact}/suppressions", tag = "suppressions",
    operation_id = "list_contact_suppressions",
    params(("contact" = Uuid, Path, description = "Against whom.")),
    responses((status = 200, description = "All of it.", body = Against)))]
pub async fn against(
    State(app): State<App>,
    caller: Caller,
    Path(contact): Path<ContactId>,
) -> Result<Json<Against>, Problem> {
    let contact = visible_contact(&app, &caller, contact).await?;
    let entries = app.database.entries(&keys_of(&contact, &app.office())).await?;
    Ok(Json(Against { items: entries.iter().map(Entry::from).collect() }))
}

/// What stands against an address. A POST, so that no address stands in a log; it changes nothing.
#[utoipa::path(post, path = "/api/v1/suppressions/check", tag = "suppressions",
    operation_id = "check_suppression", request_body = NamedAddress,
    responses((status = 200, description = "What stands against it.", body = Checked)))]
pub async fn check(
    State(app): State<App>,
    Json(asked): Json<NamedAddress>,
) -> Result<Json<Checked>, Problem> {
    Problem::unless_at_most(&[("address", Some(&asked.address), LONGEST_ADDRESS)])?;
    let region = &app.settings.team.default_region;
    let channel = asked.channel.map(|it| it.0);
    let named = Named::parse(&asked.address, channel, region);
    let named = named.map_err(|why| Problem::field("address", why))?;
    if matches!(named, Named::Person(_)) {
        let detail = "is a contact's id; ask /api/v1/contacts/{contact}/suppressions";
        return Err(Problem::field("address", detail));
    }
    let checked = suppression::check(&named, &app.office()).await?;
    Ok(Json(Checked {
        suppressed: checked.suppressed,
        channels: checked.channels.into_iter().map(ListChannel::from).collect(),
        entries: checked.entries.iter().map(Entry::from).collect(),
    }))
}

/// Somebody who must not be contacted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEntry {
    /// An email address, a phone number in any spelling, @domain, or a contact's id; with the channel
    /// `post` a postal address.
    #[schema(min_length = 1, max_length = 300)]
    address: String,
    /// Only this channel; every channel of the address where none is named.
    channel: Option<ListChannel>,
    /// The address alone, every address of the person, or the whole domain; by what is named where it
    /// is not said.
    scope: Option<Scope>,
    /// Why; the fleet's own reasons and those of the law are not taken.
    reason: ListReason,
    /// What proves it; no address.
    #[schema(max_length = 1000)]
    evidence: Option<String>,
}

/// What became of it: it is in force, and nothing to it starts any more.
#[derive(Debug, Serialize, ToSchema)]
pub struct Added {
    /// The event of the (first) entry.
    event: Uuid,
    /// `clear`: nothing to it is under way. `in_flight`: these touches were still being handed over.
    status: String,
    /// What is covered, in words.
    covers: Vec<String>,
    /// Touches that were still being handed over.
    in_flight: Vec<Uuid>,
}

/// Puts somebody on the list. It is in force with the answer, which waits some seconds for what is
/// being handed over at this moment.
#[utoipa::path(post, path = "/api/v1/suppressions", tag = "suppressions",
    operation_id = "create_suppression", request_body = NewEntry,
    responses((status = 201, description = "It is in force.", body = Added,
               headers(("location" = String, description = "Where entries are listed.")))))]
pub async fn add(
    State(app): State<App>,
    caller: Caller,
    Json(new): Json<NewEntry>,
) -> Result<Response, Problem> {
    Problem::unless_at_most(&[
        ("address", Some(&new.address), LONGEST_ADDRESS),
        ("evidence", new.evidence.as_ref(), LONGEST_EVIDENCE),
    ])?;
    if !REASONS.contains(&new.reason.0) {
        let known: Vec<&str> = REASONS.iter().map(|reason| reason.as_str()).collect();
        return Err(Problem::field("reason", format!("is one of {}", known.join(", "))));
    }
    let scope = new.scope.map(|it| it.0);
    match new.address.trim().parse::<ContactId>() {
        Ok(id) => drop(visible_contact(&app, &caller, id).await?),
        // Whose address it is, is told only to those who may look at everybody.
        Err(_)
            if scope == Some(domain::suppression::Scope::Person)
                && contacts_of(&caller).is_some() =>
        {
            let detail = "With the scope person name a contact's id that this token sees.";
            return Err(Problem::new(Kind::NotAllowed, detail));
        }
        Err(_) => {}
    }
    let reason = new.reason.0;
    let evidence = new.evidence.map(|text| text.trim().to_owned());
    let entry = suppression::NewEntry {
        asked: suppression::Asked {
            address: new.address.trim().to_owned(),
            channel: new.channel.map(|it| it.0),
            scope,
            topic: None,
            region: app.settings.team.default_region.clone(),
        },
        reason,
        origin: match reason.is_of_recipient() {
            true => domain::suppression::Origin::Recipient,
            false => domain::suppression::Origin::Staff,
        },
        actor: caller.actor(),
        evidence: evidence.filter(|text| !text.is_empty()),
        patience: PATIENCE,
    };
    let added = match suppression::add(&entry, &app.office()).await {
        Ok(added) => added,
        Err(Refused::Storage(error)) => return Err(error.into()),
        Err(why) => return Err(Problem::new(Kind::Refused, format!("{why}."))),
    };
    let covers = added.targets.iter();
    let covers = covers.map(|target| suppression::covered(target, domain::Locale::En));
    let answer = Added {
        event: added.event.as_uuid(),
        status: added.status().to_owned(),
        covers: covers.collect(),
        in_flight: added.in_flight.iter().map(|touch| touch.as_uuid()).collect(),
    };
    Ok(made::created("/api/v1/suppressions", &answer))
}
