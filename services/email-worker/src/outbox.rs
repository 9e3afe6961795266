//! The local outbox: messages as .eml files, for trial runs without a relay.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// Writes each message to `<name>.eml`; the same name writes the same file.
#[derive(Debug, Clone)]
pub struct EmailOutbox {
    folder: PathBuf,
}

impl EmailOutbox {
    /// An outbox in `folder`, which is made if need be.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn create(folder: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("the outbox {} cannot be made", folder.display()))?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Writes a message: whole, or not at all.
    pub(crate) async fn write(&self, name: &str, message: &[u8]) -> io::Result<()> {
        let draft = self.folder.join(format!(".{name}.draft"));
        tokio::fs::write(&draft, message).await?;
        tokio::fs::rename(&draft, self.folder.join(format!("{name}.eml"))).await
    }
}
