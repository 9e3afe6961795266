//! `touchline migrate`: brings the schema up to date, as the role the database URL names.

use crate::connect::Session;

/// Runs the command. It may be run any number of times, and by several processes at once.
///
/// # Errors
/// When a migration fails, or the schema is newer than this program.
pub async fn run(session: &Session) -> anyhow::Result<()> {
    let database = session.owner()?;
    let today = session.clock()?.now().date_naive();
    let migrations = database.migrate(today).await?;
    database.close().await;
    let answer = serde_json::json!({ "migrations": migrations });
    session
        .output
        .object(&answer, |_| format!("the schema is up to date ({migrations} migrations)"))?;
    Ok(())
}
