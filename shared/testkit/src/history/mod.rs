//! The history checker: what the database says, against what the sinks took and which processes died.
//!
//! [`History::read`] takes everything from the database; [`History::with_mails`],
//! [`History::with_texts`] and [`History::with_incidents`] add what only the test knows;
//! [`History::check`] proves, touch by touch, that nothing was lost, nothing was doubled without an
//! incident that explains it, and nothing was accepted against the list (DESIGN §1, G1–G3).
//!
//! A touch recorded as sent must be in a sink. A second copy in a sink must belong to an attempt that
//! history calls `unknown`, and that attempt's worker must have had an incident; no incident explains
//! more copies than the worker had in flight when it happened. Of a touch that a person had tried anew
//! the last end counts; one that a person knows to have arrived may be in the sink under any attempt.

mod check;
mod read;
mod report;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use domain::{Channel, Medium, Reason, ReasonCode, TouchId, TouchState};
use uuid::Uuid;

use crate::sms_sink::AcceptedSms;
use crate::smtp_sink::AcceptedMail;

pub use report::{Counts, Kind, Report, Violation};

/// Everything that happened, as far as anybody wrote it down.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// Every touch.
    pub touches: Vec<Touch>,
    /// What the workers and the sweep wrote about them, oldest first.
    pub events: Vec<Event>,
    /// When addresses were clear of anything in flight, until when.
    pub silences: Vec<Silence>,
    /// The touches of all tasks, one entry per task.
    pub tasks: Vec<TouchId>,
    /// Touches in the outbox, of which nobody took the hint.
    pub outbox: Vec<TouchId>,
    /// Touches in flight.
    pub inflight: Vec<TouchId>,
    /// Touches that wait for their time.
    pub due: Vec<TouchId>,
    /// Touches on the desk, where people look.
    pub desk: Vec<TouchId>,
    /// What the sinks accepted.
    pub deliveries: Vec<Delivery>,
    /// What was done to processes and servers.
    pub incidents: Vec<Incident>,
}

/// A touch as it stands.
#[derive(Debug, Clone)]
pub struct Touch {
    /// Its identity.
    pub id: TouchId,
    /// Its channel.
    pub channel: Channel,
    /// Where it stands.
    pub state: TouchState,
    /// When it is or was due.
    pub due_at: DateTime<Utc>,
    /// Hints so far.
    pub epoch: i32,
    /// Claims so far.
    pub attempt: i16,
    /// How often it came out unknown.
    pub doubts: i16,
    /// The key of the address it goes to, once decided.
    pub address_key: Option<Vec<u8>>,
    /// The flag that stops it, once decided.
    pub state_channel: Option<String>,
}

/// A line of a touch's history.
#[derive(Debug, Clone)]
pub struct Event {
    /// The touch.
    pub touch: TouchId,
    /// Machine time.
    pub at: DateTime<Utc>,
    /// The attempt it speaks of.
    pub attempt: i16,
    /// Where the touch came to.
    pub state: TouchState,
    /// Who wrote it, or of whom the sweep wrote.
    pub worker: String,
    /// Why.
    pub reason: Option<String>,
    /// Whether it was written by a worker that had lost the touch, and so changed nothing.
    pub late: bool,
}

impl Event {
    /// Whether its reason has this code.
    fn is(&self, code: ReasonCode) -> bool {
        let reason = self.reason.as_deref().and_then(|text| text.parse::<Reason>().ok());
        reason.is_some_and(|reason| reason.code == code)
    }
}

/// An address to which nothing may be accepted from a moment on.
#[derive(Debug, Clone)]
pub struct Silence {
    /// The entry on the list.
    pub entry: Uuid,
    /// The address.
    pub address_key: Vec<u8>,
    /// The contact channel.
    pub channel: String,
    /// When the caller was told that nothing is in flight any more.
    pub from: DateTime<Utc>,
    /// When the entry was lifted, if it was.
    pub until: Option<DateTime<Utc>>,
}

/// Something a sink accepted.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The touch it says it belongs to.
    pub touch: TouchId,
    /// The attempt it says it is, where the medium tells.
    pub attempt: Option<i16>,
    /// Which sink.
    pub medium: Medium,
    /// Machine time.
    pub at: DateTime<Utc>,
    /// What the receiving side knows a repeat by: Message-ID or reference.
    pub identity: String,
}

/// Something that was done to a process or a server, on purpose.
#[derive(Debug, Clone)]
pub struct Incident {
    /// When it began, machine time.
    pub at: DateTime<Utc>,
    /// To whom.
    pub whom: Whom,
    /// What, in words for the report: "kill -9", "failpoint mailer.dot_written".
    pub what: String,
}

/// Who had an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// A process; `worker` is the beginning of its name in history (service and process id).
    Worker {
        /// For instance `email-worker-4711-`.
        worker: String,
        /// The touches it had in flight then: the most that may be in doubt.
        in_flight: usize,
    },
    /// A server all workers depend on, away until the given time: any of them may have lost leases
    /// or answers meanwhile.
    Server {
        /// When it was back.
        until: DateTime<Utc>,
    },
}

impl History {
    /// Adds what the SMTP sink accepted.
    ///
    /// # Panics
    /// If a mail does not say which touch it is.
    #[must_use]
    pub fn with_mails(mut self, mails: &[AcceptedMail]) -> Self {
        self.deliveries.extend(mails.iter().map(|mail| {
            let header = |name: &str| {
                let found = mail.touch_headers.iter().find(|(other, _)| other == name);
                found.map(|(_, value)| value.as_str())
            };
            let id: Option<Uuid> = header("x-touch-id").and_then(|id| id.parse().ok());
            Delivery {
                touch: id.expect("every mail of ours has X-Touch-Id").into(),
                attempt: header("x-touch-attempt").and_then(|attempt| attempt.parse().ok()),
                medium: Medium::Email,
                at: moment(mail.at.wall_us),
                identity: mail.message_id.clone().unwrap_or_default(),
            }
        }));
        self
    }

    /// Adds what the SMS sink accepted.
    ///
    /// # Panics
    /// If a text does not say which touch it is; a preset with a reference must be used.
    #[must_use]
    pub fn with_texts(mut self, texts: &[AcceptedSms]) -> Self {
        self.deliveries.extend(texts.iter().map(|text| {
            let reference = text.reference.clone().unwrap_or_default();
            let id: Uuid = reference.parse().expect("the reference of a text is its touch");
            Delivery {
                touch: id.into(),
                attempt: None,
                medium: Medium::Sms,
                at: moment(text.at.wall_us),
                identity: reference,
            }
        }));
        self
    }

    /// Adds what was done to processes and servers.
    #[must_use]
    pub fn with_incidents(mut self, incidents: impl IntoIterator<Item = Incident>) -> Self {
        self.incidents.extend(incidents);
        self
    }

    /// Checks everything, for touches that were due at `now`.
    #[must_use]
    pub fn check(&self, now: DateTime<Utc>) -> Report {
        check::Checker::new(self, now).run()
    }
}

/// A moment of the machine's clock, as sinks have it.
fn moment(wall_us: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(wall_us).expect("the clock shows a date of this era")
}
