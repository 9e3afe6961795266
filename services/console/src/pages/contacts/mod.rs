//! Contacts: finding them, everything about one, adding and correcting.
//!
//! Agents see the contacts they own and no others.

mod change;
mod list;
mod new;
mod show;

use domain::ContactId;
use domain::access::Permission::{ContactsRead, ContactsReadAll, ContactsWrite, Enrol};
use storage::contacts::Contact;
use uuid::Uuid;

use crate::app::App;
use crate::page::Page;
use crate::routes::Needs::Permission;
use crate::routes::Routes;
use crate::trouble::Trouble;

/// The pages of this folder.
pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/contacts", Permission(ContactsRead), list::list)
        .get("/contacts/new", Permission(ContactsWrite), new::form)
        .post("/contacts", Permission(ContactsWrite), new::add)
        .get("/contacts/{contact}", Permission(ContactsRead), show::show)
        .post("/contacts/{contact}", Permission(ContactsWrite), change::correct)
        .post("/contacts/{contact}/enrolments", Permission(Enrol), change::enrolment)
}

/// Whose contacts the reader sees: one agent's, or everybody's. A user who is no agent owns none.
fn own(page: &Page) -> Result<Option<Uuid>, Trouble> {
    let user = &page.session()?.user;
    Ok((!page.may(ContactsReadAll)).then(|| user.agent.unwrap_or_default()))
}

/// The contact, if the reader may see it.
pub async fn visible(app: &App, page: &Page, id: ContactId) -> Result<Contact, Trouble> {
    let contact = app.database.contact(id).await?.ok_or(Trouble::NotFound)?;
    match own(page)? {
        Some(own) if contact.owner != Some(own) => Err(Trouble::NotFound),
        _ => Ok(contact),
    }
}
