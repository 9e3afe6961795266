//! One test becomes one message: rendered, composed, signed and handed over as a touch is. Of what comes
//! of it nothing is noted about the address; the page says it to whoever asked.

use async_trait::async_trait;
use domain::Medium;
use domain::email::{Email as Address, is_reserved};
use domain::test_send::TestState;
use worker::test_sends::{ReadyTest, TestEnd, TestHandler};

use super::{EmailHandler, Outlet, mailbox_of};
use crate::mailer::{Mailer, SendResult};
use crate::message::{Email, Envelope, FinishedMessage, SentFor};
use crate::reply::{Verdict, judge};

/// What the list of a test is about.
const LIST: &str = "test";

impl EmailHandler {
    fn compose_test(
        &self,
        test: &ReadyTest,
    ) -> Result<(Envelope, FinishedMessage), Box<dyn std::error::Error + Send + Sync>> {
        let rendered = test.renderer.email(test.locale, &test.fields)?;
        // What comes back goes to the sender: a signed return path would speak of a touch.
        let envelope = Envelope::new(self.from.email.as_ref(), &test.to)?;
        let reply_to = test.owner.as_ref().and_then(mailbox_of);
        let message = Email {
            sent_for: SentFor::Test(test.id),
            now: test.now,
            from: &self.from,
            reply_to: reply_to.as_ref(),
            to_name: &test.to_name,
            envelope: &envelope,
            subject: &format!("{} {}", test.mark(), rendered.subject),
            text: &rendered.text,
            html: &rendered.html,
            unsubscribe_url: &test.unsubscribe_url,
            unsubscribe_mailto: None,
            list_label: test.mark(),
            list_topic: LIST,
        }
        .build()?;
        Ok((envelope, self.signed(message)?))
    }

    async fn send_test(
        &self,
        mailer: &Mailer,
        test: &ReadyTest,
        envelope: &Envelope,
        message: &FinishedMessage,
    ) -> TestEnd {
        // Sample users are nobody: a real relay is not asked about them.
        if Address::parse(&test.to).is_ok_and(|address| is_reserved(address.domain())) {
            return TestEnd::refused("bad_address: reserved domain");
        }
        let permit = match mailer.acquire(envelope).await {
            Ok(permit) => permit,
            Err(busy) => return TestEnd::NotBegun(busy.retry_after),
        };
        domain::failpoint::pass("mailer.connected_unsent");
        let result = mailer.send(permit, envelope, message, test.deadline).await;
        domain::failpoint::pass("mailer.accepted_unrecorded");
        end(&result)
    }
}

/// What is said of a result. "Not now" is an end, too: whoever asked is there and presses again.
fn end(result: &SendResult) -> TestEnd {
    if let SendResult::Accepted { reply, .. } = result {
        return TestEnd::Ended(TestState::Sent, reply.to_string());
    }
    match judge(result) {
        Verdict::Unknown { reason } => TestEnd::Ended(TestState::Doubt, reason.to_string()),
        Verdict::Sent { .. } => TestEnd::Ended(TestState::Sent, String::new()),
        Verdict::Retry { reason, .. }
        | Verdict::Failed { reason, .. }
        | Verdict::Blocked { reason }
        | Verdict::Misconfigured { reason, .. } => TestEnd::refused(reason),
    }
}

#[async_trait]
impl TestHandler for EmailHandler {
    fn medium(&self) -> Medium {
        Medium::Email
    }

    async fn attempt_test(&self, test: &ReadyTest) -> TestEnd {
        let (envelope, message) = match self.compose_test(test) {
            Ok(composed) => composed,
            Err(error) => return TestEnd::refused(error),
        };
        match &self.outlet {
            Outlet::Relay(mailer) => self.send_test(mailer, test, &envelope, &message).await,
            Outlet::Folder(outbox) => {
                match outbox.write(&format!("test-{}", test.id), message.as_bytes()).await {
                    Ok(()) => TestEnd::Ended(TestState::Sent, "outbox".to_owned()),
                    Err(error) => TestEnd::refused(format!("local outbox: {error}")),
                }
            }
        }
    }
}
