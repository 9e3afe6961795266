//! What this service reads of the settings: `[inbound]`, and its share of `[keys]` and `[team]`.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use bootstrap::Loaded;
use domain::token::TokenKeys;
use domain::{AddressKeyer, Locale};
use jiff::tz::TimeZone;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::arrival::Office;

/// The folder of the journal inside `data.dir`.
const JOURNAL_FOLDER: &str = "inbound";

/// The folder of kept requests inside `data.dir`.
const REPLIES_FOLDER: &str = "replies";

/// The section `[inbound]`.
#[derive(Debug, Clone, Deserialize)]
struct Section {
    listen: String,
    journal_dir: Option<PathBuf>,
    body_limit_bytes: usize,
    public_url: Option<String>,
    sms_twilio_token: SecretString,
    sms_secret: SecretString,
    hook_limit_bytes: usize,
    lmtp_listen: Option<String>,
    replies_dir: Option<PathBuf>,
    replies_days: u32,
}

/// The part of `[keys]` that is needed here: what checks tokens, and what makes keys of the numbers
/// that text messages come from. A token carries the address's key, never the address.
#[derive(Deserialize)]
struct Keys {
    address: SecretString,
    token: SecretString,
    former_tokens: Vec<SecretString>,
}

#[derive(Deserialize)]
struct Team {
    name: String,
    default_locale: Locale,
    default_region: String,
    default_time_zone: String,
}

#[derive(Deserialize)]
struct Data {
    dir: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Faults {
    failpoint: String,
}

/// What answers by text message are taken with.
#[derive(Debug, Clone)]
pub(crate) struct TextSettings {
    /// The address gateways reach the service at.
    pub public_url: String,
    /// Twilio's key; without it Twilio is not listened to.
    pub twilio_token: Option<SecretString>,
    /// The other gateways' shared secret; without it they are not listened to.
    pub secret: Option<SecretString>,
    /// Bytes of a body at most.
    pub body_limit: usize,
    /// Where requests are kept.
    pub dir: PathBuf,
    /// The country of numbers without a country code.
    pub region: String,
}

/// Where mail that comes back is taken.
#[derive(Debug, Clone)]
pub(crate) struct LmtpSettings {
    /// Address and port to listen on.
    pub listen: String,
    /// Bytes of a message at most.
    pub message_limit: usize,
    /// Where messages are kept that put somebody on the list.
    pub dir: PathBuf,
}

/// Everything the service works with.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Address and port to listen on.
    pub listen: String,
    /// Where opt-outs wait for the database.
    pub journal_dir: PathBuf,
    /// Bytes of a body that are kept.
    pub body_limit: usize,
    /// What tokens are checked with.
    pub keys: TokenKeys,
    /// What answers by text message are taken with, where a gateway is set up.
    pub texts: Option<TextSettings>,
    /// Where mail that comes back is taken, if anywhere.
    pub lmtp: Option<LmtpSettings>,
    /// What makes keys of the addresses that text messages and reports name.
    pub keyer: AddressKeyer,
    /// The folder of kept requests, and the days they are kept; 0 for ever.
    pub kept: (PathBuf, u32),
    /// The sender, as recipients know it; may be empty.
    pub team: String,
    /// What applying arrivals needs to know of the team.
    pub office: Office,
    /// The language for those whose browser names neither of ours.
    pub locale: Locale,
    /// The section `[database]`.
    pub database: storage::Settings,
    /// Where to die, in tests of crashes.
    pub failpoint: String,
}

impl Settings {
    pub(crate) fn read(loaded: &Loaded) -> anyhow::Result<Self> {
        loaded.require(&["database.url", "keys.token"])?;
        let section: Section = loaded.section("inbound")?;
        let keys: Keys = loaded.section("keys")?;
        let team: Team = loaded.section("team")?;
        let data: Data = loaded.section("data")?;
        let data_dir = data.dir.unwrap_or_else(embedded::default_data_dir);
        let texts = section.texts(&data_dir, team.default_region);
        let lmtp = section.lmtp(&data_dir);
        if texts.is_some() || lmtp.is_some() {
            loaded.require(&["keys.address"])?;
        }
        let zone = match team.default_time_zone.as_str() {
            "" => TimeZone::UTC,
            name => TimeZone::get(name).with_context(|| {
                format!("team.default_time_zone is \"{name}\"; write an IANA name: Asia/Dubai")
            })?,
        };
        let keyer = AddressKeyer::new(keys.address.expose_secret().as_bytes());
        Ok(Self {
            kept: (section.kept_in(&data_dir), section.replies_days),
            texts,
            lmtp,
            keyer,
            listen: section.listen,
            journal_dir: section.journal_dir.unwrap_or_else(|| data_dir.join(JOURNAL_FOLDER)),
            body_limit: section.body_limit_bytes,
            keys: keys.checking(),
            office: Office { team: team.name.clone(), zone },
            team: team.name,
            locale: team.default_locale,
            database: loaded.section("database")?,
            failpoint: loaded.section::<Faults>("faults")?.failpoint,
        })
    }
}

impl Section {
    fn lmtp(&self, data_dir: &Path) -> Option<LmtpSettings> {
        let listen = self.lmtp_listen.clone()?;
        let dir = self.kept_in(data_dir);
        Some(LmtpSettings { listen, message_limit: self.hook_limit_bytes, dir })
    }

    fn kept_in(&self, data_dir: &Path) -> PathBuf {
        self.replies_dir.clone().unwrap_or_else(|| data_dir.join(REPLIES_FOLDER))
    }

    fn texts(&self, data_dir: &Path, region: String) -> Option<TextSettings> {
        let set = |secret: &SecretString| {
            let is_set = !secret.expose_secret().is_empty();
            is_set.then(|| secret.clone())
        };
        let (twilio_token, secret) = (set(&self.sms_twilio_token), set(&self.sms_secret));
        if twilio_token.is_none() && secret.is_none() {
            return None;
        }
        let dir = self.kept_in(data_dir);
        let public_url = self.public_url.clone().unwrap_or_default();
        let public_url = public_url.trim_end_matches('/').to_owned();
        let body_limit = self.hook_limit_bytes;
        Some(TextSettings { public_url, twilio_token, secret, body_limit, dir, region })
    }
}

impl Keys {
    fn checking(&self) -> TokenKeys {
        let current = TokenKeys::new("current", self.token.expose_secret().as_bytes());
        let former = self.former_tokens.iter().map(ExposeSecret::expose_secret);
        // Anybody can sign with an empty key.
        former
            .filter(|secret| !secret.is_empty())
            .fold(current, |keys, secret| keys.with_old(secret.as_bytes()))
    }
}
