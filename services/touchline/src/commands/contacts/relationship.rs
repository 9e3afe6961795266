//! `touchline contacts relationship`: what happened between a contact and us, and the property the
//! contact is called about. Exemptions from registries are computed from it.

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use domain::relationship::{CallPurpose, Listing, Relationship, RelationshipKind};
use serde_json::{Value, json};
use storage::relationships::{KnownListing, KnownRelationship, NewListing};

use crate::commands::whom;
use crate::connect::Session;
use crate::error::usage;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Arguments {
    /// Record a transaction (allows calls for 18 months) or an inquiry (for 3).
    Add(AddArguments),
    /// Record the property a contact is called about, or that the matter is over.
    Listing(ListingArguments),
    /// Show what is recorded, and until when it allows calls.
    Show(ShowArguments),
}

/// Something that happened.
#[derive(Debug, Args)]
pub struct AddArguments {
    /// The contact: an id, external id, email address, phone number or name.
    contact: String,
    /// transaction (purchase, payment, closing, the end of our listing) or inquiry.
    #[arg(long)]
    kind: RelationshipKind,
    /// The day it happened, e.g. 2026-06-01.
    #[arg(long, value_name = "DATE")]
    on: NaiveDate,
    /// What proves it: a closing, a form, a message. No address.
    #[arg(long)]
    evidence: String,
    /// Who records it.
    #[arg(long, default_value = "command line")]
    actor: String,
}

/// A property.
#[derive(Debug, Args)]
pub struct ListingArguments {
    /// The contact: an id, external id, email address, phone number or name.
    contact: String,
    /// fsbo, expired_ours, expired_other or withdrawn_other; when not given, the matter is over.
    #[arg(long)]
    listing: Option<Listing>,
    /// solicit_listing, buyer_representation or follow_up.
    #[arg(long, default_value = "follow_up")]
    purpose: CallPurpose,
    /// The active buyer the call is made for: a contact.
    #[arg(long, value_name = "CONTACT")]
    buyer: Option<String>,
    /// Where it was found. No address.
    #[arg(long)]
    evidence: String,
    /// Who records it.
    #[arg(long, default_value = "command line")]
    actor: String,
}

/// Whom to show.
#[derive(Debug, Args)]
pub struct ShowArguments {
    /// The contact: an id, external id, email address, phone number or name.
    contact: String,
}

/// Runs the command.
///
/// # Errors
/// An unknown contact, a buyer that does not fit the purpose, or a database that does not answer.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    match arguments {
        Arguments::Add(arguments) => add(arguments, session).await,
        Arguments::Listing(arguments) => listing(arguments, session).await,
        Arguments::Show(arguments) => show(&arguments, session).await,
    }
}

async fn add(arguments: AddArguments, session: &Session) -> anyhow::Result<()> {
    let AddArguments { contact, kind, on, evidence, actor } = arguments;
    present(&evidence)?;
    let connection = session.connect().await?;
    let contact = whom::contact(&contact, &connection, session).await?.id;
    let id = connection.database.add_relationship(contact, kind, on, &evidence, &actor).await?;
    let until = last_call_day(kind, on)?;
    let answer = json!({
        "relationship": id, "contact": contact, "kind": kind, "on": on, "allows_calls_until": until,
    });
    session
        .output
        .object(&answer, |_| format!("recorded: {kind} allows calls until {until} ({id})"))?;
    Ok(())
}

async fn listing(arguments: ListingArguments, session: &Session) -> anyhow::Result<()> {
    present(&arguments.evidence)?;
    if arguments.buyer.is_some() && arguments.purpose != CallPurpose::BuyerRepresentation {
        return Err(usage("--buyer goes with --purpose buyer_representation"));
    }
    let connection = session.connect().await?;
    let contact = whom::contact(&arguments.contact, &connection, session).await?.id;
    let buyer = match &arguments.buyer {
        Some(buyer) => Some(whom::contact(buyer, &connection, session).await?.id),
        None => None,
    };
    let new = NewListing {
        listing: arguments.listing,
        purpose: arguments.purpose,
        buyer,
        evidence: arguments.evidence,
        actor: arguments.actor,
    };
    let id = connection.database.add_listing(contact, &new).await?;
    let answer = json!({
        "record": id, "contact": contact, "listing": new.listing, "purpose": new.purpose,
        "buyer": buyer,
    });
    session.output.object(&answer, |_| format!("recorded ({id})"))?;
    Ok(())
}

async fn show(arguments: &ShowArguments, session: &Session) -> anyhow::Result<()> {
    let connection = session.connect().await?;
    let contact = whom::contact(&arguments.contact, &connection, session).await?.id;
    let relationships = connection.database.relationships(contact).await?;
    let listings = connection.database.listings(contact).await?;
    let known: anyhow::Result<Vec<Value>> = relationships.iter().map(relationship).collect();
    let answer = json!({
        "contact": contact, "relationships": known?,
        "listings": listings.iter().map(property).collect::<Vec<_>>(),
    });
    session.output.object(&answer, for_people)?;
    Ok(())
}

fn relationship(known: &KnownRelationship) -> anyhow::Result<Value> {
    Ok(json!({
        "relationship": known.id, "kind": known.kind, "on": known.on, "evidence": known.evidence,
        "actor": known.actor, "recorded_at": known.recorded_at,
        "allows_calls_until": last_call_day(known.kind, known.on)?,
    }))
}

fn property(known: &KnownListing) -> Value {
    let listing = &known.listing;
    json!({
        "record": known.id, "listing": listing.listing, "purpose": listing.purpose,
        "buyer": listing.buyer, "evidence": listing.evidence, "actor": listing.actor,
        "recorded_at": known.recorded_at,
    })
}

fn for_people(answer: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let mut lines = Vec::new();
    for known in answer["relationships"].as_array().into_iter().flatten() {
        let [kind, on, until, evidence] =
            ["kind", "on", "allows_calls_until", "evidence"].map(|name| text(&known[name]));
        lines.push(format!("{on}  {kind}, allows calls until {until}: {evidence}"));
    }
    for known in answer["listings"].as_array().into_iter().flatten() {
        let [listing, purpose, evidence] =
            ["listing", "purpose", "evidence"].map(|name| text(&known[name]));
        lines.push(format!("property  {listing}, {purpose}: {evidence}"));
    }
    if lines.is_empty() { "nothing is recorded".to_owned() } else { lines.join("\n") }
}

fn last_call_day(kind: RelationshipKind, on: NaiveDate) -> anyhow::Result<String> {
    let on = on.to_string().parse()?;
    Ok(Relationship { kind, on, evidence: String::new() }.last_call_day().to_string())
}

fn present(evidence: &str) -> anyhow::Result<()> {
    if evidence.trim().is_empty() {
        return Err(usage("--evidence needs some words"));
    }
    Ok(())
}
