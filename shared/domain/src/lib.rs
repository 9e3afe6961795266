//! The rules of Touchline, without I/O: types, plans, planning, the gate, calendars, normalisation.
//!
//! Nothing here reads a clock, a socket or a file; callers hand in what is needed. The words are
//! those of the glossary in `ARCHITECTURE.md`.

pub mod access;
pub mod address;
pub mod arrival;
pub mod audit;
pub mod bounce;
pub mod breaker;
pub mod calendar;
pub mod channel;
pub mod clock;
pub mod consent;
pub mod contact;
pub mod deadline;
pub mod desk;
pub mod digest;
pub mod email;
pub mod failpoint;
pub mod gate;
pub mod hex;
pub mod ids;
pub mod image;
pub mod interaction;
pub mod locale;
pub mod outgoing;
pub mod pause;
pub mod phone;
pub mod plan;
pub mod planning;
pub mod reason;
pub mod registry;
pub mod relationship;
pub mod reply;
pub mod retention;
pub mod retry;
pub mod return_path;
pub mod rights;
pub mod rules;
pub mod sender_id;
pub mod suppression;
pub mod template;
pub mod test_send;
pub mod token;
pub mod touch;
pub mod webhook;
pub mod whereabouts;
pub mod window;

pub use address::{AddressKey, AddressKeyer, AddressKind};
pub use calendar::Calendar;
pub use channel::{Channel, ContactChannel, Lane, Medium};
pub use clock::Clock;
pub use ids::{
    AddressId, ApiTokenId, BlackoutId, ConsentId, ContactId, DecisionId, EnrolmentId, EventId,
    ImageId, PauseId, PlanVersionId, RegistryLoadId, RequestId, SessionId, TaskId,
    TemplateVersionId, TestSendId, TouchId, UserId, WebhookId,
};
pub use locale::Locale;
pub use plan::Plan;
pub use reason::{Reason, ReasonCode};
pub use touch::{EnrolmentState, TaskAction, TaskOutcome, TouchState};

/// A word that is not one of a closed set, with the words that are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{given}\" is not a {set}; it is one of: {allowed}")]
pub struct UnknownWord {
    /// What stood there.
    pub given: String,
    /// The name of the set, for people ("channel", "locale").
    pub set: &'static str,
    /// The members, comma-separated.
    pub allowed: String,
}

/// Declares a closed set of words: the enum, `ALL`, `as_str`, `Display`, `FromStr` and serde by word.
#[macro_export]
macro_rules! words {
    ($(#[$meta:meta])* $name:ident, $set:literal, { $($(#[$vmeta:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$vmeta])* $variant),+ }

        impl $name {
            /// Every member, in declaration order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word used in SQL, JSON, logs and on screen.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::UnknownWord;
            fn from_str(word: &str) -> Result<Self, Self::Err> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::UnknownWord {
                        given: word.to_owned(),
                        set: $set,
                        allowed: [$($word),+].join(", "),
                    }),
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                word.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
