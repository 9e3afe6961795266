//! Decides what is due; the only producer of hints.
//!
//! Five loops share one database and one broker, and any number of schedulers may run at once:
//! [`due`] claims what is due and plans each enrolment on, [`relay`] publishes the outbox,
//! [`effects`] does what new entries of the list leave to be done, [`sweep`] takes up what got stuck and
//! ends entries whose term is over, and [`breakers`] pauses what does harm. None of them needs a leader: rows are claimed with
//! SKIP LOCKED, and a hint too many claims nothing.

mod breakers;
mod due;
mod effects;
mod planner;
mod relay;
mod settings;
mod sweep;
mod traces;

use std::sync::Arc;

use bootstrap::{Context, Shutdown};
use broker::Broker;
use domain::{Calendar, Clock};
use fleet::{Member, Shared};
use storage::{Database, Role};
use tokio::sync::mpsc;

pub use planner::{Planned, Planner};
pub use settings::{Limits, Settings, UnknownPolicies};

/// Batches between the loops and the relay: enough to keep it busy, few enough to slow the claiming
/// down when the broker is slow.
const QUEUED_BATCHES: usize = 4;

/// What a scheduler is made of.
pub struct Scheduler {
    /// Under the scheduler's role.
    pub database: Database,
    /// Where hints go.
    pub broker: Arc<dyn Broker>,
    /// Weekends and holidays.
    pub calendar: Calendar,
    /// The zone of contacts of whom nothing is known.
    pub default_zone: String,
    /// Business time.
    pub clock: Clock,
    /// How much, how often.
    pub settings: Settings,
    /// What happens in doubt.
    pub policies: UnknownPolicies,
    /// What the circuit breakers bear; without, they count and open nothing.
    pub limits: Option<Limits>,
    /// The domain emails are from.
    pub sender_domain: Option<String>,
    /// The name in history.
    pub name: String,
}

impl Scheduler {
    /// Starts the loops; they stop with `shutdown`, after what they have begun.
    pub fn start(self, shutdown: &Shutdown) {
        let (hints, queued) = mpsc::channel(QUEUED_BATCHES);
        let token = shutdown.token();
        shutdown.spawn("breakers", self.breakers().run(token.clone()));
        let Self {
            database, broker, calendar, default_zone, clock, settings, policies, name, ..
        } = self;
        let due = due::Due {
            database: database.clone(),
            planner: Planner::new(database.clone(), calendar.clone(), default_zone.clone()),
            clock: clock.clone(),
            settings: settings.clone(),
            hints: hints.clone(),
            broker: broker.watch_state(),
        };
        let effects = effects::Effects {
            database: database.clone(),
            planner: Planner::new(database.clone(), calendar, default_zone),
            clock: clock.clone(),
            settings: settings.clone(),
            name: name.clone(),
        };
        let sweep =
            sweep::Sweep { database: database.clone(), clock, settings, policies, hints, name };
        shutdown.spawn("due", due.run(token.clone()));
        shutdown.spawn("effects", effects.run(token.clone()));
        shutdown.spawn("sweep", sweep.run(token.clone()));
        shutdown.spawn("reaper", sweep::reap(database.clone(), Arc::clone(&broker), token));
        shutdown.spawn("relay", relay::run(database, broker, queued));
    }
}

impl Scheduler {
    fn breakers(&self) -> breakers::Breakers {
        breakers::Breakers {
            database: self.database.clone(),
            clock: self.clock.clone(),
            limits: self.limits,
            sender_domain: self.sender_domain.clone(),
            every: self.settings.sweep(),
        }
    }
}

/// Runs a scheduler as its own process.
///
/// # Errors
/// When settings are missing or wrong, or the database is not the one they speak of.
pub async fn run(ctx: Context) -> anyhow::Result<()> {
    let shared = Shared::connect(&ctx)?;
    start(&ctx, &shared).await?;
    ctx.shutdown.begun().await;
    Ok(())
}

/// Starts a scheduler in this process, beside others that share its broker and clock.
///
/// # Errors
/// When settings are wrong, or the database is not the one they speak of.
pub async fn start(ctx: &Context, shared: &Shared) -> anyhow::Result<()> {
    let member = Member::join(ctx, shared, "scheduler", Role::Scheduler).await?;
    let remembered = shared.library.rules().longest_span().as_secs();
    let settings: Settings = ctx.settings.section("scheduler")?;
    let scheduler = Scheduler {
        database: member.database,
        broker: Arc::clone(&shared.broker),
        calendar: shared.library.calendar().clone(),
        default_zone: member.team.default_time_zone,
        clock: shared.clock.clone(),
        settings: Settings { remembered: chrono::TimeDelta::seconds(remembered), ..settings },
        policies: UnknownPolicies::load(&ctx.settings)?,
        limits: Limits::load(&ctx.settings)?,
        sender_domain: settings::sender_domain(&ctx.settings)?,
        name: member.name,
    };
    scheduler.start(&ctx.shutdown);
    Ok(())
}
