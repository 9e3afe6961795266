//! What decided the date of a planned touch, in words.

use domain::Calendar;
use domain::plan::{Anchor, Plan, Shift};
use domain::planning::{DateRule, Person, PlannedTouch, cycle_schedule};
use jiff::Span;
use jiff::civil::Date;

use super::local;

/// The rule's word in JSON: `day`, `anchor`, `fallback` or `moved`.
pub const fn word(rule: DateRule) -> &'static str {
    match rule {
        DateRule::Day => "day",
        DateRule::Anchor => "anchor",
        DateRule::Fallback => "fallback",
        DateRule::MovedForAnchor => "moved",
    }
}

/// Why a touch stands on its date: a part of a sentence, without a full stop.
pub fn why(
    plan: &Plan,
    starts_on: Date,
    touch: &PlannedTouch,
    person: Person<'_>,
    calendar: &Calendar,
) -> String {
    let Some(step) = plan.steps.get(touch.step) else { return "no longer in the plan".to_owned() };
    let day = day_of_plan(step.day, starts_on, touch.cycle);
    let mut words = match (touch.rule, &step.anchor) {
        (DateRule::Anchor, Some(anchor)) => anchor_in_words(anchor),
        (DateRule::Fallback, Some(anchor)) => {
            format!("{day}, because {} is not known for this year", anchor_in_words(anchor))
        }
        (DateRule::MovedForAnchor, _) => {
            format!("{day}, moved to keep its distance from an anniversary or holiday")
        }
        _ => day,
    };
    let unmoved = unmoved(plan, starts_on, touch, person, calendar);
    if let Some(date) = unmoved.filter(|date| *date != touch.date) {
        let direction = if date < touch.date { "after" } else { "before" };
        words
            .push_str(&format!("; moved from {} to the working day {direction}", local::day(date)));
    }
    words
}

fn day_of_plan(day: u16, starts_on: Date, cycle: u16) -> String {
    if cycle == 0 {
        return format!("day {day} of the plan, which began on {}", local::day(starts_on));
    }
    let began = starts_on.saturating_add(Span::new().years(i32::from(cycle)));
    format!("day {day} of year {} of the plan, which began on {}", cycle + 1, local::day(began))
}

fn anchor_in_words(anchor: &Anchor) -> String {
    match anchor {
        Anchor::Birthday => "the contact's birthday".to_owned(),
        Anchor::SpouseBirthday => "the spouse's birthday".to_owned(),
        Anchor::Closing => "the anniversary of the closing".to_owned(),
        Anchor::Holiday(key) => format!("the holiday \"{key}\""),
    }
}

/// The date of the touch if no date were moved to a working day.
fn unmoved(
    plan: &Plan,
    starts_on: Date,
    touch: &PlannedTouch,
    person: Person<'_>,
    calendar: &Calendar,
) -> Option<Date> {
    let mut plan = plan.clone();
    for step in &mut plan.steps {
        step.shift = Some(Shift::Same);
    }
    cycle_schedule(&plan, starts_on, touch.cycle, person, calendar)
        .into_iter()
        .find(|other| other.step == touch.step)
        .map(|other| other.date)
}
