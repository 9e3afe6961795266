//! What is coming for one contact, and what would be held or blocked and why, by the very code that
//! plans and decides.

use askama::Template;
use axum::extract::{Path, Query, State};
use domain::clock::date_time;
use domain::gate::Decision;
use domain::{ContactId, Reason};
use jiff::tz::TimeZone;
use office::calendar::{self, Coming, Entry, Span};
use serde::Deserialize;
use storage::contacts::Contact;

use crate::app::App;
use crate::page::Page;
use crate::trouble::{Answer, Trouble};

/// As far as people ask by default.
const DAYS: u16 = 90;

/// How far to look.
#[derive(Debug, Deserialize)]
pub struct Asked {
    days: Option<u16>,
}

#[derive(Template)]
#[template(path = "plans/calendar.html")]
struct Calendar {
    page: Page,
    contact: Contact,
    coming: Coming,
    /// What the gate would say about each, as things stand.
    decisions: Vec<Option<Decision>>,
    /// The keys of templates that are sent.
    sendable: Vec<String>,
    days: u16,
}

impl Calendar {
    fn channel(&self, entry: &Entry) -> &'static str {
        office::words::channel(entry.channel, self.page.locale())
    }

    fn state(&self, entry: &Entry) -> String {
        match entry.state {
            Some(state) => office::words::touch_state(state, self.page.locale()).to_owned(),
            None => self.page.say("calendar-planned"),
        }
    }

    fn day(&self, entry: &Entry) -> String {
        let zone = TimeZone::get(&entry.zone).unwrap_or(TimeZone::UTC);
        let at = office::local::zoned(entry.due_at, &zone);
        office::local::day(at.date(), self.page.locale())
    }

    /// How it would end: a word for its colour, and the sentence.
    fn fate(&self, place: &usize) -> (&'static str, String) {
        let locale = self.page.locale();
        let told = |key: &str, reason: &Reason| {
            self.page.with(key, office::words::reason(&reason.to_string(), locale))
        };
        let decision = self.decisions.get(*place).and_then(Option::as_ref);
        let template = self.coming.entries.get(*place).map(|entry| entry.template.as_str());
        let leaves = matches!(decision, Some(Decision::Send | Decision::Wait { .. }));
        if leaves && template.is_some_and(|key| !self.sendable.iter().any(|own| own == key)) {
            return ("bad", self.page.say("fate-no-template"));
        }
        match decision {
            None | Some(Decision::Send) => ("good", self.page.say("fate-send")),
            Some(Decision::Wait { until, reason }) => {
                let zone = TimeZone::get(&self.coming.zone).unwrap_or(TimeZone::UTC);
                let until = office::local::moment(date_time(*until), &zone, locale);
                let reason = office::words::reason(&reason.to_string(), locale);
                let values = [("until", until.into()), ("it", reason.into())];
                ("warn", self.page.with_all("fate-wait", &values))
            }
            Some(Decision::Hold(reason)) => ("warn", told("fate-hold", reason)),
            Some(Decision::Block(reason)) => ("bad", told("fate-block", reason)),
            Some(Decision::Skip(reason)) => ("bad", told("fate-skip", reason)),
        }
    }

    fn cause(&self, entry: &Entry) -> String {
        entry.cause.in_words(self.page.locale())
    }
}

/// `GET /contacts/{contact}/calendar`.
pub async fn show(
    State(app): State<App>,
    page: Page,
    Path(id): Path<ContactId>,
    Query(asked): Query<Asked>,
) -> Answer {
    let contact = app.database.contact(id).await?.ok_or(Trouble::NotFound)?;
    let team = app.settings.team.office();
    let days = asked.days.unwrap_or(DAYS).clamp(1, 366);
    let span = Span { now: app.clock.now(), days, locale: page.locale() };
    let calendar = app.library.calendar();
    let foreseen = async {
        let coming = calendar::coming(&contact, span, &app.database, &team, calendar).await?;
        let now = app.clock.now();
        let decisions = calendar::decisions(&contact, &coming, &app.foresight, now).await?;
        Ok((coming, decisions))
    };
    let ((coming, decisions), templates) =
        tokio::try_join!(foreseen, app.database.template_rows())?;
    let templates = templates.into_iter();
    let sendable = templates.filter(|row| row.version.is_some() && !row.retired);
    let sendable = sendable.map(|row| row.key).collect();
    page.show(&Calendar { page: page.clone(), contact, coming, decisions, sendable, days })
}
