//! How the fleet is, in one cheap read: what waits, what is in hand, what was done, what waits for a
//! person, and the database itself.

use chrono::{DateTime, Utc};
use domain::desk::Attention;
use domain::{Lane, Medium, TouchState};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::members::Member;
use crate::pauses::OpenPause;
use crate::{Database, StorageError};

/// Rows of one kind that are counted at most; where there are more, that is all a page needs to say.
pub const COUNTED_AT_MOST: i64 = 10_000;

/// The fleet at one moment.
#[derive(Debug, Clone, Serialize)]
pub struct FleetState {
    /// The database's clock.
    pub at: DateTime<Utc>,
    /// Who is there, or was lately.
    pub members: Vec<Member>,
    /// Touches that are due and that no scheduler has taken.
    pub due: DueState,
    /// Hints that no worker has claimed, per queue; queues without any are not named.
    pub queues: Vec<QueueState>,
    /// Touches that workers have claimed and not recorded.
    pub in_hand: InHand,
    /// What waits for a person.
    pub desk: Vec<DeskCount>,
    /// What attempts led to lately. Counted by the scheduler, up to `counted_until`.
    pub activity: Vec<Activity>,
    /// Up to when `activity` is counted; where no scheduler runs it stands still.
    pub counted_until: DateTime<Utc>,
    /// What people and circuit breakers have stopped.
    pub pauses: Vec<OpenPause>,
    /// The database.
    pub database: DatabaseFacts,
}

/// Touches that are due.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DueState {
    /// How many; [`COUNTED_AT_MOST`] stands for "so many or more".
    pub waiting: i64,
    /// When the oldest was due, business time.
    pub oldest: Option<DateTime<Utc>>,
    /// How late that one is, in seconds.
    #[serde(default)]
    pub late_seconds: i64,
}

/// Hints of one queue, as the database knows them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct QueueState {
    /// Whose queue.
    pub medium: Medium,
    /// Its lane.
    pub lane: Lane,
    /// Hints nobody has claimed; of all queues together [`COUNTED_AT_MOST`] are looked at.
    pub waiting: i64,
    /// Those of them that the broker has not confirmed.
    pub unconfirmed: i64,
    /// When the oldest was written, machine time.
    pub oldest: Option<DateTime<Utc>>,
}

/// Touches in workers' hands.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InHand {
    /// How many.
    pub count: i64,
    /// Those whose lease is over: the sweep settles them within seconds.
    pub expired: i64,
    /// When the first lease ends, machine time.
    pub oldest_lease: Option<DateTime<Utc>>,
}

/// What waits for a person, by reason.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeskCount {
    /// What it waits for.
    pub kind: Attention,
    /// The reason's code.
    pub code: String,
    /// How many; of each kind the newest [`COUNTED_AT_MOST`] are looked at.
    pub count: i64,
}

/// What attempts of one medium led to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Activity {
    /// The medium.
    pub medium: Medium,
    /// The state they led to; `scheduled` is "put off".
    pub state: TouchState,
    /// The hours that began within the last 24, machine time.
    pub day: i64,
    /// The minutes that began within the last hour.
    pub hour: i64,
    /// The last five whole minutes that are counted; a fifth of it is the rate per minute.
    pub five_minutes: i64,
}

/// How the database is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DatabaseFacts {
    /// PostgreSQL's version.
    pub version: String,
    /// All of it on disk, indexes included.
    pub size_bytes: i64,
    /// Connections of clients, ours and others'.
    pub connections_used: i64,
    /// The most there may be.
    pub connections_max: i64,
    /// How long the longest open transaction runs; nothing when there is none, or when the owner of
    /// the schema may not see other logins' (grant it `pg_read_all_stats`).
    pub longest_transaction_seconds: Option<i64>,
    /// Whether it is a standby itself.
    pub in_recovery: bool,
    /// Who replicates from it.
    pub standbys: Vec<Standby>,
    /// How many migrations were run.
    pub migrations: i64,
    /// The last one's timestamp.
    pub last_migration: Option<String>,
}

/// A standby of the database.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Standby {
    /// Its application name.
    pub name: Option<String>,
    /// What it does: `streaming`, `catchup` …
    pub state: Option<String>,
    /// Whether commits wait for it.
    pub synchronous: Option<bool>,
    /// How far behind it is; nothing when idle.
    pub lag_seconds: Option<i64>,
}

impl Database {
    /// How the fleet is at `now` (business time). Cheap enough for a page that asks every second:
    /// nothing it reads grows with contacts or touches.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn fleet_state(&self, now: DateTime<Utc>) -> Result<FleetState, StorageError> {
        let row = sqlx::query(include_str!("../sql/fleet_state.sql"))
            .bind(now)
            .bind(COUNTED_AT_MOST)
            .fetch_one(self.pool())
            .await?;
        let mut due: DueState = part(&row, "due")?;
        due.late_seconds = due.oldest.map_or(0, |oldest| (now - oldest).num_seconds());
        Ok(FleetState {
            at: row.try_get("at")?,
            members: self.members().await?,
            due,
            queues: part(&row, "queues")?,
            in_hand: part(&row, "in_hand")?,
            desk: part(&row, "desk")?,
            activity: part(&row, "activity")?,
            counted_until: row.try_get("counted_until")?,
            pauses: self.open_pauses().await?,
            database: part(&row, "database")?,
        })
    }
}

/// One part of the answer, which comes as JSON.
fn part<T: DeserializeOwned>(row: &PgRow, column: &str) -> Result<T, StorageError> {
    let value: serde_json::Value = row.try_get(column)?;
    serde_json::from_value(value).map_err(|why| StorageError::unreadable(column, why))
}
