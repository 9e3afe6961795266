//! What a source file looks like.

use super::tree::{File, files, files_of, root_names};
use super::{Finding, finding, refuse, sees};

/// Production lines of one file.
const LONGEST_FILE: usize = 400;
/// Lines of a `main.rs`.
const LONGEST_MAIN: usize = 30;
/// Production lines of a service's `lib.rs`.
const LONGEST_SERVICE: usize = 150;

/// What stands at the root, and nothing else.
const ROOT: &[&str] = &[
    ".ci",
    ".dockerignore",
    ".gitignore",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "Makefile",
    "README.md",
    "clippy.toml",
    "deny.toml",
    "deploy",
    "docs",
    "fuzz",
    "migrations",
    "rustfmt.toml",
    "scripts",
    "services",
    "shared",
    "tests",
];

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] =
    &["common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"];

/// Marks of work that is not done, and tests that do not run. Written in halves, because this file
/// is read, too.
const LEFTOVERS: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
    concat!("db", "g!("),
    concat!("#[ig", "nore"),
];

fn begins_with_its_docs(file: &File) -> Vec<Finding> {
    if file.text.starts_with("//!") {
        return Vec::new();
    }
    vec![finding(&file.path, 1, "a file says what it is for", "begin it with a //! sentence")]
}

fn is_short(file: &File) -> Vec<Finding> {
    let lines = file.production().len();
    let longest = match file.path.split('/').collect::<Vec<_>>()[..] {
        [.., "src", "main.rs"] => LONGEST_MAIN,
        ["services", _, "src", "lib.rs"] => LONGEST_SERVICE,
        _ => LONGEST_FILE,
    };
    if lines <= longest {
        return Vec::new();
    }
    let remedy = format!("it has {lines} lines without its tests; split it by what it does");
    let rule = match longest {
        LONGEST_MAIN => "a main only wires: 30 lines",
        LONGEST_SERVICE => "a service's lib.rs only starts it: 150 lines",
        _ => "a file has at most 400 lines",
    };
    vec![finding(&file.path, 0, rule, remedy)]
}

fn does_not_unwrap(file: &File) -> Vec<Finding> {
    if file.crate_name() == "tests" {
        return Vec::new();
    }
    let remedy = "return the error, or `expect` with the reason why it cannot happen";
    lines_with(file, file.code(), ".unwrap()", "no unwrap outside tests", remedy)
}

fn speaks_no_sql(file: &File) -> Vec<Finding> {
    if ["storage", "testkit", "tests"].contains(&file.crate_name()) {
        return Vec::new();
    }
    let remedy = "write a function for it in `storage`";
    lines_with(file, file.code(), "sqlx::query", "all SQL is in storage", remedy)
}

fn is_finished(file: &File) -> Vec<Finding> {
    let lines: Vec<(usize, &str)> =
        file.text.lines().enumerate().map(|(n, line)| (n + 1, line)).collect();
    let remedy = "finish it, or write an issue and leave it out";
    let of = |mark: &&str| {
        lines_with(file, lines.iter().copied(), mark, "nothing unfinished is left behind", remedy)
    };
    LEFTOVERS.iter().flat_map(of).collect()
}

fn is_named_for_what_it_does(file: &File) -> Vec<Finding> {
    let rule = "a name says what is inside";
    let mut found = Vec::new();
    for part in file.path.trim_end_matches(".rs").split('/') {
        if part.split(['_', '-']).any(|word| EMPTY_NAMES.contains(&word)) {
            found.push(finding(&file.path, 0, rule, format!("\"{part}\" does not; rename it")));
        }
    }
    for (line, text) in file.production() {
        let text = text.trim_start().trim_start_matches("pub ").trim_start_matches("pub(crate) ");
        let Some(name) = text.strip_prefix("mod ") else { continue };
        let name = name.trim_end_matches([' ', '{', '}', ';']);
        if name.split('_').any(|word| EMPTY_NAMES.contains(&word)) {
            let remedy = format!("module \"{name}\" does not; rename it");
            found.push(finding(&file.path, line, rule, remedy));
        }
    }
    found
}

fn lines_with<'a>(
    file: &File,
    lines: impl Iterator<Item = (usize, &'a str)>,
    what: &str,
    rule: &'static str,
    remedy: &str,
) -> Vec<Finding> {
    lines
        .filter(|(_, line)| line.contains(what))
        .map(|(number, _)| finding(&file.path, number, rule, format!("{what}: {remedy}")))
        .collect()
}

fn root_findings(names: &[String]) -> Vec<Finding> {
    let rule = "the root holds exactly what DESIGN §3 draws";
    let new = names.iter().filter(|name| !ROOT.contains(&name.as_str()));
    let new = new.map(|name| finding(name, 0, rule, "move it into a folder it belongs to"));
    let gone = ROOT.iter().filter(|name| !names.iter().any(|found| found == *name));
    new.chain(gone.map(|name| finding(name, 0, rule, "it is missing; bring it back"))).collect()
}

#[test]
fn every_file_says_what_it_is_for() {
    refuse(files_of("rs").flat_map(begins_with_its_docs));
    sees(begins_with_its_docs, "shared/a/src/a.rs", "use b;\n", &[1]);
}

#[test]
fn no_file_is_long() {
    refuse(files_of("rs").flat_map(is_short));
    sees(is_short, "shared/a/src/a.rs", &"fn a() {}\n".repeat(401), &[0]);
    sees(is_short, "services/a/src/lib.rs", &"fn a() {}\n".repeat(151), &[0]);
    sees(is_short, "services/a/src/main.rs", &"fn a() {}\n".repeat(31), &[0]);
    let tests = format!("fn a() {{}}\n#[cfg(test)]\nmod tests {{\n{}}}\n", "    x;\n".repeat(500));
    sees(is_short, "shared/a/src/a.rs", &tests, &[]);
}

#[test]
fn production_code_does_not_unwrap() {
    refuse(files_of("rs").flat_map(does_not_unwrap));
    let text = "//! a.unwrap()\nfn a() {\n    b.unwrap();\n}\n\
                #[cfg(test)]\nmod tests {\n    c.unwrap();\n}\n";
    sees(does_not_unwrap, "shared/a/src/a.rs", text, &[3]);
}

#[test]
fn only_storage_speaks_sql() {
    refuse(files_of("rs").flat_map(speaks_no_sql));
    sees(speaks_no_sql, "services/a/src/a.rs", "fn a() {\n    sqlx::query(\"\");\n}\n", &[2]);
    sees(speaks_no_sql, "shared/storage/src/a.rs", "sqlx::query(\"\");\n", &[]);
}

#[test]
fn nothing_unfinished_is_left_behind() {
    refuse(files().iter().flat_map(is_finished));
    for mark in LEFTOVERS {
        sees(is_finished, "migrations/a.sql", &format!("-- a\n-- {mark}\n"), &[2]);
    }
}

#[test]
fn names_say_what_is_inside() {
    refuse(files_of("rs").flat_map(is_named_for_what_it_does));
    sees(is_named_for_what_it_does, "shared/a/src/db_utils.rs", "", &[0]);
    sees(is_named_for_what_it_does, "shared/common/src/lib.rs", "", &[0]);
    sees(is_named_for_what_it_does, "shared/a/src/a.rs", "//! A\npub mod helpers;\n", &[2]);
    sees(is_named_for_what_it_does, "shared/a/src/command.rs", "mod commands;\n", &[]);
}

#[test]
fn the_root_holds_what_the_design_draws() {
    refuse(root_findings(&root_names()));
    let mut names = root_names();
    names.push("notes.txt".to_owned());
    assert!(root_findings(&names).iter().any(|found| found.file == "notes.txt"));
    names.retain(|name| name != "LICENSE");
    assert!(root_findings(&names).iter().any(|found| found.file == "LICENSE"));
}
