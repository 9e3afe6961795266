//! Posts messages to addresses that somebody typed in, and nowhere else (compliance.md SEC-11).
//!
//! The address is looked at before each attempt, and its name is resolved by [`Guarded`]: what it
//! answers is what is connected to, so that there is no moment between the check and the connection
//! in which a name could come to mean something else. One address that may not be reached spoils
//! them all. No redirect is followed, no proxy is asked, little of the answer is read.

use std::error::Error;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use domain::outgoing::{Host, Reach, check_within};
use domain::webhook::WebhookProblem;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Certificate, Response, StatusCode, Url};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a whole attempt may take.
pub const ATTEMPT: Duration = Duration::from_secs(15);
/// Bytes of an answer that are read and kept.
const ANSWER: usize = 512;
/// Idle connections to one receiver.
const IDLE: usize = 2;

/// What names resolve to.
pub type LookUp = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Who resolves names. Tests have one that lies.
pub trait Names: Send + Sync + 'static {
    /// Every address of a name.
    fn look_up(&self, name: &str) -> LookUp;
}

/// As the system does.
#[derive(Debug, Clone, Copy)]
pub struct System;

impl Names for System {
    fn look_up(&self, name: &str) -> LookUp {
        let name = name.to_owned();
        Box::pin(async move {
            Ok(tokio::net::lookup_host((name, 0)).await?.map(|found| found.ip()).collect())
        })
    }
}

/// Resolves names to addresses that may be reached, or refuses.
struct Guarded {
    names: Arc<dyn Names>,
    reach: Reach,
}

/// Why a name is not used.
#[derive(Debug, thiserror::Error)]
enum NameRefused {
    #[error("the name leads into an inner network")]
    Inner,
    #[error("the name does not resolve")]
    Unknown,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (found, reach) = (self.names.look_up(name.as_str()), self.reach);
        Box::pin(async move {
            let found = found.await.map_err(|_| NameRefused::Unknown)?;
            if found.is_empty() {
                return Err(NameRefused::Unknown.into());
            }
            if !found.iter().all(|ip| reach.allows(*ip)) {
                return Err(NameRefused::Inner.into());
            }
            // The port of the URL takes the place of 0.
            let found = found.into_iter().map(|ip| SocketAddr::new(ip, 0));
            Ok(Box::new(found) as Addrs)
        })
    }
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// When the receiver wants to be asked again.
    pub retry_after: Option<Duration>,
    /// The first bytes, as text.
    pub text: String,
}

/// Posts messages. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    client: reqwest::Client,
    reach: Reach,
}

impl Client {
    /// A client that trusts the certificates in `ca_file`, or else the system's. An attempt takes no
    /// longer than `patience`.
    ///
    /// # Errors
    /// When the file cannot be read, or there are no certificates to trust.
    pub fn new(
        reach: Reach,
        ca_file: Option<&Path>,
        names: Arc<dyn Names>,
        patience: Duration,
    ) -> anyhow::Result<Self> {
        // Whoever came first has installed the same provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder();
        if let Some(path) = ca_file {
            let pem = std::fs::read(path);
            let pem = pem
                .with_context(|| format!("webhooks.ca_file {} is not readable", path.display()))?;
            let trusted = Certificate::from_pem_bundle(&pem);
            let trusted = trusted
                .with_context(|| format!("webhooks.ca_file {} is not PEM", path.display()))?;
            builder = builder.tls_certs_only(trusted);
        }
        let client = builder
            .user_agent(concat!("Touchline/", env!("CARGO_PKG_VERSION")))
            .https_only(true)
            .http1_only()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .dns_resolver(Arc::new(Guarded { names, reach }))
            .connect_timeout(CONNECT)
            .timeout(patience)
            .pool_max_idle_per_host(IDLE)
            .build()
            .context("no client for webhooks can be made; install ca-certificates")?;
        Ok(Self { client, reach })
    }

    /// Whether an address may be posted to, as far as it tells by itself.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, url: &str) -> Result<Url, WebhookProblem> {
        let (host, port) =
            check_within(url, self.reach).map_err(|_| WebhookProblem::RefusedAddress)?;
        let url: Url = url.parse().map_err(|_| WebhookProblem::RefusedAddress)?;
        let read = match &host {
            Host::Name(name) => name.clone(),
            Host::Ip(IpAddr::V4(ip)) => ip.to_string(),
            Host::Ip(IpAddr::V6(ip)) => format!("[{ip}]"),
        };
        // Whoever connects must have read the same host as whoever has checked it.
        let same = url.host_str().is_some_and(|host| host.trim_end_matches('.') == read)
            && url.port_or_known_default() == Some(port);
        if same { Ok(url) } else { Err(WebhookProblem::RefusedAddress) }
    }

    /// Posts a message once.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn post(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: String,
    ) -> Result<Reply, WebhookProblem> {
        let mut request =
            self.client.post(self.check(url)?).header(CONTENT_TYPE, "application/json");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let mut response = request.body(body).send().await.map_err(|error| problem(&error))?;
        let (status, retry_after) = (response.status(), retry_after(&response));
        let text = beginning(&mut response).await;
        Ok(Reply { status: status.as_u16(), retry_after, text })
    }
}

/// The first bytes of an answer. What breaks off afterwards does not matter: the status is there.
async fn beginning(response: &mut Response) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < ANSWER {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                bytes.extend_from_slice(&chunk[..chunk.len().min(ANSWER - bytes.len())])
            }
            Ok(None) | Err(_) => break,
        }
    }
    // The database takes no NUL, and nobody wants to see the others.
    let text = String::from_utf8_lossy(&bytes);
    text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect()
}

/// Seconds in `Retry-After` of an answer that says "later"; dates are not read.
fn retry_after(response: &Response) -> Option<Duration> {
    let says_later = [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE];
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    says_later.contains(&response.status()).then(|| Duration::from_secs(seconds))
}

/// The word for what went wrong.
fn problem(error: &reqwest::Error) -> WebhookProblem {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(refused) = error.downcast_ref::<NameRefused>() {
            return match refused {
                NameRefused::Inner => WebhookProblem::RefusedAddress,
                NameRefused::Unknown => WebhookProblem::UnknownName,
            };
        }
        if error.is::<rustls::Error>() {
            return WebhookProblem::NoTrust;
        }
        // The source of an I/O error is that of the error in it, which would be passed over.
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        cause = inner.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source());
    }
    if error.is_timeout() {
        WebhookProblem::TimedOut
    } else if error.is_connect() {
        WebhookProblem::Unreachable
    } else {
        WebhookProblem::BrokeOff
    }
}
