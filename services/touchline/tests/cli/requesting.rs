//! `touchline requests`.

use chrono::TimeDelta;
use testkit::fixture::Deployment;

use crate::Desk;

fn days_ago(days: i64) -> String {
    let then = domain::Clock::system().now() - TimeDelta::days(days);
    then.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn add(desk: &Desk, received: &str, further: &[&str]) -> serde_json::Value {
    let arguments =
        ["requests", "add", "p0@example.com", "--how", "email", "--received", received, "--json"];
    desk.run(&[&arguments[..], further].concat()).object()
}

fn standings(desk: &Desk, further: &[&str]) -> Vec<(String, String)> {
    let arguments = [&["requests", "list", "--json"], further].concat();
    let lines = desk.run(&arguments).lines();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    lines.iter().map(|row| (text(&row["kind"]), text(&row["standing"]))).collect()
}

#[tokio::test]
async fn what_is_overdue_comes_first_until_it_is_answered() {
    let deployment = Deployment::create().await;
    deployment.people(1).await;
    let desk = Desk::on(&deployment);
    add(&desk, &days_ago(1), &["--kind", "portability"]);
    add(&desk, &days_ago(22), &["--kind", "rectification"]);
    let late = add(&desk, &days_ago(40), &["--kind", "access", "--evidence", "ticket 4"]);
    let both = |kind: &str, standing: &str| (kind.to_owned(), standing.to_owned());
    let rest = [both("rectification", "reminded"), both("portability", "in_time")];
    let mut expected = vec![both("access", "overdue")];
    expected.extend(rest.clone());
    assert_eq!(standings(&desk, &[]), expected);
    assert_eq!(desk.run(&["requests", "list", "--fail-overdue"]).code, 1);

    let id = late["id"].as_str().unwrap();
    let extend = ["requests", "extend", id, "--reason", "many messages", "--actor", "Mona"];
    let too_late = desk.run(&[&extend[..], &["--json"]].concat()).refusal();
    assert!(too_late.0 == 1 && too_late.1.contains("after the last day"), "{too_late:?}");
    let told = days_ago(30)[..10].to_owned();
    let told = desk.run(&[&extend[..], &["--told", &told, "--json"]].concat()).object();
    assert_eq!(told["standing"], "reminded", "{told}");
    assert_eq!(told["events"][0]["note"], "many messages");

    let answer = ["requests", "answer", id, "--evidence", "letter of today", "--actor", "Mona"];
    assert_eq!(desk.run(&answer).code, 0);
    assert_eq!(standings(&desk, &[]), rest);
    assert_eq!(standings(&desk, &["--all"])[2], both("access", "answered"));
    let again = desk.run(&[&answer[..], &["--json"]].concat()).refusal();
    assert!(again.0 == 1 && again.1.contains("was answered"), "{again:?}");
    let text = desk.run(&["requests", "show", id]).out;
    assert!(text.contains("letter of today") && text.contains("answered"), "{text}");
}

#[tokio::test]
async fn a_californian_request_is_confirmed_first() {
    let deployment = Deployment::create().await;
    deployment.people(1).await;
    let desk = Desk::on(&deployment);
    let zone = "2026-01-01T08:00:00Z";
    let made = add(&desk, zone, &["--kind", "erasure", "--law", "ccpa"]);
    assert_eq!(
        [&made["confirm_by"], &made["due"], &made["remind_on"]],
        ["2026-01-15", "2026-02-15", "2026-01-21"]
    );
    let id = made["id"].as_str().unwrap();
    let noted = desk.run(&[
        "requests",
        "note",
        id,
        "--step",
        "confirmed",
        "--note",
        "by email",
        "--actor",
        "Mona",
        "--json",
    ]);
    assert_eq!(noted.object()["confirmed"], true);
    let step = ["requests", "note", id, "--step", "answered", "--note", "x", "--actor", "Mona"];
    assert_eq!(desk.run(&step).code, 2);
    let future = desk.run(&[
        "requests",
        "add",
        "--how",
        "call",
        "--kind",
        "access",
        "--received",
        "2100-01-01T00:00:00Z",
    ]);
    assert_eq!(future.code, 2);
}
