//! What people decide about templates.

crate::words! {
    /// What was decided about a template.
    TemplateAction, "template action", {
        /// Its draft, or an old version, became the version that is sent.
        Approve = "approve",
        /// It is no longer sent.
        Retire = "retire",
        /// It is sent again.
        Restore = "restore",
        /// Its draft was thrown away.
        Discard = "discard",
    }
}
