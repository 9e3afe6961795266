//! The rules of a history, one function each.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{Medium, ReasonCode, TouchId, TouchState};

use super::report::{Counts, Kind, Report, Violation};
use super::{Delivery, Event, History, Incident, Touch, Whom};

/// How long after a server was back its absence may still show: outcomes that waited for it come
/// after their lease.
const AFTERMATH: TimeDelta = TimeDelta::seconds(60);

/// One touch with everything about it.
struct Case<'a> {
    touch: &'a Touch,
    events: Vec<&'a Event>,
    deliveries: Vec<&'a Delivery>,
}

pub(super) struct Checker<'a> {
    history: &'a History,
    now: DateTime<Utc>,
    counts: Counts,
    violations: Vec<Violation>,
    /// Copies explained, by the incident's place in the history.
    explained: BTreeMap<usize, Vec<TouchId>>,
    due: HashSet<TouchId>,
    desk: HashSet<TouchId>,
    tasks: HashMap<TouchId, usize>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(history: &'a History, now: DateTime<Utc>) -> Self {
        let mut tasks = HashMap::new();
        for touch in &history.tasks {
            *tasks.entry(*touch).or_default() += 1;
        }
        Self {
            history,
            now,
            counts: Counts {
                accepted: history.deliveries.len(),
                tasks: history.tasks.len(),
                incidents: history.incidents.len(),
                ..Counts::default()
            },
            violations: Vec::new(),
            explained: BTreeMap::new(),
            due: history.due.iter().copied().collect(),
            desk: history.desk.iter().copied().collect(),
            tasks,
        }
    }

    pub(super) fn run(mut self) -> Report {
        let history = self.history;
        let mut events: HashMap<TouchId, Vec<&Event>> = HashMap::new();
        for event in &history.events {
            events.entry(event.touch).or_default().push(event);
        }
        let mut deliveries: HashMap<TouchId, Vec<&Delivery>> = HashMap::new();
        for delivery in &history.deliveries {
            deliveries.entry(delivery.touch).or_default().push(delivery);
        }
        for touch in &history.touches {
            let events = events.remove(&touch.id).unwrap_or_default();
            let deliveries = deliveries.remove(&touch.id).unwrap_or_default();
            self.touch(&Case { touch, events, deliveries });
        }
        for (touch, deliveries) in deliveries {
            let story = format!("touch {touch}: {} in a sink, no row\n", deliveries.len());
            self.violations.push(Violation { kind: Kind::Stranger, touch: Some(touch), story });
        }
        self.left_over();
        self.bounds();
        self.silences();
        Report { counts: self.counts, violations: self.violations }
    }

    fn touch(&mut self, case: &Case<'a>) {
        *self.counts.states.entry(case.touch.state.as_str()).or_default() += 1;
        self.counts.doubts += case.doubted().len();
        self.counts.late += case.events.iter().filter(|event| event.late).count();
        self.end(case);
        self.desk(case);
        self.numbers(case);
        self.task(case);
        self.lost(case);
        self.copies(case);
    }

    fn violated(&mut self, kind: Kind, case: &Case<'_>) {
        let story = case.story(&self.history.incidents);
        self.violations.push(Violation { kind, touch: Some(case.touch.id), story });
    }

    /// Every touch that was due has exactly one recorded end; what is still open will come up.
    fn end(&mut self, case: &Case<'_>) {
        let Touch { id, state, due_at, .. } = case.touch;
        let has_end = state.is_final() || *state == TouchState::Held;
        let waits = *state == TouchState::Scheduled;
        if waits && !self.due.contains(id) {
            self.violated(Kind::Forgotten, case);
        }
        let is_early = waits && *due_at > self.now;
        if !(has_end || is_early) {
            self.violated(Kind::NoEnd, case);
        }
        // A touch that was withdrawn before it was due was in nobody's hands.
        if *state == TouchState::Cancelled {
            return;
        }
        let ends = case.ends();
        let fits = match state {
            TouchState::Held => {
                let held = |event: &&&Event| event.state == TouchState::Held && !event.late;
                ends.is_empty() && case.events.iter().any(|event| held(&event))
            }
            _ if state.is_final() => ends == [*state],
            _ => ends.is_empty(),
        };
        if !fits {
            self.violated(Kind::WrongEnd, case);
        }
    }

    /// What waits for a person stands where people look; what goes on by itself, or is over for good,
    /// does not.
    fn desk(&mut self, case: &Case<'_>) {
        let (there, state) = (self.desk.contains(&case.touch.id), case.touch.state);
        let may = matches!(
            state,
            TouchState::Held | TouchState::Unknown | TouchState::Failed | TouchState::Blocked
        );
        if state == TouchState::Held && !there || there && !may {
            self.violated(Kind::Desk, case);
        }
    }

    /// Attempts follow each other; each needs an epoch of its own.
    fn numbers(&mut self, case: &Case<'_>) {
        let mut last = 0;
        let mut forward = true;
        for event in case.events.iter().filter(|event| !event.late) {
            forward &= event.attempt >= last;
            last = event.attempt;
        }
        let Touch { attempt, epoch, .. } = case.touch;
        let latest = case.events.iter().map(|event| event.attempt).max().unwrap_or(0);
        if !forward || latest > *attempt || i32::from(*attempt) > *epoch {
            self.violated(Kind::Backwards, case);
        }
    }

    /// A sent touch for a human hand has one task; no other touch has any.
    fn task(&mut self, case: &Case<'_>) {
        let is_task = case.touch.channel.medium() == Medium::Call;
        let wanted = usize::from(is_task && case.touch.state == TouchState::Sent);
        if self.tasks.get(&case.touch.id).copied().unwrap_or(0) != wanted {
            self.violated(Kind::Tasks, case);
        }
    }

    /// Sent means accepted, and accepted means sent or in doubt.
    fn lost(&mut self, case: &Case<'_>) {
        let sent = case.touch.state == TouchState::Sent;
        let by_sink = case.touch.channel.medium() != Medium::Call;
        // Where the medium tells the attempt, the recorded one itself must be there.
        let told = case.deliveries.iter().all(|delivery| delivery.attempt.is_some());
        let recorded = Some(case.touch.attempt);
        // A person who knows that it arrived does not know which attempt it was.
        let confirmed = case.events.iter().any(|event| event.is(ReasonCode::ConfirmedByPerson));
        let there = case.deliveries.iter().any(|one| !told || confirmed || one.attempt == recorded);
        if sent && by_sink && !there {
            self.violated(Kind::SentNotAccepted, case);
        }
        let open = !case.touch.state.is_final() && case.touch.state != TouchState::Held;
        if !sent && !open && case.deliveries.len() > case.doubted().len() {
            self.violated(Kind::AcceptedNotRecorded, case);
        }
    }

    /// Every copy too many belongs to an attempt in doubt, and its doubt to an incident.
    fn copies(&mut self, case: &Case<'_>) {
        let copies = case.deliveries.len();
        let too_many = copies.saturating_sub(1);
        if too_many == 0 {
            return;
        }
        self.counts.duplicates += too_many;
        let identities: BTreeSet<_> =
            case.deliveries.iter().map(|delivery| delivery.identity.as_str()).collect();
        if identities.len() > 1 || identities.contains("") {
            self.violated(Kind::NotRecognisable, case);
        }
        let mut left = case.doubted();
        // Copies that tell their attempt must each be in doubt, except that of the last attempt.
        let told: Vec<i16> =
            case.deliveries.iter().filter_map(|delivery| delivery.attempt).collect();
        let distinct: BTreeSet<_> = told.iter().copied().collect();
        let in_order = distinct.len() == told.len()
            && distinct.iter().rev().skip(1).all(|attempt| left.contains_key(attempt));
        left.retain(|attempt, _| told.is_empty() || distinct.contains(attempt));
        if !in_order || left.len() < too_many {
            return self.violated(Kind::Unexplained, case);
        }
        for doubt in left.into_values().take(too_many) {
            match self.explanation(doubt) {
                Some(Explanation::Incident(place)) => {
                    self.explained.entry(place).or_default().push(case.touch.id);
                }
                Some(Explanation::TheWorkerItself) => {}
                None => self.violated(Kind::Unexplained, case),
            }
        }
    }

    /// What brought an attempt into doubt.
    fn explanation(&self, doubt: &Event) -> Option<Explanation> {
        let incidents = self.history.incidents.iter().enumerate();
        let own = incidents.clone().find(|(_, incident)| match &incident.whom {
            Whom::Worker { worker, .. } => doubt.worker.starts_with(worker),
            Whom::Server { .. } => false,
        });
        let by_server = || {
            incidents.clone().find(|(_, incident)| match &incident.whom {
                Whom::Server { until } => (incident.at..*until + AFTERMATH).contains(&doubt.at),
                Whom::Worker { .. } => false,
            })
        };
        if let Some((place, _)) = own.or_else(by_server) {
            return Some(Explanation::Incident(place));
        }
        // A worker that says itself that it got no answer is alive and honest; the sweep, speaking
        // of a lease, is the sign that it is neither.
        let said = doubt.reason.as_deref().is_some_and(|reason| !reason.starts_with("lease_"));
        said.then_some(Explanation::TheWorkerItself)
    }

    /// No incident explains more copies than were in flight when it happened.
    fn bounds(&mut self) {
        for (place, touches) in std::mem::take(&mut self.explained) {
            let incident = &self.history.incidents[place];
            let Whom::Worker { worker, in_flight } = &incident.whom else { continue };
            self.counts.most_by_one_incident = self.counts.most_by_one_incident.max(touches.len());
            if touches.len() > *in_flight {
                let story = format!(
                    "{} of {worker}… at {}: {in_flight} in flight, {} copies too many\n",
                    incident.what,
                    incident.at,
                    touches.len()
                );
                self.violations.push(Violation { kind: Kind::OverBound, touch: None, story });
            }
        }
    }

    /// Nothing was accepted for an address after it had been declared clear.
    fn silences(&mut self) {
        let mut silent: HashMap<(&[u8], &str), Vec<_>> = HashMap::new();
        for silence in &self.history.silences {
            let key = (silence.address_key.as_slice(), silence.channel.as_str());
            silent.entry(key).or_default().push(silence);
        }
        let touches: HashMap<TouchId, &Touch> =
            self.history.touches.iter().map(|touch| (touch.id, touch)).collect();
        for delivery in &self.history.deliveries {
            let Some(touch) = touches.get(&delivery.touch) else { continue };
            let (Some(key), Some(channel)) = (&touch.address_key, &touch.state_channel) else {
                continue;
            };
            let broken = silent.get(&(key.as_slice(), channel.as_str())).and_then(|silences| {
                silences.iter().find(|silence| {
                    delivery.at >= silence.from
                        && silence.until.is_none_or(|until| delivery.at < until)
                })
            });
            if let Some(silence) = broken {
                let story = format!(
                    "touch {} was accepted at {}; entry {} had declared its address clear at {}\n",
                    touch.id, delivery.at, silence.entry, silence.from
                );
                let (kind, touch) = (Kind::AfterSilence, Some(touch.id));
                self.violations.push(Violation { kind, touch, story });
            }
        }
    }

    /// At the end nobody has anything in hand.
    fn left_over(&mut self) {
        let History { outbox, inflight, .. } = self.history;
        for (table, left) in [("outbox", outbox), ("inflight", inflight)] {
            for touch in left {
                let story = format!("touch {touch} is still in {table}\n");
                let touch = Some(*touch);
                self.violations.push(Violation { kind: Kind::LeftOver, touch, story });
            }
        }
    }
}

enum Explanation {
    Incident(usize),
    TheWorkerItself,
}

impl<'a> Case<'a> {
    /// The attempts in doubt, each with the first line that says so. A late line is no doubt: the
    /// sweep's was before it.
    fn doubted(&self) -> BTreeMap<i16, &'a Event> {
        let mut doubted = BTreeMap::new();
        for event in self.events.iter().filter(|event| event.state == TouchState::Unknown) {
            doubted.entry(event.attempt).or_insert(*event);
        }
        doubted
    }

    /// The ends that were recorded and hold: a person who has a touch tried anew takes back the one
    /// before.
    fn ends(&self) -> Vec<TouchState> {
        let mut ends = Vec::new();
        for event in self.events.iter().filter(|event| !event.late) {
            if event.is(ReasonCode::ReplayedByPerson) {
                ends.clear();
            } else if event.state.is_final() {
                ends.push(event.state);
            }
        }
        ends
    }

    /// Everything about the touch, by time.
    fn story(&self, incidents: &[Incident]) -> String {
        let Touch { id, channel, state, due_at, epoch, attempt, doubts, .. } = self.touch;
        let mut lines: Vec<(DateTime<Utc>, String)> = Vec::new();
        for Event { at, attempt, state, worker, reason, late, .. } in &self.events {
            let (late, reason) = (if *late { ", too late" } else { "" }, reason.as_deref());
            let reason = reason.unwrap_or("-");
            lines.push((*at, format!("attempt {attempt}: {state} by {worker} ({reason}){late}")));
        }
        for Delivery { at, attempt, medium, .. } in &self.deliveries {
            lines.push((*at, format!("the {medium} sink accepted attempt {attempt:?}")));
        }
        let concerns = |incident: &&Incident| match &incident.whom {
            Whom::Worker { worker, .. } => {
                self.events.iter().any(|event| event.worker.starts_with(worker))
            }
            Whom::Server { .. } => false,
        };
        for Incident { at, what, whom } in incidents.iter().filter(concerns) {
            lines.push((*at, format!("{what}: {whom:?}")));
        }
        lines.sort();
        let mut story = format!(
            "{channel} touch {id}: {state}, due {due_at}, epoch {epoch}, attempt {attempt}, \
             doubts {doubts}\n"
        );
        for (at, line) in lines {
            // Writing to a String cannot fail.
            let _ = writeln!(story, "    {} {line}", at.format("%H:%M:%S%.6f"));
        }
        story
    }
}
