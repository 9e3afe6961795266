//! The list of templates, and beginning a new one.

use std::collections::BTreeMap;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect};
use domain::Medium;
use domain::access::Permission;
use serde::Deserialize;
use storage::drafts::TemplateRow;
use storage::plans::PlanVersion;
use templates::Purpose;

use crate::app::App;
use crate::page::Page;
use crate::trouble::Answer;

/// What the list is narrowed to.
#[derive(Debug, Default, Deserialize)]
pub struct Filter {
    #[serde(default)]
    q: String,
    #[serde(default)]
    medium: String,
    #[serde(default)]
    state: String,
}

/// A template that is to be begun.
#[derive(Debug, Deserialize)]
pub struct New {
    #[serde(default)]
    key: String,
    #[serde(default)]
    medium: String,
}

#[derive(Template)]
#[template(path = "templates/list.html")]
struct List {
    page: Page,
    rows: Vec<Row>,
    filter: Filter,
    may_edit: bool,
    new_key: String,
    problem: Option<String>,
}

struct Row {
    row: TemplateRow,
    medium: &'static str,
    /// Keys and names.
    plans: Vec<(String, String)>,
}

impl Row {
    fn state(&self) -> &'static str {
        match (self.row.retired, self.row.version) {
            (true, _) => "retired",
            (false, None) => "draft",
            (false, Some(_)) => "approved",
        }
    }
}

impl List {
    fn media(&self) -> Vec<(&'static str, &'static str)> {
        let word = |medium: &Medium| office::words::medium(*medium, self.page.locale());
        Medium::ALL.iter().map(|medium| (medium.as_str(), word(medium))).collect()
    }
}

/// `GET /templates`.
pub async fn show(State(app): State<App>, page: Page, Query(filter): Query<Filter>) -> Answer {
    let list = list(&app, &page, filter, String::new(), None).await?;
    page.show(&list)
}

async fn list(
    app: &App,
    page: &Page,
    filter: Filter,
    new_key: String,
    problem: Option<String>,
) -> Result<List, crate::trouble::Trouble> {
    let uses = plans_by_template(&app.database.current_plans().await?, page);
    let rows = app.database.template_rows().await?.into_iter().map(|row| Row {
        medium: office::words::medium(row.medium, page.locale()),
        plans: uses.get(&row.key).cloned().unwrap_or_default(),
        row,
    });
    let wanted = filter.q.trim().to_lowercase();
    let rows = rows
        .filter(|row| row.row.key.contains(&wanted))
        .filter(|row| filter.medium.is_empty() || row.row.medium.as_str() == filter.medium)
        .filter(|row| match filter.state.as_str() {
            "" => true,
            "draft" => row.row.draft_by.is_some(),
            state => row.state() == state,
        })
        .collect();
    let may_edit = page.may(Permission::PlansEdit);
    Ok(List { page: page.clone(), rows, filter, may_edit, new_key, problem })
}

/// Which plans send a template: their keys and names by the template's key.
pub fn plans_by_template(
    plans: &[PlanVersion],
    page: &Page,
) -> BTreeMap<String, Vec<(String, String)>> {
    let mut uses: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for PlanVersion { plan, .. } in plans {
        let named = (plan.key.clone(), plan.name_in(page.locale()).to_owned());
        for step in &plan.steps {
            let own = uses.entry(step.template.clone()).or_default();
            if own.last() != Some(&named) {
                own.push(named.clone());
            }
        }
    }
    uses
}

/// `POST /templates`: begins a draft without texts.
pub async fn begin(State(app): State<App>, page: Page, Form(new): Form<New>) -> Answer {
    let key = new.key.trim().to_owned();
    let mut problem = (!is_key(&key)).then_some("template-key-wrong");
    let medium: Option<Medium> = new.medium.parse().ok();
    if problem.is_none()
        && (app.database.current_template(&key).await?.is_some()
            || app.database.template_draft(&key).await?.is_some())
    {
        problem = Some("template-key-taken");
    }
    let (None, Some(medium)) = (problem, medium) else {
        let problem = Some(page.say(problem.unwrap_or("template-medium-missing")));
        let list = list(&app, &page, Filter::default(), key, problem).await?;
        return page.show_again(&list);
    };
    let (purpose, locales) = (Purpose::Marketing, BTreeMap::new());
    let source = templates::Source { key: key.clone(), medium, purpose, locales };
    app.database.save_template_draft(&source, None, None, page.actor()?).await?;
    Ok(Redirect::to(&format!("/templates/{key}")).into_response())
}

/// Small letters, digits and underscores, as plans name them.
fn is_key(key: &str) -> bool {
    let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    !key.is_empty() && key.len() <= 63 && !key.starts_with('_') && key.chars().all(known)
}
