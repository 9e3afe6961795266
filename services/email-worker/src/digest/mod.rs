//! The morning's email to each agent: what is due today and what is overdue, at seven by the agent's
//! clock, once a day.
//!
//! Every email worker looks for digests that are due; a row per user and local day decides who sends one
//! (`storage::digests`). It is mail to staff about their work, so the list's marketing entries do not
//! stop it; an entry that stops every purpose does – a dead mailbox, a complaint. A refusal puts nobody
//! on the list: it is shown on the account page, and whoever keeps users puts it right.
//!
//! Where the relay cannot be asked, or says "later", it is tried again while it is still morning.
//! Known weakness: a process that dies between the last look and the relay's answer leaves that day
//! without a digest, or with one that nobody knows of.

mod letter;
mod words;

use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use domain::access::Permission;
use domain::clock::timestamp;
use domain::digest::{self, DigestState};
use domain::email::{Email, is_reserved};
use domain::suppression::Purpose;
use domain::{AddressKeyer, AddressKind, Clock, ContactChannel};
use jiff::Span;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use lettre::message::Mailbox;
use storage::contacts::domain_key;
use storage::digests::{DigestOf, DigestReader, DigestTasks};
use storage::suppressions::Asked;
use storage::{Database, StorageError};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::dkim::Signer;
use crate::handler::Outlet;
use crate::message::{Envelope, FinishedMessage};
use crate::reply::{Verdict, judge};
use letter::Letter;

/// Between two looks at what is due.
const EVERY: Duration = Duration::from_secs(30);
/// A claim that was not begun for so long is another process's.
const LEASE: Duration = Duration::from_secs(120);
/// Until one that could not be handed over is tried again.
const AGAIN: Duration = Duration::from_secs(300);
/// How long handing over may take.
const HANDOVER: Duration = Duration::from_secs(180);
/// So many tasks are named; of the rest the number is told.
const NAMED: u32 = 10;
/// Days for which it is remembered what became of a digest.
const REMEMBERED: i64 = 60;

/// Looks for digests that are due, and sends them.
pub struct Digests {
    /// Under the email worker's role.
    pub database: Database,
    /// Makes the keys of addresses, to look on the list.
    pub keyer: AddressKeyer,
    /// Where finished messages go.
    pub outlet: Outlet,
    /// Signs, where a key is set.
    pub signer: Option<Signer>,
    /// The sender.
    pub from: Mailbox,
    /// Who speaks.
    pub team: String,
    /// The zone of agents whose own is not known: an IANA name.
    pub default_zone: String,
    /// Where the console is, without a final slash.
    pub console_url: String,
    /// The process's name, unique among running ones.
    pub name: String,
}

/// What became of one, with why.
struct End(DigestState, Option<String>);

impl Digests {
    /// Looks every half minute until `shutdown`; what it has begun it ends.
    pub async fn run(self, clock: Clock, shutdown: CancellationToken) {
        let mut forgotten_on = None;
        loop {
            let now = clock.now();
            if let Err(error) = self.turn(now).await {
                tracing::warn!(error = %format!("{error:#}"), "digests wait for the database");
            }
            let today = now.date_naive();
            if forgotten_on != Some(today) && self.forget(now).await.is_ok() {
                forgotten_on = Some(today);
            }
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    async fn forget(&self, now: DateTime<Utc>) -> Result<(), StorageError> {
        let day = timestamp(now).to_zoned(TimeZone::UTC).date();
        let first = day.saturating_sub(Span::new().days(REMEMBERED));
        self.database.forget_digests(first).await?;
        Ok(())
    }

    /// Sends what is due at `now` and no other process has. Returns how many were handed over.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn turn(&self, now: DateTime<Utc>) -> anyhow::Result<usize> {
        let mut sent = 0;
        for reader in self.database.digest_readers().await? {
            let Some(day) = self.due(&reader, now) else { continue };
            let of = DigestOf { user: reader.user.id, day, holder: &self.name };
            if !self.database.claim_digest(of, LEASE).await? {
                continue;
            }
            let End(state, reason) = self.send(&reader, of, now).await?;
            self.database.settle_digest(of, state, reason.as_deref(), AGAIN).await?;
            metrics::counter!("touchline_digests_total", "result" => state.as_str()).increment(1);
            sent += usize::from(state == DigestState::Sent);
        }
        Ok(sent)
    }

    /// The day whose digest is due for somebody who has not had it.
    fn due(&self, reader: &DigestReader, now: DateTime<Utc>) -> Option<Date> {
        if !reader.user.may(Permission::TasksWork) {
            return None;
        }
        let own = reader.time_zone.as_deref().and_then(|name| TimeZone::get(name).ok());
        let zone = own.or_else(|| TimeZone::get(&self.default_zone).ok());
        let day = digest::due(timestamp(now), &zone.unwrap_or(TimeZone::UTC))?;
        reader.taken.is_none_or(|taken| taken < day).then_some(day)
    }

    async fn send(
        &self,
        reader: &DigestReader,
        of: DigestOf<'_>,
        now: DateTime<Utc>,
    ) -> anyhow::Result<End> {
        let tasks = self.database.digest_tasks(reader.agent, of.day, NAMED).await?;
        if tasks.today + tasks.overdue == 0 {
            return Ok(End(DigestState::Nothing, None));
        }
        let Ok(email) = Email::parse(&reader.user.email) else {
            return Ok(End(DigestState::Failed, Some("bad_address".to_owned())));
        };
        // Sample users are nobody: a real relay is not asked about them.
        if matches!(self.outlet, Outlet::Relay(_)) && is_reserved(email.domain()) {
            return Ok(End(DigestState::Failed, Some("bad_address: reserved domain".to_owned())));
        }
        if self.is_listed(&email).await? {
            return Ok(End(DigestState::Listed, None));
        }
        let (envelope, message) = match self.compose(reader, &email, of.day, &tasks, now) {
            Ok(composed) => composed,
            Err(error) => return Ok(End(DigestState::Failed, Some(format!("{error:#}")))),
        };
        self.hand_over(of, &envelope, &message).await
    }

    async fn is_listed(&self, email: &Email) -> Result<bool, StorageError> {
        let asked = Asked {
            key: self.keyer.key(AddressKind::Email, email.canonical()),
            domain: Some(domain_key(&self.keyer, email.domain())),
        };
        let found = self.database.entries_against(&[asked]).await?;
        let on_email = [None, Some(ContactChannel::Email)];
        let mut entries = found.iter().flatten().filter(|entry| on_email.contains(&entry.channel));
        Ok(entries.any(|entry| entry.reason.blocks(entry.channel, Purpose::Transactional)))
    }

    fn compose(
        &self,
        reader: &DigestReader,
        email: &Email,
        day: Date,
        tasks: &DigestTasks,
        now: DateTime<Utc>,
    ) -> anyhow::Result<(Envelope, FinishedMessage)> {
        let envelope = Envelope::new(self.from.email.as_ref(), &email.for_envelope())?;
        let letter = Letter {
            user: &reader.user,
            day,
            tasks,
            team: &self.team,
            console_url: &self.console_url,
        };
        let message = letter.message(&self.from, &envelope, now)?;
        let message = match &self.signer {
            Some(signer) => signer.sign(&message).context("it cannot be signed")?,
            None => message,
        };
        Ok((envelope, message))
    }

    /// From the begin on it is never taken by another process.
    async fn hand_over(
        &self,
        of: DigestOf<'_>,
        envelope: &Envelope,
        message: &FinishedMessage,
    ) -> anyhow::Result<End> {
        let again = |reason: String| End(DigestState::Claimed, Some(reason));
        let permit = match &self.outlet {
            Outlet::Relay(mailer) => match mailer.acquire(envelope).await {
                Ok(permit) => Some((mailer, permit)),
                Err(_) => return Ok(again("no capacity".to_owned())),
            },
            Outlet::Folder(_) => None,
        };
        if !self.database.begin_digest(of).await? {
            return Ok(End(DigestState::Nothing, None));
        }
        let result = match (permit, &self.outlet) {
            (Some((mailer, permit)), _) => {
                mailer.send(permit, envelope, message, Instant::now() + HANDOVER).await
            }
            (None, Outlet::Folder(outbox)) => {
                let name = format!("digest-{}-{}", of.day, of.user);
                return Ok(match outbox.write(&name, message.as_bytes()).await {
                    Ok(()) => End(DigestState::Sent, Some("outbox".to_owned())),
                    Err(error) => again(format!("local outbox: {error}")),
                });
            }
            (None, Outlet::Relay(_)) => return Ok(again("no capacity".to_owned())),
        };
        Ok(match judge(&result) {
            Verdict::Sent { .. } => End(DigestState::Sent, None),
            Verdict::Retry { reason, .. } => again(reason.to_string()),
            Verdict::Failed { reason, .. } | Verdict::Blocked { reason } => {
                tracing::warn!(user.id = %of.user, %reason, "a digest was refused");
                End(DigestState::Failed, Some(reason.to_string()))
            }
            Verdict::Unknown { reason } => End(DigestState::Doubt, Some(reason.to_string())),
            Verdict::Misconfigured { reason, .. } => {
                tracing::error!(%reason, "the relay is set up wrongly; digests wait");
                again(reason.to_string())
            }
        })
    }
}
