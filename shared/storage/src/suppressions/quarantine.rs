//! Rows of a list that are no address (compliance.md SUP-21): kept by the keyed hash of their text;
//! a contact with the same text is held.

use domain::AddressKey;
use domain::suppression::SuppressionReason;

use crate::outcomes::column;
use crate::{Database, StorageError};

impl Database {
    /// Puts rows that are no address into quarantine, by [`domain::AddressKeyer::raw_key`], and puts
    /// the contacts with the same text on the list as persons. Returns how many rows were new.
    ///
    /// # Errors
    /// When the database does not answer; repeat the batch.
    pub async fn quarantine(
        &self,
        rows: &[AddressKey],
        reason: SuppressionReason,
        actor: &str,
        evidence: &str,
    ) -> Result<i64, StorageError> {
        let fresh =
            sqlx::query_scalar("SELECT quarantine($1, $2::text::suppression_reason, $3, $4)")
                .bind(column(rows, |key| key.as_bytes().to_vec()))
                .bind(reason.as_str())
                .bind(actor)
                .bind(evidence)
                .fetch_one(self.pool())
                .await?;
        Ok(fresh)
    }
}
