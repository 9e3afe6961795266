//! Tokens of the API: which there are, making one, revoking one.

use askama::Template;

use crate::page::Page;
use crate::trouble::Answer;

#[derive(Template)]
#[template(path = "integrations/tokens.html")]
struct Tokens {
    page: Page,
}

/// `GET /integrations/tokens`.
pub async fn list(page: Page) -> Answer {
    page.show(&Tokens { page: page.clone() })
}
