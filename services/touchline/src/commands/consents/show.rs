//! `touchline consents show`.

use clap::Args;
use domain::ContactChannel;
use domain::suppression::Purpose;
use serde_json::{Value, json};
use storage::consents::{Consent, Withdrawal};

use crate::commands::whom;
use crate::connect::Session;

/// Whom to show.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The contact: an id, external id, email address, phone number or name.
    contact: String,
}

/// Runs the command.
///
/// # Errors
/// An unknown contact, or a database that does not answer.
pub async fn run(arguments: &Arguments, session: &Session) -> anyhow::Result<()> {
    let connection = session.connect().await?;
    let database = &connection.database;
    let contact = whom::contact(&arguments.contact, &connection, session).await?.id;
    let records = database.consents(contact).await?;
    let withdrawals = database.withdrawals(contact).await?;
    let now = session.clock()?.now();
    let mut uses: Vec<(ContactChannel, Purpose)> =
        records.iter().flat_map(|record| record.uses.iter().copied()).collect();
    uses.sort_unstable();
    uses.dedup();
    let mut in_force = Vec::new();
    for (channel, purpose) in uses {
        // A record for one address counts for that alone; each is asked about as itself.
        let mut addresses: Vec<_> = records.iter().map(|record| record.address).collect();
        addresses.sort_unstable();
        addresses.dedup();
        for address in addresses {
            let grant = database.legal_basis(contact, address, channel, purpose, now).await?;
            in_force.push(json!({
                "channel": channel, "purpose": purpose,
                "address_key": address.map(|key| key.to_hex()),
                "basis": grant.map(|grant| grant.basis),
                "consent": grant.map(|grant| grant.id),
            }));
        }
    }
    let answer = json!({
        "contact": contact,
        "in_force": in_force,
        "records": records.iter().map(record).collect::<Vec<_>>(),
        "withdrawals": withdrawals.iter().map(withdrawal).collect::<Vec<_>>(),
    });
    session.output.object(&answer, for_people)?;
    Ok(())
}

fn record(record: &Consent) -> Value {
    let proof = &record.proof;
    json!({
        "consent": record.id,
        "basis": record.basis,
        "uses": record.uses.iter()
            .map(|(channel, purpose)| json!({ "channel": channel, "purpose": purpose }))
            .collect::<Vec<_>>(),
        "address_key": record.address.map(|key| key.to_hex()),
        "controller": proof.controller,
        "wording": proof.wording,
        "wording_hash": record.wording_hash,
        "language": proof.language,
        "snapshot": proof.snapshot.as_ref().map(|snapshot| &snapshot.name),
        "act": proof.act,
        "given_at": proof.given_at,
        "given_zone": proof.given_zone,
        "source": proof.source,
        "ip": proof.ip,
        "user_agent": proof.user_agent,
        "double_opt_in": proof.double_opt_in,
        "document": proof.document.as_ref().map(|(document, _)| document),
        "document_date": proof.document.as_ref().map(|(_, day)| day),
        "expires_at": record.expires_at,
        "actor": record.actor,
        "recorded_at": record.recorded_at,
    })
}

fn withdrawal(withdrawal: &Withdrawal) -> Value {
    json!({
        "channel": withdrawal.channel,
        "purpose": withdrawal.purpose,
        "withdrawn_at": withdrawal.withdrawn_at,
        "actor": withdrawal.actor,
        "evidence": withdrawal.evidence,
        "suppression": withdrawal.suppression,
    })
}

fn for_people(answer: &Value) -> String {
    let word = |value: &Value, field: &str| value[field].as_str().unwrap_or("-").to_owned();
    let mut lines = Vec::new();
    let list = |field: &str| answer[field].as_array().cloned().unwrap_or_default();
    for one in list("in_force") {
        let address = if one["address_key"].is_null() { "" } else { " (one address)" };
        lines.push(format!(
            "{} for {}{address}: {}",
            word(&one, "channel"),
            word(&one, "purpose"),
            one["basis"].as_str().unwrap_or("no basis now"),
        ));
    }
    for one in list("records") {
        lines.push(format!(
            "{}  {} to {}, {}{}\n    \"{}\"",
            word(&one, "given_at"),
            word(&one, "basis"),
            word(&one, "controller"),
            word(&one, "source"),
            one["expires_at"].as_str().map_or_else(String::new, |at| format!(", ends {at}")),
            word(&one, "wording"),
        ));
    }
    for one in list("withdrawals") {
        lines.push(format!(
            "{}  withdrawn: {} for {}, {}",
            word(&one, "withdrawn_at"),
            word(&one, "channel"),
            word(&one, "purpose"),
            word(&one, "evidence"),
        ));
    }
    if lines.is_empty() {
        return "nothing is recorded: there is no legal basis on file".to_owned();
    }
    lines.join("\n")
}
