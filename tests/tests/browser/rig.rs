//! Starts what the browser looks at, and the browser.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use bootstrap::health::Health;
use bootstrap::metrics::Metrics;
use bootstrap::{Context, Loaded, Shutdown};
use serde_json::Value;
use testkit::SmtpSink;
use testkit::fixture::Deployment;
use tests::processes::{Environment, Program};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// So long a start or a scenario may take on a busy machine before it counts as not ending.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// The sample team, its weeks in a moment.
const DEMONSTRATION: &[&str] = &["--demo", "--speed", "600000"];

/// What a gateway shows with what it posts.
pub const SECRET: &str = "a secret of the gateway";

/// Programs that are Chromium, by the names distributions give it.
const CHROMIUM: &[&str] = &["/usr/bin/chromium", "/usr/bin/chromium-browser"];

/// `touchline up` on a folder of its own.
pub struct Fleet {
    child: Child,
    _lines: Lines<BufReader<ChildStdout>>,
    link: String,
    edge: String,
    folder: tempfile::TempDir,
}

impl Fleet {
    /// With the sample team, eight weeks on. Nothing where Chromium is left out.
    pub async fn demonstration() -> Option<Self> {
        Self::start(DEMONSTRATION, &[]).await
    }

    /// The same, with texts of gateways let in with [`SECRET`].
    pub async fn demonstration_with_gateway() -> Option<Self> {
        Self::start(DEMONSTRATION, &[("inbound.sms_secret", SECRET)]).await
    }

    /// With nobody in it, on a clock that runs fast for ever. Nothing where Chromium is left out.
    pub async fn hurried() -> Option<Self> {
        Self::start(&["--speed", "5000"], &[]).await
    }

    /// The same with emails handed over to `sink`, at any hour, as often as they are due. What may
    /// have arrived waits for a person.
    pub async fn sending_to(sink: &SmtpSink) -> Option<Self> {
        let settings = [
            ("email.url", sink.url()),
            ("email.from", "Palm Realty <hello@palm.example>".to_owned()),
            ("email.unknown_policy", "hold".to_owned()),
            ("email.preflight", "off".to_owned()),
            ("windows.email", "00:00-23:59".to_owned()),
            ("frequency.email_per_day", "0".to_owned()),
            ("frequency.touches_per_week", "0".to_owned()),
            ("breakers.enabled", "false".to_owned()),
        ];
        let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
        Self::start(&["--speed", "5000"], &settings).await
    }

    /// With nobody in it, beside a real identity provider whose people come in as marketers. Nothing
    /// where Chromium is left out. The provider ends with what is returned beside the fleet.
    pub async fn beside_provider() -> Option<(Self, Child)> {
        if tests::without::left_out("chromium") {
            return None;
        }
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser");
        let mut provider = Command::new("node")
            .arg("provider.mjs")
            .current_dir(scripts)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(provider.stdout.take().unwrap()).lines();
        let issuer = loop {
            let line = lines.next_line().await.unwrap().expect("the provider says where it is");
            if line.starts_with("http://") {
                break line;
            }
        };
        let settings = [
            ("oidc.issuer", issuer.as_str()),
            ("oidc.client_id", "console"),
            ("oidc.client_secret", "a secret: with signs"),
            ("oidc.name", "Palm ID"),
            ("oidc.new_users_role", "marketer"),
        ];
        // It says more later, and must be able to.
        provider.stdout = Some(lines.into_inner().into_inner());
        Some((Self::start(&[], &settings).await?, provider))
    }

    /// Imports contacts at the command line.
    pub async fn import(&self, csv: &str) {
        let file = self.folder.path().join("people.csv");
        std::fs::write(&file, csv).unwrap();
        self.command(&["contacts", "import", file.to_str().unwrap()]).await;
    }

    /// What the command line does, with this data folder.
    pub async fn command(&self, arguments: &[&str]) {
        let mut command = Command::new(Program::Touchline.path());
        command.arg("--data-dir").arg(self.data()).args(arguments).current_dir(&self.folder);
        let done = command.output().await.unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{arguments:?}: {said}");
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The emails whose text holds `words`, once there are so many.
    pub async fn emails_with(&self, words: &str, count: usize) -> Vec<String> {
        let outbox = self.data().join("outbox/email");
        let looking = async {
            loop {
                let files = std::fs::read_dir(&outbox).into_iter().flatten().flatten();
                let texts = files.filter_map(|file| std::fs::read_to_string(file.path()).ok());
                let found: Vec<String> = texts.filter(|text| text.contains(words)).collect();
                if found.len() >= count {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        let found = tokio::time::timeout(PATIENCE, looking).await;
        found.unwrap_or_else(|_| panic!("no {count} emails say {words:?}"))
    }

    async fn start(arguments: &[&str], settings: &[(&str, &str)]) -> Option<Self> {
        if tests::without::left_out("chromium") {
            return None;
        }
        // The database runs as a user of its own, who has to reach the folder.
        let folder = tempfile::Builder::new().prefix("touchline-browser-").tempdir_in("/var/tmp");
        let folder = folder.unwrap();
        let log = std::fs::File::create(folder.path().join("errors")).unwrap();
        let listening = [("inbound.listen", "127.0.0.1:0"), ("console.listen", "127.0.0.1:0")];
        let settings = Environment::default().with(&listening).with(settings);
        let mut child = Command::new(Program::Touchline.path())
            .arg("--data-dir")
            .arg(folder.path().join("data"))
            .arg("up")
            .args(arguments)
            .envs(settings.variables())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let announced = tokio::time::timeout(PATIENCE, announced(&mut lines)).await;
        let (edge, link) = announced.ok().flatten().unwrap_or_else(|| {
            let said = std::fs::read_to_string(folder.path().join("errors")).unwrap_or_default();
            panic!("touchline up printed no link: {said}")
        });
        Some(Self { child, _lines: lines, link, edge, folder })
    }

    /// The link it printed.
    pub fn link(&self) -> &str {
        &self.link
    }

    /// Where it takes what comes from outside.
    pub fn edge(&self) -> &str {
        &self.edge
    }

    /// Stops it in order; its pages have asked for no text that is missing.
    pub async fn stop(mut self) {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        let id = id.and_then(rustix::process::Pid::from_raw).expect("it still runs");
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        // What it still says has to go somewhere.
        let rest = async { while let Ok(Some(_)) = self._lines.next_line().await {} };
        let ended = async { tokio::join!(rest, self.child.wait()).1 };
        let status = tokio::time::timeout(PATIENCE, ended).await.expect("it stops").unwrap();
        let said = std::fs::read_to_string(self.folder.path().join("errors")).unwrap();
        assert!(status.success(), "{status}: {said}");
        assert!(!said.contains("a page asks for a text there is not"), "{said}");
    }
}

/// Where the public edge is, and the link of the console, as `up` says them.
async fn announced(lines: &mut Lines<BufReader<ChildStdout>>) -> Option<(String, String)> {
    let mut edge = String::new();
    while let Some(line) = lines.next_line().await.ok()? {
        if let Some((_, rest)) = line.split_once("opt-outs   ") {
            edge = rest.trim_end_matches("/u/…").to_owned();
        }
        if let Some((_, rest)) = line.split_once("console    ") {
            return Some((edge, rest.split(' ').next()?.to_owned()));
        }
    }
    None
}

/// The routes of every page.
pub async fn pages() -> Vec<String> {
    let deployment = Deployment::create().await;
    let secret = std::str::from_utf8(testkit::fixture::ADDRESS_SECRET).unwrap();
    let overrides = [
        ("database.url", deployment.url()),
        ("keys.address", secret),
        ("keys.token", "token-test-secret"),
        ("console.listen", "127.0.0.1:0"),
    ];
    let ctx = Context {
        service: "console",
        settings: Loaded::defaults().with(&overrides).unwrap(),
        shutdown: Shutdown::new(),
        health: Health::new(),
        metrics: Metrics::install("console"),
    };
    let shared = fleet::Shared {
        broker: fleet::connect_broker(&ctx.settings).unwrap(),
        clock: domain::Clock::system(),
        library: std::sync::Arc::new(library::Library::built_in()),
    };
    let serving = console::serve(&ctx, &shared).await.unwrap();
    let pages = serving.routes().iter().filter(|route| route.method == "GET");
    let pages = pages.map(|route| route.path.to_owned()).collect();
    ctx.shutdown.begin();
    serving.ended().await.unwrap();
    pages
}

/// Where pictures go: `target/pictures`.
pub fn pictures() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    // target/<profile>/deps/<test>
    let folder = test.ancestors().nth(3).unwrap().join("pictures");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Where the pictures of a scenario go, beside those of the pages.
pub fn pictures_of(scenario: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.ancestors().nth(3).unwrap().join(format!("pictures-{scenario}"));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Plays a scenario.
pub async fn play(scenario: &str, job: &Value) {
    let nothing = async |asked: Value| panic!("{scenario} asks {asked}, and nobody answers");
    play_with(scenario, job, nothing).await;
}

/// Plays a scenario that asks the test to do things in between, or to wait for them: `answer` does.
pub async fn play_with(scenario: &str, job: &Value, mut answer: impl AsyncFnMut(Value) -> Value) {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser");
    assert!(
        scripts.join("node_modules/playwright-core").is_dir(),
        "playwright is not installed; `scripts/setup.sh test` gets it, as `make test` does"
    );
    let chromium = CHROMIUM.iter().find(|path| Path::new(path).exists());
    let chromium = chromium.expect("there is no Chromium; `scripts/setup.sh test` installs it");
    let mut job = job.clone();
    job["chromium"] = (*chromium).into();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("job.json");
    std::fs::write(&file, job.to_string()).unwrap();
    let mut player = Command::new("node")
        .arg("run.mjs")
        .arg(scenario)
        .arg(&file)
        .current_dir(&scripts)
        .env("HOME", folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(player.stdout.take().unwrap()).lines();
    let (mut answers, mut errors) = (player.stdin.take().unwrap(), player.stderr.take().unwrap());
    let (mut said, mut wrong) = (Vec::new(), String::new());
    let talking = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            match line.strip_prefix("ask ") {
                Some(asked) => {
                    let reply = answer(serde_json::from_str(asked).unwrap()).await;
                    answers.write_all(format!("{reply}\n").as_bytes()).await.unwrap();
                }
                None => said.push(line),
            }
        }
        player.wait().await.unwrap()
    };
    let played = async { tokio::join!(talking, errors.read_to_string(&mut wrong)).0 };
    let status = tokio::time::timeout(PATIENCE, played).await.expect("a scenario ends");
    assert!(status.success(), "{scenario}:\n{}\n{wrong}", said.join("\n"));
}
