//! The gateways that hand over answers: how each proves itself, and what it sends.

use std::collections::BTreeMap;

use axum::http::request::Parts;
use axum::http::{HeaderName, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::twilio;
use crate::arrival::Source;
use crate::providers::is_one_of;
use crate::settings::TextSettings;

/// The header that carries the shared secret.
const SECRET: HeaderName = HeaderName::from_static("x-touchline-secret");

domain::words! {
    /// Who hands over an answer.
    Gateway, "SMS gateway", {
        /// Twilio, with its signature.
        Twilio = "twilio",
        /// Kannel's `get-url` or `post-url`, with a shared secret.
        Kannel = "kannel",
        /// Anything that posts JSON, with a shared secret.
        Generic = "generic",
    }
}

/// Why a request is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The settings have no key for this gateway.
    Closed,
    /// It does not prove where it comes from.
    Forged,
}

/// A request, as it came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    pub head: &'a Parts,
    pub body: &'a [u8],
}

/// An answer to a text message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    /// The gateway's id of it.
    pub id: String,
    /// The number it is from.
    pub from: String,
    /// What it says.
    pub body: String,
    /// When it was sent, where the gateway says so.
    pub sent_at: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct GenericText {
    id: String,
    from: String,
    #[serde(default)]
    text: String,
    sent_at: Option<DateTime<Utc>>,
}

impl Gateway {
    /// What arrivals by it are from.
    pub(super) const fn source(self) -> Source {
        match self {
            Self::Twilio => Source::Twilio,
            Self::Kannel => Source::Kannel,
            Self::Generic => Source::Generic,
        }
    }
}

impl Request<'_> {
    /// Everything there is to keep: the line of the request, and the body.
    pub(super) fn raw(&self) -> Vec<u8> {
        let mut raw = format!("{} {}\n\n", self.head.method, self.path_and_query()).into_bytes();
        raw.extend_from_slice(self.body);
        raw
    }

    pub(super) fn path_and_query(&self) -> &str {
        self.head.uri.path_and_query().map_or("/", |it| it.as_str())
    }

    fn header(&self, name: &HeaderName) -> Option<&str> {
        self.head.headers.get(name)?.to_str().ok()
    }

    /// The pairs of a form in the body.
    pub(super) fn form(&self) -> Vec<(String, String)> {
        let is_form = self
            .header(&header::CONTENT_TYPE)
            .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        let body = if is_form { self.body } else { &[] };
        form_urlencoded::parse(body).into_owned().collect()
    }

    pub(super) fn query(&self) -> Vec<(String, String)> {
        let query = self.head.uri.query().unwrap_or_default();
        form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    }
}

/// The keys of a gateway, if it has any.
fn open(keys: &[SecretString]) -> Result<&[SecretString], Refusal> {
    if keys.is_empty() { Err(Refusal::Closed) } else { Ok(keys) }
}

impl Gateway {
    /// Whether a request proves that it is from the gateway.
    pub(super) fn check(
        self,
        settings: &TextSettings,
        request: &Request<'_>,
    ) -> Result<(), Refusal> {
        let is_genuine = match self {
            Self::Twilio => {
                let tokens = open(&settings.twilio_tokens)?.iter();
                let url = format!("{}{}", settings.public_url, request.path_and_query());
                let given = request.header(&twilio::SIGNATURE).unwrap_or_default();
                let form = request.form();
                tokens.fold(false, |is_signed, token| {
                    is_signed | twilio::is_signed(token.expose_secret(), &url, &form, given)
                })
            }
            Self::Kannel | Self::Generic => {
                let secrets = open(&settings.secrets)?;
                let given = request.header(&SECRET).map(str::to_owned);
                // Kannel sends no headers of one's own choosing.
                let given = given.or_else(|| {
                    let query = request.query().into_iter().filter(|_| self == Self::Kannel);
                    query.into_iter().find(|(name, _)| name == "secret").map(|(_, value)| value)
                });
                let given = given.unwrap_or_default();
                is_one_of(secrets, given.as_bytes())
            }
        };
        let is_allowed = request.head.method == Method::POST
            || self == Self::Kannel && request.head.method == Method::GET;
        if is_genuine && is_allowed { Ok(()) } else { Err(Refusal::Forged) }
    }

    /// The answer that a request hands over; `None` if it hands over none.
    pub(super) fn read(self, request: &Request<'_>) -> Option<Text> {
        match self {
            Self::Twilio => {
                let mut form: BTreeMap<String, String> = request.form().into_iter().collect();
                let id = form.remove("MessageSid").or_else(|| form.remove("SmsSid"))?;
                let body = form.remove("Body").unwrap_or_default();
                Some(Text { id, from: form.remove("From")?, body, sent_at: None })
            }
            Self::Kannel => {
                let pairs = request.query().into_iter().chain(request.form());
                let mut pairs: BTreeMap<String, String> = pairs.collect();
                let body = pairs.remove("text").unwrap_or_default();
                let from = pairs.remove("from")?;
                // Kannel's `%T`: seconds since 1970.
                let sent_at = pairs.remove("time").and_then(|seconds| seconds.parse().ok());
                let sent_at = sent_at.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
                Some(Text { id: pairs.remove("id")?, from, body, sent_at })
            }
            Self::Generic => {
                let text: GenericText = serde_json::from_slice(request.body).ok()?;
                let GenericText { id, from, text: body, sent_at } = text;
                Some(Text { id, from, body, sent_at })
            }
        }
    }

    /// The answer to the gateway. Kannel would send a body back as a text message, and Twilio wants
    /// a document that says to send none.
    pub(super) fn thanks(self, status: StatusCode) -> Response {
        match self {
            Self::Twilio if status.is_success() => {
                (status, [(header::CONTENT_TYPE, "text/xml")], "<Response/>").into_response()
            }
            _ => status.into_response(),
        }
    }
}
