//! The list of contacts, with search and filters.

use askama::Template;
use axum::extract::{Query, State};
use domain::access::Permission::{ContactsReadAll, ContactsWrite};
use domain::contact::{Group, Level};
use office::addresses::Named;
use office::words;
use serde::Deserialize;
use storage::contacts::{ContactFilter, ContactPlace, ListedContact};
use storage::tasks::Agent;

use crate::access::reader::contacts_of;
use crate::app::App;
use crate::page::Page;
use crate::pages::sample::Banner;
use crate::trouble::{Answer, Trouble};

/// Contacts on a page.
const PAGE: u32 = 50;
/// A longer text is not looked for.
const LONGEST_TEXT: usize = 200;

/// What the address asks for; empty means all.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    q: String,
    group: String,
    level: String,
    source: String,
    owner: String,
    /// The place where the page before ended.
    name: Option<String>,
    after: Option<domain::ContactId>,
}

#[derive(Template)]
#[template(path = "contacts/list.html")]
struct Contacts {
    page: Page,
    asked: Asked,
    contacts: Vec<ListedContact>,
    more: Option<String>,
    agents: Vec<Agent>,
    may_add_contacts: bool,
    sample: Banner,
}

/// `GET /contacts`.
pub async fn list(State(app): State<App>, page: Page, Query(asked): Query<Asked>) -> Answer {
    let filter = filter(&asked, &app, &page)?;
    let after = asked.name.clone().zip(asked.after);
    let after = after.map(|(name, id)| ContactPlace { name, id });
    let mut contacts = app.database.list_contacts(&filter, after.as_ref(), PAGE + 1).await?;
    let has_more = contacts.len() > PAGE as usize;
    contacts.truncate(PAGE as usize);
    let more = contacts.last().filter(|_| has_more).map(|last| asked.behind(last));
    let agents = if page.may(ContactsReadAll) { app.database.agents().await? } else { Vec::new() };
    let may_add_contacts = page.may(ContactsWrite);
    let (page, sample) = (page.clone(), Banner::of(&app, &page).await?);
    let shown = Contacts { page, asked, contacts, more, agents, may_add_contacts, sample };
    shown.page.show(&shown)
}

fn filter(asked: &Asked, app: &App, page: &Page) -> Result<ContactFilter, Trouble> {
    let text: String = asked.q.trim().chars().take(LONGEST_TEXT).collect();
    let keys = match Named::parse(&text, None, &app.settings.team.default_region) {
        Ok(Named::Address(address)) => vec![address.key(&app.keyer)],
        _ => Vec::new(),
    };
    let owner = match contacts_of(page) {
        Some(own) => Some(own),
        None => asked.owner.parse().ok(),
    };
    Ok(ContactFilter {
        text,
        keys,
        owner,
        group: asked.group.parse().ok(),
        level: asked.level.parse().ok(),
        source: Some(asked.source.trim().to_owned()).filter(|source| !source.is_empty()),
    })
}

impl Asked {
    /// The query of the page behind a contact.
    fn behind(&self, last: &ListedContact) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let fields = [
            ("q", &self.q),
            ("group", &self.group),
            ("level", &self.level),
            ("source", &self.source),
            ("owner", &self.owner),
        ];
        query.extend_pairs(fields.into_iter().filter(|(_, text)| !text.is_empty()));
        query.append_pair("name", &last.sort_name).append_pair("after", &last.id.to_string());
        query.finish()
    }
}

impl Contacts {
    fn group(&self, group: &Group) -> &'static str {
        words::group(*group, self.page.locale())
    }

    fn level(&self, level: &Level) -> &'static str {
        words::level(*level, self.page.locale())
    }

    fn is_filtered(&self) -> bool {
        let asked = &self.asked;
        [&asked.q, &asked.group, &asked.level, &asked.source, &asked.owner]
            .iter()
            .any(|text| !text.is_empty())
    }
}
