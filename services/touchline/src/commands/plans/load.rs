//! `touchline plans load`.

use library::Finding;
use office::content::{Load, NotLoaded};

use super::{LibraryFolder, examined};
use crate::connect::Session;

/// What to load.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Keys of plans; a plan that follows another is loaded with it. None: all of them.
    keys: Vec<String>,
    /// All plans of the library, which is the default.
    #[arg(long, conflicts_with = "keys")]
    all: bool,
    #[command(flatten)]
    folder: LibraryFolder,
}

/// Stores the plans and the templates of their steps, templates first, so that no plan is there
/// without what it sends.
///
/// # Errors
/// When a plan or one of its templates does not pass the check, a plan does not exist, or the
/// database does not answer; what has been stored until then stays, and a second run goes on from
/// there.
pub async fn run(arguments: &Arguments, session: &Session) -> anyhow::Result<()> {
    let (library, errors) = examined(arguments.folder.dir.as_deref(), session)?;
    let found: Vec<Finding> = errors.iter().map(Finding::from).collect();
    let load = Load::of(&arguments.keys, &library, found).map_err(not_loaded)?;
    let connection = session.connect().await?;
    let rows = load.store(&connection.database).await.map_err(not_loaded)?;
    session.output.list(&rows, &["", "Key", "Version", ""], |row| {
        vec![row.kind.to_string(), row.key.clone(), row.version.to_string(), row.status.to_owned()]
    })?;
    Ok(())
}

fn not_loaded(why: NotLoaded) -> anyhow::Error {
    match why {
        NotLoaded::Storage(error) => error.into(),
        why => why.into(),
    }
}
