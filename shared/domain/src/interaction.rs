//! What people and other systems note about a contact.

crate::words! {
    /// What happened with a contact, as somebody noted it.
    InteractionKind, "kind of interaction", {
        /// Something to remember.
        Note = "note",
        /// They spoke on the phone.
        Call = "call",
        /// They met.
        Meeting = "meeting",
        /// They looked at a property.
        Visit = "visit",
        /// A message went by another way, from either side.
        Message = "message",
    }
}
