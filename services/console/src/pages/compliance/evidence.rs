//! The evidence bundle of one person: signed, for a regulator or a court. That it was taken, by whom
//! and what for, is noted before it leaves.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use office::evidence::{self, Taking, read_key};
use secrecy::SecretString;
use serde::Deserialize;

use crate::app::App;
use crate::page::Page;
use crate::trouble::Answer;

/// Whose, what for, and in which form.
#[derive(Debug, Default, Deserialize)]
pub struct Filled {
    #[serde(default)]
    contact: String,
    #[serde(default)]
    reason: String,
    /// `page` for people, else the signed bundle.
    #[serde(default)]
    form: String,
}

#[derive(Template)]
#[template(path = "compliance/evidence.html")]
struct Evidence {
    page: Page,
    filled: Filled,
    has_key: bool,
    problem: Option<String>,
}

/// `GET /compliance/evidence`.
pub async fn form(State(app): State<App>, page: Page) -> Answer {
    let has_key = app.settings.evidence_key_file.is_some();
    page.show(&Evidence { page: page.clone(), filled: Filled::default(), has_key, problem: None })
}

/// `POST /compliance/evidence`: the bundle, as a file.
pub async fn take(State(app): State<App>, page: Page, Form(filled): Form<Filled>) -> Answer {
    let again = |problem: String, filled| {
        let has_key = app.settings.evidence_key_file.is_some();
        page.show_again(&Evidence { page: page.clone(), filled, has_key, problem: Some(problem) })
    };
    if filled.contact.trim().is_empty() || filled.reason.trim().is_empty() {
        return again(page.say("evidence-unsaid"), filled);
    }
    let Some(file) = &app.settings.evidence_key_file else {
        return again(page.say("evidence-no-key"), filled);
    };
    let pem = tokio::fs::read_to_string(file).await.map(SecretString::from);
    let Some(pair) = pem.ok().as_ref().and_then(read_key) else {
        tracing::error!("keys.evidence_key_file cannot be read, or holds no key");
        return again(page.say("evidence-no-key"), filled);
    };
    let taking = Taking {
        contact: filled.contact.trim().to_owned(),
        region: app.settings.team.default_region.clone(),
        actor: page.actor()?.to_owned(),
        reason: filled.reason.trim().to_owned(),
        at: app.clock.now(),
        language: page.locale(),
    };
    let bundle = match evidence::bundle(&taking, &pair, &app.compliance_office()).await {
        Ok(bundle) => bundle,
        Err(why) => {
            return match why.in_words(page.locale()) {
                Some(problem) => again(problem.to_owned(), filled),
                None => Err(anyhow::Error::new(why).into()),
            };
        }
    };
    let (kind, name, content) = match filled.form.as_str() {
        "page" => ("text/html; charset=utf-8", "evidence.html", bundle.page),
        _ => ("application/json", "evidence.json", bundle.json),
    };
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers =
        [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, content).into_response())
}
