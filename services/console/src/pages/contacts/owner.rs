//! Which agent looks after a contact. Open tasks about the contact go along: whoever looks after somebody does what is to be done.

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use domain::ContactId;
use serde::Deserialize;
use storage::tasks::{Handed, Handover};
use uuid::Uuid;

use super::show;
use crate::access::reader::visible_contact;
use crate::app::App;
use crate::page::Page;
use crate::trouble::Answer;

/// Longer reasons are cut.
const LONGEST: usize = 300;

/// What was filled in.
#[derive(Debug, Deserialize)]
pub struct Filled {
    owner: Uuid,
    reason: String,
}

/// `POST /contacts/{contact}/owner`.
pub async fn change(
    State(app): State<App>,
    page: Page,
    Path(id): Path<ContactId>,
    Form(filled): Form<Filled>,
) -> Answer {
    let contact = visible_contact(&app, &page, id).await?;
    let reason: String = filled.reason.trim().chars().take(LONGEST).collect();
    if reason.is_empty() {
        let problem = page.say("handover-reason-missing");
        return show::again(contact, problem, &app, &page).await;
    }
    if app.database.agent(filled.owner).await?.is_none() {
        let problem = page.say("handover-agents-missing");
        return show::again(contact, problem, &app, &page).await;
    }
    let given = Handover {
        what: Handed::Contact(id),
        from: contact.owner,
        to: filled.owner,
        contacts: true,
        reason: &reason,
        actor: page.actor()?,
        now: app.clock.now(),
    };
    app.database.hand_over(&given).await?;
    Ok(Redirect::to(&format!("/contacts/{id}?notice=handed-over")).into_response())
}
