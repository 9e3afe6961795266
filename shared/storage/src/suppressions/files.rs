//! Files that are put on the list or compared with it in the console: how far each has come, and what
//! came of it. They are forgotten after a day.

use chrono::{DateTime, Utc};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::{Database, StorageError};

/// A file to be worked on.
#[derive(Debug, Clone)]
pub struct NewListFile {
    /// Whether it is put on the list; else it is compared with it.
    pub is_import: bool,
    /// What it is called.
    pub name: String,
    /// Who brings it.
    pub actor: String,
    /// Its size.
    pub bytes: u64,
}

/// A file, and how far it has come.
#[derive(Debug, Clone)]
pub struct ListFile {
    /// Its identity.
    pub id: Uuid,
    /// Whether it is put on the list; else it is compared with it.
    pub is_import: bool,
    /// What it is called.
    pub name: String,
    /// Who brought it.
    pub actor: String,
    /// When.
    pub started_at: DateTime<Utc>,
    /// Rows that are done.
    pub rows: u64,
    /// How much of it is read, in percent.
    pub percent: u64,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// Whether the process that worked on it has fallen silent.
    pub is_lost: bool,
    /// What came of it, counts by name.
    pub outcome: Option<serde_json::Value>,
    /// Why it cannot be used.
    pub problem: Option<String>,
    /// Whether there is a file to fetch.
    pub has_result: bool,
}

/// How a file ended.
#[derive(Debug, Clone)]
pub enum FileEnd {
    /// Well: counts by name, and a CSV, if there is one.
    Done(serde_json::Value, Option<Vec<u8>>),
    /// It cannot be used, and why, for people.
    Unusable(String),
}

const COLUMNS: &str = "SELECT id, is_import, name, actor, started_at, done_rows, ended_at, outcome, problem,
    least(100, 100 * done_bytes / greatest(all_bytes, 1)) AS percent, result IS NOT NULL AS has_result,
    ended_at IS NULL AND told_at < clock_timestamp() - interval '2 minutes' AS is_lost
    FROM list_files";

impl Database {
    /// Notes a file, and forgets those of more than a day ago.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin_list_file(&self, new: &NewListFile) -> Result<Uuid, StorageError> {
        let id = Uuid::now_v7();
        sqlx::query(
            "DELETE FROM list_files WHERE started_at < clock_timestamp() - interval '1 day'",
        )
        .execute(self.pool())
        .await?;
        sqlx::query(
            "INSERT INTO list_files (id, is_import, name, actor, all_bytes)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(id)
        .bind(new.is_import)
        .bind(&new.name)
        .bind(&new.actor)
        .bind(i64::try_from(new.bytes).unwrap_or(i64::MAX))
        .execute(self.pool())
        .await?;
        Ok(id)
    }

    /// Says how far a file has come.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn tell_list_file(
        &self,
        id: Uuid,
        rows: u64,
        bytes: u64,
    ) -> Result<(), StorageError> {
        sqlx::query(
            "UPDATE list_files SET done_rows = $2, done_bytes = $3, told_at = clock_timestamp()
              WHERE id = $1 AND ended_at IS NULL",
        )
        .bind(id)
        .bind(i64::try_from(rows).unwrap_or(i64::MAX))
        .bind(i64::try_from(bytes).unwrap_or(i64::MAX))
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// Says how a file ended.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn end_list_file(&self, id: Uuid, end: FileEnd) -> Result<(), StorageError> {
        let (outcome, problem, result) = match end {
            FileEnd::Done(outcome, result) => (Some(outcome), None, result),
            FileEnd::Unusable(problem) => (None, Some(problem), None),
        };
        sqlx::query(
            "UPDATE list_files SET ended_at = clock_timestamp(), outcome = $2, problem = $3,
                    result = $4 WHERE id = $1",
        )
        .bind(id)
        .bind(outcome)
        .bind(problem)
        .bind(result)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// The files of the last day, the newest first, 50 at most.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list_files(&self) -> Result<Vec<ListFile>, StorageError> {
        let statement = format!("{COLUMNS} ORDER BY started_at DESC LIMIT 50");
        let rows = sqlx::query(sqlx::AssertSqlSafe(statement)).fetch_all(self.pool()).await?;
        rows.iter().map(file).collect()
    }

    /// One file.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list_file(&self, id: Uuid) -> Result<Option<ListFile>, StorageError> {
        let statement = format!("{COLUMNS} WHERE id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(id)
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(file).transpose()
    }

    /// What came back of a file: its name, and a CSV.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list_file_result(&self, id: Uuid) -> Result<Option<Vec<u8>>, StorageError> {
        let found: Option<Option<Vec<u8>>> =
            sqlx::query_scalar("SELECT result FROM list_files WHERE id = $1")
                .bind(id)
                .fetch_optional(self.pool())
                .await?;
        Ok(found.flatten())
    }
}

fn file(row: &PgRow) -> Result<ListFile, StorageError> {
    let count = |name: &str| row.try_get::<i64, _>(name).map(i64::unsigned_abs);
    Ok(ListFile {
        id: row.try_get("id")?,
        is_import: row.try_get("is_import")?,
        name: row.try_get("name")?,
        actor: row.try_get("actor")?,
        started_at: row.try_get("started_at")?,
        rows: count("done_rows")?,
        percent: count("percent")?,
        ended_at: row.try_get("ended_at")?,
        is_lost: row.try_get("is_lost")?,
        outcome: row.try_get("outcome")?,
        problem: row.try_get("problem")?,
        has_result: row.try_get("has_result")?,
    })
}
