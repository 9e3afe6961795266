//! `touchline plans`: looks at plans, checks and loads them.

mod check;
mod list;
mod load;
mod show;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use library::Library;
use office::Connection;

use crate::connect::{DATABASE_URL_FILE, Session};

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Arguments {
    /// List the plans: those of the library and those that are loaded.
    List(list::Arguments),
    /// Show a plan, step by step.
    Show(show::Arguments),
    /// Check plans and what they need; without a path, the library in use.
    Check(check::Arguments),
    /// Load plans, and the templates of their steps, into the database.
    Load(load::Arguments),
}

/// Runs the command.
///
/// # Errors
/// Whatever keeps it from doing what was asked.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    match arguments {
        Arguments::List(arguments) => list::run(&arguments, session).await,
        Arguments::Show(arguments) => show::run(&arguments, session).await,
        Arguments::Check(arguments) => check::run(&arguments, session),
        Arguments::Load(arguments) => load::run(&arguments, session).await,
    }
}

/// `--dir`, for every command that works with a library.
#[derive(Debug, clap::Args)]
pub struct LibraryFolder {
    /// Folder whose plans and templates add to or replace the built-in ones.
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

impl LibraryFolder {
    /// The library with that folder on top, else the one the settings name.
    ///
    /// # Errors
    /// When the folder cannot be read or one of its files does not parse.
    pub fn library(&self, session: &Session) -> anyhow::Result<Library> {
        match &self.dir {
            Some(dir) => Ok(Library::from_dir(dir)?),
            None => fleet::load_library(&session.settings),
        }
    }
}

/// The database, where one is set or runs; what is in files can be looked at without.
///
/// # Errors
/// When there is one and it cannot be used.
pub async fn database_if_any(session: &Session) -> anyhow::Result<Option<Connection>> {
    let runs = || Ok::<_, anyhow::Error>(session.data_folder()?.join(DATABASE_URL_FILE).exists());
    if session.settings.is_set("database.url") || runs()? {
        return Ok(Some(session.connect().await?));
    }
    Ok(None)
}

/// A library's files with everything that is wrong in them: of a folder, else of the one the
/// settings name.
///
/// # Errors
/// When the folder cannot be read or is no library.
pub fn examined(
    dir: Option<&Path>,
    session: &Session,
) -> anyhow::Result<(Library, Vec<library::LoadError>)> {
    match dir {
        Some(dir) => Ok(Library::examine(dir)?),
        None => Ok((fleet::load_library(&session.settings)?, Vec::new())),
    }
}
