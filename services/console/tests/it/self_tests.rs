//! A template sent to oneself: who may ask, for what, how often, and what the page says of it.

use domain::access::UserRole;
use domain::test_send::TestState;
use domain::{Locale, Medium};
use storage::Role;
use storage::test_sends::DueTest;
use templates::Source;
use testkit::fixture;

use crate::world::World;

const NONE: std::time::Duration = std::time::Duration::ZERO;
const LONG: std::time::Duration = std::time::Duration::from_secs(600);

fn note(medium: Medium) -> Source {
    fixture::template(medium)
}

/// What a worker would take up now.
async fn taken(world: &World, medium: Medium) -> Option<DueTest> {
    let role = if medium == Medium::Sms { Role::SmsWorker } else { Role::EmailWorker };
    world.deployment.connect(role).take_test("w1", LONG, medium, LONG).await.unwrap()
}

#[tokio::test]
async fn it_goes_to_whoever_asks_and_to_no_other_address() {
    let world = World::with(&[("team.postal_address", "1 Palm Street, Dubai")]).await;
    world.deployment.store_template(&note(Medium::Email)).await;
    world.deployment.people(1).await;
    let user = world.user("maya@palm-realty.ae", &[UserRole::Marketer]).await;
    let mut maya = world.signed_in(user).await;
    let page = maya.get("/templates/note").await;
    assert!(page.body.contains("formaction=\"/templates/note/test\""), "{}", page.body);

    // Whatever else the form may say.
    let fields = [
        ("contact", "p0@example.com"),
        ("shown", "en"),
        ("to", "p0@example.com"),
        ("email", "p0@example.com"),
        ("user", "another"),
    ];
    let asked = maya.post("/templates/note/test", &fields).await;
    assert_eq!(asked.location(), "/templates/note/tests?notice=test-asked", "{}", asked.body);
    let due = taken(&world, Medium::Email).await.unwrap();
    assert_eq!(due.user.email, "maya@palm-realty.ae");
    assert!(due.contact.is_some(), "as the person who was chosen");
    assert_eq!(due.locale, Locale::En);

    let under_way = maya.get("/templates/note/tests").await;
    assert!(under_way.body.contains("On its way") && under_way.body.contains("hx-trigger"));
    let worker = world.deployment.connect(Role::EmailWorker);
    let answer = Some("250 2.0.0 <b>ok</b>");
    worker.end_test(due.id, "w1", TestState::Sent, answer, NONE).await.unwrap();
    let over = maya.ask("GET", "/templates/note/tests", "HX-Request: true\r\n", "").await;
    assert!(over.body.contains("Sent") && !over.body.contains("hx-trigger"), "{}", over.body);
    assert!(over.body.contains("250 2.0.0 &#60;b&#62;ok"), "{}", over.body);
    // Nobody sees another's.
    let mut other = world.as_one_of(&[UserRole::Marketer]).await;
    assert!(!other.get("/templates/note/tests").await.body.contains("250 2.0.0"));
    world.stop().await;
}

#[tokio::test]
async fn only_who_may_edit_templates_may_ask_and_only_from_our_pages() {
    let world = World::start().await;
    world.deployment.store_template(&note(Medium::Email)).await;
    for role in UserRole::ALL {
        let mut browser = world.as_one_of(&[*role]).await;
        let answer = browser.post("/templates/note/test", &[("shown", "en")]).await;
        let expected = if *role == UserRole::Marketer { 303 } else { 403 };
        assert_eq!(answer.status, expected, "{role}");
    }
    let mut marketer = world.as_one_of(&[UserRole::Marketer]).await;
    let foreign = "Origin: https://evil.example\r\n";
    let answer = marketer.ask("POST", "/templates/note/test", foreign, "shown=en").await;
    assert_eq!(answer.status, 403);
    assert!(taken(&world, Medium::Email).await.is_some(), "the one that was allowed");
    assert!(taken(&world, Medium::Email).await.is_none());
    world.stop().await;
}

#[tokio::test]
async fn a_draft_is_sent_as_it_was_saved_and_a_version_as_it_is() {
    let world = World::start().await;
    world.deployment.store_template(&note(Medium::Email)).await;
    let mut maya = world.as_one_of(&[UserRole::Marketer]).await;
    let mut draft = note(Medium::Email);
    draft.locales.get_mut(&Locale::En).unwrap().subject = Some("A draft".to_owned());
    world.database.save_template_draft(&draft, Some(1), None, "test").await.unwrap();
    // What was typed and not saved is not sent.
    let typed = [("shown", "en"), ("en-subject", "Typed"), ("en-text", "Typed")];
    maya.post("/templates/note/test", &typed).await;
    let subject =
        |due: &DueTest| due.compiled.locales[&Locale::En].parts[&templates::Part::Subject].clone();
    assert_eq!(subject(&taken(&world, Medium::Email).await.unwrap()), "A draft");
    maya.post("/templates/note/test", &[("shown", "en"), ("version", "1")]).await;
    assert_eq!(subject(&taken(&world, Medium::Email).await.unwrap()), "A note for {{first_name}}");
    let missing = maya.post("/templates/note/test", &[("version", "9")]).await;
    assert_eq!(missing.status, 404);
    let page = maya.get("/templates/note/versions/1").await;
    assert!(page.body.contains("name=\"version\" value=\"1\""), "{}", page.body);
    world.stop().await;
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_in_words() {
    let world = World::with(&[("console.tests_per_hour", "2")]).await;
    world.deployment.store_template(&note(Medium::Email)).await;
    let mut maya = world.as_one_of(&[UserRole::Marketer]).await;
    for (fields, says) in [
        ([("shown", "en"), ("contact", "nobody@example.com")], "Choose the person"),
        ([("shown", "ar"), ("contact", "")], "There are no texts in this language"),
    ] {
        let answer = maya.post("/templates/note/test", &fields).await;
        assert_eq!(answer.status, 422);
        assert!(answer.body.contains(says), "{says}: {}", answer.body);
    }
    for expected in [303, 303, 422] {
        let answer = maya.post("/templates/note/test", &[("shown", "en")]).await;
        assert_eq!(answer.status, expected, "{}", answer.body);
        if expected == 422 {
            assert!(answer.body.contains("You may send yourself 2 tests an hour"));
        }
    }
    let mut task = note(Medium::Call);
    task.key = "task".to_owned();
    world.deployment.store_template(&task).await;
    let answer = maya.post("/templates/task/test", &[("shown", "en")]).await;
    assert!(answer.body.contains("There is nothing to send"), "{}", answer.body);
    world.stop().await;
}

#[tokio::test]
async fn a_text_goes_to_the_phone_of_the_agent_one_is() {
    let world = World::start().await;
    let mut text = note(Medium::Sms);
    text.key = "text".to_owned();
    world.deployment.store_template(&text).await;
    let mut nobody = world.as_one_of(&[UserRole::Marketer]).await;
    let answer = nobody.post("/templates/text/test", &[("shown", "en")]).await;
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains("no agent with a phone"), "{}", answer.body);

    let email = "omar@palm-realty.ae";
    let agent = storage::contacts::NewAgent {
        name: "Omar".to_owned(),
        email: email.to_owned(),
        phone: "+971501234567".to_owned(),
        locale: Locale::En,
        time_zone: None,
    };
    world.database.store_agents(&[agent]).await.unwrap();
    let omar = world.user(email, &[UserRole::Marketer, UserRole::Agent]).await;
    let mut omar = world.signed_in(omar).await;
    let answer = omar.post("/templates/text/test", &[("shown", "en")]).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let due = taken(&world, Medium::Sms).await.unwrap();
    assert_eq!(due.phone.as_deref(), Some("+971501234567"));
    world.stop().await;
}
