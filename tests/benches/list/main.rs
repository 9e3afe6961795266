//! `make bench-list`: what a list of ten million entries costs.
//!
//! Fills the list of a private PostgreSQL that syncs its commits, through the function every import
//! uses, beside some contacts. Then: single look-ups by the call that `suppress check` makes and by
//! the command itself; batches by the call that `suppress scrub` makes and by the command; and an
//! import of a million new rows by `suppress import`, twice. Every answer is compared with what was
//! filled in. About 6 GB of disk, given back at the end.

mod commands;

use std::time::{Duration, Instant};

use clap::Parser;
use embedded::{Options, Postgres};
use storage::suppressions::Asked;
use testkit::fixture::Deployment;
use testkit::servers::RunFolder;
use tests::measure::{self, POSTGRES_SETTINGS, entry, fill_list, quantiles};

/// Addresses looked up one by one.
const SINGLE: u64 = 5_000;
/// Addresses of one question, as the scrub asks them, and how many questions are asked at once.
const BATCH: u64 = 2_000;
const TOGETHER: u64 = 4;

/// Measures a list of this size.
#[derive(Debug, Parser)]
struct Arguments {
    /// Less of everything: half a minute.
    #[arg(long)]
    quick: bool,
    /// Entries of the list; 10 million when not given.
    #[arg(long, value_name = "N")]
    entries: Option<u64>,
    /// Rows of the file to import; a million when not given.
    #[arg(long, value_name = "N")]
    rows: Option<u64>,
    /// Given by `cargo bench`; means nothing here.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() {
    let arguments = Arguments::parse();
    let pick = |full, small| if arguments.quick { small } else { full };
    let entries = arguments.entries.unwrap_or(pick(10_000_000, 200_000));
    let rows = arguments.rows.unwrap_or(pick(1_000_000, 50_000));
    let (load, cores) = measure::machine();
    say("machine", format!("{cores} cores, load {load}"));
    let folder = RunFolder::create();
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let options = Options {
        data_dir: folder.path().join("postgres"),
        durable: true,
        settings: POSTGRES_SETTINGS.iter().map(own).collect(),
    };
    let postgres = Postgres::start(options).await.expect("a private PostgreSQL can be started");
    let deployment = Deployment::at(postgres.url("postgres")).await;
    fill(&deployment, entries, pick(100_000, 5_000)).await;
    single(&deployment, entries).await;
    batches(&deployment, entries, pick(400, 40)).await;
    let scene = commands::Scene::new(&deployment, folder.path());
    scene.check(entries).await;
    scene.scrub(entries, rows).await;
    scene.import(entries, rows).await;
    say("machine at the end", format!("load {}", measure::machine().0));
    drop(deployment);
    postgres.stop().await;
}

async fn fill(deployment: &Deployment, entries: u64, people: u64) {
    let began = Instant::now();
    fill_list(deployment, entries).await;
    say("list filled", format!("{entries} entries in {}", seconds(began.elapsed())));
    let people = usize::try_from(people).expect("a few");
    deployment.people(people).await;
    let pool = sqlx::PgPool::connect(deployment.url()).await.expect("the database answers");
    let tables = "suppressions, suppression_events, address_states, addresses";
    let statement = format!("VACUUM (ANALYZE) {tables}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&pool).await.expect("it vacuums");
    sqlx::raw_sql("CHECKPOINT").execute(&pool).await.expect("it makes a checkpoint");
    let size = "SELECT pg_size_pretty(pg_database_size(current_database()))";
    let size: String = sqlx::query_scalar(size).fetch_one(&pool).await.expect("it has a size");
    say("database", format!("{size}, {people} contacts"));
    pool.close().await;
}

/// Number `n` of a series that jumps over the whole list, one in two of them not on it.
const fn number(n: u64, entries: u64) -> u64 {
    let far = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
    far % entries + if n.is_multiple_of(2) { 0 } else { entries }
}

async fn single(deployment: &Deployment, entries: u64) {
    let mut times = Vec::new();
    for n in 0..SINGLE + 200 {
        let row = entry(number(n, entries), &deployment.keyer);
        let began = Instant::now();
        let asked = Asked { key: row.key, domain: row.domain };
        let found = deployment.operator.entries_against(&[asked]).await;
        // The first ones open connections and prepare the statement.
        if n >= 200 {
            times.push(began.elapsed());
        }
        let found = found.expect("the database answers");
        assert_eq!(found[0].len(), usize::from(n.is_multiple_of(2)), "the answer is right");
    }
    say("single look-up, the call", quantiles(&mut times));
}

async fn batches(deployment: &Deployment, entries: u64, count: u64) {
    let began = Instant::now();
    let askers = (0..TOGETHER).map(|asker| {
        let (operator, keyer) = (deployment.operator.clone(), deployment.keyer.clone());
        tokio::spawn(async move {
            for batch in (0..count).filter(|batch| batch % TOGETHER == asker) {
                let numbers = (batch * BATCH..(batch + 1) * BATCH).map(|n| number(n, entries));
                let rows = numbers.map(|n| entry(n, &keyer));
                let asked: Vec<Asked> =
                    rows.map(|row| Asked { key: row.key, domain: row.domain }).collect();
                let found = operator.entries_against(&asked).await.expect("the database answers");
                let listed = found.iter().filter(|entries| !entries.is_empty()).count() as u64;
                assert_eq!(listed, BATCH / 2, "one in two is on the list");
            }
        })
    });
    for asker in askers.collect::<Vec<_>>() {
        asker.await.expect("the batches are answered");
    }
    let rate = per_second(count * BATCH, began.elapsed());
    say("batch check, the call", format!("{rate:.0} addresses/s {}", verdict(rate >= 50_000.0)));
}

fn per_second(count: u64, took: Duration) -> f64 {
    #[allow(clippy::cast_precision_loss)] // A benchmark's counts fit the mantissa.
    let count = count as f64;
    count / took.as_secs_f64()
}

const fn verdict(met: bool) -> &'static str {
    if met { "(met)" } else { "(missed)" }
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

fn say(what: &str, figure: String) {
    println!("{what:32} {figure}");
}
