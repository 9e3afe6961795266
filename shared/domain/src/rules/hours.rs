//! Weekly hours in local wall time, with holidays: when they are open, and when next.

use std::sync::Arc;

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::Holidays;
use crate::window::Window;

/// How far ahead an opening is looked for: hours that are closed longer than this never open.
const HORIZON_DAYS: i64 = 370;

/// The days of a week as rule files write them, Monday first.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The windows of each weekday, and the holidays on which there are none. Windows are half-open
/// (compliance.md QH-02) and several a day may be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    week: [Arc<[Window]>; 7],
    holidays: Vec<Arc<Holidays>>,
}

/// A text that is not a line of hours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadHours {
    /// Not days followed by windows.
    #[error(
        "\"{0}\" are not hours; write days and windows, like \"mon-fri 10:00-13:00 14:00-20:00\" \
         or \"daily 08:00-21:00\""
    )]
    NotHours(String),
    /// A window that begins before the one before it has ended.
    #[error("\"{0}\": write the windows of a day in their order, without overlap")]
    Overlap(String),
    /// Two lines name the same day.
    #[error("\"{0}\" names a day that another line has named; write each day once")]
    DayTwice(String),
}

impl Hours {
    /// The same window on every day, holidays included.
    #[must_use]
    pub fn daily(window: Window) -> Self {
        let windows: Arc<[Window]> = Arc::from([window]);
        Self { week: std::array::from_fn(|_| Arc::clone(&windows)), holidays: Vec::new() }
    }

    /// Hours from lines of days and windows (`"mon-sat 09:00-21:00"`); days without a line are
    /// closed.
    ///
    /// # Errors
    /// The first line that cannot be read, with how to write it.
    pub fn from_lines<S: AsRef<str>>(lines: &[S]) -> Result<Self, BadHours> {
        let mut week: [Option<Arc<[Window]>>; 7] = Default::default();
        for line in lines.iter().map(AsRef::as_ref) {
            let (days, windows) = parsed(line)?;
            for day in days {
                if week[day].replace(Arc::clone(&windows)).is_some() {
                    return Err(BadHours::DayTwice(line.to_owned()));
                }
            }
        }
        Ok(Self { week: week.map(Option::unwrap_or_default), holidays: Vec::new() })
    }

    /// The same hours, closed on these holidays.
    #[must_use]
    pub fn closed_on(mut self, holidays: Vec<Arc<Holidays>>) -> Self {
        self.holidays = holidays;
        self
    }

    /// The windows of a local date; none on a holiday.
    #[must_use]
    pub fn on(&self, date: Date) -> &[Window] {
        if self.holidays.iter().any(|holidays| holidays.include(date)) {
            return &[];
        }
        let index = usize::from(date.weekday().to_monday_zero_offset().unsigned_abs());
        &self.week[index]
    }

    /// Whether the instant lies in a window by the clocks and calendar of the zone.
    #[must_use]
    pub fn are_open(&self, zone: &TimeZone, at: Timestamp) -> bool {
        let local = zone.to_datetime(at);
        self.on(local.date()).iter().any(|window| window.contains(local.time()))
    }

    /// The first instant at or after `from` that lies in a window by the zone's clocks, or `None`
    /// when there is none within a year.
    #[must_use]
    pub fn next_open(&self, zone: &TimeZone, from: Timestamp) -> Option<Timestamp> {
        if self.are_open(zone, from) {
            return Some(from);
        }
        let later = |at: &Timestamp| *at > from && self.are_open(zone, *at);
        // A change of the clocks can lead into a window without passing its opening time.
        let change = zone.following(from).next().map(|change| change.timestamp()).filter(later);
        let mut date = zone.to_datetime(from).date().yesterday().ok()?;
        for _ in 0..HORIZON_DAYS {
            let openings = self.on(date).iter();
            let openings =
                openings.flat_map(|window| instants(zone, date.to_datetime(window.open)));
            if let Some(open) = openings.filter(later).min() {
                return Some(change.map_or(open, |change| open.min(change)));
            }
            date = date.tomorrow().ok()?;
        }
        change
    }
}

/// The instants at which the zone's clocks show `local`: one, or two when they were set back.
/// In a gap, the readings before and after it, which the caller checks.
fn instants(zone: &TimeZone, local: DateTime) -> impl Iterator<Item = Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(local);
    [ambiguous.earlier().ok(), ambiguous.later().ok()].into_iter().flatten()
}

/// The first instant at or after `from` at which all hours are open in all zones; `None` when they
/// never agree, or there is no zone.
///
/// Each turn moves the instant to the next opening of whoever is closed, so it ends at the first
/// instant nobody objects to.
#[must_use]
pub fn next_open(hours: &[&Hours], zones: &[TimeZone], from: Timestamp) -> Option<Timestamp> {
    if zones.is_empty() {
        return None;
    }
    let horizon = from.saturating_add(Span::new().hours(HORIZON_DAYS * 24)).ok()?;
    let mut at = from;
    while at <= horizon {
        let before = at;
        for hours in hours {
            for zone in zones {
                at = hours.next_open(zone, at)?;
            }
        }
        if at == before {
            return Some(at);
        }
    }
    None
}

/// The weekday of a word as rule files write it ("mon").
pub(super) fn weekday(word: &str) -> Option<Weekday> {
    let offset = DAYS.iter().position(|day| *day == word)?;
    Weekday::from_monday_zero_offset(i8::try_from(offset).ok()?).ok()
}

fn parsed(line: &str) -> Result<(std::ops::RangeInclusive<usize>, Arc<[Window]>), BadHours> {
    let not_hours = || BadHours::NotHours(line.to_owned());
    let mut words = line.split_whitespace();
    let days = words.next().and_then(days).ok_or_else(not_hours)?;
    let windows: Result<Vec<Window>, _> = words.map(str::parse).collect();
    let windows = windows.map_err(|_| not_hours())?;
    if windows.is_empty() {
        return Err(not_hours());
    }
    if windows.windows(2).any(|pair| pair[0].close > pair[1].open) {
        return Err(BadHours::Overlap(line.to_owned()));
    }
    Ok((days, windows.into()))
}

fn days(word: &str) -> Option<std::ops::RangeInclusive<usize>> {
    if word == "daily" {
        return Some(0..=6);
    }
    let day = |word: &str| DAYS.iter().position(|day| *day == word);
    let (first, last) = word.split_once('-').unwrap_or((word, word));
    let days = day(first)?..=day(last)?;
    (!days.is_empty()).then_some(days)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn hours(lines: &[&str]) -> Hours {
        Hours::from_lines(lines).unwrap()
    }

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn next(lines: &[&str], zones: &[&str], from: &str) -> String {
        let zones: Vec<_> = zones.iter().map(|name| zone(name)).collect();
        let open = next_open(&[&hours(lines)], &zones, from.parse().unwrap());
        open.map_or("never".to_owned(), |at| at.to_string())
    }

    #[test]
    fn hours_are_written_as_days_and_windows() {
        let french = hours(&["mon-fri 10:00-13:00 14:00-20:00", "sat 10:00-12:00"]);
        let windows = |day| french.on(jiff::civil::date(2026, 6, day)).len();
        assert_eq!([1, 5, 6, 7].map(windows), [2, 2, 1, 0]);
        for line in ["", "mon", "mon 25:00-26:00", "day 08:00-09:00", "fri-mon 08:00-09:00"] {
            let why = Hours::from_lines(&[line]).unwrap_err();
            assert_eq!(why, BadHours::NotHours(line.to_owned()));
        }
        let overlap = Hours::from_lines(&["mon 08:00-12:00 11:00-13:00"]);
        assert!(matches!(overlap, Err(BadHours::Overlap(_))));
        let twice = Hours::from_lines(&["mon-wed 08:00-12:00", "wed 14:00-15:00"]);
        assert!(matches!(twice, Err(BadHours::DayTwice(_))));
    }

    #[test]
    fn zones_that_never_agree_have_no_open_instant() {
        let far = ["Asia/Dubai", "America/New_York"];
        assert_eq!(next(&["daily 09:00-10:00"], &far, "2026-06-01T00:00:00Z"), "never");
        assert_eq!(next(&["daily 09:00-10:00"], &[], "2026-06-01T00:00:00Z"), "never");
    }

    #[test]
    fn a_window_inside_a_gap_opens_when_the_clocks_have_jumped() {
        // On 8 March 2026 clocks go from 02:00 to 03:00 at 07:00 UTC.
        let ny = ["America/New_York"];
        let open = next(&["daily 02:30-05:00"], &ny, "2026-03-08T06:00:00Z");
        assert_eq!(open, "2026-03-08T07:00:00Z");
        let swallowed = next(&["daily 02:10-02:50"], &ny, "2026-03-08T06:00:00Z");
        assert_eq!(swallowed, "2026-03-09T06:10:00Z");
    }

    #[test]
    fn a_window_that_occurs_twice_opens_twice() {
        // On 1 November 2026 clocks go from 02:00 back to 01:00 at 06:00 UTC.
        let ny = ["America/New_York"];
        for (lines, from, open) in [
            ("daily 01:15-01:45", "2026-11-01T05:50:00Z", "2026-11-01T06:15:00Z"),
            ("daily 00:30-01:45", "2026-11-01T05:50:00Z", "2026-11-01T06:00:00Z"),
            ("daily 01:15-01:45", "2026-11-01T05:20:00Z", "2026-11-01T05:20:00Z"),
        ] {
            assert_eq!(next(&[lines], &ny, from), open, "{lines} {from}");
        }
    }

    const ZONES: [&str; 8] = [
        "America/New_York",
        "America/Los_Angeles",
        "Pacific/Honolulu",
        "America/St_Johns",
        "Europe/Paris",
        "Africa/Cairo",
        "Asia/Dubai",
        "Asia/Kathmandu",
    ];

    fn some_hours() -> impl Strategy<Value = Hours> {
        let window = (0..22_i32, 1..24_i32).prop_map(|(open, length)| {
            let close = (open + length).min(23);
            format!("{open:02}:15-{close:02}:45")
        });
        (0..7_usize, window).prop_map(|(first, window)| {
            let lines = [format!("{}-sun {window}", DAYS[first])];
            Hours::from_lines(&lines).unwrap()
        })
    }

    proptest! {
        #[test]
        fn what_is_open_for_all_is_open_for_each_and_nothing_earlier_is(
            hours in prop::collection::vec(some_hours(), 1..4),
            zones in prop::sample::subsequence(ZONES.to_vec(), 1..4),
            second in 1_767_225_600_i64..1_798_761_600,
        ) {
            let hours: Vec<&Hours> = hours.iter().collect();
            let zones: Vec<TimeZone> = zones.into_iter().map(zone).collect();
            let from = Timestamp::from_second(second).unwrap();
            let all_open = |at: Timestamp| {
                hours.iter().all(|hours| zones.iter().all(|zone| hours.are_open(zone, at)))
            };
            if let Some(open) = next_open(&hours, &zones, from) {
                prop_assert!(open >= from);
                for hours in &hours {
                    for zone in &zones {
                        prop_assert!(hours.are_open(zone, open));
                    }
                }
                // Windows begin at full quarters: between them nothing can open.
                let quarters = (second / 900 + 1) * 900..open.as_second();
                for earlier in quarters.step_by(900) {
                    prop_assert!(!all_open(Timestamp::from_second(earlier).unwrap()));
                }
            }
        }
    }
}
