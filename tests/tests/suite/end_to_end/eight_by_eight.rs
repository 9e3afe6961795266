//! Ten thousand people in 8x8 for sixty days.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Timelike, Utc, Weekday};
use domain::{ContactChannel, Locale, TouchState};
use jiff::tz::TimeZone;
use storage::touches::TouchFilter;
use tests::fleet::{Crew, Fleet};

use super::collect;

const PEOPLE: usize = 10_000;

/// A Friday, on which people of Riyadh and Cairo do not work. Clocks change in Paris on 25 October,
/// in Cairo on the 30th, in America on 1 November.
const START: &str = "2026-09-18";

/// Where people live: country, and time zone if it is known.
const PLACES: [(&str, &str); 9] = [
    ("AE", "Asia/Dubai"),
    ("SA", "Asia/Riyadh"),
    ("EG", "Africa/Cairo"),
    ("US", "America/New_York"),
    ("US", "America/Los_Angeles"),
    ("FR", "Europe/Paris"),
    ("IN", "Asia/Kolkata"),
    // Somewhere in the United States: any zone from New York to Honolulu.
    ("US", ""),
    // Nothing is known: the team's zone.
    ("", ""),
];

/// The emails of the sixty days: day and template. The last one is the first of 33 Touch.
const EMAILS: [(u64, &str); 5] = [
    (8, "8x8_w2_market_stats"),
    (15, "8x8_w3_market_update"),
    (29, "8x8_w5_free_report"),
    (36, "8x8_w6_advice"),
    (57, "33t_e01"),
];

/// The tasks: day and channel.
const TASKS: [(u64, &str); 4] = [(1, "card"), (22, "call"), (43, "letter"), (50, "call")];

/// Person number `n`.
struct Someone {
    country: &'static str,
    zone: &'static str,
    locale: Locale,
}

impl Someone {
    fn number(n: usize) -> Self {
        let (country, zone) = PLACES[n % PLACES.len()];
        let locale = if (n / PLACES.len()).is_multiple_of(2) { Locale::En } else { Locale::Ar };
        Self { country, zone, locale }
    }

    fn csv_row(&self, n: usize) -> String {
        let Self { country, zone, locale } = self;
        let domain = n % 50;
        format!(
            "c{n},Person {n},c{n}@d{domain}.example,+97150{n:07},{n} Marina Walk,\
             {locale},{country},{zone},fair,sara@palm.example,Sara Haddad,+97143210000\n"
        )
    }

    /// The zones of which each must agree; one stands for the whole of a country's east and west.
    fn zones(&self) -> Vec<TimeZone> {
        let names = match (self.country, self.zone) {
            ("US", "") => vec!["America/New_York", "America/Denver", "Pacific/Honolulu"],
            (_, "") => vec!["Asia/Dubai"],
            (_, zone) => vec![zone],
        };
        names.into_iter().map(|name| TimeZone::get(name).unwrap()).collect()
    }

    /// The date of a day of a plan that starts on `start`: greetings by hand move to the working
    /// day before, but never before the start; everything else to the one after.
    fn date(&self, start: NaiveDate, day: u64, channel: &str) -> NaiveDate {
        let weekend = match self.country {
            "SA" | "EG" => [Weekday::Fri, Weekday::Sat],
            _ => [Weekday::Sat, Weekday::Sun],
        };
        let mut date = start + Days::new(day - 1);
        while weekend.contains(&date.weekday()) {
            date = match channel {
                "card" | "letter" => date - Days::new(1),
                _ => date + Days::new(1),
            };
        }
        date.max(start)
    }
}

fn csv() -> String {
    let header = "id,name,email,mobile,address,language,country,time zone,source,\
         agent_email,agent_name,agent_phone\n";
    let rows = (0..PEOPLE).map(|n| Someone::number(n).csv_row(n));
    header.to_owned() + &rows.collect::<String>()
}

/// Records the consents that the law of France and Saudi Arabia asks for.
async fn consent(fleet: &Fleet) {
    let protected = "SELECT id FROM contacts WHERE country IN ('FR', 'SA')";
    let people: Vec<uuid::Uuid> =
        sqlx::query_scalar(protected).fetch_all(fleet.probe()).await.unwrap();
    let people: Vec<_> = people.into_iter().map(Into::into).collect();
    let given_at = fleet.clock.now();
    fleet
        .deployment
        .consent(&people, &[ContactChannel::Email, ContactChannel::Call], given_at)
        .await;
}

/// Local date and time of an instant.
fn local(instant: DateTime<Utc>, zone: &TimeZone) -> (NaiveDate, u32) {
    let there = jiff::Timestamp::from_second(instant.timestamp()).unwrap().to_zoned(zone.clone());
    let date = there.date().to_string().parse().unwrap();
    (date, u32::try_from(there.hour()).unwrap())
}

/// The number of the person an address belongs to.
fn number_of(address: &str) -> usize {
    address[1..address.find('@').unwrap()].parse().unwrap()
}

/// The emails everybody got: person → (accepted at, subject), in order.
async fn sixty_days(
    fleet: &Fleet,
    start: NaiveDate,
) -> HashMap<usize, Vec<(DateTime<Utc>, String)>> {
    let mut received: HashMap<usize, Vec<(DateTime<Utc>, String)>> = HashMap::new();
    // Day 60 ends in Honolulu on the next morning of UTC.
    let end = (start + Days::new(60)).and_hms_opt(10, 0, 0).unwrap().and_utc();
    while let Some(now) = fleet.step_to(end, TimeDelta::hours(1)).await {
        for letter in collect(fleet) {
            // The clock stood still while the step's emails went out.
            assert_eq!(letter.date, now.with_nanosecond(0).unwrap());
            received.entry(number_of(&letter.to)).or_default().push((now, letter.subject));
        }
    }
    received
}

fn check_emails(
    fleet: &Fleet,
    start: NaiveDate,
    received: &HashMap<usize, Vec<(DateTime<Utc>, String)>>,
) {
    assert_eq!(received.len(), PEOPLE);
    for (n, letters) in received {
        let someone = Someone::number(*n);
        assert_eq!(letters.len(), EMAILS.len(), "person {n}: {letters:?}");
        for ((day, template), (accepted, subject)) in EMAILS.iter().zip(letters) {
            let source = fleet.library.template(template).unwrap();
            let expected = source.locales[&someone.locale].subject.as_deref();
            assert_eq!(Some(subject.as_str()), expected, "person {n}, day {day}");
            let zones = someone.zones();
            let (date, _) = local(*accepted, &zones[0]);
            assert_eq!(date, someone.date(start, *day, "email"), "person {n}, day {day}");
            for zone in &zones {
                let (_, hour) = local(*accepted, zone);
                assert!((8..20).contains(&hour), "person {n}, day {day}: {hour} o'clock");
            }
        }
    }
}

async fn check_tasks(fleet: &Fleet, start: NaiveDate) {
    let tasks = "SELECT c.external_id, t.channel::text, t.due_on
                   FROM tasks t JOIN contacts c ON c.id = t.contact_id
                  ORDER BY t.due_on";
    let rows: Vec<(String, String, NaiveDate)> =
        sqlx::query_as(tasks).fetch_all(fleet.probe()).await.unwrap();
    let mut tasks: BTreeMap<usize, Vec<(String, NaiveDate)>> = BTreeMap::new();
    for (id, channel, due_on) in rows {
        tasks.entry(id[1..].parse().unwrap()).or_default().push((channel, due_on));
    }
    assert_eq!(tasks.len(), PEOPLE);
    for (n, tasks) in tasks {
        let someone = Someone::number(n);
        let expected =
            TASKS.map(|(day, channel)| (channel.to_owned(), someone.date(start, day, channel)));
        assert_eq!(tasks, expected, "person {n}");
    }
}

/// Everything the database says: nothing but sent touches, each with its one ending, and everybody
/// in 33 Touch from day 57.
async fn check_records(fleet: &Fleet, start: NaiveDate) {
    let states = fleet.deployment.operator.count_touches().await.unwrap();
    let of = |state| states.iter().filter(|c| c.state == state).map(|c| c.count as usize).sum();
    let sent: usize = of(TouchState::Sent);
    assert_eq!(sent, PEOPLE * (EMAILS.len() + TASKS.len()));
    // The second touch of 33 Touch waits for its day.
    assert_eq!(of(TouchState::Scheduled), PEOPLE, "{states:?}");
    assert_eq!(states.iter().map(|c| c.count as usize).sum::<usize>(), sent + PEOPLE);
    let endings =
        "SELECT count(*), count(DISTINCT touch_id) FROM touch_events WHERE state = 'sent'";
    let (all, distinct): (i64, i64) =
        sqlx::query_as(endings).fetch_one(fleet.probe()).await.unwrap();
    assert_eq!((all as usize, distinct as usize), (sent, sent));
    let enrolments = "SELECT plan_key, state::text, starts_on, count(*) FROM enrolments
                       GROUP BY 1, 2, 3 ORDER BY 1";
    let enrolments: Vec<(String, String, NaiveDate, i64)> =
        sqlx::query_as(enrolments).fetch_all(fleet.probe()).await.unwrap();
    let everybody = PEOPLE as i64;
    let expected = [
        ("33-touch".to_owned(), "active".to_owned(), start + Days::new(56), everybody),
        ("8x8".to_owned(), "completed".to_owned(), start, everybody),
    ];
    assert_eq!(enrolments, expected);
}

/// The story of every touch of one person of each place.
async fn check_stories(fleet: &Fleet, start: NaiveDate) {
    for n in 0..PLACES.len() {
        let someone = Someone::number(n);
        let id = "SELECT id FROM contacts WHERE external_id = $1";
        let id: uuid::Uuid =
            sqlx::query_scalar(id).bind(format!("c{n}")).fetch_one(fleet.probe()).await.unwrap();
        let filter = TouchFilter { contact: Some(id.into()), ..TouchFilter::default() };
        let touches = fleet.deployment.operator.touches(&filter, 20).await.unwrap();
        let days: BTreeMap<u64, &str> =
            EMAILS.iter().map(|(day, _)| (*day, "email")).chain(TASKS).collect();
        assert_eq!(touches.len(), days.len() + 1);
        for ((day, channel), touch) in days.into_iter().zip(&touches) {
            let story = fleet.touchline(&["explain", &touch.id.to_string()]).await.remove(0);
            let planned = story["planned_for"]["date"].as_str().unwrap();
            assert_eq!(planned, someone.date(start, day, channel).to_string(), "{story}");
            assert_eq!((&story["channel"], &story["state"]), (&channel.into(), &"sent".into()));
            let events = story["events"].as_array().unwrap();
            let last = events.last().unwrap();
            assert_eq!(last["state"], "sent", "{story}");
            let template = last["template"].as_str().unwrap();
            assert_eq!(template, story["template"].as_str().unwrap());
            assert!(last["worker"].as_str().unwrap().contains("worker"), "{story}");
            assert_eq!(last["detail"]["list"], "clear", "{story}");
            assert!(!last["detail"]["zone_rule"].as_str().unwrap().is_empty());
            if channel == "email" {
                // The sample names no states.
                let rules: &[&str] = match someone.country {
                    "US" => &["US-UNKNOWN"],
                    "FR" => &["EU-CONSENT", "EU-OBJECT"],
                    "SA" => &["SA-CONSENT"],
                    _ => &[],
                };
                assert_eq!(last["detail"]["rules"], serde_json::json!(rules), "{story}");
            }
            for earlier in &events[..events.len() - 1] {
                let reason = earlier["reason"].as_str().unwrap();
                assert!(reason.starts_with("outside_window"), "{story}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_people_live_through_8x8() {
    let began = std::time::Instant::now();
    let start: NaiveDate = START.parse().unwrap();
    let crew = Crew {
        rabbitmq: true,
        email_workers: 2,
        call_workers: 1,
        ..Crew::one_of_each(start.and_hms_opt(0, 0, 0).unwrap().and_utc() - TimeDelta::days(1))
    };
    let fleet = Fleet::start(&crew).await;
    println!("{:?}: the fleet runs", began.elapsed());
    let everybody = PEOPLE as u64;
    assert_eq!(fleet.import(&csv()).await, [everybody, everybody, 0, 0, 0]);
    consent(&fleet).await;
    println!("{:?}: imported", began.elapsed());
    let enrolled = fleet.touchline(&["enrol", "8x8", "--all", "--start", START]).await.remove(0);
    assert_eq!(enrolled["contacts"], everybody, "{enrolled}");
    println!("{:?}: enrolled", began.elapsed());
    let received = sixty_days(&fleet, start).await;
    println!("{:?}: sixty days later", began.elapsed());
    check_emails(&fleet, start, &received);
    check_tasks(&fleet, start).await;
    check_records(&fleet, start).await;
    assert!(fleet.sms.accepted().is_empty(), "8x8 has no texts");
    check_stories(&fleet, start).await;
    println!("{:?}: checked", began.elapsed());
    fleet.finish().await;
}
