//! The database's part of a history.

use std::fmt::Debug;
use std::str::FromStr;

use domain::TouchId;
use sqlx::postgres::PgRow;
use sqlx::{Connection, PgConnection, Row};
use uuid::Uuid;

use super::{Event, History, Silence, Touch};

impl History {
    /// Reads everything in one snapshot. `url` is that of the database, for a role that may read
    /// every table.
    ///
    /// # Panics
    /// If the database does not answer, or its rows are not those of this program.
    pub async fn read(url: &str) -> Self {
        match read(url).await {
            Ok(history) => history,
            Err(err) => panic!("the history cannot be read: {err}"),
        }
    }
}

async fn read(url: &str) -> Result<History, sqlx::Error> {
    let mut db = PgConnection::connect(url).await?;
    sqlx::query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").execute(&mut db).await?;
    let history = History {
        touches: touches(&mut db).await?,
        events: events(&mut db).await?,
        silences: silences(&mut db).await?,
        tasks: ids(&mut db, "SELECT touch_id FROM tasks").await?,
        outbox: ids(&mut db, "SELECT touch_id FROM outbox").await?,
        inflight: ids(&mut db, "SELECT touch_id FROM inflight").await?,
        due: ids(&mut db, "SELECT touch_id FROM due_touches").await?,
        desk: ids(&mut db, "SELECT touch_id FROM attention_touches").await?,
        ..History::default()
    };
    db.close().await?;
    Ok(history)
}

async fn ids(db: &mut PgConnection, query: &'static str) -> Result<Vec<TouchId>, sqlx::Error> {
    let ids: Vec<Uuid> = sqlx::query_scalar(query).fetch_all(db).await?;
    Ok(ids.into_iter().map(TouchId::from).collect())
}

async fn touches(db: &mut PgConnection) -> Result<Vec<Touch>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT id, channel::text AS channel, state::text AS state, due_at, epoch, attempt, doubts,
                address_key, state_channel::text AS state_channel
           FROM touches ORDER BY id",
    )
    .fetch_all(db)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Touch {
                id: row.try_get::<Uuid, _>("id")?.into(),
                channel: word(row, "channel")?,
                state: word(row, "state")?,
                due_at: row.try_get("due_at")?,
                epoch: row.try_get("epoch")?,
                attempt: row.try_get("attempt")?,
                doubts: row.try_get("doubts")?,
                address_key: row.try_get("address_key")?,
                state_channel: row.try_get("state_channel")?,
            })
        })
        .collect()
}

async fn events(db: &mut PgConnection) -> Result<Vec<Event>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT touch_id, at, attempt, state::text AS state, worker, reason,
                coalesce((detail->>'late')::bool, false) AS late
           FROM touch_events ORDER BY at, ctid",
    )
    .fetch_all(db)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Event {
                touch: row.try_get::<Uuid, _>("touch_id")?.into(),
                at: row.try_get("at")?,
                attempt: row.try_get("attempt")?,
                state: word(row, "state")?,
                worker: row.try_get("worker")?,
                reason: row.try_get("reason")?,
                late: row.try_get("late")?,
            })
        })
        .collect()
}

/// Every address an entry covers, once per drained entry: the address itself, the addresses of the
/// person, the addresses of the domain.
async fn silences(db: &mut PgConnection) -> Result<Vec<Silence>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT d.of_event, c.address_key, c.channel, d.at,
                (SELECT min(l.at) FROM suppression_events l
                  WHERE l.action = 'lift' AND l.scope = d.scope AND l.address_key = d.address_key
                    AND l.channel IS NOT DISTINCT FROM d.channel AND l.at > d.at) AS lifted_at
           FROM suppression_events d
           CROSS JOIN LATERAL (
               SELECT d.address_key, d.channel::text AS channel WHERE d.scope = 'channel'
               UNION ALL
               SELECT s.address_key, s.channel::text FROM address_states s
                WHERE d.scope = 'domain' AND s.domain_key = d.address_key AND s.channel = 'email'
               UNION ALL
               SELECT s.address_key, s.channel::text
                 FROM addresses p
                 JOIN addresses a ON a.contact_id = p.contact_id
                 JOIN address_states s ON s.address_key = a.address_key
                WHERE d.scope = 'person' AND p.kind = 'person' AND p.address_key = d.address_key
           ) c
          WHERE d.action = 'drained'",
    )
    .fetch_all(db)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Silence {
                entry: row.try_get("of_event")?,
                address_key: row.try_get("address_key")?,
                channel: row.try_get("channel")?,
                from: row.try_get("at")?,
                until: row.try_get("lifted_at")?,
            })
        })
        .collect()
}

fn word<T: FromStr<Err: Debug>>(row: &PgRow, column: &str) -> Result<T, sqlx::Error> {
    let text: &str = row.try_get(column)?;
    text.parse().map_err(|err| sqlx::Error::Protocol(format!("{column} \"{text}\": {err:?}")))
}
