//! `touchline audit`.

use chrono::NaiveDate;
use domain::Channel;
use testkit::fixture::Deployment;

use crate::Desk;

#[tokio::test]
async fn a_row_that_was_tampered_with_is_named_and_the_exit_code_says_so() {
    let deployment = Deployment::create().await;
    let desk = Desk::on(&deployment);
    let add = ["suppress", "add", "Ali@Example.com", "--reason", "staff_entry", "--json"];
    let event = desk.run(&add).object()["event"].as_str().unwrap().to_owned();
    let head = desk.run(&["audit", "head", "--json"]).object();
    let sound = desk.run(&["audit", "verify", "--json"]).object();
    assert_eq!(sound["sound"], true);
    assert_eq!(sound["head"], head["head"]);
    assert_eq!(sound["links"], head["seq"]);
    assert_eq!(sound["rows"]["suppression_events"], 2);
    let written_down = head["head"].as_str().unwrap();
    assert_eq!(desk.run(&["audit", "verify", "--head", written_down]).code, 0);
    assert_eq!(desk.run(&["audit", "verify", "--head", "7:x", "--json"]).refusal().0, 2);
    // Any spelling leads to the links.
    let log = desk.run(&["audit", "log", "--subject", "ali@example.com", "--json"]).lines();
    assert_eq!(log.len(), 2);
    assert_eq!(log[1]["action"], "suppress");
    assert_eq!(log[1]["row"], event.as_str());
    assert_eq!(desk.run(&["audit", "log", "--since", "2099-01-01", "--json"]).lines().len(), 0);
    assert_eq!(desk.run(&["audit", "log", "--since", "gestern", "--json"]).refusal().0, 2);

    let changed = "UPDATE suppression_events SET reason = 'one_click' WHERE action = 'suppress'";
    deployment.tamper(changed).await;
    let ran = desk.run(&["audit", "verify", "--json"]);
    assert_eq!(ran.code, 1);
    let answer: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(answer["sound"], false);
    assert_eq!(answer["broken"]["seq"], log[1]["seq"]);
    assert_eq!(answer["broken"]["table"], "suppression_events");
    assert_eq!(answer["broken"]["row"], event.as_str());
    assert_eq!(answer["broken"]["what"], "changed");
    let told = desk.run(&["audit", "verify"]);
    assert!(told.out.contains(&event) && told.out.contains("BROKEN"), "{told:?}");
}

#[tokio::test]
async fn a_day_says_why_somebody_was_not_contacted() {
    let monday = NaiveDate::from_ymd_opt(2026, 6, 1).unwrap();
    let deployment = Deployment::with_one_step(Channel::Email, 1, monday).await;
    let desk = Desk::on(&deployment);
    let why = |address: &str, day: &str| {
        desk.run(&[
            "audit",
            "why",
            "--address",
            address,
            "--day",
            day,
            "--zone",
            "Asia/Dubai",
            "--json",
        ])
        .object()
    };
    let due = why("P0@Example.com", "2026-06-01");
    assert_eq!(due["touches"].as_array().unwrap().len(), 1);
    assert_eq!(due["touches"][0]["state_now"], "scheduled");
    assert!(due["verdict"].as_str().unwrap().contains("nothing was decided"), "{due}");
    let before = why("p0@example.com", "2026-05-01");
    assert!(before["verdict"].as_str().unwrap().contains("not enrolled"), "{before}");
    let stranger = why("stranger@example.com", "2026-06-01");
    assert!(stranger["verdict"].as_str().unwrap().contains("no contact has this address"));

    // Listed and taken off the due touches: blocked with the entry, which is shown.
    let add = ["suppress", "add", "p0@example.com", "--reason", "staff_entry", "--json"];
    let event = desk.run(&add).object()["event"].as_str().unwrap().to_owned();
    let scheduler = deployment.connect(storage::Role::Scheduler);
    let now = monday.and_hms_opt(9, 0, 0).unwrap().and_utc();
    let batch = scheduler.claim_due(now, 10).await.unwrap();
    let hints = batch.commit(&[], &[]).await.unwrap();
    let hints: Vec<_> = hints.into_iter().map(|outgoing| outgoing.hint).collect();
    let worker = deployment.connect(storage::Role::EmailWorker);
    let lease = std::time::Duration::from_secs(60);
    worker.claim(&hints, "w", lease, now).await.unwrap();
    let blocked = why("p0@example.com", "2026-06-01");
    assert_eq!(blocked["touches"][0]["state"], "blocked");
    assert!(blocked["verdict"].as_str().unwrap().contains("blocked"), "{blocked}");
    // Where the team is it may be tomorrow already.
    let now = domain::clock::timestamp(domain::Clock::system().now());
    let today = now.in_tz("Asia/Dubai").unwrap().date().to_string();
    let listed = why("p0@example.com", &today);
    assert_eq!(listed["list"][0]["event"], event.as_str());
    let id = listed["contacts"][0].as_str().unwrap();
    assert_eq!(why(id, "2026-06-01")["touches"], blocked["touches"]);
    let told = desk.run(&["audit", "why", "--address", id, "--day", "2026-06-01"]);
    assert!(told.out.contains("the suppression list says no"), "{told:?}");
    // That it was asked stands in the log.
    let log = desk.run(&["audit", "log", "--json"]).lines();
    assert!(log.iter().any(|link| link["table"] == "list_readings" && link["action"] == "person"));
}

#[tokio::test]
async fn the_latency_of_opt_outs_is_reported_and_slow_ones_are_named() {
    let deployment = Deployment::create().await;
    let inbound = deployment.connect(storage::Role::Inbound);
    let mut events = Vec::new();
    for (n, seconds) in [(1, 1), (2, 90), (3, 100_000)] {
        let key = deployment.keyer.key(domain::AddressKind::Email, &format!("l{n}@example.com"));
        let entry = storage::suppressions::NewSuppression {
            target: storage::suppressions::Target::Address {
                key,
                channel: domain::ContactChannel::Email,
                domain: None,
            },
            reason: domain::suppression::SuppressionReason::OneClick,
            origin: domain::suppression::Origin::Recipient,
            actor: "inbound".to_owned(),
            evidence: None,
            touch: None,
            received_at: Some(domain::Clock::system().now() - chrono::TimeDelta::seconds(seconds)),
        };
        events.push(inbound.suppress_now(&entry).await.unwrap().to_string());
    }
    let desk = Desk::on(&deployment);
    let report = desk.run(&["audit", "latency", "--json"]).object();
    assert_eq!((&report["count"], &report["timed"]), (&3.into(), &3.into()));
    assert!(report["p50_seconds"].as_f64().unwrap() >= 90.0);
    assert!(report["max_seconds"].as_f64().unwrap() >= 100_000.0);
    assert_eq!((&report["over_60_seconds"], &report["over_24_hours"]), (&2.into(), &1.into()));
    assert_eq!(report["slow"][0]["event"], events[2].as_str());
    assert_eq!(report["slow"][0]["over_24_hours"], true);
    assert_eq!(report["slow"][1]["event"], events[1].as_str());
}
