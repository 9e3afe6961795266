//! `touchline contacts erase`, `re-erase`, `correct` and `object`.

use std::process::Command;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use domain::{Channel, ContactId, Medium, TaskId, TouchState};
use serde_json::Value;
use storage::Role;
use storage::claims::ClaimedTouch;
use storage::outcomes::{AttemptRecord, NewTask};
use testkit::TestDatabase;
use testkit::fixture::{self, Deployment};

use crate::{Desk, rejected};

const WHOM: &str = "p0@example.com";
/// What names the first person; a dump's columns stand between tabs.
const TRACES: [&str; 6] =
    ["p0@example.com", "971500000000", "Person 0", "\tp0\t", "0 Marina Walk, Dubai", "192.0.2.7"];

fn noon() -> DateTime<Utc> {
    NaiveDate::from_ymd_opt(2026, 6, 1).unwrap().and_hms_opt(8, 0, 0).unwrap().and_utc()
}

/// Two people in two plans; a call is due, an email is planned.
async fn two_people() -> (Deployment, Vec<ContactId>) {
    let deployment = Deployment::create().await;
    for plan in [fixture::one_step(Channel::Call), fixture::plan("later", &[(60, Channel::Email)])]
    {
        deployment.store_plan(&plan).await;
    }
    for medium in [Medium::Call, Medium::Email] {
        deployment.store_template(&fixture::template(medium)).await;
    }
    let people = deployment.people(2).await;
    for plan in ["one-step", "later"] {
        assert_eq!(deployment.enrol(plan, &people, noon().date_naive()).await, 2);
    }
    (deployment, people)
}

async fn claimed(deployment: &Deployment) -> Vec<ClaimedTouch> {
    let scheduler = deployment.connect(Role::Scheduler);
    let batch = scheduler.claim_due(noon(), 1000).await.unwrap();
    let hints = batch.commit(&[], &[]).await.unwrap();
    let hints: Vec<_> = hints.into_iter().map(|outgoing| outgoing.hint).collect();
    let worker = deployment.connect(Role::CallWorker);
    worker.claim(&hints, "w1", Duration::from_secs(60), noon()).await.unwrap()
}

/// Each claimed touch becomes a task that names its contact.
async fn recorded(deployment: &Deployment, touches: &[ClaimedTouch], people: &[ContactId]) {
    let records: Vec<AttemptRecord> = touches
        .iter()
        .map(|touch| {
            let n = people.iter().position(|id| *id == touch.contact.id).unwrap();
            let task = NewTask {
                id: TaskId::new(),
                contact: touch.contact.id,
                owner: None,
                channel: Channel::Call,
                title: format!("Reach Person {n}"),
                script: format!("Call Person {n} at +97150000000{n}."),
                due_on: noon().date_naive(),
                due_at: noon(),
            };
            AttemptRecord {
                touch: touch.id,
                due_month: touch.due_month,
                attempt: touch.attempt,
                state: TouchState::Sent,
                reason: None,
                provider_ref: None,
                decided_at: noon(),
                next_due: None,
                failed: false,
                template: None,
                detail: None,
                task: Some(task),
            }
        })
        .collect();
    let worker = deployment.connect(Role::CallWorker);
    assert_eq!(worker.record_with_tasks(&records, "w1").await.unwrap(), touches.len());
}

fn client(program: &str) -> Command {
    Command::new(embedded::find_binaries().unwrap().join(program))
}

/// The whole database as text.
fn dump(url: &str) -> String {
    let output = client("pg_dump").args(["--no-owner", "--dbname", url]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn traces(dump: &str) -> Vec<&'static str> {
    TRACES.into_iter().filter(|trace| dump.contains(trace)).collect()
}

fn erase(desk: &Desk, further: &[&str]) -> crate::Ran {
    let own = ["contacts", "erase", WHOM, "--actor", "Mona", "--reason", "asked", "--evidence"];
    desk.run(&[&own[..], &["ticket 9", "--replies-dir", "replies", "--json"], further].concat())
}

/// Everything that could name somebody, named.
fn leave_traces(desk: &Desk) {
    std::fs::create_dir(desk.path("replies")).unwrap();
    desk.write("replies/a.request", "From=%2B971500000000&Body=STOP");
    desk.write("replies/b.request", "From=%2B971500000001&Body=STOP");
    for arguments in [
        &["suppress", "add", WHOM, "--reason", "email_request", "--evidence", "Person 0 wrote"][..],
        &[
            "consents",
            "add",
            WHOM,
            "--channel",
            "sms",
            "--wording",
            "Text me",
            "--act",
            "Person 0 ticked a box",
            "--source",
            "https://example.com/?mail=p0@example.com",
            "--ip",
            "192.0.2.7",
            "--snapshot",
            "replies/a.request",
        ],
        &["consents", "withdraw", WHOM, "--channel", "sms", "--evidence", "p0@example.com"],
        &["requests", "add", WHOM, "--kind", "erasure", "--how", "a letter of Person 0"],
        &[
            "contacts",
            "correct",
            WHOM,
            "notes=Person 0 likes gardens",
            "--actor",
            "Mona",
            "--reason",
            "said so",
        ],
        &[
            "contacts",
            "export",
            WHOM,
            "--actor",
            "Mona",
            "--reason",
            "p0@example.com asks",
            "--out",
            "all.json",
        ],
    ] {
        let ran = desk.run(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
    }
}

#[tokio::test]
async fn erasure_leaves_keyed_hashes_and_a_restored_backup_is_erased_again() {
    let (deployment, people) = two_people().await;
    let desk = Desk::on(&deployment).with("TOUCHLINE__TEAM__NAME", "Palm Realty");
    let touches = claimed(&deployment).await;
    recorded(&deployment, &touches, &people).await;
    leave_traces(&desk);
    let backup = dump(deployment.url());
    assert_eq!(traces(&backup), TRACES);

    let done = erase(&desk, &[]).object();
    assert_eq!((&done["status"], &done["files"]), (&"erased".into(), &1.into()), "{done}");
    assert_eq!(traces(&dump(deployment.url())), [""; 0]);
    let kept: Vec<_> = std::fs::read_dir(desk.path("replies")).unwrap().collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    // The other one's task still names that one.
    let tasks = desk.run(&["tasks", "today", "--day", "2026-06-01"]).out;
    assert!(tasks.contains("Person 1") && !tasks.contains("Person 0"), "{tasks}");

    // The gate still blocks, and nobody is told who it was.
    for address in [WHOM, "+971500000000"] {
        let check = desk.run(&["suppress", "check", address, "--json"]);
        assert!(check.out.contains("\"erasure\""), "{check:?}");
    }
    let csv =
        "full_name,email,phone_mobile\nP Zero,P0@Example.com,\nP Two,p2@example.com,0507770000\n";
    let file = desk.write("again.csv", csv);
    let import =
        ["contacts", "import", file.to_str().unwrap(), "--source", "fair", "--region", "AE"];
    let imported = desk.run(&[&import[..], &["--json"]].concat()).object();
    assert_eq!((&imported["added"], &imported["rejected"]), (&1.into(), &1.into()), "{imported}");
    let refused = rejected(&desk.path("again.rejects.csv"));
    assert_eq!(refused, [(2, "previously erased".to_owned())]);
    assert!(!dump(deployment.url()).to_lowercase().contains("p zero"));

    // A backup of before the erasure comes back, and with it the person.
    let take =
        ["suppress", "export", "--out", "list.csv", "--actor", "Mona", "--reason", "nightly"];
    assert_eq!(desk.run(&take).code, 0);
    let restored = TestDatabase::create().await;
    let file = desk.write("backup.sql", &backup);
    let psql = client("psql")
        .args(["--quiet", "--set", "ON_ERROR_STOP=1", "--file"])
        .arg(&file)
        .args(["--dbname", restored.url()])
        .output()
        .unwrap();
    assert!(psql.status.success(), "{psql:?}");
    let desk = desk.with("TOUCHLINE__DATABASE__URL", restored.url());
    assert_eq!(traces(&dump(restored.url())), TRACES);
    let again = ["contacts", "re-erase", "list.csv", "--actor", "Mona", "--reason", "restored"];
    let again = [&again[..], &["--replies-dir", "replies", "--json"]].concat();
    let first = desk.run(&again).object();
    assert_eq!((&first["erased"], &first["entered"]), (&1.into(), &5.into()), "{first}");
    assert_eq!(traces(&dump(restored.url())), [""; 0]);
    let second = desk.run(&again).object();
    assert_eq!((&second["erased"], &second["entered"]), (&0.into(), &0.into()), "{second}");
}

#[tokio::test]
async fn a_legal_hold_keeps_the_data_and_answers_the_request() {
    let (deployment, people) = two_people().await;
    let desk = Desk::on(&deployment);
    let person = people[0].to_string();
    let hold = ["suppress", "add", &person, "--reason", "legal_hold", "--evidence", "case 12"];
    assert_eq!(desk.run(&hold).code, 0);
    let request = ["requests", "add", WHOM, "--kind", "erasure", "--how", "letter", "--json"];
    let request = desk.run(&request).object()["id"].as_str().unwrap().to_owned();
    let ran = erase(&desk, &["--request", &request]);
    assert!(
        ran.code == 1 && ran.out.contains("\"held\"") && ran.out.contains("case 12"),
        "{ran:?}"
    );
    let shown = desk.run(&["requests", "show", &request, "--json"]).object();
    assert_eq!(shown["standing"], "refused");
    assert!(shown["events"][0]["note"].as_str().unwrap().contains("case 12"), "{shown}");
    assert_eq!(desk.run(&["contacts", "show", WHOM]).code, 0);
}

#[tokio::test]
async fn what_is_being_handed_over_is_waited_for() {
    let (deployment, people) = two_people().await;
    let desk = Desk::on(&deployment);
    let touches = claimed(&deployment).await;
    let ran = erase(&desk, &["--wait-seconds", "0"]);
    assert!(ran.code == 1 && ran.out.contains("\"in_flight\""), "{ran:?}");
    assert_eq!(desk.run(&["contacts", "show", WHOM]).code, 0);
    assert!(desk.run(&["suppress", "check", WHOM, "--json"]).out.contains("\"erasure\""));
    recorded(&deployment, &touches, &people).await;
    assert_eq!(erase(&desk, &[]).object()["status"], "erased");
    assert_eq!(traces(&dump(deployment.url())), [""; 0]);
}

#[tokio::test]
async fn only_compliance_erases() {
    let (deployment, people) = two_people().await;
    let erasing = storage::rights::Erasing {
        contact: people[0],
        request: None,
        actor: "x".to_owned(),
        reason: "x".to_owned(),
        evidence: "x".to_owned(),
        now: noon(),
    };
    let asked = deployment.operator.erase_person(&erasing, Duration::ZERO).await;
    assert!(asked.is_err(), "{asked:?}");
    assert!(deployment.operator.read_person(people[0], "x", "x").await.is_err());
}

#[tokio::test]
async fn a_correction_reaches_touches_tasks_and_the_list() {
    let (deployment, people) = two_people().await;
    let desk = Desk::on(&deployment);
    let touches = claimed(&deployment).await;
    recorded(&deployment, &touches, &people).await;
    let unsubscribed =
        ["suppress", "add", WHOM, "--reason", "unsubscribe_link", "--origin", "recipient"];
    assert_eq!(desk.run(&unsubscribed).code, 0);
    let bounced = ["suppress", "add", WHOM, "--reason", "hard_bounce", "--origin", "system"];
    assert_eq!(desk.run(&bounced).code, 0);
    let correct = |changes: &[&str]| {
        let own =
            ["contacts", "correct", "p0", "--actor", "Mona", "--reason", "she wrote", "--json"];
        desk.run(&[&own[..], changes].concat())
    };
    let done =
        correct(&["full_name=Sara Khan", "email=sara@example.com", "phone=050 700 0000"]).object();
    assert_eq!((&done["tasks"], &done["carried"]), (&1.into(), &1.into()), "{done}");
    let tasks = desk.run(&["tasks", "today", "--day", "2026-06-01", "--json"]).out;
    assert!(tasks.contains("Call Sara Khan at +971507000000."), "{tasks}");
    let shown = desk.run(&["contacts", "show", "sara@example.com", "--json"]).object();
    assert_eq!((&shown["first_name"], &shown["full_name"]), (&"Sara".into(), &"Sara Khan".into()));
    // The opt-out followed the person; the bounce was the old address's.
    let check = desk.run(&["suppress", "check", "sara@example.com", "--json"]).out;
    assert!(check.contains("unsubscribe_link") && !check.contains("hard_bounce"), "{check}");
    // What stood there is told by a keyed hash alone.
    let all = ["contacts", "export", "p0", "--actor", "Mona", "--reason", "look"];
    let all: Value = serde_json::from_str(&desk.run(&all).out).unwrap();
    let corrections = all["tables"]["corrections"].as_array().unwrap();
    assert_eq!(corrections.len(), 4, "{corrections:?}");
    assert!(!all["tables"]["corrections"].to_string().contains("p0@"), "{corrections:?}");
    for (change, code) in
        [("locale=french", 2), ("nonsense=1", 2), ("full_name=", 2), ("email=x", 2)]
    {
        assert_eq!(correct(&[change]).code, code, "{change}");
    }
}

#[tokio::test]
async fn an_objection_stops_everything_and_stays_open_until_the_person_is_told() {
    let (deployment, _) = two_people().await;
    let desk = Desk::on(&deployment);
    let object = ["contacts", "object", WHOM, "--evidence", "ticket 3", "--how", "call", "--json"];
    let done = desk.run(&object).object();
    assert_eq!(done["status"], "clear");
    for address in [WHOM, "+971500000000"] {
        let check = desk.run(&["suppress", "check", address, "--json"]).out;
        assert!(check.contains("gdpr_objection"), "{check}");
    }
    assert!(
        claimed(&deployment).await.iter().filter(|touch| touch.suppressed_by.is_none()).count()
            == 1
    );
    let open = desk.run(&["requests", "list", "--json"]).lines();
    assert_eq!((open[0]["kind"].as_str(), open.len()), (Some("objection"), 1));
}
