//! What this service reads of the settings: `[console]`, and its share of `[team]`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use bootstrap::Loaded;
use domain::Locale;
use domain::access::UserRole;
use domain::outgoing::Reach;
use domain::window::Windows;
use jiff::tz::TimeZone;
use secrecy::SecretString;
use serde::Deserialize;

use crate::access::origin::Proxies;
use crate::pages::MOST_MEGABYTES;

/// The folder of kept answers inside the data folder, as inbound calls it.
const REPLIES_FOLDER: &str = "replies";

/// The section `[console]`.
#[derive(Debug, Clone, Deserialize)]
struct Section {
    listen: String,
    public_url: Option<String>,
    idle_minutes: u64,
    trusted_proxies: String,
    session_hours: u64,
    api_requests_per_minute: u32,
    tests_per_hour: u32,
    image_megabytes: usize,
    image_megapixels: u64,
}

/// The part of `[team]` that is needed here.
#[derive(Debug, Clone, Deserialize)]
pub struct Team {
    /// The sender's name.
    pub name: String,
    /// The country of numbers without a country code.
    pub default_region: String,
    /// The language for browsers that name neither of ours.
    pub default_locale: Locale,
    /// The zone of contacts whose own is not known.
    pub default_time_zone: String,
}

/// What is read of other sections: files of other services, and the key that signs evidence.
#[derive(Debug, Clone, Deserialize)]
struct Replies {
    replies_dir: Option<PathBuf>,
}
#[derive(Debug, Clone, Deserialize)]
struct Data {
    dir: Option<PathBuf>,
}
#[derive(Debug, Clone, Deserialize)]
struct Keys {
    evidence_key_file: Option<PathBuf>,
}

/// The section `[oidc]`.
#[derive(Debug, Clone, Deserialize)]
struct ProviderSection {
    issuer: Option<String>,
    client_id: Option<String>,
    client_secret: Option<SecretString>,
    name: Option<String>,
    new_users_role: Option<String>,
}

/// An identity provider.
#[derive(Debug, Clone)]
pub struct ProviderSettings {
    /// What it calls itself.
    pub issuer: String,
    /// What it calls us.
    pub client_id: String,
    /// What we prove that with; empty for a public client.
    pub client_secret: SecretString,
    /// What stands on the button.
    pub name: String,
}

impl ProviderSection {
    fn provider(&self) -> anyhow::Result<Option<ProviderSettings>> {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let (issuer, client_id, name) =
            (text(&self.issuer), text(&self.client_id), text(&self.name));
        if issuer.is_empty() {
            return Ok(None);
        }
        anyhow::ensure!(!client_id.is_empty(), "oidc.issuer is set, but oidc.client_id is not");
        let client_secret = self.client_secret.clone().unwrap_or_default();
        let name = if name.is_empty() { "OpenID Connect".to_owned() } else { name };
        Ok(Some(ProviderSettings { issuer, client_id, client_secret, name }))
    }

    fn role(&self) -> anyhow::Result<Option<UserRole>> {
        let role = self.new_users_role.as_deref().filter(|role| !role.is_empty());
        role.map(str::parse).transpose().context("oidc.new_users_role")
    }
}

/// The section `[webhooks]`.
#[derive(Debug, Clone, Deserialize)]
struct WebhookSection {
    allow_private: bool,
    ca_file: Option<PathBuf>,
}

/// What a segment of a text message costs: the part of `[sms]` that is shown.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Prices {
    prices: BTreeMap<String, String>,
    /// Their currency.
    pub currency: String,
}

impl Prices {
    /// Of one segment to a country; none where nobody has set one.
    pub fn of(&self, country: &str) -> Option<f64> {
        let known = |(own, _): &(&String, &String)| own.eq_ignore_ascii_case(country);
        self.prices.iter().find(known).and_then(|(_, price)| price.parse().ok())
    }

    fn checked(self) -> anyhow::Result<Self> {
        for (country, price) in &self.prices {
            let number =
                price.parse::<f64>().ok().filter(|price| price.is_finite() && *price >= 0.0);
            anyhow::ensure!(
                number.is_some(),
                "sms.prices: the price of {country} is \"{price}\"; write a number: \"0.11\""
            );
        }
        Ok(self)
    }
}

impl Team {
    /// What the office needs of it.
    pub fn office(&self) -> office::Team {
        office::Team {
            default_region: self.default_region.clone(),
            default_locale: self.default_locale,
            default_time_zone: self.default_time_zone.clone(),
        }
    }
}

/// Everything the service works with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Address and port to listen on.
    pub listen: String,
    /// Where people reach it, without a final slash; empty: at `listen`.
    pub public_url: String,
    /// A session that is not used for so long ends.
    pub idle: Duration,
    /// A session ends after so long in any case.
    pub lifetime: Duration,
    /// So often a token of the API may ask.
    pub api_per_minute: u32,
    /// So many tests one person may send to themself within an hour.
    pub tests_per_hour: u32,
    /// Which images are taken.
    pub image_limits: pictures::Limits,
    /// Proxies that are believed when they say where a request comes from.
    pub trusted_proxies: Proxies,
    /// The team's own hours.
    pub windows: Windows,
    /// Who speaks.
    pub team: Team,
    /// The same as workers know it: what templates are filled in with.
    pub sender: worker::Team,
    /// Where inbound keeps answers as they came, if it is on this machine.
    pub replies_dir: Option<PathBuf>,
    /// The key that signs evidence bundles.
    pub evidence_key_file: Option<PathBuf>,
    /// Where people may sign in besides.
    pub provider: Option<ProviderSettings>,
    /// The role of people whom the provider knows and we do not; without one they stay out.
    pub provider_role: Option<UserRole>,
    /// How far messages of webhooks may go.
    pub webhook_reach: Reach,
    /// The certificates that are trusted there, if not the system's.
    pub webhook_ca_file: Option<PathBuf>,
    /// What text messages cost.
    pub prices: Prices,
    /// The zone times are shown in.
    pub zone: TimeZone,
}

impl Settings {
    pub fn read(loaded: &Loaded) -> anyhow::Result<Self> {
        let section: Section = loaded.section("console")?;
        let team: Team = loaded.section("team")?;
        let (replies, data): (Replies, Data) =
            (loaded.section("inbound")?, loaded.section("data")?);
        let replies_dir = set(replies.replies_dir);
        let keys: Keys = loaded.section("keys")?;
        let webhooks: WebhookSection = loaded.section("webhooks")?;
        let oidc: ProviderSection = loaded.section("oidc")?;
        let public_url = section.public_url.unwrap_or_default();
        Ok(Self {
            listen: section.listen,
            public_url: public_url.trim_end_matches('/').to_owned(),
            idle: Duration::from_secs(section.idle_minutes.max(1) * 60),
            lifetime: Duration::from_secs(section.session_hours.max(1) * 3600),
            api_per_minute: section.api_requests_per_minute,
            tests_per_hour: section.tests_per_hour,
            image_limits: pictures::Limits {
                bytes: section.image_megabytes.min(MOST_MEGABYTES) << 20,
                pixels: section.image_megapixels.saturating_mul(1_000_000),
            },
            trusted_proxies: Proxies::parse(&section.trusted_proxies).with_context(|| {
                format!(
                    "console.trusted_proxies is \"{}\"; write addresses or networks: 10.0.0.0/8, ::1",
                    section.trusted_proxies
                )
            })?,
            windows: loaded.section("windows")?,
            replies_dir: replies_dir.or_else(|| set(data.dir).map(|dir| dir.join(REPLIES_FOLDER))),
            evidence_key_file: set(keys.evidence_key_file),
            provider: oidc.provider()?,
            provider_role: oidc.role()?,
            webhook_reach: if webhooks.allow_private { Reach::Inner } else { Reach::Internet },
            webhook_ca_file: set(webhooks.ca_file),
            prices: loaded.section::<Prices>("sms")?.checked()?,
            zone: zone(&team.default_time_zone)?,
            sender: loaded.section("team")?,
            team,
        })
    }

    /// Whether it is reached over TLS, so that cookies can be bound to it.
    pub fn is_secure(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}

/// Nothing for "", which means not set.
fn set(path: Option<PathBuf>) -> Option<PathBuf> {
    path.filter(|path| !path.as_os_str().is_empty())
}

fn zone(name: &str) -> anyhow::Result<TimeZone> {
    if name.is_empty() {
        return Ok(TimeZone::UTC);
    }
    TimeZone::get(name).with_context(|| {
        format!("team.default_time_zone is \"{name}\"; write an IANA name: Asia/Dubai")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prices(country: &str, price: &str) -> Prices {
        let prices = BTreeMap::from([(country.to_owned(), price.to_owned())]);
        Prices { prices, currency: "USD".to_owned() }
    }

    #[test]
    fn a_price_is_a_number_and_of_one_country() {
        let known = prices("AE", "0.11").checked().expect("a number");
        assert_eq!((known.of("ae"), known.of("US")), (Some(0.11), None));
        for wrong in ["eleven", "-1", "NaN", ""] {
            let error = prices("AE", wrong).checked().expect_err(wrong).to_string();
            assert!(error.contains("sms.prices: the price of AE"), "{error}");
        }
    }
}
