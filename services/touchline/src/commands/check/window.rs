//! `touchline check window`: what rules say about an instant, by the clocks of zones.

use clap::Args;
use domain::rules::{Bound, Hours, RuleBook, Verdict, decide};
use domain::whereabouts::zone_data_version;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::connect::Session;
use crate::error::usage;

/// Which rules, where, and when.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A rule's id (US-FED), with a mode where it has any (AE-SMS/tdra); several must all agree.
    #[arg(long = "rule", value_name = "RULE", required = true)]
    rules: Vec<String>,
    /// A time zone (America/New_York); several must all be open.
    #[arg(long = "zone", value_name = "ZONE", required = true)]
    zones: Vec<String>,
    /// The instant, like 2026-07-15T11:59:59Z; now when not given.
    #[arg(long, value_name = "INSTANT")]
    at: Option<Timestamp>,
}

/// What the rules say.
#[derive(Debug, Serialize)]
struct Answer {
    /// `send` or `defer`.
    decision: &'static str,
    /// When it may be sent instead; none when it may now, or never.
    next: Option<String>,
    /// The instant by each zone's clocks, in the order given.
    local: Vec<String>,
    /// The rules by the names of what is in force.
    rules: Vec<String>,
    zones: Vec<String>,
    /// The version of the time-zone data.
    zone_data: &'static str,
}

/// Runs the command.
///
/// # Errors
/// A rule or zone that does not exist, a library that cannot be read, or closed pipes.
pub fn run(arguments: &Arguments, session: &Session) -> anyhow::Result<()> {
    let library = fleet::load_library(&session.settings)?;
    let at = match arguments.at {
        Some(at) => at,
        None => Timestamp::from_microsecond(session.clock()?.now().timestamp_micros())?,
    };
    let bound: Vec<Bound<'_>> =
        arguments.rules.iter().map(|name| rule(library.rules(), name)).collect::<Result<_, _>>()?;
    let zones: Vec<TimeZone> =
        arguments.zones.iter().map(|name| zone(name)).collect::<Result<_, _>>()?;
    let hours: Vec<&Hours> = bound.iter().map(|bound| bound.hours).collect();
    let (decision, next) = match decide(&hours, &zones, at) {
        Verdict::Send => ("send", None),
        Verdict::Defer { next } => ("defer", next),
    };
    let local = zones.iter().map(|zone| at.to_zoned(zone.clone()).strftime("%a %H:%M:%S %z"));
    let answer = Answer {
        decision,
        next: next.map(|next| next.to_string()),
        local: local.map(|local| local.to_string()).collect(),
        rules: bound.iter().map(|bound| bound.name.to_owned()).collect(),
        zones: arguments.zones.clone(),
        zone_data: zone_data_version(),
    };
    session.output.for_programs().object(&answer, Answer::for_people)?;
    Ok(())
}

impl Answer {
    fn for_people(&self) -> String {
        let decision = match (&self.next, self.decision) {
            (Some(next), _) => format!("defer until {next}"),
            (None, "defer") => "defer: these rules and zones never agree".to_owned(),
            (None, decision) => decision.to_owned(),
        };
        let clocks = self.zones.iter().zip(&self.local);
        let clocks = clocks.map(|(zone, local)| format!("{zone}: {local}"));
        let mut lines = vec![format!("{decision} ({})", self.rules.join(", "))];
        lines.extend(clocks);
        lines.push(format!("time-zone data: {}", self.zone_data));
        lines.join("\n")
    }
}

fn rule<'r>(rules: &'r RuleBook, name: &str) -> anyhow::Result<Bound<'r>> {
    rules.hours(name).ok_or_else(|| {
        let known: Vec<&str> = rules.rules().map(|rule| rule.id.as_str()).collect();
        usage(format!("there is no rule {name:?}; there are {}", known.join(", ")))
    })
}

fn zone(name: &str) -> anyhow::Result<TimeZone> {
    TimeZone::get(name).map_err(|_| {
        usage(format!("there is no time zone {name:?}; write an IANA name, e.g. Asia/Dubai"))
    })
}
