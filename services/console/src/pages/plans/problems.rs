//! What is wrong with a plan, in the reader's language: what the plan's own check finds, and what it
//! needs and nobody has.

use domain::plan::{Anchor, MAX_STEPS, Plan, PlanError};
use fluent_bundle::FluentValue;

use crate::app::App;
use crate::page::Page;
use crate::trouble::Trouble;

/// Everything that keeps the plan from being saved; empty when it may be.
///
/// # Errors
/// When the database does not answer.
pub async fn of(plan: &Plan, app: &App, page: &Page) -> Result<Vec<String>, Trouble> {
    let mut found: Vec<String> = plan.errors().iter().map(|error| in_words(error, page)).collect();
    let templates = app.database.template_rows().await?;
    for (number, step) in (1_usize..).zip(&plan.steps) {
        let of_step = |key: &str, it: &str| {
            page.with_all(key, &[("step", number.into()), ("it", it.to_owned().into())])
        };
        let known = templates.iter().find(|row| row.key == step.template);
        match known.filter(|row| row.version.is_some()) {
            None => found.push(of_step("plan-template-missing", &step.template)),
            Some(row) if row.medium != step.channel.medium() => {
                found.push(of_step("plan-template-medium", &step.template));
            }
            Some(row) if row.retired => {
                found.push(of_step("plan-template-retired", &step.template));
            }
            Some(_) => {}
        }
        if let Some(Anchor::Holiday(key)) = &step.anchor
            && !app.library.calendar().knows_holiday(key)
        {
            found.push(of_step("plan-holiday-unknown", key));
        }
    }
    if let Some(chain) = &plan.then
        && app.database.current_plan(&chain.plan).await?.is_none()
    {
        found.push(page.with("plan-follower-missing", chain.plan.as_str()));
    }
    Ok(found)
}

fn in_words(error: &PlanError, page: &Page) -> String {
    let all = |key: &str, values: &[(&str, FluentValue<'_>)]| page.with_all(key, values);
    match error {
        PlanError::NoSteps { .. } => page.say("plan-no-steps"),
        PlanError::TooManySteps { steps, .. } => {
            all("plan-too-many-steps", &[("it", (*steps).into()), ("most", MAX_STEPS.into())])
        }
        PlanError::DoesNotAddUp { declared, counted, .. } => all(
            "plan-does-not-add-up",
            &[("declared", (*declared).into()), ("counted", (*counted).into())],
        ),
        PlanError::DayOutOfRange { step, last, .. } => {
            all("plan-day-out-of-range", &[("step", (*step).into()), ("last", (*last).into())])
        }
        PlanError::OutOfOrder { step, day, before, .. } => all(
            "plan-out-of-order",
            &[("step", (*step).into()), ("day", (*day).into()), ("before", (*before).into())],
        ),
        PlanError::Repeated { step, template, day, .. } => all(
            "plan-repeated",
            &[("step", (*step).into()), ("it", template.as_str().into()), ("day", (*day).into())],
        ),
        PlanError::MissingText { step, locale, .. } => {
            let language = office::words::language(*locale, page.locale());
            match step {
                None => page.with("plan-name-missing", language),
                Some(step) => all(
                    "plan-purpose-missing",
                    &[("step", (*step).into()), ("it", language.into())],
                ),
            }
        }
        PlanError::RepeatsAndChains { .. } => page.say("plan-repeats-and-chains"),
        PlanError::ChainsTooEarly { day, last, .. } => {
            all("plan-chains-too-early", &[("day", (*day).into()), ("last", (*last).into())])
        }
    }
}
