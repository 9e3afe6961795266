//! The versions of a template: what changed, going back, and whether it is sent at all.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use domain::access::Permission;
use domain::{Locale, Medium};
use serde::Deserialize;
use similar::{ChangeTag, TextDiff};
use templates::{Part, Source};

use super::editor::Stored;
use super::form;
use super::list::plans_by_template;
use super::test::Tests;
use crate::app::App;
use crate::page::Page;
use crate::trouble::{Answer, Trouble};

/// Unchanged lines shown around a change.
const AROUND: usize = 3;

/// A line of a difference.
struct Line {
    /// `same`, `out`, `in` or `gap`.
    kind: &'static str,
    text: String,
}

/// What differs in one text.
struct Difference {
    locale: Locale,
    part: String,
    lines: Vec<Line>,
}

#[derive(Template)]
#[template(path = "templates/version.html")]
struct OneVersion {
    page: Page,
    key: String,
    version: i32,
    current: Option<i32>,
    differences: Vec<Difference>,
    /// The reader's own tests, where there can be some.
    tests: Option<Tests>,
    /// How many plans send the template.
    plans: usize,
}

impl OneVersion {
    fn may_roll_back(&self) -> bool {
        self.page.may(Permission::PlansApprove)
    }
}

/// `GET /templates/{key}/versions/{version}`: what would change by going back to it.
pub async fn show(
    State(app): State<App>,
    page: Page,
    Path((key, version)): Path<(String, i32)>,
) -> Answer {
    let old = app.database.template_source(&key, version).await?.ok_or(Trouble::NotFound)?;
    let current = Stored::of(&key, &app).await?.current.ok_or(Trouble::NotFound)?;
    let tests = if page.may(Permission::PlansEdit) && old.medium != Medium::Call {
        Some(Tests::of(&key, &page, &app).await?)
    } else {
        None
    };
    let differences = differences(&old, &current.source, &page);
    let current = Some(current.version).filter(|current| *current != version);
    let plans = plans_by_template(&app.database.current_plans().await?, &page);
    let plans = plans.get(&key).map_or(0, Vec::len);
    let own = page.clone();
    page.show(&OneVersion { page: own, key, version, current, differences, tests, plans })
}

/// What changed from one source to the other, text by text.
fn differences(old: &Source, new: &Source, page: &Page) -> Vec<Difference> {
    let mut found = Vec::new();
    for &locale in Locale::ALL {
        for &part in Part::of(new.medium) {
            let text = |source: &Source| -> String {
                let texts = source.locales.get(&locale);
                texts.and_then(|texts| texts.part(part)).unwrap_or_default().to_owned()
            };
            let (before, after) = (text(old), text(new));
            if before != after {
                let lines = lines(&before, &after);
                found.push(Difference { locale, part: page.word("template-part", part), lines });
            }
        }
    }
    found
}

fn lines(before: &str, after: &str) -> Vec<Line> {
    let difference = TextDiff::from_lines(before, after);
    let mut lines = Vec::new();
    for (number, group) in difference.grouped_ops(AROUND).iter().enumerate() {
        if number > 0 {
            lines.push(Line { kind: "gap", text: "…".to_owned() });
        }
        for change in group.iter().flat_map(|op| difference.iter_changes(op)) {
            let kind = match change.tag() {
                ChangeTag::Equal => "same",
                ChangeTag::Delete => "out",
                ChangeTag::Insert => "in",
            };
            let text = change.value().trim_end_matches(['\n', '\r']).to_owned();
            lines.push(Line { kind, text });
        }
    }
    lines
}

/// `POST /templates/{key}/versions/{version}/approve`: sends an old version's texts again, as a new
/// version.
pub async fn roll_back(
    State(app): State<App>,
    page: Page,
    Path((key, version)): Path<(String, i32)>,
) -> Answer {
    let source = app.database.template_source(&key, version).await?.ok_or(Trouble::NotFound)?;
    let checked = form::check(&source, &app).await?;
    let Some(compiled) = checked.compiled.as_ref().filter(|_| !checked.is_faulty()) else {
        return Err(Trouble::Refused(page.say("version-faulty")));
    };
    app.database.approve_template(&source, compiled, page.actor()?).await?;
    Ok(Redirect::to(&format!("/templates/{key}?notice=template-approved")).into_response())
}

/// Why a template is retired.
#[derive(Debug, Deserialize)]
pub struct Why {
    #[serde(default)]
    reason: String,
}

/// `POST /templates/{key}/retire`.
pub async fn retire(
    State(app): State<App>,
    page: Page,
    Path(key): Path<String>,
    Form(why): Form<Why>,
) -> Answer {
    decide(&app, &page, &key, true, why.reason.trim()).await
}

/// `POST /templates/{key}/restore`.
pub async fn restore(State(app): State<App>, page: Page, Path(key): Path<String>) -> Answer {
    decide(&app, &page, &key, false, "").await
}

async fn decide(app: &App, page: &Page, key: &str, retire: bool, reason: &str) -> Answer {
    let current = app.database.current_template(key).await?.ok_or(Trouble::NotFound)?;
    if current.retired != retire {
        app.database.retire_template(key, retire, reason, page.actor()?).await?;
    }
    let notice = if retire { "template-retired" } else { "template-restored" };
    Ok(Redirect::to(&format!("/templates/{key}?notice={notice}")).into_response())
}
