//! Daily windows in local wall time, and the team's own ones.

use std::str::FromStr;

use jiff::civil::Time;
use jiff::tz::TimeZone;

use crate::Medium;
use crate::whereabouts::{Known, Whereabouts};

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
    /// The whole of every day.
    #[must_use]
    pub const fn whole_day() -> Self {
        Self { open: Time::MIN, close: Time::MAX }
    }

    /// Whether the window is open at this local time.
    #[must_use]
    pub fn contains(&self, time: Time) -> bool {
        (self.open..self.close).contains(&time)
    }
}

/// The zones a person could be in by their own zone and country, else the fallback, and which rule
/// decided: what planning goes by. The gate knows more ([`Whereabouts::of`]).
#[must_use]
pub fn zones_of(
    own: Option<&str>,
    country: Option<&str>,
    fallback: Option<&str>,
) -> (Vec<TimeZone>, &'static str) {
    let known = Known { time_zone: own, country, fallback, ..Known::default() };
    let whereabouts = Whereabouts::of(known);
    (whereabouts.zones, whereabouts.decided_by)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_window_is_half_open() {
        let window: Window = "08:00-20:00".parse().unwrap();
        let inside = |text: &str| window.contains(text.parse().unwrap());
        assert!(inside("08:00:00") && inside("19:59:59.999"));
        assert!(!inside("07:59:59") && !inside("20:00:00"));
        for text in ["", "08:00", "20:00-08:00", "08:00-08:00", "8-20", "08:00-25:00"] {
            assert_eq!(text.parse::<Window>(), Err(BadWindow(text.to_owned())));
        }
    }

    #[test]
    fn a_country_of_many_zones_gives_all_of_them() {
        assert_eq!(zones_of(Some("Asia/Dubai"), Some("US"), None).0.len(), 1);
        assert!(zones_of(None, Some("US"), None).0.len() > 6);
        assert!(zones_of(None, None, None).0.is_empty());
        assert_eq!(zones_of(Some("No/Where"), None, Some("Asia/Riyadh")).0.len(), 1);
    }
}
