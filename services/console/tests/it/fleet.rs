//! Operations: what operators see of the fleet, and what they do about it.

use chrono::{NaiveDate, Utc};
use domain::access::UserRole;
use domain::pause::{Pausable, Pause};
use domain::{Channel, Clock, ContactChannel, TouchId, TouchState};
use storage::Role;
use storage::claims::ClaimedTouch;
use storage::fleet::members::Presence;
use storage::outcomes::AttemptRecord;

use crate::world::{Browser, World};

const PROBE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>";

/// What htmx asks with.
async fn part(browser: &mut Browser, path: &str) -> crate::world::Answer {
    browser.ask("GET", path, "HX-Request: true\r\n", "").await
}

#[tokio::test]
async fn the_fleet_is_shown_with_who_is_there_and_who_is_lost() {
    let world = World::start().await;
    let lost = Presence {
        name: "email-worker-7-abc".to_owned(),
        service: PROBE.to_owned(),
        version: "0.0.1".to_owned(),
        host: "mail1".to_owned(),
    };
    let facts = serde_json::json!({ "broker": "down" });
    world.database.report_member(&lost, &facts).await.unwrap();
    let silence = "UPDATE fleet_members SET seen_at = seen_at - interval '2 minutes'
                    WHERE name = 'email-worker-7-abc'";
    world.deployment.tamper(silence).await;
    let mut operator = world.as_one_of(&[UserRole::Operator]).await;
    let page = operator.get("/fleet").await;
    assert_eq!(page.status, 200, "{}", page.body);
    for said in ["email-worker-7-abc", "lost", "2 minutes ago", "mail1", "No scheduler is there"] {
        assert!(page.body.contains(said), "{said}: {}", page.body);
    }
    // The console itself is in the fleet, and tells how it sees the broker.
    assert!(page.body.contains(">console</bdi>"), "{}", page.body);
    assert!(page.body.contains("as one process sees it"), "{}", page.body);
    assert!(page.body.contains("hx-get=\"/fleet\""), "{}", page.body);
    assert!(!page.body.contains("<script>alert"), "{}", page.body);
    let live = part(&mut operator, "/fleet").await;
    assert!(live.body.contains("email-worker-7-abc") && !live.body.contains("<html"));
    let arabic = operator.get("/fleet?lang=ar").await;
    assert!(arabic.body.contains("قبل دقيقتين") || arabic.body.contains("مفقودة"));
    world.stop().await;
}

/// The pauses a worker's gate holds touches for, now.
async fn seen_by_workers(world: &World) -> Vec<Pause> {
    let now = Clock::system().now();
    let worker = world.deployment.connect(Role::EmailWorker);
    worker.gate_facts(&[], now, now).await.unwrap().pauses
}

fn holds(pauses: &[Pause], channel: ContactChannel) -> bool {
    let sender_domain = Some("palm.example");
    let touch = Pausable { channel, sender_domain, plan: "8x8", source: "fair 2026" };
    pauses.iter().any(|pause| pause.covers(touch))
}

/// The address of the first form that lifts.
fn lifting(body: &str) -> String {
    let rest = body.split("action=\"/fleet/pauses/").nth(1).unwrap();
    format!("/fleet/pauses/{}", rest.split('"').next().unwrap())
}

#[tokio::test]
async fn an_operator_pauses_a_channel_and_the_gate_waits_until_it_is_lifted() {
    let world = World::start().await;
    let user = world.user("lina@palm.example", &[UserRole::Operator]).await;
    let mut operator = world.signed_in(user).await;
    let empty = operator.get("/fleet/pauses").await;
    assert!(empty.body.contains("Nothing is paused"), "{}", empty.body);
    let why = format!("the relay is listed {PROBE}");
    let fields = [("scope", "channel"), ("channel", "email"), ("why", why.as_str())];
    let paused = operator.post("/fleet/pauses", &fields).await;
    assert_eq!(paused.location(), "/fleet/pauses?notice=paused", "{}", paused.body);
    let seen = seen_by_workers(&world).await;
    assert!(holds(&seen, ContactChannel::Email) && !holds(&seen, ContactChannel::Sms), "{seen:?}");
    let page = operator.get(paused.location()).await;
    for said in ["Channel: Email", "lina@palm.example", "the relay is listed &#60;script"] {
        assert!(page.body.contains(said), "{said}: {}", page.body);
    }
    assert!(!page.body.contains("<script>alert") && !page.body.contains("<img src=x"));
    // It is seen at once where the fleet is shown, too, whatever was shown to others before.
    let fleet = operator.get("/fleet").await;
    assert!(fleet.body.contains("Channel: Email"), "{}", fleet.body);
    assert!(!fleet.body.contains("<script>alert") && !fleet.body.contains("<img src=x"));

    // Somebody else wants the same, and is told.
    let mut second = world.as_one_of(&[UserRole::Operator]).await;
    let again = second.post("/fleet/pauses", &fields).await;
    assert_eq!(again.status, 422);
    assert!(again.body.contains("paused already"), "{}", again.body);

    let lift = lifting(&page.body);
    let silent = second.post(&lift, &[("why", "  ")]).await;
    assert_eq!(silent.status, 422);
    assert!(silent.body.contains("Say why"), "{}", silent.body);
    let lifted = second.post(&lift, &[("why", PROBE)]).await;
    assert_eq!(lifted.location(), "/fleet/pauses?notice=pause-lifted");
    assert!(!holds(&seen_by_workers(&world).await, ContactChannel::Email));
    let late = operator.post(&lift, &[("why", "me too")]).await;
    assert_eq!(late.location(), "/fleet/pauses?notice=pause-lifted-before");
    let page = operator.get("/fleet/pauses").await;
    assert!(page.body.contains("Nothing is paused"), "{}", page.body);
    assert!(!page.body.contains("<script>alert") && !page.body.contains("<img src=x"));
    assert!(!page.body.contains("me too"), "who came late lifted nothing: {}", page.body);
    let records = world.database.pauses(false, 10).await.unwrap();
    assert_eq!(records[0].opened_by.as_deref(), Some("lina@palm.example"));
    world.stop().await;
}

#[tokio::test]
async fn each_thing_that_can_be_paused_is_paused_and_what_cannot_is_said() {
    let world = World::start().await;
    world.deployment.store_plan(&testkit::fixture::one_step(domain::Channel::Email)).await;
    let mut operator = world.as_one_of(&[UserRole::Operator]).await;
    for (scope, name, key, kept) in [
        ("everything", "plan", "ignored", ""),
        ("sender_domain", "domain", " Palm.Example ", "palm.example"),
        ("plan", "plan", "one-step", "one-step"),
        ("import", "source", "fair 2026", "fair 2026"),
        ("channel", "channel", "sms", "sms"),
    ] {
        let fields = [("scope", scope), (name, key), ("why", "to look into it")];
        let answer = operator.post("/fleet/pauses", &fields).await;
        assert_eq!(answer.status, 303, "{scope}: {}", answer.body);
        let open = world.database.open_pauses().await.unwrap();
        let found =
            open.iter().any(|open| open.pause.scope.as_str() == scope && open.pause.key == kept);
        assert!(found, "{scope}: {open:?}");
    }
    for (fields, said) in [
        (vec![("why", "x")], "Choose what"),
        (vec![("scope", "all of it"), ("why", "x")], "Choose what"),
        (vec![("scope", "plan"), ("plan", PROBE), ("why", "x")], "Say which one"),
        (vec![("scope", "channel"), ("channel", "pigeon"), ("why", "x")], "Say which one"),
        (vec![("scope", "sender_domain"), ("why", "x")], "Say which one"),
        (vec![("scope", "import"), ("source", PROBE), ("why", "")], "Say why"),
        (vec![("scope", "import"), ("source", "y"), ("why", &"a".repeat(501))], "shorter"),
    ] {
        let answer = operator.post("/fleet/pauses", &fields).await;
        assert_eq!(answer.status, 422, "{fields:?}");
        assert!(answer.body.contains(said), "{fields:?}: {}", answer.body);
        assert!(!answer.body.contains("<script>alert"), "{}", answer.body);
    }
    assert_eq!(world.database.open_pauses().await.unwrap().len(), 5);
    world.stop().await;
}

#[tokio::test]
async fn a_pause_is_lifted_once_it_was_shown_how_many_touches_wait_for_it() {
    let world = World::start().await;
    let mut operator = world.as_one_of(&[UserRole::Operator]).await;
    for (channel, why) in [("email", "the relay is listed"), ("sms", "no credit")] {
        let fields = [("scope", "channel"), ("channel", channel), ("why", why)];
        assert_eq!(operator.post("/fleet/pauses", &fields).await.status, 303);
    }
    for touch in &claimed(&world, 3).await {
        end(&world, touch, TouchState::Scheduled, "paused: channel email, the relay is listed")
            .await;
    }
    let page = operator.get("/fleet/pauses").await.body;
    assert!(
        page.contains("within ten minutes and cannot be called back. 3 touches wait for it."),
        "{page}"
    );
    assert!(page.contains("No touch waits for it now."), "{page}");
    world.stop().await;
}

#[tokio::test]
async fn an_auditor_reads_about_the_fleet_and_may_not_act() {
    let world = World::start().await;
    let mut operator = world.as_one_of(&[UserRole::Operator]).await;
    let fields = [("scope", "everything"), ("why", "moving house")];
    assert_eq!(operator.post("/fleet/pauses", &fields).await.status, 303);
    let lift = lifting(&operator.get("/fleet/pauses").await.body);
    let mut auditor = world.as_one_of(&[UserRole::Auditor]).await;
    assert_eq!(auditor.get("/fleet").await.status, 200);
    let page = auditor.get("/fleet/pauses").await;
    assert!(page.body.contains("moving house"), "{}", page.body);
    assert!(!page.body.contains("action=\"/fleet"), "no forms: {}", page.body);
    assert_eq!(auditor.post(&lift, &[("why", "x")]).await.status, 403);
    let fields = [("scope", "channel"), ("channel", "sms"), ("why", "x")];
    assert_eq!(auditor.post("/fleet/pauses", &fields).await.status, 403);
    assert_eq!(world.database.open_pauses().await.unwrap().len(), 1);
    world.stop().await;
}

/// Touches that were claimed by an email worker, one per person.
async fn claimed(world: &World, people: usize) -> Vec<ClaimedTouch> {
    let deployment = &world.deployment;
    let monday = NaiveDate::from_ymd_opt(2026, 6, 1).unwrap();
    deployment.store_plan(&testkit::fixture::one_step(Channel::Email)).await;
    deployment.store_template(&testkit::fixture::template(domain::Medium::Email)).await;
    let contacts = deployment.people(people).await;
    deployment.enrol("one-step", &contacts, monday).await;
    let noon = monday.and_hms_opt(8, 0, 0).unwrap().and_utc();
    let batch = deployment.connect(Role::Scheduler).claim_due(noon, 1000).await.unwrap();
    let hints = batch.commit(&[], &[]).await.unwrap();
    let hints: Vec<_> = hints.into_iter().map(|outgoing| outgoing.hint).collect();
    let lease = std::time::Duration::from_secs(600);
    let worker = deployment.connect(Role::EmailWorker);
    let mut claimed = worker.claim(&hints, "w1", lease, noon).await.unwrap();
    claimed.sort_by_key(|touch| touch.id);
    assert_eq!(claimed.len(), people);
    claimed
}

/// Records how the attempt at a touch ended.
async fn end(world: &World, touch: &ClaimedTouch, state: TouchState, reason: &str) {
    let decided_at: chrono::DateTime<Utc> = Clock::system().now();
    let is_open = state == TouchState::Scheduled;
    let record = AttemptRecord {
        touch: touch.id,
        due_month: touch.due_month,
        attempt: touch.attempt,
        state,
        reason: Some(reason.parse().unwrap()),
        provider_ref: None,
        decided_at,
        next_due: is_open.then(|| decided_at + chrono::TimeDelta::minutes(5)),
        failed: false,
        template: None,
        detail: None,
        task: None,
    };
    world.deployment.connect(Role::EmailWorker).record(&[record], "w1").await.unwrap();
}

async fn state(world: &World, touch: TouchId) -> TouchState {
    world.database.touch(touch).await.unwrap().unwrap().state
}

const REFUSED: &str = "refused: rcpt: 550 5.1.1 <script>alert(1)</script>";

#[tokio::test]
async fn failed_touches_are_grouped_replayed_after_a_count_and_what_is_left_is_said() {
    let world = World::start().await;
    let touches = claimed(&world, 4).await;
    for touch in &touches[..3] {
        end(&world, touch, TouchState::Failed, REFUSED).await;
    }
    end(&world, &touches[3], TouchState::Failed, "misconfigured: auth: 535 5.7.8 no").await;
    let paused = touches[2].enrolment;
    let pause = format!("UPDATE enrolments SET state = 'paused' WHERE id = '{paused}'");
    world.deployment.tamper(&pause).await;
    let mut operator = world.as_one_of(&[UserRole::Operator]).await;
    let desk = operator.get("/fleet/desk").await;
    assert!(desk.body.contains("rcpt: 550 5.1.1") && desk.body.contains("Failed"), "{}", desk.body);
    assert!(!desk.body.contains("<script>alert"), "{}", desk.body);
    let path = "/fleet/desk/touches?kind=failed&code=refused";
    let page = operator.get(path).await;
    assert_eq!(page.body.matches("name=\"touch\"").count(), 3, "{}", page.body);
    assert!(!page.body.contains("Person "), "operators see no names: {}", page.body);
    assert!(!page.body.contains("<script>alert"), "{}", page.body);

    let cause = [("kind", "failed"), ("code", "refused"), ("resolution", "replay")];
    let with = |further: &[(&'static str, &'static str)]| [&cause[..], further].concat();
    for (further, said) in [
        (with(&[("which", "all")]), "Say why"),
        (with(&[("which", "chosen"), ("why", "x")]), "Choose at least one"),
        (vec![("which", "all"), ("why", "x")], "Choose what becomes"),
        (vec![("which", "all"), ("why", "x"), ("resolution", "confirm")], "Nothing of that waits"),
    ] {
        let answer = operator.post("/fleet/desk/decide", &further).await;
        assert_eq!(answer.status, 422, "{further:?}");
        assert!(answer.body.contains(said), "{said}: {}", answer.body);
    }
    let all = with(&[("which", "all"), ("why", PROBE)]);
    let sure = operator.post("/fleet/desk/decide", &all).await;
    assert!(sure.body.contains("3 touches"), "{}", sure.body);
    assert!(!sure.body.contains("<script>alert") && !sure.body.contains("<img src=x"));
    assert_eq!(state(&world, touches[0].id).await, TouchState::Failed, "only asked so far");
    let mut confirmed = all.clone();
    confirmed.push(("confirmed", "3"));
    let done = operator.post("/fleet/desk/decide", &confirmed).await;
    let told = operator.get(done.location()).await;
    assert!(told.body.contains("Try anew: 2 touches"), "{}", told.body);
    assert!(told.body.contains("its enrolment is still paused"), "{}", told.body);
    assert_eq!(state(&world, touches[0].id).await, TouchState::Scheduled);
    assert_eq!(state(&world, touches[2].id).await, TouchState::Failed);
    assert_eq!(state(&world, touches[3].id).await, TouchState::Failed, "of another cause");
    // A second operator who was shown the same count does nothing twice.
    let mut second = world.as_one_of(&[UserRole::Operator]).await;
    let late = second.post("/fleet/desk/decide", &confirmed).await;
    assert!(late.location().contains("done=0"), "{}", late.location());
    let desk = operator.get("/fleet/desk").await;
    assert!(desk.body.contains("Try anew"), "the decision is on record: {}", desk.body);
    assert!(!desk.body.contains("<script>alert") && !desk.body.contains("<img src=x"));

    let mut auditor = world.as_one_of(&[UserRole::Auditor]).await;
    let read = auditor.get(path).await;
    assert!(
        read.body.contains("Person ")
            && !read.body.contains("<form method=\"post\" action=\"/fleet/desk/decide\"><")
    );
    assert!(!read.body.contains("name=\"resolution\""), "{}", read.body);
    assert_eq!(auditor.post("/fleet/desk/decide", &confirmed).await.status, 403);
    world.stop().await;
}

#[tokio::test]
async fn of_two_operators_who_resolve_an_unknown_one_does_and_the_other_is_told() {
    let world = World::start().await;
    let touches = claimed(&world, 2).await;
    for touch in &touches {
        end(&world, touch, TouchState::Unknown, "in_doubt: dot: closed").await;
    }
    let mut lina = world.as_one_of(&[UserRole::Operator]).await;
    let mut omar = world.as_one_of(&[UserRole::Operator]).await;
    let id = touches[0].id.to_string();
    let fields = |resolution| {
        let cause = [("kind", "unknown"), ("which", "chosen"), ("why", "the relay's log says so")];
        let mut fields = cause.to_vec();
        fields.extend([("resolution", resolution), ("touch", id.as_str())]);
        fields
    };
    let sure = lina.post("/fleet/desk/decide", &fields("resume")).await;
    assert!(sure.body.contains("may have arrived already"), "{}", sure.body);
    let sure = lina.post("/fleet/desk/decide", &fields("confirm")).await;
    assert!(sure.body.contains("one touch") && !sure.body.contains("may have arrived already"));
    let confirmed = |resolution| [fields(resolution), vec![("confirmed", "1")]].concat();
    let (sent, cancelled) = (confirmed("confirm"), confirmed("cancel"));
    let (first, second) = tokio::join!(
        lina.post("/fleet/desk/decide", &sent),
        omar.post("/fleet/desk/decide", &cancelled)
    );
    let done = |answer: &crate::world::Answer| answer.location().contains("done=1");
    assert!(done(&first) != done(&second), "{} {}", first.location(), second.location());
    let became = if done(&first) { TouchState::Sent } else { TouchState::Cancelled };
    assert_eq!(state(&world, touches[0].id).await, became);
    let late = if done(&first) { &second } else { &first };
    let told = lina.get(late.location()).await;
    assert!(told.body.contains("none was changed"), "{}", told.body);
    assert!(told.body.contains("One was left as it is"), "{}", told.body);
    assert_eq!(state(&world, touches[1].id).await, TouchState::Unknown, "nobody named it");
    world.stop().await;
}

#[tokio::test]
async fn the_desk_is_turned_over_page_by_page_in_both_languages() {
    let world = World::start().await;
    for touch in &claimed(&world, 60).await {
        end(&world, touch, TouchState::Failed, "refused: rcpt: 550 5.1.1 no").await;
    }
    let mut operator = world.as_one_of(&[UserRole::Operator]).await;
    let page = operator.get("/fleet/desk/touches?kind=failed").await;
    assert_eq!(page.body.matches("name=\"touch\"").count(), 50);
    let next = page.body.split("\" rel=\"next\"").next().unwrap().rsplit('"').next().unwrap();
    let next = next.replace("&#38;", "&").replace("&amp;", "&");
    let older = operator.get(&next).await;
    assert_eq!(older.body.matches("name=\"touch\"").count(), 10, "{next}: {}", older.body);
    for path in ["/fleet/desk", "/fleet/desk/touches", "/fleet/desk/touches?after=x_y"] {
        let parted = if path.contains('?') { '&' } else { '?' };
        let arabic = operator.get(&format!("{path}{parted}lang=ar")).await;
        assert!(arabic.body.contains("بانتظار قرار"), "{}", arabic.body);
    }
    assert_eq!(operator.get("/fleet/desk/touches?kind=lost").await.status, 404);
    world.stop().await;
}
