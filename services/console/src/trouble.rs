//! What a handler answers instead of a page.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use storage::StorageError;

/// Why a request was not done. The guard shows it as a page, in the reader's language.
#[derive(Debug, Clone)]
pub enum Trouble {
    /// There is no such thing, or not for this user: nobody learns which.
    NotFound,
    /// The user may not do it.
    Forbidden,
    /// The form came from another site, or from no page at all.
    Foreign,
    /// What was filled in cannot be taken; the text says why, in the user's language.
    Refused(String),
    /// The database is away.
    Away,
    /// Something that should not happen; the log says what.
    Broken,
}

impl Trouble {
    /// The status of its answer.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Forbidden | Self::Foreign => StatusCode::FORBIDDEN,
            Self::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Away => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The beginning of the names of its texts.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::Forbidden => "forbidden",
            Self::Foreign => "foreign",
            Self::Refused(_) => "refused",
            Self::Away => "away",
            Self::Broken => "broken",
        }
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StorageError> for Trouble {
    fn from(error: StorageError) -> Self {
        if error.is_unavailable() {
            tracing::warn!(%error, "a page waits for the database");
            return Self::Away;
        }
        tracing::error!(%error, "a page could not be made");
        Self::Broken
    }
}

impl From<anyhow::Error> for Trouble {
    fn from(error: anyhow::Error) -> Self {
        match error.downcast::<StorageError>() {
            Ok(error) => error.into(),
            Err(error) => {
                tracing::error!(error = %format!("{error:#}"), "a page could not be made");
                Self::Broken
            }
        }
    }
}

impl From<askama::Error> for Trouble {
    fn from(error: askama::Error) -> Self {
        tracing::error!(%error, "a page could not be written");
        Self::Broken
    }
}

/// What handlers answer.
pub type Answer = Result<Response, Trouble>;
