//! Outgoing webhooks: what is told to whom, how often it is tried, when somebody is given up.

use std::time::Duration;

use crate::retry::Backoff;

crate::words! {
    /// What other systems can be told of. Ids and facts: a name or an address is asked for with
    /// the id, by whoever may.
    WebhookEvent, "event of a webhook", {
        /// A touch was handed over, or its task exists.
        TouchSent = "touch_sent",
        /// A rule or the list said no to a touch.
        TouchBlocked = "touch_blocked",
        /// A touch was passed over, because its enrolment had ended.
        TouchSkipped = "touch_skipped",
        /// A touch was refused for good, or its attempts were used up.
        TouchFailed = "touch_failed",
        /// A touch will not be sent, by the list or by a person.
        TouchCancelled = "touch_cancelled",
        /// A touch waits for a person.
        TouchHeld = "touch_held",
        /// What had been handed over came back.
        TouchBounced = "touch_bounced",
        /// A contact is in a plan.
        EnrolmentStarted = "enrolment_started",
        /// An enrolment is over, completed or stopped.
        EnrolmentEnded = "enrolment_ended",
        /// An entry of the suppression list was made.
        SuppressionAdded = "suppression_added",
        /// An entry of the suppression list ended.
        SuppressionLifted = "suppression_lifted",
        /// There is something for an agent to do.
        TaskCreated = "task_created",
        /// An agent has done it.
        TaskDone = "task_done",
        /// The agent took that back.
        TaskUndone = "task_undone",
        /// Somebody answered, and only a person can say what is meant.
        ReplyUnclear = "reply_unclear",
        /// A contact was added.
        ContactCreated = "contact_created",
        /// Somebody pressed the button that tries a webhook. Nobody subscribes to it.
        Test = "test",
    }
}

impl WebhookEvent {
    /// What a webhook can be registered for.
    pub fn subscribable() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|event| *event != Self::Test)
    }

    /// The type as it stands in the message: `touch.sent` (Standard Webhooks, "Event types").
    ///
    /// ```
    /// use domain::webhook::WebhookEvent;
    /// assert_eq!(WebhookEvent::TouchSent.message_type(), "touch.sent");
    /// ```
    #[must_use]
    pub fn message_type(self) -> String {
        self.as_str().replacen('_', ".", 1)
    }
}

crate::words! {
    /// What somebody does with a webhook; the audit log shows it.
    WebhookAction, "action on a webhook", {
        /// Registers it.
        Create = "create",
        /// Changes its name, address or events.
        Change = "change",
        /// Pauses it.
        Pause = "pause",
        /// Lets it go on.
        Resume = "resume",
        /// Gives it a new secret.
        Rotate = "rotate",
        /// Tries it.
        Test = "test",
        /// Has events delivered again.
        Replay = "replay",
        /// Takes it away.
        Remove = "remove",
    }
}

crate::words! {
    /// Why nothing is delivered to a webhook.
    WebhookPause, "pause of a webhook", {
        /// A person paused it.
        Person = "person",
        /// Nothing could be delivered for [`GIVE_UP_AFTER`].
        Failing = "failing",
        /// It answered that it is gone for good (410).
        Gone = "gone",
    }
}

crate::words! {
    /// How an attempt to deliver ended.
    WebhookOutcome, "outcome of a delivery", {
        /// The receiver said yes.
        Delivered = "delivered",
        /// It will be tried again.
        Retried = "retried",
        /// It will not be tried again by itself.
        GivenUp = "given_up",
    }
}

crate::words! {
    /// Why a delivery got no answer.
    WebhookProblem, "problem of a delivery", {
        /// The address leads into an inner network, or is none.
        RefusedAddress = "refused_address",
        /// The name does not resolve.
        UnknownName = "unknown_name",
        /// Nobody takes the connection.
        Unreachable = "unreachable",
        /// The certificate is not trusted, or TLS fails otherwise.
        NoTrust = "no_trust",
        /// There was no answer in time.
        TimedOut = "timed_out",
        /// The connection broke, or what came was no HTTP.
        BrokeOff = "broke_off",
        /// The message cannot be signed: its secret was sealed with another address key.
        NoSecret = "no_secret",
    }
}

/// When a delivery is tried again: after 10 s, 20 s … up to 4 hours, a little over a day in all.
pub const DELIVERY: Backoff =
    Backoff { first: Duration::from_secs(10), cap: Duration::from_secs(4 * 3600), attempts: 17 };

/// A webhook to which nothing could be delivered for so long is paused, and the page says so.
pub const GIVE_UP_AFTER: Duration = Duration::from_secs(3 * 24 * 3600);

/// For how long the former secret signs beside a new one.
pub const BOTH_SECRETS: Duration = Duration::from_secs(24 * 3600);

/// For how long events and deliveries are kept, and can be sent again. A webhook that has been paused
/// for longer misses what happens.
pub const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_tried_for_about_a_day() {
        let waits = (1..=DELIVERY.attempts).map_while(|attempt| DELIVERY.after(attempt, 0.5));
        let hours = waits.sum::<Duration>().as_secs_f64() / 3600.0;
        assert!((24.0..27.0).contains(&hours), "{hours} hours");
    }

    #[test]
    fn types_are_words_with_full_stops() {
        for event in WebhookEvent::ALL {
            let word = event.message_type();
            let parts: Vec<&str> = word.split('.').collect();
            let is_plain = |part: &&str| part.bytes().all(|byte| byte.is_ascii_lowercase());
            assert!(parts.len() <= 2 && parts.iter().all(is_plain), "{word}");
        }
    }
}
