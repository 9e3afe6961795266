//! What comes with a request, and what is wrong with it as a problem; and answers as JSON.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::{CONTENT_TYPE, HeaderMap};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::problem::{Kind, Problem};
use crate::app::App;

/// A body as JSON; also an answer.
#[derive(Debug)]
pub struct Json<T>(pub T);

/// What varies in the path.
#[derive(Debug)]
pub struct Path<T>(pub T);

/// The query.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            let detail = "Send the header `Content-Type: application/json`.";
            return Err(Problem::new(Kind::NotJson, detail));
        }
        let bytes = Bytes::from_request(request, app).await.map_err(|rejected| {
            let kind = Kind::of_status(rejected.status());
            Problem::new(kind, "The body is larger than this route takes, or broke off.")
        })?;
        let value: Value = serde_json::from_slice(&bytes)
            .map_err(|error| Problem::new(Kind::Malformed, format!("The body: {error}.")))?;
        if holds_nul(&value) {
            return Err(Problem::new(Kind::Malformed, "No text may hold the character U+0000."));
        }
        let read = serde_json::from_value(value)
            .map_err(|error| Problem::new(Kind::Malformed, format!("The body: {error}.")))?;
        Ok(Self(read))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// Whether a text in it has the one character that PostgreSQL stores in none.
fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(all) => all.iter().any(holds_nul),
        Value::Object(all) => all.iter().any(|(name, one)| name.contains('\0') || holds_nul(one)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(bytes) => {
                let kind = HeaderValue::from_static("application/json");
                (StatusCode::OK, [(CONTENT_TYPE, kind)], Body::from(bytes)).into_response()
            }
            Err(error) => {
                tracing::error!(%error, "an answer could not be written");
                Problem::new(Kind::Broken, "The answer could not be written.").into_response()
            }
        }
    }
}

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match axum::extract::Path::from_request_parts(parts, app).await {
            Ok(axum::extract::Path(path)) => Ok(Self(path)),
            Err(rejected) => Err(Problem::new(Kind::Malformed, rejected.body_text())),
        }
    }
}

impl<T: DeserializeOwned> FromRequestParts<App> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match axum::extract::Query::from_request_parts(parts, app).await {
            Ok(axum::extract::Query(query)) => Ok(Self(query)),
            Err(rejected) => Err(Problem::new(Kind::Malformed, rejected.body_text())),
        }
    }
}
