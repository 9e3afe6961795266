//! Requests that are to be done once, however often they are sent: which were begun, and what they
//! were answered.
//!
//! The answer is stored after the change, in a transaction of its own: whoever dies in between leaves
//! a request that counts as begun until its lease is over, and is then done again. Every change of
//! the API recognises by itself what was done already, so nothing is done twice; the second answer
//! may then be a conflict where the first would have been a success.

use std::time::Duration;

use domain::ApiTokenId;
use sqlx::Row;

use crate::{Database, StorageError};

/// For so long an answer is repeated.
const KEPT: Duration = Duration::from_secs(24 * 3600);
/// Whatever was begun longer ago and has no answer was broken off.
const LEASE: Duration = Duration::from_secs(60);

/// A request with its key.
#[derive(Debug, Clone)]
pub struct KeyedRequest {
    /// Whose.
    pub token: ApiTokenId,
    /// As the program chose it.
    pub key: String,
    /// SHA-256 of everything that makes it this request.
    pub fingerprint: [u8; 32],
}

/// An answer, to be given again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The status.
    pub status: u16,
    /// The header of this name.
    pub location: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// How it stands with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// It is the caller's to do.
    Now,
    /// Somebody is at it.
    Running,
    /// The key belongs to another request.
    Other,
    /// It was done and answered.
    Answered(StoredAnswer),
}

impl Database {
    /// Takes a request in hand, once.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin_request(&self, request: &KeyedRequest) -> Result<Begun, StorageError> {
        sqlx::query(
            "DELETE FROM idempotent_requests
              WHERE began_at < clock_timestamp() - $3
                 OR (token_id = $1 AND key = $2 AND status IS NULL
                     AND began_at < clock_timestamp() - $4)",
        )
        .bind(request.token.as_uuid())
        .bind(&request.key)
        .bind(KEPT)
        .bind(LEASE)
        .execute(self.pool())
        .await?;
        let begun = sqlx::query(
            "INSERT INTO idempotent_requests (token_id, key, fingerprint) VALUES ($1, $2, $3)
             ON CONFLICT DO NOTHING",
        )
        .bind(request.token.as_uuid())
        .bind(&request.key)
        .bind(request.fingerprint.as_slice())
        .execute(self.pool())
        .await?;
        if begun.rows_affected() == 1 {
            return Ok(Begun::Now);
        }
        let row = sqlx::query(
            "SELECT fingerprint, status, location, body FROM idempotent_requests
              WHERE token_id = $1 AND key = $2",
        )
        .bind(request.token.as_uuid())
        .bind(&request.key)
        .fetch_optional(self.pool())
        .await?;
        // Let go of a moment ago: whoever asks again begins it.
        let Some(row) = row else { return Ok(Begun::Running) };
        let fingerprint: Vec<u8> = row.try_get("fingerprint")?;
        if fingerprint != request.fingerprint {
            return Ok(Begun::Other);
        }
        let status: Option<i16> = row.try_get("status")?;
        let Some(status) = status else { return Ok(Begun::Running) };
        Ok(Begun::Answered(StoredAnswer {
            status: status.unsigned_abs(),
            location: row.try_get("location")?,
            body: row.try_get("body")?,
        }))
    }

    /// Keeps the answer of a request that was done.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn keep_answer(
        &self,
        request: &KeyedRequest,
        answer: &StoredAnswer,
    ) -> Result<(), StorageError> {
        sqlx::query(
            "UPDATE idempotent_requests SET status = $3, location = $4, body = $5
              WHERE token_id = $1 AND key = $2",
        )
        .bind(request.token.as_uuid())
        .bind(&request.key)
        .bind(i16::try_from(answer.status).unwrap_or(200))
        .bind(&answer.location)
        .bind(&answer.body)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// Lets go of a request that was not done: its key is free again.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn forget_request(&self, request: &KeyedRequest) -> Result<(), StorageError> {
        sqlx::query(
            "DELETE FROM idempotent_requests WHERE token_id = $1 AND key = $2 AND status IS NULL",
        )
        .bind(request.token.as_uuid())
        .bind(&request.key)
        .execute(self.pool())
        .await?;
        Ok(())
    }
}
