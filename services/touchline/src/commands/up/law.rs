//! What the law asks of the sample team: small do-not-call registries, in which two of the people
//! stand.

use chrono::{DateTime, Utc};
use domain::registry::Registry;
use storage::Database;
use storage::registries::{Coverage, FullList, NewLoad};

/// The registries' lists: numbers of the sample's people 10 (Dubai) and 9 (New York).
const LISTS: [(Registry, &str); 2] =
    [(Registry::AeDncr, "+971500000010"), (Registry::UsNational, "2125550101")];

/// Loads the registries, unless that was done before. The lists are of the
/// demo's last day, so that its fast clock does not make them stale.
///
/// # Errors
/// When the database does not answer.
pub async fn load(database: &Database, last_day: DateTime<Utc>) -> anyhow::Result<()> {
    if !database.registry_loads(Registry::AeDncr, 1).await?.is_empty() {
        return Ok(());
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
