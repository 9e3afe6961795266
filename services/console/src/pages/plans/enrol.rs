//! Enrolling many people at once: first what would follow, then, on a second press, the enrolling.

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use domain::contact::{Group, Level};
use jiff::civil::Date;
use office::enrolment::{Enroller, Selection, Summary};
use serde::Deserialize;
use storage::plans::PlanVersion;

use crate::app::App;
use crate::page::Page;
use crate::trouble::{Answer, Trouble};

/// Who, and from when on.
#[derive(Debug, Default, Deserialize)]
pub struct Filled {
    #[serde(default)]
    group: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    level: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    start: String,
    everybody: Option<String>,
    /// Whether the form was sent at all.
    look: Option<String>,
}

impl Filled {
    /// The selection; none when nothing narrows it and nobody said that everybody is meant, or when
    /// the day is none.
    fn selection(&self) -> Result<(Selection, Option<Date>), &'static str> {
        let text = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let selection = Selection {
            contacts: None,
            group: self.group.parse().ok(),
            source: text(&self.source),
            level: self.level.parse().ok(),
            contact_type: text(&self.kind),
        };
        let is_narrowed = selection.group.is_some()
            || selection.level.is_some()
            || selection.source.is_some()
            || selection.contact_type.is_some();
        if !is_narrowed && self.everybody.is_none() {
            return Err("enrol-nobody-chosen");
        }
        match text(&self.start) {
            None => Ok((selection, None)),
            Some(day) => match day.parse() {
                Ok(day) => Ok((selection, Some(day))),
                Err(_) => Err("enrol-day-wrong"),
            },
        }
    }
}

#[derive(Template)]
#[template(path = "plans/enrol.html")]
struct Enrolling {
    page: Page,
    version: PlanVersion,
    filled: Filled,
    summary: Option<Summary>,
    problem: Option<String>,
}

impl Enrolling {
    fn groups(&self) -> Vec<(&'static str, &'static str)> {
        let word = |group: &Group| office::words::group(*group, self.page.locale());
        Group::ALL.iter().map(|group| (group.as_str(), word(group))).collect()
    }

    fn levels(&self) -> Vec<(&'static str, &'static str)> {
        let word = |level: &Level| office::words::level(*level, self.page.locale());
        Level::ALL.iter().map(|level| (level.as_str(), word(level))).collect()
    }

    /// Channel and number of messages.
    fn messages(&self) -> Vec<(&'static str, u64)> {
        let all = self.summary.iter().flat_map(|summary| &summary.messages);
        let word = |channel| office::words::channel(channel, self.page.locale());
        all.map(|(channel, count)| (word(*channel), *count)).collect()
    }
}

/// `GET /plans/{key}/enrol`: whom to enrol, and once that is chosen, what would follow.
pub async fn show(
    State(app): State<App>,
    page: Page,
    Path(key): Path<String>,
    Query(filled): Query<Filled>,
) -> Answer {
    if filled.look.is_none() {
        let enrolling = blank(&app, &page, &key, filled).await?;
        return page.show(&enrolling);
    }
    go(&app, &page, &key, filled, true).await
}

/// `POST /plans/{key}/enrol`: enrols them. People who are in the plan already are left alone, so a
/// second press does nothing more.
pub async fn enrol(
    State(app): State<App>,
    page: Page,
    Path(key): Path<String>,
    Form(filled): Form<Filled>,
) -> Answer {
    go(&app, &page, &key, filled, false).await
}

async fn blank(app: &App, page: &Page, key: &str, filled: Filled) -> Result<Enrolling, Trouble> {
    let version = app.database.current_plan(key).await?.ok_or(Trouble::NotFound)?;
    Ok(Enrolling { page: page.clone(), version, filled, summary: None, problem: None })
}

async fn go(app: &App, page: &Page, key: &str, filled: Filled, only_look: bool) -> Answer {
    let mut enrolling = blank(app, page, key, filled).await?;
    let (selection, start) = match enrolling.filled.selection() {
        Ok(selected) => selected,
        Err(why) => {
            enrolling.problem = Some(page.say(why));
            return page.show_again(&enrolling);
        }
    };
    let enroller = Enroller {
        version: enrolling.version.clone(),
        calendar: app.library.calendar().clone(),
        default_zone: app.settings.team.default_time_zone.clone(),
        start,
        now: app.clock.now(),
    };
    let mut silent = |_| {};
    let summary = if only_look {
        enroller.preview(&selection, &app.database, &mut silent).await?
    } else {
        let done = enroller.enrol(&selection, &app.database, &mut silent).await?;
        tracing::info!(plan = key, contacts = done.contacts, "people were enrolled in the console");
        done
    };
    enrolling.summary = Some(summary);
    page.show(&enrolling)
}
