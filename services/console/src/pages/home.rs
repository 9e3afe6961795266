//! The first page: where to go.

use askama::Template;

use crate::page::Page;
use crate::trouble::Answer;

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    page: Page,
}

/// `GET /`.
pub async fn show(page: Page) -> Answer {
    page.show(&Home { page: page.clone() })
}
