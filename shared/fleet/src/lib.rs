//! Joins a process to the fleet: what every service but `inbound` builds from the same settings.
//!
//! [`Shared`] is what services in one process have in common (broker, clock, library); [`Member`] is
//! one service's own view: its database role, its name, and the deployment's keys and team.

mod presence;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use bootstrap::Context;
use broker::{Broker, InProcessBroker, RabbitBroker};
use domain::token::TokenKeys;
use domain::window::Windows;
use domain::{AddressKeyer, Clock};
use library::Library;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use storage::fleet::members::unique_name;
use storage::{Database, Role, StorageError};
use worker::test_sends::{TestHandler, TestSends};
use worker::{Content, Duties, Foresight, Handler, Outlets, Team, Worker};

pub use presence::presence_of;

/// Between two looks at a database that is not there yet.
const PAUSE: Duration = Duration::from_secs(1);

/// What the services of one process share.
#[derive(Clone)]
pub struct Shared {
    /// Hints.
    pub broker: Arc<dyn Broker>,
    /// Business time.
    pub clock: Clock,
    /// Plans, templates and the calendar.
    pub library: Arc<Library>,
}

impl Shared {
    /// For a service that is its own process: RabbitMQ and the machine's clock.
    ///
    /// # Errors
    /// When a setting is missing or wrong.
    pub fn connect(ctx: &Context) -> anyhow::Result<Self> {
        ctx.settings.require(&["database.url", "broker.url", "keys.address", "keys.token"])?;
        Ok(Self {
            broker: connect_broker(&ctx.settings)?,
            clock: Clock::system(),
            library: Arc::new(load_library(&ctx.settings)?),
        })
    }
}

/// The broker of `[broker] url`, or one inside the process when it is not set.
///
/// # Errors
/// When the URL cannot be read. A broker that is away is no error: it is connected to later.
pub fn connect_broker(settings: &bootstrap::Loaded) -> anyhow::Result<Arc<dyn Broker>> {
    let broker: broker::Settings = settings.section("broker")?;
    if broker.is_in_process() {
        return Ok(Arc::new(InProcessBroker::new(broker.limits())));
    }
    let rabbit = RabbitBroker::connect(broker).context("[broker] url cannot be used")?;
    Ok(Arc::new(rabbit))
}

#[derive(Deserialize)]
struct LibrarySettings {
    dir: Option<std::path::PathBuf>,
}

/// The library, with the folder of `[library] dir` on top when it is set.
///
/// # Errors
/// When the folder cannot be read.
pub fn load_library(settings: &bootstrap::Loaded) -> anyhow::Result<Library> {
    match settings.section::<LibrarySettings>("library")?.dir {
        Some(dir) => Ok(Library::from_dir(&dir)?),
        None => Ok(Library::built_in()),
    }
}

#[derive(Deserialize)]
struct KeySettings {
    address: SecretString,
    token: SecretString,
    former_tokens: Vec<SecretString>,
}

/// The deployment's secrets, as what is made with them.
#[derive(Clone)]
pub struct Keys {
    /// Makes the keys of addresses.
    pub addresses: AddressKeyer,
    /// Signs and verifies links.
    pub tokens: TokenKeys,
}

impl Keys {
    /// Section `[keys]`.
    ///
    /// # Errors
    /// When a setting is wrong.
    pub fn load(settings: &bootstrap::Loaded) -> anyhow::Result<Self> {
        let keys: KeySettings = settings.section("keys")?;
        let mut tokens = TokenKeys::new("k1", keys.token.expose_secret().as_bytes());
        for former in &keys.former_tokens {
            tokens = tokens.with_old(former.expose_secret().as_bytes());
        }
        let addresses = AddressKeyer::new(keys.address.expose_secret().as_bytes());
        Ok(Self { addresses, tokens })
    }
}

/// One service's membership.
pub struct Member {
    /// Under the service's role.
    pub database: Database,
    /// Who speaks.
    pub team: Team,
    /// The deployment's keys.
    pub keys: Keys,
    /// The service's name in leases and history, unique among running processes.
    pub name: String,
    shared: Shared,
    windows: Windows,
    duties: Duties,
    worker: worker::Settings,
    public_url: String,
}

#[derive(Deserialize)]
struct PublicUrl {
    public_url: String,
}

#[derive(Deserialize)]
struct Faults {
    failpoint: String,
}

impl Member {
    /// Joins: waits until the database answers, checks its schema and key, registers what "ready"
    /// means, and reports itself as present until the process stops.
    ///
    /// # Errors
    /// When settings are wrong, the schema does not fit, or the key is another one.
    pub async fn join(
        ctx: &Context,
        shared: &Shared,
        service: &str,
        role: Role,
    ) -> anyhow::Result<Self> {
        domain::failpoint::arm(&ctx.settings.section::<Faults>("faults")?.failpoint)?;
        let database = Database::new(&ctx.settings.section("database")?, Some(role))?;
        let keys = Keys::load(&ctx.settings)?;
        register_checks(ctx, &database, &shared.broker);
        await_database(ctx, &database, &keys.addresses).await?;
        let name = unique_name(service);
        presence::keep(ctx, &database, &shared.broker, service, &name);
        Ok(Self {
            database,
            team: ctx.settings.section("team")?,
            keys,
            name,
            shared: shared.clone(),
            windows: ctx.settings.section("windows")?,
            duties: duties(&ctx.settings)?,
            worker: ctx.settings.section("worker")?,
            public_url: ctx.settings.section::<PublicUrl>("inbound")?.public_url,
        })
    }

    /// Starts sending the tests of this handler's medium. It stops with the process, after what it has
    /// begun.
    pub fn start_tests(&self, ctx: &Context, handler: Arc<dyn TestHandler>) {
        let medium = handler.medium();
        let tests = TestSends {
            database: self.database.clone(),
            handler,
            team: self.team.clone(),
            keyer: self.keys.addresses.clone(),
            tokens: self.keys.tokens.clone(),
            public_url: self.public_url.clone(),
            sender_domain: self.duties.sender_domain.clone(),
            clock: self.shared.clock.clone(),
            name: self.name.clone(),
        };
        ctx.shutdown.spawn(format!("{medium} tests"), tests.run(ctx.shutdown.token()));
    }

    /// Starts a worker with this handler, `concurrency` attempts at once. It stops with the
    /// process, after what it has begun.
    pub fn start_worker(self, ctx: &Context, handler: Arc<dyn Handler>, concurrency: usize) {
        let content =
            Content::new(self.database.clone(), self.team, self.keys.tokens, &self.public_url);
        let worker = Worker {
            database: self.database,
            broker: self.shared.broker,
            handler,
            content: Arc::new(content),
            rules: Arc::clone(self.shared.library.rules()),
            windows: self.windows,
            duties: self.duties,
            clock: self.shared.clock,
            settings: worker::Settings { concurrency, ..self.worker },
            name: self.name,
        };
        let token = ctx.shutdown.token();
        let label = worker.name.clone();
        ctx.shutdown.spawn(label, async move {
            if let Err(error) = worker.run(token).await {
                tracing::error!(%error, "the worker cannot take hints");
            }
        });
    }
}

/// What the fleet would decide about touches to come; `database` is under the role of whoever asks.
///
/// # Errors
/// When a setting is missing or wrong.
pub fn foresight(
    settings: &bootstrap::Loaded,
    library: &Library,
    database: Database,
) -> anyhow::Result<Foresight> {
    Ok(Foresight {
        database,
        rules: Arc::clone(library.rules()),
        windows: settings.section("windows")?,
        duties: duties(settings)?,
        default_time_zone: settings.section::<Team>("team")?.default_time_zone,
        outlets: Outlets {
            email: settings.is_set("email.url"),
            sms: settings.is_set("sms.preset") || settings.is_set("sms.url"),
        },
    })
}

#[derive(Deserialize)]
struct Sender {
    from: String,
}

#[derive(Deserialize)]
struct TextSender {
    sender: String,
}

/// Sections `[frequency]` and `[registries]`, the domain of `[email] from`, the kind of `[sms] sender`.
fn duties(settings: &bootstrap::Loaded) -> anyhow::Result<Duties> {
    let from = settings.section::<Sender>("email")?.from;
    let sender = settings.section::<TextSender>("sms")?.sender;
    let domain = from.trim_end_matches('>').rsplit_once('@').map(|(_, domain)| domain.to_owned());
    Ok(Duties {
        limits: settings.section("frequency")?,
        registries: settings.section("registries")?,
        sender_domain: domain,
        sender_is_one_way: ::domain::sender_id::is_name(&sender),
    })
}

/// Registers what "ready" means for a process with this database and broker.
pub fn register_checks(ctx: &Context, database: &Database, broker: &Arc<dyn Broker>) {
    ctx.health.fact("zone_data", domain::whereabouts::zone_data_version());
    let pinged = database.clone();
    ctx.health.check("database", move || {
        let database = pinged.clone();
        async move { database.ping().await }
    });
    let asked = Arc::clone(broker);
    ctx.health.check("broker", move || {
        let state = asked.state();
        async move { if state.is_ready() { Ok(()) } else { Err(format!("{state:?}")) } }
    });
}

/// Waits for the database, so that services may start in any order, and checks its schema and key.
///
/// # Errors
/// When the schema or the key is another one, or the process stops meanwhile.
pub async fn await_database(
    ctx: &Context,
    database: &Database,
    keyer: &AddressKeyer,
) -> anyhow::Result<()> {
    loop {
        let checked = match database.check_schema().await {
            Ok(()) => database.check_key(keyer).await,
            Err(error) => Err(error),
        };
        match checked {
            Ok(()) => return Ok(()),
            Err(error) if error.is_unavailable() => {
                tracing::warn!(%error, "waiting for the database");
            }
            Err(error @ StorageError::Schema(_)) => {
                tracing::warn!(%error, "waiting for the schema");
            }
            Err(error) => return Err(error.into()),
        }
        tokio::select! {
            () = ctx.shutdown.begun() => anyhow::bail!("stopped while waiting for the database"),
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

/// Reports a service that is no [`Member`] as present until the process stops.
pub fn report_presence(
    ctx: &Context,
    database: &Database,
    broker: &Arc<dyn Broker>,
    service: &str,
) {
    presence::keep(ctx, database, broker, service, &unique_name(service));
}
