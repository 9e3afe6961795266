//! What comes back, while the fleet sends: from its arrival to the moment from which nothing leaves any
//! more (issue "The list and the law", line 4).
//!
//! Four ways, each on a quarter of the people: STOP by a gateway's webhook, a one-click POST, a delivery
//! report that a real Postfix makes and brings by LMTP, a complaint that it brings. Nothing leaves any
//! more once the `drained` event of the entry is written; whatever a sink accepts after it is a
//! violation. `make test` runs a small form, without times; `make returns` the full one, which prints
//! the times and holds the 99th percentile to two seconds.

mod ways;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{AddressKind, Channel, ContactChannel};
use embedded::{Options, Postgres};
use testkit::TestVhost;
use testkit::fixture::Deployment;
use testkit::servers::RunFolder;
use tests::measure::{machine, quantiles};
use tests::processes::{Process, Program, Scene};

use crate::real_servers::left_out;
use ways::{Edge, Way};

/// Set to "full" by `make returns`.
const EXTENT_VARIABLE: &str = "TOUCHLINE_RETURNS";
/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);
/// From arrival to "nothing leaves", at the 99th percentile of the full form.
const MOST: Duration = Duration::from_secs(2);

/// How much of everything.
#[derive(Debug, Clone, Copy)]
struct Extent {
    is_full: bool,
    people: usize,
    /// Touches of each, by email and by text message in turn.
    touches: usize,
    /// Between two arrivals.
    pause: Duration,
    /// How long PostgreSQL is away.
    away: Duration,
}

impl Extent {
    fn of_this_run() -> Self {
        let is_full = std::env::var_os(EXTENT_VARIABLE).is_some_and(|extent| extent == "full");
        let pick = |full, small| if is_full { full } else { small };
        Self {
            is_full,
            people: pick(400, 24),
            touches: pick(60, 20),
            pause: Duration::from_millis(if is_full { 40 } else { 10 }),
            away: Duration::from_secs(if is_full { 60 } else { 2 }),
        }
    }
}

/// A fleet of processes that sends, its own PostgreSQL, and the edge.
struct Fleet {
    scene: Scene,
    edge: Edge,
    _services: Vec<Process>,
    server: Postgres,
    _vhost: TestVhost,
    _folder: RunFolder,
}

impl Fleet {
    async fn sending(extent: Extent) -> Self {
        let folder = RunFolder::create();
        let options = Options {
            data_dir: folder.path().join("postgres"),
            durable: true,
            ..Options::default()
        };
        let (server, vhost) = tokio::join!(Postgres::start(options), TestVhost::create());
        let server = server.unwrap();
        let deployment = Deployment::at(server.url("postgres")).await;
        let channels: Vec<Channel> = [Channel::Email, Channel::Sms].repeat(extent.touches / 2);
        let mut scene = Scene::on(deployment, vhost.url(), &channels, extent.people).await;
        let edge = Edge::of(&scene).await;
        let own = edge.settings();
        let own: Vec<(&str, &str)> =
            own.iter().map(|(key, value)| (*key, value.as_str())).collect();
        scene.environment = scene
            .environment
            .with(&own)
            .with(&[("worker.lease_seconds", "60"), ("email.data_timeout_seconds", "20")]);
        scene.enrol(0, extent.people).await;
        let programs =
            [Program::Inbound, Program::Scheduler, Program::EmailWorker, Program::SmsWorker];
        let services = programs.map(|program| scene.start(program)).into();
        edge.listens().await;
        let fleet =
            Self { scene, edge, _services: services, server, _vhost: vhost, _folder: folder };
        let everybody = "SELECT count(*) FROM contacts c WHERE NOT EXISTS (SELECT FROM touches t
              WHERE t.contact_id = c.id AND t.channel = 'email' AND t.state = 'sent')";
        assert!(fleet.scene.becomes(everybody, 0, PATIENCE).await, "everybody is written to");
        fleet
    }

    /// Lets everybody say no, one after the other; returns when each was taken by its first server.
    async fn all_say_no(&self, extent: Extent) -> Vec<(usize, Way, DateTime<Utc>)> {
        let touches = self.sent_touches().await;
        let mut arriving = Vec::new();
        for (n, touch) in touches.into_iter().enumerate() {
            let way = Way::ALL[n % Way::ALL.len()];
            let edge = self.edge.clone();
            arriving.push(tokio::spawn(async move {
                let at = domain::Clock::system().now();
                let brought = tokio::time::timeout(PATIENCE, edge.bring(way, n, touch)).await;
                assert!(brought.is_ok(), "p{n}'s {way:?} is not taken");
                (n, way, at)
            }));
            tokio::time::sleep(extent.pause).await;
        }
        let mut arrived = Vec::new();
        for one in arriving {
            arrived.push(one.await.unwrap());
        }
        arrived
    }

    /// A sent email of each person, by the person's number.
    async fn sent_touches(&self) -> Vec<domain::TouchId> {
        let first: HashMap<String, String> = self
            .scene
            .smtp
            .accepted()
            .into_iter()
            .filter_map(|mail| {
                let (_, id) = mail.touch_headers.iter().find(|(name, _)| name == "x-touch-id")?;
                Some((mail.recipients.first()?.clone(), id.clone()))
            })
            .collect();
        let of = |n: usize| first[&format!("p{n}@example.com")].parse().unwrap();
        (0..self.scene.people.len()).map(of).collect()
    }

    /// When nothing to each person left any more, by way, once that is so for all of them.
    async fn over(&self, arrived: &[(usize, Way, DateTime<Utc>)]) -> Vec<DateTime<Utc>> {
        let keyer = &self.scene.deployment.keyer;
        let wanted: Vec<(Vec<u8>, ContactChannel)> = arrived
            .iter()
            .map(|(n, way, _)| {
                let (kind, text) = match way.channel() {
                    ContactChannel::Sms => (AddressKind::Phone, format!("+97150{n:07}")),
                    _ => (AddressKind::Email, format!("p{n}@example.com")),
                };
                (keyer.key(kind, &text).as_bytes().to_vec(), way.channel())
            })
            .collect();
        let drained = "SELECT count(DISTINCT (address_key, channel)) FROM suppression_events d
                        WHERE action = 'drained' AND channel = CASE
                              WHEN EXISTS (SELECT FROM suppression_events s WHERE s.id = d.of_event
                                            AND s.reason = 'reply_keyword') THEN 'sms'
                              ELSE 'email' END::contact_channel";
        let all = i64::try_from(arrived.len()).unwrap();
        assert!(
            self.scene.becomes(drained, all, PATIENCE).await,
            "every entry is made and drained"
        );
        let mut db = self.scene.connect().await;
        let mut over = Vec::new();
        for (key, channel) in wanted {
            let at = "SELECT min(at) FROM suppression_events
                       WHERE action = 'drained' AND address_key = $1 AND channel::text = $2";
            let at = sqlx::query_scalar(at).bind(key).bind(channel.as_str());
            over.push(at.fetch_one(&mut db).await.unwrap());
        }
        over
    }

    /// When sinks accepted a touch of a person on a channel, in microseconds of the wall clock. The
    /// one text that confirms a STOP is owed after it, and is no touch.
    async fn accepted(&self) -> HashMap<(usize, ContactChannel), Vec<i64>> {
        let mut db = self.scene.connect().await;
        let touches = sqlx::query_scalar("SELECT id::text FROM touches").fetch_all(&mut db).await;
        let touches: HashSet<String> = touches.unwrap().into_iter().collect();
        let is_touch = |reference: &Option<String>| {
            reference.as_ref().is_some_and(|reference| touches.contains(reference))
        };
        let mut accepted: HashMap<_, Vec<i64>> = HashMap::new();
        for mail in self.scene.smtp.accepted() {
            let name = mail.recipients[0].split('@').next().unwrap_or_default();
            let n = name.trim_start_matches('p').parse().unwrap();
            accepted.entry((n, ContactChannel::Email)).or_default().push(mail.at.wall_us);
        }
        for text in self.scene.sms.accepted().into_iter().filter(|it| is_touch(&it.reference)) {
            let n = text.to.trim_start_matches("+97150").parse().unwrap();
            accepted.entry((n, ContactChannel::Sms)).or_default().push(text.at.wall_us);
        }
        accepted
    }

    fn accepted_in_all(&self) -> usize {
        self.scene.smtp.accepted().len() + self.scene.sms.accepted().len()
    }

    async fn stop(self) {
        drop((self._services, self.scene));
        self.server.stop().await;
    }
}

/// How many of the accepted came later than a moment of their person's.
fn later(
    accepted: &HashMap<(usize, ContactChannel), Vec<i64>>,
    arrived: &[(usize, Way, DateTime<Utc>)],
    than: impl Fn(usize) -> DateTime<Utc>,
) -> usize {
    let of = |(at, (n, way, _)): (usize, &(usize, Way, DateTime<Utc>))| {
        let times = accepted.get(&(*n, way.channel())).into_iter().flatten();
        times.filter(|time| **time > than(at).timestamp_micros()).count()
    };
    arrived.iter().enumerate().map(of).sum()
}

/// Prints the times of each way, and returns the 99th percentile of all.
fn print_times(arrived: &[(usize, Way, DateTime<Utc>)], over: &[DateTime<Utc>]) -> Duration {
    let times = |wanted: Option<Way>| -> Vec<Duration> {
        let both = arrived.iter().zip(over);
        both.filter(|((_, way, _), _)| wanted.is_none_or(|wanted| wanted == *way))
            .map(|((_, _, at), over)| (*over - at).to_std().unwrap_or_default())
            .collect()
    };
    for way in Way::ALL {
        println!("{way:?}: {}", quantiles(&mut times(Some(way))));
    }
    let mut all = times(None);
    println!("all {}: {}; load {}", all.len(), quantiles(&mut all), machine().0);
    all[(all.len() - 1) * 99 / 100]
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_leaves_once_a_no_has_arrived() {
    if left_out("postfix") {
        return;
    }
    let extent = Extent::of_this_run();
    let fleet = Fleet::sending(extent).await;
    let before = fleet.accepted_in_all();
    let arrived = fleet.all_say_no(extent).await;
    let sent = fleet.accepted_in_all() - before;
    let over = fleet.over(&arrived).await;
    fleet.scene.ended(PATIENCE).await;
    let accepted = fleet.accepted().await;
    println!("{sent} messages were accepted while {} people said no", arrived.len());
    let p99 = print_times(&arrived, &over);
    assert!(sent > 0, "there was no load");
    assert_eq!(later(&accepted, &arrived, |at| over[at]), 0, "sent after the entry was drained");
    assert!(!extent.is_full || p99 <= MOST, "{p99:?}");
    fleet.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_no_is_applied_that_arrived_while_the_database_was_away() {
    if left_out("postfix") {
        return;
    }
    let extent = Extent::of_this_run();
    let fleet = Fleet::sending(extent).await;
    fleet.server.pause().await;
    // What was claimed before is handed over; then there is silence.
    let (mut last, mut quiet) = (fleet.accepted_in_all(), 0);
    while quiet < 20 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = fleet.accepted_in_all();
        quiet = if now == last { quiet + 1 } else { 0 };
        last = now;
    }
    let began = tokio::time::Instant::now();
    let arrived = fleet.all_say_no(extent).await;
    tokio::time::sleep_until(began + extent.away).await;
    assert_eq!(fleet.accepted_in_all(), last, "something was sent without the list");
    fleet.server.resume().await;
    let back = domain::Clock::system().now();
    let over = fleet.over(&arrived).await;
    fleet.scene.ended(PATIENCE).await;
    let accepted = fleet.accepted().await;
    let mut times: Vec<Duration> =
        over.iter().map(|over| (*over - back).to_std().unwrap_or_default()).collect();
    println!(
        "{} people said no while PostgreSQL was away; it was back and {} later nothing left; load {}",
        arrived.len(),
        quantiles(&mut times),
        machine().0
    );
    let between = later(&accepted, &arrived, |at| arrived[at].2);
    println!("{between} messages left after the arrival and before the entry");
    assert!(
        !extent.is_full || between == 0,
        "what waited here was not applied before work went on"
    );
    assert_eq!(later(&accepted, &arrived, |at| over[at]), 0, "sent after the entry was drained");
    fleet.stop().await;
}
