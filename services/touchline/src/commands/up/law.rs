//! What the law asks of the sample team: consents of people whose countries want them, and small
//! do-not-call registries, in which two of the people stand.

use chrono::{DateTime, Utc};
use domain::consent::LegalBasis;
use domain::registry::Registry;
use domain::suppression::Purpose;
use domain::{ContactChannel, ContactId};
use storage::Database;
use storage::consents::{NewConsent, Proof};
use storage::enrolments::Selection;
use storage::registries::{Coverage, FullList, NewLoad};

/// Countries whose people have agreed to be written to.
const ASKING: [&str; 2] = ["GB", "SA"];

/// The registries' lists: numbers of the sample's people 10 (Dubai) and 9 (New York).
const LISTS: [(Registry, &str); 2] =
    [(Registry::AeDncr, "+971500000010"), (Registry::UsNational, "2125550009")];

/// Records consents and loads the registries, unless that was done before. The lists are of the
/// demo's last day, so that its fast clock does not make them stale.
///
/// # Errors
/// When the database does not answer.
pub async fn load(
    database: &Database,
    now: DateTime<Utc>,
    last_day: DateTime<Utc>,
) -> anyhow::Result<()> {
    if !database.registry_loads(Registry::AeDncr, 1).await?.is_empty() {
        return Ok(());
    }
    let everybody = database.candidates(&Selection::default(), "", None, 1000).await?;
    for candidate in everybody {
        if candidate.country.as_deref().is_some_and(|country| ASKING.contains(&country)) {
            database.record_consent(&consent(candidate.contact, now)).await?;
        }
    }
    let now = jiff::Timestamp::from_second(last_day.timestamp())?;
    for (registry, number) in LISTS {
        let mut list = FullList::new(registry);
        list.line(number.as_bytes());
        let load = NewLoad {
            version_date: registry.day_of(now),
            coverage: Coverage::SubscribedAndNew,
            source_name: "sample team".to_owned(),
            account: None,
            actor: "demo".to_owned(),
            now,
        };
        database.load_full_list(&load, list).await?;
    }
    Ok(())
}

fn consent(contact: ContactId, given_at: DateTime<Utc>) -> NewConsent {
    NewConsent {
        contact,
        address: None,
        channels: vec![ContactChannel::Email, ContactChannel::Sms, ContactChannel::Call],
        purposes: vec![Purpose::Marketing],
        basis: LegalBasis::Consent,
        proof: Proof {
            controller: "Palm Realty".to_owned(),
            wording: "Palm Realty may write to me about homes in my area.".to_owned(),
            language: "en".to_owned(),
            snapshot: None,
            act: "ticked a box".to_owned(),
            given_at,
            given_zone: "Asia/Dubai".to_owned(),
            source: "sample form".to_owned(),
            ip: None,
            user_agent: None,
            double_opt_in: None,
            document: None,
        },
        expires_at: None,
        actor: "demo".to_owned(),
    }
}
