//! `touchline suppress add` and `lift`.

use std::time::Duration;

use clap::Args;
use domain::suppression::{Origin, Scope, SuppressionReason, Topic};
use domain::{ContactChannel, Locale, TouchId};
use office::suppression::{self, Asked, NewEntry, NewLift, Refused, covered};
use serde_json::json;
use storage::Role;

use crate::connect::Session;
use crate::error::usage;

/// Whom it is about.
#[derive(Debug, Args)]
pub struct Address {
    /// An email address, a phone number, @domain, or a contact's id.
    #[arg(allow_hyphen_values = true)]
    address: String,
    /// Only this channel: email, sms, call or post. Post takes a postal address.
    #[arg(long)]
    channel: Option<ContactChannel>,
    /// What is covered: channel (the address), person (all of the person's addresses) or domain.
    #[arg(long)]
    scope: Option<Scope>,
    /// Only messages of this topic, as plans name it.
    #[arg(long)]
    topic: Option<Topic>,
    /// The country of a phone number without a country code; the team's when not given.
    #[arg(long, value_name = "COUNTRY")]
    region: Option<String>,
}

/// An entry to be made.
#[derive(Debug, Args)]
pub struct AddArguments {
    #[command(flatten)]
    address: Address,
    /// Why, e.g. voice_request, email_request, staff_entry, gdpr_objection.
    #[arg(long)]
    reason: SuppressionReason,
    /// Who asked: recipient, staff, system, provider or registry.
    #[arg(long, default_value = "staff")]
    origin: Origin,
    /// Who enters it.
    #[arg(long, default_value = "command line")]
    actor: String,
    /// What proves it: a ticket, a message, a recording. No address.
    #[arg(long)]
    evidence: Option<String>,
    /// How long to wait for what is being handed over at this moment.
    #[arg(long, value_name = "N", default_value_t = 10)]
    wait_seconds: u64,
}

/// Entries to be ended.
#[derive(Debug, Args)]
pub struct LiftArguments {
    #[command(flatten)]
    address: Address,
    /// Who lifts it: your own name.
    #[arg(long)]
    actor: String,
    /// Why, in words.
    #[arg(long)]
    reason: String,
    /// What allows it: the person's consent, a ticket. No address.
    #[arg(long)]
    evidence: String,
    /// Agree to what another person has asked for.
    #[arg(long)]
    approve: bool,
}

/// Runs `suppress add`.
///
/// # Errors
/// An address that is none, or a database that does not answer.
pub async fn add(arguments: AddArguments, session: &Session) -> anyhow::Result<()> {
    let connection = session.connect().await?;
    let new = NewEntry {
        asked: asked(arguments.address, session)?,
        reason: arguments.reason,
        origin: arguments.origin,
        actor: arguments.actor,
        evidence: arguments.evidence,
        patience: Duration::from_secs(arguments.wait_seconds),
    };
    let added = suppression::add(&new, &connection).await.map_err(refused)?;
    let in_flight = &added.in_flight;
    let answer = json!({ "status": added.status(), "in_flight": in_flight, "event": added.event });
    session.output.object(&answer, |_| {
        let targets = added.targets.iter().map(|target| covered(target, Locale::En));
        let covered: Vec<String> = targets.collect();
        let begun = format!("on the list ({}): nothing to it starts any more", covered.join(", "));
        if in_flight.is_empty() {
            return format!("{begun}, and nothing is under way");
        }
        let touches: Vec<String> = in_flight.iter().map(TouchId::to_string).collect();
        format!("{begun}; being handed over at this moment:\n  {}", touches.join("\n  "))
    })?;
    Ok(())
}

/// Runs `suppress lift`.
///
/// # Errors
/// An address that is none or not on the list, a person who may not lift, or a database that does
/// not answer.
pub async fn lift(arguments: LiftArguments, session: &Session) -> anyhow::Result<()> {
    let LiftArguments { address, actor, reason, evidence, approve } = arguments;
    let new = NewLift { asked: asked(address, session)?, actor, reason, evidence, approve };
    new.complete().map_err(refused)?;
    let connection = session.connect_as(Role::Compliance).await?;
    let done = suppression::lift(&new, &connection).await.map_err(refused)?;
    let (lifted, requested) = (done.lifted, done.requested);
    session.output.object(&json!({ "lifted": lifted, "requested": requested }), |_| {
        if requested == 0 {
            return format!("{lifted} entries lifted");
        }
        format!(
            "{lifted} entries lifted; {requested} go on until another person runs the same with \
             --approve"
        )
    })?;
    Ok(())
}

fn asked(address: Address, session: &Session) -> anyhow::Result<Asked> {
    let region = crate::commands::check::region(address.region.as_deref(), session)?;
    let Address { address, channel, scope, topic, .. } = address;
    Ok(Asked { address, channel, scope, topic, region })
}

/// Why the list was not changed, in the words of the command line.
fn refused(why: Refused) -> anyhow::Error {
    match why {
        Refused::NoContact => {
            anyhow::anyhow!("no contact has this address; without --scope it can be listed itself")
        }
        Refused::OtherScope { asked, named } => {
            usage(format!("--scope {asked} does not fit: this names a {named}"))
        }
        Refused::NoDomain => usage("--scope domain needs an email address or @domain"),
        Refused::OtherChannel => usage("--channel does not fit this kind of address"),
        Refused::NotSingle => usage(
            "--channel and --topic are for single addresses; persons and domains are covered whole",
        ),
        Refused::Unsaid(option) => {
            usage(format!("--{option} is empty; say who lifts it, why, and on what"))
        }
        Refused::NotRequested(_) => anyhow::anyhow!(
            "{why}. Somebody else asks with touchline suppress lift, then you approve"
        ),
        Refused::NoEntry => anyhow::anyhow!("{why} (see touchline suppress check)"),
        Refused::NoAddress(_) => why.into(),
        Refused::Storage(error) => error.into(),
    }
}
