//! The vocabulary of what comes back besides opt-outs: wishes, reviews, answers.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::deadline::BusinessDeadline;

crate::words! {
    /// What a person asked for by themselves.
    Wish, "wish", {
        /// No more messages.
        Stop = "stop",
        /// Messages again.
        Start = "start",
    }
}

crate::words! {
    /// What a person of the team decided about an unclear answer.
    ReviewDecision, "decision of a review", {
        /// It was meant as a stop: the number goes on the list.
        Stop = "stop",
        /// It was not: messages go on.
        CarryOn = "carry_on",
    }
}

crate::words! {
    /// What an answer by text message is for.
    AnswerKind, "kind of answer", {
        /// It confirms a stop.
        Stop = "stop",
        /// It confirms a start.
        Start = "start",
        /// It says who we are and how to stop.
        Help = "help",
    }
}

crate::words! {
    /// Where an answer stands.
    AnswerState, "state of an answer", {
        /// It has not been taken up.
        Waiting = "waiting",
        /// A worker is handing it over.
        Sending = "sending",
        /// The gateway has it.
        Sent = "sent",
        /// It could not leave in time, and so did not.
        Late = "late",
        /// The same was confirmed within a day before, so silence is the answer.
        Repeated = "repeated",
        /// The gateway refused it.
        Failed = "failed",
        /// Nobody knows whether the gateway has it.
        Unknown = "unknown",
    }
}

/// The business days within which a person decides a review (compliance.md SMS-03).
const REVIEW_BUSINESS_DAYS: u16 = 1;

/// By when a review of an answer that arrived at `arrived` is decided: the same time of day, one
/// business day later, in the team's `zone`.
#[must_use]
pub fn review_due(arrived: Timestamp, zone: &TimeZone) -> Timestamp {
    let local = arrived.to_zoned(zone.clone());
    let day = BusinessDeadline::after(local.date(), REVIEW_BUSINESS_DAYS).weekends_only;
    zone.to_ambiguous_timestamp(day.to_datetime(local.time())).compatible().unwrap_or(arrived)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_review_is_due_at_the_same_time_of_the_next_business_day() {
        let dubai = TimeZone::get("Asia/Dubai").unwrap();
        for (arrived, due) in [
            ("2026-03-03T10:00:00Z", "2026-03-04T10:00:00Z"),
            // A Friday evening in London is Saturday in Dubai: both lead to Monday.
            ("2026-03-06T12:00:00Z", "2026-03-09T12:00:00Z"),
            ("2026-03-06T22:00:00Z", "2026-03-08T22:00:00Z"),
        ] {
            assert_eq!(review_due(arrived.parse().unwrap(), &dubai), due.parse().unwrap());
        }
    }
}
