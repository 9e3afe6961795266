//! `touchline pauses`: by hand, and lifted by a person.

use domain::Channel;
use serde_json::Value;
use testkit::fixture::{Deployment, one_step};

use crate::Desk;

#[tokio::test]
async fn a_person_pauses_a_plan_and_lifts_it_with_a_reason() {
    let deployment = Deployment::create().await;
    deployment.store_plan(&one_step(Channel::Email)).await;
    let desk = Desk::on(&deployment);
    let who = ["--actor", "Lina", "--reason", "a wrong price", "--json"];
    let add = |what: &[&str]| desk.run(&[&["pauses", "add"], what, &who].concat());
    let (code, why) = add(&["--plan", "one-stop"]).refusal();
    assert!(code == 1 && why.contains("one-step"), "{why}");
    let made = add(&["--plan", "one-step"]).object();
    assert_eq!((&made["scope"], &made["key"]), (&Value::from("plan"), &Value::from("one-step")));
    assert_eq!(made["evidence"]["actor"], "Lina");
    assert!(add(&["--plan", "one-step"]).refusal().1.contains("is paused already"));
    for (what, scope, key) in [
        (&["--everything"][..], "everything", ""),
        (&["--channel", "sms"], "channel", "sms"),
        (&["--domain", "Palm.example"], "sender_domain", "palm.example"),
        (&["--source", "fair 2026"], "import", "fair 2026"),
    ] {
        let made = add(what).object();
        assert_eq!((&made["scope"], &made["key"]), (&Value::from(scope), &Value::from(key)));
    }
    assert_eq!(add(&[]).code, 2);
    assert_eq!(add(&["--everything", "--channel", "sms"]).code, 2);

    let id = made["id"].as_str().unwrap();
    let shown = desk.run(&["pauses", "show", id]);
    assert!(shown.out.contains("plan one-step, paused since"), "{shown:?}");
    assert!(shown.out.contains("touchline pauses lift"), "{shown:?}");
    let lift =
        |reason| desk.run(&["pauses", "lift", id, "--actor", "Omar", "--reason", reason, "--json"]);
    assert_eq!(lift(" ").code, 2);
    assert_eq!(lift("the price is right").object()["lifted_by"], "Omar");
    assert_eq!(lift("again").code, 1, "it is lifted already");
    let listed = |more: &[&str]| desk.run(&[&["pauses", "list", "--json"], more].concat()).lines();
    assert_eq!((listed(&[]).len(), listed(&["--all"]).len()), (4, 5));
    let unknown = desk.run(&["pauses", "show", "019ab000-0000-7000-8000-000000000000"]);
    assert!(unknown.code == 1 && unknown.err.contains("there is no pause"), "{unknown:?}");
}
