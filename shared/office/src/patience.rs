//! Waiting for a database that is away for a moment.

use std::time::{Duration, Instant};

use storage::StorageError;

/// How long it is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(500);

/// Calls again while the database is away. For calls that may be made twice.
///
/// # Errors
/// What the call says once patience has ended, or anything but absence.
pub async fn patiently<T, F>(call: impl Fn() -> F) -> Result<T, StorageError>
where
    F: Future<Output = Result<T, StorageError>>,
{
    let began = Instant::now();
    loop {
        match call().await {
            Err(error) if error.is_unavailable() && began.elapsed() < PATIENCE => {
                tokio::time::sleep(PAUSE).await;
            }
            done => return done,
        }
    }
}
