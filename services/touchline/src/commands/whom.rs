//! Whom the argument CONTACT of a command names.

use domain::AddressKey;
use office::Connection;
use office::addresses::Named;
use storage::contacts::Contact;

use crate::connect::Session;

/// The one contact that `text` names: an id, external id, email address or phone number, else the
/// beginning of a name that nobody else has.
///
/// # Errors
/// When there is none, or more than one.
pub async fn contact(
    text: &str,
    connection: &Connection,
    session: &Session,
) -> anyhow::Result<Contact> {
    let text = text.trim();
    let keys: Vec<AddressKey> = match Named::parse(text, None, &session.team()?.default_region) {
        Ok(Named::Address(address)) => vec![address.key(&connection.keyer)],
        _ => Vec::new(),
    };
    let found = connection.database.find_contacts(text, &keys).await?;
    let (exact, by_name): (Vec<Contact>, Vec<Contact>) =
        found.into_iter().partition(|contact| is_exactly(contact, text, &keys));
    let mut named = if exact.is_empty() { by_name } else { exact };
    match (named.pop(), named.len()) {
        (Some(contact), 0) => Ok(contact),
        (None, _) => anyhow::bail!(
            "no contact has this id, external id, email address, phone number or name; names are \
             found by their beginning"
        ),
        (Some(_), others) => anyhow::bail!(
            "{} contacts are meant by this; say which one by its id (`touchline contacts show` \
             lists them)",
            others + 1
        ),
    }
}

fn is_exactly(contact: &Contact, text: &str, keys: &[AddressKey]) -> bool {
    contact.id.to_string().eq_ignore_ascii_case(text)
        || contact.external_id.as_deref() == Some(text)
        || contact.addresses.iter().any(|address| keys.contains(&address.key))
}
