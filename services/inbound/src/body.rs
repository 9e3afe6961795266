//! Bodies of requests that are worth nothing unless they are whole.

use std::time::Duration;

use axum::body::Body;
use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

/// A body that has not arrived by then is not taken; its sender will repeat it.
const WITHIN: Duration = Duration::from_secs(10);

/// A whole body, if it has come in time and is no longer than `limit`.
pub(crate) async fn read(body: Body, limit: usize) -> Option<Vec<u8>> {
    let deadline = Instant::now() + WITHIN;
    let mut chunks = body.into_data_stream();
    let mut whole = Vec::new();
    while let Some(chunk) = timeout_at(deadline, chunks.next()).await.ok()? {
        let chunk = chunk.ok()?;
        if whole.len() + chunk.len() > limit {
            return None;
        }
        whole.extend_from_slice(&chunk);
    }
    Some(whole)
}
