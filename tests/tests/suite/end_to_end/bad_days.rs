//! One plan, twelve people, and what can come between a plan and a person.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::suppression::SuppressionReason;
use domain::{AddressKind, Channel, ContactId, EnrolmentState, Medium};
use storage::enrolments::Selection;
use storage::touches::{Touch, TouchFilter};
use testkit::fixture::{plan, template};
use testkit::{Fault, Stage};
use tests::fleet::{Crew, Fleet};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Letter, collect};

/// What happens to the person of that number.
const STORIES: [&str; 12] = [
    "nothing in particular",
    "staff puts the address on the list after the first email",
    "the first email's one-click link is used",
    "the plan is paused after the first email",
    "the plan is stopped after the first email",
    "a field that the third step needs is empty",
    "there is no email address",
    "the email address changes after the first email",
    "the server says 451 once",
    "the server says 550 5.1.1",
    "the text would be too long",
    "the number is a landline",
];

/// How each person's touches end: email, SMS, an email that needs a field, email.
const ENDS: [&[&str]; 12] = [
    &["sent", "sent", "sent", "sent"],
    &["sent", "sent", "blocked suppressed", "blocked suppressed"],
    &["sent", "sent", "blocked suppressed", "blocked suppressed"],
    // Nothing more is planned until a person has decided.
    &["sent", "held plan_not_active: paused"],
    &["sent", "skipped plan_not_active: stopped"],
    &["sent", "sent", "blocked missing_field: area", "sent"],
    &[
        "blocked no_address: email",
        "sent",
        "blocked no_address: email",
        "blocked no_address: email",
    ],
    &["sent", "sent", "sent", "sent"],
    &["sent", "sent", "sent", "sent"],
    &["failed refused", "sent", "blocked suppressed", "blocked suppressed"],
    &["sent", "blocked segments_over_cap", "sent", "sent"],
    &["sent", "blocked bad_address", "sent", "sent"],
];

fn email(n: usize) -> String {
    format!("p{n}@example.com")
}

fn row(n: usize, email: &str) -> String {
    let area = if n == 5 { "" } else { "Marina" };
    let city = if n == 10 { "دبي ".repeat(60) } else { "Dubai".to_owned() };
    let phone = if n == 11 { "+97143234567".to_owned() } else { format!("+97150{n:07}") };
    format!("p{n},Person {n},{email},{phone},{area},{},AE,Asia/Dubai,fair\n", city.trim())
}

fn csv(rows: &str) -> String {
    format!("id,name,email,phone,area,city,country,time zone,source\n{rows}")
}

async fn prepare(fleet: &Fleet) {
    let mut days = plan(
        "bad-days",
        &[(1, Channel::Email), (2, Channel::Sms), (3, Channel::Email), (5, Channel::Email)],
    );
    "text".clone_into(&mut days.steps[1].template);
    "about_the_area".clone_into(&mut days.steps[2].template);
    fleet.deployment.store_plan(&days).await;
    fleet.deployment.store_template(&template(Medium::Email)).await;
    let mut text = template(Medium::Sms);
    "text".clone_into(&mut text.key);
    for texts in text.locales.values_mut() {
        texts.sms = Some(
            "Hello {{first_name}} in {{city}} and around {{city}}. Reply STOP to opt out"
                .to_owned(),
        );
    }
    fleet.deployment.store_template(&text).await;
    let mut about = template(Medium::Email);
    "about_the_area".clone_into(&mut about.key);
    for texts in about.locales.values_mut() {
        texts.subject = Some("News of {{area}}".to_owned());
    }
    fleet.deployment.store_template(&about).await;
    let rows: String = (0..STORIES.len())
        .map(|n| row(n, &if n == 6 { String::new() } else { email(n) }))
        .collect();
    assert_eq!(fleet.import(&csv(&rows)).await, [12, 12, 0, 0, 0]);
    let monday = "2026-06-01".parse().unwrap();
    assert_eq!(fleet.enrol("bad-days", &Selection::default(), monday).await, 12);
}

async fn contact(fleet: &Fleet, n: usize) -> ContactId {
    let id = "SELECT id FROM contacts WHERE external_id = $1";
    let id: uuid::Uuid =
        sqlx::query_scalar(id).bind(format!("p{n}")).fetch_one(fleet.probe()).await.unwrap();
    id.into()
}

/// The status of the public edge's answer.
async fn ask(fleet: &Fleet, method: &str, link: &str) -> u16 {
    let path = &link[link.find("/u/").unwrap()..];
    let body = if method == "POST" { "List-Unsubscribe=One-Click" } else { "" };
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut edge = TcpStream::connect(fleet.inbound).await.unwrap();
    edge.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    edge.read_to_string(&mut answer).await.unwrap();
    answer["HTTP/1.1 ".len()..][..3].parse().unwrap()
}

async fn reasons_on_the_list(fleet: &Fleet, n: usize) -> Vec<SuppressionReason> {
    let key = fleet.deployment.keyer.key(AddressKind::Email, &email(n));
    let entries = fleet.deployment.operator.entries(&[key]).await.unwrap();
    entries.into_iter().map(|entry| entry.reason).collect()
}

/// Between the first email and everything else.
async fn intervene(fleet: &Fleet, letters: &[Letter]) {
    let answer =
        fleet.touchline(&["suppress", "add", &email(1), "--reason", "staff_entry"]).await.remove(0);
    assert_eq!(answer["status"], "clear", "{answer}");

    let link = &letters.iter().find(|letter| letter.to == email(2)).unwrap().unsubscribe;
    assert_eq!(ask(fleet, "GET", link).await, 200);
    assert_eq!(reasons_on_the_list(fleet, 2).await, [], "looking at a link changes nothing");
    assert_eq!(ask(fleet, "POST", link).await, 200);
    assert_eq!(reasons_on_the_list(fleet, 2).await, [SuppressionReason::OneClick]);

    for (n, state) in [(3, EnrolmentState::Paused), (4, EnrolmentState::Stopped)] {
        let operator = &fleet.deployment.operator;
        let enrolment = operator.enrolments_of(contact(fleet, n).await).await.unwrap().remove(0);
        assert!(operator.move_enrolment(enrolment.id, state, "asked to").await.unwrap());
    }
    assert_eq!(fleet.import(&csv(&row(7, "new@example.com"))).await, [1, 0, 1, 0, 0]);
}

fn end(touch: &Touch) -> String {
    match &touch.reason {
        Some(reason) => format!("{} {reason}", touch.state),
        None => touch.state.to_string(),
    }
}

async fn check_ends(fleet: &Fleet) {
    for (n, (story, ends)) in STORIES.iter().zip(ENDS).enumerate() {
        let filter =
            TouchFilter { contact: Some(contact(fleet, n).await), ..TouchFilter::default() };
        let touches = fleet.deployment.operator.touches(&filter, 10).await.unwrap();
        let found: Vec<String> = touches.iter().map(end).collect();
        let fits = found.iter().zip(ends).all(|(found, expected)| found.starts_with(expected));
        assert!(fits && found.len() == ends.len(), "person {n}, {story}: {found:?}");
        let attempts = if n == 8 { 2 } else { 1 };
        assert_eq!(touches[0].attempt, attempts, "person {n}, {story}");
    }
    let states = "SELECT state::text, count(*) FROM enrolments GROUP BY 1 ORDER BY 1";
    let states: Vec<(String, i64)> = sqlx::query_as(states).fetch_all(fleet.probe()).await.unwrap();
    let count = |state: &str, count| (state.to_owned(), count);
    assert_eq!(states, [count("completed", 10), count("paused", 1), count("stopped", 1)]);
}

fn subjects(letters: &[Letter], to: &str) -> Vec<String> {
    let to = letters.iter().filter(|letter| letter.to == to);
    to.map(|letter| letter.subject.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_comes_between_a_plan_and_a_person_is_kept_to_and_told() {
    let at = |text: &str| -> DateTime<Utc> { text.parse().unwrap() };
    let fleet = Fleet::start(&Crew::one_of_each(at("2026-06-01T00:00:00Z"))).await;
    prepare(&fleet).await;
    fleet.smtp.script(
        Fault::reply(Stage::Recipient, "451 4.7.1 greylisted").for_recipient(&email(8)).times(1),
    );
    fleet
        .smtp
        .script(Fault::reply(Stage::Recipient, "550 5.1.1 no such user").for_recipient(&email(9)));
    fleet.advance_to(at("2026-06-01T20:00:00Z")).await;
    let mut letters = collect(&fleet);
    assert_eq!(reasons_on_the_list(&fleet, 9).await, [SuppressionReason::HardBounce]);
    intervene(&fleet, &letters).await;
    fleet.advance_to(at("2026-06-06T00:00:00Z")).await;
    letters.extend(collect(&fleet));

    check_ends(&fleet).await;
    let (note, news) = ("A note for Person", "News of Marina");
    assert_eq!(subjects(&letters, &email(0)), [note, news, note]);
    assert_eq!(subjects(&letters, &email(1)), [note]);
    assert_eq!(subjects(&letters, &email(2)), [note]);
    assert_eq!(subjects(&letters, &email(5)), [note, note]);
    assert_eq!(subjects(&letters, &email(7)), [note]);
    assert_eq!(subjects(&letters, "new@example.com"), [news, note]);
    let second = letters.iter().find(|letter| letter.to == email(8)).unwrap();
    assert_eq!(second.attempt, "2", "the attempt that was accepted");
    assert_eq!(subjects(&letters, &email(9)), Vec::<String>::new());
    let mut texts: BTreeMap<String, usize> = BTreeMap::new();
    for text in fleet.sms.accepted() {
        *texts.entry(text.to).or_default() += 1;
    }
    let texted = [0, 1, 2, 5, 6, 7, 8, 9].map(|n| (format!("+97150{n:07}"), 1));
    assert_eq!(texts.into_iter().collect::<Vec<_>>(), texted);
    fleet.finish().await;
}
