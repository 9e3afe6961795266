//! Sections `[scheduler]` and `[breakers]`, and what the sweep needs of the media's sections.

use std::time::Duration;

use anyhow::Context as _;
use chrono::TimeDelta;
use domain::breaker::{BounceLimits, ComplaintLimits, GatewayLimits, Share};
use serde::Deserialize;
use storage::sweep::UnknownPolicy;

/// How much at once, and how often.
#[derive(Debug, Clone, Deserialize)]
pub struct Settings {
    /// Touches taken in one transaction.
    pub batch: u32,
    /// Between two looks at what is due, when little is.
    pub poll_milliseconds: u64,
    /// Between two sweeps.
    pub sweep_seconds: u64,
    /// Rows settled or published again in one statement of the sweep.
    pub sweep_batch: u32,
    /// A hint the broker has not confirmed for so long is published again.
    pub outbox_age_seconds: u64,
    /// A hint nobody has claimed for so long is published again.
    pub queued_age_seconds: u64,
    /// How long sends are remembered for caps; taken from the rules.
    #[serde(skip, default = "a_month")]
    pub remembered: TimeDelta,
}

const fn a_month() -> TimeDelta {
    TimeDelta::days(30)
}

impl Settings {
    pub(crate) const fn poll(&self) -> Duration {
        Duration::from_millis(self.poll_milliseconds)
    }

    pub(crate) const fn sweep(&self) -> Duration {
        Duration::from_secs(self.sweep_seconds)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            batch: 500,
            poll_milliseconds: 500,
            sweep_seconds: 10,
            sweep_batch: 500,
            outbox_age_seconds: 10,
            queued_age_seconds: 900,
            remembered: a_month(),
        }
    }
}

/// What happens to touches that may or may not have been handed over, per medium.
#[derive(Debug, Clone, Copy)]
pub struct UnknownPolicies {
    /// `[email] unknown_policy`.
    pub email: UnknownPolicy,
    /// `[sms] unknown_policy`.
    pub sms: UnknownPolicy,
}

#[derive(Deserialize)]
struct Sender {
    from: String,
}

/// The domain of `[email] from`, in lower case; `None` when it is not set.
///
/// # Errors
/// When the setting is no text.
pub fn sender_domain(settings: &bootstrap::Loaded) -> anyhow::Result<Option<String>> {
    let from = settings.section::<Sender>("email")?.from;
    let domain = from.trim().trim_end_matches('>').rsplit_once('@');
    Ok(domain.map(|(_, domain)| domain.to_ascii_lowercase()))
}

#[derive(Deserialize)]
struct Medium {
    unknown_policy: Word,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Resend,
    Hold,
}

impl UnknownPolicies {
    /// Reads them from the media's sections.
    ///
    /// # Errors
    /// When a policy is neither `resend` nor `hold`.
    pub fn load(settings: &bootstrap::Loaded) -> anyhow::Result<Self> {
        let policy = |section: &str| -> anyhow::Result<UnknownPolicy> {
            Ok(match settings.section::<Medium>(section)?.unknown_policy {
                Word::Resend => UnknownPolicy::Resend,
                Word::Hold => UnknownPolicy::Hold,
            })
        };
        Ok(Self { email: policy("email")?, sms: policy("sms")? })
    }
}

/// Section `[breakers]`; shares in percent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BreakerSettings {
    enabled: bool,
    complaint_warn_percent: f64,
    complaint_pause_percent: f64,
    complaint_least: u64,
    bounce_pause_percent: f64,
    bounce_least: u64,
    gateway_pause_percent: f64,
    gateway_least: u64,
    gateway_minutes: u32,
}

/// What the circuit breakers bear.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Of complaints per sending domain.
    pub complaints: ComplaintLimits,
    /// Of hard bounces per plan and source.
    pub bounces: BounceLimits,
    /// Of failures per gateway.
    pub gateway: GatewayLimits,
    /// How far back gateways are looked at.
    pub gateway_window: TimeDelta,
}

impl Limits {
    /// Reads section `[breakers]`; `None` where they are switched off.
    ///
    /// # Errors
    /// When a share is not between 0 and 100 percent.
    pub fn load(settings: &bootstrap::Loaded) -> anyhow::Result<Option<Self>> {
        let section: BreakerSettings = settings.section("breakers")?;
        let share = |percent, key: &str| {
            Share::of_percent(percent).with_context(|| {
                format!("breakers.{key} is {percent}; it must be 0 to 100 percent")
            })
        };
        let limits = Self {
            complaints: ComplaintLimits {
                warn: share(section.complaint_warn_percent, "complaint_warn_percent")?,
                pause: share(section.complaint_pause_percent, "complaint_pause_percent")?,
                least: section.complaint_least,
            },
            bounces: BounceLimits {
                pause: share(section.bounce_pause_percent, "bounce_pause_percent")?,
                least: section.bounce_least,
            },
            gateway: GatewayLimits {
                pause: share(section.gateway_pause_percent, "gateway_pause_percent")?,
                least: section.gateway_least,
            },
            gateway_window: TimeDelta::minutes(i64::from(section.gateway_minutes)),
        };
        Ok(section.enabled.then_some(limits))
    }
}
