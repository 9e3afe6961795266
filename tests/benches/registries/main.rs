//! `cargo bench --package tests --bench registries`: what a do-not-call registry costs.
//!
//! Generates a full list of the United States as it is published, in the order of its numbers,
//! loads it into a private PostgreSQL that syncs its commits, applies a change list, and asks about
//! numbers: cold (the area code's bitmap is fetched and decoded), warm, and many at once. Reading
//! includes making the lines up. Every answer is compared with what was generated.

use std::time::{Duration, Instant};

use clap::Parser;
use domain::phone::Phone;
use domain::registry::{Registry, Verdict};
use embedded::{Options, Postgres};
use jiff::Timestamp;
use storage::Role;
use storage::registries::{ChangeList, Coverage, FullList, NewLoad, Registries};
use testkit::fixture::Deployment;
use testkit::servers::RunFolder;

/// The first number of an area code; exchanges begin with 2 to 9.
const FIRST_LINE: u32 = 2_000_000;
/// Possible numbers of an area code.
const LINES: u64 = 8_000_000;
/// Area codes asked about when warm: fewer than are kept decoded.
const WARM_AREAS: usize = 50;
/// Numbers in one question.
const BATCH: usize = 200;

/// Measures registries of this size.
#[derive(Debug, Parser)]
struct Arguments {
    /// A million numbers, some seconds.
    #[arg(long)]
    quick: bool,
    /// How many numbers; 50 million when not given.
    #[arg(long, value_name = "N")]
    numbers: Option<u64>,
    /// In how many area codes; the real list has some 300.
    #[arg(long, value_name = "N", default_value_t = 300)]
    area_codes: usize,
    /// Given by `cargo bench`; means nothing here.
    #[arg(long, hide = true)]
    bench: bool,
}

/// The list: in each area code the numbers at even distances, a little shaken.
struct Generated {
    areas: Vec<u32>,
    per_area: u64,
}

impl Generated {
    fn new(numbers: u64, count: usize) -> Self {
        let is_assigned = |area: &u32| {
            let phone = Phone::parse(&format!("+1{area}2345678"), "").phone;
            phone.is_some_and(|phone| Registry::for_phone(&phone) == Some(Registry::UsNational))
        };
        let areas: Vec<u32> = (201..990).filter(is_assigned).take(count).collect();
        let per_area = numbers / areas.len() as u64;
        assert!(per_area * 2 <= LINES, "so many numbers need more area codes");
        Self { areas, per_area }
    }

    fn total(&self) -> u64 {
        self.per_area * self.areas.len() as u64
    }

    /// The n-th number of an area code; no other has it, and the numbers grow with n.
    fn line(&self, area: u32, n: u64) -> u32 {
        let stride = LINES / self.per_area;
        let shaken = (n ^ u64::from(area)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
        let line = u64::from(FIRST_LINE) + n * stride + shaken % (stride - 1).max(1);
        u32::try_from(line).expect("a line has seven digits")
    }

    /// A number that nobody generated: the last of its stride is never taken.
    fn free_line(&self, n: u64) -> u32 {
        let stride = LINES / self.per_area;
        let line = u64::from(FIRST_LINE) + n * stride + stride - 1;
        u32::try_from(line).expect("a line has seven digits")
    }

    fn list(&self) -> FullList {
        let mut list = FullList::new(Registry::UsNational);
        let mut line = *b"0000000000\r\n";
        for area in &self.areas {
            write_digits(&mut line[..3], *area);
            for n in 0..self.per_area {
                write_digits(&mut line[3..10], self.line(*area, n));
                list.line(&line);
            }
        }
        list
    }
}

fn write_digits(place: &mut [u8], mut number: u32) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
    }
}

#[tokio::main]
async fn main() {
    let arguments = Arguments::parse();
    let numbers = arguments.numbers.unwrap_or(if arguments.quick { 1_000_000 } else { 50_000_000 });
    let generated = Generated::new(numbers, arguments.area_codes);
    let folder = RunFolder::create();
    let options = Options {
        data_dir: folder.path().join("postgres"),
        durable: true,
        settings: vec![("max_wal_size".to_owned(), "4GB".to_owned())],
    };
    let postgres = Postgres::start(options).await.expect("a private PostgreSQL can be started");
    let deployment = Deployment::at(postgres.url("postgres")).await;
    say("numbers", format!("{} in {} area codes", generated.total(), generated.areas.len()));
    load(&deployment, &generated).await;
    look_up(&deployment, &generated).await;
    say("memory of this process, at most", format!("{} MB", peak_megabytes()));
    drop(deployment);
    postgres.stop().await;
}

fn new_load() -> NewLoad {
    let now = now();
    NewLoad {
        version_date: Registry::UsNational.day_of(now),
        coverage: Coverage::Subscribed,
        source_name: "generated".to_owned(),
        account: None,
        actor: "benchmark".to_owned(),
        now,
    }
}

fn now() -> Timestamp {
    Timestamp::from_second(domain::Clock::system().now().timestamp()).unwrap_or(Timestamp::MAX)
}

async fn load(deployment: &Deployment, generated: &Generated) {
    let began = Instant::now();
    let list = generated.list();
    say("full list read", seconds(began.elapsed()));
    assert_eq!(list.counts().duplicates + list.counts().malformed, 0, "the list is clean");
    let began = Instant::now();
    let loaded = deployment.operator.load_full_list(&new_load(), list).await;
    let loaded = loaded.expect("the list is accepted");
    say("full list stored", seconds(began.elapsed()));
    assert_eq!(loaded.entries, generated.total(), "every number is stored");
    let bits = loaded.bytes_written * 80 / loaded.entries.max(1);
    say(
        "bitmaps",
        format!("{} MB, {}.{} bits/number", loaded.bytes_written >> 20, bits / 10, bits % 10),
    );
    let layout = "number,action=A/D".parse().expect("the layout is one");
    let mut changes = ChangeList::new(Registry::UsNational, layout);
    let area = generated.areas[0];
    for n in 0..1000.min(generated.per_area) {
        let line = format!("{area}{:07},A\n", generated.free_line(n));
        changes.line(line.as_bytes()).expect("the line fits its layout");
    }
    let began = Instant::now();
    let changed = deployment.operator.load_change_list(&new_load(), changes).await;
    let changed = changed.expect("the change list is accepted");
    let wrote = changed.bytes_written >> 10;
    say("1000 changes applied", format!("{}, {wrote} kB written", seconds(began.elapsed())));
}

async fn look_up(deployment: &Deployment, generated: &Generated) {
    let registries = Registries::new(deployment.connect(Role::CallWorker));
    let now = now();
    // The first area code was changed.
    let areas: Vec<u32> = generated.areas.iter().skip(1).take(WARM_AREAS).copied().collect();
    let phone = |area: u32, n: u64| {
        let n = n % generated.per_area;
        let is_listed = n.is_multiple_of(2);
        let line = if is_listed { generated.line(area, n) } else { generated.free_line(n) };
        let parsed = Phone::parse(&format!("+1{area}{line:07}"), "");
        (parsed.phone.expect("a generated number is one"), is_listed)
    };
    let mut cold = Vec::new();
    let mut warm = Vec::new();
    for round in 0..201_u64 {
        for area in &areas {
            let (phone, is_listed) = phone(*area, round * 7919);
            let began = Instant::now();
            let check = registries.verdict(&phone, now).await.expect("the database answers");
            let took = began.elapsed();
            let verdict = check.map(|check| check.verdict);
            let expected = if is_listed { Verdict::Listed } else { Verdict::Clear };
            assert_eq!(verdict, Some(expected), "the answer is what was generated");
            if round == 0 { cold.push(took) } else { warm.push(took) }
        }
    }
    say("look-up, cold", quantiles(&mut cold));
    say("look-up, warm", quantiles(&mut warm));
    let phones: Vec<Phone> =
        (0..BATCH).map(|n| phone(areas[n % areas.len()], n as u64 * 31).0).collect();
    let began = Instant::now();
    for _ in 0..100 {
        registries.verdicts(&phones, now).await.expect("the database answers");
    }
    let per_second = 100.0 * phones.len() as f64 / began.elapsed().as_secs_f64();
    say("look-up, 200 at once", format!("{per_second:.0} numbers/s"));
}

fn quantiles(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1000.0;
    format!("p50 {:.2} ms, p99 {:.2} ms", at(50), at(99))
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

/// The most memory this process has had.
fn peak_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.unwrap_or(0) / 1024
}

fn say(what: &str, figure: String) {
    println!("{what:32} {figure}");
}
