//! `touchline bench`: how fast this machine sends, measured on a data folder that is thrown away.
//!
//! A PostgreSQL of its own, the broker inside the process, the local outbox instead of a relay: what
//! is set for real is not touched, and nothing is sent. `make bench` measures the fleet on separate
//! servers; this answers what one machine can do with `touchline up`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bootstrap::{Context, Loaded, Shutdown, health::Health, metrics::Metrics};
use clap::Args;
use domain::planning::{self, Next, Person, Progress};
use domain::{AddressKind, Channel, Clock, EnrolmentId, Plan};
use fleet::Shared;
use office::{content, sample};
use serde_json::{Value, json};
use storage::contacts::NewContact;
use storage::due::FirstTouch;
use storage::enrolments::{NewEnrolment, Selection};

use super::up::deployment::Deployment;
use crate::connect::Session;

/// Contacts imported and enrolled in one statement.
const BATCH: u32 = 2000;
/// Without an end after so long, something is broken.
const PATIENCE: Duration = Duration::from_secs(600);

/// What to do.
#[derive(Debug, Args)]
pub struct Arguments {
    /// How many contacts get an email.
    #[arg(long, value_name = "N", default_value_t = 5000,
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    contacts: u32,
}

/// Runs the command.
///
/// # Errors
/// When the throw-away database cannot be started, or the fleet does not come to an end.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    let name = format!("touchline-bench-{}", uuid::Uuid::now_v7().simple());
    let dir = ThrowAway(std::env::temp_dir().join(name));
    let settings = Loaded::defaults().with(&[("windows.email", "00:00-23:59")])?;
    let deployment = Deployment::open(&settings, &dir.0, true).await?;
    let shutdown = Shutdown::new();
    let measured = measure(&deployment, &shutdown, arguments.contacts).await;
    shutdown.begin();
    shutdown.drain(Duration::from_secs(25)).await;
    deployment.close().await;
    session.output.object(&measured?, words)?;
    Ok(())
}

async fn measure(deployment: &Deployment, shutdown: &Shutdown, n: u32) -> anyhow::Result<Value> {
    let metrics = Metrics::install("touchline");
    let ctx = Context {
        service: "touchline",
        settings: deployment.settings.clone(),
        shutdown: shutdown.clone(),
        health: Health::new(),
        metrics: metrics.clone(),
    };
    let library = Arc::new(fleet::load_library(&ctx.settings)?);
    content::seed(&deployment.operator, &library).await?;
    enrol(deployment, &plan(&library)?, n).await?;
    let broker = fleet::connect_broker(&ctx.settings)?;
    let shared = Shared { broker, clock: Clock::system(), library };
    let (began, used) = (Instant::now(), cpu());
    scheduler::start(&ctx, &shared).await?;
    email_worker::start(&ctx, &shared).await?;
    let sum = |name: &str| {
        metrics.upkeep();
        sum(&metrics.render(), name)
    };
    while sum("touchline_touches_total") < f64::from(n) {
        anyhow::ensure!(began.elapsed() < PATIENCE, "the touches do not come to an end");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (seconds, spent) = (began.elapsed().as_secs_f64(), cpu());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let [process, machine] = [0, 1].map(|at| (spent[at] - used[at]) / seconds);
    let checks = sum("touchline_list_check_seconds_count").max(1.0);
    #[allow(clippy::cast_precision_loss)] // Nobody has so many cores.
    let limit = if machine > 0.85 * cores as f64 { "processor" } else { "waiting" };
    Ok(json!({
        "contacts": n, "seconds": seconds, "touches_per_second": f64::from(n) / seconds,
        "list_check_ms": sum("touchline_list_check_seconds_sum") / checks * 1000.0,
        "list_check_touches": sum("touchline_claim_batch_sum") / checks,
        "cores": cores, "cores_touchline": process, "cores_all": machine, "limit": limit,
    }))
}

fn words(measured: &Value) -> String {
    let number = |name: &str| measured[name].as_f64().unwrap_or_default();
    let limit = match measured["limit"].as_str() {
        Some("processor") => "the processor: more or faster cores send faster",
        _ => "waiting, for the disk where commits are synced: a faster disk sends faster",
    };
    format!(
        "{:.0} touches/s: {:.0} emails in {:.1} s, claimed, rendered, written and recorded\n\
         list check  {:.1} ms for {:.0} touches at a time\n\
         processor   {:.1} of {:.0} cores busy, {:.1} of them with Touchline, the others mostly with its database\n\
         limit       {limit}\n\
         The emails went to a folder: a real relay adds its own time.",
        number("touches_per_second"),
        number("contacts"),
        number("seconds"),
        number("list_check_ms"),
        number("list_check_touches"),
        number("cores_all"),
        number("cores"),
        number("cores_touchline"),
    )
}

/// The email steps of a real plan, the first of them due at once.
fn plan(library: &library::Library) -> anyhow::Result<Plan> {
    let mut plan = library.plan("8x8").cloned();
    let plan = plan.as_mut().ok_or_else(|| anyhow::anyhow!("the library has no plan \"8x8\""))?;
    plan.steps.retain(|step| step.channel == Channel::Email);
    plan.then = None;
    plan.touches = u16::try_from(plan.steps.len())?;
    "bench".clone_into(&mut plan.key);
    Ok(plan.clone())
}

async fn enrol(deployment: &Deployment, plan: &Plan, n: u32) -> anyhow::Result<()> {
    let database = &deployment.operator;
    database.store_agents(&sample::agents()).await?;
    let people: Vec<NewContact> = (0..n as usize).map(person).collect();
    for batch in people.chunks(BATCH as usize) {
        database.import_contacts(&deployment.keyer, batch).await?;
    }
    database.store_plan(plan).await?;
    let version = database.current_plan(&plan.key).await?;
    let version = version.ok_or_else(|| anyhow::anyhow!("the plan was not stored"))?;
    let (now, selection) = (Clock::system().now(), Selection::default());
    loop {
        let some = database.candidates(&selection, &plan.key, None, BATCH).await?;
        if some.is_empty() {
            return Ok(());
        }
        let enrolments = some.iter().map(|candidate| {
            let start = Progress::starting(now.date_naive().to_string().parse()?);
            let person = Person { dates: candidate.dates, country: None };
            let next = planning::next(plan, start, person, &domain::Calendar::default());
            let Next::Touch { touch, progress } = next else { anyhow::bail!("an empty plan") };
            let (id, zone) = (EnrolmentId::new(), jiff::tz::TimeZone::UTC);
            let first = FirstTouch { due_at: now, ..FirstTouch::planned(plan, &touch, &zone, id) };
            Ok(NewEnrolment { id, contact: candidate.contact, progress, first })
        });
        let enrolments = enrolments.collect::<anyhow::Result<Vec<_>>>()?;
        database.enrol(version.id, &plan.key, &enrolments).await?;
    }
}

/// Somebody like the people of the demo, with addresses of their own, where no law asks for a
/// consent.
fn person(n: usize) -> NewContact {
    let mut person = sample::person(n);
    person.country = Some("AE".to_owned());
    for address in &mut person.addresses {
        match address.kind {
            AddressKind::Email => address.value = format!("p{n}@example.com"),
            AddressKind::Phone => address.value = format!("+97150{n:07}"),
            _ => continue,
        }
        address.normalised.clone_from(&address.value);
    }
    person
}

/// The sum of a metric over its labels.
fn sum(page: &str, name: &str) -> f64 {
    let samples = page.lines().filter_map(|line| line.strip_prefix(name));
    let samples = samples.filter(|rest| rest.starts_with(['{', ' ']));
    samples.filter_map(|rest| rest.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

/// CPU seconds of this process and of the whole machine so far (Linux; zero elsewhere).
fn cpu() -> [f64; 2] {
    let numbers = |file: &str| -> Vec<f64> {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().next().unwrap_or_default();
        line.split_whitespace().map(|field| field.parse().unwrap_or(0.0)).collect()
    };
    let (process, machine) = (numbers("/proc/self/stat"), numbers("/proc/stat"));
    // utime and stime; user, nice, system, interrupts. In hundredths of a second.
    let of = |all: &[f64], fields: &[usize]| {
        fields.iter().filter_map(|at| all.get(*at)).sum::<f64>() / 100.0
    };
    [of(&process, &[13, 14]), of(&machine, &[1, 2, 3, 6, 7])]
}

/// A folder that is removed when it is not needed any more.
struct ThrowAway(PathBuf);

impl Drop for ThrowAway {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
