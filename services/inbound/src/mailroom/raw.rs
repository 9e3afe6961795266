//! `POST /hooks/mail/raw`: a whole message, headers and all, from whoever has the secret.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use super::{Delivered, Mailroom};
use crate::body;
use crate::providers::hook::SECRET;
use crate::providers::is_one_of;
use crate::telemetry;

/// Recipients a request may name.
const RECIPIENTS: usize = 100;

/// The address, if there is a secret for it.
pub(crate) fn router(mailroom: Option<&Arc<Mailroom>>) -> Router {
    match mailroom.filter(|mailroom| !mailroom.settings.secrets.is_empty()) {
        Some(mailroom) => {
            Router::new().route("/hooks/mail/raw", post(take)).with_state(Arc::clone(mailroom))
        }
        None => Router::new(),
    }
}

/// Takes a message. `?recipient=` says to whom it was delivered, once for each; without it its headers
/// do.
async fn take(State(mailroom): State<Arc<Mailroom>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let secret = head.headers.get(SECRET).map(|value| value.as_bytes()).unwrap_or_default();
    if !is_one_of(&mailroom.settings.secrets, secret) {
        telemetry::count_provider("forged");
        return (StatusCode::FORBIDDEN, "forbidden\n").into_response();
    }
    let Some(message) = body::read(body, mailroom.settings.message_limit).await else {
        return (StatusCode::PAYLOAD_TOO_LARGE, "the message is too long, or too slow\n")
            .into_response();
    };
    let query = head.uri.query().unwrap_or_default();
    let named = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "recipient");
    let recipients: Vec<_> =
        named.map(|(_, address)| address.into_owned()).take(RECIPIENTS).collect();
    let delivered = if recipients.is_empty() {
        mailroom.take_unaddressed(&message).await
    } else {
        let mut all = Delivered::Done;
        for recipient in &recipients {
            if mailroom.take(recipient, &message).await == Delivered::Later {
                all = Delivered::Later;
            }
        }
        all
    };
    match delivered {
        Delivered::Done => (StatusCode::OK, "taken\n").into_response(),
        Delivered::Later => {
            (StatusCode::SERVICE_UNAVAILABLE, "not now; try again later\n").into_response()
        }
    }
}
