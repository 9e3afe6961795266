//! A test that somebody of the team sends to themself: what became of it.

crate::words! {
    /// What became of a test.
    TestState, "state of a test", {
        /// A worker will take it up.
        Waiting = "waiting",
        /// A worker has it.
        Sending = "sending",
        /// The other side took it.
        Sent = "sent",
        /// The suppression list says no to the address.
        Listed = "listed",
        /// Its channel is paused.
        Paused = "paused",
        /// It could not be made, or was not taken.
        Refused = "refused",
        /// No worker took it up in time.
        Late = "late",
        /// It may have gone out; it is never repeated.
        Doubt = "doubt",
    }
}

impl TestState {
    /// Whether it is still to come to its end.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Sending)
    }
}
