//! What happens, as it happens, in one line per second: the terminal's side of `touchline up`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::suppression::{Origin, SuppressionReason};
use domain::{Clock, Medium, TouchState};
use storage::Database;
use storage::contacts::person_key;
use storage::suppressions::{NewSuppression, Target};
use storage::touches::{Touch, TouchEvent};
use tokio_util::sync::CancellationToken;

use super::deployment::Deployment;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(1000);
/// The most events read in one look.
const EVENTS: u32 = 5000;
/// After so many touches were handed over, somebody of the demo asks to be left alone.
const STOP_AFTER: usize = 60;

/// Tells the story.
pub struct Narrator {
    database: Database,
    clock: Clock,
    clock_file: PathBuf,
    keyer: domain::AddressKeyer,
    data_dir: PathBuf,
    demo: bool,
    seen: DateTime<Utc>,
    handed_over: usize,
    stopped: Option<String>,
    told_end: bool,
}

impl Narrator {
    /// A narrator of this deployment.
    pub fn new(deployment: &Deployment, clock: Clock, demo: bool) -> Self {
        Self {
            database: deployment.operator.clone(),
            clock,
            clock_file: deployment.clock_file(),
            keyer: deployment.keyer.clone(),
            data_dir: deployment.dir().to_owned(),
            demo,
            seen: Clock::system().now(),
            handed_over: 0,
            stopped: None,
            told_end: false,
        }
    }

    /// Tells until `shutdown`. A look that fails is told in the log, and looked again.
    pub async fn run(mut self, shutdown: CancellationToken) {
        if self.demo {
            println!("\nEight weeks pass in a minute. Ctrl-C stops; nothing is lost.\n");
        }
        loop {
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = tokio::time::sleep(LOOK) => {}
            }
            if let Err(error) = self.look().await {
                tracing::warn!(%error, "the terminal cannot be kept up to date");
            }
        }
        self.note_time();
    }

    async fn look(&mut self) -> anyhow::Result<()> {
        self.note_time();
        let events = self.database.events_after(self.seen, EVENTS).await?;
        if let Some((last, _)) = events.last() {
            self.seen = last.at;
        }
        if events.is_empty() && !self.demo {
            return Ok(());
        }
        self.tell(&events).await?;
        if self.demo {
            self.let_somebody_stop(&events).await?;
            self.tell_end().await?;
        }
        Ok(())
    }

    /// For the next run on this folder, and for commands beside this one: they never see half a time.
    fn note_time(&self) {
        let beside = self.clock_file.with_extension("new");
        let written = std::fs::write(&beside, self.clock.now().to_rfc3339())
            .and_then(|()| std::fs::rename(&beside, &self.clock_file));
        if let Err(error) = written {
            tracing::warn!(%error, "the business time cannot be noted");
        }
    }

    async fn tell(&mut self, events: &[(TouchEvent, Touch)]) -> anyhow::Result<()> {
        let now = self.clock.now();
        let mut counts: BTreeMap<[&str; 2], usize> = BTreeMap::new();
        for (event, touch) in events {
            if let Some(words) = words(event.state, touch.channel.medium()) {
                *counts.entry(words).or_default() += 1;
            }
            self.handed_over += usize::from(event.state == TouchState::Sent);
        }
        if counts.is_empty() && self.told_end {
            return Ok(());
        }
        let told: Vec<String> = counts.iter().map(|(words, &count)| told(words, count)).collect();
        let next = self.database.next_due().await?;
        let next =
            next.map_or_else(String::new, |due| format!("next {}", due.format("%a %d %b %H:%M")));
        println!("{}  {:<64} {next}", now.format("%a %d %b %Y"), told.join("  "));
        let stopped = |state| matches!(state, TouchState::Blocked | TouchState::Cancelled);
        for (event, touch) in events.iter().filter(|(event, _)| stopped(event.state)) {
            let reason = event.reason.as_deref().unwrap_or("a rule");
            println!(
                "                 ✋ {} {} of {} to {} was {}: {reason}\n                    {} --data-dir {} explain {}",
                touch.channel,
                ordinal(touch.step),
                touch.plan_key,
                touch.contact_name,
                event.state,
                super::program(),
                self.data_dir.display(),
                touch.id
            );
        }
        Ok(())
    }

    /// One person of the demo unsubscribes, so that the list is seen at work.
    async fn let_somebody_stop(&mut self, events: &[(TouchEvent, Touch)]) -> anyhow::Result<()> {
        if self.stopped.is_some() || self.handed_over < STOP_AFTER {
            return Ok(());
        }
        let emailed = |(event, touch): &&(TouchEvent, Touch)| {
            event.state == TouchState::Sent && touch.channel.medium() == Medium::Email
        };
        let Some((_, touch)) = events.iter().find(emailed) else { return Ok(()) };
        let entry = NewSuppression {
            target: Target::Person(person_key(&self.keyer, touch.contact)),
            reason: SuppressionReason::UnsubscribeLink,
            origin: Origin::Recipient,
            actor: "the demo's recipient".to_owned(),
            evidence: Some(format!("after touch {}", touch.id)),
            touch: Some(touch.id),
            received_at: None,
        };
        let answer = self.database.suppress(&entry, Duration::from_secs(5)).await?;
        let answer = if answer.in_flight.is_empty() { "clear" } else { "in flight" };
        println!(
            "                 ✋ {} asks to be left alone: on the list, {answer}. Nothing reaches them any more.",
            touch.contact_name
        );
        self.stopped = Some(touch.contact_name.clone());
        Ok(())
    }

    async fn tell_end(&mut self) -> anyhow::Result<()> {
        // The fast clock has come to its end when a second of ours is about a second of its.
        let before = self.clock.now();
        tokio::time::sleep(Duration::from_millis(50)).await;
        let fast = self.clock.now() - before > chrono::TimeDelta::seconds(5);
        if fast || self.told_end {
            return Ok(());
        }
        self.told_end = true;
        let dir = self.data_dir.display();
        let program = super::program();
        println!("\nEight weeks have passed. What became of the touches:\n");
        for count in self.database.count_touches().await? {
            if count.state != TouchState::Scheduled {
                println!("  {:>6}  {:<9} {}", count.count, count.state, count.channel);
            }
        }
        println!(
            "\nThe clock runs at its normal pace now, and the fleet goes on. In another terminal:\n"
        );
        println!("  {program} --data-dir {dir} touches list --state cancelled");
        println!("  {program} --data-dir {dir} explain TOUCH");
        println!("  {program} --data-dir {dir} tasks today");
        println!(
            "  {program} --data-dir {dir} suppress add sara.haddad@example.com --reason staff_entry"
        );
        println!("  ls {dir}/outbox/email\n");
        Ok(())
    }
}

/// What people call one of it, and many; waiting and queueing are not told.
fn words(state: TouchState, medium: Medium) -> Option<[&'static str; 2]> {
    Some(match (state, medium) {
        (TouchState::Sent, Medium::Email) => ["email", "emails"],
        (TouchState::Sent, Medium::Sms) => ["SMS", "SMS"],
        (TouchState::Sent, Medium::Call) => ["task", "tasks"],
        (TouchState::Blocked, _) => ["blocked"; 2],
        (TouchState::Cancelled, _) => ["cancelled"; 2],
        (TouchState::Failed, _) => ["failed"; 2],
        (TouchState::Unknown, _) => ["in doubt"; 2],
        (TouchState::Held, _) => ["held"; 2],
        (TouchState::Skipped, _) => ["skipped"; 2],
        _ => return None,
    })
}

fn told([one, many]: &[&str; 2], count: usize) -> String {
    format!("{count:>3} {}", if count == 1 { one } else { many })
}

fn ordinal(step: usize) -> String {
    format!("step {}", step + 1)
}
