//! Every answer that is no success: `application/problem+json` (RFC 9457).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use storage::StorageError;
use utoipa::ToSchema;

use crate::trouble::Trouble;

/// What went wrong, as a closed set; programs decide by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request does not have the form the document describes.
    Malformed,
    /// There is no token, or none in force.
    NoToken,
    /// The token may not do it.
    NotAllowed,
    /// There is no such thing, or not for this token: nobody learns which.
    NotFound,
    /// The path has other methods.
    OtherMethod,
    /// It does not fit what is there now.
    Conflict,
    /// A request with this idempotency key is being worked on.
    KeyInUse,
    /// The idempotency key was used for another request.
    KeyReused,
    /// The body is too large.
    TooLarge,
    /// The body is no JSON by its content type.
    NotJson,
    /// The form is right, and the meaning cannot be taken.
    Refused,
    /// The token has asked too often.
    TooMany,
    /// The database is away.
    Away,
    /// Something that should not happen; the log says what.
    Broken,
}

impl Kind {
    /// Status, end of the type's URN, title.
    const fn facts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Malformed => {
                (StatusCode::BAD_REQUEST, "malformed", "The request cannot be understood")
            }
            Self::NoToken => (StatusCode::UNAUTHORIZED, "no-token", "A token in force is needed"),
            Self::NotAllowed => {
                (StatusCode::FORBIDDEN, "not-allowed", "The token does not allow this")
            }
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "There is nothing here"),
            Self::OtherMethod => {
                (StatusCode::METHOD_NOT_ALLOWED, "other-method", "The path has other methods")
            }
            Self::Conflict => {
                (StatusCode::CONFLICT, "conflict", "It does not fit what is there now")
            }
            Self::KeyInUse => {
                (StatusCode::CONFLICT, "key-in-use", "The same request is being worked on")
            }
            Self::KeyReused => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "key-reused",
                "The idempotency key belongs to another request",
            ),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is too large"),
            Self::NotJson => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-json", "The body has to be JSON")
            }
            Self::Refused => {
                (StatusCode::UNPROCESSABLE_ENTITY, "refused", "The request cannot be taken")
            }
            Self::TooMany => {
                (StatusCode::TOO_MANY_REQUESTS, "too-many", "The token has asked too often")
            }
            Self::Away => (StatusCode::SERVICE_UNAVAILABLE, "away", "The database is away"),
            Self::Broken => {
                (StatusCode::INTERNAL_SERVER_ERROR, "broken", "Something went wrong here")
            }
        }
    }

    /// What an answer of this status means that no handler of ours has made.
    pub const fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            401 => Self::NoToken,
            403 => Self::NotAllowed,
            404 => Self::NotFound,
            405 => Self::OtherMethod,
            409 => Self::Conflict,
            413 => Self::TooLarge,
            415 => Self::NotJson,
            422 => Self::Refused,
            429 => Self::TooMany,
            503 => Self::Away,
            400..500 => Self::Malformed,
            // Whatever else is not a success is ours.
            _ => Self::Broken,
        }
    }
}

/// A part of the request that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Fault {
    /// Where: the name of the field or parameter.
    pub name: String,
    /// What is wrong with it.
    pub detail: String,
}

/// The body of an answer that is no success (RFC 9457).
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Body {
    /// What kind of problem it is: `urn:touchline:problem:…`.
    #[serde(rename = "type")]
    kind: String,
    /// The same for people.
    title: String,
    /// The status of the answer.
    status: u16,
    /// What happened this time, and what to do.
    detail: String,
    /// The request, as the log knows it: `urn:uuid:…`.
    instance: String,
    /// The parts of the request that are wrong, where single ones are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Fault>,
}

/// Why a request was not done.
#[derive(Debug, Clone)]
pub struct Problem {
    /// What kind.
    pub kind: Kind,
    detail: String,
    errors: Vec<Fault>,
}

impl Problem {
    /// A problem, and in words what happened and what to do.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), errors: Vec::new() }
    }

    /// A field or parameter whose meaning cannot be taken.
    pub fn field(name: &str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let errors = vec![Fault { name: name.to_owned(), detail: detail.clone() }];
        Self { kind: Kind::Refused, detail: format!("{name}: {detail}"), errors }
    }

    /// The same for a field or parameter whose form is wrong.
    pub fn malformed(name: &str, detail: impl Into<String>) -> Self {
        Self::field(name, detail).of_form()
    }

    /// The same problem, of a form that is wrong.
    pub fn of_form(self) -> Self {
        Self { kind: Kind::Malformed, ..self }
    }

    /// Holds texts to the lengths the document says (`maxLength`): characters as they were sent.
    pub fn unless_at_most(fields: &[(&str, Option<&String>, usize)]) -> Result<(), Self> {
        for (name, text, most) in fields {
            if text.is_some_and(|text| text.chars().count() > *most) {
                return Err(Self::field(name, format!("is {most} characters at most")));
            }
        }
        Ok(())
    }

    /// Nothing there, or nothing for this token.
    pub fn not_found() -> Self {
        Self::new(Kind::NotFound, "There is no such thing, or this token does not see it.")
    }

    /// The answer, for the request of this id.
    pub fn answer(self, request: uuid::Uuid) -> Response {
        let (status, name, title) = self.kind.facts();
        let body = Body {
            kind: format!("urn:touchline:problem:{name}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: self.detail,
            instance: format!("urn:uuid:{request}"),
            errors: self.errors,
        };
        let bytes = serde_json::to_vec(&body).unwrap_or_default();
        let kind = HeaderValue::from_static("application/problem+json");
        (status, [(header::CONTENT_TYPE, kind)], bytes).into_response()
    }
}

impl IntoResponse for Problem {
    /// The guard writes it: it knows the request's id.
    fn into_response(self) -> Response {
        let mut response = self.kind.facts().0.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Trouble> for Problem {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::NotFound => Self::not_found(),
            Trouble::Forbidden | Trouble::Foreign => {
                Self::new(Kind::NotAllowed, "The token may not do this.")
            }
            Trouble::Refused(why) => Self::new(Kind::Refused, why),
            Trouble::Away => {
                Self::new(Kind::Away, "Nothing is lost, and nothing was changed. Try again.")
            }
            Trouble::Broken => Self::new(Kind::Broken, "The log says what, by the request's id."),
        }
    }
}

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        Trouble::from(error).into()
    }
}

impl From<anyhow::Error> for Problem {
    fn from(error: anyhow::Error) -> Self {
        Trouble::from(error).into()
    }
}
