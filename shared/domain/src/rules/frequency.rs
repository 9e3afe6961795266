//! How often a person may be reached: rolling caps over the attempts that were made, and what a
//! refusal means (compliance.md QH-12).

use std::str::FromStr;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

use super::Rule;
use crate::ContactChannel;

crate::words! {
    /// Which attempts a cap counts.
    Counts, "kind of counted attempts", {
        /// Every one.
        All = "all",
        /// Those that nobody answered, or that the person ended.
        Unanswered = "unanswered",
    }
}

crate::words! {
    /// Whether a cap or refusal is about one subject or about the person.
    About, "reach of a cap", {
        /// Attempts about any subject count together.
        Any = "any",
        /// By its wording it counts attempts about the same subject alone.
        SameSubject = "same_subject",
    }
}

/// A span of time as rule files write it: `24h` or `7d`; a day is 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Period(SignedDuration);

/// How long a refusal holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub enum Pause {
    /// This many whole local days after the day of the refusal: `60d`.
    Days(i32),
    /// For good: `forever`.
    Forever,
}

/// A text that is not a span of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a span; write hours (24h) or days (30d), for a refusal days or forever")]
pub struct BadPeriod(String);

impl Period {
    /// So many hours.
    pub(super) const fn of_hours(hours: i64) -> Self {
        Self(SignedDuration::from_hours(hours))
    }

    /// Its length.
    #[must_use]
    pub const fn length(self) -> SignedDuration {
        self.0
    }
}

impl std::fmt::Display for Period {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.as_hours() {
            hours if hours > 24 && hours % 24 == 0 => write!(f, "{}d", hours / 24),
            hours => write!(f, "{hours}h"),
        }
    }
}

impl FromStr for Period {
    type Err = BadPeriod;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |unit| text.strip_suffix(unit)?.parse::<u16>().ok().map(i64::from);
        let hours = number('h').or_else(|| number('d').map(|days| days * 24));
        let hours = hours.filter(|hours| *hours > 0).ok_or_else(|| BadPeriod(text.to_owned()))?;
        Ok(Self(SignedDuration::from_hours(hours)))
    }
}

impl TryFrom<String> for Period {
    type Error = BadPeriod;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl TryFrom<String> for Pause {
    type Error = BadPeriod;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text == "forever" {
            return Ok(Self::Forever);
        }
        let days = text.strip_suffix('d').and_then(|days| days.parse::<u16>().ok());
        days.map(|days| Self::Days(days.into())).ok_or(BadPeriod(text))
    }
}

/// At most so many attempts within a rolling span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    /// The most there may be.
    pub at_most: u16,
    /// Within this span, counted back from the next attempt.
    pub within: Period,
    /// Which attempts count.
    #[serde(default = "every_attempt")]
    pub counts: Counts,
    /// Whether subjects are told apart.
    #[serde(default = "any_subject")]
    pub about: About,
}

/// What a refusal ("not interested") means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// How long nobody may try again.
    pub pause: Pause,
    /// Whether subjects are told apart.
    #[serde(default = "any_subject")]
    pub about: About,
}

const fn every_attempt() -> Counts {
    Counts::All
}

const fn any_subject() -> About {
    About::Any
}

/// One attempt that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastAttempt<'a> {
    /// When.
    pub at: Timestamp,
    /// On which channel.
    pub channel: ContactChannel,
    /// What it was about.
    pub subject: &'a str,
    /// Whether the person answered and heard it out.
    pub answered: bool,
    /// Whether the person refused.
    pub refused: bool,
}

/// Whether subjects are told apart where the wording of a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subjects {
    /// As the rule is worded.
    AsWorded,
    /// All attempts count, whatever they were about: the default of this product.
    Ignored,
}

/// The attempt somebody would like to make.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// When.
    pub at: Timestamp,
    /// What it is about.
    pub subject: &'a str,
    /// Whether subjects count.
    pub subjects: Subjects,
    /// Every zone the person could be in: a refusal's days are local days.
    pub zones: &'a [TimeZone],
}

/// Whether another attempt is allowed, from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Allowance {
    /// It is.
    Allowed,
    /// Not before this instant, as things stand.
    From(Timestamp),
    /// Never again.
    Never,
}

impl Rule {
    /// Whether the rule allows the wished attempt after `history`, whose order does not matter.
    /// Attempts on channels the rule does not bind are passed over.
    #[must_use]
    pub fn allowance(&self, history: &[PastAttempt<'_>], wish: Wish<'_>) -> Allowance {
        self.strictest(history, wish).map_or(Allowance::Allowed, |(_, allowance)| allowance)
    }

    /// The cap or refusal that holds longest, in words, with what it says; nothing when another
    /// attempt is allowed.
    #[must_use]
    pub fn strictest(
        &self,
        history: &[PastAttempt<'_>],
        wish: Wish<'_>,
    ) -> Option<(String, Allowance)> {
        let own: Vec<_> =
            history.iter().filter(|past| self.channels.contains(&past.channel)).collect();
        let caps = self.caps.iter().map(|cap| (Some(cap), cap.allowance(&own, wish)));
        let refusal = self.refusal.iter().map(|refusal| (None, refusal.allowance(&own, wish)));
        let (cap, worst) = caps.chain(refusal).max_by_key(|(_, allowance)| *allowance)?;
        let name = || {
            cap.map_or_else(|| format!("{} refused", self.id), |cap| format!("{} {cap}", self.id))
        };
        (worst != Allowance::Allowed).then(|| (name(), worst))
    }
}

impl std::fmt::Display for Cap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} in {}", self.at_most, self.within)
    }
}

impl Cap {
    pub(super) fn allowance(&self, history: &[&PastAttempt<'_>], wish: Wish<'_>) -> Allowance {
        let mut ends: Vec<Timestamp> = history
            .iter()
            .filter(|past| self.counts == Counts::All || !past.answered)
            .filter(|past| concerns(self.about, past, wish))
            .map(|past| past.at.saturating_add(self.within.0).unwrap_or(Timestamp::MAX))
            .filter(|end| *end > wish.at)
            .collect();
        ends.sort_unstable_by(|one, other| other.cmp(one));
        // When the youngest but `at_most - 1` has left the span, there is room for one more.
        match self.at_most.checked_sub(1).map(usize::from) {
            None => Allowance::Never,
            Some(kept) => ends.get(kept).map_or(Allowance::Allowed, |end| Allowance::From(*end)),
        }
    }
}

impl Refusal {
    fn allowance(&self, history: &[&PastAttempt<'_>], wish: Wish<'_>) -> Allowance {
        let refusals =
            history.iter().filter(|past| past.refused && concerns(self.about, past, wish));
        let ends = refusals.map(|past| match self.pause {
            Pause::Forever => Allowance::Never,
            Pause::Days(days) => {
                let ends = wish.zones.iter().map(|zone| end_of_pause(past.at, days, zone));
                ends.max().map_or(Allowance::Never, Allowance::From)
            }
        });
        let worst = ends.max().unwrap_or(Allowance::Allowed);
        if worst <= Allowance::From(wish.at) { Allowance::Allowed } else { worst }
    }
}

fn concerns(about: About, past: &PastAttempt<'_>, wish: Wish<'_>) -> bool {
    about == About::Any || wish.subjects == Subjects::Ignored || past.subject == wish.subject
}

/// The first instant of the local day after the pause's last.
fn end_of_pause(refused: Timestamp, days: i32, zone: &TimeZone) -> Timestamp {
    let date = zone.to_datetime(refused).date();
    let after = date.checked_add(Span::new().days(i64::from(days) + 1));
    let start = after.and_then(|date| date.to_zoned(zone.clone()));
    start.map_or(Timestamp::MAX, |start| start.timestamp())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn spans_are_hours_or_days() {
        assert_eq!("7d".parse(), "168h".parse::<Period>());
        for text in ["", "0h", "7", "d", "-1d", "7w", "99999d"] {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
        assert_eq!(Pause::try_from("60d".to_owned()), Ok(Pause::Days(60)));
        assert_eq!(Pause::try_from("forever".to_owned()), Ok(Pause::Forever));
    }

    #[test]
    fn a_cap_of_none_allows_none() {
        let within = "24h".parse().unwrap();
        let cap = Cap { at_most: 0, within, counts: Counts::All, about: About::Any };
        let at = Timestamp::UNIX_EPOCH;
        let wish = Wish { at, subject: "", subjects: Subjects::Ignored, zones: &[] };
        assert_eq!(cap.allowance(&[], wish), Allowance::Never);
    }
}
