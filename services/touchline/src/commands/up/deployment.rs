//! The data folder: its database, its keys, its clock, and the settings made of them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use base64::Engine as _;
use bootstrap::Loaded;
use chrono::{DateTime, Utc};
use domain::{AddressKeyer, Clock};
use storage::{Database, Role};

use crate::connect::{ADDRESS_KEY_FILE, BUSINESS_TIME_FILE, DATABASE_URL_FILE};

const TOKEN_KEY_FILE: &str = "token-key";
const BEGAN_FILE: &str = "demo-began";

/// Where a deployment's truth is kept, and how to reach it.
pub struct Deployment {
    /// Everything the services need.
    pub settings: Loaded,
    /// Under the operator's role.
    pub operator: Database,
    /// Makes the keys of addresses.
    pub keyer: AddressKeyer,
    dir: PathBuf,
    postgres: Option<embedded::Postgres>,
}

impl Deployment {
    /// Opens the data folder: starts its database unless one is set, brings the schema up to date,
    /// and makes what is missing.
    ///
    /// # Errors
    /// When the folder is in use or cannot be written, or the database cannot be started.
    pub async fn open(given: &Loaded, dir: &Path, demo: bool) -> anyhow::Result<Self> {
        std::fs::create_dir_all(dir).with_context(|| {
            format!("{} cannot be made; name another folder with --data-dir", dir.display())
        })?;
        let postgres = if given.is_set("database.url") {
            None
        } else {
            let options = embedded::Options {
                data_dir: dir.join("postgres"),
                durable: true,
                settings: Vec::new(),
            };
            Some(embedded::Postgres::start(options).await?)
        };
        let settings = settings(given, dir, postgres.as_ref(), demo)?;
        let database: storage::Settings = settings.section("database")?;
        let owner = Database::new(&database, None)?;
        owner.migrate(Clock::system().now().date_naive()).await?;
        owner.close().await;
        let operator = Database::new(&database, Some(Role::Operator))?;
        let keyer = fleet::Keys::load(&settings)?.addresses;
        operator.check_key(&keyer).await?;
        Ok(Self { settings, operator, keyer, dir: dir.to_owned(), postgres })
    }

    /// Says where everything is, and that nothing leaves unless a provider is set.
    pub fn announce(&self, edge: SocketAddr, door: &str) {
        let outbox = self.dir.join("outbox");
        let place = |set: &str, local: &str| -> String {
            if self.settings.is_set(set) {
                "through the provider that is set".to_owned()
            } else {
                format!("into {}, nothing leaves this machine", outbox.join(local).display())
            }
        };
        let database = match &self.postgres {
            Some(_) => format!("a PostgreSQL of its own in {}", self.dir.display()),
            None => "the PostgreSQL that is set".to_owned(),
        };
        println!("  database   {database}");
        println!("  email      {}", place("email.url", "email"));
        println!("  SMS        {}", place("sms.preset", "sms"));
        println!("  opt-outs   http://{edge}/u/…");
        println!("  console    {door}");
        let program = super::program();
        println!("  look at it {program} --data-dir {} touches list", self.dir.display());
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The business time of the last run, if it ran on a fast clock.
    pub fn last_business_time(&self) -> anyhow::Result<Option<DateTime<Utc>>> {
        read_time(&self.dir.join(BUSINESS_TIME_FILE))
    }

    /// When the demo's story began; `now` for a fresh folder.
    pub fn began(&self, now: DateTime<Utc>) -> anyhow::Result<DateTime<Utc>> {
        let file = self.dir.join(BEGAN_FILE);
        match read_time(&file)? {
            Some(began) => Ok(began),
            None => {
                std::fs::write(&file, now.to_rfc3339()).with_context(|| unwritable(&file))?;
                Ok(now)
            }
        }
    }

    /// Where the business time is noted for the next run.
    pub fn clock_file(&self) -> PathBuf {
        self.dir.join(BUSINESS_TIME_FILE)
    }

    /// Closes the connections and stops the database.
    pub async fn close(self) {
        self.operator.close().await;
        if let Some(postgres) = self.postgres {
            postgres.stop().await;
            // Nobody answers there any more.
            let _ = std::fs::remove_file(self.dir.join(DATABASE_URL_FILE));
        }
    }
}

fn read_time(file: &Path) -> anyhow::Result<Option<DateTime<Utc>>> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(Some(text.trim().parse().with_context(|| {
            format!("{} does not hold a time; remove it to begin anew", file.display())
        })?)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| unwritable(file)),
    }
}

fn unwritable(file: &Path) -> String {
    format!("{} cannot be read and written; look at the folder's owner", file.display())
}

#[derive(serde::Deserialize)]
struct Listen {
    listen: String,
}

/// The given settings with what the folder provides for those that are not set.
fn settings(
    given: &Loaded,
    dir: &Path,
    postgres: Option<&embedded::Postgres>,
    demo: bool,
) -> anyhow::Result<Loaded> {
    let mut overrides: Vec<(&str, String)> = Vec::new();
    if let Some(postgres) = postgres {
        let url = postgres.url("postgres");
        write_secret(&dir.join(DATABASE_URL_FILE), &url)?;
        overrides.push(("database.url", url));
    }
    for (name, file) in [("keys.address", ADDRESS_KEY_FILE), ("keys.token", TOKEN_KEY_FILE)] {
        if !given.is_set(name) {
            overrides.push((name, secret(&dir.join(file))?));
        }
    }
    let listen = match demo {
        true => free_address(&given.section::<Listen>("inbound")?.listen)?,
        false => given.section::<Listen>("inbound")?.listen,
    };
    for (name, value) in [
        ("data.dir", dir.display().to_string()),
        ("inbound.journal_dir", dir.join("journal").display().to_string()),
        ("inbound.public_url", format!("http://{listen}")),
        ("email.from", "Palm Realty <hello@palm-realty.example>".to_owned()),
        ("team.name", "Palm Realty".to_owned()),
        ("team.postal_address", "Palm Realty, Office 12, Marina Walk, Dubai, UAE".to_owned()),
        ("team.phone", "+971 4 000 0100".to_owned()),
        ("team.reply_to", "hello@palm-realty.example".to_owned()),
    ] {
        if !given.is_set(name) {
            overrides.push((name, value));
        }
    }
    if demo {
        // The people of a demonstration get their messages in a folder, whatever is set.
        for provider in ["email.url", "sms.preset", "sms.url"] {
            overrides.push((provider, String::new()));
        }
        // Half an hour of the story passes in 22 ms.
        overrides.push(("scheduler.poll_milliseconds", "20".to_owned()));
        overrides.push(("scheduler.sweep_seconds", "2".to_owned()));
        overrides.push(("inbound.listen", listen));
        let console = given.section::<Listen>("console")?.listen;
        overrides.push(("console.listen", free_address(&console)?));
    }
    let borrowed: Vec<(&str, &str)> =
        overrides.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Ok(given.clone().with(&borrowed)?)
}

/// The usual address when it is free, else any: a demo must not fail because something listens.
fn free_address(usual: &str) -> anyhow::Result<String> {
    for wanted in [usual, "127.0.0.1:0"] {
        if let Ok(listener) = std::net::TcpListener::bind(wanted) {
            return Ok(listener.local_addr()?.to_string());
        }
    }
    anyhow::bail!("no port is free on 127.0.0.1")
}

/// The secret of a file, made when there is none. It leaves the folder only into settings.
fn secret(file: &Path) -> anyhow::Result<String> {
    if let Ok(text) = std::fs::read_to_string(file) {
        return Ok(text.trim().to_owned());
    }
    let bytes: [u8; 32] = rand::random();
    let text = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
    write_secret(file, &text)?;
    Ok(text)
}

fn write_secret(file: &Path, text: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    let options = options.write(true).create(true).truncate(true).mode(0o600);
    let written = options.open(file).and_then(|mut open| writeln!(open, "{text}"));
    written.with_context(|| unwritable(file))
}
