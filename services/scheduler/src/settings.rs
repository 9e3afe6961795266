//! Section `[scheduler]`, and what the sweep needs of the media's sections.

use std::time::Duration;

use chrono::TimeDelta;
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
