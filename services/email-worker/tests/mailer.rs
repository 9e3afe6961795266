//! The mailer against servers that misbehave, over real sockets.
#![allow(clippy::unwrap_used)]

mod server;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant as StdInstant};

use email_worker::mailer::{
    Broken, LimitSettings, Mailer, Permit, Phase, SendResult, SetUpError, Timeouts,
};
use email_worker::message::{Envelope, FinishedMessage};
use email_worker::settings::Relay;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

use self::server::{At, Do, Faults, Script, Server, USUAL};

const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_millis(1000),
    command: Duration::from_millis(600),
    data: Duration::from_millis(800),
    idle: Duration::from_secs(30),
};
const LIMITS: LimitSettings = LimitSettings {
    concurrency: 8,
    per_destination_concurrency: 8,
    per_second: 0.0,
    per_destination_per_second: 0.0,
};

fn relay(url: &str) -> Relay {
    Relay::parse(&url.into(), "mail.palm.example").unwrap()
}

fn mailer_at(url: &str) -> Mailer {
    Mailer::new(&relay(url), TIMEOUTS, LIMITS, 100).unwrap()
}

fn mailer_to(server: &Server) -> Mailer {
    mailer_at(&format!("smtp://127.0.0.1:{}", server.port()))
}

fn envelope(to: &str) -> Envelope {
    Envelope::new("bounce@palm.example", to).unwrap()
}

fn message(marker: usize) -> FinishedMessage {
    let body = ".A line with a dot\r\n..\r\n.\r\nand the end.\r\n".repeat(20);
    let text = format!("X-Marker: {marker}\r\nSubject: Hello\r\n\r\n{body}");
    FinishedMessage::parse(text.into_bytes()).unwrap()
}

async fn permit(mailer: &Mailer, envelope: &Envelope) -> Permit {
    mailer.acquire(envelope).await.unwrap()
}

/// Sends message number `marker` to a recipient of that number.
async fn send(mailer: &Mailer, marker: usize) -> SendResult {
    let envelope = envelope(&format!("r{marker}@example.com"));
    let by = Instant::now() + Duration::from_secs(20);
    let permit = permit(mailer, &envelope).await;
    mailer.send(permit, &envelope, &message(marker), by).await
}

fn at_first(at: At, what: Do) -> Script {
    Arc::new(move |connection| if connection == 0 { vec![(0, at, what)] } else { Vec::new() })
}

/// What a result is, in few words.
fn class(result: &SendResult) -> String {
    match result {
        SendResult::Accepted { .. } => "accepted".into(),
        SendResult::Refused { reply, phase, permanent } => {
            let how = if *permanent { "for good" } else { "for now" };
            format!("refused at {phase} {how}: {}", reply.code())
        }
        SendResult::EaiUnsupported => "eai unsupported".into(),
        SendResult::NotHandedOver { why, phase } => format!("not handed over at {phase}: {why}"),
        SendResult::InDoubt { why } => format!("in doubt: {why}"),
    }
}

const TIMED_OUT: &str = "no answer in time";
const CLOSED: &str = "the server closed the connection";
const OUT_OF_STEP: &str = "the server's answer does not fit what was asked";

/// Every fault on a fresh connection, and its exact result.
fn faults() -> Vec<(At, Do, String)> {
    let rejected = "550 5.1.1 unknown\r\n";
    vec![
        (At::Greeting, Do::Stall, format!("not handed over at opening: {TIMED_OUT}")),
        (At::Greeting, Do::Trickle, format!("not handed over at opening: {TIMED_OUT}")),
        (At::Greeting, Do::Close, format!("not handed over at opening: {CLOSED}")),
        (At::Greeting, Do::Flood, format!("not handed over at opening: {OUT_OF_STEP}")),
        (At::Greeting, Do::SayAndClose("421 busy\r\n"), "refused at opening for now: 421".into()),
        (At::Greeting, Do::Say("554 go away\r\n"), "refused at opening for good: 554".into()),
        (At::Ehlo, Do::Stall, format!("not handed over at opening: {TIMED_OUT}")),
        (At::Ehlo, Do::Close, format!("not handed over at opening: {CLOSED}")),
        (At::Mail, Do::Stall, format!("not handed over at mail: {TIMED_OUT}")),
        (At::Mail, Do::Trickle, format!("not handed over at mail: {TIMED_OUT}")),
        (At::Mail, Do::Close, format!("not handed over at mail: {CLOSED}")),
        (At::Mail, Do::SayAndClose("421 bye\r\n"), "refused at mail for now: 421".into()),
        (At::Mail, Do::Say("354 what\r\n"), format!("not handed over at mail: {OUT_OF_STEP}")),
        (At::Mail, Do::Say("451 4.3.0 later\r\n"), "refused at mail for now: 451".into()),
        (At::Rcpt, Do::Stall, format!("not handed over at rcpt: {TIMED_OUT}")),
        (At::Rcpt, Do::Close, format!("not handed over at rcpt: {CLOSED}")),
        (At::Rcpt, Do::Say("450 4.2.0 grey\r\n"), "refused at rcpt for now: 450".into()),
        (At::Rcpt, Do::Say(rejected), "refused at rcpt for good: 550".into()),
        (
            At::Rcpt,
            Do::Say("550-5.1.1 un\r\n550 5.1.1 known\r\n"),
            "refused at rcpt for good: 550".into(),
        ),
        (At::Rcpt, Do::SayAndClose("421 bye\r\n"), "refused at rcpt for now: 421".into()),
        (At::Data, Do::Stall, format!("not handed over at data: {TIMED_OUT}")),
        (At::Data, Do::Close, format!("not handed over at data: {CLOSED}")),
        (At::Data, Do::Say("250 ok\r\n"), format!("not handed over at data: {OUT_OF_STEP}")),
        (At::Data, Do::Say("452 4.3.1 full\r\n"), "refused at data for now: 452".into()),
        (At::Dot, Do::Stall, format!("in doubt: {TIMED_OUT}")),
        (At::Dot, Do::Trickle, format!("in doubt: {TIMED_OUT}")),
        (At::Dot, Do::Flood, format!("in doubt: {OUT_OF_STEP}")),
        (At::Dot, Do::Close, format!("in doubt: {CLOSED}")),
        (At::Dot, Do::Reset, "in doubt: the connection broke: connection reset".into()),
        (At::Dot, Do::Say("354 go\r\n"), format!("in doubt: {OUT_OF_STEP}")),
        (At::Dot, Do::Say("252 maybe\r\n"), format!("in doubt: {OUT_OF_STEP}")),
        (At::Dot, Do::Say("what?\r\n"), format!("in doubt: {OUT_OF_STEP}")),
        (At::Dot, Do::SayAndClose("421 bye\r\n"), "refused at dot for now: 421".into()),
        (At::Dot, Do::Say("451 4.3.0 later\r\n"), "refused at dot for now: 451".into()),
        (At::Dot, Do::Say("554 5.7.1 spam\r\n"), "refused at dot for good: 554".into()),
        (At::Dot, Do::Say("250\r\n"), "accepted".into()),
        (At::Dot, Do::Say("250 \u{e9}t\u{e9}\r\n"), "accepted".into()),
        (At::Dot, Do::Say("250-2.0.0 ok\r\n250 2.0.0 fine\r\n"), "accepted".into()),
    ]
}

/// With and without PIPELINING.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_has_its_exact_result() {
    let mut cases = Vec::new();
    for (at, what, expected) in faults() {
        for extensions in [USUAL, &["8BITMIME"]] {
            cases.push(tokio::spawn(check_fault(at, what, expected.clone(), extensions)));
        }
    }
    for case in cases {
        case.await.unwrap();
    }
}

async fn check_fault(at: At, what: Do, expected: String, extensions: &[&'static str]) {
    let server = Server::start(extensions, at_first(at, what)).await;
    let mailer = mailer_to(&server);
    let started = StdInstant::now();
    let result = send(&mailer, 1).await;
    assert_eq!(class(&result), expected, "{at:?} {what:?} {extensions:?}");
    assert!(started.elapsed() < Duration::from_secs(5), "{at:?} {what:?} took too long");
    // Whatever happened, the next message is told the truth about itself.
    assert_eq!(class(&send(&mailer, 2).await), "accepted", "{at:?} {what:?}");
    let taken = server.taken();
    let second: Vec<_> = taken.iter().filter(|taken| taken.recipient.starts_with("r2@")).collect();
    assert_eq!(second.len(), 1, "{at:?} {what:?}");
    assert!(second[0].message.starts_with("X-Marker: 2\r\n"), "{at:?} {what:?}");
}

#[tokio::test]
async fn nobody_listening_is_not_handed_over() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let result = send(&mailer_at(&format!("smtp://127.0.0.1:{port}")), 1).await;
    let why = Broken::Connect(std::io::ErrorKind::ConnectionRefused);
    assert_eq!(result, SendResult::NotHandedOver { why, phase: Phase::Opening });
}

#[tokio::test]
async fn a_server_that_stops_reading_does_not_have_the_message() {
    // Larger than any socket buffer, so that the dot cannot have been written.
    let body = format!("X: 1\r\n\r\n{}", "0123456789abcdef\r\n".repeat(1_000_000));
    let big = FinishedMessage::parse(body.into_bytes()).unwrap();
    for (what, expected) in [
        (Do::Stall, format!("not handed over at body: {TIMED_OUT}")),
        (Do::Reset, "not handed over at body: the connection broke: ".to_owned()),
    ] {
        let server = Server::start(USUAL, at_first(At::Body, what)).await;
        let mailer = mailer_to(&server);
        let envelope = envelope("r1@example.com");
        let permit = permit(&mailer, &envelope).await;
        let by = Instant::now() + Duration::from_secs(5);
        let result = mailer.send(permit, &envelope, &big, by).await;
        assert!(class(&result).starts_with(&expected), "{what:?}: {result:?}");
        assert!(server.taken().is_empty());
    }
}

#[tokio::test]
async fn the_message_arrives_as_it_was_over_one_connection() {
    for extensions in [USUAL, &["8BITMIME"]] {
        let server = Server::start(extensions, Arc::new(|_| Vec::new())).await;
        let mailer = mailer_to(&server);
        for marker in 0..20 {
            let result = send(&mailer, marker).await;
            let SendResult::Accepted { queue_id, .. } = result else { panic!("{result:?}") };
            assert_eq!(queue_id.unwrap(), format!("A0B{marker}00"));
        }
        assert_eq!(server.connections(), 1);
        let taken = server.taken();
        assert_eq!(taken.len(), 20);
        for (marker, taken) in taken.iter().enumerate() {
            assert_eq!(taken.message.as_bytes(), message(marker).as_bytes());
            assert_eq!(taken.recipient, format!("r{marker}@example.com"));
            assert_eq!(taken.mail, "MAIL FROM:<bounce@palm.example>");
        }
        mailer.close().await;
        assert_eq!(server.commands(0).last().unwrap(), "QUIT");
    }
}

#[tokio::test]
async fn a_refused_recipient_does_not_cost_the_connection() {
    let script: Script = Arc::new(|_| vec![(1, At::Rcpt, Do::Say("550 5.1.1 no\r\n"))]);
    let server = Server::start(USUAL, script).await;
    let mailer = mailer_to(&server);
    let classes =
        [send(&mailer, 0).await, send(&mailer, 1).await, send(&mailer, 2).await].map(|r| class(&r));
    assert_eq!(classes, ["accepted", "refused at rcpt for good: 550", "accepted"]);
    assert_eq!(server.connections(), 1);
    assert!(server.commands(0).contains(&"RSET".to_owned()));
}

#[tokio::test]
async fn a_kept_connection_that_died_is_replaced_without_a_word() {
    for what in [Do::Close, Do::Reset, Do::SayAndClose("421 4.4.2 idle too long\r\n")] {
        // The server breaks off when the second message's MAIL arrives.
        let script: Script =
            Arc::new(move |n| if n == 0 { vec![(1, At::Mail, what)] } else { vec![] });
        let server = Server::start(USUAL, script).await;
        let mailer = mailer_to(&server);
        assert_eq!(class(&send(&mailer, 0).await), "accepted");
        assert_eq!(class(&send(&mailer, 1).await), "accepted", "{what:?}");
        assert_eq!(server.connections(), 2);
        assert_eq!(server.taken().len(), 2);
    }
}

#[tokio::test]
async fn a_word_nobody_asked_for_costs_the_connection_before_the_next_message() {
    for extra in
        ["250 2.0.0 Ok: queued\r\n250 2.0.0 again\r\n", "250 ok\r\n354 go\r\n", "250 ok\r\n25"]
    {
        let server = Server::start(USUAL, at_first(At::Dot, Do::Say(extra))).await;
        let mailer = mailer_to(&server);
        assert_eq!(class(&send(&mailer, 0).await), "accepted");
        assert_eq!(class(&send(&mailer, 1).await), "accepted");
        assert_eq!(server.connections(), 2);
        assert_eq!(server.taken().len(), 2);
    }
}

#[tokio::test]
async fn nothing_is_sent_twice_after_the_dot_on_a_kept_connection() {
    let script: Script = Arc::new(|n| if n == 0 { vec![(1, At::Dot, Do::Close)] } else { vec![] });
    let server = Server::start(USUAL, script).await;
    let mailer = mailer_to(&server);
    assert_eq!(class(&send(&mailer, 0).await), "accepted");
    assert_eq!(class(&send(&mailer, 1).await), format!("in doubt: {CLOSED}"));
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_dropped_send_takes_its_connection_with_it() {
    let server = Server::start(USUAL, at_first(At::Dot, Do::Trickle)).await;
    let mailer = mailer_to(&server);
    let hurried = tokio::time::timeout(Duration::from_millis(60), send(&mailer, 0)).await;
    assert!(hurried.is_err());
    for marker in 1..5 {
        assert_eq!(class(&send(&mailer, marker).await), "accepted");
    }
    assert_eq!(server.connections(), 2);
    assert_eq!(server.taken().len(), 5);
}

#[tokio::test]
async fn connections_are_recycled_and_idle_ones_closed() {
    let server = Server::well_behaved().await;
    let url = format!("smtp://127.0.0.1:{}", server.port());
    let timeouts = Timeouts { idle: Duration::from_millis(50), ..TIMEOUTS };
    let mailer = Mailer::new(&relay(&url), timeouts, LIMITS, 3).unwrap();
    for marker in 0..7 {
        assert_eq!(class(&send(&mailer, marker).await), "accepted");
    }
    assert_eq!(server.connections(), 3);
    let until = Instant::now() + Duration::from_secs(5);
    while !(0..3).all(|n| server.commands(n).last().is_some_and(|line| line == "QUIT")) {
        assert!(Instant::now() < until, "an idle connection was not closed");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn the_message_is_not_begun_when_time_is_short() {
    let server = Server::well_behaved().await;
    let mailer = mailer_to(&server);
    let envelope = envelope("r1@example.com");
    let permit = permit(&mailer, &envelope).await;
    let by = Instant::now() + Duration::from_millis(100);
    let result = mailer.send(permit, &envelope, &message(1), by).await;
    assert_eq!(result, SendResult::NotHandedOver { why: Broken::TooLate, phase: Phase::Data });
    assert!(server.taken().is_empty());
}

#[tokio::test]
async fn a_recipient_beyond_ascii_needs_smtputf8() {
    let plain = Server::start(&["PIPELINING", "8BITMIME"], Arc::new(|_| vec![])).await;
    let modern = Server::well_behaved().await;
    for (to, command, on_plain) in [
        // A domain alone never needs it.
        ("lina@مثال.إختبار", "RCPT TO:<lina@xn--mgbh0fb.xn--kgbechtv>", "accepted"),
        ("لينا@مثال.إختبار", "RCPT TO:<لينا@xn--mgbh0fb.xn--kgbechtv>", "eai unsupported"),
    ] {
        for (server, expected) in [(&plain, on_plain), (&modern, "accepted")] {
            let mailer = mailer_to(server);
            let envelope = envelope(to);
            let permit = permit(&mailer, &envelope).await;
            let by = Instant::now() + Duration::from_secs(5);
            let result = mailer.send(permit, &envelope, &message(1), by).await;
            assert_eq!(class(&result), expected, "{to}");
            let commands = server.commands(server.connections() - 1);
            assert_eq!(commands.iter().any(|line| line == command), expected == "accepted");
            let utf8 = commands.iter().any(|line| line.ends_with("SMTPUTF8"));
            assert_eq!(utf8, expected == "accepted" && !to.is_ascii() && to.starts_with('ل'));
        }
    }
}

/// A certificate authority, a server's identity for 127.0.0.1 under it, and its PEM on disk.
fn authority() -> (TlsAcceptor, tempfile::NamedTempFile) {
    let ca_key = rcgen::KeyPair::generate().unwrap();
    let mut ca = rcgen::CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca_certificate = ca.self_signed(&ca_key).unwrap();
    let issuer = rcgen::Issuer::new(ca, ca_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = leaf.signed_by(&key, &issuer).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), ca_certificate.pem()).unwrap();
    (TlsAcceptor::from(Arc::new(config)), file)
}

#[tokio::test]
async fn tls_is_what_the_url_says() {
    let (acceptor, ca) = authority();
    let (_, stranger) = authority();
    let quiet: Script = Arc::new(|_| vec![]);
    let offers = &["PIPELINING", "STARTTLS", "AUTH PLAIN LOGIN"];
    let implicit = Some((acceptor.clone(), true));
    let implicit = Server::start_with_tls(USUAL, implicit, Arc::clone(&quiet)).await;
    let starttls = Some((acceptor, false));
    let starttls = Server::start_with_tls(offers, starttls, Arc::clone(&quiet)).await;
    let plain = Server::well_behaved().await;
    let (ca, stranger) = (ca.path().display(), stranger.path().display());
    let not_offered = "not handed over at opening: the server does not offer STARTTLS, which the settings require";
    for (server, scheme, parameters, expected) in [
        (&implicit, "smtps", format!("ca={ca}"), "accepted"),
        (&implicit, "smtps", format!("ca={stranger}"), "not handed over at opening: TLS failed"),
        (&starttls, "smtp", format!("starttls=required&ca={ca}"), "accepted"),
        (
            &starttls,
            "smtp",
            format!("starttls=required&ca={stranger}"),
            "not handed over at opening: TLS failed",
        ),
        (&starttls, "smtp", format!("starttls=opportunistic&ca={ca}"), "accepted"),
        (&starttls, "smtp", format!("starttls=opportunistic&ca={stranger}"), "accepted"),
        (&plain, "smtp", format!("starttls=required&ca={ca}"), not_offered),
        (&plain, "smtp", format!("starttls=opportunistic&ca={ca}"), "accepted"),
    ] {
        let mailer = mailer_at(&format!("{scheme}://127.0.0.1:{}?{parameters}", server.port()));
        for marker in 0..3 {
            let result = class(&send(&mailer, marker).await);
            assert!(result.starts_with(expected), "{scheme} {parameters}: {result}");
        }
    }
    for (login, expected) in
        [("user:secret", "accepted"), ("user:no", "refused at auth for good: 535")]
    {
        let url = format!("smtp://{login}@127.0.0.1:{}?starttls=required&ca={ca}", starttls.port());
        assert_eq!(class(&send(&mailer_at(&url), 1).await), expected);
    }
    let url = format!("smtp://user:secret@127.0.0.1:{}", plain.port());
    let expected = "not handed over at auth: the server offers neither AUTH PLAIN nor AUTH LOGIN";
    assert_eq!(class(&send(&mailer_at(&url), 1).await), expected);
    let missing = Mailer::new(&relay("smtps://127.0.0.1?ca=/nowhere.pem"), TIMEOUTS, LIMITS, 1);
    assert!(matches!(missing.unwrap_err(), SetUpError::CaFile { .. }));
}

#[tokio::test]
async fn words_slipped_in_before_tls_are_not_believed() {
    let (acceptor, ca) = authority();
    // In plain text behind the answer to STARTTLS: forged answers for everything under TLS.
    let forged =
        "220 go\r\n250-x\r\n250 PIPELINING\r\n250 ok\r\n250 ok\r\n354 go\r\n250 got it\r\n";
    let script = at_first(At::StartTls, Do::Say(forged));
    let offers = &["PIPELINING", "STARTTLS"];
    let server = Server::start_with_tls(offers, Some((acceptor, false)), script).await;
    let (port, ca) = (server.port(), ca.path().display());
    let mailer = mailer_at(&format!("smtp://127.0.0.1:{port}?starttls=required&ca={ca}"));
    let result = class(&send(&mailer, 1).await);
    assert!(result.starts_with("not handed over at opening: TLS failed"), "{result}");
    assert!(server.taken().is_empty());
}

/// A connection's faults, drawn at random.
fn random_faults(seed: u64) -> Faults {
    let mut random = StdRng::seed_from_u64(seed);
    let moments =
        [At::Greeting, At::Ehlo, At::Mail, At::Rcpt, At::Data, At::Body, At::Dot, At::Rset];
    let acts = [
        Do::Say("250 2.0.0 ok\r\n"),
        Do::Say("354 go\r\n"),
        Do::Say("250 ok\r\n250 ok\r\n"),
        Do::Say("354 go\r\n250 ok\r\n"),
        Do::Say("450 4.2.0 later\r\n"),
        Do::Say("250\r\n"),
        Do::Say("550 5.1.1 never\r\n"),
        Do::Say("nonsense\r\n"),
        Do::SayAndClose("421 4.4.2 enough\r\n"),
        Do::SayAndClose("250 ok\r\n"),
        Do::Stall,
        Do::Trickle,
        Do::Close,
        Do::Reset,
    ];
    let mut faults = Faults::new();
    for message in 0..30 {
        if random.random_bool(0.3) {
            let at = moments[random.random_range(0..moments.len())];
            let act = acts[random.random_range(0..acts.len())];
            // A server that answers before it has seen the dot lies about the message.
            let lies = at == At::Body && matches!(act, Do::Say(_) | Do::SayAndClose("250 ok\r\n"));
            faults.push((message, at, if lies { Do::Close } else { act }));
        }
    }
    faults
}

/// 1,000 messages, 8 at a time, on a server with random faults: what the client was told is
/// compared with what the server took, message by message.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_fault_makes_one_message_answer_for_another() {
    for (round, extensions) in [USUAL, &["8BITMIME"]].into_iter().enumerate() {
        let seed = 7_000 * (round as u64 + 1);
        let script: Script = Arc::new(move |connection| random_faults(seed + connection as u64));
        let server = Server::start(extensions, script).await;
        let mailer = mailer_to(&server);
        let mut senders = Vec::new();
        for lane in 0..8 {
            let mailer = mailer.clone();
            senders.push(tokio::spawn(async move {
                let mut results = Vec::new();
                for marker in (0..1000).filter(|marker| marker % 8 == lane) {
                    results.push((marker, send(&mailer, marker).await));
                }
                results
            }));
        }
        let mut taken: HashMap<String, Vec<String>> = HashMap::new();
        let mut results = Vec::new();
        for sender in senders {
            results.extend(sender.await.unwrap());
        }
        for message in server.taken() {
            let marker = message.message.lines().next().unwrap().to_owned();
            taken.entry(message.recipient).or_default().push(marker);
        }
        let mut classes: HashMap<&str, usize> = HashMap::new();
        for (marker, result) in results {
            let arrived = taken.remove(&format!("r{marker}@example.com")).unwrap_or_default();
            let own = format!("X-Marker: {marker}");
            assert!(arrived.iter().all(|found| *found == own), "{marker}: {arrived:?}");
            let (name, allowed) = match &result {
                SendResult::Accepted { .. } => ("accepted", 1..=1),
                SendResult::Refused { .. } => ("refused", 0..=0),
                SendResult::NotHandedOver { .. } => ("not handed over", 0..=0),
                SendResult::InDoubt { .. } => ("in doubt", 0..=1),
                SendResult::EaiUnsupported => ("eai", 0..=0),
            };
            assert!(allowed.contains(&arrived.len()), "{marker}: {result:?}, {}", arrived.len());
            *classes.entry(name).or_default() += 1;
        }
        assert!(taken.is_empty(), "messages nobody sent: {taken:?}");
        for (name, least) in
            [("accepted", 500), ("refused", 20), ("not handed over", 20), ("in doubt", 5)]
        {
            assert!(classes.get(name).is_some_and(|n| *n >= least), "{name}: {classes:?}");
        }
    }
}
