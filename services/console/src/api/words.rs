//! The closed sets of the domain on the wire: the same words, as enums of the document.

use serde::{Deserialize, Serialize};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// A word of a set, as it is written; its schema lists the set.
macro_rules! wire {
    ($($(#[$meta:meta])* $name:ident of $set:ty as $schema:literal;)+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $set);

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let words = <$set>::ALL.iter().map(|word| word.as_str());
                ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).into()
            }
        }

        impl ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                $schema.into()
            }
        }

        impl From<$set> for $name {
            fn from(word: $set) -> Self {
                Self(word)
            }
        }
    )+};
}

wire! {
    /// The relationship with a person.
    Group of domain::contact::Group as "Group";
    /// How likely a person is to become a client.
    Level of domain::contact::Level as "Level";
    /// Whether a person is looking.
    Standing of domain::contact::ContactStatus as "ContactStatus";
    /// A language.
    Language of domain::Locale as "Language";
    /// What kind of address it is.
    AddressKind of domain::AddressKind as "AddressKind";
    /// How a step reaches a person.
    Channel of domain::Channel as "Channel";
    /// A channel as the list knows it.
    ListChannel of domain::ContactChannel as "ListChannel";
    /// Which worker carries it.
    Medium of domain::Medium as "Medium";
    /// Which lane it takes.
    Lane of domain::Lane as "Lane";
    /// Where a touch is in its life.
    TouchState of domain::TouchState as "TouchState";
    /// Where an enrolment is in its life.
    EnrolmentState of domain::EnrolmentState as "EnrolmentState";
    /// What was noted.
    InteractionKind of domain::interaction::InteractionKind as "InteractionKind";
    /// How a task went.
    Outcome of domain::TaskOutcome as "TaskOutcome";
    /// Why an entry of the list was made.
    ListReason of domain::suppression::SuppressionReason as "ListReason";
    /// Who asked for an entry of the list.
    Origin of domain::suppression::Origin as "Origin";
    /// What an entry of the list covers.
    Scope of domain::suppression::Scope as "Scope";
    /// Why a plan's messages are sent.
    Purpose of domain::suppression::Purpose as "Purpose";
    /// What something that happened is of.
    HappeningKind of storage::contacts::HappeningKind as "HappeningKind";
}
