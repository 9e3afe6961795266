//! Gateways described by data: the embedded presets and the shape of a description.
//!
//! The kinds of authentication are placeholders in a header, the query or the body: `Basic
//! {basic}`, `Bearer {password}`, `api_key={user}`. So a description needs no code of its own.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::{Deserialize, Deserializer, de};

/// The presets that are built in, by name.
const EMBEDDED: [(&str, &str); 6] = [
    ("twilio", include_str!("../presets/twilio.toml")),
    ("vonage", include_str!("../presets/vonage.toml")),
    ("infobip", include_str!("../presets/infobip.toml")),
    ("unifonic", include_str!("../presets/unifonic.toml")),
    ("kannel", include_str!("../presets/kannel.toml")),
    ("custom", include_str!("../presets/custom.toml")),
];

domain::words! {
    /// What an answer of a gateway means.
    AnswerClass, "answer class", {
        /// The provider keeps the number on its own list (compliance.md SMS-14).
        OptedOut = "opted_out",
        /// The number cannot receive texts (compliance.md SMS-30).
        InvalidNumber = "invalid_number",
        /// A filter stopped this text; the number is fine (compliance.md BNC-18).
        BlockedContent = "blocked_content",
        /// Credentials, credit, sender or address are wrong: no text would go out.
        Config = "config",
        /// Too many requests: not taken.
        Throttled = "throttled",
        /// Not taken now.
        Temporary = "temporary",
        /// Not taken, and a repeat would not be either.
        Permanent = "permanent",
        /// The answer leaves open whether the message was taken.
        InDoubt = "in_doubt",
    }
}

domain::words! {
    /// What a gateway's limit counts.
    Counts, "unit of a rate limit", {
        /// Messages, of however many segments.
        Messages = "messages",
        /// Segments.
        Segments = "segments",
    }
}

/// A gateway, described.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// The preset's name; it begins the detail of every result.
    #[serde(skip)]
    pub name: String,
    /// Where the provider documents what stands here.
    pub documentation: String,
    /// The HTTP method.
    pub method: String,
    /// The address, with placeholders in its path; no query.
    pub url: String,
    /// The query, as `name=value` pairs with placeholders.
    #[serde(default)]
    pub query: String,
    /// Pairs added to the query where a callback address is set.
    #[serde(default)]
    pub callback_query: String,
    /// Headers by name, with placeholders.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The kind of body; "" for none.
    #[serde(default)]
    pub content_type: String,
    /// The body with placeholders, escaped for its content type.
    #[serde(default)]
    pub body: String,
    /// What `{coding}` says for the GSM alphabet.
    #[serde(default)]
    pub coding_gsm7: String,
    /// What `{coding}` says for UCS-2.
    #[serde(default)]
    pub coding_ucs2: String,
    /// HTTP statuses that can mean "accepted".
    pub success_status: StatusSet,
    /// JSON pointer (RFC 6901) that must lead to one of `success_values`.
    #[serde(default)]
    pub success_pointer: String,
    /// The values; empty: whatever stands there, but something.
    #[serde(default)]
    pub success_values: Vec<String>,
    /// Beginnings of a plain text one of which must be there.
    #[serde(default)]
    pub success_prefixes: Vec<String>,
    /// JSON pointer to the provider's id of the message.
    #[serde(default)]
    pub reference_pointer: String,
    /// Beginning of a plain text after which the provider's id stands.
    #[serde(default)]
    pub reference_after: String,
    /// JSON pointers to the error code; the first that leads somewhere counts.
    #[serde(default)]
    pub error_pointers: Vec<String>,
    /// What errors mean, the first match counts.
    #[serde(default)]
    pub errors: Vec<ErrorRule>,
    /// What a code means that no rule lists and that comes with a status of success, where the
    /// status says nothing.
    #[serde(default)]
    pub unlisted_code: Option<AnswerClass>,
    /// HTTP statuses that leave open whether the message was taken.
    #[serde(default = "in_doubt_by_default")]
    pub in_doubt_status: StatusSet,
    /// The header that carries the idempotency key; "" where the provider has none.
    #[serde(default)]
    pub idempotency_header: String,
    /// For how long the provider remembers a key.
    #[serde(default)]
    pub idempotency_ttl_seconds: u64,
    /// The provider's limit per second; 0 for none.
    #[serde(default)]
    pub per_second: f64,
    /// What the limit counts.
    pub counts: Counts,
}

/// One line of the table of errors: every condition that is given must hold.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorRule {
    /// What it means.
    pub class: AnswerClass,
    /// HTTP statuses; unset: any.
    #[serde(default)]
    pub status: StatusSet,
    /// Codes at `error_pointers`; without pointers, beginnings of the body.
    #[serde(default)]
    pub codes: Vec<String>,
    /// Beginnings of a plain text.
    #[serde(default)]
    pub prefixes: Vec<String>,
}

/// A set of HTTP statuses, written "200-299" or "200,202".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatusSet(Vec<RangeInclusive<u16>>);

/// Why a preset cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PresetError {
    /// There is no such preset.
    #[error("sms.preset \"{0}\" is not known; the presets are: {names}", names = names())]
    UnknownPreset(String),
    /// A list of statuses does not read as one.
    #[error("\"{0}\" is not a list of HTTP statuses; write 200-299 or 200,202")]
    Status(String),
    /// The data of a preset is broken.
    #[error("the preset {name} does not load: {source}")]
    Data {
        /// The preset.
        name: String,
        /// What is wrong with it.
        source: Box<toml::de::Error>,
    },
}

impl Preset {
    /// The embedded preset of that name.
    pub fn named(name: &str) -> Result<Self, PresetError> {
        let (_, data) = EMBEDDED
            .iter()
            .find(|(known, _)| *known == name)
            .ok_or_else(|| PresetError::UnknownPreset(name.to_owned()))?;
        let mut preset: Self = toml::from_str(data).map_err(|source| PresetError::Data {
            name: name.to_owned(),
            source: Box::new(source),
        })?;
        name.clone_into(&mut preset.name);
        Ok(preset)
    }
}

impl StatusSet {
    /// Reads "200-299", "200,202" or a mixture; "" is the empty set.
    pub fn parse(text: &str) -> Result<Self, PresetError> {
        let wrong = || PresetError::Status(text.to_owned());
        let number = |text: &str| text.trim().parse::<u16>().map_err(|_| wrong());
        let pieces = text.split(',').map(str::trim).filter(|piece| !piece.is_empty());
        pieces
            .map(|piece| match piece.split_once('-') {
                Some((from, to)) => Ok(number(from)?..=number(to)?),
                None => number(piece).map(|status| status..=status),
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether the status belongs to the set.
    #[must_use]
    pub fn contains(&self, status: u16) -> bool {
        self.0.iter().any(|range| range.contains(&status))
    }

    /// Whether there is none in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> Deserialize<'de> for StatusSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// A relay in front of the gateway answers these when it does not know what the gateway did.
fn in_doubt_by_default() -> StatusSet {
    StatusSet(vec![502..=502, 504..=504])
}

fn names() -> String {
    EMBEDDED.map(|(name, _)| name).join(", ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_preset_loads() {
        for (name, _) in EMBEDDED {
            let preset = Preset::named(name).unwrap();
            assert_eq!(preset.name, name);
            assert!(!preset.success_status.is_empty(), "{name}");
        }
    }

    #[test]
    fn an_unknown_preset_is_refused_with_the_names_there_are() {
        let message = Preset::named("twillio").unwrap_err().to_string();
        assert!(message.contains("twilio, vonage, infobip, unifonic, kannel, custom"), "{message}");
    }

    #[test]
    fn statuses_are_read_as_ranges_and_lists() {
        let set = StatusSet::parse("200-204, 409").unwrap();
        assert!([200, 204, 409].into_iter().all(|status| set.contains(status)));
        assert!([199, 205, 408].into_iter().all(|status| !set.contains(status)));
        assert!(StatusSet::parse("").unwrap().is_empty());
        for wrong in ["2xx", "200-", "-1", "70000"] {
            assert!(StatusSet::parse(wrong).is_err(), "{wrong}");
        }
    }
}
