//! What arrives besides opt-outs: starts in any order, reviews, answers we owe (SMS-03 … SMS-08,
//! SMS-28, V-3).

use domain::ContactChannel;
use domain::arrival::{AnswerKind, AnswerState, ReviewDecision};
use testkit::fixture::Deployment;

use crate::proxy::{Proxy, Way};
use crate::texts::Texts;
use crate::world::{eventually, files};

const NUMBER: &str = "+971501234567";

/// Instants long past, in order.
fn at(minute: usize) -> String {
    format!("2026-03-03T10:{minute:02}:00Z")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_lifts_what_a_stop_entered_and_a_yes_does_not() {
    let texts = Texts::start().await;
    assert_eq!(texts.generic("m1", NUMBER, "STOP").await.status, 200);
    assert_eq!(texts.channels(NUMBER).await, [ContactChannel::Sms]);
    assert_eq!(texts.generic("m2", NUMBER, "YES").await.status, 200);
    assert_eq!(texts.channels(NUMBER).await, [ContactChannel::Sms], "SMS-08");
    assert_eq!(texts.generic("m3", NUMBER, "START").await.status, 200);
    assert!(texts.channels(NUMBER).await.is_empty());
    // The same start again, after another stop, lifts nothing.
    assert_eq!(texts.generic("m4", NUMBER, "STOP").await.status, 200);
    assert_eq!(texts.generic("m3", NUMBER, "START").await.status, 200);
    assert_eq!(texts.channels(NUMBER).await, [ContactChannel::Sms]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_lifts_texts_alone_and_nothing_that_others_have_entered() {
    let texts = Texts::start().await;
    assert_eq!(texts.generic("m1", NUMBER, "do not call me").await.status, 200);
    assert_eq!(texts.generic("m2", NUMBER, "START").await.status, 200);
    assert_eq!(texts.channels(NUMBER).await, [ContactChannel::Call]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_is_recorded_as_a_consent_of_whoever_has_the_number() {
    let texts = Texts::start().await;
    let deployment = &texts.world.deployment;
    let person = deployment.people(1).await.remove(0);
    let number = "+971500000000";
    assert_eq!(texts.generic("m0", number, "START").await.status, 200);
    assert!(deployment.operator.consents(person).await.unwrap().is_empty(), "nothing was lifted");
    assert_eq!(texts.generic("m1", number, "STOP").await.status, 200);
    assert_eq!(texts.generic("m2", number, "START").await.status, 200);
    let consents = deployment.operator.consents(person).await.unwrap();
    assert_eq!(consents.len(), 1);
    assert!(consents[0].proof.wording.contains("Reply START"), "{:?}", consents[0].proof.wording);
    assert_eq!(consents[0].address, Some(texts.key(number)));
}

/// Every order of three, and each brought twice.
const ORDERS: [[usize; 6]; 6] = [
    [0, 1, 2, 0, 1, 2],
    [0, 2, 1, 1, 0, 2],
    [1, 0, 2, 2, 0, 1],
    [1, 2, 0, 0, 2, 1],
    [2, 0, 1, 1, 2, 0],
    [2, 1, 0, 0, 1, 2],
];

#[tokio::test(flavor = "multi_thread")]
async fn stops_and_starts_count_by_when_they_were_sent_however_they_are_brought() {
    let texts = Texts::start().await;
    let scripts: [(&[&str; 3], bool); 4] = [
        (&["STOP", "START", "STOP"], true),
        (&["START", "STOP", "START"], false),
        (&["STOP", "START", "HELP"], false),
        (&["START", "STOP", "HELP"], true),
    ];
    for (s, (script, is_stopped)) in scripts.iter().enumerate() {
        for (o, order) in ORDERS.iter().enumerate() {
            let number = format!("+9715000{s}{o:04}");
            for step in order {
                let id = format!("{s} {o} {step}");
                let answer = texts.sent_at(&id, &number, script[*step], &at(*step)).await;
                assert_eq!(answer.status, 200, "{answer:?}");
            }
            let stopped = !texts.channels(&number).await.is_empty();
            assert_eq!(stopped, *is_stopped, "{script:?} brought as {order:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_question_is_owed_one_answer_and_a_repeated_stop_none() {
    use AnswerKind::{Help, Start, Stop};
    let texts = Texts::start().await;
    let script = [("m1", "STOP"), ("m1", "STOP"), ("m2", "stop!"), ("m3", "HELP"), ("m4", "START")];
    for (id, text) in script {
        assert_eq!(texts.generic(id, NUMBER, text).await.status, 200);
    }
    let operator = &texts.world.deployment.operator;
    let answers = operator.answers(texts.key(NUMBER)).await.unwrap();
    let (waiting, repeated) = (AnswerState::Waiting, AnswerState::Repeated);
    assert_eq!(answers, [(Stop, waiting), (Stop, repeated), (Help, waiting), (Start, waiting)]);
    // Help is answered to numbers nobody knows, and changes nothing.
    let stranger = "+971509999999";
    assert_eq!(texts.generic("m5", stranger, "مساعدة").await.status, 200);
    let key = texts.key(stranger);
    assert_eq!(operator.answers(key).await.unwrap(), [(Help, waiting)]);
    assert!(texts.channels(stranger).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unclear_answer_waits_for_a_person_with_its_request_and_ends_in_a_decision() {
    let texts = Texts::start().await;
    let operator = &texts.world.deployment.operator;
    for _ in 0..2 {
        assert_eq!(texts.generic("m1", NUMBER, "not interested").await.status, 200);
    }
    let reviews = operator.reviews(false, 10).await.unwrap();
    assert_eq!(reviews.len(), 1);
    let request = reviews[0].request.clone().unwrap();
    let kept = texts.kept.path().join(format!("{request}.request"));
    assert!(std::fs::read_to_string(kept).unwrap().contains("not interested"));
    assert!(reviews[0].due_at > reviews[0].arrived_at);
    assert!(texts.channels(NUMBER).await.is_empty(), "a review is no entry of the list");
    let (id, carry_on) = (reviews[0].id, ReviewDecision::CarryOn);
    assert!(operator.decide_review(id, carry_on, "Mona", " ").await.is_err(), "without a reason");
    assert!(operator.decide_review(id, carry_on, "Mona", "asked the agent").await.unwrap());
    assert!(!operator.decide_review(id, ReviewDecision::Stop, "Omar", "again").await.unwrap());
    assert!(operator.reviews(false, 10).await.unwrap().is_empty());
    assert_eq!(operator.reviews(true, 10).await.unwrap()[0].decision, Some(carry_on));
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_arrives_during_an_outage_is_applied_after_it() {
    let deployment = Deployment::create().await;
    let proxy = Proxy::start(deployment.url(), Way::Open);
    let texts = Texts::with_database(deployment, &proxy.url()).await;
    assert_eq!(texts.generic("m0", NUMBER, "STOP").await.status, 200);
    proxy.set(Way::Cut);
    let others = ["+971500000001", "+971500000002", "+971500000003"];
    for (id, number, text) in [
        ("m1", NUMBER, "START"),
        ("m2", others[0], "STOP"),
        ("m3", others[1], "not interested"),
        ("m4", others[2], "HELP"),
    ] {
        assert_eq!(texts.generic(id, number, text).await.status, 202, "{text}");
    }
    proxy.set(Way::Open);
    let operator = &texts.world.deployment.operator;
    eventually("the start, the stop, the review and the question are applied", async || {
        let help = operator.answers(texts.key(others[2])).await.unwrap();
        texts.channels(NUMBER).await.is_empty()
            && texts.channels(others[0]).await == [ContactChannel::Sms]
            && operator.reviews(false, 10).await.unwrap().len() == 1
            && help == [(AnswerKind::Help, AnswerState::Waiting)]
    })
    .await;
    eventually("the journal is removed", async || files(texts.world.journal.path()) == 0).await;
}
