//! The addresses mail providers post to: `/hooks/mail/{provider}`.
//!
//! The proof comes first, over the body as it came. What is told then takes the way of every arrival,
//! and only when all of it is safe is the request noted as taken. There is one answer to everything
//! that proves nothing.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use domain::bounce::Suppress;
use domain::suppression::SuppressionReason;
use domain::token::TokenKeys;
use domain::{AddressKey, AddressKeyer, AddressKind, ContactChannel};
use secrecy::SecretString;
use tokio_util::task::TaskTracker;

use super::seen::{Known, Seen};
use super::sns::{Envelope, Kind};
use super::{Provider, Report, mailgun, postmark, sendgrid, ses};
use crate::arrival::{AddressOf, Arrival, Delivery, DeliveryResult, Event, Notice, OptOut, Source};
use crate::body;
use crate::intake::{Intake, Taken};
use crate::kept::{self, Kept, KeptName};
use crate::returns::provider::ProviderEvent;
use crate::settings::Settings;
use crate::telemetry;

/// The longest certificate file that is read, in bytes.
const CERTIFICATE_BYTES: u64 = 64 * 1024;

/// The header that carries a secret of ours.
pub(crate) const SECRET: &str = "x-touchline-secret";

/// Which providers are listened to, and what they prove themselves with. Each has room for the key of
/// today and the next one.
#[derive(Debug, Clone)]
pub(crate) struct HookSettings {
    /// The SNS topics that may speak for SES.
    pub ses_topics: Vec<String>,
    /// Where the certificates are that SNS signs with.
    pub ses_certificates: PathBuf,
    pub sendgrid: Vec<sendgrid::Key>,
    pub mailgun: Vec<SecretString>,
    pub postmark: Vec<SecretString>,
    /// Bytes of a body at most.
    pub body_limit: usize,
    /// Where requests are kept.
    pub dir: PathBuf,
}

/// What takes requests.
struct Hooks {
    settings: HookSettings,
    keys: TokenKeys,
    keyer: AddressKeyer,
    kept: Kept,
    seen: Seen,
    intake: Arc<Intake>,
    /// Arrivals that are being taken, whether or not the provider still waits.
    tasks: TaskTracker,
}

/// Why a request is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// It proves nothing, or the provider is not listened to.
    Forged,
    /// It may be genuine, but that cannot be found out at the moment.
    Later,
}

/// What a genuine request says.
struct Told {
    /// What its signature is known by, where there is one.
    proof: Option<String>,
    /// `None` where it cannot be read.
    reports: Option<Vec<Report>>,
}

/// The addresses of the providers that are set up.
pub(crate) fn router(
    settings: &Settings,
    intake: &Arc<Intake>,
    tasks: &TaskTracker,
) -> anyhow::Result<Router> {
    let Some(hooks) = settings.hooks.clone() else { return Ok(Router::new()) };
    let opened = Kept::open(&hooks.dir).and_then(|kept| {
        let seen = Seen::open(&hooks.dir, intake.clock().now())?;
        Ok((kept, seen))
    });
    let (kept, seen) = opened.with_context(|| {
        let dir = hooks.dir.display();
        format!("cannot use {dir}, where requests are kept; set inbound.replies_dir")
    })?;
    let hooks = Hooks {
        settings: hooks,
        keys: settings.keys.clone(),
        keyer: settings.keyer.clone(),
        kept,
        seen,
        intake: Arc::clone(intake),
        tasks: tasks.clone(),
    };
    Ok(Router::new().route("/hooks/mail/{provider}", post(take)).with_state(Arc::new(hooks)))
}

async fn take(
    State(hooks): State<Arc<Hooks>>,
    Path(provider): Path<String>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let Some(body) = body::read(body, hooks.settings.body_limit).await else {
        return (StatusCode::PAYLOAD_TOO_LARGE, "the body is too long, or too slow\n")
            .into_response();
    };
    let told = match provider.parse::<Provider>() {
        Ok(provider) => hooks.told(provider, &head, &body).await.map(|told| (provider, told)),
        Err(_) => Err(Refusal::Forged),
    };
    let status = match told {
        Ok((provider, told)) => hooks.act_on(provider, told, body).await,
        Err(Refusal::Forged) => {
            telemetry::count_provider("forged");
            return (StatusCode::FORBIDDEN, "forbidden\n").into_response();
        }
        Err(Refusal::Later) => StatusCode::SERVICE_UNAVAILABLE,
    };
    status.into_response()
}

impl Hooks {
    /// What a request says, once it has proved where it comes from.
    async fn told(&self, provider: Provider, head: &Parts, body: &[u8]) -> Result<Told, Refusal> {
        let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
        let now = self.intake.clock().now();
        match provider {
            Provider::Ses => self.told_by_sns(body).await,
            Provider::SendGrid => {
                let timestamp = header(sendgrid::TIMESTAMP).unwrap_or_default();
                let signature = header(sendgrid::SIGNATURE).unwrap_or_default();
                sendgrid::check(&self.settings.sendgrid, timestamp, signature, body, now)?;
                let proof = Some(format!("{timestamp} {signature}"));
                Ok(Told { proof, reports: sendgrid::read(body) })
            }
            Provider::Mailgun => {
                let token = mailgun::check(&self.settings.mailgun, body, now)?;
                Ok(Told { proof: Some(token), reports: mailgun::read(body) })
            }
            Provider::Postmark => {
                let authorization = header(header::AUTHORIZATION.as_str());
                postmark::check(&self.settings.postmark, authorization, header(SECRET))?;
                Ok(Told { proof: None, reports: postmark::read(body) })
            }
        }
    }

    async fn told_by_sns(&self, body: &[u8]) -> Result<Told, Refusal> {
        let now = self.intake.clock().now();
        let envelope = Envelope::read(body).ok_or(Refusal::Forged)?;
        let name = envelope.certificate_name(&self.settings.ses_topics, now)?;
        let Some(pem) = self.certificate(&name).await else {
            // SNS goes on trying for an hour, and tries no more after a refusal.
            tracing::error!(
                certificate = envelope.certificate_url(),
                "SNS signs with a certificate that is not there: download it, check it, and put it \
                 into inbound.ses_certificates_dir under its name"
            );
            return Err(Refusal::Later);
        };
        envelope.check(&pem, now)?;
        let reports = match envelope.kind {
            Kind::Notification => ses::read(&envelope.message),
            Kind::SubscriptionConfirmation => {
                if let Some(url) = envelope.confirmation_url() {
                    tracing::warn!(url, "SNS asks to confirm a subscription: open this address");
                }
                Some(Vec::new())
            }
            Kind::UnsubscribeConfirmation => {
                let topic = envelope.topic_arn.as_str();
                tracing::error!(
                    topic,
                    "SNS sends nothing of a topic any more; subscribe to it again"
                );
                Some(Vec::new())
            }
        };
        Ok(Told { proof: Some(envelope.message_id), reports })
    }

    /// The content of a certificate's file, whose name is plain. It is read each time: it is small,
    /// and so a new one counts from the moment it is there.
    async fn certificate(&self, name: &str) -> Option<String> {
        let path = self.settings.ses_certificates.join(name);
        let length = tokio::fs::metadata(&path).await.ok()?.len();
        if length > CERTIFICATE_BYTES {
            return None;
        }
        tokio::fs::read_to_string(path).await.ok()
    }

    /// Does what a genuine request asks for; the status says whether all of it is safe.
    async fn act_on(&self, provider: Provider, told: Told, body: Vec<u8>) -> StatusCode {
        let claim = told.proof.map(|proof| kept::message(provider.as_str(), &proof));
        let claim = match claim.map(|request| self.seen.claim(request)) {
            Some(Known::Taken) => {
                telemetry::count_provider("repeated");
                return StatusCode::OK;
            }
            Some(Known::Pending) => return StatusCode::SERVICE_UNAVAILABLE,
            Some(Known::New(claim)) => Some(claim),
            None => None,
        };
        let Some(reports) = told.reports else {
            telemetry::count_provider("unreadable");
            tracing::error!(%provider, "a provider's request is genuine and cannot be read; it was kept");
            let _ = self.kept.keep(body).await;
            return StatusCode::BAD_REQUEST;
        };
        // Only what may put somebody on the list needs its proof.
        let counts = |report: &Report| match report.event {
            ProviderEvent::Bounce(_, suppress) => suppress != Suppress::No,
            ProviderEvent::Nothing | ProviderEvent::Delivered => false,
            _ => true,
        };
        let mut name = None;
        if reports.iter().any(counts) {
            let Ok(kept) = self.kept.keep(body).await else {
                return StatusCode::SERVICE_UNAVAILABLE;
            };
            name = Some(kept);
        }
        for report in &reports {
            if self.take(provider, report, name).await == Taken::Lost {
                return StatusCode::SERVICE_UNAVAILABLE;
            }
        }
        if let Some(claim) = claim {
            claim.note(self.intake.clock().now()).await;
        }
        StatusCode::OK
    }

    async fn take(&self, provider: Provider, report: &Report, kept: Option<KeptName>) -> Taken {
        if report.event == ProviderEvent::Nothing {
            telemetry::count_provider("nothing");
            return Taken::InForce;
        }
        let touch = report.touch(&self.keys);
        let address = match (&report.recipient, touch) {
            (Some(email), _) => Ok(self.keyer.key(AddressKind::Email, email.canonical())),
            (None, Some(touch)) => Err(AddressOf::Touch(touch)),
            (None, None) => {
                telemetry::count_provider("nobody");
                tracing::error!(%provider, id = report.id, "a provider reports about nobody we know");
                return Taken::InForce;
            }
        };
        let arrival = self.arrival(provider, report, address, kept);
        // Providers repeat themselves under other signatures, and Postmark under none.
        let message = arrival.notice.message;
        if kept.is_some() && self.kept.is_done(message) {
            telemetry::count_provider("repeated");
            return Taken::InForce;
        }
        telemetry::count_provider(arrival.word());
        let intake = Arc::clone(&self.intake);
        let taken = self.tasks.spawn(async move { intake.take(arrival).await });
        let taken = taken.await.unwrap_or(Taken::Lost);
        if kept.is_some() && taken != Taken::Lost {
            self.kept.note_done(message).await;
        }
        taken
    }

    fn arrival(
        &self,
        provider: Provider,
        report: &Report,
        address: Result<AddressKey, AddressOf>,
        kept: Option<KeptName>,
    ) -> Arrival {
        let touch = report.touch(&self.keys);
        let channel = ContactChannel::Email;
        let delivery = |key, result| Event::from(Delivery { key, channel, touch, result });
        let opt_out =
            |key, reason| Event::from(OptOut { touch, ..OptOut::new(key, channel, reason) });
        let event = |key| match report.event {
            ProviderEvent::Bounce(class, suppress) => {
                delivery(key, DeliveryResult::Bounced { class, suppress, status: report.status })
            }
            ProviderEvent::Delivered | ProviderEvent::Nothing => {
                delivery(key, DeliveryResult::Delivered)
            }
            ProviderEvent::ProviderSuppressed => {
                opt_out(key, SuppressionReason::ProviderSuppressed)
            }
            ProviderEvent::Complaint => opt_out(key, SuppressionReason::Complaint),
            ProviderEvent::Unsubscribe => opt_out(key, SuppressionReason::UnsubscribeLink),
        };
        let source = match provider {
            Provider::Ses => Source::Ses,
            Provider::SendGrid => Source::Sendgrid,
            Provider::Mailgun => Source::Mailgun,
            Provider::Postmark => Source::Postmark,
        };
        let now = self.intake.clock().now();
        let notice = Notice::new(source, &report.id, now).said(report.at.unwrap_or(now));
        Arrival::about(address, kept.map_or(notice, |name| notice.kept(name)), event)
    }
}

impl From<super::Forged> for Refusal {
    fn from(_: super::Forged) -> Self {
        Self::Forged
    }
}
