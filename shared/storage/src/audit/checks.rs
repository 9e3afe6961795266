//! Checks of the chain that somebody asked for and did not wait for.

use chrono::{DateTime, Utc};
use domain::audit::ChainHead;
use sqlx::Row;
use uuid::Uuid;

use super::Verification;
use crate::{Database, StorageError};

/// A check that has not said how it ended after so many hours never will: its process is gone.
const LOST_AFTER_HOURS: i32 = 6;

/// How a check stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckState {
    /// It is walking the chain.
    Running,
    /// Its process went before it ended.
    Lost,
    /// The chain is whole: its end, and how many links were made again.
    Sound(String, u64),
    /// What is broken first.
    Broken(String),
    /// It could not be ended, and why.
    Failed(String),
}

/// A check.
#[derive(Debug, Clone)]
pub struct AuditCheck {
    /// Who asked for it.
    pub actor: String,
    /// Machine time.
    pub started_at: DateTime<Utc>,
    /// How it stands.
    pub state: CheckState,
}

impl Database {
    /// Notes that a check begins; nothing when one is running.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin_audit_check(&self, actor: &str) -> Result<Option<Uuid>, StorageError> {
        let id = Uuid::now_v7();
        let noted = sqlx::query(
            "INSERT INTO audit_checks (id, actor)
             SELECT $1, $2 WHERE NOT EXISTS (
                 SELECT FROM audit_checks c WHERE c.ended_at IS NULL
                    AND c.started_at > clock_timestamp() - make_interval(hours => $3))",
        )
        .bind(id)
        .bind(actor)
        .bind(LOST_AFTER_HOURS)
        .execute(self.pool())
        .await?;
        Ok((noted.rows_affected() > 0).then_some(id))
    }

    /// The end of the chain that the last sound check saw.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn checked_head(&self) -> Result<Option<ChainHead>, StorageError> {
        let head: Option<String> = sqlx::query_scalar(
            "SELECT head FROM audit_checks WHERE head IS NOT NULL AND broken IS NULL
              ORDER BY started_at DESC LIMIT 1",
        )
        .fetch_optional(self.pool())
        .await?;
        head.map(|head| {
            head.parse().map_err(|why| StorageError::unreadable("the end of a chain", why))
        })
        .transpose()
    }

    /// Notes what a check found, or why it could not be ended.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn end_audit_check(
        &self,
        id: Uuid,
        found: Result<&Verification, &str>,
    ) -> Result<(), StorageError> {
        let checked = found.ok();
        let broken = checked.and_then(|checked| checked.broken.as_ref()).map(|broken| {
            let seq = broken.seq.map(|seq| format!("{seq} · ")).unwrap_or_default();
            format!("{seq}{} · {}", broken.table, broken.detail)
        });
        sqlx::query(
            "UPDATE audit_checks SET ended_at = clock_timestamp(), head = $2, links = $3, broken = $4,
                    problem = $5 WHERE id = $1",
        )
        .bind(id)
        .bind(checked.map(|checked| checked.head.to_string()))
        .bind(checked.and_then(|checked| i64::try_from(checked.links).ok()))
        .bind(broken)
        .bind(found.err())
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// The newest check.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn last_audit_check(&self) -> Result<Option<AuditCheck>, StorageError> {
        let row = sqlx::query(
            "SELECT actor, started_at, head, links, broken, problem, ended_at IS NULL AS is_running,
                    started_at <= clock_timestamp() - make_interval(hours => $1) AS is_old
               FROM audit_checks ORDER BY started_at DESC LIMIT 1",
        )
        .bind(LOST_AFTER_HOURS)
        .fetch_optional(self.pool())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let text = |name: &str| row.try_get::<Option<String>, _>(name);
        let state = if row.try_get("is_running")? {
            if row.try_get("is_old")? { CheckState::Lost } else { CheckState::Running }
        } else if let Some(problem) = text("problem")? {
            CheckState::Failed(problem)
        } else if let Some(broken) = text("broken")? {
            CheckState::Broken(broken)
        } else {
            let links = row.try_get::<Option<i64>, _>("links")?.unwrap_or_default();
            CheckState::Sound(text("head")?.unwrap_or_default(), links.unsigned_abs())
        };
        Ok(Some(AuditCheck {
            actor: row.try_get("actor")?,
            started_at: row.try_get("started_at")?,
            state,
        }))
    }
}
