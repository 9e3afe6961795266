//! Logs: readable on a terminal, JSON otherwise, always on standard error.
//!
//! Standard output belongs to what a command answers. One JSON line has `timestamp` (RFC 3339,
//! UTC), `level`, `target` (the module), `message`, the event's own fields beside them, and `span`
//! with the fields of the innermost span. Names of fields are dotted nouns with units
//! (`touch.id`, `attempt.number`, `duration_ms`). Addresses, names and texts of people are never
//! fields.

use std::io::IsTerminal;

use serde::Deserialize;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use crate::settings::SettingsError;

/// How lines look (`log.format`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// Pretty when a terminal reads standard error, JSON otherwise.
    #[default]
    Auto,
    /// For people.
    Pretty,
    /// For machines, one object per line.
    Json,
}

impl LogFormat {
    /// Whether lines will be JSON, now that it is known who reads.
    #[must_use]
    pub fn is_json(self) -> bool {
        match self {
            Self::Auto => !std::io::stderr().is_terminal(),
            Self::Pretty => false,
            Self::Json => true,
        }
    }
}

/// The section `[log]`.
#[derive(Debug, Clone, Deserialize)]
pub struct LogSettings {
    /// How lines look.
    pub format: LogFormat,
    /// A level, or directives per module ("info,worker=debug").
    pub level: String,
}

/// Starts logging for the process. A second call changes nothing, so that tests may call it freely; the answer says whether this call was the one that counted.
///
/// # Errors
/// Directives in `log.level` that cannot be read.
pub fn init(settings: &LogSettings) -> Result<bool, SettingsError> {
    let filter = EnvFilter::builder().parse(&settings.level).map_err(|error| {
        let why =
            format!("{:?} is no level: {error}; write e.g. info,worker=debug", settings.level);
        SettingsError::invalid("log.level", why)
    })?;
    let lines = lines(settings.format, std::io::stderr);
    Ok(tracing_subscriber::registry().with(lines).with(filter).try_init().is_ok())
}

/// Reports panics as events instead of plain text, so that JSON stays JSON.
pub fn panics_as_events() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let words = panic.payload_as_str().unwrap_or("no words");
        tracing::error!(panic.location = place, "panicked: {words}");
    }));
}

fn lines<S, W>(format: LogFormat, writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'span> tracing_subscriber::registry::LookupSpan<'span>,
    W: for<'writer> fmt::MakeWriter<'writer> + Send + Sync + 'static,
{
    if format.is_json() {
        let json = fmt::layer().json().flatten_event(true).with_current_span(true);
        json.with_span_list(false).with_writer(writer).boxed()
    } else {
        fmt::layer().with_ansi(std::io::stderr().is_terminal()).with_writer(writer).boxed()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Keeps what is written to it.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_json_line_has_the_documented_fields() {
        let kept = Kept::default();
        let writer = kept.clone();
        let layer = lines(LogFormat::Json, move || writer.clone());
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!("touch", touch.id = "t-1", attempt.number = 2);
            span.in_scope(|| tracing::info!(duration_ms = 7, "recorded"));
        });
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        let line: serde_json::Value = serde_json::from_str(text.trim()).unwrap();
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["message"], "recorded");
        assert_eq!(line["duration_ms"], 7);
        assert_eq!(line["target"], "bootstrap::logs::tests");
        assert_eq!(line["span"]["touch.id"], "t-1");
        assert!(line["timestamp"].as_str().unwrap().ends_with('Z'));
    }

    #[test]
    fn starting_twice_is_harmless_and_a_bad_level_is_refused() {
        let good = LogSettings { format: LogFormat::Json, level: "warn,bootstrap=info".into() };
        init(&good).unwrap();
        assert!(!init(&good).unwrap());
        let bad = LogSettings { format: LogFormat::Json, level: "info,=loud=".into() };
        let error = init(&bad).unwrap_err().to_string();
        assert!(error.starts_with("log.level: \"info,=loud=\" is no level"), "{error}");
    }
}
