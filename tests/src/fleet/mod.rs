//! The whole fleet inside a test's process, on real servers, with a clock the test moves.
//!
//! Every service is started as its own process would start it, with a shutdown of its own and, on
//! RabbitMQ, with connections of its own. A test moves business time step by step; each step ends
//! when everything due by then has come to an end, which the database tells: nothing due, nothing
//! in the outbox, nothing in flight.

mod command;
mod proxy;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bootstrap::health::Health;
use bootstrap::metrics::Metrics;
use bootstrap::{Context, Loaded, Shutdown};
use broker::Broker;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::Clock;
use domain::planning::{self, Next, Person, Progress};
use fleet::Shared;
use library::Library;
use sqlx::PgPool;
use storage::due::FirstTouch;
use storage::enrolments::{NewEnrolment, Selection};
use testkit::fixture::{ADDRESS_SECRET, Deployment};
use testkit::{SmsSink, SmtpSink, TestVhost};

pub use proxy::Proxy;

/// The zone of contacts of whom nothing is known.
pub const TEAM_ZONE: &str = "Asia/Dubai";

/// What links are signed with.
const TOKEN_SECRET: &str = "test-token-key-do-not-use";

/// Between two looks at the database.
const LOOK: Duration = Duration::from_millis(10);

/// Without any progress for so long, the fleet is stuck.
const PATIENCE: Duration = Duration::from_secs(60);

/// The fleet a test wants.
#[derive(Debug, Clone)]
pub struct Crew {
    /// Business time at the start.
    pub starts_at: DateTime<Utc>,
    /// A virtual host of the tests' RabbitMQ, or one broker inside the process.
    pub rabbitmq: bool,
    /// How many schedulers.
    pub schedulers: usize,
    /// How many email workers.
    pub email_workers: usize,
    /// How many SMS workers.
    pub sms_workers: usize,
    /// How many call workers.
    pub call_workers: usize,
    /// Settings that differ from the harness's own: ("section.key", value).
    pub settings: Vec<(String, String)>,
}

impl Crew {
    /// One of each, on the broker inside the process.
    #[must_use]
    pub const fn one_of_each(starts_at: DateTime<Utc>) -> Self {
        Self {
            starts_at,
            rabbitmq: false,
            schedulers: 1,
            email_workers: 1,
            sms_workers: 1,
            call_workers: 1,
            settings: Vec::new(),
        }
    }

    /// The same with one more setting.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.settings.push((key.to_owned(), value.to_owned()));
        self
    }
}

/// A running fleet. End it with [`Fleet::finish`]; dropping it only tells the services to stop.
pub struct Fleet {
    /// The database, and an operator's connection to it.
    pub deployment: Deployment,
    /// Plans and templates, all of them loaded.
    pub library: Arc<Library>,
    /// Where emails go.
    pub smtp: SmtpSink,
    /// Where texts go.
    pub sms: SmsSink,
    /// Business time.
    pub clock: Clock,
    /// Where one-click unsubscribes are taken.
    pub inbound: SocketAddr,
    settings: Loaded,
    services: Vec<Context>,
    brokers: Vec<Arc<dyn Broker>>,
    probe: PgPool,
    _vhost: Option<TestVhost>,
    _folder: tempfile::TempDir,
}

/// What has not come to an end yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open {
    /// Scheduled and due.
    pub due: i64,
    /// Queued: a hint is, or will be, on its way.
    pub outbox: i64,
    /// Claimed.
    pub inflight: i64,
}

impl Open {
    const NOTHING: Self = Self { due: 0, outbox: 0, inflight: 0 };
}

impl Fleet {
    /// Loads the library into a fresh deployment and starts the services on it.
    ///
    /// # Panics
    /// When a server is missing or a service does not start.
    pub async fn start(crew: &Crew) -> Self {
        let deployment = Deployment::create().await;
        let library = Arc::new(Library::built_in());
        load(&deployment, &library).await;
        let (smtp, sms) = tokio::join!(SmtpSink::start(), SmsSink::start());
        let vhost = if crew.rabbitmq { Some(TestVhost::create().await) } else { None };
        let folder = tempfile::tempdir().expect("there is a temporary folder");
        let sinks = [("email.url", smtp.url()), ("sms.url", sms.url())];
        let amqp = vhost.as_ref().map_or("", TestVhost::url);
        let settings = settings(&deployment, amqp, folder.path(), crew);
        let sinks: Vec<_> = sinks.iter().map(|(key, url)| (*key, url.as_str())).collect();
        let settings = settings.with(&sinks).expect("the sinks' urls are texts");
        let probe = sqlx::postgres::PgPoolOptions::new().max_connections(2);
        let probe = probe.connect(deployment.url()).await.expect("the database answers");
        let clock = Clock::manual(crew.starts_at);
        let mut fleet = Self {
            deployment,
            library,
            smtp,
            sms,
            clock,
            inbound: SocketAddr::from(([127, 0, 0, 1], 0)),
            settings,
            services: Vec::new(),
            brokers: Vec::new(),
            probe,
            _vhost: vhost,
            _folder: folder,
        };
        fleet.start_inbound().await;
        fleet.start_crew(crew).await;
        fleet
    }

    async fn start_inbound(&mut self) {
        let ctx = self.context("inbound");
        let serving = inbound::serve(&ctx).await.expect("inbound starts");
        self.inbound = serving.address();
        let url = format!("http://{}", self.inbound);
        let settings = self.settings.clone().with(&[("inbound.public_url", url.as_str())]);
        self.settings = settings.expect("the public url is a text");
        self.services.push(ctx);
    }

    async fn start_crew(&mut self, crew: &Crew) {
        for _ in 0..crew.email_workers {
            let (ctx, shared) = self.member("email-worker");
            email_worker::start(&ctx, &shared).await.expect("the email worker starts");
        }
        for _ in 0..crew.sms_workers {
            let (ctx, shared) = self.member("sms-worker");
            sms_worker::start(&ctx, &shared).await.expect("the SMS worker starts");
        }
        for _ in 0..crew.call_workers {
            let (ctx, shared) = self.member("call-worker");
            call_worker::start(&ctx, &shared).await.expect("the call worker starts");
        }
        for _ in 0..crew.schedulers {
            let (ctx, shared) = self.member("scheduler");
            scheduler::start(&ctx, &shared).await.expect("the scheduler starts");
        }
    }

    fn context(&self, service: &'static str) -> Context {
        Context {
            service,
            settings: self.settings.clone(),
            shutdown: Shutdown::new(),
            health: Health::new(),
            metrics: Metrics::install("tests"),
        }
    }

    fn member(&mut self, service: &'static str) -> (Context, Shared) {
        let ctx = self.context(service);
        let broker = match self.brokers.first() {
            // There is only one broker inside a process.
            Some(broker) if self._vhost.is_none() => Arc::clone(broker),
            _ => {
                let broker = fleet::connect_broker(&ctx.settings).expect("the broker's url is one");
                self.brokers.push(Arc::clone(&broker));
                broker
            }
        };
        let (clock, library) = (self.clock.clone(), Arc::clone(&self.library));
        self.services.push(ctx.clone());
        (ctx, Shared { broker, clock, library })
    }

    /// Enrols contacts in the current version of a plan, day 1 on `starts_on`. Returns how many.
    ///
    /// # Panics
    /// When there is no such plan or the database refuses.
    pub async fn enrol(&self, plan_key: &str, who: &Selection, starts_on: NaiveDate) -> u64 {
        let operator = &self.deployment.operator;
        let version = operator.current_plan(plan_key).await.expect("plans can be read");
        let version = version.expect("the plan is loaded");
        let start = Progress::starting(starts_on.to_string().parse().expect("a date is a date"));
        let (mut enrolled, mut after) = (0, None);
        loop {
            let batch = operator.candidates(who, plan_key, after, 2000).await;
            let batch = batch.expect("contacts can be read");
            let Some(last) = batch.last() else { return enrolled };
            after = Some(last.contact);
            let made: Vec<NewEnrolment> = batch
                .iter()
                .map(|candidate| {
                    let country = candidate.country.as_deref();
                    let person = Person { dates: candidate.dates, country };
                    let calendar = self.library.calendar();
                    let Next::Touch { touch, progress } =
                        planning::next(&version.plan, start, person, calendar)
                    else {
                        panic!("a plan has a first touch")
                    };
                    let zone =
                        planning::zone_of(candidate.time_zone.as_deref(), country, TEAM_ZONE);
                    let id = domain::EnrolmentId::new();
                    let first = FirstTouch::planned(&version.plan, &touch, &zone, id);
                    NewEnrolment { id, contact: candidate.contact, progress, first }
                })
                .collect();
            let done = operator.enrol(version.id, plan_key, &made).await;
            enrolled += done.expect("contacts are enrolled");
        }
    }

    /// Moves the clock to the next `grid` of business time at or after which something is due, but
    /// not past `target`, and waits until what is due by then has come to an end. Returns the new
    /// time, or `None` when nothing more is due until `target`, where the clock then stands.
    ///
    /// # Panics
    /// When the fleet makes no progress for a minute.
    pub async fn step_to(&self, target: DateTime<Utc>, grid: TimeDelta) -> Option<DateTime<Utc>> {
        let due = self.deployment.operator.next_due().await.expect("the database answers");
        let Some(due) = due.filter(|due| *due <= target) else {
            self.clock.set(target.max(self.clock.now()));
            self.settle().await;
            return None;
        };
        let (seconds, grid) = (due.timestamp(), grid.num_seconds().max(1));
        let slot = DateTime::from_timestamp((seconds + grid - 1) / grid * grid, 0);
        let next = slot.unwrap_or(due).clamp(due, target).max(self.clock.now());
        self.clock.set(next);
        self.settle().await;
        Some(next)
    }

    /// Moves the clock to `target`, hour by hour where something is due, and waits until everything
    /// due by then has come to an end.
    ///
    /// # Panics
    /// When the fleet makes no progress for a minute.
    pub async fn advance_to(&self, target: DateTime<Utc>) {
        while self.step_to(target, TimeDelta::hours(1)).await.is_some() {}
    }

    /// Waits until everything due now has come to an end.
    ///
    /// # Panics
    /// When the fleet makes no progress for a minute.
    pub async fn settle(&self) {
        let (mut before, mut since) = (None, Instant::now());
        loop {
            let open = self.open().await;
            if open == Open::NOTHING {
                return;
            }
            if before.replace(open) != Some(open) {
                since = Instant::now();
            }
            assert!(since.elapsed() < PATIENCE, "stuck at {} with {open:?}", self.clock.now());
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What is due now and has not come to an end, of one moment.
    ///
    /// # Panics
    /// When the database does not answer.
    pub async fn open(&self) -> Open {
        let counts = "SELECT (SELECT count(*) FROM due_touches WHERE due_at <= $1),
                             (SELECT count(*) FROM outbox), (SELECT count(*) FROM inflight)";
        let counts = sqlx::query_as(counts).bind(self.clock.now()).fetch_one(&self.probe).await;
        let (due, outbox, inflight) = counts.expect("the database answers");
        Open { due, outbox, inflight }
    }

    /// A look at the database past the fleet's own statements, for what a test wants to know.
    #[must_use]
    pub const fn probe(&self) -> &PgPool {
        &self.probe
    }

    /// The settings a further service of this fleet, or the command line, needs.
    #[must_use]
    pub const fn settings(&self) -> &Loaded {
        &self.settings
    }

    /// Stops the services, schedulers first, and checks that nothing is left half done.
    ///
    /// # Panics
    /// When a service does not stop within its time, or something is left in the outbox or in
    /// flight.
    pub async fn finish(mut self) {
        for ctx in self.services.drain(..).rev() {
            let left = ctx.shutdown.drain(Duration::from_secs(20)).await;
            assert!(left.is_empty(), "{} did not stop: {left:?}", ctx.service);
        }
        for broker in &self.brokers {
            broker.close().await;
        }
        let open = self.open().await;
        assert_eq!((open.outbox, open.inflight), (0, 0), "the fleet left something behind");
        self.probe.close().await;
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for ctx in &self.services {
            ctx.shutdown.begin();
        }
    }
}

/// Loads every plan and template of a library.
///
/// # Panics
/// When one does not compile or the database refuses.
pub async fn load(deployment: &Deployment, library: &Library) {
    for source in library.templates() {
        let compiled = templates::compile(source, library.partials());
        let compiled = compiled.expect("the library's templates compile");
        let stored = deployment.operator.store_template(source, &compiled).await;
        stored.expect("the template is stored");
    }
    for plan in library.plans() {
        deployment.store_plan(plan).await;
    }
}

fn address_secret() -> &'static str {
    std::str::from_utf8(ADDRESS_SECRET).expect("the test secret is ASCII")
}

fn settings(deployment: &Deployment, amqp: &str, folder: &std::path::Path, crew: &Crew) -> Loaded {
    let journal = folder.join("journal");
    let own = [
        ("database.url", deployment.url()),
        ("broker.url", amqp),
        ("keys.address", address_secret()),
        ("keys.token", TOKEN_SECRET),
        ("team.name", "Palm Realty"),
        ("team.postal_address", "Office 12, Marina Walk, Dubai, UAE"),
        ("team.reply_to", "hello@palm.example"),
        ("team.default_time_zone", TEAM_ZONE),
        ("email.from", "Palm Realty <hello@palm.example>"),
        ("sms.preset", "custom"),
        ("inbound.listen", "127.0.0.1:0"),
        ("inbound.journal_dir", journal.to_str().expect("the temporary folder is UTF-8")),
        ("registries.call", "[]"),
        ("registries.sms", "[]"),
        // The test moves the clock at any moment, and does not want to wait for a poll.
        ("scheduler.poll_milliseconds", "20"),
        ("scheduler.sweep_seconds", "1"),
        ("scheduler.queued_age_seconds", "20"),
    ];
    let further = crew.settings.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let all: Vec<(&str, &str)> = own.into_iter().chain(further).collect();
    Loaded::defaults().with(&all).expect("the harness's settings are settings")
}
