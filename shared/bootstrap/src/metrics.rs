//! Metrics in Prometheus' text format.
//!
//! Every crate owns a list of its metric names and tells their meaning with [`describe`]. Names
//! carry their unit: `…_seconds` (durations), `…_total` (counters), `…_size` (counts of things
//! handled together); the suffix of a histogram chooses its buckets.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Bucket bounds of histograms named `…_seconds`: from a list check to a touch that is late.
const SECONDS: [f64; 18] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0,
    300.0, 1800.0, 7200.0,
];

/// Bucket bounds of all other histograms, which count things.
const COUNTS: [f64; 12] =
    [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 150.0, 200.0, 500.0, 1000.0, 5000.0];

/// The recorder is the process's: the `metrics` macros write to one place only.
static INSTALLED: OnceLock<Metrics> = OnceLock::new();

/// Which kind of metric a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// A distribution.
    Histogram,
}

/// Tells Prometheus what the metric `name` means; `help` is one sentence with the unit.
pub fn describe(name: &'static str, kind: MetricKind, help: &'static str) {
    match kind {
        MetricKind::Counter => metrics::describe_counter!(name, help),
        MetricKind::Gauge => metrics::describe_gauge!(name, help),
        MetricKind::Histogram => metrics::describe_histogram!(name, help),
    }
}

/// The metrics of this process.
#[derive(Debug, Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
}

impl Metrics {
    /// Installs the recorder, once per process; later calls answer with the same metrics.
    ///
    /// `service` labels `touchline_build_info`, together with the version.
    #[must_use]
    pub fn install(service: &'static str) -> Self {
        let metrics = INSTALLED.get_or_init(|| {
            let builder = PrometheusBuilder::new()
                .set_buckets(&COUNTS)
                .and_then(|builder| {
                    builder.set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)
                })
                .expect("the bucket bounds are constants and not empty");
            let recorder = builder.build_recorder();
            let handle = recorder.handle();
            // Fails only where a recorder of someone else stands; then its metrics stay there
            // and ours shows the process gauges of nobody, which a test would notice.
            let _ = metrics::set_global_recorder(recorder);
            describe_process();
            Self { handle }
        });
        metrics::gauge!("touchline_build_info", "service" => service, "version" => crate::VERSION)
            .set(1.0);
        metrics.clone()
    }

    /// All metrics in Prometheus' text format, memory measured just now.
    #[must_use]
    pub fn render(&self) -> String {
        if let Some(bytes) = resident_memory() {
            metrics::gauge!("process_resident_memory_bytes").set(bytes);
        }
        self.handle.render()
    }

    /// Folds recorded samples into the histograms. Has to run every few seconds, or samples pile
    /// up where nobody scrapes; [`crate::run`] sees to it.
    pub fn upkeep(&self) {
        self.handle.run_upkeep();
    }
}

fn describe_process() {
    use MetricKind::Gauge;
    describe("touchline_build_info", Gauge, "Always 1; the labels say which service and version.");
    describe("touchline_check_passes", Gauge, "Whether a readiness check passes: 1, or 0.");
    describe("process_resident_memory_bytes", Gauge, "Memory this process holds, in bytes.");
    describe("process_start_time_seconds", Gauge, "When this process started, in Unix seconds.");
    metrics::gauge!("process_start_time_seconds").set(unix_seconds());
}

// The start of a process is a fact of the machine, not of the simulated day a Clock may tell.
#[allow(clippy::disallowed_methods)]
fn unix_seconds() -> f64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64())
}

/// Bytes of memory this process holds, or `None` where the system does not tell (not Linux).
#[must_use]
pub fn resident_memory() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_page_shows_described_metrics_with_buckets_by_unit_and_the_process() {
        let metrics = Metrics::install("test");
        let again = Metrics::install("test");
        describe("probe_wait_seconds", MetricKind::Histogram, "Seconds a probe waited.");
        metrics::histogram!("probe_wait_seconds").record(0.003);
        metrics::histogram!("probe_batch_size").record(150.0);
        metrics::counter!("probe_total", "state" => "sent").increment(2);
        let page = again.render();
        for expected in [
            "# HELP probe_wait_seconds Seconds a probe waited.",
            "probe_wait_seconds_bucket{le=\"0.005\"} 1",
            "probe_batch_size_bucket{le=\"150\"} 1",
            "probe_total{state=\"sent\"} 2",
            "touchline_build_info{service=\"test\"",
            "process_start_time_seconds ",
        ] {
            assert!(page.contains(expected), "{expected} is missing in:\n{page}");
        }
        if cfg!(target_os = "linux") {
            assert!(resident_memory().is_some_and(|bytes| bytes > 100_000.0));
            assert!(page.contains("process_resident_memory_bytes "));
        }
        metrics.upkeep();
    }
}
