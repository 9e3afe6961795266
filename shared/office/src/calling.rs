//! Whether a person may be called at this moment, by the rules of every place the person could be in
//! and the team's own hours: what the gate asks for messages, asked for the agent who calls.
//!
//! Days without messages (blackouts) keep tasks from being made; they are not asked again here.

use domain::ContactChannel;
use domain::rules::{Bound, Hours, RuleBook, next_open};
use domain::whereabouts::{Known, Whereabouts};
use domain::window::Window;
use jiff::{Timestamp, Zoned};

/// Who is to be called, as far as it is known.
#[derive(Debug, Clone, Copy)]
pub struct Callee<'a> {
    /// Where the person could be; `fallback` is the team's zone.
    pub known: Known<'a>,
    /// When the person wants to be reached: HH:MM-HH:MM, local time.
    pub preferred_hours: Option<&'a str>,
}

/// What the hours say.
#[derive(Debug, Clone)]
pub struct Calling {
    /// The time now in every zone the person could be in.
    pub local: Vec<Zoned>,
    /// By which rule the zones were found.
    pub zone_rule: &'static str,
    /// Whether all hours are open in all zones.
    pub is_allowed: bool,
    /// The names of the hours that are closed.
    pub closed: Vec<String>,
    /// When they are all open next, in the first zone; none when never.
    pub next: Option<Zoned>,
}

/// Asks the hours. `window` is the team's own for calls.
#[must_use]
pub fn calling(callee: Callee<'_>, rules: &RuleBook, window: Window, now: Timestamp) -> Calling {
    let Whereabouts { zones, decided_by, place } = Whereabouts::of(callee.known);
    let rules = rules.binding(&place, ContactChannel::Call);
    let mut hours: Vec<Bound<'_>> = rules.iter().filter_map(|rule| rule.in_force()).collect();
    let team = (window.to_string(), Hours::daily(window));
    hours.push(Bound { name: &team.0, hours: &team.1 });
    let preferred: Option<Window> = callee.preferred_hours.and_then(|text| text.parse().ok());
    let preferred = preferred.map(|window| (window.to_string(), Hours::daily(window)));
    hours.extend(preferred.iter().map(|(name, hours)| Bound { name, hours }));
    let all: Vec<&Hours> = hours.iter().map(|bound| bound.hours).collect();
    let next = if zones.is_empty() { None } else { next_open(&all, &zones, now) };
    let is_closed = |bound: &&Bound<'_>| zones.iter().any(|zone| !bound.hours.are_open(zone, now));
    Calling {
        is_allowed: next == Some(now),
        closed: hours.iter().filter(is_closed).map(|bound| bound.name.to_owned()).collect(),
        next: next.zip(zones.first()).map(|(at, zone)| at.to_zoned(zone.clone())),
        local: zones.iter().map(|zone| now.to_zoned(zone.clone())).collect(),
        zone_rule: decided_by,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn ask(known: Known<'_>, preferred_hours: Option<&str>, now: &str) -> Calling {
        let window = "09:00-18:00".parse().unwrap();
        let callee = Callee { known, preferred_hours };
        calling(callee, &RuleBook::default(), window, now.parse().unwrap())
    }

    #[test]
    fn a_call_is_allowed_where_all_hours_are_open_in_all_zones() {
        let dubai = Known { time_zone: Some("Asia/Dubai"), ..Known::default() };
        let open = ask(dubai, None, "2026-06-01T06:00:00Z");
        assert!(open.is_allowed && open.closed.is_empty());
        assert_eq!(open.local[0].hour(), 10);
        let early = ask(dubai, None, "2026-06-01T04:00:00Z");
        assert!(!early.is_allowed);
        assert_eq!(early.closed, ["09:00-18:00"]);
        assert_eq!(early.next.unwrap().hour(), 9);
        let wish = ask(dubai, Some("16:00-18:00"), "2026-06-01T06:00:00Z");
        assert_eq!((wish.is_allowed, wish.next.unwrap().hour()), (false, 16));
        // Nine in New York is six in Los Angeles.
        let american = Known { country: Some("US"), ..Known::default() };
        assert!(!ask(american, None, "2026-06-01T13:00:00Z").is_allowed);
        let nowhere = ask(Known::default(), None, "2026-06-01T13:00:00Z");
        assert!(!nowhere.is_allowed && nowhere.next.is_none() && nowhere.local.is_empty());
    }
}
