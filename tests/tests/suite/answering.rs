//! Answers to STOP, START and HELP leave once, in time, in their language, or not at all
//! (compliance.md SMS-05, SMS-06).

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::arrival::{AnswerKind, AnswerState};
use domain::{AddressKey, AddressKind, Clock};
use sms_worker::Answers;
use sms_worker::gateway::{GatewayResult, SmsGateway, SmsMessage};
use storage::Role;
use storage::arrivals::{Message, NewAnswer};
use testkit::fixture::Deployment;
use tokio::time::Instant;
use worker::Team;

const NUMBER: &str = "+971501234567";

/// Takes everything, or says what it is told to.
#[derive(Default)]
struct Gateway {
    taken: Mutex<Vec<(String, String, String)>>,
    says: Mutex<Option<GatewayResult>>,
}

#[async_trait::async_trait]
impl SmsGateway for Gateway {
    async fn send(&self, message: &SmsMessage, _deadline: Instant) -> GatewayResult {
        let SmsMessage { to, text, reference, .. } = message.clone();
        self.taken.lock().unwrap().push((to, text, reference.to_string()));
        let said = self.says.lock().unwrap().clone();
        said.unwrap_or(GatewayResult::Accepted { provider_ref: Some("ref".to_owned()) })
    }
}

struct World {
    deployment: Deployment,
    gateway: Arc<Gateway>,
    answers: Answers,
}

impl World {
    async fn start() -> Self {
        let deployment = Deployment::create().await;
        let gateway = Arc::new(Gateway::default());
        let defaults = bootstrap::Loaded::defaults();
        let named = [("team.name", "Palm Realty"), ("team.reply_to", "hi@palm.example")];
        let team: Team = defaults.with(&named).unwrap().section("team").unwrap();
        let answers = Answers {
            gateway: Arc::<Gateway>::clone(&gateway),
            database: deployment.connect(Role::SmsWorker),
            clock: Clock::system(),
            team,
            sender: "Palm".to_owned(),
            worker: "w1".to_owned(),
        };
        Self { deployment, gateway, answers }
    }

    fn key(&self) -> AddressKey {
        self.deployment.keyer.key(AddressKind::Phone, NUMBER)
    }

    async fn owe(&self, id: u64, kind: AnswerKind, language: &'static str, at: DateTime<Utc>) {
        let answer = NewAnswer {
            message: Message { source: "generic", id },
            kind,
            key: self.key(),
            number: NUMBER.to_owned(),
            language,
            asked_at: at,
        };
        self.deployment.connect(Role::Inbound).owe_answer(&answer).await.unwrap();
    }

    async fn states(&self) -> Vec<AnswerState> {
        let answers = self.deployment.operator.answers(self.key()).await.unwrap();
        answers.into_iter().map(|(_, state)| state).collect()
    }

    fn texts(&self) -> Vec<String> {
        self.gateway.taken.lock().unwrap().iter().map(|(_, text, _)| text.clone()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_leaves_once_and_in_the_language_it_was_asked_in() {
    let world = World::start().await;
    let now = Clock::system().now();
    world.owe(1, AnswerKind::Stop, "ar", now).await;
    world.owe(2, AnswerKind::Help, "en", now + TimeDelta::seconds(1)).await;
    assert_eq!(world.answers.turn().await.unwrap(), 2);
    assert_eq!(world.answers.turn().await.unwrap(), 0);
    let texts = world.texts();
    assert_eq!(texts[0], "Palm Realty: تم إلغاء اشتراكك ولن تصلك رسائل أخرى.");
    assert!(texts[1].contains("hi@palm.example") && texts[1].contains("STOP"), "{texts:?}");
    assert_eq!(world.states().await, [AnswerState::Sent, AnswerState::Sent]);
    assert_eq!(world.gateway.taken.lock().unwrap()[0].0, NUMBER);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_five_minutes_there_is_silence_and_a_record_of_it() {
    let world = World::start().await;
    let now = Clock::system().now();
    world.owe(1, AnswerKind::Stop, "en", now - TimeDelta::seconds(301)).await;
    assert_eq!(world.answers.turn().await.unwrap(), 0);
    assert_eq!(world.states().await, [AnswerState::Late]);
    assert!(world.texts().is_empty());
    // What was never confirmed is confirmed when it is asked for again.
    world.owe(2, AnswerKind::Stop, "en", now - TimeDelta::seconds(200)).await;
    assert_eq!(world.answers.turn().await.unwrap(), 1);
    world.owe(3, AnswerKind::Stop, "en", now).await;
    assert_eq!(world.answers.turn().await.unwrap(), 0, "confirmed within a day before");
    let (late, sent) = (AnswerState::Late, AnswerState::Sent);
    assert_eq!(world.states().await, [late, sent, AnswerState::Repeated]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_gateway_says_decides_whether_it_waits_ends_or_is_in_doubt() {
    let world = World::start().await;
    let now = Clock::system().now();
    let says = |result| *world.gateway.says.lock().unwrap() = Some(result);
    says(GatewayResult::Temporary { retry_after: Some(Duration::ZERO), detail: String::new() });
    world.owe(1, AnswerKind::Help, "en", now).await;
    assert_eq!(world.answers.turn().await.unwrap(), 1);
    assert_eq!(world.states().await, [AnswerState::Waiting]);
    says(GatewayResult::InDoubt { why: "closed".to_owned(), safe_to_repeat_for: None });
    assert_eq!(world.answers.turn().await.unwrap(), 1);
    assert_eq!(world.states().await, [AnswerState::Unknown]);
    assert_eq!(world.answers.turn().await.unwrap(), 0, "a doubt is not sent again");
    let taken = world.gateway.taken.lock().unwrap();
    assert_eq!(taken[0].2, taken[1].2, "the same reference");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_with_an_answer_leaves_it_to_another_once() {
    let world = World::start().await;
    let database = &world.answers.database;
    let now = Clock::system().now();
    let oldest = now - TimeDelta::minutes(5);
    world.owe(1, AnswerKind::Help, "en", now).await;
    let take = async || database.take_answers("dead", Duration::ZERO, oldest, 10).await.unwrap();
    let first = take().await.remove(0);
    let second = take().await.remove(0);
    assert_eq!((first.id, first.attempt, second.attempt), (second.id, 1, 2));
    // The dead one comes back: its report changes nothing.
    let sent = AnswerState::Sent;
    database.end_answer(&first, "dead", sent, None, None, Duration::ZERO).await.unwrap();
    assert_eq!(world.states().await, [AnswerState::Sending]);
    assert!(take().await.is_empty());
    assert_eq!(world.states().await, [AnswerState::Unknown], "a second doubt is the end of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_of_sample_people_alone_is_answered_by_no_gateway() {
    let world = World::start().await;
    let now = Clock::system().now();
    let mut one = testkit::fixture::person(0);
    NUMBER.clone_into(&mut one.addresses[1].value);
    NUMBER.clone_into(&mut one.addresses[1].normalised);
    let deployment = &world.deployment;
    let marked = storage::contacts::NewContact { external_id: None, ..one.clone() };
    deployment.operator.import_sample(&deployment.keyer, &[marked]).await.unwrap();
    world.owe(1, AnswerKind::Help, "en", now).await;
    assert_eq!(world.answers.turn().await.unwrap(), 1);
    assert_eq!(world.states().await, [AnswerState::Failed]);
    assert!(world.texts().is_empty());
    // Somebody real has it, too.
    deployment.import(&[one]).await;
    world.owe(2, AnswerKind::Help, "en", now + TimeDelta::seconds(1)).await;
    assert_eq!(world.answers.turn().await.unwrap(), 1);
    assert_eq!(world.texts().len(), 1);
}
