//! Whether there is room for one more touch: every cap that binds, counted over what was sent and
//! over what is in hand (compliance.md QH-12, QH-13).

use jiff::Timestamp;

use super::Rule;
use super::frequency::{About, Allowance, Cap, Counts, PastAttempt, Period, Wish};
use crate::ContactChannel;

/// Section `[frequency]`: the team's own caps on marketing touches, over all plans; 0 is no cap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
pub struct TeamLimits {
    /// Emails in 24 hours.
    pub email_per_day: u16,
    /// Text messages in 24 hours.
    pub sms_per_day: u16,
    /// Text messages in 7 days.
    pub sms_per_week: u16,
    /// Touches on all channels in 7 days, those for a human hand included.
    pub touches_per_week: u16,
}

/// Whether one more touch is allowed now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Room {
    /// It is.
    Free,
    /// It would be, but other touches of the person are in hand, and together they are too many.
    Reserved {
        /// The cap that would be passed.
        cap: String,
    },
    /// Not before this instant.
    Full {
        /// The cap that is reached.
        cap: String,
        /// When it has room again.
        until: Timestamp,
    },
    /// Never again.
    Never {
        /// The cap, or the rule whose refusal holds for good.
        cap: String,
    },
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The rules that bind the touch.
    pub rules: &'a [&'a Rule],
    /// The team's own caps.
    pub limits: TeamLimits,
    /// The channel of the touch.
    pub channel: ContactChannel,
    /// What was sent, in any order.
    pub history: &'a [PastAttempt<'a>],
    /// The channels of other touches of the person that are in hand.
    pub in_hand: &'a [ContactChannel],
    /// The touch.
    pub wish: Wish<'a>,
}

/// Whether all caps leave room. What is in hand counts as if it were sent now, but only for as long
/// as it is in hand: it may yet come to nothing.
#[must_use]
pub fn room(asked: Asked<'_>) -> Room {
    match strictest(asked, asked.history) {
        Some((cap, Allowance::Never)) => return Room::Never { cap },
        Some((cap, Allowance::From(until))) => return Room::Full { cap, until },
        Some((_, Allowance::Allowed)) | None => {}
    }
    if asked.in_hand.is_empty() {
        return Room::Free;
    }
    let reserved = asked.in_hand.iter().map(|channel| PastAttempt {
        at: asked.wish.at,
        channel: *channel,
        subject: asked.wish.subject,
        answered: false,
        refused: false,
    });
    let all: Vec<PastAttempt<'_>> = asked.history.iter().cloned().chain(reserved).collect();
    strictest(asked, &all).map_or(Room::Free, |(cap, _)| Room::Reserved { cap })
}

/// The names of all caps and refusals that are looked at for a touch (compliance.md AUD-04).
#[must_use]
pub fn caps_of(rules: &[&Rule], limits: TeamLimits, channel: ContactChannel) -> Vec<String> {
    let by_rules = rules.iter().flat_map(|rule| {
        let caps = rule.caps.iter().map(|cap| format!("{} {cap}", rule.id));
        caps.chain(rule.refusal.map(|_| format!("{} refusal", rule.id)))
    });
    let by_team = limits.caps().into_iter().filter_map(|(only, cap)| {
        let what = only.map_or("touches", ContactChannel::as_str);
        only.is_none_or(|only| only == channel).then(|| format!("the team's {what} {cap}"))
    });
    by_rules.chain(by_team).collect()
}

/// The cap that holds longest, under the name decisions are recorded with.
fn strictest(asked: Asked<'_>, history: &[PastAttempt<'_>]) -> Option<(String, Allowance)> {
    let by_rules = asked.rules.iter().filter_map(|rule| rule.strictest(history, asked.wish));
    let by_team = asked.limits.caps().into_iter().filter_map(|(channel, cap)| {
        if channel.is_some_and(|channel| channel != asked.channel) {
            return None;
        }
        let counted: Vec<_> = history
            .iter()
            .filter(|past| channel.is_none_or(|channel| channel == past.channel))
            .collect();
        let allowance = cap.allowance(&counted, asked.wish);
        let what = channel.map_or("touches", ContactChannel::as_str);
        (allowance != Allowance::Allowed).then(|| (format!("the team's {what} {cap}"), allowance))
    });
    by_rules.chain(by_team).max_by_key(|(_, allowance)| *allowance)
}

impl TeamLimits {
    /// The caps with the channel each counts and binds; without one it is all of them.
    fn caps(self) -> Vec<(Option<ContactChannel>, Cap)> {
        let (day, week) = (Period::of_hours(24), Period::of_hours(24 * 7));
        [
            (Some(ContactChannel::Email), self.email_per_day, day),
            (Some(ContactChannel::Sms), self.sms_per_day, day),
            (Some(ContactChannel::Sms), self.sms_per_week, week),
            (None, self.touches_per_week, week),
        ]
        .into_iter()
        .filter(|(_, at_most, _)| *at_most > 0)
        .map(|(channel, at_most, within)| {
            (channel, Cap { at_most, within, counts: Counts::All, about: About::Any })
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::rules::frequency::Subjects;

    const LIMITS: TeamLimits =
        TeamLimits { email_per_day: 1, sms_per_day: 1, sms_per_week: 3, touches_per_week: 4 };

    fn hours(ago: i64) -> Timestamp {
        let now: Timestamp = "2026-06-12T08:00:00Z".parse().unwrap();
        now - jiff::SignedDuration::from_hours(ago)
    }

    fn past(channel: ContactChannel, ago: i64) -> PastAttempt<'static> {
        PastAttempt { at: hours(ago), channel, subject: "general", answered: false, refused: false }
    }

    fn ask(
        limits: TeamLimits,
        channel: ContactChannel,
        history: &[PastAttempt<'_>],
        in_hand: &[ContactChannel],
    ) -> Room {
        let subjects = Subjects::Ignored;
        let wish = Wish { at: hours(0), subject: "general", subjects, zones: &[] };
        room(Asked { rules: &[], limits, channel, history, in_hand, wish })
    }

    #[test]
    fn the_teams_caps_are_rolling_and_each_counts_its_channel() {
        use ContactChannel::{Call, Email, Post, Sms};
        let full = |cap: &str, ago: i64| Room::Full { cap: cap.to_owned(), until: hours(ago) };
        for (channel, history, expected) in [
            (Email, vec![], Room::Free),
            (Email, vec![past(Email, 24)], Room::Free),
            (Email, vec![past(Email, 23)], full("the team's email 1 in 24h", -1)),
            (Sms, vec![past(Email, 23)], Room::Free),
            (Sms, vec![past(Sms, 23)], full("the team's sms 1 in 24h", -1)),
            (
                Sms,
                vec![past(Sms, 30), past(Sms, 60), past(Sms, 90)],
                full("the team's sms 3 in 7d", -78),
            ),
            (
                Post,
                vec![past(Sms, 30), past(Email, 60), past(Call, 90), past(Post, 100)],
                full("the team's touches 4 in 7d", -68),
            ),
            (
                Post,
                vec![past(Sms, 30), past(Email, 60), past(Call, 90), past(Post, 168)],
                Room::Free,
            ),
        ] {
            assert_eq!(ask(LIMITS, channel, &history, &[]), expected, "{channel} {history:?}");
            let unlimited = ask(TeamLimits::default(), channel, &history, &[]);
            assert_eq!(unlimited, Room::Free);
        }
    }

    #[test]
    fn what_is_in_hand_reserves_its_place_only_where_it_would_be_one_too_many() {
        use ContactChannel::{Email, Sms};
        let email = "the team's email 1 in 24h".to_owned();
        assert_eq!(ask(LIMITS, Email, &[], &[Email]), Room::Reserved { cap: email.clone() });
        assert_eq!(ask(LIMITS, Email, &[], &[Sms]), Room::Free);
        let three = [past(Sms, 30), past(Email, 60), past(Email, 90)];
        assert_eq!(ask(LIMITS, Email, &three, &[]), Room::Free);
        let touches = "the team's touches 4 in 7d".to_owned();
        assert_eq!(ask(LIMITS, Email, &three, &[Sms]), Room::Reserved { cap: touches });
        // What was sent counts for longer than what may come to nothing.
        let sent = [past(Email, 1)];
        let full = Room::Full { cap: email, until: hours(-23) };
        assert_eq!(ask(LIMITS, Email, &sent, &[Email]), full);
    }
}
