//! What benchmarks share: how PostgreSQL is set, the machine, and a list of any size.

use std::time::Duration;

use domain::suppression::{Origin, SuppressionReason};
use domain::{AddressKeyer, AddressKind, ContactChannel};
use storage::Database;
use storage::contacts::domain_key;
use storage::suppressions::ListRow;
use testkit::fixture::Deployment;

/// PostgreSQL as one would set it on a machine of four cores and eight gigabytes that it shares with
/// the fleet. Commits are synced and pages written in full; nothing here trades safety for speed.
pub const POSTGRES_SETTINGS: &[(&str, &str)] = &[
    ("shared_buffers", "1GB"),
    ("effective_cache_size", "4GB"),
    ("work_mem", "16MB"),
    ("maintenance_work_mem", "256MB"),
    ("wal_buffers", "16MB"),
    ("min_wal_size", "1GB"),
    ("max_wal_size", "8GB"),
    ("checkpoint_timeout", "15min"),
    ("wal_compression", "lz4"),
    ("random_page_cost", "1.1"),
    ("effective_io_concurrency", "100"),
    ("autovacuum_naptime", "10s"),
    ("synchronous_commit", "on"),
];

/// Entries whose keys are sorted together while a list is filled, as the import does.
const RUN: u64 = 200_000;
/// Entries of one statement.
const BATCH: usize = 10_000;
/// Runs filled at the same time.
const FILLERS: u64 = 4;
/// Domains of the addresses.
const DOMAINS: u64 = 5_000;

/// The load averages of 1, 5 and 15 minutes, and how many cores there are.
#[must_use]
pub fn machine() -> (String, usize) {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: Vec<&str> = load.split_whitespace().take(3).collect();
    (load.join(" "), std::thread::available_parallelism().map_or(1, usize::from))
}

/// The address of number `n` of a list: an email address, then a phone number.
#[must_use]
pub fn address(n: u64) -> (AddressKind, String) {
    if n.is_multiple_of(2) {
        (AddressKind::Email, format!("listed{n}@d{}.example", n / 2 % DOMAINS))
    } else {
        (AddressKind::Phone, format!("+97150{:07}", n / 2))
    }
}

/// The entry of an address: for email, or for text messages.
#[must_use]
pub fn entry(n: u64, keyer: &AddressKeyer) -> ListRow {
    let (kind, text) = address(n);
    let domain = text.split_once('@').map(|(_, domain)| domain_key(keyer, domain));
    let channel = if domain.is_some() { ContactChannel::Email } else { ContactChannel::Sms };
    ListRow { key: keyer.key(kind, &text), channel, domain }
}

/// Fills the list with the first `entries` addresses, through the function every import uses.
///
/// # Panics
/// When the database refuses.
pub async fn fill_list(deployment: &Deployment, entries: u64) {
    let fillers = (0..FILLERS).map(|filler| {
        let (operator, keyer) = (deployment.operator.clone(), deployment.keyer.clone());
        tokio::spawn(async move {
            let runs = (0..entries.div_ceil(RUN)).filter(|run| run % FILLERS == filler);
            for run in runs {
                let numbers = run * RUN..entries.min((run + 1) * RUN);
                let mut rows: Vec<ListRow> = numbers.map(|n| entry(n, &keyer)).collect();
                rows.sort_unstable_by_key(|row| (row.key, row.channel));
                for batch in rows.chunks(BATCH) {
                    import(&operator, batch).await;
                }
            }
        })
    });
    for filler in fillers.collect::<Vec<_>>() {
        filler.await.expect("the list is filled");
    }
}

/// Puts rows on the list.
///
/// # Panics
/// When the database refuses.
pub async fn import(operator: &Database, rows: &[ListRow]) {
    let (reason, origin) = (SuppressionReason::StaffEntry, Origin::Staff);
    let done = operator.import_list(rows, reason, origin, "bench", "a list file").await;
    done.expect("the list is imported");
}

/// The median, the 99th percentile and the longest of some times, in milliseconds.
#[must_use]
pub fn quantiles(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |share: usize| {
        let place = times.len().saturating_sub(1) * share / 100;
        times.get(place).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
    };
    format!("p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms", at(50), at(99), at(100))
}
