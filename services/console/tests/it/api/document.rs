//! The document of the API: the copy in the repository is the one that is served, and it says of every
//! operation what it can answer.

use std::path::Path;

use serde_json::Value;

use crate::world::World;

/// Set to anything, it has the copy written anew.
const WRITE: &str = "TOUCHLINE_WRITE_OPENAPI";

async fn served() -> Value {
    let world = World::start().await;
    let answer = world.browser().ask("GET", "/api/v1/openapi.json", "", "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    world.stop().await;
    answer.json()
}

#[tokio::test]
async fn the_copy_in_the_repository_is_what_is_served() {
    let mut text = serde_json::to_string_pretty(&served().await).unwrap();
    text.push('\n');
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let copy = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        copy == text,
        "services/console/openapi.json is not what the console serves; write it anew with\n  \
         {WRITE}=1 cargo test -p console@0.1.0 --test it the_copy_in_the_repository"
    );
}

#[tokio::test]
async fn every_operation_says_what_it_needs_and_what_it_answers() {
    let document = served().await;
    assert_eq!(document["openapi"], "3.1.0");
    let mut operations = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            operations += 1;
            let at = format!("{method} {path}");
            for field in ["operationId", "summary", "tags"] {
                assert!(!operation[field].is_null(), "{at} has no {field}");
            }
            let answers = operation["responses"].as_object().unwrap();
            assert!(answers.keys().any(|status| status.starts_with('2')), "{at}: {answers:?}");
            let is_open = path.ends_with("/openapi.json");
            assert_eq!(operation["security"].is_null(), is_open, "{at}");
            for status in ["401", "403", "429"] {
                assert_eq!(answers.contains_key(status), !is_open, "{at}: {status}");
            }
            let has_parts = path.contains('{');
            assert_eq!(
                answers.contains_key("404"),
                has_parts
                    || at == "get /api/v1/tasks"
                    || at == "get /api/v1/contacts"
                    || at == "get /api/v1/suppressions",
                "{at}"
            );
            for status in ["500", "503"] {
                assert!(answers.contains_key(status), "{at}: {status}");
            }
            for (status, answer) in answers {
                assert!(!answer["headers"]["x-request-id"].is_null(), "{at} {status}");
                let kinds: Vec<&String> = answer["content"]
                    .as_object()
                    .map(|all| all.keys().collect())
                    .unwrap_or_default();
                let expected = if status.starts_with('2') {
                    "application/json"
                } else {
                    "application/problem+json"
                };
                assert_eq!(kinds, [expected], "{at} {status}");
            }
        }
    }
    assert!(operations >= 18, "{operations}");
}
