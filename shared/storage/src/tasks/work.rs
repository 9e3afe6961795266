//! What people did with a task: finishing it, putting it off, taking that back.
//!
//! Each of these changes the task once, however often it is asked for: it looks at the state the task
//! is in, in the same statement. The history (`task_events`) has a row for each that did something.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use domain::{AddressKey, Channel, ContactId, TaskId, TaskOutcome, TouchId};
use sqlx::Row;

use crate::outcomes::note_call;
use crate::words::{optional_word, word};
use crate::{Database, StorageError, traces};

/// What stands at a number that somebody else has: it is used for this contact no more.
const WRONG_NUMBER: &str = "wrong number";

/// How somebody finished a task.
#[derive(Debug, Clone, Copy)]
pub struct TaskEnd<'a> {
    /// The task.
    pub id: TaskId,
    /// How it went.
    pub outcome: TaskOutcome,
    /// What there is to remember.
    pub note: Option<&'a str>,
    /// Who did it.
    pub actor: &'a str,
    /// Business time.
    pub now: DateTime<Utc>,
}

/// A task that was finished, with what follows from it.
#[derive(Debug, Clone)]
pub struct FinishedTask {
    /// The touch it carried out.
    pub touch: TouchId,
    /// Whom it was about.
    pub contact: ContactId,
    /// Call, letter, card …
    pub channel: Channel,
    /// The address the touch was for, and its text while the contact has it.
    pub address: Option<(AddressKey, String)>,
    /// The contact's country.
    pub country: Option<String>,
}

/// What was taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undone {
    /// The task is open again.
    Reopened,
    /// It is due on its former day again.
    BackOn(NaiveDate),
}

impl Database {
    /// Finishes an open task, and notes of a call how it went: caps and refusals count by it. One
    /// that was refused may have been closed by the list's entry a moment before. Returns nothing
    /// when there is no open task of this id.
    ///
    /// # Errors
    /// When the database does not answer; nothing has changed then.
    pub async fn finish_task(
        &self,
        end: &TaskEnd<'_>,
    ) -> Result<Option<FinishedTask>, StorageError> {
        let began = trace::now();
        let mut tx = self.pool().begin().await?;
        let row = sqlx::query(include_str!("../sql/finish_task.sql"))
            .bind(end.id.as_uuid())
            .bind(end.outcome.as_str())
            .bind(end.actor)
            .bind(end.now)
            .bind(end.note)
            .fetch_optional(&mut *tx)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let key: Option<Vec<u8>> = row.try_get("address_key")?;
        let key = key.and_then(|key| AddressKey::from_bytes(&key));
        let finished = FinishedTask {
            touch: row.try_get::<uuid::Uuid, _>("touch_id")?.into(),
            contact: row.try_get::<uuid::Uuid, _>("contact_id")?.into(),
            channel: word(&row, "channel")?,
            address: key.zip(row.try_get("value")?),
            country: row.try_get("country")?,
        };
        if finished.channel == Channel::Call {
            let (answered, refused) =
                (end.outcome.is_answer(), end.outcome == TaskOutcome::Refused);
            note_call(&mut *tx, finished.contact, finished.touch, answered, refused).await?;
            if end.outcome == TaskOutcome::WrongNumber {
                let problem = "UPDATE addresses SET call_problem = $3, sms_problem = $3
                                WHERE contact_id = $1 AND kind = 'phone' AND address_key = $2";
                sqlx::query(problem)
                    .bind(finished.contact.as_uuid())
                    .bind(key.map(|key| key.as_bytes().to_vec()))
                    .bind(WRONG_NUMBER)
                    .execute(&mut *tx)
                    .await?;
            }
        }
        tx.commit().await?;
        let enrolment = row.try_get::<Option<uuid::Uuid>, _>("enrolment_id")?;
        traces::task_done(began, enrolment, finished.touch, end);
        Ok(Some(finished))
    }

    /// Puts an open task off to another day. Returns whether it was open and on another day.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn snooze_task(
        &self,
        id: TaskId,
        to_day: NaiveDate,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StorageError> {
        let snoozed: Option<uuid::Uuid> = sqlx::query_scalar(
            "WITH former AS MATERIALIZED (
                 SELECT id, contact_id, due_on FROM tasks
                  WHERE id = $1 AND state = 'open' AND due_on <> $2 FOR UPDATE
             ), moved AS (
                 UPDATE tasks k SET due_on = $2 FROM former f WHERE k.id = f.id
             )
             INSERT INTO task_events (id, decided_at, task_id, contact_id, action, from_day, to_day,
                                      actor)
             SELECT uuid_v7(), $4, f.id, f.contact_id, 'snoozed', f.due_on, $2, $3 FROM former f
             RETURNING id",
        )
        .bind(id.as_uuid())
        .bind(to_day)
        .bind(actor)
        .bind(now)
        .fetch_optional(self.pool())
        .await?;
        Ok(snoozed.is_some())
    }

    /// Takes back the last thing that `actor` did with a task, if that was within `within` by the
    /// machine's clock, is still so, and was no refusal: what the person said stays said.
    ///
    /// # Errors
    /// When the database does not answer; nothing has changed then.
    pub async fn undo_task(
        &self,
        id: TaskId,
        actor: &str,
        within: Duration,
        now: DateTime<Utc>,
    ) -> Result<Option<Undone>, StorageError> {
        let mut tx = self.pool().begin().await?;
        let row = sqlx::query(include_str!("../sql/undo_task.sql"))
            .bind(id.as_uuid())
            .bind(actor)
            .bind(within)
            .bind(now)
            .fetch_optional(&mut *tx)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let contact: ContactId = row.try_get::<uuid::Uuid, _>("contact_id")?.into();
        let touch: TouchId = row.try_get::<uuid::Uuid, _>("touch_id")?.into();
        let outcome: Option<TaskOutcome> = optional_word(&row, "outcome")?;
        let is_call = word::<Channel>(&row, "channel")? == Channel::Call;
        if is_call && outcome.is_some() {
            note_call(&mut *tx, contact, touch, false, false).await?;
        }
        if is_call && outcome == Some(TaskOutcome::WrongNumber) {
            let repaired = "UPDATE addresses a SET call_problem = NULL, sms_problem = NULL
                              FROM touches t
                             WHERE t.id = $2 AND a.contact_id = $1 AND a.kind = 'phone'
                               AND a.address_key = t.address_key AND a.call_problem = $3";
            sqlx::query(repaired)
                .bind(contact.as_uuid())
                .bind(touch.as_uuid())
                .bind(WRONG_NUMBER)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(Some(match row.try_get::<Option<NaiveDate>, _>("from_day")? {
            Some(day) => Undone::BackOn(day),
            None => Undone::Reopened,
        }))
    }
}
