//! Why a library cannot be read.

/// What is wrong, in which file, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The folder holds nothing of a library.
    #[error(
        "{folder} is not a library: it has neither plans/ nor templates/ nor rules/ nor \
         calendar.toml nor retention.toml; \
         name the folder that holds them"
    )]
    NotALibrary {
        /// The folder.
        folder: String,
    },
    /// The operating system refuses to read it.
    #[error("{file} cannot be read: {reason}")]
    Unreadable {
        /// The file or folder.
        file: String,
        /// The system's words.
        reason: String,
    },
    /// A file that is not UTF-8 text.
    #[error("{file} is not UTF-8 text; save it as UTF-8")]
    NotText {
        /// The file.
        file: String,
    },
    /// A file beyond the size any text of a library has.
    #[error("{file} is larger than {limit} bytes; a library holds texts only")]
    TooLarge {
        /// The file.
        file: String,
        /// The most bytes allowed.
        limit: u64,
    },
    /// TOML that does not parse, or does not say what it should.
    #[error("{file}, line {line}: {reason}")]
    Syntax {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
    /// A plan whose file is named after another key.
    #[error("{file} holds the plan \"{key}\"; name the file {key}.toml, or correct the key")]
    OtherName {
        /// The file.
        file: String,
        /// The key that stands in it.
        key: String,
    },
    /// A file that does not belong where it stands.
    #[error("{file} does not belong here: {expected}")]
    Misplaced {
        /// The file.
        file: String,
        /// What belongs here.
        expected: String,
    },
    /// A template folder without its `template.toml`.
    #[error("{folder} has no template.toml; it says the template's medium, purpose and subject")]
    NoTemplateFile {
        /// The folder.
        folder: String,
    },
}
