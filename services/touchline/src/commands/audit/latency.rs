//! `touchline audit latency`: how long opt-outs took from received to in force.

use chrono::{DateTime, Utc};
use clap::Args;
use domain::suppression::SuppressionReason;
use domain::{ContactChannel, EventId};
use serde::Serialize;

use super::period;
use crate::connect::Session;

/// Which time.
#[derive(Debug, Args)]
pub struct Arguments {
    /// From this day (UTC) or instant on.
    #[arg(long, value_name = "DAY")]
    since: Option<String>,
    /// Up to this day (UTC, with it) or instant.
    #[arg(long, value_name = "DAY")]
    until: Option<String>,
    /// The most slow ones shown.
    #[arg(long, default_value_t = 50)]
    limit: u32,
}

/// The report; times in seconds.
#[derive(Debug, Serialize)]
struct Report {
    /// Opt-outs by recipients.
    count: u64,
    /// Those whose arrival was noted; the figures are of these.
    timed: u64,
    p50_seconds: Option<f64>,
    p99_seconds: Option<f64>,
    max_seconds: Option<f64>,
    over_60_seconds: u64,
    over_24_hours: u64,
    /// The slowest of those over 60 seconds.
    slow: Vec<Slow>,
}

#[derive(Debug, Serialize)]
struct Slow {
    event: EventId,
    channel: Option<ContactChannel>,
    reason: SuppressionReason,
    received_at: DateTime<Utc>,
    in_force_at: DateTime<Utc>,
    over_24_hours: bool,
}

/// Runs the command.
///
/// # Errors
/// A day that is none, or a database that does not answer.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    let since = arguments.since.as_deref().map(period::since).transpose()?;
    let until = arguments.until.as_deref().map(period::until).transpose()?;
    let database = session.connect().await?.database;
    let latency = database.opt_out_latency(since, until).await?;
    let slow = database.slow_opt_outs(since, until, arguments.limit).await?;
    let report = Report {
        count: latency.count,
        timed: latency.timed,
        p50_seconds: latency.p50,
        p99_seconds: latency.p99,
        max_seconds: latency.max,
        over_60_seconds: latency.over_minute,
        over_24_hours: latency.over_day,
        slow: slow
            .into_iter()
            .map(|slow| Slow {
                event: slow.event,
                channel: slow.channel,
                reason: slow.reason,
                received_at: slow.received_at,
                in_force_at: slow.in_force_at,
                over_24_hours: (slow.in_force_at - slow.received_at).num_hours() >= 24,
            })
            .collect(),
    };
    Ok(session.output.object(&report, in_words)?)
}

fn in_words(report: &Report) -> String {
    let seconds =
        |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.3} s"));
    let mut lines = vec![
        format!("{} opt-outs, {} with the time they were received.", report.count, report.timed),
        format!(
            "Received to in force: p50 {}, p99 {}, max {}.",
            seconds(report.p50_seconds),
            seconds(report.p99_seconds),
            seconds(report.max_seconds)
        ),
        format!(
            "Over 60 seconds: {}. Over 24 hours: {}.",
            report.over_60_seconds, report.over_24_hours
        ),
    ];
    for slow in &report.slow {
        lines.push(format!(
            "  {}: received {}, in force {} ({})",
            slow.event,
            slow.received_at.format("%Y-%m-%d %H:%M:%S UTC"),
            slow.in_force_at.format("%Y-%m-%d %H:%M:%S UTC"),
            slow.reason
        ));
    }
    lines.join("\n")
}
