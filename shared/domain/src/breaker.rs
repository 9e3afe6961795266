//! Circuit breakers: when so much comes back that sending on would do harm.
//!
//! Three figures are watched: complaints per sending domain (compliance.md EML-15), hard bounces per
//! plan and import (BNC-17), and failures of a gateway itself. Shares are compared as whole numbers,
//! so that a limit is met exactly where it stands.

use std::fmt;

use chrono::TimeDelta;

/// Parts of a million in one percent.
const PER_PERCENT: f64 = 10_000.0;

crate::words! {
    /// What is watched.
    Breaker, "circuit breaker", {
        /// Complaints about mail from a sending domain.
        Complaints = "complaints",
        /// Addresses that do not exist, of one plan or one import.
        HardBounces = "hard_bounces",
        /// A relay or SMS gateway that fails.
        GatewayErrors = "gateway_errors",
    }
}

crate::words! {
    /// What a look at figures calls for; later ones weigh more.
    Alarm, "alarm", {
        /// Nothing.
        Quiet = "quiet",
        /// People should look.
        Warn = "warn",
        /// Nothing more may leave until a person says so.
        Pause = "pause",
    }
}

/// A share in parts of a million: 0.30 % is 3,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(u32);

impl Share {
    /// A share in percent, to a ten-thousandth of one; `None` outside 0 to 100.
    #[must_use]
    pub fn of_percent(percent: f64) -> Option<Self> {
        if !(0.0..=100.0).contains(&percent) {
            return None;
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 1,000,000.
        Some(Self((percent * PER_PERCENT).round() as u32))
    }

    /// Whether `part` of `whole` is this share or more.
    #[must_use]
    pub fn is_reached(self, part: u64, whole: u64) -> bool {
        u128::from(part) * 1_000_000 >= u128::from(self.0) * u128::from(whole)
    }

    /// Whether `part` of `whole` is more than this share.
    #[must_use]
    pub fn is_exceeded(self, part: u64, whole: u64) -> bool {
        u128::from(part) * 1_000_000 > u128::from(self.0) * u128::from(whole)
    }
}

impl fmt::Display for Share {
    /// In percent, with two decimals or as many as it takes: `0.30 %`, `0.0999 %`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 10_000, self.0 % 10_000);
        if rest % 100 == 0 {
            write!(f, "{whole}.{:02} %", rest / 100)
        } else {
            write!(f, "{whole}.{rest:04} %")
        }
    }
}

/// So many of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figure {
    /// Complaints, bounces, failures.
    pub part: u64,
    /// Messages delivered, messages sent, attempts.
    pub whole: u64,
}

impl Figure {
    /// The share, cut to what can be shown; nothing of nothing is nothing.
    #[must_use]
    pub fn share(self) -> Share {
        let share = u128::from(self.part) * 1_000_000 / u128::from(self.whole.max(1));
        Share(u32::try_from(share).unwrap_or(u32::MAX))
    }
}

/// When complaints about a sending domain matter (compliance.md EML-15).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ComplaintLimits {
    /// From this share on people are told.
    pub warn: Share,
    /// From this share on nothing more leaves.
    pub pause: Share,
    /// Of fewer delivered messages nothing is concluded.
    pub least: u64,
}

impl ComplaintLimits {
    /// What complaints (`part`) of delivered messages (`whole`) call for.
    #[must_use]
    pub fn judge(self, figure: Figure) -> Alarm {
        let Figure { part, whole } = figure;
        if whole < self.least.max(1) {
            Alarm::Quiet
        } else if self.pause.is_reached(part, whole) {
            Alarm::Pause
        } else if self.warn.is_reached(part, whole) {
            Alarm::Warn
        } else {
            Alarm::Quiet
        }
    }
}

/// When hard bounces of a plan or an import matter (compliance.md BNC-17).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BounceLimits {
    /// Above this share nothing more leaves; the share itself is still borne.
    pub pause: Share,
    /// Of fewer messages nothing is concluded.
    pub least: u64,
}

impl BounceLimits {
    /// What hard bounces (`part`) of sent messages (`whole`) call for.
    #[must_use]
    pub fn judge(self, figure: Figure) -> Alarm {
        let trips =
            figure.whole >= self.least.max(1) && self.pause.is_exceeded(figure.part, figure.whole);
        if trips { Alarm::Pause } else { Alarm::Quiet }
    }
}

/// When failures of a gateway matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GatewayLimits {
    /// From this share on nothing more is handed over.
    pub pause: Share,
    /// Of fewer attempts nothing is concluded.
    pub least: u64,
}

impl GatewayLimits {
    /// What failures for reasons of the gateway (`part`) of attempts (`whole`) call for.
    #[must_use]
    pub fn judge(self, figure: Figure) -> Alarm {
        let trips =
            figure.whole >= self.least.max(1) && self.pause.is_reached(figure.part, figure.whole);
        if trips { Alarm::Pause } else { Alarm::Quiet }
    }
}

/// What a breaker saw, in words and without personal data: "0.41 % of 12,300 messages from
/// palm.example in the last 24 hours were complained about; the limit is 0.30 %".
#[must_use]
pub fn explain(
    breaker: Breaker,
    key: &str,
    figure: Figure,
    window: TimeDelta,
    limit: Share,
) -> String {
    let (share, whole, window) = (figure.share(), grouped(figure.whole), in_words(window));
    match breaker {
        Breaker::Complaints => format!(
            "{share} of {whole} messages from {key} in the last {window} were complained about; the \
             limit is {limit}"
        ),
        Breaker::HardBounces => format!(
            "{share} of {whole} messages of \"{key}\" in the last {window} went to addresses that \
             do not exist; more than {limit} is too much"
        ),
        Breaker::GatewayErrors => format!(
            "{share} of {whole} attempts by {key} in the last {window} failed at the gateway; the \
             limit is {limit}"
        ),
    }
}

/// A number with commas between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn in_words(window: TimeDelta) -> String {
    let (count, unit) = match (window.num_days(), window.num_hours(), window.num_minutes()) {
        (days @ 2.., ..) => (days, "day"),
        (_, hours @ 1.., _) => (hours, "hour"),
        (.., minutes) => (minutes, "minute"),
    };
    if count == 1 { unit.to_owned() } else { format!("{count} {unit}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percent(percent: f64) -> Share {
        Share::of_percent(percent).unwrap()
    }

    fn complaints() -> ComplaintLimits {
        ComplaintLimits { warn: percent(0.10), pause: percent(0.30), least: 1_000 }
    }

    #[test]
    fn complaints_warn_and_pause_exactly_at_their_limits() {
        for (part, whole, expected) in [
            (0, 0, Alarm::Quiet),
            (999, 1_000_000, Alarm::Quiet),   // 0.0999 %
            (1_000, 1_000_000, Alarm::Warn),  // 0.10 %
            (2_999, 1_000_000, Alarm::Warn),  // 0.2999 %
            (3_000, 1_000_000, Alarm::Pause), // 0.30 %
            // The sample.
            (999, 999, Alarm::Quiet),
            (1, 1_000, Alarm::Warn),
            (0, 1_000, Alarm::Quiet),
            (2, 1_000, Alarm::Warn),
            (3, 1_000, Alarm::Pause),
            (3, 1_001, Alarm::Warn),
            (u64::MAX, u64::MAX, Alarm::Pause),
        ] {
            assert_eq!(complaints().judge(Figure { part, whole }), expected, "{part} of {whole}");
        }
    }

    #[test]
    fn hard_bounces_pause_above_five_percent_of_two_hundred() {
        let limits = BounceLimits { pause: percent(5.0), least: 200 };
        for (part, whole, expected) in [
            (199, 199, Alarm::Quiet),
            (10, 200, Alarm::Quiet), // 5.0 %
            (11, 200, Alarm::Pause),
            (50_000, 1_000_000, Alarm::Quiet),
            (50_001, 1_000_000, Alarm::Pause),
            (0, 0, Alarm::Quiet),
        ] {
            assert_eq!(limits.judge(Figure { part, whole }), expected, "{part} of {whole}");
        }
    }

    #[test]
    fn a_gateway_pauses_when_half_of_enough_attempts_fail() {
        let limits = GatewayLimits { pause: percent(50.0), least: 50 };
        for (part, whole, expected) in [
            (49, 49, Alarm::Quiet),
            (24, 50, Alarm::Quiet),
            (25, 50, Alarm::Pause),
            (49, 100, Alarm::Quiet),
            (50, 100, Alarm::Pause),
        ] {
            assert_eq!(limits.judge(Figure { part, whole }), expected, "{part} of {whole}");
        }
    }

    #[test]
    fn even_a_limit_of_nothing_concludes_nothing_from_nothing() {
        let none = percent(0.0);
        let complaints = ComplaintLimits { warn: none, pause: none, least: 0 };
        assert_eq!(complaints.judge(Figure::default()), Alarm::Quiet);
        assert_eq!(complaints.judge(Figure { part: 0, whole: 1 }), Alarm::Pause);
    }

    #[test]
    fn a_share_is_read_and_written_in_percent() {
        for (given, shown) in [
            (0.1, "0.10 %"),
            (0.3, "0.30 %"),
            (0.0999, "0.0999 %"),
            (0.2999, "0.2999 %"),
            (5.0, "5.00 %"),
            (100.0, "100.00 %"),
        ] {
            assert_eq!(percent(given).to_string(), shown);
        }
        for wrong in [-0.1, 100.1, f64::NAN] {
            assert_eq!(Share::of_percent(wrong), None);
        }
    }

    #[test]
    fn what_was_seen_is_said_with_figures_and_period() {
        let figure = Figure { part: 51, whole: 12_300 };
        let day = TimeDelta::hours(24);
        assert_eq!(
            explain(Breaker::Complaints, "palm.example", figure, day, percent(0.3)),
            "0.4146 % of 12,300 messages from palm.example in the last 24 hours were complained \
             about; the limit is 0.30 %"
        );
        let week = explain(Breaker::HardBounces, "8x8", figure, TimeDelta::days(7), percent(5.0));
        assert!(week.contains("of \"8x8\" in the last 7 days went"), "{week}");
        let minute = TimeDelta::minutes(1);
        let text = explain(Breaker::GatewayErrors, "sms", figure, minute, percent(50.0));
        assert!(text.contains("attempts by sms in the last minute failed"), "{text}");
        assert_eq!((grouped(0), grouped(999)), ("0".to_owned(), "999".to_owned()));
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}
