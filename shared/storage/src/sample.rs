//! The sample data: what there is of it, the work of loading and removing it, who did either.
//!
//! Who is of the sample is marked when stored, and by the mark alone it is removed. One process works
//! at it at a time: a row that is told of holds the others off, and one nobody tells of any more is
//! taken by whoever begins next.

use domain::AddressKeyer;
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use uuid::Uuid;

use crate::contacts::{Imported, NewContact};
use crate::{Database, StorageError};

/// How much there is of the sample, and what of people's own hangs on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct SampleCounts {
    /// People.
    pub contacts: i64,
    /// Their enrolments, ended ones among them.
    pub enrolments: i64,
    /// Touches that have not come to an end.
    pub open_touches: i64,
    /// Tasks, done ones among them.
    pub tasks: i64,
    /// Agents.
    pub agents: i64,
    /// Contacts of people's own that one of these agents has; they stay, and have none.
    pub own_contacts: i64,
}

/// Work in hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleWorkId(Uuid);

/// Loading or removing, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleWork {
    /// Which one.
    pub id: SampleWorkId,
    /// Removing; else loading.
    pub is_removal: bool,
    /// Who wanted it.
    pub actor: String,
    /// How far it is.
    pub percent: i16,
    /// Why it ended before its end.
    pub problem: Option<String>,
    /// Nobody has told of it for two minutes: its process is gone.
    pub is_lost: bool,
}

impl SampleWork {
    /// Whether a process is at it.
    #[must_use]
    pub const fn is_running(&self) -> bool {
        self.problem.is_none() && !self.is_lost
    }
}

/// What a page says about the sample; cheap to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleStanding {
    /// Whether there is anything of the sample.
    pub is_there: bool,
    /// Whether there is any contact at all.
    pub has_contacts: bool,
    /// What is being done, or broke off.
    pub work: Option<SampleWork>,
}

impl SampleStanding {
    /// Whether a process loads or removes at this moment.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.work.as_ref().is_some_and(SampleWork::is_running)
    }

    /// Whether it may be loaded: where nobody has brought contacts, or a load broke off.
    #[must_use]
    pub fn may_load(&self) -> bool {
        !self.is_busy() && (self.work.is_some() || !self.is_there && !self.has_contacts)
    }
}

impl Database {
    /// Imports people of the sample, as [`Database::import_contacts`] does, and marks them. They are
    /// nobody else: a contact somebody has brought is never one of them.
    ///
    /// # Errors
    /// When the database does not answer; repeat the batch.
    pub async fn import_sample(
        &self,
        keyer: &AddressKeyer,
        contacts: &[NewContact],
    ) -> Result<Vec<Imported>, StorageError> {
        let mut run = self.begin_import().await?;
        run.is_sample = true;
        self.import_rows(run, keyer, contacts).await
    }

    /// What there is of the sample.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sample_standing(&self) -> Result<SampleStanding, StorageError> {
        let row = sqlx::query(
            "SELECT EXISTS (SELECT FROM contacts WHERE is_sample)
                    OR EXISTS (SELECT FROM agents WHERE is_sample) AS is_there,
                    EXISTS (SELECT FROM contacts) AS has_contacts,
                    w.id, w.is_removal, w.actor, w.percent, w.problem,
                    w.told_at < clock_timestamp() - interval '2 minutes' AS is_lost
               FROM (SELECT) AS nothing LEFT JOIN sample_work w ON true",
        )
        .fetch_one(self.pool())
        .await?;
        Ok(SampleStanding {
            is_there: row.try_get("is_there")?,
            has_contacts: row.try_get("has_contacts")?,
            work: work(&row)?,
        })
    }

    /// How much there is of the sample.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sample_counts(&self) -> Result<SampleCounts, StorageError> {
        let row = sqlx::query(include_str!("sql/sample_counts.sql")).fetch_one(self.pool()).await?;
        Ok(SampleCounts {
            contacts: row.try_get("contacts")?,
            enrolments: row.try_get("enrolments")?,
            open_touches: row.try_get("open_touches")?,
            tasks: row.try_get("tasks")?,
            agents: row.try_get("agents")?,
            own_contacts: row.try_get("own_contacts")?,
        })
    }

    /// Begins to load or to remove, and notes who wants it; nothing when somebody is at either.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin_sample_work(
        &self,
        is_removal: bool,
        actor: &str,
    ) -> Result<Option<SampleWorkId>, StorageError> {
        let counts = self.sample_counts().await?;
        let begun: Option<Uuid> = sqlx::query_scalar(
            "WITH begun AS (
                 INSERT INTO sample_work AS w (id, is_removal, actor) VALUES ($1, $2, $3)
                 ON CONFLICT (only_row) DO UPDATE
                    SET id = $1, is_removal = $2, actor = $3, begun_at = clock_timestamp(),
                        told_at = clock_timestamp(), percent = 0, problem = NULL
                  WHERE w.problem IS NOT NULL
                     OR w.told_at < clock_timestamp() - interval '2 minutes'
                 RETURNING w.id
             ),
             noted AS (
                 INSERT INTO sample_runs (action, actor, counts)
                 SELECT CASE WHEN $2 THEN 'remove' ELSE 'load' END, $3, $4 FROM begun
             )
             SELECT id FROM begun",
        )
        .bind(Uuid::now_v7())
        .bind(is_removal)
        .bind(actor)
        .bind(Json(counts))
        .fetch_optional(self.pool())
        .await?;
        Ok(begun.map(SampleWorkId))
    }

    /// Says how far the work is; false when another process has taken it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn tell_sample_work(
        &self,
        id: SampleWorkId,
        percent: i16,
    ) -> Result<bool, StorageError> {
        let told = sqlx::query(
            "UPDATE sample_work SET percent = $2, told_at = clock_timestamp() WHERE id = $1",
        )
        .bind(id.0)
        .bind(percent.clamp(0, 100))
        .execute(self.pool())
        .await?;
        Ok(told.rows_affected() > 0)
    }

    /// Notes that the work is done, with how much there was before a removal, or is after loading.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn end_sample_work(
        &self,
        id: SampleWorkId,
        counts: &SampleCounts,
    ) -> Result<(), StorageError> {
        sqlx::query(
            "WITH ended AS (DELETE FROM sample_work WHERE id = $1 RETURNING is_removal, actor)
             INSERT INTO sample_runs (action, actor, counts)
             SELECT CASE WHEN is_removal THEN 'removed' ELSE 'loaded' END, actor, $2
               FROM ended",
        )
        .bind(id.0)
        .bind(Json(counts))
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// Notes why the work broke off; it may be begun again.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn break_sample_work(
        &self,
        id: SampleWorkId,
        problem: &str,
    ) -> Result<(), StorageError> {
        sqlx::query("UPDATE sample_work SET problem = $2 WHERE id = $1")
            .bind(id.0)
            .bind(problem)
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// Removes up to `most` people of the sample with everything about them, but for those to whom
    /// something is being handed over. Returns how many went, and how many are left. For the
    /// console's role.
    ///
    /// # Errors
    /// When the database does not answer, or the role may not.
    pub async fn remove_sample_people(
        &self,
        most: i32,
        actor: &str,
    ) -> Result<(i64, i64), StorageError> {
        let row = sqlx::query("SELECT removed, remaining FROM remove_sample_people($1, $2)")
            .bind(most)
            .bind(actor)
            .fetch_one(self.pool())
            .await?;
        Ok((row.try_get("removed")?, row.try_get("remaining")?))
    }

    /// Removes the agents of the sample, once its people are gone. What people gave them is nobody's
    /// then. Returns how many went. For the console's role.
    ///
    /// # Errors
    /// When the database does not answer, the role may not, or somebody of the sample is left.
    pub async fn remove_sample_agents(&self) -> Result<i64, StorageError> {
        let statement = "SELECT remove_sample_agents()";
        Ok(sqlx::query_scalar(statement).fetch_one(self.pool()).await?)
    }
}

fn work(row: &PgRow) -> Result<Option<SampleWork>, StorageError> {
    let Some(id) = row.try_get("id")? else { return Ok(None) };
    Ok(Some(SampleWork {
        id: SampleWorkId(id),
        is_removal: row.try_get("is_removal")?,
        actor: row.try_get("actor")?,
        percent: row.try_get("percent")?,
        problem: row.try_get("problem")?,
        is_lost: row.try_get("is_lost")?,
    }))
}
