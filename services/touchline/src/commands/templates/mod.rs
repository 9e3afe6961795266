//! `touchline templates`: looks at templates, checks and renders them.

mod check;
mod list;
mod render;

use clap::Subcommand;

use super::plans::{LibraryFolder, database_if_any, examined};
use crate::connect::Session;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Arguments {
    /// List the templates: those of the library and those that are loaded.
    List(list::Arguments),
    /// Check templates; without a folder, those of the library in use.
    Check(check::Arguments),
    /// Render a template, with a contact's fields or with examples. Sends nothing.
    Render(render::Arguments),
}

/// Runs the command.
///
/// # Errors
/// Whatever keeps it from doing what was asked.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    match arguments {
        Arguments::List(arguments) => list::run(&arguments, session).await,
        Arguments::Check(arguments) => check::run(&arguments, session),
        Arguments::Render(arguments) => render::run(&arguments, session).await,
    }
}
