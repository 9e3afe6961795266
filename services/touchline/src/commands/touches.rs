//! `touchline touches`: lists touches; those that wait for a person are in [`desk`].

use chrono::{DateTime, Utc};
use clap::Subcommand;
use domain::desk::{Attention, Resolution};
use domain::{Channel, ContactId, TouchId, TouchState};
use serde::Serialize;
use storage::touches::{Touch, TouchFilter};

use super::{desk, whom};
use crate::connect::Session;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Arguments {
    /// List touches in order of their due time.
    List(List),
    /// Touches that are held: their plan is paused, or who knows what a person has to decide.
    Held(desk::Waiting),
    /// Touches that may have been handed over, and nobody knows.
    Unknown(desk::Waiting),
    /// Touches that failed, or were blocked by settings, templates or data of ours.
    Failed(desk::Waiting),
    /// Let held or unknown touches go on: through the list and the gate again.
    Resume(desk::Deciding),
    /// End held, unknown or failed touches by what you know.
    Settle(desk::Settling),
    /// Try failed touches anew, once what kept them is put right.
    Replay(desk::Deciding),
}

/// Which touches.
#[derive(Debug, clap::Args)]
pub struct List {
    /// Of one contact: id, external id, email address or phone number.
    #[arg(long)]
    contact: Option<String>,
    /// In one state: scheduled, queued, sending, sent, blocked …
    #[arg(long)]
    state: Option<TouchState>,
    /// On one channel: email, sms, call, letter …
    #[arg(long)]
    channel: Option<Channel>,
    /// Of one plan, by its key.
    #[arg(long)]
    plan: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 100)]
    limit: u32,
}

/// A touch as scripts read it; these names are a contract.
#[derive(Serialize)]
struct Shown {
    id: TouchId,
    contact: ContactId,
    plan: String,
    /// From 1.
    step: usize,
    channel: Channel,
    due_at: DateTime<Utc>,
    state: TouchState,
    reason: Option<String>,
    attempt: i16,
    sent_at: Option<DateTime<Utc>>,
    provider_ref: Option<String>,
    #[serde(skip)]
    contact_name: String,
}

/// Runs the command.
///
/// # Errors
/// When there is no such contact, or the database does not answer.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    let list = match arguments {
        Arguments::List(list) => list,
        Arguments::Held(which) => return desk::show(&[Attention::Held], which, session).await,
        Arguments::Unknown(which) => {
            return desk::show(&[Attention::Unknown], which, session).await;
        }
        Arguments::Failed(which) => {
            let kinds = &[Attention::Failed, Attention::Blocked];
            return desk::show(kinds, which, session).await;
        }
        Arguments::Resume(which) => return desk::decide(Resolution::Resume, which, session).await,
        Arguments::Replay(which) => return desk::decide(Resolution::Replay, which, session).await,
        Arguments::Settle(which) => return desk::settle(which, session).await,
    };
    let connection = session.connect().await?;
    let contact = match &list.contact {
        Some(text) => Some(whom::contact(text, &connection, session).await?.id),
        None => None,
    };
    let filter =
        TouchFilter { contact, state: list.state, channel: list.channel, plan_key: list.plan };
    let touches = connection.database.touches(&filter, list.limit).await?;
    let touches: Vec<Shown> = touches.into_iter().map(shown).collect();
    let columns = ["Touch", "Due (UTC)", "Contact", "Plan", "Step", "Channel", "State", "Reason"];
    session.output.list(&touches, &columns, |touch| {
        vec![
            touch.id.to_string(),
            touch.due_at.format("%Y-%m-%d %H:%M").to_string(),
            touch.contact_name.clone(),
            touch.plan.clone(),
            touch.step.to_string(),
            touch.channel.to_string(),
            touch.state.to_string(),
            touch.reason.clone().unwrap_or_default(),
        ]
    })?;
    Ok(())
}

fn shown(touch: Touch) -> Shown {
    Shown {
        id: touch.id,
        contact: touch.contact,
        plan: touch.plan_key,
        step: touch.step + 1,
        channel: touch.channel,
        due_at: touch.due_at,
        state: touch.state,
        reason: touch.reason,
        attempt: touch.attempt,
        sent_at: touch.sent_at,
        provider_ref: touch.provider_ref,
        contact_name: touch.contact_name,
    }
}
