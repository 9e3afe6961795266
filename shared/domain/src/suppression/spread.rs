//! Where a request counts besides the channel it came by (compliance.md SUP-17).

use super::{SuppressionReason, Topic};
use crate::channel::ContactChannel;

/// The topic of calls made by a machine. People's calls have the contact channel in common with
/// them, but STOP by SMS revokes only the machine's (47 CFR 64.1200(a)(10)).
pub const AUTOMATED_VOICE: Topic = Topic::automated_voice();

/// What a request covers by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread {
    /// Contact channels of the same address that are stopped altogether.
    pub channels: &'static [ContactChannel],
    /// A topic on a channel that is stopped besides.
    pub topic: Option<(ContactChannel, Topic)>,
    /// Whether every person with the address is stopped on every channel.
    pub person: bool,
}

/// The default matrix: what a request that came by `channel` for `reason` covers. It may be made
/// stricter, never laxer.
///
/// STOP by SMS covers SMS and automated voice; "do not call" covers calls and SMS; an objection, an
/// erasure or a death covers the person; everything else the channel alone.
#[must_use]
pub const fn spread(channel: ContactChannel, reason: SuppressionReason) -> Spread {
    use ContactChannel::{Call, Email, Person, Post, Sms};
    let person = matches!(
        reason,
        SuppressionReason::GdprObjection | SuppressionReason::Erasure | SuppressionReason::Deceased
    );
    let is_stop =
        matches!(reason, SuppressionReason::ReplyKeyword | SuppressionReason::ReplyFreetext);
    let is_call_request = is_stop
        || matches!(
            reason,
            SuppressionReason::VoiceRequest
                | SuppressionReason::EmailRequest
                | SuppressionReason::PostalRequest
                | SuppressionReason::StaffEntry
                | SuppressionReason::PreferencePage
        );
    let channels: &'static [ContactChannel] = match channel {
        Call if is_call_request => &[Sms, Call],
        Call => &[Call],
        Sms => &[Sms],
        Email => &[Email],
        Post => &[Post],
        Person => &[],
    };
    let topic = match channel {
        Sms if is_stop => Some((Call, AUTOMATED_VOICE)),
        _ => None,
    };
    Spread { channels, topic, person: person || matches!(channel, Person) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ContactChannel::{Call, Email, Person, Post, Sms};
    use SuppressionReason as Reason;

    #[test]
    fn the_default_matrix_is_that_of_compliance_sup_17() {
        let voice = Some((Call, AUTOMATED_VOICE));
        for (channel, reason, channels, topic, person) in [
            (Sms, Reason::ReplyKeyword, &[Sms][..], voice, false),
            (Sms, Reason::ReplyFreetext, &[Sms], voice, false),
            (Sms, Reason::HardBounce, &[Sms], None, false),
            (Call, Reason::VoiceRequest, &[Sms, Call], None, false),
            (Call, Reason::ReassignedNumber, &[Call], None, false),
            (Call, Reason::NationalDnc, &[Call], None, false),
            (Email, Reason::OneClick, &[Email], None, false),
            (Email, Reason::Complaint, &[Email], None, false),
            (Email, Reason::EmailRequest, &[Email], None, false),
            (Email, Reason::GdprObjection, &[Email], None, true),
            (Sms, Reason::Erasure, &[Sms], None, true),
            (Post, Reason::Deceased, &[Post], None, true),
            (Post, Reason::DoNotMail, &[Post], None, false),
            (Person, Reason::StaffEntry, &[], None, true),
        ] {
            let expected = Spread { channels, topic, person };
            assert_eq!(spread(channel, reason), expected, "{channel}, {reason}");
        }
    }
}
