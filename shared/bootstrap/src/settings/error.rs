//! Why settings are refused, worded for the person who wrote them.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

use super::document::Catalogue;

/// One thing that is wrong with the settings. Its text never holds a secret.
#[derive(Debug, Error)]
pub enum Problem {
    /// The settings file cannot be read.
    #[error("cannot read the settings file {}: {source}; check the path given by --config or TOUCHLINE_CONFIG", path.display())]
    Unreadable {
        /// The file that was asked for.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file that a variable names for the value of a setting cannot be read.
    #[error("{variable} names the file {}, which cannot be read: {source}", path.display())]
    UnreadableValue {
        /// The variable.
        variable: String,
        /// The file it names.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A text that should be TOML is not.
    #[error("{place}: not TOML: {why}")]
    NotToml {
        /// File, line and column, or the name of the variable.
        place: String,
        /// What the parser missed.
        why: String,
    },
    /// A name that is no setting.
    #[error("{place}{name} is not a setting; {advice}")]
    UnknownName {
        /// File and line with a colon, or nothing where `name` says it all.
        place: String,
        /// The name as it was written.
        name: String,
        /// The nearest setting, or what there is to choose from.
        advice: String,
    },
    /// A value of the wrong kind or outside its range.
    #[error("{place}: {key} is {found}; expected is {expected}")]
    WrongValue {
        /// File and line, or the name of the variable.
        place: String,
        /// Section and key.
        key: String,
        /// What stood there, hidden if it is a secret.
        found: String,
        /// What would be accepted.
        expected: String,
    },
    /// A setting this program cannot work without.
    #[error("{key} is not set; set {variable} in the environment or `{name}` under [{section}] in the settings file. {meaning}", variable = super::variable(key), section = section_of(key), name = name_of(key))]
    NotSet {
        /// Section and key.
        key: String,
        /// What the document of defaults says about it.
        meaning: String,
    },
    /// A value that its owner refuses.
    #[error("{key}: {why}")]
    Invalid {
        /// Section and key.
        key: String,
        /// What is wrong and what to do.
        why: String,
    },
    /// The program reads a setting that the document of defaults does not declare: a mistake in
    /// the program.
    #[error("the program reads {key}, which config.default.toml does not declare; report this")]
    Undeclared {
        /// Section and key.
        key: String,
    },
    /// The document of defaults declares a setting that its section's owner does not know,
    /// although it denies unknown fields: a mistake in the program.
    #[error("config.default.toml declares {key}, which the program does not know; report this")]
    Unread {
        /// Section and key.
        key: String,
    },
}

fn section_of(key: &str) -> &str {
    key.split_once('.').map_or(key, |(section, _)| section)
}

fn name_of(key: &str) -> &str {
    key.split_once('.').map_or(key, |(_, name)| name)
}

/// Everything that is wrong with the settings, so that one run is enough to repair them.
///
/// Its text has one line per problem.
#[derive(Debug)]
pub struct SettingsError {
    problems: Vec<Problem>,
}

impl SettingsError {
    /// A refusal by the owner of a setting, for rules across settings ("dkim_domain without
    /// dkim_key_file"). `key` is section and key, `why` says what is wrong and what to do.
    #[must_use]
    pub fn invalid(key: &str, why: impl Into<String>) -> Self {
        Problem::Invalid { key: key.to_owned(), why: why.into() }.into()
    }

    /// A setting this program needs is not set; `key` is section and key.
    #[must_use]
    pub fn not_set(key: &str) -> Self {
        Catalogue::embedded().not_set(key).into()
    }

    /// The problems in the order they were found, at least one.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    pub(super) fn unless_empty(problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self { problems }) }
    }
}

impl From<Problem> for SettingsError {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, problem) in self.problems.iter().enumerate() {
            if position > 0 {
                formatter.write_str("\n")?;
            }
            write!(formatter, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SettingsError {}
