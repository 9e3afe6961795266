//! One plan, step by step, and its versions.

use askama::Template;
use axum::extract::{Path, Query, State};
use domain::access::Permission;
use domain::plan::{Anchor, Plan, Repeat, Step};
use domain::{Locale, Medium};
use serde::Deserialize;
use storage::plan_use::{MANY, PlanPast};
use storage::plans::PlanVersion;

use super::problems;
use crate::app::App;
use crate::page::Page;
use crate::trouble::{Answer, Trouble};

/// Which version.
#[derive(Debug, Deserialize)]
pub struct Which {
    version: Option<i32>,
}

/// One step, in the reader's words.
pub struct Shown {
    pub day: String,
    pub time: String,
    pub channel: &'static str,
    pub is_automatic: bool,
    /// The purpose per language.
    pub purposes: Vec<(Locale, String)>,
    pub template: String,
    pub anchor: Option<String>,
    pub counts: bool,
}

impl Shown {
    fn of(step: &Step, page: &Page) -> Self {
        let purposes = step.purpose.iter().map(|(locale, text)| (*locale, text.clone()));
        Self {
            day: step.day.to_string(),
            time: step.at().strftime("%H:%M").to_string(),
            channel: office::words::channel(step.channel, page.locale()),
            is_automatic: step.channel.medium() != Medium::Call,
            purposes: purposes.collect(),
            template: step.template.clone(),
            anchor: step.anchor.as_ref().map(|anchor| anchor_in_words(anchor, page)),
            counts: step.counts,
        }
    }
}

/// What decides the day instead of its number.
pub fn anchor_in_words(anchor: &Anchor, page: &Page) -> String {
    match anchor {
        Anchor::Birthday => page.say("anchor-birthday"),
        Anchor::SpouseBirthday => page.say("anchor-spouse-birthday"),
        Anchor::Closing => page.say("anchor-closing"),
        Anchor::Holiday(key) => page.with("anchor-holiday", key.as_str()),
    }
}

#[derive(Template)]
#[template(path = "plans/plan.html")]
struct OnePlan {
    page: Page,
    version: PlanVersion,
    is_current: bool,
    steps: Vec<Shown>,
    past: Vec<PlanPast>,
    problems: Vec<String>,
}

impl OnePlan {
    const fn plan(&self) -> &Plan {
        &self.version.plan
    }

    fn is_yearly(&self) -> bool {
        self.plan().repeat == Repeat::Yearly
    }

    fn description(&self) -> Option<&String> {
        self.plan().description.get(&self.page.locale())
    }
}

/// "120", or "10000+".
pub fn counted(n: i64) -> String {
    if n >= MANY { format!("{n}+") } else { n.to_string() }
}

/// `GET /plans/{key}`.
pub async fn show(
    State(app): State<App>,
    page: Page,
    Path(key): Path<String>,
    Query(which): Query<Which>,
) -> Answer {
    let current = app.database.current_plan(&key).await?.ok_or(Trouble::NotFound)?;
    let version = match which.version {
        Some(number) if number != current.version => {
            app.database.plan_of_version(&key, number).await?.ok_or(Trouble::NotFound)?
        }
        _ => current.clone(),
    };
    let past = app.database.plan_past(&key).await?;
    let problems = problems::of(&version.plan, &app, &page).await?;
    let steps = version.plan.steps.iter().map(|step| Shown::of(step, &page)).collect();
    let is_current = version.version == current.version;
    page.show(&OnePlan { page: page.clone(), version, is_current, steps, past, problems })
}
