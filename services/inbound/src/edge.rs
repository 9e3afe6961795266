//! What is answered to whom. The token decides, never the body, a cookie, an origin or an address.

mod images;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bootstrap::Shutdown;
use bootstrap::health::Health;
use domain::image::IMAGES_PATH;
use domain::token::{PREFERENCES_PATH, TestToken, TokenKeys, UNSUBSCRIBE_PATH, UnsubscribeToken};
use futures_util::StreamExt;
use percent_encoding::percent_decode_str;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::TaskTracker;

use crate::arrival::{AgentClass, Arrival, reason_of};
use crate::intake::{Intake, Taken};
use crate::language;
use crate::page::{self, Pages};
use crate::preferences::{Link, way};
use crate::settings::Settings;
use crate::telemetry;
use images::Images;

/// A body that has not arrived by then is judged by what is there.
const BODY_WITHIN: Duration = Duration::from_secs(5);

/// Bytes of an oversized body that are still read and dropped, so that its sender gets to read
/// the answer.
const DROPPED_BYTES: usize = 4 * 1024 * 1024;

/// The methods of a link.
const ALLOWED: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, OPTIONS");

/// The methods of an image.
const READ_ONLY: HeaderValue = HeaderValue::from_static("GET, HEAD");

/// The public edge.
pub(crate) struct Edge {
    pub(crate) keys: TokenKeys,
    pub(crate) pages: Pages,
    images: Images,
    body_limit: usize,
    pub(crate) intake: Arc<Intake>,
    /// Opt-outs that are being taken, whether or not somebody still waits for the answer.
    pub(crate) opt_outs: TaskTracker,
    pub(crate) usual: domain::Locale,
    /// Where it is reached from outside; may be empty.
    pub(crate) public_url: String,
    /// Set where no other server answers probes.
    health: Option<(Health, Shutdown)>,
}

impl Edge {
    pub(crate) fn new(
        settings: &Settings,
        intake: Arc<Intake>,
        opt_outs: TaskTracker,
        health: Option<(Health, Shutdown)>,
    ) -> Self {
        Self {
            keys: settings.keys.clone(),
            pages: Pages::new(&settings.team, &settings.privacy_url),
            images: Images::new(),
            body_limit: settings.body_limit,
            intake,
            opt_outs,
            usual: settings.locale,
            public_url: settings.public_url.clone(),
            health,
        }
    }

    /// Its pages.
    pub(crate) fn router(self) -> Router {
        let probes = self.health.clone();
        let router = Router::new().route("/robots.txt", get("User-agent: *\nDisallow: /\n"));
        let router = match probes {
            Some(probes) => router
                .route("/health/live", get("live\n"))
                .route("/health/ready", get(ready).with_state(probes)),
            None => router,
        };
        router.fallback(answer).with_state(Arc::new(self))
    }

    fn look(&self, token: &str, uri: &Uri, headers: &HeaderMap) -> Response {
        match UnsubscribeToken::decode(&self.keys, token) {
            Ok(read) => {
                let locale = language::chosen(uri, headers, self.usual);
                let link = Link { token, locale, way: &way(uri.path()) };
                html(StatusCode::OK, self.pages.question(read.channel, link))
            }
            Err(_) => self.test_or_refuse(token, uri, headers),
        }
    }

    async fn opt_out(&self, token: &str, request: Request) -> Response {
        let (head, body) = request.into_parts();
        // Read whatever the token is worth: a bad one is not to be told by how fast it fails.
        let body = self.read(body).await;
        let Ok(read) = UnsubscribeToken::decode(&self.keys, token) else {
            return self.test_or_refuse(token, &head.uri, &head.headers);
        };
        let agent = head.headers.get(header::USER_AGENT).and_then(|it| it.to_str().ok());
        let now = self.intake.clock().now();
        let opt_out = Arrival::by_link(read, reason_of(&body), AgentClass::of(agent), now);
        let intake = Arc::clone(&self.intake);
        // A task of its own: who hangs up has opted out all the same.
        let taken = self.opt_outs.spawn(async move { intake.take(opt_out).await });
        let locale = language::chosen(&head.uri, &head.headers, self.usual);
        let link = Link { token, locale, way: &way(head.uri.path()) };
        match taken.await.unwrap_or(Taken::Lost) {
            Taken::InForce => html(StatusCode::OK, self.pages.done(read.channel, link, true)),
            Taken::Queued => html(StatusCode::ACCEPTED, self.pages.done(read.channel, link, false)),
            Taken::Lost => later(self.pages.later(locale)),
        }
    }

    /// The beginning of a body: as much as is kept of it, has come in time and without an error.
    pub(crate) async fn read(&self, body: Body) -> Vec<u8> {
        let deadline = Instant::now() + BODY_WITHIN;
        let mut chunks = body.into_data_stream();
        let mut kept = Vec::new();
        let mut seen = 0;
        while let Ok(Some(Ok(chunk))) = timeout_at(deadline, chunks.next()).await {
            seen += chunk.len();
            let room = self.body_limit.saturating_sub(kept.len()).min(chunk.len());
            kept.extend_from_slice(&chunk[..room]);
            if seen > self.body_limit.saturating_add(DROPPED_BYTES) {
                break;
            }
        }
        kept
    }

    /// The answer to a token that takes nobody off: that of a test is told so, every other is bad.
    pub(crate) fn test_or_refuse(&self, token: &str, uri: &Uri, headers: &HeaderMap) -> Response {
        if TestToken::decode(&self.keys, token).is_err() {
            return self.refuse();
        }
        let locale = language::chosen(uri, headers, self.usual);
        html(StatusCode::OK, self.pages.test(locale))
    }

    /// The one answer to every bad token (compliance.md SEC-03).
    pub(crate) fn refuse(&self) -> Response {
        metrics::counter!(telemetry::BAD_TOKENS).increment(1);
        html(StatusCode::BAD_REQUEST, self.pages.bad_link())
    }
}

async fn answer(State(edge): State<Arc<Edge>>, request: Request) -> Response {
    let Some((door, token)) = door_of(request.uri().path()) else {
        return (StatusCode::NOT_FOUND, "not found\n").into_response();
    };
    match (request.method(), door) {
        (&Method::GET | &Method::HEAD, Door::Unsubscribe) => {
            edge.look(&token, request.uri(), request.headers())
        }
        (&Method::GET | &Method::HEAD, Door::Preferences) => {
            edge.preferences(&token, request.uri(), request.headers()).await
        }
        (&Method::GET | &Method::HEAD, Door::Image) => edge.image(&token, request.headers()).await,
        (_, Door::Image) => {
            (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, READ_ONLY)]).into_response()
        }
        (&Method::POST, Door::Unsubscribe) => edge.opt_out(&token, request).await,
        (&Method::POST, Door::Preferences) => edge.choose(request).await,
        (&Method::OPTIONS, _) => {
            (StatusCode::NO_CONTENT, [(header::ALLOW, ALLOWED)]).into_response()
        }
        _ => (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, ALLOWED)]).into_response(),
    }
}

/// Readiness in a word; reasons belong on an inner network.
async fn ready(State((health, shutdown)): State<(Health, Shutdown)>) -> Response {
    if health.readiness(&shutdown).await.ready {
        return "ready\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, "not ready\n").into_response()
}

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// One click stops a channel.
    Unsubscribe,
    /// The preference page.
    Preferences,
    /// An image of emails; its name stands where a token would.
    Image,
}

impl Door {
    /// The door a segment of a path names.
    pub(crate) fn of(segment: &str) -> Option<Self> {
        let doors = [
            (UNSUBSCRIBE_PATH, Self::Unsubscribe),
            (PREFERENCES_PATH, Self::Preferences),
            (IMAGES_PATH, Self::Image),
        ];
        doors
            .into_iter()
            .find_map(|(path, door)| (path.trim_matches('/') == segment).then_some(door))
    }
}

/// Where a path leads, and what stands for a token in it, possibly nothing; `None` if it leads
/// nowhere. Slashes too many and a prefix before it, as proxies add them, change nothing.
pub(crate) fn door_of(path: &str) -> Option<(Door, String)> {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let door = parts.find_map(Door::of)?;
    let token = parts.next().unwrap_or_default();
    // What is not text cannot be a token either.
    Some((door, percent_decode_str(token).decode_utf8().unwrap_or_default().into_owned()))
}

/// The answer where nothing can be stored, to be asked for again in a minute.
pub(crate) fn later(page: String) -> Response {
    let page = html(StatusCode::SERVICE_UNAVAILABLE, page);
    ([(header::RETRY_AFTER, "60")], page).into_response()
}

pub(crate) fn html(status: StatusCode, page: String) -> Response {
    let security = page::content_security_policy();
    let headers: [(HeaderName, HeaderValue); 7] = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::CONTENT_SECURITY_POLICY, security),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex, nofollow")),
    ];
    (status, headers, page).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_behind_whatever_proxies_make_of_a_path() {
        for (path, token) in [
            ("/u/a.b", Some("a.b")),
            ("/u/a.b/", Some("a.b")),
            ("//u//a.b", Some("a.b")),
            ("/mail/u/a.b", Some("a.b")),
            ("/u/a%2Eb", Some("a.b")),
            ("/u/%FF", Some("")),
            ("/u/", Some("")),
            ("/u", Some("")),
            ("/", None),
            ("/U/a.b", None),
            ("/favicon.ico", None),
        ] {
            let found = door_of(path);
            assert_eq!(found.as_ref().map(|(_, token)| token.as_str()), token, "{path}");
            assert!(found.is_none_or(|(door, _)| door == Door::Unsubscribe), "{path}");
            let other = door_of(&path.replacen("u/", "p/", 1));
            assert!(!path.contains("u/") || other.is_some_and(|it| it.0 == Door::Preferences));
        }
    }
}
