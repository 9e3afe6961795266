//! The health server: `/health/live`, `/health/ready` (also as `/health`) and `/metrics`.
//!
//! Live means the process answers at all. Ready means every registered check passes: its database
//! and its broker answer. A stopping process is live and not ready. The page names checks and
//! reasons, so it belongs on an inner network.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::Instant;

use crate::metrics::Metrics;
use crate::settings::redacted;
use crate::shutdown::Shutdown;

/// A check that has not answered by then has failed.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// For so long an answer is given again, so that eager probes cost the database nothing.
const CHECK_CACHED: Duration = Duration::from_secs(1);

/// The section `[health]`.
#[derive(Debug, Clone, Deserialize)]
pub struct HealthSettings {
    /// Address and port to listen on; `None`: no server.
    pub listen: Option<String>,
}

/// Why the health server does not start.
#[derive(Debug, Error)]
pub enum ServeHealthError {
    /// The address cannot be listened on.
    #[error("cannot listen on {listen} for health checks; choose a free port in health.listen")]
    Listen {
        /// What `health.listen` says.
        listen: String,
        /// What the operating system said.
        source: std::io::Error,
    },
}

type CheckFuture = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// One named check with its last answer.
struct Check {
    name: &'static str,
    run: Box<dyn Fn() -> CheckFuture + Send + Sync>,
    last: tokio::sync::Mutex<Option<(Instant, CheckAnswer)>>,
}

/// What one check said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckAnswer {
    /// The check's name.
    pub name: &'static str,
    /// Whether it passed.
    pub ok: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// What `/health/ready` answers, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// Whether all checks passed and the process is not stopping.
    pub ready: bool,
    /// Whether the process is stopping.
    pub stopping: bool,
    /// The checks in the order of their registration.
    pub checks: Vec<CheckAnswer>,
    /// What the process works with, by name: the version of the time-zone data.
    pub facts: BTreeMap<&'static str, String>,
}

/// The checks of a process. Clones share them.
#[derive(Clone, Default)]
pub struct Health {
    checks: Arc<Mutex<Vec<Arc<Check>>>>,
    facts: Arc<Mutex<BTreeMap<&'static str, String>>>,
}

impl Health {
    /// No checks yet: ready as soon as the process answers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers a check. `run` starts one look at the thing named `name`; its error is shown on
    /// the page and must not hold personal data (passwords in URLs are hidden).
    pub fn check<R, F, E>(&self, name: &'static str, run: R)
    where
        R: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Display,
    {
        let run = Box::new(move || -> CheckFuture {
            let look = run();
            Box::pin(async move { look.await.map_err(|error| redacted(&error.to_string())) })
        });
        let check = Arc::new(Check { name, run, last: tokio::sync::Mutex::default() });
        self.checks.lock().unwrap_or_else(PoisonError::into_inner).push(check);
    }

    /// Has the page say what the process works with: a name and a value, no check and no secret.
    pub fn fact(&self, name: &'static str, value: &str) {
        let mut facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        facts.insert(name, value.to_owned());
    }

    /// Runs all checks at the same time, each at most 2 s, answers up to 1 s old counting.
    pub async fn readiness(&self, shutdown: &Shutdown) -> Readiness {
        let checks = self.checks.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let answers = join_all(checks.iter().map(|check| check.answer())).await;
        let stopping = shutdown.has_begun();
        let ready = !stopping && answers.iter().all(|answer| answer.ok);
        let facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Readiness { ready, stopping, checks: answers, facts }
    }

    /// Serves the pages on `settings.listen` until the returned server is dropped, so that
    /// probes are answered during the drain as well. `None` if nothing is to be listened on.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub async fn serve(
        &self,
        settings: &HealthSettings,
        metrics: Metrics,
        shutdown: &Shutdown,
    ) -> Result<Option<HealthServer>, ServeHealthError> {
        let Some(listen) = settings.listen.clone() else { return Ok(None) };
        let failed = |source| ServeHealthError::Listen { listen: listen.clone(), source };
        let listener = TcpListener::bind(&listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let pages = Pages { health: self.clone(), metrics, shutdown: shutdown.clone() };
        let router = Router::new()
            .route("/health/live", get(async || "live\n"))
            .route("/health/ready", get(ready_page))
            .route("/health", get(ready_page))
            .route("/metrics", get(metrics_page))
            .with_state(pages);
        let task = tokio::spawn(async move {
            // Accept errors are retried inside; it ends only with its task.
            let _ = axum::serve(listener, router).await;
        });
        tracing::info!(%address, "health and metrics are served");
        Ok(Some(HealthServer { address, task }))
    }
}

impl Check {
    async fn answer(&self) -> CheckAnswer {
        // Held while checking: probes that come meanwhile share the answer.
        let mut last = self.last.lock().await;
        if let Some((at, answer)) = last.as_ref()
            && at.elapsed() < CHECK_CACHED
        {
            return answer.clone();
        }
        let begun = Instant::now();
        // A task of its own, so that a panic is one more way to fail.
        let look = tokio::spawn((self.run)());
        let _stopped_when_late = StopOnDrop(look.abort_handle());
        let outcome = match tokio::time::timeout(CHECK_TIMEOUT, look).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err("the check itself panicked; see the log".to_owned()),
            Err(_) => Err(format!("no answer within {} s", CHECK_TIMEOUT.as_secs())),
        };
        metrics::gauge!("touchline_check_passes", "check" => self.name).set(if outcome.is_ok() {
            1.0
        } else {
            0.0
        });
        let duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let answer =
            CheckAnswer { name: self.name, ok: outcome.is_ok(), why: outcome.err(), duration_ms };
        *last = Some((Instant::now(), answer.clone()));
        answer
    }
}

/// Stops a task nobody waits for any more.
struct StopOnDrop(AbortHandle);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The running server; dropping it closes the port.
#[derive(Debug)]
pub struct HealthServer {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl HealthServer {
    /// Where it listens, with the port the system chose for port 0.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for HealthServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What the pages are made from.
#[derive(Clone)]
struct Pages {
    health: Health,
    metrics: Metrics,
    shutdown: Shutdown,
}

async fn ready_page(State(pages): State<Pages>) -> Response {
    let readiness = pages.health.readiness(&pages.shutdown).await;
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = serde_json::to_string(&readiness).expect("plain fields always become JSON");
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

async fn metrics_page(State(pages): State<Pages>) -> Response {
    // So that they tell how the checks stand now, whoever else asks.
    let _ = pages.health.readiness(&pages.shutdown).await;
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], pages.metrics.render()).into_response()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    async fn fetch(address: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test(start_paused = true)]
    async fn readiness_follows_the_checks_and_is_cached_for_a_second() {
        let health = Health::new();
        let shutdown = Shutdown::new();
        let up = Arc::new(AtomicBool::new(true));
        let looks = Arc::new(AtomicUsize::new(0));
        let (seen, counted) = (up.clone(), looks.clone());
        health.check("database", move || {
            counted.fetch_add(1, Ordering::SeqCst);
            let up = seen.load(Ordering::SeqCst);
            async move { if up { Ok(()) } else { Err("cannot reach postgres://u:secret@db/x") } }
        });
        assert!(health.readiness(&shutdown).await.ready);
        up.store(false, Ordering::SeqCst);
        assert!(health.readiness(&shutdown).await.ready, "the answer is still fresh");
        assert_eq!(looks.load(Ordering::SeqCst), 1);
        tokio::time::advance(CHECK_CACHED).await;
        let readiness = health.readiness(&shutdown).await;
        assert!(!readiness.ready);
        let why = readiness.checks[0].why.as_deref();
        assert_eq!(why, Some("cannot reach postgres://u:***@db/x"));
        up.store(true, Ordering::SeqCst);
        tokio::time::advance(CHECK_CACHED).await;
        assert!(health.readiness(&shutdown).await.ready);
        shutdown.begin();
        assert!(!health.readiness(&shutdown).await.ready, "a stopping process is not ready");
    }

    #[tokio::test(start_paused = true)]
    async fn a_check_that_hangs_or_panics_fails_without_holding_up_the_others() {
        let health = Health::new();
        health.check("database", std::future::pending::<Result<(), String>>);
        health.check("broker", || async {
            if tokio::task::try_id().is_some() {
                panic!("on purpose");
            }
            Ok::<(), String>(())
        });
        health.check("disk", || async { Ok::<(), String>(()) });
        let readiness = health.readiness(&Shutdown::new()).await;
        let reasons: Vec<_> = readiness.checks.iter().map(|check| check.why.as_deref()).collect();
        assert_eq!(reasons[0], Some("no answer within 2 s"));
        assert_eq!(reasons[1], Some("the check itself panicked; see the log"));
        assert_eq!(reasons[2], None);
        assert_eq!(readiness.checks[0].duration_ms, 2000);
    }

    #[tokio::test]
    async fn the_pages_answer_over_http_until_the_server_is_dropped() {
        let health = Health::new();
        health.check("broker", || async { Err::<(), _>("connection refused") });
        health.fact("zone_data", "2026e");
        let settings = HealthSettings { listen: Some("127.0.0.1:0".into()) };
        let metrics = Metrics::install("test");
        let shutdown = Shutdown::new();
        let server = health.serve(&settings, metrics.clone(), &shutdown).await.unwrap().unwrap();
        let live = fetch(server.address(), "/health/live").await;
        assert!(live.starts_with("HTTP/1.1 200"), "{live}");
        let ready = fetch(server.address(), "/health/ready").await;
        assert!(ready.starts_with("HTTP/1.1 503"), "{ready}");
        assert!(ready.contains(r#"{"name":"broker","ok":false,"why":"connection refused""#));
        let health_page = fetch(server.address(), "/health").await;
        assert!(health_page.contains(r#""facts":{"zone_data":"2026e"}"#), "{health_page}");
        let page = fetch(server.address(), "/metrics").await;
        assert!(page.contains("touchline_build_info"), "{page}");
        assert!(page.contains("touchline_check_passes{check=\"broker\"} 0"), "{page}");

        let taken = HealthSettings { listen: Some(server.address().to_string()) };
        let error = health.serve(&taken, metrics.clone(), &shutdown).await.unwrap_err();
        assert!(error.to_string().contains("choose a free port in health.listen"));
        let off = HealthSettings { listen: None };
        assert!(health.serve(&off, metrics, &shutdown).await.unwrap().is_none());
    }
}
