//! `touchline migrate`: brings the schema up to date, as the role the database URL names, and binds a
//! new database to the address key where one is set: services may only compare theirs with it.

use crate::connect::Session;

/// Runs the command. It may be run any number of times, and by several processes at once.
///
/// # Errors
/// When a migration fails, the schema is newer than this program, or the address key is another one.
pub async fn run(session: &Session) -> anyhow::Result<()> {
    let database = session.owner()?;
    let today = session.clock()?.now().date_naive();
    let migrations = database.migrate(today).await?;
    if session.settings.is_set("keys.address") {
        database.check_key(&fleet::Keys::load(&session.settings)?.addresses).await?;
    }
    database.close().await;
    let answer = serde_json::json!({ "migrations": migrations });
    session
        .output
        .object(&answer, |_| format!("the schema is up to date ({migrations} migrations)"))?;
    Ok(())
}
