//! One trace for each enrolment, told by processes of their own over a real broker.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use domain::suppression::{Origin, SuppressionReason};
use domain::{AddressKind, Channel, ContactChannel};
use storage::suppressions::{NewSuppression, Target};
use testkit::fixture::Deployment;
use testkit::smtp_sink::{Action, Fault, Stage};
use testkit::{Collector, Seen, TestVhost};
use tests::processes::{Process, Program, Scene};
use tokio::process::Command;

const PATIENCE: Duration = Duration::from_secs(90);

const FLEET: [Program; 4] =
    [Program::Scheduler, Program::EmailWorker, Program::SmsWorker, Program::CallWorker];

/// People, a plan of these channels, and nobody enrolled; traces go to `endpoint`.
async fn scene(channels: &[Channel], people: usize, endpoint: &str) -> Scene {
    let (deployment, vhost) = tokio::join!(Deployment::create(), TestVhost::create());
    let url = vhost.url().to_owned();
    let mut scene = Scene::on(deployment, &url, channels, people).await;
    scene.vhost = Some(vhost);
    scene.environment = scene.environment.with(&[("telemetry.otlp_endpoint", endpoint)]);
    scene
}

/// Enrols everybody as people do, by a process that tells of it.
async fn enrol(scene: &Scene) {
    let yesterday = domain::Clock::system().now().date_naive() - chrono::TimeDelta::days(1);
    let done = Command::new(Program::Touchline.path())
        .args(["enrol", "scene", "--all", "--start", &yesterday.to_string(), "--json"])
        .env_clear()
        .envs(scene.environment.variables())
        .current_dir(scene.folder())
        .output()
        .await
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// Asks every process to stop; what they have not told they tell then.
async fn stop(fleet: &mut [Process]) {
    for process in fleet {
        let status = process.terminate().await;
        assert!(status.success(), "{status}:\n{}", process.tail());
    }
}

/// The spans of a trace by what they hang from.
struct Tree<'a> {
    root: &'a Seen,
    below: HashMap<&'a str, Vec<&'a Seen>>,
}

impl<'a> Tree<'a> {
    /// All spans of a trace form one tree: one root, and nothing hangs from what is not there.
    fn of(spans: &'a [Seen], trace: &str) -> Self {
        let spans: Vec<&Seen> = spans.iter().filter(|span| span.trace == trace).collect();
        let ids: HashSet<&str> = spans.iter().map(|span| span.id.as_str()).collect();
        assert_eq!(ids.len(), spans.len(), "no span is told twice: {spans:#?}");
        let roots: Vec<&&Seen> = spans.iter().filter(|span| span.parent.is_none()).collect();
        assert_eq!(roots.len(), 1, "{spans:#?}");
        let mut below: HashMap<&str, Vec<&Seen>> = HashMap::new();
        for span in &spans {
            assert!(span.end >= span.start, "{span:?}");
            let Some(parent) = span.parent.as_deref() else { continue };
            assert!(ids.contains(parent), "hangs from nothing: {span:#?}");
            below.entry(parent).or_default().push(span);
        }
        Self { root: roots[0], below }
    }

    /// What hangs from a span, by name, in the order in which it began.
    fn below(&self, span: &Seen) -> Vec<&'a Seen> {
        self.below.get(span.id.as_str()).cloned().unwrap_or_default()
    }

    fn names(&self, span: &Seen) -> Vec<&'a str> {
        self.below(span).iter().map(|span| span.name.as_str()).collect()
    }

    /// The touch on a channel, and what it went through: one entry for each time it was due.
    fn turns(&self, channel: Channel) -> Vec<Turn<'a>> {
        let touches = self.below(self.root).into_iter();
        let touch = touches.filter(|touch| touch.says("touchline.channel") == channel.as_str());
        let touch: Vec<_> = touch.collect();
        assert_eq!(touch.len(), 1, "{channel}");
        self.below(touch[0]).into_iter().map(|due| Turn::of(self, due)).collect()
    }
}

/// One time at which a touch was due: the scheduler's part and the worker's.
struct Turn<'a> {
    due: &'a Seen,
    attempt: &'a Seen,
    steps: Vec<&'a Seen>,
}

impl<'a> Turn<'a> {
    fn of(tree: &Tree<'a>, due: &'a Seen) -> Self {
        assert_eq!((due.name.as_str(), due.service.as_str(), due.kind), ("due", "scheduler", 4));
        let below = tree.below(due);
        let attempt = below.iter().find(|span| span.name == "attempt").unwrap();
        let publish = below.iter().find(|span| span.name == "publish").unwrap();
        assert_eq!((publish.service.as_str(), publish.kind), ("scheduler", 3));
        assert!(due.start <= publish.start, "{due:?} {publish:?}");
        assert!(publish.start <= attempt.start, "{publish:?} {attempt:?}");
        assert_eq!(attempt.kind, 5);
        let message = due.says("messaging.message.id");
        assert!(!message.is_empty());
        assert_eq!(publish.says("messaging.message.id"), message);
        assert_eq!(attempt.says("messaging.message.id"), message);
        let steps = tree.below(attempt);
        assert!(steps.iter().all(|step| attempt.start <= step.start && step.end <= attempt.end));
        assert!(steps.iter().all(|step| step.service == attempt.service));
        Self { due, attempt, steps }
    }

    fn names(&self) -> Vec<&str> {
        self.steps.iter().map(|step| step.name.as_str()).collect()
    }

    fn step(&self, name: &str) -> &Seen {
        self.steps.iter().find(|step| step.name == name).unwrap()
    }

    fn ended(&self) -> (&str, &str, &str) {
        let said = |attribute| self.attempt.says(attribute);
        (&self.attempt.service, said("touchline.state"), said("touchline.reason"))
    }
}

const SENT: [&str; 6] = ["claim", "gate", "render", "hand over", "record", "acknowledge"];
const BLOCKED: [&str; 2] = ["claim", "acknowledge"];
const TASK: [&str; 5] = ["claim", "gate", "render", "record", "acknowledge"];

#[tokio::test]
async fn an_enrolment_is_one_trace_from_its_beginning_to_its_outcomes() {
    let collector = Collector::start().await;
    let channels = [Channel::Email, Channel::Sms, Channel::Call];
    let scene = scene(&channels, 2, &collector.url()).await;
    let (lucky, listed) = (scene.people[0], scene.people[1]);
    suppress(&scene, 1).await;
    // Left to the claim: otherwise a scheduler may cancel the touch before it is due.
    scene.execute("DELETE FROM list_effects".to_owned()).await;
    let no_text = "UPDATE addresses SET sms_problem = 'landline' WHERE kind = 'phone'";
    scene.execute(format!("{no_text} AND contact_id = '{listed}'")).await;
    // The first mail is put off once.
    scene.smtp.script(Fault::at(Stage::Dot, Action::Reply("451 4.3.0 later".to_owned())).times(1));
    enrol(&scene).await;
    let mut fleet = FLEET.map(|program| scene.start(program));
    let waits = "SELECT count(*) FROM touches WHERE state = 'scheduled' AND failures = 1";
    assert!(scene.becomes(waits, 1, PATIENCE).await, "the first mail is never put off");
    scene
        .execute(
            "WITH now AS (UPDATE touches SET due_at = now() - interval '1 minute'
                                 WHERE failures = 1 RETURNING id, due_at)
                   UPDATE due_touches d SET due_at = n.due_at FROM now n WHERE n.id = d.touch_id"
                .to_owned(),
        )
        .await;
    scene.ended(PATIENCE).await;
    stop(&mut fleet).await;

    let spans = collector.spans();
    let traces: BTreeSet<&str> = spans.iter().map(|span| span.trace.as_str()).collect();
    assert_eq!(traces.len(), 2, "one trace for each enrolment");
    let of_contact = |contact: domain::ContactId| {
        let about = |span: &&Seen| span.says("touchline.contact.id") == contact.to_string();
        Tree::of(&spans, &spans.iter().find(about).unwrap().trace)
    };

    let task = tells_of_all_that_was_sent(&of_contact(lucky));
    let known = format!("SELECT count(*) FROM tasks WHERE id = '{task}'");
    assert!(scene.becomes(&known, 1, PATIENCE).await, "{task} is no task");
    tells_of_what_was_blocked(&of_contact(listed));
    says_nothing_of_people(&scene, &collector.bytes()).await;
    assert!(spans.iter().flat_map(|span| span.attributes.values()).all(|said| !said.contains('@')));
}

/// A mail after two attempts, a text, and a task, whose id is returned.
fn tells_of_all_that_was_sent(tree: &Tree<'_>) -> String {
    assert_eq!((tree.root.name.as_str(), tree.root.service.as_str()), ("enrol", "touchline"));
    assert_eq!(tree.root.says("touchline.enrolment.id").replace('-', ""), tree.root.trace);
    assert_eq!(tree.names(tree.root), ["plan", "plan", "plan"]);
    let email = tree.turns(Channel::Email);
    assert_eq!(email.len(), 2, "two attempts in one trace");
    assert_eq!(email[0].names(), SENT);
    assert_eq!(email[0].step("gate").says("touchline.decision"), "send");
    assert_eq!(email[0].step("hand over").says("touchline.result"), "retry");
    assert_eq!(email[0].step("hand over").error.as_deref(), Some("deferred"));
    assert_eq!(email[0].ended(), ("email-worker", "scheduled", "deferred"));
    assert_eq!(email[1].names(), SENT);
    assert_eq!(email[1].due.says("touchline.epoch"), "2");
    assert_eq!(email[1].ended(), ("email-worker", "sent", ""));
    let [sms] = &tree.turns(Channel::Sms)[..] else { panic!("the text was due once") };
    assert_eq!(sms.names(), SENT);
    assert_eq!(sms.step("hand over").says("network.protocol.name"), "http");
    assert_eq!(sms.ended(), ("sms-worker", "sent", ""));
    let [call] = &tree.turns(Channel::Call)[..] else { panic!("the call was due once") };
    assert_eq!(call.names(), TASK);
    assert_eq!(call.ended(), ("call-worker", "sent", ""));
    call.step("record").says("touchline.task.id").to_owned()
}

/// A mail that the list stopped, and a text that the gate did.
fn tells_of_what_was_blocked(tree: &Tree<'_>) {
    let [email] = &tree.turns(Channel::Email)[..] else { panic!("the mail was due once") };
    assert_eq!(email.names(), BLOCKED);
    assert_eq!(email.step("claim").says("touchline.list"), "suppressed");
    assert_eq!(email.ended(), ("email-worker", "blocked", "suppressed"));
    let [sms] = &tree.turns(Channel::Sms)[..] else { panic!("the text was due once") };
    assert_eq!(sms.names(), ["claim", "gate", "record", "acknowledge"]);
    assert_eq!(sms.step("gate").says("touchline.decision"), "block");
    assert_eq!(sms.ended(), ("sms-worker", "blocked", "bad_address"));
}

/// Puts the email address of a person on the list.
async fn suppress(scene: &Scene, person: usize) {
    let deployment = &scene.deployment;
    let addresses = testkit::fixture::person(person).addresses;
    let email = addresses.iter().find(|address| address.kind == AddressKind::Email).unwrap();
    let key = deployment.keyer.key(AddressKind::Email, &email.normalised);
    let entry = NewSuppression {
        target: Target::Address { key, channel: ContactChannel::Email, domain: None },
        reason: SuppressionReason::OneClick,
        origin: Origin::Recipient,
        actor: "test".to_owned(),
        evidence: None,
        touch: None,
        received_at: None,
    };
    deployment.operator.suppress(&entry, PATIENCE).await.unwrap();
}

/// No name, address or number of anybody, in any byte a collector received.
async fn says_nothing_of_people(scene: &Scene, bytes: &[u8]) {
    let personal = scene
        .text(
            "SELECT string_agg(word, E'\\n') FROM (
                 SELECT value AS word FROM addresses WHERE kind <> 'person'
                 UNION SELECT full_name FROM contacts UNION SELECT first_name FROM contacts
                 UNION SELECT title FROM tasks UNION SELECT script FROM tasks) words",
        )
        .await;
    let words: Vec<&str> = personal.lines().filter(|word| word.len() > 3).collect();
    assert!(words.len() > 6, "{words:?}");
    for word in words {
        let found = bytes.windows(word.len()).any(|part| part == word.as_bytes());
        assert!(!found, "a collector was told: {word}");
    }
}

#[tokio::test]
async fn a_sampled_trace_is_whole_and_another_is_not_there_at_all() {
    let collector = Collector::start().await;
    let mut scene = scene(&[Channel::Email], 60, &collector.url()).await;
    scene.environment = scene.environment.with(&[("telemetry.sample_ratio", "0.5")]);
    enrol(&scene).await;
    let mut fleet = [Program::Scheduler, Program::EmailWorker].map(|program| scene.start(program));
    scene.ended(PATIENCE).await;
    stop(&mut fleet).await;

    let spans = collector.spans();
    let mut traces: BTreeMap<&str, usize> = BTreeMap::new();
    for span in &spans {
        *traces.entry(&span.trace).or_default() += 1;
    }
    assert!((1..60).contains(&traces.len()), "{} of 60", traces.len());
    for (trace, count) in traces {
        let turns = Tree::of(&spans, trace).turns(Channel::Email);
        assert_eq!(turns[0].names(), SENT);
        assert_eq!(count, 5 + SENT.len(), "enrol, plan, due, publish, attempt and its steps");
    }
}

#[tokio::test]
async fn a_collector_that_is_slow_or_away_costs_spans_and_nothing_else() {
    let silent = Collector::silent().await;
    // Nobody listens at the discard port.
    for endpoint in [silent.url(), "http://127.0.0.1:9".to_owned()] {
        let scene = scene(&[Channel::Email], 200, &endpoint).await;
        enrol(&scene).await;
        let mut fleet =
            [Program::Scheduler, Program::EmailWorker].map(|program| scene.start(program));
        scene.ended(PATIENCE).await;
        assert_eq!(scene.smtp.accepted().len(), 200, "{endpoint}");
        stop(&mut fleet).await;
        scene.report().await.assert_clean();
    }
    silent.wait_for(2).await;
}
