//! Templates: the list, one with its texts, and what it looks like for somebody.

use std::collections::BTreeMap;

use axum::extract::State;
use domain::ContactId;
use office::content;
use serde::{Deserialize, Serialize};
use storage::drafts::TemplateRow;
use templates::{Fields, RenderError};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::caller::Caller;
use super::extract::{Json, Path, Query};
use super::problem::{Kind, Problem};
use super::words::{Language, Medium};
use crate::access::reader::visible_contact;
use crate::app::App;

/// A template.
#[derive(Debug, Serialize, ToSchema)]
pub struct TemplateItem {
    /// The name plans use.
    key: String,
    /// Which worker renders it.
    medium: Medium,
    /// The version that is sent; null while there is only a draft.
    version: Option<i32>,
    /// The languages it has texts in.
    locales: Vec<Language>,
    /// Whether it is no longer sent.
    retired: bool,
    /// Whether somebody is editing it.
    has_draft: bool,
}

/// Every template; not paged, because a team has some hundred of them.
#[derive(Debug, Serialize, ToSchema)]
pub struct Templates {
    /// The templates, by key.
    items: Vec<TemplateItem>,
}

/// The version of a template that is sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct Template {
    /// The name plans use.
    key: String,
    /// The version's identity.
    id: Uuid,
    /// 1, 2, 3 …
    version: i32,
    /// Which worker renders it.
    medium: Medium,
    /// Whether it is no longer sent.
    retired: bool,
    /// By language and part (`subject`, `mjml`, `text`, `sms`, `title`, `script`), as written.
    texts: BTreeMap<String, BTreeMap<String, String>>,
}

/// A template as somebody gets it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Preview {
    /// The name plans use.
    key: String,
    /// The version that was rendered.
    version: i32,
    /// In which language.
    locale: Language,
    /// By part: `subject`, `text`, `html`, `sms`, `title`, `script`.
    parts: BTreeMap<String, String>,
}

/// For whom and in which language.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Shown {
    /// As this contact gets it, which needs the scope `contacts_read`; with examples where nobody is
    /// named.
    contact: Option<Uuid>,
    /// The language; the contact's, or the team's, where none is named.
    #[param(inline)]
    locale: Option<Language>,
}

impl From<TemplateRow> for TemplateItem {
    fn from(row: TemplateRow) -> Self {
        Self {
            key: row.key,
            medium: row.medium.into(),
            version: row.version,
            locales: row.locales.into_iter().map(Language::from).collect(),
            retired: row.retired,
            has_draft: row.draft_by.is_some(),
        }
    }
}

/// Every template.
#[utoipa::path(get, path = "/api/v1/templates", tag = "templates", operation_id = "list_templates",
    responses((status = 200, description = "All of them.", body = Templates)))]
pub async fn list(State(app): State<App>) -> Result<Json<Templates>, Problem> {
    let rows = app.database.template_rows().await?;
    Ok(Json(Templates { items: rows.into_iter().map(TemplateItem::from).collect() }))
}

/// The version of a template that is sent.
#[utoipa::path(get, path = "/api/v1/templates/{key}", tag = "templates",
    operation_id = "show_template", params(("key" = String, Path, description = "Its key.")),
    responses((status = 200, description = "The template.", body = Template)))]
pub async fn show(
    State(app): State<App>,
    Path(key): Path<String>,
) -> Result<Json<Template>, Problem> {
    let stored = app.database.current_template(&key).await?.ok_or_else(Problem::not_found)?;
    let texts = stored.source.locales.iter().map(|(locale, texts)| {
        let parts = templates::Part::of(stored.medium).iter();
        let parts =
            parts.filter_map(|part| Some((part.to_string(), texts.part(*part)?.to_owned())));
        (locale.to_string(), parts.collect())
    });
    Ok(Json(Template {
        texts: texts.collect(),
        key: stored.key,
        id: stored.id.as_uuid(),
        version: stored.version,
        medium: stored.medium.into(),
        retired: stored.retired,
    }))
}

/// What a template looks like, by the code that sends. Nothing is sent and nothing is kept.
#[utoipa::path(get, path = "/api/v1/templates/{key}/preview", tag = "templates",
    operation_id = "preview_template",
    params(("key" = String, Path, description = "Its key."), Shown),
    responses((status = 200, description = "The texts.", body = Preview),
              (status = 422, description = "It cannot be rendered; the detail says why.",
               body = super::problem::Body, content_type = "application/problem+json")))]
pub async fn preview(
    State(app): State<App>,
    caller: Caller,
    Path(key): Path<String>,
    Query(shown): Query<Shown>,
) -> Result<Json<Preview>, Problem> {
    let stored = app.database.current_template(&key).await?.ok_or_else(Problem::not_found)?;
    let contact = match shown.contact {
        Some(id) => Some(visible_contact(&app, &caller, ContactId::from(id)).await?),
        None => None,
    };
    let own = contact.as_ref().map(|contact| contact.locale);
    let locale = shown.locale.map(|it| it.0).or(own).unwrap_or(app.settings.team.default_locale);
    let fields = match &contact {
        Some(contact) => content::fields_of(contact, &app.settings.sender, &app.database).await?,
        None => Fields::examples_for(&stored.compiled, locale),
    };
    let rendered = content::render(&stored.compiled, locale, &fields).map_err(unrendered)?;
    Ok(Json(Preview {
        key,
        version: stored.version,
        locale: locale.into(),
        parts: rendered.into_iter().map(|(part, text)| (part.to_string(), text)).collect(),
    }))
}

/// A template that does not fit this person or language is no fault of the server's.
fn unrendered(error: anyhow::Error) -> Problem {
    match error.downcast::<RenderError>() {
        Ok(error) => Problem::new(Kind::Refused, format!("{error}.")),
        Err(error) => error.into(),
    }
}
