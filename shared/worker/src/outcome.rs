//! What became of an attempt: a closed set, and how each member is stored.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::retry::Backoff;
use domain::{Reason, ReasonCode, TemplateVersionId, TouchState};
use storage::claims::ClaimedTouch;
use storage::outcomes::{AttemptRecord, NewTask};
use templates::RenderError;

/// The end of an attempt. Only the runtime turns it into state, history and acknowledgement.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Handed over: the other side has said yes.
    Sent {
        /// What the other side called it.
        provider_ref: Option<String>,
    },
    /// Became a to-do for a person, stored together with this outcome.
    Task(Box<NewTask>),
    /// Certainly not handed over, and worth another try by this schedule.
    Retry {
        /// Why.
        reason: Reason,
        /// How often and how far apart.
        backoff: Backoff,
        /// What the other side asked for; the longer of the two waits counts.
        after: Option<Duration>,
    },
    /// Not begun, for a reason that is not the touch's (no capacity, shutting down); comes back
    /// after this time and counts as no failure.
    NotBegun {
        /// When to come back.
        after: Duration,
    },
    /// Not now, by the rules; counts as no failure.
    Wait {
        /// Business time.
        until: DateTime<Utc>,
        /// Which rule.
        reason: Reason,
    },
    /// A rule says no.
    Blocked(Reason),
    /// The plan moved on without it.
    Skipped(Reason),
    /// The other side said no for good.
    Failed(Reason),
    /// It may have been handed over.
    Unknown(Reason),
    /// A person has to decide.
    Held(Reason),
}

impl Outcome {
    /// Ends a step of the touch's trace that led to this outcome.
    pub fn end(&self, step: trace::Step) {
        let (word, reason) = match self {
            Self::Sent { .. } => ("accepted", None),
            Self::Task(_) => ("task", None),
            Self::Retry { reason, .. } => ("retry", Some(reason)),
            Self::NotBegun { .. } => ("not_begun", None),
            Self::Wait { reason, .. } => ("wait", Some(reason)),
            Self::Blocked(reason) => ("blocked", Some(reason)),
            Self::Skipped(reason) => ("skipped", Some(reason)),
            Self::Failed(reason) => ("failed", Some(reason)),
            Self::Unknown(reason) => ("unknown", Some(reason)),
            Self::Held(reason) => ("held", Some(reason)),
        };
        let mut step = step.with("touchline.result", word);
        if let Some(reason) = reason {
            step.fail(reason.code.as_str());
        }
        step.end();
    }

    /// The record of this outcome for a claimed touch. `jitter` in 0..=1 spreads retries.
    #[must_use]
    pub fn into_record(
        self,
        touch: &ClaimedTouch,
        now: DateTime<Utc>,
        template: Option<TemplateVersionId>,
        detail: Option<serde_json::Value>,
        jitter: f64,
    ) -> AttemptRecord {
        let mut record = AttemptRecord {
            touch: touch.id,
            due_month: touch.due_month,
            attempt: touch.attempt,
            state: TouchState::Sent,
            reason: None,
            provider_ref: None,
            decided_at: now,
            next_due: None,
            failed: false,
            template,
            detail,
            task: None,
        };
        match self {
            Self::Sent { provider_ref } => record.provider_ref = provider_ref.map(|r| clean(&r)),
            Self::Task(task) => record.task = Some(*task),
            Self::Retry { reason, backoff, after } => {
                retry(&mut record, touch.failures, reason, &backoff, after, jitter);
            }
            Self::NotBegun { after } => reschedule(&mut record, now + span(after), None),
            Self::Wait { until, reason } => reschedule(&mut record, until, Some(reason)),
            Self::Blocked(reason) => end(&mut record, TouchState::Blocked, reason),
            Self::Skipped(reason) => end(&mut record, TouchState::Skipped, reason),
            Self::Failed(reason) => end(&mut record, TouchState::Failed, reason),
            Self::Unknown(reason) => end(&mut record, TouchState::Unknown, reason),
            Self::Held(reason) => end(&mut record, TouchState::Held, reason),
        }
        record
    }
}

impl From<RenderError> for Outcome {
    /// What cannot be rendered is not sent: it is blocked with what is missing.
    fn from(error: RenderError) -> Self {
        Self::Blocked(match error {
            RenderError::MissingField { name } => Reason::new(ReasonCode::MissingField, name),
            other => Reason::new(ReasonCode::TemplateError, other.to_string()),
        })
    }
}

fn retry(
    record: &mut AttemptRecord,
    failures: i16,
    reason: Reason,
    backoff: &Backoff,
    after: Option<Duration>,
    jitter: f64,
) {
    let attempts = u16::try_from(failures).unwrap_or(0) + 1;
    match backoff.after(attempts, jitter) {
        Some(wait) => {
            let wait = after.map_or(wait, |after| after.max(wait));
            reschedule(record, record.decided_at + span(wait), Some(reason));
            record.failed = true;
        }
        None => end(
            record,
            TouchState::Failed,
            Reason::new(ReasonCode::AttemptsExhausted, reason.to_string()),
        ),
    }
}

fn reschedule(record: &mut AttemptRecord, due: DateTime<Utc>, reason: Option<Reason>) {
    record.state = TouchState::Scheduled;
    record.next_due = Some(due);
    record.reason = reason.map(clean_reason);
}

fn end(record: &mut AttemptRecord, state: TouchState, reason: Reason) {
    record.state = state;
    record.reason = Some(clean_reason(reason));
}

fn span(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

/// The longest foreign text that is kept.
const LONGEST_TEXT: usize = 500;

fn clean_reason(reason: Reason) -> Reason {
    match reason.detail {
        Some(detail) => Reason::new(reason.code, clean(&detail)),
        None => reason,
    }
}

/// Foreign text as one line the database can store: no control characters (PostgreSQL has no NUL),
/// and not endless.
fn clean(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.chars().take(LONGEST_TEXT).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_becomes_one_storable_line() {
        assert_eq!(clean("550 no\r\nsuch\0user "), "550 no  such user");
        assert_eq!(clean(&"x".repeat(9000)).len(), LONGEST_TEXT);
    }
}
