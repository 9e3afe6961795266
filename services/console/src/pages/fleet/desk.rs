//! The desk: touches that wait for a person, by cause and one by one.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use chrono::{DateTime, Utc};
use domain::access::Permission;
use domain::desk::{Left, Resolution};
use domain::{Channel, TouchId};
use office::words;
use serde::Deserialize;
use storage::desk::{DecisionRecord, DeskGroup, DeskTouch};

use super::cause::Cause;
use crate::app::App;
use crate::page::Page;
use crate::trouble::{Answer, Trouble};

/// Touches on one page.
const PAGE: u32 = 50;
/// Decisions that are shown, the newest.
const DECISIONS: u32 = 10;

#[derive(Template)]
#[template(path = "fleet/desk.html")]
struct Desk {
    page: Page,
    groups: Arc<Vec<DeskGroup>>,
    decisions: Vec<DecisionRecord>,
}

impl Desk {
    fn address(group: &DeskGroup) -> String {
        Cause::of(group).address(&[])
    }

    fn kind(&self, group: &DeskGroup) -> &'static str {
        words::attention(group.kind, self.page.locale())
    }

    fn reason(&self, group: &DeskGroup) -> String {
        words::reason(&group.code, self.page.locale())
    }

    fn channel(&self, group: &DeskGroup) -> &'static str {
        words::channel(group.channel, self.page.locale())
    }

    fn resolution(&self, record: &DecisionRecord) -> &'static str {
        words::resolution(record.resolution, self.page.locale())
    }
}

/// `GET /fleet/desk`.
pub async fn show(State(app): State<App>, page: Page) -> Answer {
    let groups = app.glances.desk(&app).await?;
    let decisions = app.database.touch_decisions(DECISIONS).await?;
    page.show(&Desk { page: page.clone(), groups, decisions })
}

/// Where on the list, and what became of the decision just made.
#[derive(Debug, Default, Deserialize)]
pub struct Place {
    #[serde(flatten)]
    cause: Cause,
    #[serde(default)]
    after: String,
    #[serde(default)]
    did: String,
    #[serde(default)]
    done: String,
    #[serde(default)]
    left: String,
}

/// What was decided, for how many, and how many were left for which reason.
pub struct Outcome {
    resolution: Resolution,
    done: usize,
    left: Vec<(Left, usize)>,
}

impl Outcome {
    /// As [`super::decide`] names it in the address.
    fn of(place: &Place) -> Option<Self> {
        let left = place.left.split(',').filter_map(|one| {
            let (why, count) = one.split_once(':')?;
            Some((why.parse().ok()?, count.parse().ok()?))
        });
        Some(Self {
            resolution: place.did.parse().ok()?,
            done: place.done.parse().ok()?,
            left: left.collect(),
        })
    }
}

/// The touches of a cause, and the form to decide about them.
#[derive(Template)]
#[template(path = "fleet/touches.html")]
pub struct Touches {
    page: Page,
    cause: Cause,
    touches: Vec<DeskTouch>,
    next: Option<String>,
    is_first: bool,
    outcome: Option<Outcome>,
    why: String,
    problem: Option<String>,
    may_operate: bool,
    sees_names: bool,
}

impl Touches {
    fn kind(&self, touch: &DeskTouch) -> &'static str {
        words::attention(touch.kind, self.page.locale())
    }

    fn reason(&self, touch: &DeskTouch) -> String {
        let stored = touch.reason.as_deref().unwrap_or(&touch.code);
        words::reason(stored, self.page.locale())
    }

    fn channel(&self, channel: &Channel) -> &'static str {
        words::channel(*channel, self.page.locale())
    }

    fn resolution(&self, resolution: &Resolution) -> &'static str {
        words::resolution(*resolution, self.page.locale())
    }

    fn left(&self, why: &Left) -> &'static str {
        words::left(*why, self.page.locale())
    }

    /// The cause in words, for the heading.
    fn heading(&self) -> String {
        let locale = self.page.locale();
        let kind = self.cause.kind.parse().map(|kind| words::attention(kind, locale));
        let kind = kind.map_or_else(|_| self.page.say("desk-all"), str::to_owned);
        match self.cause.code.as_str() {
            "" => kind,
            code => format!("{kind}: {}", words::reason(code, locale)),
        }
    }
}

/// `GET /fleet/desk/touches`.
pub async fn touches(State(app): State<App>, page: Page, Query(place): Query<Place>) -> Answer {
    let outcome = Outcome::of(&place);
    let touches = list(&app, &page, &place.cause, &place.after, String::new(), None).await?;
    page.show(&Touches { outcome, ..touches })
}

/// The same page again, from its beginning, with what is wrong with the form.
pub async fn again(app: &App, page: &Page, cause: &Cause, why: &str, problem: String) -> Answer {
    let shown = list(app, page, cause, "", why.to_owned(), Some(problem)).await?;
    page.show_again(&shown)
}

async fn list(
    app: &App,
    page: &Page,
    cause: &Cause,
    after: &str,
    why: String,
    problem: Option<String>,
) -> Result<Touches, Trouble> {
    let filter = cause.filter(Vec::new()).ok_or(Trouble::NotFound)?;
    let place = place(after);
    let mut touches = app.database.desk_touches(&filter, place, PAGE + 1).await?;
    let has_more = touches.len() > PAGE as usize;
    touches.truncate(PAGE as usize);
    let last = touches.last().filter(|_| has_more);
    let next = last.map(|last| {
        let after = format!("{}_{}", last.since.timestamp_micros(), last.id);
        cause.address(&[("after", &after)])
    });
    Ok(Touches {
        page: page.clone(),
        cause: cause.clone(),
        touches,
        next,
        is_first: place.is_none(),
        outcome: None,
        why,
        problem,
        may_operate: page.may(Permission::FleetOperate),
        sees_names: page.may(Permission::ContactsReadAll),
    })
}

/// The last touch of the page before; from the start where it cannot be read.
fn place(after: &str) -> Option<(DateTime<Utc>, TouchId)> {
    let (micros, touch) = after.split_once('_')?;
    Some((DateTime::from_timestamp_micros(micros.parse().ok()?)?, touch.parse().ok()?))
}
