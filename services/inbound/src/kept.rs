//! Requests as they came, and which messages are done with, as files of one folder.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use domain::hex;
use sha2::{Digest, Sha256};

/// The folder.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    dir: PathBuf,
}

/// What a kept request is called: the beginning of its SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeptName([u8; 16]);

impl KeptName {
    /// The name of a request.
    pub(crate) fn of(raw: &[u8]) -> Self {
        let mut name = [0; 16];
        name.copy_from_slice(&Sha256::digest(raw)[..16]);
        Self(name)
    }
}

impl fmt::Display for KeptName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl FromStr for KeptName {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        hex::decode(text).and_then(|name| name.try_into().ok()).map(Self).ok_or(())
    }
}

/// A request could not be kept; the log says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotKept;

/// The number a message is known by here: no gateway's id gets into a log or onto the list.
pub(crate) fn message(gateway: &str, id: &str) -> u64 {
    let hash = Sha256::digest(format!("{gateway}\n{id}"));
    hash.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

impl Kept {
    /// Opens the folder, which is created when missing.
    pub(crate) fn open(dir: &Path) -> io::Result<Self> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        Ok(Self { dir: dir.to_owned() })
    }

    /// Keeps a request and answers what it is called. The same request is kept once.
    pub(crate) async fn keep(&self, raw: Vec<u8>) -> Result<KeptName, NotKept> {
        let name = KeptName::of(&raw);
        self.write(self.dir.join(format!("{name}.request")), raw).await?;
        Ok(name)
    }

    /// Whether a message was done with before.
    pub(crate) fn is_done(&self, message: u64) -> bool {
        self.done(message).exists()
    }

    /// Notes that a message is done with: repeats of it change nothing.
    pub(crate) async fn note_done(&self, message: u64) {
        // Without the note a repeat is taken once more, which leaves one entry on the list all the
        // same.
        let _ = self.write(self.done(message), Vec::new()).await;
    }

    fn done(&self, message: u64) -> PathBuf {
        self.dir.join(format!("{message:016x}.done"))
    }

    async fn write(&self, path: PathBuf, content: Vec<u8>) -> Result<(), NotKept> {
        let written = tokio::task::spawn_blocking(move || write(&path, &content)).await;
        match written {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => {
                tracing::error!(%error, "a request cannot be kept; make room in inbound.replies_dir");
            }
            Err(error) => tracing::error!(%error, "a request was not kept"),
        }
        Err(NotKept)
    }
}

/// Writes a file that survives a power cut, unless it is there.
fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    // Named when whole, so that a file that is there is a whole one.
    let unfinished = path.with_extension(format!("{}.new", uuid::Uuid::now_v7().simple()));
    let mut file: File =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    file.write_all(content)?;
    file.sync_data()?;
    std::fs::rename(&unfinished, path)?;
    File::open(path.parent().unwrap_or(path))?.sync_all()
}
