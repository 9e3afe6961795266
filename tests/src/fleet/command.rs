//! The command line beside a fleet, as people use it.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;

use super::Fleet;

/// Where `touchline` is.
fn program() -> PathBuf {
    let test = std::env::current_exe().expect("a running test has a path");
    // target/<profile>/deps/<test>
    let folder = test.ancestors().nth(2).expect("cargo puts tests two folders deep");
    let path = folder.join("touchline");
    assert!(
        path.is_file(),
        "{} is not built; run `cargo build --workspace --bins` first, as `make test` does",
        path.display()
    );
    path
}

impl Fleet {
    /// Runs `touchline ARGUMENTS --json` on the fleet's database and returns what it answered, one
    /// value per line.
    ///
    /// # Panics
    /// When the program is not built or refuses; the message is its own.
    pub async fn touchline(&self, arguments: &[&str]) -> Vec<Value> {
        let (url, secret) = (self.deployment.url(), super::address_secret());
        let output = tokio::process::Command::new(program())
            .args(arguments)
            .arg("--json")
            .env_clear()
            .env("TOUCHLINE__DATABASE__URL", url)
            .env("TOUCHLINE__KEYS__ADDRESS", secret)
            .env("TOUCHLINE__KEYS__TOKEN", super::TOKEN_SECRET)
            .env("TOUCHLINE__TEAM__DEFAULT_TIME_ZONE", super::TEAM_ZONE)
            .current_dir(self._folder.path())
            .stdin(Stdio::null())
            .output()
            .await
            .expect("the program can be started");
        let (said, answer) =
            (String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
        assert!(output.status.success(), "touchline {arguments:?}: {said}{answer}");
        let lines = answer.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().expect("with --json every line is a value")
    }

    /// Imports a CSV file of this content; returns rows, added, updated, unchanged and rejected.
    ///
    /// # Panics
    /// When the import fails.
    pub async fn import(&self, csv: &str) -> [u64; 5] {
        let file = self._folder.path().join("contacts.csv");
        std::fs::write(&file, csv).expect("the test's own folder can be written");
        let file = file.to_str().expect("the temporary folder is UTF-8");
        let answer = self.touchline(&["contacts", "import", file]).await.remove(0);
        ["rows", "added", "updated", "unchanged", "rejected"]
            .map(|field| answer[field].as_u64().expect("a count is a number"))
    }
}
