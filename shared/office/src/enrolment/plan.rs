//! The plan that somebody names.

use library::Library;
use storage::plans::PlanVersion;
use storage::{Database, StorageError};

use crate::suggestion;

/// Why a plan cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NoPlan {
    /// The library has it, the database has not.
    #[error("plan \"{0}\" is not loaded")]
    NotLoaded(String),
    /// Nobody has; what was probably meant.
    #[error("there is no plan \"{key}\"; {hint}")]
    Unknown {
        /// The key that was named.
        key: String,
        /// "did you mean …?", or all there are.
        hint: String,
    },
    /// The database does not answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The newest loaded version of a plan.
///
/// # Errors
/// When there is none, or the database does not answer.
pub async fn loaded_plan(
    key: &str,
    database: &Database,
    library: &Library,
) -> Result<PlanVersion, NoPlan> {
    if let Some(version) = database.current_plan(key).await? {
        return Ok(version);
    }
    if library.plan(key).is_some() {
        return Err(NoPlan::NotLoaded(key.to_owned()));
    }
    let loaded = database.current_plans().await?;
    let known = loaded.iter().map(|version| version.plan.key.as_str());
    let known: Vec<&str> = known.chain(library.plans().map(|plan| plan.key.as_str())).collect();
    Err(NoPlan::Unknown { key: key.to_owned(), hint: suggestion::of(key, known) })
}
