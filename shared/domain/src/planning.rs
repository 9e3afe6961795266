//! Planning: a pure function of plan, enrolment, contact facts and calendar.
//!
//! An enrolment remembers which steps of the running cycle are planned (one bit each), so that a
//! fact that changes meanwhile (a birthday entered late) moves dates but never loses or repeats a
//! step.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::calendar::Calendar;
use crate::channel::Channel;
use crate::contact::PersonDates;
use crate::ids::EnrolmentId;
use crate::plan::{Anchor, Plan, Repeat, Step};
use crate::window::zones_of;

/// An anchored touch keeps this many days of distance from its neighbours (domain.md §2.2).
const ANCHOR_DISTANCE_DAYS: i32 = 3;

/// Touches due at the same local time are spread over this many minutes, so that ten o'clock is
/// not a burst (domain.md §6, "Weekend pile-up").
pub const SPREAD_MINUTES: u64 = 30;

/// The facts about a contact that decide dates.
#[derive(Debug, Clone, Copy)]
pub struct Person<'a> {
    /// Birthdays and the closing.
    pub dates: PersonDates,
    /// ISO 3166 country code, for its weekend.
    pub country: Option<&'a str>,
}

/// How far an enrolment has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The local date of day 1.
    pub starts_on: Date,
    /// How often a yearly plan has started again.
    pub cycle: u16,
    /// One bit per step of this cycle that has been planned.
    pub planned_steps: u64,
}

impl Progress {
    /// The beginning of an enrolment whose day 1 is `starts_on`.
    #[must_use]
    pub const fn starting(starts_on: Date) -> Self {
        Self { starts_on, cycle: 0, planned_steps: 0 }
    }
}

/// One planned touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedTouch {
    /// The step's index in the plan, from 0.
    pub step: usize,
    /// The cycle it belongs to.
    pub cycle: u16,
    /// The recipient's local date.
    pub date: Date,
    /// What decided the date.
    pub rule: DateRule,
}

/// What decided a date; told in explanations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateRule {
    /// The step's day number.
    Day,
    /// The step's anchor.
    Anchor,
    /// The day number, because the anchor's date is unknown or outside the year.
    Fallback,
    /// The day number, moved away from an anchored neighbour.
    MovedForAnchor,
}

/// What comes next for an enrolment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// This touch, after which the enrolment stands at `progress`.
    Touch {
        /// The touch.
        touch: PlannedTouch,
        /// The enrolment's progress once it is stored.
        progress: Progress,
    },
    /// The plan is complete and another one follows.
    Chain {
        /// The following plan's key.
        plan: String,
        /// Its day 1.
        starts_on: Date,
    },
    /// The plan is complete.
    Complete,
}

/// What comes next.
///
/// ```
/// use domain::{calendar::Calendar, planning::{next, Next, Person, Progress}};
/// # let plan: domain::Plan = toml::from_str(domain::planning::DOCTEST_PLAN).unwrap();
/// let person = Person { dates: Default::default(), country: None };
/// let progress = Progress::starting("2026-06-01".parse().unwrap());
/// let Next::Touch { touch, .. } = next(&plan, progress, person, &Calendar::default()) else { panic!() };
/// assert_eq!(touch.date.to_string(), "2026-06-01");
/// ```
#[must_use]
pub fn next(plan: &Plan, progress: Progress, person: Person<'_>, calendar: &Calendar) -> Next {
    next_open(plan, progress, person, calendar, &[])
}

/// What comes next when nothing can be sent on some channels: as [`next`], but steps on the `stopped`
/// channels are passed over and count as planned (compliance.md SUP-18). Those behind the next open
/// step stay, because what stops them may have ended by then. A yearly plan of which every step is
/// stopped is complete.
#[must_use]
pub fn next_open(
    plan: &Plan,
    progress: Progress,
    person: Person<'_>,
    calendar: &Calendar,
    stopped: &[Channel],
) -> Next {
    let is_open = |step: &Step| !stopped.contains(&step.channel);
    let mut planned_steps = progress.planned_steps;
    for touch in cycle_schedule(plan, progress.starts_on, progress.cycle, person, calendar) {
        let bit = 1 << touch.step;
        if planned_steps & bit == 0 {
            planned_steps |= bit;
            if is_open(&plan.steps[touch.step]) {
                return Next::Touch { touch, progress: Progress { planned_steps, ..progress } };
            }
        }
    }
    match &plan.then {
        _ if plan.repeat == Repeat::Yearly && plan.steps.iter().any(is_open) => {
            let again = Progress { cycle: progress.cycle + 1, planned_steps: 0, ..progress };
            next_open(plan, again, person, calendar, stopped)
        }
        Some(chain) if plan.repeat != Repeat::Yearly || plan.steps.is_empty() => Next::Chain {
            plan: chain.plan.clone(),
            starts_on: on_day(progress.starts_on, chain.day),
        },
        _ => Next::Complete,
    }
}

/// Every touch of one cycle in order of date (then of step): each step exactly once.
#[must_use]
pub fn cycle_schedule(
    plan: &Plan,
    starts_on: Date,
    cycle: u16,
    person: Person<'_>,
    calendar: &Calendar,
) -> Vec<PlannedTouch> {
    // jiff constrains 29 February to the 28th in other years.
    let begin = starts_on.saturating_add(Span::new().years(i32::from(cycle)));
    let end = starts_on.saturating_add(Span::new().years(i32::from(cycle) + 1));
    let mut touches: Vec<PlannedTouch> = plan
        .steps
        .iter()
        .enumerate()
        .map(|(step, definition)| {
            let (date, rule) = date_of(definition, begin, end, person, calendar);
            PlannedTouch { step, cycle, date, rule }
        })
        .collect();
    make_room_for_anchors(&mut touches);
    for touch in &mut touches {
        let shift = plan.steps[touch.step].shift();
        touch.date = calendar.shifted(person.country, touch.date, shift).max(begin);
    }
    touches.sort_by_key(|touch| (touch.date, touch.step));
    touches
}

fn date_of(
    step: &Step,
    begin: Date,
    end: Date,
    person: Person<'_>,
    calendar: &Calendar,
) -> (Date, DateRule) {
    let Some(anchor) = &step.anchor else { return (on_day(begin, step.day), DateRule::Day) };
    let date = match anchor {
        Anchor::Holiday(key) => calendar.holiday_from(key, begin),
        personal => person.dates.of(personal).map(|date| anniversary_from(date, begin)),
    };
    match date {
        Some(date) if date < end => (date, DateRule::Anchor),
        _ => (on_day(begin, step.day), DateRule::Fallback),
    }
}

/// The first anniversary of `date` on or after `from`; 29 February is kept on the 28th.
fn anniversary_from(date: Date, from: Date) -> Date {
    let in_year = |year: i16| {
        Date::new(year, date.month(), date.day())
            .or_else(|_| Date::new(year, date.month(), date.day() - 1))
            .unwrap_or(from)
    };
    let this_year = in_year(from.year());
    if this_year >= from { this_year } else { in_year(from.year() + 1) }
}

fn on_day(begin: Date, day: u16) -> Date {
    begin.saturating_add(Span::new().days(i64::from(day.max(1)) - 1))
}

/// Moves day-numbered touches that stand closer than three days to an anchored one away from it,
/// by at most three days (domain.md §2.2 rules).
fn make_room_for_anchors(touches: &mut [PlannedTouch]) {
    let anchors: Vec<Date> = touches
        .iter()
        .filter(|touch| touch.rule == DateRule::Anchor)
        .map(|touch| touch.date)
        .collect();
    for touch in touches.iter_mut().filter(|touch| touch.rule != DateRule::Anchor) {
        let near = |anchor: &&Date| days_between(**anchor, touch.date).abs() < ANCHOR_DISTANCE_DAYS;
        let Some(&anchor) = anchors.iter().find(near) else { continue };
        let away = if touch.date < anchor { -ANCHOR_DISTANCE_DAYS } else { ANCHOR_DISTANCE_DAYS };
        touch.date = anchor.saturating_add(Span::new().days(away));
        touch.rule = DateRule::MovedForAnchor;
    }
}

fn days_between(from: Date, to: Date) -> i32 {
    from.until(to).map_or(i32::MAX, |span| span.get_days())
}

/// The instant a touch is due: the step's local time on its date in `zone`, plus `spread` (any
/// number, e.g. from the enrolment's id) taken modulo [`SPREAD_MINUTES`].
///
/// A local time that a clock change skips moves to the first instant after the gap's length; one
/// that occurs twice takes its first occurrence (RFC 5545 §3.3.5).
#[must_use]
pub fn due_at(step: &Step, date: Date, zone: &TimeZone, spread: u64) -> Timestamp {
    let seconds = i64::try_from(spread % (SPREAD_MINUTES * 60)).unwrap_or(0);
    let local = date.to_datetime(step.at());
    let due = local.to_zoned(zone.clone()).map_or(Timestamp::MAX, |zoned| zoned.timestamp());
    due.saturating_add(Span::new().seconds(seconds)).unwrap_or(due)
}

/// The zone in which a person's dates become instants: the first one they could be in
/// ([`zones_of`]), else UTC. At the moment of sending the gate looks at all of them.
#[must_use]
pub fn zone_of(own: Option<&str>, country: Option<&str>, fallback: &str) -> TimeZone {
    zones_of(own, country, Some(fallback)).0.into_iter().next().unwrap_or(TimeZone::UTC)
}

/// The spread of an enrolment, for [`due_at`]: the tail of its identity is random, and stays the
/// same for all of its touches.
#[must_use]
pub fn spread_of(enrolment: EnrolmentId) -> u64 {
    u64::try_from(enrolment.as_uuid().as_u128() & 0xffff_ffff).unwrap_or(0)
}

/// A plan small enough for an example.
#[doc(hidden)]
pub const DOCTEST_PLAN: &str = r#"
key = "hello"
touches = 1
[name]
en = "Hello"
ar = "مرحبا"
[[steps]]
day = 1
channel = "email"
template = "hello"
purpose = { en = "Say hello", ar = "التحية" }
"#;

#[cfg(test)]
#[path = "planning_tests.rs"]
mod tests;
