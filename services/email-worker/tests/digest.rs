//! The morning's email: to whom, when, once, and how it reads. Against a real PostgreSQL and an SMTP
//! server that keeps what it is given.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use chrono::{DateTime, NaiveDate, Utc};
use domain::access::UserRole;
use domain::suppression::{Origin, SuppressionReason};
use domain::{AddressKind, Channel, ContactChannel, Locale, TaskId, UserId};
use email_worker::digest::Digests;
use email_worker::mailer::{LimitSettings, Mailer, Timeouts};
use email_worker::message::parse_mailbox;
use email_worker::settings::Relay;
use email_worker::{EmailOutbox, Outlet};
use mail_parser::MessageParser;
use storage::Role;
use storage::contacts::{NewAgent, NewContact};
use storage::outcomes::{AttemptRecord, NewTask};
use storage::suppressions::{NewSuppression, Target};
use storage::users::NewUser;
use testkit::fixture::{ADDRESS_SECRET, Deployment, person, plan, template};
use testkit::{Fault, SmtpSink, Stage};

const MAYA: &str = "maya@palm-realty.ae";
const JONAS: &str = "jonas@palm-realty.ae";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A team at its desks: agents with tasks, and a relay.
struct Office {
    deployment: Deployment,
    smtp: SmtpSink,
}

impl Office {
    async fn open() -> Self {
        let deployment = Deployment::create().await;
        deployment.store_template(&template(domain::Medium::Call)).await;
        Self { deployment, smtp: SmtpSink::start().await }
    }

    /// An agent who signs in.
    async fn agent(&self, email: &str, name: &str, locale: Locale, zone: Option<&str>) -> UserId {
        let agent = NewAgent {
            name: name.to_owned(),
            email: email.to_owned(),
            phone: String::new(),
            locale,
            time_zone: zone.map(str::to_owned),
        };
        self.deployment.operator.store_agents(&[agent]).await.unwrap();
        let user = NewUser {
            email: email.to_owned(),
            full_name: name.to_owned(),
            roles: vec![UserRole::Agent],
            agent_email: Some(email.to_owned()),
            locale,
            actor: "test".to_owned(),
        };
        let console = self.deployment.connect(Role::Console);
        console.add_user(&user).await.unwrap().unwrap()
    }

    /// A call with each of these people, due on a day.
    async fn calls(&self, key: &str, owner: &str, names: &[&str], day: &str) {
        let day: NaiveDate = day.parse().unwrap();
        let deployment = &self.deployment;
        let first = key.bytes().map(usize::from).sum::<usize>() * 100;
        let people: Vec<NewContact> = names
            .iter()
            .enumerate()
            .map(|(n, name)| NewContact {
                first_name: (*name).to_owned(),
                owner_email: Some(owner.to_owned()),
                ..person(first + n)
            })
            .collect();
        let contacts = deployment.import(&people).await;
        deployment.store_plan(&plan(key, &[(1, Channel::Call)])).await;
        deployment.enrol(key, &contacts, "2026-01-01".parse().unwrap()).await;
        let now = at("2026-01-05T12:00:00Z");
        let scheduler = deployment.connect(Role::Scheduler);
        let batch = scheduler.claim_due(now, 1000).await.unwrap();
        let hints: Vec<_> =
            batch.commit(&[], &[]).await.unwrap().into_iter().map(|one| one.hint).collect();
        let worker = deployment.connect(Role::CallWorker);
        let lease = std::time::Duration::from_secs(60);
        let claimed = worker.claim(&hints, "w1", lease, now).await.unwrap();
        assert_eq!(claimed.len(), names.len());
        let records: Vec<AttemptRecord> = claimed
            .iter()
            .map(|touch| AttemptRecord {
                touch: touch.id,
                due_month: touch.due_month,
                attempt: touch.attempt,
                state: domain::TouchState::Sent,
                reason: None,
                provider_ref: None,
                decided_at: now,
                next_due: None,
                failed: false,
                template: None,
                detail: None,
                task: Some(NewTask {
                    id: TaskId::new(),
                    contact: touch.contact.id,
                    owner: touch.owner.as_ref().map(|owner| owner.id),
                    channel: Channel::Call,
                    title: "Call".to_owned(),
                    script: "Say hello.".to_owned(),
                    due_on: day,
                    due_at: touch.due_at,
                }),
            })
            .collect();
        worker.record_with_tasks(&records, "w1").await.unwrap();
    }

    fn worker(&self, name: &str) -> Digests {
        let relay = Relay::parse(&self.smtp.url().as_str().into(), "mail.palm.example").unwrap();
        let (second, limits) = (
            std::time::Duration::from_secs(5),
            LimitSettings {
                concurrency: 8,
                per_destination_concurrency: 8,
                per_second: 0.0,
                per_destination_per_second: 0.0,
            },
        );
        let timeouts = Timeouts { connect: second, command: second, data: second, idle: second };
        self.worker_with(name, Outlet::Relay(Mailer::new(&relay, timeouts, limits, 100).unwrap()))
    }

    fn worker_with(&self, name: &str, outlet: Outlet) -> Digests {
        Digests {
            database: self.deployment.connect(Role::EmailWorker),
            keyer: domain::AddressKeyer::new(ADDRESS_SECRET),
            outlet,
            signer: None,
            from: parse_mailbox("Palm Realty <hello@palm.example>", "sender").unwrap(),
            team: "Palm Realty".to_owned(),
            default_zone: "Asia/Dubai".to_owned(),
            console_url: "https://console.palm.example".to_owned(),
            name: name.to_owned(),
        }
    }

    /// To whom mail went since the last look.
    fn recipients(&self) -> Vec<String> {
        let mut all: Vec<String> =
            self.smtp.accepted().into_iter().flat_map(|mail| mail.recipients).collect();
        self.smtp.log().clear();
        all.sort();
        all
    }
}

#[tokio::test]
async fn each_agent_gets_one_at_seven_by_the_own_clock_and_none_at_three() {
    let office = Office::open().await;
    office.agent(MAYA, "Maya", Locale::En, Some("Asia/Dubai")).await;
    office.agent(JONAS, "Jonas", Locale::En, Some("Europe/Berlin")).await;
    // The day the clocks go forward in Berlin.
    office.calls("a", MAYA, &["Sara"], "2026-03-28").await;
    office.calls("b", JONAS, &["Omar"], "2026-03-29").await;
    let worker = office.worker("w1");
    for (now, expected) in [
        ("2026-03-29T02:59:00Z", &[][..]),
        ("2026-03-29T03:00:00Z", &[MAYA][..]),
        ("2026-03-29T03:30:00Z", &[][..]),
        // 06:59 in summer time; in winter time it would be 05:59.
        ("2026-03-29T04:59:00Z", &[][..]),
        ("2026-03-29T05:00:00Z", &[JONAS][..]),
        ("2026-03-29T11:00:00Z", &[][..]),
        // What was missed in the morning is not caught up in the afternoon.
        ("2026-03-30T11:00:00Z", &[][..]),
        // The next day both have it still overdue, also when the worker was away until nine.
        ("2026-03-31T04:00:00Z", &[MAYA][..]),
        ("2026-03-31T07:30:00Z", &[JONAS][..]),
    ] {
        worker.turn(at(now)).await.unwrap();
        assert_eq!(office.recipients(), expected, "{now}");
    }
}

#[tokio::test]
async fn many_processes_and_restarts_send_one() {
    let office = Office::open().await;
    for n in 0..8 {
        let email = format!("agent{n}@palm-realty.ae");
        office.agent(&email, "Agent", Locale::En, None).await;
        office.calls(&format!("p{n}"), &email, &["Sara"], "2026-06-01").await;
    }
    let workers: Vec<Digests> = (0..4).map(|n| office.worker(&format!("w{n}"))).collect();
    let now = at("2026-06-01T03:05:00Z");
    let [a, b, c, d] = workers.as_slice() else { panic!() };
    let turns = tokio::join!(a.turn(now), b.turn(now), c.turn(now), d.turn(now));
    let sent: usize = [turns.0, turns.1, turns.2, turns.3].into_iter().map(Result::unwrap).sum();
    assert_eq!(sent, 8);
    let again = office.worker("started later");
    assert_eq!(again.turn(now).await.unwrap(), 0);
    let recipients = office.recipients();
    let expected: Vec<String> = (0..8).map(|n| format!("agent{n}@palm-realty.ae")).collect();
    assert_eq!(recipients, expected);
}

#[tokio::test]
async fn a_claim_of_a_dead_process_is_taken_over_and_one_that_was_begun_is_not() {
    let office = Office::open().await;
    for (email, key) in [(MAYA, "a"), (JONAS, "b")] {
        let user = office.agent(email, "Agent", Locale::En, None).await;
        office.calls(key, email, &["Sara"], "2026-06-01").await;
        // A process that died after its claim, and, for the other, after it had begun.
        let state = if email == MAYA { "claimed" } else { "sending" };
        let row = format!(
            "INSERT INTO digests (user_id, local_day, state, holder, free_at)
             VALUES ('{user}', '2026-06-01', '{state}', 'dead', clock_timestamp() + interval '1 hour')"
        );
        office.deployment.tamper(&row).await;
    }
    let (worker, now) = (office.worker("w1"), at("2026-06-01T04:00:00Z"));
    assert_eq!(worker.turn(now).await.unwrap(), 0, "the claims are in force");
    office.deployment.tamper("UPDATE digests SET free_at = clock_timestamp()").await;
    worker.turn(now).await.unwrap();
    assert_eq!(office.recipients(), [MAYA]);
}

#[tokio::test]
async fn who_has_nothing_to_do_wants_none_or_is_gone_gets_none() {
    let office = Office::open().await;
    let idle = "idle@palm-realty.ae";
    office.agent(idle, "Idle", Locale::En, None).await;
    office.calls("later", idle, &["Sara"], "2026-06-02").await;
    let quiet = office.agent("quiet@palm-realty.ae", "Quiet", Locale::En, None).await;
    office.calls("q", "quiet@palm-realty.ae", &["Sara"], "2026-06-01").await;
    office.deployment.connect(Role::Console).wish_digest(quiet, false).await.unwrap();
    office.agent("gone@palm-realty.ae", "Gone", Locale::En, None).await;
    office.calls("g", "gone@palm-realty.ae", &["Sara"], "2026-06-01").await;
    office.agent("auditor@palm-realty.ae", "Auditor", Locale::En, None).await;
    office.calls("au", "auditor@palm-realty.ae", &["Sara"], "2026-06-01").await;
    let gone = "UPDATE users SET disabled_at = now() WHERE email = 'gone@palm-realty.ae'";
    let auditor = "UPDATE users SET roles = '{auditor}' WHERE email = 'auditor@palm-realty.ae'";
    // Of a sample team: the domain is kept for examples, so the relay is not asked.
    office.agent("sample@palm.example", "Sample", Locale::En, None).await;
    office.calls("s", "sample@palm.example", &["Sara"], "2026-06-01").await;
    office.deployment.tamper(gone).await;
    office.deployment.tamper(auditor).await;
    let worker = office.worker("w1");
    assert_eq!(worker.turn(at("2026-06-01T04:00:00Z")).await.unwrap(), 0);
    assert!(office.recipients().is_empty());
    // With something to do they would have.
    assert_eq!(worker.turn(at("2026-06-02T04:00:00Z")).await.unwrap(), 1);
    assert_eq!(office.recipients(), [idle]);
}

#[tokio::test]
async fn the_list_stops_it_where_an_entry_stops_every_purpose_and_not_where_marketing() {
    let office = Office::open().await;
    let keyer = domain::AddressKeyer::new(ADDRESS_SECRET);
    for (n, (email, reason)) in [
        ("unsubscribed@palm-realty.ae", SuppressionReason::OneClick),
        ("bounced@palm-realty.ae", SuppressionReason::HardBounce),
        ("complained@palm-realty.ae", SuppressionReason::Complaint),
    ]
    .into_iter()
    .enumerate()
    {
        office.agent(email, "Agent", Locale::En, None).await;
        office.calls(&format!("k{n}"), email, &["Sara"], "2026-06-01").await;
        let entry = NewSuppression {
            target: Target::Address {
                key: keyer.key(AddressKind::Email, email),
                channel: ContactChannel::Email,
                domain: None,
            },
            reason,
            origin: Origin::System,
            actor: "test".to_owned(),
            evidence: None,
            touch: None,
            received_at: None,
        };
        office.deployment.operator.suppress_now(&entry).await.unwrap();
    }
    office.worker("w1").turn(at("2026-06-01T04:00:00Z")).await.unwrap();
    assert_eq!(office.recipients(), ["unsubscribed@palm-realty.ae"]);
}

#[tokio::test]
async fn later_is_tried_again_in_the_same_morning_and_a_refusal_is_shown() {
    let office = Office::open().await;
    let maya = office.agent(MAYA, "Maya", Locale::En, None).await;
    let jonas = office.agent(JONAS, "Jonas", Locale::En, None).await;
    for (key, email) in [("a", MAYA), ("b", JONAS)] {
        office.calls(key, email, &["Sara"], "2026-06-01").await;
    }
    for (text, recipient) in [("451 4.7.1 greylisted", MAYA), ("550 5.1.1 unknown", JONAS)] {
        office.smtp.script(Fault::reply(Stage::Recipient, text).for_recipient(recipient));
    }
    let (worker, now) = (office.worker("w1"), at("2026-06-01T04:00:00Z"));
    assert_eq!(worker.turn(now).await.unwrap(), 0);
    office.smtp.heal();
    assert_eq!(worker.turn(now).await.unwrap(), 0, "it waits");
    office.deployment.tamper("UPDATE digests SET free_at = clock_timestamp()").await;
    assert_eq!(worker.turn(now).await.unwrap(), 1);
    assert_eq!(office.recipients(), [MAYA]);
    let console = office.deployment.connect(Role::Console);
    for (user, state) in [(maya, "sent"), (jonas, "failed")] {
        let (wanted, last) = console.digest_wish(user).await.unwrap();
        assert_eq!((wanted, last.unwrap().state.as_str()), (true, state));
    }
}

#[tokio::test]
async fn it_reads_well_in_both_languages_and_escapes_names() {
    let office = Office::open().await;
    office.agent(MAYA, "Maya Rahal", Locale::En, None).await;
    let karim = "karim@palm-realty.ae";
    office.agent(karim, "كريم سليمان", Locale::Ar, None).await;
    let probe = "<b>Sara</b>";
    office.calls("a", MAYA, &[probe, "Omar"], "2026-06-01").await;
    let names: Vec<&str> = std::iter::repeat_n("نورة", 14).collect();
    office.calls("b", karim, &names, "2026-06-01").await;
    office.calls("c", karim, &["ليلى", "خالد"], "2026-05-20").await;
    office.worker("w1").turn(at("2026-06-01T04:00:00Z")).await.unwrap();
    let mut mails = office.smtp.accepted();
    mails.sort_by_key(|mail| mail.recipients.clone());
    let bodies: Vec<_> = mails.iter().map(|mail| mail.body.clone().unwrap()).collect();
    let parser = MessageParser::default();
    let [arabic, english] = [&bodies[0], &bodies[1]].map(|body| parser.parse(body).unwrap());
    assert_eq!(english.subject(), Some("Due today: 2"));
    assert_eq!(arabic.subject(), Some("مهام اليوم: 14، مهام متأخرة: 2"));
    for (mail, body) in [(&arabic, &bodies[0]), (&english, &bodies[1])] {
        assert!(String::from_utf8_lossy(body).contains("\r\nAuto-Submitted: auto-generated\r\n"));
        let (text, html) = (mail.body_text(0).unwrap(), mail.body_html(0).unwrap());
        for part in [&text, &html] {
            assert!(part.contains("https://console.palm.example/tasks"), "{part}");
            assert!(part.contains("https://console.palm.example/account"), "{part}");
        }
    }
    let (text, html) = (english.body_text(0).unwrap(), english.body_html(0).unwrap());
    assert!(text.contains("- Call: <b>Sara</b>") && text.contains("- Call: Omar"), "{text}");
    assert!(html.contains("&lt;b&gt;Sara") && !html.contains(probe), "{html}");
    assert!(!html.contains("Overdue"), "{html}");
    let (text, html) = (arabic.body_text(0).unwrap(), arabic.body_html(0).unwrap());
    assert!(html.contains("<html lang=\"ar\" dir=\"rtl\">"), "{html}");
    // The overdue ones first; ten are named, six more are counted.
    let first = text.find("- مكالمة: ليلى").unwrap();
    assert!(first < text.find("- مكالمة: نورة").unwrap(), "{text}");
    assert!(text.contains("ومهام أخرى: 6"), "{text}");
    // Written out for whoever wants to look at it.
    if let Some(folder) = std::env::var_os("TOUCHLINE_TEST_DIGESTS") {
        for (name, page) in [("ar", html), ("en", english.body_html(0).unwrap())] {
            std::fs::write(Path::new(&folder).join(format!("digest-{name}.html")), &*page).unwrap();
        }
    }
}

#[tokio::test]
async fn without_a_relay_it_is_a_file_in_the_outbox() {
    let office = Office::open().await;
    let user = office.agent("maya@palm.example", "Maya", Locale::En, None).await;
    office.calls("a", "maya@palm.example", &["Sara"], "2026-06-01").await;
    let folder = tempfile::tempdir().unwrap();
    let outbox = Outlet::Folder(EmailOutbox::create(folder.path()).unwrap());
    let worker = office.worker_with("w1", outbox);
    assert_eq!(worker.turn(at("2026-06-01T04:00:00Z")).await.unwrap(), 1);
    let file = folder.path().join(format!("digest-2026-06-01-{user}.eml"));
    assert!(std::fs::read_to_string(file).unwrap().contains("Due today: 1"));
}
