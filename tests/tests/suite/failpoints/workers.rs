//! Rows 6, 7, 9, 10, 12, 14, 16 and 19: between the hint and its acknowledgement.

use std::time::Duration;

use domain::access::UserRole;
use domain::{Channel, Locale, Medium, TestSendId, UserId};
use storage::test_sends::NewTest;
use storage::users::NewUser;
use storage::{Database, Role};
use tests::processes::{Program, Scene};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{EMAIL_QUEUE, End, ONCE, TASK_ONCE, ends, queue_holds};

/// Nobody knew whether it had been sent. It had not, and was sent then.
const AFTER_A_DOUBT: End = End { state: "sent", doubts: 1, attempts: 2, copies: 1 };
/// Nobody knew whether it had been sent. It had, and was sent again.
const TWICE: End = End { copies: 2, ..AFTER_A_DOUBT };
/// Nobody knows whether it was sent, and a person has to decide. It was.
const HELD_AND_SENT: End = End { state: "held", doubts: 1, attempts: 1, copies: 1 };
/// Nobody knows whether it was sent, and a person has to decide. It was not.
const HELD_UNSENT: End = End { copies: 0, ..HELD_AND_SENT };

const MEDIA: [Program; 3] = [Program::EmailWorker, Program::SmsWorker, Program::CallWorker];
const CHANNELS: [Channel; 3] = [Channel::Email, Channel::Sms, Channel::Call];

/// One touch on each of the first `n` media; email's and SMS's policy in doubt as given.
async fn scene(n: usize, email: &str, sms: &str) -> Scene {
    let mut scene = Scene::with(&CHANNELS[..n], 1).await;
    let policies = [("email.unknown_policy", email), ("sms.unknown_policy", sms)];
    scene.environment = scene.environment.with(&policies);
    scene
}

/// The workers of the first media die at their points one after the other, and come back.
async fn die_and_come_back(scene: &Scene, points: &[&str]) -> Vec<End> {
    let _scheduler = scene.start(Program::Scheduler);
    let deaths = points.iter().zip(MEDIA);
    let deaths = deaths.map(|(point, program)| scene.dies_at(point, (program, &[])));
    futures_util::future::join_all(deaths).await;
    let _workers: Vec<_> =
        MEDIA[..points.len()].iter().map(|program| scene.start(*program)).collect();
    let ends = ends(scene).await;
    for lane in &["touch.email.bulk.v1", "touch.sms.bulk.v1", "touch.call.bulk.v1"] {
        queue_holds(scene, lane, 0).await;
    }
    CHANNELS[..points.len()].iter().map(|channel| ends[channel][0]).collect()
}

#[tokio::test]
async fn row_6_a_hint_that_was_not_claimed_comes_again() {
    let scene = scene(3, "resend", "hold").await;
    let ends = die_and_come_back(&scene, &["worker.delivered_unclaimed"; 3]).await;
    assert_eq!(ends, [ONCE, ONCE, TASK_ONCE]);
}

#[tokio::test]
async fn row_7_what_was_claimed_and_not_begun_is_in_doubt_though_nothing_was_sent() {
    let scene = scene(3, "resend", "hold").await;
    let ends = die_and_come_back(&scene, &["worker.claimed_unattempted"; 3]).await;
    // A task is written with its outcome, so it is never in doubt.
    assert_eq!(ends, [AFTER_A_DOUBT, HELD_UNSENT, End { attempts: 2, ..TASK_ONCE }]);
}

#[tokio::test]
async fn row_7_what_had_a_connection_and_was_not_begun_is_in_doubt_as_well() {
    let scene = scene(1, "resend", "hold").await;
    let ends = die_and_come_back(&scene, &["mailer.connected_unsent"]).await;
    assert_eq!(ends, [AFTER_A_DOUBT]);
}

#[tokio::test]
async fn row_9_what_was_written_and_not_answered_is_repeated_under_the_same_name_or_held() {
    let scene = scene(2, "resend", "hold").await;
    let ends = die_and_come_back(&scene, &["mailer.dot_written", "gateway.request_written"]).await;
    assert_eq!(ends, [TWICE, HELD_AND_SENT]);
    let mails = scene.smtp.accepted();
    assert_eq!(mails[0].message_id, mails[1].message_id);
    let attempts: Vec<_> = mails.iter().map(|mail| attempt(&mail.touch_headers)).collect();
    assert_eq!(attempts, ["1", "2"]);
}

fn attempt(headers: &[(String, String)]) -> &str {
    headers.iter().find(|(name, _)| name == "x-touch-attempt").map_or("", |(_, value)| value)
}

#[tokio::test]
async fn row_9_the_policies_may_be_the_other_way_round() {
    let scene = scene(2, "hold", "resend").await;
    let ends = die_and_come_back(&scene, &["mailer.dot_written", "gateway.request_written"]).await;
    assert_eq!(ends, [HELD_AND_SENT, TWICE]);
    let texts = scene.sms.accepted();
    assert_eq!(texts[0].reference, texts[1].reference);
}

#[tokio::test]
async fn row_10_what_was_accepted_and_not_recorded_is_repeated_or_held() {
    let scene = scene(2, "resend", "hold").await;
    let points = ["mailer.accepted_unrecorded", "gateway.accepted_unrecorded"];
    assert_eq!(die_and_come_back(&scene, &points).await, [TWICE, HELD_AND_SENT]);
}

#[tokio::test]
async fn row_10_whatever_the_policy_a_second_doubt_is_held() {
    let scene = scene(1, "resend", "hold").await;
    let _scheduler = scene.start(Program::Scheduler);
    for _ in 0..2 {
        scene.dies_at("mailer.accepted_unrecorded", (Program::EmailWorker, &[])).await;
    }
    let ends = ends(&scene).await;
    let held = End { state: "held", doubts: 2, attempts: 2, copies: 2 };
    assert_eq!(ends[&Channel::Email], [held]);
}

#[tokio::test]
async fn row_12_what_was_recorded_and_not_acknowledged_comes_again_and_claims_nothing() {
    let scene = scene(3, "resend", "hold").await;
    let ends = die_and_come_back(&scene, &["worker.recorded_unacknowledged"; 3]).await;
    assert_eq!(ends, [ONCE, ONCE, TASK_ONCE]);
}

#[tokio::test]
async fn row_14_an_entry_that_was_made_and_not_drained_is_in_force() {
    let scene = scene(1, "resend", "hold").await;
    let scheduler = scene.start(Program::Scheduler);
    let worker = scene.start(Program::EmailWorker);
    scene.smtp.wait_for(1).await;
    scene.ended(super::PATIENCE).await;
    drop((scheduler, worker));
    let mail = scene.smtp.accepted()[0].body.clone().unwrap();
    let path = unsubscribe_path(&String::from_utf8_lossy(&mail));

    let journal = scene.folder().join("journal");
    let settings =
        [("inbound.listen", "127.0.0.1:0"), ("inbound.journal_dir", journal.to_str().unwrap())];
    let point = [&settings[..], &[("faults.failpoint", "suppress.entered_undrained")]].concat();
    let mut dying = scene.start_with(Program::Inbound, &point);
    assert_eq!(post(&dying.listening().await, &path).await, None, "it died before it answered");
    assert!(!dying.ended().await.success());

    let entered = "SELECT count(*) FROM suppressions WHERE reason = 'one_click'";
    scene.sees(entered, 1).await;
    // Whoever gets no answer asks again; nothing is entered twice.
    let inbound = scene.start_with(Program::Inbound, &settings);
    assert_eq!(post(&inbound.listening().await, &path).await.as_deref(), Some("200"));
    scene.sees(entered, 1).await;
    // And nothing is sent any more: whichever sees the touch first, the work the entry has left or
    // the claim.
    scene
        .execute(
            "WITH again AS (UPDATE touches SET state = 'scheduled', due_at = now() RETURNING *)
             INSERT INTO due_touches SELECT due_at, id, due_month FROM again"
                .to_owned(),
        )
        .await;
    let _scheduler = scene.start(Program::Scheduler);
    let _worker = scene.start(Program::EmailWorker);
    let stopped = "SELECT count(*) FROM touches WHERE state IN ('blocked', 'cancelled')";
    scene.sees(stopped, 1).await;
    assert_eq!(scene.smtp.accepted().len(), 1);
}

/// Path and query of the link in `List-Unsubscribe`.
fn unsubscribe_path(mail: &str) -> String {
    let unfolded = mail.replace("\r\n ", "");
    let header = unfolded.lines().find(|line| line.starts_with("List-Unsubscribe:")).unwrap();
    let url = header.split_once('<').unwrap().1.split_once('>').unwrap().0;
    url.strip_prefix("http://127.0.0.1:9").unwrap().to_owned()
}

/// One-click unsubscribe (RFC 8058); the status, or `None` when there was no answer.
async fn post(address: &str, path: &str) -> Option<String> {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let body = "List-Unsubscribe=One-Click";
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    // A process that died resets the connection or closes it; either is no answer.
    let _ = stream.read_to_string(&mut answer).await;
    answer.split(' ').nth(1).map(str::to_owned)
}

#[tokio::test]
async fn row_16_a_hint_that_kills_its_workers_is_put_aside_and_taken_up_again() {
    let mut scene = scene(1, "resend", "hold").await;
    scene.environment = scene.environment.with(&[("broker.delivery_limit", "2")]);
    let scheduler = scene.start(Program::Scheduler);
    let mut deaths = 0;
    while !scheduler.log().contains("dead hints were looked up") {
        deaths += 1;
        assert!(deaths <= 10, "the hint is never put aside:\n{}", scheduler.tail());
        let poisoned = [("faults.failpoint", "worker.delivered_unclaimed")];
        let mut worker = scene.start_with(Program::EmailWorker, &poisoned);
        // Either it meets the hint and dies, or the hint has been put aside.
        while !worker.has_ended() && !scheduler.log().contains("dead hints were looked up") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    assert!(deaths > 2, "it was put aside after {deaths} deaths, before the limit");
    let _worker = scene.start(Program::EmailWorker);
    assert_eq!(ends(&scene).await[&Channel::Email], [ONCE]);
    queue_holds(&scene, EMAIL_QUEUE, 0).await;
    queue_holds(&scene, "touch.dlq.v1", 0).await;
}

/// A marketer of a scene.
async fn marketer(console: &Database) -> UserId {
    let new = NewUser {
        email: "maya@palm-realty.ae".to_owned(),
        full_name: "Maya".to_owned(),
        roles: vec![UserRole::Marketer],
        agent_email: None,
        locale: Locale::En,
        actor: "test".to_owned(),
    };
    console.add_user(&new).await.unwrap().unwrap()
}

/// Asks for a test, as the console does.
async fn ask_for_a_test(console: &Database, user: UserId) -> TestSendId {
    let source = testkit::fixture::template(Medium::Email);
    let compiled = templates::compile(&source, &templates::Partials::new()).unwrap();
    let (actor, locale) = ("maya", Locale::En);
    let test = NewTest { user, actor, compiled: &compiled, version: None, contact: None, locale };
    console.ask_test(&test, 20).await.unwrap().unwrap()
}

#[tokio::test]
async fn row_19_a_test_that_was_accepted_and_not_recorded_is_in_doubt_and_sent_once() {
    let mut scene = Scene::with(&[], 0).await;
    scene.environment = scene.environment.with(&[("inbound.public_url", "https://u.palm.example")]);
    let console = scene.deployment.connect(Role::Console);
    let user = marketer(&console).await;
    ask_for_a_test(&console, user).await;
    scene.dies_at("mailer.accepted_unrecorded", (Program::EmailWorker, &[])).await;
    assert_eq!(scene.smtp.accepted().len(), 1);
    // The lease of the dead worker is over.
    scene
        .execute("UPDATE test_sends SET lease_until = now() - interval '1 second'".to_owned())
        .await;
    let _worker = scene.start(Program::EmailWorker);
    scene.sees("SELECT count(*) FROM test_sends WHERE state = 'doubt'", 1).await;
    // What comes after it is sent, so the worker has looked again: the one in doubt is not repeated.
    let next = ask_for_a_test(&console, user).await;
    scene.sees("SELECT count(*) FROM test_sends WHERE state = 'sent'", 1).await;
    let names: Vec<_> =
        scene.smtp.accepted().into_iter().filter_map(|mail| mail.message_id).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names[1].contains(&next.to_string()), "{names:?}");
}
