//! What can go wrong between us and PostgreSQL.

/// An error of the storage.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// PostgreSQL does not answer, is starting or stopping, or has no connection to spare. Nothing
    /// may be sent meanwhile; the same call may succeed later.
    #[error("PostgreSQL is not available: {0}; check [database] url and that the server runs")]
    Unavailable(#[source] sqlx::Error),
    /// A rule of the schema refused the change.
    #[error("the database refused the change ({constraint}): {message}")]
    Constraint {
        /// The constraint's name.
        constraint: String,
        /// PostgreSQL's message.
        message: String,
    },
    /// The schema is older or newer than this program.
    #[error("the database schema does not fit this program: {0}; run `touchline migrate`")]
    Schema(String),
    /// The address key is not the one the database was set up with.
    #[error(
        "[keys] address is not the key this database was set up with; with another key the \
         suppression list would match nobody, so nothing starts. Restore the original key"
    )]
    WrongKey,
    /// A stored value is not what the program expects.
    #[error("the stored {what} cannot be read: {why}")]
    Unreadable {
        /// The column or document.
        what: String,
        /// Why not.
        why: String,
    },
    /// Anything else PostgreSQL said.
    #[error("the database answered: {0}")]
    Other(#[source] sqlx::Error),
}

impl StorageError {
    /// Whether waiting and calling again is the right answer.
    #[must_use]
    pub const fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    /// The constraint that refused a change, if one did.
    #[must_use]
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Constraint { constraint, .. } => Some(constraint),
            _ => None,
        }
    }

    pub(crate) fn unreadable(what: &str, why: impl std::fmt::Display) -> Self {
        Self::Unreadable { what: what.to_owned(), why: why.to_string() }
    }
}

impl From<sqlx::Error> for StorageError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
            sqlx::Error::Database(answer) => {
                if answer.code().is_some_and(|code| means_unavailable(&code)) {
                    return Self::Unavailable(error);
                }
                match answer.constraint() {
                    Some(constraint) => Self::Constraint {
                        constraint: constraint.to_owned(),
                        message: answer.message().to_owned(),
                    },
                    None => Self::Other(error),
                }
            }
            _ => Self::Other(error),
        }
    }
}

/// SQLSTATE classes after which the same statement may succeed later: connection exceptions (08),
/// insufficient resources (53: disk full, too many connections), operator intervention (57: shutdown,
/// statement timeout), and transaction rollback (40: deadlock, serialisation). PostgreSQL manual,
/// appendix A; 25006 is a standby that was just demoted to read-only.
fn means_unavailable(code: &str) -> bool {
    ["08", "53", "57", "40", "58"].iter().any(|class| code.starts_with(class)) || code == "25006"
}
