//! V-7, phone numbers. The table was computed with libphonenumber's metadata 9.0.43.

use domain::phone::{Phone, PhoneCheck, PhoneReason, is_known_region};
use proptest::prelude::*;

const TABLE: &str = include_str!("phone.tsv");

fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    TABLE.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect())
}

/// The columns of a row as the code sees them, from the E.164 on.
fn columns(check: &PhoneCheck) -> Vec<String> {
    let shown = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    let phone = check.phone.as_ref();
    let used_for = match (check.sms, check.call, check.suppress) {
        (true, true, true) => "all",
        (false, true, true) => "call",
        (false, false, true) => "suppress",
        (false, false, false) => "none",
        _ => "a combination that no row has",
    };
    vec![
        shown(check.e164().map(str::to_owned)),
        shown(phone.and_then(|phone| phone.extension().map(str::to_owned))),
        shown(check.possible.map(|possible| possible.to_string())),
        (if check.valid { "yes" } else { "no" }).to_owned(),
        shown(phone.map(|phone| phone.kind().to_string())),
        shown(phone.and_then(Phone::region)),
        used_for.to_owned(),
        shown(check.reason.map(|reason| reason.to_string())),
    ]
}

#[test]
fn every_row_of_v7_holds() {
    let mut failures = Vec::new();
    let mut n_rows = 0;
    for row in rows() {
        let input = if row[1] == "-" { "" } else { row[1] };
        let found = columns(&Phone::parse(input, row[2]));
        if found != row[3..] {
            failures.push(format!("row {}: expected {:?}, found {found:?}", row[0], &row[3..]));
        }
        n_rows += 1;
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!(n_rows, 35, "the table has 35 rows");
}

#[test]
fn a_normalised_number_normalises_to_itself() {
    for row in rows() {
        let input = if row[1] == "-" { "" } else { row[1] };
        let check = Phone::parse(input, row[2]);
        if let Some(e164) = check.e164().filter(|_| check.valid || check.suppress) {
            assert_eq!(Phone::parse(e164, "").e164(), Some(e164), "row {}", row[0]);
        }
    }
}

#[test]
fn a_fixed_line_takes_calls_and_no_sms() {
    for (raw, region) in [("04 234 5678", "AE"), ("011 234 5678", "SA"), ("02 2345 6789", "EG")] {
        let check = Phone::parse(raw, region);
        assert!(check.valid && check.call && check.suppress, "{raw}");
        assert!(!check.sms, "{raw}");
        assert_eq!(check.reason, Some(PhoneReason::FixedLine), "{raw}");
    }
}

#[test]
fn invisible_marks_around_a_number_do_not_matter() {
    let check = Phone::parse("\u{202A}\u{200E}+971 50 123 4567\u{202C}\u{FEFF} ", "");
    assert_eq!(check.e164(), Some("+971501234567"));
}

#[test]
fn two_numbers_in_one_field_are_refused_whatever_divides_them() {
    for raw in [
        "0501234567/0509876543",
        "0501234567, 0509876543",
        "٠٥٠١٢٣٤٥٦٧ ، ٠٥٠٩٨٧٦٥٤٣",
        "0501234567 و 0509876543",
        "0501234567\n0509876543",
        "+971501234567; +971509876543",
    ] {
        assert_eq!(Phone::parse(raw, "AE").reason, Some(PhoneReason::TwoNumbers), "{raw}");
    }
}

#[test]
fn dividers_within_one_number_are_no_second_number() {
    for (raw, e164) in [("050/1234567", "+971501234567"), ("050-123-4567;ext=12", "+971501234567")]
    {
        assert_eq!(Phone::parse(raw, "AE").e164(), Some(e164), "{raw}");
    }
    let context = "tel:501234567;phone-context=+971";
    assert_eq!(Phone::parse(context, "").e164(), Some("+971501234567"));
}

#[test]
fn what_is_not_a_number_says_why() {
    for (raw, region, reason) in [
        ("   ", "AE", PhoneReason::Empty),
        ("call me", "AE", PhoneReason::NotANumber),
        ("7;phone-context=x9;tel:+5", "AE", PhoneReason::NotANumber),
        ("0501234567", "", PhoneReason::RegionUnknown),
        ("0501234567", "ZZ", PhoneReason::RegionUnknown),
        ("+999 50 123 4567", "AE", PhoneReason::CountryCodeUnknown),
        ("+97150123456789012", "AE", PhoneReason::TooLong),
        ("+971501", "AE", PhoneReason::ShortCode),
    ] {
        let check = Phone::parse(raw, region);
        assert_eq!(check.reason, Some(reason), "{raw}");
        assert!(!check.sms && !check.call, "{raw}");
    }
}

#[test]
fn a_region_is_known_in_any_case() {
    assert!(is_known_region("AE") && is_known_region("ae") && is_known_region(" sa "));
    assert!(!is_known_region("") && !is_known_region("ZZ") && !is_known_region("UAE"));
}

#[test]
fn a_check_is_written_flat_as_the_command_line_promises() {
    let check = Phone::parse("+1 415 555 2671 x12", "US");
    let expected = serde_json::json!({
        "e164": "+14155552671", "extension": "12", "region": "US", "type": "FIXED_LINE_OR_MOBILE",
        "possible": "IS_POSSIBLE", "valid": true, "sms": true, "call": true, "suppress": true,
        "reason": null,
    });
    assert_eq!(serde_json::to_value(check).unwrap(), expected);
    let rejected = serde_json::to_value(Phone::parse("", "US")).unwrap();
    assert_eq!(rejected["e164"], serde_json::Value::Null);
    assert_eq!(rejected["type"], serde_json::Value::Null);
    assert_eq!(rejected["reason"], "empty");
}

#[test]
fn zeros_with_two_normalised_forms_are_no_key_of_the_list() {
    let check = Phone::parse("000000000001", "AE");
    assert!(!check.suppress && check.reason == Some(PhoneReason::NotValid), "{check:?}");
}

#[test]
fn no_digit_is_shown_by_debug() {
    let shown = format!("{:?}", Phone::parse("+971 50 123 4567", "AE"));
    assert!(!shown.contains("123"), "{shown}");
}

proptest! {
    #[test]
    fn any_text_gets_an_answer(raw in "\\PC{0,60}", region in "AE|US|SA|EG|") {
        let check = Phone::parse(&raw, &region);
        prop_assert!(check.suppress || !(check.sms || check.call));
        prop_assert_eq!(check.reason.is_none(), check.sms && check.call);
    }

    #[test]
    fn what_may_stand_on_the_list_normalises_to_itself(
        raw in "[+0-9٠-٩ ()./-]{5,18}", region in "AE|US|SA|EG",
    ) {
        let check = Phone::parse(&raw, &region);
        if let Some(e164) = check.e164().filter(|_| check.valid || check.suppress) {
            let again = Phone::parse(e164, "");
            prop_assert_eq!(again.e164(), Some(e164));
        }
    }
}
