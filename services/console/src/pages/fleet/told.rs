//! Figures of the fleet in words.

use chrono::{DateTime, Utc};
use domain::ContactChannel;
use domain::pause::{Pause, PauseScope};
use office::words;
use storage::fleet::state::COUNTED_AT_MOST;

use crate::page::Page;

/// Bytes in a megabyte, as disks count.
const MEGABYTE: i64 = 1_000_000;

/// A count that stops somewhere: `10000 or more`.
pub fn up_to(page: &Page, count: i64) -> String {
    if count >= COUNTED_AT_MOST { page.with("or-more", count) } else { count.to_string() }
}

/// How long: `12 s`, `3 minutes` …, in the largest unit that is not zero.
pub fn span(page: &Page, seconds: i64) -> String {
    let seconds = seconds.max(0);
    match seconds {
        0..60 => page.with("span-seconds", seconds),
        60..3600 => page.with("span-minutes", seconds / 60),
        3600..86_400 => page.with("span-hours", seconds / 3600),
        _ => page.with("span-days", seconds / 86_400),
    }
}

/// How long it is since then.
pub fn since(page: &Page, then: DateTime<Utc>, now: DateTime<Utc>) -> String {
    span(page, (now - then).num_seconds())
}

/// A size on disk.
pub fn megabytes(page: &Page, bytes: i64) -> String {
    page.with("megabytes", bytes / MEGABYTE)
}

/// What a pause covers: `Channel: Email`.
pub fn covered(page: &Page, pause: &Pause) -> String {
    let scope = words::pause_scope(pause.scope, page.locale());
    let key = match (pause.scope, pause.key.parse::<ContactChannel>()) {
        (PauseScope::Everything, _) => return scope.to_owned(),
        (PauseScope::Channel, Ok(channel)) => {
            words::contact_channel(channel, page.locale()).to_owned()
        }
        _ => words::embedded(&pause.key, page.locale()),
    };
    format!("{scope}: {key}")
}
