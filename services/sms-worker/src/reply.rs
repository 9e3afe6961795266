//! What a gateway's result means for the touch: a pure, closed mapping.

use std::time::Duration;

use domain::channel::ContactChannel;
use domain::suppression::SuppressionReason;
use domain::{Reason, ReasonCode};

use crate::gateway::GatewayResult;

/// Why a gateway refused for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalClass {
    /// The provider keeps the number on its own list.
    OptedOut,
    /// The number cannot receive texts.
    InvalidNumber,
    /// A filter stopped the text.
    BlockedContent,
    /// The installation is set up wrongly: every text would be refused.
    Config,
    /// Any other refusal.
    Permanent,
}

/// An entry the suppression list should get. Its key is the tenant and the number, never the
/// sender (compliance.md SMS-15); a drift between our list and the provider's is worth an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SuppressionHint {
    /// Why.
    pub reason: SuppressionReason,
    /// For which channel: always SMS, calls to the number stay possible (compliance.md SMS-30).
    pub channel: ContactChannel,
}

/// What the handler does with the touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It went out.
    Sent {
        /// The provider's id of the message.
        provider_ref: Option<String>,
    },
    /// Nothing was tried: our own limit is used up. Not an attempt.
    Later {
        /// When a place is free.
        after: Duration,
    },
    /// Not taken, worth another attempt.
    Retry {
        /// The provider's wish; unset: the usual back-off.
        after: Option<Duration>,
        /// Why.
        reason: Reason,
    },
    /// Not taken, for good.
    Failed {
        /// Why.
        reason: Reason,
        /// What the list should learn from it.
        suppress: Option<SuppressionHint>,
    },
    /// Nobody knows whether it was taken.
    Unknown {
        /// Why.
        reason: Reason,
        /// For how long a repeat is recognised by the gateway and cannot double the message.
        safe_to_repeat_for: Option<Duration>,
    },
    /// The installation must be put right first; the touch itself is fine.
    Misconfigured {
        /// What is wrong.
        reason: Reason,
    },
}

/// What `result` means for the touch.
#[must_use]
pub fn verdict(result: GatewayResult) -> Verdict {
    match result {
        GatewayResult::Accepted { provider_ref } => Verdict::Sent { provider_ref },
        GatewayResult::Busy { retry_after } => Verdict::Later { after: retry_after },
        GatewayResult::Temporary { retry_after, detail } => {
            Verdict::Retry { after: retry_after, reason: Reason::new(ReasonCode::Deferred, detail) }
        }
        GatewayResult::NotHandedOver { why } => {
            Verdict::Retry { after: None, reason: Reason::new(ReasonCode::Unreachable, why) }
        }
        GatewayResult::InDoubt { why, safe_to_repeat_for } => {
            Verdict::Unknown { reason: Reason::new(ReasonCode::InDoubt, why), safe_to_repeat_for }
        }
        GatewayResult::Refused { class: RefusalClass::Config, detail } => {
            Verdict::Misconfigured { reason: Reason::new(ReasonCode::Misconfigured, detail) }
        }
        GatewayResult::Refused { class, detail } => {
            Verdict::Failed { reason: refusal_reason(class, detail), suppress: hint(class) }
        }
    }
}

fn refusal_reason(class: RefusalClass, detail: String) -> Reason {
    let code = match class {
        RefusalClass::InvalidNumber => ReasonCode::BadAddress,
        _ => ReasonCode::Refused,
    };
    let detail = match class {
        RefusalClass::OptedOut => format!("{detail}: the number has opted out at the provider"),
        RefusalClass::InvalidNumber => format!("{detail}: the number cannot receive texts"),
        RefusalClass::BlockedContent => format!("{detail}: a filter stopped the text"),
        RefusalClass::Config | RefusalClass::Permanent => detail,
    };
    Reason::new(code, detail)
}

fn hint(class: RefusalClass) -> Option<SuppressionHint> {
    let reason = match class {
        RefusalClass::OptedOut => SuppressionReason::ProviderSuppressed,
        RefusalClass::InvalidNumber => SuppressionReason::InvalidAddress,
        // A filter judged the text, not the number (compliance.md BNC-18).
        RefusalClass::BlockedContent | RefusalClass::Config | RefusalClass::Permanent => {
            return None;
        }
    };
    Some(SuppressionHint { reason, channel: ContactChannel::Sms })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn refused(class: RefusalClass) -> Verdict {
        verdict(GatewayResult::Refused { class, detail: "x answered 400".to_owned() })
    }

    fn suppression(class: RefusalClass) -> Option<SuppressionReason> {
        match refused(class) {
            Verdict::Failed { suppress, .. } => suppress.map(|hint| {
                assert_eq!(hint.channel, ContactChannel::Sms);
                hint.reason
            }),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_an_opt_out_and_a_dead_number_reach_the_list() {
        let provider = Some(SuppressionReason::ProviderSuppressed);
        assert_eq!(suppression(RefusalClass::OptedOut), provider);
        let invalid = Some(SuppressionReason::InvalidAddress);
        assert_eq!(suppression(RefusalClass::InvalidNumber), invalid);
        assert_eq!(suppression(RefusalClass::BlockedContent), None);
        assert_eq!(suppression(RefusalClass::Permanent), None);
    }

    #[test]
    fn wrong_settings_are_not_the_touchs_fault() {
        assert!(matches!(refused(RefusalClass::Config), Verdict::Misconfigured { .. }));
    }

    #[test]
    fn the_other_results_keep_their_meaning() {
        let minute = Duration::from_secs(60);
        let busy = GatewayResult::Busy { retry_after: minute };
        assert_eq!(verdict(busy), Verdict::Later { after: minute });
        let temporary =
            GatewayResult::Temporary { retry_after: Some(minute), detail: "x".to_owned() };
        assert!(matches!(
            verdict(temporary),
            Verdict::Retry { after: Some(after), reason }
                if after == minute && reason.code == ReasonCode::Deferred
        ));
        let unreachable = GatewayResult::NotHandedOver { why: "x".to_owned() };
        assert!(matches!(
            verdict(unreachable),
            Verdict::Retry { after: None, reason } if reason.code == ReasonCode::Unreachable
        ));
        let doubt =
            GatewayResult::InDoubt { why: "x".to_owned(), safe_to_repeat_for: Some(minute) };
        assert!(matches!(
            verdict(doubt),
            Verdict::Unknown { safe_to_repeat_for: Some(left), reason }
                if left == minute && reason.code == ReasonCode::InDoubt
        ));
    }
}
