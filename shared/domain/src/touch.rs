//! The life of a touch and of an enrolment.

crate::words! {
    /// Where a touch is in its life. Adjectives are open, past participles final.
    TouchState, "touch state", {
        /// Planned; waits for its due time.
        Scheduled = "scheduled",
        /// Due; a hint is (or will be) on the wire.
        Queued = "queued",
        /// Claimed by a worker under a lease.
        Sending = "sending",
        /// May have been handed over; nobody recorded it.
        Unknown = "unknown",
        /// Waits for a person's decision.
        Held = "held",
        /// Handed over, or its task was created.
        Sent = "sent",
        /// Stopped by a rule.
        Blocked = "blocked",
        /// Passed over, because the plan moved on without it.
        Skipped = "skipped",
        /// Tried and given up.
        Failed = "failed",
        /// Withdrawn before it was due.
        Cancelled = "cancelled",
    }
}

impl TouchState {
    /// Whether this is one of the recorded ends.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Sent | Self::Blocked | Self::Skipped | Self::Failed | Self::Cancelled)
    }
}

crate::words! {
    /// Where an enrolment is in its life (domain.md §5.1).
    EnrolmentState, "enrolment state", {
        /// Touches are planned one after the other.
        Active = "active",
        /// Waits for a person to resume it.
        Paused = "paused",
        /// Every touch of the plan has been planned.
        Completed = "completed",
        /// Ended early, with a reason.
        Stopped = "stopped",
    }
}

crate::words! {
    /// How a task for a person ended (compliance.md CALL-20).
    TaskOutcome, "outcome of a task", {
        /// The person was reached and heard it out.
        Answered = "answered",
        /// Nobody was reached, or the person ended it.
        Unanswered = "unanswered",
        /// The person does not want it.
        Refused = "refused",
        /// A message was left with a machine.
        Voicemail = "voicemail",
        /// Somebody else has the number.
        WrongNumber = "wrong_number",
        /// The person was reached, and there is an appointment.
        Appointment = "appointment",
        /// It was done: a letter written, a visit made.
        Done = "done",
    }
}

crate::words! {
    /// What somebody did with a task.
    TaskAction, "action on a task", {
        /// It was finished, one way or another.
        Done = "done",
        /// It was put off to another day.
        Snoozed = "snoozed",
        /// What was done last was taken back.
        Undone = "undone",
        /// It was given to another agent.
        HandedOver = "handed_over",
    }
}

impl TaskOutcome {
    /// Whether the person heard it out, as caps on calls ask (CALL-18).
    #[must_use]
    pub const fn is_answer(self) -> bool {
        matches!(self, Self::Answered | Self::Appointment)
    }
}
