//! The document of the API: the copy in the repository is the one that is served, and it says of every
//! operation what it can answer.

use std::path::Path;

use domain::access::UserRole;
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

/// A component of the document, or what stands there itself; of what may be null, the other.
fn meant<'a>(schema: &'a Value, document: &'a Value) -> &'a Value {
    if let Some(all) = schema["oneOf"].as_array() {
        let one = all.iter().find(|one| one["type"] != "null").expect("it is not always null");
        return meant(one, document);
    }
    match schema["$ref"].as_str() {
        Some(name) => document.pointer(name.trim_start_matches('#')).expect("it is there"),
        None => schema,
    }
}

#[tokio::test]
async fn texts_longer_than_the_document_allows_are_refused() {
    let world = World::start().await;
    let roles = [UserRole::Marketer, UserRole::Compliance, UserRole::Agent];
    let mut program = world.program(&roles).await;
    let document = served().await;
    let mut tried = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let body = &operation["requestBody"]["content"]["application/json"]["schema"];
            let Some(fields) = meant(body, &document)["properties"].as_object() else { continue };
            let path = path.trim_start_matches("/api/v1");
            let path = path.replace(['{', '}'], "\u{1}");
            let parts = path.split('\u{1}').enumerate();
            let path: String = parts
                .map(|(n, part)| {
                    if n % 2 == 1 {
                        "01a00000-0000-7000-8000-000000000000".to_owned()
                    } else {
                        part.to_owned()
                    }
                })
                .collect();
            let mut whole = serde_json::Map::new();
            for name in meant(body, &document)["required"].as_array().into_iter().flatten() {
                let field = meant(&fields[name.as_str().unwrap()], &document);
                let value = field["enum"].get(0).cloned().unwrap_or_else(|| "x".into());
                whole.insert(name.as_str().unwrap().to_owned(), value);
            }
            for (name, field) in fields {
                let Some(most) = meant(field, &document)["maxLength"].as_u64() else { continue };
                let long = "é".repeat(usize::try_from(most).unwrap() + 1);
                let mut body = whole.clone();
                body.insert(name.clone(), long.into());
                let answer = program.send(&method.to_uppercase(), &path, &body.into()).await;
                let said = (answer.status, answer.json()["errors"][0]["name"].clone());
                assert_eq!(said, (422, name.as_str().into()), "{method} {path}: {answer:?}");
                tried += 1;
            }
        }
    }
    assert!(tried > 8, "{tried} fields");
    world.stop().await;
}
