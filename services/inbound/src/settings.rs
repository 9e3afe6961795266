//! What this service reads of the settings: `[inbound]`, and its share of `[keys]` and `[team]`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use bootstrap::Loaded;
use domain::token::TokenKeys;
use domain::{AddressKeyer, Locale};
use jiff::tz::TimeZone;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::arrival::Office;
use crate::imap::Mailbox;
use crate::providers::hook::HookSettings;
use crate::providers::sendgrid;

/// The folder of the journal inside `data.dir`.
const JOURNAL_FOLDER: &str = "inbound";

/// The folder of kept requests inside `data.dir`.
const REPLIES_FOLDER: &str = "replies";

/// The folder of SNS's certificates inside `data.dir`.
const CERTIFICATES_FOLDER: &str = "sns-certificates";

/// The section `[inbound]`.
#[derive(Debug, Clone, Deserialize)]
struct Section {
    listen: String,
    journal_dir: Option<PathBuf>,
    body_limit_bytes: usize,
    public_url: Option<String>,
    sms_twilio_token: SecretString,
    sms_twilio_former_tokens: Vec<SecretString>,
    sms_secret: SecretString,
    sms_former_secrets: Vec<SecretString>,
    hook_limit_bytes: usize,
    ses_topics: Vec<String>,
    ses_certificates_dir: Option<PathBuf>,
    sendgrid_keys: Vec<String>,
    mailgun_keys: Vec<SecretString>,
    postmark_secrets: Vec<SecretString>,
    lmtp_listen: Option<String>,
    mail_secrets: Vec<SecretString>,
    mail_authenticated_by: Option<String>,
    imap_url: Option<String>,
    imap_password: SecretString,
    imap_poll_seconds: u64,
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
    privacy_url: Option<String>,
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
    /// Twilio's keys; without one Twilio is not listened to.
    pub twilio_tokens: Vec<SecretString>,
    /// The other gateways' shared secrets; without one they are not listened to.
    pub secrets: Vec<SecretString>,
    /// Bytes of a body at most.
    pub body_limit: usize,
    /// Where requests are kept.
    pub dir: PathBuf,
    /// The country of numbers without a country code.
    pub region: String,
}

/// By which doors mail that comes back is taken.
#[derive(Debug, Clone)]
pub(crate) struct MailSettings {
    /// Address and port to listen on for LMTP.
    pub lmtp_listen: Option<String>,
    /// What opens `/hooks/mail/raw`; empty where it is closed.
    pub secrets: Vec<SecretString>,
    /// The mailbox that is looked into.
    pub mailbox: Option<Mailbox>,
    /// The mail server whose Authentication-Results are believed.
    pub authenticated_by: Option<String>,
    /// Bytes of a message at most.
    pub message_limit: usize,
    /// Where messages are kept that change something.
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
    /// By which doors mail that comes back is taken, if by any.
    pub mail: Option<MailSettings>,
    /// Which mail providers are listened to, if any.
    pub hooks: Option<HookSettings>,
    /// What makes keys of the addresses that text messages and reports name.
    pub keyer: AddressKeyer,
    /// The folder of kept requests, and the days they are kept; 0 for ever.
    pub kept: (PathBuf, u32),
    /// The sender, as recipients know it; may be empty.
    pub team: String,
    /// Where the sender's privacy notice is; may be empty.
    pub privacy_url: String,
    /// Where the service is reached from outside; may be empty.
    pub public_url: String,
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
        let mail = section.mail(&data_dir)?;
        let hooks = section.hooks(&data_dir)?;
        if texts.is_some() || mail.is_some() || hooks.is_some() {
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
            mail,
            hooks,
            keyer,
            listen: section.listen,
            journal_dir: section.journal_dir.unwrap_or_else(|| data_dir.join(JOURNAL_FOLDER)),
            body_limit: section.body_limit_bytes,
            keys: keys.checking(),
            office: Office { team: team.name.clone(), zone },
            team: team.name,
            privacy_url: team.privacy_url.unwrap_or_default(),
            public_url: section.public_url.unwrap_or_default(),
            locale: team.default_locale,
            database: loaded.section("database")?,
            failpoint: loaded.section::<Faults>("faults")?.failpoint,
        })
    }
}

impl Section {
    fn mail(&self, data_dir: &Path) -> anyhow::Result<Option<MailSettings>> {
        let mailbox = self.imap_url.as_deref().map(|url| {
            let every = Duration::from_secs(self.imap_poll_seconds.max(1));
            Mailbox::parse(url, self.imap_password.clone(), every)
        });
        let (mailbox, secrets) = (mailbox.transpose()?, set(&self.mail_secrets));
        if self.lmtp_listen.is_none() && secrets.is_empty() && mailbox.is_none() {
            return Ok(None);
        }
        Ok(Some(MailSettings {
            lmtp_listen: self.lmtp_listen.clone(),
            secrets,
            mailbox,
            authenticated_by: self.mail_authenticated_by.clone(),
            message_limit: self.hook_limit_bytes,
            dir: self.kept_in(data_dir),
        }))
    }

    fn hooks(&self, data_dir: &Path) -> anyhow::Result<Option<HookSettings>> {
        let sendgrid = self.sendgrid_keys.iter().map(|key| sendgrid::Key::parse(key));
        let sendgrid: Option<Vec<_>> = sendgrid.collect();
        let sendgrid = sendgrid.context(
            "inbound.sendgrid_keys holds what is no verification key; copy it from SendGrid's page",
        )?;
        let (mailgun, postmark) = (set(&self.mailgun_keys), set(&self.postmark_secrets));
        let ses_topics = self.ses_topics.clone();
        if ses_topics.is_empty() && sendgrid.is_empty() && mailgun.is_empty() && postmark.is_empty()
        {
            return Ok(None);
        }
        let certificates = self.ses_certificates_dir.clone();
        Ok(Some(HookSettings {
            ses_topics,
            ses_certificates: certificates.unwrap_or_else(|| data_dir.join(CERTIFICATES_FOLDER)),
            sendgrid,
            mailgun,
            postmark,
            body_limit: self.hook_limit_bytes,
            dir: self.kept_in(data_dir),
        }))
    }

    fn kept_in(&self, data_dir: &Path) -> PathBuf {
        self.replies_dir.clone().unwrap_or_else(|| data_dir.join(REPLIES_FOLDER))
    }

    fn texts(&self, data_dir: &Path, region: String) -> Option<TextSettings> {
        let all = |current: &SecretString, former: &[SecretString]| {
            // Without a current one the door is closed, whatever was open before.
            let former = if current.expose_secret().is_empty() { &[] } else { former };
            set(&[std::slice::from_ref(current), former].concat())
        };
        let twilio_tokens = all(&self.sms_twilio_token, &self.sms_twilio_former_tokens);
        let secrets = all(&self.sms_secret, &self.sms_former_secrets);
        if twilio_tokens.is_empty() && secrets.is_empty() {
            return None;
        }
        let dir = self.kept_in(data_dir);
        let public_url = self.public_url.clone().unwrap_or_default();
        let public_url = public_url.trim_end_matches('/').to_owned();
        let body_limit = self.hook_limit_bytes;
        Some(TextSettings { public_url, twilio_tokens, secrets, body_limit, dir, region })
    }
}

/// Those of the secrets that are set.
fn set(secrets: &[SecretString]) -> Vec<SecretString> {
    secrets.iter().filter(|secret| !secret.expose_secret().is_empty()).cloned().collect()
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
