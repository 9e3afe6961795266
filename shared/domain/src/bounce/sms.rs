//! What a gateway's delivery codes say about a number (compliance.md BNC-18, SMS-14, SMS-30).

use crate::suppression::SuppressionReason;

crate::words! {
    /// What kind of failure a text message met.
    SmsFailure, "failure of a text message", {
        /// The gateway keeps the number on a list of its own: its owner opted out there.
        OptedOut = "opted_out",
        /// The number cannot receive texts: a landline, or nobody routes to it.
        Unroutable = "unroutable",
        /// A carrier or the gateway took it for spam, or the sender is not registered.
        Block = "block",
        /// Nobody has the number, at least for now.
        UnknownSubscriber = "unknown_subscriber",
        /// The telephone is off, or something on the way does not work.
        Transient = "transient",
        /// A code nobody has classified.
        Unclassified = "unclassified",
    }
}

/// What a code of Twilio (five digits from 2 or 3) or Telnyx (from 4) means. The ranges do not
/// overlap, so the code tells whose it is.
#[must_use]
pub const fn sms_failure(code: u32) -> SmsFailure {
    match code {
        21610 | 40300 => SmsFailure::OptedOut,
        21211 | 21214 | 21217 | 21614 | 30006 | 40001 => SmsFailure::Unroutable,
        30004 | 30007 | 30034 | 40002 | 40003 => SmsFailure::Block,
        30005 => SmsFailure::UnknownSubscriber,
        30001 | 30003 | 30008 | 30009 | 30010 => SmsFailure::Transient,
        _ => SmsFailure::Unclassified,
    }
}

impl SmsFailure {
    /// Why the number goes on the list, for text messages alone, after so many messages met this
    /// failure since one last arrived. Landlines and unreachable numbers are no opt-outs (SMS-30),
    /// and a block is about us, not about the person.
    #[must_use]
    pub const fn suppresses(self, messages: usize) -> Option<SuppressionReason> {
        match self {
            Self::OptedOut => Some(SuppressionReason::ProviderSuppressed),
            Self::Unroutable => Some(SuppressionReason::InvalidAddress),
            Self::UnknownSubscriber if messages >= super::UNKNOWN_SUBSCRIBER_LIMIT => {
                Some(SuppressionReason::InvalidAddress)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_of_bnc_18_mean_what_it_says() {
        use SuppressionReason::{InvalidAddress, ProviderSuppressed};
        for (code, failure, once, thrice) in [
            (21610, SmsFailure::OptedOut, Some(ProviderSuppressed), Some(ProviderSuppressed)),
            (40300, SmsFailure::OptedOut, Some(ProviderSuppressed), Some(ProviderSuppressed)),
            (21614, SmsFailure::Unroutable, Some(InvalidAddress), Some(InvalidAddress)),
            (40001, SmsFailure::Unroutable, Some(InvalidAddress), Some(InvalidAddress)),
            (30007, SmsFailure::Block, None, None),
            (40002, SmsFailure::Block, None, None),
            (40003, SmsFailure::Block, None, None),
            (30005, SmsFailure::UnknownSubscriber, None, Some(InvalidAddress)),
            (30003, SmsFailure::Transient, None, None),
            (99999, SmsFailure::Unclassified, None, None),
        ] {
            assert_eq!(sms_failure(code), failure, "{code}");
            assert_eq!(failure.suppresses(1), once, "{code}");
            assert_eq!(failure.suppresses(3), thrice, "{code}");
        }
        assert_eq!(SmsFailure::UnknownSubscriber.suppresses(2), None);
    }
}
