//! The section `[sms]` of the settings.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::preset::{AnswerClass, ErrorRule, Preset, PresetError, StatusSet};

domain::words! {
    /// What to do with a touch of which nobody knows whether it was handed over.
    UnknownPolicy, "policy for touches in doubt", {
        /// Send it again, once.
        Resend = "resend",
        /// Leave it to a person.
        Hold = "hold",
    }
}

/// The section `[sms]`. Empty texts, lists and negative limits mean: as the preset says.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Name of the preset; "" where no gateway is set up.
    pub preset: String,
    /// The gateway's address. Without a path, the preset's path is kept; without a query, its query.
    pub url: String,
    /// The HTTP method.
    pub method: String,
    /// The kind of body.
    pub content_type: String,
    /// Headers added to the preset's, or put in their place.
    pub headers: BTreeMap<String, SecretString>,
    /// The body in place of the preset's.
    pub body: String,
    /// The account's name.
    pub user: String,
    /// The account's secret.
    pub password: SecretString,
    /// The sender recipients see.
    pub sender: String,
    /// Where the gateway reports deliveries to.
    pub callback_url: String,
    /// The header that carries the idempotency key.
    pub idempotency_header: String,
    /// For how long the gateway remembers a key; 0 as the preset says.
    pub idempotency_ttl_seconds: u64,
    /// HTTP statuses that mean "accepted".
    pub success_status: String,
    /// JSON pointer to what says "accepted".
    pub success_pointer: String,
    /// The values that say so.
    pub success_values: Vec<String>,
    /// JSON pointer to the gateway's id of the message.
    pub reference_pointer: String,
    /// JSON pointer to the error code.
    pub error_pointer: String,
    /// Codes of numbers the gateway keeps on its own list.
    pub opted_out_errors: Vec<String>,
    /// Codes of numbers that cannot receive texts.
    pub invalid_number_errors: Vec<String>,
    /// Codes after which a repeat is pointless.
    pub permanent_errors: Vec<String>,
    /// Codes after which a repeat makes sense.
    pub temporary_errors: Vec<String>,
    /// Whether a gateway on a private network may be spoken to without TLS. One on this very
    /// machine always may.
    pub allow_plain_http: bool,
    /// Seconds for a connection to stand, name look-up and TLS included.
    pub connect_timeout_seconds: u64,
    /// Seconds for the whole answer.
    pub timeout_seconds: u64,
    /// Bytes of an answer that are read at most.
    pub response_limit_bytes: usize,
    /// Messages handed over at the same time.
    pub concurrency: usize,
    /// Limit per second, in what the preset counts; 0 for none, negative as the preset says.
    pub messages_per_second: f64,
    /// Segments a text may take at most.
    pub max_segments: u32,
    /// What to do with a touch in doubt.
    pub unknown_policy: UnknownPolicy,
}

impl Default for Settings {
    fn default() -> Self {
        let text = String::new;
        Self {
            preset: text(),
            url: text(),
            method: text(),
            content_type: text(),
            headers: BTreeMap::new(),
            body: text(),
            user: text(),
            password: SecretString::default(),
            sender: text(),
            callback_url: text(),
            idempotency_header: text(),
            idempotency_ttl_seconds: 0,
            success_status: text(),
            success_pointer: text(),
            success_values: Vec::new(),
            reference_pointer: text(),
            error_pointer: text(),
            opted_out_errors: Vec::new(),
            invalid_number_errors: Vec::new(),
            permanent_errors: Vec::new(),
            temporary_errors: Vec::new(),
            allow_plain_http: false,
            connect_timeout_seconds: 5,
            timeout_seconds: 20,
            response_limit_bytes: 65_536,
            concurrency: 16,
            messages_per_second: -1.0,
            max_segments: 4,
            unknown_policy: UnknownPolicy::Hold,
        }
    }
}

impl Settings {
    /// Whether a gateway is set up at all.
    #[must_use]
    pub fn has_gateway(&self) -> bool {
        !self.preset.is_empty() || !self.url.is_empty()
    }

    /// The preset with everything these settings change; the address is left to the caller, for
    /// whom it depends on the preset's path. A custom gateway needs no preset's name.
    pub fn described_gateway(&self) -> Result<Preset, PresetError> {
        let name = if self.preset.is_empty() { "custom" } else { &self.preset };
        let mut preset = Preset::named(name)?;
        replace(&mut preset.method, &self.method);
        replace(&mut preset.content_type, &self.content_type);
        replace(&mut preset.body, &self.body);
        replace(&mut preset.idempotency_header, &self.idempotency_header);
        replace(&mut preset.reference_pointer, &self.reference_pointer);
        for (header, value) in &self.headers {
            preset.headers.retain(|known, _| !known.eq_ignore_ascii_case(header));
            preset.headers.insert(header.clone(), value.expose_secret().to_owned());
        }
        if self.idempotency_ttl_seconds > 0 {
            preset.idempotency_ttl_seconds = self.idempotency_ttl_seconds;
        }
        if self.messages_per_second >= 0.0 {
            preset.per_second = self.messages_per_second;
        }
        self.replace_success(&mut preset)?;
        self.put_errors_first(&mut preset);
        Ok(preset)
    }

    fn replace_success(&self, preset: &mut Preset) -> Result<(), PresetError> {
        if !self.success_status.is_empty() {
            preset.success_status = StatusSet::parse(&self.success_status)?;
        }
        if !self.success_pointer.is_empty() {
            self.success_pointer.clone_into(&mut preset.success_pointer);
            // The preset's values belong to the preset's pointer.
            preset.success_values.clear();
        }
        if !self.success_values.is_empty() {
            preset.success_values.clone_from(&self.success_values);
        }
        Ok(())
    }

    /// The installation's own codes are looked at before the preset's.
    fn put_errors_first(&self, preset: &mut Preset) {
        if !self.error_pointer.is_empty() {
            preset.error_pointers = vec![self.error_pointer.clone()];
        }
        let own = [
            (AnswerClass::OptedOut, &self.opted_out_errors),
            (AnswerClass::InvalidNumber, &self.invalid_number_errors),
            (AnswerClass::Permanent, &self.permanent_errors),
            (AnswerClass::Temporary, &self.temporary_errors),
        ];
        let rules = own.into_iter().filter(|(_, codes)| !codes.is_empty()).map(|(class, codes)| {
            ErrorRule {
                class,
                status: StatusSet::default(),
                codes: codes.clone(),
                prefixes: Vec::new(),
            }
        });
        preset.errors.splice(0..0, rules);
    }
}

fn replace(value: &mut String, with: &str) {
    if !with.is_empty() {
        with.clone_into(value);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_stays_as_the_preset_says() {
        let settings = Settings { preset: "vonage".to_owned(), ..Settings::default() };
        let preset = settings.described_gateway().unwrap();
        assert!((preset.per_second - 30.0).abs() < f64::EPSILON);
        assert_eq!(preset.success_values, ["0"]);
        assert_eq!(preset.errors.len(), 5);
    }

    #[test]
    fn what_is_set_takes_the_presets_place() {
        let settings: Settings = toml::from_str(
            r#"
            preset = "twilio"
            headers = { authorization = "Bearer {password}", X-Team = "north" }
            success_status = "202"
            success_pointer = "/ok"
            permanent_errors = ["21610"]
            messages_per_second = 0
            "#,
        )
        .unwrap();
        let preset = settings.described_gateway().unwrap();
        assert_eq!(preset.headers["authorization"], "Bearer {password}");
        assert!(!preset.headers.contains_key("Authorization"));
        assert_eq!(preset.headers["X-Team"], "north");
        assert!(preset.success_status.contains(202) && !preset.success_status.contains(201));
        assert_eq!(preset.errors[0].class, AnswerClass::Permanent);
        assert!(preset.per_second.abs() < f64::EPSILON);
    }

    #[test]
    fn secrets_are_not_printed() {
        let settings: Settings =
            toml::from_str("password = \"tops3cret\"\nheaders = { X-Key = \"tops3cret\" }")
                .unwrap();
        assert!(!format!("{settings:?}").contains("tops3cret"));
    }
}
