//! Whoever asks, by whichever door: somebody with a session, or a program with a token. The rules of
//! what they see are written once, for both.

use domain::ContactId;
use domain::access::Permission::{self, ContactsRead, ContactsReadAll, TasksAll};
use storage::contacts::Contact;
use uuid::Uuid;

use crate::app::App;
use crate::page::Page;
use crate::trouble::Trouble;

/// See the module.
pub trait Reader {
    /// Whether they may do it.
    fn may(&self, permission: Permission) -> bool;

    /// The agent they are, if one.
    fn agent(&self) -> Option<Uuid>;
}

impl Reader for Page {
    fn may(&self, permission: Permission) -> bool {
        Self::may(self, permission)
    }

    fn agent(&self) -> Option<Uuid> {
        self.user().and_then(|user| user.agent)
    }
}

/// Whose contacts the reader sees: everybody's, or those of one agent. Who is no agent owns none, and
/// who sees no contacts at all sees those of an agent there is not.
pub fn contacts_of(reader: &impl Reader) -> Option<Uuid> {
    if reader.may(ContactsReadAll) {
        return None;
    }
    let own = reader.agent().filter(|_| reader.may(ContactsRead));
    Some(own.unwrap_or_default())
}

/// Whose tasks the reader sees: one agent's, or everybody's. Who is no agent has none.
pub fn tasks_of(reader: &impl Reader) -> Option<Uuid> {
    (!reader.may(TasksAll)).then(|| reader.agent().unwrap_or_default())
}

/// The contact, if the reader may see it.
pub async fn visible_contact(
    app: &App,
    reader: &impl Reader,
    id: ContactId,
) -> Result<Contact, Trouble> {
    let contact = app.database.contact(id).await?.ok_or(Trouble::NotFound)?;
    match contacts_of(reader) {
        Some(own) if contact.owner != Some(own) => {
            // A task that was handed over brings its person along, as long as it is open.
            let has_task = app.database.has_task_about(own, id).await?;
            has_task.then_some(contact).ok_or(Trouble::NotFound)
        }
        _ => Ok(contact),
    }
}
