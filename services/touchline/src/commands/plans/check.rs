//! `touchline plans check`.

use std::path::PathBuf;

use library::{Finding, Library};

use super::examined;
use crate::connect::Session;
use crate::error::Refused;
use crate::output::Output;

/// What to check.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A plan's file, or a folder with plans/ and templates/; both stand on top of the built-in
    /// library.
    path: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// When something is wrong with a plan, or the path cannot be read.
pub fn run(arguments: &Arguments, session: &Session) -> anyhow::Result<()> {
    let (library, findings) = match arguments.path.as_deref() {
        Some(path) if !path.is_dir() => {
            let mut library = fleet::load_library(&session.settings)?;
            let findings = match library.add_plan_file(path) {
                Ok(file) => only_of(&file, library.check_plans()),
                Err(error) => vec![Finding::from(&error)],
            };
            (library, findings)
        }
        dir => {
            let (library, errors) = examined(dir, session)?;
            let mut findings: Vec<Finding> = errors.iter().map(Finding::from).collect();
            findings.extend(library.check());
            (library, findings)
        }
    };
    tell(&library, &findings, session.output)
}

fn only_of(file: &str, findings: Vec<Finding>) -> Vec<Finding> {
    findings.into_iter().filter(|finding| finding.file == file).collect()
}

fn tell(library: &Library, findings: &[Finding], output: Output) -> anyhow::Result<()> {
    if output.is_json() {
        output.list(findings, &[], |_| Vec::new())?;
    } else {
        for finding in findings {
            output.text(&finding.to_string())?;
        }
    }
    if findings.iter().any(Finding::is_error) {
        return Err(Refused.into());
    }
    if !output.is_json() && findings.is_empty() {
        let (plans, templates) = (library.plans().count(), library.templates().count());
        output.text(&format!("{plans} plans and {templates} templates: nothing is wrong"))?;
    }
    Ok(())
}
