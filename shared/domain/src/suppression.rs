//! The vocabulary of the suppression list (compliance.md SUP-07 … SUP-10).

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
    }
}
