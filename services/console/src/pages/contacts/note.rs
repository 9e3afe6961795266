//! Noting what happened with a contact.

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use domain::ContactId;
use domain::interaction::InteractionKind;
use serde::Deserialize;
use storage::contacts::NewInteraction;

use super::show;
use crate::access::reader::visible_contact;
use crate::app::App;
use crate::page::Page;
use crate::trouble::Answer;

/// Characters of a note.
pub const LONGEST: usize = 2000;

/// What was filled in.
#[derive(Debug, Deserialize)]
pub struct Filled {
    kind: InteractionKind,
    #[serde(default)]
    note: String,
}

/// `POST /contacts/{contact}/interactions`: it happened now, by the team's clock.
pub async fn add(
    State(app): State<App>,
    page: Page,
    Path(id): Path<ContactId>,
    Form(filled): Form<Filled>,
) -> Answer {
    let contact = visible_contact(&app, &page, id).await?;
    let note = filled.note.trim().to_owned();
    let wrong = match note.chars().count() {
        0 => Some("note-missing"),
        1..=LONGEST => None,
        _ => Some("note-too-long"),
    };
    if let Some(key) = wrong {
        return show::again(contact, page.say(key), &app, &page).await;
    }
    let happened_at = app.clock.now();
    let (kind, actor) = (filled.kind, page.actor()?.to_owned());
    let new = NewInteraction { contact: id, kind, happened_at, note, actor };
    app.database.note_interaction(&new).await?;
    Ok(Redirect::to(&format!("/contacts/{id}?notice=noted")).into_response())
}
