//! Entries in the reader's words.

use domain::Locale;
use office::words;
use storage::suppressions::{Entry, ToldEntry};

use crate::page::Page;

/// An entry as it stands in a table.
pub struct Row {
    pub event: String,
    pub covers: String,
    pub reason: &'static str,
    pub origin: &'static str,
    pub since: String,
    pub until: Option<String>,
    pub actor: String,
    pub evidence: Option<String>,
    /// Id and name of a contact with the address.
    pub contact: Option<(String, String)>,
    /// Who wishes to lift it, since when, why and on what.
    pub lift: Option<Wish>,
}

/// A wish to lift an entry, as it is shown.
pub struct Wish {
    pub actor: String,
    pub at: String,
    pub reason: String,
    pub evidence: String,
    /// Whether it is the reader's own, who then cannot be the second person.
    pub is_own: bool,
}

impl Row {
    pub fn of(told: &ToldEntry, page: &Page) -> Self {
        let ToldEntry { entry, actor, evidence, contact, lift } = told;
        let reader = page.actor().unwrap_or_default();
        Self {
            event: entry.event.to_string(),
            covers: covers(entry, page.locale()),
            reason: words::suppression_reason(entry.reason, page.locale()),
            origin: words::origin(entry.origin, page.locale()),
            since: page.by_machine(&entry.since),
            until: entry.expires_at.as_ref().map(|until| page.moment(until)),
            actor: actor.clone(),
            evidence: evidence.clone(),
            contact: contact.as_ref().map(|(id, name)| (id.to_string(), name.clone())),
            lift: lift.as_ref().map(|wish| Wish {
                actor: wish.actor.clone(),
                at: page.by_machine(&wish.at),
                reason: wish.reason.clone(),
                evidence: wish.evidence.clone(),
                is_own: wish.is_of(reader),
            }),
        }
    }

    pub fn all(told: &[ToldEntry], page: &Page) -> Vec<Self> {
        told.iter().map(|one| Self::of(one, page)).collect()
    }
}

/// What an entry covers.
pub fn covers(entry: &Entry, locale: Locale) -> String {
    match (entry.channel, entry.topic) {
        (Some(channel), Some(topic)) => {
            let topic = words::embedded(topic.as_str(), locale);
            format!("{} · {topic}", words::contact_channel(channel, locale))
        }
        (Some(channel), None) => words::contact_channel(channel, locale).to_owned(),
        (None, _) => words::scope(entry.scope, locale).to_owned(),
    }
}
