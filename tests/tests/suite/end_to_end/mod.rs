//! From a CSV file to recorded outcomes, with the fleet in this process and a clock that is moved.

mod bad_days;
mod breakers;
mod eight_by_eight;

use chrono::{DateTime, Utc};
use mail_parser::{HeaderName, MessageParser};
use tests::fleet::Fleet;

/// What a test wants to know of a received email.
#[derive(Debug, Clone)]
struct Letter {
    to: String,
    subject: String,
    /// Its `Date` header.
    date: DateTime<Utc>,
    /// The link of its `List-Unsubscribe` header.
    unsubscribe: String,
    attempt: String,
}

/// Takes what the sink has accepted, and lets it forget.
fn collect(fleet: &Fleet) -> Vec<Letter> {
    let mails = fleet.smtp.accepted();
    fleet.smtp.log().clear();
    mails
        .iter()
        .map(|mail| {
            let body = mail.body.as_ref().unwrap();
            let parsed = MessageParser::default().parse_headers(body).unwrap();
            let raw = |name: &str| {
                let value = parsed.header_raw(HeaderName::Other(name.into())).unwrap();
                value.split_whitespace().collect::<String>()
            };
            Letter {
                to: mail.recipients[0].clone(),
                subject: parsed.subject().unwrap().to_owned(),
                date: DateTime::from_timestamp(parsed.date().unwrap().to_timestamp(), 0).unwrap(),
                unsubscribe: list_unsubscribe(body),
                attempt: raw("X-Touch-Attempt"),
            }
        })
        .collect()
}

/// The link of the `List-Unsubscribe` header.
fn list_unsubscribe(mail: &[u8]) -> String {
    let mail = String::from_utf8_lossy(mail);
    let (_, rest) = mail.split_once("List-Unsubscribe: ").unwrap();
    let (_, link) = rest.split_once('<').unwrap();
    link.split_once('>').unwrap().0.split_whitespace().collect()
}
