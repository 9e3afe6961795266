//! `touchline up`: the whole fleet in one process, with nothing to set up.
//!
//! What is not set is found or made: a private PostgreSQL on the data folder, a broker inside the
//! process, keys of its own, local outboxes instead of providers. What is set is used, so that the
//! same command runs against real servers.

pub(super) mod deployment;
mod law;
mod narrator;
mod team;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use bootstrap::Loaded;
use bootstrap::health::Health;
use bootstrap::logs::{self, LogSettings};
use bootstrap::metrics::Metrics;
use bootstrap::shutdown::Shutdown;
use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use domain::Clock;
use fleet::Shared;
use library::Library;
use office::Connection;
use office::sample::{self, Loading};

use crate::connect::Session;
use deployment::Deployment;

/// Eight weeks pass in a minute.
const DEMO_SPEED: f64 = 56.0 * 24.0 * 60.0;
/// How long the demo's clock runs fast: 8x8 and the first touches of the plan that follows.
const DEMO_DAYS: i64 = 60;

/// What to do.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Load a bilingual sample team and let eight weeks pass while you watch.
    #[arg(long)]
    demo: bool,
    /// How many times faster than the machine's clock business time passes.
    #[arg(long, value_name = "N", value_parser = speed)]
    speed: Option<f64>,
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if (1.0..=1e7).contains(&speed) => Ok(speed),
        _ => Err("a number from 1 to 10000000".to_owned()),
    }
}

/// Runs the command until it is interrupted.
///
/// # Errors
/// When a part cannot be started, with what to do about it.
pub async fn run(arguments: Arguments, session: Session) -> anyhow::Result<()> {
    let shutdown = Shutdown::new();
    shutdown.listen().context("signals cannot be listened to")?;
    let data_dir = data_dir(&arguments, &session)?;
    println!("Touchline {} starts on {}", bootstrap::VERSION, data_dir.display());
    let deployment = Deployment::open(&session.settings, &data_dir, arguments.demo).await?;
    let result = live(&arguments, &deployment, &shutdown).await;
    shutdown.begin();
    let left = shutdown.drain(Duration::from_secs(25)).await;
    if !left.is_empty() {
        println!("Stopped without waiting for: {}", left.join(", "));
    }
    deployment.close().await;
    result
}

fn data_dir(arguments: &Arguments, session: &Session) -> anyhow::Result<PathBuf> {
    let folder = session.data_folder()?;
    // The demo never mixes with a deployment of one's own.
    let named = session.data_dir.is_some();
    Ok(if arguments.demo && !named { folder.join("demo") } else { folder })
}

async fn live(
    arguments: &Arguments,
    deployment: &Deployment,
    shutdown: &Shutdown,
) -> anyhow::Result<()> {
    start_logs(&deployment.settings, arguments.demo)?;
    let metrics = Metrics::install("touchline");
    let ctx = bootstrap::Context {
        service: "touchline",
        settings: deployment.settings.clone(),
        shutdown: shutdown.clone(),
        health: Health::new(),
        metrics: metrics.clone(),
    };
    let clock = clock(arguments, deployment)?;
    let library = Arc::new(fleet::load_library(&ctx.settings)?);
    office::content::seed(&deployment.operator, &library).await?;
    if arguments.demo {
        let now = clock.now();
        load_sample(deployment, &library, now).await?;
        law::load(&deployment.operator, now + TimeDelta::days(DEMO_DAYS)).await?;
    }
    let broker = fleet::connect_broker(&ctx.settings)?;
    let shared = Shared { broker, clock: clock.clone(), library };
    let edge = inbound::serve(&ctx).await?;
    scheduler::start(&ctx, &shared).await?;
    email_worker::start(&ctx, &shared).await?;
    sms_worker::start(&ctx, &shared).await?;
    call_worker::start(&ctx, &shared).await?;
    let console = console::serve(&ctx, &shared).await?;
    let door = team::door(&ctx.settings, &console, arguments.demo).await?;
    let health: bootstrap::health::HealthSettings = ctx.settings.section("health")?;
    let _health = ctx.health.serve(&health, metrics, &ctx.shutdown).await?;
    deployment.announce(edge.address(), &door);
    let narrator = narrator::Narrator::new(deployment, clock, arguments.demo);
    shutdown.spawn("narrator", narrator.run(shutdown.token()));
    shutdown.begun().await;
    println!("Stopping…");
    Ok(())
}

/// Loads the sample team, unless there are people already.
async fn load_sample(
    deployment: &Deployment,
    library: &Library,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let (database, keyer) = (deployment.operator.clone(), deployment.keyer.clone());
    if database.count_contacts().await? > 0 {
        return Ok(());
    }
    // From tomorrow on: nothing of it is over when the story begins.
    let loading = Loading { library, now, in_days: 1 };
    let mut untold = |_| {};
    Ok(sample::load(&Connection { database, keyer }, loading, &mut untold).await?)
}

/// The demo's terminal belongs to the story; its log tells only what goes wrong.
fn start_logs(settings: &Loaded, demo: bool) -> anyhow::Result<()> {
    let mut log: LogSettings = settings.section("log")?;
    if demo && log.level == "info" {
        log.level = "error".to_owned();
    }
    logs::init(&log)?;
    Ok(())
}

/// Business time: the machine's, or a fast one that goes on where it stopped last time.
fn clock(arguments: &Arguments, deployment: &Deployment) -> anyhow::Result<Clock> {
    let now = Clock::system().now();
    let origin = deployment.last_business_time()?.unwrap_or(now);
    if arguments.demo {
        let began = deployment.began(origin)?;
        let until = (began + TimeDelta::days(DEMO_DAYS)).max(origin);
        let speed = arguments.speed.unwrap_or(DEMO_SPEED);
        return Ok(Clock::fast(origin, speed, until));
    }
    Ok(match arguments.speed {
        Some(speed) => Clock::fast(origin, speed, DateTime::<Utc>::MAX_UTC),
        None if origin > now => Clock::fast(origin, 1.0, origin),
        None => Clock::system(),
    })
}

/// This program as somebody in the same folder calls it.
fn program() -> String {
    let Ok(path) = std::env::current_exe() else { return "touchline".to_owned() };
    let folder = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(folder).unwrap_or(&path).display().to_string()
}
