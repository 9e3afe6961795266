//! Who is in the sample: people in five countries, in English and Arabic, and their agents.
//!
//! Nobody in it exists. Addresses end in example domains (RFC 2606). Numbers are of ranges that are kept
//! for fiction where there are such: 555-01xx in North America, and in the United Kingdom those Ofcom
//! keeps for drama. Elsewhere they are of blocks that begin with zeros, as no subscriber's does.

use chrono::NaiveDate;
use domain::contact::{ContactStatus, Group, Level};
use domain::{AddressKind, Locale};
use storage::contacts::{NewAddress, NewAgent, NewContact};

/// How many people there are.
pub const PEOPLE: usize = 200;

/// How many of them were met; the others are leads and people to be met.
pub const MET: usize = PEOPLE * 7 / 10;

/// First names, family names, in Latin and Arabic letters.
const FIRST: [(&str, &str); 20] = [
    ("Sara", "سارة"),
    ("Omar", "عمر"),
    ("Layla", "ليلى"),
    ("Yusuf", "يوسف"),
    ("Mariam", "مريم"),
    ("Khalid", "خالد"),
    ("Noura", "نورة"),
    ("Hassan", "حسن"),
    ("Dana", "دانة"),
    ("Tariq", "طارق"),
    ("Huda", "هدى"),
    ("Faisal", "فيصل"),
    ("Reem", "ريم"),
    ("Ali", "علي"),
    ("Salma", "سلمى"),
    ("Ibrahim", "إبراهيم"),
    ("Amina", "أمينة"),
    ("Rashid", "راشد"),
    ("Jamila", "جميلة"),
    ("Nabil", "نبيل"),
];
const FAMILY: [(&str, &str); 10] = [
    ("Haddad", "حداد"),
    ("Mansour", "منصور"),
    ("Nasser", "ناصر"),
    ("Farouk", "فاروق"),
    ("Khoury", "خوري"),
    ("Saleh", "صالح"),
    ("Rahman", "رحمن"),
    ("Qasim", "قاسم"),
    ("Darwish", "درويش"),
    ("Aziz", "عزيز"),
];

/// Country, city, zone, area in English and Arabic, and a number but for its last three digits.
const PLACES: [(&str, &str, &str, &str, &str, &str); 5] = [
    ("AE", "Dubai", "Asia/Dubai", "Dubai Marina", "دبي مارينا", "+971500000"),
    ("SA", "Riyadh", "Asia/Riyadh", "Al Olaya", "العليا", "+966510000"),
    ("EG", "Cairo", "Africa/Cairo", "Zamalek", "الزمالك", "+201000000"),
    ("GB", "London", "Europe/London", "Canary Wharf", "كناري وارف", "+447700900"),
    ("US", "New York", "America/New_York", "Brooklyn", "بروكلين", "+12125550"),
];

/// Where people came from who were met, and where the others did.
const SOURCES: ([&str; 3], [&str; 3]) =
    (["open house", "referral", "past client"], ["website", "sign call", "expired listing"]);

/// The agents people belong to.
pub fn agents() -> [NewAgent; 3] {
    let agent = |name: &str, email: &str, phone: &str, locale, zone: &str| NewAgent {
        name: name.to_owned(),
        email: email.to_owned(),
        phone: phone.to_owned(),
        locale,
        time_zone: Some(zone.to_owned()),
    };
    [
        agent(
            "Maya Rahal",
            "maya@palm-realty.example",
            "+971 4 000 0101",
            Locale::En,
            "Asia/Dubai",
        ),
        agent(
            "كريم سليمان",
            "karim@palm-realty.example",
            "+966 11 000 0102",
            Locale::Ar,
            "Asia/Riyadh",
        ),
        agent(
            "Jonas Weber",
            "jonas@palm-realty.example",
            "+44 20 7946 0103",
            Locale::En,
            "Europe/London",
        ),
    ]
}

/// Person number `n`; from two hundred on, names and email addresses come again.
pub fn person(n: usize) -> NewContact {
    // Two of five read Arabic; the places and names go round at different lengths.
    let locale = if n % 5 < 2 { Locale::Ar } else { Locale::En };
    let (first, family) = (FIRST[n % FIRST.len()], FAMILY[(n / FIRST.len()) % FAMILY.len()]);
    let place = PLACES[n % PLACES.len()];
    let pick = |pair: (&'static str, &'static str)| match locale {
        Locale::En => pair.0,
        Locale::Ar => pair.1,
    };
    let email = format!("{}.{}@example.com", first.0.to_lowercase(), family.0.to_lowercase());
    // Of the 555 numbers the hundred from 0100 on are kept; one person of five has one.
    let last = if place.0 == "US" { 100 + n / PLACES.len() % 100 } else { n % 1000 };
    let phone = format!("{}{last:03}", place.5);
    let (met, others) = SOURCES;
    let source = if n < MET { met[n % met.len()] } else { others[n % others.len()] };
    NewContact {
        // A file somebody brings may count like that, too.
        external_id: None,
        full_name: format!("{} {}", pick(first), pick(family)),
        first_name: pick(first).to_owned(),
        locale: Some(locale),
        time_zone: Some(place.2.to_owned()),
        preferred_hours: None,
        country: Some(place.0.to_owned()),
        state: None,
        city: Some(place.1.to_owned()),
        area: Some(pick((place.3, place.4)).to_owned()),
        group: Some(if n < MET { Group::Met } else { Group::Target }),
        status: Some(if n.is_multiple_of(3) {
            ContactStatus::Active
        } else {
            ContactStatus::Potential
        }),
        level: Some(Level::ALL[n % Level::ALL.len()]),
        contact_type: Some(if n.is_multiple_of(4) { "seller" } else { "buyer" }.to_owned()),
        source: source.to_owned(),
        owner_email: Some(agents()[n % 3].email.clone()),
        birthday: (n.is_multiple_of(3)).then(|| day_of_year(n * 7)).flatten(),
        spouse_birthday: (n.is_multiple_of(7)).then(|| day_of_year(n * 11)).flatten(),
        closing_date: (n.is_multiple_of(4)).then(|| day_of_year(n * 13)).flatten(),
        notes: None,
        custom: serde_json::Map::new(),
        addresses: vec![
            address(AddressKind::Email, &email, Some("example.com")),
            address(AddressKind::Phone, &phone, None),
            address(AddressKind::Postal, &format!("{n} {}, {}", place.3, place.1), None),
        ],
        unreadable: Vec::new(),
    }
}

fn day_of_year(n: usize) -> Option<NaiveDate> {
    NaiveDate::from_yo_opt(1985, u32::try_from(n % 365).ok()? + 1)
}

fn address(kind: AddressKind, value: &str, domain: Option<&str>) -> NewAddress {
    NewAddress {
        kind,
        label: String::new(),
        value: value.to_owned(),
        normalised: value.to_lowercase(),
        domain: domain.map(str::to_owned),
        sms_problem: None,
        call_problem: None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::HashSet;

    use domain::email::{Email, is_reserved};

    use super::*;

    /// Whether a number is nobody's: by country, the blocks that are kept for fiction, and where there
    /// are none, those that begin with zeros.
    fn is_nobodys(number: &str) -> bool {
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        let within = |start: &str, length| digits.starts_with(start) && digits.len() == length;
        // https://www.ofcom.org.uk, numbers for use in TV and radio drama; NANPA, 555 line numbers.
        within("447700900", 12)
            || within("442079460", 12)
            || within("121255501", 11)
            || within("971500000", 12)
            || within("97140000", 11)
            || within("966510000", 12)
            || within("966110000", 12)
            || within("201000000", 12)
    }

    #[test]
    fn nobody_in_it_can_be_reached_by_an_address_or_a_number() {
        let people: Vec<NewContact> = (0..PEOPLE).map(person).collect();
        for address in people.iter().flat_map(|person| &person.addresses) {
            match address.kind {
                AddressKind::Email => {
                    assert!(is_reserved(Email::parse(&address.value).unwrap().domain()));
                }
                AddressKind::Phone => assert!(is_nobodys(&address.value), "{}", address.value),
                _ => {}
            }
        }
        for agent in agents() {
            assert!(is_reserved(Email::parse(&agent.email).unwrap().domain()), "{}", agent.email);
            assert!(is_nobodys(&agent.phone), "{}", agent.phone);
        }
    }

    #[test]
    fn everybody_has_a_number_and_an_address_of_their_own() {
        let people: Vec<NewContact> = (0..PEOPLE).map(person).collect();
        for kind in [AddressKind::Email, AddressKind::Phone] {
            let all = people.iter().flat_map(|person| &person.addresses);
            let distinct: HashSet<&str> = all
                .filter(|address| address.kind == kind)
                .map(|address| address.normalised.as_str())
                .collect();
            assert_eq!(distinct.len(), PEOPLE, "{kind}");
        }
    }
}
