//! `touchline reviews`.

use domain::Clock;
use domain::{AddressKind, ContactChannel};
use storage::Role;
use storage::arrivals::{Message, NewReview};
use testkit::fixture::Deployment;

use crate::Desk;

/// A review of person 0's number whose request is in the desk's folder.
async fn open(deployment: &Deployment, desk: &Desk, id: u64) {
    let now = Clock::system().now();
    let name = format!("{id:032x}");
    desk.write(&format!("{name}.request"), "POST /hooks/sms/generic\n\n{\"text\":\"maybe\"}");
    let review = NewReview {
        message: Message { source: "generic", id },
        key: deployment.keyer.key(AddressKind::Phone, "+971500000000"),
        request: Some(name),
        arrived_at: now - chrono::TimeDelta::days(2),
        due_at: now - chrono::TimeDelta::days(1),
    };
    deployment.connect(Role::Inbound).open_review(&review).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_is_listed_shown_and_decided_once() {
    let deployment = Deployment::create().await;
    deployment.people(1).await;
    let desk = Desk::on(&deployment);
    let folder = desk.path("").to_str().unwrap().to_owned();
    let desk = desk.with("TOUCHLINE__INBOUND__REPLIES_DIR", &folder);
    open(&deployment, &desk, 1).await;
    open(&deployment, &desk, 2).await;
    let rows = desk.run(&["reviews", "list", "--json"]).lines();
    assert_eq!(rows.len(), 2);
    assert_eq!((&rows[0]["overdue"], &rows[0]["decision"]), (&true.into(), &().into()));
    assert_eq!(rows[0]["contacts"][0]["name"], "Person 0");
    let table = desk.run(&["reviews", "list"]).out;
    assert!(table.contains("overdue") && table.contains("Person 0"), "{table}");

    let ids = [rows[0]["id"].as_str().unwrap(), rows[1]["id"].as_str().unwrap()];
    let shown = desk.run(&["reviews", "show", ids[0], "--json"]).object();
    assert!(shown["raw"].as_str().unwrap().contains("maybe"), "{shown}");
    assert!(desk.run(&["reviews", "show", ids[0]]).out.contains("open: nothing automatic"));

    let by = ["--actor", "Mona", "--reason", "read it"];
    let run = |id: &str, further: &[&str]| {
        desk.run(&[&["reviews", "decide", id, "--json"], further, &by[..]].concat())
    };
    assert_eq!(run(ids[0], &[]).code, 2, "which decision?");
    assert_eq!(run(ids[0], &["--carry-on", "--stop"]).code, 2, "which of the two?");
    assert_eq!(run(ids[0], &["--carry-on"]).object()["decision"], "carry_on");
    let again = run(ids[0], &["--stop"]).refusal();
    assert!(again.0 == 1 && again.1.contains("decided before"), "{again:?}");
    let key = deployment.keyer.key(AddressKind::Phone, "+971500000000");
    assert!(deployment.operator.entries(&[key]).await.unwrap().is_empty());
    let stopped = run(ids[1], &["--stop"]).object();
    assert_eq!((&stopped["decided_by"], &stopped["reason"]), (&"Mona".into(), &"read it".into()));
    let entries = deployment.operator.entries(&[key]).await.unwrap();
    assert!(entries.iter().any(|entry| entry.channel == Some(ContactChannel::Sms)));
    assert!(desk.run(&["reviews", "list", "--json"]).lines().is_empty());
    assert_eq!(desk.run(&["reviews", "list", "--all", "--json"]).lines().len(), 2);
}
