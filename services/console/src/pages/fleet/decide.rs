//! Deciding about touches of the desk: first how many it is about, then, when that is confirmed, what
//! was done and what was left.

use std::fmt::Write as _;

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use domain::TouchId;
use domain::desk::{Attention, Resolution};
use office::words;
use storage::desk::{Decision, DeskFilter, MOST_AT_ONCE, Resolved};

use super::cause::Cause;
use super::desk;
use super::why::{self, Wrong};
use crate::app::App;
use crate::page::Page;
use crate::trouble::{Answer, Trouble};

/// What was filled in.
struct Asked {
    cause: Cause,
    /// These alone; none where the whole cause is meant.
    touches: Vec<TouchId>,
    resolution: Resolution,
    why: String,
    /// How many the person was shown, and agreed to.
    confirmed: Option<u32>,
}

/// How many touches a decision is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Count {
    /// Of those that wait for such a decision.
    touches: u32,
    /// Those of them that may have arrived already, and would be sent again.
    in_doubt: u32,
}

#[derive(Template)]
#[template(path = "fleet/decide.html")]
struct Sure {
    page: Page,
    asked: Asked,
    count: Count,
}

impl Sure {
    fn resolution(&self) -> &'static str {
        words::resolution(self.asked.resolution, self.page.locale())
    }

    /// How many one decision moves.
    fn most(&self) -> u32 {
        self.count.touches.min(MOST_AT_ONCE)
    }
}

/// `POST /fleet/desk/decide`: asks whether that is meant, and carries it out once it is confirmed.
pub async fn decide(
    State(app): State<App>,
    page: Page,
    Form(fields): Form<Vec<(String, String)>>,
) -> Answer {
    let asked = match asked(&fields) {
        Ok(asked) => asked,
        Err(problem) => {
            let cause = Cause::in_form(&fields);
            let why = value(&fields, "why");
            return desk::again(&app, &page, &cause, why, problem.told(&page)).await;
        }
    };
    let filter = asked.cause.filter(asked.touches.clone()).ok_or(Trouble::NotFound)?;
    if let Some(most) = asked.confirmed {
        let decision = Decision {
            resolution: asked.resolution,
            actor: page.actor()?,
            why: &asked.why,
            now: app.clock.now(),
            // No more than the person was shown, whatever has joined them since.
            most,
        };
        let resolved = app.database.resolve_touches(&filter, &decision).await?;
        app.glances.forget().await;
        return Ok(Redirect::to(&outcome(&asked, &resolved)).into_response());
    }
    let count = count(&app, &asked, &filter).await?;
    if count.touches == 0 {
        let problem = Wrong::NothingWaits.told(&page);
        return desk::again(&app, &page, &asked.cause, &asked.why, problem).await;
    }
    page.show(&Sure { page: page.clone(), asked, count })
}

fn value<'a>(fields: &'a [(String, String)], name: &str) -> &'a str {
    fields.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value.as_str())
}

fn asked(fields: &[(String, String)]) -> Result<Asked, Wrong> {
    let resolution = value(fields, "resolution").parse().map_err(|_| Wrong::ResolutionMissing)?;
    let named = fields.iter().filter(|(name, _)| name == "touch");
    let mut touches: Vec<TouchId> = named.filter_map(|(_, id)| id.parse().ok()).collect();
    match value(fields, "which") {
        "all" => touches.clear(),
        _ if touches.is_empty() => return Err(Wrong::NothingChosen),
        _ => {}
    }
    Ok(Asked {
        cause: Cause::in_form(fields),
        touches,
        resolution,
        why: why::said(value(fields, "why"))?.to_owned(),
        confirmed: value(fields, "confirmed").parse().ok(),
    })
}

/// How many wait for such a decision now.
async fn count(app: &App, asked: &Asked, filter: &DeskFilter) -> Result<Count, Trouble> {
    let Asked { cause, touches, resolution, .. } = asked;
    let kinds = resolution.applies_to();
    let repeats = matches!(resolution, Resolution::Resume | Resolution::Replay);
    let (all, doubted) = if touches.is_empty() {
        let groups = app.database.desk_groups(kinds).await?;
        let own = groups.iter().filter(|group| cause.has(group));
        own.fold((0, 0), |(all, doubted), group| {
            let is_doubted = group.kind == Attention::Unknown;
            (all + group.count, doubted + if is_doubted { group.count } else { 0 })
        })
    } else {
        let waiting = app.database.desk_touches(filter, None, MOST_AT_ONCE).await?;
        let own = waiting.iter().filter(|touch| kinds.contains(&touch.kind));
        own.fold((0, 0), |(all, doubted), touch| (all + 1, doubted + i64::from(touch.doubts > 0)))
    };
    let of = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
    Ok(Count { touches: of(all), in_doubt: if repeats { of(doubted) } else { 0 } })
}

/// The address that tells what was done and what was left.
fn outcome(asked: &Asked, resolved: &Resolved) -> String {
    let mut left = String::new();
    for (why, count) in resolved.left_by_reason() {
        let comma = if left.is_empty() { "" } else { "," };
        // Writing to a string does not fail.
        let _ = write!(left, "{comma}{why}:{count}");
    }
    let (did, done) = (asked.resolution.as_str(), resolved.done.len().to_string());
    asked.cause.address(&[("did", did), ("done", &done), ("left", &left)])
}
