//! What the workers send, judged by programs of other people: a real Postfix, a real Kannel, and a
//! verifier of signatures that shares no code with ours. What the public edge fetches from a real
//! Dovecot.
//!
//! The servers are Debian's packages, started privately. Where a package is missing its tests fail
//! and name it; [`LEFT_OUT_VARIABLE`] leaves servers out on purpose, and says so on every run.

mod dovecot;
mod kannel;
mod mail;
mod mailbox;
mod message_centre;
mod postfix;
mod texts;
mod verifier;

pub use postfix::Postfix;
pub use tests::without::{VARIABLE as LEFT_OUT_VARIABLE, left_out};

use std::net::TcpListener;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long a server may take to start, and a message to pass through, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program of a server's package, looked for on the path and where Debian puts servers.
fn program(package: &str, name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    match folders.map(|folder| folder.join(name)).find(|program| program.is_file()) {
        Some(program) => program,
        None => panic!(
            "this test needs {name} of the Debian package {package}: `apt-get install \
             --no-install-recommends {package}`, or leave it out with {LEFT_OUT_VARIABLE}={}",
            package.trim_end_matches("-imapd")
        ),
    }
}

/// A port nobody listens on, below the range the system takes for outgoing connections.
pub fn free_port() -> u16 {
    loop {
        let random = uuid::Uuid::now_v7().as_u128() % 8_000;
        let port = 12_000 + u16::try_from(random).expect("a remainder of 8,000 fits");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Waits until `ready` gives something; `what` and the log that `log` reads say what did not come.
pub async fn wait_for<T>(
    what: &str,
    log: impl Fn() -> String,
    mut ready: impl AsyncFnMut() -> Option<T>,
) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = ready().await {
            return found;
        }
        assert!(Instant::now() < deadline, "{what} did not come in time; the log:\n{}", log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Whether somebody takes connections on a port of this machine.
pub async fn answers(port: u16) -> Option<()> {
    tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok().map(drop)
}
