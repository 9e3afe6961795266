//! What every handler works with.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use bootstrap::Context;
use domain::outgoing::Reach;
use domain::token::TokenKeys;
use domain::{AddressKeyer, Clock};
use fleet::Keys;
use library::Library;
use office::Connection;
use storage::{Database, Role};

use crate::access::password::Passwords;
use crate::access::provider::client::Provider;
use crate::api::Limits;
use crate::pages::Glances;
use crate::settings::Settings;
use crate::webhooks::client::{ATTEMPT, Client, System};

/// The service's state. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<State>);

/// See [`App`].
pub struct State {
    /// Under the console's role: everything but lifting, erasing and what else is for officers.
    pub database: Database,
    /// Under the role of compliance officers; only for routes that ask for their permissions.
    pub compliance: Database,
    /// Makes the keys of addresses.
    pub keyer: AddressKeyer,
    /// Sign what goes to browsers and comes back.
    pub tokens: TokenKeys,
    /// Business time.
    pub clock: Clock,
    /// Plans, templates, rules, calendar.
    pub library: Arc<Library>,
    /// What the fleet would decide about touches to come.
    pub foresight: worker::Foresight,
    /// Hashes and checks passwords.
    pub passwords: Passwords,
    /// What many look at, and one asks the database for.
    pub glances: Glances,
    /// Where people may sign in besides.
    pub provider: Option<Provider>,
    /// Posts messages of webhooks; nothing where that cannot be done, as the log says.
    pub webhook_client: Option<Client>,
    /// The settings.
    pub settings: Settings,
    /// How often tokens of the API may ask.
    pub limits: Limits,
    /// Where it listens, once it does.
    address: OnceLock<SocketAddr>,
    /// The API's document, once there are its routes.
    document: OnceLock<serde_json::Value>,
}

impl std::ops::Deref for App {
    type Target = State;

    fn deref(&self) -> &State {
        &self.0
    }
}

impl App {
    pub async fn open(ctx: &Context, shared: &fleet::Shared) -> anyhow::Result<Self> {
        let settings = Settings::read(&ctx.settings)?;
        let connection = ctx.settings.section("database")?;
        let database = Database::new(&connection, Some(Role::Console))?;
        let Keys { addresses: keyer, tokens } = Keys::load(&ctx.settings)?;
        fleet::register_checks(ctx, &database, &shared.broker);
        fleet::await_database(ctx, &database, &keyer).await?;
        fleet::report_presence(ctx, &database, &shared.broker, "console");
        Ok(Self(Arc::new(State {
            compliance: Database::new(&connection, Some(Role::Compliance))?,
            foresight: fleet::foresight(&ctx.settings, &shared.library, database.clone())?,
            database,
            keyer,
            tokens,
            clock: shared.clock.clone(),
            library: Arc::clone(&shared.library),
            provider: settings.provider.clone().map(Provider::new).transpose()?,
            webhook_client: webhook_client(&settings),
            passwords: Passwords::new(),
            glances: Glances::default(),
            limits: Limits::new(settings.api_per_minute),
            settings,
            address: OnceLock::new(),
            document: OnceLock::new(),
        })))
    }

    /// What the office works with, under the console's role.
    pub fn office(&self) -> Connection {
        Connection { database: self.database.clone(), keyer: self.keyer.clone() }
    }

    /// The same under the role of compliance officers; only for routes that ask for their
    /// permissions.
    pub fn compliance_office(&self) -> Connection {
        Connection { database: self.compliance.clone(), keyer: self.keyer.clone() }
    }

    /// Notes where it listens.
    pub fn listens_on(&self, address: SocketAddr) {
        // It listens once.
        let _ = self.0.address.set(address);
    }

    /// Notes the API's document.
    pub fn describes(&self, document: serde_json::Value) {
        // It is made once.
        let _ = self.0.document.set(document);
    }

    /// The API's document.
    pub fn document(&self) -> serde_json::Value {
        self.0.document.get().cloned().unwrap_or_default()
    }

    /// Where people reach it, without a final slash.
    pub fn url(&self) -> String {
        match self.0.address.get() {
            Some(address) if self.settings.public_url.is_empty() => format!("http://{address}"),
            _ => self.settings.public_url.clone(),
        }
    }
}

fn webhook_client(settings: &Settings) -> Option<Client> {
    let (reach, ca_file) = (settings.webhook_reach, settings.webhook_ca_file.as_deref());
    if reach == Reach::Inner {
        tracing::warn!("webhooks may reach into private networks; webhooks.allow_private says so");
    }
    match Client::new(reach, ca_file, Arc::new(System), ATTEMPT) {
        Ok(client) => Some(client),
        Err(error) => {
            let error = format!("{error:#}");
            tracing::error!(error, "webhooks are not delivered by this process");
            None
        }
    }
}
