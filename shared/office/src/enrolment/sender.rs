//! Whether the sending domain was looked at before emails are planned from it (compliance.md EML-14).

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::{Locale, Medium, Plan};
use storage::domain_checks::DomainCheck;
use storage::{Database, StorageError};

use crate::words::embedded;

/// A check older than this says nothing any more: keys are changed, records get lost.
const TERM: TimeDelta = TimeDelta::days(30);

/// What stands against emails from a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SenderDoubt {
    /// It was never checked.
    NeverChecked,
    /// It did not pass its check of this day.
    Failed(NaiveDate),
    /// Its last check is of this day.
    Old(NaiveDate),
}

impl SenderDoubt {
    /// What is wrong and what to do, for people.
    #[must_use]
    pub fn in_words(self, domain: &str, locale: Locale) -> String {
        let command = "touchline check domain --record";
        if locale == Locale::Ar {
            let (domain, command) = (embedded(domain, locale), embedded(command, locale));
            let what = match self {
                Self::NeverChecked => format!("لم يُفحص قط نطاق الإرسال {domain}"),
                Self::Failed(day) => format!(
                    "لم يجتز نطاق الإرسال {domain} فحصه بتاريخ {}؛ أصلح ما ورد فيه",
                    embedded(&day.to_string(), locale)
                ),
                Self::Old(day) => format!(
                    "آخر فحص لنطاق الإرسال {domain} كان بتاريخ {}",
                    embedded(&day.to_string(), locale)
                ),
            };
            return format!("{what}؛ شغّل {command}");
        }
        match self {
            Self::NeverChecked => {
                format!("{domain}, which emails are from, was never checked; run `{command}`")
            }
            Self::Failed(day) => format!(
                "{domain}, which emails are from, did not pass its check of {day}; put right what it \
                 says, then run `{command}`"
            ),
            Self::Old(day) => format!(
                "the check of {domain}, which emails are from, is of {day}; run `{command}`"
            ),
        }
    }
}

/// Whether a plan sends emails.
#[must_use]
pub fn sends_email(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| step.channel.medium() == Medium::Email)
}

/// What stands against emails from a domain, by the last recorded check of it.
///
/// # Errors
/// When the database does not answer.
pub async fn sender_doubt(
    domain: &str,
    database: &Database,
    now: DateTime<Utc>,
) -> Result<Option<SenderDoubt>, StorageError> {
    let last = database.last_domain_check(domain).await?;
    Ok(against(last.as_ref(), now))
}

fn against(last: Option<&DomainCheck>, now: DateTime<Utc>) -> Option<SenderDoubt> {
    match last {
        None => Some(SenderDoubt::NeverChecked),
        Some(last) if !last.passed => Some(SenderDoubt::Failed(last.checked_at.date_naive())),
        Some(last) if now - last.checked_at > TERM => {
            Some(SenderDoubt::Old(last.checked_at.date_naive()))
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_counts_for_thirty_days_and_only_when_it_passed() {
        let now = DateTime::from_timestamp(1_780_000_000, 0).unwrap_or_default();
        let check = |days, passed| DomainCheck { passed, checked_at: now - TimeDelta::days(days) };
        for (last, expected) in [
            (None, Some("never checked")),
            (Some(check(0, false)), Some("did not pass")),
            (Some(check(31, true)), Some("is of")),
            (Some(check(30, true)), None),
            (Some(check(0, true)), None),
        ] {
            let said = against(last.as_ref(), now);
            let said = said.map(|doubt| doubt.in_words("palm.example", Locale::En));
            assert_eq!(said.is_some(), expected.is_some(), "{said:?}");
            assert!(said.unwrap_or_default().contains(expected.unwrap_or_default()));
        }
    }
}
