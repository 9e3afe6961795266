//! What Twilio tells about messages it was given: `/hooks/sms/twilio/status` (compliance.md BNC-18,
//! SMS-14). Signed as answers are; `?touch=` in the address it was given names the touch.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::phone::Phone;
use domain::{AddressKind, ContactChannel, TouchId};

use super::gateway::{Gateway, Refusal, Request as GatewayRequest};
use super::{Texts, accepted};
use crate::arrival::{Arrival, Delivery, DeliveryResult, Notice, Source};
use crate::{body, telemetry};

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Status {
    /// Twilio's id of the message.
    id: String,
    /// The number it went to.
    to: String,
    result: DeliveryResult,
}

pub(super) async fn take(State(texts): State<Arc<Texts>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Some(body) = body::read(body, texts.settings.body_limit).await else {
        return (StatusCode::PAYLOAD_TOO_LARGE, "the body is too long, or too slow\n")
            .into_response();
    };
    let request = GatewayRequest { head: &head, body: &body };
    match Gateway::Twilio.check(&texts.settings, &request) {
        Ok(()) => {}
        Err(Refusal::Closed) => return (StatusCode::NOT_FOUND, "not found\n").into_response(),
        Err(Refusal::Forged) => {
            telemetry::count_reply("forged");
            return (StatusCode::FORBIDDEN, "forbidden\n").into_response();
        }
    }
    // On its way, or nothing that can be read: there is nothing to repeat.
    let Some(status) = read(request.form()) else { return StatusCode::NO_CONTENT.into_response() };
    let touch = request.query().into_iter().find(|(name, _)| name == "touch");
    let touch = touch.and_then(|(_, id)| id.parse().ok());
    texts.act_on_status(&status, touch, request.raw()).await.into_response()
}

impl Texts {
    /// Takes what became of a message; the answer says whether that is safe.
    async fn act_on_status(
        &self,
        status: &Status,
        touch: Option<TouchId>,
        raw: Vec<u8>,
    ) -> StatusCode {
        let check = Phone::parse(&status.to, &self.settings.region);
        let Some(number) = check.e164() else {
            tracing::error!("Twilio tells of a message to what is no phone number");
            return StatusCode::NO_CONTENT;
        };
        let id = format!("{} {:?}", status.id, status.result);
        let mut notice = Notice::new(Source::Twilio, &id, self.intake.clock().now());
        if status.result != DeliveryResult::Delivered {
            let Ok(name) = self.kept.keep(raw).await else {
                return StatusCode::SERVICE_UNAVAILABLE;
            };
            notice = notice.kept(name);
        }
        let key = self.keyer.key(AddressKind::Phone, number);
        let channel = ContactChannel::Sms;
        let arrival = Arrival::new(notice, Delivery { key, channel, touch, result: status.result });
        telemetry::count_reply("status");
        let intake = Arc::clone(&self.intake);
        let taken = self.opt_outs.spawn(async move { intake.take(arrival).await });
        accepted(taken.await)
    }
}

/// What a form tells, where a message has come to its end.
fn read(form: Vec<(String, String)>) -> Option<Status> {
    let mut form: BTreeMap<String, String> = form.into_iter().collect();
    let id = form.remove("MessageSid").or_else(|| form.remove("SmsSid"))?;
    let result = match form.get("MessageStatus").or_else(|| form.get("SmsStatus"))?.as_str() {
        "delivered" | "read" => DeliveryResult::Delivered,
        "failed" | "undelivered" => {
            DeliveryResult::Refused { code: form.get("ErrorCode")?.parse().ok()? }
        }
        _ => return None,
    };
    Some(Status { id, to: form.remove("To")?, result })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(pairs: &[(&str, &str)]) -> Option<DeliveryResult> {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let to = [("MessageSid", "SM1"), ("To", "+971501234567")];
        let to = to.map(|(name, value)| (name.to_owned(), value.to_owned()));
        read(pairs.chain(to).collect()).map(|status| status.result)
    }

    #[test]
    fn only_the_end_of_a_message_is_told() {
        assert_eq!(told(&[("MessageStatus", "delivered")]), Some(DeliveryResult::Delivered));
        let failed = [("MessageStatus", "undelivered"), ("ErrorCode", "21610")];
        assert_eq!(told(&failed), Some(DeliveryResult::Refused { code: 21610 }));
        for open in ["queued", "accepted", "sending", "sent", "", "failed"] {
            assert_eq!(told(&[("MessageStatus", open)]), None, "{open}");
        }
        assert_eq!(told(&[]), None);
    }
}
