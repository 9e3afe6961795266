//! The parsers of what comes from outside, without the service around them: what the fuzz targets
//! call. They read and change nothing. No other crate has a use for them.

use std::path::PathBuf;

use axum::http::{HeaderMap, HeaderValue, Request, Uri, header};
use domain::Locale;
use domain::suppression::SuppressionReason;
use secrecy::SecretString;

use crate::arrival::{AgentClass, Arrival, reason_of};
use crate::lmtp::command::{Command, Incoming};
use crate::settings::TextSettings;
use crate::{edge, journal, language, texts};

/// The outer address that gateways sign.
pub const PUBLIC_URL: &str = "https://touchline.example";

/// A request of an SMS gateway.
#[derive(Debug, Clone, Default)]
pub struct SmsRequest<'a> {
    /// "twilio", "kannel" or "generic".
    pub gateway: &'a str,
    /// GET or POST.
    pub method: &'a str,
    /// Path and query.
    pub path: &'a str,
    /// Names and values of headers.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: &'a [u8],
}

/// Whether a request of an SMS gateway proves where it comes from, given the secret both sides
/// know, and the id, the number and the text it hands over. `None` if it is no HTTP request.
#[must_use]
pub fn sms_hook(secret: &str, request: &SmsRequest<'_>) -> Option<(bool, Option<[String; 3]>)> {
    let settings = TextSettings {
        public_url: PUBLIC_URL.to_owned(),
        twilio_tokens: vec![SecretString::from(secret)],
        secrets: vec![SecretString::from(secret)],
        body_limit: request.body.len(),
        dir: PathBuf::new(),
        region: "US".to_owned(),
    };
    let mut head = Request::builder().method(request.method).uri(request.path);
    for (name, value) in request.headers {
        head = head.header(*name, *value);
    }
    let (head, ()) = head.body(()).ok()?.into_parts();
    Some(texts::examine(request.gateway.parse().ok()?, &settings, &head, request.body))
}

/// The verb of an LMTP command in capitals, and the recipient it names; "" for no command.
#[must_use]
pub fn lmtp_command(line: &[u8]) -> (&'static str, Option<String>) {
    match Command::read(line) {
        Command::Lhlo => ("LHLO", None),
        Command::Mail => ("MAIL", None),
        Command::Rcpt(path) => ("RCPT", path),
        Command::Data => ("DATA", None),
        Command::Rset => ("RSET", None),
        Command::Noop => ("NOOP", None),
        Command::Quit => ("QUIT", None),
        Command::Unknown => ("", None),
    }
}

/// The message of at most `limit` bytes that stands before the final dot, if there is one and the
/// message is no longer.
#[must_use]
pub fn lmtp_message(lines: &[u8], limit: usize, piece: usize) -> Option<Vec<u8>> {
    let mut incoming = Incoming::new(limit);
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        for piece in line.chunks(piece.max(3)) {
            if incoming.take(piece) {
                return incoming.finish();
            }
        }
    }
    None
}

/// The lines of the journal in these bytes, as JSON, and how many are damaged.
#[must_use]
pub fn journal(bytes: &[u8]) -> (Vec<String>, usize) {
    let contents = journal::parse(bytes);
    (contents.arrivals.into_iter().map(Arrival::to_json).collect(), contents.damaged)
}

/// The journal's line, checksum and all, of what this JSON says, if it says anything.
#[must_use]
pub fn journal_line(json: &str) -> Option<String> {
    Arrival::from_json(json).map(|arrival| journal::line(&arrival))
}

/// What a request for a page comes to: the token in its path, the language it is answered in, the
/// reason its body tells, and the kind of program.
#[must_use]
pub fn page_request(
    uri: &str,
    accept_language: &[u8],
    user_agent: Option<&str>,
    body: &[u8],
) -> Option<(Option<String>, Locale, SuppressionReason, &'static str)> {
    let uri: Uri = uri.parse().ok()?;
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_bytes(accept_language) {
        headers.insert(header::ACCEPT_LANGUAGE, value);
    }
    let locale = language::chosen(&uri, &headers, Locale::En);
    let token = edge::door_of(uri.path()).map(|(_, token)| token);
    Some((token, locale, reason_of(body), AgentClass::of(user_agent).as_str()))
}
