//! Delivery reports (RFC 3464, RFC 6533): what became of a message, recipient by recipient.

use domain::bounce::{BounceClass, Classification, EnhancedStatus, classify, find_reply_code};
use domain::email::Email;

use super::fields::{Fields, address, groups};

/// Recipients of one report that are read.
const RECIPIENTS: usize = 100;

domain::words! {
    /// What became of a message for one recipient (RFC 3464 §2.3.3).
    DeliveryAction, "delivery action", {
        /// It will not arrive.
        Failed = "failed",
        /// It has not arrived yet.
        Delayed = "delayed",
        /// It has arrived.
        Delivered = "delivered",
        /// It went to a server that reports nothing.
        Relayed = "relayed",
        /// It went to the members of a list.
        Expanded = "expanded",
    }
}

/// What a report says about one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipientReport {
    /// What became of the message.
    pub action: DeliveryAction,
    /// The recipient as we wrote it where the report says so, else as the last server knew it; no
    /// report proves whom it is about.
    pub recipient: Option<Email>,
    /// What the failure means; nothing but a failure means anything.
    pub classification: Classification,
}

impl RecipientReport {
    /// The kind of failure.
    #[must_use]
    pub const fn class(&self) -> BounceClass {
        self.classification.class
    }
}

/// The recipients of the part `message/delivery-status`.
pub(super) fn read(report: &str) -> Vec<RecipientReport> {
    let groups = groups(report);
    let recipients = groups.iter().filter(|group| {
        group.first("final-recipient").is_some() || group.first("original-recipient").is_some()
    });
    recipients.take(RECIPIENTS).map(recipient).collect()
}

fn recipient(group: &Fields) -> RecipientReport {
    let status = group.first("status").and_then(|status| EnhancedStatus::parse(status).ok());
    let text = group.first("diagnostic-code").unwrap_or_default();
    let action = group.first("action").map(|action| {
        let word = action.split([' ', '(', ';']).next().unwrap_or_default();
        word.to_ascii_lowercase().parse()
    });
    let action = match action {
        Some(Ok(action)) => action,
        // Without an action the status tells: class 5 is final.
        _ if status.map_or_else(
            || find_reply_code(text).is_some_and(|code| code >= 500),
            |s| s.class == 5,
        ) =>
        {
            DeliveryAction::Failed
        }
        _ => DeliveryAction::Delayed,
    };
    let addresses = ["original-recipient", "final-recipient"];
    let recipient = addresses
        .iter()
        .filter_map(|name| group.first(name))
        .find_map(|value| Email::parse(&address(value)).ok());
    let classification = match action {
        DeliveryAction::Failed => classify(status, None, text),
        // What was delivered or is on its way is no failure (compliance.md BNC-06).
        _ => classify(Some(EnhancedStatus { class: 2, subject: 0, detail: 0 }), None, ""),
    };
    RecipientReport { action, recipient, classification }
}
