//! One touch becomes one message.

mod test_send;

use std::time::Duration;

use async_trait::async_trait;
use domain::bounce::{Classification, Suppress};
use domain::retry::Backoff;
use domain::return_path::ReturnPath;
use domain::suppression::{Origin, SuppressionReason};
use domain::token::TokenKeys;
use domain::{ContactChannel, Medium, Reason, ReasonCode};
use lettre::message::Mailbox;
use storage::arrivals::NewBounce;
use storage::claims::OwnerFacts;
use storage::suppressions::{NewSuppression, Target};
use storage::{Database, StorageError};
use tokio::time::Instant;
use worker::{Handler, Outcome, ReadyTouch};

use crate::dkim::{SignError, Signer};
use crate::mailer::{Mailer, SendResult};
use crate::message::{
    Email, Envelope, FinishedMessage, MessageError, SentFor, parse_mailbox, wire_address,
};
use crate::notice;
use crate::outbox::EmailOutbox;
use crate::reply::{Verdict, judge};
use crate::settings::Settings;

/// How long touches wait while the relay or the sending domain is set up wrongly: time for people
/// to put it right.
const MISCONFIGURED_PAUSE: Duration = Duration::from_secs(300);

/// Who entries and bounces recorded here are by.
const ACTOR: &str = "email-worker";

/// Where finished messages go. Clones share connections and limits.
#[derive(Debug, Clone)]
pub enum Outlet {
    /// A mail relay.
    Relay(Mailer),
    /// Files on this machine; nothing is sent.
    Folder(EmailOutbox),
}

/// Makes messages and hands them over.
pub struct EmailHandler {
    outlet: Outlet,
    signer: Option<Signer>,
    from: Mailbox,
    return_paths: Option<ReturnPaths>,
    database: Database,
}

/// Makes the return paths of touches, so that what comes back names its touch and recipient, and the
/// addresses for unsubscribing by mail (compliance.md BNC-08, EML-12).
struct ReturnPaths {
    domain: String,
    keys: TokenKeys,
}

impl ReturnPaths {
    /// Those at `[email] bounce_domain`, where that is set.
    fn new(settings: &Settings, keys: TokenKeys) -> Result<Option<Self>, MessageError> {
        let domain = settings.bounce_domain.trim();
        if domain.is_empty() {
            return Ok(None);
        }
        let address = wire_address(&format!("b@{domain}"));
        let address = address.ok_or(MessageError::Address("email.bounce_domain"))?;
        Ok(Some(Self { domain: address.domain().to_owned(), keys }))
    }

    fn of(&self, path: ReturnPath) -> String {
        format!("{}@{}", path.local_part(&self.keys), self.domain)
    }

    fn unsubscribe_mailto(&self, path: ReturnPath) -> String {
        format!("mailto:{}@{}", path.unsubscribe_local_part(&self.keys), self.domain)
    }
}

impl EmailHandler {
    /// A handler that sends as `[email] from`, with return paths signed by `keys` where there is a
    /// domain for them. The database is for entries that hard bounces call for.
    ///
    /// # Errors
    /// When the sender is no address, or the domain of return paths none.
    pub fn new(
        outlet: Outlet,
        signer: Option<Signer>,
        settings: &Settings,
        keys: TokenKeys,
        database: Database,
    ) -> Result<Self, MessageError> {
        let from = parse_mailbox(&settings.from, "email.from")?;
        let return_paths = ReturnPaths::new(settings, keys)?;
        Ok(Self { outlet, signer, from, return_paths, database })
    }

    /// The message and its envelope, or why there must be none.
    fn compose(&self, touch: &ReadyTouch) -> Result<(Envelope, FinishedMessage), Outcome> {
        let mut rendered = touch.template.renderer.email(touch.locale, &touch.fields)?;
        if !touch.notices.is_empty() {
            rendered.text = touch.with_notices(rendered.text, "\n\n") + "\n";
            rendered.html = notice::into_html(&rendered.html, touch);
        }
        let claimed = &touch.claimed;
        let recipient = claimed.address.as_deref().unwrap_or_default();
        let path = ReturnPath::new(claimed.id, &claimed.address_key);
        let paths = self.return_paths.as_ref();
        let signed = paths.map(|paths| paths.of(path));
        let mailto = paths.map(|paths| paths.unsubscribe_mailto(path));
        let sender = signed.as_deref().unwrap_or(self.from.email.as_ref());
        let envelope = Envelope::new(sender, recipient).map_err(|error| {
            Outcome::Blocked(Reason::new(ReasonCode::BadAddress, error.to_string()))
        })?;
        let reply_to = claimed.owner.as_ref().and_then(mailbox_of);
        let attempt = u32::from(claimed.attempt.unsigned_abs());
        let message = Email {
            sent_for: SentFor::Touch { id: claimed.id, attempt },
            now: touch.now,
            from: &self.from,
            reply_to: reply_to.as_ref(),
            to_name: &claimed.contact.full_name,
            envelope: &envelope,
            subject: &rendered.subject,
            text: &rendered.text,
            html: &rendered.html,
            unsubscribe_url: &touch.unsubscribe_url,
            unsubscribe_mailto: mailto.as_deref(),
            list_label: touch.plan.name_in(touch.locale),
            list_topic: &touch.plan.key,
        }
        .build()
        .map_err(not_a_message)?;
        let message = self.signed(message).map_err(|error| {
            Outcome::Failed(Reason::new(ReasonCode::Misconfigured, error.to_string()))
        })?;
        Ok((envelope, message))
    }

    fn signed(&self, message: FinishedMessage) -> Result<FinishedMessage, SignError> {
        match &self.signer {
            Some(signer) => signer.sign(&message),
            None => Ok(message),
        }
    }

    async fn send(
        &self,
        mailer: &Mailer,
        touch: &ReadyTouch,
        envelope: &Envelope,
        message: &FinishedMessage,
    ) -> Outcome {
        let permit = match mailer.acquire(envelope).await {
            Ok(permit) => permit,
            Err(busy) => return Outcome::NotBegun { after: busy.retry_after },
        };
        domain::failpoint::pass("mailer.connected_unsent");
        let by = Instant::from_std(touch.deadline);
        let result = mailer.send(permit, envelope, message, by).await;
        domain::failpoint::pass("mailer.accepted_unrecorded");
        self.outcome(touch, &result).await
    }

    async fn outcome(&self, touch: &ReadyTouch, result: &SendResult) -> Outcome {
        let verdict = judge(result);
        let suppresses = verdict.suppresses();
        match verdict {
            Verdict::Sent { queue_id } => Outcome::Sent { provider_ref: queue_id },
            Verdict::Retry { backoff, reason, bounce } => {
                if let Some(bounce) = bounce {
                    self.count_bounce(touch, &bounce).await;
                }
                Outcome::Retry { reason, backoff, after: None }
            }
            Verdict::Failed { reason, bounce } => {
                if suppresses {
                    self.note_hard_bounce(touch, &bounce).await;
                }
                self.count_bounce(touch, &bounce).await;
                Outcome::Failed(reason)
            }
            Verdict::Blocked { reason } => Outcome::Blocked(reason),
            Verdict::Unknown { reason } => Outcome::Unknown(reason),
            Verdict::Misconfigured { reason, stop_domain } => {
                tracing::error!(%reason, stop_domain, "the relay or the sending domain is set up wrongly; touches wait");
                Outcome::Wait { until: touch.now + MISCONFIGURED_PAUSE, reason }
            }
        }
    }

    /// Puts an address on the list that cannot receive (compliance.md BNC-03).
    async fn note_hard_bounce(&self, touch: &ReadyTouch, bounce: &Classification) {
        let entry = entry(touch, SuppressionReason::HardBounce, bounce);
        if let Err(error) = self.database.suppress_now(&entry).await {
            let touch = touch.claimed.id;
            tracing::error!(touch.id = %touch, %error, "a hard bounce could not be put on the list");
        }
    }

    /// Counts a bounce day of the mailbox, and puts the address on the list when they are too many
    /// (compliance.md BNC-04).
    async fn count_bounce(&self, touch: &ReadyTouch, bounce: &Classification) {
        if !matches!(bounce.suppress, Suppress::Counter | Suppress::CounterWhenRepeated) {
            return;
        }
        let claimed = &touch.claimed;
        let class = bounce.class.as_str();
        let taken = NewBounce {
            key: claimed.address_key,
            channel: ContactChannel::Email,
            message: format!("touch {}", claimed.id),
            // The attempt itself is recorded in the history of the touch.
            touch: None,
            class,
            status: bounce.status.map_or_else(|| class.to_owned(), |status| status.to_string()),
            advice: bounce.suppress,
            source: ACTOR,
            bounced_at: touch.now,
            actor: ACTOR.to_owned(),
        };
        let counted = async {
            self.database.take_bounce(&taken).await?;
            let email = ContactChannel::Email;
            if self.database.bounces_too_often(taken.key, email, touch.now).await? {
                let entry = entry(touch, SuppressionReason::SoftBounceLimit, bounce);
                self.database.suppress_now(&entry).await?;
            }
            Ok::<(), StorageError>(())
        };
        if let Err(error) = counted.await {
            tracing::error!(touch.id = %claimed.id, %error, "a bounce could not be counted");
        }
    }
}

/// Where an agent is answered.
fn mailbox_of(owner: &OwnerFacts) -> Option<Mailbox> {
    let address = owner.email.parse().ok()?;
    Some(Mailbox::new(Some(owner.name.clone()), address))
}

fn entry(touch: &ReadyTouch, reason: SuppressionReason, bounce: &Classification) -> NewSuppression {
    let claimed = &touch.claimed;
    NewSuppression {
        target: Target::Address {
            key: claimed.address_key,
            channel: ContactChannel::Email,
            domain: None,
        },
        reason,
        origin: Origin::System,
        actor: ACTOR.to_owned(),
        evidence: Some(format!("reply to touch {}, {:?}", claimed.id, bounce.class)),
        touch: Some(claimed.id),
        received_at: None,
    }
}

fn not_a_message(error: MessageError) -> Outcome {
    let code = match error {
        MessageError::UnsubscribeUrl | MessageError::UnsubscribeMailto => ReasonCode::Misconfigured,
        MessageError::Address(_) => ReasonCode::BadAddress,
        _ => ReasonCode::TemplateError,
    };
    Outcome::Blocked(Reason::new(code, error.to_string()))
}

#[async_trait]
impl Handler for EmailHandler {
    fn medium(&self) -> Medium {
        Medium::Email
    }

    fn is_real(&self) -> bool {
        matches!(self.outlet, Outlet::Relay(_))
    }

    async fn attempt(&self, touch: &ReadyTouch) -> Outcome {
        let rendering = touch.rendering();
        let (envelope, message) = match self.compose(touch) {
            Ok(composed) => composed,
            Err(outcome) => {
                outcome.end(rendering);
                return outcome;
            }
        };
        rendering.with("touchline.message.size", message.as_bytes().len()).end();
        match &self.outlet {
            Outlet::Relay(mailer) => {
                let handing_over = touch.handing_over("smtp");
                let outcome = self.send(mailer, touch, &envelope, &message).await;
                outcome.end(handing_over);
                outcome
            }
            Outlet::Folder(outbox) => {
                match outbox.write(&touch.claimed.id.to_string(), message.as_bytes()).await {
                    Ok(()) => Outcome::Sent { provider_ref: Some("outbox".to_owned()) },
                    Err(error) => Outcome::Retry {
                        reason: Reason::new(
                            ReasonCode::Unreachable,
                            format!("local outbox: {error}"),
                        ),
                        backoff: Backoff::UNREACHABLE,
                        after: None,
                    },
                }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use domain::{AddressKeyer, AddressKind, TouchId};

    use super::*;

    fn settings(bounce_domain: &str) -> Settings {
        let loaded = bootstrap::settings::Loaded::from_sources(None, Vec::new()).unwrap();
        let settings: Settings = loaded.section("email").unwrap();
        Settings { bounce_domain: bounce_domain.to_owned(), ..settings }
    }

    #[test]
    fn a_return_path_is_an_envelope_sender_that_verifies() {
        let keys = TokenKeys::new("k1", b"secret");
        let paths = ReturnPaths::new(&settings("Bounce.Palm.example"), keys.clone());
        let paths = paths.unwrap().unwrap();
        let touch = TouchId::new();
        let recipient = AddressKeyer::new(b"k").key(AddressKind::Email, "sara@example.org");
        let path = ReturnPath::new(touch, &recipient);
        let sender = paths.of(path);
        let envelope = Envelope::new(&sender, "sara@example.org").unwrap();
        assert_eq!(envelope.from().domain(), "bounce.palm.example");
        let found = ReturnPath::verify(&keys, envelope.from().as_ref()).unwrap();
        assert!(found.touch == touch && found.is_to(&recipient));
        let mailto = paths.unsubscribe_mailto(path);
        let address = mailto.strip_prefix("mailto:").unwrap();
        assert!(address.ends_with("@bounce.palm.example"));
        assert_eq!(ReturnPath::verify_unsubscribe(&keys, address), Ok(path));
    }

    #[test]
    fn return_paths_are_signed_only_where_there_is_a_domain_for_them() {
        let keys = TokenKeys::new("k1", b"secret");
        assert!(ReturnPaths::new(&settings(""), keys.clone()).unwrap().is_none());
        assert!(ReturnPaths::new(&settings("no domain"), keys).is_err());
    }
}
