//! What providers call bounces and complaints, in our words (compliance.md BNC-11, V-4b).

use domain::bounce::{BounceClass, Classification, EnhancedStatus, Suppress, classify};

/// What a provider's event means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderEvent {
    /// The message was not delivered.
    Bounce(BounceClass, Suppress),
    /// The provider keeps the address on a list of its own.
    ProviderSuppressed,
    /// The recipient complained.
    Complaint,
    /// The recipient unsubscribed at the provider.
    Unsubscribe,
    /// The recipient's mail server took the message.
    Delivered,
    /// Nothing for the list.
    Nothing,
}

const HARD: ProviderEvent = ProviderEvent::Bounce(BounceClass::Hard, Suppress::Now);
const SOFT_MAILBOX: ProviderEvent =
    ProviderEvent::Bounce(BounceClass::SoftMailbox, Suppress::Counter);
const SOFT_TRANSIENT: ProviderEvent =
    ProviderEvent::Bounce(BounceClass::SoftTransient, Suppress::No);
const CONTENT: ProviderEvent = ProviderEvent::Bounce(BounceClass::Content, Suppress::No);

/// An SES bounce, by its `bounceType` and `bounceSubType`.
#[must_use]
pub fn ses(kind: &str, subtype: &str) -> ProviderEvent {
    match (kind, subtype) {
        ("Permanent", "Suppressed" | "OnAccountSuppressionList") => {
            ProviderEvent::ProviderSuppressed
        }
        ("Permanent", _) => HARD,
        ("Transient", "MailboxFull") => SOFT_MAILBOX,
        ("Transient", "MessageTooLarge" | "ContentRejected" | "AttachmentRejected") => CONTENT,
        ("Transient" | "Undetermined", _) => SOFT_TRANSIENT,
        _ => ProviderEvent::Nothing,
    }
}

/// A Mailgun event, by its name, its SMTP code and text, and its enhanced status where it has one.
#[must_use]
pub fn mailgun(
    event: &str,
    code: Option<u16>,
    status: Option<EnhancedStatus>,
    text: &str,
) -> ProviderEvent {
    match event {
        "permanent_fail" | "temporary_fail" | "failed" => {
            // Mailgun's own codes (605, 607 …) say that it did not even try.
            if code.is_some_and(|code| code >= 600) {
                return ProviderEvent::ProviderSuppressed;
            }
            let Classification { class, suppress, .. } = classify(status, code, text);
            ProviderEvent::Bounce(class, suppress)
        }
        "complained" => ProviderEvent::Complaint,
        "unsubscribed" => ProviderEvent::Unsubscribe,
        "delivered" => ProviderEvent::Delivered,
        _ => ProviderEvent::Nothing,
    }
}

/// A Postmark bounce or suppression, by its `Type` or `SuppressionReason` and its `Origin`.
#[must_use]
pub fn postmark(kind: &str, origin: &str) -> ProviderEvent {
    match (kind, origin) {
        ("HardBounce" | "BadEmailAddress", _) => HARD,
        ("SpamComplaint", _) => ProviderEvent::Complaint,
        ("ManualSuppression" | "Unsubscribe", "Recipient") => ProviderEvent::Unsubscribe,
        ("ManualSuppression" | "ManuallyDeactivated", _) => ProviderEvent::ProviderSuppressed,
        ("SoftBounce" | "Transient" | "DnsError" | "Undeliverable", _) => SOFT_TRANSIENT,
        _ => ProviderEvent::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_v4b_holds() {
        assert_eq!(ses("Permanent", "General"), HARD);
        assert_eq!(ses("Permanent", "Suppressed"), ProviderEvent::ProviderSuppressed);
        assert_eq!(ses("Permanent", "OnAccountSuppressionList"), ProviderEvent::ProviderSuppressed);
        assert_eq!(ses("Transient", "MailboxFull"), SOFT_MAILBOX);
        assert_eq!(ses("Transient", "General"), SOFT_TRANSIENT);
        assert_eq!(ses("Undetermined", "Undetermined"), SOFT_TRANSIENT);
        let gone = mailgun("permanent_fail", Some(550), None, "550 5.1.1 user unknown");
        assert_eq!(gone, HARD);
        assert_eq!(mailgun("permanent_fail", Some(552), "5.2.2".parse().ok(), ""), SOFT_MAILBOX);
        assert_eq!(
            mailgun("permanent_fail", Some(605), None, ""),
            ProviderEvent::ProviderSuppressed
        );
        assert_eq!(postmark("HardBounce", ""), HARD);
        assert_eq!(postmark("SpamComplaint", "Recipient"), ProviderEvent::Complaint);
        assert_eq!(postmark("ManualSuppression", "Recipient"), ProviderEvent::Unsubscribe);
        assert_eq!(postmark("ManualSuppression", "Customer"), ProviderEvent::ProviderSuppressed);
    }
}
