//! Contacts: finding them, one, adding and correcting. Who does not see everybody's sees the own.

use axum::extract::State;
use chrono::NaiveDate;
use domain::ContactId;
use office::addresses::Named;
use serde::{Deserialize, Serialize};
use storage::contacts::{self, ContactFilter, ListedContact};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::caller::Caller;
use super::cursor::{Listed, Listing};
use super::extract::{Json, Path, Query};
use super::made::{self, Created};
use super::problem::{Kind, Problem};
use super::words::{AddressKind, Group, Language, Level, Standing};
use crate::access::reader::{contacts_of, visible_contact};
use crate::app::App;
use crate::pages::contacts::change::{self, Filled as Corrected};
use crate::pages::contacts::new::{Filled, LONGEST, LONGEST_NOTES, Made, make};

/// A longer text is not looked for.
const LONGEST_SEARCH: usize = 200;

/// Which contacts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// An id, an external id, an email address or phone number in any spelling, or the beginning of a
    /// name.
    #[param(max_length = 200)]
    q: Option<String>,
    /// Of this relationship.
    #[param(inline)]
    group: Option<Group>,
    /// Of this likelihood.
    #[param(inline)]
    level: Option<Level>,
    /// From this source, as its import called it.
    #[param(max_length = 300)]
    source: Option<String>,
    /// Of this agent; who does not see everybody's contacts sees the own in any case.
    owner: Option<Uuid>,
    /// How many at most.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    #[param(max_length = 1024)]
    cursor: Option<String>,
}

/// A contact in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactRow {
    /// Its identity.
    id: Uuid,
    /// Full name.
    full_name: String,
    /// Language.
    locale: Language,
    /// Relationship.
    group: Group,
    /// Likelihood.
    level: Level,
    /// Where the contact came from.
    source: String,
    /// The agent's name.
    owner_name: Option<String>,
    /// City.
    city: Option<String>,
    /// ISO 3166 code.
    country: Option<String>,
    /// Of the sample data: nobody, to whom nothing real is sent.
    is_sample: bool,
}

/// An address of a contact.
#[derive(Debug, Serialize, ToSchema)]
pub struct Address {
    /// What kind.
    kind: AddressKind,
    /// home, mobile …
    label: String,
    /// What is sent to.
    value: String,
    /// Why it cannot take text messages.
    sms_problem: Option<String>,
    /// Why it cannot be called.
    call_problem: Option<String>,
}

/// A contact.
#[derive(Debug, Serialize, ToSchema)]
pub struct Contact {
    /// Its identity.
    id: Uuid,
    /// The identity in the system it came from.
    external_id: Option<String>,
    /// Full name.
    full_name: String,
    /// First name.
    first_name: String,
    /// Language.
    locale: Language,
    /// IANA name.
    time_zone: Option<String>,
    /// When the person wants to be reached: HH:MM-HH:MM, local time.
    preferred_hours: Option<String>,
    /// ISO 3166 code.
    country: Option<String>,
    /// State or region.
    state: Option<String>,
    /// City.
    city: Option<String>,
    /// Area or neighbourhood.
    area: Option<String>,
    /// Relationship.
    group: Group,
    /// Looking or not.
    status: Standing,
    /// Likelihood.
    level: Level,
    /// FSBO, expired, PTA, buyer …
    #[serde(rename = "type")]
    contact_type: String,
    /// Where the contact came from.
    source: String,
    /// The agent.
    owner: Option<Uuid>,
    /// The agent's name.
    owner_name: Option<String>,
    /// The year may be any.
    birthday: Option<NaiveDate>,
    /// The year may be any.
    spouse_birthday: Option<NaiveDate>,
    /// When they bought or sold.
    closing_date: Option<NaiveDate>,
    /// Notes.
    notes: Option<String>,
    /// Further fields.
    #[schema(value_type = Object)]
    custom: serde_json::Value,
    /// The addresses.
    addresses: Vec<Address>,
    /// Of the sample data: nobody, to whom nothing real is sent.
    is_sample: bool,
}

impl From<ListedContact> for ContactRow {
    fn from(row: ListedContact) -> Self {
        Self {
            id: row.id.as_uuid(),
            full_name: row.full_name,
            locale: row.locale.into(),
            group: row.group.into(),
            level: row.level.into(),
            source: row.source,
            owner_name: row.owner_name,
            city: row.city,
            country: row.country,
            is_sample: row.is_sample,
        }
    }
}

impl From<contacts::Address> for Address {
    fn from(address: contacts::Address) -> Self {
        Self {
            kind: address.kind.into(),
            label: address.label,
            value: address.value,
            sms_problem: address.sms_problem,
            call_problem: address.call_problem,
        }
    }
}

impl From<contacts::Contact> for Contact {
    fn from(contact: contacts::Contact) -> Self {
        let day = |date: Option<jiff::civil::Date>| date.and_then(|it| it.to_string().parse().ok());
        // Of the person as a whole there is an address of a kind of its own, for the list alone.
        let is_reached = |own: &contacts::Address| own.kind != domain::AddressKind::Person;
        let addresses = contact.addresses.into_iter().filter(is_reached).map(Address::from);
        Self {
            id: contact.id.as_uuid(),
            external_id: contact.external_id,
            full_name: contact.full_name,
            first_name: contact.first_name,
            locale: contact.locale.into(),
            time_zone: contact.time_zone,
            preferred_hours: contact.preferred_hours,
            country: contact.country,
            state: contact.state,
            city: contact.city,
            area: contact.area,
            group: contact.group.into(),
            status: contact.status.into(),
            level: contact.level.into(),
            contact_type: contact.contact_type,
            source: contact.source,
            owner: contact.owner,
            owner_name: contact.owner_name,
            birthday: day(contact.dates.birthday),
            spouse_birthday: day(contact.dates.spouse_birthday),
            closing_date: day(contact.dates.closing),
            notes: contact.notes,
            custom: contact.custom,
            addresses: addresses.collect(),
            is_sample: contact.is_sample,
        }
    }
}

/// Contacts in the order of their names.
#[utoipa::path(get, path = "/api/v1/contacts", tag = "contacts", operation_id = "list_contacts",
    params(Asked), responses((status = 200, description = "A page.", body = Listed<ContactRow>)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed<ContactRow>>, Problem> {
    let filter = filter(&asked, &caller, &app)?;
    let listing = Listing::of("contacts", &filter, asked.limit, &app)?;
    let after = match listing.place::<ContactId>(asked.cursor.as_deref())? {
        None => None,
        Some(id) => {
            let gone = || Problem::field("cursor", "ends at somebody who was erased; begin anew");
            Some(app.database.contact_place(id).await?.ok_or_else(gone)?)
        }
    };
    let rows = app.database.list_contacts(&filter, after.as_ref(), listing.rows()).await?;
    Ok(Json(listing.page(rows, |row| row.id, ContactRow::from)))
}

fn filter(asked: &Asked, caller: &Caller, app: &App) -> Result<ContactFilter, Problem> {
    Problem::unless_at_most(&[
        ("q", asked.q.as_ref(), LONGEST_SEARCH),
        ("source", asked.source.as_ref(), LONGEST),
    ])
    .map_err(Problem::of_form)?;
    let text = asked.q.as_deref().unwrap_or_default().trim().to_owned();
    let keys = match Named::parse(&text, None, &app.settings.team.default_region) {
        Ok(Named::Address(address)) => vec![address.key(&app.keyer)],
        _ => Vec::new(),
    };
    Ok(ContactFilter {
        text,
        keys,
        owner: contacts_of(caller).or(asked.owner),
        group: asked.group.map(|it| it.0),
        level: asked.level.map(|it| it.0),
        source: asked.source.clone(),
    })
}

/// One contact.
#[utoipa::path(get, path = "/api/v1/contacts/{contact}", tag = "contacts",
    operation_id = "show_contact", params(("contact" = Uuid, Path, description = "Its id.")),
    responses((status = 200, description = "The contact.", body = Contact)))]
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ContactId>,
) -> Result<Json<Contact>, Problem> {
    Ok(Json(visible_contact(&app, &caller, id).await?.into()))
}

/// A contact that is to be added; it needs an email address or a phone number.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewContact {
    /// Full name.
    #[schema(min_length = 1, max_length = 300)]
    full_name: String,
    /// Where the contact came from.
    #[schema(min_length = 1, max_length = 300)]
    source: String,
    /// Email address.
    #[schema(max_length = 300)]
    email: Option<String>,
    /// Phone number in any spelling; without a country code it is of the team's country.
    #[schema(max_length = 300)]
    phone: Option<String>,
    /// Language; the team's where none is named.
    locale: Option<Language>,
    /// IANA name.
    time_zone: Option<String>,
    /// ISO 3166 code.
    country: Option<String>,
    /// Relationship.
    group: Option<Group>,
    /// Likelihood.
    level: Option<Level>,
    /// The email address of the agent.
    #[schema(max_length = 300)]
    owner: Option<String>,
    /// Notes.
    #[schema(max_length = 3000)]
    notes: Option<String>,
}

/// What is to be corrected; what is not named stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Correction {
    /// Full name.
    #[schema(min_length = 1, max_length = 300)]
    full_name: Option<String>,
    /// First name.
    #[schema(min_length = 1, max_length = 300)]
    first_name: Option<String>,
    /// Language.
    locale: Option<Language>,
    /// IANA name; empty for none known.
    time_zone: Option<String>,
    /// Relationship.
    group: Option<Group>,
    /// Likelihood.
    level: Option<Level>,
}

/// Adds a contact. Where somebody has one of the addresses already, nothing is changed.
#[utoipa::path(post, path = "/api/v1/contacts", tag = "contacts", operation_id = "create_contact",
    request_body = NewContact,
    responses((status = 201, description = "Its id.", body = Created,
               headers(("location" = String, description = "Where it is.")))))]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(new): Json<NewContact>,
) -> Result<axum::response::Response, Problem> {
    Problem::unless_at_most(&[
        ("full_name", Some(&new.full_name), LONGEST),
        ("source", Some(&new.source), LONGEST),
        ("email", new.email.as_ref(), LONGEST),
        ("phone", new.phone.as_ref(), LONGEST),
        ("owner", new.owner.as_ref(), LONGEST),
        ("notes", new.notes.as_ref(), LONGEST_NOTES),
    ])?;
    let word = |word: Option<String>| word.unwrap_or_default();
    let filled = Filled {
        full_name: new.full_name,
        email: word(new.email),
        phone: word(new.phone),
        locale: word(new.locale.map(|it| it.0.to_string())),
        time_zone: word(new.time_zone),
        country: word(new.country),
        group: word(new.group.map(|it| it.0.to_string())),
        level: word(new.level.map(|it| it.0.to_string())),
        source: new.source,
        owner: word(new.owner),
        notes: word(new.notes),
    };
    match make(&filled, &app).await? {
        Made::New(id) => Ok(made::at(&format!("/api/v1/contacts/{id}"), id.as_uuid())),
        Made::Wrong(field, key) => Err(made::wrong(field, key)),
        Made::Erased => Err(Problem::new(Kind::Conflict, made::text("contact-erased"))),
        Made::Known(id) => {
            let seen = visible_contact(&app, &caller, id).await.is_ok();
            let whose = if seen { format!(" It is {id}.") } else { String::new() };
            let detail = format!("A contact has one of these addresses already.{whose}");
            Err(Problem::new(Kind::Conflict, detail))
        }
    }
}

/// Corrects what is known of a contact.
#[utoipa::path(patch, path = "/api/v1/contacts/{contact}", tag = "contacts",
    operation_id = "correct_contact", params(("contact" = Uuid, Path, description = "Its id.")),
    request_body = Correction,
    responses((status = 200, description = "The contact as it is now.", body = Contact)))]
pub async fn correct(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ContactId>,
    Json(new): Json<Correction>,
) -> Result<Json<Contact>, Problem> {
    Problem::unless_at_most(&[
        ("full_name", new.full_name.as_ref(), LONGEST),
        ("first_name", new.first_name.as_ref(), LONGEST),
    ])?;
    let was = visible_contact(&app, &caller, id).await?;
    let filled = Corrected {
        full_name: new.full_name.unwrap_or_else(|| was.full_name.clone()),
        first_name: new.first_name.unwrap_or_else(|| was.first_name.clone()),
        locale: new.locale.map_or(was.locale, |it| it.0),
        time_zone: new.time_zone.or_else(|| was.time_zone.clone()).unwrap_or_default(),
        group: new.group.map_or(was.group, |it| it.0),
        level: new.level.map_or(was.level, |it| it.0),
    };
    let changes = change::changes(&filled, &was).map_err(|key| made::wrong("", key))?;
    change::store(id, changes, &caller.actor(), "corrected by the API", &app).await?;
    Ok(Json(visible_contact(&app, &caller, id).await?.into()))
}
