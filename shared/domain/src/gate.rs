//! The gate: one pure decision per claimed touch, made at the moment of sending.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::consent::Basis;
use crate::pause::Pause;
use crate::registry::Registry;
use crate::relationship::{Objection, Ruling};
use crate::rules::{Bound, Hours, Room, next_open, spread_opening};
use crate::{Channel, EnrolmentState, EventId, Medium, Reason, ReasonCode};

/// A paused touch looks again after this, and a little later still by its spread.
const PAUSED_FOR: SignedDuration = SignedDuration::from_mins(5);

/// A touch looks again after this whether the review is decided, and a little later by its spread.
const REVIEWED_WITHIN: SignedDuration = SignedDuration::from_mins(15);

/// A touch looks again after this while another one of the person is in hand.
const RESERVED_FOR: SignedDuration = SignedDuration::from_secs(5);

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
    /// Whether the person is of the sample data and what a worker hands over would leave the house.
    pub is_sample_for_real: bool,
    /// The review of what the person answered, while nobody has decided it.
    pub under_review: Option<uuid::Uuid>,
    /// The pause that covers it, if any.
    pub pause: Option<&'a Pause>,
    /// The address for the channel.
    pub address: Reachable<'a>,
    /// On which legal basis the person is reached ([`crate::consent::basis_for`]).
    pub basis: &'a Basis,
    /// What do-not-call registries and the listing say, where one is asked, and of which day the
    /// data is ([`crate::relationship::registry_exemption`]).
    pub registry: Option<(Ruling, &'a str)>,
    /// Whether the caps leave room ([`crate::rules::room`]).
    pub room: &'a Room,
    /// Every zone the person could be in.
    pub zones: &'a [TimeZone],
    /// The hours that bind: the jurisdictions' and the team's own.
    pub hours: &'a [Bound<'a>],
    /// Days on which the team reaches nobody, as hours that are closed on them alone.
    pub blackouts: &'a [Bound<'a>],
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

/// Decides about a touch. The list comes first: it wins over everything. What ends a touch comes
/// before what makes it wait, but for a pause: whoever lifts it may have changed the facts.
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
    if facts.is_sample_for_real {
        return Decision::Block(ReasonCode::SamplePerson.into());
    }
    if let Some(review) = facts.under_review {
        let reason = Reason::new(ReasonCode::UnderReview, format!("review {review}"));
        return wait_for(facts, REVIEWED_WITHIN + facts.spread / 6, reason);
    }
    if let Some(pause) = facts.pause {
        return wait_for(facts, PAUSED_FOR + facts.spread / 6, pause.reason_to_wait());
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
    if let Basis::Missing(why) = facts.basis {
        return Decision::Block(Reason::new(ReasonCode::NoBasis, why));
    }
    if let Some((Ruling::Block(objection), data)) = facts.registry {
        return Decision::Block(Reason::new(code_of(objection), data));
    }
    decide_time(facts)
}

/// The first instant at which no cap and no window says no.
fn decide_time(facts: &Facts<'_>) -> Decision {
    let (from, capped) = match facts.room {
        Room::Never { cap } => {
            return Decision::Block(Reason::new(ReasonCode::FrequencyCap, cap));
        }
        Room::Full { cap, until } => ((*until).max(facts.now), Some(cap)),
        Room::Free | Room::Reserved { .. } => (facts.now, None),
    };
    let until = match opening(facts, from) {
        Ok(open) => open,
        Err(never) => return never,
    };
    match (capped, facts.room) {
        (Some(cap), _) => {
            Decision::Wait { until, reason: Reason::new(ReasonCode::FrequencyCap, cap) }
        }
        _ if until > facts.now => Decision::Wait {
            until,
            reason: Reason::new(ReasonCode::OutsideWindow, closed_now(facts)),
        },
        (None, Room::Reserved { cap }) => {
            let detail = format!("{cap}, another touch is in hand");
            let reason = Reason::new(ReasonCode::FrequencyCap, detail);
            wait_for(facts, RESERVED_FOR + facts.spread / 60, reason)
        }
        _ => Decision::Send,
    }
}

/// The hours that bind. A task reaches an agent, not the contact: the window matters when the agent
/// acts on it, and stands on the task. It is made on no day on which nobody is to be reached.
fn binding<'a>(facts: &'a Facts<'_>) -> impl Iterator<Item = &'a Bound<'a>> {
    let is_task = facts.channel.medium() == Medium::Call;
    let hours = if is_task { &[] } else { facts.hours };
    facts.blackouts.iter().chain(hours)
}

/// The instant at or after `from` at which it may leave by the strictest of all rules in all zones
/// (compliance.md QH-08), or why it never may.
fn opening(facts: &Facts<'_>, from: Timestamp) -> Result<Timestamp, Decision> {
    let hours: Vec<&Hours> = binding(facts).map(|bound| bound.hours).collect();
    if hours.is_empty() {
        return Ok(from);
    }
    if facts.zones.is_empty() {
        return Err(Decision::Block(ReasonCode::ZoneUnknown.into()));
    }
    let is_open = |at| next_open(&hours, facts.zones, at) == Some(at);
    match next_open(&hours, facts.zones, from) {
        Some(open) if open == from => Ok(open),
        Some(open) => Ok(spread_opening(open, facts.spread, is_open)),
        None => {
            let all: Vec<&str> = binding(facts).map(|bound| bound.name).collect();
            let detail = format!("{} are never open in all zones of the contact", all.join(", "));
            Err(Decision::Block(Reason::new(ReasonCode::OutsideWindow, detail)))
        }
    }
}

fn wait_for(facts: &Facts<'_>, time: SignedDuration, reason: Reason) -> Decision {
    Decision::Wait { until: facts.now.saturating_add(time).unwrap_or(Timestamp::MAX), reason }
}

const fn code_of(objection: Objection) -> ReasonCode {
    match objection {
        Objection::Suppressed(_) => ReasonCode::Suppressed,
        Objection::Registered(Registry::UsNational) => ReasonCode::NationalDnc,
        Objection::Registered(Registry::AeDncr) => ReasonCode::AeDncr,
        Objection::DataStale => ReasonCode::DncDataStale,
        Objection::AreaCodeNotLicensed => ReasonCode::AreaCodeNotLicensed,
        Objection::ListingWithdrawn => ReasonCode::ListingWithdrawn,
    }
}

/// The names of the rules that are closed at this instant.
fn closed_now(facts: &Facts<'_>) -> String {
    let is_closed =
        |bound: &&Bound<'_>| facts.zones.iter().any(|zone| !bound.hours.are_open(zone, facts.now));
    let names: Vec<&str> = binding(facts).filter(is_closed).map(|bound| bound.name).collect();
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
            is_sample_for_real: false,
            under_review: None,
            pause: None,
            address: Reachable::Yes,
            basis: &Basis::NotNeeded,
            registry: None,
            room: &Room::Free,
            zones,
            hours: team(),
            blackouts: &[],
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

    #[test]
    fn a_sample_person_gets_nothing_real_whatever_else_there_is() {
        let zones = dubai();
        let (pause, room) = (pause(), full());
        let for_real = Facts {
            is_sample_for_real: true,
            under_review: Some(uuid::Uuid::nil()),
            pause: Some(&pause),
            room: &room,
            now: "2026-06-01T17:00:00Z".parse().unwrap(),
            ..facts(&zones)
        };
        assert_eq!(decide(&for_real), Decision::Block(ReasonCode::SamplePerson.into()));
        assert!(!ReasonCode::SamplePerson.is_of_settings(), "it is not to be replayed");
        let listed = Facts { suppressed_by: Some(EventId::new()), ..for_real };
        let Decision::Block(reason) = decide(&listed) else { panic!("not blocked") };
        assert_eq!(reason.code, ReasonCode::Suppressed, "the list comes first");
    }

    fn pause() -> Pause {
        let (scope, key) = (crate::pause::PauseScope::Plan, "8x8".to_owned());
        Pause { id: crate::PauseId::new(), scope, key, reason: "0.31 % complaints".to_owned() }
    }

    fn full() -> Room {
        // 15:00 in Dubai.
        Room::Full {
            cap: "US-FL 3 in 24h".to_owned(),
            until: "2026-06-01T11:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn on_a_blackout_day_neither_a_message_leaves_nor_a_task_is_made() {
        let zones = dubai();
        let day = crate::rules::Holiday::Once(jiff::civil::date(2026, 6, 1));
        let days = crate::rules::Holidays::new(vec![day], false);
        let hours = Hours::daily(crate::window::Window::whole_day()).closed_on(vec![days.into()]);
        let blackouts = [Bound { name: "blackout: mourning", hours: &hours }];
        let reason = Reason::new(ReasonCode::OutsideWindow, "blackout: mourning");
        let wait = |until: &str| {
            let (until, reason) = (until.parse().unwrap(), reason.clone());
            Decision::Wait { until, reason }
        };
        let facts = Facts { blackouts: &blackouts, ..facts(&zones) };
        assert_eq!(decide(&facts), wait("2026-06-02T04:00:00Z"), "when the window opens");
        let call = Facts { channel: Channel::Call, ..facts };
        assert_eq!(decide(&call), wait("2026-06-01T20:00:00Z"), "when the day has begun");
    }

    #[test]
    fn a_paused_touch_looks_again_in_a_few_minutes() {
        let zones = dubai();
        let pause = pause();
        let spread = SignedDuration::from_mins(6);
        let facts = Facts { pause: Some(&pause), spread, ..facts(&zones) };
        let Decision::Wait { until, reason } = decide(&facts) else { panic!("not waiting") };
        assert_eq!(until.to_string(), "2026-06-01T06:06:00Z");
        assert_eq!(reason.to_string(), "paused: plan 8x8, 0.31 % complaints");
    }

    #[test]
    fn a_full_cap_waits_until_it_has_room_and_the_window_is_open() {
        let zones = dubai();
        let room = full();
        let reason = Reason::new(ReasonCode::FrequencyCap, "US-FL 3 in 24h");
        let until = "2026-06-01T11:00:00Z".parse().unwrap();
        let wait = Decision::Wait { until, reason: reason.clone() };
        assert_eq!(decide(&Facts { room: &room, ..facts(&zones) }), wait);
        let call = Facts { room: &room, channel: Channel::Call, ..facts(&zones) };
        assert_eq!(decide(&call), wait, "tasks keep caps, too");
        // Room at 21:00 is no use before the next morning.
        let evening = Room::Full {
            cap: "US-FL 3 in 24h".to_owned(),
            until: "2026-06-01T17:00:00Z".parse().unwrap(),
        };
        let until = "2026-06-02T04:00:00Z".parse().unwrap();
        let facts = Facts { room: &evening, ..facts(&zones) };
        assert_eq!(decide(&facts), Decision::Wait { until, reason });
    }

    #[test]
    fn while_another_touch_is_in_hand_it_waits_for_seconds_and_a_refusal_for_good_blocks() {
        let zones = dubai();
        let room = Room::Reserved { cap: "the team's email 1 in 24h".to_owned() };
        let spread = SignedDuration::from_mins(10);
        let reserved = Facts { room: &room, spread, ..facts(&zones) };
        let Decision::Wait { until, reason } = decide(&reserved) else { panic!("not waiting") };
        assert_eq!(until.to_string(), "2026-06-01T06:00:15Z");
        assert_eq!(reason.code, ReasonCode::FrequencyCap);
        let never = Room::Never { cap: "AE-CALL refused".to_owned() };
        let refused = Facts { room: &never, channel: Channel::Call, ..facts(&zones) };
        let blocked = Decision::Block(Reason::new(ReasonCode::FrequencyCap, "AE-CALL refused"));
        assert_eq!(decide(&refused), blocked);
    }

    #[test]
    fn without_a_legal_basis_nothing_is_placed() {
        let zones = dubai();
        let basis = Basis::Missing("EU-CONSENT asks for consent".to_owned());
        let facts = Facts { basis: &basis, ..facts(&zones) };
        let reason = Reason::new(ReasonCode::NoBasis, "EU-CONSENT asks for consent");
        assert_eq!(decide(&facts), Decision::Block(reason));
    }

    #[test]
    fn what_a_registry_objects_to_is_blocked_under_its_own_code() {
        let zones = dubai();
        for (objection, code) in [
            (Objection::Registered(Registry::UsNational), ReasonCode::NationalDnc),
            (Objection::Registered(Registry::AeDncr), ReasonCode::AeDncr),
            (Objection::DataStale, ReasonCode::DncDataStale),
            (Objection::AreaCodeNotLicensed, ReasonCode::AreaCodeNotLicensed),
            (Objection::ListingWithdrawn, ReasonCode::ListingWithdrawn),
        ] {
            let registry = Some((Ruling::Block(objection), "of 2026-05-30"));
            let call = Facts { registry, channel: Channel::Call, ..facts(&zones) };
            assert_eq!(decide(&call), Decision::Block(Reason::new(code, "of 2026-05-30")));
            assert_eq!(code.as_str(), objection.as_str());
        }
        let ground = crate::relationship::Ground::NotRegistered;
        let registry = Some((Ruling::Allow(ground), "of 2026-05-30"));
        let call = Facts { registry, channel: Channel::Call, ..facts(&zones) };
        assert_eq!(decide(&call), Decision::Send);
    }

    #[test]
    fn what_ends_a_touch_comes_before_what_makes_it_wait_and_the_list_before_all() {
        let zones = dubai();
        let (pause, room) = (pause(), full());
        let basis = Basis::Missing(String::new());
        let registry = Some((Ruling::Block(Objection::DataStale), ""));
        let entry = EventId::new();
        let now = "2026-06-01T17:00:00Z".parse().unwrap();
        let all = |without: usize| Facts {
            now,
            suppressed_by: Some(entry).filter(|_| without < 1),
            pause: Some(&pause).filter(|_| without < 2),
            address: if without < 3 { Reachable::NoAddress } else { Reachable::Yes },
            basis: if without < 4 { &basis } else { &Basis::NotNeeded },
            registry: registry.filter(|_| without < 5),
            room: if without < 6 { &room } else { &Room::Free },
            ..facts(&zones)
        };
        let codes: Vec<ReasonCode> = (0..7)
            .map(|without| match decide(&all(without)) {
                Decision::Block(reason) | Decision::Wait { reason, .. } => reason.code,
                other => panic!("{other:?}"),
            })
            .collect();
        use ReasonCode as Code;
        assert_eq!(
            codes,
            [
                Code::Suppressed,
                Code::Paused,
                Code::NoAddress,
                Code::NoBasis,
                Code::DncDataStale,
                Code::FrequencyCap,
                Code::OutsideWindow,
            ]
        );
    }
}
