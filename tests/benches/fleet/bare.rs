//! The client alone: the mailer of the email worker with messages made beforehand, on the same sink
//! and the same machine. What the full path adds to this is what Touchline costs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use domain::{ContactId, Locale, TouchId};
use email_worker::mailer::{LimitSettings, Mailer, SendResult, Timeouts};
use email_worker::message::{Email, Envelope, FinishedMessage, SentFor, parse_mailbox};
use email_worker::settings::Relay;
use storage::claims::{ContactFacts, OwnerFacts};
use templates::Renderer;
use tokio::task::JoinSet;
use worker::Links;

use crate::Extent;
use crate::report::Report;
use crate::world::{TEMPLATE, World};

/// How many connections are tried.
const CONNECTIONS: [usize; 5] = [4, 8, 16, 32, 64];
/// Different messages; they go round.
const MESSAGES: usize = 500;

type Prepared = Arc<Vec<(Envelope, FinishedMessage)>>;

/// Finds out with how many connections the client alone is fastest.
pub async fn best_connections(world: &World, extent: &Extent, report: &mut Report) {
    eprintln!("the client alone …");
    let messages = prepare(world);
    let bytes = messages.iter().map(|(_, message)| message.as_bytes().len()).sum::<usize>();
    report.message_bytes = bytes / messages.len();
    let mut best = (0, 0.0);
    for connections in CONNECTIONS {
        let rate = send_all(world, &messages, connections, extent.bare_messages).await;
        report.bare(connections, rate);
        if rate > best.1 {
            best = (connections, rate);
        }
    }
    report.best_connections = best.0;
}

/// The rate of the client alone at this moment, messages per second.
pub async fn rate(world: &World, extent: &Extent, report: &Report) -> f64 {
    let messages = prepare(world);
    send_all(world, &messages, report.best_connections, extent.bare_messages).await
}

async fn send_all(world: &World, messages: &Prepared, connections: usize, count: usize) -> f64 {
    let url = format!("smtp://127.0.0.1:{}", world.sink_port);
    let relay = Relay::parse(&url.into(), "palm.example").expect("the sink has a plain url");
    let second = Duration::from_secs(1);
    let timeouts = Timeouts {
        connect: 10 * second,
        command: 20 * second,
        data: 60 * second,
        idle: 30 * second,
    };
    let limits = LimitSettings {
        concurrency: connections,
        per_destination_concurrency: connections,
        per_second: 0.0,
        per_destination_per_second: 0.0,
    };
    let mailer = Mailer::new(&relay, timeouts, limits, 500).expect("nothing can be wrong with it");
    let next = Arc::new(AtomicUsize::new(0));
    let began = Instant::now();
    let mut senders = JoinSet::new();
    for _ in 0..connections {
        let (mailer, messages, next) = (mailer.clone(), Arc::clone(messages), Arc::clone(&next));
        senders.spawn(async move {
            while next.fetch_add(1, Ordering::Relaxed) < count {
                let (envelope, message) = &messages[next.load(Ordering::Relaxed) % messages.len()];
                let permit = mailer.acquire(envelope).await.expect("there is a place for each");
                let by = tokio::time::Instant::now() + Duration::from_secs(60);
                let result = mailer.send(permit, envelope, message, by).await;
                assert!(matches!(result, SendResult::Accepted { .. }), "{result:?}");
            }
        });
    }
    while let Some(done) = senders.join_next().await {
        done.expect("sending does not fail");
    }
    #[allow(clippy::cast_precision_loss)] // A benchmark's counts fit the mantissa.
    let rate = count as f64 / began.elapsed().as_secs_f64();
    mailer.close().await;
    rate
}

/// Messages as the worker makes them, of the same template.
fn prepare(world: &World) -> Prepared {
    let source = world.library.template(TEMPLATE).expect("the library has this template");
    let compiled = templates::compile(source, world.library.partials());
    let renderer = Renderer::new(&compiled.expect("it compiles")).expect("it loads");
    let from = parse_mailbox("Palm Realty <hello@palm.example>", "from").expect("an address");
    let team = worker::Team {
        name: "Palm Realty".to_owned(),
        postal_address: "1 Marina Walk, Dubai".to_owned(),
        phone: String::new(),
        reply_to: String::new(),
        default_region: "AE".to_owned(),
        default_time_zone: "Asia/Dubai".to_owned(),
        default_locale: Locale::En,
    };
    let url = format!("https://mail.palm.example/u/{}?lang=en", "x".repeat(110));
    let one = |n: usize| {
        let locale = if n % 5 < 2 { Locale::Ar } else { Locale::En };
        let fields = team.fields(
            &contact(locale),
            Some(&owner()),
            Links { unsubscribe: &url, images: "https://u.example/i" },
        );
        let rendered = renderer.email(locale, &fields).expect("nothing is missing");
        let to = format!("bare{n}@d{n}.example");
        let envelope = Envelope::new(from.email.as_ref(), &to).expect("an address");
        let email = Email {
            sent_for: SentFor::Touch { id: TouchId::new(), attempt: 1 },
            now: world.clock.now(),
            from: &from,
            reply_to: None,
            to_name: "Person",
            envelope: &envelope,
            subject: &rendered.subject,
            text: &rendered.text,
            html: &rendered.html,
            unsubscribe_url: &url,
            unsubscribe_mailto: None,
            list_label: "Bench",
            list_topic: "bench-a",
        };
        let message = email.build().expect("a message of the library's");
        (envelope, message)
    };
    Arc::new((0..MESSAGES).map(one).collect())
}

fn contact(locale: Locale) -> ContactFacts {
    ContactFacts {
        id: ContactId::new(),
        full_name: "Person".to_owned(),
        first_name: "Person".to_owned(),
        source: "benchmark".to_owned(),
        locale,
        time_zone: None,
        country: None,
        region: None,
        city: Some("Dubai".to_owned()),
        area: Some("Dubai Marina".to_owned()),
        closing_date: None,
        custom: serde_json::json!({}),
        is_sample: false,
    }
}

fn owner() -> OwnerFacts {
    OwnerFacts {
        id: uuid::Uuid::nil(),
        name: "Maya Rahal".to_owned(),
        email: "maya@palm.example".to_owned(),
        phone: "+971 4 555 0101".to_owned(),
        time_zone: None,
        locale: Locale::En,
    }
}
