//! From when to when: days or instants, in UTC.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};

use crate::error::usage;

/// The instant a text names: a day's beginning in UTC, or RFC 3339.
pub fn since(text: &str) -> anyhow::Result<DateTime<Utc>> {
    instant(text, 0)
}

/// The end of what a text names: a day's end in UTC, or RFC 3339.
pub fn until(text: &str) -> anyhow::Result<DateTime<Utc>> {
    instant(text, 1)
}

fn instant(text: &str, days: u64) -> anyhow::Result<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(day) = text.parse::<NaiveDate>() {
        let day = day.checked_add_days(Days::new(days)).unwrap_or(day);
        return Ok(day.and_time(NaiveTime::MIN).and_utc());
    }
    text.parse().map_err(|_| {
        usage(format!(
            "\"{text}\" is neither a day (2026-11-20) nor an instant (2026-11-20T08:00:00Z)"
        ))
    })
}
