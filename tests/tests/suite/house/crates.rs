//! Who may depend on whom, and which foreign crate is fenced in where.

use std::process::Command;

use serde_json::Value;

use super::tree::root;
use super::{Finding, finding, refuse};

/// Who may depend on which crates of ours (ARCHITECTURE.md, "Dependency rules"). `tests` may depend
/// on all of them, `testkit` is for tests alone.
const MAY: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("trace", &[]),
    ("bootstrap", &["trace"]),
    ("embedded", &[]),
    ("messages", &["domain"]),
    ("templates", &["domain"]),
    ("pictures", &["domain"]),
    ("library", &["domain", "templates"]),
    ("broker", &["messages"]),
    ("storage", &["domain", "messages", "templates", "trace"]),
    ("worker", &["broker", "domain", "messages", "storage", "templates", "trace"]),
    ("fleet", &["bootstrap", "broker", "domain", "library", "storage", "worker"]),
    ("office", &["domain", "library", "storage", "templates", "worker"]),
    ("testkit", &["domain", "embedded", "storage", "templates"]),
    ("scheduler", &["bootstrap", "broker", "domain", "fleet", "messages", "storage", "trace"]),
    ("email-worker", MEDIUM_WORKER),
    ("sms-worker", MEDIUM_WORKER),
    ("call-worker", MEDIUM_WORKER),
    ("inbound", &["bootstrap", "domain", "embedded", "storage", "trace"]),
    (
        "console",
        &[
            "bootstrap",
            "domain",
            "fleet",
            "library",
            "office",
            "pictures",
            "storage",
            "templates",
            "worker",
        ],
    ),
    ("touchline", COMMAND_LINE),
    ("tests", &[]),
];

/// What the workers of the media need.
const MEDIUM_WORKER: &[&str] = &[
    "bootstrap",
    "broker",
    "domain",
    "fleet",
    "messages",
    "storage",
    "templates",
    "trace",
    "worker",
];

/// The one that composes services.
const COMMAND_LINE: &[&str] = &[
    "bootstrap",
    "broker",
    "call-worker",
    "console",
    "domain",
    "email-worker",
    "embedded",
    "fleet",
    "inbound",
    "library",
    "messages",
    "office",
    "scheduler",
    "sms-worker",
    "storage",
    "templates",
    "trace",
    "worker",
];

/// Foreign crates, and whose business they are: in production, and in tests besides.
const FENCES: &[(&str, &[&str], &[&str])] = &[
    ("sqlx", &["storage", "testkit", "tests"], &["embedded"]),
    ("lapin", &["broker"], &["testkit"]),
    ("lettre", &["email-worker"], &[]),
    // Bootstrap's is optional: the exporter of traces (feature `otlp`) posts with it. The console
    // delivers webhooks, and asks the identity provider.
    ("reqwest", &["sms-worker", "console", "bootstrap?"], &[]),
    ("config", &["bootstrap"], &[]),
    ("image", &["pictures"], &[]),
    // mail-auth is handed keys and asks nothing.
    ("hickory-resolver", &["touchline"], &[]),
];

/// One line of a Cargo.toml.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Edge {
    manifest: String,
    from: String,
    to: String,
    is_dev: bool,
    is_optional: bool,
}

/// Every dependency of every crate of ours.
fn edges() -> Vec<Edge> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo, which built this test, can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    packages.iter().flat_map(edges_of).collect()
}

fn edges_of(package: &Value) -> Vec<Edge> {
    let manifest = package["manifest_path"].as_str().unwrap();
    let manifest = manifest.strip_prefix(root().to_str().unwrap()).unwrap_or(manifest);
    let dependencies = package["dependencies"].as_array().unwrap().iter();
    dependencies
        .map(|dependency| Edge {
            manifest: manifest.trim_start_matches('/').to_owned(),
            from: package["name"].as_str().unwrap().to_owned(),
            to: dependency["name"].as_str().unwrap().to_owned(),
            is_dev: dependency["kind"] == "dev",
            is_optional: dependency["optional"] == true,
        })
        .collect()
}

fn is_ours(name: &str) -> bool {
    MAY.iter().any(|(ours, _)| *ours == name)
}

fn forbidden_edges(edges: &[Edge]) -> Vec<Finding> {
    let rule = "who may depend on whom";
    let mut found = Vec::new();
    for edge in edges.iter().filter(|edge| is_ours(&edge.to) && edge.from != "tests") {
        let allowed = MAY.iter().find(|(from, _)| *from == edge.from);
        let allowed = allowed.is_some_and(|(_, to)| to.contains(&edge.to.as_str()));
        // In tests a crate may use what it uses anyway, and testkit.
        let allowed = allowed || (edge.is_dev && edge.to == "testkit");
        if !allowed {
            let remedy = if edge.to == "testkit" {
                "testkit is for [dev-dependencies] alone".to_owned()
            } else {
                let Edge { from, to, .. } = edge;
                format!("{from} may not know {to}; hand in what it needs, or move the code")
            };
            found.push(finding(&edge.manifest, 0, rule, remedy));
        }
    }
    found
}

fn unknown_crates(edges: &[Edge]) -> Vec<Finding> {
    let unknown = edges.iter().filter(|edge| !is_ours(&edge.from));
    let mut found: Vec<Finding> = unknown
        .map(|edge| {
            let remedy = "say in ARCHITECTURE.md and in this test what it is for and may depend on";
            finding(&edge.manifest, 0, "a crate exists for a boundary", remedy)
        })
        .collect();
    found.dedup();
    found
}

fn broken_fences(edges: &[Edge]) -> Vec<Finding> {
    let mut found = Vec::new();
    for (foreign, inside, in_tests) in FENCES {
        for edge in edges.iter().filter(|edge| edge.to == *foreign) {
            let optional = format!("{}?", edge.from);
            let allowed = inside.contains(&edge.from.as_str())
                || (edge.is_optional && inside.contains(&optional.as_str()))
                || (edge.is_dev && in_tests.contains(&edge.from.as_str()));
            if !allowed {
                let remedy =
                    format!("{foreign} is the business of {}; call that", inside.join(" and "));
                found.push(finding(
                    &edge.manifest,
                    0,
                    "foreign crates stay in their fence",
                    remedy,
                ));
            }
        }
    }
    found
}

/// The lines of the table that nothing uses any more: a rule nobody needs hides the next mistake.
fn unused_permissions(edges: &[Edge]) -> Vec<Finding> {
    let mut found = Vec::new();
    for (from, allowed) in MAY {
        for to in *allowed {
            let used = edges.iter().any(|edge| edge.from == *from && edge.to == *to);
            // The three media's workers and the command line share lists.
            if !used
                && !std::ptr::eq(*allowed, MEDIUM_WORKER)
                && !std::ptr::eq(*allowed, COMMAND_LINE)
            {
                let remedy = format!("{from} does not depend on {to} any more; take it out");
                found.push(finding(
                    "tests/tests/suite/house/crates.rs",
                    0,
                    "the table is true",
                    remedy,
                ));
            }
        }
    }
    found
}

#[test]
fn crates_depend_only_on_what_they_may() {
    let edges = edges();
    assert!(edges.iter().any(|edge| edge.from == "worker" && edge.to == "storage"), "{edges:?}");
    refuse(forbidden_edges(&edges));
    refuse(unknown_crates(&edges));
    refuse(unused_permissions(&edges));
}

#[test]
fn foreign_crates_stay_in_their_fence() {
    refuse(broken_fences(&edges()));
}

fn planted(from: &str, to: &str, is_dev: bool, is_optional: bool) -> Vec<Edge> {
    let manifest = "services/a/Cargo.toml".to_owned();
    vec![Edge { manifest, from: from.to_owned(), to: to.to_owned(), is_dev, is_optional }]
}

#[test]
fn a_planted_edge_is_seen() {
    for (from, to, is_dev, sees) in [
        ("sms-worker", "email-worker", false, true),
        ("domain", "storage", false, true),
        ("domain", "storage", true, true),
        ("storage", "testkit", false, true),
        ("storage", "testkit", true, false),
        ("touchline", "email-worker", false, false),
        ("tests", "testkit", false, false),
    ] {
        let found = forbidden_edges(&planted(from, to, is_dev, false));
        assert_eq!(!found.is_empty(), sees, "{from} → {to}: {found:?}");
    }
    assert_eq!(unknown_crates(&planted("notifier", "domain", false, false)).len(), 1);
}

#[test]
fn a_planted_breach_of_a_fence_is_seen() {
    for (from, to, is_dev, is_optional, sees) in [
        ("worker", "sqlx", false, false, true),
        ("embedded", "sqlx", false, false, true),
        ("embedded", "sqlx", true, false, false),
        ("scheduler", "lapin", false, false, true),
        ("bootstrap", "reqwest", false, false, true),
        ("bootstrap", "reqwest", false, true, false),
        ("fleet", "config", false, false, true),
    ] {
        let found = broken_fences(&planted(from, to, is_dev, is_optional));
        assert_eq!(!found.is_empty(), sees, "{from} → {to}: {found:?}");
    }
}
