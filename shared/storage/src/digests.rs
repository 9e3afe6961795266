//! The morning's emails to agents: who is to get one, who sends it, what became of it.
//!
//! A row per user and local day is claimed by one process at a time, by the machine's clock. From the
//! moment before it is handed over it is never claimed again: a process that dies then leaves a day
//! without a digest rather than with two.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use domain::digest::DigestState;
use domain::{Channel, UserId};
use jiff::civil::Date;
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::users::{COLUMNS, User};
use crate::words::{to_chrono, to_jiff, word};
use crate::{Database, StorageError};

/// Somebody who may get a digest.
#[derive(Debug, Clone)]
pub struct DigestReader {
    /// The user, who is an agent.
    pub user: User,
    /// The agent.
    pub agent: Uuid,
    /// The agent's zone, if one is known: an IANA name.
    pub time_zone: Option<String>,
    /// The newest day whose digest is with some process, or done with.
    pub taken: Option<Date>,
}

/// What a digest tells.
#[derive(Debug, Clone)]
pub struct DigestTasks {
    /// Due today; counted to 1000.
    pub today: i64,
    /// Due before today; counted to 1000.
    pub overdue: i64,
    /// The first of them, the next best first: what is to be done, and the person's first name.
    pub first: Vec<(Channel, String)>,
}

/// A digest of which a process says something.
#[derive(Debug, Clone, Copy)]
pub struct DigestOf<'a> {
    /// Whose.
    pub user: UserId,
    /// Of which day.
    pub day: Date,
    /// The process.
    pub holder: &'a str,
}

/// What became of the last digest of a user.
#[derive(Debug, Clone)]
pub struct LastDigest {
    /// What.
    pub state: DigestState,
    /// When.
    pub at: DateTime<Utc>,
}

impl Database {
    /// Users who are agents and want a digest, unless disabled.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn digest_readers(&self) -> Result<Vec<DigestReader>, StorageError> {
        let statement = format!(
            "SELECT {COLUMNS}, a.id AS agent, a.time_zone,
                    (SELECT max(d.local_day) FROM digests d
                      WHERE d.user_id = u.id
                        AND (d.state <> 'claimed' OR d.free_at > clock_timestamp())) AS taken
               FROM users u JOIN agents a ON a.id = u.agent_id
              WHERE u.digest AND u.disabled_at IS NULL"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(statement)).fetch_all(self.pool()).await?;
        let read = |row: &PgRow| {
            Ok(DigestReader {
                user: User::read(row)?,
                agent: row.try_get("agent")?,
                time_zone: row.try_get("time_zone")?,
                taken: row.try_get::<Option<NaiveDate>, _>("taken")?.map(to_jiff),
            })
        };
        rows.iter().map(read).collect()
    }

    /// Claims a digest for `lease`; false when another process has it, or it is done with.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn claim_digest(
        &self,
        of: DigestOf<'_>,
        lease: Duration,
    ) -> Result<bool, StorageError> {
        let claimed = sqlx::query(
            "INSERT INTO digests AS d (user_id, local_day, holder, free_at)
             VALUES ($1, $2, $3, clock_timestamp() + $4)
             ON CONFLICT (user_id, local_day) DO UPDATE
                SET holder = $3, free_at = clock_timestamp() + $4, changed_at = clock_timestamp()
              WHERE d.state = 'claimed' AND d.free_at <= clock_timestamp()",
        )
        .bind(of.user.as_uuid())
        .bind(to_chrono(of.day))
        .bind(of.holder)
        .bind(lease)
        .execute(self.pool())
        .await?;
        Ok(claimed.rows_affected() > 0)
    }

    /// Notes that a claimed digest is handed over from now on; false when the claim was lost, or the
    /// user wants none any more.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin_digest(&self, of: DigestOf<'_>) -> Result<bool, StorageError> {
        let begun = sqlx::query(
            "UPDATE digests d SET state = 'sending', changed_at = clock_timestamp()
              WHERE d.user_id = $1 AND d.local_day = $2 AND d.holder = $3
                AND d.state = 'claimed' AND d.free_at > clock_timestamp()
                AND EXISTS (SELECT FROM users u
                             WHERE u.id = $1 AND u.digest AND u.disabled_at IS NULL)",
        )
        .bind(of.user.as_uuid())
        .bind(to_chrono(of.day))
        .bind(of.holder)
        .execute(self.pool())
        .await?;
        Ok(begun.rows_affected() > 0)
    }

    /// Notes what became of a digest this process has: an end, or with [`DigestState::Claimed`] that
    /// it is free again after `again`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn settle_digest(
        &self,
        of: DigestOf<'_>,
        state: DigestState,
        reason: Option<&str>,
        again: Duration,
    ) -> Result<(), StorageError> {
        sqlx::query(
            "UPDATE digests d
                SET state = $4::text::digest_state, reason = $5,
                    free_at = clock_timestamp() + $6, changed_at = clock_timestamp()
              WHERE d.user_id = $1 AND d.local_day = $2 AND d.holder = $3
                AND d.state IN ('claimed', 'sending')",
        )
        .bind(of.user.as_uuid())
        .bind(to_chrono(of.day))
        .bind(of.holder)
        .bind(state.as_str())
        .bind(reason)
        .bind(again)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// What an agent has to do on a day, with the first `limit` of it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn digest_tasks(
        &self,
        agent: Uuid,
        day: Date,
        limit: u32,
    ) -> Result<DigestTasks, StorageError> {
        let rows = sqlx::query(include_str!("sql/digest_tasks.sql"))
            .bind(agent)
            .bind(to_chrono(day))
            .bind(i64::from(limit))
            .fetch_all(self.pool())
            .await?;
        let mut tasks = DigestTasks { today: 0, overdue: 0, first: Vec::new() };
        for row in &rows {
            (tasks.today, tasks.overdue) = (row.try_get("today")?, row.try_get("overdue")?);
            tasks.first.push((word(row, "channel")?, row.try_get("first_name")?));
        }
        Ok(tasks)
    }

    /// Forgets digests of days before `day`. Returns how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn forget_digests(&self, day: Date) -> Result<u64, StorageError> {
        let gone = sqlx::query("DELETE FROM digests WHERE local_day < $1")
            .bind(to_chrono(day))
            .execute(self.pool())
            .await?;
        Ok(gone.rows_affected())
    }

    /// Whether a user wants a digest, and what became of the last one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn digest_wish(
        &self,
        user: UserId,
    ) -> Result<(bool, Option<LastDigest>), StorageError> {
        let row = sqlx::query(
            "SELECT u.digest, d.state::text AS state, d.changed_at
               FROM users u
               LEFT JOIN LATERAL (SELECT d.state, d.changed_at FROM digests d
                                   WHERE d.user_id = u.id ORDER BY d.local_day DESC LIMIT 1) d
                 ON true
              WHERE u.id = $1",
        )
        .bind(user.as_uuid())
        .fetch_one(self.pool())
        .await?;
        let last = match crate::words::optional_word(&row, "state")? {
            Some(state) => Some(LastDigest { state, at: row.try_get("changed_at")? }),
            None => None,
        };
        Ok((row.try_get("digest")?, last))
    }

    /// Notes whether a user wants a digest.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn wish_digest(&self, user: UserId, wanted: bool) -> Result<(), StorageError> {
        sqlx::query("UPDATE users SET digest = $2 WHERE id = $1")
            .bind(user.as_uuid())
            .bind(wanted)
            .execute(self.pool())
            .await?;
        Ok(())
    }
}
