//! `touchline enrol`, `calendar`, `touches list`.

use std::collections::BTreeMap;

use library::Library;
use serde_json::{Value, json};
use storage::contacts::NewContact;
use testkit::fixture::{Deployment, person};

use crate::Desk;

/// With the built-in plans, but not their templates, which take long to compile.
async fn loaded() -> (Deployment, Desk) {
    let deployment = Deployment::create().await;
    for plan in Library::built_in().plans() {
        deployment.store_plan(plan).await;
    }
    let desk = Desk::on(&deployment);
    (deployment, desk)
}

#[tokio::test]
async fn a_dry_run_counts_and_stores_nothing() {
    let (deployment, desk) = loaded().await;
    deployment.people(3).await;
    let enrol = ["enrol", "8x8", "--all", "--start", "2026-06-01", "--json"];
    let planned = desk.run(&[&enrol[..], &["--dry-run"]].concat()).object();
    assert_eq!((&planned["contacts"], &planned["dry_run"]), (&json!(3), &json!(true)));
    assert_eq!(planned["messages"], json!({"email": 12, "call": 6, "card": 3, "letter": 3}));
    assert_eq!(planned["then"], "33-touch");
    assert_eq!(desk.run(&["touches", "list", "--json"]).lines().len(), 0);
    let words = desk.run(&["enrol", "8x8", "--all", "--dry-run"]);
    assert!(words.out.contains("Would enrol 3 contacts in 8x8 (version 1)"), "{words:?}");

    let done = desk.run(&enrol).object();
    assert_eq!((&done["contacts"], &done["messages"]), (&json!(3), &planned["messages"]));
    assert_eq!(desk.run(&enrol).object()["contacts"], 0);
    assert!(desk.run(&["enrol", "8x8", "--all"]).out.contains("Nobody to enrol"));
}

#[tokio::test]
async fn contacts_are_enrolled_by_whatever_names_them() {
    let (deployment, desk) = loaded().await;
    let people = deployment.people(6).await;
    let by_id = people[0].to_string();
    let enrol = [
        "enrol",
        "12-direct",
        "--json",
        "--contact",
        &by_id,
        "p1@example.com",
        "+971500000002",
        "p3",
    ];
    assert_eq!(desk.run(&enrol).object()["contacts"], 4);
    let (code, _) = desk.run(&["enrol", "12-direct", "--json", "--contact", "p99"]).refusal();
    assert_eq!(code, 1);
    // Six people are called so: which one is meant is asked, not guessed.
    let (code, error) =
        desk.run(&["enrol", "12-direct", "--json", "--contact", "Person"]).refusal();
    assert!(code == 1 && error.contains("6 contacts are meant"), "{error}");
    assert_eq!(
        desk.run(&["enrol", "12-direct", "--source", "nowhere", "--json"]).object()["contacts"],
        0
    );
    assert_eq!(
        desk.run(&["enrol", "12-direct", "--source", "test", "--json"]).object()["contacts"],
        2
    );
    assert_eq!(desk.run(&["enrol", "12-direct"]).code, 2);
    assert_eq!(desk.run(&["enrol", "12-direct", "--all", "--group", "met"]).code, 2);
    assert_eq!(desk.run(&["enrol", "12-direct", "--group", "friends"]).code, 2);
}

#[tokio::test]
async fn a_plan_that_is_unknown_or_not_loaded_is_refused_with_what_to_do() {
    let deployment = Deployment::create().await;
    let desk = Desk::on(&deployment);
    let refused = |plan: &str| desk.run(&["enrol", plan, "--all", "--json"]).refusal();
    let (code, error) = refused("8x8");
    assert!(code == 1 && error.contains("touchline plans load 8x8"), "{error}");
    let (code, error) = refused("33touch");
    assert!(code == 1 && error.contains("did you mean \"33-touch\"?"), "{error}");
}

#[tokio::test]
async fn touches_are_listed_with_exactly_the_promised_fields() {
    let (deployment, desk) = loaded().await;
    let people = deployment.people(2).await;
    desk.run(&["enrol", "8x8", "--all", "--start", "2026-06-01"]);
    let touches = desk.run(&["touches", "list", "--contact", "p1", "--json"]).lines();
    assert_eq!(touches.len(), 1);
    let fields: Vec<&String> = touches[0].as_object().unwrap().keys().collect();
    let mut promised = [
        "id",
        "contact",
        "plan",
        "step",
        "channel",
        "due_at",
        "state",
        "reason",
        "attempt",
        "sent_at",
        "provider_ref",
    ];
    promised.sort_unstable();
    assert_eq!(fields, promised);
    let touch = &touches[0];
    assert_eq!(touch["contact"], people[1].to_string());
    assert_eq!((&touch["plan"], &touch["step"]), (&json!("8x8"), &json!(1)));
    assert_eq!((&touch["channel"], &touch["state"]), (&json!("card"), &json!("scheduled")));
    // Ten o'clock in Dubai, spread over half an hour.
    assert!(touch["due_at"].as_str().unwrap().starts_with("2026-06-01T06:"), "{touch}");
    assert_eq!((&touch["attempt"], &touch["reason"]), (&json!(0), &Value::Null));
    for (filter, expected) in [
        (["--state", "sent"], 0),
        (["--channel", "card"], 2),
        (["--plan", "33-touch"], 0),
        (["--limit", "1"], 1),
    ] {
        let list = [&["touches", "list", "--json"], &filter[..]].concat();
        assert_eq!(desk.run(&list).lines().len(), expected, "{filter:?}");
    }
    assert_eq!(desk.run(&["touches", "list", "--state", "gone"]).code, 2);
}

#[tokio::test]
async fn the_calendar_shows_the_coming_year_with_its_reasons() {
    let (deployment, desk) = loaded().await;
    let sara = NewContact {
        birthday: chrono::NaiveDate::from_ymd_opt(1985, 2, 28),
        closing_date: chrono::NaiveDate::from_ymd_opt(2019, 10, 12),
        ..person(0)
    };
    deployment.operator.import_contacts(&deployment.keyer, &[sara]).await.unwrap();
    assert_eq!(
        desk.run(&["enrol", "33-touch", "--contact", "p0", "--json"]).object()["contacts"],
        1
    );
    let all = desk.run(&["calendar", "p0", "--days", "400", "--json"]).lines();
    let year: Vec<&Value> = all.iter().filter(|entry| entry["cycle"] == 0).collect();
    assert_eq!(year.len(), 33);
    let mut channels: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in &year {
        *channels.entry(entry["channel"].as_str().unwrap()).or_default() += 1;
    }
    let plan = desk.run(&["plans", "show", "33-touch", "--json"]).object();
    for (channel, count) in &channels {
        let steps = plan["steps"].as_array().unwrap();
        assert_eq!(steps.iter().filter(|step| step["channel"] == *channel).count(), *count);
    }
    let because = |why: &str| {
        *year.iter().find(|entry| entry["why"].as_str().unwrap().starts_with(why)).unwrap()
    };
    let birthday = because("the contact's birthday");
    assert_eq!(birthday["decided_by"], "anchor");
    assert_eq!(birthday["zone"], "Asia/Dubai");
    let closing = because("the anniversary of the closing");
    assert!(closing["date"].as_str().unwrap().contains("-10-"), "{closing}");
    // The first is stored already; the others follow from it.
    assert_eq!(year.iter().filter(|entry| entry["state"] == "scheduled").count(), 1);
    assert!(year[0]["touch"].is_string() && year[1]["touch"].is_null());
    assert!(year.iter().all(|entry| entry["time"].as_str().unwrap() > "07:59"));
    let dates: Vec<&str> = all.iter().map(|entry| entry["due_at"].as_str().unwrap()).collect();
    assert!(dates.is_sorted());
    let words = desk.run(&["calendar", "p0", "--locale", "ar"]);
    assert!(words.out.contains("the contact's own time zone"), "{words:?}");
    assert_eq!(desk.run(&["calendar", "nobody", "--json"]).refusal().0, 1);
}

#[tokio::test]
async fn the_calendar_goes_on_into_the_plan_that_follows() {
    let (deployment, desk) = loaded().await;
    deployment.people(2).await;
    desk.run(&["enrol", "8x8", "--all"]);
    let plans = |contact: &str| {
        let entries = desk.run(&["calendar", contact, "--json"]).lines();
        let of = |key: &str| entries.iter().filter(|entry| entry["plan"] == key).count();
        (of("8x8"), of("33-touch"))
    };
    let (first, second) = plans("p0");
    assert_eq!(first, 8);
    assert!((20..33).contains(&second), "{second}");
    // Whoever runs in the following plan already does not begin it a second time.
    desk.run(&["enrol", "33-touch", "--contact", "p1"]);
    let entries = desk.run(&["calendar", "p1", "--days", "360", "--json"]).lines();
    let begins = |step: u64| {
        let own = |e: &&Value| e["plan"] == "33-touch" && e["cycle"] == 0 && e["step"] == step;
        entries.iter().filter(own).count()
    };
    assert_eq!((begins(1), begins(2)), (1, 1));
}
