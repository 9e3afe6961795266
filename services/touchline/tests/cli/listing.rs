//! `touchline suppress`.

use domain::suppression::{ListReading, Scope};
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
    assert_eq!((&answer["invalid"], &answer["quarantined"]), (&json!(2), &json!(1)));
    // Several columns that hold addresses: which one is asked.
    desk.write("two.csv", "email,phone\na@example.com,0501234567\n");
    let import = ["suppress", "import", "two.csv", "--reason", "ae_dncr", "--json"];
    assert_eq!(desk.run(&import).refusal().0, 2);
    let answer = desk.run(&[&import[..], &["--column", "Phone", "--channel", "sms"]].concat());
    assert_eq!(answer.object()["already"], 1);
}

#[tokio::test]
async fn a_scrubbed_file_has_one_verdict_per_row() {
    let deployment = Deployment::create().await;
    let people = deployment.people(2).await;
    let desk = Desk::on(&deployment);
    desk.run(&add("050 123 4567", &["--channel", "sms"])).object();
    desk.run(&add(&people[1].to_string(), &[])).object();
    desk.run(&add("news@example.org", &["--topic", "news"])).object();
    desk.write(
        "buyers.csv",
        "Name,Contact\n=SUM(A1),٠٥٠ ١٢٣ ٤٥٦٧\nB,+971500000000\nC,p1@example.com\nD,050 12 garbage\n\
         E,news@example.org\n",
    );
    let scrub = ["suppress", "scrub", "buyers.csv", "--column", "contact", "--json"];
    let answer = desk.run(&scrub).object();
    for (field, expected) in [("rows", 5), ("clear", 2), ("listed", 2), ("invalid", 1)] {
        assert_eq!(answer[field], expected, "{field} of {answer}");
    }
    let out = std::fs::read_to_string(desk.path("buyers.scrubbed.csv")).unwrap();
    let lines: Vec<&str> = out.trim_start_matches('\u{feff}').lines().collect();
    assert_eq!(lines[0], r#""Name","Contact","verdict","reason""#);
    assert!(
        lines[1].starts_with(r#""'=SUM(A1)","٠٥٠ ١٢٣ ٤٥٦٧","listed","sms: voice_request since "#)
    );
    assert_eq!(lines[2], r#""B","+971500000000","clear","""#);
    assert!(lines[3].contains(r#""listed","person: voice_request"#), "{}", lines[3]);
    assert!(lines[4].contains(r#""invalid""#));
    assert!(lines[5].contains(r#""clear""#), "a topic alone lists nobody");
}

#[tokio::test]
async fn the_list_is_written_out_by_hashes_or_in_clear_and_that_is_noted() {
    let deployment = Deployment::create().await;
    deployment.people(1).await;
    let desk = Desk::on(&deployment);
    desk.run(&add("+971500000000", &["--channel", "call"])).object();
    let export = ["suppress", "export", "--actor", "Amal", "--reason", "agency", "--json"];
    assert_eq!(desk.run(&export[..4]).code, 2);
    let hashed = desk.run(&[&export[..], &["--out", "list.csv"]].concat()).object();
    assert_eq!(hashed["entries"], 2, "{hashed}");
    let text = std::fs::read_to_string(desk.path("list.csv")).unwrap();
    let key = deployment.keyer.key(AddressKind::Phone, "+971500000000").to_hex();
    assert!(text.contains(&key) && !text.contains("+9715"), "{text}");
    desk.run(&[&export[..], &["--clear", "--out", "clear.csv"]].concat()).object();
    let text = std::fs::read_to_string(desk.path("clear.csv")).unwrap();
    assert!(text.contains(r#""+971500000000""#), "{text}");
    let readings = deployment.operator.list_readings(10).await.unwrap();
    let kinds: Vec<_> = readings.iter().map(|reading| reading.kind).collect();
    assert_eq!(kinds, [ListReading::ExportClear, ListReading::Export]);
    assert_eq!((readings[0].actor.as_str(), readings[0].note.as_str()), ("Amal", "agency"));
}

#[tokio::test]
async fn a_contact_with_the_text_of_an_invalid_row_is_held() {
    let deployment = Deployment::create().await;
    let desk = Desk::on(&deployment);
    desk.write("list.csv", "phone\n050 12 garbage\n");
    let import = ["suppress", "import", "list.csv", "--reason", "staff_entry", "--json"];
    assert_eq!(desk.run(&import).object()["quarantined"], 1);
    assert_eq!(desk.run(&import).object()["quarantined"], 0);
    desk.write("people.csv", "name,phone,email,source\nSara,050 12 Garbage,s@example.com,fair\n");
    let import = ["contacts", "import", "people.csv", "--keep-bad-addresses", "--json"];
    assert_eq!(desk.run(&import).object()["added"], 1);
    let checked = desk.run(&["suppress", "check", "s@example.com", "--json"]).object();
    assert_eq!(checked["entries"][0]["scope"], "person", "{checked}");
}
