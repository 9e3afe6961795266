//! The search of every page: contacts the reader may see, and what stands against an address.

use askama::Template;
use axum::extract::{Query, State};
use serde::Deserialize;

use super::search::{Found, look_up};
use crate::app::App;
use crate::page::Page;
use crate::trouble::Answer;

/// What is looked for.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    q: String,
}

#[derive(Template)]
#[template(path = "list/find.html")]
struct Find {
    page: Page,
    q: String,
    found: Option<Found>,
}

/// `GET /find`.
pub async fn show(State(app): State<App>, page: Page, Query(asked): Query<Asked>) -> Answer {
    let q = asked.q.trim().to_owned();
    let found = match q.as_str() {
        "" => None,
        q => Some(look_up(q, &app, &page).await?),
    };
    page.show(&Find { page: page.clone(), q, found })
}
