//! Names that tests, dashboards and people search for: failpoints and metrics.

use std::collections::BTreeMap;

use domain::failpoint::POINTS;

use super::tree::{File, files, files_of};
use super::{Finding, finding, refuse, sees};

/// The module that declares the points.
const DECLARED: &str = "shared/domain/src/failpoint.rs";

/// Metrics that are not ours to name: Prometheus' conventions for processes.
const FOREIGN_METRICS: &[&str] = &["process_resident_memory_bytes", "process_start_time_seconds"];

/// The points a file passes, with their lines.
fn passed(file: &File) -> Vec<(usize, String)> {
    if file.path == DECLARED {
        return Vec::new();
    }
    let calls = file.code().filter_map(|(line, text)| {
        let name = text.split_once("failpoint::pass(\"")?.1.split('"').next()?;
        Some((line, name.to_owned()))
    });
    calls.collect()
}

fn undeclared_points(file: &File) -> Vec<Finding> {
    let unknown = passed(file).into_iter().filter(|(_, name)| !POINTS.contains(&name.as_str()));
    unknown
        .map(|(line, name)| {
            let remedy = format!("declare \"{name}\" in domain::failpoint::POINTS");
            finding(&file.path, line, "a failpoint has a name that can be armed", remedy)
        })
        .collect()
}

fn unpassed_points<'a>(files: impl Iterator<Item = &'a File>) -> Vec<Finding> {
    let passed: Vec<String> = files.flat_map(passed).map(|(_, name)| name).collect();
    let rule = "a failpoint that can be armed is passed";
    let idle = POINTS.iter().filter(|point| !passed.iter().any(|name| name == *point));
    idle.map(|point| {
        finding(DECLARED, 0, rule, format!("pass \"{point}\" in its window, or take it out"))
    })
    .collect()
}

/// The metrics a file writes, with their lines: literals in the macros, and the constants of a
/// `telemetry.rs`.
pub fn metrics_of(file: &File) -> Vec<(usize, String)> {
    let lines: Vec<(usize, &str)> = file.code().collect();
    let mut found = Vec::new();
    for (at, (number, text)) in lines.iter().enumerate() {
        let is_constant = file.path.ends_with("/telemetry.rs") && text.contains("&str = \"");
        let is_macro =
            ["counter!(", "gauge!(", "histogram!("].iter().any(|name| text.contains(name))
                && !text.contains("describe_");
        if !(is_constant || is_macro) {
            continue;
        }
        // rustfmt may put the name on the line after the macro's.
        let next = lines.get(at + 1).map_or("", |(_, next)| next.trim_start());
        let argument = if text.trim_end().ends_with("!(") { next } else { *text };
        let Some((before, rest)) = argument.split_once('"') else { continue };
        // `counter!(NAME, "label" => …)`: the first literal is a label.
        if is_macro && !(before.is_empty() || before.ends_with("!(")) {
            continue;
        }
        let Some(name) = rest.split('"').next() else { continue };
        if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            found.push((*number, name.to_owned()));
        }
    }
    found
}

/// Every metric, with one of the places that write it.
pub fn metrics() -> BTreeMap<String, (&'static str, usize)> {
    let mut all = BTreeMap::new();
    for file in files_of("rs").filter(|file| file.crate_name() != "tests") {
        for (line, name) in metrics_of(file) {
            all.entry(name).or_insert((file.path.as_str(), line));
        }
    }
    all
}

fn is_metric_well_named(file: &File) -> Vec<Finding> {
    if file.crate_name() == "tests" {
        return Vec::new();
    }
    let wrong = metrics_of(file).into_iter().filter(|(_, name)| {
        !name.starts_with("touchline_") && !FOREIGN_METRICS.contains(&name.as_str())
    });
    wrong
        .map(|(line, name)| {
            let remedy = format!("call it touchline_{name}");
            finding(&file.path, line, "a metric's name begins with touchline_", remedy)
        })
        .collect()
}

#[test]
fn every_failpoint_is_declared_and_passed() {
    refuse(files_of("rs").flat_map(undeclared_points));
    refuse(unpassed_points(files().iter()));
    let text = "fn a() {\n    domain::failpoint::pass(\"worker.asleep\");\n}\n";
    sees(undeclared_points, "shared/a/src/a.rs", text, &[2]);
    assert_eq!(unpassed_points(std::iter::empty()).len(), POINTS.len());
}

#[test]
fn every_metric_is_one_of_ours() {
    refuse(files_of("rs").flat_map(is_metric_well_named));
    let text = "fn a() {\n    counter!(\"sent_total\").increment(1);\n    \
                gauge!(NAME, \"label\" => 1);\n    \
                histogram!(\n        \"waits_seconds\",\n        \"a\" => 1\n    );\n}\n";
    sees(is_metric_well_named, "shared/a/src/a.rs", text, &[2, 4]);
    let constants =
        "pub const A: &str = \"a_total\";\npub const B: &str = \"touchline_b_total\";\n";
    sees(is_metric_well_named, "shared/a/src/telemetry.rs", constants, &[1]);
    assert!(metrics().contains_key("touchline_touches_total"));
}
