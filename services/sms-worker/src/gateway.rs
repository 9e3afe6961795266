//! The client of the SMS gateway: one message, one request, one honest result.
//!
//! Nothing is sent twice behind the caller's back. reqwest's own repeats are off and redirects are
//! not followed. One repeat below it remains: hyper takes another connection when a kept one died
//! before the request was begun, and hands the request back untouched in that case only, so the
//! gateway cannot have seen it. (Known weakness: when a kept connection dies while the request
//! travels, nobody can tell, and the result is "in doubt".)

mod address;
mod answer;
mod request;
pub mod template;

use std::error::Error as _;
use std::time::Duration;

use domain::TouchId;
use reqwest::header::CONTENT_ENCODING;
use reqwest::{Client, Response};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

use self::answer::{Answer, Body};
use self::request::{Outgoing, RequestTemplate};
use crate::preset::{Counts, Preset, PresetError};
use crate::rate::{Admission, LONGEST_WAIT, TokenBucket};
use crate::reply::RefusalClass;
use crate::settings::Settings;

/// Idle connections are closed before common servers do (Apache: 5 s), so that few requests meet
/// a connection that is being closed.
const IDLE_CONNECTION: Duration = Duration::from_secs(4);
/// What must be left of the deadline, beyond the time to connect, for a request to be begun.
const LEAST_TIME_FOR_ANSWER: Duration = Duration::from_secs(1);

/// The alphabet a text needs (3GPP TS 23.038).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// The GSM 7-bit default alphabet.
    Gsm7,
    /// UCS-2.
    Ucs2,
}

/// One text to hand over. It has no `Debug`: numbers and texts stay out of logs.
#[derive(Clone)]
pub struct SmsMessage {
    /// The recipient's number in E.164.
    pub to: String,
    /// The text.
    pub text: String,
    /// The sender.
    pub sender: String,
    /// The touch: the same on every attempt.
    pub reference: TouchId,
    /// Number of the attempt, from 1.
    pub attempt: u16,
    /// The alphabet.
    pub coding: Coding,
    /// How many segments it takes, for limits that count them.
    pub segments: u32,
    /// How long ago the first attempt of this touch began; zero for the first. Idempotency keys
    /// age from then on.
    pub first_attempt_age: Duration,
}

/// What became of a message. Details never hold numbers, names or texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GatewayResult {
    /// The gateway took it.
    Accepted {
        /// The provider's id, where it gives one.
        provider_ref: Option<String>,
    },
    /// The gateway said no for good.
    Refused {
        /// What kind of no.
        class: RefusalClass,
        /// Provider, status and code.
        detail: String,
    },
    /// The gateway said not now.
    Temporary {
        /// When it wants to be asked again.
        retry_after: Option<Duration>,
        /// Provider, status and code.
        detail: String,
    },
    /// The gateway cannot have seen it.
    NotHandedOver {
        /// What stood in the way.
        why: String,
    },
    /// The gateway may have taken it.
    InDoubt {
        /// What is missing.
        why: String,
        /// For how long the gateway recognises a repeat by its key.
        safe_to_repeat_for: Option<Duration>,
    },
    /// Nothing was tried: this process has used up its share for the moment.
    Busy {
        /// When a place is free.
        retry_after: Duration,
    },
}

/// Hands texts over.
#[async_trait::async_trait]
pub trait SmsGateway: Send + Sync {
    /// Hands `message` over and returns what became of it, before `deadline`.
    async fn send(&self, message: &SmsMessage, deadline: Instant) -> GatewayResult;

    /// Whether what it takes leaves the house. Sample people get nothing that does.
    fn is_real(&self) -> bool {
        true
    }
}

/// Why no client can be made from the settings.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The preset cannot be used.
    #[error(transparent)]
    Preset(#[from] PresetError),
    /// A setting is missing.
    #[error("{0} is not set, but the gateway needs it")]
    NotSet(&'static str),
    /// A placeholder is not known.
    #[error("a template in [sms] does not read: {0}")]
    Placeholder(domain::UnknownWord),
    /// The address cannot be used.
    #[error("sms.url cannot be used: {0}")]
    Address(&'static str),
    /// The method is none.
    #[error("sms.method \"{0}\" is not an HTTP method; use POST or GET")]
    Method(String),
    /// The content type is none.
    #[error("sms.content_type \"{0}\" cannot stand in a header")]
    ContentType(String),
    /// A header's name is none.
    #[error("sms.headers: \"{0}\" is not a header's name")]
    Header(String),
    /// The body is not JSON though the content type says so.
    #[error("sms.body is not JSON, but its content type says so: {0}")]
    BodyNotJson(serde_json::Error),
    /// A timeout, a limit or the concurrency makes no sense.
    #[error("{0}")]
    Limit(&'static str),
    /// The HTTP client cannot be made.
    #[error("the HTTPS client cannot be set up ({}); is the package ca-certificates installed?", root(.0))]
    Client(reqwest::Error),
}

/// A gateway spoken to over HTTP, as a preset and the settings describe it.
#[derive(Debug)]
pub struct HttpSmsGateway {
    preset: Preset,
    request: RequestTemplate,
    client: Client,
    places: Semaphore,
    limit: Option<TokenBucket>,
    connect_timeout: Duration,
    timeout: Duration,
    response_limit: usize,
}

impl HttpSmsGateway {
    /// A client for the gateway the settings describe. Nothing is contacted yet.
    ///
    /// Errors name the setting that must be changed.
    pub fn new(settings: &Settings) -> Result<Self, BuildError> {
        let preset = settings.described_gateway()?;
        let request = RequestTemplate::new(&preset, settings)?;
        let connect_timeout = Duration::from_secs(settings.connect_timeout_seconds);
        let timeout = Duration::from_secs(settings.timeout_seconds);
        if connect_timeout.is_zero() || timeout < connect_timeout + LEAST_TIME_FOR_ANSWER {
            return Err(BuildError::Limit(
                "sms.timeout_seconds must be above sms.connect_timeout_seconds, and both above 0",
            ));
        }
        if settings.concurrency == 0 || settings.response_limit_bytes == 0 {
            return Err(BuildError::Limit(
                "sms.concurrency and sms.response_limit_bytes must be above 0",
            ));
        }
        Ok(Self {
            client: client(connect_timeout, settings.concurrency, request.needs_tls())
                .map_err(BuildError::Client)?,
            places: Semaphore::new(settings.concurrency.min(Semaphore::MAX_PERMITS)),
            limit: TokenBucket::new(preset.per_second),
            response_limit: settings.response_limit_bytes,
            preset,
            request,
            connect_timeout,
            timeout,
        })
    }

    /// Takes a place and waits for the limit, or says when to come again.
    async fn admit(&self, message: &SmsMessage) -> Result<SemaphorePermit<'_>, Duration> {
        let place = timeout_at(Instant::now() + LONGEST_WAIT, self.places.acquire()).await;
        let Ok(Ok(place)) = place else {
            return Err(LONGEST_WAIT);
        };
        let Some(limit) = &self.limit else {
            return Ok(place);
        };
        let cost = match self.preset.counts {
            Counts::Messages => 1,
            Counts::Segments => message.segments,
        };
        match limit.admit(cost, std::time::Instant::now()) {
            Admission::After(wait) => {
                tokio::time::sleep(wait).await;
                Ok(place)
            }
            Admission::Busy(wait) => Err(wait),
        }
    }

    async fn exchange(&self, outgoing: Outgoing, deadline: Instant) -> GatewayResult {
        let mut request =
            self.client.request(outgoing.method, outgoing.url).headers(outgoing.headers);
        if let Some(body) = outgoing.body {
            request = request.body(body);
        }
        match timeout_at(deadline, request.send()).await {
            Ok(Ok(response)) => {
                // The gateway has the whole request: its answer has begun and is not read.
                domain::failpoint::pass("gateway.request_written");
                let answer = self.read(response, deadline).await;
                answer::read(&self.preset, &answer)
            }
            Ok(Err(error)) => self.broken(&error),
            // The time to connect is shorter than what is left, so a connection stood.
            Err(_) => self.in_doubt("no answer in time"),
        }
    }

    /// What an error before the answer's head means. Its own text is left out: it holds the
    /// address, which can hold number and text; the innermost cause of a missing connection
    /// ("connection refused", "invalid peer certificate") does not.
    fn broken(&self, error: &reqwest::Error) -> GatewayResult {
        let name = &self.preset.name;
        if error.is_builder() {
            let detail = format!("{name}: the request cannot be made, look at sms.url");
            return GatewayResult::Refused { class: RefusalClass::Config, detail };
        }
        if error.is_connect() {
            let cause = if error.is_timeout() { "not in time".to_owned() } else { root(error) };
            let why = format!("{name}: no connection ({cause})");
            return GatewayResult::NotHandedOver { why };
        }
        if was_never_begun(error) {
            let why = format!("{name}: the connection closed before the request was begun");
            return GatewayResult::NotHandedOver { why };
        }
        self.in_doubt("the connection broke before a complete answer")
    }

    fn in_doubt(&self, why: &str) -> GatewayResult {
        let why = format!("{}: {why}", self.preset.name);
        GatewayResult::InDoubt { why, safe_to_repeat_for: None }
    }

    async fn read(&self, mut response: Response, deadline: Instant) -> Answer {
        let status = response.status().as_u16();
        let retry_after = answer::retry_after(response.headers());
        let body = if response.headers().contains_key(CONTENT_ENCODING) {
            // None was asked for, and unpacking is a way to exhaust memory.
            Body::Unusable("the answer is compressed, which was not asked for")
        } else {
            self.read_body(&mut response, deadline).await
        };
        Answer { status, retry_after, body }
    }

    async fn read_body(&self, response: &mut Response, deadline: Instant) -> Body {
        const TOO_LONG: Body = Body::Unusable("the answer is longer than sms.response_limit_bytes");
        let limit = self.response_limit;
        if response.content_length().is_some_and(|length| length > limit as u64) {
            return TOO_LONG;
        }
        let mut bytes = Vec::new();
        loop {
            match timeout_at(deadline, response.chunk()).await {
                Ok(Ok(Some(chunk))) if bytes.len() + chunk.len() > limit => return TOO_LONG,
                Ok(Ok(Some(chunk))) => bytes.extend_from_slice(&chunk),
                Ok(Ok(None)) => return Body::Complete(bytes),
                Ok(Err(_)) => return Body::Unusable("the answer broke off"),
                Err(_) => return Body::Unusable("the answer did not end in time"),
            }
        }
    }

    /// For how long a repeat of this message is recognised.
    fn safe_to_repeat_for(&self, age: Duration) -> Option<Duration> {
        let ttl = Duration::from_secs(self.preset.idempotency_ttl_seconds);
        let left = ttl.saturating_sub(age);
        (self.request.has_idempotency_key() && !left.is_zero()).then_some(left)
    }
}

#[async_trait::async_trait]
impl SmsGateway for HttpSmsGateway {
    async fn send(&self, message: &SmsMessage, deadline: Instant) -> GatewayResult {
        let outgoing = match self.request.fill(message) {
            Ok(outgoing) => outgoing,
            Err(error) => {
                let detail = format!("{}: {error}", self.preset.name);
                return GatewayResult::Refused { class: RefusalClass::Config, detail };
            }
        };
        let _place = match self.admit(message).await {
            Ok(place) => place,
            Err(retry_after) => return GatewayResult::Busy { retry_after },
        };
        let begun = Instant::now();
        let deadline = deadline.min(begun + self.timeout);
        if deadline < begun + self.connect_timeout + LEAST_TIME_FOR_ANSWER {
            let why =
                format!("{}: too little time was left to wait for an answer", self.preset.name);
            return GatewayResult::NotHandedOver { why };
        }
        let result = self.exchange(outgoing, deadline).await;
        match result {
            GatewayResult::InDoubt { why, .. } => {
                let age = message.first_attempt_age + begun.elapsed();
                GatewayResult::InDoubt { why, safe_to_repeat_for: self.safe_to_repeat_for(age) }
            }
            other => other,
        }
    }
}

fn client(
    connect_timeout: Duration,
    connections: usize,
    needs_tls: bool,
) -> Result<Client, reqwest::Error> {
    // Whoever came first has installed the same provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder();
    if !needs_tls {
        // A machine without root certificates can still speak to a gateway on itself.
        builder = builder.tls_certs_only([]);
    }
    builder
        .user_agent("touchline")
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .http1_only()
        .tcp_nodelay(true)
        .connect_timeout(connect_timeout)
        .pool_idle_timeout(IDLE_CONNECTION)
        .pool_max_idle_per_host(connections)
        .build()
}

/// The innermost cause of an error, which is the one that helps.
fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// Whether hyper gave the request back without having begun it.
fn was_never_begun(error: &reqwest::Error) -> bool {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<hyper::Error>() {
            return error.is_canceled();
        }
        source = error.source();
    }
    false
}
