//! Identifiers: one type per noun, all UUIDv7 (RFC 9562), so that they sort by creation.

macro_rules! id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(uuid::Uuid);

        impl $name {
            /// A new identifier, UUIDv7 of now.
            #[must_use]
            #[allow(clippy::new_without_default)]
            pub fn new() -> Self {
                Self(uuid::Uuid::now_v7())
            }

            /// The identifier as a UUID, for storage and the wire.
            #[must_use]
            pub const fn as_uuid(self) -> uuid::Uuid {
                self.0
            }
        }

        impl From<uuid::Uuid> for $name {
            fn from(id: uuid::Uuid) -> Self {
                Self(id)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

id!(/** A person. */ ContactId);
id!(/** One address of a contact. */ AddressId);
id!(/** A contact in a plan version. */ EnrolmentId);
id!(/** One planned step for one contact. */ TouchId);
id!(/** An immutable version of a plan. */ PlanVersionId);
id!(/** An immutable version of a template. */ TemplateVersionId);
id!(/** A human's to-do. */ TaskId);
id!(/** An entry of the suppression history. */ EventId);
id!(/** One load of a do-not-call dataset. */ RegistryLoadId);
id!(/** A record of why a person may be reached. */ ConsentId);
id!(/** What a person asks about their own data. */ RequestId);
id!(/** A pause. */ PauseId);
id!(/** What a person decided about touches on the desk. */ DecisionId);
id!(/** Days without messages. */ BlackoutId);
id!(/** Somebody of the team who signs in. */ UserId);
id!(/** One of a user's sessions. */ SessionId);
id!(/** An address events are posted to. */ WebhookId);
id!(/** What a program comes in with. */ ApiTokenId);
id!(/** An image of emails. */ ImageId);
id!(/** A test that somebody sends to themself. */ TestSendId);
