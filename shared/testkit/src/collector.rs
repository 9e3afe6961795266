//! A collector of traces, by OTLP over HTTP/1.1: it takes everything, or never answers.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// A span that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Which service told of it.
    pub service: String,
    /// Its trace, in hexadecimal digits.
    pub trace: String,
    /// Its own id.
    pub id: String,
    /// The span it hangs from; nothing for a root.
    pub parent: Option<String>,
    /// What was done.
    pub name: String,
    /// The number of its kind: 1 internal, 2 server, 3 client, 4 producer, 5 consumer.
    pub kind: i32,
    /// Nanoseconds since 1970.
    pub start: u64,
    /// Nanoseconds since 1970.
    pub end: u64,
    /// What else is said, as text.
    pub attributes: BTreeMap<String, String>,
    /// The traces it links to.
    pub links: Vec<String>,
    /// What went wrong.
    pub error: Option<String>,
}

impl Seen {
    /// What an attribute says, or nothing.
    #[must_use]
    pub fn says(&self, attribute: &str) -> &str {
        self.attributes.get(attribute).map_or("", String::as_str)
    }
}

/// A running collector; it ends when this value goes.
#[derive(Debug)]
pub struct Collector {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: AbortHandle,
}

#[derive(Debug)]
struct Shared {
    answers: bool,
    bodies: Mutex<Vec<Vec<u8>>>,
    requests: watch::Sender<usize>,
}

impl Collector {
    /// One that takes everything.
    ///
    /// # Panics
    /// If no port can be had.
    pub async fn start() -> Self {
        Self::listen(true).await
    }

    /// One that reads, and never answers.
    ///
    /// # Panics
    /// If no port can be had.
    pub async fn silent() -> Self {
        Self::listen(false).await
    }

    async fn listen(answers: bool) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("there is a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let requests = watch::Sender::new(0);
        let shared = Arc::new(Shared { answers, bodies: Mutex::default(), requests });
        let sessions = Arc::clone(&shared);
        let accepting = tokio::spawn(async move {
            let mut running = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                running.spawn(serve(stream, Arc::clone(&sessions)));
                while running.try_join_next().is_some() {}
            }
        });
        Self { address, shared, accepting: accepting.abort_handle() }
    }

    /// What `telemetry.otlp_endpoint` has to be.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits until so many requests have come.
    ///
    /// # Panics
    /// If they do not within a minute.
    pub async fn wait_for(&self, requests: usize) {
        let mut seen = self.shared.requests.subscribe();
        let enough = seen.wait_for(|seen| *seen >= requests);
        let waited = tokio::time::timeout(Duration::from_secs(60), enough).await;
        assert!(waited.is_ok_and(|seen| seen.is_ok()), "never {requests} requests with traces");
    }

    /// The bodies of all requests, one after the other, for a look at every byte.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.shared.bodies.lock().unwrap_or_else(PoisonError::into_inner).concat()
    }

    /// Every span that came, in the order in which they began.
    ///
    /// # Panics
    /// If what came are no traces.
    #[must_use]
    pub fn spans(&self) -> Vec<Seen> {
        let bodies = self.shared.bodies.lock().unwrap_or_else(PoisonError::into_inner);
        let mut spans: Vec<Seen> = bodies.iter().flat_map(|body| read(body)).collect();
        spans.sort_by_key(|span| (span.start, span.end));
        spans
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let mut received = Vec::new();
    while let Some(body) = next_body(&mut stream, &mut received).await {
        shared.bodies.lock().unwrap_or_else(PoisonError::into_inner).push(body);
        shared.requests.send_modify(|requests| *requests += 1);
        if !shared.answers {
            std::future::pending::<()>().await;
        }
        let answer =
            b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
        if stream.write_all(answer).await.is_err() {
            return;
        }
    }
}

/// The body of the next POST to `/v1/traces`; nothing when the connection ends.
async fn next_body(stream: &mut TcpStream, received: &mut Vec<u8>) -> Option<Vec<u8>> {
    loop {
        if let Some(end) = received.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&received[..end]).to_lowercase();
            assert!(head.starts_with("post /v1/traces "), "no traces: {head}");
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length = length.and_then(|length| length.trim().parse::<usize>().ok());
            let whole = end + 4 + length.expect("an export says how long it is");
            if received.len() >= whole {
                let body = received[end + 4..whole].to_vec();
                received.drain(..whole);
                return Some(body);
            }
        }
        if stream.read_buf(received).await.ok()? == 0 {
            return None;
        }
    }
}

fn read(body: &[u8]) -> Vec<Seen> {
    let request = ExportTraceServiceRequest::decode(body).expect("a request of OTLP");
    let mut spans = Vec::new();
    for resource in request.resource_spans {
        let about = resource.resource.map(|resource| texts(&resource.attributes));
        let service = about.and_then(|about| about.get("service.name").cloned());
        let service = service.expect("a service says who it is");
        let of_scopes = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
        spans.extend(of_scopes.map(|span| seen(&service, span)));
    }
    spans
}

fn seen(service: &str, span: Span) -> Seen {
    Seen {
        service: service.to_owned(),
        trace: hexadecimal(&span.trace_id),
        id: hexadecimal(&span.span_id),
        parent: (!span.parent_span_id.is_empty()).then(|| hexadecimal(&span.parent_span_id)),
        name: span.name,
        kind: span.kind,
        start: span.start_time_unix_nano,
        end: span.end_time_unix_nano,
        attributes: texts(&span.attributes),
        links: span.links.iter().map(|link| hexadecimal(&link.trace_id)).collect(),
        error: span.status.filter(|status| status.code == 2).map(|status| status.message),
    }
}

fn texts(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |value: &Option<AnyValue>| match value.as_ref().and_then(|any| any.value.as_ref()) {
        Some(any_value::Value::StringValue(text)) => text.clone(),
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    };
    attributes.iter().map(|pair| (pair.key.clone(), text(&pair.value))).collect()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
