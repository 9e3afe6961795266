//! `touchline audit head`: the end of the chain.

use serde_json::json;

use crate::connect::Session;

/// Runs the command.
///
/// # Errors
/// When the database does not answer.
pub async fn run(session: &Session) -> anyhow::Result<()> {
    let head = session.connect().await?.database.audit_head().await?;
    let answer = json!({ "seq": head.seq, "head": head });
    Ok(session.output.object(&answer, |_| head.to_string())?)
}
