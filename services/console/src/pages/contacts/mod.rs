//! Contacts: finding them, everything about one, adding and correcting.
//!
//! Agents see the contacts they own, and those they have an open task about, and no others.

pub mod change;
mod list;
pub mod new;
pub mod note;
mod owner;
mod show;

use crate::routes::Needs::{Any, Permission};
use crate::routes::Routes;
use domain::access::Permission::{ContactsRead, ContactsWrite, Enrol, TasksWork};

/// The pages of this folder.
pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/contacts", Permission(ContactsRead), list::list)
        .get("/contacts/new", Permission(ContactsWrite), new::form)
        .post("/contacts", Permission(ContactsWrite), new::add)
        .get("/contacts/{contact}", Permission(ContactsRead), show::show)
        .post("/contacts/{contact}", Permission(ContactsWrite), change::correct)
        .post("/contacts/{contact}/interactions", Any(&[ContactsWrite, TasksWork]), note::add)
        .post("/contacts/{contact}/owner", Permission(ContactsWrite), owner::change)
        .post("/contacts/{contact}/enrolments", Permission(Enrol), change::enrolment)
}
