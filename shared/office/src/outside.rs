//! The reading of files that people bring, without the commands around it: what the fuzz targets
//! call. No other crate has a use for it.

use crate::addresses::Named;

use crate::intake::columns::{Mapping, Unknown};
use crate::intake::contact::Reading;
use crate::intake::encoding;
use crate::intake::rejects;
use crate::intake::rows::Rows;

/// A file of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The file as UTF-8.
    pub text: String,
    /// The name of its encoding.
    pub encoding: &'static str,
    /// Per row the line it begins on, its fields, and whether it is broken.
    pub rows: Vec<(u64, Vec<String>, bool)>,
}

/// The rows of a file whose encoding and delimiter are told from its bytes.
#[must_use]
pub fn table(bytes: &[u8]) -> Table {
    let (text, encoding) = encoding::text(bytes);
    let mut rows = Rows::new(text.as_bytes(), ',');
    let mut all = Vec::new();
    if rows.find_delimiter().is_ok() {
        while let Ok(Some(row)) = rows.next_row() {
            if all.is_empty() {
                rows.expect_width(row.fields.len());
            }
            all.push((row.line, row.fields, row.broken.is_some()));
        }
    }
    Table { text, encoding, rows: all }
}

/// Kind and normalised form of the addresses of the contact that a row below such a header
/// describes; why it describes none.
///
/// # Errors
/// For people: what of the header or the row cannot be used.
pub fn contact(
    header: &[String],
    fields: &[String],
) -> Result<Vec<(&'static str, String)>, String> {
    let mapping = Mapping::default();
    let columns = mapping.columns(header, Unknown::Custom).map_err(|why| {
        let words = why.iter().map(|why| why.in_words(domain::Locale::En));
        words.collect::<Vec<_>>().join("\n")
    })?;
    let region = "AE".to_owned();
    let reading = Reading { columns, mapping, region, dates: None, keep_bad_addresses: false };
    let (contact, _) = reading.contact(fields)?;
    let addresses = contact.addresses.into_iter();
    Ok(addresses.map(|address| (address.kind.as_str(), address.normalised)).collect())
}

/// The form in which the list knows what stands in a field; `None` if it is no address.
#[must_use]
pub fn listed(field: &str) -> Option<String> {
    match Named::parse(field, None, "AE").ok()? {
        Named::Address(address) => Some(address.normalised),
        Named::Domain(domain) => Some(format!("@{domain}")),
        Named::Person(contact) => Some(contact.to_string()),
    }
}

/// A field as it is written into files for spreadsheets.
#[must_use]
pub fn neutral(field: &str) -> String {
    rejects::neutral(field)
}

/// A field as it was before [`neutral`].
#[must_use]
pub fn original(field: &str) -> &str {
    rejects::original(field)
}
