//! Adding a contact by a form.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use domain::contact::{Group, Level};
use domain::{ContactId, Locale};
use office::addresses::{contact_email, contact_phone};
use office::intake::values;
use office::words;
use serde::Deserialize;
use storage::contacts::{Imported, NewAddress, NewContact};
use storage::tasks::Agent;

use crate::app::App;
use crate::page::Page;
use crate::trouble::{Answer, Trouble};

/// Longer texts are refused.
pub const LONGEST: usize = 300;
/// Longer notes are.
pub const LONGEST_NOTES: usize = 3000;

/// What was filled in.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Filled {
    pub(crate) full_name: String,
    pub(crate) email: String,
    pub(crate) phone: String,
    pub(crate) locale: String,
    pub(crate) time_zone: String,
    pub(crate) country: String,
    pub(crate) group: String,
    pub(crate) level: String,
    pub(crate) source: String,
    pub(crate) owner: String,
    pub(crate) notes: String,
}

#[derive(Template)]
#[template(path = "contacts/new.html")]
struct Adding {
    page: Page,
    filled: Filled,
    agents: Vec<Agent>,
    problem: Option<String>,
    /// Who has the address already.
    known: Option<ContactId>,
}

/// `GET /contacts/new`.
pub async fn form(State(app): State<App>, page: Page) -> Answer {
    let filled = Filled { locale: page.locale().to_string(), ..Filled::default() };
    page.show(&adding(filled, None, None, &app, &page).await?)
}

async fn adding(
    filled: Filled,
    problem: Option<String>,
    known: Option<ContactId>,
    app: &App,
    page: &Page,
) -> Result<Adding, Trouble> {
    let agents = app.database.agents().await?;
    Ok(Adding { page: page.clone(), filled, agents, problem, known })
}

/// `POST /contacts`.
pub async fn add(State(app): State<App>, page: Page, Form(filled): Form<Filled>) -> Answer {
    let (key, known) = match make(&filled, &app).await? {
        Made::New(id) => {
            return Ok(
                Redirect::to(&format!("/contacts/{id}?notice=contact-added")).into_response()
            );
        }
        Made::Wrong(_, key) => (key, None),
        Made::Known(known) => ("contact-known", Some(known)),
        Made::Erased => ("contact-erased", None),
    };
    page.show_again(&adding(filled, Some(page.say(key)), known, &app, &page).await?)
}

/// What became of a contact that was to be added.
pub enum Made {
    /// It was.
    New(ContactId),
    /// Something is wrong: the field, where it is a single one, and the name of the text that says what.
    Wrong(&'static str, &'static str),
    /// Somebody has one of the addresses already.
    Known(ContactId),
    /// Somebody who was erased has one of the addresses.
    Erased,
}

/// Adds a contact, unless somebody has one of its addresses.
pub async fn make(filled: &Filled, app: &App) -> Result<Made, Trouble> {
    let new = match contact(filled, app) {
        Ok(new) => new,
        Err((field, key)) => return Ok(Made::Wrong(field, key)),
    };
    let keys: Vec<_> =
        new.addresses.iter().map(|own| app.keyer.key(own.kind, &own.normalised)).collect();
    let known = app.database.find_contacts("", &keys).await?;
    if let Some(known) = known.first() {
        return Ok(Made::Known(known.id));
    }
    let made = app.database.import_contacts(&app.keyer, &[new]).await?;
    let made = made.first().and_then(|made: &Imported| made.contact());
    Ok(made.map_or(Made::Erased, Made::New))
}

/// The contact; or the field that is wrong, and the name of the text that says what.
fn contact(filled: &Filled, app: &App) -> Result<NewContact, (&'static str, &'static str)> {
    let full_name = text(&filled.full_name).ok_or(("full_name", "name-missing"))?;
    let source = text(&filled.source).ok_or(("source", "contact-source-missing"))?;
    let all = [&full_name, &source, &filled.email, &filled.phone, &filled.owner];
    let is_longer = |text: &str, most| text.chars().count() > most;
    if all.iter().any(|text| is_longer(text, LONGEST)) || is_longer(&filled.notes, LONGEST_NOTES) {
        return Err(("", "contact-too-long"));
    }
    let parsed = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
    let zone = parsed(&filled.time_zone).map(|zone| values::time_zone(&zone)).transpose();
    let country = parsed(&filled.country).map(|country| values::country(&country)).transpose();
    Ok(NewContact {
        external_id: None,
        first_name: values::first_name(&full_name),
        full_name,
        locale: filled.locale.parse::<Locale>().ok(),
        time_zone: zone.map_err(|_| ("time_zone", "contact-zone-wrong"))?,
        preferred_hours: None,
        country: country.map_err(|_| ("country", "contact-country-wrong"))?,
        state: None,
        city: None,
        area: None,
        group: filled.group.parse::<Group>().ok(),
        status: None,
        level: filled.level.parse::<Level>().ok(),
        contact_type: None,
        source,
        owner_email: text(&filled.owner),
        birthday: None,
        spouse_birthday: None,
        closing_date: None,
        notes: text(&filled.notes),
        custom: serde_json::Map::new(),
        addresses: addresses(filled, app)?,
        unreadable: Vec::new(),
    })
}

fn addresses(filled: &Filled, app: &App) -> Result<Vec<NewAddress>, (&'static str, &'static str)> {
    let mut addresses = Vec::new();
    if let Some(email) = text(&filled.email) {
        addresses.push(contact_email(&email).map_err(|_| ("email", "email-wrong"))?);
    }
    if let Some(phone) = text(&filled.phone) {
        let region = &app.settings.team.default_region;
        addresses
            .push(contact_phone(&phone, region, "").map_err(|_| ("phone", "contact-phone-wrong"))?);
    }
    if addresses.is_empty() { Err(("", "contact-address-missing")) } else { Ok(addresses) }
}

fn text(filled: &str) -> Option<String> {
    Some(filled.trim().to_owned()).filter(|text| !text.is_empty())
}

impl Adding {
    fn group(&self, group: &Group) -> &'static str {
        words::group(*group, self.page.locale())
    }

    fn level(&self, level: &Level) -> &'static str {
        words::level(*level, self.page.locale())
    }

    fn language(&self, locale: &Locale) -> &'static str {
        words::language(*locale, self.page.locale())
    }
}
