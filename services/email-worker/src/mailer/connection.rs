//! One SMTP connection: opened, used for message after message, closed.
//!
//! Every method says exactly how far it came. Whatever leaves the conversation out of step makes
//! the connection unusable; the caller drops it then, it is never given back.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Auth, Data, Ehlo, Mail, Quit, Rcpt, Rset, Starttls};
use lettre::transport::smtp::extension::{
    ClientId, Extension, MailBodyParameter, MailParameter, ServerInfo,
};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::answer::{Trouble, expect, heard, is_no, reply, trouble};
use super::result::{Phase, Reply, SendResult};
use super::wire::{Broken, Control, TlsIdentity, Wire};
use crate::message::{Envelope, FinishedMessage};
use crate::settings::Security;

/// The longest a polite goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);
/// How long a server that broke off in the middle of a message is listened to for its reason.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// The message is begun only when at least this much time is left for the answer to it.
const DOT_RESERVE: Duration = Duration::from_secs(5);

/// How long each step may take.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// Until TCP is connected.
    pub connect: Duration,
    /// For one command and its answer, the greeting and each TLS handshake.
    pub command: Duration,
    /// For writing the message, and again for the answer to its final dot.
    pub data: Duration,
    /// How long an unused connection is kept.
    pub idle: Duration,
}

/// Everything needed to open a connection.
pub(super) struct Route {
    pub host: String,
    pub port: u16,
    pub security: Security,
    pub tls: Option<TlsIdentity>,
    pub credentials: Option<Credentials>,
    pub hello: ClientId,
    pub timeouts: Timeouts,
}

/// What the server offers, and lettre does not keep.
struct Offer {
    pipelining: bool,
    smtp_utf8: bool,
    eight_bit: bool,
}

/// An open connection, ready for the next message.
pub(super) struct Connection {
    smtp: AsyncSmtpConnection,
    control: Control,
    offer: Offer,
    route: Arc<Route>,
    pub(super) sent: u32,
    pub(super) last_used: Instant,
}

/// What became of one message, and of the connection that carried it.
pub(super) struct Delivery {
    pub result: SendResult,
    /// Whether the conversation is in step: only then may the connection be used again.
    pub in_step: bool,
    /// Whether the connection ended before MAIL was answered, as kept connections do when the
    /// server has lost patience. The same message may then go over a fresh connection.
    pub was_dead: bool,
}

/// A conversation that stopped before the message was begun.
struct Stop {
    phase: Phase,
    trouble: Trouble,
    in_step: bool,
}

impl Connection {
    /// Connects, says hello, starts TLS and proves who we are, as the route demands.
    pub(super) async fn open(route: &Arc<Route>, by: Instant) -> Result<Self, (Phase, Trouble)> {
        match Self::open_with(route, route.security, by).await {
            // Where plain text would have done, a server with a certificate nobody can check must
            // not be worse off than one without any.
            Err((_, Trouble::Broken(Broken::Tls(_))))
                if route.security == Security::Opportunistic =>
            {
                Self::open_with(route, Security::None, by).await
            }
            other => other,
        }
    }

    async fn open_with(
        route: &Arc<Route>,
        security: Security,
        by: Instant,
    ) -> Result<Self, (Phase, Trouble)> {
        let opening = |trouble| (Phase::Opening, trouble);
        let (wire, control) = connect(route, by).await.map_err(|why| opening(why.into()))?;
        control.begin(route.timeouts.command, by);
        if let (Security::Implicit, Some(identity)) = (security, &route.tls) {
            control.start_tls(identity.clone());
        }
        let smtp = AsyncSmtpConnection::connect_with_transport(Box::new(wire), &route.hello).await;
        let smtp = smtp.map_err(|error| opening(trouble(error, &control)))?;
        let mut connection = Self {
            smtp,
            control,
            offer: Offer { pipelining: false, smtp_utf8: false, eight_bit: false },
            route: Arc::clone(route),
            sent: 0,
            last_used: Instant::now(),
        };
        if matches!(security, Security::Opportunistic | Security::Required) {
            connection.start_tls(security, by).await.map_err(opening)?;
        }
        let info = connection.hello(by).await.map_err(opening)?;
        if let Some(credentials) = &route.credentials {
            let login = connection.log_in(&info, credentials, by).await;
            login.map_err(|trouble| (Phase::Auth, trouble))?;
        }
        Ok(connection)
    }

    async fn start_tls(&mut self, security: Security, by: Instant) -> Result<(), Trouble> {
        let offered = self.smtp.server_info().supports_feature(Extension::StartTls);
        let Some(identity) = self.route.tls.clone().filter(|_| offered) else {
            return match security {
                Security::Required => Err(Broken::TlsNotOffered.into()),
                _ => Ok(()),
            };
        };
        self.ask(Starttls, 220, self.route.timeouts.command, by).await?;
        self.control.start_tls(identity);
        Ok(())
    }

    /// Says EHLO (again): lettre's own hello keeps neither PIPELINING nor, after STARTTLS, anything.
    async fn hello(&mut self, by: Instant) -> Result<ServerInfo, Trouble> {
        self.control.begin(self.route.timeouts.command, by);
        let answer = self.smtp.command(Ehlo::new(self.route.hello.clone())).await;
        let response = expect(answer, 250, &self.control)?;
        let info =
            ServerInfo::from_response(&response).map_err(|_| Trouble::Broken(Broken::OutOfStep))?;
        self.offer = Offer {
            pipelining: response
                .message()
                .skip(1)
                .any(|line| line.trim().eq_ignore_ascii_case("PIPELINING")),
            smtp_utf8: info.supports_feature(Extension::SmtpUtfEight),
            eight_bit: info.supports_feature(Extension::EightBitMime),
        };
        Ok(info)
    }

    async fn log_in(
        &mut self,
        info: &ServerInfo,
        credentials: &Credentials,
        by: Instant,
    ) -> Result<(), Trouble> {
        let mechanism = info
            .get_auth_mechanism(&[Mechanism::Plain, Mechanism::Login])
            .ok_or(Broken::AuthNotOffered)?;
        let command = Auth::new(mechanism, credentials.clone(), None);
        let mut command = command.map_err(|_| Broken::AuthNotOffered)?;
        // LOGIN asks for the name, then for the password; nobody asks for more.
        for _ in 0..3 {
            self.control.begin(self.route.timeouts.command, by);
            let response = heard(self.smtp.command(command).await, &self.control)?;
            if response.has_code(235) {
                return Ok(());
            }
            let next = Auth::new_from_response(mechanism, credentials.clone(), &response);
            command = next.map_err(|_| Broken::OutOfStep)?;
        }
        Err(Broken::OutOfStep.into())
    }

    /// Whether nothing has come from the server since its last answer: it has neither closed nor
    /// said a word nobody asked for.
    pub(super) fn is_quiet(&mut self) -> bool {
        let each = self.route.timeouts.command;
        self.control.begin(each, Instant::now() + each);
        self.smtp.read_response().now_or_never().is_none() && !self.control.has_waiting()
    }

    /// Hands one message over.
    pub(super) async fn deliver(
        &mut self,
        envelope: &Envelope,
        message: &FinishedMessage,
        by: Instant,
    ) -> Delivery {
        let eai = envelope.needs_smtp_utf8() && !self.offer.smtp_utf8;
        if eai || (!message.is_ascii() && !self.offer.eight_bit) {
            return Delivery { result: SendResult::EaiUnsupported, in_step: true, was_dead: false };
        }
        if let Err(stop) = self.announce(envelope, message, by).await {
            return self.stopped(stop, by).await;
        }
        let reserve = DOT_RESERVE.min(self.route.timeouts.data / 2);
        if Instant::now() + reserve > by {
            return broken_off(Phase::Data, Broken::TooLate);
        }
        // A word too many would be taken for the answer to the message.
        if !self.is_quiet() {
            return broken_off(Phase::Data, Broken::OutOfStep);
        }
        self.hand_over(message, by).await
    }

    /// MAIL, RCPT and DATA: in one write where the server allows it (RFC 2920).
    async fn announce(
        &mut self,
        envelope: &Envelope,
        message: &FinishedMessage,
        by: Instant,
    ) -> Result<(), Stop> {
        let mut parameters = Vec::new();
        if envelope.needs_smtp_utf8() {
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !message.is_ascii() {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let mail = Mail::new(Some(envelope.from().clone()), parameters);
        let rcpt = Rcpt::new(envelope.to().clone(), Vec::new());
        let each = self.route.timeouts.command;
        if !self.offer.pipelining {
            let stop = |phase| move |trouble| Stop { phase, in_step: is_no(&trouble), trouble };
            self.ask(mail, 250, each, by).await.map_err(stop(Phase::Mail))?;
            self.ask(rcpt, 250, each, by).await.map_err(stop(Phase::Rcpt))?;
            return self.ask(Data, 354, each, by).await.map_err(stop(Phase::Data));
        }
        let answers = [
            self.ask(format!("{mail}{rcpt}{Data}"), 250, each, by).await,
            self.next_answer(250).await,
            self.next_answer(354).await,
        ];
        // The server expects a message as soon as it has said 354, whatever it said before.
        let in_step = answers[2].as_ref().is_err_and(is_no)
            && !answers.iter().any(|answer| matches!(answer, Err(Trouble::Broken(_))));
        for (answer, phase) in answers.into_iter().zip([Phase::Mail, Phase::Rcpt, Phase::Data]) {
            answer.map_err(|trouble| Stop { phase, trouble, in_step })?;
        }
        Ok(())
    }

    /// Writes the message with its final dot in one go, and reads the answer.
    async fn hand_over(&mut self, message: &FinishedMessage, by: Instant) -> Delivery {
        let body = message.dotted();
        let dot = self.control.written() + (body.len() - ".\r\n".len()) as u64;
        self.control.begin(self.route.timeouts.data, by);
        self.control.expect_dot(dot);
        let answer = self.smtp.command(body).await;
        let dot_written = self.control.written() > dot;
        match expect(answer, 250, &self.control) {
            Ok(response) => {
                let reply = reply(&response);
                let queue_id = reply.queue_id().map(str::to_owned);
                let result = SendResult::Accepted { reply, queue_id };
                Delivery { result, in_step: true, was_dead: false }
            }
            Err(Trouble::Reply(reply)) => {
                let in_step = dot_written && reply.code() != 421;
                let phase = if dot_written { Phase::Dot } else { Phase::Body };
                Delivery { result: refused(reply, phase), in_step, was_dead: false }
            }
            Err(Trouble::Broken(why)) if dot_written => {
                Delivery { result: SendResult::InDoubt { why }, in_step: false, was_dead: false }
            }
            Err(Trouble::Broken(why)) => {
                // A server that has had enough says so ("552 too big") before it hangs up.
                self.control.begin(LAST_WORDS, by);
                match heard(self.smtp.read_response().await, &self.control) {
                    Err(Trouble::Reply(reply)) => Delivery {
                        result: refused(reply, Phase::Body),
                        in_step: false,
                        was_dead: false,
                    },
                    _ => broken_off(Phase::Body, why),
                }
            }
        }
    }

    /// Sorts out a conversation that stopped before the message was begun.
    async fn stopped(&mut self, stop: Stop, by: Instant) -> Delivery {
        let Stop { phase, trouble, in_step } = stop;
        match trouble {
            Trouble::Broken(why) => {
                let closed = matches!(why, Broken::Closed | Broken::Io(_));
                Delivery { was_dead: closed && phase == Phase::Mail, ..broken_off(phase, why) }
            }
            Trouble::Reply(reply) if reply.code() == 421 => Delivery {
                was_dead: phase == Phase::Mail,
                in_step: false,
                result: refused(reply, phase),
            },
            Trouble::Reply(reply) => {
                let each = self.route.timeouts.command;
                let in_step = in_step && self.ask(Rset, 250, each, by).await.is_ok();
                Delivery { result: refused(reply, phase), in_step, was_dead: false }
            }
        }
    }

    /// Says goodbye and waits a moment for the answer.
    pub(super) async fn quit(mut self) {
        self.control.begin(GOODBYE, Instant::now() + GOODBYE);
        if self.smtp.command(Quit).await.is_err() {
            tracing::trace!("the relay did not answer QUIT");
        }
    }

    async fn ask(
        &mut self,
        command: impl std::fmt::Display,
        code: u16,
        each: Duration,
        by: Instant,
    ) -> Result<(), Trouble> {
        self.control.begin(each, by);
        let answer = self.smtp.command(command).await;
        expect(answer, code, &self.control).map(drop)
    }

    async fn next_answer(&mut self, code: u16) -> Result<(), Trouble> {
        if let Some(why) = self.control.broken() {
            return Err(why.into());
        }
        expect(self.smtp.read_response().await, code, &self.control).map(drop)
    }
}

async fn connect(route: &Route, by: Instant) -> Result<(Wire, Control), Broken> {
    let until = (Instant::now() + route.timeouts.connect).min(by);
    let stream = timeout_at(until, TcpStream::connect((route.host.as_str(), route.port)))
        .await
        .map_err(|_| Broken::TimedOut)?
        .map_err(|error| Broken::Connect(error.kind()))?;
    Wire::new(stream, by).map_err(|error| Broken::Io(error.kind()))
}

fn refused(reply: Reply, phase: Phase) -> SendResult {
    SendResult::Refused { permanent: reply.is_permanent(), reply, phase }
}

fn broken_off(phase: Phase, why: Broken) -> Delivery {
    let result = SendResult::NotHandedOver { why, phase };
    Delivery { result, in_step: false, was_dead: false }
}
