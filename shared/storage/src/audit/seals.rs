//! Whether the sealed decisions of the gate are still what they were.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::audit::{Fault, Operation};
use sha2::{Digest, Sha256};
use sqlx::Row;
use sqlx::postgres::PgConnection;

use super::verify::{Broken, Checked};
use crate::StorageError;

/// The table that is sealed.
pub(super) const EVENTS: &str = "touch_events";

/// Bytes of a digest that a seal keeps of each event.
const MARK: usize = 4;

/// An event as it is now.
struct Event {
    at: DateTime<Utc>,
    touch: uuid::Uuid,
    digest: Vec<u8>,
}

/// Compares the events of the seals among these links, whose ranges must follow each other from
/// `sealed_to` on; the first that does not fit.
pub(super) async fn compare(
    connection: &mut PgConnection,
    links: &[Checked],
    sealed_to: &mut DateTime<Utc>,
) -> Result<Option<Broken>, StorageError> {
    let seals: Vec<(&Checked, DateTime<Utc>, DateTime<Utc>)> = links
        .iter()
        .filter(|link| link.operation == Operation::Seal && link.source == EVENTS)
        .filter_map(|link| link.range.map(|(from, to)| (link, from, to)))
        .collect();
    let (Some(first), Some(last)) = (seals.first(), seals.last()) else { return Ok(None) };
    let gone = months_let_go_of(connection).await?;
    let mut events = events(connection, first.1, last.2).await?.into_iter().peekable();
    for (link, from, to) in seals {
        if from != *sealed_to {
            let detail =
                format!("the seal begins at {from}, the one before it ends at {sealed_to}");
            return Ok(Some(broken(link, None, Fault::Removed, detail)));
        }
        *sealed_to = to;
        let mut own = Vec::new();
        while let Some(event) = events.next_if(|event| event.at < to) {
            own.push(event);
        }
        let is_gone = gone.iter().any(|(begin, end)| to > *begin && to <= *end);
        if !is_gone && let Some(found) = differs(link, &own) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The months that retention has detached, as the chain knows.
async fn months_let_go_of(
    connection: &mut PgConnection,
) -> Result<Vec<(DateTime<Utc>, DateTime<Utc>)>, StorageError> {
    let rows = sqlx::query(
        "SELECT range_from, range_to FROM audit_log
          WHERE source = $1 AND operation = 'delete' AND range_to IS NOT NULL",
    )
    .bind(EVENTS)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok((row.try_get("range_from")?, row.try_get("range_to")?))).collect()
}

async fn events(
    connection: &mut PgConnection,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<Event>, StorageError> {
    let rows = sqlx::query(
        "SELECT s.at, s.touch_id, sha256(btrim(convert_to(s::text, 'UTF8'), ',)')) AS digest
           FROM touch_events s WHERE s.at >= $1 AND s.at < $2
          ORDER BY s.at, s.touch_id, s.attempt, digest",
    )
    .bind(from)
    .bind(to)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let (at, touch) = (row.try_get("at")?, row.try_get("touch_id")?);
            Ok(Event { at, touch, digest: row.try_get("digest")? })
        })
        .collect()
}

/// What is wrong with the events of one seal, if anything.
fn differs(link: &Checked, events: &[Event]) -> Option<Broken> {
    let mut digest = Sha256::new();
    events.iter().for_each(|event| digest.update(&event.digest));
    if digest.finalize().as_slice() == link.digest {
        return None;
    }
    let marks: Vec<&[u8]> = link.marks.as_deref().unwrap_or_default().chunks(MARK).collect();
    let mut sealed: HashMap<&[u8], i64> = HashMap::new();
    for mark in &marks {
        *sealed.entry(mark).or_default() += 1;
    }
    let foreign = events.iter().find(|event| {
        let left = sealed.entry(&event.digest[..MARK]).or_default();
        *left -= 1;
        *left < 0
    });
    let named = foreign.map(|event| event.touch.to_string());
    let about = |event: &Event| format!("the event of touch {} at {}", event.touch, event.at);
    let (fault, detail) = match (foreign, marks.len().cmp(&events.len())) {
        (Some(event), std::cmp::Ordering::Less) => {
            (Fault::Inserted, format!("{} is not among those that were sealed", about(event)))
        }
        (Some(event), _) => {
            (Fault::Changed, format!("{} is not what it was when it was sealed", about(event)))
        }
        (None, _) => (Fault::Removed, removed(&marks, events)),
    };
    Some(broken(link, named, fault, detail))
}

/// Where an event is missing: its place among those that are left.
fn removed(marks: &[&[u8]], events: &[Event]) -> String {
    let same = |(mark, event): &(&&[u8], &Event)| **mark == &event.digest[..MARK];
    let place = marks.iter().zip(events).take_while(same).count();
    let before = place.checked_sub(1).and_then(|before| events.get(before));
    let after = before.map_or_else(
        || "at the beginning of the range".to_owned(),
        |event| format!("after that of touch {} at {}", event.touch, event.at),
    );
    format!("event {} of {} is not there any more, {after}", place + 1, marks.len())
}

fn broken(link: &Checked, row: Option<String>, fault: Fault, detail: String) -> Broken {
    Broken { seq: Some(link.seq.unsigned_abs()), table: EVENTS.to_owned(), row, fault, detail }
}

/// How many events are not sealed yet, and of when the oldest is.
pub(super) async fn unsealed(
    connection: &mut PgConnection,
    sealed_to: DateTime<Utc>,
) -> Result<(u64, Option<DateTime<Utc>>), StorageError> {
    let row =
        sqlx::query("SELECT count(*) AS n, min(at) AS oldest FROM touch_events WHERE at >= $1")
            .bind(sealed_to)
            .fetch_one(connection)
            .await?;
    Ok((row.try_get::<i64, _>("n")?.unsigned_abs(), row.try_get("oldest")?))
}
