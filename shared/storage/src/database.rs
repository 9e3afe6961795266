//! The connection pool, and who we are on it.

use std::collections::HashSet;
use std::str::FromStr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{Datelike, NaiveDate};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

use crate::StorageError;

domain::words! {
    /// The database role a service runs under (migration `create_roles`).
    Role, "database role", {
        /// Planning, the outbox, the sweep.
        Scheduler = "touchline_scheduler",
        /// Email touches.
        EmailWorker = "touchline_email_worker",
        /// SMS touches.
        SmsWorker = "touchline_sms_worker",
        /// Touches for a human hand.
        CallWorker = "touchline_call_worker",
        /// The public edge.
        Inbound = "touchline_inbound",
        /// The command line.
        Operator = "touchline_operator",
        /// The command line of a compliance officer: what an operator may, and lifting.
        Compliance = "touchline_compliance",
        /// The console: what an operator may, and keeping users.
        Console = "touchline_console",
    }
}

/// Section `[database]`.
#[derive(Debug, Clone, Deserialize)]
pub struct Settings {
    /// `postgres://…`.
    pub url: SecretString,
    /// The most connections of one process.
    pub max_connections: u32,
    /// How long to wait for a connection.
    pub connect_timeout_seconds: u64,
    /// How long one statement may take.
    pub statement_timeout_seconds: u64,
}

impl Settings {
    /// Settings for a URL, with the defaults of `config.default.toml` for everything else.
    #[must_use]
    pub fn for_url(url: impl Into<String>) -> Self {
        Self {
            url: SecretString::from(url.into()),
            max_connections: 10,
            connect_timeout_seconds: 5,
            statement_timeout_seconds: 30,
        }
    }
}

/// A pool of connections under one role. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Database {
    pool: PgPool,
    known_months: Arc<Mutex<HashSet<NaiveDate>>>,
}

impl Database {
    /// Prepares a pool; connects when first used, so that a service can start before its database.
    ///
    /// # Errors
    /// When the URL cannot be read.
    pub fn new(settings: &Settings, role: Option<Role>) -> Result<Self, StorageError> {
        let statement_timeout = format!("{}s", settings.statement_timeout_seconds);
        let mut options = PgConnectOptions::from_str(settings.url.expose_secret())?
            .application_name(role.map_or("touchline", Role::as_str))
            .options([
                ("statement_timeout", statement_timeout.as_str()),
                // Nothing may hold back vacuum, or locks, while it does nothing (pipeline.md §3.1).
                ("idle_in_transaction_session_timeout", "10s"),
                ("timezone", "UTC"),
                ("jit", "off"),
                // Rows are digested as they are printed.
                ("bytea_output", "hex"),
                ("datestyle", "ISO"),
                ("touchline.version", env!("CARGO_PKG_VERSION")),
            ]);
        if let Some(role) = role {
            options = options.options([("role", role.as_str())]);
        }
        if matches!(role, Some(Role::Operator | Role::Compliance | Role::Console)) {
            // Imports fill tables that were empty when their statements were first planned.
            options = options.options([("plan_cache_mode", "force_custom_plan")]);
        }
        let pool = PgPoolOptions::new()
            .max_connections(settings.max_connections)
            .acquire_timeout(Duration::from_secs(settings.connect_timeout_seconds))
            // A ping before every use costs half of the throughput (pipeline.md §7); a dead
            // connection shows at its first statement and is replaced.
            .test_before_acquire(false)
            .max_lifetime(Duration::from_secs(30 * 60))
            .connect_lazy_with(options);
        Ok(Self { pool, known_months: Arc::default() })
    }

    pub(crate) const fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Whether the database answers; for readiness.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), StorageError> {
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }

    /// Closes every connection.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Checks that the address key is the one this database was set up with, and remembers it for
    /// a fresh database.
    ///
    /// # Errors
    /// [`StorageError::WrongKey`] when it is another one.
    pub async fn check_key(&self, keyer: &domain::AddressKeyer) -> Result<(), StorageError> {
        let ours = keyer.key(domain::AddressKind::Person, "touchline key fingerprint");
        let stored: Option<Vec<u8>> = sqlx::query_scalar("SELECT key_fingerprint FROM deployment")
            .fetch_optional(&self.pool)
            .await?;
        match stored {
            Some(stored) if stored == ours.as_bytes() => Ok(()),
            Some(_) => Err(StorageError::WrongKey),
            None => {
                sqlx::query(
                    "INSERT INTO deployment (key_fingerprint) VALUES ($1) ON CONFLICT DO NOTHING",
                )
                .bind(ours.as_bytes().as_slice())
                .execute(&self.pool)
                .await?;
                Ok(())
            }
        }
    }

    /// Makes sure that the monthly partitions of `touches` for these days exist.
    ///
    /// # Errors
    /// When the database does not answer, or the role may not create partitions.
    pub async fn ensure_touch_months(
        &self,
        days: impl IntoIterator<Item = NaiveDate> + Send,
    ) -> Result<(), StorageError> {
        let missing: Vec<NaiveDate> = {
            let known = self.known_months.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let months: HashSet<NaiveDate> = days.into_iter().map(month_of).collect();
            months.difference(&known).copied().collect()
        };
        if missing.is_empty() {
            return Ok(());
        }
        self.ensure_partitions("touches", &missing).await?;
        let mut known = self.known_months.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        known.extend(missing);
        Ok(())
    }

    /// Makes sure that `touch_events` has partitions from last month to three months ahead of
    /// `today` (machine time). Called by `migrate` and, daily, by the scheduler.
    ///
    /// # Errors
    /// When the database does not answer, or the role may not create partitions.
    pub async fn ensure_event_months(&self, today: NaiveDate) -> Result<(), StorageError> {
        let months: Vec<NaiveDate> = (0..5)
            .map(|ahead| (month_of(today) - chrono::Months::new(1)) + chrono::Months::new(ahead))
            .collect();
        self.ensure_partitions("touch_events", &months).await
    }

    async fn ensure_partitions(
        &self,
        parent: &str,
        months: &[NaiveDate],
    ) -> Result<(), StorageError> {
        sqlx::query("SELECT ensure_partitions($1, $2)")
            .bind(parent)
            .bind(months)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

/// The first day of the day's month: the partition key of a touch.
#[must_use]
pub(crate) fn month_of(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}
