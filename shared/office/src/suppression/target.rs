//! What an entry is to cover.

use domain::suppression::{Scope, Topic};
use domain::{AddressKeyer, ContactChannel};
use storage::contacts::person_key;
use storage::suppressions::Target;

use super::Refused;
use crate::Connection;
use crate::addresses::Named;

/// What somebody asks to be covered.
#[derive(Debug, Clone)]
pub struct Asked {
    /// An email address, a phone number in any spelling, @domain, or a contact's id; with the
    /// channel "post" a postal address.
    pub address: String,
    /// Only this channel.
    pub channel: Option<ContactChannel>,
    /// The address, all of the person's addresses, or the domain; by what is named when not given.
    pub scope: Option<Scope>,
    /// Only messages of this topic.
    pub topic: Option<Topic>,
    /// The country of a phone number without a country code.
    pub region: String,
}

/// The entries that cover what was asked for; at least one.
///
/// # Errors
/// Why it makes no sense, or that the database does not answer.
pub async fn targets(asked: &Asked, connection: &Connection) -> Result<Vec<Target>, Refused> {
    let named =
        Named::parse(&asked.address, asked.channel, &asked.region).map_err(Refused::NoAddress)?;
    let scope = asked.scope.unwrap_or_else(|| named.scope());
    let keyer = &connection.keyer;
    let targets = match (scope, &named) {
        (Scope::Domain, Named::Address(list)) => domain_of(list.domain.clone(), keyer)?,
        (Scope::Person, Named::Address(list)) => {
            let contacts = connection.database.find_contacts("", &[list.key(keyer)]).await?;
            if contacts.is_empty() {
                return Err(Refused::NoContact);
            }
            contacts.iter().map(|contact| Target::Person(person_key(keyer, contact.id))).collect()
        }
        (scope, named) if scope == named.scope() => named.targets(asked.channel, keyer),
        (scope, named) => {
            return Err(Refused::OtherScope { asked: scope, named: named.scope() });
        }
    };
    let Some(first) = targets.first() else { return Err(Refused::OtherChannel) };
    let is_single = matches!(first, Target::Address { .. });
    if (asked.channel.is_some() || asked.topic.is_some()) && !is_single {
        return Err(Refused::NotSingle);
    }
    Ok(targets.into_iter().map(|target| narrowed(target, asked.topic)).collect())
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

fn domain_of(domain: Option<String>, keyer: &AddressKeyer) -> Result<Vec<Target>, Refused> {
    Ok(Named::Domain(domain.ok_or(Refused::NoDomain)?).targets(None, keyer))
}
