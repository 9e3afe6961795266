//! One line of a change list, whose columns are configuration: no published description of their
//! order was found (compliance.md CALL-08). What does not fit the layout is refused, and a full list
//! is loaded instead.

use std::str::FromStr;

use super::line::us_number_of;
use super::{Registry, RegistryNumber, number_in_line};

/// What a line of a change list does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The number is on the registry now.
    Add(RegistryNumber),
    /// The number is not on the registry any more.
    Delete(RegistryNumber),
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Area,
    Number,
    Action,
    Ignored,
}

/// Which column of a change list holds what, and the words for additions and deletions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeLayout {
    columns: Vec<Column>,
    added: String,
    deleted: String,
}

/// Why a layout cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// A column nobody knows.
    #[error("\"{0}\" is no column; columns are area_code, number, action=ADDED/DELETED and -")]
    UnknownColumn(String),
    /// A column that a layout needs once.
    #[error("the layout needs the column {0} exactly once")]
    NotOnce(&'static str),
    /// Words for the action that cannot be told apart.
    #[error("write the action as action=ADDED/DELETED, with two different words, e.g. action=A/D")]
    Action,
}

/// A line that does not fit the layout; it is not repeated, a list is confidential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "line {line} of the change list does not fit the columns: {why}. Nothing was changed; correct \
     the columns, or load a full list"
)]
pub struct MalformedChange {
    /// The line, from 1.
    pub line: u64,
    /// What does not fit.
    pub why: &'static str,
}

impl FromStr for ChangeLayout {
    type Err = LayoutError;

    /// Comma-separated columns in their order: `area_code`, `number`, `action=ADDED/DELETED` and
    /// `-` for one that is ignored. Without `area_code`, `number` holds the area code, too.
    fn from_str(text: &str) -> Result<Self, LayoutError> {
        let mut columns = Vec::new();
        let mut words = None;
        for column in text.split(',').map(str::trim) {
            columns.push(match column.split_once('=') {
                Some(("action", both)) => {
                    words = both.split_once('/').map(|(a, d)| (a.trim(), d.trim()));
                    Column::Action
                }
                None if column == "area_code" => Column::Area,
                None if column == "number" => Column::Number,
                None if column == "-" => Column::Ignored,
                _ => return Err(LayoutError::UnknownColumn(column.to_owned())),
            });
        }
        let times = |what: Column| columns.iter().filter(|column| **column == what).count();
        for (what, name) in [(Column::Number, "number"), (Column::Action, "action=ADDED/DELETED")] {
            if times(what) != 1 {
                return Err(LayoutError::NotOnce(name));
            }
        }
        if times(Column::Area) > 1 {
            return Err(LayoutError::NotOnce("area_code"));
        }
        let (added, deleted) = words.ok_or(LayoutError::Action)?;
        if added.is_empty() || deleted.is_empty() || added.eq_ignore_ascii_case(deleted) {
            return Err(LayoutError::Action);
        }
        Ok(Self { columns, added: added.to_owned(), deleted: deleted.to_owned() })
    }
}

impl ChangeLayout {
    /// What line number `line` does, or nothing when it is blank.
    ///
    /// # Errors
    /// When it has other columns, another word for the action, or no number of the registry.
    pub fn change(
        &self,
        registry: Registry,
        line: u64,
        bytes: &[u8],
    ) -> Result<Option<Change>, MalformedChange> {
        let refused = |why| MalformedChange { line, why };
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii();
        if bytes.is_empty() {
            return Ok(None);
        }
        let fields: Vec<&[u8]> = bytes.split(|byte| *byte == b',').map(unquoted).collect();
        if fields.len() != self.columns.len() {
            return Err(refused("it has another number of columns"));
        }
        let field = |what: Column| {
            let at = self.columns.iter().position(|column| *column == what)?;
            Some(fields[at])
        };
        let number = field(Column::Number).unwrap_or_default();
        let number = match (registry, field(Column::Area)) {
            (Registry::UsNational, Some(area)) => us_number_of(area, Some(number)).ok(),
            (_, None) => number_in_line(registry, number).ok().flatten(),
            (Registry::AeDncr, Some(_)) => None,
        };
        let number = number.ok_or_else(|| refused("there is no number of this registry"))?;
        let action = field(Column::Action).unwrap_or_default();
        if action.eq_ignore_ascii_case(self.added.as_bytes()) {
            Ok(Some(Change::Add(number)))
        } else if action.eq_ignore_ascii_case(self.deleted.as_bytes()) {
            Ok(Some(Change::Delete(number)))
        } else {
            Err(refused("the action is neither of the two words"))
        }
    }
}

fn unquoted(field: &[u8]) -> &[u8] {
    let field = field.trim_ascii();
    let inner = field.strip_prefix(b"\"").and_then(|field| field.strip_suffix(b"\""));
    inner.unwrap_or(field).trim_ascii()
}
