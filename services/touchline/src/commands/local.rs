//! Instants and days as people read them, in the recipient's zone.

use chrono::{DateTime, Utc};
use domain::clock::timestamp;
use jiff::Zoned;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The instant in a zone.
pub fn zoned(instant: DateTime<Utc>, zone: &TimeZone) -> Zoned {
    timestamp(instant).to_zoned(zone.clone())
}

/// "Tuesday 9 June 2026, 10:12 (Asia/Dubai)".
pub fn moment(instant: DateTime<Utc>, zone: &TimeZone) -> String {
    in_words(&zoned(instant, zone))
}

/// The same, of an instant that knows its zone.
pub fn in_words(local: &Zoned) -> String {
    format!("{} ({})", local.strftime("%A %-d %B %Y, %H:%M"), name(local.time_zone()))
}

/// "Tuesday 9 June 2026".
pub fn day(date: Date) -> String {
    date.strftime("%A %-d %B %Y").to_string()
}

/// A zone's name.
pub fn name(zone: &TimeZone) -> &str {
    zone.iana_name().unwrap_or("UTC")
}
