//! Rules of time and frequency as data: what a jurisdiction says about when, and how often, people
//! may be reached (compliance.md §7, §7a).
//!
//! A [`RuleBook`] is assembled from [`RuleFile`]s and calendars of holidays; who parses them is no
//! business of this crate. [`RuleBook::binding`] says which rules bind a touch, [`next_open`] when
//! all of them agree, and [`room`] whether another attempt is allowed.

mod book;
mod file;
pub mod frequency;
mod holidays;
mod hours;
mod notice;
mod room;
mod spread;

pub use book::{Place, Rule, RuleBook, RuleError};
pub use file::{CalendarEntry, Evidence, RuleEntry, RuleFile, VerifiedOn};
pub use holidays::{BadHoliday, Holiday, Holidays};
pub use hours::{BadHours, Hours, next_open};
pub use notice::{Notice, Occasion};
pub use room::{Asked, Room, TeamLimits, caps_of, room};
pub use spread::{LONGEST_SPREAD, spread_of, spread_opening};

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Hours that bind a touch, under the name people know them by.
#[derive(Debug, Clone, Copy)]
pub struct Bound<'a> {
    /// A rule's name ("US-FL", "AE-SMS/strict"), or words for the team's own window.
    pub name: &'a str,
    /// The hours.
    pub hours: &'a Hours,
}

/// What the hours say about an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Open by every rule in every zone.
    Send,
    /// Closed by at least one.
    Defer {
        /// The first instant at which all agree, or `None` when they never do.
        next: Option<Timestamp>,
    },
}

/// The strictest of all: open only when every one of `hours` is, in every one of `zones`
/// (compliance.md QH-04, QH-08). Without a zone nothing can be said, so nothing is open.
#[must_use]
pub fn decide(hours: &[&Hours], zones: &[TimeZone], at: Timestamp) -> Verdict {
    match next_open(hours, zones, at) {
        Some(open) if open == at => Verdict::Send,
        next => Verdict::Defer { next },
    }
}
