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

#[tokio::test]
async fn evidence_is_signed_and_a_changed_byte_is_found() {
    let (deployment, desk) = someone_with_a_past().await;
    let evidence = |desk: &Desk| {
        let own = ["contacts", "evidence", WHOM, "--out", "e.json", "--actor", "Mona"];
        desk.run(&[&own[..], &["--reason", "the regulator asks", "--json"]].concat())
    };
    assert_eq!(evidence(&desk).refusal().0, 2, "no key");
    let key = desk.run(&["evidence", "key", "evidence.pem", "--json"]).object();
    assert_eq!(desk.run(&["evidence", "key", "evidence.pem"]).code, 1, "nothing is replaced");
    let desk = desk.with("TOUCHLINE__KEYS__EVIDENCE_KEY_FILE", "evidence.pem");
    let head = evidence(&desk).object()["head"].as_str().unwrap().to_owned();
    assert_eq!(desk.run(&["audit", "verify", "--head", &head]).code, 0);
    let verify = |desk: &Desk| desk.run(&["evidence", "verify", "e.json", "--json"]);
    let verified = verify(&desk).object();
    assert_eq!((&verified["genuine"], &verified["key_known"]), (&true.into(), &true.into()));
    assert_eq!(verified["public_key"], key["public_key"]);
    assert_eq!(
        (&verified["taken"]["by"], &verified["head"]),
        (&"Mona".into(), &head.as_str().into())
    );
    let bundle = std::fs::read_to_string(desk.path("e.json")).unwrap();
    let parsed: Value = serde_json::from_str(&bundle).unwrap();
    for table in ["touches", "consents", "suppression_events", "list_history", "audit_links"] {
        assert!(!parsed["evidence"]["tables"][table].as_array().unwrap().is_empty(), "{table}");
    }
    let page = std::fs::read_to_string(desk.path("e.html")).unwrap();
    assert!(page.contains("Evidence about one person") && page.contains("ticked a box"), "{page}");
    let readings = deployment.operator.list_readings(10).await.unwrap();
    assert_eq!(readings[0].note, "evidence bundle: the regulator asks");
    desk.write("e.json", bundle.replace("ticked a box", "ticked a bux"));
    assert_eq!(verify(&desk).code, 1);
    desk.write("e.json", &bundle);
    desk.write("e.html", page.replace("ticked", "tacked"));
    assert_eq!(verify(&desk).code, 1);
    let other = "00".repeat(32);
    let asked = ["evidence", "verify", "e.json", "--public-key", &other];
    assert_eq!(desk.run(&asked).code, 1);
    // Of whoever was erased, what is left is found by the address.
    let erase = ["contacts", "erase", WHOM, "--actor", "Mona", "--reason", "asked"];
    let erased = desk.run(&[&erase[..], &["--evidence", "ticket 8"]].concat());
    assert_eq!(erased.code, 0, "{erased:?}");
    assert_eq!(desk.run(&["audit", "verify"]).code, 0, "the chain is whole");
    assert_eq!(evidence(&desk).code, 0);
    assert_eq!(verify(&desk).code, 0);
    let left: Value =
        serde_json::from_str(&std::fs::read_to_string(desk.path("e.json")).unwrap()).unwrap();
    assert!(!left["evidence"]["tables"]["list_history"].as_array().unwrap().is_empty(), "{left}");
    let id = parsed["evidence"]["contacts"][0].as_str().unwrap();
    let by_id = ["contacts", "evidence", id, "--out", "e.json", "--actor", "Mona", "--reason", "x"];
    assert_eq!(desk.run(&by_id).code, 0);
    let bundle = std::fs::read_to_string(desk.path("e.json")).unwrap();
    let parsed: Value = serde_json::from_str(&bundle).unwrap();
    for table in ["touches", "erasures", "consents", "list_history"] {
        assert!(!parsed["evidence"]["tables"][table].as_array().unwrap().is_empty(), "{table}");
    }
    assert!(!bundle.contains("p0@example.com"), "what was erased is gone");
}
