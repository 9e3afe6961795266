//! `touchline suppress`.

use domain::suppression::Scope;
use domain::{AddressKind, Channel};
use serde_json::json;
use storage::Role;
use testkit::fixture::Deployment;

use crate::{Desk, rejected};

const ADD: [&str; 5] = ["suppress", "add", "--reason", "voice_request", "--json"];

fn add<'a>(address: &'a str, further: &[&'a str]) -> Vec<&'a str> {
    [&ADD, further, &[address]].concat()
}

#[tokio::test]
async fn an_address_is_listed_checked_and_lifted() {
    let deployment = Deployment::create().await;
    let desk = Desk::on(&deployment);
    let answer = desk.run(&add("A.Li+x@googlemail.com", &[])).object();
    assert_eq!(answer["status"], "clear");
    assert_eq!(answer["in_flight"], json!([]));
    let event = answer["event"].as_str().unwrap();
    assert_eq!(answer.as_object().unwrap().len(), 3);
    // Every spelling of the mailbox is the same entry.
    let check = |address: &str| desk.run(&["suppress", "check", address, "--json"]).object();
    let checked = check("ali@gmail.com");
    assert_eq!(checked["suppressed"], true);
    assert_eq!(checked["channels"], json!(["email"]));
    assert_eq!(checked["entries"][0]["event"], event);
    assert_eq!(checked["entries"][0]["reason"], "voice_request");
    assert_eq!(check("other@gmail.com")["suppressed"], false);
    let listed = desk.run(&["suppress", "list", "--json"]).lines();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["scope"], "channel");
    // Lifting needs a name, a reason and its proof; what was said on the phone, a second person.
    let lift = ["suppress", "lift", "ali@gmail.com", "--json"];
    let why = ["--reason", "consent of 3 May", "--evidence", "ticket 7"];
    assert_eq!(desk.run(&lift).code, 2);
    assert_eq!(desk.run(&[&lift[..], &why].concat()).code, 2);
    let by = |name: &str, further: &[&str]| {
        desk.run(&[&lift[..], &why, &["--actor", name], further].concat())
    };
    assert_eq!(by(" ", &[]).refusal().0, 2);
    assert_eq!(by("Badr", &["--approve"]).refusal().0, 1);
    assert_eq!(by("Amal", &[]).object(), json!({"lifted": 0, "requested": 1}));
    assert_eq!(by("Amal", &["--approve"]).refusal().0, 1);
    assert_eq!(check("ali@gmail.com")["suppressed"], true);
    assert_eq!(by("Badr", &["--approve"]).object(), json!({"lifted": 1, "requested": 0}));
    assert_eq!(by("Badr", &[]).refusal().0, 1);
    assert_eq!(check("ali@gmail.com")["suppressed"], false);
}

#[tokio::test]
async fn a_topic_is_stopped_alone() {
    let deployment = Deployment::create().await;
    let desk = Desk::on(&deployment);
    desk.run(&add("a@example.com", &["--topic", "news"])).object();
    let checked = desk.run(&["suppress", "check", "a@example.com", "--json"]).object();
    assert_eq!((&checked["suppressed"], &checked["channels"]), (&json!(true), &json!([])));
    assert_eq!(checked["entries"][0]["topic"], "news");
    assert_eq!(desk.run(&add("@example.com", &["--topic", "news"])).refusal().0, 2);
    assert_eq!(desk.run(&add("a@example.com", &["--topic", "No Word"])).code, 2);
}

#[tokio::test]
async fn a_phone_number_is_listed_for_texts_and_calls_unless_one_is_named() {
    let deployment = Deployment::create().await;
    let desk = Desk::on(&deployment);
    let check = |address: &str| desk.run(&["suppress", "check", address, "--json"]).object();
    desk.run(&add("050 123 4567", &[])).object();
    assert_eq!(check("٠٥٠١٢٣٤٥٦٧")["channels"], json!(["sms", "call"]));
    desk.run(&add("+14155552671", &["--channel", "sms"])).object();
    assert_eq!(check("+14155552671")["channels"], json!(["sms"]));
    desk.run(&add("12 Marina Walk", &["--channel", "post"])).object();
    assert_eq!(desk.run(&add("12", &["--channel", "email"])).refusal().0, 1);
    assert_eq!(desk.run(&add("a@example.com", &["--channel", "sms"])).refusal().0, 2);
    assert_eq!(desk.run(&add("not an address", &[])).refusal().0, 1);
}

#[tokio::test]
async fn persons_and_domains_are_covered_whole() {
    let deployment = Deployment::create().await;
    let people = deployment.people(3).await;
    let desk = Desk::on(&deployment);
    let check = |address: &str| desk.run(&["suppress", "check", address, "--json"]).object();
    desk.run(&add(&people[0].to_string(), &[])).object();
    assert_eq!(check("p0@example.com")["entries"][0]["scope"], "person");
    assert_eq!(check("+971500000000")["channels"], json!(["sms", "call"]));
    desk.run(&add("+971500000001", &["--scope", "person"])).object();
    assert_eq!(check("p1@example.com")["suppressed"], true);
    assert_eq!(check("p2@example.com")["suppressed"], false);
    desk.run(&add("@EXAMPLE.com", &[])).object();
    assert_eq!(check("p2@example.com")["entries"][0]["scope"], Scope::Domain.as_str());
    assert_eq!(check("new@example.com")["suppressed"], true);
    let nobody = desk.run(&add("nobody@elsewhere.example", &["--scope", "person"]));
    assert_eq!(nobody.refusal().0, 1);
}

#[tokio::test]
async fn touches_being_handed_over_are_named() {
    let monday = chrono::NaiveDate::from_ymd_opt(2026, 6, 1).unwrap();
    let noon = monday.and_hms_opt(8, 0, 0).unwrap().and_utc();
    let deployment = Deployment::with_one_step(Channel::Email, 1, monday).await;
    let batch = deployment.connect(Role::Scheduler);
    let batch = batch.claim_due(noon, 10).await.unwrap();
    let hints = batch.commit(&[], &[]).await.unwrap();
    let hints: Vec<_> = hints.into_iter().map(|outgoing| outgoing.hint).collect();
    let lease = std::time::Duration::from_secs(60);
    let worker = deployment.connect(Role::EmailWorker);
    let claimed = worker.claim(&hints, "w1", lease, noon).await.unwrap();
    let desk = Desk::on(&deployment);
    let answer = desk.run(&add("p0@example.com", &["--wait-seconds", "0"])).object();
    assert_eq!(answer["status"], "in_flight");
    assert_eq!(answer["in_flight"], json!([claimed[0].id]));
}

#[tokio::test]
async fn a_batch_is_checked_line_by_line() {
    let deployment = Deployment::create().await;
    let desk = Desk::on(&deployment);
    desk.run(&add("a@example.com", &[])).object();
    let input = "a@example.com\nb@example.com\n???\n";
    let answers = desk.run_with(&["suppress", "check", "--batch"], input).lines();
    assert_eq!(answers[0]["suppressed"], true);
    assert_eq!(answers[1]["suppressed"], false);
    assert!(answers[2]["error"].is_string());
}

#[tokio::test]
async fn a_list_is_imported_once() {
    let deployment = Deployment::create().await;
    let desk = Desk::on(&deployment);
    let text = "\u{feff}E-mail;Name\r\na@example.com;A\r\nA@EXAMPLE.COM;again\r\nbroken@;B\r\n\r\n\
                c@example.com;C\r\n";
    desk.write("list.csv", text);
    let import = ["suppress", "import", "list.csv", "--reason", "staff_entry", "--json"];
    let first = desk.run(&import).object();
    for (field, expected) in [("rows", 4), ("added", 2), ("already", 1), ("invalid", 1)] {
        assert_eq!(first[field], expected, "{field} of {first}");
    }
    assert_eq!(first["status"], "clear");
    assert_eq!(rejected(&desk.path("list.rejects.csv"))[0].0, 4);
    let second = desk.run(&import).object();
    assert_eq!((&second["added"], &second["already"]), (&json!(0), &json!(3)));
    let key = deployment.keyer.key(AddressKind::Email, "c@example.com");
    assert_eq!(deployment.operator.entries(&[key]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_list_without_a_header_is_read_from_its_first_line() {
    let deployment = Deployment::create().await;
    let desk = Desk::on(&deployment);
    desk.write("numbers.txt", "0501234567\n0501234568\n@example.com\n123\n+971501234567\n");
    let import = ["suppress", "import", "numbers.txt", "--reason", "ae_dncr", "--json"];
    let answer = desk.run(&import).object();
    assert_eq!(answer["added"], 2, "{answer}");
    assert_eq!(answer["already"], 1);
    assert_eq!(answer["invalid"], 2);
    // Several columns that hold addresses: which one is asked.
    desk.write("two.csv", "email,phone\na@example.com,0501234567\n");
    let import = ["suppress", "import", "two.csv", "--reason", "ae_dncr", "--json"];
    assert_eq!(desk.run(&import).refusal().0, 2);
    let answer = desk.run(&[&import[..], &["--column", "Phone", "--channel", "sms"]].concat());
    assert_eq!(answer.object()["already"], 1);
}
