//! `touchline consents`.

use serde_json::{Value, json};
use testkit::fixture::Deployment;

use crate::Desk;

const WHOM: &str = "p0@example.com";

fn basis(desk: &Desk) -> Vec<(String, Value)> {
    let shown = desk.run(&["consents", "show", WHOM, "--json"]).object();
    let uses = shown["in_force"].as_array().unwrap();
    let of = |one: &Value| (one["channel"].as_str().unwrap().to_owned(), one["basis"].clone());
    uses.iter().map(of).collect()
}

#[tokio::test]
async fn a_consent_is_recorded_shown_and_withdrawn() {
    let deployment = Deployment::create().await;
    deployment.people(1).await;
    let desk = Desk::on(&deployment).with("TOUCHLINE__TEAM__NAME", "Palm Realty");
    assert_eq!(basis(&desk), []);
    desk.write("form.html", "<form>…</form>");
    let answer = desk.run(&[
        "consents",
        "add",
        WHOM,
        "--channel",
        "sms,call",
        "--wording",
        "Text me about homes",
        "--act",
        "ticked a box",
        "--source",
        "https://example.com/form",
        "--ip",
        "192.0.2.7",
        "--snapshot",
        "form.html",
        "--at",
        "2026-06-01T08:00:00Z",
        "--json",
    ]);
    assert_eq!(answer.object()["channels"], json!(["sms", "call"]));
    let consent = json!("consent");
    assert_eq!(basis(&desk), [("sms".to_owned(), consent.clone()), ("call".to_owned(), consent)]);
    let shown = desk.run(&["consents", "show", WHOM, "--json"]).object();
    for (field, expected) in [
        ("wording", json!("Text me about homes")),
        ("controller", json!("Palm Realty")),
        ("language", json!("en")),
        ("snapshot", json!("form.html")),
        ("given_zone", json!("Asia/Dubai")),
        ("ip", json!("192.0.2.7")),
    ] {
        assert_eq!(shown["records"][0][field], expected, "{field}");
    }
    let withdraw = ["consents", "withdraw", WHOM, "--channel", "sms", "--evidence", "ticket 7"];
    assert_eq!(desk.run(&withdraw).code, 0);
    assert_eq!(basis(&desk)[0], ("sms".to_owned(), Value::Null));
    assert_eq!(basis(&desk)[1], ("call".to_owned(), json!("consent")));
    let text = desk.run(&["consents", "show", WHOM]).out;
    assert!(text.contains("no basis now") && text.contains("ticket 7"), "{text}");
}

#[tokio::test]
async fn a_basis_asks_for_its_proof_and_an_implied_one_ends() {
    let deployment = Deployment::create().await;
    deployment.people(1).await;
    let desk = Desk::on(&deployment).with("TOUCHLINE__TEAM__NAME", "Palm Realty");
    let add = |further: &[&str]| {
        let arguments = ["consents", "add", WHOM, "--channel", "email", "--source", "fair"];
        desk.run(&[&arguments[..], further, &["--json"]].concat())
    };
    for (further, part) in [
        (&[][..], "--wording"),
        (&["--basis", "legitimate_interest"], "--document"),
        (&["--basis", "implied_consent"], "--implied-by"),
        (&["--basis", "contract", "--expires", "2020-01-01"], "before it was given"),
    ] {
        let (code, why) = add(further).refusal();
        assert!(code == 2 && why.contains(part), "{further:?}: {why}");
    }
    let at = ["--basis", "implied_consent", "--at", "2026-02-28T10:00:00Z", "--implied-by"];
    let implied = add(&[&at[..], &["inquiry"]].concat()).object();
    assert_eq!(implied["expires_at"], "2026-08-29T00:00:00Z");
    let implied = add(&[&at[..], &["transaction"]].concat()).object();
    assert_eq!(implied["expires_at"], "2028-02-29T00:00:00Z");
}

#[tokio::test]
async fn a_file_of_consents_is_recorded_once_and_every_row_has_one_end() {
    let deployment = Deployment::create().await;
    deployment.people(4).await;
    let desk = Desk::on(&deployment).with("TOUCHLINE__TEAM__NAME", "Palm Realty");
    desk.write(
        "consents.csv",
        "email,channels,purposes,basis,given_at,expires_at,text shown,act,source,seller,proof,\
         document_date\n\
         p0@example.com,email,marketing,consent,2026-06-01T08:00:00Z,,Write to me,ticked,web,,,\n\
         P0@Example.com,email,marketing,consent,2026-06-01T08:00:00Z,,Write to me,ticked,web,,,\n\
         p1,email|sms,marketing,soft_opt_in,2026-06-01,2027-06-01,,bought,office,Palm,,\n\
         p2@example.com,email,marketing,legitimate_interest,2026-06-01,,,,office,,weighed,\n\
         p2@example.com,email,marketing,consent,2026-06-01,,,ticked,web,,,\n\
         nobody@example.com,email,marketing,consent,2026-06-01,,Write,ticked,web,,,\n\
         p2@example.com,fax,marketing,consent,2026-06-01,,Write,ticked,web,,,\n\
         p3@example.com,email,marketing,legitimate_interest,2026-06-01,,,,office,,weighed,2026-05-01\n",
    );
    let import = || {
        let ran = desk.run(&["consents", "import", "consents.csv", "--actor", "Mona", "--json"]);
        let answer = ran.object();
        ["rows", "added", "already", "invalid"].map(|field| answer[field].as_u64().unwrap())
    };
    assert_eq!(import(), [8, 3, 1, 4]);
    assert_eq!(import(), [8, 0, 4, 4], "twice changes nothing");
    let reasons: Vec<String> = crate::rejected(&desk.path("consents.rejects.csv"))
        .into_iter()
        .map(|(line, why)| format!("{line} {why}"))
        .collect();
    for part in ["5 document and", "6 a consent needs the wording", "7 no contact", "8 channels"] {
        assert!(reasons.iter().any(|own| own.starts_with(part)), "{part}: {reasons:?}");
    }
    assert_eq!(basis(&desk), [("email".to_owned(), json!("consent"))]);
    let shown = desk.run(&["consents", "show", "p1", "--json"]).object();
    assert_eq!(shown["records"][0]["controller"], "Palm");
    assert_eq!(shown["records"][0]["given_at"], "2026-05-31T20:00:00Z", "the day began in Dubai");
    assert_eq!(shown["records"][0]["actor"], "Mona");
}
