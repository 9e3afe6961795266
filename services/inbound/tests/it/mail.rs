//! Mail that comes back by LMTP: bounces and complaints, forgeries, outages (V-5, BNC-03, BNC-12).

use domain::TouchId;
use domain::return_path::ReturnPath;
use domain::suppression::{Origin, SuppressionReason};
use domain::token::TokenKeys;
use testkit::fixture::{ADDRESS_SECRET, Deployment};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::proxy::{Proxy, Way};
use crate::world::{TOKEN_SECRET, World, eventually, files, key, touch_to};

struct Mail {
    world: World,
    kept: tempfile::TempDir,
}

impl Mail {
    async fn start() -> Self {
        let deployment = Deployment::create().await;
        let url = deployment.url().to_owned();
        Self::with_database(deployment, &url).await
    }

    async fn with_database(deployment: Deployment, url: &str) -> Self {
        let kept = tempfile::tempdir().unwrap();
        let settings = [
            ("keys.address", std::str::from_utf8(ADDRESS_SECRET).unwrap()),
            ("inbound.lmtp_listen", "127.0.0.1:0"),
            ("inbound.hook_limit_bytes", "65536"),
            ("inbound.replies_dir", kept.path().to_str().unwrap()),
        ];
        Self { world: World::with_database(deployment, url, &settings).await, kept }
    }

    /// The return path of a message to person `n`, signed with `secret`.
    fn return_path(&self, n: usize, secret: &str) -> String {
        self.return_path_of(TouchId::new(), n, secret)
    }

    fn return_path_of(&self, touch: TouchId, n: usize, secret: &str) -> String {
        let path = ReturnPath::new(touch, &key(&self.world.deployment, n));
        let local = path.local_part(&TokenKeys::new("k1", secret.as_bytes()));
        format!("{local}@bounce.palm.example")
    }

    /// Hands a message over and answers what was said after its final dot, one line per recipient.
    async fn hand_over(&self, recipients: &[&str], message: &str) -> Vec<String> {
        let mut session = String::from("LHLO mx.palm.example\r\nMAIL FROM:<>\r\n");
        for recipient in recipients {
            session.push_str(&format!("RCPT TO:<{recipient}>\r\n"));
        }
        session.push_str(&format!("DATA\r\n{message}\r\n.\r\nQUIT\r\n"));
        let mut stream = TcpStream::connect(self.world.lmtp_address()).await.unwrap();
        stream.write_all(session.as_bytes()).await.unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).await.unwrap();
        let (_, after) = said.split_once("354 ").unwrap();
        let lines: Vec<String> = after.lines().skip(1).map(str::to_owned).collect();
        assert!(lines.last().unwrap().starts_with("221 "), "{said}");
        lines[..lines.len() - 1].to_vec()
    }
}

/// A report that delivery to person `n` failed with `status`.
fn report(n: usize, action: &str, status: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mx.example\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\n..dots stay\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n\
         Final-Recipient: rfc822; p{n}@example.com\r\nAction: {action}\r\nStatus: {status}\r\n\r\n--b--"
    )
}

fn complaint(return_path: &str) -> String {
    format!(
        "Content-Type: multipart/report; report-type=feedback-report; boundary=f\r\n\r\n\
         --f\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n\
         Version: 1\r\nOriginal-Mail-From: <{return_path}>\r\n\
         Original-Rcpt-To: <p3@example.com>\r\n\r\n--f--"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hard_bounce_and_a_complaint_are_on_the_list_when_the_answer_comes() {
    let mail = Mail::start().await;
    let path = mail.return_path(0, TOKEN_SECRET);
    let said = mail.hand_over(&[&path.to_uppercase()], &report(0, "failed", "5.1.1")).await;
    assert!(said[0].starts_with("250 "), "{said:?}");
    let entry = mail.world.entries(0).await.remove(0);
    assert_eq!((entry.reason, entry.origin), (SuppressionReason::HardBounce, Origin::System));
    let message = complaint(&mail.return_path(3, TOKEN_SECRET));
    let said = mail.hand_over(&["fbl@palm.example"], &message).await;
    assert!(said[0].starts_with("250 "), "{said:?}");
    let entry = mail.world.entries(3).await.remove(0);
    assert_eq!((entry.reason, entry.origin), (SuppressionReason::Complaint, Origin::Recipient));
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_reports_delays_and_reports_about_others_change_nothing() {
    let mail = Mail::start().await;
    let forged = mail.return_path(0, "a secret nobody signs with");
    let good = mail.return_path(0, TOKEN_SECRET);
    let hard = report(0, "failed", "5.1.1");
    for (recipient, message) in [
        (forged.as_str(), hard.as_str()),
        ("hello@palm.example", &hard),
        (&good, &report(0, "delayed", "4.4.1")),
        (&good, &report(0, "failed", "5.7.26")),
        (&good, &report(1, "failed", "5.1.1")),
        (&good, "Auto-Submitted: auto-replied\r\n\r\nI am away."),
        ("fbl@palm.example", &complaint(&forged)),
    ] {
        let said = mail.hand_over(&[recipient], message).await;
        assert!(said[0].starts_with("250 "), "{said:?}");
    }
    for n in [0, 1, 3] {
        assert!(mail.world.entries(n).await.is_empty(), "{n}");
    }
    // Only the database knows to whom the touch of the report about another went.
    assert_eq!(files(mail.kept.path()), 2, "its report and the note that it is done with");
}

#[tokio::test(flavor = "multi_thread")]
async fn any_spelling_of_the_mailbox_is_the_one_the_return_path_was_made_for() {
    let mail = Mail::start().await;
    let deployment = &mail.world.deployment;
    let mailbox = deployment.keyer.key(domain::AddressKind::Email, "saraone@gmail.com");
    let path = ReturnPath::new(TouchId::new(), &mailbox);
    let local = path.local_part(&TokenKeys::new("k1", TOKEN_SECRET.as_bytes()));
    let spelled =
        report(0, "failed", "5.1.1").replace("p0@example.com", "Sara.One+x@GoogleMail.com");
    mail.hand_over(&[&format!("{local}@bounce.palm.example")], &spelled).await;
    assert_eq!(deployment.operator.entries(&[mailbox]).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_comes_three_times_counts_once() {
    let mail = Mail::start().await;
    let path = mail.return_path(0, TOKEN_SECRET);
    for _ in 0..3 {
        mail.hand_over(&[&path], &report(0, "failed", "5.1.1")).await;
    }
    let keys = [key(&mail.world.deployment, 0)];
    let history = mail.world.deployment.operator.list_history(&keys).await;
    let suppressed = history.unwrap().into_iter().filter(|event| event.reason.is_some());
    assert_eq!(suppressed.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_recipient_gets_an_answer_and_a_message_that_is_too_long_is_refused() {
    let mail = Mail::start().await;
    let path = mail.return_path(0, TOKEN_SECRET);
    let said = mail.hand_over(&["a@palm.example", &path], &report(0, "failed", "5.1.1")).await;
    assert_eq!(said.len(), 2);
    let long = format!("Subject: long\r\n\r\n{}", "x".repeat(70_000));
    let said = mail.hand_over(&[&path], &long).await;
    assert!(said[0].starts_with("552 "), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bounces_and_complaints_during_an_outage_are_in_force_after_it() {
    let deployment = Deployment::create().await;
    let proxy = Proxy::start(deployment.url(), Way::Cut);
    let mail = Mail::with_database(deployment, &proxy.url()).await;
    let path = mail.return_path(0, TOKEN_SECRET);
    let said = mail.hand_over(&[&path], &report(0, "failed", "5.1.1")).await;
    assert!(said[0].starts_with("250 "), "{said:?}");
    // The report names another address and the complaint none, so that the touch has to be asked for
    // its own; of the last one nobody knows anything.
    let touches =
        [touch_to(&mail.world.deployment, 2).await, touch_to(&mail.world.deployment, 4).await];
    let path = mail.return_path_of(touches[0], 2, TOKEN_SECRET);
    let unnamed = mail.return_path_of(touches[1], 4, TOKEN_SECRET);
    let strangers = mail.return_path_of(touches[1], 5, TOKEN_SECRET);
    let nobody = complaint(&unnamed).replace("Original-Rcpt-To: <p3@example.com>\r\n", "");
    for (recipient, message) in [
        (path.as_str(), report(1, "failed", "5.1.1")),
        ("fbl@palm.example", nobody),
        (&strangers, report(1, "failed", "5.1.1")),
        (&mail.return_path(6, TOKEN_SECRET), report(1, "failed", "5.1.1")),
    ] {
        let said = mail.hand_over(&[recipient], &message).await;
        assert!(said[0].starts_with("250 "), "{said:?}");
    }
    assert!(mail.world.metric("touchline_inbound_journal_depth") > 0.0);
    proxy.set(Way::Open);
    eventually("the bounces get on the list", async || {
        mail.world.reasons(0).await == [SuppressionReason::HardBounce]
            && mail.world.reasons(2).await == [SuppressionReason::HardBounce]
            && mail.world.reasons(4).await == [SuppressionReason::Complaint]
            && mail.world.metric("touchline_inbound_journal_depth") == 0.0
    })
    .await;
    for n in [1, 5, 6] {
        assert!(mail.world.entries(n).await.is_empty(), "{n}");
    }
}
