//! The audit log: its end, its links, its seals, and whether all of it is still what it was.
//!
//! The chain is written by triggers (migration `create_audit`), in the transaction of each change;
//! this module reads it. What proves it uses PostgreSQL's own functions alone, none of ours: whoever
//! could change a row could change those, too.

mod checks;
mod day;
mod guards;
mod latency;
mod log;
mod seals;
mod sources;
mod verify;

use domain::audit::ChainHead;
use sqlx::Row;
use sqlx::postgres::PgRow;

pub use checks::{AuditCheck, CheckState};
pub use day::{DayOf, DecidedThen, Decision, Enrolled, InForce};
pub use latency::{OptOutLatency, SlowOptOut};
pub use log::{Link, LinkFilter};
pub use verify::{Broken, Verification};

use crate::{Database, StorageError};

/// Links that are linked with one statement.
const LINKED_AT_ONCE: i32 = 1000;

impl Database {
    /// Links what waits for it, because another commit was linking at that moment. Returns how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn link_audit(&self) -> Result<u64, StorageError> {
        let mut linked = 0;
        loop {
            let n: i64 = sqlx::query_scalar("SELECT audit_link($1)")
                .bind(LINKED_AT_ONCE)
                .fetch_one(self.pool())
                .await?;
            linked += n.unsigned_abs();
            if n < i64::from(LINKED_AT_ONCE) {
                return Ok(linked);
            }
        }
    }

    /// The end of the chain, with everything linked that waited.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn audit_head(&self) -> Result<ChainHead, StorageError> {
        self.link_audit().await?;
        let row = sqlx::query("SELECT seq, hash FROM audit_head").fetch_one(self.pool()).await?;
        chain_head(&row)
    }

    /// Seals the decisions of the gate whose range is closed (AUD-01), about once a minute however
    /// often it is called, and links what waits. Returns how many events were sealed.
    ///
    /// # Errors
    /// When the database does not answer; call again.
    pub async fn seal_events(&self) -> Result<u64, StorageError> {
        self.seal_events_every(50, 10).await
    }

    /// The same with other times, in seconds: between two cuts, and between the end of what is
    /// sealed and its cut.
    ///
    /// # Errors
    /// When the database does not answer; call again.
    pub async fn seal_events_every(&self, pause: u32, grace: u32) -> Result<u64, StorageError> {
        let sealed: i64 = sqlx::query_scalar(
            "SELECT seal_touch_events(make_interval(secs => $1), make_interval(secs => $2))",
        )
        .bind(f64::from(pause))
        .bind(f64::from(grace))
        .fetch_one(self.pool())
        .await?;
        self.link_audit().await?;
        Ok(sealed.unsigned_abs())
    }
}

fn chain_head(row: &PgRow) -> Result<ChainHead, StorageError> {
    let hash: &[u8] = row.try_get("hash")?;
    let seq: i64 = row.try_get("seq")?;
    let wrong = |_| StorageError::unreadable("hash", "it is not 32 bytes long");
    Ok(ChainHead { seq: seq.unsigned_abs(), hash: hash.try_into().map_err(wrong)? })
}
