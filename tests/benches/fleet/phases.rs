//! Rates and latencies of the running fleet.
//!
//! A run begins at the commit that makes its touches due. Its *wall* rate counts to the last
//! recorded outcome, the scheduler's first look (up to `scheduler.poll_milliseconds`) included; its
//! *steady* rate is that of the outcomes between 10 % and 90 %, by the time in their history rows.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::Path;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::Row;
use testkit::AcceptedMail;
use tests::processes::Program;

use crate::report::{Report, Run};
use crate::usage::Usage;
use crate::world::World;
use crate::{Extent, bare, people};

/// Without any progress for so long, something is broken.
const PATIENCE: Duration = Duration::from_secs(60);
/// Before the first measured run: caches fill, connections are opened.
const WARM_UP: i64 = 2_000;
/// Hints the broker's queue takes, with some room.
const QUEUE: i64 = 90_000;

const BOTH: [Program; 2] = [Program::Scheduler, Program::EmailWorker];

/// Everything that is to end has ended.
const OPEN: &str = "SELECT (SELECT count(*) FROM due_touches WHERE due_at <= now())
    + (SELECT count(*) FROM outbox) + (SELECT count(*) FROM inflight)";

/// The full email path, with all its touches due at once.
pub async fn full_path(world: &mut World, extent: &Extent, report: &mut Report) {
    warm_up(world).await;
    for run in 1..=extent.runs {
        let alone = bare::rate(world, extent, report).await;
        let result = run_once(world, extent.contacts).await;
        eprintln!(
            "full path, run {run}: {:.0}/s steady, {:.0}/s wall; client alone {alone:.0}/s",
            result.steady, result.wall
        );
        report.full_path(result, alone);
    }
    report.memory(&crate::usage::memory());
}

/// Lets both services do a little, so that nothing is done for the first time in a measured run.
pub async fn warm_up(world: &mut World) {
    world.run(&BOTH).await;
    let now = world.clock.now();
    let few = people::count(world, "SELECT count(*) FROM contacts").await.min(WARM_UP);
    people::make_due(world, few, now, 0).await;
    ended(world, OPEN).await;
}

/// One run of the full path with `count` touches due at once.
pub async fn run_once(world: &mut World, count: i64) -> Run {
    let due = world.clock.now();
    let count = people::make_due(world, count, due, 0).await;
    let made = Database::look(world).await;
    let (usage, from) = (Usage::now(world), world.clock.now());
    ended(world, OPEN).await;
    let used = Usage::now(world).since(&usage);
    let after = Database::look(world).await;
    let (wall, steady) = rates(world, from, count).await;
    Run { touches: count, wall, steady, used, database: after.since(&made, count) }
}

/// Outcomes per second since `from`: all of them, and between 10 % and 90 %.
async fn rates(world: &World, from: DateTime<Utc>, count: i64) -> (f64, f64) {
    let row = sqlx::query(
        "SELECT count(*) AS outcomes, extract(epoch FROM max(at) - $1)::float8 AS wall,
                extract(epoch FROM percentile_disc(0.9) WITHIN GROUP (ORDER BY at)
                                 - percentile_disc(0.1) WITHIN GROUP (ORDER BY at))::float8 AS steady
           FROM touch_events WHERE at >= $1 AND state IN ('sent', 'blocked')",
    )
    .bind(from)
    .fetch_one(&world.pool)
    .await
    .expect("the database answers");
    assert_eq!(row.get::<i64, _>("outcomes"), count, "every touch is sent or blocked by the list");
    #[allow(clippy::cast_precision_loss)] // A benchmark's counts fit the mantissa.
    let count = count as f64;
    (count / row.get::<f64, _>("wall"), 0.8 * count / row.get::<f64, _>("steady"))
}

/// The scheduler with no worker beside it, then the worker with no scheduler.
pub async fn scheduler_alone(world: &mut World, extent: &Extent, report: &mut Report) {
    let unpublished = "SELECT (SELECT count(*) FROM due_touches WHERE due_at <= now())
        + (SELECT count(*) FROM outbox WHERE published_at IS NULL)";
    for run in 1..=extent.runs {
        world.run(&[Program::Scheduler]).await;
        let now = world.clock.now();
        let count = people::make_due(world, extent.contacts.min(QUEUE), now, 0).await;
        ended(world, unpublished).await;
        let seconds: f64 = sqlx::query_scalar(
            "SELECT extract(epoch FROM max(published_at) - min(created_at))::float8 FROM outbox",
        )
        .fetch_one(&world.pool)
        .await
        .expect("the database answers");
        let from = world.clock.now();
        world.run(&[Program::EmailWorker]).await;
        ended(world, OPEN).await;
        let (_, worker) = rates(world, from, count).await;
        #[allow(clippy::cast_precision_loss)] // A benchmark's counts fit the mantissa.
        let scheduler = count as f64 / seconds;
        eprintln!("run {run}: scheduler alone {scheduler:.0}/s, worker alone {worker:.0}/s");
        report.alone(scheduler, worker);
    }
}

/// Touches due one after the other at half the measured rate: how late each one is accepted.
pub async fn drip(world: &mut World, extent: &Extent, report: &mut Report) {
    warm_up(world).await;
    let rate = report.steady_rate() / 2.0;
    #[allow(clippy::cast_possible_truncation)] // Far below 2^52.
    let count = (rate * f64::from(extent.drip_seconds)) as i64;
    eprintln!("drip: {count} touches over {} s …", extent.drip_seconds);
    let log_before = std::fs::metadata(&world.sink_log).map_or(0, |log| log.len());
    let from = world.clock.now() + TimeDelta::seconds(4);
    people::make_due(world, count, from, extent.drip_seconds).await;
    let until = from + TimeDelta::seconds(i64::from(extent.drip_seconds));
    while world.clock.now() < until {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    ended(world, OPEN).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let due: HashMap<String, DateTime<Utc>> =
        sqlx::query("SELECT id::text AS id, due_at FROM touches WHERE due_at BETWEEN $1 AND $2")
            .bind(from)
            .bind(until)
            .fetch_all(&world.pool)
            .await
            .expect("the database answers")
            .iter()
            .map(|row| (row.get("id"), row.get("due_at")))
            .collect();
    #[allow(clippy::cast_precision_loss)] // Microseconds of a minute.
    let mut late: Vec<f64> = mails(&world.sink_log, log_before)
        .iter()
        .filter_map(|(touch, at)| Some((at - due.get(touch)?.timestamp_micros()) as f64 / 1000.0))
        .collect();
    assert!(!late.is_empty(), "the drip was sent");
    late.sort_by(f64::total_cmp);
    report.drip(rate, &late);
}

/// The touches of the sink's log from a place in it on, with their time in microseconds.
pub fn mails(log: &Path, from: u64) -> Vec<(String, i64)> {
    let mut file = std::fs::File::open(log).expect("the sink's log can be read");
    file.seek(SeekFrom::Start(from)).expect("a file can be read from anywhere");
    let lines = BufReader::new(file).lines().map(|line| line.expect("the log is text"));
    lines
        .filter_map(|line| serde_json::from_str::<AcceptedMail>(&line).ok())
        // The client alone sends to recipients of its own.
        .filter(|mail| mail.recipients.iter().all(|to| !to.starts_with("bare")))
        .filter_map(|mail| {
            let id = mail.touch_headers.iter().find(|(name, _)| name == "x-touch-id")?.1.clone();
            Some((id, mail.at.wall_us))
        })
        .collect()
}

/// Returns when a query that counts what is open answers zero.
async fn ended(world: &mut World, open: &str) {
    let mut moved = Instant::now();
    let mut last = (i64::MAX, 0.0);
    loop {
        // Counting in the database costs it something, so it is asked only when nothing moves.
        let done = world.metric(Program::EmailWorker, "touchline_touches_total").await
            + world.metric(Program::Scheduler, "touchline_hints_published_total").await;
        #[allow(clippy::float_cmp)] // The same counter twice.
        if done == last.1 {
            let left = people::count(world, open).await;
            if left == 0 {
                return;
            }
            if left < last.0 {
                moved = Instant::now();
            }
            last.0 = left;
        } else {
            moved = Instant::now();
        }
        last.1 = done;
        assert!(moved.elapsed() < PATIENCE, "nothing moves, {} open", last.0);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Counters of the database.
pub struct Database {
    wal_bytes: f64,
    statements: f64,
    statement_seconds: f64,
    updates: f64,
    hot_updates: f64,
}

/// What a run cost the database, per touch.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub struct Cost {
    pub wal_bytes_per_touch: f64,
    pub statements_per_touch: f64,
    pub statement_microseconds_per_touch: f64,
    pub hot_update_share: f64,
}

impl Database {
    pub async fn look(world: &World) -> Self {
        let row = sqlx::query(
            "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 AS wal,
                    (SELECT sum(calls)::float8 FROM pg_stat_statements) AS statements,
                    (SELECT sum(total_exec_time)::float8 / 1000 FROM pg_stat_statements) AS seconds,
                    (SELECT sum(n_tup_upd)::float8 FROM pg_stat_user_tables
                      WHERE relname LIKE 'touches\\_%') AS updates,
                    (SELECT sum(n_tup_hot_upd)::float8 FROM pg_stat_user_tables
                      WHERE relname LIKE 'touches\\_%') AS hot",
        )
        .fetch_one(&world.pool)
        .await
        .expect("the database answers");
        Self {
            wal_bytes: row.get("wal"),
            statements: row.get("statements"),
            statement_seconds: row.get("seconds"),
            updates: row.get("updates"),
            hot_updates: row.get("hot"),
        }
    }

    fn since(&self, before: &Self, touches: i64) -> Cost {
        #[allow(clippy::cast_precision_loss)] // A benchmark's counts fit the mantissa.
        let touches = touches as f64;
        Cost {
            wal_bytes_per_touch: (self.wal_bytes - before.wal_bytes) / touches,
            statements_per_touch: (self.statements - before.statements) / touches,
            statement_microseconds_per_touch: (self.statement_seconds - before.statement_seconds)
                / touches
                * 1e6,
            hot_update_share: (self.hot_updates - before.hot_updates)
                / (self.updates - before.updates).max(1.0),
        }
    }
}
