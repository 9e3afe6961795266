//! Channels a step may use, and the medium that carries each one.

crate::words! {
    /// How a step reaches a person (domain.md §2.0).
    Channel, "channel", {
        /// An email.
        Email = "email",
        /// A text message.
        Sms = "sms",
        /// A phone call made by a person.
        Call = "call",
        /// A printed letter.
        Letter = "letter",
        /// A handwritten card.
        Card = "card",
        /// A short visit.
        DropBy = "drop_by",
        /// A token gift.
        Gift = "gift",
        /// An invitation with a request for an answer, by email.
        EventInvite = "event_invite",
        /// Something done on a social network by a person.
        Social = "social",
    }
}

crate::words! {
    /// What carries a touch: each medium has its own queue and worker.
    Medium, "medium", {
        /// The email-worker, over SMTP.
        Email = "email",
        /// The sms-worker, over an HTTP gateway.
        Sms = "sms",
        /// The call-worker: a human hand.
        Call = "call",
    }
}

crate::words! {
    /// The lane of a queue: people who wait for an answer overtake the bulk.
    Lane, "lane", {
        /// Short plans where minutes matter (a new lead).
        Hi = "hi",
        /// Everything else.
        Bulk = "bulk",
    }
}

crate::words! {
    /// What the suppression list is kept for: one flag per address and contact channel.
    ContactChannel, "contact channel", {
        /// Email.
        Email = "email",
        /// Text messages.
        Sms = "sms",
        /// Phone calls.
        Call = "call",
        /// Post and visits to the postal address.
        Post = "post",
        /// Anything at all that reaches the person; held on the person, not on an address.
        Person = "person",
    }
}

impl Channel {
    /// The medium that carries this channel.
    #[must_use]
    pub const fn medium(self) -> Medium {
        match self {
            Self::Email | Self::EventInvite => Medium::Email,
            Self::Sms => Medium::Sms,
            Self::Call | Self::Letter | Self::Card | Self::DropBy | Self::Gift | Self::Social => {
                Medium::Call
            }
        }
    }

    /// The contact channel whose suppression stops this channel.
    ///
    /// A gift or a social touch needs no address on file: the person's own entry decides.
    #[must_use]
    pub const fn contact_channel(self) -> ContactChannel {
        match self {
            Self::Email | Self::EventInvite => ContactChannel::Email,
            Self::Sms => ContactChannel::Sms,
            Self::Call => ContactChannel::Call,
            Self::Letter | Self::Card | Self::DropBy => ContactChannel::Post,
            Self::Gift | Self::Social => ContactChannel::Person,
        }
    }
}
