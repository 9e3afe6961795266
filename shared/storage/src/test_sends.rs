//! Tests that people of the team send to themselves. The console asks for them, a worker of their medium
//! hands them over: at most once, whatever becomes of the worker. Times are the machine's clock.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::test_send::TestState;
use domain::{ContactId, Locale, Medium, TestSendId, UserId};
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::postgres::types::PgInterval;
use sqlx::types::Json;
use templates::Compiled;
use uuid::Uuid;

use crate::users::User;
use crate::words::word;
use crate::{Database, StorageError};

/// A test to be asked for.
#[derive(Debug, Clone, Copy)]
pub struct NewTest<'a> {
    /// To whose own address it goes.
    pub user: UserId,
    /// Whose name stands in the audit log.
    pub actor: &'a str,
    /// What is sent.
    pub compiled: &'a Compiled,
    /// Which version that is; none for a draft.
    pub version: Option<i32>,
    /// As whom it is rendered; nobody for an example.
    pub contact: Option<ContactId>,
    /// In which language.
    pub locale: Locale,
}

/// A test in a worker's hands.
#[derive(Debug, Clone)]
pub struct DueTest {
    /// The test.
    pub id: TestSendId,
    /// Who gets it.
    pub user: User,
    /// The phone of the agent this user is; may be empty.
    pub phone: Option<String>,
    /// What is sent.
    pub compiled: Compiled,
    /// As whom it is rendered; nobody for an example.
    pub contact: Option<ContactId>,
    /// In which language.
    pub locale: Locale,
}

/// A test as it is shown to whoever asked for it.
#[derive(Debug, Clone)]
pub struct TestSend {
    /// The test.
    pub id: TestSendId,
    /// The version; none for a draft.
    pub version: Option<i32>,
    /// In which language.
    pub locale: Locale,
    /// What became of it.
    pub state: TestState,
    /// What the other side said, or why it was not sent.
    pub answer: Option<String>,
    /// When it was asked for.
    pub asked_at: DateTime<Utc>,
}

impl Database {
    /// Asks for a test, unless the user has asked for `most` within the last hour.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn ask_test(
        &self,
        new: &NewTest<'_>,
        most: u32,
    ) -> Result<Option<TestSendId>, StorageError> {
        let mut transaction = self.pool().begin().await?;
        // One after the other, so that none is counted too late.
        sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1::text, 0))")
            .bind(format!("test_sends {}", new.user))
            .execute(&mut *transaction)
            .await?;
        let id: Option<Uuid> = sqlx::query_scalar(
            "INSERT INTO test_sends (id, user_id, actor, medium, key, version, compiled, contact_id,
                                     locale)
             SELECT $1, $2, $3, $4::text::medium, $5, $6, $7, $8, $9::text::locale
              WHERE (SELECT count(*) FROM test_sends t
                      WHERE t.user_id = $2 AND t.asked_at > clock_timestamp() - interval '1 hour')
                    < $10
             RETURNING id",
        )
        .bind(TestSendId::new().as_uuid())
        .bind(new.user.as_uuid())
        .bind(new.actor)
        .bind(new.compiled.medium.as_str())
        .bind(&new.compiled.key)
        .bind(new.version)
        .bind(Json(new.compiled))
        .bind(new.contact.map(ContactId::as_uuid))
        .bind(new.locale.as_str())
        .bind(i64::from(most))
        .fetch_optional(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(id.map(TestSendId::from))
    }

    /// Takes up the oldest test of a medium for `worker` under a lease. Those that a worker died with
    /// end in doubt, those that were asked for longer ago than `within` as late.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn take_test(
        &self,
        worker: &str,
        lease: Duration,
        medium: Medium,
        within: Duration,
    ) -> Result<Option<DueTest>, StorageError> {
        loop {
            let row = sqlx::query(include_str!("sql/take_test.sql"))
                .bind(worker)
                .bind(interval(lease)?)
                .bind(medium.as_str())
                .bind(interval(within)?)
                .fetch_optional(self.pool())
                .await?;
            let Some(row) = row else { return Ok(None) };
            let state: TestState = word(&row, "state")?;
            // Another one may wait behind what has just ended.
            if state == TestState::Sending {
                return due(&row).map(Some);
            }
        }
    }

    /// Notes what became of a test this worker has: an end, or with [`TestState::Waiting`] that it may
    /// be taken up again after `again`. A worker that has lost its lease changes nothing.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn end_test(
        &self,
        test: TestSendId,
        worker: &str,
        state: TestState,
        answer: Option<&str>,
        again: Duration,
    ) -> Result<(), StorageError> {
        sqlx::query(
            "UPDATE test_sends
                SET state = $3::text::test_state, answer = $4,
                    compiled = CASE WHEN $3 = 'waiting' THEN compiled END,
                    lease_until = CASE WHEN $3 = 'waiting' THEN clock_timestamp() + $5 END,
                    ended_at = CASE WHEN $3 <> 'waiting' THEN clock_timestamp() END
              WHERE id = $1 AND worker = $2 AND state = 'sending'",
        )
        .bind(test.as_uuid())
        .bind(worker)
        .bind(state.as_str())
        .bind(answer)
        .bind(interval(again)?)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// The newest ten tests of a template that a user has asked for, the newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn tests_of(&self, user: UserId, key: &str) -> Result<Vec<TestSend>, StorageError> {
        let rows = sqlx::query(
            "SELECT id, version, locale::text AS locale, state::text AS state, answer, asked_at
               FROM test_sends WHERE user_id = $1 AND key = $2
              ORDER BY asked_at DESC, id DESC LIMIT 10",
        )
        .bind(user.as_uuid())
        .bind(key)
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(test_send).collect()
    }

    /// The phone of the agent a user is; none where the user is no agent, or the agent has none.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn phone_of(&self, user: UserId) -> Result<Option<String>, StorageError> {
        let phone: Option<String> = sqlx::query_scalar(
            "SELECT a.phone FROM users u JOIN agents a ON a.id = u.agent_id WHERE u.id = $1",
        )
        .bind(user.as_uuid())
        .fetch_optional(self.pool())
        .await?;
        Ok(phone.filter(|phone| !phone.is_empty()))
    }
}

fn interval(duration: Duration) -> Result<PgInterval, StorageError> {
    PgInterval::try_from(duration).map_err(|why| StorageError::unreadable("duration", why))
}

fn due(row: &PgRow) -> Result<DueTest, StorageError> {
    let Json(compiled) = row.try_get("compiled")?;
    Ok(DueTest {
        id: row.try_get::<Uuid, _>("test")?.into(),
        user: User::read(row)?,
        phone: row.try_get("phone")?,
        compiled,
        contact: row.try_get::<Option<Uuid>, _>("contact_id")?.map(ContactId::from),
        locale: word(row, "shown_in")?,
    })
}

fn test_send(row: &PgRow) -> Result<TestSend, StorageError> {
    Ok(TestSend {
        id: row.try_get::<Uuid, _>("id")?.into(),
        version: row.try_get("version")?,
        locale: word(row, "locale")?,
        state: word(row, "state")?,
        answer: row.try_get("answer")?,
        asked_at: row.try_get("asked_at")?,
    })
}
