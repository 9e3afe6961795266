//! Putting somebody on the list, and lifting.
//!
//! A phone number without a channel is listed for texts and for calls: whoever says "do not call"
//! wants neither. An objection covers the person, wherever it came in (compliance.md SUP-17).

use std::collections::BTreeSet;
use std::time::Duration;

use domain::suppression::{Origin, SuppressionReason, spread};
use domain::{EventId, Locale, TouchId};
use futures_util::future::join_all;
use storage::suppressions::{Lifting, NewSuppression, Request, Suppressed, Target};

use super::{Asked, Refused, targets};
use crate::Connection;
use crate::words;

/// An entry to be made.
#[derive(Debug, Clone)]
pub struct NewEntry {
    /// What it covers.
    pub asked: Asked,
    /// Why.
    pub reason: SuppressionReason,
    /// Who asked for it.
    pub origin: Origin,
    /// Who enters it.
    pub actor: String,
    /// What proves it; no address.
    pub evidence: Option<String>,
    /// How long to wait for what is being handed over at this moment.
    pub patience: Duration,
}

/// What became of it: it is in force, and nothing to it starts any more.
#[derive(Debug, Clone)]
pub struct Added {
    /// What is covered.
    pub targets: Vec<Target>,
    /// The event of the (first) entry.
    pub event: EventId,
    /// Touches that were still being handed over when patience ended; empty means "clear".
    pub in_flight: BTreeSet<TouchId>,
}

impl Added {
    /// `clear`, or `in_flight`.
    #[must_use]
    pub fn status(&self) -> &'static str {
        if self.in_flight.is_empty() { "clear" } else { "in_flight" }
    }
}

/// Entries to be ended; under the compliance role.
#[derive(Debug, Clone)]
pub struct NewLift {
    /// What they cover.
    pub asked: Asked,
    /// Who lifts: a person's own name.
    pub actor: String,
    /// Why, in words.
    pub reason: String,
    /// What allows it; no address.
    pub evidence: String,
    /// Agree to what another person has asked for.
    pub approve: bool,
}

impl NewLift {
    /// Whether it is said who lifts, why and on what.
    ///
    /// # Errors
    /// What is not.
    pub fn complete(&self) -> Result<(), Refused> {
        let said = [("actor", &self.actor), ("reason", &self.reason), ("evidence", &self.evidence)];
        match said.into_iter().find(|(_, text)| text.trim().is_empty()) {
            Some((what, _)) => Err(Refused::Unsaid(what)),
            None => Ok(()),
        }
    }
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifted {
    /// Entries that ended.
    pub lifted: i64,
    /// Entries that go on until a second person approves.
    pub requested: i64,
}

/// Puts somebody on the list. It is in force when this returns, whatever is still in flight.
///
/// # Errors
/// Why what was asked for makes no sense, or that the database does not answer.
pub async fn add(new: &NewEntry, connection: &Connection) -> Result<Added, Refused> {
    let targets = targets(&new.asked, connection).await?;
    let requests: Vec<Request> = roots(&targets, new.reason)
        .map(|target| NewSuppression {
            target: *target,
            reason: new.reason,
            origin: new.origin,
            actor: new.actor.clone(),
            evidence: new.evidence.clone(),
            touch: None,
            received_at: None,
        })
        .map(|entry| Request { entry, whole_person: false })
        .collect();
    let database = &connection.database;
    let made = requests.iter().map(|request| database.carry_out(request, new.patience));
    let made = join_all(made).await.into_iter().collect::<Result<Vec<Suppressed>, _>>()?;
    // No two channels cover each other, so of at least one target nothing covers it.
    let event = made.first().ok_or(Refused::OtherChannel)?.event;
    let in_flight = made.iter().flat_map(|made| made.in_flight.iter().copied()).collect();
    Ok(Added { targets, event, in_flight })
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

/// Ends entries; where two people are needed, asks for it, or approves what another has asked for.
/// Needs a connection under the compliance role.
///
/// # Errors
/// Why what was asked for makes no sense or cannot be done, or that the database does not answer.
pub async fn lift(new: &NewLift, connection: &Connection) -> Result<Lifted, Refused> {
    new.complete()?;
    let NewLift { asked, actor, reason, evidence, approve } = new;
    let (mut lifted, mut requested, mut unrequested) = (0, 0, 0);
    for target in targets(asked, connection).await? {
        let lifting = Lifting {
            target,
            actor: actor.trim().to_owned(),
            reason: reason.trim().to_owned(),
            evidence: evidence.trim().to_owned(),
            approve: *approve,
        };
        let answer = connection.database.lift(&lifting).await?;
        lifted += answer.lifted;
        requested += answer.requested;
        unrequested += answer.unrequested;
    }
    if unrequested > 0 {
        return Err(Refused::NotRequested(unrequested));
    }
    if lifted + requested == 0 {
        return Err(Refused::NoEntry);
    }
    Ok(Lifted { lifted, requested })
}

/// What a target covers, in words.
#[must_use]
pub fn covered(target: &Target, locale: Locale) -> String {
    match (target, locale) {
        (Target::Address { channel, .. }, Locale::En) => channel.to_string(),
        (Target::Topic { channel, topic, .. }, Locale::En) => format!("{topic} by {channel}"),
        (Target::Person(_), Locale::En) => "the whole person".to_owned(),
        (Target::Domain(_), Locale::En) => "the whole domain".to_owned(),
        (Target::Address { channel, .. }, Locale::Ar) => {
            words::contact_channel(*channel, locale).to_owned()
        }
        (Target::Topic { channel, topic, .. }, Locale::Ar) => format!(
            "{} عبر {}",
            words::embedded(topic.as_str(), locale),
            words::contact_channel(*channel, locale)
        ),
        (Target::Person(_), Locale::Ar) => "الشخص بكل عناوينه".to_owned(),
        (Target::Domain(_), Locale::Ar) => "النطاق بأكمله".to_owned(),
    }
}
