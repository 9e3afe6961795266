//! Documents do not lie: what they name exists.

use domain::failpoint::POINTS;

use super::names::metrics;
use super::tree::{File, file, files, files_of, root};
use super::{Finding, finding, refuse, sees};

/// Where the commands of the command line are declared.
const COMMANDS: &str = "services/touchline/src/commands/";

/// The documents whose commands, paths and settings are checked.
fn documents() -> impl Iterator<Item = &'static File> {
    files_of("md")
}

/// The lines inside fenced blocks.
fn blocks(file: &File) -> Vec<(usize, &str)> {
    let mut inside = false;
    let mut lines = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
        } else if inside {
            lines.push((number + 1, line));
        }
    }
    lines
}

/// The commands a document shows: lines of its blocks, and what stands in backticks.
fn commands(file: &File) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        let quoted = line.split('`').skip(1).step_by(2).map(str::to_owned);
        found.extend(quoted.map(|command| (number + 1, command)));
    }
    let shown = blocks(file).into_iter().map(|(number, line)| (number, line.to_owned()));
    found.extend(shown);
    found
        .into_iter()
        .map(|(line, text)| (line, text.trim().trim_start_matches("$ ").to_owned()))
        .filter(|(_, text)| {
            let rest = text.strip_prefix("touchline ").or_else(|| text.strip_prefix("make "));
            // Prose and drawings may begin with the same word.
            rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '-'))
        })
        .collect()
}

fn has_real_commands(file: &File) -> Vec<Finding> {
    let mut found = Vec::new();
    for (line, text) in commands(file) {
        let words = text.split('#').next().unwrap_or_default();
        let words: Vec<&str> = words.split_whitespace().collect();
        let wrong = if words[0] == "make" { wrong_target(&words) } else { wrong_command(&words) };
        found.extend(wrong.map(|wrong| {
            finding(
                &file.path,
                line,
                "a command in a document exists",
                format!("`{text}`: {wrong}"),
            )
        }));
    }
    found
}

fn wrong_target(words: &[&str]) -> Option<String> {
    let target = words.get(1)?;
    let makefile = &file("Makefile").text;
    let known = makefile.lines().any(|line| line.starts_with(&format!("{target}:")));
    (!known).then(|| format!("the Makefile has no target {target}"))
}

/// What is wrong with `touchline …`: an unknown command, subcommand or option.
fn wrong_command(words: &[&str]) -> Option<String> {
    let mut names = words[1..].iter().filter(|word| !word.starts_with(['-', '[', '<', '…', '/']));
    // The value of a global option is no command.
    let names: Vec<&str> = match words.get(1) {
        Some(&"--data-dir" | &"--config") => names.skip(1).copied().collect(),
        _ => names.by_ref().copied().collect(),
    };
    let unknown_option = words.iter().filter_map(|word| word.strip_prefix("--")).find(|option| {
        let field = format!("{}:", option.replace('-', "_"));
        let is_known = |file: &&File| file.text.contains(&field);
        !["version", "help"].contains(option)
            && !files()
                .iter()
                .filter(|file| file.path.starts_with("services/touchline/"))
                .any(|f| is_known(&f))
    });
    if let Some(option) = unknown_option {
        return Some(format!("no command has the option --{option}"));
    }
    let command = names.first()?;
    if !declares(&file(&format!("{COMMANDS}mod.rs")).text, command) {
        return Some(format!("there is no command {command}"));
    }
    let family = [format!("{COMMANDS}{command}/mod.rs"), format!("{COMMANDS}{command}.rs")];
    let family = files().iter().find(|file| family.contains(&file.path))?;
    let (true, Some(sub)) = (family.text.contains("Subcommand"), names.get(1)) else { return None };
    (!declares(&family.text, sub)).then(|| format!("{command} has no subcommand {sub}"))
}

/// Whether an enum of commands has a variant for the word.
fn declares(source: &str, word: &str) -> bool {
    let camel: String = word.split('-').map(|part| part[..1].to_uppercase() + &part[1..]).collect();
    source.lines().map(str::trim_start).any(|line| {
        line.strip_prefix(camel.as_str()).is_some_and(|rest| rest.starts_with(['(', ',', ' ']))
    })
}

/// Settings named as `TOUCHLINE__SECTION__KEY` exist in the document of defaults.
pub fn has_real_settings(file: &File) -> Vec<Finding> {
    let defaults: toml::Table =
        toml::from_str(&super::tree::file("shared/bootstrap/config.default.toml").text).unwrap();
    let mut found = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        for (at, mark) in line.match_indices("TOUCHLINE__") {
            let name: String = line[at + mark.len()..]
                .chars()
                .take_while(|letter| letter.is_ascii_uppercase() || *letter == '_')
                .collect();
            let Some((section, key)) = name.split_once("__") else { continue };
            let (section, key) = (section.to_lowercase(), key.to_lowercase());
            let declared = |key: &str| {
                defaults.get(&section).is_some_and(|section| section.get(key).is_some())
            };
            // `…_FILE` names the file with the value.
            let known = section == "section"
                || declared(&key)
                || key.strip_suffix("_file").is_some_and(declared);
            if !known {
                let remedy = format!("config.default.toml has no {section}.{key}");
                found.push(finding(
                    &file.path,
                    number + 1,
                    "a setting in a document exists",
                    remedy,
                ));
            }
        }
    }
    found
}

/// Paths in links and in backticks exist.
fn has_real_paths(file: &File) -> Vec<Finding> {
    let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut found = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        let linked = line.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
        let linked = linked.filter(|path| !path.is_empty() && !path.contains("://"));
        let quoted = line.split('`').skip(1).step_by(2).filter(|text| is_path(text));
        for path in linked.chain(quoted) {
            let exists = root().join(folder).join(path).exists() || root().join(path).exists();
            if !exists {
                let remedy = format!("{path} does not; say where it is now");
                found.push(finding(&file.path, number + 1, "a path in a document exists", remedy));
            }
        }
    }
    found
}

/// Whether a quoted text is a path of the repository rather than code or a pattern.
fn is_path(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte));
    let known = ["shared/", "services/", "migrations/", "tests/", "deploy/", "scripts/", "docs/"];
    plain && known.iter().any(|folder| text.starts_with(folder))
}

#[test]
fn commands_in_documents_exist() {
    refuse(documents().flat_map(has_real_commands));
    let text = "`touchline contacts import a.csv`\n```\ntouchline fly\n$ make coffee\n```\n\
                `touchline plans burn` `touchline up --demo`\n`touchline up --turbo`\n";
    sees(has_real_commands, "README.md", text, &[6, 7, 3, 4]);
}

#[test]
fn settings_in_documents_exist() {
    refuse(documents().flat_map(has_real_settings));
    let text = "TOUCHLINE__DATABASE__URL\nTOUCHLINE__SECTION__KEY\nTOUCHLINE__DATABASE__COLOUR=x\n\
                TOUCHLINE__DATABASE__URL_FILE\nTOUCHLINE__DATABASE__COLOUR_FILE\n";
    sees(has_real_settings, "README.md", text, &[3, 5]);
}

#[test]
fn paths_in_documents_exist() {
    refuse(documents().flat_map(has_real_paths));
    let text = "[a](README.md)\n[b](nowhere.md)\n`shared/domain/src/gate.rs`\n\
                `shared/domain/src/door.rs`\n";
    sees(has_real_paths, "ARCHITECTURE.md", text, &[2, 4]);
}

#[test]
fn the_table_of_crash_windows_names_every_failpoint() {
    let text = &file("ARCHITECTURE.md").text;
    let rule = "every failpoint stands beside its crash window";
    let missing = POINTS.iter().filter(|point| !text.contains(&format!("`{point}`")));
    refuse(missing.map(|point| finding("ARCHITECTURE.md", 0, rule, format!("add `{point}`"))));
}

#[test]
fn the_table_of_metrics_names_every_metric() {
    let text = &file("ARCHITECTURE.md").text;
    let rule = "every metric stands in the table of metrics";
    let missing = metrics().into_iter().filter(|(name, _)| !text.contains(&format!("`{name}`")));
    refuse(missing.map(|(name, (path, line))| {
        finding(path, line, rule, format!("add `{name}` to ARCHITECTURE.md"))
    }));
}

#[test]
fn every_crate_stands_on_the_map() {
    let text = &file("ARCHITECTURE.md").text;
    let rule = "every crate stands on the code map";
    let manifests = files_of("toml")
        .filter(|file| file.path.ends_with("/Cargo.toml") && file.path.matches('/').count() == 2);
    refuse(manifests.filter_map(|manifest| {
        let folder = manifest.path.trim_end_matches("/Cargo.toml");
        let missing = !text.contains(&format!("`{folder}`"));
        missing.then(|| finding("ARCHITECTURE.md", 0, rule, format!("say what `{folder}` is for")))
    }));
}
