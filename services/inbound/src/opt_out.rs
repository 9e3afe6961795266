//! An opt-out: what a valid token and a POST amount to.

use chrono::{DateTime, Utc};
use domain::suppression::{Origin, SuppressionReason};
use domain::token::UnsubscribeToken;
use domain::{AddressKey, ContactChannel, TouchId};
use serde::{Deserialize, Serialize};
use storage::suppressions::{NewSuppression, Request, Target};

use crate::texts::Gateway;

/// Who entries made here are by.
pub(crate) const ACTOR: &str = "inbound";

domain::words! {
    /// What kind of program sent a request, as far as it says so. Kept as evidence; who it was is
    /// nobody's business.
    AgentClass, "agent class", {
        /// A mail provider's one-click service.
        MailService = "mail service",
        /// A person's browser.
        Browser = "browser",
        /// Something else with a name.
        Program = "program",
        /// Something without a name.
        Unnamed = "unnamed",
    }
}

impl AgentClass {
    /// The class of a `User-Agent` header.
    pub(crate) fn of(user_agent: Option<&str>) -> Self {
        let Some(agent) = user_agent.map(str::to_ascii_lowercase).filter(|it| !it.is_empty())
        else {
            return Self::Unnamed;
        };
        let names = |words: &[&str]| words.iter().any(|word| agent.contains(word));
        if names(&["google", "gmail", "yahoo", "mail", "outlook", "proton", "icloud"]) {
            Self::MailService
        } else if agent.starts_with("mozilla/") {
            Self::Browser
        } else {
            Self::Program
        }
    }
}

/// The reason a body tells: the pair of RFC 8058, in any case and either encoding, stands for the
/// header; everything else came by the link. Both are opt-outs: the token decides, not the body.
pub(crate) fn reason_of(body: &[u8]) -> SuppressionReason {
    let says = |word: &[u8]| body.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
    if says(b"list-unsubscribe") && says(b"one-click") {
        SuppressionReason::OneClick
    } else {
        SuppressionReason::UnsubscribeLink
    }
}

/// Somebody asked to be left alone. It holds no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OptOut {
    pub key: AddressKey,
    pub channel: ContactChannel,
    /// Whether it is about everybody who has the address, on every channel.
    pub whole_person: bool,
    pub touch: Option<TouchId>,
    pub reason: SuppressionReason,
    pub agent: AgentClass,
    /// Where it came by text message.
    pub text: Option<TextEvidence>,
    pub accepted_at: DateTime<Utc>,
}

/// The text message that an opt-out came by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TextEvidence {
    /// Who handed it over.
    pub gateway: Gateway,
    /// What it is known by here; its request was kept.
    pub message: u64,
}

/// The journal keeps microseconds, and so does PostgreSQL.
pub(crate) fn in_microseconds(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(at.timestamp_micros()).unwrap_or(at)
}

impl OptOut {
    pub(crate) fn new(
        token: UnsubscribeToken,
        reason: SuppressionReason,
        agent: AgentClass,
        accepted_at: DateTime<Utc>,
    ) -> Self {
        let UnsubscribeToken { address_key: key, channel, touch } = token;
        let accepted_at = in_microseconds(accepted_at);
        let (whole_person, text) = (false, None);
        Self { key, channel, whole_person, touch, reason, agent, text, accepted_at }
    }

    const fn is_by_mail_server(&self) -> bool {
        matches!(self.reason, SuppressionReason::HardBounce | SuppressionReason::Complaint)
    }

    /// What it asks of the list.
    pub(crate) fn request(&self) -> Request {
        Request { entry: self.entry(), whole_person: self.whole_person }
    }

    /// The entry it makes on the list.
    pub(crate) fn entry(&self) -> NewSuppression {
        let target = match self.channel {
            ContactChannel::Person => Target::Person(self.key),
            channel => Target::Address { key: self.key, channel, domain: None },
        };
        let touch = self.touch.map_or_else(String::new, |touch| format!(", touch {touch}"));
        let at = self.accepted_at.format("%Y-%m-%dT%H:%M:%S%.3fZ");
        let evidence = match self.text {
            Some(TextEvidence { gateway, message }) => {
                format!("text message {message:016x} by {gateway} at {at}")
            }
            None if self.is_by_mail_server() => {
                format!("mail returned to the signed return path at {at}{touch}")
            }
            None => format!("signed link, POST by {} at {at}{touch}", self.agent),
        };
        NewSuppression {
            target,
            reason: self.reason,
            origin: match self.reason {
                SuppressionReason::HardBounce => Origin::System,
                _ => Origin::Recipient,
            },
            actor: ACTOR.to_owned(),
            evidence: Some(evidence),
            touch: self.touch,
            received_at: Some(self.accepted_at),
        }
    }

    /// One line of JSON for the journal.
    pub(crate) fn to_json(self) -> String {
        let record = Record {
            v: 1,
            key: self.key.to_hex(),
            channel: self.channel,
            whole_person: self.whole_person,
            touch: self.touch,
            reason: self.reason,
            agent: self.agent,
            text: self.text,
            at: self.accepted_at.timestamp_micros(),
        };
        serde_json::to_string(&record)
            .expect("a struct of strings and numbers always has a JSON form")
    }

    /// What a line of the journal says, or `None` if it is not one.
    pub(crate) fn from_json(line: &str) -> Option<Self> {
        let record: Record = serde_json::from_str(line).ok().filter(|it: &Record| it.v == 1)?;
        Some(Self {
            key: from_hex(&record.key)?,
            channel: record.channel,
            whole_person: record.whole_person,
            touch: record.touch,
            reason: record.reason,
            agent: record.agent,
            text: record.text,
            accepted_at: DateTime::from_timestamp_micros(record.at)?,
        })
    }
}

/// A line of the journal, version 1.
#[derive(Serialize, Deserialize)]
struct Record {
    v: u8,
    key: String,
    channel: ContactChannel,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    whole_person: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    touch: Option<TouchId>,
    reason: SuppressionReason,
    agent: AgentClass,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<TextEvidence>,
    /// Microseconds since 1970.
    at: i64,
}

fn from_hex(text: &str) -> Option<AddressKey> {
    let digits = text.as_bytes().chunks(2);
    let bytes = digits.map(|pair| {
        let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
        u8::from_str_radix(pair, 16).ok()
    });
    AddressKey::from_bytes(&bytes.collect::<Option<Vec<u8>>>()?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use domain::{AddressKeyer, AddressKind};

    use super::*;

    #[test]
    fn the_reason_is_read_from_any_spelling_of_the_pair() {
        let multipart = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\n\
                         One-Click\r\n--b--\r\n";
        for body in
            ["List-Unsubscribe=One-Click", "list-unsubscribe=one-click&utm_source=x", multipart]
        {
            assert_eq!(reason_of(body.as_bytes()), SuppressionReason::OneClick, "{body}");
        }
        for body in ["", "from=page", "List-Unsubscribe=", "One-Click"] {
            assert_eq!(reason_of(body.as_bytes()), SuppressionReason::UnsubscribeLink, "{body}");
        }
    }

    #[test]
    fn programs_are_told_apart_coarsely() {
        for (agent, class) in [
            (None, AgentClass::Unnamed),
            (Some(""), AgentClass::Unnamed),
            (Some("curl/8.5.0"), AgentClass::Program),
            (Some("Mozilla/5.0 (X11; Linux x86_64)"), AgentClass::Browser),
            (Some("Mozilla/5.0 (compatible; GmailImageProxy)"), AgentClass::MailService),
        ] {
            assert_eq!(AgentClass::of(agent), class, "{agent:?}");
        }
    }

    #[test]
    fn an_opt_out_survives_its_journal_line_and_no_other_line_is_one() {
        let key = AddressKeyer::new(b"k").key(AddressKind::Email, "alice@example.com");
        let touch = TouchId::new();
        let token = UnsubscribeToken {
            address_key: key,
            channel: ContactChannel::Email,
            touch: Some(touch),
        };
        let at = DateTime::from_timestamp_nanos(1_780_000_000_123_456_789);
        let opt_out = OptOut::new(token, SuppressionReason::OneClick, AgentClass::Browser, at);
        let line = opt_out.to_json();
        assert!(!line.contains('\n') && !line.contains("alice"));
        assert_eq!(OptOut::from_json(&line), Some(opt_out));
        for broken in ["", "{}", &line[1..], &line.replace("\"v\":1", "\"v\":2")] {
            assert_eq!(OptOut::from_json(broken), None, "{broken}");
        }
        let text = Some(TextEvidence { gateway: Gateway::Twilio, message: 7 });
        let by_text = OptOut { whole_person: true, text, ..opt_out };
        assert_eq!(OptOut::from_json(&by_text.to_json()), Some(by_text));
        let evidence = opt_out.entry().evidence.unwrap();
        let expected =
            format!("signed link, POST by browser at 2026-05-28T20:26:40.123Z, touch {touch}");
        assert_eq!(evidence, expected);
    }
}
