//! What look-ups of the sending domain found, kept for who plans emails from it.

use chrono::{DateTime, Utc};
use sqlx::Row;

use crate::{Database, StorageError};

/// A check to be kept.
#[derive(Debug, Clone)]
pub struct NewDomainCheck {
    /// The domain of From, in ASCII.
    pub domain: String,
    /// Whether it passed.
    pub passed: bool,
    /// When, business time.
    pub checked_at: DateTime<Utc>,
    /// What was found, as the command answers it.
    pub findings: serde_json::Value,
}

/// What is remembered of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainCheck {
    /// Whether the domain passed.
    pub passed: bool,
    /// When, business time.
    pub checked_at: DateTime<Utc>,
}

impl Database {
    /// Keeps a check.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn record_domain_check(&self, check: &NewDomainCheck) -> Result<(), StorageError> {
        sqlx::query(
            "INSERT INTO domain_checks (domain, passed, checked_at, findings)
             VALUES ($1, $2, $3, $4)",
        )
        .bind(&check.domain)
        .bind(check.passed)
        .bind(check.checked_at)
        .bind(&check.findings)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// The last check of a domain, if there was one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn last_domain_check(
        &self,
        domain: &str,
    ) -> Result<Option<DomainCheck>, StorageError> {
        let row = sqlx::query(
            "SELECT passed, checked_at FROM domain_checks
              WHERE domain = $1 ORDER BY recorded_at DESC LIMIT 1",
        )
        .bind(domain)
        .fetch_optional(self.pool())
        .await?;
        row.map(|row| {
            Ok(DomainCheck {
                passed: row.try_get("passed")?,
                checked_at: row.try_get("checked_at")?,
            })
        })
        .transpose()
    }
}
