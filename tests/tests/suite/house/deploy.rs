//! What `deploy/` names exists: metrics, queues, settings, services; and every alert has its section in
//! the runbook and is fired by a test. What renders and runs is `make deploy-test`'s.

use std::collections::BTreeSet;

use domain::Medium;
use messages::topology::{Names, Route};

use super::documents::has_real_settings;
use super::names::metrics;
use super::tree::{File, file, files, root};
use super::{Finding, finding, refuse, sees};

const ALERTS: &str = "deploy/alerts.yaml";
const ALERT_TESTS: &str = "deploy/test/alerts.test.yaml";
const RUNBOOK: &str = "docs/runbook.md";

/// What Prometheus appends to the name of a histogram.
const OF_HISTOGRAMS: &[&str] = &["_bucket", "_count", "_sum"];

fn deployed() -> impl Iterator<Item = &'static File> {
    files().iter().filter(|file| file.path.starts_with("deploy/"))
}

/// The metrics a line names, as they are called in the code.
fn metrics_in(line: &str) -> Vec<String> {
    let words = line.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
    let named = words.filter(|word| word.starts_with("touchline_") && !is_role(word));
    let bare = named.map(|word| {
        let of_histogram = OF_HISTOGRAMS.iter().find_map(|suffix| word.strip_suffix(suffix));
        of_histogram.unwrap_or(word).to_owned()
    });
    bare.collect()
}

/// Roles of the database are called like metrics.
fn is_role(word: &str) -> bool {
    let of = |file: &File| file.path.starts_with("migrations/") && file.text.contains(word);
    files().iter().any(of)
}

fn names_real_metrics(file: &File) -> Vec<Finding> {
    let known = metrics();
    let mut found = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        for name in metrics_in(line).into_iter().filter(|name| !known.contains_key(name)) {
            let remedy = format!("nothing writes {name}");
            let rule = "a metric of a dashboard or alert exists";
            found.push(finding(&file.path, number + 1, rule, remedy));
        }
    }
    found
}

fn names_real_queues(file: &File) -> Vec<Finding> {
    let names = Names::new("");
    let known: BTreeSet<String> = Route::all().map(|route| names.queue(route)).collect();
    let queues = file.text.lines().enumerate().filter_map(|(number, line)| {
        Some((number, line.trim().strip_prefix("queueName: ")?.trim()))
    });
    let unknown = queues.filter(|(_, queue)| !known.contains(*queue));
    let rule = "a queue that is scaled on exists";
    unknown
        .map(|(n, queue)| finding(&file.path, n + 1, rule, format!("{queue} does not")))
        .collect()
}

/// What stands after `mark` on the lines that begin with it.
fn marked<'a>(text: &'a str, mark: &str) -> Vec<(usize, &'a str)> {
    let lines = text.lines().enumerate();
    lines.filter_map(|(n, line)| Some((n + 1, line.trim().strip_prefix(mark)?.trim()))).collect()
}

fn has_tested_and_explained_alerts(alerts: &File) -> Vec<Finding> {
    let tested = marked(&file(ALERT_TESTS).text, "- name: ");
    let explained = marked(&file(RUNBOOK).text, "### ");
    let mut found = Vec::new();
    for (line, alert) in marked(&alerts.text, "- alert: ") {
        let mut missing = |is_missing: bool, remedy: String| {
            if is_missing {
                found.push(finding(&alerts.path, line, "an alert is fired and explained", remedy));
            }
        };
        for kind in ["fires", "is quiet"] {
            let name = format!("{alert} {kind}");
            let is_there = tested.iter().any(|(_, test)| *test == name);
            missing(!is_there, format!("{ALERT_TESTS} has no \"{name}\""));
        }
        let is_there = explained.iter().any(|(_, section)| *section == alert);
        missing(!is_there, format!("{RUNBOOK} has no section {alert}"));
    }
    found
}

/// The services that run; the command line is a tool.
fn services() -> Vec<String> {
    let folders = std::fs::read_dir(root().join("services")).unwrap();
    let names = folders.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| name != "touchline").collect();
    names.sort();
    names
}

/// Where a service has to stand, in the words of that place.
fn lacks_a_service(file: &File) -> Vec<Finding> {
    let rule = "every service is deployed";
    let absent = services().into_iter().filter(|service| {
        let login = service.replace('-', "_");
        let words = file.text.split(|c: char| !(c.is_alphanumeric() || c == '-' || c == '_'));
        !words.into_iter().any(|word| word == service || word == login)
    });
    absent.map(|service| finding(&file.path, 0, rule, format!("add {service}"))).collect()
}

#[test]
fn dashboards_and_alerts_name_metrics_that_exist() {
    refuse(deployed().filter(|file| !file.path.ends_with(".sh")).flat_map(names_real_metrics));
    let text = "expr: rate(touchline_touches_total[5m]) > touchline_wishes_total\n\
                touchline_lateness_seconds_bucket touchline_email_worker\n\"touchline_in_hands\"\n";
    sees(names_real_metrics, "deploy/a.yaml", text, &[1, 3]);
}

#[test]
fn settings_of_the_deployment_exist() {
    refuse(deployed().flat_map(has_real_settings));
}

#[test]
fn autoscaling_looks_at_queues_that_exist() {
    refuse(deployed().flat_map(names_real_queues));
    let text = "queueName: touch.email.hi.v1\nqueueName: touch.fax.hi.v1\n";
    sees(names_real_queues, "deploy/a.yaml", text, &[2]);
    let kubernetes = deployed().filter(|file| file.path.starts_with("deploy/kubernetes/"));
    let scaled: Vec<&str> = kubernetes
        .flat_map(|file| marked(&file.text, "queueName: "))
        .map(|(_, name)| name)
        .collect();
    for medium in Medium::ALL {
        let is_scaled = scaled.iter().any(|name| name.starts_with(&format!("touch.{medium}.")));
        assert!(is_scaled, "no autoscaling looks at the queues of {medium}");
    }
}

#[test]
fn every_alert_is_fired_by_a_test_and_explained_in_the_runbook() {
    refuse(has_tested_and_explained_alerts(file(ALERTS)));
    sees(has_tested_and_explained_alerts, ALERTS, "  - alert: TouchlineAsleep\n", &[1, 1, 1]);
    let alerts = marked(&file(ALERTS).text, "- alert: ");
    let stray = marked(&file(RUNBOOK).text, "### ")
        .into_iter()
        .filter(|(_, section)| !alerts.iter().any(|(_, alert)| alert == section));
    let rule = "the runbook explains alerts there are";
    refuse(stray.map(|(line, section)| finding(RUNBOOK, line, rule, format!("{section} is none"))));
}

#[test]
fn every_service_is_deployed_and_watched() {
    let places =
        ["compose.yaml", "make-secrets.sh", "postgres/logins.sh", "prometheus/prometheus.yml"];
    refuse(places.iter().flat_map(|place| lacks_a_service(file(&format!("deploy/{place}")))));
    let text = "scheduler email-worker sms_worker call-worker inbound-proxy console\n";
    let found = lacks_a_service(&File { path: "deploy/a.yaml".to_owned(), text: text.to_owned() });
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn the_image_is_built_by_a_rust_that_is_new_enough() {
    let image = std::fs::read_to_string(root().join("deploy/Dockerfile")).unwrap();
    let manifest: toml::Table = toml::from_str(&file("Cargo.toml").text).unwrap();
    let wanted = manifest["workspace"]["package"]["rust-version"].as_str().unwrap();
    let froms = marked(&image, "FROM rust:");
    assert!(!froms.is_empty());
    for (line, from) in froms {
        let version = from.split('-').next().unwrap();
        assert_eq!(version, wanted, "deploy/Dockerfile:{line}");
    }
}

#[test]
fn dashboards_are_documents_grafana_reads() {
    let boards: Vec<&File> =
        deployed().filter(|file| file.path.starts_with("deploy/grafana/dashboards/")).collect();
    assert_eq!(boards.len(), 3);
    for board in boards {
        let content: serde_json::Value = serde_json::from_str(&board.text).unwrap();
        let panels = content["panels"].as_array().unwrap();
        let ids: BTreeSet<i64> = panels.iter().map(|panel| panel["id"].as_i64().unwrap()).collect();
        assert_eq!(ids.len(), panels.len(), "{}: a panel's id is its own", board.path);
        let asks = |panel: &serde_json::Value| panel["targets"][0]["expr"].is_string();
        assert!(panels.iter().all(asks), "{}: a panel shows something", board.path);
    }
}
