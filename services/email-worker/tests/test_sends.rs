//! A test to oneself, through the pipeline: against a real PostgreSQL and an SMTP server that keeps what
//! it is given.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use domain::access::UserRole;
use domain::pause::PauseScope;
use domain::suppression::{Origin, SuppressionReason};
use domain::test_send::TestState;
use domain::token::{TestToken, TokenKeys, UnsubscribeToken};
use domain::{
    AddressKeyer, AddressKind, Clock, ContactChannel, ContactId, Locale, Medium, TestSendId, UserId,
};
use email_worker::mailer::{LimitSettings, Mailer, Timeouts};
use email_worker::settings::{Relay, Settings};
use email_worker::{EmailHandler, EmailOutbox, Outlet};
use mail_parser::{Message, MessageParser};
use storage::pauses::NewPause;
use storage::suppressions::{NewSuppression, Target};
use storage::test_sends::NewTest;
use storage::users::NewUser;
use storage::{Database, Role};
use templates::{Compiled, Partials, Renderer, Source};
use testkit::fixture::{ADDRESS_SECRET, Deployment, template};
use testkit::smtp_sink::Action;
use testkit::{Fault, SmtpSink, Stage};
use worker::test_sends::TestSends;
use worker::{Links, Team};

const MAYA: &str = "maya@palm-realty.ae";

fn keys() -> TokenKeys {
    TokenKeys::new("k1", b"token-test-secret")
}

fn team() -> Team {
    Team {
        name: "Palm Realty".to_owned(),
        postal_address: "1 Palm Street, Dubai".to_owned(),
        phone: "+97140000000".to_owned(),
        reply_to: "team@palm.example".to_owned(),
        default_region: "AE".to_owned(),
        default_time_zone: "Asia/Dubai".to_owned(),
        default_locale: Locale::En,
    }
}

/// A marketer, a contact and a relay.
struct Desk {
    deployment: Deployment,
    console: Database,
    smtp: SmtpSink,
    user: UserId,
    contact: ContactId,
}

impl Desk {
    async fn open() -> Self {
        let deployment = Deployment::create().await;
        let console = deployment.connect(Role::Console);
        let new = NewUser {
            email: MAYA.to_owned(),
            full_name: "Maya Haddad".to_owned(),
            roles: vec![UserRole::Marketer],
            agent_email: None,
            locale: Locale::En,
            actor: "test".to_owned(),
        };
        let user = console.add_user(&new).await.unwrap().unwrap();
        let contact = deployment.people(1).await[0];
        Self { deployment, console, smtp: SmtpSink::start().await, user, contact }
    }

    async fn ask(&self, compiled: &Compiled, locale: Locale) -> TestSendId {
        let (user, contact) = (self.user, Some(self.contact));
        let new = NewTest { user, actor: MAYA, compiled, version: None, contact, locale };
        self.console.ask_test(&new, 20).await.unwrap().unwrap()
    }

    fn relay(&self) -> Outlet {
        let relay = Relay::parse(&self.smtp.url().as_str().into(), "mail.palm.example").unwrap();
        let second = std::time::Duration::from_secs(5);
        let timeouts = Timeouts { connect: second, command: second, data: second, idle: second };
        let limits = LimitSettings {
            concurrency: 8,
            per_destination_concurrency: 8,
            per_second: 0.0,
            per_destination_per_second: 0.0,
        };
        Outlet::Relay(Mailer::new(&relay, timeouts, limits, 100).unwrap())
    }

    fn worker(&self, outlet: Outlet) -> TestSends {
        let loaded = bootstrap::settings::Loaded::from_sources(None, Vec::new()).unwrap();
        let settings: Settings = loaded.section("email").unwrap();
        let settings = Settings { from: "Palm Realty <hello@palm.example>".to_owned(), ..settings };
        let database = self.deployment.connect(Role::EmailWorker);
        let handler = EmailHandler::new(outlet, None, &settings, keys(), database.clone()).unwrap();
        TestSends {
            database,
            handler: Arc::new(handler),
            team: team(),
            keyer: AddressKeyer::new(ADDRESS_SECRET),
            tokens: keys(),
            public_url: "https://u.palm.example".to_owned(),
            sender_domain: Some("palm.example".to_owned()),
            clock: Clock::system(),
            name: "w1".to_owned(),
        }
    }

    /// What became of the newest.
    async fn end(&self) -> (TestState, String) {
        let rows = self.console.tests_of(self.user, "note").await.unwrap();
        (rows[0].state, rows[0].answer.clone().unwrap_or_default())
    }
}

fn source() -> Source {
    let mut source = template(Medium::Email);
    let english = source.locales[&Locale::En].clone();
    source.locales.insert(Locale::Ar, english);
    source
}

fn compiled() -> Compiled {
    templates::compile(&source(), &Partials::new()).unwrap()
}

fn header<'m>(mail: &'m Message<'_>, name: &'m str) -> &'m str {
    mail.header_raw(name).map_or("", str::trim)
}

#[tokio::test]
async fn what_arrives_has_the_parts_of_the_preview_and_says_that_it_is_a_test() {
    let desk = Desk::open().await;
    let worker = desk.worker(desk.relay());
    for (locale, mark) in [(Locale::En, "[Test] "), (Locale::Ar, "[تجربة] ")] {
        let id = desk.ask(&compiled(), locale).await;
        assert!(worker.turn().await.unwrap());
        let mail = desk.smtp.accepted().pop().unwrap();
        assert_eq!(
            (mail.recipients.as_slice(), mail.sender.as_str()),
            (&[MAYA.to_owned()][..], "hello@palm.example")
        );
        assert!(mail.touch_headers.is_empty(), "it is no touch: {:?}", mail.touch_headers);
        let body = mail.body.unwrap();
        let mail = MessageParser::default().parse(&*body).unwrap();
        assert_eq!(header(&mail, "X-Touchline-Test"), id.to_string());

        // The link can be used, and names nobody who could be taken off.
        let unsubscribe = header(&mail, "List-Unsubscribe");
        let url = unsubscribe.trim_start_matches('<').trim_end_matches('>').to_owned();
        assert_eq!(header(&mail, "List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
        let token = url.strip_prefix("https://u.palm.example/u/").unwrap();
        let token = token.split('?').next().unwrap();
        assert_eq!(TestToken::decode(&keys(), token).unwrap().0, id);
        UnsubscribeToken::decode(&keys(), token).unwrap_err();

        // As the preview renders it, with this link.
        let (facts, owner) = desk.console.contact_facts(desk.contact).await.unwrap().unwrap();
        let fields = {
            let links = Links { unsubscribe: &url, images: "https://u.palm.example/i" };
            team().fields(&facts, owner.as_ref(), links)
        };
        let shown = Renderer::new(&compiled()).unwrap().email(locale, &fields).unwrap();
        let subject = mail.subject().unwrap().strip_prefix(mark).unwrap();
        assert_eq!(subject, shown.subject);
        for (arrived, shown) in [(mail.body_text(0), shown.text), (mail.body_html(0), shown.html)] {
            assert_eq!(arrived.unwrap().replace("\r\n", "\n").trim(), shown.trim());
        }
        assert_eq!(desk.end().await.0, TestState::Sent);
        assert!(desk.end().await.1.starts_with("250 "), "{:?}", desk.end().await);
    }
    assert!(!worker.turn().await.unwrap(), "nothing is sent twice");
    assert_eq!(desk.smtp.accepted().len(), 2);
}

#[tokio::test]
async fn an_address_that_said_no_and_a_paused_channel_get_nothing() {
    let desk = Desk::open().await;
    let worker = desk.worker(desk.relay());
    let pause = NewPause {
        scope: PauseScope::Channel,
        key: "email".to_owned(),
        since: Clock::system().now(),
        reason: "too many complaints".to_owned(),
        evidence: serde_json::json!({}),
    };
    let pause = desk.console.pause(&pause).await.unwrap().unwrap();
    desk.ask(&compiled(), Locale::En).await;
    worker.turn().await.unwrap();
    assert_eq!(desk.end().await, (TestState::Paused, "too many complaints".to_owned()));
    desk.console.lift_pause(pause, "test", "", Clock::system().now()).await.unwrap();

    let key = AddressKeyer::new(ADDRESS_SECRET).key(AddressKind::Email, MAYA);
    let entry = NewSuppression {
        target: Target::Address { key, channel: ContactChannel::Email, domain: None },
        reason: SuppressionReason::UnsubscribeLink,
        origin: Origin::Recipient,
        actor: "test".to_owned(),
        evidence: None,
        touch: None,
        received_at: None,
    };
    desk.console.suppress_now(&entry).await.unwrap();
    desk.ask(&compiled(), Locale::En).await;
    worker.turn().await.unwrap();
    assert_eq!(desk.end().await, (TestState::Listed, "unsubscribe_link".to_owned()));
    assert!(desk.smtp.accepted().is_empty());
}

#[tokio::test]
async fn a_refusal_is_told_in_the_servers_words_and_lists_nobody() {
    let desk = Desk::open().await;
    let worker = desk.worker(desk.relay());
    let reply = format!("550 5.1.1 <{MAYA}>: user unknown");
    desk.smtp.script(Fault::at(Stage::Recipient, Action::Reply(reply)));
    desk.ask(&compiled(), Locale::En).await;
    worker.turn().await.unwrap();
    let (state, answer) = desk.end().await;
    assert_eq!(state, TestState::Refused);
    assert!(answer.contains("550 5.1.1 <address> user unknown"), "{answer}");
    let key = AddressKeyer::new(ADDRESS_SECRET).key(AddressKind::Email, MAYA);
    assert!(desk.console.entries(&[key]).await.unwrap().is_empty());
}

#[tokio::test]
async fn without_a_relay_it_goes_into_the_folder() {
    let desk = Desk::open().await;
    let folder = tempfile::tempdir().unwrap();
    let worker = desk.worker(Outlet::Folder(EmailOutbox::create(folder.path()).unwrap()));
    let id = desk.ask(&compiled(), Locale::En).await;
    worker.turn().await.unwrap();
    assert_eq!(desk.end().await, (TestState::Sent, "outbox".to_owned()));
    let mail = std::fs::read_to_string(folder.path().join(format!("test-{id}.eml"))).unwrap();
    assert!(mail.contains("Subject: [Test] A note for"), "{mail}");
}
