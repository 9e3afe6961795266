//! Answers to text messages, as gateways hand them over (compliance.md SMS-01 … SMS-09, SMS-28).
//!
//! A request that proves where it comes from is kept as it is before anything is made of it. An
//! opt-out then goes the way of every other: onto the list, or into the journal. Only when it is
//! safe there is the message noted as done; a gateway that repeats it until then repeats nothing.

mod gateway;
mod status;
mod twilio;

use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use domain::phone::Phone;
use domain::reply::{self, Action, Language, OptOutScope, Reading};
use domain::{AddressKeyer, AddressKind, ContactChannel};
use tokio::task::JoinError;
use tokio_util::task::TaskTracker;

use crate::arrival::{Arrival, Event, Notice, OptIn, OptOut, ReplyTo, Review};
use crate::body;
use crate::intake::{Intake, Taken};
use crate::kept::Kept;
use crate::settings::{Settings, TextSettings};
use crate::telemetry;

use gateway::{Gateway, Refusal, Request as GatewayRequest, Text};

/// What takes answers.
struct Texts {
    settings: TextSettings,
    keyer: AddressKeyer,
    kept: Kept,
    intake: Arc<Intake>,
    /// Arrivals that are being taken, whether or not the gateway still waits.
    opt_outs: TaskTracker,
}

/// The addresses of the gateways that are set up.
pub(crate) fn router(
    settings: &Settings,
    intake: &Arc<Intake>,
    opt_outs: &TaskTracker,
) -> anyhow::Result<Router> {
    let Some(texts) = settings.texts.clone() else { return Ok(Router::new()) };
    let kept = Kept::open(&texts.dir).with_context(|| {
        let dir = texts.dir.display();
        format!("cannot write to {dir}, where answers are kept; set inbound.replies_dir")
    })?;
    let texts = Texts {
        settings: texts,
        keyer: settings.keyer.clone(),
        kept,
        intake: Arc::clone(intake),
        opt_outs: opt_outs.clone(),
    };
    let router = Router::new().route("/hooks/sms/{gateway}", any(take));
    let router = router.route("/hooks/sms/twilio/status", post(status::take));
    Ok(router.with_state(Arc::new(texts)))
}

impl Texts {
    /// What is answered to a request.
    async fn take(&self, gateway: Gateway, request: Request) -> Response {
        let (head, body) = request.into_parts();
        let Some(body) = body::read(body, self.settings.body_limit).await else {
            return (StatusCode::PAYLOAD_TOO_LARGE, "the body is too long, or too slow\n")
                .into_response();
        };
        let request = GatewayRequest { head: &head, body: &body };
        match gateway.check(&self.settings, &request) {
            Ok(()) => {}
            Err(Refusal::Closed) => return (StatusCode::NOT_FOUND, "not found\n").into_response(),
            Err(Refusal::Forged) => {
                telemetry::count_reply("forged");
                return (StatusCode::FORBIDDEN, "forbidden\n").into_response();
            }
        }
        let raw = self.kept.keep(request.raw()).await;
        let Some(text) = gateway.read(&request) else {
            telemetry::count_reply("unreadable");
            tracing::error!(%gateway, "an answer by text message cannot be read; its request was kept");
            return (StatusCode::BAD_REQUEST, "the request cannot be read\n").into_response();
        };
        let source = gateway.source();
        let mut notice = Notice::new(source, &text.id, self.intake.clock().now());
        notice = text.sent_at.map_or(notice, |at| notice.said(at));
        notice = raw.map_or(notice, |name| notice.kept(name));
        if self.kept.is_done(notice.message) {
            telemetry::count_reply("repeated");
            return gateway.thanks(StatusCode::OK);
        }
        let status = self.act_on(notice, &text).await;
        if status.is_success() && raw.is_ok() {
            self.kept.note_done(notice.message).await;
        }
        gateway.thanks(status)
    }

    /// Does what an answer asks for; the status says whether that is safe.
    async fn act_on(&self, notice: Notice, text: &Text) -> StatusCode {
        let source = notice.source;
        let reading = reply::read(&text.body);
        telemetry::count_reply(reading.action.as_str());
        if reading.action == Action::None {
            return StatusCode::OK;
        }
        let check = Phone::parse(&text.from, &self.settings.region);
        let Some(number) = check.e164() else {
            // A sender without a number cannot be on the list, and cannot be written to either.
            tracing::error!(%source, "an answer came from what is no phone number; its request was kept");
            return StatusCode::OK;
        };
        let Some(event) = self.event(number, &reading) else { return StatusCode::OK };
        let intake = Arc::clone(&self.intake);
        let arrival = Arrival::new(notice, event);
        let taken = self.opt_outs.spawn(async move { intake.take(arrival).await });
        accepted(taken.await)
    }

    fn event(&self, number: &str, reading: &Reading) -> Option<Event> {
        let key = self.keyer.key(AddressKind::Phone, number);
        let digits = number.trim_start_matches('+').parse().ok();
        let language = Language::of(&reading.normalised);
        let reply_to = digits.map(|number| ReplyTo { key, number, language });
        let channel = ContactChannel::Sms;
        match reading.action {
            Action::OptOut => {
                let (scope, reason) = reading.scope.zip(reading.reason())?;
                // How far each reaches besides is the list's business (compliance.md SUP-17).
                let channel = match scope {
                    OptOutScope::CallAndSms => ContactChannel::Call,
                    OptOutScope::Sms | OptOutScope::Person => channel,
                };
                let whole_person = scope == OptOutScope::Person;
                let opt_out = OptOut::new(key, channel, reason);
                Some(OptOut { whole_person, reply_to, ..opt_out }.into())
            }
            Action::OptIn => Some(OptIn { key, channel, topic: None, reply_to }.into()),
            Action::Help => reply_to.map(Event::Help),
            Action::Review => {
                tracing::warn!("an answer by text message is unclear; somebody has to read it");
                Some(Review { key }.into())
            }
            Action::None => None,
        }
    }
}

/// Whether a request proves that it is from the gateway, and the id, the number and the text that it
/// hands over.
pub(crate) fn examine(
    gateway: Gateway,
    settings: &TextSettings,
    head: &axum::http::request::Parts,
    body: &[u8],
) -> (bool, Option<[String; 3]>) {
    let request = GatewayRequest { head, body };
    let text = gateway.read(&request).map(|Text { id, from, body, .. }| [id, from, body]);
    (gateway.check(settings, &request).is_ok(), text)
}

/// How it is said whether something is safe.
fn accepted(taken: Result<Taken, JoinError>) -> StatusCode {
    match taken.unwrap_or(Taken::Lost) {
        Taken::InForce => StatusCode::OK,
        Taken::Queued => StatusCode::ACCEPTED,
        Taken::Lost => StatusCode::SERVICE_UNAVAILABLE,
    }
}

async fn take(
    State(texts): State<Arc<Texts>>,
    Path(gateway): Path<String>,
    request: Request,
) -> Response {
    match gateway.parse::<Gateway>() {
        Ok(gateway) => texts.take(gateway, request).await,
        Err(_) => (StatusCode::NOT_FOUND, "not found\n").into_response(),
    }
}
