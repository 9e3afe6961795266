//! Plans and templates of the library, stored where they are new.

use library::Library;
use storage::Database;
use storage::plans::PlanVersion;

use super::NotLoaded;
use super::load::refuse_errors;

/// Stores every template and plan of the library; versions that say the same already stay, and so do
/// those that people made in the console.
///
/// # Errors
/// When a plan does not pass the check, a template does not compile, or the database does not answer.
pub async fn seed(database: &Database, library: &Library) -> Result<(), NotLoaded> {
    refuse_errors(library.check_plans())?;
    let current = database.current_templates().await?;
    for source in library.templates() {
        let known = current.iter().find(|version| version.key == source.key);
        // Compiling takes longer than everything else here; equal sources compile equally.
        if known.is_some_and(|version| version.source == *source || version.actor.is_some()) {
            continue;
        }
        let compiled = templates::compile(source, library.partials()).map_err(|problems| {
            let problems = problems.iter().map(ToString::to_string).collect();
            NotLoaded::Broken { key: source.key.clone(), problems }
        })?;
        database.store_template(source, &compiled).await?;
    }
    let current = database.current_plans().await?;
    for plan in library.plans() {
        let own = |version: &PlanVersion| version.plan.key == plan.key && version.actor.is_some();
        if current.iter().any(own) {
            continue;
        }
        database.store_plan(plan).await?;
    }
    Ok(())
}
