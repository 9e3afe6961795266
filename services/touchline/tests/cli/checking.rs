//! `touchline check`: the answers programs rely on.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::Desk;

#[test]
fn a_text_message_is_counted() {
    let desk = Desk::bare();
    for (text, expected) in [
        ("Hello", json!({"encoding": "GSM-7", "units": 5, "segments": 1, "parts": [5]})),
        ("", json!({"encoding": "GSM-7", "units": 0, "segments": 0, "parts": []})),
        ("-5 % €", json!({"encoding": "GSM-7", "units": 7, "segments": 1, "parts": [7]})),
        (
            "لإلغاء الاشتراك أرسل إيقاف",
            json!({"encoding": "UCS-2", "units": 26, "segments": 1, "parts": [26]}),
        ),
        (
            &"ع".repeat(71),
            json!({"encoding": "UCS-2", "units": 71, "segments": 2, "parts": [67, 4]}),
        ),
        (
            &"\r\n".repeat(80),
            json!({"encoding": "GSM-7", "units": 160, "segments": 1, "parts": [160]}),
        ),
    ] {
        assert_eq!(desk.run(&["check", "sms", "--text", text]).object(), expected, "{text}");
    }
}

#[test]
fn a_phone_number_is_read_with_what_it_may_be_used_for() {
    let desk = Desk::bare();
    let phone = |region: &str, raw: &str| desk.run(&["check", "phone", "--region", region, raw]);
    let mobile = phone("AE", "+971 (0)50 123 4567").object();
    for (field, expected) in [
        ("e164", json!("+971501234567")),
        ("extension", Value::Null),
        ("region", json!("AE")),
        ("type", json!("MOBILE")),
        ("valid", json!(true)),
        ("sms", json!(true)),
        ("call", json!(true)),
        ("reason", Value::Null),
    ] {
        assert_eq!(mobile.get(field), Some(&expected), "{field}");
    }
    assert_eq!(phone("US", "+1 415 555 2671 ext. 12").object()["extension"], "12");
    let toll_free = phone("AE", "800 1234").object();
    assert_eq!((&toll_free["sms"], &toll_free["call"]), (&json!(false), &json!(true)));
    let none = phone("AE", "0501234567 / 0509876543");
    assert_eq!(none.code, 1);
    let none: Value = serde_json::from_str(&none.out).unwrap();
    assert_eq!((&none["e164"], &none["reason"]), (&Value::Null, &json!("two numbers")));
    // Without --region the team's country counts; a country nobody knows is a mistake.
    assert_eq!(desk.run(&["check", "phone", "0501234567"]).object()["e164"], "+971501234567");
    assert_eq!(phone("XX", "0501234567").code, 2);
}

#[test]
fn an_email_address_is_known_by_two_forms() {
    let desk = Desk::bare();
    let answer = desk.run(&["check", "email", "A.l.i.c.e+home@GoogleMail.com"]).object();
    let expected =
        json!({"exact": "a.l.i.c.e+home@googlemail.com", "canonical": "alice@gmail.com"});
    assert_eq!(answer, expected);
    let bad = desk.run(&["check", "email", "x@example.com\r\nBcc:y@z"]);
    let (code, why) = bad.refusal();
    assert_eq!(code, 1);
    assert!(why.contains("line break"), "{why}");
}

#[test]
fn a_batch_is_answered_line_by_line() {
    let desk = Desk::bare();
    let input = "ali@example.com\n\na b@c.com\r\nmailto:X@Y.example\n";
    let answers = desk.run_with(&["check", "email", "--batch"], input).lines();
    assert_eq!(answers.len(), 4);
    assert_eq!(answers[0]["exact"], "ali@example.com");
    assert!(answers[1]["error"].is_string() && answers[2]["error"].is_string());
    assert_eq!(answers[3]["canonical"], "x@y.example");
    let broken = desk.run_with(&["check", "sms", "--batch"], b"\xFF\xFE\n a \n").lines();
    assert_eq!(broken[0]["error"], "the line is not UTF-8");
    assert_eq!(broken[1]["units"], 3);
    let phones = ["check", "phone", "--region", "SA", "--batch"];
    let phones = desk.run_with(&phones, "٠٥١٢٣٤٥٦٧٨\n16123").lines();
    assert_eq!(phones[0]["e164"], "+966512345678");
    assert_eq!(phones[1]["valid"], false);
}

#[test]
fn whoever_asks_line_by_line_is_answered_line_by_line() {
    let desk = Desk::bare();
    let mut child =
        desk.command(&["check", "email", "--batch"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    for name in ["a", "b"] {
        writeln!(input, "{name}@example.com").unwrap();
        let answer = answers.next().unwrap().unwrap();
        assert!(answer.contains(&format!("{name}@example.com")), "{answer}");
    }
    drop(input);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let desk = Desk::bare();
    let mut child =
        desk.command(&["check", "email", "--batch"]).stdin(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    writeln!(child.stdin.take().unwrap(), "a@example.com").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
}

#[test]
fn a_window_is_open_when_every_rule_is_in_every_zone() {
    let desk = Desk::bare();
    let window = |rules: &[&str], zones: &[&str], at: &str| {
        let mut words = vec!["check", "window", "--json", "--at", at];
        words.extend(rules.iter().flat_map(|rule| ["--rule", rule]));
        words.extend(zones.iter().flat_map(|zone| ["--zone", zone]));
        desk.run(&words)
    };
    let (ny, both) = (["America/New_York"], ["America/New_York", "America/Chicago"]);
    for (rules, zones, at, decision, next, local) in [
        (
            ["US-FED"].as_slice(),
            ny.as_slice(),
            "2026-07-15T11:59:59Z",
            "defer",
            json!("2026-07-15T12:00:00Z"),
            json!(["Wed 07:59:59 -0400"]),
        ),
        (
            &["US-FED"],
            &both,
            "2026-07-15T13:00:00Z",
            "send",
            Value::Null,
            json!(["Wed 09:00:00 -0400", "Wed 08:00:00 -0500"]),
        ),
        (
            &["US-FED", "US-KY"],
            &ny,
            "2026-07-15T13:00:00Z",
            "defer",
            json!("2026-07-15T14:00:00Z"),
            json!(["Wed 09:00:00 -0400"]),
        ),
        (
            &["AE-SMS/tdra"],
            &["Asia/Dubai"],
            "2026-06-01T03:00:00Z",
            "send",
            Value::Null,
            json!(["Mon 07:00:00 +0400"]),
        ),
        (
            &["FR-CALL"],
            &["Europe/Paris", "Pacific/Auckland"],
            "2026-06-01T03:00:00Z",
            "defer",
            Value::Null,
            json!(["Mon 05:00:00 +0200", "Mon 15:00:00 +1200"]),
        ),
    ] {
        let answer = window(rules, zones, at).object();
        assert_eq!(answer["decision"], decision, "{rules:?} {zones:?} {at}");
        assert_eq!((&answer["next"], &answer["local"]), (&next, &local), "{rules:?} {zones:?}");
        assert!(answer["zone_data"].as_str().unwrap() >= "2026e", "{answer}");
    }
    let (code, why) = window(&["US-XX"], &ny, "2026-06-01T03:00:00Z").refusal();
    assert!(code == 2 && why.contains("US-FED"), "{why}");
    let (code, why) = window(&["US-FED"], &["No/Where"], "2026-06-01T03:00:00Z").refusal();
    assert!(code == 2 && why.contains("No/Where"), "{why}");
    assert_eq!(window(&["US-FED"], &ny, "today").code, 2);
}
