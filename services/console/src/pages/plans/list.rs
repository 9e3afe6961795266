//! The plans there are, and those of the library that could be.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use domain::access::Permission;
use domain::plan::Repeat;
use office::content::{Load, NotLoaded};
use serde::Deserialize;
use storage::plans::PlanVersion;

use crate::app::App;
use crate::page::Page;
use crate::trouble::{Answer, Trouble};

struct Row {
    version: PlanVersion,
    running: i64,
}

impl Row {
    fn last_day(&self) -> u16 {
        self.version.plan.steps.iter().map(|step| step.day).max().unwrap_or(0)
    }

    fn is_yearly(&self) -> bool {
        self.version.plan.repeat == Repeat::Yearly
    }
}

#[derive(Template)]
#[template(path = "plans/list.html")]
struct List {
    page: Page,
    rows: Vec<Row>,
    /// Keys, names and descriptions of what the library has and nobody has loaded.
    library: Vec<(String, String, String)>,
}

/// `GET /plans`.
pub async fn show(State(app): State<App>, page: Page) -> Answer {
    let running = app.database.running_by_plan().await?;
    let loaded = app.database.current_plans().await?;
    let is_loaded = |key: &str| loaded.iter().any(|version| version.plan.key == key);
    let locale = page.locale();
    let library = app.library.plans().filter(|plan| !is_loaded(&plan.key)).map(|plan| {
        let about = plan.description.get(&locale).cloned().unwrap_or_default();
        (plan.key.clone(), plan.name_in(locale).to_owned(), about)
    });
    let library = library.collect();
    let rows = loaded.into_iter().map(|version| Row {
        running: running.get(&version.plan.key).copied().unwrap_or(0),
        version,
    });
    page.show(&List { page: page.clone(), rows: rows.collect(), library })
}

/// Which plan of the library.
#[derive(Debug, Deserialize)]
pub struct Which {
    #[serde(default)]
    key: String,
}

/// `POST /plans/load`: takes a plan of the library over, with its templates.
pub async fn load(State(app): State<App>, page: Page, Form(which): Form<Which>) -> Answer {
    let keys = [which.key.clone()];
    let loaded = match Load::of(&keys, &app.library, Vec::new()) {
        Ok(load) => load.store(&app.database).await,
        Err(why) => Err(why),
    };
    match loaded {
        Ok(_) => {
            Ok(Redirect::to(&format!("/plans/{}?notice=plan-loaded", which.key)).into_response())
        }
        Err(NotLoaded::Unknown { .. }) => Err(Trouble::NotFound),
        Err(NotLoaded::Storage(error)) => Err(error.into()),
        Err(error) => {
            tracing::error!(%error, plan = which.key, "a plan of the library cannot be loaded");
            Err(Trouble::Refused(page.say("plan-not-loaded")))
        }
    }
}
