//! Email touches, over SMTP.
//!
//! [`message`] makes a message of rendered text, [`dkim`] signs it, [`mailer`] hands it to the
//! relay, and [`reply`] says what the relay's answer means for the touch.

pub mod digest;
pub mod dkim;
mod handler;
pub mod mailer;
pub mod message;
mod notice;
mod outbox;
pub mod reply;
pub mod settings;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use bootstrap::Context;
use fleet::{Member, Shared};
use secrecy::ExposeSecret;
use serde::Deserialize;
use storage::Role;

pub use handler::{EmailHandler, Outlet};
pub use outbox::EmailOutbox;

use digest::Digests;
use dkim::Signer;
use mailer::Mailer;
use settings::{Relay, Settings};

#[derive(Deserialize)]
struct DataSettings {
    dir: Option<PathBuf>,
}

/// Runs an email worker as its own process.
///
/// # Errors
/// When settings are missing or wrong, or the database is not the one they speak of.
pub async fn run(ctx: Context) -> anyhow::Result<()> {
    ctx.settings.require(&["email.url", "email.from", "inbound.public_url"])?;
    let shared = Shared::connect(&ctx)?;
    start(&ctx, &shared).await?;
    ctx.shutdown.begun().await;
    Ok(())
}

/// Starts an email worker in this process, beside others that share its broker and clock. Without a
/// relay it writes to the local outbox of `[data] dir` and sends nothing.
///
/// # Errors
/// When settings are wrong, or the database is not the one they speak of.
pub async fn start(ctx: &Context, shared: &Shared) -> anyhow::Result<()> {
    let settings: Settings = ctx.settings.section("email")?;
    let outlet = outlet(ctx, &settings)?;
    let signer = signer(&settings)?;
    let member = Member::join(ctx, shared, "email-worker", Role::EmailWorker).await?;
    let concurrency = settings.concurrency.max(1) as usize;
    let keys = member.keys.tokens.clone();
    let digests = Digests {
        database: member.database.clone(),
        keyer: member.keys.addresses.clone(),
        outlet: outlet.clone(),
        signer: self::signer(&settings)?,
        from: message::parse_mailbox(&settings.from, "email.from")?,
        team: member.team.name.clone(),
        default_zone: member.team.default_time_zone.clone(),
        console_url: console_url(ctx)?,
        name: member.name.clone(),
    };
    ctx.shutdown.spawn("digests", digests.run(shared.clock.clone(), ctx.shutdown.token()));
    let handler = EmailHandler::new(outlet, signer, &settings, keys, member.database.clone())?;
    let handler = Arc::new(handler);
    member.start_tests(ctx, Arc::clone(&handler) as _);
    member.start_worker(ctx, handler, concurrency);
    Ok(())
}

#[derive(Deserialize)]
struct ConsoleSettings {
    listen: String,
    public_url: String,
}

/// Where people reach the console.
fn console_url(ctx: &Context) -> anyhow::Result<String> {
    let console: ConsoleSettings = ctx.settings.section("console")?;
    Ok(match console.public_url.trim_end_matches('/') {
        "" => format!("http://{}", console.listen),
        url => url.to_owned(),
    })
}

fn outlet(ctx: &Context, settings: &Settings) -> anyhow::Result<Outlet> {
    if settings.url.expose_secret().is_empty() {
        let data = ctx.settings.section::<DataSettings>("data")?.dir;
        let data = data.context("neither [email] url nor [data] dir is set; set one of them")?;
        return Ok(Outlet::Folder(EmailOutbox::create(&data.join("outbox").join("email"))?));
    }
    let from = message::parse_mailbox(&settings.from, "email.from")?;
    let hello =
        if settings.helo_name.is_empty() { from.email.domain() } else { &settings.helo_name };
    let relay = Relay::parse(&settings.url, hello).context("[email] url cannot be used")?;
    let most = settings.max_messages_per_connection;
    Ok(Outlet::Relay(Mailer::new(&relay, settings.timeouts(), settings.limits(), most)?))
}

fn signer(settings: &Settings) -> anyhow::Result<Option<Signer>> {
    if settings.dkim_key_file.is_empty() {
        return Ok(None);
    }
    let file = std::path::Path::new(&settings.dkim_key_file);
    Ok(Some(Signer::load(&settings.dkim_domain, &settings.dkim_selector, file)?))
}
