//! The web console: what marketers, compliance officers, agents and operators work with.
//!
//! Pages are made on the server and work without script; htmx makes a few of them live. Every route
//! stands in one table with the permission it asks for ([`routes::Routes`]): there is no other way to
//! add one, so none is reached without its permission, and a test walks all of them.
//!
//! Begin reading at `routes.rs`, `access/guard.rs` and `page.rs`; then any folder of pages.

mod access;
mod api;
mod app;
mod assets;
mod page;
mod pages;
pub mod routes;
pub mod safety;
mod settings;
mod telemetry;
mod trouble;
mod webhooks;
mod words;

use std::net::SocketAddr;

use anyhow::Context as _;
use bootstrap::{Context, server};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use access::links;
pub use access::links::demonstration_link;
use app::App;
use routes::Route;
use webhooks::Deliverer;

/// The running service.
pub struct Serving {
    address: SocketAddr,
    url: String,
    app: App,
    table: Vec<Route>,
    task: JoinHandle<()>,
}

impl Serving {
    /// Where it listens, with the port the system chose for port 0.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where people reach it, without a final slash.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Every route, for whoever wants to walk them.
    #[must_use]
    pub fn routes(&self) -> &[Route] {
        &self.table
    }

    /// A link that lets the first administrator in, once, where nobody has come in yet.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn first_link(&self) -> anyhow::Result<Option<String>> {
        links::first_link(&self.app.database, &self.url).await
    }

    /// Waits for its end, which comes when `ctx.shutdown` has begun and open requests are answered.
    ///
    /// # Errors
    /// When it panicked.
    pub async fn ended(self) -> anyhow::Result<()> {
        self.task.await.context("the console broke off; the log says where")
    }
}

/// Runs the service until `ctx.shutdown` begins. Where nobody can sign in yet, it prints the link that
/// lets the first administrator in.
///
/// # Errors
/// As [`serve`].
pub async fn run(ctx: Context) -> anyhow::Result<()> {
    let shared = fleet::Shared::connect(&ctx)?;
    let serving = serve(&ctx, &shared).await?;
    if let Some(link) = serving.first_link().await? {
        // Not into the log: who reads the log must not become an administrator.
        println!("Nobody can sign in yet. The first administrator opens, within a day and once:");
        println!("  {link}");
    }
    serving.ended().await
}

/// Starts the service and returns when it listens.
///
/// # Errors
/// Settings that are missing or wrong, an address that cannot be listened on, a database of another
/// version.
pub async fn serve(ctx: &Context, shared: &fleet::Shared) -> anyhow::Result<Serving> {
    telemetry::describe_all();
    let app = App::open(ctx, shared).await?;
    let listener = TcpListener::bind(&app.settings.listen).await.with_context(|| {
        format!("cannot listen on {}; choose a free port in console.listen", app.settings.listen)
    })?;
    let address = listener.local_addr().context("the system does not tell where it listens")?;
    app.listens_on(address);
    let routes = pages::routes(&app);
    let table = routes.table().to_vec();
    app.describes(serde_json::to_value(routes.document()).context("the API's document")?);
    let router = routes.into_router();
    tracing::info!(%address, "the console is served");
    deliver_webhooks(ctx, &app);
    let stop = ctx.shutdown.token();
    let task =
        ctx.shutdown.spawn("console", server::run(listener, router, telemetry::CONNECTIONS, stop));
    Ok(Serving { address, url: app.url(), app, table, task })
}

/// Delivers webhooks until the shutdown. Without a client nothing is delivered and everything else
/// works.
fn deliver_webhooks(ctx: &Context, app: &App) {
    let Some(client) = app.webhook_client.clone() else { return };
    let deliverer = Deliverer::new(app.database.clone(), app.keyer.clone(), client);
    ctx.shutdown.spawn("webhooks", deliverer.run(ctx.shutdown.token()));
}
