//! The public edge: one-click unsubscribe (RFC 8058), its page, answers by text message, health.
//!
//! A `POST` with a valid token puts the address the token speaks of on the list; nothing else does,
//! so that scanners and prefetching mail programs change nothing. The service goes on taking
//! opt-outs when PostgreSQL is away, so it is worth traffic as long as it is live: route by
//! `/health/live`, and let `/health/ready` tell operations how its database does.

mod arrival;
mod body;
mod doors;
mod edge;
mod imap;
mod intake;
mod journal;
mod kept;
mod language;
mod list;
mod lmtp;
mod mailroom;
#[doc(hidden)]
pub mod outside;
mod page;
mod preferences;
pub mod providers;
mod retention;
pub mod returns;
mod settings;
mod telemetry;
mod texts;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use bootstrap::health::HealthSettings;
use bootstrap::{Context, server};
use domain::Clock;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use doors::Doors;
use edge::Edge;
use intake::Intake;
use journal::{Applier, Journal};
use list::List;
use retention::Retention;
use settings::Settings;

/// The running service.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    lmtp_address: Option<SocketAddr>,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Serving {
    /// Where it listens, with the port the system chose for port 0.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it takes mail that comes back, if it does.
    #[must_use]
    pub fn lmtp_address(&self) -> Option<SocketAddr> {
        self.lmtp_address
    }

    /// Waits for its end, which comes when `ctx.shutdown` has begun and every opt-out that was
    /// being taken is in force or in the journal.
    ///
    /// # Errors
    /// When it panicked.
    pub async fn ended(self) -> anyhow::Result<()> {
        self.task.await.context("the public edge broke off; the log says where")?
    }
}

/// Runs the service until `ctx.shutdown` begins.
///
/// # Errors
/// As [`serve`].
pub async fn run(ctx: Context) -> anyhow::Result<()> {
    serve(&ctx).await?.ended().await
}

/// Starts the service and returns as soon as it listens. The database need not answer yet.
///
/// # Errors
/// Settings that are missing or wrong, an address that cannot be listened on, a journal folder
/// that cannot be written.
pub async fn serve(ctx: &Context) -> anyhow::Result<Serving> {
    telemetry::describe_all();
    let settings = Settings::read(&ctx.settings)?;
    domain::failpoint::arm(&settings.failpoint)?;
    let pages: HealthSettings = ctx.settings.section("health")?;
    let list = Arc::new(List::new(settings.database.clone(), settings.office.clone())?);
    list.keep_present(&ctx.shutdown);
    let pinged = Arc::clone(&list);
    ctx.health.check("database", move || {
        let list = Arc::clone(&pinged);
        async move { list.ping().await }
    });
    let dir = settings.journal_dir.clone();
    let journal = Journal::open(&dir).with_context(|| {
        let dir = dir.display();
        format!("cannot write to {dir}, where unsubscribes wait for the database; set inbound.journal_dir")
    })?;
    let listener = TcpListener::bind(&settings.listen).await.with_context(|| {
        format!("cannot listen on {}; choose a free port in inbound.listen", settings.listen)
    })?;
    let address = listener.local_addr().context("the system does not tell where it listens")?;
    // The journal gets a share of the connections, so that neither starves the other.
    let connections = settings.database.max_connections.max(2) as usize;
    let width = (connections / 2).min(8);
    let clock = Clock::system();
    let intake = Arc::new(Intake::new(
        Arc::clone(&list),
        journal.clone(),
        clock,
        connections.saturating_sub(width),
    ));
    let opt_outs = TaskTracker::new();
    let health = pages.listen.is_none().then(|| (ctx.health.clone(), ctx.shutdown.clone()));
    let edge = Edge::new(&settings, Arc::clone(&intake), opt_outs.clone(), health);
    let (hooks, doors) = Doors::open(&settings, &intake, &opt_outs).await?;
    let router = edge.router().merge(hooks);
    let lmtp_address = doors.lmtp_address();
    Retention::start(ctx, &settings, &list);
    let applier = Applier::new(journal, intake, width);
    tracing::info!(%address, journal = %dir.display(), "unsubscribes are taken");
    let stop = ctx.shutdown.token();
    let task = ctx.shutdown.spawn("inbound", async move {
        let applied = CancellationToken::new();
        let applying = tokio::spawn(applier.run(applied.clone()));
        tokio::join!(
            server::run(listener, router, telemetry::CONNECTIONS, stop.clone()),
            doors.run(stop.clone())
        );
        // Requests that were hung up on may still be on their way to the list.
        opt_outs.close();
        opt_outs.wait().await;
        applied.cancel();
        applying.await.context("the journal's task broke off; the log says where")
    });
    Ok(Serving { address, lmtp_address, task })
}
