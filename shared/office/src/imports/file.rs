//! A file that somebody brings, and where its refused rows go.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Arc, Mutex};

use anyhow::Context as _;

use super::Unusable;
use crate::intake::encoding::{Encoding, Source, Text};
use crate::intake::rejects::Rejects;
use crate::intake::rows::{Row, Rows};

/// What stands between fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Delimiter {
    /// What the header has most of.
    #[default]
    Auto,
    /// This.
    Given(char),
}

impl FromStr for Delimiter {
    type Err = &'static str;

    /// "auto", "tab" or a character.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut chars = text.chars();
        match (text, chars.next(), chars.next()) {
            ("auto", ..) => Ok(Self::Auto),
            ("tab" | "\\t", ..) => Ok(Self::Given('\t')),
            (_, Some(c), None) if !c.is_alphanumeric() && c != '"' => Ok(Self::Given(c)),
            _ => Err("write auto, tab, or a character such as , or ;"),
        }
    }
}

/// A file of rows.
#[derive(Debug, Clone)]
pub struct File {
    /// Where its bytes are.
    pub source: Source,
    /// How it is encoded.
    pub encoding: Encoding,
    /// What stands between fields.
    pub delimiter: Delimiter,
}

impl File {
    /// One whose encoding and delimiter are told from its bytes.
    #[must_use]
    pub const fn of(source: Source) -> Self {
        Self { source, encoding: Encoding::Auto, delimiter: Delimiter::Auto }
    }

    /// Its text.
    pub(super) fn open(&self) -> anyhow::Result<Text> {
        self.source.open(self.encoding).with_context(|| format!("cannot read {}", self.source))
    }

    /// Its rows, the first of which is taken off: the header, as a rule.
    pub(super) fn rows<R: std::io::BufRead>(
        &self,
        reader: R,
        needs_header: bool,
    ) -> anyhow::Result<(Row, Rows<R>)> {
        let mut rows = match self.delimiter {
            Delimiter::Given(delimiter) => Rows::new(reader, delimiter),
            Delimiter::Auto => {
                let mut rows = Rows::new(reader, ',');
                rows.find_delimiter()?;
                rows
            }
        };
        let first = rows.next_row()?.ok_or(Unusable::Empty { needs_header })?;
        rows.expect_width(first.fields.len());
        Ok((first, rows))
    }

    /// The file of its refused rows, shared by those who refuse them.
    pub(super) fn rejects(
        &self,
        path: PathBuf,
        header: &[String],
    ) -> anyhow::Result<Arc<Mutex<Rejects>>> {
        if self.source.is_at(&path) {
            return Err(Unusable::RejectsReplaceIt.into());
        }
        let rejects = Rejects::new(path.clone());
        let mut rejects = rejects.with_context(|| format!("cannot write {}", path.display()))?;
        rejects.set_header(header);
        Ok(Arc::new(Mutex::new(rejects)))
    }
}

/// Ends the file of refused rows; where it is, if there are any.
pub(super) fn finish(rejects: Arc<Mutex<Rejects>>) -> anyhow::Result<Option<PathBuf>> {
    Ok(Rejects::finish_shared(rejects).context("cannot write the rejects file")?.1)
}
