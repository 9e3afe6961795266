//! V-10, do-not-call data: the rows that need no database. Rows 9, 10, 12 and 13 are here as rules
//! and once more in the storage's tests as loads.

use domain::phone::Phone;
use domain::registry::{
    AreaCode, Change, ChangeLayout, LayoutError, LineCounts, ListRefused, Registry, Verdict,
    accept_date, accept_size, next_download, number_in_line, number_of_phone,
};
use domain::relationship::{
    Ground, IntendedCall, Objection, Purpose, Relationship, RelationshipKind, Ruling,
    registry_exemption,
};
use domain::suppression::SuppressionReason;
use jiff::Timestamp;
use jiff::civil::Date;
use proptest::prelude::*;

use Registry::{AeDncr, UsNational};

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A call to the number with what the registry says, and what we know.
fn call(
    registry: Registry,
    verdict: Verdict,
    relationships: &[Relationship],
    suppressed: Option<SuppressionReason>,
) -> Ruling {
    registry_exemption(&IntendedCall {
        on: day("2026-02-01"),
        suppressed,
        registry: Some((registry, verdict)),
        listing: None,
        purpose: Purpose::FollowUp,
        relationships,
        permission: None,
    })
}

#[test]
fn row_1_data_of_31_days_is_fresh_and_of_32_is_not() {
    let version = Some(day("2026-01-01"));
    let verdict = |now| UsNational.verdict(version, false, at(now));
    assert_eq!(verdict("2026-02-01T23:59:59Z"), Verdict::Clear);
    assert_eq!(verdict("2026-02-02T00:00:00Z"), Verdict::Stale);
    assert_eq!(call(UsNational, Verdict::Clear, &[], None), Ruling::Allow(Ground::NotRegistered));
    assert_eq!(call(UsNational, Verdict::Stale, &[], None), Ruling::Block(Objection::DataStale));
    // Dubai's day begins four hours before: the day of the person called counts.
    assert_eq!(AeDncr.verdict(version, false, at("2026-02-01T19:59:59Z")), Verdict::Clear);
    assert_eq!(AeDncr.verdict(version, false, at("2026-02-01T20:00:00Z")), Verdict::Stale);
}

#[test]
fn row_3_each_area_code_has_its_own_age() {
    let now = at("2026-03-01T12:00:00Z");
    let fresh = UsNational.verdict(Some(day("2026-02-20")), false, now);
    let stale = UsNational.verdict(Some(day("2026-01-01")), false, now);
    assert_eq!((fresh, stale), (Verdict::Clear, Verdict::Stale));
    assert_eq!(UsNational.verdict(None, false, now), Verdict::NotLicensed);
}

#[test]
fn rows_4_and_6_a_registered_number_is_blocked_and_our_own_list_beats_a_relationship() {
    let Ruling::Block(why) = call(UsNational, Verdict::Listed, &[], None) else { panic!() };
    assert_eq!(why.as_str(), "national_dnc");
    let known = [Relationship {
        kind: RelationshipKind::Inquiry,
        on: day("2026-01-15"),
        evidence: "form 12".to_owned(),
    }];
    assert!(matches!(call(UsNational, Verdict::Listed, &known, None), Ruling::Allow(_)));
    let asked = Some(SuppressionReason::VoiceRequest);
    let Ruling::Block(why) = call(UsNational, Verdict::Listed, &known, asked) else { panic!() };
    assert_eq!(why.as_str(), "voice_request");
}

#[test]
fn row_7_every_spelling_of_a_line_is_the_same_number() {
    for line in [
        "4155552671",
        "415,5552671",
        "415,555-2671",
        "\"415\",\"5552671\"",
        "\u{feff}4155552671\r\n",
        "415-555-2671\n",
        "\"4155552671\"",
        "  415 , 5552671  ",
    ] {
        let number = number_in_line(UsNational, line.as_bytes()).unwrap().unwrap();
        assert_eq!(number.e164(UsNational), "+14155552671", "{line}");
        assert_eq!((number.area_code, number.line), (AreaCode::new(415), 5_552_671), "{line}");
    }
}

#[test]
fn lines_that_are_no_numbers_are_told_from_blank_ones() {
    for blank in ["", "\n", "\r\n", "   ", "\u{feff}"] {
        assert_eq!(number_in_line(UsNational, blank.as_bytes()), Ok(None), "{blank:?}");
    }
    for line in [
        "415555267",
        "41555526711",
        "415,55526711",
        "415,555267",
        "41,55552671",
        "area,number",
        "415,555,2671",
        "415;5552671",
        "0155552671",
        "1155552671",
        "+14155552671",
        "415555267x",
        "٤١٥٥٥٥٢٦٧١",
        ",",
        "\"",
    ] {
        assert!(number_in_line(UsNational, line.as_bytes()).is_err(), "{line:?}");
    }
    assert!(number_in_line(UsNational, b"415555\xff671").is_err());
}

#[test]
fn row_9_a_share_of_malformed_lines_refuses_the_file() {
    let counts = |lines, malformed| LineCounts { lines, malformed, duplicates: 3 };
    assert_eq!(counts(1000, 1).accept(), Ok(()));
    assert!(matches!(counts(999, 1).accept(), Err(ListRefused::Malformed { .. })));
    assert!(matches!(counts(10_000, 11).accept(), Err(ListRefused::Malformed { .. })));
    assert_eq!(counts(0, 0).accept(), Err(ListRefused::Empty));
}

#[test]
fn row_10_a_change_list_is_read_by_its_configured_columns() {
    let layout: ChangeLayout = "area_code,number,-,action=A/D".parse().unwrap();
    let change = |line: &str| layout.change(UsNational, 7, line.as_bytes());
    let number = number_in_line(UsNational, b"4155552671").unwrap().unwrap();
    assert_eq!(change("415,5552671,2026-01-02,A\r\n"), Ok(Some(Change::Add(number))));
    assert_eq!(change("\"415\",\"555-2671\",\"\",\"d\""), Ok(Some(Change::Delete(number))));
    assert_eq!(change("\r\n"), Ok(None));
    for line in ["415,5552671,A", "415,5552671,2026-01-02,X", "A,415,5552671,2026-01-02", "415"] {
        let error = change(line).unwrap_err();
        assert_eq!(error.line, 7, "{line}");
        assert!(!error.to_string().contains("555"), "a list is confidential: {error}");
    }
    let together: ChangeLayout = "action=ADD/DELETE,number".parse().unwrap();
    assert_eq!(together.change(UsNational, 1, b"add,4155552671"), Ok(Some(Change::Add(number))));
}

#[test]
fn a_layout_names_its_columns_and_both_words() {
    for (text, error) in [
        ("", LayoutError::UnknownColumn(String::new())),
        ("number,kind", LayoutError::UnknownColumn("kind".to_owned())),
        ("number", LayoutError::NotOnce("action=ADDED/DELETED")),
        ("number,number,action=A/D", LayoutError::NotOnce("number")),
        ("area_code,area_code,number,action=A/D", LayoutError::NotOnce("area_code")),
        ("number,action=A", LayoutError::Action),
        ("number,action=A/a", LayoutError::Action),
        ("number,action=/D", LayoutError::Action),
    ] {
        assert_eq!(text.parse::<ChangeLayout>(), Err(error), "{text}");
    }
}

#[test]
fn row_12_a_second_download_waits_for_a_day() {
    let last = at("2026-02-01T10:00:00Z");
    assert_eq!(next_download(None, last), None);
    let next = Some(at("2026-02-02T10:00:00Z"));
    assert_eq!(next_download(Some(last), at("2026-02-02T09:59:59Z")), next);
    assert_eq!(next_download(Some(last), at("2026-02-02T10:00:00Z")), None);
}

#[test]
fn row_13_a_list_that_lost_a_fifth_is_refused() {
    assert_eq!(accept_size(1000, 801), Ok(()));
    assert_eq!(accept_size(1000, 800), Err(ListRefused::Shrank { before: 1000, now: 800 }));
    assert_eq!(accept_size(0, 0), Ok(()));
    assert_eq!(accept_size(0, 5), Ok(()));
    assert!(accept_size(1, 0).is_err());
}

#[test]
fn a_list_is_neither_of_tomorrow_nor_older_than_the_one_in_force() {
    let now = at("2026-02-01T21:00:00Z");
    let in_force = Some(day("2026-01-20"));
    let accept = |registry, given| accept_date(registry, day(given), in_force, now);
    assert_eq!(accept(UsNational, "2026-02-01"), Ok(()));
    assert_eq!(accept(UsNational, "2026-01-20"), Ok(()), "the same day may be corrected");
    assert!(matches!(accept(UsNational, "2026-01-19"), Err(ListRefused::Older { .. })));
    assert!(matches!(accept(UsNational, "2026-02-02"), Err(ListRefused::InFuture { .. })));
    assert_eq!(accept(AeDncr, "2026-02-02"), Ok(()), "in Dubai it is the 2nd");
}

#[test]
fn row_15_an_upload_of_the_uae_takes_any_spelling() {
    let expected =
        number_of_phone(AeDncr, Phone::parse("+971501234567", "").phone.as_ref().unwrap());
    assert_eq!(expected.unwrap().e164(AeDncr), "+971501234567");
    for line in
        ["0501234567", "+971 50 123 4567", "00971501234567", "٠٥٠ ١٢٣ ٤٥٦٧", "\"971501234567\""]
    {
        assert_eq!(number_in_line(AeDncr, line.as_bytes()).unwrap(), expected, "{line}");
    }
    for line in ["+14155552671", "hello", "123"] {
        assert!(number_in_line(AeDncr, line.as_bytes()).is_err(), "{line}");
    }
    let landline = number_in_line(AeDncr, b"04 323 4567").unwrap().unwrap();
    assert_eq!((landline.area_code, landline.line), (AreaCode::new(4), 3_234_567));
    let Ruling::Block(why) = call(AeDncr, Verdict::Listed, &[], None) else { panic!() };
    assert_eq!(why.as_str(), "ae_dncr");
}

#[test]
fn a_number_belongs_to_the_registry_of_its_region() {
    for (raw, expected) in [
        ("+14155552671", Some(UsNational)),
        ("+17872345678", Some(UsNational)), // Puerto Rico
        ("+14165550123", None),             // Toronto
        ("+18765550123", None),             // Jamaica
        ("+971501234567", Some(AeDncr)),
        ("+966501234567", None),
    ] {
        let check = Phone::parse(raw, "");
        assert_eq!(Registry::for_phone(check.phone.as_ref().unwrap()), expected, "{raw}");
    }
}

proptest! {
    #[test]
    fn any_bytes_get_an_answer(line in proptest::collection::vec(any::<u8>(), 0..40)) {
        for registry in Registry::ALL {
            let _ = number_in_line(*registry, &line);
        }
        let layout: ChangeLayout = "number,action=A/D".parse().unwrap();
        let _ = layout.change(UsNational, 1, &line);
    }

    #[test]
    fn both_layouts_of_a_number_agree(area in 200_u32..1000, line in 0_u32..10_000_000) {
        let together = format!("{area}{line:07}");
        let apart = format!("{area},{:03}-{:04}", line / 10_000, line % 10_000);
        let number = number_in_line(UsNational, together.as_bytes()).unwrap().unwrap();
        prop_assert_eq!(number_in_line(UsNational, apart.as_bytes()).unwrap().unwrap(), number);
        prop_assert_eq!(number.e164(UsNational), format!("+1{together}"));
    }
}
