//! The commands, one module per family. Each has its arguments and one `run`.

mod audit;
mod bench;
mod blackouts;
mod calendar;
mod check;
mod consents;
mod contacts;
mod desk;
mod enrol;
mod evidence;
mod explain;
mod fleet;
mod migrate;
mod pauses;
mod plans;
mod readiness;
mod registry;
mod requests;
mod retention;
mod reviews;
mod settings;
mod suppress;
mod tasks;
mod templates;
mod touches;
mod unusable;
mod up;
mod whom;

use clap::Subcommand;
use office::suggestion;

use crate::connect::Session;

/// Everything the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the whole fleet in one process.
    Up(up::Arguments),
    /// Bring the database schema up to date.
    Migrate,
    /// Import contacts, or look one up.
    #[command(subcommand)]
    Contacts(contacts::Arguments),
    /// Look at plans, check and load them.
    #[command(subcommand)]
    Plans(plans::Arguments),
    /// Look at templates, check and render them.
    #[command(subcommand)]
    Templates(templates::Arguments),
    /// Enrol contacts in a plan.
    Enrol(enrol::Arguments),
    /// Show the coming year of a contact, touch by touch.
    Calendar(calendar::Arguments),
    /// List touches; look at those that wait for a person, and decide about them.
    #[command(subcommand)]
    Touches(touches::Arguments),
    /// Show who is there and how it goes: members, queues, lateness, what waits, the database.
    Fleet,
    /// Tell the story of a touch: what was decided, when, by whom and why.
    Explain(explain::Arguments),
    /// The list of those who must not be contacted.
    #[command(subcommand)]
    Suppress(suppress::Arguments),
    /// The do-not-call registries: load lists, look at their age, ask about a number.
    #[command(subcommand)]
    Registry(registry::Arguments),
    /// Legal bases: record a consent with its proof, a withdrawal, show what counts.
    #[command(subcommand)]
    Consents(consents::Arguments),
    /// Unclear answers by text message: list, show and decide them.
    #[command(subcommand)]
    Reviews(reviews::Arguments),
    /// What people ask about their own data, with the days by which they are answered.
    #[command(subcommand)]
    Requests(requests::Arguments),
    /// The audit log: verify it, list it, ask why somebody was or was not contacted.
    #[command(subcommand)]
    Audit(audit::Arguments),
    /// Evidence bundles: make a key to sign with, verify a bundle.
    #[command(subcommand)]
    Evidence(evidence::Arguments),
    /// How long records are kept; let go of what is over.
    #[command(subcommand)]
    Retention(retention::Arguments),
    /// Days on which the team reaches nobody.
    #[command(subcommand)]
    Blackouts(blackouts::Arguments),
    /// What circuit breakers and people have stopped for now.
    #[command(subcommand)]
    Pauses(pauses::Arguments),
    /// Tasks for people.
    #[command(subcommand)]
    Tasks(tasks::Arguments),
    /// Check a text message, a number, an address, a window, or the sending domain.
    #[command(subcommand)]
    Check(check::Arguments),
    /// Show the effective settings, secrets hidden.
    Settings,
    /// Measure how fast this machine sends.
    Bench(bench::Arguments),
}

impl Command {
    /// Runs the command.
    ///
    /// # Errors
    /// Whatever keeps it from doing what was asked.
    pub async fn run(self, session: Session) -> anyhow::Result<()> {
        match self {
            Self::Up(arguments) => up::run(arguments, session).await,
            Self::Migrate => migrate::run(&session).await,
            Self::Contacts(arguments) => contacts::run(arguments, &session).await,
            Self::Plans(arguments) => plans::run(arguments, &session).await,
            Self::Templates(arguments) => templates::run(arguments, &session).await,
            Self::Enrol(arguments) => enrol::run(arguments, &session).await,
            Self::Calendar(arguments) => calendar::run(arguments, &session).await,
            Self::Touches(arguments) => touches::run(arguments, &session).await,
            Self::Fleet => fleet::run(&session).await,
            Self::Explain(arguments) => explain::run(arguments, &session).await,
            Self::Suppress(arguments) => suppress::run(arguments, &session).await,
            Self::Registry(arguments) => registry::run(arguments, &session).await,
            Self::Consents(arguments) => consents::run(arguments, &session).await,
            Self::Reviews(arguments) => reviews::run(arguments, &session).await,
            Self::Requests(arguments) => requests::run(arguments, &session).await,
            Self::Audit(arguments) => audit::run(arguments, &session).await,
            Self::Evidence(arguments) => evidence::run(arguments, &session),
            Self::Retention(arguments) => retention::run(arguments, &session).await,
            Self::Blackouts(arguments) => blackouts::run(arguments, &session).await,
            Self::Pauses(arguments) => pauses::run(arguments, &session).await,
            Self::Tasks(arguments) => tasks::run(arguments, &session).await,
            Self::Check(arguments) => check::run(arguments, &session).await,
            Self::Settings => settings::run(&session),
            Self::Bench(arguments) => bench::run(arguments, &session).await,
        }
    }
}
