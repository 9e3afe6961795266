//! The list: found by any spelling, added to from any page with the truth about what is under way,
//! lifted by two people.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use domain::access::UserRole;
use domain::{Channel, ContactId, Locale};
use storage::Role;
use storage::agents::NamedAgent;
use storage::claims::ClaimedTouch;
use testkit::fixture::{one_step, person, template};

use crate::world::{Answer, Browser, World};

fn monday() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 6, 1).unwrap()
}

fn noon() -> DateTime<Utc> {
    monday().and_hms_opt(8, 0, 0).unwrap().and_utc()
}

/// People with a touch each that a worker is handing over at this moment.
pub async fn in_flight(world: &World, people: &[ContactId]) -> Vec<ClaimedTouch> {
    let deployment = &world.deployment;
    deployment.store_plan(&one_step(Channel::Email)).await;
    deployment.store_template(&template(Channel::Email.medium())).await;
    deployment.enrol("one-step", people, monday()).await;
    let scheduler = deployment.connect(Role::Scheduler);
    let due = scheduler.claim_due(noon(), 1000).await.unwrap();
    let hints: Vec<_> =
        due.commit(&[], &[]).await.unwrap().into_iter().map(|outgoing| outgoing.hint).collect();
    let worker = deployment.connect(Role::EmailWorker);
    worker.claim(&hints, "w1", Duration::from_secs(60), noon()).await.unwrap()
}

async fn officer(world: &World) -> Browser {
    world.as_one_of(&[UserRole::Compliance]).await
}

async fn add(browser: &mut Browser, address: &str, covers: &str, reason: &str) -> Answer {
    let fields = [("address", address), ("covers", covers), ("reason", reason)];
    browser.post("/list/add", &fields).await
}

/// The page of the entry that an answer names.
fn entry_of(answer: &Answer) -> String {
    let rest = answer.body.split("/list/entries/").nth(1).expect("the answer names its entry");
    format!("/list/entries/{}", rest.split('"').next().unwrap())
}

#[tokio::test]
async fn an_entry_is_found_by_any_spelling_with_its_story() {
    let world = World::start().await;
    world.deployment.people(2).await;
    let mut browser = officer(&world).await;
    let empty = browser.get("/list").await.body;
    assert!(empty.contains("The list is empty"), "{empty}");
    let answer = add(&mut browser, "+971 50 000 0001", "", "voice_request").await;
    assert!(answer.status == 200 && answer.body.contains("Clear: nothing"), "{}", answer.body);
    for spelling in ["%2B971500000001", "0500000001", "٠٥٠ ٠٠٠ ٠٠٠١", "00971-50-0000001"]
    {
        let page = browser.get(&format!("/list?q={}", encoded(spelling))).await.body;
        for text in
            ["Person 1", "Text messages", "Said on the phone", "The person", "@palm.example"]
        {
            assert!(page.contains(text), "{spelling}: {text}: {page}");
        }
    }
    let page = browser.get("/list?q=0500000000").await.body;
    assert!(page.contains("Nothing on the list stands against this"), "{page}");
    let page = browser.get("/find?q=person+1").await.body;
    assert!(page.contains("Person 1") && !page.contains("Person 0"), "{page}");
    world.stop().await;
}

fn encoded(text: &str) -> String {
    let text = text.replace("%2B", "+");
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[tokio::test]
async fn whoever_is_suppressed_while_a_send_is_running_is_told_which_touch() {
    let world = World::start().await;
    let people = world.deployment.people(2).await;
    let claimed = in_flight(&world, &people).await;
    assert_eq!(claimed.len(), 2);
    let mut browser = officer(&world).await;
    // Two clicks: the button on the contact opens the form, the form's button does it.
    let found = browser.get("/find?q=Person+0").await.body;
    let contact = people[0].to_string();
    assert!(found.contains(&format!("name=\"contact\" value=\"{contact}\"")), "{found}");
    let fields = [("contact", contact.as_str()), ("reason", "voice_request")];
    let answer = browser.post("/list/add", &fields).await;
    let own = claimed.iter().find(|touch| touch.contact.id == people[0]).unwrap().id;
    let other = claimed.iter().find(|touch| touch.contact.id == people[1]).unwrap().id;
    assert!(answer.body.contains(&format!("/touches/{own}")), "{}", answer.body);
    assert!(answer.body.contains("Email to Person 0, step 1 of "), "{}", answer.body);
    assert!(!answer.body.contains(&other.to_string()) && !answer.body.contains("Clear:"));
    // What it says is so: nothing else is claimed, and the other one is clear once it has left.
    let worker = world.deployment.connect(Role::EmailWorker);
    worker.record(&[sent(&claimed[0]), sent(&claimed[1])], "w1").await.unwrap();
    let answer = add(&mut browser, "p1@example.com", "email", "email_request").await;
    assert!(answer.body.contains("Clear: nothing"), "{}", answer.body);
    world.stop().await;
}

fn sent(touch: &ClaimedTouch) -> storage::outcomes::AttemptRecord {
    storage::outcomes::AttemptRecord {
        touch: touch.id,
        due_month: touch.due_month,
        attempt: touch.attempt,
        state: domain::TouchState::Sent,
        reason: None,
        provider_ref: Some("ref".to_owned()),
        decided_at: noon(),
        next_due: None,
        failed: false,
        template: None,
        detail: None,
        task: None,
    }
}

#[tokio::test]
async fn what_was_said_takes_two_officers_to_lift_and_never_the_same_one() {
    let world = World::start().await;
    world.deployment.people(1).await;
    let (mut first, mut second) = (officer(&world).await, officer(&world).await);
    let mut marketer = world.as_one_of(&[UserRole::Marketer]).await;
    let entry = entry_of(&add(&mut marketer, "p0@example.com", "email", "email_request").await);
    let lift = format!("{entry}/lift");
    let fields = [("reason", "wrote again"), ("evidence", "ticket 7")];
    assert_eq!(marketer.post(&lift, &fields).await.status, 403);
    let unsaid = first.post(&lift, &[("reason", "wrote again"), ("evidence", " ")]).await;
    assert!(unsaid.status == 422 && unsaid.body.contains("wrote again"), "{}", unsaid.body);
    let answer = first.post(&lift, &fields).await;
    assert!(answer.location().ends_with("?notice=lift-requested"), "{}", answer.body);
    let again = first.post(&lift, &fields).await;
    assert!(again.status == 422 && again.body.contains("Another officer has to"), "{}", again.body);
    let waiting = second.get("/list/lifts").await.body;
    assert!(waiting.contains("wrote again") && waiting.contains("ticket 7"), "{waiting}");
    let key = "p0@example.com";
    assert!(first.get(&format!("/list?q={key}")).await.body.contains("On the list"));
    let fields = [("reason", "I have read it"), ("evidence", "ticket 7, read")];
    let answer = second.post(&lift, &fields).await;
    assert!(answer.location().ends_with("?notice=lifted"), "{}", answer.body);
    assert!(first.get(&format!("/list?q={key}")).await.body.contains("Nothing on the list"));
    let over = first.get(&entry).await.body;
    for text in ["no longer in force", "wrote again", "I have read it", "Lift requested"] {
        assert!(over.contains(text), "{text}: {over}");
    }
    assert!(second.get("/list/lifts").await.body.contains("Nothing waits"));
    world.stop().await;
}

#[tokio::test]
async fn a_second_entry_after_the_wish_is_not_lifted_with_it() {
    let world = World::start().await;
    let (mut first, mut second) = (officer(&world).await, officer(&world).await);
    let entry = entry_of(&add(&mut first, "x@example.com", "email", "email_request").await);
    let lift = format!("{entry}/lift");
    let fields = [("reason", "wrote again"), ("evidence", "ticket 7")];
    assert_eq!(first.post(&lift, &fields).await.status, 303);
    add(&mut second, "x@example.com", "email", "complaint").await;
    let answer = second.post(&lift, &fields).await;
    assert!(answer.location().ends_with("?notice=lift-requested"), "{}", answer.body);
    assert!(first.get("/list?q=x%40example.com").await.body.contains("On the list"));
    assert!(first.post(&lift, &fields).await.location().ends_with("?notice=lifted"));
    world.stop().await;
}

#[tokio::test]
async fn what_one_person_may_lift_is_lifted_at_once() {
    let world = World::start().await;
    let mut browser = officer(&world).await;
    let entry = entry_of(&add(&mut browser, "x@example.com", "", "staff_entry").await);
    let fields = [("reason", "entered by mistake"), ("evidence", "ticket 8")];
    let answer = browser.post(&format!("{entry}/lift"), &fields).await;
    assert!(answer.location().ends_with("?notice=lifted"), "{}", answer.body);
    world.stop().await;
}

#[tokio::test]
async fn an_agent_puts_the_own_contacts_on_the_list_and_sees_no_others() {
    let world = World::start().await;
    let email = "rana@palm.example";
    let named = NamedAgent { email: email.to_owned(), name: None, phone: None };
    world.deployment.operator.name_agents(&[named], Locale::En).await.unwrap();
    let user = world.user(email, &[UserRole::Agent]).await;
    let mut rana = world.signed_in(user).await;
    let mut own = person(0);
    own.owner_email = Some(email.to_owned());
    let ids = world.deployment.import(&[own, person(1)]).await;
    let found = rana.get("/find?q=Person").await.body;
    assert!(found.contains("Person 0") && !found.contains("Person 1"), "{found}");
    for address in ["p1@example.com", "0500000001", &ids[1].to_string()] {
        let found = rana.get(&format!("/find?q={}", encoded(address))).await.body;
        assert!(!found.contains("Person 1"), "{address}: {found}");
    }
    let other = ids[1].to_string();
    let fields = [("contact", other.as_str()), ("reason", "voice_request")];
    assert_eq!(rana.post("/list/add", &fields).await.status, 404);
    let fields = [("address", other.as_str()), ("reason", "voice_request")];
    assert_eq!(rana.post("/list/add", &fields).await.status, 404);
    assert_eq!(rana.get(&format!("/list/add?contact={other}")).await.status, 404);
    let form = rana.get(&format!("/list/add?contact={}", ids[0])).await.body;
    assert!(form.contains("p0@example.com"), "{form}");
    assert_eq!(add(&mut rana, "p1@example.com", "person", "voice_request").await.status, 403);
    let own = ids[0].to_string();
    let fields = [("contact", own.as_str()), ("reason", "voice_request")];
    let answer = rana.post("/list/add", &fields).await;
    assert!(answer.status == 200 && answer.body.contains("Clear:"), "{}", answer.body);
    // An address of nobody is taken from everybody who may change anything.
    let answer = add(&mut rana, "somebody@example.org", "", "email_request").await;
    assert!(answer.status == 200 && !answer.body.contains("/list/entries/"), "{}", answer.body);
    world.stop().await;
}

#[tokio::test]
async fn a_part_of_a_contact_can_be_stopped_and_nonsense_is_refused() {
    let world = World::start().await;
    let ids = world.deployment.people(1).await;
    let mut browser = officer(&world).await;
    let contact = ids[0].to_string();
    for (address, reason) in
        [("0 Marina Walk, Dubai", "do_not_mail"), ("p0@example.com", "email_request")]
    {
        let fields = [("contact", contact.as_str()), ("address", address), ("reason", reason)];
        let answer = browser.post("/list/add", &fields).await;
        assert!(answer.status == 200 && answer.body.contains("Clear:"), "{}", answer.body);
    }
    let page = browser.get(&format!("/list?q={contact}")).await.body;
    assert!(page.contains("Asked by email") && !page.contains("Text messages"), "{page}");
    for (address, covers, reason) in [
        ("nobody", "", "voice_request"),
        ("p0@example.com", "sms", "voice_request"),
        ("p0@example.com", "pigeon", "voice_request"),
        ("p0@example.com", "", "hard_bounce"),
        ("", "", "voice_request"),
        ("@example.com", "email", "voice_request"),
    ] {
        let answer = add(&mut browser, address, covers, reason).await;
        assert!(answer.status == 422 && answer.body.contains("role=\"alert\""), "{address}");
        assert!(answer.body.contains(&format!("value=\"{address}\"")), "{}", answer.body);
    }
    let mut auditor = world.as_one_of(&[UserRole::Auditor]).await;
    assert_eq!(add(&mut auditor, "p0@example.com", "", "voice_request").await.status, 403);
    assert_eq!(auditor.get("/list").await.status, 200);
    assert_eq!(browser.get(&format!("/list/entries/{contact}")).await.status, 404);
    world.stop().await;
}

#[tokio::test]
async fn what_was_typed_is_text_and_the_list_speaks_arabic() {
    let world = World::start().await;
    let mut odd = person(0);
    odd.full_name = "<script>alert(1)</script>".to_owned();
    world.deployment.import(&[odd]).await;
    let mut browser = officer(&world).await;
    let probe = "<script>alert(1)</script>";
    let fields = [
        ("address", "p0@example.com"),
        ("covers", "email"),
        ("reason", "email_request"),
        ("evidence", probe),
    ];
    let entry = entry_of(&browser.post("/list/add", &fields).await);
    let fields = [("reason", probe), ("evidence", probe)];
    assert_eq!(browser.post(&format!("{entry}/lift"), &fields).await.status, 303);
    let search = format!("/find?q={}", encoded(probe));
    for path in ["/list", entry.as_str(), "/list/lifts", search.as_str()] {
        let body = browser.get(path).await.body;
        assert!(!body.contains("<script>alert"), "{path}: {body}");
        assert!(body.contains("&#60;script&#62;alert(1)"), "{path}: {body}");
    }
    let arabic = browser.get("/list?lang=ar").await.body;
    assert!(arabic.contains("dir=\"rtl\"") && arabic.contains("طلب بالبريد"), "{arabic}");

    world.stop().await;
}
