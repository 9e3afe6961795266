//! What changes are answered with: ids, and no data of a person, because answers are kept for a day.

use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::Locale;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::extract::Json;
use super::problem::{Kind, Problem};
use crate::words::Words;

/// What was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct Created {
    /// Its identity.
    id: Uuid,
}

/// 201, and where it is.
pub fn at(path: &str, id: Uuid) -> Response {
    created(path, &Created { id })
}

/// The same with a body of its own.
pub fn created<T: Serialize>(path: &str, body: &T) -> Response {
    let mut response = (StatusCode::CREATED, Json(body)).into_response();
    *response.status_mut() = StatusCode::CREATED;
    if let Ok(path) = HeaderValue::try_from(path) {
        response.headers_mut().insert(LOCATION, path);
    }
    response
}

/// A text of the pages, in the language of the API.
pub fn text(key: &str) -> String {
    Words::of(Locale::En).say(key)
}

/// What the pages say of a field that is wrong; of the whole, where no single one is.
pub fn wrong(field: &str, key: &str) -> Problem {
    match field {
        "" => Problem::new(Kind::Refused, text(key)),
        field => Problem::field(field, text(key)),
    }
}
