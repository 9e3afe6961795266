//! Looking somebody up: by id, external id, email address or phone number in any spelling, or the
//! beginning of a name; and the card of everything known about a contact.

mod card;

use domain::{AddressKey, Locale};
use storage::StorageError;
use storage::contacts::Contact;

pub use card::{Card, CardAddress, CardEnrolment, CardTouch, Stop, card, keys_of};

use crate::Connection;
use crate::addresses::Named;
use crate::words::pick;

/// Why no single contact was found.
#[derive(Debug, thiserror::Error)]
pub enum Unfound {
    /// Nobody is known by this.
    #[error(
        "no contact has this id, external id, email address, phone number or name; names are \
         found by their beginning"
    )]
    Nobody,
    /// So many contacts are.
    #[error("{0} contacts are meant by this; say which one by its id")]
    Several(usize),
    /// The database does not answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Unfound {
    /// The answer for people; none when the database is at fault.
    #[must_use]
    pub fn in_words(&self, locale: Locale) -> Option<String> {
        match self {
            Self::Nobody => {
                let english = "No contact has this id, external id, email address, phone number \
                               or name. Names are found by their beginning.";
                let arabic = "لا توجد جهة اتصال بهذا المعرّف أو الرقم المرجعي أو البريد الإلكتروني \
                              أو رقم الهاتف أو الاسم. يُبحث عن الأسماء ببدايتها.";
                Some(pick(locale, english, arabic).to_owned())
            }
            Self::Several(n) => Some(match locale {
                Locale::En => format!("{n} contacts are meant by this. Choose one of them."),
                Locale::Ar => format!("ينطبق هذا على جهات اتصال عددها {n}. اختر واحدة منها."),
            }),
            Self::Storage(_) => None,
        }
    }
}

/// Everybody that `text` names: an id, external id, email address or phone number in any spelling,
/// or the beginning of a name. `region` is the country of phone numbers without a country code.
///
/// # Errors
/// When the database does not answer.
pub async fn find(
    text: &str,
    region: &str,
    connection: &Connection,
) -> Result<Vec<Contact>, StorageError> {
    let text = text.trim();
    connection.database.find_contacts(text, &keys(text, region, connection)).await
}

/// The one contact that `text` names: an id, external id, email address or phone number, else the
/// beginning of a name that nobody else has.
///
/// # Errors
/// When there is none or more than one, or the database does not answer.
pub async fn one(text: &str, region: &str, connection: &Connection) -> Result<Contact, Unfound> {
    let text = text.trim();
    let keys = keys(text, region, connection);
    let found = connection.database.find_contacts(text, &keys).await?;
    let (exact, by_name): (Vec<Contact>, Vec<Contact>) =
        found.into_iter().partition(|contact| is_exactly(contact, text, &keys));
    let mut named = if exact.is_empty() { by_name } else { exact };
    match (named.pop(), named.len()) {
        (Some(contact), 0) => Ok(contact),
        (None, _) => Err(Unfound::Nobody),
        (Some(_), others) => Err(Unfound::Several(others + 1)),
    }
}

fn keys(text: &str, region: &str, connection: &Connection) -> Vec<AddressKey> {
    match Named::parse(text, None, region) {
        Ok(Named::Address(address)) => vec![address.key(&connection.keyer)],
        _ => Vec::new(),
    }
}

fn is_exactly(contact: &Contact, text: &str, keys: &[AddressKey]) -> bool {
    contact.id.to_string().eq_ignore_ascii_case(text)
        || contact.external_id.as_deref() == Some(text)
        || contact.addresses.iter().any(|address| keys.contains(&address.key))
}
