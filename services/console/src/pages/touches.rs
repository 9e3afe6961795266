//! The story of a touch, in the reader's language.

use askama::Template;
use axum::extract::{Path, State};
use domain::access::Permission::{ContactsRead, TouchesRead};
use domain::{ContactId, TouchId};
use office::story::{self, Told};

use crate::access::reader::visible_contact;
use crate::app::App;
use crate::page::Page;
use crate::routes::Needs::Any;
use crate::routes::Routes;
use crate::trouble::{Answer, Trouble};

#[derive(Template)]
#[template(path = "touch.html")]
struct Touch {
    page: Page,
    told: Told,
    contact: ContactId,
    contact_name: String,
    /// Whether the reader may look at the contact.
    contacts: bool,
}

/// The page of this file. Agents see the touches of their own contacts.
pub fn routes(routes: Routes) -> Routes {
    routes.get("/touches/{touch}", Any(&[TouchesRead, ContactsRead]), show)
}

/// `GET /touches/{touch}`.
pub async fn show(State(app): State<App>, page: Page, Path(id): Path<TouchId>) -> Answer {
    let touch = app.database.touch(id).await?.ok_or(Trouble::NotFound)?;
    if !page.may(TouchesRead) {
        visible_contact(&app, &page, touch.contact).await?;
    }
    let team = app.settings.team.office();
    let told = story::tell(touch, &app.office(), &team, app.library.calendar()).await?;
    let story = told.ok_or(Trouble::NotFound)?;
    page.show(&Touch {
        told: story::words(&story, page.locale()),
        contact: story.contact,
        contact_name: story.contact_name,
        contacts: page.may(ContactsRead),
        page: page.clone(),
    })
}
