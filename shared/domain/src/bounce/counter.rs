//! When temporary failures add up (compliance.md BNC-04).

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Suppress;

/// Bounce days without a delivery between them that are too many, and the days they span at least.
const CONSECUTIVE: usize = 3;
const CONSECUTIVE_SPAN_DAYS: i32 = 14;
/// Bounce days within [`TOTAL_WITHIN_DAYS`] that are too many.
const TOTAL: usize = 5;
const TOTAL_WITHIN_DAYS: i32 = 90;
/// Two refusals of this sender by the recipient's side count when they are this close.
const REPEATED_WITHIN_DAYS: i32 = 30;

/// Messages to an unknown subscriber after which the number is taken for dead (BNC-18).
pub const UNKNOWN_SUBSCRIBER_LIMIT: usize = 3;

/// A message that bounced: when, and what the classification said of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounce {
    /// When, by whoever refused it.
    pub at: Timestamp,
    /// What it counts for.
    pub advice: Suppress,
}

/// What the bounces of an address amount to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Bounce days since something last arrived.
    pub consecutive: usize,
    /// Whether the address goes on the list (`soft_bounce_limit`).
    pub is_over: bool,
}

/// Counts the bounce days of an address, at most one a day (UTC): `bounces` are the messages that
/// bounced, one each, and `delivered` is when something last arrived there. A delivery ends the run
/// of consecutive days and leaves the log as it is, of which five days in ninety are too many.
///
/// ```
/// use domain::bounce::{Bounce, Suppress, tally};
/// let bounce = |at: &str| Bounce { at: at.parse().unwrap(), advice: Suppress::Counter };
/// let days = ["2026-03-01T08:00:00Z", "2026-03-08T08:00:00Z", "2026-03-15T08:00:00Z"];
/// assert!(tally(&days.map(bounce), None).is_over);
/// ```
#[must_use]
pub fn tally(bounces: &[Bounce], delivered: Option<Timestamp>) -> Tally {
    let day = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
    let apart = |from: jiff::civil::Date, to: jiff::civil::Date| (to - from).get_days();
    let refusals: BTreeSet<_> = bounces
        .iter()
        .filter(|bounce| bounce.advice == Suppress::CounterWhenRepeated)
        .map(|bounce| bounce.at)
        .collect();
    let counts = |bounce: &Bounce| match bounce.advice {
        Suppress::Counter => true,
        Suppress::CounterWhenRepeated => refusals
            .range(..bounce.at)
            .next_back()
            .is_some_and(|before| apart(day(*before), day(bounce.at)) <= REPEATED_WITHIN_DAYS),
        Suppress::Now | Suppress::No => false,
    };
    let counted: Vec<Bounce> = bounces.iter().filter(|bounce| counts(bounce)).copied().collect();
    let days: BTreeSet<_> = counted.iter().map(|bounce| day(bounce.at)).collect();
    let run: BTreeSet<_> = counted
        .iter()
        .filter(|bounce| delivered.is_none_or(|delivered| bounce.at > delivered))
        .map(|bounce| day(bounce.at))
        .collect();
    let span = run.first().zip(run.last()).map_or(0, |(first, last)| apart(*first, *last));
    let is_run_over = run.len() >= CONSECUTIVE && span >= CONSECUTIVE_SPAN_DAYS;
    let recent = days.last().map_or(0, |last| {
        days.iter().filter(|day| apart(**day, *last) < TOTAL_WITHIN_DAYS).count()
    });
    Tally { consecutive: run.len(), is_over: is_run_over || recent >= TOTAL }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(day: &str) -> Timestamp {
        format!("2026-{day}T08:00:00Z").parse().unwrap()
    }

    fn of(days: &[&str], delivered: Option<&str>) -> Tally {
        let bounce = |day: &&str| Bounce { at: at(day), advice: Suppress::Counter };
        tally(&days.iter().map(bounce).collect::<Vec<_>>(), delivered.map(at))
    }

    #[test]
    fn the_sequences_of_v_4_hold() {
        assert!(of(&["03-01", "03-08", "03-15"], None).is_over);
        assert!(!of(&["03-01", "03-02", "03-03"], None).is_over, "the span is 2 days");
        assert!(!of(&["03-01"; 5], None).is_over, "five campaigns on one day are one");
        let interrupted = of(&["03-01", "03-08", "03-15"], Some("03-05"));
        assert_eq!(interrupted, Tally { consecutive: 2, is_over: false });
    }

    #[test]
    fn five_days_in_ninety_are_too_many_whatever_arrived_between() {
        let days = ["01-01", "01-20", "02-10", "03-01", "03-31"];
        assert!(of(&days, Some("03-15")).is_over);
        let days = ["01-01", "01-20", "02-10", "03-01", "04-01"];
        assert!(!of(&days, Some("03-15")).is_over, "the first is ninety days old");
        assert!(!of(&days[..4], Some("03-15")).is_over);
    }

    #[test]
    fn a_recipients_refusal_counts_from_the_second_within_thirty_days_on() {
        let refusal = |day: &str| Bounce { at: at(day), advice: Suppress::CounterWhenRepeated };
        assert_eq!(tally(&[refusal("03-01")], None).consecutive, 0);
        assert_eq!(tally(&[refusal("03-01"), refusal("03-31")], None).consecutive, 1);
        assert_eq!(tally(&[refusal("03-01"), refusal("04-02")], None).consecutive, 0);
    }

    #[test]
    fn what_is_no_soft_bounce_is_not_counted() {
        let days = ["03-01", "03-08", "03-15", "03-22", "03-29"];
        for advice in [Suppress::No, Suppress::Now] {
            let bounces = days.map(|day| Bounce { at: at(day), advice });
            assert_eq!(tally(&bounces, None), Tally { consecutive: 0, is_over: false });
        }
        assert_eq!(tally(&[], None), Tally { consecutive: 0, is_over: false });
    }
}
