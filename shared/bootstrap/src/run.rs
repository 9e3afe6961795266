//! What every `main` calls: arguments, settings, logs, metrics, traces, health, the service, the
//! end. Exit codes: 0 stopped in order, 1 failed, 2 wrong arguments or settings.

use std::ffi::OsString;
use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use serde::Deserialize;
use tokio::task::JoinHandle;

use crate::health::{Health, HealthServer, HealthSettings};
use crate::logs::{self, LogSettings};
use crate::metrics::Metrics;
use crate::probe;
use crate::settings::{Loaded, SettingsError, redacted};
use crate::shutdown::Shutdown;
use crate::telemetry::{self, Telemetry, TelemetrySettings};

/// How often samples of histograms are folded together.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// What a service gets to work with.
#[derive(Clone)]
pub struct Context {
    /// The service's name, as given to [`run`].
    pub service: &'static str,
    /// The effective settings; read sections with [`Loaded::section`].
    pub settings: Loaded,
    /// Begins on SIGINT and SIGTERM; the process drains it when the service has returned.
    pub shutdown: Shutdown,
    /// Where the service registers what "ready" means for it.
    pub health: Health,
    /// The metrics of the process.
    pub metrics: Metrics,
}

/// Runs `service` as this process: reads `--config FILE`, the settings, and starts logs, metrics,
/// traces, health pages and the signal listener, then the future `start` makes. That future ends
/// when `ctx.shutdown` has begun. Returns what `main` returns; errors have been reported.
///
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     bootstrap::run("scheduler", async |ctx| {
///         ctx.shutdown.begun().await;
///         Ok(())
///     })
/// }
/// ```
pub fn run<S, F>(service: &'static str, start: S) -> ExitCode
where
    S: FnOnce(Context) -> F,
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let file = match arguments(std::env::args_os().skip(1)) {
        Ok(Asked::Version) => {
            println!("{service} {}", crate::VERSION);
            return ExitCode::SUCCESS;
        }
        Ok(Asked::Help) => {
            println!("{}", usage(service));
            return ExitCode::SUCCESS;
        }
        Ok(Asked::Run(file)) => file,
        Ok(Asked::Health(file)) => return health(service, file),
        Err(wrong) => {
            eprintln!("{service}: {wrong}\n{}", usage(service));
            return ExitCode::from(2);
        }
    };
    match live(service, file, start) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => ExitCode::from(exit_code(&error)),
    }
}

/// Asks the process that runs with the same settings.
fn health(service: &str, file: Option<PathBuf>) -> ExitCode {
    let asked = Loaded::load(file.as_deref()).map_err(anyhow::Error::from);
    match asked.and_then(|settings| probe::ready(&settings)) {
        Ok(page) => {
            println!("{page}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}", report(service, &error));
            ExitCode::from(exit_code(&error))
        }
    }
}

fn live<S, F>(service: &'static str, file: Option<PathBuf>, start: S) -> anyhow::Result<()>
where
    S: FnOnce(Context) -> F,
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let started = || -> anyhow::Result<_> {
        let settings = Loaded::load(file.as_deref())?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .context("the operating system gives no threads; look at its limits")?;
        let process = runtime.block_on(Process::start(service, settings))?;
        Ok((runtime, process))
    };
    let (runtime, process) = started().inspect_err(|error| {
        eprintln!("{}", report(service, error));
    })?;
    let json = process.json;
    if json {
        logs::panics_as_events();
    }
    let ended = runtime.block_on(async {
        let task = process.ctx.shutdown.spawn(service, start(process.ctx.clone()));
        process.finish(task).await
    });
    // Whoever is still busy was named; waiting for blocking calls would outlast the drain.
    runtime.shutdown_background();
    ended.inspect_err(|error| {
        let report = report(service, error);
        if json {
            tracing::error!(service, "{}", report.replace('\n', ";"));
        } else {
            eprintln!("{report}");
        }
    })
}

/// The error for people: what failed, and why, cause by cause, without passwords.
#[must_use]
pub fn report(service: &str, error: &anyhow::Error) -> String {
    if let Some(settings) = error.downcast_ref::<SettingsError>() {
        let lines = settings.to_string().replace('\n', "\n  ");
        return format!("{service}: the settings cannot be used:\n  {lines}");
    }
    let mut text = format!("{service}: {error}");
    for cause in error.chain().skip(1) {
        text.push_str(&format!("\n  because: {cause}"));
    }
    redacted(&text)
}

/// The exit code for `error`: 2 where settings are at fault, else 1.
#[must_use]
pub fn exit_code(error: &anyhow::Error) -> u8 {
    if error.downcast_ref::<SettingsError>().is_some() { 2 } else { 1 }
}

/// Everything around the service.
struct Process {
    ctx: Context,
    drain: Duration,
    telemetry: Option<Telemetry>,
    /// Kept, so that probes are answered until the very end.
    _pages: Option<HealthServer>,
    upkeep: JoinHandle<()>,
    /// Whether logs are JSON, so that everything else on standard error should be too.
    json: bool,
}

/// The part of `[worker]` that concerns the process.
#[derive(Deserialize)]
struct DrainSettings {
    drain_seconds: u64,
}

impl Process {
    async fn start(service: &'static str, settings: Loaded) -> anyhow::Result<Self> {
        let log: LogSettings = settings.section("log")?;
        let traces: TelemetrySettings = settings.section("telemetry")?;
        let pages: HealthSettings = settings.section("health")?;
        let DrainSettings { drain_seconds } = settings.section("worker")?;
        logs::init(&log)?;
        let telemetry = telemetry::start(&traces, service)?;
        let metrics = Metrics::install(service);
        let shutdown = Shutdown::new();
        shutdown.listen().context("the operating system refuses signal handlers")?;
        let health = Health::new();
        let pages = health.serve(&pages, metrics.clone(), &shutdown).await?;
        let folded = metrics.clone();
        let upkeep = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(UPKEEP_EVERY);
            loop {
                ticks.tick().await;
                folded.upkeep();
            }
        });
        tracing::info!(service, version = crate::VERSION, "started");
        let ctx = Context { service, settings, shutdown, health, metrics };
        let drain = Duration::from_secs(drain_seconds);
        Ok(Self { ctx, drain, telemetry, _pages: pages, upkeep, json: log.format.is_json() })
    }

    /// Waits for the service and everything it spawned, then lets go of the rest.
    async fn finish(self, mut task: JoinHandle<anyhow::Result<()>>) -> anyhow::Result<()> {
        let ended = tokio::select! {
            ended = &mut task => Some(ended),
            () = self.ctx.shutdown.begun() => None,
        };
        let left = self.ctx.shutdown.drain(self.drain).await;
        let outcome = match ended {
            Some(ended) => ended,
            None if task.is_finished() => task.await,
            None => Ok(Ok(())),
        };
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(_) => Err(anyhow::anyhow!("the service panicked; the log says where")),
        };
        let outcome = outcome.and_then(|()| match left.as_slice() {
            [] => Ok(()),
            left => Err(anyhow::anyhow!(
                "stopped after worker.drain_seconds ({} s) without waiting for {}",
                self.drain.as_secs(),
                left.join(", ")
            )),
        });
        if outcome.is_ok() {
            tracing::info!("stopped");
        }
        self.upkeep.abort();
        if let Some(telemetry) = self.telemetry {
            telemetry.finish().await;
        }
        outcome
    }
}

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Run(Option<PathBuf>),
    Health(Option<PathBuf>),
    Version,
    Help,
}

fn arguments(words: impl IntoIterator<Item = OsString>) -> Result<Asked, String> {
    let (mut file, mut health) = (None, false);
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let word = word.to_string_lossy().into_owned();
        match word.split_once('=').unwrap_or((&word, "")) {
            ("--version" | "-V", "") => return Ok(Asked::Version),
            ("--help" | "-h", "") => return Ok(Asked::Help),
            ("--health", "") => health = true,
            ("--config", "") => match words.next() {
                Some(path) if !path.is_empty() => file = Some(PathBuf::from(path)),
                _ => return Err("--config needs the path of a settings file".to_owned()),
            },
            ("--config", path) => file = Some(PathBuf::from(path)),
            _ => return Err(format!("{word:?} is not understood")),
        }
    }
    Ok(if health { Asked::Health(file) } else { Asked::Run(file) })
}

fn usage(service: &str) -> String {
    format!(
        "usage: {service} [--config FILE] [--health] [--version]\n\
         --health asks the running {service} whether it is ready: 0 yes, 1 no.\n\
         Settings: FILE, else TOUCHLINE_CONFIG, else ./touchline.toml; then TOUCHLINE__SECTION__KEY."
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn asked(words: &[&str]) -> Result<Asked, String> {
        arguments(words.iter().map(OsString::from))
    }

    #[test]
    fn arguments_are_few_and_wrong_ones_are_named() {
        assert_eq!(asked(&[]), Ok(Asked::Run(None)));
        assert_eq!(asked(&["--config", "a.toml"]), Ok(Asked::Run(Some("a.toml".into()))));
        assert_eq!(asked(&["--config=a.toml"]), Ok(Asked::Run(Some("a.toml".into()))));
        assert_eq!(asked(&["--health"]), Ok(Asked::Health(None)));
        let both = asked(&["--health", "--config", "a.toml"]);
        assert_eq!(both, Ok(Asked::Health(Some("a.toml".into()))));
        assert_eq!(asked(&["--version"]), Ok(Asked::Version));
        assert_eq!(asked(&["-h"]), Ok(Asked::Help));
        assert_eq!(asked(&["--config"]), Err("--config needs the path of a settings file".into()));
        assert_eq!(asked(&["--verbose"]), Err("\"--verbose\" is not understood".into()));
    }

    #[test]
    fn a_report_tells_causes_without_passwords_and_settings_problems_line_by_line() {
        let error = anyhow::anyhow!("connection refused")
            .context("postgres://u:secret@db:5432/x does not answer")
            .context("cannot start");
        assert_eq!(
            report("scheduler", &error),
            "scheduler: cannot start\n  because: postgres://u:***@db:5432/x does not answer\n  \
             because: connection refused"
        );
        assert_eq!(exit_code(&error), 1);
        let error = anyhow::Error::from(SettingsError::not_set("email.from")).context("outer");
        assert_eq!(exit_code(&error), 2);
        assert_eq!(
            report("email-worker", &error),
            "email-worker: the settings cannot be used:\n  email.from is not set; set \
             TOUCHLINE__EMAIL__FROM in the environment or `from` under [email] in the settings file. \
             The sender, e.g. \"Palm Realty <hello@palm.example>\"."
        );
    }

    async fn finish<F>(
        overrides: &[(&str, &str)],
        start: impl FnOnce(Context) -> F,
    ) -> anyhow::Result<()>
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let settings = Loaded::defaults().with(overrides).unwrap();
        let process = Process::start("test", settings).await?;
        let task = process.ctx.shutdown.spawn("test", start(process.ctx.clone()));
        process.finish(task).await
    }

    #[tokio::test]
    async fn a_service_that_ends_takes_its_tasks_with_it() {
        let stopped = finish(&[], async |ctx: Context| {
            let token = ctx.shutdown.token();
            ctx.shutdown.spawn("relay", async move { token.cancelled().await });
            Ok(())
        });
        stopped.await.unwrap();
    }

    #[tokio::test]
    async fn failures_panics_and_stragglers_end_the_process_with_an_error() {
        let error = finish(&[], async |_| anyhow::bail!("no database")).await.unwrap_err();
        assert_eq!(error.to_string(), "no database");
        let error = finish(&[], async |_| panic!("on purpose")).await.unwrap_err();
        assert!(error.to_string().starts_with("the service panicked"));
        let error = finish(&[("worker.drain_seconds", "0")], async |ctx: Context| {
            ctx.shutdown.begin();
            std::future::pending().await
        });
        let error = error.await.unwrap_err().to_string();
        assert_eq!(error, "stopped after worker.drain_seconds (0 s) without waiting for test");
    }

    /// Runs this test again as a process of its own, with further variables, and answers its
    /// standard error: signals and the environment belong to a whole process.
    fn copy_of(test: &str, further: &[(&str, &str)]) -> String {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", &format!("run::tests::{test}")])
            .env("BOOTSTRAP_CHILD", "1")
            .envs(further.iter().copied())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    #[test]
    fn a_process_stops_in_order_on_a_signal() {
        if std::env::var_os("BOOTSTRAP_CHILD").is_none() {
            let further = [("TOUCHLINE__HEALTH__LISTEN", "127.0.0.1:0")];
            let said = copy_of("a_process_stops_in_order_on_a_signal", &further);
            for expected in ["health and metrics are served", "stopping on SIGTERM", "\"stopped\""]
            {
                assert!(said.contains(expected), "{said}");
            }
            return;
        }
        let ended = live("test", None, async |ctx: Context| {
            let kill = format!("kill -TERM {}", std::process::id());
            std::process::Command::new("sh").args(["-c", &kill]).status()?;
            ctx.shutdown.begun().await;
            Ok(())
        });
        ended.unwrap();
    }

    #[test]
    fn wrong_settings_keep_a_process_from_starting() {
        if std::env::var_os("BOOTSTRAP_CHILD").is_none() {
            let further = [("TOUCHLINE__EMAIL__FORM", "x")];
            let said = copy_of("wrong_settings_keep_a_process_from_starting", &further);
            let expected = "test: the settings cannot be used:\n  TOUCHLINE__EMAIL__FORM is not a \
                            setting; did you mean TOUCHLINE__EMAIL__FROM?";
            assert!(said.contains(expected), "{said}");
            return;
        }
        let error = live("test", None, async |_| Ok(())).unwrap_err();
        assert_eq!(exit_code(&error), 2);
    }
}
