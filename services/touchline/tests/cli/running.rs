//! `touchline up`: from nothing to a running fleet, killed and started again.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(90);

/// A folder that the account PostgreSQL runs under may enter.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
    folder
}

/// A running demo; killed when it goes.
struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn command(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_touchline"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("TOUCHLINE__") {
            command.env_remove(name);
        }
    }
    command.args(["--data-dir", dir.to_str().unwrap()]).current_dir(dir);
    command
}

/// Starts the demo and returns it once it has said where everything is.
fn start(dir: &Path) -> Demo {
    let mut up = command(dir);
    // A relay and a gateway that are set get nothing of a sample team: the outbox gets it.
    up.env("TOUCHLINE__EMAIL__URL", "smtp://127.0.0.1:9?starttls=never")
        .env("TOUCHLINE__SMS__PRESET", "custom")
        .env("TOUCHLINE__SMS__URL", "http://127.0.0.1:9/");
    let up = up.args(["up", "--demo"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut demo = Demo(up.spawn().unwrap());
    let mut lines = BufReader::new(demo.0.stdout.take().unwrap()).lines();
    while let Some(line) = lines.next() {
        if line.unwrap().contains("Eight weeks pass") {
            // Its story is read on, so that it never waits for a full pipe.
            std::thread::spawn(move || lines.for_each(drop));
            return demo;
        }
    }
    panic!("the demo ended before its story began: {:?}", demo.0.wait_with_stderr());
}

trait WithStderr {
    fn wait_with_stderr(&mut self) -> String;
}

impl WithStderr for Child {
    fn wait_with_stderr(&mut self) -> String {
        let mut text = String::new();
        if let Some(mut stderr) = self.stderr.take() {
            std::io::Read::read_to_string(&mut stderr, &mut text).unwrap();
        }
        text
    }
}

fn messages(dir: &Path) -> usize {
    std::fs::read_dir(dir.join("outbox/email"))
        .map(|files| {
            files.flatten().filter(|f| f.path().extension().is_some_and(|e| e == "eml")).count()
        })
        .unwrap_or(0)
}

fn wait_for_messages(dir: &Path, count: usize) {
    let begun = Instant::now();
    while messages(dir) < count {
        assert!(begun.elapsed() < PATIENCE, "only {} messages in the outbox", messages(dir));
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn the_demo_survives_a_kill_and_shares_its_folder_with_nobody() {
    let folder = folder();
    let dir = folder.path();
    let mut demo = start(dir);
    wait_for_messages(dir, 10);

    let second = command(dir).args(["up", "--demo"]).output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains(&format!("process {}", demo.0.id())), "{said}");

    // The command line finds the running fleet by its folder.
    let touches =
        command(dir).args(["--json", "touches", "list", "--state", "sent"]).output().unwrap();
    assert!(touches.status.success(), "{}", String::from_utf8_lossy(&touches.stderr));
    assert!(touches.stdout.starts_with(b"{"), "{}", String::from_utf8_lossy(&touches.stdout));

    demo.0.kill().unwrap();
    demo.0.wait().unwrap();
    let before = messages(dir);
    let mut demo = start(dir);
    wait_for_messages(dir, before + 10);

    let stopped = Command::new("kill").args(["-INT", &demo.0.id().to_string()]).status().unwrap();
    assert!(stopped.success());
    assert_eq!(demo.0.wait().unwrap().code(), Some(0), "an orderly stop");
    assert!(!dir.join("postgres/postmaster.pid").exists(), "its PostgreSQL has stopped with it");
}
