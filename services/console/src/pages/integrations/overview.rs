//! The first page of the area: where to go.

use askama::Template;

use super::PARTS;
use crate::page::Page;
use crate::trouble::Answer;

#[derive(Template)]
#[template(path = "integrations/overview.html")]
struct Overview {
    page: Page,
}

/// `GET /integrations`.
pub async fn show(page: Page) -> Answer {
    page.show(&Overview { page: page.clone() })
}
