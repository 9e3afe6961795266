//! `touchline pauses`: what circuit breakers and people have stopped for now, and lifting it.

use clap::{ArgGroup, Args, Subcommand};
use domain::pause::PauseScope;
use domain::{ContactChannel, PauseId};
use serde::Serialize;
use storage::pauses::{NewPause, PauseRecord};

use super::suggestion;
use crate::connect::Session;
use crate::error::{Refused, usage};

/// What to do with pauses.
#[derive(Debug, Subcommand)]
pub enum Arguments {
    /// List pauses in force.
    List {
        /// Those that were lifted too, the newest first.
        #[arg(long)]
        all: bool,
    },
    /// Show a pause with the figures it was opened for.
    Show {
        /// Its id.
        pause: PauseId,
    },
    /// Pause something by hand: touches wait until somebody lifts it.
    Add(AddArguments),
    /// Lift a pause: what waits leaves within ten minutes, and counting begins anew.
    Lift {
        /// Its id.
        pause: PauseId,
        /// Who lifts it: your own name.
        #[arg(long)]
        actor: String,
        /// Why it may go on, in words.
        #[arg(long)]
        reason: String,
    },
}

/// A pause to be opened.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true)
    .args(["everything", "channel", "domain", "plan", "source"]))]
pub struct AddArguments {
    /// Everything.
    #[arg(long)]
    everything: bool,
    /// One channel: email, sms, call, post or person.
    #[arg(long)]
    channel: Option<ContactChannel>,
    /// Emails from one domain of ours.
    #[arg(long)]
    domain: Option<String>,
    /// One plan, by its key.
    #[arg(long)]
    plan: Option<String>,
    /// Contacts from one source, as their import called it.
    #[arg(long)]
    source: Option<String>,
    /// Who pauses it: your own name.
    #[arg(long)]
    actor: String,
    /// Why, in words; no address.
    #[arg(long)]
    reason: String,
}

/// How many pauses `--all` shows.
const MOST: u32 = 1000;

#[derive(Debug, Serialize)]
struct Row {
    id: PauseId,
    scope: PauseScope,
    key: String,
    since: String,
    opened_by: Option<String>,
    reason: String,
    evidence: serde_json::Value,
    lifted_at: Option<String>,
    lifted_by: Option<String>,
    lift_note: Option<String>,
}

impl From<PauseRecord> for Row {
    fn from(record: PauseRecord) -> Self {
        let shown = |at: chrono::DateTime<chrono::Utc>| at.format("%FT%TZ").to_string();
        Self {
            id: record.pause.id,
            scope: record.pause.scope,
            key: record.pause.key,
            since: shown(record.since),
            opened_by: record.opened_by,
            reason: record.pause.reason,
            evidence: record.evidence,
            lifted_at: record.lift.as_ref().map(|lift| shown(lift.at)),
            lifted_by: record.lift.as_ref().map(|lift| lift.by.clone()),
            lift_note: record.lift.map(|lift| lift.note),
        }
    }
}

/// Runs the command.
///
/// # Errors
/// A pause that is not there ([`Refused`] when it was lifted already), a plan nobody knows, a name or
/// reason that says nothing, or a database that does not answer.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    match arguments {
        Arguments::List { all } => list(all, session).await,
        Arguments::Show { pause } => show(pause, session).await,
        Arguments::Add(arguments) => add(arguments, session).await,
        Arguments::Lift { pause, actor, reason } => lift(pause, &actor, &reason, session).await,
    }
}

async fn list(all: bool, session: &Session) -> anyhow::Result<()> {
    let database = session.connect().await?.database;
    let records = database.pauses(!all, MOST).await?;
    let rows: Vec<Row> = records.into_iter().map(Row::from).collect();
    let columns = ["id", "scope", "of", "since", "lifted", "why"];
    session.output.list(&rows, &columns, |row| {
        vec![
            row.id.to_string(),
            row.scope.to_string(),
            row.key.clone(),
            row.since.clone(),
            row.lifted_at.clone().unwrap_or_else(|| "-".to_owned()),
            row.reason.clone(),
        ]
    })?;
    Ok(())
}

async fn found(pause: PauseId, session: &Session) -> anyhow::Result<Row> {
    let record = session.connect().await?.database.pause_record(pause).await?;
    let record = record.ok_or_else(|| {
        anyhow::anyhow!("there is no pause {pause}; `touchline pauses list --all` shows them")
    })?;
    Ok(Row::from(record))
}

async fn show(pause: PauseId, session: &Session) -> anyhow::Result<()> {
    let row = found(pause, session).await?;
    session.output.object(&row, for_people)?;
    Ok(())
}

fn for_people(row: &Row) -> String {
    let Row { scope, key, since, reason, .. } = row;
    let about = if key.is_empty() { scope.to_string() } else { format!("{scope} {key}") };
    let by = row.opened_by.as_ref().map_or_else(String::new, |who| format!(" by {who}"));
    let mut lines = vec![format!("{about}, paused since {since}{by}: {reason}")];
    let figures = row.evidence.as_object().into_iter().flatten();
    lines.extend(figures.map(|(name, value)| match value {
        serde_json::Value::String(text) => format!("  {name}: {text}"),
        other => format!("  {name}: {other}"),
    }));
    if let (Some(at), Some(by), Some(note)) = (&row.lifted_at, &row.lifted_by, &row.lift_note) {
        lines.push(format!("lifted {at} by {by}: {note}"));
    } else {
        let id = row.id;
        lines.push(format!("lift it: touchline pauses lift {id} --actor YOU --reason WHY"));
    }
    lines.join("\n")
}

async fn add(arguments: AddArguments, session: &Session) -> anyhow::Result<()> {
    let actor = said(&arguments.actor, "--actor")?.to_owned();
    let reason = said(&arguments.reason, "--reason")?.to_owned();
    let database = session.connect().await?.database;
    let (scope, key) = what(&arguments)?;
    if scope == PauseScope::Plan && database.current_plan(&key).await?.is_none() {
        let plans = database.current_plans().await?;
        let known = plans.iter().map(|version| version.plan.key.as_str());
        anyhow::bail!(
            "there is no plan \"{key}\"; {}",
            suggestion::of(&key, known.collect::<Vec<_>>())
        );
    }
    let pause = NewPause {
        scope,
        key: key.clone(),
        since: session.clock()?.now(),
        reason,
        evidence: serde_json::json!({ "actor": actor }),
    };
    let Some(id) = database.pause_by(&pause, &actor).await? else {
        let about = if key.is_empty() { scope.to_string() } else { format!("{scope} {key}") };
        anyhow::bail!("{about} is paused already; `touchline pauses list` shows why");
    };
    let row = found(id, session).await?;
    session.output.object(&row, for_people)?;
    Ok(())
}

fn what(arguments: &AddArguments) -> anyhow::Result<(PauseScope, String)> {
    let AddArguments { channel, domain, plan, source, .. } = arguments;
    let named = |scope, key: &str, flag| Ok((scope, said(key, flag)?.to_owned()));
    match (channel, domain, plan, source) {
        (Some(channel), ..) => Ok((PauseScope::Channel, channel.to_string())),
        (_, Some(domain), ..) => {
            named(PauseScope::SenderDomain, &domain.to_ascii_lowercase(), "--domain")
        }
        (_, _, Some(plan), _) => named(PauseScope::Plan, plan, "--plan"),
        (_, _, _, Some(source)) => named(PauseScope::Import, source, "--source"),
        (None, None, None, None) => Ok((PauseScope::Everything, String::new())),
    }
}

async fn lift(pause: PauseId, actor: &str, reason: &str, session: &Session) -> anyhow::Result<()> {
    let (actor, reason) = (said(actor, "--actor")?, said(reason, "--reason")?);
    let database = session.connect().await?.database;
    let lifted = database.lift_pause(pause, actor, reason, session.clock()?.now()).await?;
    let row = found(pause, session).await?;
    session.output.object(&row, for_people)?;
    if lifted { Ok(()) } else { Err(Refused.into()) }
}

/// What was said with a flag, which must say something.
pub(super) fn said<'a>(text: &'a str, flag: &str) -> anyhow::Result<&'a str> {
    let text = text.trim();
    if text.is_empty() { Err(usage(format!("{flag} is empty"))) } else { Ok(text) }
}
