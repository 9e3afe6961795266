//! `touchline fleet`: who is there, and how it goes.

use domain::{Locale, TouchState};
use office::words;
use storage::fleet::members::Member;
use storage::fleet::state::{COUNTED_AT_MOST, DatabaseFacts, FleetState};

use crate::connect::Session;

/// Bytes in a megabyte, as disks count.
const MEGABYTE: i64 = 1_000_000;

/// Runs the command.
///
/// # Errors
/// When the database does not answer.
pub async fn run(session: &Session) -> anyhow::Result<()> {
    let database = session.connect().await?.database;
    let state = database.fleet_state(session.clock()?.now()).await?;
    session.output.object(&state, for_people)?;
    Ok(())
}

fn for_people(state: &FleetState) -> String {
    let mut lines = Vec::new();
    let mut line = |words: String| lines.push(words);
    if state.members.is_empty() {
        line("nobody is there: no process of the fleet reports".to_owned());
    }
    for member in &state.members {
        line(member_in_words(member));
    }
    let due = &state.due;
    line(format!("due: {}, the oldest {} s late", up_to(due.waiting), due.late_seconds));
    for queue in &state.queues {
        let (medium, lane, waiting) = (queue.medium, queue.lane, up_to(queue.waiting));
        line(format!("queue {medium} {lane}: {waiting}, {} unconfirmed", queue.unconfirmed));
    }
    line(format!("in hand: {}, {} past their lease", state.in_hand.count, state.in_hand.expired));
    for waiting in &state.desk {
        let kind = words::attention(waiting.kind, Locale::En);
        line(format!("waits for a person: {} {kind}, {}", up_to(waiting.count), waiting.code));
    }
    for activity in state.activity.iter().filter(|one| one.state == TouchState::Sent) {
        let (hour, day) = (activity.hour, activity.day);
        let medium = activity.medium;
        line(format!("{medium} sent: {hour} in the last hour, {day} in the last day"));
    }
    for open in &state.pauses {
        let by = open.opened_by.as_deref().unwrap_or("a circuit breaker");
        let (scope, key, why) = (open.pause.scope, &open.pause.key, &open.pause.reason);
        line(format!("paused by {by}: {scope} {key}: {why}"));
    }
    line(database_in_words(&state.database));
    lines.join("\n")
}

fn member_in_words(member: &Member) -> String {
    let Member { name, host, version, seen_at, in_hand, .. } = member;
    let seen = seen_at.format("%H:%M:%S UTC");
    let how = if member.lost { format!("LOST, last seen {seen}") } else { "there".to_owned() };
    let broker = member.facts["broker"].as_str().unwrap_or("-");
    format!("{name} on {host}, {version}: {how}, broker {broker}, {in_hand} in hand")
}

fn database_in_words(facts: &DatabaseFacts) -> String {
    let longest = facts.longest_transaction_seconds.unwrap_or(0);
    format!(
        "database: PostgreSQL {}, {} MB, {} of {} connections, {} standbys, longest transaction \
         {longest} s, {} migrations",
        facts.version,
        facts.size_bytes / MEGABYTE,
        facts.connections_used,
        facts.connections_max,
        facts.standbys.len(),
        facts.migrations
    )
}

/// A count that stops somewhere.
fn up_to(count: i64) -> String {
    if count >= COUNTED_AT_MOST { format!("{count} or more") } else { count.to_string() }
}
