//! The servers and processes of a run, and how they are set.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use domain::{Clock, Medium};
use embedded::{Options, Postgres};
use library::Library;
use sqlx::postgres::{PgPool, PgPoolOptions};
use storage::contacts::NewAgent;
use testkit::RabbitMq;
use testkit::fixture::{self, ADDRESS_SECRET, Deployment};
use testkit::servers::RunFolder;
pub use tests::measure::POSTGRES_SETTINGS;
use tests::processes::{Environment, Process, Program, noon_zone};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

use crate::Arguments;
use crate::report::Report;

/// The plan everybody is in, and the template all its steps use: one of the library's, in English
/// and Arabic.
pub const PLANS: [&str; 2] = ["bench-a", "bench-b"];
pub const TEMPLATE: &str = "8x8_w2_market_stats";
/// Weekly steps of the plan; each run of the benchmark uses up one or two.
const STEPS: u16 = 40;

/// Everything that runs, in the order in which it ends.
pub struct World {
    pub deployment: Deployment,
    pub pool: PgPool,
    pub clock: Clock,
    pub library: Library,
    pub sink_port: u16,
    pub sink_log: PathBuf,
    pub services: Vec<Process>,
    /// Where each service's metrics are, in the order of `services`.
    pub health: Vec<(Program, u16)>,
    environment: Environment,
    /// Another database of the same server, not in use at the moment.
    other: Option<(Deployment, PgPool)>,
    schedulers: usize,
    workers: usize,
    _sink: Child,
    _rabbit: RabbitMq,
    postgres: Postgres,
    folder: RunFolder,
}

impl World {
    pub async fn start(arguments: &Arguments) -> Self {
        eprintln!("starting PostgreSQL, RabbitMQ and the sink …");
        let folder = RunFolder::create();
        let (postgres, rabbit) = tokio::join!(postgres(&folder), RabbitMq::start());
        let deployment = Deployment::at(postgres.url("postgres")).await;
        let pool = PgPoolOptions::new().max_connections(4).connect(deployment.url()).await;
        let pool = pool.expect("the database answers");
        let sink_log = folder.path().join("mails.jsonl");
        let (sink, sink_port) = sink(&sink_log).await;
        let environment = environment(arguments, &deployment, &rabbit, sink_port);
        let mut world = Self {
            deployment,
            pool,
            clock: Clock::system(),
            library: Library::built_in(),
            sink_port,
            sink_log,
            services: Vec::new(),
            health: Vec::new(),
            environment,
            other: None,
            schedulers: arguments.schedulers,
            workers: arguments.workers,
            _sink: sink,
            _rabbit: rabbit,
            postgres,
            folder,
        };
        world.load_content().await;
        world
    }

    async fn load_content(&mut self) {
        let source = self.library.template(TEMPLATE).expect("the library has this template");
        assert_eq!(source.medium, Medium::Email);
        let compiled = templates::compile(source, self.library.partials());
        let compiled = compiled.expect("the library's templates compile");
        let operator = &self.deployment.operator;
        operator.store_template(source, &compiled).await.expect("the template is stored");
        let steps: Vec<(u16, domain::Channel)> =
            (0..STEPS).map(|week| (1 + 7 * week, domain::Channel::Email)).collect();
        for key in PLANS {
            let mut plan = fixture::plan(key, &steps);
            for step in &mut plan.steps {
                TEMPLATE.clone_into(&mut step.template);
            }
            self.deployment.store_plan(&plan).await;
        }
        operator.store_agents(&[agent()]).await.expect("the agent is stored");
        let statements = "CREATE EXTENSION IF NOT EXISTS pg_stat_statements";
        sqlx::query(statements).execute(&self.pool).await.expect("the extension is installed");
    }

    /// Makes a second database with the same content, and puts it to use; [`World::swap`] goes back.
    pub async fn add_database(&mut self) {
        let create = "CREATE DATABASE second";
        sqlx::query(create).execute(&self.pool).await.expect("the server takes another database");
        let deployment = Deployment::at(self.postgres.url("second")).await;
        let pool = PgPoolOptions::new().max_connections(4).connect(deployment.url()).await;
        self.other = Some((deployment, pool.expect("the database answers")));
        self.swap().await;
        self.load_content().await;
    }

    /// Stops the services and changes over to the other database.
    pub async fn swap(&mut self) {
        self.run(&[]).await;
        let (deployment, pool) = self.other.take().expect("there is another database");
        let deployment = std::mem::replace(&mut self.deployment, deployment);
        self.other = Some((deployment, std::mem::replace(&mut self.pool, pool)));
        let environment = std::mem::take(&mut self.environment);
        self.environment = environment.with(&[("database.url", self.deployment.url())]);
    }

    /// Starts schedulers, workers or both, unless they run, and returns when they are ready.
    pub async fn run(&mut self, wanted: &[Program]) {
        for (program, count) in
            [(Program::Scheduler, self.schedulers), (Program::EmailWorker, self.workers)]
        {
            let count = if wanted.contains(&program) { count } else { 0 };
            self.have(program, count).await;
        }
    }

    async fn have(&mut self, program: Program, count: usize) {
        let is_it = |process: &Process| process.program() == program;
        if self.services.iter().filter(|process| is_it(process)).count() == count {
            return;
        }
        let (gone, kept): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.services).into_iter().partition(is_it);
        self.services = kept;
        self.health.retain(|(of, _)| *of != program);
        for mut process in gone {
            let status = process.terminate().await;
            assert!(status.success(), "{program} ended with {status}:\n{}", process.tail());
        }
        for _ in 0..count {
            let port = free_port();
            let listen = format!("127.0.0.1:{port}");
            let environment = self.environment.clone().with(&[("health.listen", &listen)]);
            self.services.push(Process::start(program, &environment, self.folder.path()));
            self.health.push((program, port));
            while !is_ready(port).await {
                let process = self.services.last_mut().expect("it was just added");
                assert!(!process.has_ended(), "{program} does not start:\n{}", process.tail());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }

    /// The sum of a metric's samples over all processes of a program, where `wanted` takes a sample
    /// line's labels.
    pub async fn metric(&self, program: Program, name: &str) -> f64 {
        let mut sum = 0.0;
        for (_, port) in self.health.iter().filter(|(of, _)| *of == program) {
            let page = get(*port, "/metrics").await.unwrap_or_default();
            for line in page.lines().filter(|line| line.starts_with(name)) {
                let after = &line[name.len()..];
                if after.starts_with(['{', ' ']) {
                    let value = line.rsplit(' ').next().and_then(|value| value.parse().ok());
                    sum += value.unwrap_or(0.0);
                }
            }
        }
        sum
    }

    /// The process id of PostgreSQL's first process.
    pub fn postgres_pid(&self) -> Option<u32> {
        self.postgres.pid()
    }

    /// Stops the services, then the servers.
    pub async fn stop(mut self) {
        self.run(&[]).await;
        self.pool.close().await;
        drop((self.deployment, self.other));
        self.postgres.stop().await;
    }

    /// Every touch that was sent was accepted once; nothing else was.
    pub async fn check(&mut self, report: &mut Report) {
        self.run(&[]).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        let count = "SELECT count(*) FILTER (WHERE state = 'sent' AND worker <> 'bench'),
                            count(*) FILTER (WHERE state = 'blocked') FROM touch_events";
        let (mut sent, mut listed) = (0, 0);
        for pool in [Some(&self.pool), self.other.as_ref().map(|(_, pool)| pool)] {
            let Some(pool) = pool else { continue };
            let found = sqlx::query_as(count).fetch_one(pool).await;
            let (more, blocked): (i64, i64) = found.expect("the database answers");
            (sent, listed) = (sent + more, listed + blocked);
        }
        let mails = crate::phases::mails(&self.sink_log, 0);
        let ids: std::collections::HashSet<_> = mails.iter().map(|(touch, _)| touch).collect();
        report.check(sent, listed, mails.len(), ids.len());
    }
}

fn agent() -> NewAgent {
    NewAgent {
        name: "Maya Rahal".to_owned(),
        email: "maya@palm.example".to_owned(),
        phone: "+971 4 555 0101".to_owned(),
        locale: domain::Locale::En,
        time_zone: Some("Asia/Dubai".to_owned()),
    }
}

async fn postgres(folder: &RunFolder) -> Postgres {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let mut settings: Vec<_> = POSTGRES_SETTINGS.iter().map(own).collect();
    settings.push(own(&("shared_preload_libraries", "pg_stat_statements")));
    let data_dir = folder.path().join("postgres");
    let options = Options { data_dir, durable: true, settings };
    match Postgres::start(options).await {
        Ok(server) => server,
        Err(error) => panic!("the benchmark needs a PostgreSQL with its contrib modules: {error}"),
    }
}

/// The SMTP sink as a process of its own, and its port.
async fn sink(log: &Path) -> (Child, u16) {
    let program = Program::Scheduler.path().with_file_name("sinks");
    let mut command = Command::new(&program);
    command.args(["smtp", "--log"]).arg(log).stdin(Stdio::null()).stdout(Stdio::piped());
    let sink = command.kill_on_drop(true).spawn();
    let mut sink = sink.unwrap_or_else(|error| panic!("cannot run {}: {error}", program.display()));
    let output = sink.stdout.take().expect("the output is piped");
    let line = BufReader::new(output).lines().next_line().await;
    let line = line.expect("the sink speaks").expect("the sink tells its port");
    (sink, line.trim().parse().expect("a port is a number"))
}

fn environment(
    arguments: &Arguments,
    deployment: &Deployment,
    rabbit: &RabbitMq,
    sink_port: u16,
) -> Environment {
    let secret = std::str::from_utf8(ADDRESS_SECRET).expect("the test's secret is text");
    let environment = Environment::default().with(&[
        ("database.url", deployment.url()),
        ("broker.url", &rabbit.control().url("/")),
        ("keys.address", secret),
        ("keys.token", "token-secret-of-tests"),
        ("team.name", "Palm Realty"),
        ("team.postal_address", "1 Marina Walk, Dubai"),
        ("inbound.public_url", "https://mail.palm.example"),
        ("log.format", "json"),
        ("windows.email", "00:00-23:59"),
        // The same people are sent to again and again; their history is read all the same.
        ("frequency.email_per_day", "0"),
        ("frequency.touches_per_week", "0"),
        ("email.url", &format!("smtp://127.0.0.1:{sink_port}")),
        ("email.from", "Palm Realty <hello@palm.example>"),
    ]);
    let given: Vec<(&str, &str)> =
        arguments.settings.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    environment.with(&given)
}

/// The zone in which it is noon now: nobody's window is closed.
pub fn zone(clock: &Clock) -> String {
    noon_zone(clock.now())
}

async fn is_ready(port: u16) -> bool {
    get(port, "/health/ready").await.is_some_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

async fn get(port: u16, path: &str) -> Option<String> {
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    Some(answer)
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0));
    let address = listener.and_then(|listener| listener.local_addr());
    address.expect("there is a free port").port()
}
