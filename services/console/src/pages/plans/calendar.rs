//! What is coming for one contact, by the very code that plans.

use askama::Template;
use axum::extract::{Path, Query, State};
use domain::ContactId;
use jiff::tz::TimeZone;
use office::calendar::{self, Coming, Entry, Span};
use office::{Connection, people};
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
    let connection = Connection { database: app.database.clone(), keyer: app.keyer.clone() };
    let region = &app.settings.team.default_region;
    let found = people::find(&id.to_string(), region, &connection).await?;
    let contact = found.into_iter().find(|own| own.id == id).ok_or(Trouble::NotFound)?;
    let team = office::Team {
        default_region: region.clone(),
        default_locale: app.settings.team.default_locale,
        default_time_zone: app.settings.team.default_time_zone.clone(),
    };
    let days = asked.days.unwrap_or(DAYS).clamp(1, 366);
    let span = Span { now: app.clock.now(), days, locale: page.locale() };
    let calendar = app.library.calendar();
    let coming = calendar::coming(&contact, span, &app.database, &team, calendar).await?;
    page.show(&Calendar { page: page.clone(), contact, coming, days })
}
