//! The sample team: two hundred people with their agents, in the plans of the library, to look around
//! with. Loaded by the demonstration and by one click in the console; removed by another.
//!
//! Each of them is marked when stored, and by the mark a worker knows that nothing real may go to them
//! (domain::gate). Plans and templates are the library's own, and stay when the sample goes.

mod people;

use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::consent::LegalBasis;
use domain::planning::{self, Next, Person, Progress, zone_of};
use domain::suppression::Purpose;
use domain::{ContactChannel, ContactId, EnrolmentId, Plan};
use library::Library;
use storage::Database;
use storage::consents::{NewConsent, Proof};
use storage::contacts::{Imported, NewContact};
use storage::due::FirstTouch;
use storage::enrolments::{Candidate, NewEnrolment, Selection};
use storage::sample::{SampleCounts, SampleWorkId};
use tokio::time::{Duration, Instant, sleep};

pub use people::{agents, person};

use crate::Connection;
use crate::content::{self, NotLoaded};
use people::{MET, PEOPLE};

/// People removed in one transaction; the list waits for it.
const BATCH: i32 = 20;
/// Between two looks at people to whom something was being handed over.
const PAUSE: Duration = Duration::from_millis(500);
/// For so long it is waited for.
const PATIENCE: Duration = Duration::from_secs(120);
/// Countries whose people have agreed to be written to.
const ASKING: [&str; 2] = ["GB", "SA"];

/// Why the sample was not loaded, or not removed as a whole.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// The library's plans and templates cannot be stored.
    #[error(transparent)]
    Library(#[from] NotLoaded),
    /// The library lacks a plan the sample is enrolled in.
    #[error("the library has no plan \"{0}\"")]
    NoPlan(&'static str),
    /// To some people something was being handed over all the time.
    #[error("something is being handed over to {0} people of the sample")]
    Busy(i64),
    /// Another process has taken the work over.
    #[error("another process has taken it over")]
    Taken,
    /// The database does not answer.
    #[error(transparent)]
    Storage(#[from] storage::StorageError),
}

/// What the sample is loaded with.
#[derive(Debug, Clone, Copy)]
pub struct Loading<'a> {
    /// Plans, templates, and the calendar that plans are made by.
    pub library: &'a Library,
    /// Business time.
    pub now: DateTime<Utc>,
    /// The plans begin so many days from now, and in the four days after.
    pub in_days: u64,
}

/// Stores plans and templates, agents and people, and enrols everybody. Safe to repeat: what is there
/// stays as it is. `progress` is told how many percent are done.
///
/// # Errors
/// When something of the library cannot be stored, or the database does not answer.
pub async fn load(
    connection: &Connection,
    loading: Loading<'_>,
    progress: &mut (dyn FnMut(i16) + Send),
) -> Result<(), SampleError> {
    let Connection { database, keyer } = connection;
    content::seed(database, loading.library).await?;
    progress(60);
    database.store_sample_agents(&agents()).await?;
    let people: Vec<NewContact> = (0..PEOPLE).map(person).collect();
    let imported = database.import_sample(keyer, &people).await?;
    let ids: Vec<ContactId> = imported.into_iter().filter_map(Imported::contact).collect();
    progress(75);
    // Who was just met; the others are inbound leads and people not met yet.
    let (met, others) = ids.split_at(MET.min(ids.len()));
    let (leads, farm) = others.split_at(others.len() / 2);
    for (key, contacts) in [("8x8", met), ("new-lead", leads), ("12-direct", farm)] {
        enrol(database, loading, key, contacts).await?;
    }
    Ok(())
}

/// Enrols contacts, their first days spread over a week, with the consents their countries ask for.
async fn enrol(
    database: &Database,
    loading: Loading<'_>,
    key: &'static str,
    contacts: &[ContactId],
) -> Result<(), SampleError> {
    let version = database.current_plan(key).await?.ok_or(SampleError::NoPlan(key))?;
    let selection = Selection { contacts: Some(contacts.to_vec()), ..Selection::default() };
    let limit = u32::try_from(contacts.len()).unwrap_or(u32::MAX);
    let candidates = database.candidates(&selection, key, None, limit).await?;
    for candidate in &candidates {
        if candidate.country.as_deref().is_some_and(|country| ASKING.contains(&country)) {
            database.record_consent(&consent(candidate.contact, loading.now)).await?;
        }
    }
    let enrolments: Vec<NewEnrolment> = candidates
        .iter()
        .enumerate()
        .filter_map(|(n, candidate)| {
            let day = loading.now.date_naive() + Days::new(loading.in_days + (n as u64) % 5);
            enrolment(&version.plan, candidate, day, loading.library)
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

fn consent(contact: ContactId, given_at: DateTime<Utc>) -> NewConsent {
    NewConsent {
        contact,
        address: None,
        channels: vec![ContactChannel::Email, ContactChannel::Sms, ContactChannel::Call],
        purposes: vec![Purpose::Marketing],
        basis: LegalBasis::Consent,
        proof: Proof {
            controller: "Palm Realty".to_owned(),
            wording: "Palm Realty may write to me about homes in my area.".to_owned(),
            language: "en".to_owned(),
            snapshot: None,
            act: "ticked a box".to_owned(),
            given_at,
            given_zone: "Asia/Dubai".to_owned(),
            source: "sample form".to_owned(),
            ip: None,
            user_agent: None,
            double_opt_in: None,
            document: None,
        },
        expires_at: None,
        actor: "sample data".to_owned(),
    }
}

/// Removes everything of the sample that a work in hand, `work`, was begun for, and nothing else. To
/// whom something is being handed over is waited for. Safe to repeat. Returns what there was.
///
/// # Errors
/// When somebody could not be waited for, another process has the work, or the database does not
/// answer; what has gone until then stays gone.
pub async fn remove(
    database: &Database,
    work: SampleWorkId,
    actor: &str,
) -> Result<SampleCounts, SampleError> {
    let before = database.sample_counts().await?;
    let mut patient_until = Instant::now() + PATIENCE;
    loop {
        let (removed, remaining) = database.remove_sample_people(BATCH, actor).await?;
        let gone = 100 * (before.contacts - remaining) / before.contacts.max(1);
        if !database.tell_sample_work(work, i16::try_from(gone).unwrap_or(0)).await? {
            return Err(SampleError::Taken);
        }
        if remaining == 0 {
            database.remove_sample_agents().await?;
            return Ok(before);
        }
        if removed > 0 {
            patient_until = Instant::now() + PATIENCE;
            continue;
        }
        if Instant::now() > patient_until {
            return Err(SampleError::Busy(remaining));
        }
        sleep(PAUSE).await;
    }
}
