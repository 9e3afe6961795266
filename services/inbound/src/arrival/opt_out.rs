//! An opt-out, and what it enters on the list.

use domain::suppression::{Origin, SuppressionReason, Topic};
use domain::{AddressKey, ContactChannel, TouchId};
use storage::suppressions::{NewSuppression, Request, Target};

use super::{ACTOR, Notice, ReplyTo, Source};

domain::words! {
    /// What kind of program sent a request, as far as it says so. Kept as evidence; who it was is
    /// nobody's business.
    AgentClass, "agent class", {
        /// A mail provider's one-click service.
        MailService = "mail service",
        /// A person's browser.
        Browser = "browser",
        /// Something else with a name.
        Program = "program",
        /// Something without a name.
        Unnamed = "unnamed",
    }
}

impl AgentClass {
    /// The class of a `User-Agent` header.
    pub(crate) fn of(user_agent: Option<&str>) -> Self {
        let Some(agent) = user_agent.map(str::to_ascii_lowercase).filter(|it| !it.is_empty())
        else {
            return Self::Unnamed;
        };
        let names = |words: &[&str]| words.iter().any(|word| agent.contains(word));
        if names(&["google", "gmail", "yahoo", "mail", "outlook", "proton", "icloud"]) {
            Self::MailService
        } else if agent.starts_with("mozilla/") {
            Self::Browser
        } else {
            Self::Program
        }
    }
}

/// The reason a body tells: the pair of RFC 8058, in any case and either encoding, stands for the
/// header; everything else came by the link. Both are opt-outs: the token decides, not the body.
pub(crate) fn reason_of(body: &[u8]) -> SuppressionReason {
    let says = |word: &[u8]| body.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
    if says(b"list-unsubscribe") && says(b"one-click") {
        SuppressionReason::OneClick
    } else {
        SuppressionReason::UnsubscribeLink
    }
}

/// Somebody asked to be left alone. It holds no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OptOut {
    /// The address.
    pub key: AddressKey,
    /// The channel it came by; how far it reaches besides is the list's business.
    pub channel: ContactChannel,
    /// Only this topic; `None` for the whole channel.
    pub topic: Option<Topic>,
    /// Whether it is about everybody who has the address, on every channel.
    pub whole_person: bool,
    /// The touch it answers, where that is known.
    pub touch: Option<TouchId>,
    /// Why.
    pub reason: SuppressionReason,
    /// The program that brought it.
    pub agent: AgentClass,
    /// Where a confirmation goes, for a text message.
    pub reply_to: Option<ReplyTo>,
}

impl OptOut {
    /// Of a whole channel, and of nothing else.
    pub(crate) const fn new(
        key: AddressKey,
        channel: ContactChannel,
        reason: SuppressionReason,
    ) -> Self {
        Self {
            key,
            channel,
            topic: None,
            whole_person: false,
            touch: None,
            reason,
            agent: AgentClass::Program,
            reply_to: None,
        }
    }

    /// What it asks of the list.
    pub(super) fn request(&self, notice: &Notice) -> Request {
        let (key, channel) = (self.key, self.channel);
        let target = match (channel, self.topic) {
            (ContactChannel::Person, _) => Target::Person(key),
            (_, Some(topic)) => Target::Topic { key, channel, topic },
            (_, None) => Target::Address { key, channel, domain: None },
        };
        let entry = NewSuppression {
            target,
            reason: self.reason,
            origin: match self.reason {
                SuppressionReason::HardBounce => Origin::System,
                SuppressionReason::ProviderSuppressed | SuppressionReason::InvalidAddress => {
                    Origin::Provider
                }
                _ => Origin::Recipient,
            },
            actor: ACTOR.to_owned(),
            evidence: Some(self.evidence(notice)),
            touch: self.touch,
            received_at: Some(notice.accepted_at),
        };
        Request { entry, whole_person: self.whole_person }
    }

    fn evidence(&self, notice: &Notice) -> String {
        let touch = self.touch.map_or_else(String::new, |touch| format!(", touch {touch}"));
        match notice.source {
            Source::Link => {
                let at = notice.occurred_at.format("%Y-%m-%dT%H:%M:%S%.3fZ");
                format!("signed link, POST by {} at {at}{touch}", self.agent)
            }
            Source::Page => {
                let at = notice.occurred_at.format("%Y-%m-%dT%H:%M:%S%.3fZ");
                format!("preference page, POST by {} at {at}{touch}", self.agent)
            }
            Source::Mail if self.reason == SuppressionReason::EmailRequest => {
                format!("asked by mail: {}{touch}", notice.evidence())
            }
            _ => format!("{}{touch}", notice.evidence()),
        }
    }
}

impl Notice {
    /// What proves it, for the list and for consents: no address.
    pub(super) fn evidence(&self) -> String {
        let Self { source, message, .. } = self;
        let at = self.occurred_at.format("%Y-%m-%dT%H:%M:%S%.3fZ");
        let what = match source {
            Source::Link | Source::Page => format!("{source} {message:016x} at {at}"),
            Source::Mail => format!("mail {message:016x} at {at}"),
            _ if source.is_gateway() => format!("text message {message:016x} by {source} at {at}"),
            _ => format!("event {message:016x} by {source} at {at}"),
        };
        let kept = self.kept.map_or_else(String::new, |name| format!(", request {name}"));
        format!("{what}{kept}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_read_from_any_spelling_of_the_pair() {
        let multipart = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\n\
                         One-Click\r\n--b--\r\n";
        for body in
            ["List-Unsubscribe=One-Click", "list-unsubscribe=one-click&utm_source=x", multipart]
        {
            assert_eq!(reason_of(body.as_bytes()), SuppressionReason::OneClick, "{body}");
        }
        for body in ["", "from=page", "List-Unsubscribe=", "One-Click"] {
            assert_eq!(reason_of(body.as_bytes()), SuppressionReason::UnsubscribeLink, "{body}");
        }
    }

    #[test]
    fn programs_are_told_apart_coarsely() {
        for (agent, class) in [
            (None, AgentClass::Unnamed),
            (Some(""), AgentClass::Unnamed),
            (Some("curl/8.5.0"), AgentClass::Program),
            (Some("Mozilla/5.0 (X11; Linux x86_64)"), AgentClass::Browser),
            (Some("Mozilla/5.0 (compatible; GmailImageProxy)"), AgentClass::MailService),
        ] {
            assert_eq!(AgentClass::of(agent), class, "{agent:?}");
        }
    }
}
