//! Plans and templates of the library, stored where they are new.

use domain::Plan;
use library::Library;
use storage::Database;
use storage::plans::PlanVersion;

/// Stores every template and plan of the library; versions that say the same already stay, and so do
/// those that people made in the console.
///
/// # Errors
/// When one does not compile, or the database does not answer.
pub async fn library(database: &Database, library: &Library) -> anyhow::Result<()> {
    let current = database.current_templates().await?;
    for source in library.templates() {
        let known = current.iter().find(|version| version.key == source.key);
        // Compiling takes longer than everything else here; equal sources compile equally.
        if known.is_some_and(|version| version.source == *source || version.actor.is_some()) {
            continue;
        }
        let compiled = templates::compile(source, library.partials()).map_err(|problems| {
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            anyhow::anyhow!("template \"{}\" does not compile: {}", source.key, problems.join("; "))
        })?;
        database.store_template(source, &compiled).await?;
    }
    let current = database.current_plans().await?;
    for plan in library.plans() {
        let own = |version: &PlanVersion| version.plan.key == plan.key && version.actor.is_some();
        if current.iter().any(own) {
            continue;
        }
        refuse_broken(plan)?;
        database.store_plan(plan).await?;
    }
    Ok(())
}

fn refuse_broken(plan: &Plan) -> anyhow::Result<()> {
    match plan.errors().first() {
        Some(error) => Err(error.clone().into()),
        None => Ok(()),
    }
}
