//! Officers, operators, marketers and agents at their work, in both languages, while the fleet sends.

use std::time::Duration;

use domain::access::UserRole;
use domain::{Channel, Locale, Medium};
use jiff::civil::time;
use serde_json::{Value, json};
use storage::Role;
use templates::Partials;
use testkit::fixture;
use testkit::smtp_sink::Action;
use testkit::{Fault, SmtpSink, Stage};

use crate::rig::{Fleet, play, play_with};

/// Longer than an officer waits for what is under way, and shorter than a relay may take.
const SLOW: Duration = Duration::from_secs(15);

/// Of touches of contacts from a source.
fn touches_of(source: &str, what: &str) -> String {
    format!(
        "SELECT count(*) FROM touches t JOIN contacts c ON c.id = t.contact_id
          WHERE c.source = '{source}' AND {what}"
    )
}

/// Contacts at a domain of their own, one per name, with the domain as source.
async fn import(fleet: &Fleet, domain: &str, names: &[&str]) {
    let rows: String = names
        .iter()
        .enumerate()
        .map(|(n, name)| format!("{name},p{n}@{domain},AE,Asia/Dubai,{domain}\n"))
        .collect();
    fleet.import(&format!("name,email,country,time zone,source\n{rows}")).await;
}

/// A plan of emails or calls whose steps are due soon after midnight.
async fn store_plan(fleet: &Fleet, key: &str, steps: &[(u16, Channel)]) {
    let database = fleet.database(Role::Operator);
    for medium in [Medium::Email, Medium::Call] {
        let mut source = fixture::template(medium);
        if medium == Medium::Call {
            source.key = "call".to_owned();
        }
        let compiled = templates::compile(&source, &Partials::new()).unwrap();
        database.store_template(&source, &compiled).await.unwrap();
    }
    let mut plan = fixture::plan(key, steps);
    for step in &mut plan.steps {
        step.at = Some(time(0, 1, 0, 0));
        if step.channel == Channel::Call {
            step.template = "call".to_owned();
        }
    }
    database.store_plan(&plan).await.unwrap();
    database.close().await;
}

fn sent_to(sink: &SmtpSink, recipient: &str) -> usize {
    sink.accepted().iter().filter(|mail| mail.recipients.iter().any(|to| to == recipient)).count()
}

#[tokio::test]
async fn an_officer_reads_what_was_under_way_and_after_it_nothing_leaves() {
    let sink = SmtpSink::start().await;
    let Some(fleet) = Fleet::sending_to(&sink).await else { return };
    let steps = [(1, Channel::Email), (2, Channel::Email), (3, Channel::Email)];
    store_plan(&fleet, "slow", &steps).await;
    let stopped = [("en", "Sara Haddad"), ("ar", "سارة حداد")];
    for (language, name) in stopped {
        import(&fleet, &format!("{language}.example"), &[name]).await;
        let slowly = Fault::at(Stage::Dot, Action::Usual).delay(SLOW).times(1);
        sink.script(slowly.for_recipient(&format!("@{language}.example")));
    }
    import(&fleet, "others.example", &["Omar Nasser"]).await;
    let mut english = fleet.somebody("Lina Khoury", UserRole::Compliance, Locale::En).await;
    let mut arabic = fleet.somebody("سالم الحربي", UserRole::Compliance, Locale::Ar).await;
    english["name"] = stopped[0].1.into();
    arabic["name"] = stopped[1].1.into();
    let answer = async |asked: Value| {
        if let Some(language) = asked["under_way"].as_str() {
            let source = format!("{language}.example");
            fleet.command(&["enrol", "slow", "--source", &source]).await;
            let in_hand = "t.id IN (SELECT touch_id FROM inflight)";
            fleet.becomes(&touches_of(&source, in_hand), 1).await;
        } else {
            // Somebody else gets everything, so there was time for it.
            fleet.command(&["enrol", "slow", "--source", "others.example"]).await;
            fleet.becomes(&touches_of("others.example", "t.state = 'sent'"), 3).await;
        }
        Value::Null
    };
    play_with("running", &json!({ "officers": [english, arabic] }), answer).await;
    for (language, _) in stopped {
        let source = format!("{language}.example");
        assert_eq!(sent_to(&sink, &format!("p0@{source}")), 1, "only what was under way");
        fleet.becomes(&touches_of(&source, "t.state = 'sent'"), 1).await;
        let open = touches_of(&source, "t.state IN ('scheduled', 'queued', 'sending')");
        assert_eq!(fleet.count(&open).await, 0);
    }
    assert_eq!(sent_to(&sink, "p0@others.example"), 3);
    let entries = "SELECT count(*) FROM suppressions WHERE reason = 'voice_request'
                      AND scope = 'person' AND origin = 'recipient'";
    assert_eq!(fleet.count(entries).await, 2);
    fleet.stop().await;
}

/// What happens around an operator's work.
async fn around(fleet: &Fleet, sink: &SmtpSink, language: &str, step: &str) {
    let [waits, refused, doubted] =
        ["waits", "refused", "doubted"].map(|what| format!("{language}-{what}.example"));
    let sends = async |source: &str| fleet.command(&["enrol", "note", "--source", source]).await;
    let sent = |source: &str| touches_of(source, "t.state = 'sent'");
    let is_held_up = "t.state <> 'sent' AND EXISTS (SELECT FROM touch_events e
                       WHERE e.touch_id = t.id AND e.reason LIKE 'paused%')";
    match step {
        "paused" => {
            sends(&waits).await;
            fleet.becomes(&touches_of(&waits, is_held_up), 3).await;
            assert_eq!(sent_to(sink, &format!("p0@{waits}")), 0, "nothing leaves");
        }
        "lifted" => {
            fleet.becomes(&sent(&waits), 3).await;
            assert_eq!(sent_to(sink, &format!("p0@{waits}")), 1);
        }
        "refused" => {
            let no = Fault::reply(Stage::Recipient, "554 5.7.1 your address is listed");
            sink.script(no.for_recipient(&format!("@{refused}")));
            sends(&refused).await;
            fleet.becomes(&touches_of(&refused, "t.state = 'failed'"), 3).await;
        }
        "healed" => sink.heal(),
        "replayed" => {
            fleet.becomes(&sent(&refused), 3).await;
            assert_eq!(sent_to(sink, &format!("p2@{refused}")), 1);
        }
        "in_doubt" => {
            let silence = Fault::at(Stage::Dot, Action::AcceptThenClose);
            sink.script(silence.for_recipient(&format!("@{doubted}")));
            sends(&doubted).await;
            // Unknown first, and held for a person as soon as somebody sweeps.
            let waits = "t.state IN ('unknown', 'held') AND t.doubts = 1";
            fleet.becomes(&touches_of(&doubted, waits), 2).await;
            sink.heal();
        }
        "resolved" => {
            let cancelled = i64::from(language == "ar");
            fleet.becomes(&sent(&doubted), 2 - cancelled).await;
            let given_up = touches_of(&doubted, "t.state = 'cancelled'");
            assert_eq!(fleet.count(&given_up).await, cancelled);
            let copies: usize = (0..2).map(|n| sent_to(sink, &format!("p{n}@{doubted}"))).sum();
            // One of two was sent again in English; in Arabic none.
            assert_eq!(copies, if language == "en" { 3 } else { 2 });
        }
        other => panic!("{other} is nothing that happens"),
    }
}

#[tokio::test]
async fn an_operator_pauses_resumes_replays_and_resolves() {
    let sink = SmtpSink::start().await;
    let Some(fleet) = Fleet::sending_to(&sink).await else { return };
    store_plan(&fleet, "note", &[(1, Channel::Email)]).await;
    for language in ["en", "ar"] {
        for (what, names) in [
            ("waits", &["Omar Nasser", "Reem Saleh", "Ali Aziz"][..]),
            ("refused", &["Dana Khoury", "Tariq Farouk", "Huda Qasim"]),
            ("doubted", &["Noura Saleh", "Yusuf Rahman"]),
        ] {
            import(&fleet, &format!("{language}-{what}.example"), names).await;
        }
    }
    let mut english = fleet.somebody("Omar Aziz", UserRole::Operator, Locale::En).await;
    let mut arabic = fleet.somebody("عمر عزيز", UserRole::Operator, Locale::Ar).await;
    (english["second"], english["decided"]) = ("resume".into(), 3.into());
    (arabic["second"], arabic["decided"]) = ("cancel".into(), 6.into());
    let answer = async |asked: Value| {
        let (language, step) = (asked["language"].as_str(), asked["step"].as_str());
        around(&fleet, &sink, language.unwrap(), step.unwrap()).await;
        Value::Null
    };
    play_with("operator", &json!({ "operators": [english, arabic] }), answer).await;
    let lifted = "SELECT count(*) FROM pauses WHERE scope = 'channel' AND lifted_at IS NOT NULL
                     AND lifted_by LIKE 'operator.%'";
    assert_eq!(fleet.count(lifted).await, 2);
    let decided = "SELECT sum(touches)::bigint FROM touch_decisions WHERE actor LIKE 'operator.%'";
    assert_eq!(fleet.count(decided).await, 10);
    fleet.stop().await;
}

#[tokio::test]
async fn a_step_added_to_a_plan_is_what_somebody_will_get() {
    let sink = SmtpSink::start().await;
    let Some(fleet) = Fleet::sending_to(&sink).await else { return };
    for language in ["en", "ar"] {
        // So late that nothing of it is sent meanwhile.
        let steps = [(20, Channel::Email), (25, Channel::Call)];
        store_plan(&fleet, &format!("welcome-{language}"), &steps).await;
    }
    import(&fleet, "en.example", &["Sara Haddad"]).await;
    import(&fleet, "ar.example", &["سارة حداد"]).await;
    let mut english = fleet.somebody("Dina Farouk", UserRole::Marketer, Locale::En).await;
    let mut arabic = fleet.somebody("دينا فاروق", UserRole::Marketer, Locale::Ar).await;
    for (marketer, contact, purpose) in [
        (&mut english, "Sara Haddad", "Invite to the harbour tour"),
        (&mut arabic, "سارة حداد", "دعوة إلى جولة في الميناء"),
    ] {
        let language = marketer["language"].as_str().unwrap().to_owned();
        marketer["plan"] = format!("welcome-{language}").into();
        marketer["source"] = format!("{language}.example").into();
        (marketer["contact"], marketer["purpose"]) = (contact.into(), purpose.into());
    }
    let job = json!({ "marketers": [english, arabic] });
    play("planner", &job).await;
    let second =
        "SELECT count(*) FROM enrolments e JOIN plan_versions v ON v.id = e.plan_version_id
                   WHERE v.version = 2";
    assert_eq!(fleet.count(second).await, 2);
    fleet.stop().await;
}

/// What the database says of a task an agent has worked.
async fn is_so(fleet: &Fleet, agent: &str, one: &Value) {
    let task = one["task"].as_str().unwrap();
    let event = format!("FROM task_events WHERE task_id = '{task}' AND actor = '{agent}'");
    let (query, wanted) = match (one["outcome"].as_str(), one["later"].as_str()) {
        (Some(outcome), _) => (
            format!(
                "SELECT count(*) {event} AND action = 'done' AND outcome = '{outcome}'
                    AND note IS NOT NULL AND EXISTS
                        (SELECT FROM tasks WHERE id = '{task}' AND state <> 'open')"
            ),
            1,
        ),
        (None, Some(_)) => {
            (format!("SELECT count(*) {event} AND action = 'snoozed' AND to_day > from_day"), 1)
        }
        (None, None) => (format!("SELECT count(*) {event} AND action = 'undone'"), 1),
    };
    assert_eq!(fleet.count(&query).await, wanted, "{one}: {query}");
    if one["outcome"] == "refused" {
        let listed = format!(
            "SELECT count(*) FROM suppression_events WHERE action = 'suppress'
                AND reason = 'voice_request' AND actor = '{agent}' AND channel = 'call'
                AND evidence = 'said to the agent, task {task}'"
        );
        assert_eq!(fleet.count(&listed).await, 1, "the number is on the list");
    }
}

#[tokio::test]
async fn two_agents_work_ten_tasks_each_on_their_phones() {
    let Some(fleet) = Fleet::demonstration().await else { return };
    // The story is over: no task comes or goes while they work.
    let quiet = "SELECT count(*) FROM touches t WHERE t.due_at < now() AND t.state IN ('queued', 'sending')";
    fleet.becomes(quiet, 0).await;
    let agents = json!([
        { "name": "Maya Rahal", "email": "maya@palm-realty.example", "language": "en",
          "note": "asked about the marina" },
        { "name": "كريم سليمان", "email": "karim@palm-realty.example", "language": "ar",
          "note": "سأل عن العليا" },
    ]);
    let mut worked = 0;
    let answer = async |asked: Value| {
        for one in asked["worked"].as_array().unwrap() {
            is_so(&fleet, asked["agent"].as_str().unwrap(), one).await;
            worked += 1;
        }
        Value::Null
    };
    play_with("agents", &json!({ "link": fleet.link(), "agents": agents }), answer).await;
    assert!(worked >= 20, "{worked} tasks");
    fleet.stop().await;
}
