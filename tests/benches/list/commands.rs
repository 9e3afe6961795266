//! The commands, as their own release program.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::fixture::{ADDRESS_SECRET, Deployment};
use tests::measure::{address, quantiles};
use tests::processes::{Environment, Program};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

use crate::{number, per_second, say, seconds, verdict};

/// Addresses checked one by one.
const CHECKED: u64 = 3_000;
/// What an import may take (issue "The list and the law").
const MOST_SECONDS: f64 = 30.0;
const MOST_MEGABYTES: u64 = 200;

/// Where commands run.
pub struct Scene<'a> {
    folder: &'a Path,
    environment: Environment,
}

impl<'a> Scene<'a> {
    pub fn new(deployment: &Deployment, folder: &'a Path) -> Self {
        let secret = std::str::from_utf8(ADDRESS_SECRET).expect("the test's secret is text");
        let environment = Environment::default().with(&[
            ("database.url", deployment.url()),
            ("keys.address", secret),
            ("keys.token", "token-secret-of-tests"),
            ("team.default_region", "AE"),
        ]);
        Self { folder, environment }
    }

    fn start(&self, arguments: &[&str]) -> Child {
        let mut command = Command::new(Program::Touchline.path());
        command
            .args(arguments)
            .env_clear()
            .envs(self.environment.variables())
            .current_dir(self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        command.spawn().expect("touchline can be run")
    }

    /// Runs a command to its end: its answer, how long it took, and the most memory it had.
    async fn run(&self, arguments: &[&str]) -> (Value, Duration, u64) {
        let began = Instant::now();
        let mut child = self.start(arguments);
        let status = PathBuf::from(format!("/proc/{}/status", child.id().expect("it runs")));
        let mut text = String::new();
        let mut output = child.stdout.take().expect("the output is piped");
        let watching = async {
            let mut most = 0;
            loop {
                let now = std::fs::read_to_string(&status).unwrap_or_default();
                let line = now.lines().find_map(|line| line.strip_prefix("VmHWM:"));
                let kilobytes =
                    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
                let Some(kilobytes) = kilobytes else { return most };
                most = kilobytes;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let reading = async {
            output.read_to_string(&mut text).await.expect("it speaks UTF-8");
            child.wait().await.expect("it ends")
        };
        let (most, ended): (u64, _) = tokio::join!(watching, reading);
        let took = began.elapsed();
        assert!(ended.success(), "{arguments:?} ended with {ended}: {text}");
        (serde_json::from_str(&text).expect("the answer is JSON"), took, most / 1024)
    }

    /// `suppress check`, one address after the other.
    pub async fn check(&self, entries: u64) {
        let mut child = self.start(&["suppress", "check", "--batch"]);
        let mut input = child.stdin.take().expect("the input is piped");
        let output = child.stdout.take().expect("the output is piped");
        let mut lines = BufReader::new(output).lines();
        let mut times = Vec::new();
        for n in 0..CHECKED + 200 {
            let line = format!("{}\n", address(number(n, entries)).1);
            let began = Instant::now();
            input.write_all(line.as_bytes()).await.expect("it reads");
            let answer = lines.next_line().await.expect("it answers").expect("one line each");
            if n >= 200 {
                times.push(began.elapsed());
            }
            let answer: Value = serde_json::from_str(&answer).expect("the answer is JSON");
            assert_eq!(answer["suppressed"], n.is_multiple_of(2), "{answer}");
        }
        drop(input);
        assert!(child.wait().await.expect("it ends").success(), "it ends well");
        say("single look-up, suppress check", quantiles(&mut times));
    }

    /// `suppress scrub` of a file of which one row in two is on the list.
    pub async fn scrub(&self, entries: u64, rows: u64) {
        let file = self.file("scrub.csv", (0..rows).map(|n| number(n, entries)));
        let (answer, took, megabytes) = self.run(&["suppress", "scrub", &file, "--json"]).await;
        assert_eq!(answer["rows"], rows, "{answer}");
        assert_eq!(answer["listed"], rows.div_ceil(2), "{answer}");
        let rate = per_second(rows, took);
        let met = verdict(rate >= 50_000.0);
        say("batch check, suppress scrub", format!("{rate:.0} rows/s {met}, {megabytes} MB"));
    }

    /// `suppress import` of new rows, and of the same again.
    pub async fn import(&self, entries: u64, rows: u64) {
        let file = self.file("import.csv", entries..entries + rows);
        let arguments = ["suppress", "import", &file, "--reason", "staff_entry", "--json"];
        for (what, added) in [("import", rows), ("import of the same again", 0)] {
            let (answer, took, megabytes) = self.run(&arguments).await;
            assert_eq!(answer["added"], added, "{answer}");
            assert_eq!(answer["already"], rows - added, "{answer}");
            assert_eq!(answer["invalid"], 0, "{answer}");
            let met = took.as_secs_f64() <= MOST_SECONDS && megabytes <= MOST_MEGABYTES;
            let figure = format!("{rows} rows in {}, {megabytes} MB", seconds(took));
            say(what, format!("{figure} {}", verdict(met)));
        }
    }

    fn file(&self, name: &str, numbers: impl Iterator<Item = u64>) -> String {
        let path = self.folder.join(name);
        let file = std::fs::File::create(&path).expect("the folder can be written");
        let mut file = std::io::BufWriter::new(file);
        writeln!(file, "address").expect("the file can be written");
        for n in numbers {
            writeln!(file, "{}", address(n).1).expect("the file can be written");
        }
        file.flush().expect("the file can be written");
        path.to_str().expect("our paths are text").to_owned()
    }
}
