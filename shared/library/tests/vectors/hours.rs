//! compliance.md V-6, row for row, with the rules of the built-in files; and §7a, row for row.

use std::sync::LazyLock;

use domain::ContactChannel;
use domain::rules::frequency::{Allowance, PastAttempt, Subjects, Wish};
use domain::rules::{Evidence, Hours, Place, RuleBook, Verdict, decide};
use domain::whereabouts::zone_data_version;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use library::Library;
use proptest::prelude::*;

/// The oldest time-zone data that knows the laws of 2026 (the staleness rows).
const OLDEST_ZONE_DATA: &str = "2026e";

fn rules() -> &'static RuleBook {
    static LIBRARY: LazyLock<Library> = LazyLock::new(Library::built_in);
    LIBRARY.rules()
}

fn zones(names: &str) -> Vec<TimeZone> {
    names.split(", ").map(|name| TimeZone::get(name).unwrap()).collect()
}

/// A row of V-6: number, rule, zones, instant, local times, next open instant ("" to send).
type Row = (u8, &'static str, &'static str, &'static str, &'static str, &'static str);

const NY: &str = "America/New_York";
const BOTH: &str = "America/New_York, America/Chicago";

#[rustfmt::skip]
const V6: &[Row] = &[
    (1, "US-FED", NY, "2026-07-15T11:59:59Z", "Wed 07:59:59 -0400", "2026-07-15T12:00:00Z"),
    (3, "US-FED", NY, "2026-07-16T00:59:59Z", "Wed 20:59:59 -0400", ""),
    (4, "US-FED", NY, "2026-07-16T01:00:00Z", "Wed 21:00:00 -0400", "2026-07-16T12:00:00Z"),
    (6, "US-FL", NY, "2026-07-16T00:00:00Z", "Wed 20:00:00 -0400", "2026-07-16T12:00:00Z"),
    (7, "US-FED", NY, "2026-03-07T12:30:00Z", "Sat 07:30:00 -0500", "2026-03-07T13:00:00Z"),
    (9, "US-FED", NY, "2026-03-08T12:00:00Z", "Sun 08:00:00 -0400", ""),
    (10, "US-FED", NY, "2026-11-01T12:30:00Z", "Sun 07:30:00 -0500", "2026-11-01T13:00:00Z"),
    (12, "US-FED", NY, "2026-11-02T01:30:00Z", "Sun 20:30:00 -0500", ""),
    (13, "US-FED", "America/Phoenix", "2026-07-15T14:59:59Z", "Wed 07:59:59 -0700", "2026-07-15T15:00:00Z"),
    (15, "US-FED", "America/Los_Angeles", "2026-07-15T04:00:00Z", "Tue 21:00:00 -0700", "2026-07-15T15:00:00Z"),
    (16, "US-FED", "Pacific/Honolulu", "2026-07-15T18:00:00Z", "Wed 08:00:00 -1000", ""),
    (18, "US-KY", BOTH, "2026-07-15T15:00:00Z", "Wed 11:00:00 -0400 / Wed 10:00:00 -0500", ""),
    (19, "US-AL", "America/Chicago", "2026-07-12T15:00:00Z", "Sun 10:00:00 -0500", "2026-07-13T13:00:00Z"),
    (21, "US-FED", BOTH, "2026-07-15T12:30:00Z", "Wed 08:30:00 -0400 / Wed 07:30:00 -0500", "2026-07-15T13:00:00Z"),
    (22, "US-FED", BOTH, "2026-07-15T13:00:00Z", "Wed 09:00:00 -0400 / Wed 08:00:00 -0500", ""),
    (24, "AE-CALL", "Asia/Dubai", "2026-06-01T04:59:59Z", "Mon 08:59:59 +0400", "2026-06-01T05:00:00Z"),
    (25, "AE-CALL", "Asia/Dubai", "2026-06-01T05:00:00Z", "Mon 09:00:00 +0400", ""),
    (27, "AE-CALL", "Asia/Dubai", "2026-06-01T14:00:00Z", "Mon 18:00:00 +0400", "2026-06-02T05:00:00Z"),
    (28, "AE-SMS/tdra", "Asia/Dubai", "2026-06-01T02:59:59Z", "Mon 06:59:59 +0400", "2026-06-01T03:00:00Z"),
    (30, "AE-SMS/tdra", "Asia/Dubai", "2026-06-01T17:00:00Z", "Mon 21:00:00 +0400", "2026-06-02T03:00:00Z"),
    (31, "SA-SMS/strict", "Asia/Riyadh", "2026-06-01T05:59:59Z", "Mon 08:59:59 +0300", "2026-06-01T06:00:00Z"),
    (33, "SA-SMS/strict", "Asia/Riyadh", "2026-06-01T18:00:00Z", "Mon 21:00:00 +0300", "2026-06-02T06:00:00Z"),
    (34, "SA-SMS/cst", "Asia/Riyadh", "2026-06-01T18:00:00Z", "Mon 21:00:00 +0300", ""),
    (36, "EG", "Africa/Cairo", "2026-04-23T06:59:59Z", "Thu 08:59:59 +0200", "2026-04-23T07:00:00Z"),
    (37, "EG", "Africa/Cairo", "2026-04-23T07:00:00Z", "Thu 09:00:00 +0200", ""),
    (39, "EG", "Africa/Cairo", "2026-10-30T06:30:00Z", "Fri 08:30:00 +0200", "2026-10-30T07:00:00Z"),
    (40, "EG", "Africa/Cairo", "2026-10-30T07:00:00Z", "Fri 09:00:00 +0200", ""),
    (42, "FR-CALL", "Europe/Paris", "2026-03-30T08:00:00Z", "Mon 10:00:00 +0200", ""),
    (43, "FR-CALL", "Europe/Paris", "2026-03-30T11:00:00Z", "Mon 13:00:00 +0200", "2026-03-30T12:00:00Z"),
    (45, "FR-CALL", "Europe/Paris", "2026-03-28T10:00:00Z", "Sat 11:00:00 +0100", "2026-03-30T08:00:00Z"),
    (46, "FR-CALL", "Europe/Paris", "2026-07-14T10:00:00Z", "Tue 12:00:00 +0200", "2026-07-15T08:00:00Z"),
];

#[test]
fn v6_every_row_is_decided_by_the_recipients_clocks() {
    for (row, rule, names, at, local, next) in V6 {
        let zones = zones(names);
        let at: Timestamp = at.parse().unwrap();
        let shown = zones
            .iter()
            .map(|zone| at.to_zoned(zone.clone()).strftime("%a %H:%M:%S %z").to_string());
        assert_eq!(shown.collect::<Vec<_>>().join(" / "), *local, "row {row}");
        let verdict = decide(&[rules().hours(rule).unwrap().hours], &zones, at);
        let expected = match *next {
            "" => Verdict::Send,
            next => Verdict::Defer { next: Some(next.parse().unwrap()) },
        };
        assert_eq!(verdict, expected, "row {row}");
    }
}

#[test]
fn v6_the_notes_hold_for_rows_the_table_leaves_out() {
    let federal = rules().hours("US-FED").unwrap().hours;
    // Rows 8 and 11: the hour before the opening of both days of a clock change.
    for (at, next) in [
        ("2026-03-08T11:30:00Z", "2026-03-08T12:00:00Z"),
        ("2026-11-01T12:59:59Z", "2026-11-01T13:00:00Z"),
    ] {
        let verdict = decide(&[federal], &zones(NY), at.parse().unwrap());
        assert_eq!(verdict, Verdict::Defer { next: Some(next.parse().unwrap()) }, "{at}");
    }
    // Row 20: Chicago alone would send at 21:30 of New York.
    let at: Timestamp = "2026-07-16T01:30:00Z".parse().unwrap();
    assert_eq!(decide(&[federal], &zones("America/Chicago"), at), Verdict::Send);
    assert!(matches!(decide(&[federal], &zones(BOTH), at), Verdict::Defer { .. }));
    // Row 21: New York alone would send at 07:30 of Chicago.
    let at: Timestamp = "2026-07-15T12:30:00Z".parse().unwrap();
    assert_eq!(decide(&[federal], &zones(NY), at), Verdict::Send);
    let closed = |zone: &str, date: &str| {
        let french = rules().hours("FR-CALL").unwrap().hours;
        let noon = date.parse::<DateTime>().unwrap().to_zoned(zones(zone).remove(0)).unwrap();
        decide(&[french], &zones(zone), noon.timestamp()) != Verdict::Send
    };
    assert!(
        closed("Europe/Paris", "2026-05-01T11:00") && closed("Europe/Paris", "2026-07-14T11:00")
    );
}

#[test]
fn v6_the_zone_data_is_new_enough_for_the_laws_of_2026() {
    assert!(zone_data_version() >= OLDEST_ZONE_DATA, "{}", zone_data_version());
    let federal = rules().hours("US-FED").unwrap().hours;
    for (zone, at, sends) in [
        ("America/Vancouver", "2026-12-02T04:30:00Z", false),
        ("America/Vancouver", "2026-12-01T15:30:00Z", true),
        ("America/Edmonton", "2026-12-02T03:30:00Z", false),
        ("Africa/Casablanca", "2026-12-01T20:30:00Z", true),
    ] {
        let verdict = decide(&[federal], &zones(zone), at.parse().unwrap());
        assert_eq!(verdict == Verdict::Send, sends, "{zone} {at}");
    }
}

/// A row of §7a: id or mode, channels, then days and windows, and whether holidays are closed.
type Listed = (&'static str, &'static str, &'static [(&'static str, &'static str)], bool);

const ALL_DAYS: &str = "mon tue wed thu fri sat sun";
const WORKDAYS: &str = "mon tue wed thu fri";
const NO_SUNDAY: &str = "mon tue wed thu fri sat";

#[rustfmt::skip]
const LISTED: &[Listed] = &[
    ("US-FED", "sms call", &[(ALL_DAYS, "08:00-21:00")], false),
    ("US-FL", "sms call", &[(ALL_DAYS, "08:00-20:00")], false),
    ("US-OK", "sms call", &[(ALL_DAYS, "08:00-20:00")], false),
    ("US-OR", "sms call", &[(ALL_DAYS, "08:00-20:00")], false),
    ("US-MD", "call", &[(ALL_DAYS, "08:00-20:00")], false),
    ("US-MA", "call", &[(ALL_DAYS, "08:00-20:00")], false),
    ("US-AL", "call", &[(NO_SUNDAY, "08:00-20:00")], true),
    ("US-LA", "call", &[(NO_SUNDAY, "08:00-20:00")], true),
    ("US-MS", "call", &[(NO_SUNDAY, "08:00-20:00")], true),
    ("US-CT", "sms call", &[(ALL_DAYS, "09:00-20:00")], false),
    ("US-KY", "call", &[(ALL_DAYS, "10:00-21:00")], false),
    ("US-MI", "call", &[(ALL_DAYS, "09:00-21:00")], false),
    ("US-MN", "call", &[(ALL_DAYS, "09:00-21:00")], false),
    ("US-NM", "call", &[(ALL_DAYS, "09:00-21:00")], false),
    ("US-NV", "call", &[(ALL_DAYS, "09:00-20:00")], false),
    ("US-PA", "call", &[(WORKDAYS, "08:00-21:00"), ("sat sun", "08:00-12:00")], true),
    ("US-RI", "call", &[(WORKDAYS, "09:00-18:00"), ("sat", "10:00-17:00")], true),
    ("US-TX", "sms call", &[(NO_SUNDAY, "09:00-21:00"), ("sun", "12:00-21:00")], false),
    ("US-WA", "sms call", &[(ALL_DAYS, "08:00-20:00")], false),
    ("US-UNKNOWN", "email sms call", &[(NO_SUNDAY, "10:00-20:00")], true),
    ("AE-CALL", "call", &[(ALL_DAYS, "09:00-18:00")], false),
    ("AE-SMS", "sms", &[(ALL_DAYS, "09:00-18:00")], false),
    ("AE-SMS/strict", "sms", &[(ALL_DAYS, "09:00-18:00")], false),
    ("AE-SMS/tdra", "sms", &[(ALL_DAYS, "07:00-21:00")], false),
    ("SA-SMS", "sms", &[(ALL_DAYS, "09:00-21:00")], false),
    ("SA-SMS/strict", "sms", &[(ALL_DAYS, "09:00-21:00")], false),
    ("SA-SMS/cst", "sms", &[(ALL_DAYS, "09:00-22:00")], false),
    ("SA-CALL", "call", &[(ALL_DAYS, "09:00-21:00")], false),
    ("KW-SMS", "sms", &[(ALL_DAYS, "09:00-21:00")], false),
    ("QA", "sms call", &[(ALL_DAYS, "09:00-20:00")], false),
    ("BH", "sms call", &[(ALL_DAYS, "09:00-20:00")], false),
    ("OM", "sms call", &[(ALL_DAYS, "09:00-20:00")], false),
    ("JO", "sms call", &[(ALL_DAYS, "09:00-20:00")], false),
    ("EG", "sms call", &[(ALL_DAYS, "09:00-20:00")], false),
    ("FR-CALL", "call", &[(WORKDAYS, "10:00-13:00 14:00-20:00")], true),
    ("DE-CALL", "call", &[(ALL_DAYS, "09:00-20:00")], false),
    ("EU-CALL", "call", &[(ALL_DAYS, "09:00-20:00")], false),
    ("CA", "sms call", &[(ALL_DAYS, "09:00-20:00")], false),
];

#[test]
fn every_row_of_7a_is_a_rule_with_its_hours_source_and_date() {
    for (name, channels, windows, closes_on_holidays) in LISTED {
        let rule = rules().rule(name.split('/').next().unwrap()).unwrap();
        let hours = rules().hours(name).unwrap().hours;
        let bound = |channel: &&str| rule.channels.contains(&channel.parse().unwrap());
        assert!(channels.split(' ').collect::<Vec<_>>().iter().all(bound), "{name}");
        assert_eq!(rule.channels.len(), channels.split(' ').count(), "{name}");
        assert!(!rule.source.is_empty() && !rule.evidence.is_empty(), "{name}");
        assert_eq!(rule.verified, jiff::civil::date(2026, 11, 21), "{name}");
        // The week of Monday, 8 June 2026 has no holiday in any of the calendars.
        for (day, date) in ALL_DAYS.split(' ').zip(8..) {
            let found = shown(hours, jiff::civil::date(2026, 6, date));
            let listed = windows.iter().find(|(days, _)| days.contains(day)).map_or("", |l| l.1);
            assert_eq!(found, listed, "{name} {day}");
        }
        // 25 December 2026 is a Friday, and a holiday wherever there are any.
        let christmas = shown(hours, jiff::civil::date(2026, 12, 25));
        assert_eq!(christmas.is_empty(), *closes_on_holidays, "{name}");
    }
    let listed = LISTED.iter().filter(|(name, ..)| !name.contains('/')).count();
    // The others say on which basis people are reached, and nothing of hours.
    let with_hours = rules().rules().filter(|rule| rule.in_force().is_some());
    assert_eq!(with_hours.count(), listed);
}

fn shown(hours: &Hours, date: jiff::civil::Date) -> String {
    hours.on(date).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_is_not_verified_says_so() {
    for id in ["US-TX", "US-WA", "SA-CALL", "QA", "BH", "OM", "JO", "EG", "CA"] {
        assert!(rules().rule(id).unwrap().evidence.contains(&Evidence::Unverified), "{id}");
    }
}

fn ids(countries: &[&str], states: &[&'static str], channel: ContactChannel) -> Vec<String> {
    let countries = countries.iter().map(|code| (*code).to_owned()).collect();
    let place = Place { countries, states: states.to_vec() };
    let rules = rules().binding(&place, channel);
    rules.iter().filter_map(|rule| Some(rule.in_force()?.name.to_owned())).collect()
}

#[test]
fn people_are_protected_by_the_rules_of_every_place_they_could_be_in() {
    use ContactChannel::{Call, Email, Sms};
    assert_eq!(ids(&["US"], &["US-FL"], Sms), ["US-FL", "US-FED"]);
    assert_eq!(ids(&["US"], &["US-CA", "US-CT"], Sms), ["US-CT", "US-FED"]);
    assert_eq!(ids(&["US"], &["US-NY"], Email), Vec::<String>::new());
    assert_eq!(ids(&["US"], &[], Sms), ["US-UNKNOWN", "US-FED"]);
    assert_eq!(ids(&["US"], &["CA-BC"], Sms), ["US-UNKNOWN", "US-FED"]);
    assert_eq!(ids(&["AE", "FR"], &[], Call), ["AE-CALL", "FR-CALL"]);
    assert_eq!(ids(&["AE"], &[], Sms), ["AE-SMS/strict"]);
    assert_eq!(ids(&["IT"], &[], Call), ["EU-CALL"]);
    assert_eq!(ids(&[], &[], Call), Vec::<String>::new());
}

proptest! {
    #[test]
    fn the_strictest_of_all_rules_and_zones_lies_within_each(
        names in prop::sample::subsequence(LISTED.iter().map(|row| row.0).collect::<Vec<_>>(), 1..4),
        at in 1_767_225_600_i64..1_798_761_600,
        zones in prop::sample::subsequence(
            vec![NY, "America/Chicago", "Pacific/Honolulu", "Asia/Dubai", "Africa/Cairo", "Europe/Paris"],
            1..3,
        ),
    ) {
        let zones: Vec<_> = zones.into_iter().map(|name| TimeZone::get(name).unwrap()).collect();
        let hours: Vec<_> = names.iter().map(|name| rules().hours(name).unwrap().hours).collect();
        let at = Timestamp::from_second(at).unwrap();
        let (open, is_now) = match decide(&hours, &zones, at) {
            Verdict::Send => (Some(at), true),
            Verdict::Defer { next } => (next, false),
        };
        if let Some(open) = open {
            prop_assert_eq!(open == at, is_now);
            for hours in &hours {
                for zone in &zones {
                    prop_assert!(hours.are_open(zone, open));
                    prop_assert!(matches!(decide(&[*hours], std::slice::from_ref(zone), open), Verdict::Send));
                }
            }
        }
    }
}

/// A row of the frequency table: number, rule, zone, history (local time, answered, refused,
/// subject), the wish, whether subjects are ignored, and from when it is allowed ("" at once).
type Frequent = (
    &'static str,
    &'static str,
    &'static str,
    &'static [(&'static str, bool, bool, &'static str)],
    &'static str,
    Subjects,
    &'static str,
);

const DUBAI: &str = "Asia/Dubai";
const PARIS: &str = "Europe/Paris";

/// Three answered calls about a house on Monday, 1 June 2026.
const F1: &[(&str, bool, bool, &str)] = &[
    ("2026-06-01T09:00", true, false, "house"),
    ("2026-06-01T12:00", true, false, "house"),
    ("2026-06-01T15:00", true, false, "house"),
];
const F4: &[(&str, bool, bool, &str)] =
    &[("2026-06-01T10:00", false, false, "flat"), ("2026-06-03T10:00", false, false, "flat")];
const F7: &[(&str, bool, bool, &str)] = &[
    ("2026-06-01T10:00", true, false, "flat"),
    ("2026-06-04T10:00", true, false, "flat"),
    ("2026-06-09T10:00", true, false, "flat"),
    ("2026-06-16T10:00", true, false, "flat"),
];

#[rustfmt::skip]
const FREQUENCY: &[Frequent] = &[
    ("F1", "US-FL", NY, F1, "2026-06-01T18:00", Subjects::AsWorded, "2026-06-02T09:00"),
    ("F1 at its end", "US-FL", NY, F1, "2026-06-02T09:00", Subjects::AsWorded, ""),
    ("F2 by the statute", "US-FL", NY, &[("2026-06-01T09:00", true, false, "boat"), ("2026-06-01T12:00", true, false, "boat"), ("2026-06-01T15:00", true, false, "boat")], "2026-06-01T18:00", Subjects::AsWorded, ""),
    ("F2 by the product", "US-FL", NY, &[("2026-06-01T09:00", true, false, "boat"), ("2026-06-01T12:00", true, false, "boat"), ("2026-06-01T15:00", true, false, "boat")], "2026-06-01T18:00", Subjects::Ignored, "2026-06-02T09:00"),
    ("F3", "AE-CALL", DUBAI, &[("2026-06-01T10:00", false, false, "flat")], "2026-06-01T16:00", Subjects::Ignored, "2026-06-02T10:00"),
    ("F4", "AE-CALL", DUBAI, F4, "2026-06-05T10:00", Subjects::Ignored, "2026-06-08T10:00"),
    ("F5", "AE-CALL", DUBAI, F4, "2026-06-08T10:01", Subjects::Ignored, ""),
    ("F6", "AE-CALL", DUBAI, &[("2026-06-01T10:00", true, true, "house")], "2036-06-01T10:00", Subjects::AsWorded, "never"),
    ("F7 on day 29", "FR-CALL", PARIS, F7, "2026-06-30T10:00", Subjects::Ignored, "2026-07-01T10:00"),
    ("F7 on day 31", "FR-CALL", PARIS, F7, "2026-07-02T10:00", Subjects::Ignored, ""),
    ("F8 on day 60", "FR-CALL", PARIS, &[("2026-01-10T11:00", true, true, "flat")], "2026-03-11T19:59", Subjects::Ignored, "2026-03-12T00:00"),
    ("F8 on day 61", "FR-CALL", PARIS, &[("2026-01-10T11:00", true, true, "flat")], "2026-03-12T10:00", Subjects::Ignored, ""),
];

#[test]
fn v6_every_row_of_the_frequency_table_is_decided_by_what_was_really_attempted() {
    for (row, rule, zone, history, wish, subjects, from) in FREQUENCY {
        let zones = zones(zone);
        let instant = |local: &str| {
            local.parse::<DateTime>().unwrap().to_zoned(zones[0].clone()).unwrap().timestamp()
        };
        let past = |channel| {
            let history = history.iter();
            history.map(move |(at, answered, refused, subject)| PastAttempt {
                at: at
                    .parse::<DateTime>()
                    .unwrap()
                    .to_zoned(TimeZone::get(zone).unwrap())
                    .unwrap()
                    .timestamp(),
                channel,
                subject,
                answered: *answered,
                refused: *refused,
            })
        };
        let wish = Wish { at: instant(wish), subject: "house", subjects: *subjects, zones: &zones };
        let expected = match *from {
            "" => Allowance::Allowed,
            "never" => Allowance::Never,
            from => Allowance::From(instant(from)),
        };
        let rule = rules().rule(rule).unwrap();
        let called: Vec<_> = past(ContactChannel::Call).collect();
        assert_eq!(rule.allowance(&called, wish), expected, "{row}");
        // What the rule does not bind does not count.
        let written: Vec<_> = past(ContactChannel::Email).collect();
        assert_eq!(rule.allowance(&written, wish), Allowance::Allowed, "{row} by email");
    }
}
