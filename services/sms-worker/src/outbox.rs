//! The local outbox: texts as files, for trial runs without a gateway.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tokio::time::Instant;

use crate::gateway::{GatewayResult, SmsGateway, SmsMessage};

/// Writes each text to `<touch>.txt`; the same touch writes the same file.
#[derive(Debug)]
pub struct SmsOutbox {
    folder: PathBuf,
}

impl SmsOutbox {
    /// An outbox in `folder`, which is made if need be.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn create(folder: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("the outbox {} cannot be made", folder.display()))?;
        Ok(Self { folder: folder.to_owned() })
    }
}

#[async_trait::async_trait]
impl SmsGateway for SmsOutbox {
    async fn send(&self, message: &SmsMessage, _deadline: Instant) -> GatewayResult {
        let file = self.folder.join(format!("{}.txt", message.reference));
        let text = format!("To: {}\nFrom: {}\n\n{}\n", message.to, message.sender, message.text);
        match tokio::fs::write(&file, text).await {
            Ok(()) => GatewayResult::Accepted { provider_ref: Some("outbox".to_owned()) },
            Err(error) => GatewayResult::NotHandedOver {
                why: format!("the local outbox cannot be written: {error}"),
            },
        }
    }

    fn is_real(&self) -> bool {
        false
    }
}
