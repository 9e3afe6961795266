//! Whether the sending domain was looked at before emails are planned from it (compliance.md EML-14).

use chrono::{DateTime, TimeDelta, Utc};
use domain::{Medium, Plan};
use email_worker::settings::{Preflight, Settings};
use secrecy::ExposeSecret;
use storage::Database;
use storage::domain_checks::DomainCheck;

use super::check;
use crate::connect::Session;

/// A check older than this says nothing any more: keys are changed, records get lost.
const TERM: TimeDelta = TimeDelta::days(30);

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
    let has_email = plan.steps.iter().any(|step| step.channel.medium() == Medium::Email);
    let sends = !settings.url.expose_secret().is_empty();
    if !has_email || !sends || settings.preflight == Preflight::Off {
        return Ok(());
    }
    let Some(domain) = check::own_domain(&settings)? else { return Ok(()) };
    let last = database.last_domain_check(&domain).await?;
    let Some(why) = against(last.as_ref(), &domain, session.clock()?.now()) else { return Ok(()) };
    if settings.preflight == Preflight::Require {
        anyhow::bail!("nobody is enrolled ([email] preflight = \"require\"): {why}");
    }
    eprintln!("note: {why}");
    Ok(())
}

fn against(last: Option<&DomainCheck>, domain: &str, now: DateTime<Utc>) -> Option<String> {
    let remedy = "run `touchline check domain --record`";
    match last {
        None => Some(format!("{domain}, which emails are from, was never checked; {remedy}")),
        Some(last) if !last.passed => {
            let day = last.checked_at.date_naive();
            Some(format!(
                "{domain}, which emails are from, did not pass its check of {day}; put right what it \
                 says, then {remedy}"
            ))
        }
        Some(last) if now - last.checked_at > TERM => {
            let day = last.checked_at.date_naive();
            Some(format!("the check of {domain}, which emails are from, is of {day}; {remedy}"))
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_counts_for_thirty_days_and_only_when_it_passed() {
        let now = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
        let check = |days, passed| DomainCheck { passed, checked_at: now - TimeDelta::days(days) };
        for (last, expected) in [
            (None, Some("never checked")),
            (Some(check(0, false)), Some("did not pass")),
            (Some(check(31, true)), Some("is of")),
            (Some(check(30, true)), None),
            (Some(check(0, true)), None),
        ] {
            let said = against(last.as_ref(), "palm.example", now);
            assert_eq!(said.is_some(), expected.is_some(), "{said:?}");
            assert!(said.unwrap_or_default().contains(expected.unwrap_or_default()));
        }
    }
}
