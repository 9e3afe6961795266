//! A dossier as a page for people.

use domain::Locale;
use serde_json::Value;
use storage::rights::Dossier;

use super::page::{Page, Section};
use super::words;

/// Endings of columns that hold numbers of ours, which say nothing to people.
const SILENT: &[&str] = &["_key", "_hash", "digest", "lockable", "_event", "topic_events"];

/// The page.
pub fn page(dossier: &Dossier, language: Locale) -> Page {
    titled(dossier, language, "title", "introduction")
}

/// The page of an evidence bundle.
pub fn evidence(dossier: &Dossier, language: Locale) -> Page {
    titled(dossier, language, "evidence_title", "evidence_introduction")
}

fn titled(dossier: &Dossier, language: Locale, title: &str, introduction: &str) -> Page {
    let sections = dossier.sections.iter().map(|section| Section {
        title: words::table(&section.table, language),
        records: section
            .rows
            .iter()
            .map(|row| record(&section.table, row, dossier, language))
            .filter(|record| !record.is_empty())
            .collect(),
    });
    Page {
        language,
        title: words::of(title, language).to_owned(),
        introduction: vec![words::of(introduction, language).to_owned()],
        sections: sections.filter(|section| !section.records.is_empty()).collect(),
    }
}

fn record(table: &str, row: &Value, dossier: &Dossier, language: Locale) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    if table == "touches" {
        let of = |enrolment: &&Value| enrolment["id"] == row["enrolment_id"];
        let plan = dossier.rows("enrolments").iter().find(of);
        let plan = plan.and_then(|enrolment| enrolment["plan_key"].as_str());
        fields.extend(plan.map(|plan| (words::column("plan_key", language), plan.to_owned())));
    }
    for (column, value) in row.as_object().into_iter().flatten() {
        if SILENT.iter().any(|ending| column.ends_with(ending)) {
            continue;
        }
        flatten(&words::column(column, language), value, language, &mut fields);
    }
    fields
}

/// A value as lines: what is inside of it gets a longer label.
fn flatten(label: &str, value: &Value, language: Locale, fields: &mut Vec<(String, String)>) {
    match value {
        Value::Object(inner) => {
            for (name, value) in inner {
                let label = format!("{label} – {}", words::column(name, language));
                flatten(&label, value, language, fields);
            }
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            for item in items {
                flatten(label, item, language, fields);
            }
        }
        Value::Bool(yes) => {
            let word = if *yes { "yes" } else { "no" };
            fields.push((label.to_owned(), words::of(word, language).to_owned()));
        }
        value => {
            let text = text(value);
            if !text.is_empty() {
                fields.push((label.to_owned(), text));
            }
        }
    }
}

/// A value in one line.
pub fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
