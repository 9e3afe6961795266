//! `touchline templates check`.

use std::path::PathBuf;

use domain::Locale;
use library::Finding;
use serde::Serialize;
use templates::{Problem, ProblemCode, Severity};

use super::examined;
use crate::connect::Session;
use crate::error::Refused;

/// What to check.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A folder with templates/; it stands on top of the built-in library.
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// One problem; of a template, or of a file that cannot be read as one.
#[derive(Serialize)]
struct Row {
    template: Option<String>,
    file: Option<String>,
    severity: Severity,
    code: Option<ProblemCode>,
    locale: Option<Locale>,
    part: Option<String>,
    line: Option<usize>,
    column: Option<usize>,
    message: String,
    #[serde(skip)]
    in_words: String,
}

/// Runs the command.
///
/// # Errors
/// When a template must not be used, or the folder cannot be read.
pub fn run(arguments: &Arguments, session: &Session) -> anyhow::Result<()> {
    let (library, errors) = examined(arguments.dir.as_deref(), session)?;
    let mut rows: Vec<Row> = errors.iter().map(|error| unread(Finding::from(error))).collect();
    for source in library.templates() {
        let problems = templates::check(source, library.partials());
        rows.extend(problems.into_iter().map(|problem| row(&source.key, problem)));
    }
    let output = session.output;
    if output.is_json() {
        output.list(&rows, &[], |_| Vec::new())?;
    } else {
        for row in &rows {
            output.text(&row.in_words)?;
        }
    }
    if rows.iter().any(|row| row.severity == Severity::Error) {
        return Err(Refused.into());
    }
    if rows.is_empty() && !output.is_json() {
        output.text(&format!("{} templates: nothing is wrong", library.templates().count()))?;
    }
    Ok(())
}

fn row(template: &str, problem: Problem) -> Row {
    Row {
        in_words: format!("{template}: {problem}"),
        template: Some(template.to_owned()),
        file: None,
        severity: problem.severity,
        code: Some(problem.code),
        locale: problem.locale,
        part: (!problem.part.is_empty()).then_some(problem.part),
        line: problem.line,
        column: problem.column,
        message: problem.said.into(),
    }
}

fn unread(finding: Finding) -> Row {
    Row {
        in_words: finding.to_string(),
        template: None,
        file: Some(finding.file),
        severity: finding.severity,
        code: None,
        locale: None,
        part: None,
        line: finding.line,
        column: None,
        message: finding.message,
    }
}
