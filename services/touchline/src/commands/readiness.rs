//! Whether the sending domain was looked at before emails are planned from it (compliance.md EML-14).

use domain::{Locale, Plan};
use email_worker::settings::{Preflight, Settings};
use office::enrolment::{sender_doubt, sends_email};
use secrecy::ExposeSecret;
use storage::Database;

use super::check;
use crate::connect::Session;

/// Looks at the last recorded check of the domain a plan's emails will be from, where there is a
/// relay for them. With `[email] preflight = "warn"` what is wrong is told on standard error.
///
/// # Errors
/// With "require", when there is no check, it is too old, or the domain did not pass.
pub async fn before_enrolling(
    plan: &Plan,
    database: &Database,
    session: &Session,
) -> anyhow::Result<()> {
    let settings: Settings = session.settings.section("email")?;
    let sends = !settings.url.expose_secret().is_empty();
    if !sends_email(plan) || !sends || settings.preflight == Preflight::Off {
        return Ok(());
    }
    let Some(domain) = check::own_domain(&settings)? else { return Ok(()) };
    let doubt = sender_doubt(&domain, database, session.clock()?.now()).await?;
    let Some(why) = doubt.map(|doubt| doubt.in_words(&domain, Locale::En)) else { return Ok(()) };
    if settings.preflight == Preflight::Require {
        anyhow::bail!("nobody is enrolled ([email] preflight = \"require\"): {why}");
    }
    eprintln!("note: {why}");
    Ok(())
}
