//! The real services as processes of their own: started, killed, stopped and gone with the test.
//!
//! The programs stand beside the test's own (`target/<profile>/`); cargo does not build them for a
//! test, so `make test` and `make faults` do. A process dies with the thread that started it, by the
//! kernel where `setpriv` is at hand, and when its value is dropped in any case.

mod scene;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

pub use scene::{Part, Scene, noon_zone};

domain::words! {
    /// A service's program.
    Program, "program", {
        /// Decides what is due.
        Scheduler = "scheduler",
        /// Email touches.
        EmailWorker = "email-worker",
        /// SMS touches.
        SmsWorker = "sms-worker",
        /// Touches for a human hand.
        CallWorker = "call-worker",
        /// The public edge.
        Inbound = "inbound",
        /// The command line.
        Touchline = "touchline",
    }
}

impl Program {
    /// Where the program is.
    ///
    /// # Panics
    /// If it has not been built; the message says how.
    #[must_use]
    pub fn path(self) -> PathBuf {
        let test = std::env::current_exe().expect("a running test has a path");
        // target/<profile>/deps/<test>
        let folder = test.ancestors().nth(2).expect("cargo puts tests two folders deep");
        let path = folder.join(self.as_str());
        assert!(
            path.is_file(),
            "{} is not built; run `cargo build --workspace --bins` (with --release for release \
             tests) first, as `make test` does",
            path.display()
        );
        path
    }
}

/// The settings of a process, by `section.key`.
#[derive(Debug, Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Adds settings, or puts them in the place of others.
    #[must_use]
    pub fn with(mut self, settings: &[(&str, &str)]) -> Self {
        for (key, value) in settings {
            self.0.insert((*key).to_owned(), (*value).to_owned());
        }
        self
    }

    /// As environment variables, for a command that is run otherwise.
    pub fn variables(&self) -> impl Iterator<Item = (String, &String)> {
        self.0.iter().map(|(key, value)| {
            let name = key.replace('.', "__").to_uppercase();
            (format!("TOUCHLINE__{name}"), value)
        })
    }
}

/// A service as a process of its own.
#[derive(Debug)]
pub struct Process {
    program: Program,
    child: Child,
    pid: Pid,
    log: PathBuf,
}

/// How long a process may take to end by itself on a busy machine.
const END_PATIENCE: Duration = Duration::from_secs(60);

impl Process {
    /// Starts a program with these settings and no others; its log goes to a file in `folder`.
    ///
    /// # Panics
    /// If it is not built or cannot be started.
    #[must_use]
    pub fn start(program: Program, settings: &Environment, folder: &Path) -> Self {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let log = folder.join(format!("{number:03}-{program}.log"));
        let output = File::create(&log).expect("the test's own folder can be written");
        let mut command = bound_to_us(&program.path());
        let path = std::env::var_os("PATH").unwrap_or_default();
        command
            .env_clear()
            .env("PATH", path)
            .envs(settings.variables())
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("an open file can be shared"))
            .stderr(output)
            .kill_on_drop(true);
        let child = command.spawn().expect("a program that was built can be started");
        let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let pid = pid.expect("a process that was not waited for has an id");
        Self { program, child, pid, log }
    }

    /// Which program it is.
    #[must_use]
    pub const fn program(&self) -> Program {
        self.program
    }

    /// How the name it has in leases and history begins.
    #[must_use]
    pub fn worker(&self) -> String {
        format!("{}-{}-", self.program, self.pid.as_raw_nonzero())
    }

    /// What it has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// `kill -9`; returns when it is gone.
    pub async fn kill(&mut self) {
        let _ = self.child.start_kill();
        let _ = self.child.wait().await;
    }

    /// Stops it where it is (`SIGSTOP`), until [`Process::go_on`].
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets a frozen one go on (`SIGCONT`).
    pub fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    /// Asks it to stop in order (`SIGTERM`) and returns how it ended. A process that has not come so
    /// far as to listen is waited for: until then a signal ends it as it ends any program.
    ///
    /// # Panics
    /// If it does not begin or does not end; the message has the end of its log.
    pub async fn terminate(&mut self) -> ExitStatus {
        let until = tokio::time::Instant::now() + END_PATIENCE;
        while !self.has_ended() && !self.log().contains("started") {
            assert!(tokio::time::Instant::now() < until, "{} does not start", self.program);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.signal(Signal::TERM);
        self.ended().await
    }

    /// Waits until it ends by itself.
    ///
    /// # Panics
    /// If it does not; the message has the end of its log.
    pub async fn ended(&mut self) -> ExitStatus {
        match tokio::time::timeout(END_PATIENCE, self.child.wait()).await {
            Ok(status) => status.expect("a child of ours can be waited for"),
            Err(_) => panic!("{} does not end; its log ends with:\n{}", self.program, self.tail()),
        }
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_some())
    }

    /// Where it listens, once it says so.
    ///
    /// # Panics
    /// If it never does.
    pub async fn listening(&self) -> String {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
        loop {
            let log = self.log();
            if let Some((_, rest)) = log.split_once("\"address\":\"") {
                return rest.split('"').next().unwrap_or_default().to_owned();
            }
            assert!(tokio::time::Instant::now() < deadline, "it does not listen:\n{log}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The end of its log.
    #[must_use]
    pub fn tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }

    fn signal(&self, signal: Signal) {
        // Until it is waited for, the id is nobody else's.
        if self.child.id().is_some() {
            let _ = kill_process(self.pid, signal);
        }
    }
}

/// A command whose process is killed when the thread that starts it ends, where the system can.
fn bound_to_us(program: &Path) -> Command {
    let found = std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join("setpriv").is_file())
    });
    if !found {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}
