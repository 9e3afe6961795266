//! A POST with the header `Idempotency-Key` is done once (draft-ietf-httpapi-idempotency-key-header):
//! sent again, it is answered as it was, for a day. Another request with the same key is refused, and
//! so is the same one while it is being worked on. A key is used up by a success alone: what was
//! refused can be mended and sent again.
//!
//! The work goes on to its end when the program goes away meanwhile. What remains when this process
//! dies between the change and its answer stands in `storage::idempotency`.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, HeaderMap, LOCATION};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::ApiTokenId;
use sha2::{Digest, Sha256};
use storage::idempotency::{Begun, KeyedRequest, StoredAnswer};

use super::problem::{Kind, Problem};
use crate::app::App;

/// The header.
pub const HEADER: &str = "idempotency-key";
/// Says of an answer that it was given before.
pub const REPLAYED: &str = "idempotent-replayed";
/// A POST only because what it asks must not stand in a log; it changes nothing, and its answer has
/// to be of now.
pub const READING: &[&str] = &["/api/v1/suppressions/check"];
/// Letters of a key at most.
pub const LONGEST_KEY: usize = 255;
/// Bytes of an answer at most; they hold ids.
const ANSWER: usize = 1024 * 1024;

/// Does a request once, where it asks for that.
pub async fn once(
    app: &App,
    token: ApiTokenId,
    request: Request,
    next: Next,
    most: usize,
) -> Response {
    let is_change = request.method() == Method::POST && !READING.contains(&request.uri().path());
    let key = match key_of(request.headers()) {
        Ok(Some(key)) if is_change => key,
        Ok(_) => return next.run(request).await,
        Err(problem) => return problem.into_response(),
    };
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, most).await else {
        return Problem::new(Kind::TooLarge, "The body is larger than this route takes.")
            .into_response();
    };
    let fingerprint = fingerprint(&parts.method, &parts.uri.to_string(), &body);
    let keyed = KeyedRequest { token, key, fingerprint };
    match app.database.begin_request(&keyed).await {
        Err(error) => return Problem::from(error).into_response(),
        Ok(Begun::Answered(answer)) => return again(answer),
        Ok(Begun::Running) => {
            let detail = "A request with this key is being worked on. Wait, and send it again.";
            return Problem::new(Kind::KeyInUse, detail).into_response();
        }
        Ok(Begun::Other) => {
            let detail = "This key was used for another request. Choose a new one for each.";
            return Problem::new(Kind::KeyReused, detail).into_response();
        }
        Ok(Begun::Now) => {}
    }
    let request = Request::from_parts(parts, Body::from(body));
    let app = app.clone();
    let work = tokio::spawn(async move { keep(&app, &keyed, next.run(request).await).await });
    work.await.unwrap_or_else(|_| {
        Problem::new(Kind::Broken, "The log says what, by the request's id.").into_response()
    })
}

/// Keeps the answer of what was done; of what was not, the key is free again.
async fn keep(app: &App, keyed: &KeyedRequest, response: Response) -> Response {
    if !response.status().is_success() {
        if let Err(error) = app.database.forget_request(keyed).await {
            tracing::warn!(%error, "a refused request keeps its idempotency key for a minute");
        }
        return response;
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, ANSWER).await.unwrap_or_default();
    let location = parts.headers.get(LOCATION).and_then(|it| it.to_str().ok());
    let answer = StoredAnswer {
        status: parts.status.as_u16(),
        location: location.map(str::to_owned),
        body: body.to_vec(),
    };
    if let Err(error) = app.database.keep_answer(keyed, &answer).await {
        tracing::warn!(%error, "the answer of a request that was done could not be kept");
    }
    Response::from_parts(parts, Body::from(body))
}

/// The answer that was given before.
fn again(answer: StoredAnswer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let kind = HeaderValue::from_static("application/json");
    let mut response = (status, [(CONTENT_TYPE, kind)], Bytes::from(answer.body)).into_response();
    let headers = response.headers_mut();
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    if let Some(location) = answer.location.and_then(|it| HeaderValue::try_from(it).ok()) {
        headers.insert(LOCATION, location);
    }
    response
}

/// The key, as it stands: with quotes around it, as the draft has it, it is another than without.
fn key_of(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(HEADER) else { return Ok(None) };
    let wrong = || {
        let detail = format!("is 1 to {LONGEST_KEY} printable ASCII characters without spaces");
        Problem::malformed("Idempotency-Key", detail)
    };
    let key = value.to_str().map_err(|_| wrong())?;
    let is_key = (1..=LONGEST_KEY).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_graphic())
        && headers.get_all(HEADER).iter().count() == 1;
    if is_key { Ok(Some(key.to_owned())) } else { Err(wrong()) }
}

fn fingerprint(method: &Method, uri: &str, body: &[u8]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in [method.as_str().as_bytes(), uri.as_bytes(), body] {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}
