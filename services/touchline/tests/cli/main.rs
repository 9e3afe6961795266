//! The command line as programs and people use it: the real binary on a real PostgreSQL.
#![allow(clippy::unwrap_used)]

mod auditing;
mod checking;
mod consenting;
mod deciding;
mod enrolling;
mod erasing;
mod explaining;
mod exporting;
mod importing;
mod listing;
mod pausing;
mod plans;
mod preflight;
mod registering;
mod requesting;
mod reviewing;
mod running;
mod settings;
mod table;
mod tasks;
mod templating;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use testkit::fixture::{ADDRESS_SECRET, Deployment};

/// What a run of the program left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// The one object on standard output of a run that succeeded.
    #[track_caller]
    pub(crate) fn object(&self) -> Value {
        assert_eq!(self.code, 0, "{self:?}");
        serde_json::from_str(&self.out).unwrap()
    }

    /// The objects on standard output, one per line.
    #[track_caller]
    pub(crate) fn lines(&self) -> Vec<Value> {
        assert_eq!(self.code, 0, "{self:?}");
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// What a refused run says, with its exit code.
    #[track_caller]
    pub(crate) fn refusal(&self) -> (i32, String) {
        let answer: Value = serde_json::from_str(&self.out).unwrap();
        (self.code, answer["error"].as_str().unwrap().to_owned())
    }
}

/// A folder to run in, with the settings that the environment brings.
pub(crate) struct Desk {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl Desk {
    /// Without a database.
    pub(crate) fn bare() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), variables: Vec::new() }
    }

    /// On the deployment's database.
    pub(crate) fn on(deployment: &Deployment) -> Self {
        let key = String::from_utf8(ADDRESS_SECRET.to_vec()).unwrap();
        Self::bare()
            .with("TOUCHLINE__DATABASE__URL", deployment.url())
            .with("TOUCHLINE__KEYS__ADDRESS", &key)
            .with("TOUCHLINE__KEYS__TOKEN", "a token secret of the tests")
    }

    /// With one more variable.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, "")
    }

    /// Runs with `input` on standard input.
    pub(crate) fn run_with(&self, arguments: &[&str], input: impl AsRef<[u8]>) -> Ran {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.as_ref().to_vec();
        // A program that does not read closes its end; that is its right.
        let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Ran {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_touchline"));
        command.args(arguments).current_dir(self.folder.path());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("TOUCHLINE_") {
                command.env_remove(name);
            }
        }
        command.envs(self.variables.iter().cloned());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

/// The rows of a rejects file: line and reason.
pub(crate) fn rejected(path: &Path) -> Vec<(u64, String)> {
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.strip_prefix('\u{feff}').unwrap();
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        (row[0].parse().unwrap(), row[1].to_owned())
    });
    rows.collect()
}
