//! What mail providers post: reports of SES, SendGrid, Mailgun and Postmark.

use chrono::{DateTime, Utc};
use inbound::providers::sns::Envelope;
use inbound::providers::{Report, mailgun, postmark, sendgrid, ses};
use secrecy::SecretString;

use crate::input::{first_byte, keys};

/// What is at most remembered of one report's id is bounded by what was posted.
const ID_OVERHEAD: usize = 64;

/// Bodies of mail providers: the first byte chooses the provider.
pub fn mail_hook(data: &[u8]) {
    let (choice, body) = first_byte(data);
    let reports = match choice % 4 {
        0 => envelope(body),
        1 => sendgrid_events(body),
        2 => mailgun_event(body),
        _ => postmark::read(body).unwrap_or_default(),
    };
    assert!(reports.len() <= body.len(), "more reports than bytes");
    for report in &reports {
        hold(report, body);
    }
}

/// No report of unsigned bytes names a touch by a return path, and none grows beyond its body.
fn hold(report: &Report, body: &[u8]) {
    // JSON's escapes may take fewer bytes than the text they stand for, but not by more than half.
    assert!(report.id.len() <= 2 * body.len() + ID_OVERHEAD, "an id out of nothing");
    if report.return_path.is_some() && report.message_id.is_none() {
        assert_eq!(report.touch(&keys()), None, "a return path nobody signed was believed");
    }
    assert!(!format!("{report:?}").contains('@'), "an address could get into a log");
}

/// SNS: what it carries is read, and nothing unsigned is believed, whatever it claims.
fn envelope(body: &[u8]) -> Vec<Report> {
    let Some(envelope) = Envelope::read(body) else {
        return ses::read(&String::from_utf8_lossy(body)).unwrap_or_default();
    };
    let topics = [envelope.topic_arn.clone()];
    let claimed = envelope.certificate_name(&topics, now());
    if let Ok(name) = &claimed {
        assert!(!name.contains(['/', '\\']) && !name.starts_with('.'), "a file of another folder");
    }
    for url in [envelope.confirmation_url(), claimed.is_ok().then(|| envelope.certificate_url())] {
        let host = url.and_then(|url| url.strip_prefix("https://sns.")?.split('/').next());
        assert!(
            url.is_none() || host.is_some_and(|host| host.ends_with(".amazonaws.com")),
            "{url:?}"
        );
    }
    assert!(envelope.certificate_name(&[], now()).is_err(), "a topic nobody allowed");
    assert!(envelope.check(&envelope.message, now()).is_err(), "signed by its own message");
    ses::read(&envelope.message).unwrap_or_default()
}

fn sendgrid_events(body: &[u8]) -> Vec<Report> {
    let text = String::from_utf8_lossy(body);
    let key = sendgrid::Key::parse(&text);
    let keys: Vec<sendgrid::Key> = key.into_iter().collect();
    let signed = sendgrid::check(&keys, "1780000000", &text, body, now());
    assert!(signed.is_err(), "a body signed by itself");
    sendgrid::read(body).unwrap_or_default()
}

fn mailgun_event(body: &[u8]) -> Vec<Report> {
    let keys = [SecretString::from("only the provider knows it"), SecretString::from("")];
    assert!(mailgun::check(&keys, body, now()).is_err(), "a body nobody signed was believed");
    mailgun::read(body).unwrap_or_default()
}

/// The time at which bodies of the corpus are fresh.
fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_000_000, 0).unwrap_or_default()
}
