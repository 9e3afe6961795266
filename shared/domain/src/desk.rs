//! The desk: touches that wait for a person, and what a person may decide about them.

crate::words! {
    /// Why a person must look at a touch.
    Attention, "kind of attention", {
        /// It waits, and was never handed over: its plan is paused.
        Held = "held",
        /// It may have been handed over, and nobody knows.
        Unknown = "unknown",
        /// It was tried and given up.
        Failed = "failed",
        /// It was blocked by what is set up or loaded, which can be put right.
        Blocked = "blocked",
    }
}

crate::words! {
    /// What a person decides about touches on the desk.
    Resolution, "resolution", {
        /// It may go on: through the gate again, under the same Message-ID.
        Resume = "resume",
        /// It arrived, as the person knows: it counts as sent.
        Confirm = "confirm",
        /// It is not to go out any more.
        Cancel = "cancel",
        /// What kept it is put right: tried anew, through the gate again.
        Replay = "replay",
        /// It stays what it is, and leaves the desk.
        Dismiss = "dismiss",
    }
}

crate::words! {
    /// Why a touch was left as it is.
    Left, "reason for leaving a touch", {
        /// It does not wait for this decision, or not any more.
        NotWaiting = "not_waiting",
        /// A worker, the sweep or another person moves it at this moment, or just has.
        Busy = "busy",
        /// Its enrolment was stopped, or the contact is gone.
        EnrolmentOver = "enrolment_over",
        /// Its enrolment is still paused: it would be held again.
        EnrolmentPaused = "enrolment_paused",
        /// It is a task for a person, which is done or not, but never sent.
        IsTask = "is_task",
        /// An earlier attempt may have arrived. A group never repeats that; name the touch.
        MayHaveArrived = "may_have_arrived",
    }
}

impl Resolution {
    /// What it can be decided about.
    ///
    /// ```
    /// use domain::desk::{Attention, Resolution};
    /// assert_eq!(Resolution::Confirm.applies_to(), [Attention::Unknown]);
    /// ```
    #[must_use]
    pub const fn applies_to(self) -> &'static [Attention] {
        match self {
            Self::Resume | Self::Cancel => &[Attention::Held, Attention::Unknown],
            Self::Confirm => &[Attention::Unknown],
            Self::Replay | Self::Dismiss => &[Attention::Failed, Attention::Blocked],
        }
    }
}
