//! The sample team: two hundred people in five countries, in English and Arabic, with three agents.
//!
//! Nobody in it exists: addresses end in example domains (RFC 2606), and nothing is sent outside.

use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::contact::{ContactStatus, Group, Level};
use domain::planning::{self, Next, Person, Progress};
use domain::{AddressKeyer, AddressKind, ContactId, EnrolmentId, Locale, Plan, planning::zone_of};
use library::Library;
use storage::Database;
use storage::contacts::{Imported, NewAddress, NewAgent, NewContact};
use storage::due::FirstTouch;
use storage::enrolments::{Candidate, NewEnrolment, Selection};

/// How many people there are.
const PEOPLE: usize = 200;

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

/// Country, city, zone, area in English and Arabic, beginning of a mobile number, its digits left.
const PLACES: [(&str, &str, &str, &str, &str, &str, usize); 5] = [
    ("AE", "Dubai", "Asia/Dubai", "Dubai Marina", "دبي مارينا", "+97150", 7),
    ("SA", "Riyadh", "Asia/Riyadh", "Al Olaya", "العليا", "+96651", 7),
    ("EG", "Cairo", "Africa/Cairo", "Zamalek", "الزمالك", "+20100", 7),
    ("GB", "London", "Europe/London", "Canary Wharf", "كناري وارف", "+44770", 7),
    ("US", "New York", "America/New_York", "Brooklyn", "بروكلين", "+1212555", 4),
];

/// Loads the team and enrols everybody, unless that was done before. Returns how many people.
///
/// # Errors
/// When the database does not answer, or the library lacks a plan.
pub async fn load(
    database: &Database,
    keyer: &AddressKeyer,
    library: &Library,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    if database.count_contacts().await? > 0 {
        return Ok(());
    }
    database.store_agents(&agents()).await?;
    let people: Vec<NewContact> = (0..PEOPLE).map(person).collect();
    let imported = database.import_contacts(keyer, &people).await?;
    let ids: Vec<ContactId> = imported.into_iter().filter_map(Imported::contact).collect();
    // Seven of ten were just met, the others are inbound leads and people not met yet.
    let (met, others) = ids.split_at(PEOPLE * 7 / 10);
    let (leads, farm) = others.split_at(others.len() / 2);
    for (key, contacts) in [("8x8", met), ("new-lead", leads), ("12-direct", farm)] {
        enrol(database, library, key, contacts, now).await?;
    }
    Ok(())
}

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
            "+971 4 555 0101",
            Locale::En,
            "Asia/Dubai",
        ),
        agent(
            "كريم سليمان",
            "karim@palm-realty.example",
            "+966 11 555 0102",
            Locale::Ar,
            "Asia/Riyadh",
        ),
        agent(
            "Jonas Weber",
            "jonas@palm-realty.example",
            "+44 20 5550 0103",
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
    let phone = format!("{}{n:0width$}", place.5, width = place.6);
    NewContact {
        external_id: Some(format!("sample-{n}")),
        full_name: format!("{} {}", pick(first), pick(family)),
        first_name: pick(first).to_owned(),
        locale: Some(locale),
        time_zone: Some(place.2.to_owned()),
        preferred_hours: None,
        country: Some(place.0.to_owned()),
        state: None,
        city: Some(place.1.to_owned()),
        area: Some(pick((place.3, place.4)).to_owned()),
        group: Some(if n < PEOPLE * 7 / 10 { Group::Met } else { Group::Target }),
        status: Some(if n.is_multiple_of(3) {
            ContactStatus::Active
        } else {
            ContactStatus::Potential
        }),
        level: Some(Level::ALL[n % Level::ALL.len()]),
        contact_type: Some(if n.is_multiple_of(4) { "seller" } else { "buyer" }.to_owned()),
        source: "sample team".to_owned(),
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

/// Enrols contacts, their first days spread over the coming week.
async fn enrol(
    database: &Database,
    library: &Library,
    key: &str,
    contacts: &[ContactId],
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let version = database.current_plan(key).await?;
    let version = version.ok_or_else(|| anyhow::anyhow!("the library has no plan \"{key}\""))?;
    let selection = Selection { contacts: Some(contacts.to_vec()), ..Selection::default() };
    let limit = u32::try_from(contacts.len())?;
    let candidates = database.candidates(&selection, key, None, limit).await?;
    let enrolments: Vec<NewEnrolment> = candidates
        .iter()
        .enumerate()
        .filter_map(|(n, candidate)| {
            let day = now.date_naive() + Days::new(1 + (n as u64) % 5);
            enrolment(&version.plan, candidate, day, library)
        })
        .collect();
    database.enrol(version.id, key, &enrolments).await?;
    Ok(())
}

fn enrolment(
    plan: &Plan,
    candidate: &Candidate,
    day: NaiveDate,
    library: &Library,
) -> Option<NewEnrolment> {
    let person = Person { dates: candidate.dates, country: candidate.country.as_deref() };
    let start = Progress::starting(day.to_string().parse().ok()?);
    let next = planning::next(plan, start, person, library.calendar());
    let Next::Touch { touch, progress } = next else { return None };
    let zone = zone_of(candidate.time_zone.as_deref(), candidate.country.as_deref(), "");
    let id = EnrolmentId::new();
    let first = FirstTouch::planned(plan, &touch, &zone, id);
    Some(NewEnrolment { id, contact: candidate.contact, progress, first })
}
