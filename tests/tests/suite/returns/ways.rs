//! The ways in which people say no, and the servers that bring it.

use std::sync::Arc;

use domain::return_path::ReturnPath;
use domain::token::{TokenKeys, UnsubscribeToken};
use domain::{AddressKey, AddressKeyer, AddressKind, ContactChannel, TouchId};
use serde_json::json;
use tests::processes::Scene;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::real_servers::{Postfix, answers, free_port, wait_for};

/// What gateways prove themselves with.
const SMS_SECRET: &str = "gateway-test-secret";
/// The domain of return paths; Postfix brings its mail to the edge.
pub const RETURNS: &str = "bounce.palm.test";
/// A domain at which nobody is.
pub const NOBODY: &str = "gone.test";

/// One way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// STOP, by a gateway's webhook.
    Stop,
    /// The one-click POST of a mail program.
    OneClick,
    /// A delivery report that a mail server makes and brings by LMTP.
    Bounce,
    /// A complaint that it brings by LMTP.
    Complaint,
}

impl Way {
    pub const ALL: [Self; 4] = [Self::Stop, Self::OneClick, Self::Bounce, Self::Complaint];

    /// What it stops.
    pub const fn channel(self) -> ContactChannel {
        match self {
            Self::Stop => ContactChannel::Sms,
            Self::OneClick | Self::Bounce | Self::Complaint => ContactChannel::Email,
        }
    }
}

/// The edge, and the mail server in front of it.
#[derive(Clone)]
pub struct Edge {
    http: u16,
    lmtp: u16,
    folder: Arc<tempfile::TempDir>,
    postfix: Arc<Postfix>,
    keys: TokenKeys,
    keyer: AddressKeyer,
}

impl Edge {
    pub async fn of(scene: &Scene) -> Self {
        let (http, lmtp) = (free_port(), free_port());
        let more = format!(
            "transport_maps = inline:{{ {{{NOBODY} = error:5.1.1 nobody of that name}}, \
             {{{RETURNS} = lmtp:inet:127.0.0.1:{lmtp}}} }}\nrelay_domains = {NOBODY}, {RETURNS}\n\
             smtpd_tls_security_level = none\nsmtpd_reject_unlisted_recipient = no\n\
             smtpd_recipient_restrictions = reject_unauth_destination\n\
             queue_run_delay = 1s\nminimal_backoff_time = 1s\n\
             maximal_backoff_time = 2s\n"
        );
        Self {
            http,
            lmtp,
            folder: Arc::new(tempfile::tempdir().unwrap()),
            postfix: Arc::new(Postfix::start_with(&more).await),
            keys: TokenKeys::new("k1", b"token-secret-of-tests"),
            keyer: scene.deployment.keyer.clone(),
        }
    }

    /// What the service is told.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let at = |name: &str| self.folder.path().join(name).display().to_string();
        vec![
            ("inbound.listen", format!("127.0.0.1:{}", self.http)),
            ("inbound.lmtp_listen", format!("127.0.0.1:{}", self.lmtp)),
            ("inbound.sms_secret", SMS_SECRET.to_owned()),
            ("inbound.journal_dir", at("journal")),
            ("inbound.replies_dir", at("replies")),
        ]
    }

    pub async fn listens(&self) {
        wait_for("the edge", String::new, async || answers(self.http).await).await;
        wait_for("the edge's LMTP", String::new, async || answers(self.lmtp).await).await;
    }

    /// Brings a person's no, about a touch that was sent; returns when it was taken.
    pub async fn bring(&self, way: Way, n: usize, touch: TouchId) {
        match way {
            Way::Stop => {
                let from = format!("+97150{n:07}");
                let body = json!({ "id": format!("m{n}"), "from": from, "text": "STOP" });
                let header = format!("X-Touchline-Secret: {SMS_SECRET}\r\n");
                self.post("/hooks/sms/generic", "application/json", &body.to_string(), &header)
                    .await;
            }
            Way::OneClick => {
                let (address_key, channel) = (self.key(n), ContactChannel::Email);
                let token = UnsubscribeToken { address_key, channel, touch: Some(touch) }
                    .encode(&self.keys);
                let form = "application/x-www-form-urlencoded";
                self.post(&format!("/u/{token}"), form, "List-Unsubscribe=One-Click", "").await;
            }
            // Postfix cannot deliver it, and reports so to the return path.
            Way::Bounce => {
                let message = "Subject: A villa\r\n\r\nHello.\r\n";
                self.hand_in(&self.return_path(n, touch), &format!("p{n}@{NOBODY}"), message).await;
            }
            Way::Complaint => {
                let path = self.return_path(n, touch);
                self.hand_in("fbl@provider.test", &path, &complaint(&path)).await;
            }
        }
    }

    fn key(&self, n: usize) -> AddressKey {
        self.keyer.key(AddressKind::Email, &format!("p{n}@example.com"))
    }

    fn return_path(&self, n: usize, touch: TouchId) -> String {
        let local = ReturnPath::new(touch, &self.key(n)).local_part(&self.keys);
        format!("{local}@{RETURNS}")
    }

    async fn post(&self, path: &str, kind: &str, body: &str, headers: &str) {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n{headers}\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(("127.0.0.1", self.http)).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 2"), "{path}: {answer}");
    }

    /// Hands a message to Postfix.
    async fn hand_in(&self, from: &str, to: &str, message: &str) {
        let stream = TcpStream::connect(("127.0.0.1", self.postfix.port())).await.unwrap();
        let mut stream = BufReader::new(stream);
        let end = format!("{message}.\r\n");
        let (mail, rcpt) = (format!("MAIL FROM:<{from}>\r\n"), format!("RCPT TO:<{to}>\r\n"));
        for said in ["", "HELO client.palm.test\r\n", &mail, &rcpt, "DATA\r\n", &end, "QUIT\r\n"] {
            stream.get_mut().write_all(said.as_bytes()).await.unwrap();
            let mut reply = String::new();
            stream.read_line(&mut reply).await.unwrap();
            let is_taken = reply.starts_with('2') || (said == "DATA\r\n" && reply.starts_with('3'));
            assert!(is_taken, "{said:?}: {reply}\n{}", self.postfix.log());
        }
    }
}

/// A complaint about the message with this return path, as providers send it (RFC 5965).
fn complaint(return_path: &str) -> String {
    format!(
        "From: fbl@provider.test\r\nSubject: complaint\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=feedback-report; boundary=\"f\"\r\n\r\n\
         --f\r\nContent-Type: text/plain\r\n\r\nA complaint.\r\n\
         --f\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n\
         User-Agent: FBL/0.1\r\nVersion: 1\r\nOriginal-Mail-From: {return_path}\r\n\r\n\
         --f\r\nContent-Type: text/rfc822-headers\r\n\r\nFrom: Palm Realty <hello@palm.example>\r\n\
         Return-Path: <{return_path}>\r\n\r\n--f--\r\n"
    )
}
