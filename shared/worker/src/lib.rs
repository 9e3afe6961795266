//! The worker runtime: consume → claim → gate → handler → record → acknowledge.
//!
//! A service brings a [`Handler`], which makes one attempt at one touch and says in a closed
//! [`Outcome`] what became of it. Everything else is here, and happens in this order:
//!
//! 1. [`intake`] takes hints in batches and claims them in one statement, which reads the list on
//!    the locked rows. What the claim does not return needs no work; its hint is acknowledged.
//!    One more statement then reads what else the gate asks about the whole batch.
//! 2. [`attempt`] asks the gate, and hands what may go out to the handler, under a deadline that
//!    ends before the lease does.
//! 3. [`recorder`] stores outcomes in batches and acknowledges the hints after the commit.
//!
//! Nothing is held in memory that the database does not know: a process that dies loses its claims
//! to the sweep, which counts them as unknown. When the database does not answer, outcomes are kept
//! and nothing new is taken; when the broker does not answer, hints stop and nothing else does.

pub mod attempt;
pub mod content;
mod duties;
mod facts;
pub mod foresight;
pub mod intake;
mod judge;
pub mod outcome;
pub mod recorder;
mod settings;
pub mod telemetry;
pub mod test_sends;
mod traces;

pub use content::{Content, Found, Links, OwedText, ReadyTouch, Team};
pub use duties::{Duties, Outlets, RequiredRegistries};
pub use foresight::Foresight;
pub use outcome::Outcome;
pub use settings::Settings;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use broker::Broker;
use domain::rules::RuleBook;
use domain::window::Windows;
use domain::{Clock, Medium};
use storage::Database;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Makes attempts on one medium.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// The medium whose queue is consumed.
    fn medium(&self) -> Medium;

    /// Whether what it hands over leaves the house: to a relay or a gateway, and not into a folder or
    /// a table of ours. People of the sample data get nothing that does.
    fn is_real(&self) -> bool {
        true
    }

    /// Makes one attempt. Called for many touches at once, at most [`Settings::concurrency`]. It
    /// must come back by `touch.deadline`; a panic becomes a recorded failure.
    async fn attempt(&self, touch: &ReadyTouch) -> Outcome;
}

/// What a worker is made of.
pub struct Worker {
    /// Under the service's own role.
    pub database: Database,
    /// Where hints come from.
    pub broker: Arc<dyn Broker>,
    /// Makes the attempts.
    pub handler: Arc<dyn Handler>,
    /// Plans, templates, and what templates may know.
    pub content: Arc<Content>,
    /// When the jurisdictions allow recipients to be reached.
    pub rules: Arc<RuleBook>,
    /// When the team wants them to be reached.
    pub windows: Windows,
    /// Caps, registries, and what pauses may name.
    pub duties: Duties,
    /// Business time.
    pub clock: Clock,
    /// How much at once, and for how long.
    pub settings: Settings,
    /// The name in leases and history, unique among running processes.
    pub name: String,
}

impl Worker {
    /// Works until `shutdown`, then finishes what is in hand.
    ///
    /// # Errors
    /// When the broker was closed by this process before it could be subscribed to.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), broker::SubscribeError> {
        telemetry::describe();
        let subscription =
            self.broker.subscribe(self.handler.medium(), self.settings.prefetch).await?;
        let worker = Arc::new(self);
        let (outcomes, recorder) = recorder::start(&worker, subscription.acker());
        let attempts = TaskTracker::new();
        intake::Intake::new(Arc::clone(&worker), subscription, outcomes, attempts.clone())
            .run(shutdown)
            .await;
        attempts.close();
        wait_out(&attempts, worker.handler.medium()).await;
        // The last sender is gone with the last attempt; the recorder stores the rest and ends.
        if let Err(error) = recorder.await {
            tracing::error!(%error, "the recorder ended early; the sweep settles what it held");
        }
        Ok(())
    }
}

/// Says every few seconds what a stopping worker still waits for.
async fn wait_out(attempts: &TaskTracker, medium: Medium) {
    while tokio::time::timeout(Duration::from_secs(3), attempts.wait()).await.is_err() {
        tracing::info!(waiting = attempts.len(), %medium, "still waiting for touches in hand");
    }
}
