//! What a command works with: the settings, the database, the key of the list.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use bootstrap::Loaded;
use chrono::{DateTime, Utc};
use domain::{AddressKeyer, Clock};
use office::{Connection, Team};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use storage::{Database, Role};

use crate::output::Output;

/// In the data folder of a running `touchline up`: where its database answers.
pub const DATABASE_URL_FILE: &str = "database-url";
/// In the data folder of `touchline up`: the address key it made for itself.
pub const ADDRESS_KEY_FILE: &str = "address-key";

/// In the data folder of `touchline up`: the business time, noted every second.
pub const BUSINESS_TIME_FILE: &str = "business-time";

/// What every command gets.
#[derive(Debug)]
pub struct Session {
    /// The effective settings.
    pub settings: Loaded,
    /// Where answers go.
    pub output: Output,
    /// The data folder named by `--data-dir`.
    pub data_dir: Option<PathBuf>,
}

#[derive(Deserialize)]
struct KeySettings {
    address: SecretString,
}

#[derive(Deserialize)]
struct DataSettings {
    dir: Option<PathBuf>,
}

impl Session {
    /// The database under the operator's role, with schema and address key checked.
    ///
    /// # Errors
    /// When none is set or running, it does not answer, or it does not fit.
    pub async fn connect(&self) -> anyhow::Result<Connection> {
        self.connect_as(Role::Operator).await
    }

    /// The database under a role, with schema and address key checked.
    ///
    /// # Errors
    /// When none is set or running, it does not answer, it does not fit, or whoever the URL names
    /// has not got the role.
    pub async fn connect_as(&self, role: Role) -> anyhow::Result<Connection> {
        let database = Database::new(&self.database_settings()?, Some(role))?;
        let keyer = AddressKeyer::new(self.address_key()?.expose_secret().as_bytes());
        database.check_schema().await?;
        database.check_key(&keyer).await?;
        Ok(Connection { database, keyer })
    }

    /// The database under the role its URL names: for migrations.
    ///
    /// # Errors
    /// When none is set or running.
    pub fn owner(&self) -> anyhow::Result<Database> {
        Ok(Database::new(&self.database_settings()?, None)?)
    }

    /// Section `[team]`.
    ///
    /// # Errors
    /// A value that cannot be read.
    pub fn team(&self) -> anyhow::Result<Team> {
        Ok(self.settings.section("team")?)
    }

    /// The clock of business time: that of the `touchline up` whose database is used, else the
    /// machine's.
    ///
    /// # Errors
    /// When the data folder's clock cannot be read.
    pub fn clock(&self) -> anyhow::Result<Clock> {
        if self.settings.is_set("database.url") {
            return Ok(Clock::system());
        }
        let Some(text) = self.of_running_fleet(BUSINESS_TIME_FILE)? else {
            return Ok(Clock::system());
        };
        let time: DateTime<Utc> = text.expose_secret().parse().with_context(|| {
            format!("{BUSINESS_TIME_FILE} in the data folder does not hold a time")
        })?;
        // Where the fleet's clock is ahead of the machine's, it is a story's; a command is over
        // before it matters how fast that one runs.
        let machine = Clock::system();
        Ok(if time > machine.now() { Clock::fast(time, 1.0, time) } else { machine })
    }

    fn database_settings(&self) -> anyhow::Result<storage::Settings> {
        let mut settings: storage::Settings = self.settings.section("database")?;
        if settings.url.expose_secret().is_empty() {
            settings.url = self.of_running_fleet(DATABASE_URL_FILE)?.ok_or_else(|| {
                bootstrap::SettingsError::invalid(
                    "database.url",
                    "it is not set, and no `touchline up` runs on the data folder. Either set \
                     TOUCHLINE__DATABASE__URL (or `url` under [database] in the settings file), or \
                     start `touchline up` and name its folder with --data-dir where it is not the \
                     usual one",
                )
            })?;
        }
        Ok(settings)
    }

    fn address_key(&self) -> anyhow::Result<SecretString> {
        let KeySettings { address } = self.settings.section("keys")?;
        if !address.expose_secret().is_empty() {
            return Ok(address);
        }
        let made = self.of_running_fleet(ADDRESS_KEY_FILE)?;
        Ok(made.ok_or_else(|| bootstrap::SettingsError::not_set("keys.address"))?)
    }

    /// What `touchline up` left in a file of its data folder, if there is such a file.
    fn of_running_fleet(&self, file: &str) -> anyhow::Result<Option<SecretString>> {
        let path = self.data_folder()?.join(file);
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some(SecretString::from(text.trim().to_owned()))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| unreadable(&path)),
        }
    }

    /// The data folder: `--data-dir`, else `[data] dir`, else the usual one.
    ///
    /// # Errors
    /// A setting that cannot be read.
    pub fn data_folder(&self) -> anyhow::Result<PathBuf> {
        let DataSettings { dir } = self.settings.section("data")?;
        Ok(self.data_dir.clone().or(dir).unwrap_or_else(embedded::default_data_dir))
    }
}

fn unreadable(path: &Path) -> String {
    format!("cannot read {}; only the user who runs `touchline up` may", path.display())
}
