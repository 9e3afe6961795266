//! What this service reads of the settings: `[inbound]`, and its share of `[keys]` and `[team]`.

use std::path::PathBuf;

use bootstrap::Loaded;
use domain::Locale;
use domain::token::TokenKeys;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// The folder of the journal inside `data.dir`.
const JOURNAL_FOLDER: &str = "inbound";

/// The section `[inbound]`.
#[derive(Debug, Clone, Deserialize)]
struct Section {
    listen: String,
    journal_dir: Option<PathBuf>,
    body_limit_bytes: usize,
}

/// The part of `[keys]` that checks tokens. The address key is not needed here: a token carries
/// the address's key, never the address.
#[derive(Deserialize)]
struct Keys {
    token: SecretString,
    former_tokens: Vec<SecretString>,
}

#[derive(Deserialize)]
struct Team {
    name: String,
    default_locale: Locale,
}

#[derive(Deserialize)]
struct Data {
    dir: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Faults {
    failpoint: String,
}

/// Everything the service works with.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Address and port to listen on.
    pub listen: String,
    /// Where opt-outs wait for the database.
    pub journal_dir: PathBuf,
    /// Bytes of a body that are kept.
    pub body_limit: usize,
    /// What tokens are checked with.
    pub keys: TokenKeys,
    /// The sender, as recipients know it; may be empty.
    pub team: String,
    /// The language for those whose browser names neither of ours.
    pub locale: Locale,
    /// The section `[database]`.
    pub database: storage::Settings,
    /// Where to die, in tests of crashes.
    pub failpoint: String,
}

impl Settings {
    pub(crate) fn read(loaded: &Loaded) -> anyhow::Result<Self> {
        loaded.require(&["database.url", "keys.token"])?;
        let section: Section = loaded.section("inbound")?;
        let keys: Keys = loaded.section("keys")?;
        let team: Team = loaded.section("team")?;
        let data: Data = loaded.section("data")?;
        let data_dir = data.dir.unwrap_or_else(embedded::default_data_dir);
        Ok(Self {
            listen: section.listen,
            journal_dir: section.journal_dir.unwrap_or_else(|| data_dir.join(JOURNAL_FOLDER)),
            body_limit: section.body_limit_bytes,
            keys: keys.checking(),
            team: team.name,
            locale: team.default_locale,
            database: loaded.section("database")?,
            failpoint: loaded.section::<Faults>("faults")?.failpoint,
        })
    }
}

impl Keys {
    fn checking(&self) -> TokenKeys {
        let current = TokenKeys::new("current", self.token.expose_secret().as_bytes());
        let former = self.former_tokens.iter().map(ExposeSecret::expose_secret);
        // Anybody can sign with an empty key.
        former
            .filter(|secret| !secret.is_empty())
            .fold(current, |keys, secret| keys.with_old(secret.as_bytes()))
    }
}
