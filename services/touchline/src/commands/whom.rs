//! Whom the argument CONTACT of a command names.

use office::Connection;
use office::people::{self, Unfound};
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
    let region = session.team()?.default_region;
    people::one(text, &region, connection).await.map_err(|why| match why {
        Unfound::Several(_) => {
            anyhow::anyhow!("{why} (`touchline contacts show` lists them)")
        }
        Unfound::Storage(error) => error.into(),
        Unfound::Nobody => why.into(),
    })
}
