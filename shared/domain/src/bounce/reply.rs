//! Live SMTP replies: the same classes, judged by the stage of the session they come at.

use super::{BounceClass, Classification, classify};

crate::words! {
    /// Where in an SMTP session a reply comes (RFC 5321 §3).
    SmtpStage, "SMTP stage", {
        /// The greeting of the server.
        Greeting = "greeting",
        /// EHLO.
        Hello = "hello",
        /// STARTTLS.
        StartTls = "starttls",
        /// AUTH.
        Auth = "auth",
        /// MAIL FROM.
        MailFrom = "mail_from",
        /// RCPT TO.
        RcptTo = "rcpt_to",
        /// DATA, before the message.
        Data = "data",
        /// The final reply, after the dot that ends the message.
        FinalDot = "final_dot",
    }
}

impl SmtpStage {
    /// Whether the session itself is still being set up, so that a refusal says nothing about any
    /// one message.
    #[must_use]
    pub const fn is_session_setup(self) -> bool {
        matches!(self, Self::Greeting | Self::Hello | Self::StartTls | Self::Auth)
    }
}

crate::words! {
    /// What the first digit of a reply promises.
    Permanence, "permanence", {
        /// 2xx, or 354 after DATA: go on.
        Accepted = "accepted",
        /// 4xx, or anything that is no SMTP reply to the command: the same may work later.
        Transient = "transient",
        /// 5xx: the same will fail again.
        Permanent = "permanent",
    }
}

/// What one reply in an SMTP session means for the touch it was given for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SmtpReplyClass {
    /// Where it came.
    pub stage: SmtpStage,
    /// Whether to go on, to try later or to give up.
    pub permanence: Permanence,
    /// What it says about the address, the message or ourselves; [`BounceClass::None`] when
    /// accepted.
    pub bounce: Classification,
}

impl SmtpReplyClass {
    /// The class of the reply with `code` and `text` (all lines, without the code) at `stage`.
    ///
    /// At the final dot only 250 is success: any other positive reply there means that the two
    /// sides have lost step, and nothing is known of the message (pipeline.md §7).
    #[must_use]
    pub fn of(stage: SmtpStage, code: u16, text: &str) -> Self {
        let permanence = permanence(stage, code);
        let bounce = match permanence {
            Permanence::Accepted => super::NO_FAILURE,
            Permanence::Transient if !(400..500).contains(&code) => super::SOFT_TRANSIENT,
            Permanence::Transient | Permanence::Permanent => {
                let bounce = classify(None, Some(code), text);
                if stage < SmtpStage::RcptTo { about_us(permanence, bounce) } else { bounce }
            }
        };
        Self { stage, permanence, bounce }
    }
}

const fn permanence(stage: SmtpStage, code: u16) -> Permanence {
    match (stage, code) {
        (SmtpStage::FinalDot, 250) | (SmtpStage::Data, 354) | (SmtpStage::Auth, 334) => {
            Permanence::Accepted
        }
        (SmtpStage::FinalDot | SmtpStage::Data, 200..=299) => Permanence::Transient,
        (_, 200..=299) => Permanence::Accepted,
        (_, 500..=599) => Permanence::Permanent,
        _ => Permanence::Transient,
    }
}

/// Before RCPT the server has not heard of the recipient, so whatever would count against them is
/// about our own setup, or about the way when it is transient.
const fn about_us(permanence: Permanence, bounce: Classification) -> Classification {
    let about_us = match (bounce.class, permanence) {
        (BounceClass::Config | BounceClass::Content, _) => return bounce,
        (BounceClass::Block, _) => super::BLOCK,
        (_, Permanence::Permanent) => super::CONFIG,
        _ => super::SOFT_TRANSIENT,
    };
    Classification { status: bounce.status, ..about_us }
}
