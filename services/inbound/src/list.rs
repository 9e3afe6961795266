//! The database arrivals are applied in, and telling one that is away from one that refuses.

use std::future::Future;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use bootstrap::Shutdown;
use domain::image::ImageName;
use domain::token::UnsubscribeToken;
use domain::{AddressKey, ContactChannel};
use storage::fleet::members::{Presence, unique_name};
use storage::preferences::Preferences;
use storage::{Database, Role, StorageError};
use tokio::time::{Instant, timeout};

use crate::arrival::{ACTOR, Arrival, Office, PATIENCE};

/// A database that has not answered by then is away.
const ANSWER: Duration = Duration::from_secs(2);

/// Calls without any answer after which connections are made anew.
const SILENCES: u32 = 3;

/// The shortest time between two renewals, so that a slow server is not flooded by them.
const RENEWAL_EVERY: Duration = Duration::from_secs(10);

/// Why an arrival is not applied yet.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotEntered {
    /// The database cannot be asked at the moment.
    #[error("{0}")]
    Away(StorageError),
    /// The database said nothing.
    #[error("PostgreSQL did not answer in time; check [database] url, its load and the network")]
    Silent,
    /// The database refused; waiting alone will not help.
    #[error("{0}")]
    Refused(StorageError),
}

impl NotEntered {
    /// Whether the database is away, rather than of another opinion.
    pub(crate) const fn is_away(&self) -> bool {
        !matches!(self, Self::Refused(_))
    }
}

impl From<StorageError> for NotEntered {
    fn from(error: StorageError) -> Self {
        if error.is_unavailable() { Self::Away(error) } else { Self::Refused(error) }
    }
}

/// The list in PostgreSQL.
#[derive(Debug)]
pub(crate) struct List {
    settings: storage::Settings,
    office: Office,
    connections: RwLock<Connections>,
}

/// A pool, and how its server behaves.
#[derive(Debug)]
struct Connections {
    database: Database,
    silences: u32,
    renewed: Option<Instant>,
}

impl List {
    /// Prepares connections; the database need not answer yet.
    pub(crate) fn new(settings: storage::Settings, office: Office) -> Result<Self, StorageError> {
        let database = Database::new(&settings, Some(Role::Inbound))?;
        let connections = Connections { database, silences: 0, renewed: None };
        Ok(Self { settings, office, connections: RwLock::new(connections) })
    }

    fn database(&self) -> Database {
        self.connections.read().unwrap_or_else(PoisonError::into_inner).database.clone()
    }

    /// Reports this process as present until it stops. By the connections that were made at the start:
    /// it is for people to look at, and nothing else waits for it.
    pub(crate) fn keep_present(&self, shutdown: &Shutdown) {
        let (database, stop) = (self.database(), shutdown.token());
        let presence = Presence::of("inbound", &unique_name("inbound"), bootstrap::VERSION);
        shutdown.spawn("presence", async move {
            database.stay_present(presence, || serde_json::json!({}), stop.cancelled()).await;
        });
    }

    /// Whether the database answers, for readiness.
    pub(crate) async fn ping(&self) -> Result<(), NotEntered> {
        let database = self.database();
        self.answered(ANSWER, database.ping()).await
    }

    /// Does what an arrival calls for. It may be repeated and cancelled.
    pub(crate) async fn apply(&self, arrival: &Arrival) -> Result<(), NotEntered> {
        let database = self.database();
        let applied = self.office.apply(&database, arrival);
        self.answered(ANSWER + PATIENCE, applied).await
    }

    /// The kept requests that open reviews still need.
    pub(crate) async fn requests_under_review(&self) -> Result<Vec<String>, NotEntered> {
        let database = self.database();
        self.answered(ANSWER, database.requests_under_review()).await
    }

    /// What the address of a link gets, as far as its owner may choose.
    pub(crate) async fn preferences(
        &self,
        link: &UnsubscribeToken,
    ) -> Result<Preferences, NotEntered> {
        let database = self.database();
        self.answered(ANSWER, database.preferences(&link.address_key, link.channel)).await
    }

    /// The file of an image.
    pub(crate) async fn image(&self, name: ImageName) -> Result<Option<Vec<u8>>, NotEntered> {
        let database = self.database();
        self.answered(ANSWER, database.image_content(name)).await
    }

    /// Where the people with an address are reached on `channel`.
    pub(crate) async fn addresses_of_people_with(
        &self,
        key: &AddressKey,
        channel: ContactChannel,
    ) -> Result<Vec<AddressKey>, NotEntered> {
        let database = self.database();
        self.answered(ANSWER, database.addresses_of_people_with(key, channel)).await
    }

    /// Takes back what a link has stopped within 24 hours. Returns how many entries ended.
    pub(crate) async fn undo(
        &self,
        link: &UnsubscribeToken,
        evidence: &str,
    ) -> Result<i64, NotEntered> {
        let UnsubscribeToken { address_key, channel, touch } = link;
        let database = self.database();
        let undone = database.undo_opt_out(address_key, *channel, *touch, ACTOR, evidence);
        self.answered(ANSWER, undone).await
    }

    async fn answered<T>(
        &self,
        patience: Duration,
        call: impl Future<Output = Result<T, StorageError>>,
    ) -> Result<T, NotEntered> {
        let Ok(answer) = timeout(patience, call).await else {
            self.note_silence();
            return Err(NotEntered::Silent);
        };
        let mut connections = self.connections.write().unwrap_or_else(PoisonError::into_inner);
        connections.silences = 0;
        Ok(answer?)
    }

    /// Connections through a network that swallows everything stay open for many minutes. After
    /// some silence new ones are made, so that recovery is a matter of seconds.
    fn note_silence(&self) {
        let mut connections = self.connections.write().unwrap_or_else(PoisonError::into_inner);
        connections.silences += 1;
        let too_soon = connections.renewed.is_some_and(|at| at.elapsed() < RENEWAL_EVERY);
        if connections.silences < SILENCES || too_soon {
            return;
        }
        // The URL was read at start; it does not become unreadable.
        if let Ok(database) = Database::new(&self.settings, Some(Role::Inbound)) {
            *connections = Connections { database, silences: 0, renewed: Some(Instant::now()) };
        }
    }
}
