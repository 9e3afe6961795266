//! Facts about planning, by example and by property.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use jiff::civil::{Weekday, date};
use proptest::prelude::*;

use super::*;
use crate::plan::Shift;
use crate::suppression::{Purpose, Topic};
use crate::{Channel, Lane, Locale};

fn step(day: u16, channel: Channel) -> Step {
    let purpose = Locale::ALL.iter().map(|locale| (*locale, "x".to_owned())).collect();
    Step {
        day,
        channel,
        purpose,
        template: format!("t{day}"),
        anchor: None,
        shift: Some(Shift::Same),
        at: None,
        counts: true,
    }
}

fn anchored(day: u16, anchor: Anchor) -> Step {
    Step { anchor: Some(anchor), ..step(day, Channel::Card) }
}

fn plan(steps: Vec<Step>, repeat: Repeat) -> Plan {
    Plan {
        key: "p".to_owned(),
        name: Locale::ALL.iter().map(|locale| (*locale, "p".to_owned())).collect(),
        description: BTreeMap::new(),
        touches: u16::try_from(steps.len()).unwrap(),
        lane: Lane::Bulk,
        topic: Topic::GENERAL,
        purpose: Purpose::Marketing,
        repeat,
        then: None,
        steps,
    }
}

fn nobody() -> Person<'static> {
    Person { dates: PersonDates::default(), country: None }
}

fn gulf() -> Calendar {
    let fri_sat = vec![Weekday::Friday, Weekday::Saturday];
    let holidays = BTreeMap::from([("eid".to_owned(), vec![date(2026, 3, 20), date(2027, 3, 10)])]);
    Calendar::new(BTreeMap::from([("SA".to_owned(), fri_sat)]), vec![], holidays)
}

fn dates(plan: &Plan, start: Date, person: Person<'_>, calendar: &Calendar) -> Vec<String> {
    cycle_schedule(plan, start, 0, person, calendar).iter().map(|t| t.date.to_string()).collect()
}

#[test]
fn day_numbers_count_from_one() {
    let plan = plan(vec![step(1, Channel::Email), step(3, Channel::Email)], Repeat::Never);
    assert_eq!(dates(&plan, date(2026, 6, 1), nobody(), &gulf()), ["2026-06-01", "2026-06-03"]);
}

#[test]
fn working_days_are_those_of_the_contacts_country() {
    // domain.md V37: enrolled Thursday 2 January 2025 with a Friday–Saturday weekend.
    let next = |day| Step { shift: Some(Shift::Next), ..step(day, Channel::Email) };
    let plan = plan(vec![next(1), next(3), next(7), next(14)], Repeat::Never);
    let saudi = Person { country: Some("SA"), ..nobody() };
    assert_eq!(
        dates(&plan, date(2025, 1, 2), saudi, &gulf()),
        ["2025-01-02", "2025-01-05", "2025-01-08", "2025-01-15"]
    );
}

#[test]
fn a_letter_moves_to_the_working_day_before() {
    let letter = Step { shift: None, ..step(3, Channel::Letter) };
    let saudi = Person { country: Some("SA"), ..nobody() };
    // Saturday 4 January moves to Thursday the 2nd.
    let plan = plan(vec![letter], Repeat::Never);
    assert_eq!(dates(&plan, date(2025, 1, 2), saudi, &gulf()), ["2025-01-02"]);
}

#[test]
fn an_anchor_wins_over_its_day_and_makes_room() {
    let plan = plan(vec![step(1, Channel::Email), anchored(50, Anchor::Birthday)], Repeat::Yearly);
    let dates_known = PersonDates { birthday: Some(date(1980, 6, 3)), ..PersonDates::default() };
    let person = Person { dates: dates_known, country: None };
    let touches = cycle_schedule(&plan, date(2026, 6, 1), 0, person, &gulf());
    // The email of day 1 would move to 31 May, before the enrolment; it stays on day 1 instead.
    assert_eq!(touches[0].date, date(2026, 6, 1));
    assert_eq!((touches[1].date, touches[1].rule), (date(2026, 6, 3), DateRule::Anchor));
}

#[test]
fn an_unknown_anchor_uses_the_day() {
    let plan = plan(vec![anchored(50, Anchor::Closing)], Repeat::Yearly);
    let touches = cycle_schedule(&plan, date(2026, 6, 1), 0, nobody(), &gulf());
    assert_eq!((touches[0].date, touches[0].rule), (date(2026, 7, 20), DateRule::Fallback));
}

#[test]
fn a_holiday_moves_with_its_calendar_from_cycle_to_cycle() {
    let plan = plan(vec![anchored(50, Anchor::Holiday("eid".to_owned()))], Repeat::Yearly);
    for (cycle, expected) in [(0, date(2026, 3, 20)), (1, date(2027, 3, 10))] {
        let touches = cycle_schedule(&plan, date(2026, 1, 1), cycle, nobody(), &gulf());
        assert_eq!(touches[0].date, expected);
    }
    // Beyond the data the day number serves.
    let touches = cycle_schedule(&plan, date(2028, 1, 1), 0, nobody(), &gulf());
    assert_eq!(touches[0].rule, DateRule::Fallback);
}

#[test]
fn a_leap_day_birthday_is_kept_on_the_28th_in_other_years() {
    let plan = plan(vec![anchored(1, Anchor::Birthday)], Repeat::Yearly);
    let dates_known = PersonDates { birthday: Some(date(2000, 2, 29)), ..PersonDates::default() };
    let person = Person { dates: dates_known, country: None };
    for (cycle, expected) in [(0, date(2027, 2, 28)), (1, date(2028, 2, 29))] {
        assert_eq!(
            cycle_schedule(&plan, date(2027, 1, 1), cycle, person, &gulf())[0].date,
            expected
        );
    }
}

#[test]
fn a_complete_plan_chains_on_its_day() {
    let mut first = plan(vec![step(1, Channel::Email)], Repeat::Never);
    first.then = Some(crate::plan::Chain { plan: "33-touch".to_owned(), day: 57 });
    let done = Progress { planned_steps: 1, ..Progress::starting(date(2026, 6, 1)) };
    assert_eq!(
        next(&first, done, nobody(), &gulf()),
        Next::Chain { plan: "33-touch".to_owned(), starts_on: date(2026, 7, 27) }
    );
}

#[test]
fn local_time_survives_a_clock_change() {
    let at = |hour| Step { at: Some(jiff::civil::time(hour, 30, 0, 0)), ..step(1, Channel::Email) };
    let new_york = TimeZone::get("America/New_York").unwrap();
    // 02:30 does not exist on 8 March 2026 and exists twice on 1 November.
    for (hour, day, expected) in [
        (10, date(2026, 3, 7), "2026-03-07T15:30:00Z"),
        (10, date(2026, 3, 8), "2026-03-08T14:30:00Z"),
        (2, date(2026, 3, 8), "2026-03-08T07:30:00Z"),
        (1, date(2026, 11, 1), "2026-11-01T05:30:00Z"),
    ] {
        assert_eq!(due_at(&at(hour), day, &new_york, 0).to_string(), expected);
    }
}

fn any_step() -> impl Strategy<Value = Step> {
    let anchors = prop_oneof![
        4 => Just(None),
        1 => Just(Some(Anchor::Birthday)),
        1 => Just(Some(Anchor::Closing)),
        1 => Just(Some(Anchor::Holiday("eid".to_owned()))),
    ];
    let shifts = prop_oneof![Just(Shift::Same), Just(Shift::Next), Just(Shift::Previous)];
    (1u16..=365, anchors, shifts).prop_map(|(day, anchor, shift)| Step {
        anchor,
        shift: Some(shift),
        ..step(day, Channel::Card)
    })
}

fn any_date() -> impl Strategy<Value = Date> {
    (2024i16..2030, 1i8..=12, 1i8..=28).prop_map(|(y, m, d)| date(y, m, d))
}

proptest! {
    #[test]
    fn every_step_is_planned_exactly_once_a_cycle(
        steps in prop::collection::vec(any_step(), 1..40),
        start in any_date(),
        birthday in prop::option::of(any_date()),
        late_birthday in prop::option::of(any_date()),
    ) {
        let plan = plan(steps, Repeat::Yearly);
        let calendar = gulf();
        let mut progress = Progress::starting(start);
        let mut seen = vec![0u8; plan.steps.len()];
        for turn in 0..plan.steps.len() * 2 {
            // Facts may change half-way.
            let known = if turn < 5 { birthday } else { late_birthday };
            let person = Person {
                dates: PersonDates { birthday: known, ..PersonDates::default() },
                country: Some("SA"),
            };
            let Next::Touch { touch, progress: after } = next(&plan, progress, person, &calendar)
            else { panic!("a yearly plan never ends") };
            seen[touch.step] += 1;
            let begin = start.saturating_add(Span::new().years(i32::from(touch.cycle)));
            prop_assert!(touch.date >= begin);
            prop_assert!(days_between(begin, touch.date).abs() < 366 + 10);
            progress = after;
        }
        prop_assert!(seen.iter().all(|times| *times == 2), "{seen:?}");
    }

    #[test]
    fn due_times_are_on_the_local_date_and_in_the_spread(
        day in any_date(), spread in any::<u64>(),
        zone in prop::sample::select(vec!["Asia/Dubai", "America/New_York", "Africa/Cairo", "Asia/Riyadh"]),
    ) {
        let zone = TimeZone::get(zone).unwrap();
        let due = due_at(&step(1, Channel::Email), day, &zone, spread);
        let local = due.to_zoned(zone);
        prop_assert_eq!(local.date(), day);
        prop_assert!(local.hour() == 10 && u64::try_from(local.minute()).unwrap() < SPREAD_MINUTES);
    }
}

#[test]
fn stopped_channels_are_passed_over_and_later_steps_stay() {
    use Channel::{Call, Email};
    let steps = vec![step(1, Email), step(2, Email), step(3, Call), step(4, Email)];
    let (once, yearly) = (plan(steps.clone(), Repeat::Never), plan(steps, Repeat::Yearly));
    let begin = Progress::starting(date(2026, 6, 1));
    let calendar = Calendar::default();
    let next = |plan: &Plan, progress, stopped: &[Channel]| {
        next_open(plan, progress, nobody(), &calendar, stopped)
    };
    let Next::Touch { touch, progress } = next(&once, begin, &[Email]) else { panic!() };
    assert_eq!((touch.step, progress.planned_steps), (2, 0b0111));
    assert_eq!(next(&once, progress, &[Email]), Next::Complete);
    // Whatever stopped it is gone: the step behind comes.
    let Next::Touch { touch, .. } = next(&once, progress, &[]) else { panic!() };
    assert_eq!(touch.step, 3);
    let Next::Touch { touch, progress } = next(&yearly, progress, &[Email]) else { panic!() };
    assert_eq!((touch.step, touch.cycle, progress.planned_steps), (2, 1, 0b0111));
    assert_eq!(next(&yearly, begin, &[Email, Call]), Next::Complete);
}
