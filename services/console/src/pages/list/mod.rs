//! The list of those who must not be contacted: searching it, putting somebody on it from any page,
//! lifting with a second person.

mod add;
mod entry;
mod files;
mod find;
mod search;
mod told;

use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use domain::ContactChannel;
use domain::access::Permission::{ListAdd, ListFiles, ListLift, ListRead};
use domain::suppression::SuppressionReason;
use storage::contacts::FoundContact;
use uuid::Uuid;

use crate::access::reader::contacts_of;
use crate::app::App;
use crate::page::Page;
use crate::routes::Needs::{Permission, Session};
use crate::routes::Routes;
use crate::trouble::Trouble;

/// How long the answer waits for what is being handed over at this moment.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// The reasons somebody of the team may enter; the others are the fleet's own, or law.
pub const REASONS: &[SuppressionReason] = &[
    SuppressionReason::VoiceRequest,
    SuppressionReason::EmailRequest,
    SuppressionReason::PostalRequest,
    SuppressionReason::StaffEntry,
    SuppressionReason::Complaint,
    SuppressionReason::GdprObjection,
    SuppressionReason::DoNotMail,
    SuppressionReason::InvalidAddress,
    SuppressionReason::ReassignedNumber,
    SuppressionReason::Deceased,
    SuppressionReason::LegalHold,
];

/// The pages of this folder.
pub fn routes(routes: Routes) -> Routes {
    // A form around the file needs a little more.
    let uploads = DefaultBodyLimit::max(files::MOST_BYTES + 64 * 1024);
    routes
        .get("/find", Session, find::show)
        .get("/list", Permission(ListRead), search::show)
        .get("/list/add", Permission(ListAdd), add::form)
        .post("/list/add", Permission(ListAdd), add::add)
        .get("/list/entries/{event}", Permission(ListRead), entry::show)
        .post("/list/entries/{event}/lift", Permission(ListLift), entry::lift)
        .get("/list/lifts", Permission(ListRead), entry::waiting)
        .get("/list/files", Permission(ListFiles), files::show)
        .post("/list/files", Permission(ListFiles), files::take.layer(uploads))
        .get("/list/files/{file}", Permission(ListFiles), files::one)
        .post("/list/files/{file}/import", Permission(ListFiles), files::import)
        .get("/list/files/{file}/result", Permission(ListFiles), files::result)
}

/// The contact of this id, if the reader may see it.
async fn visible(app: &App, page: &Page, id: &str) -> Result<FoundContact, Trouble> {
    let id = id.trim().parse::<Uuid>().map_err(|_| Trouble::NotFound)?.to_string();
    let found = app.database.search_contacts(&id, &[], contacts_of(page)).await?;
    found.into_iter().find(|contact| contact.id.to_string() == id).ok_or(Trouble::NotFound)
}

/// A reason in the reader's language, for templates.
pub fn reason_in_words(reason: &SuppressionReason, page: &Page) -> &'static str {
    office::words::suppression_reason(*reason, page.locale())
}

/// A channel in the reader's language, for templates.
pub fn channel_in_words(channel: &ContactChannel, page: &Page) -> &'static str {
    office::words::contact_channel(*channel, page.locale())
}
