//! Sections `[frequency]` and `[registries]`, and what else the gate is told about the deployment.

use domain::registry::Registry;
use domain::rules::TeamLimits;
use domain::{Channel, Medium};
use serde::Deserialize;

use crate::Handler;

/// What binds a worker's touches besides the list and the hours. By default nothing does.
#[derive(Debug, Clone, Default)]
pub struct Duties {
    /// The team's own caps.
    pub limits: TeamLimits,
    /// The registries that are asked.
    pub registries: RequiredRegistries,
    /// The domain emails are sent from, which a pause may name.
    pub sender_domain: Option<String>,
    /// Whether texts come from a name, which nobody can answer.
    pub sender_is_one_way: bool,
}

/// Through which media something leaves the house.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outlets {
    /// Emails go to a relay.
    pub email: bool,
    /// Texts go to a gateway.
    pub sms: bool,
}

impl Outlets {
    /// Those of one handler.
    pub(crate) fn of(handler: &dyn Handler) -> Self {
        let is_real = |medium| handler.medium() == medium && handler.is_real();
        Self { email: is_real(Medium::Email), sms: is_real(Medium::Sms) }
    }

    /// Whether what is handed over on this medium leaves the house. A task never does.
    #[must_use]
    pub const fn are_real(self, medium: Medium) -> bool {
        match medium {
            Medium::Email => self.email,
            Medium::Sms => self.sms,
            Medium::Call => false,
        }
    }
}

/// Section `[registries]`: which do-not-call registries must allow a touch. A number whose country
/// has none of them is not asked about.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct RequiredRegistries {
    /// Before a call becomes a task.
    pub call: Vec<Registry>,
    /// Before a text message.
    pub sms: Vec<Registry>,
}

impl RequiredRegistries {
    /// The registries that must allow a touch on this channel.
    #[must_use]
    pub fn of(&self, channel: Channel) -> &[Registry] {
        match channel {
            Channel::Call => &self.call,
            Channel::Sms => &self.sms,
            _ => &[],
        }
    }
}
