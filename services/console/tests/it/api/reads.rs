//! What programs read: lists page by page, single things, stories.

use domain::access::{Permission, UserRole};
use domain::contact::Level;
use domain::{Channel, Medium};
use serde_json::Value;
use testkit::fixture::template;

use crate::agents::{LAYLA, OMAR, Team, today};
use crate::world::Program;

/// Every row of a list, page by page.
async fn all(program: &mut Program, path: &str) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let answer = program.get(&format!("{path}{cursor}")).await;
        assert_eq!(answer.status, 200, "{path}{cursor}: {answer:?}");
        let page = answer.json();
        rows.extend(page["items"].as_array().unwrap().iter().cloned());
        let Some(next) = page["next"].as_str() else { return rows };
        cursor = format!("&cursor={next}");
    }
}

fn ids(rows: &[Value]) -> Vec<String> {
    let mut ids: Vec<String> = rows.iter().map(|row| row["id"].as_str().unwrap().into()).collect();
    ids.sort();
    ids.dedup();
    ids
}

#[tokio::test]
async fn contacts_are_listed_each_once_and_found_in_any_spelling() {
    let team = Team::start().await;
    let people = team.contacts(LAYLA, 0, 23).await;
    let sara = team
        .contact(OMAR, 77, Level::A, |person| {
            person.full_name = "سارة الحداد".to_owned();
            person.source = "open_house".to_owned();
        })
        .await;
    let mut program = team.world.program(&[UserRole::Marketer]).await;
    let rows = all(&mut program, "/contacts?limit=5").await;
    assert_eq!(rows.len(), 24);
    assert_eq!(ids(&rows).len(), 24);
    assert!(people.iter().all(|id| ids(&rows).contains(&id.to_string())));
    for query in [
        "q=%D8%B3%D8%A7%D8%B1%D8%A9",
        "q=p77%40example.com",
        "q=050%20000%200077",
        "level=A",
        "source=open_house",
        "q=p77",
        "source=open_house&level=A&group=target",
    ] {
        let rows = all(&mut program, &format!("/contacts?{query}")).await;
        assert_eq!(ids(&rows), [sara.to_string()], "{query}");
    }
    assert!(all(&mut program, "/contacts?q=nobody").await.is_empty());
    let one = program.get(&format!("/contacts/{sara}")).await.json();
    assert_eq!(one["full_name"], "سارة الحداد");
    assert_eq!(one["source"], "open_house");
    let addresses = one["addresses"].as_array().unwrap();
    assert!(addresses.iter().any(|own| own["value"] == "+971500000077"), "{one}");
    assert!(addresses.iter().all(|own| own["kind"] != "person"), "{one}");
    team.world.stop().await;
}

#[tokio::test]
async fn a_cursor_is_of_its_list_and_filters_and_holds_no_name() {
    let team = Team::start().await;
    let people = team.contacts(LAYLA, 0, 3).await;
    let mut program = team.world.program(&[UserRole::Marketer]).await;
    let page = program.get("/contacts?limit=1").await.json();
    let next = page["next"].as_str().unwrap().to_owned();
    let payload = next.split('.').next().unwrap();
    use base64::Engine as _;
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap();
    let payload = String::from_utf8(payload).unwrap();
    assert!(!payload.to_lowercase().contains("person"), "{payload}");
    let changed = format!("{}A{}", &next[..4], &next[5..]);
    for path in [
        format!("/contacts?limit=1&level=A&cursor={next}"),
        format!("/contacts/{}/touches?cursor={next}", people[0]),
        format!("/contacts?cursor={changed}"),
        "/contacts?cursor=".to_owned(),
        "/contacts?cursor=made-up".to_owned(),
    ] {
        let answer = program.get(&path).await;
        assert_eq!(answer.status, 422, "{path}: {answer:?}");
        assert_eq!(answer.json()["errors"][0]["name"], "cursor", "{path}: {answer:?}");
    }
    for wrong in ["limit=0", "limit=101", "limit=x", "limit=-1", "page=2", "q=a&q=b", "level=D"] {
        let answer = program.get(&format!("/contacts?{wrong}")).await;
        assert_eq!(answer.status, 400, "{wrong}: {answer:?}");
    }
    // The limit may change on the way.
    assert_eq!(all(&mut program, &format!("/contacts?limit=2&cursor={next}")).await.len(), 2);
    team.world.stop().await;
}

#[tokio::test]
async fn a_touch_is_explained_in_both_languages() {
    let team = Team::start().await;
    let person = team.contacts(LAYLA, 0, 1).await[0];
    team.tasks("calls", Channel::Call, &[person], today()).await;
    let touch = team.touch(person, "calls").await.id;
    let mut program = team.world.program(&[UserRole::Marketer]).await;
    let touches = all(&mut program, &format!("/contacts/{person}/touches?limit=1")).await;
    assert_eq!(ids(&touches), [touch.to_string()]);
    assert_eq!(touches[0]["channel"], "call");
    let one = program.get(&format!("/touches/{touch}")).await.json();
    assert_eq!(one, touches[0]);
    let story = program.get(&format!("/touches/{touch}/story")).await.json();
    assert_eq!(story["touch"], one);
    assert!(story["events"].as_array().is_some_and(|events| !events.is_empty()), "{story}");
    assert!(story["told"]["headline"].as_str().unwrap().contains("step 1 of 1"), "{story}");
    let arabic = program.get(&format!("/touches/{touch}/story?locale=ar")).await.json();
    assert!(arabic["told"]["headline"].as_str().unwrap().contains("الخطوة 1 من 1"), "{arabic}");
    let enrolments = program.get(&format!("/contacts/{person}/enrolments")).await.json();
    assert_eq!(enrolments["items"][0]["plan"], "calls");
    assert_eq!(enrolments["items"][0]["state"], "active");
    let happened = all(&mut program, &format!("/contacts/{person}/interactions?limit=1")).await;
    assert!(happened.iter().any(|it| it["kind"] == "touch"), "{happened:?}");
    team.world.stop().await;
}

#[tokio::test]
async fn plans_and_templates_are_read_and_shown_as_somebody() {
    let team = Team::start().await;
    let person = team.contacts(LAYLA, 5, 1).await[0];
    team.tasks("calls", Channel::Call, &[person], today()).await;
    team.world.deployment.store_template(&template(Medium::Email)).await;
    let email = template(Medium::Email).key;
    let mut program = team.world.program(&[UserRole::Marketer]).await;
    let plans = program.get("/plans").await.json();
    assert_eq!(plans["items"][0]["key"], "calls", "{plans}");
    let plan = program.get("/plans/calls").await.json();
    assert_eq!(plan["steps"][0]["channel"], "call");
    assert_eq!(program.get("/plans/none").await.status, 404);
    let rows = program.get("/templates").await.json();
    assert!(rows["items"].as_array().unwrap().iter().any(|row| row["key"] == email), "{rows}");
    let stored = program.get(&format!("/templates/{email}")).await.json();
    assert!(stored["texts"]["en"]["subject"].is_string(), "{stored}");
    let path = format!("/templates/{email}/preview");
    let example = program.get(&path).await.json();
    assert!(example["parts"]["html"].as_str().unwrap().contains("<html"), "{example}");
    // What a real one lacks is said, as it would be at sending.
    let lacking = program.get(&format!("{path}?contact={person}&locale=en")).await;
    assert_eq!(lacking.status, 422, "{lacking:?}");
    assert!(lacking.body.contains("team_postal_address"), "{lacking:?}");
    // Without the right to look at contacts nobody is shown.
    let user = team.world.user("plans@palm.example", &[UserRole::Marketer]).await;
    program.token = team.world.token(user, &[Permission::PlansRead]).await;
    assert_eq!(program.get(&format!("{path}?contact={person}")).await.status, 404);
    assert_eq!(program.get(&path).await.status, 200);
    team.world.stop().await;
}

#[tokio::test]
async fn tasks_are_those_of_an_agent_the_next_best_first() {
    let team = Team::start().await;
    let hers = team.contacts(LAYLA, 0, 7).await;
    let tasks = team.tasks("calls", Channel::Call, &hers, today()).await;
    let mut program = team.program_of(LAYLA, &[Permission::TasksWork]).await;
    let rows = all(&mut program, "/tasks?limit=2").await;
    assert_eq!(ids(&rows).len(), 7);
    let one = program.get(&format!("/tasks/{}", tasks[0])).await.json();
    assert_eq!(one["state"], "open");
    assert!(one["address"].as_str().unwrap().starts_with("+97150"), "{one}");
    let mut all_seeing = team.world.program(&[UserRole::Auditor]).await;
    assert_eq!(all(&mut all_seeing, "/tasks?limit=3").await.len(), 7);
    let agents = team.world.database.agents().await.unwrap();
    let omar = agents.iter().find(|agent| agent.email == OMAR).unwrap().id;
    assert!(all(&mut all_seeing, &format!("/tasks?agent={omar}")).await.is_empty());
    assert_eq!(program.get(&format!("/tasks?agent={omar}")).await.status, 404);
    team.world.stop().await;
}

#[tokio::test]
async fn the_list_is_asked_and_read_and_names_contacts_only_to_who_sees_them() {
    let team = Team::start().await;
    let person = team.contacts(LAYLA, 3, 1).await[0];
    let mut marketer = team.world.as_one_of(&[UserRole::Marketer]).await;
    let form = [("address", "p3@example.com"), ("reason", "email_request")];
    assert_eq!(marketer.post("/list/add", &form).await.status, 200);
    let mut program = team.world.program(&[UserRole::Compliance]).await;
    let asked = async |program: &mut Program, address: &str| {
        let body = serde_json::json!({ "address": address });
        program.send("POST", "/suppressions/check", &body).await
    };
    let found = asked(&mut program, " P3@Example.COM").await.json();
    assert_eq!(found["suppressed"], true, "{found}");
    assert_eq!(found["entries"][0]["reason"], "email_request");
    assert_eq!(asked(&mut program, "p4@example.com").await.json()["suppressed"], false);
    assert_eq!(asked(&mut program, "no address").await.status, 422);
    assert_eq!(asked(&mut program, &person.to_string()).await.status, 422);
    let rows = all(&mut program, "/suppressions?limit=1").await;
    assert_eq!(rows[0]["contact"], person.to_string(), "{rows:?}");
    let against = program.get(&format!("/contacts/{person}/suppressions")).await.json();
    assert_eq!(against["items"], serde_json::json!([rows[0]["entry"]]));
    let user = team.world.user("list@palm.example", &[UserRole::Compliance]).await;
    program.token = team.world.token(user, &[Permission::ListRead]).await;
    let rows = all(&mut program, "/suppressions?limit=1").await;
    assert!(rows[0]["contact"].is_null(), "{rows:?}");
    let against = program.get(&format!("/contacts/{person}/suppressions")).await;
    assert_eq!(against.status, 404, "{against:?}");
    team.world.stop().await;
}
