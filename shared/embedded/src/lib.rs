//! Starts and stops a private PostgreSQL from the binaries on this machine.
//!
//! `touchline up` and the tests use the same starter. The server listens on a unix socket in a
//! folder only its owner can enter, so trust authentication is safe; nothing listens on TCP. A
//! dedicated thread keeps the server: it starts it, brings it back when it dies unasked, and stops
//! it. The server's address never changes while a [`Postgres`] lives, so pools simply reconnect.
//!
//! What ends what: [`Postgres::stop`] and dropping end the server in an orderly way. When the
//! owning process is killed, the kernel interrupts the server (`setpriv --pdeathsig`, where
//! util-linux has it); a server that lingers all the same is ended by the next start on its data
//! folder. A kernel lock on `owner.lock` keeps two owners apart and cannot go stale.

mod account;
mod binaries;
mod cluster;
mod error;
mod keeper;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{oneshot, watch};

pub use account::default_data_dir;
pub use binaries::find_binaries;
pub use error::StartError;

use keeper::{Control, Phase, Wanted};

/// How long an orderly stop may take before the server is ended harder.
const STOP_PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// What to start, and where.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The folder for the cluster, the server's log and the owner's lock; created when missing.
    pub data_dir: PathBuf,
    /// Whether commits survive a power cut. Off for tests: faster, and safe against killed
    /// processes all the same.
    pub durable: bool,
    /// Further server settings, as in `postgresql.conf`; they win over the built-in ones.
    pub settings: Vec<(String, String)>,
}

/// A private PostgreSQL that runs as long as this value lives.
#[derive(Debug)]
pub struct Postgres {
    control: Arc<Control>,
    phases: watch::Receiver<Phase>,
    socket_dir: PathBuf,
}

impl Postgres {
    /// Creates the cluster if there is none, starts the server and returns once it takes queries.
    ///
    /// # Errors
    /// Every way this can fail is a [`StartError`] that says what to do; nothing is left running.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let control = Arc::new(Control::default());
        let (report, phases) = watch::channel(Phase::Down);
        let (first, started) = oneshot::channel();
        let thread_control = Arc::clone(&control);
        // A thread of its own, because the kernel ties "parent died" to the thread that spawned.
        std::thread::Builder::new()
            .name("postgres-keeper".to_owned())
            .spawn(move || keeper::keep(&options, &thread_control, &report, first))
            .map_err(|source| StartError::Io {
                action: "start the thread that keeps PostgreSQL",
                path: PathBuf::new(),
                source,
            })?;
        let socket_dir = started.await.map_err(|_| StartError::KeeperGone)??;
        Ok(Self { control, phases, socket_dir })
    }

    /// The address of a database of this server, for sqlx and libpq: a unix socket, no password.
    /// `postgres` always exists.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let socket_dir = self.socket_dir.display();
        // Port and TLS are spelled out so that PGPORT or PGSSLMODE of the environment cannot win.
        format!("postgres:///{database}?host={socket_dir}&port=5432&user=postgres&sslmode=disable")
    }

    /// The process id of the server, or `None` while it is down.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.control.pid()
    }

    /// Ends the server in an orderly way: open transactions are rolled back, all files are synced.
    /// Returns when the process is gone and the data folder is free for another owner.
    pub async fn stop(self) {
        self.control.want(Wanted::Gone);
        for harder in [Control::abort, Control::crash] {
            let gone = self.phases.clone();
            if tokio::time::timeout(STOP_PATIENCE, reached(gone, Phase::Gone)).await.is_ok() {
                return;
            }
            harder(&self.control);
        }
        reached(self.phases.clone(), Phase::Gone).await;
    }

    /// Takes the server down and leaves it down until [`Postgres::resume`]; for tests of bad days.
    pub async fn pause(&self) {
        self.control.want(Wanted::Down);
        let _ = self.phases.clone().wait_for(|phase| *phase != Phase::Ready).await;
    }

    /// Brings a paused server back and returns once it takes queries.
    pub async fn resume(&self) {
        self.control.want(Wanted::Up);
        self.ready().await;
    }

    /// Kills the server as a crash would (`SIGKILL`) and returns when it is gone; the keeper brings
    /// it back by itself, see [`Postgres::ready`].
    pub async fn crash(&self) {
        // Subscribed before the kill, so that the short time between two lives is not missed.
        let mut phases = self.phases.clone();
        phases.mark_unchanged();
        self.control.crash();
        let _ = phases.changed().await;
    }

    /// Returns once the server takes queries.
    pub async fn ready(&self) {
        reached(self.phases.clone(), Phase::Ready).await;
    }
}

/// Waits for a phase; a keeper that is gone reaches none any more, and nothing is left to wait for.
async fn reached(mut phases: watch::Receiver<Phase>, wanted: Phase) {
    let _ = phases.wait_for(|phase| *phase == wanted).await;
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.control.want(Wanted::Gone);
    }
}
