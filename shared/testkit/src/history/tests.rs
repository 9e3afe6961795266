//! Forged histories: a good one passes, and each kind of wrong is found.
#![allow(clippy::unwrap_used)]

use chrono::TimeDelta;

use super::*;

const WORKER: &str = "email-worker-7-abc";

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_000_000 + second, 0).unwrap()
}

fn event(touch: TouchId, second: i64, attempt: i16, state: TouchState) -> Event {
    let worker = WORKER.to_owned();
    Event { touch, at: at(second), attempt, state, worker, reason: None, late: false }
}

fn copy(touch: TouchId, second: i64, attempt: i16) -> Delivery {
    let identity = format!("<touch-{touch}@x>");
    let attempt = Some(attempt);
    Delivery { touch, attempt, medium: Medium::Email, at: at(second), identity }
}

fn crash(second: i64, in_flight: usize) -> Incident {
    let whom = Whom::Worker { worker: "email-worker-7-".to_owned(), in_flight };
    Incident { at: at(second), whom, what: "kill -9".to_owned() }
}

/// One email, due, sent once at the first attempt.
fn one(channel: Channel) -> (TouchId, History) {
    let id = TouchId::new();
    let touch = Touch {
        id,
        channel,
        state: TouchState::Sent,
        due_at: at(0),
        epoch: 1,
        attempt: 1,
        doubts: 0,
        address_key: Some(vec![1; 32]),
        state_channel: Some("email".to_owned()),
    };
    let history = History {
        touches: vec![touch],
        events: vec![event(id, 2, 1, TouchState::Sent)],
        ..History::default()
    };
    (id, history)
}

fn sent() -> (TouchId, History) {
    let (id, mut history) = one(Channel::Email);
    history.deliveries = vec![copy(id, 1, 1)];
    (id, history)
}

/// One email whose worker was killed after the hand-over, and which was sent again.
fn doubled() -> (TouchId, History) {
    let (id, mut history) = sent();
    history.touches[0].attempt = 2;
    history.touches[0].epoch = 2;
    history.touches[0].doubts = 1;
    let mut unknown = event(id, 10, 1, TouchState::Unknown);
    unknown.reason = Some("lease_expired: attempt 1".to_owned());
    history.events =
        vec![unknown, event(id, 10, 1, TouchState::Queued), event(id, 12, 2, TouchState::Sent)];
    history.deliveries = vec![copy(id, 1, 1), copy(id, 11, 2)];
    history.incidents = vec![crash(2, 1)];
    (id, history)
}

fn kinds(history: &History) -> Vec<Kind> {
    history.check(at(100)).violations.iter().map(|violation| violation.kind).collect()
}

#[test]
fn what_was_sent_once_is_in_order() {
    let (_, history) = sent();
    let report = history.check(at(100));
    report.assert_clean();
    assert_eq!((report.counts.accepted, report.counts.duplicates), (1, 0));
}

#[test]
fn a_copy_that_an_incident_explains_is_counted_and_in_order() {
    let (_, history) = doubled();
    let report = history.check(at(100));
    report.assert_clean();
    let counts = &report.counts;
    assert_eq!((counts.doubts, counts.duplicates, counts.most_by_one_incident), (1, 1, 1));
}

#[test]
fn a_doubt_that_was_no_copy_needs_no_incident() {
    let (_, mut history) = doubled();
    history.deliveries.remove(0);
    history.incidents.clear();
    assert_eq!(kinds(&history), []);
}

#[test]
fn a_worker_that_got_no_answer_explains_its_own_copy() {
    let (_, mut history) = doubled();
    history.incidents.clear();
    history.events[0].reason = Some("no_answer: the server closed the connection".to_owned());
    assert_eq!(kinds(&history), []);
}

#[test]
fn a_server_that_was_away_explains_doubts_of_any_worker_for_a_while() {
    let (_, mut history) = doubled();
    let whom = Whom::Server { until: at(5) };
    history.incidents = vec![Incident { at: at(3), whom, what: "restart".to_owned() }];
    assert_eq!(kinds(&history), []);
    history.events[0].at = at(5) + TimeDelta::minutes(2);
    history.events[1].at = history.events[0].at;
    history.events[2].at = history.events[0].at;
    assert_eq!(kinds(&history), [Kind::Unexplained]);
}

#[test]
fn a_copy_without_an_incident_is_found() {
    let (_, mut history) = doubled();
    history.incidents[0].whom =
        Whom::Worker { worker: "email-worker-77-".to_owned(), in_flight: 1 };
    assert_eq!(kinds(&history), [Kind::Unexplained]);
}

#[test]
fn a_copy_without_a_doubt_is_found() {
    let (id, mut history) = sent();
    history.deliveries.push(copy(id, 3, 1));
    history.incidents = vec![crash(2, 9)];
    assert_eq!(kinds(&history), [Kind::Unexplained]);
}

#[test]
fn a_second_copy_of_the_attempt_in_doubt_is_found() {
    let (id, mut history) = doubled();
    history.deliveries.push(copy(id, 1, 1));
    assert_eq!(kinds(&history), [Kind::Unexplained]);
}

#[test]
fn copies_that_do_not_look_alike_are_found() {
    let (_, mut history) = doubled();
    history.deliveries[1].identity = "<other@x>".to_owned();
    assert_eq!(kinds(&history), [Kind::NotRecognisable]);
}

#[test]
fn more_copies_than_were_in_flight_are_found() {
    let (_, mut history) = doubled();
    history.incidents = vec![crash(2, 0)];
    assert_eq!(kinds(&history), [Kind::OverBound]);
}

#[test]
fn a_lost_touch_is_found() {
    let (_, mut history) = sent();
    history.deliveries.clear();
    assert_eq!(kinds(&history), [Kind::SentNotAccepted]);
    let (_, mut history) = doubled();
    history.deliveries.remove(1);
    assert_eq!(kinds(&history), [Kind::SentNotAccepted], "the recorded attempt went nowhere");
}

#[test]
fn a_touch_that_was_sent_and_recorded_as_something_else_is_found() {
    let (id, mut history) = sent();
    history.touches[0].state = TouchState::Blocked;
    history.events = vec![event(id, 2, 1, TouchState::Blocked)];
    assert_eq!(kinds(&history), [Kind::AcceptedNotRecorded]);
}

#[test]
fn a_held_touch_has_its_end_and_may_be_in_the_sink() {
    let (id, mut history) = doubled();
    history.touches[0].state = TouchState::Held;
    history.touches[0].attempt = 1;
    history.events[1] = event(id, 10, 1, TouchState::Held);
    history.events.pop();
    history.deliveries.pop();
    assert_eq!(kinds(&history), [Kind::Desk], "nobody would find it");
    history.desk = vec![id];
    assert_eq!(kinds(&history), []);
    history.events.pop();
    assert_eq!(kinds(&history), [Kind::WrongEnd], "nobody wrote that it is held");
}

#[test]
fn a_due_touch_without_an_end_is_found() {
    for state in [TouchState::Queued, TouchState::Sending, TouchState::Unknown] {
        let (_, mut history) = sent();
        history.touches[0].state = state;
        history.events.clear();
        history.deliveries.clear();
        assert_eq!(kinds(&history), [Kind::NoEnd], "{state}");
    }
}

#[test]
fn a_touch_that_waits_for_its_time_is_open_if_something_will_wake_it() {
    let (id, mut history) = sent();
    history.touches[0].state = TouchState::Scheduled;
    history.touches[0].due_at = at(200);
    history.events.clear();
    history.deliveries.clear();
    assert_eq!(kinds(&history), [Kind::Forgotten]);
    history.due = vec![id];
    assert_eq!(kinds(&history), []);
    history.touches[0].due_at = at(50);
    assert_eq!(kinds(&history), [Kind::NoEnd]);
}

#[test]
fn two_ends_and_an_end_nobody_recorded_are_found() {
    let (id, mut history) = sent();
    history.events.push(event(id, 3, 1, TouchState::Failed));
    assert_eq!(kinds(&history), [Kind::WrongEnd]);
    history.events[1].late = true;
    assert_eq!(kinds(&history), [], "a late result changes nothing");
    history.events.clear();
    assert_eq!(kinds(&history), [Kind::WrongEnd]);
}

#[test]
fn an_accept_after_the_address_was_declared_clear_is_found() {
    let (_, mut history) = sent();
    let silence = Silence {
        entry: Uuid::now_v7(),
        address_key: vec![1; 32],
        channel: "email".to_owned(),
        from: at(1),
        until: None,
    };
    history.silences = vec![silence];
    assert_eq!(kinds(&history), [Kind::AfterSilence]);
    for change in [
        |silence: &mut Silence| silence.from = at(2),
        |silence: &mut Silence| (silence.from, silence.until) = (at(0), Some(at(1))),
        |silence: &mut Silence| silence.address_key[0] = 2,
        |silence: &mut Silence| silence.channel = "sms".to_owned(),
    ] {
        let mut history = history.clone();
        change(&mut history.silences[0]);
        assert_eq!(kinds(&history), []);
    }
}

#[test]
fn numbers_that_go_backwards_are_found() {
    let (_, mut history) = doubled();
    history.events.swap(0, 2);
    assert_eq!(kinds(&history), [Kind::Backwards]);
    let (_, mut history) = doubled();
    history.touches[0].epoch = 1;
    assert_eq!(kinds(&history), [Kind::Backwards], "two claims of one hint");
}

#[test]
fn a_sent_touch_for_a_human_hand_has_one_task() {
    let (id, mut history) = one(Channel::Call);
    assert_eq!(kinds(&history), [Kind::Tasks]);
    history.tasks = vec![id];
    assert_eq!(kinds(&history), []);
    history.tasks = vec![id, id];
    assert_eq!(kinds(&history), [Kind::Tasks]);
    let (id, mut history) = sent();
    history.tasks = vec![id];
    assert_eq!(kinds(&history), [Kind::Tasks], "an email is no task");
}

#[test]
fn what_is_left_over_and_what_is_not_ours_is_found() {
    let (id, mut history) = sent();
    history.outbox = vec![id];
    history.inflight = vec![id];
    assert_eq!(kinds(&history), [Kind::LeftOver, Kind::LeftOver]);
    let (_, mut history) = sent();
    history.deliveries.push(copy(TouchId::new(), 1, 1));
    assert_eq!(kinds(&history), [Kind::Stranger]);
}

#[test]
fn a_report_tells_the_story_of_what_is_wrong() {
    let (id, mut history) = doubled();
    history.incidents = vec![crash(2, 0)];
    history.deliveries.remove(1);
    let report = history.check(at(100)).to_string();
    assert!(report.contains("VIOLATED 1 × sent, not accepted"), "{report}");
    assert!(report.contains(&id.to_string()) && report.contains("kill -9"), "{report}");
}

/// One email that failed, was tried anew by a person, and arrived.
fn replayed() -> (TouchId, History) {
    let (id, mut history) = sent();
    history.touches[0].attempt = 2;
    history.touches[0].epoch = 3;
    let mut again = event(id, 5, 1, TouchState::Scheduled);
    again.reason = Some("replayed_by_person: the password is right".to_owned());
    history.events =
        vec![event(id, 2, 1, TouchState::Failed), again, event(id, 9, 2, TouchState::Sent)];
    history.deliveries = vec![copy(id, 8, 2)];
    (id, history)
}

#[test]
fn of_a_touch_that_a_person_had_tried_anew_the_last_end_counts() {
    let (_, mut history) = replayed();
    history.check(at(100)).assert_clean();
    history.events[1].reason = Some("deferred: 451".to_owned());
    assert_eq!(kinds(&history), [Kind::WrongEnd], "nobody else takes an end back");
    let (id, mut history) = replayed();
    history.deliveries.push(copy(id, 1, 1));
    assert_eq!(kinds(&history), [Kind::Unexplained], "it had failed, and yet was accepted");
}

#[test]
fn what_a_person_confirms_must_have_arrived_whichever_attempt_it_was() {
    let (id, mut history) = doubled();
    let mut unknown = event(id, 12, 2, TouchState::Unknown);
    unknown.reason = Some("lease_expired: attempt 2".to_owned());
    let mut confirmed = event(id, 20, 2, TouchState::Sent);
    confirmed.reason = Some("confirmed_by_person: she answered".to_owned());
    history.events.pop();
    history.events.extend([unknown, event(id, 12, 2, TouchState::Held), confirmed]);
    history.touches[0].epoch = 4;
    history.deliveries.pop();
    history.check(at(100)).assert_clean();
    history.desk = vec![id];
    assert_eq!(kinds(&history), [Kind::Desk], "it waits for nobody any more");
    history.desk.clear();
    history.deliveries.clear();
    assert_eq!(kinds(&history), [Kind::SentNotAccepted], "the person was wrong");
}
