//! The editor of a plan. Nothing is kept between its pages: each press of a button sends the whole
//! plan, and only saving stores it, as a new version.

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect};
use domain::plan::{Anchor, Plan, Repeat, Shift};
use domain::{Channel, Lane, Locale};
use serde::Deserialize;
use storage::plan_use::PlanPast;
use storage::plans::Stored;

use super::form::{self, Deed};
use super::problems;
use super::timeline::{anchor_in_words, counted};
use crate::app::App;
use crate::page::Page;
use crate::pages::typed::Typed;
use crate::trouble::{Answer, Trouble};

#[derive(Template)]
#[template(path = "plans/editor.html")]
struct Editor {
    page: Page,
    /// The plan that is edited or copied.
    from: String,
    is_copy: bool,
    plan: Plan,
    /// The version the editor began with; 0 for a new plan.
    based_on: i32,
    past: Vec<PlanPast>,
    problems: Vec<String>,
    templates: Vec<String>,
    plans: Vec<String>,
    holidays: Vec<(String, String)>,
    refusal: Option<String>,
}

impl Editor {
    fn text<'t>(
        &self,
        texts: &'t std::collections::BTreeMap<Locale, String>,
        of: &Locale,
    ) -> &'t str {
        texts.get(of).map_or("", String::as_str)
    }

    fn is_yearly(&self) -> bool {
        self.plan.repeat == Repeat::Yearly
    }

    fn anchor(&self, anchor: Option<&Anchor>) -> String {
        anchor.cloned().map(String::from).unwrap_or_default()
    }

    fn shift(&self, shift: Option<&Shift>) -> &'static str {
        match shift {
            None => "",
            Some(Shift::Same) => "same",
            Some(Shift::Next) => "next",
            Some(Shift::Previous) => "previous",
        }
    }

    fn channels(&self) -> Vec<(&'static str, &'static str)> {
        let word = |channel: &Channel| office::words::channel(*channel, self.page.locale());
        Channel::ALL.iter().map(|channel| (channel.as_str(), word(channel))).collect()
    }

    /// "running enrolments keep version 3: 120 people".
    fn kept(&self) -> Vec<String> {
        let running = self.past.iter().filter(|past| past.running > 0);
        let told = running.map(|past| {
            let (version, count) = (past.version.into(), counted(past.running).into());
            self.page.with_all("plan-keeps", &[("version", version), ("count", count)])
        });
        told.collect()
    }

    fn next_version(&self) -> i32 {
        self.past.first().map_or(1, |past| past.version + 1)
    }
}

/// Whether it is to be a plan of its own.
#[derive(Debug, Deserialize)]
pub struct How {
    copy: Option<String>,
}

/// The newest version of a plan, else the library's.
async fn beginning(key: &str, app: &App) -> Result<(Plan, i32), Trouble> {
    if let Some(version) = app.database.current_plan(key).await? {
        return Ok((version.plan, version.version));
    }
    let plan = app.library.plan(key).cloned().ok_or(Trouble::NotFound)?;
    Ok((plan, 0))
}

async fn editor(
    app: &App,
    page: &Page,
    from: String,
    plan: Plan,
    based_on: i32,
) -> Result<Editor, Trouble> {
    let problems = problems::of(&plan, app, page);
    let stored = async {
        Ok(tokio::try_join!(
            app.database.template_rows(),
            app.database.current_plans(),
            app.database.plan_past(&plan.key),
        )?)
    };
    let (problems, (templates, loaded, past)) = tokio::try_join!(problems, stored)?;
    let templates = templates.into_iter();
    let mut holidays: Vec<String> = app.library.plans().flat_map(holidays_of).collect();
    holidays.extend(holidays_of(&plan));
    holidays.sort();
    holidays.dedup();
    let named = |key: String| {
        let words = anchor_in_words(&Anchor::Holiday(key.clone()), page);
        (format!("holiday:{key}"), words)
    };
    Ok(Editor {
        problems,
        past,
        templates: templates.filter(|row| row.version.is_some()).map(|row| row.key).collect(),
        plans: loaded.into_iter().map(|version| version.plan.key).collect(),
        holidays: holidays.into_iter().map(named).collect(),
        page: page.clone(),
        is_copy: based_on == 0,
        from,
        plan,
        based_on,
        refusal: None,
    })
}

fn holidays_of(plan: &Plan) -> Vec<String> {
    let key = |anchor: &Anchor| match anchor {
        Anchor::Holiday(key) => Some(key.clone()),
        _ => None,
    };
    plan.steps.iter().filter_map(|step| key(step.anchor.as_ref()?)).collect()
}

/// `GET /plans/{key}/edit`, with `copy` for a plan of its own that begins like this one.
pub async fn show(
    State(app): State<App>,
    page: Page,
    Path(key): Path<String>,
    Query(how): Query<How>,
) -> Answer {
    let (mut plan, mut based_on) = beginning(&key, &app).await?;
    if how.copy.is_some() || based_on == 0 {
        based_on = 0;
        plan.key = free_key(&key, &app).await?;
    }
    page.show(&editor(&app, &page, key, plan, based_on).await?)
}

/// `8x8-2`, or the next that is free.
async fn free_key(key: &str, app: &App) -> Result<String, Trouble> {
    for number in 2..100 {
        let free = format!("{key}-{number}");
        if app.database.current_plan(&free).await?.is_none() && app.library.plan(&free).is_none() {
            return Ok(free);
        }
    }
    Ok(String::new())
}

/// `POST /plans/{key}/edit`: one press of a button.
pub async fn work(
    State(app): State<App>,
    page: Page,
    Path(from): Path<String>,
    Form(typed): Form<Vec<(String, String)>>,
) -> Answer {
    let typed = Typed(typed);
    let (before, _) = beginning(&from, &app).await?;
    let deed = Deed::of(typed.value("do"));
    let mut plan = form::plan(&typed, &before);
    deed.to(&mut plan.steps);
    let based_on: i32 = typed.value("based_on").parse().unwrap_or(0);
    // Only a new plan chooses its key.
    if based_on != 0 {
        plan.key.clone_from(&from);
    }
    let mut editor = editor(&app, &page, from, plan, based_on).await?;
    if deed != Deed::Save {
        return page.show(&editor);
    }
    let current = editor.past.first().map_or(0, |past| past.version);
    let refusal = match current {
        _ if !form::is_key(&editor.plan.key) => Some("plan-key-wrong"),
        current if current != based_on && based_on == 0 => Some("plan-key-taken"),
        current if current != based_on => Some("plan-overtaken"),
        _ if !editor.problems.is_empty() => Some("plan-not-saved"),
        _ => None,
    };
    if let Some(refusal) = refusal {
        editor.refusal = Some(page.say(refusal));
        return page.show_again(&editor);
    }
    let notice = match app.database.store_plan_of(&editor.plan, Some(page.actor()?)).await? {
        Stored::New(..) => "plan-saved",
        Stored::Unchanged(..) => "plan-unchanged",
    };
    let to = format!("/plans/{}?notice={notice}", editor.plan.key);
    Ok(Redirect::to(&to).into_response())
}
