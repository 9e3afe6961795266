//! One test becomes one text message, by the gateway of all others.

use std::time::Duration;

use async_trait::async_trait;
use domain::test_send::TestState;
use domain::{Medium, TouchId};
use templates::RenderedSms;
use templates::sms::{Reference, count};
use worker::test_sends::{ReadyTest, TestEnd, TestHandler};

use super::{SmsHandler, coding_of};
use crate::gateway::SmsMessage;
use crate::reply::{Verdict, verdict};

impl SmsHandler {
    fn compose_test(&self, test: &ReadyTest) -> Result<SmsMessage, String> {
        let rendered = test.renderer.sms(test.locale, &test.fields);
        let text = rendered.map_err(|error| error.to_string())?.text;
        let text = format!("{} {text}", test.mark());
        let rendered = RenderedSms { count: count(&text, Reference::EightBit), text };
        self.allowed(&rendered, test.country.as_deref()).map_err(|reason| reason.to_string())?;
        Ok(SmsMessage {
            to: test.to.clone(),
            sender: self.settings.sender.clone(),
            // Gateways know messages by the id of what they are sent for.
            reference: TouchId::from(test.id.as_uuid()),
            attempt: 1,
            coding: coding_of(&rendered),
            segments: u32::try_from(rendered.count.segments).unwrap_or(u32::MAX),
            first_attempt_age: Duration::ZERO,
            text: rendered.text,
        })
    }
}

#[async_trait]
impl TestHandler for SmsHandler {
    fn medium(&self) -> Medium {
        Medium::Sms
    }

    async fn attempt_test(&self, test: &ReadyTest) -> TestEnd {
        let message = match self.compose_test(test) {
            Ok(message) => message,
            Err(why) => return TestEnd::refused(why),
        };
        let result = self.gateway.send(&message, test.deadline).await;
        domain::failpoint::pass("gateway.accepted_unrecorded");
        match verdict(result) {
            Verdict::Sent { provider_ref } => {
                TestEnd::Ended(TestState::Sent, provider_ref.unwrap_or_default())
            }
            Verdict::Later { after } => TestEnd::NotBegun(after),
            Verdict::Unknown { reason, .. } => TestEnd::Ended(TestState::Doubt, reason.to_string()),
            Verdict::Retry { reason, .. }
            | Verdict::Failed { reason, .. }
            | Verdict::Misconfigured { reason } => TestEnd::refused(reason),
        }
    }
}
