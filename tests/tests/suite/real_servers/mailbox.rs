//! What the public edge fetches from a real mailbox: each message once, nothing lost when it dies.

use bootstrap::health::Health;
use bootstrap::metrics::Metrics;
use bootstrap::{Context, Loaded, Shutdown};
use domain::return_path::ReturnPath;
use domain::suppression::SuppressionReason;
use domain::token::TokenKeys;
use domain::{AddressKey, AddressKind, TouchId};
use inbound::Serving;
use testkit::fixture::{ADDRESS_SECRET, Deployment};

use super::dovecot::{Dovecot, PASSWORD};
use super::{left_out, wait_for};

const TOKEN_SECRET: &str = "token-test-secret";

struct Edge {
    ctx: Context,
    serving: Serving,
}

impl Edge {
    /// Starts an edge that looks into the mailbox and keeps what it knows in `folder`.
    async fn start(deployment: &Deployment, dovecot: &Dovecot, folder: &std::path::Path) -> Self {
        let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
        let settings = [
            ("database.url", deployment.url().to_owned()),
            ("keys.address", String::from_utf8(ADDRESS_SECRET.to_vec()).unwrap()),
            ("keys.token", TOKEN_SECRET.to_owned()),
            ("inbound.listen", "127.0.0.1:0".to_owned()),
            ("inbound.journal_dir", at("journal")),
            ("inbound.replies_dir", at("replies")),
            ("inbound.imap_url", dovecot.url()),
            ("inbound.imap_password", PASSWORD.to_owned()),
            ("inbound.imap_poll_seconds", "1".to_owned()),
            ("inbound.hook_limit_bytes", "4096".to_owned()),
        ];
        let settings = settings.each_ref().map(|(key, value)| (*key, value.as_str()));
        let ctx = Context {
            service: "inbound",
            settings: Loaded::defaults().with(&settings).unwrap(),
            shutdown: Shutdown::new(),
            health: Health::new(),
            metrics: Metrics::install("inbound"),
        };
        let serving = inbound::serve(&ctx).await.unwrap();
        Self { ctx, serving }
    }

    async fn stop(self) {
        self.ctx.shutdown.begin();
        self.serving.ended().await.unwrap();
    }
}

fn key(deployment: &Deployment, n: usize) -> AddressKey {
    deployment.keyer.key(AddressKind::Email, &format!("p{n}@example.com"))
}

/// A message from person `n` to their address for unsubscribing.
fn unsubscribe(deployment: &Deployment, n: usize) -> String {
    let keys = TokenKeys::new("k1", TOKEN_SECRET.as_bytes());
    let path = ReturnPath::new(TouchId::new(), &key(deployment, n));
    let local = path.unsubscribe_local_part(&keys);
    format!("To: {local}@bounce.palm.example\nFrom: p{n}@example.com\nSubject: unsubscribe\n\nx\n")
}

async fn is_on_the_list(deployment: &Deployment, n: usize) -> Option<()> {
    let entries = deployment.operator.entries(&[key(deployment, n)]).await.unwrap();
    entries.iter().any(|it| it.reason == SuppressionReason::EmailRequest).then_some(())
}

/// Entries ever made for person `n`.
async fn entered(deployment: &Deployment, n: usize) -> usize {
    let history = deployment.operator.list_history(&[key(deployment, n)]).await.unwrap();
    history.iter().filter(|event| event.reason.is_some()).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_message_of_a_mailbox_is_dealt_with_once_and_none_is_lost() {
    if left_out("dovecot") {
        return;
    }
    let (deployment, dovecot) = (Deployment::create().await, Dovecot::start().await);
    let folder = tempfile::tempdir().unwrap();
    dovecot.deliver("0", &unsubscribe(&deployment, 0));
    dovecot.deliver("long", &format!("{}{}", unsubscribe(&deployment, 9), "x".repeat(8000)));
    dovecot.deliver("1", &unsubscribe(&deployment, 1));
    let edge = Edge::start(&deployment, &dovecot, folder.path()).await;
    for n in [0, 1] {
        wait_for("the request", || dovecot.log(), async || is_on_the_list(&deployment, n).await)
            .await;
    }
    // What comes while it runs is found by a later look.
    dovecot.deliver("2", &unsubscribe(&deployment, 2));
    wait_for("the request", || dovecot.log(), async || is_on_the_list(&deployment, 2).await).await;
    wait_for("the marks", || dovecot.log(), async || (dovecot.seen() == 4).then_some(())).await;
    edge.stop().await;
    // Started anew it goes on where it was.
    dovecot.deliver("3", &unsubscribe(&deployment, 3));
    let edge = Edge::start(&deployment, &dovecot, folder.path()).await;
    wait_for("the request", || dovecot.log(), async || is_on_the_list(&deployment, 3).await).await;
    edge.stop().await;
    // Without its memory of the place it begins anew, and nothing changes for those who are done.
    for file in std::fs::read_dir(folder.path().join("replies")).unwrap().flatten() {
        if file.path().extension().is_some_and(|extension| extension == "place") {
            std::fs::remove_file(file.path()).unwrap();
        }
    }
    dovecot.deliver("4", &unsubscribe(&deployment, 4));
    let edge = Edge::start(&deployment, &dovecot, folder.path()).await;
    wait_for("the request", || dovecot.log(), async || is_on_the_list(&deployment, 4).await).await;
    for n in 0..5 {
        assert_eq!(entered(&deployment, n).await, 1, "{n}");
    }
    assert_eq!(entered(&deployment, 9).await, 0, "what is too long is left alone");
    edge.stop().await;
}
