//! `touchline registry check`.

use clap::Args;
use domain::clock::timestamp;
use domain::phone::Phone;
use domain::registry::{AreaCode, Registry, Verdict};
use serde::Serialize;
use storage::registries::Registries;

use crate::commands::check;
use crate::connect::Session;
use crate::error::{Refused, usage};

/// What to ask.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The phone number.
    #[arg(allow_hyphen_values = true)]
    number: String,
    /// The country of a number without a country code; the team's when not given.
    #[arg(long, value_name = "COUNTRY")]
    region: Option<String>,
}

/// The evidence of a check (compliance.md CALL-06).
#[derive(Debug, Serialize)]
struct Answer {
    /// Nothing where the number's country has no registry that is known here.
    registry: Option<Registry>,
    verdict: Option<Verdict>,
    area_code: Option<u32>,
    version_date: Option<String>,
    load: Option<String>,
    checked_at: String,
}

/// Runs the command.
///
/// # Errors
/// [`Refused`] when the number may not be called, as far as registries go.
pub async fn run(arguments: &Arguments, session: &Session) -> anyhow::Result<()> {
    let region = check::region(arguments.region.as_deref(), session)?;
    let phone = Phone::parse(&arguments.number, &region);
    let Some(phone) = phone.phone.filter(|_| phone.suppress) else {
        let why = phone.reason.map_or_else(String::new, |why| format!(": {why}"));
        return Err(usage(format!("this is no phone number{why}")));
    };
    let connection = session.connect().await?;
    let now = timestamp(session.clock()?.now());
    let check = Registries::new(connection.database).verdict(&phone, now).await?;
    let verdict = check.as_ref().map(|check| check.verdict);
    let answer = Answer {
        registry: check.as_ref().map(|check| check.registry),
        verdict,
        area_code: check.as_ref().map(|check| check.area_code),
        version_date: check.as_ref().and_then(|check| Some(check.version_date?.to_string())),
        load: check.as_ref().and_then(|check| Some(check.load?.to_string())),
        checked_at: now.strftime("%FT%TZ").to_string(),
    };
    session.output.object(&answer, for_people)?;
    match verdict {
        None | Some(Verdict::Clear) => Ok(()),
        Some(_) => Err(Refused.into()),
    }
}

fn for_people(answer: &Answer) -> String {
    let (Some(registry), Some(verdict)) = (answer.registry, answer.verdict) else {
        return "no registry that is known here is responsible for this number".to_owned();
    };
    let area = AreaCode::new(answer.area_code.unwrap_or_default());
    let of = answer.version_date.as_deref().unwrap_or_default();
    match verdict {
        Verdict::Clear => format!("clear: not on {registry}, by the data of {of}"),
        Verdict::Listed => format!("listed: on {registry}, by the data of {of}"),
        Verdict::Stale => {
            format!(
                "stale: the data of {registry} for area code {area} is of {of}; load a new list"
            )
        }
        Verdict::NotLicensed => {
            format!("not licensed: {registry} was never loaded for area code {area}")
        }
    }
}
