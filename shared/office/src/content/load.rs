//! Loading plans of the library, with the templates of their steps.

use std::collections::BTreeSet;

use library::{Finding, Library};
use serde::Serialize;
use storage::plans::Stored;
use storage::{Database, StorageError};

use crate::suggestion;

domain::words! {
    /// What was loaded.
    LoadedKind, "kind of content", {
        /// A template.
        Template = "template",
        /// A plan.
        Plan = "plan",
    }
}

/// A plan or template that is in the database now.
#[derive(Debug, Clone, Serialize)]
pub struct Loaded {
    /// What it is.
    pub kind: LoadedKind,
    /// Its key.
    pub key: String,
    /// The version that is in force.
    pub version: i32,
    /// `new` or `unchanged`.
    pub status: &'static str,
}

/// Why nothing was loaded.
#[derive(Debug, thiserror::Error)]
pub enum NotLoaded {
    /// A plan or template does not pass the check; every error.
    #[error("nothing was loaded, because the check finds:\n  {}", joined(.0))]
    Faulty(Vec<Finding>),
    /// There is no such plan; what was probably meant.
    #[error("there is no plan \"{key}\"; {hint}")]
    Unknown {
        /// The key that was named.
        key: String,
        /// "did you mean …?", or all there are.
        hint: String,
    },
    /// A template does not compile.
    #[error("template \"{key}\" does not compile: {}", .problems.join("; "))]
    Broken {
        /// The template's key.
        key: String,
        /// What is wrong.
        problems: Vec<String>,
    },
    /// The database does not answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

fn joined(findings: &[Finding]) -> String {
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n  ")
}

/// What is to be loaded, checked.
#[derive(Debug)]
pub struct Load<'l> {
    library: &'l Library,
    plans: BTreeSet<String>,
    templates: BTreeSet<&'l str>,
}

impl<'l> Load<'l> {
    /// The plans of these keys, all of them where none is named, with those that follow them and the
    /// templates of their steps. `found` is what was wrong with the library's files already.
    ///
    /// # Errors
    /// When a plan or one of its templates does not pass the check, or a plan does not exist.
    pub fn of(
        keys: &[String],
        library: &'l Library,
        found: Vec<Finding>,
    ) -> Result<Self, NotLoaded> {
        let mut findings = found;
        findings.extend(library.check_plans());
        refuse_errors(findings)?;
        let plans = with_followers(keys, library)?;
        let templates = templates_of(&plans, library);
        refuse_errors(templates.iter().flat_map(|key| library.check_template(key)).collect())?;
        Ok(Self { library, plans, templates })
    }

    /// Stores the plans and the templates of their steps, templates first, so that no plan is there
    /// without what it sends.
    ///
    /// # Errors
    /// When the database does not answer; what has been stored until then stays, and a second run
    /// goes on from there.
    pub async fn store(&self, database: &Database) -> Result<Vec<Loaded>, NotLoaded> {
        let mut loaded = Vec::new();
        for key in &self.templates {
            loaded.push(load_template(key, self.library, database).await?);
        }
        for key in &self.plans {
            let Some(plan) = self.library.plan(key) else { continue };
            loaded.push(row(LoadedKind::Plan, key, database.store_plan(plan).await?));
        }
        Ok(loaded)
    }
}

/// Refuses what holds an error.
pub(super) fn refuse_errors(findings: Vec<Finding>) -> Result<(), NotLoaded> {
    let errors: Vec<Finding> = findings.into_iter().filter(Finding::is_error).collect();
    if errors.is_empty() { Ok(()) } else { Err(NotLoaded::Faulty(errors)) }
}

/// The keys asked for and those of the plans that follow them, sorted.
fn with_followers(keys: &[String], library: &Library) -> Result<BTreeSet<String>, NotLoaded> {
    if keys.is_empty() {
        return Ok(library.plans().map(|plan| plan.key.clone()).collect());
    }
    let mut all = BTreeSet::new();
    let mut wanted = keys.to_vec();
    while let Some(key) = wanted.pop() {
        let Some(plan) = library.plan(&key) else {
            let known = library.plans().map(|plan| plan.key.as_str());
            let hint = suggestion::of(&key, known);
            return Err(NotLoaded::Unknown { key, hint });
        };
        if all.insert(key) {
            wanted.extend(plan.then.as_ref().map(|chain| chain.plan.clone()));
        }
    }
    Ok(all)
}

fn templates_of<'l>(keys: &BTreeSet<String>, library: &'l Library) -> BTreeSet<&'l str> {
    keys.iter()
        .filter_map(|key| library.plan(key))
        .flat_map(|plan| &plan.steps)
        .map(|step| step.template.as_str())
        .collect()
}

async fn load_template(
    key: &str,
    library: &Library,
    database: &Database,
) -> Result<Loaded, NotLoaded> {
    let unknown = || NotLoaded::Unknown { key: key.to_owned(), hint: String::new() };
    let source = library.template(key).ok_or_else(unknown)?;
    let compiled = templates::compile(source, library.partials()).map_err(|problems| {
        let problems = problems.iter().map(ToString::to_string).collect();
        NotLoaded::Broken { key: key.to_owned(), problems }
    })?;
    Ok(row(LoadedKind::Template, key, database.store_template(source, &compiled).await?))
}

fn row<T>(kind: LoadedKind, key: &str, stored: Stored<T>) -> Loaded {
    let (version, status) = match stored {
        Stored::New(_, version) => (version, "new"),
        Stored::Unchanged(_, version) => (version, "unchanged"),
    };
    Loaded { kind, key: key.to_owned(), version, status }
}
