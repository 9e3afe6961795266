//! The local outbox: messages as .eml files, for trial runs without a relay.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use domain::TouchId;

/// Writes each message to `<touch>.eml`; the same touch writes the same file.
#[derive(Debug)]
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
    pub(crate) async fn write(&self, touch: TouchId, message: &[u8]) -> io::Result<()> {
        let draft = self.folder.join(format!(".{touch}.draft"));
        tokio::fs::write(&draft, message).await?;
        tokio::fs::rename(&draft, self.folder.join(format!("{touch}.eml"))).await
    }
}
