//! SMS touches, through any HTTP gateway described by data.
//!
//! `answers` sends what is owed to STOP, START and HELP.
//! `preset` holds the descriptions, `settings` what an installation changes of them, `gateway`
//! the client, `reply` what its results mean for a touch, `sender` the rules of sender names.

mod answers;
pub mod gateway;
mod handler;
mod outbox;
pub mod preset;
pub mod rate;
pub mod reply;
pub mod sender;
pub mod settings;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use bootstrap::Context;
use domain::Clock;
use fleet::{Member, Shared};
use serde::Deserialize;
use storage::Role;

pub use answers::Answers;
pub use handler::SmsHandler;
pub use outbox::SmsOutbox;

use gateway::{HttpSmsGateway, SmsGateway};
use settings::Settings;

#[derive(Deserialize)]
struct DataSettings {
    dir: Option<PathBuf>,
}

/// Runs an SMS worker as its own process.
///
/// # Errors
/// When settings are missing or wrong, or the database is not the one they speak of.
pub async fn run(ctx: Context) -> anyhow::Result<()> {
    ctx.settings.require(&["sms.preset"])?;
    let shared = Shared::connect(&ctx)?;
    start(&ctx, &shared).await?;
    ctx.shutdown.begun().await;
    Ok(())
}

/// Starts an SMS worker in this process, beside others that share its broker and clock. Without a
/// gateway it writes to the local outbox of `[data] dir` and sends nothing.
///
/// # Errors
/// When settings are wrong, or the database is not the one they speak of.
pub async fn start(ctx: &Context, shared: &Shared) -> anyhow::Result<()> {
    let settings: Settings = ctx.settings.section("sms")?;
    let gateway: Arc<dyn SmsGateway> = if settings.has_gateway() {
        Arc::new(HttpSmsGateway::new(&settings)?)
    } else {
        let data = ctx.settings.section::<DataSettings>("data")?.dir;
        let data = data.context("neither [sms] preset nor [data] dir is set; set one of them")?;
        Arc::new(SmsOutbox::create(&data.join("outbox").join("sms"))?)
    };
    let member = Member::join(ctx, shared, "sms-worker", Role::SmsWorker).await?;
    let concurrency = settings.concurrency;
    let answers = Answers {
        gateway: Arc::clone(&gateway),
        database: member.database.clone(),
        // Questions are dated by the machine's clock, whatever the fleet's says.
        clock: Clock::system(),
        team: member.team.clone(),
        sender: settings.sender.clone(),
        worker: member.name.clone(),
    };
    let stop = ctx.shutdown.token();
    ctx.shutdown.spawn("answers", answers.run(stop));
    let handler = SmsHandler::new(gateway, settings, member.database.clone(), &member.team);
    let handler = Arc::new(handler);
    member.start_tests(ctx, Arc::clone(&handler) as _);
    member.start_worker(ctx, handler, concurrency);
    Ok(())
}
