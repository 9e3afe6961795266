//! What the relay's answer means for the touch, the address and the medium.
//!
//! A pure function over the closed set of results. What a reply says about an address is decided
//! in `domain::bounce` (compliance.md V-4); here it is decided who pays for it: the recipient, this
//! attempt, or everybody, because our own settings are wrong.

use domain::bounce::{
    Alert, BounceClass, Classification, Permanence, SmtpReplyClass, SmtpStage, Suppress,
};
use domain::retry::Backoff;
use domain::{Reason, ReasonCode};

use crate::mailer::{Broken, Phase, Reply, SendResult};

/// What is to be done about an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is sent.
    Sent {
        /// The relay's name for the message, to find it in the relay's log.
        queue_id: Option<String>,
    },
    /// To be tried again later.
    Retry {
        /// How long to wait, and how often.
        backoff: Backoff,
        /// Why.
        reason: Reason,
        /// What the reply says about the address, where it says something.
        bounce: Option<Classification>,
    },
    /// To be given up. [`Verdict::suppresses`] says whether the address goes on the list.
    Failed {
        /// Why.
        reason: Reason,
        /// What the reply says about the address.
        bounce: Classification,
    },
    /// This address cannot be served over this relay; nothing was tried.
    Blocked {
        /// Why.
        reason: Reason,
    },
    /// Whether it was handed over is not known: the policy for unknown touches decides.
    Unknown {
        /// In which phase it broke.
        reason: Reason,
    },
    /// Our own settings are at fault, or the relay does not want us: the medium pauses and people
    /// are told. The touch and the address do not pay for it.
    Misconfigured {
        /// What is wrong.
        reason: Reason,
        /// Whether nothing more may leave from the sending domain until it is put right.
        stop_domain: bool,
    },
}

impl Verdict {
    /// Whether the address is to go on the suppression list at once, as a hard bounce (BNC-03).
    #[must_use]
    pub const fn suppresses(&self) -> bool {
        matches!(self, Self::Failed { bounce, .. } if matches!(bounce.suppress, Suppress::Now))
    }
}

/// What `result` means.
#[must_use]
pub fn judge(result: &SendResult) -> Verdict {
    match result {
        SendResult::Accepted { queue_id, .. } => Verdict::Sent { queue_id: queue_id.clone() },
        SendResult::Refused { reply, phase, .. } => judge_reply(reply, *phase),
        SendResult::EaiUnsupported => {
            Verdict::Blocked { reason: Reason::new(ReasonCode::BadAddress, "eai_unsupported") }
        }
        SendResult::NotHandedOver { why, phase } => judge_break(why, *phase),
        SendResult::InDoubt { why } => {
            let detail = format!("{}: {why}", Phase::Dot);
            Verdict::Unknown { reason: Reason::new(ReasonCode::InDoubt, detail) }
        }
    }
}

fn judge_break(why: &Broken, phase: Phase) -> Verdict {
    let detail = format!("{phase}: {why}");
    match why {
        Broken::Tls(_) | Broken::TlsNotOffered | Broken::AuthNotOffered => Verdict::Misconfigured {
            reason: Reason::new(ReasonCode::Misconfigured, detail),
            stop_domain: false,
        },
        Broken::Connect(_)
        | Broken::TimedOut
        | Broken::Closed
        | Broken::Io(_)
        | Broken::OutOfStep
        | Broken::TooLate => Verdict::Retry {
            backoff: Backoff::UNREACHABLE,
            reason: Reason::new(ReasonCode::Unreachable, detail),
            bounce: None,
        },
    }
}

fn judge_reply(reply: &Reply, phase: Phase) -> Verdict {
    let stage = stage(phase);
    let judged = SmtpReplyClass::of(stage, reply.code(), reply.text());
    let bounce = judged.bounce;
    let reason = |code| Reason::new(code, format!("{phase}: {reply}"));
    let permanent = judged.permanence == Permanence::Permanent;
    if permanent && (stage.is_session_setup() || bounce.class == BounceClass::Config) {
        return Verdict::Misconfigured {
            reason: reason(ReasonCode::Misconfigured),
            stop_domain: bounce.alert == Alert::StopDomain,
        };
    }
    if permanent {
        return Verdict::Failed { reason: reason(ReasonCode::Refused), bounce };
    }
    if stage.is_session_setup() {
        // "Too busy" before anything was asked is a short outage of the relay.
        return Verdict::Retry {
            backoff: Backoff::UNREACHABLE,
            reason: reason(ReasonCode::Unreachable),
            bounce: None,
        };
    }
    Verdict::Retry {
        backoff: Backoff::DEFERRED,
        reason: reason(ReasonCode::Deferred),
        bounce: Some(bounce),
    }
}

/// A refusal while the message was on its way is one of the message, as at the dot.
const fn stage(phase: Phase) -> SmtpStage {
    match phase {
        Phase::Opening => SmtpStage::Greeting,
        Phase::Auth => SmtpStage::Auth,
        Phase::Mail => SmtpStage::MailFrom,
        Phase::Rcpt => SmtpStage::RcptTo,
        Phase::Data => SmtpStage::Data,
        Phase::Body | Phase::Dot => SmtpStage::FinalDot,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;

    fn refused(code: u16, text: &str, phase: Phase) -> SendResult {
        let reply = Reply::new(code, text);
        SendResult::Refused { permanent: reply.is_permanent(), reply, phase }
    }

    /// A verdict in few words.
    fn words(verdict: &Verdict) -> String {
        match verdict {
            Verdict::Sent { queue_id } => format!("sent {queue_id:?}"),
            Verdict::Retry { backoff, reason, bounce } => {
                let kind = if *backoff == Backoff::DEFERRED { "deferred" } else { "unreachable" };
                let counts = bounce.is_some_and(|bounce| bounce.suppress == Suppress::Counter);
                format!("retry {kind}{}, {}", if counts { " counted" } else { "" }, reason.code)
            }
            Verdict::Failed { reason, bounce } => {
                format!("failed {}, {}, {}", bounce.class, bounce.suppress, reason.code)
            }
            Verdict::Blocked { reason } => format!("blocked {reason}"),
            Verdict::Unknown { reason } => format!("unknown, {}", reason.code),
            Verdict::Misconfigured { stop_domain, .. } => format!("misconfigured {stop_domain}"),
        }
    }

    #[test]
    fn replies_are_judged_by_phase_and_status() {
        for (code, text, phase, expected) in [
            (421, "too busy", Phase::Opening, "retry unreachable, unreachable"),
            (554, "no service for you", Phase::Opening, "misconfigured false"),
            (535, "5.7.8 bad credentials", Phase::Auth, "misconfigured false"),
            (454, "4.7.0 try later", Phase::Auth, "retry unreachable, unreachable"),
            (550, "5.1.8 bad sender", Phase::Mail, "misconfigured false"),
            // Nobody has named the recipient yet.
            (550, "5.1.1 user unknown", Phase::Mail, "misconfigured false"),
            (421, "4.3.2 shutting down", Phase::Mail, "retry deferred, deferred"),
            (550, "5.1.1 user unknown", Phase::Rcpt, "failed hard, now, refused"),
            (550, "5.1.10 null MX", Phase::Rcpt, "failed hard, now, refused"),
            (552, "5.2.2 mailbox full", Phase::Rcpt, "failed soft_mailbox, counter, refused"),
            (452, "4.2.2 mailbox full", Phase::Rcpt, "retry deferred counted, deferred"),
            (451, "4.7.1 greylisted", Phase::Rcpt, "retry deferred, deferred"),
            (554, "5.7.1 relay access denied", Phase::Rcpt, "misconfigured false"),
            (550, "5.9.9 who knows", Phase::Rcpt, "failed soft_transient, no, refused"),
            (550, "5.7.26 not authenticated", Phase::Dot, "misconfigured true"),
            (552, "5.3.4 message too big", Phase::Dot, "failed content, no, refused"),
            (552, "5.3.4 message too big", Phase::Body, "failed content, no, refused"),
            (451, "4.3.0 queue file write error", Phase::Dot, "retry deferred, deferred"),
        ] {
            let verdict = judge(&refused(code, text, phase));
            assert_eq!(words(&verdict), expected, "{phase}: {code} {text}");
            assert_eq!(verdict.suppresses(), expected.starts_with("failed hard"));
        }
    }

    #[test]
    fn breaks_are_judged_by_what_broke() {
        let handed = |why| SendResult::NotHandedOver { why, phase: Phase::Opening };
        for (result, expected) in [
            (
                handed(Broken::Connect(ErrorKind::ConnectionRefused)),
                "retry unreachable, unreachable",
            ),
            (handed(Broken::TimedOut), "retry unreachable, unreachable"),
            (handed(Broken::OutOfStep), "retry unreachable, unreachable"),
            (handed(Broken::TooLate), "retry unreachable, unreachable"),
            (handed(Broken::Tls("certificate expired".into())), "misconfigured false"),
            (handed(Broken::TlsNotOffered), "misconfigured false"),
            (SendResult::InDoubt { why: Broken::TimedOut }, "unknown, in_doubt"),
            (SendResult::InDoubt { why: Broken::OutOfStep }, "unknown, in_doubt"),
            (SendResult::EaiUnsupported, "blocked bad_address: eai_unsupported"),
        ] {
            assert_eq!(words(&judge(&result)), expected, "{result:?}");
        }
    }

    #[test]
    fn a_reason_names_phase_and_answer_but_no_address() {
        let result = refused(550, "5.1.1 <lina@example.com> unknown", Phase::Rcpt);
        let Verdict::Failed { reason, .. } = judge(&result) else { panic!() };
        assert_eq!(reason.to_string(), "refused: rcpt: 550 5.1.1 <address> unknown");
    }
}
