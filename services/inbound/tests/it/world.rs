//! A deployment with the service in front of it, and a client that says exactly what it is told.

use std::net::SocketAddr;
use std::time::Duration;

use bootstrap::health::Health;
use bootstrap::metrics::Metrics;
use bootstrap::{Context, Loaded, Shutdown};
use domain::suppression::SuppressionReason;
use domain::token::{TokenKeys, UnsubscribeToken};
use domain::{AddressKey, AddressKind, ContactChannel, TouchId};
use inbound::Serving;
use storage::suppressions::Entry;
use testkit::fixture::Deployment;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The secret test tokens are signed with.
pub const TOKEN_SECRET: &str = "token-test-secret";

/// A secret that signed before.
pub const FORMER_SECRET: &str = "former-token-test-secret";

/// So long anything may take on a busy machine before it counts as not happening.
const EVENTUALLY: Duration = Duration::from_secs(60);

/// A running service and its database.
pub struct World {
    pub deployment: Deployment,
    pub journal: tempfile::TempDir,
    pub address: SocketAddr,
    ctx: Context,
    serving: Serving,
}

impl World {
    pub async fn start() -> Self {
        let deployment = Deployment::create().await;
        let url = deployment.url().to_owned();
        Self::with_database(deployment, &url, &[]).await
    }

    /// The service looks for its database at `url`, which may be a proxy.
    pub async fn with_database(
        deployment: Deployment,
        url: &str,
        further: &[(&str, &str)],
    ) -> Self {
        let journal = tempfile::tempdir().unwrap();
        let former = format!("[\"{FORMER_SECRET}\"]");
        let overrides = [
            ("database.url", url),
            ("keys.token", TOKEN_SECRET),
            ("keys.former_tokens", &former),
            ("team.name", "Palm Realty"),
            ("inbound.listen", "127.0.0.1:0"),
            ("inbound.journal_dir", journal.path().to_str().unwrap()),
        ];
        let settings = Loaded::defaults().with(&overrides).unwrap().with(further).unwrap();
        let ctx = Context {
            service: "inbound",
            settings,
            shutdown: Shutdown::new(),
            health: Health::new(),
            metrics: Metrics::install("inbound"),
        };
        let serving = inbound::serve(&ctx).await.unwrap();
        Self { deployment, journal, address: serving.address(), ctx, serving }
    }

    /// Where the service takes mail that comes back.
    pub fn lmtp_address(&self) -> SocketAddr {
        self.serving.lmtp_address().expect("the test has set inbound.lmtp_listen")
    }

    /// Stops the service in order and answers what its journal folder still holds.
    pub async fn stop(self) -> usize {
        let (_deployment, journal) = self.stop_keeping().await;
        files(journal.path())
    }

    /// Stops the service in order and keeps its database and its journal.
    pub async fn stop_keeping(self) -> (Deployment, tempfile::TempDir) {
        self.ctx.shutdown.begin();
        self.serving.ended().await.unwrap();
        (self.deployment, self.journal)
    }

    /// The path of an email's link to person `n`.
    pub fn link(&self, n: usize) -> String {
        link(&self.deployment, n)
    }

    /// POSTs a form to `path`.
    pub async fn post(&self, path: &str, body: &str) -> Answer {
        post(self.address, path, body).await
    }

    /// Asks for `path` without a body.
    pub async fn ask(&self, method: &str, path: &str, headers: &str) -> Answer {
        let request = format!("{method} {path} HTTP/1.1\r\nHost: u.example\r\n{headers}");
        send(self.address, &format!("{request}Connection: close\r\n\r\n")).await.unwrap()
    }

    /// The entries in force for person `n`.
    pub async fn entries(&self, n: usize) -> Vec<Entry> {
        entries(&self.deployment, n).await
    }

    /// Why person `n` is on the list, entry by entry.
    pub async fn reasons(&self, n: usize) -> Vec<SuppressionReason> {
        self.entries(n).await.iter().map(|entry| entry.reason).collect()
    }

    /// The value of a metric of this process by name and labels.
    pub fn metric(&self, name: &str) -> f64 {
        let text = self.ctx.metrics.render();
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.map_or(0.0, |value| value.trim().parse().unwrap())
    }
}

pub async fn entries(deployment: &Deployment, n: usize) -> Vec<Entry> {
    deployment.operator.entries(&[key(deployment, n)]).await.unwrap()
}

pub fn key(deployment: &Deployment, n: usize) -> AddressKey {
    deployment.keyer.key(AddressKind::Email, &format!("p{n}@example.com"))
}

/// A token of person `n` signed with `secret`.
/// A touch that went to person `n` by email.
pub async fn touch_to(deployment: &Deployment, n: usize) -> TouchId {
    let (touch, key) = (TouchId::new(), key(deployment, n).to_hex());
    deployment
        .tamper(&format!(
            "SELECT ensure_partitions('touches', ARRAY['2026-11-01'::date]);
             INSERT INTO touches (id, due_month, enrolment_id, contact_id, plan_version_id, step,
                                  cycle, channel, due_at, state, address_key, state_channel)
             VALUES ('{touch}', '2026-11-01', gen_random_uuid(), gen_random_uuid(),
                     gen_random_uuid(), 0, 0, 'email', '2026-11-05T08:00Z', 'sent',
                     decode('{key}', 'hex'), 'email')"
        ))
        .await;
    touch
}

pub fn token(deployment: &Deployment, n: usize, secret: &str) -> String {
    let address_key = key(deployment, n);
    let touch = Some(TouchId::new());
    let token = UnsubscribeToken { address_key, channel: ContactChannel::Email, touch };
    token.encode(&TokenKeys::new("k1", secret.as_bytes()))
}

pub fn link(deployment: &Deployment, n: usize) -> String {
    format!("/u/{}", token(deployment, n, TOKEN_SECRET))
}

/// An answer, as it came over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// The header lines, in lower case, without the date.
    pub head: String,
    pub body: String,
}

/// POSTs a form.
pub async fn post(address: SocketAddr, path: &str, body: &str) -> Answer {
    try_post(address, path, body).await.expect("the service answers")
}

/// POSTs a form to a service that may be gone.
pub async fn try_post(address: SocketAddr, path: &str, body: &str) -> Option<Answer> {
    let kind = "application/x-www-form-urlencoded";
    send(address, &post_request(path, kind, body, "")).await
}

/// A POST as text.
pub fn post_request(path: &str, kind: &str, body: &str, headers: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: u.example\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
         {headers}Connection: close\r\n\r\n{body}",
        body.len()
    )
}

/// Sends these very bytes and reads until the other side closes.
pub async fn send(address: SocketAddr, request: &str) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.ok()?;
    parse(&bytes)
}

pub fn parse(bytes: &[u8]) -> Option<Answer> {
    let text = std::str::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let head = head.to_lowercase();
    let lines: Vec<&str> = head.lines().filter(|line| !line.starts_with("date:")).collect();
    Some(Answer { status, head: lines.join("\n"), body: body.to_owned() })
}

/// Waits until `fact` holds.
pub async fn eventually(what: &str, mut fact: impl AsyncFnMut() -> bool) {
    let looking = async {
        while !fact().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let outcome = tokio::time::timeout(EVENTUALLY, looking).await;
    assert!(outcome.is_ok(), "{what} did not happen within {EVENTUALLY:?}");
}

/// How many files a folder holds.
pub fn files(folder: &std::path::Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}
