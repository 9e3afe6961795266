//! `touchline touches held|unknown|failed` and `resume|settle|replay`: what waits for a person, and
//! what becomes of it.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use domain::desk::{Attention, Left, Resolution};
use domain::{Channel, DecisionId, Locale, TouchId};
use office::words;
use serde::Serialize;
use storage::desk::{Decision, DeskFilter, MOST_AT_ONCE, Resolved};

use super::pauses::said;
use crate::connect::Session;
use crate::error::{Refused, usage};

/// Which of what waits.
#[derive(Debug, Args)]
pub struct Cause {
    /// Of one reason, by its code: refused, misconfigured, no_template …
    #[arg(long)]
    code: Option<String>,
    /// Of one cause within the reason, as `--by-cause` shows it.
    #[arg(long)]
    detail: Option<String>,
    /// On one channel: email, sms, call, letter …
    #[arg(long)]
    channel: Option<Channel>,
    /// Of one plan, by its key.
    #[arg(long)]
    plan: Option<String>,
}

impl Cause {
    const fn is_empty(&self) -> bool {
        let Self { code, detail, channel, plan } = self;
        code.is_none() && detail.is_none() && channel.is_none() && plan.is_none()
    }

    fn filter(self, kinds: &[Attention], touches: Vec<TouchId>) -> DeskFilter {
        let Self { code, detail, channel, plan } = self;
        DeskFilter { touches, kinds: kinds.to_vec(), code, detail, channel, plan_key: plan }
    }
}

/// What to show.
#[derive(Debug, Args)]
pub struct Waiting {
    #[command(flatten)]
    cause: Cause,
    /// How many there are of each cause, instead of each one.
    #[arg(long, conflicts_with_all = ["code", "detail", "channel", "plan", "limit"])]
    by_cause: bool,
    /// At most so many, the newest first.
    #[arg(long, default_value_t = 100)]
    limit: u32,
}

/// What to decide about.
#[derive(Debug, Args)]
pub struct Deciding {
    /// These touches, by id.
    touches: Vec<TouchId>,
    #[command(flatten)]
    cause: Cause,
    /// Everything that waits for such a decision.
    #[arg(long)]
    all: bool,
    /// At most so many at once, the longest waiting first.
    #[arg(long, default_value_t = MOST_AT_ONCE)]
    most: u32,
    /// Who decides it: your own name.
    #[arg(long)]
    actor: String,
    /// Why, in words; no address and no name of a contact.
    #[arg(long)]
    reason: String,
}

/// What is known about touches.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Known {
    /// They arrived: unknown ones count as sent.
    Sent,
    /// They are not to go out any more: held and unknown ones.
    Cancelled,
    /// They stay failed, and leave the desk.
    Dismissed,
}

/// Ending touches by what is known.
#[derive(Debug, Args)]
pub struct Settling {
    /// What they are to count as.
    #[arg(long = "as")]
    known: Known,
    #[command(flatten)]
    which: Deciding,
}

/// Shows what waits.
///
/// # Errors
/// When the database does not answer.
pub async fn show(kinds: &[Attention], which: Waiting, session: &Session) -> anyhow::Result<()> {
    let database = session.connect().await?.database;
    if which.by_cause {
        let groups = database.desk_groups(kinds).await?;
        let columns = ["Count", "Kind", "Reason", "Cause", "Channel", "Plan", "Since (UTC)"];
        session.output.list(&groups, &columns, |group| {
            vec![
                group.count.to_string(),
                group.kind.to_string(),
                group.code.clone(),
                group.detail.clone(),
                group.channel.to_string(),
                group.plan_key.clone(),
                group.first.format("%Y-%m-%d %H:%M").to_string(),
            ]
        })?;
        return Ok(());
    }
    let filter = which.cause.filter(kinds, Vec::new());
    let touches = database.desk_touches(&filter, None, which.limit).await?;
    let columns = ["Touch", "Since (UTC)", "Contact", "Plan", "Step", "Channel", "Reason"];
    session.output.list(&touches, &columns, |touch| {
        vec![
            touch.id.to_string(),
            touch.since.format("%Y-%m-%d %H:%M").to_string(),
            touch.contact_name.clone(),
            touch.plan_key.clone(),
            (touch.step + 1).to_string(),
            touch.channel.to_string(),
            touch.reason.clone().unwrap_or_default(),
        ]
    })?;
    Ok(())
}

/// Ends touches by what a person knows.
///
/// # Errors
/// As [`decide`].
pub async fn settle(settling: Settling, session: &Session) -> anyhow::Result<()> {
    let resolution = match settling.known {
        Known::Sent => Resolution::Confirm,
        Known::Cancelled => Resolution::Cancel,
        Known::Dismissed => Resolution::Dismiss,
    };
    decide(resolution, settling.which, session).await
}

/// What became of a decision, as scripts read it; these names are a contract.
#[derive(Serialize)]
struct Shown {
    resolution: Resolution,
    decision: Option<DecisionId>,
    done: Vec<TouchId>,
    left: BTreeMap<TouchId, Left>,
}

/// Carries out a decision.
///
/// # Errors
/// A name or reason that says nothing, nothing that says which touches, none of which any could be
/// decided about ([`Refused`]), or a database that does not answer.
pub async fn decide(
    resolution: Resolution,
    which: Deciding,
    session: &Session,
) -> anyhow::Result<()> {
    let Deciding { touches, cause, all, most, actor, reason } = which;
    let (actor, why) = (said(&actor, "--actor")?, said(&reason, "--reason")?);
    if touches.is_empty() && cause.is_empty() && !all {
        let how = "say which touches: by id, by --code, --detail, --channel or --plan, or --all";
        return Err(usage(how));
    }
    let filter = cause.filter(&[], touches);
    let now = session.clock()?.now();
    let decision = Decision { resolution, actor, why, now, most };
    let database = session.connect().await?.database;
    let resolved = database.resolve_touches(&filter, &decision).await?;
    let told = in_words(&resolved);
    let refused = resolved.done.is_empty() && !resolved.left.is_empty();
    let Resolved { decision, done, left } = resolved;
    let shown = Shown { resolution, decision, done, left: left.into_iter().collect() };
    session.output.object(&shown, |_| told)?;
    if refused { Err(Refused.into()) } else { Ok(()) }
}

fn in_words(resolved: &Resolved) -> String {
    let mut lines = vec![format!("done: {}", resolved.done.len())];
    for (why, count) in resolved.left_by_reason() {
        lines.push(format!("left: {count}, {}", words::left(why, Locale::En)));
    }
    lines.join("\n")
}
