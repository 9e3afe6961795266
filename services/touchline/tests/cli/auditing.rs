//! `touchline audit`.

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
