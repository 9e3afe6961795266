//! Putting somebody on the list. The answer is what is true at that moment: nothing is under way, or
//! these touches still were.

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use domain::access::Permission;
use domain::suppression::{Origin, Scope, SuppressionReason};
use domain::{AddressKey, AddressKind, ContactChannel, ContactId, TouchId};
use office::suppression::{self, Added, Asked, NewEntry, covered};
use office::words;
use serde::Deserialize;
use storage::contacts::Contact;
use storage::suppressions::Target;
use storage::touches::Touch;

use super::{PATIENCE, REASONS, visible};
use crate::access::reader::contacts_of;
use crate::app::App;
use crate::page::Page;
use crate::trouble::{Answer, Trouble};

/// What was filled in; by the button on a contact, or in the form.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Filled {
    /// The contact the button stands on.
    #[serde(default)]
    contact: String,
    /// An address in any spelling, @domain, or a contact's id.
    #[serde(default)]
    address: String,
    /// A channel, `person`, `domain`, or nothing: the address on all its channels.
    #[serde(default)]
    covers: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    evidence: String,
    /// The number of addresses of a domain was shown.
    #[serde(default)]
    confirmed: Option<String>,
}

impl Filled {
    /// The same once more, for the form that asks.
    fn fields(&self) -> [(&'static str, &str); 5] {
        [
            ("contact", &self.contact),
            ("address", &self.address),
            ("covers", &self.covers),
            ("reason", &self.reason),
            ("evidence", &self.evidence),
        ]
    }
}

#[derive(Template)]
#[template(path = "list/add.html")]
struct Add {
    page: Page,
    filled: Filled,
    contact: Option<Contact>,
    channels: &'static [ContactChannel],
    may_cover_person: bool,
    /// A whole domain is to be covered: so many addresses are known there.
    domain: Option<i64>,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "list/added.html")]
struct AddedPage {
    page: Page,
    answer: Shown,
}

#[derive(Template)]
#[template(path = "list/added_part.html")]
struct AddedPart {
    page: Page,
    answer: Shown,
}

/// How many of the touches under way are told by name; more than a person has at once.
const NAMED: usize = 20;

/// A touch that was being handed over.
struct UnderWay {
    id: TouchId,
    /// What it is, to whom and of which plan; nothing where the reader may not look at touches.
    name: Option<String>,
}

/// What came of it.
struct Shown {
    covered: Vec<String>,
    in_flight: Vec<UnderWay>,
    event: String,
    may_read_list: bool,
}

/// `GET /list/add`.
pub async fn form(State(app): State<App>, page: Page, Query(filled): Query<Filled>) -> Answer {
    let add = prepared(filled, None, &app, &page).await?;
    page.show(&add)
}

/// `POST /list/add`.
pub async fn add(State(app): State<App>, page: Page, Form(mut filled): Form<Filled>) -> Answer {
    if filled.address.trim().is_empty() {
        filled.address = filled.contact.clone();
    }
    if filled.address.trim().parse::<ContactId>().is_ok() {
        visible(&app, &page, &filled.address).await?;
    }
    let new = match new_entry(&filled, &app, &page).await? {
        Ok(new) => new,
        Err(key) => return refuse(filled, page.say(key), &app, &page).await,
    };
    if filled.confirmed.is_none()
        && let Some(domain) = whole_domain(&new, &app).await
    {
        let addresses = app.database.count_addresses_of_domain(domain).await?;
        let mut add = prepared(filled, None, &app, &page).await?;
        add.domain = Some(addresses);
        return page.show(&add);
    }
    let added = match suppression::add(&new, &app.office()).await {
        Ok(added) => added,
        Err(suppression::Refused::Storage(error)) => return Err(error.into()),
        Err(why) => {
            let problem = why.in_words(page.locale()).unwrap_or_default();
            return refuse(filled, problem, &app, &page).await;
        }
    };
    let answer = shown(&added, &app, &page).await?;
    if page.is_part() {
        return page.show(&AddedPart { page: page.clone(), answer });
    }
    page.show(&AddedPage { page: page.clone(), answer })
}

/// The domain that would be covered as a whole. What cannot be covered is told by whoever tries.
async fn whole_domain(new: &NewEntry, app: &App) -> Option<AddressKey> {
    let targets = suppression::targets(&new.asked, &app.office()).await.ok()?;
    targets.iter().find_map(|target| match target {
        Target::Domain(key) => Some(*key),
        _ => None,
    })
}

async fn refuse(filled: Filled, problem: String, app: &App, page: &Page) -> Answer {
    if page.is_part() {
        return Err(Trouble::Refused(problem));
    }
    let add = prepared(filled, Some(problem), app, page).await?;
    page.show_again(&add)
}

/// The form, with the contact's addresses to choose from where it is about a contact.
async fn prepared(
    filled: Filled,
    problem: Option<String>,
    app: &App,
    page: &Page,
) -> Result<Add, Trouble> {
    let contact = contact_of(&filled, app, page).await?;
    Ok(Add {
        page: page.clone(),
        filled,
        contact,
        channels: ContactChannel::ALL,
        may_cover_person: contacts_of(page).is_none(),
        domain: None,
        problem,
    })
}

async fn contact_of(filled: &Filled, app: &App, page: &Page) -> Result<Option<Contact>, Trouble> {
    if filled.contact.trim().is_empty() {
        return Ok(None);
    }
    let id = visible(app, page, &filled.contact).await?.id;
    let found = app.database.find_contacts(&id.to_string(), &[]).await?;
    Ok(found.into_iter().find(|contact| contact.id == id))
}

/// The entry that is meant; or the text that says what is missing.
async fn new_entry(
    filled: &Filled,
    app: &App,
    page: &Page,
) -> Result<Result<NewEntry, &'static str>, Trouble> {
    let reason = filled.reason.parse::<SuppressionReason>().ok();
    let Some(reason) = reason.filter(|reason| REASONS.contains(reason)) else {
        return Ok(Err("reason-missing"));
    };
    let (mut channel, mut scope) = (None, None);
    match filled.covers.as_str() {
        "" => {}
        "person" => scope = Some(Scope::Person),
        "domain" => scope = Some(Scope::Domain),
        word => match word.parse() {
            Ok(word) => channel = Some(word),
            Err(_) => return Ok(Err("covers-wrong")),
        },
    }
    let is_id = filled.address.trim().parse::<ContactId>().is_ok();
    // Whose address it is, is told only to those who may look at everybody.
    if scope == Some(Scope::Person) && !is_id && contacts_of(page).is_some() {
        return Err(Trouble::Forbidden);
    }
    if let Some(contact) = contact_of(filled, app, page).await? {
        let is_postal = |own: &storage::contacts::Address| {
            own.kind == AddressKind::Postal && own.value == filled.address
        };
        channel =
            channel.or(contact.addresses.iter().any(is_postal).then_some(ContactChannel::Post));
    }
    let origin = if reason.is_of_recipient() { Origin::Recipient } else { Origin::Staff };
    let evidence = filled.evidence.trim();
    Ok(Ok(NewEntry {
        asked: Asked {
            address: filled.address.trim().to_owned(),
            channel,
            scope,
            topic: None,
            region: app.settings.team.default_region.clone(),
        },
        reason,
        origin,
        actor: page.actor()?.to_owned(),
        evidence: (!evidence.is_empty()).then(|| evidence.to_owned()),
        patience: PATIENCE,
    }))
}

async fn shown(added: &Added, app: &App, page: &Page) -> Result<Shown, Trouble> {
    let mut in_flight = Vec::with_capacity(added.in_flight.len());
    for id in added.in_flight.iter().copied() {
        let is_named = page.may(Permission::TouchesRead) && in_flight.len() < NAMED;
        let touch = if is_named { app.database.touch(id).await? } else { None };
        in_flight.push(UnderWay { id, name: touch.map(|touch| named(&touch, page)) });
    }
    Ok(Shown {
        covered: added.targets.iter().map(|target| covered(target, page.locale())).collect(),
        in_flight,
        event: added.event.to_string(),
        may_read_list: page.may(Permission::ListRead),
    })
}

/// A touch in words. Its name is its contact's only for those who may look at everybody.
fn named(touch: &Touch, page: &Page) -> String {
    let channel = words::channel(touch.channel, page.locale());
    let step = i64::try_from(touch.step + 1).unwrap_or(i64::MAX);
    let mut values = vec![
        ("channel", channel.into()),
        ("step", step.into()),
        ("plan", touch.plan_key.as_str().into()),
    ];
    if !page.may(Permission::ContactsReadAll) {
        return page.with_all("list-touch-under-way", &values);
    }
    values.push(("name", touch.contact_name.as_str().into()));
    page.with_all("list-touch-under-way-to", &values)
}
