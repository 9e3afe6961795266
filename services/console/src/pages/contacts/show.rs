//! One contact: who it is, how to reach it and what stops that, plans, consents, and what happened.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use domain::access::Permission::{ContactsWrite, Enrol, TasksWork};
use domain::contact::{Group, Level};
use domain::interaction::InteractionKind;
use domain::{ContactId, EnrolmentState, Locale};
use office::people::{Card, CardAddress, CardEnrolment, card, keys_of};
use office::words;
use serde::Deserialize;
use storage::consents::Consent;
use storage::contacts::{Contact, TimelinePage};
use storage::tasks::Agent;
use uuid::Uuid;

use crate::access::reader::visible_contact;
use crate::app::App;
use crate::page::Page;
use crate::pages::happenings::{Line, line};
use crate::pages::plans::plan_names;
use crate::trouble::{Answer, Trouble};

/// Happenings on a page.
const PAGE: u32 = 25;

/// Which part of the timeline: the time and the id where the page before ended.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    before: Option<String>,
}

#[derive(Template)]
#[template(path = "contacts/contact.html")]
pub(super) struct OneContact {
    page: Page,
    card: Card,
    /// What plans are called, by key.
    plans: BTreeMap<String, String>,
    consents: Vec<Consent>,
    lines: Vec<Line>,
    more: Option<String>,
    may_write: bool,
    may_note: bool,
    /// Who may look after the contact, for whoever may say so.
    agents: Vec<Agent>,
    owner: Option<Uuid>,
    may_enrol: bool,
    problem: Option<String>,
}

/// `GET /contacts/{contact}`.
pub async fn show(
    State(app): State<App>,
    page: Page,
    Path(id): Path<ContactId>,
    Query(asked): Query<Asked>,
) -> Answer {
    let contact = visible_contact(&app, &page, id).await?;
    let before = asked.before.as_deref().and_then(place);
    page.show(&one(contact, before, None, &app, &page).await?)
}

/// The page of a contact, again, with what is wrong.
pub(super) async fn again(contact: Contact, problem: String, app: &App, page: &Page) -> Answer {
    let mut shown = page.show(&one(contact, None, Some(problem), app, page).await?)?;
    *shown.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(shown)
}

async fn one(
    contact: Contact,
    before: Option<(DateTime<Utc>, Uuid)>,
    problem: Option<String>,
    app: &App,
    page: &Page,
) -> Result<OneContact, Trouble> {
    let office = app.office();
    let keys = keys_of(&contact, &office);
    let (id, owner) = (contact.id, contact.owner);
    let asked =
        TimelinePage { contact: id, keys: &keys, only_contact: false, before, limit: PAGE + 1 };
    let agents = async {
        match page.may(ContactsWrite) {
            true => app.database.agents().await,
            false => Ok(Vec::new()),
        }
    };
    let (agents, plans, mut happened, consents, card) = tokio::try_join!(
        agents,
        app.database.current_plans(),
        app.database.timeline(&asked),
        app.database.consents(id),
        card(contact, &office),
    )?;
    let plans = plan_names(&plans, page);
    let has_more = happened.len() > PAGE as usize;
    happened.truncate(PAGE as usize);
    let more = happened.last().filter(|_| has_more);
    let more = more.map(|last| format!("{}_{}", last.at.timestamp_micros(), last.id));
    Ok(OneContact {
        agents,
        owner,
        consents,
        lines: happened.iter().map(|happening| line(happening, &plans, page)).collect(),
        card,
        plans,
        more,
        may_write: page.may(ContactsWrite),
        may_note: page.may(ContactsWrite) || page.may(TasksWork),
        may_enrol: page.may(Enrol),
        problem,
        page: page.clone(),
    })
}

fn place(text: &str) -> Option<(DateTime<Utc>, Uuid)> {
    let (at, id) = text.split_once('_')?;
    Some((DateTime::from_timestamp_micros(at.parse().ok()?)?, id.parse().ok()?))
}

impl OneContact {
    fn is_owner(&self, agent: &Agent) -> bool {
        self.owner == Some(agent.id)
    }

    fn group(&self, group: &Group) -> &'static str {
        words::group(*group, self.page.locale())
    }

    fn level(&self, level: &Level) -> &'static str {
        words::level(*level, self.page.locale())
    }

    fn language(&self, locale: &Locale) -> &'static str {
        words::language(*locale, self.page.locale())
    }

    fn kind(&self, address: &CardAddress) -> &'static str {
        words::address_kind(address.kind, self.page.locale())
    }

    /// Where the person is, from the nearest on.
    fn place(&self) -> Vec<&str> {
        let Card { area, city, state, country, .. } = &self.card;
        [area, city, state, country].into_iter().filter_map(Option::as_deref).collect()
    }

    /// What stops an address, a line per channel.
    fn stops(&self, address: &CardAddress) -> Vec<String> {
        let locale = self.page.locale();
        let told = address.suppressed.iter().map(|(channel, stop)| {
            let reason = words::suppression_reason(stop.0.reason, locale);
            let channel = words::contact_channel(*channel, locale);
            format!("{channel}: {reason}, {}", self.page.by_machine(&stop.0.since))
        });
        told.collect()
    }

    /// What a plan is called; its key where it is called nothing else.
    fn plan<'a>(&'a self, key: &'a str) -> &'a str {
        self.plans.get(key).map_or(key, String::as_str)
    }

    /// The first day of an enrolment.
    fn since(&self, enrolment: &CardEnrolment) -> String {
        let day = enrolment.starts_on.parse();
        day.map_or_else(|_| enrolment.starts_on.clone(), |day| self.page.day(&day))
    }

    fn state(&self, state: &EnrolmentState) -> &'static str {
        words::enrolment_state(*state, self.page.locale())
    }

    fn because(&self, reason: &str) -> String {
        words::reason(reason, self.page.locale())
    }

    fn basis(&self, consent: &Consent) -> String {
        let locale = self.page.locale();
        let channels: Vec<&str> =
            consent.uses.iter().map(|(it, _)| words::contact_channel(*it, locale)).collect();
        format!("{} · {}", words::legal_basis(consent.basis, locale), channels.join(" · "))
    }
}
