//! What the person gave us, and nothing we thought of it (compliance.md PRV-07).

use serde_json::{Map, Value};
use storage::rights::{Dossier, Section};

use super::readable::text;
use crate::intake::rejects::neutral;

/// Tables and columns with what a person tells about themselves.
const GIVEN: &[(&str, &[&str])] = &[
    (
        "contacts",
        &[
            "full_name",
            "first_name",
            "locale",
            "time_zone",
            "country",
            "state",
            "city",
            "area",
            "birthday",
            "spouse_birthday",
            "closing_date",
            "preferred_hours",
            "custom",
        ],
    ),
    ("addresses", &["kind", "label", "value"]),
    (
        "consents",
        &["id", "basis", "controller", "wording", "language", "act", "given_at", "source"],
    ),
    ("consent_uses", &["consent_id", "channel", "purpose"]),
    ("consent_withdrawals", &["channel", "purpose", "withdrawn_at"]),
];

/// The part of a dossier that the person gave us.
pub fn given(dossier: &Dossier) -> Dossier {
    let sections = GIVEN.iter().map(|(table, columns)| {
        let rows = dossier.rows(table).iter().filter(|row| row["kind"] != "person");
        let rows = rows.map(|row| {
            let fields = columns.iter().filter_map(|column| {
                let value = row.get(*column).filter(|value| !value.is_null())?;
                Some(((*column).to_owned(), value.clone()))
            });
            Value::Object(fields.collect::<Map<_, _>>())
        });
        Section { table: (*table).to_owned(), rows: rows.collect() }
    });
    let sections = sections.filter(|section| !section.rows.is_empty()).collect();
    Dossier { reading: dossier.reading, sections }
}

/// A line per field, in UTF-8 with the mark that spreadsheets look for; formulas are neutralised and
/// every field is quoted (SEC-14).
pub fn csv(dossier: &Dossier) -> String {
    let style = csv::QuoteStyle::Always;
    let mut writer = csv::WriterBuilder::new().quote_style(style).from_writer(Vec::new());
    let mut write = |record: [&str; 4]| {
        writer.write_record(record).expect("four fields, as in every record, go into memory");
    };
    write(["table", "record", "field", "value"]);
    for section in &dossier.sections {
        for (number, row) in section.rows.iter().enumerate() {
            let number = (number + 1).to_string();
            for (field, value) in row.as_object().into_iter().flatten() {
                let value = neutral(&text(value));
                write([&section.table, &number, &neutral(field), &value]);
            }
        }
    }
    let bytes = writer.into_inner().unwrap_or_default();
    format!("\u{feff}{}", String::from_utf8_lossy(&bytes))
}
