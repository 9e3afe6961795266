//! Opt-out latency, registries with age and coverage, pauses in force.

use askama::Template;
use axum::extract::State;
use chrono::TimeDelta;
use domain::clock::timestamp;
use domain::registry::{Registry, next_download};
use office::words;
use storage::audit::{OptOutLatency, SlowOptOut};
use storage::pauses::OpenPause;

use crate::app::App;
use crate::page::Page;
use crate::trouble::{Answer, Trouble};

/// The time that latency is told of.
const DAYS: i64 = 30;
/// Slow opt-outs that are shown.
const MOST_SLOW: u32 = 20;

/// A registry: how old its data is, and how much there is.
struct OneRegistry {
    name: String,
    areas: usize,
    stale: usize,
    numbers: u64,
    oldest_days: Option<i32>,
    last_load: Option<String>,
    next_load: Option<String>,
}

struct Slow {
    event: String,
    reason: &'static str,
    received: String,
    in_force: String,
}

struct Pause {
    scope: &'static str,
    key: String,
    since: String,
    reason: String,
    figures: String,
}

#[derive(Template)]
#[template(path = "compliance/overview.html")]
struct Overview {
    page: Page,
    latency: OptOutLatency,
    slow: Vec<Slow>,
    registries: Vec<OneRegistry>,
    pauses: Vec<Pause>,
}

impl Overview {
    /// Seconds as people read them.
    fn seconds(&self, value: &Option<f64>) -> String {
        match value {
            None => "–".to_owned(),
            Some(value) => self.page.with("seconds", format!("{value:.3}")),
        }
    }
}

/// `GET /compliance`.
pub async fn show(State(app): State<App>, page: Page) -> Answer {
    // Entries are dated by the machine's clock, not by business time.
    let since = Some(domain::Clock::system().now() - TimeDelta::days(DAYS));
    let (latency, slow, pauses) = tokio::try_join!(
        app.database.opt_out_latency(since, None),
        app.database.slow_opt_outs(since, None, MOST_SLOW),
        app.database.open_pauses(),
    )?;
    let mut registries = Vec::new();
    for registry in Registry::ALL.iter().copied() {
        registries.push(one_registry(registry, &app, &page).await?);
    }
    page.show(&Overview {
        latency,
        slow: slow.iter().map(|one| slow_one(one, &page)).collect(),
        registries,
        pauses: pauses.iter().map(|one| pause(one, &page)).collect(),
        page: page.clone(),
    })
}

async fn one_registry(registry: Registry, app: &App, page: &Page) -> Result<OneRegistry, Trouble> {
    let now = timestamp(app.clock.now());
    let (areas, loads) = tokio::try_join!(
        app.database.registry_areas(registry),
        app.database.registry_loads(registry, 1),
    )?;
    let last = loads.first().map(|load| load.loaded_at);
    let next = next_download(last.map(timestamp), now);
    let age = |date| registry.age_days(date, now);
    Ok(OneRegistry {
        name: page.word("registry", registry),
        stale: areas.values().filter(|own| registry.is_stale(own.version_date, now)).count(),
        areas: areas.len(),
        numbers: areas.values().map(|own| own.entries).sum(),
        // A fast clock of a demonstration may be behind the day of its data.
        oldest_days: areas.values().map(|own| age(own.version_date).max(0)).max(),
        last_load: last.map(|at| page.by_machine(&at)),
        next_load: next
            .and_then(|at| chrono::DateTime::from_timestamp(at.as_second(), 0))
            .map(|at| page.moment(&at)),
    })
}

fn slow_one(slow: &SlowOptOut, page: &Page) -> Slow {
    Slow {
        event: slow.event.to_string(),
        reason: words::suppression_reason(slow.reason, page.locale()),
        received: page.moment(&slow.received_at),
        in_force: page.moment(&slow.in_force_at),
    }
}

fn pause(open: &OpenPause, page: &Page) -> Pause {
    let figures = match &open.evidence {
        serde_json::Value::Object(all) => {
            let each = all.iter().map(|(name, value)| format!("{name}: {value}"));
            each.collect::<Vec<_>>().join(" · ")
        }
        _ => String::new(),
    };
    Pause {
        scope: words::pause_scope(open.pause.scope, page.locale()),
        key: open.pause.key.clone(),
        since: page.moment(&open.since),
        reason: open.pause.reason.clone(),
        figures,
    }
}
