//! The campaign: the fleet at work while processes are killed and servers restarted, at random but
//! by a seed; then the history has to hold.
//!
//! `make test` runs a small one; `make faults` runs the promised one: 100 kills over 50,000 touches,
//! RabbitMQ and PostgreSQL each restarted in order and by `kill -9`. `TOUCHLINE_FAULTS_SEED` repeats
//! a run's choices (not its timing).

use std::time::{Duration, Instant};

use domain::{Channel, Clock, ContactChannel};
use embedded::{Options, Postgres};
use storage::Role;
use storage::suppressions::{NewSuppression, Target};
use testkit::fixture::Deployment;
use testkit::servers::RunFolder;
use testkit::smtp_sink::{Action, Fault, Stage};
use testkit::{Answer, RabbitMq};
use tests::processes::{Process, Program, Scene};
use tokio::task::JoinSet;

const CHANNELS: [Channel; 3] = [Channel::Email, Channel::Sms, Channel::Call];

/// How much of everything.
struct Plan {
    people: usize,
    kills: usize,
    /// Of each server, the first in order, the second by `kill -9`.
    restarts: usize,
    patience: Duration,
}

const SMALL: Plan = Plan { people: 700, kills: 8, restarts: 1, patience: Duration::from_secs(180) };
const FULL: Plan =
    Plan { people: 16_800, kills: 100, restarts: 2, patience: Duration::from_secs(1800) };

/// How long a receiving side takes for its answer.
const HAND_OVER: Duration = Duration::from_millis(60);

/// What runs during a campaign: two of everything that matters.
const FLEET: [Program; 7] = [
    Program::Scheduler,
    Program::Scheduler,
    Program::EmailWorker,
    Program::EmailWorker,
    Program::SmsWorker,
    Program::SmsWorker,
    Program::CallWorker,
];

/// xorshift64*: enough randomness for choices, and the same for the same seed everywhere.
struct Choices(u64);

impl Choices {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(high).unwrap() % n
    }

    fn pause(&mut self, most_milliseconds: usize) -> Duration {
        Duration::from_millis(self.below(most_milliseconds) as u64)
    }
}

/// The servers of a campaign are its own, because it restarts them.
struct Servers {
    postgres: Postgres,
    rabbitmq: RabbitMq,
    _folder: RunFolder,
}

impl Servers {
    async fn start() -> Self {
        let folder = RunFolder::create();
        let settings = [("max_connections", "300"), ("shared_buffers", "128MB")];
        let options = Options {
            data_dir: folder.path().join("postgres"),
            // What a killed server has confirmed must still be there.
            durable: true,
            settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        };
        let (postgres, rabbitmq) = tokio::join!(Postgres::start(options), RabbitMq::start());
        Self { postgres: postgres.unwrap(), rabbitmq, _folder: folder }
    }
}

struct Campaign {
    scene: Scene,
    servers: Servers,
    fleet: Vec<Process>,
    choices: Choices,
    kills: usize,
    /// People being put on the list, each call waiting for what is in flight to them.
    listing: JoinSet<bool>,
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_every_process_and_server_lose_nothing_and_double_nothing_unexplained() {
    let full = std::env::var_os("TOUCHLINE_FAULTS").is_some_and(|value| value == "full");
    let plan = if full { FULL } else { SMALL };
    let seed = std::env::var_os("TOUCHLINE_FAULTS_SEED")
        .and_then(|seed| seed.to_string_lossy().parse().ok())
        .unwrap_or_else(|| u64::try_from(Clock::system().now().timestamp_micros()).unwrap());
    println!("seed {seed}: TOUCHLINE_FAULTS_SEED={seed} makes the same choices again");
    let begun = Instant::now();
    let mut campaign = Campaign::prepare(&plan, seed).await;
    let prepared = begun.elapsed();
    campaign.run(&plan).await;
    campaign.scene.ended(plan.patience).await;
    let ended = begun.elapsed();
    let calls = std::mem::take(&mut campaign.listing).join_all().await;
    let (listed, clear) = (calls.len(), calls.into_iter().filter(|clear| *clear).count());
    let report = campaign.scene.report().await;
    println!("{report}{} kills, {listed} people listed, {clear} clear", campaign.kills);
    println!(
        "prepared in {:.1} s, over after {:.1} s, checked after {:.1} s",
        prepared.as_secs_f64(),
        ended.as_secs_f64(),
        begun.elapsed().as_secs_f64()
    );
    report.assert_clean();
    assert_eq!(report.counts.states.values().sum::<usize>(), plan.people * CHANNELS.len());
    assert_eq!(campaign.kills, plan.kills);
    campaign.stop().await;
}

impl Campaign {
    async fn prepare(plan: &Plan, seed: u64) -> Self {
        let servers = Servers::start().await;
        let deployment = Deployment::at(servers.postgres.url("postgres")).await;
        let broker = servers.rabbitmq.control().url("/");
        let scene = Scene::on(deployment, &broker, &CHANNELS, plan.people).await;
        // Receiving sides take their time, so that a death finds touches in flight.
        scene.smtp.script(Fault::at(Stage::Dot, Action::Usual).delay(HAND_OVER));
        scene.sms.script(Answer::json(200, r#"{"id":"{n}"}"#).delay(HAND_OVER));
        let fleet = FLEET.iter().map(|program| scene.start(*program)).collect();
        let choices = Choices(seed | 1);
        Self { scene, servers, fleet, choices, kills: 0, listing: JoinSet::new() }
    }

    /// One step for each kill: more work, then a death in the middle of it, and now and then a
    /// server's.
    async fn run(&mut self, plan: &Plan) {
        let mut enrolled = 0;
        for step in 1..=plan.kills {
            let until = plan.people * step / plan.kills;
            self.scene.enrol(enrolled, until).await;
            self.list_somebody(enrolled, until);
            enrolled = until;
            let pause = self.choices.pause(200);
            tokio::time::sleep(pause).await;
            self.kill().await;
            // Spread over the campaign: PostgreSQL and RabbitMQ in turn.
            let turns = plan.restarts * 2;
            let turn = step * (turns + 1) / plan.kills;
            let before = (step - 1) * (turns + 1) / plan.kills;
            if turn != before && turn <= turns {
                self.restart(turn - 1, plan).await;
            }
        }
    }

    /// Kills one of the fleet; what takes its place starts at once or a moment later.
    async fn kill(&mut self) {
        let place = self.choices.below(self.fleet.len());
        let program = self.fleet[place].program();
        // A death in the middle of work tells more than one at rest; a scheduler is never seen at it.
        let busy = format!(
            "SELECT least(count(*), 1) FROM inflight WHERE starts_with(worker, '{}')",
            self.fleet[place].worker()
        );
        self.scene.becomes(&busy, 1, Duration::from_secs(1)).await;
        self.scene.kill(&mut self.fleet[place]).await;
        self.kills += 1;
        let pause = self.choices.pause(300);
        tokio::time::sleep(pause).await;
        self.fleet[place] = self.scene.start(program);
    }

    /// Servers go by turns: PostgreSQL in order, RabbitMQ in order, then both by `kill -9`. A small
    /// campaign has only the hard ones.
    async fn restart(&mut self, turn: usize, plan: &Plan) {
        let hard = plan.restarts == 1 || turn >= 2;
        let is_database = turn.is_multiple_of(2);
        let since = Clock::system().now();
        let away = self.choices.pause(2000);
        let Servers { postgres, rabbitmq, .. } = &self.servers;
        match (is_database, hard) {
            (true, true) => {
                postgres.crash().await;
                postgres.ready().await;
            }
            (true, false) => {
                postgres.pause().await;
                tokio::time::sleep(away).await;
                postgres.resume().await;
            }
            (false, hard) => {
                if hard {
                    rabbitmq.kill().await;
                } else {
                    rabbitmq.shut_down().await;
                }
                tokio::time::sleep(away).await;
                rabbitmq.boot().await;
            }
        }
        let server = if is_database { "PostgreSQL" } else { "RabbitMQ" };
        let how = if hard { "kill -9" } else { "restart" };
        println!("{how} of {server}");
        // Hints carry no truth: without the broker nothing comes into doubt.
        if is_database {
            self.scene.note_server(since, &format!("{how} of PostgreSQL"));
            // The test's own connections are dead, each of them until its first use.
            self.scene.deployment.operator = self.scene.deployment.connect(Role::Operator);
        }
    }

    /// Puts somebody on the list whose touches are due right now.
    fn list_somebody(&mut self, from: usize, to: usize) {
        let person = from + self.choices.below((to - from).max(1));
        let email = format!("p{person}@example.com");
        let entry = NewSuppression {
            target: Target::Address {
                key: self.scene.deployment.keyer.key(domain::AddressKind::Email, &email),
                channel: ContactChannel::Email,
                domain: None,
            },
            reason: domain::suppression::SuppressionReason::StaffEntry,
            origin: domain::suppression::Origin::Staff,
            actor: "test".to_owned(),
            evidence: None,
            touch: None,
            received_at: None,
        };
        let operator = self.scene.deployment.operator.clone();
        self.listing.spawn(async move {
            // A call that fails because the database dies is a call that never returned.
            let called = operator.suppress(&entry, Duration::from_secs(15)).await;
            called.is_ok_and(|suppressed| suppressed.in_flight.is_empty())
        });
    }

    async fn stop(mut self) {
        for process in &mut self.fleet {
            let status = process.terminate().await;
            assert!(status.success(), "{status}:\n{}", process.tail());
        }
        drop(self.scene);
        self.servers.postgres.stop().await;
    }
}
