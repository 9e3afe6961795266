//! The file of refused rows: line, reason, then the row as it was, so that it can be repaired and
//! imported again.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The columns in front of the row's own; an import passes over them.
pub const OWN_COLUMNS: [&str; 2] = ["rejected_line", "rejected_reason"];

/// Refused rows, written as they come. The file is made with the first of them.
pub struct Rejects {
    path: PathBuf,
    header: Vec<String>,
    writer: Option<csv::Writer<File>>,
    count: u64,
}

impl Rejects {
    /// Prepares the file at `path`. A file of an earlier run goes away at once, so that what is
    /// there is always of the last run.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn new(path: PathBuf) -> io::Result<Self> {
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        Ok(Self { path, header: Vec::new(), writer: None, count: 0 })
    }

    /// The usual place: beside the file, with `.rejects.csv` at the end.
    #[must_use]
    pub fn beside(file: &Path) -> PathBuf {
        file.with_extension("rejects.csv")
    }

    /// The columns of the rows to come.
    pub fn set_header(&mut self, header: &[String]) {
        self.header = header.to_vec();
    }

    /// Writes a row with the reason.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add(&mut self, line: u64, fields: &[String], reason: &str) -> io::Result<()> {
        self.count += 1;
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => {
                let mut file = File::create(&self.path)?;
                // The mark tells spreadsheets that Arabic letters are UTF-8.
                file.write_all("\u{feff}".as_bytes())?;
                let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(file);
                let header = OWN_COLUMNS.into_iter().map(str::to_owned);
                writer.write_record(header.chain(self.header.iter().map(|name| neutral(name))))?;
                self.writer.insert(writer)
            }
        };
        let own = [line.to_string(), reason.to_owned()];
        writer.write_record(own.into_iter().chain(fields.iter().map(|field| neutral(field))))?;
        Ok(())
    }

    /// Finishes the file; returns how many rows were refused, and where they are, if any.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish_shared(shared: Arc<Mutex<Self>>) -> io::Result<(u64, Option<PathBuf>)> {
        let mut rejects = shared.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut rejects.writer {
            Some(writer) => {
                writer.flush()?;
                Ok((rejects.count, Some(rejects.path.clone())))
            }
            None => Ok((rejects.count, None)),
        }
    }
}

/// The field as a spreadsheet shows it instead of computing it (compliance.md SEC-14). A phone
/// number keeps its "+". [`original`] is the way back.
#[must_use]
pub fn neutral(field: &str) -> String {
    let is_phone = field.strip_prefix('+').is_some_and(|rest| {
        !rest.is_empty() && rest.chars().all(|c| c.is_numeric() || " ()-.".contains(c))
    });
    if is_formula(field) && !is_phone { format!("'{field}") } else { field.to_owned() }
}

/// Whether a spreadsheet takes a field for a formula, as it is or without the marks before it.
fn is_formula(field: &str) -> bool {
    field.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// A field without the mark that [`neutral`] put there.
#[must_use]
pub fn original(field: &str) -> &str {
    match field.strip_prefix('\'') {
        Some(rest) if is_formula(rest) => rest,
        _ => field,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_made_harmless_and_come_back_unchanged() {
        for (field, written) in [
            ("=1+1", "'=1+1"),
            ("@sum", "'@sum"),
            ("-2", "'-2"),
            ("+971 50 123-4567", "+971 50 123-4567"),
            ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
            ("O'Neil", "O'Neil"),
            ("'quoted'", "'quoted'"),
            ("'=1+1", "''=1+1"),
            ("'+971501234567", "''+971501234567"),
            ("", ""),
        ] {
            assert_eq!(neutral(field), written);
            assert_eq!(original(&neutral(field)), field);
        }
    }
}
