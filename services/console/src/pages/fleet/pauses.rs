//! What people and circuit breakers have stopped: open pauses, past ones, stopping and lifting.

use std::collections::BTreeMap;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use domain::access::Permission;
use domain::pause::PauseScope;
use domain::{ContactChannel, PauseId};
use office::words;
use serde::Deserialize;
use storage::fleet::state::COUNTED_AT_MOST;
use storage::pauses::{NewPause, PauseRecord};

use super::told;
use super::why::{self, Wrong};
use crate::app::App;
use crate::page::Page;
use crate::trouble::{Answer, Trouble};

/// The most that are open at once, and that are shown.
const MOST_OPEN: u32 = 1000;
/// So many of the newest are looked at for what is past.
const MOST_PAST: u32 = 200;

/// What is to be paused, as it was filled in: of the last four, the one the scope names counts.
#[derive(Debug, Default, Deserialize)]
pub struct Filled {
    #[serde(default)]
    scope: String,
    #[serde(default)]
    channel: String,
    #[serde(default)]
    domain: String,
    #[serde(default)]
    plan: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    why: String,
}

/// Why it may go on.
#[derive(Debug, Default, Deserialize)]
pub struct Lifting {
    #[serde(default)]
    why: String,
}

#[derive(Template)]
#[template(path = "fleet/pauses.html")]
struct Pauses {
    page: Page,
    open: Vec<PauseRecord>,
    /// How many touches wait, by the reason that is noted of them.
    waiting: BTreeMap<String, i64>,
    past: Vec<PauseRecord>,
    /// Keys and names.
    plans: Vec<(String, String)>,
    filled: Filled,
    problem: Option<String>,
    may_operate: bool,
}

impl Pauses {
    fn covered(&self, record: &PauseRecord) -> String {
        told::covered(&self.page, &record.pause)
    }

    /// How many touches wait for a pause, in words.
    fn waiting(&self, record: &PauseRecord) -> String {
        match self.waiting.get(&record.pause.reason_to_wait().to_string()) {
            Some(count) if *count >= COUNTED_AT_MOST => {
                self.page.with("pause-waiting-many", *count)
            }
            count => self.page.with("pause-waiting", count.copied().unwrap_or_default()),
        }
    }

    fn by(&self, record: &PauseRecord) -> String {
        record.opened_by.clone().unwrap_or_else(|| self.page.say("pause-breaker"))
    }

    /// The figures a circuit breaker opened it for; a person's pause has none.
    fn figures(&self, record: &PauseRecord) -> Vec<(String, String)> {
        let figures = record.evidence.as_object().filter(|_| record.opened_by.is_none());
        let told = figures.into_iter().flatten().map(|(name, value)| match value {
            serde_json::Value::String(text) => (name.clone(), text.clone()),
            other => (name.clone(), other.to_string()),
        });
        told.collect()
    }

    fn channels(&self) -> Vec<(&'static str, &'static str)> {
        let word = |channel: &ContactChannel| words::contact_channel(*channel, self.page.locale());
        ContactChannel::ALL.iter().map(|channel| (channel.as_str(), word(channel))).collect()
    }

    fn scope(&self, scope: &PauseScope) -> &'static str {
        words::pause_scope(*scope, self.page.locale())
    }

    fn is_chosen(&self, scope: &PauseScope) -> bool {
        self.filled.scope == scope.as_str()
    }
}

async fn pauses(
    app: &App,
    page: &Page,
    filled: Filled,
    problem: Option<String>,
) -> Result<Pauses, Trouble> {
    let open = app.database.pauses(true, MOST_OPEN).await?;
    let waiting = app.database.waiting_for_pauses(app.clock.now()).await?;
    let newest = app.database.pauses(false, MOST_PAST).await?;
    let past = newest.into_iter().filter(|record| record.lift.is_some()).collect();
    let may_operate = page.may(Permission::FleetOperate);
    let plans = match may_operate {
        true => app.database.current_plans().await?,
        false => Vec::new(),
    };
    let named = |plan: &domain::Plan| (plan.key.clone(), plan.name_in(page.locale()).to_owned());
    let plans = plans.iter().map(|version| named(&version.plan)).collect();
    Ok(Pauses { page: page.clone(), open, waiting, past, plans, filled, problem, may_operate })
}

/// `GET /fleet/pauses`.
pub async fn show(State(app): State<App>, page: Page) -> Answer {
    let filled = Filled { scope: PauseScope::Channel.to_string(), ..Filled::default() };
    page.show(&pauses(&app, &page, filled, None).await?)
}

/// `POST /fleet/pauses`: stops something.
pub async fn open(State(app): State<App>, page: Page, Form(filled): Form<Filled>) -> Answer {
    let problem = match new_pause(&app, &filled).await? {
        Err(problem) => problem,
        Ok(new) => {
            let opened = app.database.pause_by(&new, page.actor()?).await?;
            app.glances.forget().await;
            if opened.is_some() {
                return Ok(Redirect::to("/fleet/pauses?notice=paused").into_response());
            }
            Wrong::PausedAlready
        }
    };
    let problem = Some(problem.told(&page));
    page.show_again(&pauses(&app, &page, filled, problem).await?)
}

/// What was filled in, as a pause.
async fn new_pause(app: &App, filled: &Filled) -> Result<Result<NewPause, Wrong>, Trouble> {
    let Ok(scope) = filled.scope.parse::<PauseScope>() else { return Ok(Err(Wrong::ScopeMissing)) };
    let key = match scope {
        PauseScope::Everything => "",
        PauseScope::Channel => filled.channel.trim(),
        PauseScope::SenderDomain => filled.domain.trim(),
        PauseScope::Plan => filled.plan.trim(),
        PauseScope::Import => filled.source.trim(),
    };
    let is_known = match scope {
        PauseScope::Everything => true,
        PauseScope::Channel => key.parse::<ContactChannel>().is_ok(),
        PauseScope::Plan => app.database.current_plan(key).await?.is_some(),
        PauseScope::SenderDomain | PauseScope::Import => {
            !key.is_empty() && key.len() <= why::LONGEST
        }
    };
    if !is_known {
        return Ok(Err(Wrong::KeyMissing));
    }
    let key = match scope {
        // Domains are compared without regard to case, and one is paused once.
        PauseScope::SenderDomain => key.to_ascii_lowercase(),
        _ => key.to_owned(),
    };
    let (since, evidence) = (app.clock.now(), serde_json::json!({}));
    let pause = |reason: &str| {
        let reason = reason.to_owned();
        NewPause { scope, key, since, reason, evidence }
    };
    Ok(why::said(&filled.why).map(pause))
}

/// `POST /fleet/pauses/{pause}/lift`.
pub async fn lift(
    State(app): State<App>,
    page: Page,
    Path(pause): Path<PauseId>,
    Form(lifting): Form<Lifting>,
) -> Answer {
    let record = app.database.pause_record(pause).await?.ok_or(Trouble::NotFound)?;
    let note = match why::said(&lifting.why) {
        Ok(note) => note,
        Err(problem) => {
            let about = told::covered(&page, &record.pause);
            let problem = Some(format!("{about} – {}", problem.told(&page)));
            let filled = Filled::default();
            return page.show_again(&pauses(&app, &page, filled, problem).await?);
        }
    };
    let lifted = app.database.lift_pause(pause, page.actor()?, note, app.clock.now()).await?;
    app.glances.forget().await;
    let notice = if lifted { "pause-lifted" } else { "pause-lifted-before" };
    Ok(Redirect::to(&format!("/fleet/pauses?notice={notice}")).into_response())
}
