//! Settings from the environment: `TOUCHLINE__SECTION__KEY`, and `TOUCHLINE__SECTION__KEY_FILE`
//! for one whose value stands in a file, as secrets of containers do.

use std::ffi::OsString;
use std::path::Path;

use config::{Value, ValueKind};
use toml::de::DeValue;

use super::Layer;
use super::document::{Catalogue, Declared, Kind};
use super::error::Problem;
use super::redact::redacted;

const PREFIX: &str = "TOUCHLINE__";

/// What follows the name of a setting whose value stands in a file.
const IN_FILE: &str = "_file";

/// The variable that sets `key` (section and key): `email.from` → `TOUCHLINE__EMAIL__FROM`.
#[must_use]
pub fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_uppercase())
}

/// The values found in `variables` by section and key; what is wrong goes to `problems`.
pub(super) fn read(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
    catalogue: &Catalogue,
    problems: &mut Vec<Problem>,
) -> Layer {
    let mut layer = Layer::default();
    let mut files = Vec::new();
    for (name, raw) in variables {
        let name = name.to_string_lossy().into_owned();
        let Some(path) = name.strip_prefix(PREFIX) else {
            problems.extend(single_underscores(&name, catalogue));
            continue;
        };
        let path = path.to_lowercase();
        let (section, key) = path.split_once("__").unwrap_or((&path, ""));
        let Some(declared) = catalogue.find(section, key) else {
            let meant = key.strip_suffix(IN_FILE).and_then(|key| catalogue.find(section, key));
            if let Some(declared) = meant {
                files.push((declared, name, raw));
                continue;
            }
            let advice = catalogue.advice(section, key, variable);
            problems.push(Problem::UnknownName { place: String::new(), name, advice });
            continue;
        };
        match raw.into_string() {
            Ok(text) => set(&mut layer, declared, &text, &name, problems),
            Err(_) => problems.push(Problem::WrongValue {
                place: name,
                key: declared.key(),
                found: "not valid UTF-8".to_owned(),
                expected: "text in UTF-8".to_owned(),
            }),
        }
    }
    for (declared, name, path) in files.iter().filter(|(_, _, path)| !path.is_empty()) {
        if layer.says(declared) {
            let key = declared.key();
            let why = format!("{name} is set and {} as well; set one of them", variable(&key));
            problems.push(Problem::Invalid { key, why });
            continue;
        }
        match std::fs::read_to_string(path) {
            Ok(text) => set(&mut layer, declared, text.trim(), name, problems),
            Err(source) => problems.push(Problem::UnreadableValue {
                variable: name.clone(),
                path: Path::new(path).to_owned(),
                source,
            }),
        }
    }
    layer
}

/// Puts `text` into `layer` as the kind `declared` has; `place` is where it came from.
pub(super) fn set(
    layer: &mut Layer,
    declared: &Declared,
    text: &str,
    place: &str,
    problems: &mut Vec<Problem>,
) {
    // Compose files pass `${X:-}` as an empty variable: for anything but text it says nothing.
    if text.trim().is_empty() && declared.kind != Kind::Text {
        return;
    }
    match typed(declared.kind, text) {
        Some(kind) => layer.insert(declared, Value::new(Some(&place.to_owned()), kind)),
        None => problems.push(Problem::WrongValue {
            place: place.to_owned(),
            key: declared.key(),
            found: if declared.secret {
                "a value that is not shown".to_owned()
            } else {
                format!("{:?}", redacted(text))
            },
            expected: declared.kind.expected().to_owned(),
        }),
    }
}

/// `text` as a value of the declared kind. The kind decides and never the look of the text, so
/// that "00123" and "+971501234567" stay what they are.
fn typed(kind: Kind, text: &str) -> Option<ValueKind> {
    match kind {
        Kind::Text => Some(text.to_owned().into()),
        Kind::Switch => text.trim().to_lowercase().parse::<bool>().ok().map(Into::into),
        Kind::Integer => text.trim().parse::<i64>().ok().map(Into::into),
        Kind::Number => {
            text.trim().parse::<f64>().ok().filter(|number| number.is_finite()).map(Into::into)
        }
        Kind::Table | Kind::List => {
            DeValue::parse(text.trim()).ok().and_then(|value| kind.accept(value.get_ref()))
        }
    }
}

/// A variable that would be a setting if its underscores were doubled: almost surely meant so,
/// and silently ignoring it would send with a wrong setting.
fn single_underscores(name: &str, catalogue: &Catalogue) -> Option<Problem> {
    name.strip_prefix("TOUCHLINE_")?;
    let meant = catalogue
        .settings()
        .iter()
        .map(|declared| variable(&declared.key()))
        .find(|variable| variable.replace("__", "_") == name)?;
    Some(Problem::UnknownName {
        place: String::new(),
        name: name.to_owned(),
        advice: format!("did you mean {meant}, with two underscores?"),
    })
}
