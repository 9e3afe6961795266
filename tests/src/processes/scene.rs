//! What a test with processes needs around them: a deployment, a broker, sinks, and a watch that
//! writes down what was done to whom.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Timelike, Utc};
use domain::{Channel, Clock, ContactId, Medium};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use tempfile::TempDir;
use testkit::fixture::{self, ADDRESS_SECRET, Deployment};
use testkit::history::{History, Incident, Report, Whom};
use testkit::{SmsSink, SmtpSink, TestVhost};
use tokio::task::JoinHandle;

use super::{Environment, Process, Program};

/// How often the database is asked whether something has come about.
const LOOK_EVERY: Duration = Duration::from_millis(40);

/// The plan all scenes use.
const PLAN: &str = "scene";

/// How long what a dead process had in flight is watched: less than the shortest lease.
const WATCH: Duration = Duration::from_secs(3);

/// A deployment with everything its services speak to, and the list of what was done to them.
#[derive(Debug)]
pub struct Scene {
    /// The database, with people and a plan.
    pub deployment: Deployment,
    /// Where email goes.
    pub smtp: SmtpSink,
    /// Where SMS goes.
    pub sms: SmsSink,
    /// What every process is told.
    pub environment: Environment,
    /// The people.
    pub people: Vec<ContactId>,
    /// The broker's part of this test, unless it has a broker of its own.
    pub vhost: Option<TestVhost>,
    folder: TempDir,
    incidents: Mutex<Vec<JoinHandle<Incident>>>,
}

/// A part of the fleet in a scene: what is started together.
pub type Part<'a> = (Program, &'a [(&'a str, &'a str)]);

impl Scene {
    /// One due touch on each of `channels` for each of `count` people, on the shared servers.
    pub async fn with(channels: &[Channel], count: usize) -> Self {
        let (deployment, vhost) = tokio::join!(Deployment::create(), TestVhost::create());
        let url = vhost.url().to_owned();
        let mut scene = Self::on(deployment, &url, channels, count).await;
        scene.vhost = Some(vhost);
        scene.enrol(0, count).await;
        scene
    }

    /// A plan of touches on `channels` and `count` people, nobody enrolled, on servers of the
    /// test's own.
    pub async fn on(
        deployment: Deployment,
        broker_url: &str,
        channels: &[Channel],
        count: usize,
    ) -> Self {
        let steps: Vec<(u16, Channel)> = channels.iter().map(|channel| (1, *channel)).collect();
        let mut plan = fixture::plan(PLAN, &steps);
        for step in &mut plan.steps {
            step.template = format!("note-{}", step.channel.medium());
        }
        deployment.store_plan(&plan).await;
        for medium in Medium::ALL.iter().copied() {
            let mut source = fixture::template(medium);
            source.key = format!("note-{medium}");
            deployment.store_template(&source).await;
        }
        let people = deployment.people(count).await;
        let (smtp, sms) = tokio::join!(SmtpSink::start(), SmsSink::start());
        let environment = environment(deployment.url(), broker_url, &smtp, &sms);
        let folder = tempfile::tempdir().expect("the temporary folder can be written");
        let scene = Self {
            deployment,
            smtp,
            sms,
            environment,
            people,
            vhost: None,
            folder,
            incidents: Mutex::default(),
        };
        // Whatever the hour, nobody's window is closed.
        let now = Clock::system().now();
        scene.execute(format!("UPDATE contacts SET time_zone = '{}'", noon_zone(now))).await;
        scene
    }

    /// Enrols people number `from` up to `to`; their touches are due at once.
    pub async fn enrol(&self, from: usize, to: usize) {
        let starts_on = Clock::system().now().date_naive() - TimeDelta::days(3);
        let starts_on: NaiveDate = starts_on;
        let enrolled = self.deployment.enrol(PLAN, &self.people[from..to], starts_on).await;
        assert_eq!(usize::try_from(enrolled), Ok(to - from), "everybody can be enrolled once");
    }

    /// Where logs are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts a program.
    #[must_use]
    pub fn start(&self, program: Program) -> Process {
        self.start_with(program, &[])
    }

    /// Starts a program with further settings.
    #[must_use]
    pub fn start_with(&self, program: Program, settings: &[(&str, &str)]) -> Process {
        let environment = self.environment.clone().with(settings);
        Process::start(program, &environment, self.folder.path())
    }

    /// Starts a program that will die at a failpoint, waits for its death and writes it down.
    ///
    /// # Panics
    /// If it does not die there.
    pub async fn dies_at(&self, point: &str, (program, settings): Part<'_>) -> Process {
        let environment = self.environment.clone().with(settings);
        let environment = environment.with(&[("faults.failpoint", point)]);
        let mut process = Process::start(program, &environment, self.folder.path());
        let status = process.ended().await;
        let signal = std::os::unix::process::ExitStatusExt::signal(&status);
        let tail = process.tail();
        assert_eq!(signal, Some(ABORT), "{program} did not die at {point}: {status}\n{tail}");
        self.note(&process, &format!("failpoint {point}"));
        process
    }

    /// `kill -9`, written down.
    pub async fn kill(&self, process: &mut Process) {
        process.kill().await;
        self.note(process, "kill -9");
    }

    /// Writes down what was just done to a process, and watches what it has in flight.
    pub fn note(&self, process: &Process, what: &str) {
        let (at, url, worker) = (Clock::system().now(), self.url(), process.worker());
        let what = what.to_owned();
        self.push(tokio::spawn(async move {
            let in_flight = watch(&url, &worker).await;
            Incident { at, whom: Whom::Worker { worker, in_flight }, what }
        }));
    }

    /// Writes down that a server was away since `at`, and is back now.
    pub fn note_server(&self, at: DateTime<Utc>, what: &str) {
        let whom = Whom::Server { until: Clock::system().now() };
        let incident = Incident { at, whom, what: what.to_owned() };
        self.push(tokio::spawn(async move { incident }));
    }

    fn push(&self, incident: JoinHandle<Incident>) {
        self.incidents.lock().unwrap_or_else(PoisonError::into_inner).push(incident);
    }

    /// Waits until every touch has an end and nothing is left in the outbox or in flight.
    ///
    /// # Panics
    /// If that takes longer than `patience`; the message says what is open.
    pub async fn ended(&self, patience: Duration) {
        let open = "SELECT count(*) FROM touches
                     WHERE state IN ('scheduled', 'queued', 'sending', 'unknown')";
        let query = format!(
            "SELECT ({open}) + (SELECT count(*) FROM outbox) + (SELECT count(*) FROM inflight)"
        );
        if !self.becomes(&query, 0, patience).await {
            let left = self.text(
                "SELECT concat_ws('; ',
                    (SELECT string_agg(s, ', ') FROM (SELECT state || ' ' || count(*) AS s
                       FROM touches GROUP BY state) x),
                    (SELECT 'outbox ' || count(*) || ', published ' || count(published_at) FROM outbox),
                    (SELECT 'inflight ' || count(*) FROM inflight),
                    (SELECT 'due ' || count(*) FROM due_touches))",
            );
            panic!("not every touch has an end after {patience:?}: {}", left.await);
        }
    }

    /// Waits until a query that counts something answers `wanted`; false if it never does.
    pub async fn becomes(&self, query: &str, wanted: i64, patience: Duration) -> bool {
        let deadline = tokio::time::Instant::now() + patience;
        loop {
            // The database may be away in a test of bad days.
            if let Ok(found) = count(&self.url(), query).await
                && found == wanted
            {
                return true;
            }
            if tokio::time::Instant::now() > deadline {
                return false;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until a query that counts something answers `wanted`.
    ///
    /// # Panics
    /// If it does not within half a minute.
    pub async fn sees(&self, query: &str, wanted: i64) {
        let seen = self.becomes(query, wanted, Duration::from_secs(30)).await;
        assert!(seen, "never {wanted}: {query}");
    }

    /// Executes a statement as the server's owner: what no service may do.
    ///
    /// # Panics
    /// If the database refuses.
    pub async fn execute(&self, statement: String) {
        let mut db = self.connect().await;
        sqlx::query(AssertSqlSafe(statement)).execute(&mut db).await.expect("an owner may do that");
    }

    /// One text the database answers.
    ///
    /// # Panics
    /// If the database does not answer.
    pub async fn text(&self, query: &'static str) -> String {
        let mut db = self.connect().await;
        let row = sqlx::query(query).fetch_one(&mut db).await.expect("the test's query is right");
        row.try_get(0).expect("a text")
    }

    /// A connection as the server's owner.
    ///
    /// # Panics
    /// If the database does not answer.
    pub async fn connect(&self) -> PgConnection {
        PgConnection::connect(self.deployment.url()).await.expect("the test's database answers")
    }

    fn url(&self) -> String {
        self.deployment.url().to_owned()
    }

    /// Everything that happened.
    pub async fn history(&self) -> History {
        let watches =
            std::mem::take(&mut *self.incidents.lock().unwrap_or_else(PoisonError::into_inner));
        let mut incidents = Vec::new();
        for watch in watches {
            incidents.push(watch.await.expect("watching does not panic"));
        }
        History::read(self.deployment.url())
            .await
            .with_mails(&self.smtp.accepted())
            .with_texts(&self.sms.accepted())
            .with_incidents(incidents)
    }

    /// The checker's verdict on everything that happened, for once: incidents are told to one
    /// report only.
    pub async fn report(&self) -> Report {
        self.history().await.check(Clock::system().now())
    }
}

/// The signal of a process that aborts.
const ABORT: i32 = 6;

/// The most touches a dead or frozen process is seen to have in flight. A statement it had sent
/// may still be executed after its death, so one look is not enough.
async fn watch(url: &str, worker: &str) -> usize {
    let query = format!("SELECT count(*) FROM inflight WHERE starts_with(worker, '{worker}')");
    let until = tokio::time::Instant::now() + WATCH;
    let mut most = 0;
    while tokio::time::Instant::now() < until {
        if let Ok(found) = count(url, &query).await {
            most = most.max(usize::try_from(found).unwrap_or(0));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    most
}

async fn count(url: &str, query: &str) -> Result<i64, sqlx::Error> {
    let mut db = PgConnection::connect(url).await?;
    let found = sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(&mut db).await?;
    db.close().await?;
    Ok(found)
}

/// A zone in which it is about noon at `now`.
#[must_use]
pub fn noon_zone(now: DateTime<Utc>) -> String {
    // In these names the sign says how far Greenwich is ahead: Etc/GMT-4 is Dubai's offset.
    let ahead = i64::from(now.hour()) - 12;
    if ahead == 0 { "Etc/GMT".to_owned() } else { format!("Etc/GMT{ahead:+}") }
}

/// Settings for impatient tests: the shortest leases the services take, frequent sweeps.
fn environment(database: &str, broker: &str, smtp: &SmtpSink, sms: &SmsSink) -> Environment {
    let secret = std::str::from_utf8(ADDRESS_SECRET).expect("the test's secret is text");
    Environment::default()
        .with(&[
            ("database.url", database),
            ("database.max_connections", "5"),
            ("broker.url", broker),
            ("broker.confirm_timeout_seconds", "5"),
            ("keys.address", secret),
            ("keys.token", "token-secret-of-tests"),
            ("team.name", "Palm Realty"),
            ("team.postal_address", "1 Marina Walk, Dubai"),
            ("inbound.public_url", "http://127.0.0.1:9"),
            ("log.format", "json"),
            ("windows.email", "00:00-23:59"),
            ("windows.sms", "00:00-23:59"),
            // People are sent to as often as a test needs, and no registry is loaded.
            ("frequency.email_per_day", "0"),
            ("frequency.sms_per_day", "0"),
            ("frequency.sms_per_week", "0"),
            ("frequency.touches_per_week", "0"),
            // What comes back here is more than any breaker lets pass; they have tests of their own.
            ("breakers.enabled", "false"),
            ("registries.call", "[]"),
            ("registries.sms", "[]"),
        ])
        .with(&[
            ("email.url", &smtp.url()),
            ("email.from", "Palm Realty <hello@palm.example>"),
            ("email.connect_timeout_seconds", "2"),
            ("email.command_timeout_seconds", "2"),
            // The mailer begins a message only with half of this left before the deadline.
            ("email.data_timeout_seconds", "2"),
            ("sms.preset", "custom"),
            ("sms.url", &format!("{}/send", sms.url())),
            ("sms.sender", "AD-PalmRE"),
            ("sms.connect_timeout_seconds", "1"),
            ("sms.timeout_seconds", "3"),
        ])
        .with(&[
            ("worker.lease_seconds", "9"),
            ("worker.batch", "50"),
            ("worker.prefetch", "100"),
            ("scheduler.batch", "200"),
            ("scheduler.poll_milliseconds", "50"),
            ("scheduler.sweep_seconds", "1"),
            ("scheduler.outbox_age_seconds", "2"),
            ("scheduler.queued_age_seconds", "20"),
        ])
}
