//! What people ask about their own data, and by when they are answered.
//!
//! A request and what happens to it are never changed, only added to. The days come from
//! `domain::rights` and are worked out once, when a request is recorded.

use chrono::{DateTime, Utc};
use domain::rights::{PrivacyLaw, RequestKind, RequestStep};
use domain::{ContactId, Locale, RequestId, deadline};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use storage::rights::{NewRequest, Request, RequestEvent, Standing};
use storage::{Database, StorageError};

use crate::local;
use crate::words::{self, embedded};

/// A request that came in.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// Who asks; nobody when it is not known yet.
    pub contact: Option<ContactId>,
    /// What for.
    pub kind: RequestKind,
    /// The law it is answered under.
    pub law: PrivacyLaw,
    /// When it reached us.
    pub received_at: DateTime<Utc>,
    /// How it reached us: email, letter, call, form.
    pub how: String,
    /// What proves it; no address.
    pub evidence: Option<String>,
    /// Who records it.
    pub actor: String,
}

/// Why a request was not recorded, or nothing noted about it.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// There is no such request.
    #[error("there is no request {0}")]
    Unknown(RequestId),
    /// It was not said how it came or what happened, or who says so.
    #[error("a text or the actor is empty; say what happened, and who says so")]
    Unsaid,
    /// It lies in the future.
    #[error("this lies in the future")]
    Future,
    /// An extension is noted with [`extend`], an answer with [`answer`].
    #[error("this step is an extension or an answer of its own")]
    OtherStep,
    /// Such a request has no extension.
    #[error("such a request cannot be extended")]
    NotExtendable,
    /// The person was told in the future, or before the request came in.
    #[error("the person was told in the future, or before the request came in")]
    ToldWhen,
    /// The person was told after the last day.
    #[error("told on {on}, after the last day ({due}): that extends nothing")]
    ToldLate {
        /// When the person was told.
        on: Date,
        /// The last day.
        due: Date,
    },
    /// It was extended before.
    #[error("it was extended before, and is due on {0}")]
    Extended(Date),
    /// It is over: how it ended, and when.
    #[error("the request was {0} on {1}")]
    Over(RequestStep, Date),
    /// The database does not answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Refused {
    /// The answer for people; none when the database is at fault.
    #[must_use]
    pub fn in_words(&self, locale: Locale) -> Option<String> {
        if locale == Locale::En {
            return (!matches!(self, Self::Storage(_))).then(|| self.to_string());
        }
        let day = |day: &Date| local::day(*day, locale);
        Some(match self {
            Self::Unknown(id) => format!("لا يوجد طلب برقم {}.", embedded(&id.to_string(), locale)),
            Self::Unsaid => "اذكر ما حدث ومن يسجّله.".to_owned(),
            Self::Future => "هذا التاريخ في المستقبل.".to_owned(),
            Self::OtherStep => "لتمديد المهلة أو للإجابة خطوة خاصة.".to_owned(),
            Self::NotExtendable => "لا يمكن تمديد مهلة هذا الطلب.".to_owned(),
            Self::ToldWhen => "تاريخ الإبلاغ في المستقبل أو يسبق وصول الطلب.".to_owned(),
            Self::ToldLate { on, due } => {
                format!("جرى الإبلاغ {} بعد آخر يوم ({})، فلا تُمدَّد المهلة.", day(on), day(due))
            }
            Self::Extended(due) => format!("مُدّدت المهلة من قبل، وآخر يوم {}.", day(due)),
            Self::Over(step, on) => {
                format!("انتهى الطلب ({}) {}.", words::request_step(*step, locale), day(on))
            }
            Self::Storage(_) => return None,
        })
    }
}

/// Records a request. `zone` is the team's, by whose days it is answered.
///
/// # Errors
/// Why it is not recorded, or that the database does not answer.
pub async fn record(
    incoming: Incoming,
    now: DateTime<Utc>,
    zone: &TimeZone,
    database: &Database,
) -> Result<Request, Refused> {
    let Incoming { contact, kind, law, received_at, how, evidence, actor } = incoming;
    if how.trim().is_empty() || actor.trim().is_empty() {
        return Err(Refused::Unsaid);
    }
    if received_at > now {
        return Err(Refused::Future);
    }
    let received_on = local::zoned(received_at, zone).date();
    let new = NewRequest { kind, law, contact, received_at, received_on, how, actor, evidence };
    let id = database.record_request(&new).await?;
    known(id, database).await
}

/// The request of this id.
///
/// # Errors
/// When there is none, or the database does not answer.
pub async fn known(id: RequestId, database: &Database) -> Result<Request, Refused> {
    database.request(id).await?.ok_or(Refused::Unknown(id))
}

/// The requests that wait for an answer, overdue ones first, then those somebody is reminded of, then
/// the others.
///
/// # Errors
/// When the database does not answer.
pub async fn open(today: Date, database: &Database) -> Result<Vec<Request>, StorageError> {
    let mut requests = database.open_requests().await?;
    requests.sort_by_key(|request| (rank(request.standing(today)), request.last_day()));
    Ok(requests)
}

const fn rank(standing: Standing) -> u8 {
    match standing {
        Standing::Open(deadline::Standing::Overdue) => 0,
        Standing::Open(deadline::Standing::Reminded) => 1,
        Standing::Open(deadline::Standing::InTime) => 2,
        Standing::Over(..) => 3,
    }
}

/// Notes something that happened on the way: confirmed, verified, forwarded or acknowledged.
///
/// # Errors
/// Why it is not noted, or that the database does not answer.
pub async fn note(
    id: RequestId,
    event: RequestEvent,
    database: &Database,
) -> Result<Request, Refused> {
    if event.step == RequestStep::Extended || event.step.is_final() {
        return Err(Refused::OtherStep);
    }
    take(id, &event, database).await
}

/// Notes that the person was told on `told` that it takes longer, and why.
///
/// # Errors
/// Why it is not noted, or that the database does not answer.
pub async fn extend(
    id: RequestId,
    told: Date,
    reason: String,
    actor: String,
    today: Date,
    database: &Database,
) -> Result<Request, Refused> {
    let request = known(id, database).await?;
    if request.clock.extended.is_none() {
        return Err(Refused::NotExtendable);
    }
    if told > today || told < request.received_on {
        return Err(Refused::ToldWhen);
    }
    if told > request.clock.due {
        return Err(Refused::ToldLate { on: told, due: request.clock.due });
    }
    if request.told_of_extension().is_some() {
        return Err(Refused::Extended(request.last_day()));
    }
    let event = RequestEvent { step: RequestStep::Extended, on: told, note: reason, actor };
    take(id, &event, database).await
}

/// Notes how a request ended: answered or refused.
///
/// # Errors
/// Why it is not noted, or that the database does not answer.
pub async fn answer(
    id: RequestId,
    event: &RequestEvent,
    database: &Database,
) -> Result<Request, Refused> {
    take(id, event, database).await
}

/// Notes an event of a request that is known and not over.
async fn take(
    id: RequestId,
    event: &RequestEvent,
    database: &Database,
) -> Result<Request, Refused> {
    if event.note.trim().is_empty() || event.actor.trim().is_empty() {
        return Err(Refused::Unsaid);
    }
    let request = known(id, database).await?;
    if let Some(end) = request.events.iter().find(|event| event.step.is_final()) {
        return Err(Refused::Over(end.step, end.on));
    }
    database.note_request(id, event).await?;
    known(id, database).await
}
