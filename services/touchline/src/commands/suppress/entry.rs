//! `touchline suppress add` and `lift`.
//!
//! A phone number without a channel is listed for texts and for calls: whoever says "do not call"
//! wants neither. An objection covers the person, wherever it came in (compliance.md SUP-17).

use std::collections::BTreeSet;
use std::time::Duration;

use clap::Args;
use domain::suppression::{Origin, Scope, SuppressionReason, Topic, spread};
use domain::{AddressKeyer, ContactChannel, TouchId};
use futures_util::future::join_all;
use office::Connection;
use office::addresses::Named;
use serde_json::json;
use storage::Role;
use storage::contacts::person_key;
use storage::suppressions::{Lifting, NewSuppression, Request, Suppressed, Target};

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
    let targets = targets(&arguments.address, session, &connection).await?;
    let patience = Duration::from_secs(arguments.wait_seconds);
    let entries: Vec<NewSuppression> = roots(&targets, arguments.reason)
        .map(|target| NewSuppression {
            target: *target,
            reason: arguments.reason,
            origin: arguments.origin,
            actor: arguments.actor.clone(),
            evidence: arguments.evidence.clone(),
            touch: None,
            received_at: None,
        })
        .collect();
    let requests: Vec<Request> =
        entries.into_iter().map(|entry| Request { entry, whole_person: false }).collect();
    let database = &connection.database;
    let made = join_all(requests.iter().map(|request| database.carry_out(request, patience))).await;
    let made = made.into_iter().collect::<Result<Vec<Suppressed>, _>>()?;
    let Some(first) = made.first() else { return Ok(()) };
    let in_flight: BTreeSet<TouchId> =
        made.iter().flat_map(|made| made.in_flight.iter().copied()).collect();
    let status = if in_flight.is_empty() { "clear" } else { "in_flight" };
    let answer = json!({ "status": status, "in_flight": in_flight, "event": first.event });
    session.output.object(&answer, |_| {
        let covered: Vec<String> = targets.iter().map(|target| covered(*target)).collect();
        let begun = format!("on the list ({}): nothing to it starts any more", covered.join(", "));
        if in_flight.is_empty() {
            return format!("{begun}, and nothing is under way");
        }
        let touches: Vec<String> = in_flight.iter().map(ToString::to_string).collect();
        format!("{begun}; being handed over at this moment:\n  {}", touches.join("\n  "))
    })?;
    Ok(())
}

/// The targets that no other one covers by itself: "do not call" is about texts too.
fn roots(targets: &[Target], reason: SuppressionReason) -> impl Iterator<Item = &Target> {
    let covers = move |other: &Target, target: &Target| match (other, target) {
        (Target::Address { channel: by, .. }, Target::Address { channel, .. }) => {
            by != channel && spread(*by, reason).channels.contains(channel)
        }
        _ => false,
    };
    targets.iter().filter(move |target| !targets.iter().any(|other| covers(other, target)))
}

/// Runs `suppress lift`.
///
/// # Errors
/// An address that is none or not on the list, a person who may not lift, or a database that does
/// not answer.
pub async fn lift(arguments: LiftArguments, session: &Session) -> anyhow::Result<()> {
    let LiftArguments { address, actor, reason, evidence, approve } = arguments;
    for (option, text) in [("actor", &actor), ("reason", &reason), ("evidence", &evidence)] {
        if text.trim().is_empty() {
            return Err(usage(format!("--{option} is empty; say who lifts it, why, and on what")));
        }
    }
    let connection = session.connect_as(Role::Compliance).await?;
    let (mut lifted, mut requested, mut unrequested) = (0, 0, 0);
    for target in targets(&address, session, &connection).await? {
        let lifting = Lifting {
            target,
            actor: actor.trim().to_owned(),
            reason: reason.trim().to_owned(),
            evidence: evidence.trim().to_owned(),
            approve,
        };
        let answer = connection.database.lift(&lifting).await?;
        lifted += answer.lifted;
        requested += answer.requested;
        unrequested += answer.unrequested;
    }
    if unrequested > 0 {
        anyhow::bail!(
            "{unrequested} entries stay: a complaint, and what was said or written, needs two people. \
             Somebody else asks with touchline suppress lift, then you approve"
        );
    }
    if lifted + requested == 0 {
        anyhow::bail!(
            "there is no entry for exactly this; entries of another channel, for the whole person or \
             the domain stay in force (see touchline suppress check)"
        );
    }
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

fn covered(target: Target) -> String {
    match target {
        Target::Address { channel, .. } => channel.to_string(),
        Target::Topic { channel, topic, .. } => format!("{topic} by {channel}"),
        Target::Person(_) => "the whole person".to_owned(),
        Target::Domain(_) => "the whole domain".to_owned(),
    }
}

/// What the arguments cover.
async fn targets(
    address: &Address,
    session: &Session,
    connection: &Connection,
) -> anyhow::Result<Vec<Target>> {
    let region = crate::commands::check::region(address.region.as_deref(), session)?;
    let named = Named::parse(&address.address, address.channel, &region)
        .map_err(|why| anyhow::anyhow!("the address cannot be used: {why}"))?;
    let scope = address.scope.unwrap_or_else(|| named.scope());
    let keyer = &connection.keyer;
    let targets = match (scope, &named) {
        (Scope::Domain, Named::Address(list)) => domain_of(list.domain.clone(), keyer)?,
        (Scope::Person, Named::Address(list)) => {
            let contacts = connection.database.find_contacts("", &[list.key(keyer)]).await?;
            if contacts.is_empty() {
                anyhow::bail!(
                    "no contact has this address; without --scope it can be listed itself"
                );
            }
            contacts.iter().map(|contact| Target::Person(person_key(keyer, contact.id))).collect()
        }
        (scope, named) if scope == named.scope() => named.targets(address.channel, keyer),
        (scope, named) => {
            return Err(usage(format!(
                "--scope {scope} does not fit: this names a {}",
                named.scope()
            )));
        }
    };
    if targets.is_empty() {
        return Err(usage("--channel does not fit this kind of address"));
    }
    let is_single = matches!(targets[0], Target::Address { .. });
    if (address.channel.is_some() || address.topic.is_some()) && !is_single {
        return Err(usage(
            "--channel and --topic are for single addresses; persons and domains are covered whole",
        ));
    }
    Ok(targets.into_iter().map(|target| narrowed(target, address.topic)).collect())
}

/// The target for one topic alone, where one is named.
const fn narrowed(target: Target, topic: Option<Topic>) -> Target {
    match (target, topic) {
        (Target::Address { key, channel, .. }, Some(topic)) => {
            Target::Topic { key, channel, topic }
        }
        _ => target,
    }
}

fn domain_of(domain: Option<String>, keyer: &AddressKeyer) -> anyhow::Result<Vec<Target>> {
    let domain = domain.ok_or_else(|| usage("--scope domain needs an email address or @domain"))?;
    Ok(Named::Domain(domain).targets(None, keyer))
}
