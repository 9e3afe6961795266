//! Presence: each process that joins says every ten seconds that it is there, by the database's
//! clock, and leaves with a clean stop. Nothing decides by it; it is for people to look at.

use std::future::Future;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::claims::interval;
use crate::{Database, StorageError};

/// Between two reports of a member.
pub const REPORT_EVERY: Duration = Duration::from_secs(10);
/// A member that has been silent for longer is shown as lost: two reports in a row are missing.
pub const LOST_AFTER: Duration = Duration::from_secs(30);
/// A member that has been silent for longer is forgotten.
pub const FORGOTTEN_AFTER: Duration = Duration::from_secs(24 * 3600);

/// What a process says of itself.
#[derive(Debug, Clone)]
pub struct Presence {
    /// Its name in leases and history, unique among running processes.
    pub name: String,
    /// Which service it is: `scheduler`, `email-worker`, `inbound`, `console` …
    pub service: String,
    /// The program's version.
    pub version: String,
    /// The machine it runs on.
    pub host: String,
}

/// Where Linux keeps the machine's name; in a container, the container's.
const HOST_NAME: &str = "/proc/sys/kernel/hostname";

impl Presence {
    /// A service of this process. `name` is unique among running processes.
    #[must_use]
    pub fn of(service: &str, name: &str, version: &str) -> Self {
        let read = std::fs::read_to_string(HOST_NAME).unwrap_or_default();
        let host = read.trim();
        Self {
            name: name.to_owned(),
            service: service.to_owned(),
            version: version.to_owned(),
            host: if host.is_empty() { "unknown" } else { host }.to_owned(),
        }
    }
}

/// A name for a service of this process that no other running one has.
#[must_use]
pub fn unique_name(service: &str) -> String {
    let id = uuid::Uuid::now_v7().simple().to_string();
    format!("{service}-{}-{}", std::process::id(), &id[id.len() - 6..])
}

/// A member as people see it.
#[derive(Debug, Clone, Serialize)]
pub struct Member {
    /// Its name in leases and history.
    pub name: String,
    /// Which service it is.
    pub service: String,
    /// The program's version.
    pub version: String,
    /// The machine it runs on.
    pub host: String,
    /// Since when it is there, by the database's clock.
    pub started_at: DateTime<Utc>,
    /// When it was last heard of, by the same clock.
    pub seen_at: DateTime<Utc>,
    /// Whether it has been silent for longer than [`LOST_AFTER`]: it died, or is cut off.
    pub lost: bool,
    /// What it says of itself.
    pub facts: serde_json::Value,
    /// Touches it has claimed and not recorded.
    pub in_hand: i64,
}

impl Database {
    /// Reports a process as present, with `facts` about itself (an object; no personal data).
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn report_member(
        &self,
        presence: &Presence,
        facts: &serde_json::Value,
    ) -> Result<(), StorageError> {
        sqlx::query("SELECT report_member($1, $2, $3, $4, $5)")
            .bind(&presence.name)
            .bind(&presence.service)
            .bind(&presence.version)
            .bind(&presence.host)
            .bind(facts)
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// Takes a process out of the list; one that is not there is no error.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn leave_fleet(&self, name: &str) -> Result<(), StorageError> {
        sqlx::query("SELECT leave_fleet($1)").bind(name).execute(self.pool()).await?;
        Ok(())
    }

    /// Reports a process as present every ten seconds until `stopped`, then takes it out. Whoever
    /// has no `fleet::Member` runs this as a task of its own. What fails is tried again with the
    /// next report: presence keeps nothing from working.
    pub async fn stay_present(
        &self,
        presence: Presence,
        facts: impl Fn() -> serde_json::Value + Send,
        stopped: impl Future<Output = ()> + Send,
    ) {
        let mut stopped = std::pin::pin!(stopped);
        let mut reports = tokio::time::interval(REPORT_EVERY);
        reports.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = &mut stopped => break,
                _ = reports.tick() => {}
            }
            // Awaited to its end, not selected on: a cancelled statement costs a connection.
            let _ = self.report_member(&presence, &facts()).await;
        }
        let _ = self.leave_fleet(&presence.name).await;
    }

    /// Forgets members that have been silent for longer than [`FORGOTTEN_AFTER`]. Returns how many.
    ///
    /// # Errors
    /// When the database does not answer, or the role is not the scheduler's.
    pub async fn forget_members(&self) -> Result<i64, StorageError> {
        Ok(sqlx::query_scalar("SELECT forget_members($1)")
            .bind(interval(FORGOTTEN_AFTER))
            .fetch_one(self.pool())
            .await?)
    }

    /// Everybody who is there or was lately, by service and name.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn members(&self) -> Result<Vec<Member>, StorageError> {
        let rows = sqlx::query(
            "SELECT m.name, m.service, m.version, m.host, m.started_at, m.seen_at, m.facts,
                    m.seen_at < clock_timestamp() - $1 AS lost, coalesce(f.in_hand, 0) AS in_hand
               FROM fleet_members m
               LEFT JOIN (SELECT worker, count(*) AS in_hand FROM inflight GROUP BY worker) f
                 ON f.worker = m.name
              ORDER BY m.service, m.name",
        )
        .bind(interval(LOST_AFTER))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(member).collect()
    }
}

fn member(row: &PgRow) -> Result<Member, StorageError> {
    Ok(Member {
        name: row.try_get("name")?,
        service: row.try_get("service")?,
        version: row.try_get("version")?,
        host: row.try_get("host")?,
        started_at: row.try_get("started_at")?,
        seen_at: row.try_get("seen_at")?,
        lost: row.try_get("lost")?,
        facts: row.try_get("facts")?,
        in_hand: row.try_get("in_hand")?,
    })
}
