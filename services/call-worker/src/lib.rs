//! Touches for a human hand become tasks.
//!
//! A task is stored in the same transaction as its touch's outcome, so that it exists exactly once
//! whatever dies in between; nothing leaves the house here.

mod handler;

use std::sync::Arc;

use bootstrap::Context;
use fleet::{Member, Shared};
use storage::Role;

pub use handler::CallHandler;

/// Tasks are rows; a few at once keep the database busy enough.
const CONCURRENCY: usize = 16;

/// Runs a call-worker as its own process.
///
/// # Errors
/// When settings are missing or wrong, or the database is not the one they speak of.
pub async fn run(ctx: Context) -> anyhow::Result<()> {
    let shared = Shared::connect(&ctx)?;
    start(&ctx, &shared).await?;
    ctx.shutdown.begun().await;
    Ok(())
}

/// Starts a call-worker in this process, beside others that share its broker and clock.
///
/// # Errors
/// When settings are wrong, or the database is not the one they speak of.
pub async fn start(ctx: &Context, shared: &Shared) -> anyhow::Result<()> {
    let member = Member::join(ctx, shared, "call-worker", Role::CallWorker).await?;
    let handler = CallHandler::new(&member.team.default_time_zone);
    member.start_worker(ctx, Arc::new(handler), CONCURRENCY);
    Ok(())
}
