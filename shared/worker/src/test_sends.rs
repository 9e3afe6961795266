//! Tests that people of the team send to themselves: a template as it stands, rendered as somebody and
//! handed over as any message is, to nobody but whoever asked. They are outside of plans, touches and
//! hints: no cap counts them and no history of a contact shows them.
//!
//! A test is handed over at most once. From the moment it is taken up it is never taken up again; a
//! worker that dies with one leaves it in doubt. The list is read as the last thing before it is handed
//! over, so an entry that was made before stops it; unlike a touch, one that is on its way at that moment
//! is not named to whoever makes the entry.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::email::Email;
use domain::image::IMAGES_FIELD;
use domain::pause::Pausable;
use domain::phone::Phone;
use domain::suppression::Purpose;
use domain::test_send::TestState;
use domain::token::{TestToken, TokenKeys, UNSUBSCRIBE_PATH};
use domain::{AddressKeyer, AddressKind, Clock, ContactChannel, Locale, Medium, TestSendId};
use storage::claims::OwnerFacts;
use storage::contacts::domain_key;
use storage::suppressions::Asked;
use storage::test_sends::DueTest;
use storage::{Database, StorageError};
use templates::{Fields, Renderer};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::content::images_url;
use crate::{Links, Team};

/// Between two looks at what was asked for.
const POLL: Duration = Duration::from_secs(1);
/// The pause while the database is away.
const AWAY: Duration = Duration::from_secs(5);
/// How long one may take to be handed over.
const HANDOVER: Duration = Duration::from_secs(60);
/// How long one belongs to its worker.
const LEASE: Duration = Duration::from_secs(90);
/// So long after it was asked for it may still leave; later nobody waits for it any more.
const WITHIN: Duration = Duration::from_secs(600);

/// Hands tests over on one medium.
#[async_trait]
pub trait TestHandler: Send + Sync + 'static {
    /// The medium.
    fn medium(&self) -> Medium;

    /// Renders a test and hands it over, once. It must come back by `test.deadline`.
    async fn attempt_test(&self, test: &ReadyTest) -> TestEnd;
}

/// A test that may be handed over.
#[derive(Debug)]
pub struct ReadyTest {
    /// The test; names the message.
    pub id: TestSendId,
    /// The only address it goes to: of the user for email, of the agent the user is for SMS.
    pub to: String,
    /// The user's name.
    pub to_name: String,
    /// Renders the template.
    pub renderer: Renderer,
    /// The language to render in.
    pub locale: Locale,
    /// What the template may know.
    pub fields: Fields,
    /// The link of the test, which takes nobody off.
    pub unsubscribe_url: String,
    /// The agent of whoever it is rendered as.
    pub owner: Option<OwnerFacts>,
    /// Where whoever it is rendered as is.
    pub country: Option<String>,
    /// Business time.
    pub now: DateTime<Utc>,
    /// When it must be over.
    pub deadline: Instant,
}

impl ReadyTest {
    /// What the beginning of its text or subject says, so that nobody takes it for the message itself.
    #[must_use]
    pub const fn mark(&self) -> &'static str {
        match self.locale {
            Locale::En => "[Test]",
            Locale::Ar => "[تجربة]",
        }
    }
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TestEnd {
    /// An end, with what the other side said, or why it was not handed over: without addresses.
    Ended(TestState, String),
    /// Nothing was begun: there is no place at the moment.
    NotBegun(Duration),
}

impl TestEnd {
    /// It could not be made, or was not taken.
    pub fn refused(why: impl std::fmt::Display) -> Self {
        Self::Ended(TestState::Refused, why.to_string())
    }
}

/// Takes tests up and hands them over.
pub struct TestSends {
    /// Under the worker's role.
    pub database: Database,
    /// Renders and hands over.
    pub handler: Arc<dyn TestHandler>,
    /// Who speaks.
    pub team: Team,
    /// Makes the keys of addresses, to look on the list.
    pub keyer: AddressKeyer,
    /// Sign the links.
    pub tokens: TokenKeys,
    /// Where links lead, without a final slash.
    pub public_url: String,
    /// The domain emails are sent from, which a pause may name.
    pub sender_domain: Option<String>,
    /// Business time, for what is rendered.
    pub clock: Clock,
    /// The worker's name, unique among running processes.
    pub name: String,
}

impl TestSends {
    /// Sends until `stop`; what was taken up is finished.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let pause = match self.turn().await {
                Ok(true) => Duration::ZERO,
                Ok(false) => POLL,
                Err(error) => {
                    tracing::warn!(%error, "tests wait for the database");
                    AWAY
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Takes up one test and brings it to its end. Returns whether there was one.
    ///
    /// # Errors
    /// When the database does not answer. What was handed over and not recorded ends in doubt when its
    /// lease is over.
    pub async fn turn(&self) -> Result<bool, StorageError> {
        let medium = self.handler.medium();
        let taken = self.database.take_test(&self.name, LEASE, medium, WITHIN).await?;
        let Some(due) = taken else { return Ok(false) };
        let end = match self.ready(&due).await? {
            Ok(ready) => self.handler.attempt_test(&ready).await,
            Err(end) => end,
        };
        let (state, answer, again) = match &end {
            TestEnd::Ended(state, answer) => (*state, Some(answer.as_str()), Duration::ZERO),
            TestEnd::NotBegun(after) => (TestState::Waiting, None, *after),
        };
        tracing::info!(test = %due.id, %medium, %state, "a test was taken up");
        self.database.end_test(due.id, &self.name, state, answer, again).await?;
        Ok(true)
    }

    /// The test with everything an attempt needs, or why there must be none.
    async fn ready(&self, due: &DueTest) -> Result<Result<ReadyTest, TestEnd>, StorageError> {
        if due.user.disabled_at.is_some() {
            return Ok(Err(TestEnd::refused("user_disabled")));
        }
        let Some((to, asked)) = self.recipient(due) else {
            return Ok(Err(TestEnd::refused("no_address")));
        };
        let renderer = match Renderer::new(&due.compiled) {
            Ok(renderer) => renderer,
            Err(error) => return Ok(Err(TestEnd::refused(error))),
        };
        let token = TestToken(due.id).encode(&self.tokens);
        let url = self.public_url.trim_end_matches('/');
        let unsubscribe_url = format!("{url}{UNSUBSCRIBE_PATH}{token}?lang={}", due.locale);
        let images = images_url(&self.public_url);
        let (mut owner, mut country) = (None, None);
        let fields = match due.contact {
            None => Fields::examples_for(&due.compiled, due.locale)
                .with("unsubscribe_url", unsubscribe_url.as_str())
                .with(IMAGES_FIELD, images),
            Some(contact) => {
                let Some((facts, of_owner)) = self.database.contact_facts(contact).await? else {
                    return Ok(Err(TestEnd::refused("no_contact")));
                };
                let fields = {
                    let links = Links { unsubscribe: &unsubscribe_url, images: &images };
                    self.team.fields(&facts, of_owner.as_ref(), links)
                };
                (owner, country) = (of_owner, facts.country);
                fields
            }
        };
        if let Some(end) = self.forbidden(asked).await? {
            return Ok(Err(end));
        }
        Ok(Ok(ReadyTest {
            id: due.id,
            to,
            to_name: due.user.full_name.clone(),
            renderer,
            locale: due.locale,
            fields,
            unsubscribe_url,
            owner,
            country,
            now: self.clock.now(),
            deadline: Instant::now() + HANDOVER,
        }))
    }

    /// The user's own address on the medium, and what the list is asked about it.
    fn recipient(&self, due: &DueTest) -> Option<(String, Asked)> {
        if self.handler.medium() == Medium::Email {
            let email = Email::parse(&due.user.email).ok()?;
            let key = self.keyer.key(AddressKind::Email, email.canonical());
            let domain = Some(domain_key(&self.keyer, email.domain()));
            return Some((email.for_envelope(), Asked { key, domain }));
        }
        let phone = due.phone.as_deref()?;
        let phone = Phone::parse(phone, &self.team.default_region).phone?;
        let key = self.keyer.key(AddressKind::Phone, phone.e164());
        Some((phone.e164().to_owned(), Asked { key, domain: None }))
    }

    /// A pause of the channel, or an entry of the list: what stops marketing stops a test.
    async fn forbidden(&self, asked: Asked) -> Result<Option<TestEnd>, StorageError> {
        let channel = match self.handler.medium() {
            Medium::Sms => ContactChannel::Sms,
            _ => ContactChannel::Email,
        };
        let sender_domain = self.sender_domain.as_deref();
        let test = Pausable { channel, sender_domain, plan: "", source: "" };
        let mut pauses = self.database.open_pauses().await?.into_iter();
        if let Some(open) = pauses.find(|open| open.pause.covers(test)) {
            return Ok(Some(TestEnd::Ended(TestState::Paused, open.pause.reason)));
        }
        let found = self.database.entries_against(&[asked]).await?;
        let against = found.into_iter().flatten().find(|entry| {
            // A topic is one of plans, and a test belongs to none.
            let covers = entry.channel.is_none_or(|own| own == channel) && entry.topic.is_none();
            covers && entry.reason.blocks(entry.channel, Purpose::Marketing)
        });
        Ok(against.map(|entry| TestEnd::Ended(TestState::Listed, entry.reason.to_string())))
    }
}
