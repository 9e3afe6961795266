//! The gate: one pure decision per claimed touch, made at the moment of sending.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::rules::{Bound, Hours, next_open, spread_opening};
use crate::{Channel, EnrolmentState, EventId, Medium, Reason, ReasonCode};

/// Everything the gate looks at.
#[derive(Debug)]
pub struct Facts<'a> {
    /// Business time.
    pub now: Timestamp,
    /// The step's channel.
    pub channel: Channel,
    /// The entry of the suppression list seen on the locked row, if any.
    pub suppressed_by: Option<EventId>,
    /// The state of the enrolment.
    pub enrolment: EnrolmentState,
    /// The address for the channel.
    pub address: Reachable<'a>,
    /// Every zone the person could be in.
    pub zones: &'a [TimeZone],
    /// The hours that bind: the jurisdictions' and the team's own.
    pub hours: &'a [Bound<'a>],
    /// How long after an opening this touch leaves ([`crate::rules::spread_of`]).
    pub spread: SignedDuration,
}

/// Whether there is an address a touch could go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reachable<'a> {
    /// There is one, and it can receive on this channel.
    Yes,
    /// The channel needs none (a gift, a post on a social network).
    NotNeeded,
    /// There is none on file.
    NoAddress,
    /// There is one that cannot receive on this channel; the text says why.
    Unusable(&'a str),
}

/// What happens to the touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Render it and hand it over.
    Send,
    /// Not now; come back at this instant.
    Wait {
        /// The next instant at which it may be sent.
        until: Timestamp,
        /// Why not now.
        reason: Reason,
    },
    /// A rule says no.
    Block(Reason),
    /// The plan went on without it.
    Skip(Reason),
    /// A person has to decide.
    Hold(Reason),
}

/// Decides about a touch. The list comes first: it wins over everything.
#[must_use]
pub fn decide(facts: &Facts<'_>) -> Decision {
    if let Some(entry) = facts.suppressed_by {
        return Decision::Block(Reason::new(ReasonCode::Suppressed, format!("entry {entry}")));
    }
    match facts.enrolment {
        EnrolmentState::Active | EnrolmentState::Completed => {}
        EnrolmentState::Stopped => {
            return Decision::Skip(Reason::new(ReasonCode::PlanNotActive, "stopped"));
        }
        EnrolmentState::Paused => {
            return Decision::Hold(Reason::new(ReasonCode::PlanNotActive, "paused"));
        }
    }
    match facts.address {
        Reachable::Yes | Reachable::NotNeeded => {}
        Reachable::NoAddress => {
            let channel = facts.channel.contact_channel().as_str();
            return Decision::Block(Reason::new(ReasonCode::NoAddress, channel));
        }
        Reachable::Unusable(why) => {
            return Decision::Block(Reason::new(ReasonCode::BadAddress, why));
        }
    }
    // A task reaches an agent, not the contact: the window matters when the agent acts on it, and
    // stands on the task.
    if facts.channel.medium() == Medium::Call { Decision::Send } else { decide_window(facts) }
}

/// The strictest of all rules in all zones (compliance.md QH-08).
fn decide_window(facts: &Facts<'_>) -> Decision {
    if facts.zones.is_empty() {
        return Decision::Block(ReasonCode::ZoneUnknown.into());
    }
    let hours: Vec<&Hours> = facts.hours.iter().map(|bound| bound.hours).collect();
    let is_open = |at| next_open(&hours, facts.zones, at) == Some(at);
    match next_open(&hours, facts.zones, facts.now) {
        Some(open) if open == facts.now => Decision::Send,
        Some(open) => Decision::Wait {
            until: spread_opening(open, facts.spread, is_open),
            reason: Reason::new(ReasonCode::OutsideWindow, closed_now(facts)),
        },
        None => {
            let all: Vec<&str> = facts.hours.iter().map(|bound| bound.name).collect();
            let detail = format!("{} are never open in all zones of the contact", all.join(", "));
            Decision::Block(Reason::new(ReasonCode::OutsideWindow, detail))
        }
    }
}

/// The names of the rules that are closed at this instant.
fn closed_now(facts: &Facts<'_>) -> String {
    let is_closed =
        |bound: &&Bound<'_>| facts.zones.iter().any(|zone| !bound.hours.are_open(zone, facts.now));
    let names: Vec<&str> = facts.hours.iter().filter(is_closed).map(|bound| bound.name).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::LazyLock;

    use super::*;

    /// The hours of the team in these tests.
    const TEAM: &str = "08:00-20:00";

    fn facts(zones: &[TimeZone]) -> Facts<'_> {
        Facts {
            now: "2026-06-01T06:00:00Z".parse().unwrap(), // 10:00 in Dubai
            channel: Channel::Email,
            suppressed_by: None,
            enrolment: EnrolmentState::Active,
            address: Reachable::Yes,
            zones,
            hours: team(),
            spread: SignedDuration::ZERO,
        }
    }

    fn team() -> &'static [Bound<'static>] {
        static HOURS: LazyLock<Hours> = LazyLock::new(|| Hours::daily(TEAM.parse().unwrap()));
        static BOUND: LazyLock<[Bound<'static>; 1]> =
            LazyLock::new(|| [Bound { name: TEAM, hours: &HOURS }]);
        &*BOUND
    }

    fn dubai() -> [TimeZone; 1] {
        [TimeZone::get("Asia/Dubai").unwrap()]
    }

    #[test]
    fn a_touch_with_nothing_against_it_is_sent() {
        assert_eq!(decide(&facts(&dubai())), Decision::Send);
    }

    #[test]
    fn the_list_wins_over_everything_else() {
        let entry = EventId::new();
        let zones = dubai();
        for enrolment in EnrolmentState::ALL {
            let facts = Facts {
                suppressed_by: Some(entry),
                enrolment: *enrolment,
                address: Reachable::NoAddress,
                ..facts(&zones)
            };
            let Decision::Block(reason) = decide(&facts) else { panic!("not blocked") };
            assert_eq!(reason.code, ReasonCode::Suppressed);
            assert!(reason.detail.unwrap().contains(&entry.to_string()));
        }
    }

    #[test]
    fn a_closed_window_waits_for_its_next_opening() {
        let zones = dubai();
        let facts = Facts { now: "2026-06-01T17:00:00Z".parse().unwrap(), ..facts(&zones) };
        let Decision::Wait { until, reason } = decide(&facts) else { panic!("not waiting") };
        assert_eq!(until.to_string(), "2026-06-02T04:00:00Z");
        assert_eq!(reason.to_string(), "outside_window: 08:00-20:00");
    }

    #[test]
    fn the_strictest_rule_decides_and_is_named() {
        let zones = dubai();
        let friday = Hours::from_lines(&["mon-thu 09:00-18:00", "fri 14:00-18:00"]).unwrap();
        let hours = [team()[0], Bound { name: "AE-CALL", hours: &friday }];
        // 10:00 on Friday, 5 June: the team would.
        let now = "2026-06-05T06:00:00Z".parse().unwrap();
        let facts = Facts { now, hours: &hours, ..facts(&zones) };
        let Decision::Wait { until, reason } = decide(&facts) else { panic!("not waiting") };
        assert_eq!(until.to_string(), "2026-06-05T10:00:00Z");
        assert_eq!(reason.to_string(), "outside_window: AE-CALL");
        let spread = SignedDuration::from_mins(7);
        let Decision::Wait { until, .. } = decide(&Facts { spread, ..facts }) else { panic!() };
        assert_eq!(until.to_string(), "2026-06-05T10:07:00Z");
    }

    #[test]
    fn nobody_without_a_known_zone_is_written_to() {
        assert_eq!(decide(&facts(&[])), Decision::Block(ReasonCode::ZoneUnknown.into()));
    }

    #[test]
    fn a_task_is_created_at_any_hour() {
        let zones = dubai();
        let facts = Facts {
            now: "2026-06-01T22:00:00Z".parse().unwrap(),
            channel: Channel::Call,
            ..facts(&zones)
        };
        assert_eq!(decide(&facts), Decision::Send);
    }

    #[test]
    fn a_stopped_plan_skips_and_a_paused_one_waits_for_a_person() {
        let zones = dubai();
        let stopped = Facts { enrolment: EnrolmentState::Stopped, ..facts(&zones) };
        assert!(matches!(decide(&stopped), Decision::Skip(_)));
        let paused = Facts { enrolment: EnrolmentState::Paused, ..facts(&zones) };
        assert!(matches!(decide(&paused), Decision::Hold(_)));
    }

    #[test]
    fn a_missing_or_unusable_address_blocks_with_its_reason() {
        let zones = dubai();
        let none = Facts { address: Reachable::NoAddress, ..facts(&zones) };
        assert_eq!(decide(&none), Decision::Block(Reason::new(ReasonCode::NoAddress, "email")));
        let landline = Facts { address: Reachable::Unusable("landline"), ..facts(&zones) };
        assert!(matches!(decide(&landline), Decision::Block(_)));
    }
}
