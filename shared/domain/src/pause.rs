//! Pauses: what a circuit breaker or a person has stopped for now. A paused touch waits; nothing is
//! lost, and a person lifts the pause.

use crate::{ContactChannel, PauseId, Reason, ReasonCode};

crate::words! {
    /// What a pause covers; its key says which.
    PauseScope, "scope of a pause", {
        /// Every touch; the key is empty.
        Everything = "everything",
        /// One contact channel (email, sms, call, post, person).
        Channel = "channel",
        /// Emails from one domain of ours.
        SenderDomain = "sender_domain",
        /// One plan, by its key.
        Plan = "plan",
        /// Contacts that came from one source, as their import called it.
        Import = "import",
    }
}

/// A pause in force.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Pause {
    /// Its identity.
    pub id: PauseId,
    /// What it covers.
    pub scope: PauseScope,
    /// Which one.
    pub key: String,
    /// Why, without personal data.
    pub reason: String,
}

/// What a pause can cover of a touch.
#[derive(Debug, Clone, Copy)]
pub struct Pausable<'a> {
    /// The channel it goes by.
    pub channel: ContactChannel,
    /// The domain it is sent from, for email.
    pub sender_domain: Option<&'a str>,
    /// The key of its plan.
    pub plan: &'a str,
    /// Where the contact came from.
    pub source: &'a str,
}

impl Pause {
    /// The reason that is noted of a touch that waits for it.
    #[must_use]
    pub fn reason_to_wait(&self) -> Reason {
        let (scope, key) = (self.scope, &self.key);
        let what = if key.is_empty() { scope.to_string() } else { format!("{scope} {key}") };
        Reason::new(ReasonCode::Paused, format!("{what}, {}", self.reason))
    }

    /// Whether it covers the touch.
    #[must_use]
    pub fn covers(&self, touch: Pausable<'_>) -> bool {
        match self.scope {
            PauseScope::Everything => true,
            PauseScope::Channel => self.key == touch.channel.as_str(),
            PauseScope::SenderDomain => {
                touch.channel == ContactChannel::Email
                    && touch.sender_domain.is_some_and(|own| own.eq_ignore_ascii_case(&self.key))
            }
            PauseScope::Plan => self.key == touch.plan,
            PauseScope::Import => self.key == touch.source,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_covers_what_its_scope_and_key_name() {
        let touch = Pausable {
            channel: ContactChannel::Email,
            sender_domain: Some("palm.example"),
            plan: "8x8",
            source: "fair 2026",
        };
        let text = Pausable { channel: ContactChannel::Sms, ..touch };
        for (scope, key, email, sms) in [
            (PauseScope::Everything, "", true, true),
            (PauseScope::Channel, "email", true, false),
            (PauseScope::Channel, "call", false, false),
            (PauseScope::SenderDomain, "Palm.example", true, false),
            (PauseScope::SenderDomain, "oak.example", false, false),
            (PauseScope::Plan, "8x8", true, true),
            (PauseScope::Plan, "33-touch", false, false),
            (PauseScope::Import, "fair 2026", true, true),
            (PauseScope::Import, "fair 2025", false, false),
        ] {
            let (key, reason) = (key.to_owned(), "too many complaints".to_owned());
            let pause = Pause { id: PauseId::new(), scope, key, reason };
            assert_eq!((pause.covers(touch), pause.covers(text)), (email, sms), "{pause:?}");
        }
    }
}
