//! Answers we owe by text message (compliance.md SMS-05 … SMS-07). Inbound owes them, an SMS worker
//! takes them up: it alone speaks to a gateway.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::AddressKey;
use domain::arrival::{AnswerKind, AnswerState};
use sqlx::Row;
use sqlx::postgres::types::PgInterval;
use uuid::Uuid;

use super::Message;
use crate::words::word;
use crate::{Database, StorageError};

/// An answer to be owed.
#[derive(Debug, Clone)]
pub struct NewAnswer {
    /// The message it answers.
    pub message: Message,
    /// What it is for.
    pub kind: AnswerKind,
    /// The number it goes to, as a key and in full (E.164).
    pub key: AddressKey,
    /// The number in full.
    pub number: String,
    /// The word of its language.
    pub language: &'static str,
    /// When the message arrived.
    pub asked_at: DateTime<Utc>,
}

/// An answer in a worker's hands.
#[derive(Debug, Clone)]
pub struct DueAnswer {
    /// The answer; also the reference the gateway knows it by.
    pub id: Uuid,
    /// What it is for.
    pub kind: AnswerKind,
    /// The number.
    pub number: String,
    /// The word of its language.
    pub language: String,
    /// When the message arrived.
    pub asked_at: DateTime<Utc>,
    /// Which try this is, from 1.
    pub attempt: i16,
    /// Whether nobody but people of the sample has the number.
    pub is_sample: bool,
}

impl Database {
    /// Owes an answer, once per message, and none to a stop that is repeated within a day.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn owe_answer(&self, answer: &NewAnswer) -> Result<(), StorageError> {
        sqlx::query("SELECT owe_answer($1, $2, $3, $4::text::answer_kind, $5, $6, $7, $8)")
            .bind(Uuid::now_v7())
            .bind(answer.message.source)
            .bind(answer.message.id.cast_signed())
            .bind(answer.kind.as_str())
            .bind(answer.key.as_bytes().as_slice())
            .bind(&answer.number)
            .bind(answer.language)
            .bind(answer.asked_at)
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// Takes up answers for `worker` under a lease, the oldest first. Those that were asked for
    /// before `not_before` end as late; those whose worker died with them come back once, and end in
    /// doubt the second time.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn take_answers(
        &self,
        worker: &str,
        lease: Duration,
        not_before: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<DueAnswer>, StorageError> {
        let lease =
            PgInterval::try_from(lease).map_err(|why| StorageError::unreadable("lease", why))?;
        let rows = sqlx::query(include_str!("../sql/take_answers.sql"))
            .bind(worker)
            .bind(lease)
            .bind(not_before)
            .bind(i64::from(limit))
            .fetch_all(self.pool())
            .await?;
        rows.iter()
            .map(|row| {
                Ok(DueAnswer {
                    id: row.try_get("id")?,
                    kind: word(row, "kind")?,
                    number: row.try_get("number")?,
                    language: row.try_get("language")?,
                    asked_at: row.try_get("asked_at")?,
                    attempt: row.try_get("attempts")?,
                    is_sample: row.try_get("is_sample")?,
                })
            })
            .collect()
    }

    /// Records what became of an answer; one that waits again is taken up after `again_in`. A worker
    /// that has lost its lease changes nothing.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn end_answer(
        &self,
        answer: &DueAnswer,
        worker: &str,
        state: AnswerState,
        reason: Option<&str>,
        provider_ref: Option<&str>,
        again_in: Duration,
    ) -> Result<(), StorageError> {
        let again_in =
            PgInterval::try_from(again_in).map_err(|why| StorageError::unreadable("pause", why))?;
        sqlx::query(
            "UPDATE answers
                SET state = $4::text::answer_state, reason = $5, provider_ref = $6,
                    number = CASE WHEN $4 = 'waiting' THEN number END,
                    attempts = CASE WHEN $4 = 'waiting' THEN attempts - 1 ELSE attempts END,
                    lease_until = CASE WHEN $4 = 'waiting' THEN clock_timestamp() + $7 END,
                    ended_at = CASE WHEN $4 <> 'waiting' THEN clock_timestamp() END
              WHERE id = $1 AND worker = $2 AND attempts = $3 AND state = 'sending'",
        )
        .bind(answer.id)
        .bind(worker)
        .bind(answer.attempt)
        .bind(state.as_str())
        .bind(reason)
        .bind(provider_ref)
        .bind(again_in)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// How the answers to a number stand, the oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn answers(
        &self,
        key: AddressKey,
    ) -> Result<Vec<(AnswerKind, AnswerState)>, StorageError> {
        let rows = sqlx::query(
            "SELECT kind::text AS kind, state::text AS state FROM answers
              WHERE address_key = $1 ORDER BY asked_at, id",
        )
        .bind(key.as_bytes().as_slice())
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(|row| Ok((word(row, "kind")?, word(row, "state")?))).collect()
    }
}
