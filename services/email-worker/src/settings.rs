//! The `[email]` section: which relay, how hard, signed by whom.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::{Host, Url};

use crate::mailer::{LimitSettings, Timeouts};

/// How long an unused connection to the relay is kept.
const IDLE: Duration = Duration::from_secs(30);

domain::words! {
    /// What happens to a touch that may or may not have been handed over.
    UnknownPolicy, "policy for unknown touches", {
        /// Sent once more with the same Message-ID.
        Resend = "resend",
        /// Held for a person.
        Hold = "hold",
    }
}

domain::words! {
    /// What the last check of the sending domain decides (compliance.md EML-14).
    Preflight, "way of checking the sending domain", {
        /// Nothing.
        Off = "off",
        /// Whoever enrols is told when it did not pass.
        Warn = "warn",
        /// Nobody is enrolled until it passes.
        Require = "require",
    }
}

/// The `[email]` section of the settings. Empty text means "not set".
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The relay's URL; a secret, because it may hold a password.
    pub url: SecretString,
    /// The sender, e.g. `Palm Realty <hello@palm.example>`.
    pub from: String,
    /// The domain of signed return paths; not set: bounces go to `from`.
    pub bounce_domain: String,
    /// The name given in EHLO; not set: the domain of `from`.
    pub helo_name: String,
    /// Messages handed over at the same time by one process.
    pub concurrency: u32,
    /// The same towards one recipient domain.
    pub per_destination_concurrency: u32,
    /// Messages per second by one process; 0 for no limit.
    pub messages_per_second: f64,
    /// The same towards one recipient domain; 0 for no limit.
    pub per_destination_messages_per_second: f64,
    /// Seconds until TCP is connected.
    pub connect_timeout_seconds: u64,
    /// Seconds for one command and its answer.
    pub command_timeout_seconds: u64,
    /// Seconds for writing a message, and again for the answer to its final dot.
    pub data_timeout_seconds: u64,
    /// Messages after which a connection is closed.
    pub max_messages_per_connection: u32,
    /// The domain that signs.
    pub dkim_domain: String,
    /// The selector its key is published under.
    pub dkim_selector: String,
    /// The file with the private key.
    pub dkim_key_file: String,
    /// What the last check of the sending domain decides.
    pub preflight: Preflight,
    /// What happens to a touch that may or may not have been handed over.
    pub unknown_policy: UnknownPolicy,
}

impl Settings {
    /// The limits of the mailer.
    #[must_use]
    pub fn limits(&self) -> LimitSettings {
        LimitSettings {
            concurrency: self.concurrency.max(1) as usize,
            per_destination_concurrency: self.per_destination_concurrency.max(1) as usize,
            per_second: self.messages_per_second,
            per_destination_per_second: self.per_destination_messages_per_second,
        }
    }

    /// The deadlines of the mailer.
    #[must_use]
    pub const fn timeouts(&self) -> Timeouts {
        Timeouts {
            connect: Duration::from_secs(self.connect_timeout_seconds),
            command: Duration::from_secs(self.command_timeout_seconds),
            data: Duration::from_secs(self.data_timeout_seconds),
            idle: IDLE,
        }
    }
}

/// When a connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// Never.
    None,
    /// By STARTTLS where the server offers it with a certificate that can be checked.
    Opportunistic,
    /// By STARTTLS, or not at all.
    Required,
    /// From the first byte (smtps).
    Implicit,
}

/// A name and a password for the relay.
#[derive(Debug, Clone)]
pub struct RelayCredentials {
    /// The name.
    pub user: String,
    /// The password.
    pub password: SecretString,
}

/// The relay a URL names.
#[derive(Debug, Clone)]
pub struct Relay {
    /// Host name or address, without brackets.
    pub host: String,
    /// Port; 25 for smtp, 465 for smtps where the URL has none.
    pub port: u16,
    /// When the connection is encrypted.
    pub security: Security,
    /// Who we are, where the relay wants to know.
    pub credentials: Option<RelayCredentials>,
    /// Root certificates (PEM) to trust instead of the machine's.
    pub ca_file: Option<PathBuf>,
    /// The name given in EHLO.
    pub hello_name: String,
}

/// Why a relay's URL is refused. The URL itself is not repeated: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RelayError {
    /// Not a URL.
    #[error("email.url is not a URL: {0}; write smtp://host:25 or smtps://user:password@host")]
    NotAUrl(url::ParseError),
    /// Another scheme.
    #[error("email.url starts with \"{0}:\"; it must be smtp: or smtps:")]
    Scheme(String),
    /// No host.
    #[error("email.url names no host; write smtp://host:25")]
    NoHost,
    /// A parameter that is not known, or not with this scheme or value.
    #[error(
        "email.url has the parameter \"{0}\"; known are starttls=required|opportunistic|never \
         (with smtp: only) and ca=FILE"
    )]
    Parameter(String),
    /// A password that would travel in the clear.
    #[error(
        "email.url holds a password that could travel in the clear; \
         use smtps:// or add ?starttls=required"
    )]
    PasswordInTheClear,
    /// A percent escape that is not UTF-8.
    #[error("the name or password in email.url is not UTF-8 after percent-decoding")]
    NotUtf8,
}

impl Relay {
    /// Reads the relay from its URL. Without `?starttls=`, smtp: takes STARTTLS where it is offered,
    /// but not towards this machine itself, whose certificate is rarely one that can be checked.
    pub fn parse(url: &SecretString, hello_name: &str) -> Result<Self, RelayError> {
        let url = Url::parse(url.expose_secret()).map_err(RelayError::NotAUrl)?;
        let implicit = match url.scheme() {
            "smtp" => false,
            "smtps" => true,
            other => return Err(RelayError::Scheme(other.to_owned())),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(RelayError::NoHost)?;
        // The URL standard does not know smtp:, so its host is text that has to be read here.
        let parsed = Host::parse(host).map_err(RelayError::NotAUrl)?;
        let (host, local) = match parsed {
            Host::Domain(name) => (name.clone(), name == "localhost"),
            Host::Ipv4(address) => (address.to_string(), address.is_loopback()),
            Host::Ipv6(address) => (address.to_string(), address.is_loopback()),
        };
        let mut security = match (implicit, local) {
            (true, _) => Security::Implicit,
            (false, true) => Security::None,
            (false, false) => Security::Opportunistic,
        };
        let mut ca_file = None;
        for (name, value) in url.query_pairs() {
            match (name.as_ref(), value.as_ref()) {
                ("starttls", "required") if !implicit => security = Security::Required,
                ("starttls", "opportunistic") if !implicit => security = Security::Opportunistic,
                ("starttls", "never") if !implicit => security = Security::None,
                ("ca", path) if !path.is_empty() => ca_file = Some(PathBuf::from(path)),
                _ => return Err(RelayError::Parameter(name.into_owned())),
            }
        }
        let credentials = credentials(&url)?;
        let safe = local || matches!(security, Security::Required | Security::Implicit);
        if credentials.is_some() && !safe {
            return Err(RelayError::PasswordInTheClear);
        }
        let port = url.port().unwrap_or(if implicit { 465 } else { 25 });
        let hello_name = hello_name.to_owned();
        Ok(Self { host, port, security, credentials, ca_file, hello_name })
    }
}

fn credentials(url: &Url) -> Result<Option<RelayCredentials>, RelayError> {
    if url.username().is_empty() {
        return Ok(None);
    }
    let decode = |text: &str| {
        let decoded = percent_encoding::percent_decode_str(text).decode_utf8();
        decoded.map(std::borrow::Cow::into_owned).map_err(|_| RelayError::NotUtf8)
    };
    let password = decode(url.password().unwrap_or_default())?;
    Ok(Some(RelayCredentials { user: decode(url.username())?, password: password.into() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_section_is_the_one_of_the_defaults() {
        let loaded = bootstrap::settings::Loaded::from_sources(None, Vec::new()).unwrap();
        let settings: Settings = loaded.section("email").unwrap();
        assert_eq!(settings.unknown_policy, UnknownPolicy::Resend);
        assert!(settings.url.expose_secret().is_empty());
        assert!(settings.limits().concurrency >= settings.limits().per_destination_concurrency);
        assert_eq!(settings.timeouts().idle, IDLE);
    }

    fn relay(url: &str) -> Result<Relay, RelayError> {
        Relay::parse(&url.into(), "mail.palm.example")
    }

    #[test]
    fn a_url_names_host_port_and_security() {
        for (url, host, port, security) in [
            ("smtp://relay.example", "relay.example", 25, Security::Opportunistic),
            ("smtp://relay.example:2525", "relay.example", 2525, Security::Opportunistic),
            (
                "smtp://relay.example:587?starttls=required",
                "relay.example",
                587,
                Security::Required,
            ),
            ("smtp://relay.example?starttls=never", "relay.example", 25, Security::None),
            ("smtps://relay.example", "relay.example", 465, Security::Implicit),
            ("smtp://127.0.0.1:2525", "127.0.0.1", 2525, Security::None),
            ("smtp://[::1]:2525", "::1", 2525, Security::None),
            ("smtp://localhost?starttls=opportunistic", "localhost", 25, Security::Opportunistic),
        ] {
            let relay = relay(url).unwrap();
            assert_eq!((relay.host.as_str(), relay.port, relay.security), (host, port, security));
        }
    }

    #[test]
    fn a_password_never_travels_in_the_clear() {
        for url in ["smtp://u:p@relay.example", "smtp://u:p@relay.example?starttls=opportunistic"] {
            assert_eq!(relay(url).unwrap_err(), RelayError::PasswordInTheClear);
        }
        for url in ["smtps://u%40x:p%3A1@r.example", "smtp://u%40x:p%3A1@localhost:2525"] {
            let credentials = relay(url).unwrap().credentials.unwrap();
            assert_eq!(credentials.user, "u@x");
            assert_eq!(credentials.password.expose_secret(), "p:1");
        }
    }

    #[test]
    fn what_is_wrong_with_a_url_is_said_without_repeating_it() {
        for (url, expected) in [
            ("relay.example:25", RelayError::Scheme("relay.example".into())),
            ("http://relay.example", RelayError::Scheme("http".into())),
            ("smtps://r.example?starttls=required", RelayError::Parameter("starttls".into())),
            ("smtp://r.example?tls=1", RelayError::Parameter("tls".into())),
            ("smtp:", RelayError::NoHost),
        ] {
            assert_eq!(relay(url).unwrap_err(), expected, "{url}");
        }
        let error = relay("smtp://user:hunter2@relay.example").unwrap_err();
        assert!(!error.to_string().contains("hunter2"));
        let shown = format!("{:?}", relay("smtps://user:hunter2@relay.example").unwrap());
        assert!(!shown.contains("hunter2"));
    }
}
