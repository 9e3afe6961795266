//! How the fleet is now: who is there, what waits, how fast it goes, what is stopped.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use domain::Medium;
use domain::desk::Attention;
use office::words;
use storage::fleet::members::Member;
use storage::fleet::state::{Activity, FleetState, QueueState};
use storage::pauses::OpenPause;

use super::told;
use crate::app::App;
use crate::page::Page;
use crate::trouble::Answer;

/// What is late by more than this is shown as trouble: touches that are due are taken within a second.
const LATE: i64 = 60;

#[derive(Template)]
#[template(path = "fleet/show.html")]
struct Show {
    page: Page,
    fleet: Fleet,
}

/// What htmx asks for every five seconds.
#[derive(Template)]
#[template(path = "fleet/live.html")]
struct Live {
    page: Page,
    fleet: Fleet,
}

struct Fleet {
    page: Page,
    state: Arc<FleetState>,
}

/// `GET /fleet`.
pub async fn show(State(app): State<App>, page: Page) -> Answer {
    let state = app.glances.fleet(&app).await?;
    let fleet = Fleet { page: page.clone(), state };
    if page.is_part() {
        page.show(&Live { page: page.clone(), fleet })
    } else {
        page.show(&Show { page: page.clone(), fleet })
    }
}

impl Fleet {
    fn up_to(&self, count: &i64) -> String {
        told::up_to(&self.page, *count)
    }

    fn is_late(&self) -> bool {
        self.state.due.late_seconds > LATE
    }

    fn late(&self) -> String {
        told::span(&self.page, self.state.due.late_seconds)
    }

    /// How many wait for a person, by what for.
    fn waiting(&self) -> Vec<(Attention, &'static str, String)> {
        let count = |kind: Attention| {
            let own = self.state.desk.iter().filter(|one| one.kind == kind);
            told::up_to(&self.page, own.map(|one| one.count).sum())
        };
        let kinds = Attention::ALL.iter();
        kinds.map(|kind| (*kind, self.attention(kind), count(*kind))).collect()
    }

    fn attention(&self, kind: &Attention) -> &'static str {
        words::attention(*kind, self.page.locale())
    }

    fn reason(&self, code: &str) -> String {
        words::reason(code, self.page.locale())
    }

    fn medium(&self, medium: &Medium) -> &'static str {
        words::medium(*medium, self.page.locale())
    }

    fn outcome(&self, activity: &Activity) -> &'static str {
        words::led_to(activity.state, self.page.locale())
    }

    /// Per minute, of the last five.
    fn rate(activity: &Activity) -> String {
        let tenths = activity.five_minutes * 2;
        format!("{}.{}", tenths / 10, tenths % 10)
    }

    fn seen(&self, member: &Member) -> String {
        told::since(&self.page, member.seen_at, self.state.at)
    }

    fn oldest(&self, queue: &QueueState) -> Option<String> {
        Some(told::since(&self.page, queue.oldest?, self.state.at))
    }

    /// How many of those who are there see the broker in which state.
    fn broker(&self) -> BTreeMap<&str, i64> {
        let mut seen = BTreeMap::new();
        for member in self.state.members.iter().filter(|member| !member.lost) {
            if let Some(state @ ("ready" | "blocked" | "down")) = member.facts["broker"].as_str() {
                *seen.entry(state).or_default() += 1;
            }
        }
        seen
    }

    /// Programs of several versions: a roll-out that is under way, or one that stopped half-way.
    fn has_several_versions(&self) -> bool {
        let mut versions =
            self.state.members.iter().filter(|one| !one.lost).map(|one| &one.version);
        let first = versions.next();
        versions.any(|version| Some(version) != first)
    }

    /// Nobody plans or hands on what is due.
    fn has_no_scheduler(&self) -> bool {
        !self.state.members.iter().any(|one| !one.lost && one.service == "scheduler")
    }

    fn covered(&self, open: &OpenPause) -> String {
        told::covered(&self.page, &open.pause)
    }

    fn size(&self) -> String {
        told::megabytes(&self.page, self.state.database.size_bytes)
    }

    fn connections(&self) -> String {
        let facts = &self.state.database;
        let (used, most) = (facts.connections_used.into(), facts.connections_max.into());
        self.page.with_all("fleet-of", &[("used", used), ("most", most)])
    }

    fn longest_transaction(&self) -> Option<String> {
        Some(told::span(&self.page, self.state.database.longest_transaction_seconds?))
    }

    fn lag(&self, seconds: &i64) -> String {
        told::span(&self.page, *seconds)
    }
}
