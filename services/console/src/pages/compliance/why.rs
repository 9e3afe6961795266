//! Why somebody was, or was not, contacted on a day. That it was asked is noted.

use askama::Template;
use axum::extract::{Query, State};
use jiff::civil::Date;
use office::audit::{self, Question, Told, Unanswerable};
use office::local;
use serde::Deserialize;

use crate::app::App;
use crate::page::Page;
use crate::trouble::Answer;

/// Whose day, and which.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    address: String,
    #[serde(default)]
    day: String,
}

#[derive(Template)]
#[template(path = "compliance/why.html")]
struct Why {
    page: Page,
    address: String,
    day: String,
    told: Option<Told>,
    /// The touches of that day.
    touches: Vec<String>,
    problem: Option<String>,
}

/// `GET /compliance/why`.
pub async fn show(State(app): State<App>, page: Page, Query(asked): Query<Asked>) -> Answer {
    let today = local::zoned(app.clock.now(), &app.settings.zone).date();
    let mut why = Why {
        page: page.clone(),
        address: asked.address.trim().to_owned(),
        day: asked.day,
        told: None,
        touches: Vec::new(),
        problem: None,
    };
    if why.address.is_empty() {
        why.day = today.to_string();
        return page.show(&why);
    }
    let Ok(day) = why.day.trim().parse::<Date>() else {
        why.problem = Some(page.say("why-day-wrong"));
        return page.show_again(&why);
    };
    let question = Question {
        address: why.address.clone(),
        region: app.settings.team.default_region.clone(),
        day,
        zone: app.settings.zone.clone(),
        actor: page.actor()?.to_owned(),
    };
    match audit::why(&question, &app.office()).await {
        Ok(answer) => {
            why.touches = answer.touches.iter().map(|own| own.touch.to_string()).collect();
            why.touches.dedup();
            why.told = Some(audit::words(&answer, page.locale()));
            page.show(&why)
        }
        Err(error) => match error.downcast::<Unanswerable>() {
            Ok(unanswerable) => {
                why.problem = Some(unanswerable.in_words(page.locale()));
                page.show_again(&why)
            }
            Err(error) => Err(error.into()),
        },
    }
}
