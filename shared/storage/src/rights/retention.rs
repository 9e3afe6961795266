//! What is kept longer than it has to be: candidates by their last use, and letting go of them
//! (PRV-13). Which ones, the schedule says (`domain::retention`).

use chrono::{DateTime, Months, NaiveDate, Utc};
use domain::EventId;
use domain::retention::{Kept, Schedule};
use jiff::civil::Date;
use serde_json::Value;
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, Row};

use crate::words::to_jiff;
use crate::{Database, StorageError};

/// Rows looked at with one statement.
const PAGE: i64 = 1000;

/// What happened with a record last, where its person is, and whether a legal hold names the person;
/// `over` when it is of no use any more. A consent is in force until it is withdrawn for everything it
/// covers, has ended, or its person is gone.
const CONSENTS: &str = "
    SELECT c.id, k.country,
           greatest(c.given_at, c.expires_at,
                    (SELECT max(w.withdrawn_at) FROM consent_withdrawals w
                      WHERE w.contact_id = c.contact_id),
                    (SELECT max(t.sent_at) FROM touches t
                      WHERE t.contact_id = c.contact_id AND contact_channel_of(t.channel) IN
                            (SELECT u.channel FROM consent_uses u WHERE u.consent_id = c.id)))
               AS last_at
      FROM consents c LEFT JOIN contacts k ON k.id = c.contact_id
     WHERE c.given_at < $1
       AND (k.id IS NULL OR c.expires_at <= $2 OR NOT EXISTS (
            SELECT FROM consent_uses u
             WHERE u.consent_id = c.id AND NOT EXISTS (
                   SELECT FROM consent_withdrawals w
                    WHERE w.contact_id = c.contact_id AND w.channel = u.channel
                      AND w.purpose = u.purpose AND w.withdrawn_at >= c.given_at)))
       AND NOT EXISTS (SELECT FROM legal_holds(c.contact_id))";
const WITHDRAWALS: &str = "
    SELECT c.id, k.country, c.withdrawn_at AS last_at
      FROM consent_withdrawals c LEFT JOIN contacts k ON k.id = c.contact_id
     WHERE c.withdrawn_at < $1 AND c.withdrawn_at <= $2
       AND NOT EXISTS (SELECT FROM legal_holds(c.contact_id))
       AND NOT EXISTS (SELECT FROM consents g JOIN consent_uses u ON u.consent_id = g.id
                        WHERE g.contact_id = c.contact_id AND u.channel = c.channel
                          AND u.purpose = c.purpose AND g.given_at <= c.withdrawn_at)";
const REQUESTS: &str = "
    SELECT c.id, k.country, e.happened_on::timestamptz AS last_at
      FROM rights_requests c
      JOIN rights_request_events e ON e.request_id = c.id AND e.step IN ('answered', 'refused')
      LEFT JOIN contacts k ON k.id = c.contact_id
     WHERE e.happened_on < $1 AND e.happened_on <= $2
       AND NOT EXISTS (SELECT FROM legal_holds(c.contact_id))";
const TASKS: &str = "
    SELECT c.id, k.country, coalesce(c.closed_at, c.due_at) AS last_at
      FROM tasks c LEFT JOIN contacts k ON k.id = c.contact_id
     WHERE coalesce(c.closed_at, c.due_at) < $1 AND c.due_at <= $2 AND c.state <> 'open'
       AND NOT EXISTS (SELECT FROM legal_holds(c.contact_id))";

const TESTS: &str = "
    SELECT c.id, k.country, c.asked_at AS last_at
      FROM test_sends c LEFT JOIN contacts k ON k.id = c.contact_id
     WHERE c.asked_at < $1 AND c.asked_at <= $2
       AND NOT EXISTS (SELECT FROM legal_holds(c.contact_id))";

/// What a run let go of, or would.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Retired {
    /// Legal bases.
    pub consents: u64,
    /// Withdrawals.
    pub withdrawals: u64,
    /// Requests.
    pub requests: u64,
    /// Tasks.
    pub tasks: u64,
    /// Tests people sent to themselves.
    pub tests: u64,
    /// Months of history that were detached, as `touches 2019-01`.
    pub months: Vec<String>,
}

impl Database {
    /// Lets go of everything whose time is over by `now`, or counts it. For the role of compliance.
    /// Safe to repeat, and to be cancelled: each page is a statement of its own.
    ///
    /// # Errors
    /// When the database does not answer, or the role may not.
    pub async fn retire(
        &self,
        schedule: &Schedule,
        now: DateTime<Utc>,
        dry_run: bool,
    ) -> Result<Retired, StorageError> {
        Ok(Retired {
            consents: self.retire_kind(schedule, Kept::Consents, now, dry_run).await?,
            withdrawals: self.retire_kind(schedule, Kept::Withdrawals, now, dry_run).await?,
            requests: self.retire_kind(schedule, Kept::Requests, now, dry_run).await?,
            tasks: self.retire_kind(schedule, Kept::Tasks, now, dry_run).await?,
            tests: self.retire_kind(schedule, Kept::Tests, now, dry_run).await?,
            months: self.detach_months(schedule, now, dry_run).await?,
        })
    }

    /// Notes that retention ran, under which schedule (its SHA-256), and what it let go of.
    ///
    /// # Errors
    /// When the database does not answer, or the role may not.
    pub async fn note_retention(
        &self,
        actor: &str,
        schedule_hash: &[u8],
        retired: &Retired,
    ) -> Result<(), StorageError> {
        sqlx::query(
            "INSERT INTO retention_runs (id, actor, schedule_hash, counts) VALUES ($1, $2, $3, $4)",
        )
        .bind(EventId::new().as_uuid())
        .bind(actor)
        .bind(schedule_hash)
        .bind(Json(serde_json::to_value(retired).unwrap_or(Value::Null)))
        .execute(self.pool())
        .await?;
        Ok(())
    }

    async fn retire_kind(
        &self,
        schedule: &Schedule,
        what: Kept,
        now: DateTime<Utc>,
        dry_run: bool,
    ) -> Result<u64, StorageError> {
        let (select, kind) = match what {
            Kept::Consents => (CONSENTS, "consents"),
            Kept::Withdrawals => (WITHDRAWALS, "consent_withdrawals"),
            Kept::Requests => (REQUESTS, "requests"),
            Kept::Tasks => (TASKS, "tasks"),
            Kept::Tests => (TESTS, "tests"),
            Kept::History => return Ok(0),
        };
        let Some(before) = schedule.shortest(what).and_then(|months| months_before(now, months))
        else {
            return Ok(0);
        };
        let today = to_jiff(now.date_naive());
        let page = format!(
            "SELECT * FROM ({select}) candidate WHERE $3::uuid IS NULL OR id > $3 ORDER BY id LIMIT $4"
        );
        let (mut after, mut count): (Option<uuid::Uuid>, u64) = (None, 0);
        loop {
            let rows = sqlx::query(AssertSqlSafe(page.clone()))
                .bind(before)
                .bind(now)
                .bind(after)
                .bind(PAGE)
                .fetch_all(self.pool())
                .await?;
            let mut over: Vec<uuid::Uuid> = Vec::new();
            for row in &rows {
                let id: uuid::Uuid = row.try_get("id")?;
                let country: Option<&str> = row.try_get("country")?;
                let last: DateTime<Utc> = row.try_get("last_at")?;
                let last: Date = to_jiff(last.date_naive());
                if schedule.keep_until(what, country, last).is_some_and(|until| until < today) {
                    over.push(id);
                }
                after = Some(id);
            }
            count += over.len() as u64;
            if !dry_run && !over.is_empty() {
                sqlx::query("SELECT retire_rows($1, $2)")
                    .bind(kind)
                    .bind(&over)
                    .execute(self.pool())
                    .await?;
            }
            if rows.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) {
                return Ok(count);
            }
        }
    }

    /// Detaches whole months that are older than the period of the history.
    async fn detach_months(
        &self,
        schedule: &Schedule,
        now: DateTime<Utc>,
        dry_run: bool,
    ) -> Result<Vec<String>, StorageError> {
        let Some(before) =
            schedule.shortest(Kept::History).and_then(|months| months_before(now, months))
        else {
            return Ok(Vec::new());
        };
        let mut detached = Vec::new();
        for parent in ["touch_events", "touches"] {
            let names: Vec<String> = sqlx::query_scalar(
                "SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                  WHERE i.inhparent = to_regclass('public.' || $1) ORDER BY c.relname",
            )
            .bind(parent)
            .fetch_all(self.pool())
            .await?;
            for name in names {
                let month = name.strip_prefix(parent).and_then(month_of_partition);
                // A month is over when the next one has begun.
                let is_old = |month: NaiveDate| month + Months::new(1) <= before.date_naive();
                let Some(month) = month.filter(|month| is_old(*month)) else { continue };
                let done: bool = if dry_run {
                    true
                } else {
                    sqlx::query_scalar("SELECT detach_month($1, $2)")
                        .bind(parent)
                        .bind(month)
                        .fetch_one(self.pool())
                        .await?
                };
                if done {
                    detached.push(format!("{parent} {}", month.format("%Y-%m")));
                }
            }
        }
        Ok(detached)
    }
}

fn months_before(now: DateTime<Utc>, months: i32) -> Option<DateTime<Utc>> {
    now.checked_sub_months(Months::new(u32::try_from(months).ok()?))
}

/// The month in the ending of a partition's name, `_2026_06`.
fn month_of_partition(ending: &str) -> Option<NaiveDate> {
    let (year, month) = ending.strip_prefix('_')?.split_once('_')?;
    NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, 1)
}
