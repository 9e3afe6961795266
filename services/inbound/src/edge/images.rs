//! The images that emails show, for whoever opens one: under names made of their content, so that they
//! may be kept for ever by whoever fetched them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::image::ImageName;
use tokio::sync::Semaphore;

use super::{Edge, later};

/// So long a copy is good: for ever.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Bytes of images that are kept in memory: a mailing asks for few images, and often.
const KEPT_BYTES: usize = 32 << 20;
/// Images that are read at once, so that opt-outs are never left without a connection.
const AT_ONCE: usize = 2;

/// So long one is kept: what was removed is gone for new readers after it.
const KEPT_FOR: Duration = Duration::from_secs(300);

/// What was read already, and when.
pub(super) struct Images {
    kept: Mutex<HashMap<ImageName, (Instant, Bytes)>>,
    reading: Arc<Semaphore>,
}

impl Images {
    pub(super) fn new() -> Self {
        Self { kept: Mutex::default(), reading: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    fn find(&self, name: &ImageName) -> Option<Bytes> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, content) = kept.get(name)?;
        (since.elapsed() < KEPT_FOR).then(|| content.clone())
    }

    fn keep(&self, name: ImageName, content: Bytes) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, (since, _)| since.elapsed() < KEPT_FOR);
        let size: usize = kept.values().map(|(_, content)| content.len()).sum();
        if size + content.len() > KEPT_BYTES {
            kept.clear();
        }
        kept.insert(name, (Instant::now(), content));
    }
}

impl Edge {
    /// The image of this name.
    pub(super) async fn image(&self, name: &str, headers: &HeaderMap) -> Response {
        let Some(name) = ImageName::parse(name) else { return missing() };
        let tag = format!("\"{}\"", domain::hex::encode(&name.sha256));
        let content = match self.images.find(&name) {
            Some(content) => content,
            None => match self.read_image(name).await {
                Ok(Some(content)) => content,
                Ok(None) => return missing(),
                Err(answer) => return *answer,
            },
        };
        let kept = [
            (header::CACHE_CONTROL, FOR_EVER),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (header::ETAG, HeaderValue::try_from(&tag).unwrap_or(HeaderValue::from_static("\"\""))),
        ];
        let known = headers.get(header::IF_NONE_MATCH).and_then(|it| it.to_str().ok());
        if known.is_some_and(|known| known == "*" || known.contains(&tag)) {
            return (StatusCode::NOT_MODIFIED, kept).into_response();
        }
        // Pages of other sites may show it, and nothing in it runs.
        let shown = [
            (header::CONTENT_TYPE, HeaderValue::from_static(name.kind.media_type())),
            (
                header::CONTENT_SECURITY_POLICY,
                HeaderValue::from_static("default-src 'none'; sandbox"),
            ),
        ];
        (kept, shown, content).into_response()
    }

    async fn read_image(&self, name: ImageName) -> Result<Option<Bytes>, Box<Response>> {
        let away = || Box::new(later("not now\n".to_owned()));
        let Ok(_turn) = Arc::clone(&self.images.reading).acquire_owned().await else {
            return Err(away());
        };
        // Somebody before may have read it meanwhile.
        if let Some(content) = self.images.find(&name) {
            return Ok(Some(content));
        }
        match self.intake.list().image(name).await {
            Ok(Some(content)) => {
                let content = Bytes::from(content);
                self.images.keep(name, content.clone());
                Ok(Some(content))
            }
            Ok(None) => Ok(None),
            Err(error) => {
                tracing::warn!(%error, "an image could not be read");
                Err(away())
            }
        }
    }
}

/// There is none, or not yet: nobody keeps this answer.
fn missing() -> Response {
    (StatusCode::NOT_FOUND, [(header::CACHE_CONTROL, "no-store")], "not found\n").into_response()
}
