//! `touchline settings`: the effective settings, secrets hidden, with where each comes from.

use crate::connect::Session;

/// Runs the command.
///
/// # Errors
/// When the answer cannot be written.
pub fn run(session: &Session) -> anyhow::Result<()> {
    let text = session.settings.redacted();
    if !session.output.is_json() {
        return Ok(session.output.text(&text)?);
    }
    let document: toml::Table = toml::from_str(&text)?;
    Ok(session.output.json(&document)?)
}
