//! `touchline plans load`.

use std::collections::BTreeSet;

use anyhow::Context as _;
use library::{Finding, Library};
use office::suggestion;
use serde::Serialize;
use storage::Database;
use storage::plans::Stored;

use super::{LibraryFolder, examined};
use crate::connect::Session;

/// What to load.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Keys of plans; a plan that follows another is loaded with it. None: all of them.
    keys: Vec<String>,
    /// All plans of the library, which is the default.
    #[arg(long, conflicts_with = "keys")]
    all: bool,
    #[command(flatten)]
    folder: LibraryFolder,
}

#[derive(Serialize)]
struct Row {
    kind: &'static str,
    key: String,
    version: i32,
    /// `new` or `unchanged`.
    status: &'static str,
}

/// Stores the plans and the templates of their steps, templates first, so that no plan is there
/// without what it sends.
///
/// # Errors
/// When a plan or one of its templates does not pass the check, a plan does not exist, or the database does not
/// answer; what has been stored until then stays, and a second run goes on from there.
pub async fn run(arguments: &Arguments, session: &Session) -> anyhow::Result<()> {
    let (library, errors) = examined(arguments.folder.dir.as_deref(), session)?;
    let mut findings: Vec<Finding> = errors.iter().map(Finding::from).collect();
    findings.extend(library.check_plans());
    refuse_errors(&findings)?;
    let keys = with_followers(arguments, &library)?;
    let templates = templates_of(&keys, &library);
    let findings = templates.iter().flat_map(|key| library.check_template(key));
    refuse_errors(&findings.collect::<Vec<_>>())?;
    let connection = session.connect().await?;
    let mut rows = Vec::new();
    for template in templates {
        rows.push(load_template(template, &library, &connection.database).await?);
    }
    for key in &keys {
        let plan = library.plan(key).context("the plan was there a moment ago")?;
        let stored = connection.database.store_plan(plan).await?;
        rows.push(row("plan", key, stored));
    }
    session.output.list(&rows, &["", "Key", "Version", ""], |row| {
        vec![row.kind.to_owned(), row.key.clone(), row.version.to_string(), row.status.to_owned()]
    })?;
    Ok(())
}

fn refuse_errors(findings: &[Finding]) -> anyhow::Result<()> {
    let errors: Vec<String> =
        findings.iter().filter(|finding| finding.is_error()).map(ToString::to_string).collect();
    anyhow::ensure!(
        errors.is_empty(),
        "nothing was loaded, because the check finds:\n  {}",
        errors.join("\n  ")
    );
    Ok(())
}

/// The keys asked for and those of the plans that follow them, sorted.
fn with_followers(arguments: &Arguments, library: &Library) -> anyhow::Result<BTreeSet<String>> {
    if arguments.keys.is_empty() {
        return Ok(library.plans().map(|plan| plan.key.clone()).collect());
    }
    let mut keys = BTreeSet::new();
    let mut wanted = arguments.keys.clone();
    while let Some(key) = wanted.pop() {
        let Some(plan) = library.plan(&key) else {
            let known = library.plans().map(|plan| plan.key.as_str());
            anyhow::bail!("there is no plan \"{key}\"; {}", suggestion::of(&key, known));
        };
        if keys.insert(key) {
            wanted.extend(plan.then.as_ref().map(|chain| chain.plan.clone()));
        }
    }
    Ok(keys)
}

fn templates_of<'l>(keys: &BTreeSet<String>, library: &'l Library) -> BTreeSet<&'l str> {
    keys.iter()
        .filter_map(|key| library.plan(key))
        .flat_map(|plan| &plan.steps)
        .map(|step| step.template.as_str())
        .collect()
}

async fn load_template(key: &str, library: &Library, database: &Database) -> anyhow::Result<Row> {
    let source = library.template(key).context("the check has found every step's template")?;
    let compiled = templates::compile(source, library.partials()).map_err(|problems| {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("template \"{key}\" does not compile: {}", problems.join("; "))
    })?;
    Ok(row("template", key, database.store_template(source, &compiled).await?))
}

fn row<T>(kind: &'static str, key: &str, stored: Stored<T>) -> Row {
    let (version, status) = match stored {
        Stored::New(_, version) => (version, "new"),
        Stored::Unchanged(_, version) => (version, "unchanged"),
    };
    Row { kind, key: key.to_owned(), version, status }
}
