//! The rules of the house, as tests: who may depend on whom, what a file looks like, and that SQL,
//! code and documents use the same words.
//!
//! A rule is a function from what it looks at to its findings. Beside each rule a test plants
//! something that breaks it, so that a rule that sees nothing is noticed.

mod crates;
mod deploy;
mod documents;
mod names;
mod rights;
mod schema;
mod sources;
mod tree;

use std::fmt;

use tree::File;

/// A place that breaks a rule, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    file: String,
    /// From 1; 0 when the whole file is meant.
    line: usize,
    rule: &'static str,
    remedy: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, rule, remedy } = self;
        match line {
            0 => write!(f, "{file}: {rule}: {remedy}"),
            line => write!(f, "{file}:{line}: {rule}: {remedy}"),
        }
    }
}

fn finding(file: &str, line: usize, rule: &'static str, remedy: impl Into<String>) -> Finding {
    Finding { file: file.to_owned(), line, rule, remedy: remedy.into() }
}

/// Fails with every finding, one per line.
#[track_caller]
fn refuse(findings: impl IntoIterator<Item = Finding>) {
    let findings: Vec<String> = findings.into_iter().map(|found| found.to_string()).collect();
    assert!(findings.is_empty(), "the rules of the house:\n  {}\n", findings.join("\n  "));
}

/// Fails unless `rule` finds something in a planted file at exactly these lines.
#[track_caller]
fn sees(rule: fn(&File) -> Vec<Finding>, path: &str, text: &str, lines: &[usize]) {
    let found = rule(&File { path: path.to_owned(), text: text.to_owned() });
    let at: Vec<usize> = found.iter().map(|found| found.line).collect();
    assert_eq!(at, lines, "{path}: {found:?}");
}

#[test]
fn a_finding_says_where_what_and_what_to_do() {
    let found = finding("shared/domain/src/gate.rs", 7, "no unwrap", "return an error");
    assert_eq!(found.to_string(), "shared/domain/src/gate.rs:7: no unwrap: return an error");
    let whole = finding("README.md", 0, "exists", "write it");
    assert_eq!(whole.to_string(), "README.md: exists: write it");
}
