//! When a recipient may be reached: local windows, decided in every zone the person could be in.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;

use crate::Medium;

/// A daily window in local wall time, half-open: `open` is inside, `close` is not (compliance.md
/// QH-02).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Window {
    /// The first minute inside.
    pub open: Time,
    /// The first minute outside again.
    pub close: Time,
}

/// A text that is not a window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a window; write it as HH:MM-HH:MM, opening before closing")]
pub struct BadWindow(String);

impl TryFrom<String> for Window {
    type Error = BadWindow;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl FromStr for Window {
    type Err = BadWindow;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || BadWindow(text.to_owned());
        let (open, close) = text.split_once('-').ok_or_else(bad)?;
        let time = |part: &str| Time::strptime("%H:%M", part.trim()).map_err(|_| bad());
        let window = Self { open: time(open)?, close: time(close)? };
        if window.open < window.close { Ok(window) } else { Err(bad()) }
    }
}

impl std::fmt::Display for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.open.strftime("%H:%M"), self.close.strftime("%H:%M"))
    }
}

/// The windows in force, per medium: section `[windows]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
pub struct Windows {
    /// Email; domain.md T15 proposes 08:00–20:00.
    pub email: Window,
    /// SMS; domain.md T15 proposes 09:00–18:00.
    pub sms: Window,
    /// Calls; domain.md T15 proposes 09:00–18:00.
    pub call: Window,
}

impl Windows {
    /// The window of a medium.
    #[must_use]
    pub const fn of(&self, medium: Medium) -> Window {
        match medium {
            Medium::Email => self.email,
            Medium::Sms => self.sms,
            Medium::Call => self.call,
        }
    }
}

impl Window {
    /// The first instant at or after `from` at which the window is open in *every* zone, or `None`
    /// when the zones never agree (or there are none).
    ///
    /// Each turn moves the instant to the next opening of a zone that is closed, so it converges
    /// within a few days if there is a common instant at all; clock changes are the zones' affair.
    #[must_use]
    pub fn next_open(&self, zones: &[TimeZone], from: Timestamp) -> Option<Timestamp> {
        let mut instant = from;
        let mut agreed = 0;
        // Two zones disagree at most once a day; a week of turns covers every pair and clock change.
        for turn in 0..zones.len() * 7 {
            let zone = &zones[turn % zones.len()];
            let open = self.opens_in(zone, instant)?;
            agreed = if open == instant { agreed + 1 } else { 1 };
            instant = open;
            if agreed == zones.len() {
                return Some(instant);
            }
        }
        None
    }

    fn opens_in(&self, zone: &TimeZone, instant: Timestamp) -> Option<Timestamp> {
        let local = instant.to_zoned(zone.clone());
        if (self.open..self.close).contains(&local.time()) {
            return Some(instant);
        }
        let day =
            if local.time() < self.open { local.date() } else { local.date().tomorrow().ok()? };
        let open = day.to_datetime(self.open).to_zoned(zone.clone()).ok()?.timestamp();
        // In a gap that swallows the opening time the first instant after it counts; it lies after
        // `instant` in any case, so that the search moves forward.
        Some(open.max(instant))
    }
}

/// The zones a person could be in: their own, else every zone of their country, else the fallback.
///
/// Returns an empty list when nothing is known; the gate then blocks. Which rule decided is told
/// beside the zones, for explanations (compliance.md QH-03).
#[must_use]
pub fn zones_of(
    own: Option<&str>,
    country: Option<&str>,
    fallback: Option<&str>,
) -> (Vec<TimeZone>, &'static str) {
    if let Some(zone) = own.and_then(|name| TimeZone::get(name).ok()) {
        return (vec![zone], "the contact's own time zone");
    }
    let of_country = country.map(zones_of_country).unwrap_or_default();
    if !of_country.is_empty() {
        return (of_country, "every time zone of the contact's country");
    }
    match fallback.and_then(|name| TimeZone::get(name).ok()) {
        Some(zone) => (vec![zone], "the team's time zone"),
        None => (Vec::new(), "no time zone known"),
    }
}

fn zones_of_country(country: &str) -> Vec<TimeZone> {
    include_str!("../data/zones.tsv")
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .find(|(code, _)| code.eq_ignore_ascii_case(country))
        .map(|(_, names)| names.split(' ').filter_map(|name| TimeZone::get(name).ok()).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn next(window: &str, zones: &[&str], at: &str) -> String {
        let zones: Vec<_> = zones.iter().map(|name| TimeZone::get(name).unwrap()).collect();
        let window: Window = window.parse().unwrap();
        window.next_open(&zones, at.parse().unwrap()).map_or("never".into(), |t| t.to_string())
    }

    #[test]
    fn windows_open_by_the_recipients_clock() {
        // Rows of compliance.md V-6: rule, zones, instant, next open instant.
        let (us, ky) = ("08:00-21:00", "10:00-21:00");
        let ny = ["America/New_York"].as_slice();
        let both = ["America/New_York", "America/Chicago"].as_slice();
        for (window, zones, at, open) in [
            (us, ny, "2026-07-15T11:59:59Z", "2026-07-15T12:00:00Z"),
            (us, ny, "2026-07-16T00:59:59Z", "2026-07-16T00:59:59Z"),
            (us, ny, "2026-07-16T01:00:00Z", "2026-07-16T12:00:00Z"),
            (us, ny, "2026-03-07T12:30:00Z", "2026-03-07T13:00:00Z"),
            (us, ny, "2026-03-08T12:00:00Z", "2026-03-08T12:00:00Z"),
            (us, ny, "2026-11-01T12:30:00Z", "2026-11-01T13:00:00Z"),
            (us, both, "2026-07-15T12:30:00Z", "2026-07-15T13:00:00Z"),
            (ky, both, "2026-07-15T15:00:00Z", "2026-07-15T15:00:00Z"),
            ("09:00-18:00", &["Asia/Dubai"], "2026-06-01T14:00:00Z", "2026-06-02T05:00:00Z"),
            ("09:00-20:00", &["Africa/Cairo"], "2026-04-23T06:59:59Z", "2026-04-23T07:00:00Z"),
            ("09:00-20:00", &["Africa/Cairo"], "2026-10-30T06:30:00Z", "2026-10-30T07:00:00Z"),
        ] {
            assert_eq!(next(window, zones, at), open, "{window} {zones:?} {at}");
        }
    }

    #[test]
    fn the_zone_data_is_new_enough_for_the_laws_of_2026() {
        // The four staleness rows of compliance.md V-6.
        let us = "08:00-21:00";
        for (zone, at, open_now) in [
            ("America/Vancouver", "2026-12-02T04:30:00Z", false),
            ("America/Vancouver", "2026-12-01T15:30:00Z", true),
            ("America/Edmonton", "2026-12-02T03:30:00Z", false),
            ("Africa/Casablanca", "2026-12-01T20:30:00Z", true),
        ] {
            assert_eq!(next(us, &[zone], at) == at, open_now, "{zone} {at}");
        }
    }

    #[test]
    fn zones_that_never_agree_have_no_open_instant() {
        assert_eq!(
            next("09:00-10:00", &["Asia/Dubai", "America/New_York"], "2026-06-01T00:00:00Z"),
            "never"
        );
        assert_eq!(next("09:00-10:00", &[], "2026-06-01T00:00:00Z"), "never");
    }

    #[test]
    fn a_country_of_many_zones_gives_all_of_them() {
        assert_eq!(zones_of(Some("Asia/Dubai"), Some("US"), None).0.len(), 1);
        assert!(zones_of(None, Some("US"), None).0.len() > 6);
        assert!(zones_of(None, None, None).0.is_empty());
        assert_eq!(zones_of(Some("No/Where"), None, Some("Asia/Riyadh")).0.len(), 1);
    }
}
