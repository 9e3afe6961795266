//! Migrations: forward only, embedded, run by `touchline migrate`.

use include_dir::{Dir, include_dir};
use sqlx::migrate::{Migration, MigrationType, Migrator};

use crate::{Database, StorageError};

static MIGRATIONS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../migrations");

impl Database {
    /// Brings the schema up to date and prepares the partitions around `today`. Several processes
    /// may call it at once; they take turns. Returns how many migrations there are in all.
    ///
    /// # Errors
    /// When a migration fails, or one that was applied has been edited since.
    pub async fn migrate(&self, today: chrono::NaiveDate) -> Result<usize, StorageError> {
        let migrations = migrations()?;
        let count = migrations.len();
        Migrator::with_migrations(migrations).run(self.pool()).await.map_err(
            |error| match error {
                sqlx::migrate::MigrateError::Execute(error) => StorageError::from(error),
                other => StorageError::Schema(other.to_string()),
            },
        )?;
        self.ensure_event_months(today).await?;
        let ahead = (0..14).map(|month| today + chrono::Months::new(month));
        self.ensure_touch_months(ahead).await?;
        Ok(count)
    }

    /// Checks that the schema is the one this program knows.
    ///
    /// # Errors
    /// [`StorageError::Schema`] when migrations are missing or unknown.
    pub async fn check_schema(&self) -> Result<(), StorageError> {
        let known = migrations()?.len();
        let applied: Result<i64, _> =
            sqlx::query_scalar("SELECT count(*) FROM _sqlx_migrations WHERE success")
                .fetch_one(self.pool())
                .await;
        match applied {
            Ok(applied) if usize::try_from(applied) == Ok(known) => Ok(()),
            Ok(applied) => Err(StorageError::Schema(format!(
                "it has {applied} migrations, the program knows {known}"
            ))),
            // No table yet, or not even the role that a server's first migration makes.
            Err(sqlx::Error::Database(error))
                if matches!(error.code().as_deref(), Some("42P01" | "22023" | "42704")) =>
            {
                Err(StorageError::Schema("it is empty".to_owned()))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// A short name for the content of all migrations: another content has another name.
#[must_use]
pub fn schema_fingerprint() -> String {
    use sha2::{Digest, Sha256};
    let mut digest = Sha256::new();
    for file in MIGRATIONS.files() {
        digest.update(file.contents());
    }
    domain::hex::encode(&digest.finalize()[..6])
}

fn migrations() -> Result<Vec<Migration>, StorageError> {
    let mut migrations = Vec::new();
    for file in MIGRATIONS.files() {
        let name = file.path().file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let unreadable = || StorageError::Schema(format!("migration file {name} is misnamed"));
        let (version, description) = name.split_once('_').ok_or_else(unreadable)?;
        migrations.push(Migration::new(
            version.parse().map_err(|_| unreadable())?,
            description.replace('_', " ").into(),
            MigrationType::Simple,
            sqlx::AssertSqlSafe(file.contents_utf8().ok_or_else(unreadable)?).into_sql_str(),
            false,
        ));
    }
    migrations.sort();
    Ok(migrations)
}

use sqlx::SqlSafeStr as _;
