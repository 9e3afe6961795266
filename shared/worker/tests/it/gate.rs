//! What the gate asks besides the list and the hours: caps, pauses, legal bases, registries.

use std::collections::HashMap;

use chrono::TimeDelta;
use domain::pause::PauseScope;
use domain::registry::Registry;
use domain::relationship::{CallPurpose, Listing, RelationshipKind};
use domain::rules::{RuleBook, RuleFile, TeamLimits};
use domain::{ContactChannel, ContactId};
use storage::pauses::NewPause;
use storage::registries::{Coverage, FullList, NewLoad};
use storage::relationships::NewListing;
use testkit::fixture;
use worker::RequiredRegistries;

use super::*;

/// As many plans as asked, of one email on the same day, for the same people.
async fn crowded(people: usize, plans: usize) -> Deployment {
    let deployment = Deployment::create().await;
    deployment.store_template(&fixture::template(Medium::Email)).await;
    let people = deployment.people(people).await;
    for n in 0..plans {
        let key = format!("plan-{n}");
        deployment.store_plan(&fixture::plan(&key, &[(1, Channel::Email)])).await;
        deployment.enrol(&key, &people, monday()).await;
    }
    deployment
}

fn one_email_a_day(worker: &mut Worker) {
    worker.duties.limits = TeamLimits { email_per_day: 1, ..TeamLimits::default() };
}

async fn last_detail(bench: &Bench, touch: &Touch) -> serde_json::Value {
    let story = bench.deployment.operator.story(touch.id).await.unwrap();
    story.last().unwrap().detail.clone().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capped_touch_waits_until_there_is_room_and_says_why() {
    let deployment = crowded(1, 2).await;
    let bench = Bench::staffed(deployment, Medium::Email, 1, one_email_a_day, |_, _| sent());
    bench.publish().await;
    let mut touches = bench.settled().await;
    touches.sort_by_key(|touch| touch.state == TouchState::Sent);
    let [waiting, gone] = &touches[..] else { panic!("{touches:?}") };
    assert_eq!((gone.state, waiting.state), (TouchState::Sent, TouchState::Scheduled));
    // Both were claimed at once: the later one has waited for seconds.
    let reason = "frequency_cap: the team's email 1 in 24h, another touch is in hand";
    assert_eq!(waiting.reason.as_deref(), Some(reason));
    bench.clock.set(noon() + TimeDelta::minutes(1));
    bench.publish().await;
    let touches = bench.settled().await;
    let waiting = touches.iter().find(|touch| touch.state == TouchState::Scheduled).unwrap();
    assert_eq!(waiting.reason.as_deref(), Some("frequency_cap: the team's email 1 in 24h"));
    assert_eq!(waiting.due_at, noon() + TimeDelta::days(1));
    let caps = &last_detail(&bench, waiting).await["caps"];
    assert_eq!(caps["sent"], 1);
    assert_eq!(caps["looked_at"], serde_json::json!(["the team's email 1 in 24h"]));
    assert_eq!(waiting.doubts, 0);
    bench.clock.set(waiting.due_at);
    bench.publish().await;
    bench.all_come_to(TouchState::Sent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_race_for_the_same_people_never_pass_a_cap() {
    let (people, plans) = (30, 6);
    let deployment = crowded(people, plans).await;
    let small = |worker: &mut Worker| {
        one_email_a_day(worker);
        worker.settings.batch = 7;
        worker.settings.prefetch = 14;
    };
    let bench = Bench::staffed(deployment, Medium::Email, 5, small, |_, before| {
        // Longer than a claim takes, so that attempts overlap with claims of others.
        std::thread::sleep(Duration::from_millis(before as u64 % 20));
        sent()
    });
    let mut claims = 0;
    loop {
        bench.publish().await;
        let touches = bench.settled().await;
        let mut gone: HashMap<ContactId, usize> = HashMap::new();
        for touch in touches.iter().filter(|touch| touch.state == TouchState::Sent) {
            *gone.entry(touch.contact).or_default() += 1;
        }
        assert!(gone.values().all(|sent| *sent == 1), "{gone:?}");
        claims = touches.iter().map(|touch| i64::from(touch.attempt)).sum::<i64>().max(claims);
        if gone.len() == people {
            break;
        }
        bench.clock.set(bench.clock.now() + TimeDelta::minutes(1));
    }
    assert!(claims >= (people * plans) as i64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_plan_waits_and_goes_on_when_it_is_lifted() {
    let bench = Bench::with(3, |_, _| sent()).await;
    let pause = NewPause {
        scope: PauseScope::Plan,
        key: "one-step".to_owned(),
        since: noon(),
        reason: "0.31 % complaints".to_owned(),
        evidence: serde_json::json!({}),
    };
    let id = bench.deployment.operator.pause(&pause).await.unwrap().unwrap();
    bench.publish().await;
    for touch in bench.settled().await {
        let reason = "paused: plan one-step, 0.31 % complaints";
        assert_eq!((touch.state, touch.reason.as_deref()), (TouchState::Scheduled, Some(reason)));
        let wait = touch.due_at - noon();
        assert!(wait >= TimeDelta::minutes(5) && wait <= TimeDelta::minutes(10), "{wait}");
    }
    bench.deployment.operator.lift_pause(id, "lina", "fine again", noon()).await.unwrap();
    bench.clock.set(noon() + TimeDelta::minutes(10));
    bench.publish().await;
    bench.all_come_to(TouchState::Sent).await;
}

/// Rules under which people of the UAE must have agreed to be written to.
fn consent_asked() -> Arc<RuleBook> {
    let file: RuleFile = serde_json::from_value(serde_json::json!({
        "jurisdiction": "AE", "name": "test", "rules": [{
            "id": "AE-TEST", "channels": ["email"], "countries": ["AE"], "basis": ["consent"],
            "evidence": ["D"], "source": "test", "verified": "2026-06-01",
        }],
    }))
    .unwrap();
    let (book, errors) = RuleBook::assemble([&file], &std::collections::BTreeMap::new());
    assert!(errors.is_empty(), "{errors:?}");
    Arc::new(book)
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_rule_asks_for_a_basis_only_those_with_one_are_written_to() {
    let deployment = Deployment::with_one_step(Channel::Email, 2, monday()).await;
    let people = deployment.people(2).await;
    let before = noon() - TimeDelta::days(1);
    deployment.consent(&people[..1], &[ContactChannel::Email], before).await;
    deployment.consent(&people[1..], &[ContactChannel::Sms], before).await;
    let asked = |worker: &mut Worker| worker.rules = consent_asked();
    let bench = Bench::staffed(deployment, Medium::Email, 1, asked, |_, _| sent());
    bench.publish().await;
    for touch in bench.settled().await {
        let detail = last_detail(&bench, &touch).await;
        if touch.contact == people[0] {
            assert_eq!(touch.state, TouchState::Sent);
            assert_eq!(detail["basis"]["basis"], "consent");
            assert!(detail["basis"]["record"].is_string());
        } else {
            let reason = "no_basis: AE-TEST asks for consent";
            assert_eq!((touch.state, touch.reason.as_deref()), (TouchState::Blocked, Some(reason)));
        }
    }
}

/// Rules that want a notice with the first email to people of the UAE, and with texts from a name.
fn notice_asked() -> Arc<RuleBook> {
    let file: RuleFile = serde_json::from_value(serde_json::json!({
        "jurisdiction": "AE", "name": "test", "rules": [{
            "id": "AE-FIRST", "channels": ["email"], "countries": ["AE"],
            "notice": { "when": "first", "en": "{team_name}: object", "ar": "{team_name}: اعترضوا" },
            "evidence": ["D"], "source": "test", "verified": "2026-06-01",
        }, {
            "id": "AE-ONE-WAY", "channels": ["email", "sms"], "countries": ["AE"],
            "notice": { "when": "one_way", "en": "No answers", "ar": "لا ردود", "exit": true },
            "evidence": ["D"], "source": "test", "verified": "2026-06-01",
        }],
    }))
    .unwrap();
    let (book, errors) = RuleBook::assemble([&file], &std::collections::BTreeMap::new());
    assert!(errors.is_empty(), "{errors:?}");
    Arc::new(book)
}

/// What a handler was given to say besides, by contact.
type Said = Arc<std::sync::Mutex<Vec<(ContactId, String)>>>;

fn listening(
    said: &Said,
) -> impl Fn(&ReadyTouch, usize) -> Outcome + Send + Sync + 'static + use<> {
    let said = Arc::clone(said);
    move |touch, _| {
        let text = touch.with_notices("Hello\n".to_owned(), " – ");
        said.lock().unwrap().push((touch.claimed.contact.id, text));
        sent()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_message_carries_its_notice_and_no_later_one_does_however_much_later() {
    let deployment = Deployment::create().await;
    let mut template = fixture::template(Medium::Email);
    let same = template.locales[&Locale::En].clone();
    template.locales.insert(Locale::Ar, same);
    deployment.store_template(&template).await;
    let mut somebody = [fixture::person(0), fixture::person(1), fixture::person(2)];
    somebody[1].locale = Some(Locale::Ar);
    somebody[2].country = Some("JO".to_owned());
    somebody[2].time_zone = Some("Asia/Amman".to_owned());
    let people = deployment.import(&somebody).await;
    for (key, day) in [("first", 1), ("second", 60)] {
        deployment.store_plan(&fixture::plan(key, &[(day, Channel::Email)])).await;
        deployment.enrol(key, &people, monday()).await;
    }
    let said: Said = Arc::default();
    let rules = |worker: &mut Worker| worker.rules = notice_asked();
    let bench = Bench::staffed(deployment, Medium::Email, 1, rules, listening(&said));
    let of = |person: usize| -> Vec<String> {
        let said = said.lock().unwrap();
        let own = said.iter().filter(|(contact, _)| *contact == people[person]);
        own.map(|(_, text)| text.clone()).collect()
    };
    bench.publish().await;
    let first = bench.settled().await;
    assert_eq!(of(0), ["Hello – Palm Realty: object"]);
    assert_eq!(of(1), ["Hello – Palm Realty: اعترضوا"]);
    assert_eq!(of(2), ["Hello\n"], "another jurisdiction");
    let touch = first
        .iter()
        .find(|touch| touch.contact == people[0] && touch.state == TouchState::Sent)
        .unwrap();
    assert_eq!(last_detail(&bench, touch).await["notices"], serde_json::json!(["AE-FIRST"]));
    // Long after, when caps look back no more and the sends themselves are forgotten.
    let later = noon() + TimeDelta::days(60);
    assert_eq!(bench.scheduler.forget_sends(later, 100).await.unwrap(), 3);
    bench.clock.set(later);
    bench.publish().await;
    bench.all_come_to(TouchState::Sent).await;
    assert_eq!(of(0), ["Hello – Palm Realty: object", "Hello\n"]);
    assert_eq!(of(1).len(), 2);
    assert_eq!(of(1)[1], "Hello\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_from_a_name_says_each_time_that_nobody_answers_and_names_another_way() {
    let deployment = Deployment::create().await;
    deployment.store_template(&fixture::template(Medium::Sms)).await;
    let people = deployment.people(1).await;
    for key in ["first", "second"] {
        deployment.store_plan(&fixture::plan(key, &[(1, Channel::Sms)])).await;
        deployment.enrol(key, &people, monday()).await;
    }
    let said: Said = Arc::default();
    let one_way = |worker: &mut Worker| {
        worker.rules = notice_asked();
        worker.duties.sender_is_one_way = true;
    };
    let bench = Bench::staffed(deployment, Medium::Sms, 1, one_way, listening(&said));
    bench.publish().await;
    bench.all_come_to(TouchState::Sent).await;
    let said = said.lock().unwrap();
    assert_eq!(said.len(), 2);
    for (_, text) in said.iter() {
        assert!(text.starts_with("Hello – No answers https://u.example/"), "{text}");
    }
}

async fn load(deployment: &Deployment, registry: Registry, numbers: &[&str]) {
    let mut list = FullList::new(registry);
    numbers.iter().for_each(|number| list.line(number.as_bytes()));
    let now = jiff::Timestamp::from_second(noon().timestamp()).unwrap();
    let load = NewLoad {
        version_date: registry.day_of(now),
        coverage: Coverage::SubscribedAndNew,
        source_name: "test".to_owned(),
        account: None,
        actor: "test".to_owned(),
        now,
    };
    deployment.operator.load_full_list(&load, list).await.unwrap();
}

fn all_registries(worker: &mut Worker) {
    let all = Registry::ALL.to_vec();
    worker.duties.registries = RequiredRegistries { call: all.clone(), sms: all };
}

/// The reason of each touch by the number of its person; nothing for a sent one.
async fn reasons(bench: &Bench, people: &[ContactId]) -> Vec<String> {
    let touches = bench.settled().await;
    let of = |person: &ContactId| {
        let touch = touches.iter().find(|touch| touch.contact == *person).unwrap();
        touch.reason.clone().unwrap_or_default()
    };
    people.iter().map(of).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_need_the_registry_of_their_country_and_its_data() {
    let deployment = Deployment::with_one_step(Channel::Call, 3, monday()).await;
    let people = deployment.people(3).await;
    let bench = Bench::staffed(deployment, Medium::Call, 1, all_registries, |_, _| sent());
    bench.publish().await;
    let reason = "area_code_not_licensed: ae-dncr, area code 50";
    assert_eq!(reasons(&bench, &people).await, [reason; 3], "nothing is loaded");
    let deployment = Deployment::with_one_step(Channel::Call, 3, monday()).await;
    let people = deployment.people(3).await;
    load(&deployment, Registry::AeDncr, &["+971500000001"]).await;
    let bench = Bench::staffed(deployment, Medium::Call, 1, all_registries, |_, _| sent());
    bench.publish().await;
    let listed = "ae_dncr: ae-dncr, data of 2026-06-01";
    assert_eq!(reasons(&bench, &people).await, ["", listed, ""]);
    let touches = bench.touches().await;
    let touch = touches.iter().find(|touch| touch.contact == people[0]).unwrap();
    let detail = last_detail(&bench, touch).await;
    assert_eq!(detail["registry"]["verdict"], "clear");
    assert_eq!(detail["registry"]["version_date"], "2026-06-01");
    assert!(detail["registry"]["load"].is_string(), "{detail}");
}

/// Five people of San Francisco with the numbers +1415555267n.
async fn americans(deployment: &Deployment) -> Vec<ContactId> {
    let american = |n: usize| {
        let mut person = fixture::person(n);
        person.country = Some("US".to_owned());
        person.time_zone = Some("America/Los_Angeles".to_owned());
        for address in person.addresses.iter_mut().filter(|a| a.value.starts_with("+97")) {
            address.value = format!("+1415555267{n}");
            address.normalised.clone_from(&address.value);
        }
        person
    };
    let people: Vec<_> = (0..5).map(american).collect();
    let imported = deployment.operator.import_contacts(&deployment.keyer, &people).await.unwrap();
    imported
        .into_iter()
        .map(|known| match known {
            storage::contacts::Imported::Added(id) => id,
            other => panic!("{other:?}"),
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn old_data_blocks_and_what_happened_between_us_exempts_in_america() {
    let deployment = Deployment::create().await;
    deployment.store_plan(&fixture::one_step(Channel::Call)).await;
    deployment.store_template(&fixture::template(Medium::Call)).await;
    let people = americans(&deployment).await;
    deployment.enrol("one-step", &people, monday()).await;
    let all = ["4155552670", "4155552671", "4155552672", "4155552673"];
    load(&deployment, Registry::UsNational, &all).await;
    let operator = &deployment.operator;
    let ago = |days| monday() - TimeDelta::days(days);
    let inquiry = RelationshipKind::Inquiry;
    operator.add_relationship(people[1], inquiry, ago(60), "web form", "lina").await.unwrap();
    operator.add_relationship(people[2], inquiry, ago(120), "web form", "lina").await.unwrap();
    let listing = |listing, buyer| NewListing {
        listing: Some(listing),
        purpose: CallPurpose::BuyerRepresentation,
        buyer,
        evidence: "portal".to_owned(),
        actor: "lina".to_owned(),
    };
    let owner = listing(Listing::ForSaleByOwner, Some(people[0]));
    operator.add_listing(people[3], &owner).await.unwrap();
    operator.add_listing(people[4], &listing(Listing::WithdrawnOther, None)).await.unwrap();
    let bench = Bench::staffed(deployment, Medium::Call, 1, all_registries, |_, _| sent());
    bench.publish().await;
    let listed = "national_dnc: us-national, data of 2026-06-01";
    let withdrawn = "listing_withdrawn: us-national, data of 2026-06-01";
    assert_eq!(reasons(&bench, &people).await, [listed, "", listed, "", withdrawn]);
    let touches = bench.touches().await;
    let touch = touches.iter().find(|touch| touch.contact == people[1]).unwrap();
    let exempt = &last_detail(&bench, touch).await["registry"]["exempt_by"];
    assert_eq!(exempt, "relationship until 2026-07-02");
    // The data is older than 31 days for a call in July; the relationship is over, too.
    bench.deployment.store_plan(&fixture::plan("later", &[(1, Channel::Call)])).await;
    let july = NaiveDate::from_ymd_opt(2026, 7, 6).unwrap();
    bench.deployment.enrol("later", &people, july).await;
    bench.clock.set(july.and_hms_opt(20, 0, 0).unwrap().and_utc());
    bench.publish().await;
    let touches = bench.settled().await;
    let later = |person: ContactId| {
        let touch = touches.iter().filter(|touch| touch.contact == person);
        touch.max_by_key(|touch| touch.due_at).unwrap().reason.clone().unwrap_or_default()
    };
    let stale = "dnc_data_stale: us-national, data of 2026-06-01";
    assert_eq!([later(people[0]), later(people[1])], [stale, stale]);
    assert_eq!(later(people[3]), "", "an exempt call needs no registry");
}

#[tokio::test(flavor = "multi_thread")]
async fn blackouts_and_the_contacts_own_hours_narrow_the_window() {
    let deployment = Deployment::create().await;
    deployment.store_plan(&fixture::one_step(Channel::Email)).await;
    deployment.store_template(&fixture::template(Medium::Email)).await;
    let person = |n: usize, hours: Option<&str>| {
        let preferred_hours = hours.map(str::to_owned);
        storage::contacts::NewContact { preferred_hours, ..fixture::person(n) }
    };
    let people = [person(0, None), person(1, Some("15:00-17:00"))];
    deployment.operator.import_contacts(&deployment.keyer, &people).await.unwrap();
    let people = deployment.people(2).await;
    deployment.enrol("one-step", &people, monday()).await;
    let (tuesday, days) = (monday() + TimeDelta::days(1), TimeDelta::days);
    let blackout = |first, last, channel| storage::blackouts::NewBlackout {
        first_day: first,
        last_day: last,
        channel,
        reason: "mourning".to_owned(),
        actor: "lina".to_owned(),
    };
    let operator = &deployment.operator;
    let two_days = blackout(monday(), tuesday, None);
    let id = operator.add_blackout(&two_days).await.unwrap();
    let texts = blackout(monday(), monday() + days(9), Some(ContactChannel::Sms));
    operator.add_blackout(&texts).await.unwrap();
    assert!(operator.add_blackout(&blackout(tuesday, monday(), None)).await.is_err());
    let bench = Bench::staffed(deployment, Medium::Email, 1, |_| {}, |_, _| sent());
    bench.publish().await;
    let reasons_and_times = |touches: Vec<Touch>| {
        people.iter().map(move |person| {
            let touch = touches.iter().find(|touch| touch.contact == *person).unwrap();
            let spread = domain::rules::spread_of(touch.id).as_secs();
            let opening = touch.due_at - TimeDelta::seconds(spread);
            (touch.reason.clone().unwrap_or_default(), opening.to_string())
        })
    };
    let found: Vec<_> = reasons_and_times(bench.settled().await).collect();
    let closed = |reason: &str, until: &str| (reason.to_owned(), until.to_owned());
    let own = "outside_window: blackout: mourning, the contact's own 15:00-17:00";
    let expected = [
        closed("outside_window: blackout: mourning", "2026-06-03 04:00:00 UTC"),
        closed(own, "2026-06-03 11:00:00 UTC"),
    ];
    assert_eq!(found, expected);
    assert!(bench.deployment.operator.remove_blackout(id, "lina", "over").await.unwrap());
    assert!(!bench.deployment.operator.remove_blackout(id, "lina", "over").await.unwrap());
    bench.clock.set("2026-06-03T11:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::hours(1));
    bench.publish().await;
    bench.all_come_to(TouchState::Sent).await;
}
