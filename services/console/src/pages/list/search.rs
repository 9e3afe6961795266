//! What stands on the list, and against whom.

use askama::Template;
use axum::extract::{Query, State};
use domain::access::Permission;
use domain::{ContactChannel, ContactId, EventId};
use office::addresses::Named;
use office::suppression;
use serde::Deserialize;
use storage::contacts::{FoundContact, domain_key, person_key};

use super::channel_in_words;
use super::told::Row;
use crate::access::reader::contacts_of;
use crate::app::App;
use crate::page::Page;
use crate::trouble::{Answer, Trouble};

/// Entries on a page.
const ROWS: u32 = 50;

/// What is looked for.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    q: String,
    before: Option<EventId>,
}

/// What was found.
pub struct Found {
    /// Whether an address or domain was named, which can be put on the list.
    pub is_named: bool,
    /// Whether it is said what stands on the list, so that "nothing" is an answer.
    pub is_told: bool,
    /// The channels that are stopped for marketing.
    pub channels: Vec<&'static str>,
    pub entries: Vec<Row>,
    /// Contacts that are meant.
    pub contacts: Vec<FoundContact>,
}

#[derive(Template)]
#[template(path = "list/list.html")]
struct List {
    page: Page,
    q: String,
    found: Option<Found>,
    newest: Vec<Row>,
    next: Option<String>,
    waiting: usize,
}

/// `GET /list`.
pub async fn show(State(app): State<App>, page: Page, Query(asked): Query<Asked>) -> Answer {
    let q = asked.q.trim().to_owned();
    let (mut newest, mut next, mut found) = (Vec::new(), None, None);
    if q.is_empty() {
        let told = app.database.told_page(asked.before, ROWS).await?;
        let is_full = told.len() == ROWS as usize;
        next = told.last().filter(|_| is_full).map(|last| last.entry.event.to_string());
        newest = Row::all(&told, &page);
    } else {
        found = Some(look_up(&q, &app, &page).await?);
    }
    let waiting = app.database.waiting_lifts(100).await?.len();
    page.show(&List { page: page.clone(), q, found, newest, next, waiting })
}

/// Everything that stands against what `q` names, and who is meant.
pub async fn look_up(q: &str, app: &App, page: &Page) -> Result<Found, Trouble> {
    let office = app.office();
    let owner = contacts_of(page);
    let named = Named::parse(q, None, &app.settings.team.default_region);
    let named = match named {
        Err(_) => {
            let contacts = app.database.search_contacts(q, &[], owner).await?;
            let (channels, entries) = Default::default();
            return Ok(Found { is_named: false, is_told: false, channels, entries, contacts });
        }
        Ok(named) => named,
    };
    let (channels, events, contacts) = match &named {
        Named::Person(id) => {
            let contacts = app.database.search_contacts(q, &[], owner).await?;
            let events = against_contact(*id, app).await?;
            (Vec::new(), events, contacts)
        }
        Named::Domain(_) | Named::Address(_) => {
            let checked = suppression::check(&named, &office).await?;
            let keys = match &named {
                Named::Address(address) => vec![address.key(&office.keyer)],
                _ => Vec::new(),
            };
            // The text itself is none of a name.
            let contacts = app.database.search_contacts("", &keys, owner).await?;
            let events = checked.entries.iter().map(|entry| entry.event).collect();
            (checked.channels, events, contacts)
        }
    };
    let is_told = page.may(Permission::ListRead);
    let told = match is_told {
        true => app.database.told_entries(&events).await?,
        false => Vec::new(),
    };
    Ok(Found {
        is_named: !matches!(named, Named::Person(_)),
        is_told,
        channels: channels.iter().map(|channel| channel_in_words(channel, page)).collect(),
        entries: Row::all(&told, page),
        contacts,
    })
}

/// The entries against a contact: the person, every address, and the addresses' domains.
async fn against_contact(id: ContactId, app: &App) -> Result<Vec<EventId>, Trouble> {
    let found = app.database.find_contacts(&id.to_string(), &[]).await?;
    let mut keys = vec![person_key(&app.keyer, id)];
    for address in found.iter().flat_map(|contact| &contact.addresses) {
        keys.push(address.key);
        let is_email = address.kind.channels().contains(&ContactChannel::Email);
        let domain = address.value.rsplit_once('@').filter(|_| is_email);
        keys.extend(domain.map(|(_, domain)| domain_key(&app.keyer, &domain.to_lowercase())));
    }
    let entries = app.database.entries(&keys).await?;
    Ok(entries.iter().map(|entry| entry.event).collect())
}
