//! What people answer to a text message, and what follows from it (compliance.md SMS-01 … SMS-09,
//! V-3).
//!
//! A whole message that is a keyword decides by itself. Everything else goes to a classifier with
//! three outcomes: it *revokes* consent, it is *unclear*, so that a person has to look and nothing
//! automatic goes out meanwhile, or it does *not* revoke. Its rules are tables of phrases in English,
//! Arabic, French and Spanish; it understands nothing else, and so cannot be persuaded of anything:
//! a STOP that stands for itself revokes, whatever surrounds it. Time is linear in the message.

mod answer;
mod freetext;
mod keywords;
mod normalise;
mod pattern;
mod phrases;
mod words;

pub use answer::{ANSWER_WITHIN, Language, answer};
use freetext::Verdict;
pub use normalise::normalise;

use crate::channel::ContactChannel;
use crate::suppression::SuppressionReason;

/// The version of keywords and phrases; it goes up with every change, so that a decision can be
/// traced to the rules it was made by.
pub const RULES_VERSION: u16 = 1;

crate::words! {
    /// What a reply makes us do.
    Action, "reply action", {
        /// The person goes on the list at once.
        OptOut = "opt_out",
        /// The person comes off the list, if a keyword put them on it (compliance.md SMS-07).
        OptIn = "opt_in",
        /// The help text is sent; nothing else changes (compliance.md SMS-06).
        Help = "help",
        /// Everything automatic to the number pauses until a person has read the reply.
        Review = "review",
        /// Nothing changes; an agent may want to answer.
        None = "none",
    }
}

crate::words! {
    /// How far an opt-out by text reaches (compliance.md SUP-17).
    OptOutScope, "scope of an opt-out", {
        /// Text messages, and with them calls by machine. "STOP".
        Sms = "sms",
        /// Text messages and calls of any kind. "Do not call".
        CallAndSms = "call_and_sms",
        /// The person, on every channel. "Stop all", "remove me".
        Person = "person",
    }
}

impl OptOutScope {
    /// The contact channels of the number that go on the list; the whole person's are all of them.
    /// Calls by machine are no channel of their own: Touchline makes none.
    #[must_use]
    pub const fn channels(self) -> &'static [ContactChannel] {
        match self {
            Self::Sms => &[ContactChannel::Sms],
            Self::CallAndSms | Self::Person => &[ContactChannel::Sms, ContactChannel::Call],
        }
    }
}

/// What a reply says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What follows.
    pub action: Action,
    /// How far it reaches; of an opt-out alone.
    pub scope: Option<OptOutScope>,
    /// Whether the whole message was a keyword, rather than free text.
    pub is_keyword: bool,
    /// The message after normalisation (V-3).
    pub normalised: String,
}

impl Reading {
    /// Why the person goes on the list; of an opt-out alone.
    #[must_use]
    pub const fn reason(&self) -> Option<SuppressionReason> {
        match (self.action, self.is_keyword) {
            (Action::OptOut, true) => Some(SuppressionReason::ReplyKeyword),
            (Action::OptOut, false) => Some(SuppressionReason::ReplyFreetext),
            _ => None,
        }
    }
}

/// Reads a reply, which may be of any length and in any script.
///
/// ```
/// use domain::reply::{Action, OptOutScope, read};
/// let reading = read("“ＳＴＯＰ” 🛑");
/// assert_eq!((reading.action, reading.scope), (Action::OptOut, Some(OptOutScope::Sms)));
/// assert_eq!(reading.normalised, "stop");
/// ```
#[must_use]
pub fn read(text: &str) -> Reading {
    let normalised = normalise(text);
    if let Some((action, scope)) = keywords::find(&normalised) {
        return Reading { action, scope, is_keyword: true, normalised };
    }
    let (action, scope) = match freetext::classify(text) {
        Verdict::Revoke(scope) => (Action::OptOut, Some(scope)),
        Verdict::Unclear => (Action::Review, None),
        Verdict::Not => (Action::None, None),
    };
    Reading { action, scope, is_keyword: false, normalised }
}
