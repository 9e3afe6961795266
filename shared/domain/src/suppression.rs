//! The vocabulary of the suppression list, and what each reason means: which purposes it stops,
//! whether it may end by itself, who may lift it, and where else a request counts (compliance.md
//! SUP-07 … SUP-17). The database has the same rules as functions; a test holds both together.

mod spread;
mod topic;

pub use spread::{AUTOMATED_VOICE, Spread, spread};
pub use topic::{Topic, TopicError};

use crate::channel::ContactChannel;

crate::words! {
    /// Why somebody is on the list.
    SuppressionReason, "suppression reason", {
        /// The List-Unsubscribe header's one-click POST (RFC 8058).
        OneClick = "one_click",
        /// The link in the body and its page.
        UnsubscribeLink = "unsubscribe_link",
        /// A choice on the preference page.
        PreferencePage = "preference_page",
        /// A keyword such as STOP.
        ReplyKeyword = "reply_keyword",
        /// A reply in free words.
        ReplyFreetext = "reply_freetext",
        /// Said on the phone or in person.
        VoiceRequest = "voice_request",
        /// Asked by email.
        EmailRequest = "email_request",
        /// Asked by letter.
        PostalRequest = "postal_request",
        /// Entered by staff.
        StaffEntry = "staff_entry",
        /// A spam complaint.
        Complaint = "complaint",
        /// The mailbox does not exist.
        HardBounce = "hard_bounce",
        /// Too many temporary bounces.
        SoftBounceLimit = "soft_bounce_limit",
        /// The provider keeps it on its own list.
        ProviderSuppressed = "provider_suppressed",
        /// A national do-not-call registry.
        NationalDnc = "national_dnc",
        /// A state's do-not-call registry.
        StateDnc = "state_dnc",
        /// The UAE's do-not-call registry.
        AeDncr = "ae_dncr",
        /// The address cannot receive.
        InvalidAddress = "invalid_address",
        /// The number has a new owner.
        ReassignedNumber = "reassigned_number",
        /// An objection under GDPR Art. 21.
        GdprObjection = "gdpr_objection",
        /// Left behind by an erasure.
        Erasure = "erasure",
        /// Counsel said so.
        LegalHold = "legal_hold",
        /// The person has died.
        Deceased = "deceased",
        /// Asked to get no more post.
        DoNotMail = "do_not_mail",
    }
}

crate::words! {
    /// Who made an entry.
    Origin, "origin", {
        /// The person reached.
        Recipient = "recipient",
        /// Somebody of the team.
        Staff = "staff",
        /// Touchline itself.
        System = "system",
        /// A provider.
        Provider = "provider",
        /// A public registry.
        Registry = "registry",
    }
}

crate::words! {
    /// What an entry covers.
    Scope, "scope", {
        /// One address on one contact channel.
        Channel = "channel",
        /// Every address and channel of one person.
        Person = "person",
        /// Every email address of one domain.
        Domain = "domain",
        /// One address on one contact channel, for messages of one topic.
        Topic = "topic",
    }
}

crate::words! {
    /// What an event of the list's history did.
    ListAction, "list action", {
        /// An entry was made.
        Suppress = "suppress",
        /// Entries were ended.
        Lift = "lift",
        /// What was in flight when the entry was made had come to its end.
        Drained = "drained",
        /// Somebody asked for a lift that a second person must approve.
        LiftRequest = "lift_request",
    }
}

crate::words! {
    /// Why a plan's messages are sent; decides which entries stop them (compliance.md SUP-16).
    #[derive(Default)]
    Purpose, "purpose", {
        /// Follow-up, news, greetings: everything nobody asked for.
        #[default]
        Marketing = "marketing",
        /// Part of something the person does with the team, such as a closing.
        Transactional = "transactional",
        /// A notice the law demands.
        Legal = "legal",
    }
}

impl Purpose {
    /// Whether it is marketing, as most plans are; not written into a stored plan.
    // The signature is serde's.
    #[allow(clippy::trivially_copy_pass_by_ref)]
    #[must_use]
    pub const fn is_marketing(&self) -> bool {
        matches!(self, Self::Marketing)
    }
}

crate::words! {
    /// How the list, or a part of it, was read out; each time leaves an event.
    ListReading, "list reading", {
        /// As keyed hashes.
        Export = "export",
        /// With the addresses in clear.
        ExportClear = "export_clear",
        /// A file was compared with it.
        Scrub = "scrub",
        /// Everything about one person.
        Person = "person",
    }
}

/// Days after which a bounce limit or a provider's own entry is tried again (compliance.md SUP-11).
const TERM_DAYS: u16 = 90;

impl SuppressionReason {
    /// Whether an entry for this reason, on `channel` (`None` for a person or a domain), stops
    /// transactional and legal messages too. Every entry stops marketing (compliance.md SUP-16).
    ///
    /// A wish of the recipient is about marketing, save that STOP by SMS stops all SMS. What makes
    /// an address unusable or somebody else's, what counsel said, and what does not say what it is
    /// about (`staff_entry`) or has a provider dropping the mail anyway (`complaint`) stops all.
    #[must_use]
    pub const fn blocks_every_purpose(self, channel: Option<ContactChannel>) -> bool {
        match self {
            Self::StaffEntry
            | Self::Complaint
            | Self::HardBounce
            | Self::SoftBounceLimit
            | Self::ProviderSuppressed
            | Self::InvalidAddress
            | Self::ReassignedNumber
            | Self::Erasure
            | Self::LegalHold
            | Self::Deceased => true,
            Self::ReplyKeyword | Self::ReplyFreetext => {
                matches!(channel, Some(ContactChannel::Sms))
            }
            _ => false,
        }
    }

    /// Whether an entry for this reason, on `channel`, stops messages of `purpose`.
    #[must_use]
    pub const fn blocks(self, channel: Option<ContactChannel>, purpose: Purpose) -> bool {
        matches!(purpose, Purpose::Marketing) || self.blocks_every_purpose(channel)
    }

    /// Whether it is the recipient's own wish; such an entry never ends by itself (compliance.md
    /// SUP-10), and the recipient's own later act on the same channel ends it (SUP-14).
    #[must_use]
    pub const fn is_of_recipient(self) -> bool {
        matches!(
            self,
            Self::OneClick
                | Self::UnsubscribeLink
                | Self::PreferencePage
                | Self::ReplyKeyword
                | Self::ReplyFreetext
                | Self::VoiceRequest
                | Self::EmailRequest
                | Self::PostalRequest
                | Self::Complaint
                | Self::GdprObjection
                | Self::DoNotMail
        )
    }

    /// Whether an entry for this reason may have an end.
    #[must_use]
    pub const fn may_expire(self) -> bool {
        !self.is_of_recipient() && !matches!(self, Self::Erasure | Self::Deceased)
    }

    /// The days after which an entry for this reason ends, unless it says otherwise.
    #[must_use]
    pub const fn term_days(self) -> Option<u16> {
        match self {
            Self::SoftBounceLimit | Self::ProviderSuppressed => Some(TERM_DAYS),
            _ => None,
        }
    }

    /// Whether two different people must agree to lift it: a complaint, and what was said or
    /// written (compliance.md SUP-12).
    #[must_use]
    pub const fn needs_two_people(self) -> bool {
        matches!(
            self,
            Self::Complaint
                | Self::VoiceRequest
                | Self::ReplyKeyword
                | Self::ReplyFreetext
                | Self::EmailRequest
                | Self::PostalRequest
        )
    }
}
