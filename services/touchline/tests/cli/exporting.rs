//! `touchline contacts export`.

use domain::Channel;
use domain::suppression::ListReading;
use serde_json::Value;
use testkit::fixture::Deployment;

use crate::Desk;

const WHOM: &str = "p0@example.com";

fn export(desk: &Desk, further: &[&str]) -> String {
    let own = ["contacts", "export", WHOM, "--actor", "Mona", "--reason", "she asks"];
    let ran = desk.run(&[&own[..], further].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.out
}

async fn someone_with_a_past() -> (Deployment, Desk) {
    let monday = chrono::NaiveDate::from_ymd_opt(2026, 6, 1).unwrap();
    let deployment = Deployment::with_one_step(Channel::Email, 2, monday).await;
    let desk = Desk::on(&deployment).with("TOUCHLINE__TEAM__NAME", "=Palm Realty");
    for arguments in [
        &["suppress", "add", WHOM, "--reason", "email_request", "--evidence", "ticket 7"][..],
        &[
            "consents",
            "add",
            WHOM,
            "--channel",
            "sms",
            "--wording",
            "Text me",
            "--act",
            "ticked a box",
            "--source",
            "fair",
            "--ip",
            "192.0.2.7",
        ],
        &["requests", "add", WHOM, "--kind", "access", "--how", "letter"],
    ] {
        assert_eq!(desk.run(arguments).code, 0, "{arguments:?}");
    }
    (deployment, desk)
}

#[tokio::test]
async fn an_export_holds_everything_and_is_noted() {
    let (deployment, desk) = someone_with_a_past().await;
    let all: Value = serde_json::from_str(&export(&desk, &[])).unwrap();
    let tables = all["tables"].as_object().unwrap();
    for (table, rows) in [
        ("contacts", 1),
        ("addresses", 4),
        ("enrolments", 1),
        ("touches", 1),
        ("due_touches", 1),
        ("suppressions", 1),
        ("consents", 1),
        ("consent_uses", 1),
        ("rights_requests", 1),
        ("list_readings", 1),
    ] {
        let found = tables.get(table).and_then(Value::as_array).map_or(0, Vec::len);
        assert_eq!(found, rows, "{table}");
    }
    // An entry, and the note that nothing was in flight.
    assert_eq!(tables["suppression_events"].as_array().unwrap().len(), 2);
    assert!(!all.to_string().contains("p1@example.com"), "somebody else's data");
    let readings = deployment.operator.list_readings(10).await.unwrap();
    assert_eq!((readings[0].kind, readings[0].note.as_str()), (ListReading::Person, "she asks"));
}

#[tokio::test]
async fn people_read_it_in_their_language() {
    let (_deployment, desk) = someone_with_a_past().await;
    let page = export(&desk, &["--format", "html"]);
    for part in ["dir=\"ltr\"", "Everything we keep about you", WHOM, "ticked a box", "one-step"] {
        assert!(page.contains(part), "{part}");
    }
    let page = export(&desk, &["--format", "html", "--language", "ar"]);
    for part in
        ["<html lang=\"ar\" dir=\"rtl\">", "كل ما نحتفظ به عنك", "<bdi>p0@example.com</bdi>"]
    {
        assert!(page.contains(part), "{part}");
    }
}

#[tokio::test]
async fn what_they_gave_goes_with_them_and_no_formula() {
    let (_deployment, desk) = someone_with_a_past().await;
    let all: Value = serde_json::from_str(&export(&desk, &["--portable"])).unwrap();
    let tables = all["tables"].as_object().unwrap();
    assert_eq!(tables["addresses"].as_array().unwrap().len(), 3);
    assert_eq!(tables["contacts"][0].get("level"), None, "our own opinion");
    assert!(!tables.contains_key("touches"));
    let csv = export(&desk, &["--portable", "--format", "csv"]);
    assert!(csv.starts_with('\u{feff}'), "{csv}");
    assert!(csv.contains("\"contacts\",\"1\",\"full_name\",\"Person 0\""), "{csv}");
    assert!(csv.contains("\"'=Palm Realty\""), "{csv}");
    let own = ["contacts", "export", WHOM, "--actor", "Mona", "--reason", "x", "--format", "csv"];
    assert_eq!(desk.run(&own).code, 2);
}
