//! Traces to an OpenTelemetry collector, by OTLP over HTTP, when an endpoint is set.
//!
//! What is a span, and of which trace, the crate `trace` says. Here they go out in batches from a
//! thread of their own; a collector that is away or slow costs spans and nothing else. Built with the
//! cargo feature `otlp` (on by default).

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::Deserialize;

use crate::settings::SettingsError;

/// The section `[telemetry]`.
#[derive(Debug, Clone, Deserialize)]
pub struct TelemetrySettings {
    /// The collector, e.g. `http://127.0.0.1:4318`; `None`: no traces.
    pub otlp_endpoint: Option<String>,
    /// Further headers by name.
    pub headers: BTreeMap<String, SecretString>,
    /// Share of traces exported, 0 to 1.
    pub sample_ratio: f64,
}

/// Running export of traces.
#[derive(Debug)]
pub struct Telemetry {
    #[cfg(feature = "otlp")]
    processor: std::sync::Arc<opentelemetry_sdk::trace::BatchSpanProcessor>,
}

/// Starts the export for `service`, if an endpoint is set; the first call of a process counts. Has to
/// be called inside a multi-threaded Tokio runtime.
///
/// # Errors
/// An endpoint that is no URL, a share outside 0 to 1, or a program built without traces.
pub fn start(
    settings: &TelemetrySettings,
    service: &'static str,
) -> Result<Option<Telemetry>, SettingsError> {
    if !(0.0..=1.0).contains(&settings.sample_ratio) {
        let why = format!("{} is no share; write a number from 0 to 1", settings.sample_ratio);
        return Err(SettingsError::invalid("telemetry.sample_ratio", why));
    }
    settings.otlp_endpoint.as_deref().map(|url| begin(settings, url, service)).transpose()
}

#[cfg(not(feature = "otlp"))]
fn begin(
    _settings: &TelemetrySettings,
    _url: &str,
    _service: &'static str,
) -> Result<Telemetry, SettingsError> {
    let why = "this program was built without traces; build it with the cargo feature `otlp`";
    Err(SettingsError::invalid("telemetry.otlp_endpoint", why))
}

#[cfg(not(feature = "otlp"))]
impl Telemetry {
    /// Nothing to send.
    pub async fn finish(self) {}
}

#[cfg(feature = "otlp")]
pub use otlp::EXPORT_TIMEOUT;

#[cfg(feature = "otlp")]
use otlp::begin;

#[cfg(feature = "otlp")]
mod otlp {
    use std::sync::Arc;
    use std::time::Duration;

    use async_trait::async_trait;
    use metrics::counter;
    use opentelemetry::trace::{
        Link, SpanContext, SpanId, Status, TraceFlags, TraceId, TraceState,
    };
    use opentelemetry::{InstrumentationScope, KeyValue};
    use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
    use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
    use opentelemetry_sdk::Resource;
    use opentelemetry_sdk::trace::{
        BatchConfigBuilder, BatchSpanProcessor, SpanData, SpanLinks, SpanProcessor,
    };
    use secrecy::ExposeSecret;
    use tokio::runtime::Handle;

    use super::{SettingsError, Telemetry, TelemetrySettings};

    /// How long one export, and the last one at the end, may take.
    pub const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);

    /// What OTLP over HTTP appends to the collector's address.
    const TRACES_PATH: &str = "/v1/traces";

    /// Spans that wait for their turn; what is more is dropped. A touch makes about ten.
    const QUEUE: usize = 16_384;

    /// Spans in one request.
    const BATCH: usize = 2_048;

    pub(super) fn begin(
        settings: &TelemetrySettings,
        url: &str,
        service: &'static str,
    ) -> Result<Telemetry, SettingsError> {
        let refused = |why: String| SettingsError::invalid("telemetry.otlp_endpoint", why);
        let url = url.trim_end_matches('/');
        let endpoint = match url.ends_with(TRACES_PATH) {
            true => url.to_owned(),
            false => format!("{url}{TRACES_PATH}"),
        };
        let headers = settings.headers.iter();
        let headers = headers.map(|(name, value)| (name.clone(), value.expose_secret().to_owned()));
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Client::new().map_err(refused)?)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(endpoint)
            .with_timeout(EXPORT_TIMEOUT)
            .with_headers(headers.collect())
            .build()
            .map_err(|error| refused(format!("{error}; write e.g. http://127.0.0.1:4318")))?;
        let resource = Resource::builder()
            .with_service_name(service)
            .with_attribute(KeyValue::new("service.version", crate::VERSION));
        let batches = BatchConfigBuilder::default();
        let batches = batches.with_max_queue_size(QUEUE).with_max_export_batch_size(BATCH);
        let mut processor = BatchSpanProcessor::new(exporter, batches.build());
        processor.set_resource(&resource.build());
        let processor = Arc::new(processor);
        let sink = Sink {
            processor: Arc::clone(&processor),
            scope: InstrumentationScope::builder("touchline").with_version(crate::VERSION).build(),
        };
        if !trace::install(settings.sample_ratio, Box::new(sink)) {
            tracing::debug!("this process exports its traces already");
        }
        Ok(Telemetry { processor })
    }

    /// Hands spans to the thread that exports them, and waits for nothing.
    struct Sink {
        processor: Arc<BatchSpanProcessor>,
        scope: InstrumentationScope,
    }

    impl trace::Sink for Sink {
        fn take(&self, span: trace::Span) {
            let context = |trace: u128, id: u64, is_remote| {
                let (trace, id) = (TraceId::from(trace), SpanId::from(id));
                SpanContext::new(trace, id, TraceFlags::SAMPLED, is_remote, TraceState::default())
            };
            let mut links = SpanLinks::default();
            links
                .links
                .extend(span.link.map(|(trace, id)| Link::with_context(context(trace, id, true))));
            let attributes = span.attributes.into_iter();
            self.processor.on_end(SpanData {
                span_context: context(span.trace, span.id, false),
                parent_span_id: span.parent.map_or(SpanId::INVALID, SpanId::from),
                parent_span_is_remote: span.parent_is_remote,
                span_kind: kind(span.kind),
                name: span.name.into(),
                start_time: span.start,
                end_time: span.end,
                attributes: attributes
                    .map(|(name, value)| KeyValue::new(name, said(value)))
                    .collect(),
                dropped_attributes_count: 0,
                events: Default::default(),
                links,
                status: span.error.map_or(Status::Unset, Status::error),
                instrumentation_scope: self.scope.clone(),
            });
        }
    }

    const fn kind(kind: trace::Kind) -> opentelemetry::trace::SpanKind {
        use opentelemetry::trace::SpanKind;
        match kind {
            trace::Kind::Inside => SpanKind::Internal,
            trace::Kind::Request => SpanKind::Client,
            trace::Kind::Answer => SpanKind::Server,
            trace::Kind::Producer => SpanKind::Producer,
            trace::Kind::Consumer => SpanKind::Consumer,
        }
    }

    fn said(value: trace::Value) -> opentelemetry::Value {
        match value {
            trace::Value::Word(word) => word.into(),
            trace::Value::Number(number) => number.into(),
            trace::Value::Id(id) => id.to_string().into(),
            trace::Value::Message(touch, epoch) => format!("{touch}:{epoch}").into(),
        }
    }

    impl Telemetry {
        /// Sends what is left, waiting at most [`EXPORT_TIMEOUT`]. Call it last.
        pub async fn finish(self) {
            let processor = self.processor;
            let last = move || processor.shutdown_with_timeout(EXPORT_TIMEOUT);
            match tokio::task::spawn_blocking(last).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(%error, "the last traces were not exported"),
                Err(error) => tracing::warn!(%error, "the export of traces panicked"),
            }
        }
    }

    /// The exporter's thread has no reactor, so requests run on the program's runtime.
    #[derive(Debug)]
    struct Client {
        client: reqwest::Client,
        runtime: Handle,
    }

    impl Client {
        fn new() -> Result<Self, String> {
            // Refused where another part of the program was first, with the same provider.
            let _ = rustls::crypto::ring::default_provider().install_default();
            let client = reqwest::Client::builder()
                .timeout(EXPORT_TIMEOUT)
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .map_err(|error| format!("no HTTP client: {error}"))?;
            let runtime = Handle::try_current().map_err(|error| error.to_string())?;
            Ok(Self { client, runtime })
        }
    }

    #[async_trait]
    impl HttpClient for Client {
        async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
            let client = self.client.clone();
            let exchange = async move {
                let response = client.execute(request.try_into()?).await?;
                let (status, headers) = (response.status(), response.headers().clone());
                let mut answer = Response::new(response.bytes().await?);
                *answer.status_mut() = status;
                *answer.headers_mut() = headers;
                Ok(answer)
            };
            let answered: Result<Response<Bytes>, HttpError> = self.runtime.spawn(exchange).await?;
            let taken = answered.as_ref().is_ok_and(|response| response.status().is_success());
            let result = if taken { "taken" } else { "lost" };
            counter!("touchline_trace_exports_total", "result" => result).increment(1);
            answered
        }
    }
}

#[cfg(all(test, feature = "otlp"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// Accepts one export and answers what was sent.
    async fn collect(listener: TcpListener) -> (String, Vec<u8>) {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut received = Vec::new();
        loop {
            stream.read_buf(&mut received).await.unwrap();
            let Some(end) = received.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
                continue;
            };
            let head = String::from_utf8(received[..end].to_vec()).unwrap().to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if received.len() == end + 4 + length.unwrap().parse::<usize>().unwrap() {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
                return (head, received[end + 4..].to_vec());
            }
        }
    }

    fn contains(body: &[u8], part: &[u8]) -> bool {
        body.windows(part.len()).any(|bytes| bytes == part)
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_span_arrives_at_the_collector() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let settings = TelemetrySettings {
            otlp_endpoint: Some(format!("http://{}", listener.local_addr().unwrap())),
            headers: BTreeMap::from([("x-team".to_owned(), "palm".into())]),
            sample_ratio: 1.0,
        };
        let collector = tokio::spawn(collect(listener));
        let telemetry = start(&settings, "email-worker").unwrap().unwrap();
        let (enrolment, touch) = (uuid::Uuid::now_v7(), uuid::Uuid::now_v7());
        let place = trace::of(enrolment).touch(touch);
        let mut step = place.open("plan", trace::Kind::Inside).with("touchline.touch.id", touch);
        step.fail("no_template");
        step.end();
        telemetry.finish().await;
        let (head, body) = collector.await.unwrap();
        assert!(head.starts_with("post /v1/traces "), "{head}");
        assert!(head.contains("content-type: application/x-protobuf"), "{head}");
        assert!(head.contains("x-team: palm"), "{head}");
        let touch = touch.to_string();
        for text in
            ["touchline.touch.id", &touch, "plan", "no_template", "email-worker", crate::VERSION]
        {
            assert!(contains(&body, text.as_bytes()), "{text} is missing");
        }
        assert!(contains(&body, enrolment.as_bytes()), "the trace is the enrolment's");
    }

    #[tokio::test]
    async fn nothing_starts_without_an_endpoint_and_wrong_shares_are_refused() {
        let off =
            TelemetrySettings { otlp_endpoint: None, headers: BTreeMap::new(), sample_ratio: 1.0 };
        assert!(start(&off, "x").unwrap().is_none());
        let error =
            start(&TelemetrySettings { sample_ratio: 1.5, ..off.clone() }, "x").err().unwrap();
        assert!(error.to_string().starts_with("telemetry.sample_ratio: 1.5 is no share"));
        let error =
            start(&TelemetrySettings { otlp_endpoint: Some("not a url".into()), ..off }, "x");
        let error = error.err().unwrap().to_string();
        assert!(error.starts_with("telemetry.otlp_endpoint: "), "{error}");
    }
}
