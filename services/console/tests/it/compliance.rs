//! What officers and auditors look at: unclear answers, people's requests, why, evidence, the log.

use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};
use domain::access::UserRole;
use domain::pause::PauseScope;
use domain::{AddressKind, Clock, UserId};
use secrecy::ExposeSecret;
use storage::Role;
use storage::arrivals::{Message, NewReview};
use storage::pauses::NewPause;

use crate::world::{Browser, World};

/// A folder of its own.
fn folder() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("console-{}", UserId::new()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

async fn review(world: &World, n: usize, due_at: DateTime<Utc>, request: Option<&str>) {
    let key = world.deployment.keyer.key(AddressKind::Phone, &format!("+97150{n:07}"));
    let review = NewReview {
        message: Message { source: "gateway", id: n as u64 },
        key,
        request: request.map(str::to_owned),
        arrived_at: due_at - TimeDelta::hours(4),
        due_at,
    };
    world.deployment.connect(Role::Inbound).open_review(&review).await.unwrap();
}

#[tokio::test]
async fn unclear_answers_are_decided_by_a_person_the_most_urgent_first() {
    let folder = folder();
    let written = "POST /sms HTTP/1.1\n\nFrom=%2B971500000001&Body=I+am+<b>busy</b>,+stop+it";
    std::fs::write(folder.join("abc.request"), written).unwrap();
    let world = World::with(&[("inbound.replies_dir", folder.to_str().unwrap())]).await;
    world.deployment.people(3).await;
    let now = Clock::system().now();
    review(&world, 0, now + TimeDelta::hours(2), None).await;
    review(&world, 1, now - TimeDelta::hours(1), Some("abc")).await;
    let mut marketer = world.as_one_of(&[UserRole::Marketer]).await;
    assert_eq!(marketer.get("/reviews").await.status, 403);
    let mut officer = world.as_one_of(&[UserRole::Compliance]).await;
    let queue = officer.get("/reviews").await.body;
    let (late, soon) = (queue.find("Person 1").unwrap(), queue.find("Person 0").unwrap());
    assert!(late < soon && queue.contains("Overdue"), "{queue}");
    assert!(!queue.contains("<b>busy") && queue.contains("stop it"), "{queue}");
    let links: Vec<String> = queue
        .split("href=\"/reviews/")
        .skip(1)
        .map(|rest| format!("/reviews/{}", rest.split('"').next().unwrap()))
        .collect();
    let unsaid = officer.post(&links[0], &[("decision", "stop"), ("reason", " ")]).await;
    assert!(unsaid.status == 422 && unsaid.body.contains("Say why"), "{}", unsaid.body);
    let said = [("decision", "stop"), ("reason", "it says stop")];
    assert_eq!(officer.post(&links[0], &said).await.location(), "/reviews?notice=review-decided");
    let again = officer.post(&links[0], &said).await;
    assert!(again.status == 422 && again.body.contains("decided this already"), "{}", again.body);
    let listed = officer.get("/list?q=0500000001").await.body;
    assert!(listed.contains("Reply in own words") && listed.contains("On the list"), "{listed}");
    let said = [("decision", "carry_on"), ("reason", "thanks us")];
    assert_eq!(officer.post(&links[1], &said).await.status, 303);
    assert!(officer.get("/list?q=0500000000").await.body.contains("Nothing on the list"));
    assert!(officer.get("/reviews").await.body.contains("Nothing waits"));
    world.stop().await;
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_request_is_recorded_extended_and_answered_within_its_days() {
    let world = World::start().await;
    world.deployment.people(1).await;
    let mut officer = world.as_one_of(&[UserRole::Compliance]).await;
    assert!(officer.get("/requests").await.body.contains("Nothing waits for an answer"));
    let probe = "<script>alert(1)</script>";
    let new = |contact: &'static str, how: &'static str| {
        [("kind", "access"), ("law", "gdpr"), ("contact", contact), ("how", how)]
    };
    for (contact, how) in [("nobody@example.com", "email"), ("p0@example.com", " ")] {
        let answer = officer.post("/requests", &new(contact, how)).await;
        assert!(answer.status == 422 && answer.body.contains(contact), "{}", answer.body);
    }
    let answer = officer.post("/requests", &new("p0@example.com", probe)).await;
    let path = answer.location().split('?').next().unwrap().to_owned();
    assert!(path.starts_with("/requests/"), "{}", answer.body);
    let step = |step: &'static str, note: &'static str| [("step", step), ("note", note)];
    assert_eq!(officer.post(&path, &step("confirmed", "by letter")).await.status, 303);
    assert_eq!(officer.post(&path, &step("extended", "many files")).await.status, 303);
    let again = officer.post(&path, &step("extended", "even more")).await;
    assert!(again.status == 422 && again.body.contains("extended before"), "{}", again.body);
    let all = officer.get("/requests").await.body;
    assert!(all.contains("In time") && !all.contains("<script>alert"), "{all}");
    assert_eq!(officer.post(&path, &step("answered", "sent the export")).await.status, 303);
    let over = officer.get(&path).await.body;
    for text in ["by letter", "many files", "sent the export"] {
        assert!(over.contains(text), "{text}: {over}");
    }
    assert!(!over.contains("<script>alert") && !over.contains("name=\"note\""), "{over}");
    assert_eq!(officer.post(&path, &step("confirmed", "late")).await.status, 422);
    assert!(officer.get("/requests").await.body.contains("Nothing waits"));
    assert!(officer.get("/requests?over=yes").await.body.contains("Answered"));
    let mut marketer = world.as_one_of(&[UserRole::Marketer]).await;
    assert_eq!(marketer.get(&path).await.status, 403);
    world.stop().await;
}

#[tokio::test]
async fn it_is_told_why_somebody_was_not_contacted_and_noted_who_asked() {
    let world = World::start().await;
    world.deployment.people(1).await;
    let mut officer = world.as_one_of(&[UserRole::Compliance]).await;
    let fields = [("address", "p0@example.com"), ("covers", "email"), ("reason", "email_request")];
    assert_eq!(officer.post("/list/add", &fields).await.status, 200);
    // Where the team is it may be tomorrow already.
    let now = domain::clock::timestamp(Clock::system().now());
    let today = now.in_tz("Asia/Dubai").unwrap().date();
    let path = format!("/compliance/why?address=P0%40example.com&day={today}");
    let told = officer.get(&path).await.body;
    for text in ["Not contacted", "On the list that day", "email request"] {
        assert!(told.to_lowercase().contains(&text.to_lowercase()), "{text}: {told}");
    }
    let arabic = officer.get(&format!("{path}&lang=ar")).await.body;
    assert!(arabic.contains("dir=\"rtl\"") && !arabic.contains("Not contacted"), "{arabic}");
    for wrong in ["address=nobody&day=2026-01-01", "address=p0%40example.com&day=soon"] {
        let answer = officer.get(&format!("/compliance/why?lang=en&{wrong}")).await;
        assert!(answer.status == 422 && answer.body.contains("role=\"alert\""), "{wrong}");
    }
    let noted = world.database.list_readings(10).await.unwrap();
    assert!(noted.iter().any(|one| one.actor.ends_with("@palm.example")), "{noted:?}");
    world.stop().await;
}

#[tokio::test]
async fn evidence_leaves_signed_and_only_for_officers() {
    let folder = folder();
    let key = folder.join("evidence.pem");
    std::fs::write(&key, office::evidence::make_key().unwrap().pem.expose_secret()).unwrap();
    let world = World::with(&[("keys.evidence_key_file", key.to_str().unwrap())]).await;
    world.deployment.people(1).await;
    let mut officer = world.as_one_of(&[UserRole::Compliance]).await;
    assert_eq!(officer.get("/compliance/evidence").await.status, 200);
    let unsaid = officer.post("/compliance/evidence", &[("contact", "p0@example.com")]).await;
    assert!(unsaid.status == 422 && unsaid.body.contains("p0@example.com"), "{}", unsaid.body);
    let of = |contact: &'static str| [("contact", contact), ("reason", "case 12")];
    let nobody = officer.post("/compliance/evidence", &of("nobody at all")).await;
    assert!(nobody.status == 422 && nobody.body.contains("role=\"alert\""), "{}", nobody.body);
    let answer = officer.post("/compliance/evidence", &of("p0@example.com")).await;
    assert_eq!(
        answer.header("content-disposition"),
        Some("attachment; filename=\"evidence.json\"")
    );
    let verified = office::evidence::verify(&answer.body).expect("the signature fits");
    assert_eq!(verified.evidence["taken"]["reason"], "case 12");
    let mut auditor = world.as_one_of(&[UserRole::Auditor]).await;
    assert_eq!(auditor.post("/compliance/evidence", &of("p0@example.com")).await.status, 403);
    world.stop().await;
    let world = World::start().await;
    let mut officer = world.as_one_of(&[UserRole::Compliance]).await;
    let answer = officer.post("/compliance/evidence", &of("p0@example.com")).await;
    assert!(answer.status == 422 && answer.body.contains("no key to sign with"));
    world.stop().await;
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn latency_registries_and_pauses_stand_on_one_page() {
    let world = World::start().await;
    let pause = NewPause {
        scope: PauseScope::SenderDomain,
        key: "palm.example".to_owned(),
        since: Clock::system().now(),
        reason: "complaints of a day over 0.30 %".to_owned(),
        evidence: serde_json::json!({ "complaints": 4 }),
    };
    world.database.pause(&pause).await.unwrap();
    let mut auditor = world.as_one_of(&[UserRole::Auditor]).await;
    let page = auditor.get("/compliance").await.body;
    for text in ["palm.example", "complaints of a day", "Never loaded", "99 of 100", "0 opt-outs"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("/compliance/evidence"), "{page}");
    world.stop().await;
}

#[tokio::test]
async fn the_log_is_shown_by_subject_and_a_changed_row_breaks_the_chain() {
    let world = World::start().await;
    world.deployment.people(2).await;
    let mut officer = world.as_one_of(&[UserRole::Compliance]).await;
    let fields = [("address", "p0@example.com"), ("covers", "email"), ("reason", "email_request")];
    assert_eq!(officer.post("/list/add", &fields).await.status, 200);
    let own = officer.get("/compliance/audit?subject=p0%40example.com").await.body;
    assert!(own.contains("suppression_events") && own.contains("email_request"), "{own}");
    let other = officer.get("/compliance/audit?subject=p1%40example.com&until=2020-01-01").await;
    assert!(other.body.contains("Nothing is recorded there"), "{}", other.body);
    for wrong in ["subject=nobody", "since=soon"] {
        let answer = officer.get(&format!("/compliance/audit?{wrong}")).await;
        assert!(answer.status == 422 && answer.body.contains("role=\"alert\""), "{wrong}");
    }
    let sound = checked(&mut officer).await;
    assert!(sound.contains("The chain is whole"), "{sound}");
    world.deployment.tamper("UPDATE suppression_events SET actor = 'somebody else'").await;
    let broken = checked(&mut officer).await;
    assert!(broken.contains("BROKEN") && broken.contains("suppression_events"), "{broken}");
    world.stop().await;
}

/// The page after a check that was asked for has ended.
async fn checked(officer: &mut Browser) -> String {
    let asked = officer.post("/compliance/audit/verify", &[]).await;
    assert_eq!(asked.status, 303, "{}", asked.body);
    loop {
        let page = officer.get("/compliance/audit").await.body;
        if !page.contains("is being checked") {
            return page;
        }
        tokio::task::yield_now().await;
    }
}
