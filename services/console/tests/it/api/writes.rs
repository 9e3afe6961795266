//! What programs change: contacts, enrolments, the list, tasks; and that it is done once.

use domain::access::{Permission, UserRole};
use domain::{AddressKind, Channel, ContactChannel};
use serde_json::{Value, json};

use crate::agents::{LAYLA, OMAR, PROBE, Team, today};
use crate::world::{Answer, Program};

fn kind(answer: &Answer) -> String {
    let kind = answer.json()["type"].as_str().unwrap_or_default().to_owned();
    kind.rsplit(':').next().unwrap_or_default().to_owned()
}

async fn keyed(program: &mut Program, path: &str, key: &str, body: &Value) -> Answer {
    let headers = format!("Content-Type: application/json\r\nIdempotency-Key: {key}\r\n");
    program.ask("POST", path, &headers, &body.to_string()).await
}

#[tokio::test]
async fn a_contact_is_added_corrected_and_refused_in_words() {
    let team = Team::start().await;
    let mut program = team.world.program(&[UserRole::Marketer]).await;
    let new = json!({ "full_name": "Sara Haddad", "source": "website", "phone": "050 123 4567",
                      "email": "Sara@Example.com", "locale": "ar", "level": "A", "owner": LAYLA });
    let made = program.send("POST", "/contacts", &new).await;
    assert_eq!(made.status, 201, "{made:?}");
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(made.header("location"), Some(format!("/api/v1/contacts/{id}").as_str()));
    let path = format!("/contacts/{id}");
    let stored = program.get(&path).await.json();
    assert_eq!((&stored["locale"], &stored["owner_name"]), (&json!("ar"), &json!("layla")));
    let change = json!({ "level": "C", "time_zone": "Asia/Dubai" });
    let corrected = program.send("PATCH", &path, &change).await.json();
    assert_eq!((&corrected["level"], &corrected["time_zone"]), (&json!("C"), &json!("Asia/Dubai")));
    assert_eq!(corrected["full_name"], "Sara Haddad");
    let cleared = program.send("PATCH", &path, &json!({ "time_zone": "" })).await.json();
    assert!(cleared["time_zone"].is_null(), "{cleared}");
    let again = program.send("POST", "/contacts", &new).await;
    assert_eq!((again.status, kind(&again).as_str()), (409, "conflict"));
    assert!(again.body.contains(&id), "who sees everybody is told who: {again:?}");
    for (body, status, says) in [
        (json!({ "full_name": "A", "source": "x" }), 422, "email address or a phone"),
        (json!({ "full_name": "", "source": "x", "email": "a@b.example" }), 422, "full_name"),
        (json!({ "full_name": "A", "source": "x", "email": "nobody" }), 422, "email"),
        (json!({ "full_name": "A", "source": "x", "phone": "12" }), 422, "phone"),
        (
            json!({ "full_name": "A", "source": "x", "email": "a@b.example", "time_zone": "Mars" }),
            422,
            "time_zone",
        ),
        (
            json!({ "full_name": "A", "source": "x", "email": "a@b.example", "role": "admin" }),
            400,
            "role",
        ),
        (json!({ "full_name": "A" }), 400, "source"),
        (json!({ "full_name": "A\u{0}", "source": "x", "email": "a@b.example" }), 400, "U+0000"),
        (json!({ "full_name": "A", "source": "x", "level": "Z" }), 400, "level"),
        (json!([]), 400, "body"),
    ] {
        let answer = program.send("POST", "/contacts", &body).await;
        assert_eq!(answer.status, status, "{body}: {answer:?}");
        let said = answer.body.to_lowercase();
        assert!(said.contains(&says.to_lowercase()), "{body}: {answer:?}");
    }
    team.world.stop().await;
}

#[tokio::test]
async fn what_is_no_json_or_too_large_is_a_problem() {
    let team = Team::start().await;
    let mut program = team.world.program(&[UserRole::Marketer]).await;
    let json = "Content-Type: application/json\r\n";
    let large = format!("\"{}\"", "x".repeat(70_000));
    for (headers, body, status, expected) in [
        ("", "{}", 415, "not-json"),
        ("Content-Type: text/plain\r\n", "{}", 415, "not-json"),
        (json, "{", 400, "malformed"),
        (json, "", 400, "malformed"),
        (json, large.as_str(), 413, "too-large"),
    ] {
        let answer = program.ask("POST", "/contacts", headers, body).await;
        assert_eq!(answer.status, status, "{headers} {answer:?}");
        assert_eq!(kind(&answer), expected);
        let key = format!("{headers}Idempotency-Key: one\r\n");
        assert_eq!(program.ask("POST", "/contacts", &key, body).await.status, status);
    }
    team.world.stop().await;
}

#[tokio::test]
async fn a_post_with_a_key_is_done_once_and_answered_as_it_was() {
    let team = Team::start().await;
    let mut program = team.world.program(&[UserRole::Marketer]).await;
    let new = json!({ "full_name": "Sara", "source": "website", "email": "sara@example.com" });
    let other = json!({ "full_name": "Omar", "source": "website", "email": "omar@example.com" });
    let first = keyed(&mut program, "/contacts", "\"one\"", &new).await;
    assert_eq!(first.status, 201, "{first:?}");
    assert_eq!(first.header("idempotent-replayed"), None);
    let second = keyed(&mut program, "/contacts", "\"one\"", &new).await;
    assert_eq!((second.status, second.json()), (201, first.json()));
    assert_eq!(second.header("location"), first.header("location"));
    assert_eq!(second.header("idempotent-replayed"), Some("true"));
    let mistaken = keyed(&mut program, "/contacts", "\"one\"", &other).await;
    assert_eq!((mistaken.status, kind(&mistaken).as_str()), (422, "key-reused"));
    // What was refused is mended and sent again with the same key.
    let faulty = json!({ "full_name": "Omar", "source": "website", "email": "omar" });
    assert_eq!(keyed(&mut program, "/contacts", "two", &faulty).await.status, 422);
    assert_eq!(keyed(&mut program, "/contacts", "two", &other).await.status, 201);
    // A key is of its token alone.
    let mut stranger = team.world.program(&[UserRole::Marketer]).await;
    let theirs = keyed(&mut stranger, "/contacts", "one", &new).await;
    assert_eq!((theirs.status, kind(&theirs).as_str()), (409, "conflict"));
    for wrong in ["", "a b", &"k".repeat(256)] {
        let answer = keyed(&mut program, "/contacts", wrong, &new).await;
        assert_eq!(answer.status, 400, "{wrong}: {answer:?}");
    }
    // Nothing about a person is kept with the answer.
    let told = first.body.to_lowercase();
    assert!(!told.contains("sara"), "{told}");
    team.world.stop().await;
}

#[tokio::test]
async fn of_many_at_once_with_one_key_one_is_done() {
    let team = Team::start().await;
    let program = team.world.program(&[UserRole::Marketer]).await;
    let new = json!({ "full_name": "Sara", "source": "website", "email": "sara@example.com" });
    let tries: Vec<_> = (0..8)
        .map(|_| {
            let (mut program, new) = (program.clone(), new.clone());
            tokio::spawn(async move { keyed(&mut program, "/contacts", "one", &new).await })
        })
        .collect();
    let mut made = Vec::new();
    for answer in tries {
        let answer = answer.await.unwrap();
        match answer.status {
            201 => made.push(answer.json()["id"].clone()),
            _ => assert_eq!((answer.status, kind(&answer).as_str()), (409, "key-in-use")),
        }
    }
    made.dedup();
    assert_eq!(made.len(), 1, "{made:?}");
    assert_eq!(team.world.database.count_contacts().await.unwrap(), 1);
    team.world.stop().await;
}

#[tokio::test]
async fn a_contact_is_enrolled_paused_resumed_and_stopped() {
    let team = Team::start().await;
    let people = team.contacts(LAYLA, 0, 2).await;
    team.tasks("calls", Channel::Call, &people[..1], today()).await;
    let mut program = team.world.program(&[UserRole::Marketer]).await;
    let path = format!("/contacts/{}/enrolments", people[1]);
    let made = program.send("POST", &path, &json!({ "plan": "calls" })).await;
    assert_eq!(made.status, 201, "{made:?}");
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let again = program.send("POST", &path, &json!({ "plan": "calls" })).await;
    assert_eq!(again.status, 409, "{again:?}");
    assert_eq!(program.send("POST", &path, &json!({ "plan": "none" })).await.status, 422);
    for state in ["paused", "active", "stopped"] {
        let moved =
            program.send("PATCH", &format!("{path}/{id}"), &json!({ "state": state })).await;
        assert_eq!(moved.json()["state"], state, "{moved:?}");
        if state == "paused" {
            let reason = moved.json()["reason"].to_string();
            assert!(reason.contains("(token "), "by whom and which token: {reason}");
        }
    }
    let over = program.send("PATCH", &format!("{path}/{id}"), &json!({ "state": "active" })).await;
    assert_eq!(over.status, 409, "{over:?}");
    // An enrolment of somebody else is not reached through this contact.
    let other = format!("/contacts/{}/enrolments/{id}", people[0]);
    assert_eq!(program.send("PATCH", &other, &json!({ "state": "paused" })).await.status, 404);
    team.world.stop().await;
}

#[tokio::test]
async fn somebody_is_put_on_the_list_and_the_truth_is_told() {
    let team = Team::start().await;
    let person = team.contacts(LAYLA, 3, 1).await[0];
    let foreign = team.contacts(OMAR, 4, 1).await[0];
    let mut program = team.program_of(LAYLA, Permission::ALL).await;
    let new =
        json!({ "address": "p3@example.com", "reason": "email_request", "evidence": "call 7" });
    let added = program.send("POST", "/suppressions", &new).await;
    assert_eq!(added.status, 201, "{added:?}");
    assert_eq!(
        (&added.json()["status"], &added.json()["in_flight"]),
        (&json!("clear"), &json!([]))
    );
    let mut officer = team.world.program(&[UserRole::Compliance]).await;
    let against = officer.get(&format!("/contacts/{person}/suppressions")).await.json();
    assert_eq!(against["items"][0]["reason"], "email_request", "{against}");
    let rows = officer.get("/suppressions").await.json();
    let by = rows["items"][0]["actor"].as_str().unwrap();
    assert!(by.starts_with(&format!("{LAYLA} (token ")), "{by}");
    for (body, status) in [
        (json!({ "address": "nobody", "reason": "email_request" }), 422),
        (json!({ "address": "p3@example.com", "reason": "hard_bounce" }), 422),
        (json!({ "address": "p3@example.com", "reason": "because" }), 400),
        (json!({ "address": foreign, "reason": "staff_entry" }), 404),
        (json!({ "address": "p4@example.com", "reason": "staff_entry", "scope": "person" }), 403),
        (json!({ "address": person, "reason": "staff_entry" }), 201),
    ] {
        let answer = program.send("POST", "/suppressions", &body).await;
        assert_eq!(answer.status, status, "{body}: {answer:?}");
    }
    team.world.stop().await;
}

#[tokio::test]
async fn a_task_is_ended_once_and_a_refusal_is_on_the_list() {
    let team = Team::start().await;
    let people = team.contacts(LAYLA, 0, 2).await;
    let foreign = team.contacts(OMAR, 7, 1).await;
    let tasks = team.tasks("calls", Channel::Call, &people, today()).await;
    let others = team.tasks("more", Channel::Call, &foreign, today()).await;
    let mut program = team.program_of(LAYLA, &[Permission::TasksWork]).await;
    let path = format!("/tasks/{}/outcome", tasks[0]);
    let wrong = program.send("POST", &path, &json!({ "outcome": "done" })).await;
    assert_eq!(wrong.status, 422, "a call is not simply done: {wrong:?}");
    let done =
        program.send("POST", &path, &json!({ "outcome": "answered", "note": "hello" })).await;
    assert_eq!((done.status, &done.json()["in_flight"]), (200, &Value::Null), "{done:?}");
    let again = program.send("POST", &path, &json!({ "outcome": "answered" })).await;
    assert_eq!(again.status, 409, "{again:?}");
    let refused = format!("/tasks/{}/outcome", tasks[1]);
    let refused = program.send("POST", &refused, &json!({ "outcome": "refused" })).await;
    assert_eq!(refused.json()["in_flight"], json!([]), "{refused:?}");
    let person = team.world.database.contact(people[1]).await.unwrap().unwrap();
    let phone = person.addresses.iter().find(|own| own.kind == AddressKind::Phone).unwrap();
    let key = phone.key;
    let entries = team.world.database.entries(&[key]).await.unwrap();
    assert!(entries.iter().any(|it| it.channel == Some(ContactChannel::Call)), "{entries:?}");
    let theirs = format!("/tasks/{}/outcome", others[0]);
    assert_eq!(program.send("POST", &theirs, &json!({ "outcome": "answered" })).await.status, 404);
    team.world.stop().await;
}

#[tokio::test]
async fn what_happened_is_noted_and_listed() {
    let team = Team::start().await;
    let sara = team.contacts(LAYLA, 0, 1).await[0];
    let theirs = team.contacts(OMAR, 1, 1).await[0];
    let mut program = team.world.program(&[UserRole::Marketer]).await;
    let path = format!("/contacts/{sara}/interactions");
    let visit = json!({"kind": "visit", "at": "2026-01-02T03:04:05Z", "note": "liked the view"});
    assert_eq!(program.send("POST", &path, &visit).await.status, 201);
    let listed = program.get(&path).await.json();
    let own = &listed["items"][0];
    assert_eq!(
        (&own["kind"], &own["what"], &own["note"], &own["at"]),
        (
            &json!("noted"),
            &json!("visit"),
            &json!("liked the view"),
            &json!("2026-01-02T03:04:05Z")
        )
    );
    for wrong in [
        json!({"kind": "visit", "note": " "}),
        json!({"kind": "visit", "note": "x", "at": "9999-01-01T00:00:00Z"}),
        json!({"kind": "visit", "note": "x", "at": "0001-01-01T00:00:00Z"}),
        json!({"kind": "visit", "note": "x".repeat(2001)}),
    ] {
        assert_eq!(program.send("POST", &path, &wrong).await.status, 422, "{wrong}");
    }
    let mut layla = team.program_of(LAYLA, Permission::ALL).await;
    let hers = json!({"kind": "note", "note": "x"});
    assert_eq!(layla.send("POST", &path, &hers).await.status, 201);
    let other = format!("/contacts/{theirs}/interactions");
    assert_eq!(layla.send("POST", &other, &hers).await.status, 404);
    team.world.stop().await;
}

#[tokio::test]
async fn what_programs_write_is_text_on_every_page() {
    let team = Team::start().await;
    let mut program = team.world.program(&[UserRole::Marketer]).await;
    let new = json!({ "full_name": format!("Probe {PROBE}"), "source": PROBE, "notes": PROBE,
                      "email": "probe@example.com", "owner": LAYLA });
    let made = program.send("POST", "/contacts", &new).await;
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let change = json!({ "first_name": PROBE });
    let corrected = program.send("PATCH", &format!("/contacts/{id}"), &change).await;
    assert_eq!(corrected.status, 200, "{corrected:?}");
    let entry =
        json!({ "address": "probe@example.com", "reason": "staff_entry", "evidence": PROBE });
    assert_eq!(program.send("POST", "/suppressions", &entry).await.status, 201);
    let mut everybody = team.world.as_one_of(UserRole::ALL).await;
    let mut shown = 0;
    for path in [
        format!("/contacts/{id}"),
        "/contacts?q=probe".to_owned(),
        format!("/list/add?contact={id}"),
        "/find?q=probe%40example.com".to_owned(),
        "/list".to_owned(),
        "/compliance/audit".to_owned(),
    ] {
        let page = everybody.get(&path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(
            !page.body.contains("<script>alert") && !page.body.contains("<img src=x"),
            "{path}"
        );
        shown += usize::from(page.body.contains("&#60;script&#62;"));
    }
    assert!(shown >= 4, "the probes are on {shown} pages");
    // And markup in an answer is never taken for a page.
    let read = program.get(&format!("/contacts/{id}")).await;
    assert_eq!(read.header("content-type"), Some("application/json"));
    assert_eq!(read.header("x-content-type-options"), Some("nosniff"));
    team.world.stop().await;
}
