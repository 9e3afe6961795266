//! What the checker found, in numbers and in stories.

use std::collections::BTreeMap;
use std::fmt;

use domain::TouchId;

domain::words! {
    /// What can be wrong with a touch.
    Kind, "kind of violation", {
        /// It was due and has no recorded end.
        NoEnd = "no end",
        /// It has more than one recorded end, or its end is not what it stands at.
        WrongEnd = "wrong end",
        /// It waits for its time, but nothing will ever say that the time has come.
        Forgotten = "forgotten",
        /// It is held for a person and not where people look, or there without waiting for anybody.
        Desk = "not as the desk has it",
        /// It is recorded as sent, and no sink has it.
        SentNotAccepted = "sent, not accepted",
        /// A sink has it, and it is recorded neither as sent nor as in doubt.
        AcceptedNotRecorded = "accepted, not recorded",
        /// A sink has a copy too many that no incident explains.
        Unexplained = "unexplained copy",
        /// Two copies a receiving side cannot know as one.
        NotRecognisable = "copies do not look alike",
        /// An incident explains more copies than were in flight.
        OverBound = "more copies than in flight",
        /// It was accepted after its address had been declared clear.
        AfterSilence = "accepted against the list",
        /// Attempts or epochs went backwards.
        Backwards = "numbers went backwards",
        /// Its tasks do not fit: none, two, or one for a touch that is no task.
        Tasks = "tasks do not fit",
        /// Something is left in the outbox or in flight.
        LeftOver = "left over",
        /// A sink has a touch the database does not know.
        Stranger = "not ours",
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone)]
pub struct Violation {
    /// What kind of wrong.
    pub kind: Kind,
    /// The touch, where it is about one.
    pub touch: Option<TouchId>,
    /// Everything known about it, line by line.
    pub story: String,
}

/// How many of what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Touches by state.
    pub states: BTreeMap<&'static str, usize>,
    /// Things the sinks accepted.
    pub accepted: usize,
    /// Attempts that came out unknown.
    pub doubts: usize,
    /// Copies too many, all of them; see `Kind::Unexplained` for those without an explanation.
    pub duplicates: usize,
    /// The most copies one incident explains.
    pub most_by_one_incident: usize,
    /// Results that came after their attempt was over.
    pub late: usize,
    /// Tasks.
    pub tasks: usize,
    /// Incidents.
    pub incidents: usize,
}

/// The result of a check.
#[derive(Debug, Clone)]
pub struct Report {
    /// How many of what.
    pub counts: Counts,
    /// Everything that is wrong.
    pub violations: Vec<Violation>,
}

/// How many stories a report tells.
const STORIES: usize = 5;

impl Report {
    /// How many violations of a kind there are.
    #[must_use]
    pub fn count(&self, kind: Kind) -> usize {
        self.violations.iter().filter(|violation| violation.kind == kind).count()
    }

    /// # Panics
    /// If anything is wrong; the message is the report.
    pub fn assert_clean(&self) {
        assert!(self.violations.is_empty(), "the history does not hold:\n{self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { states, accepted, doubts, duplicates, .. } = &self.counts;
        let Counts { most_by_one_incident, late, tasks, incidents, .. } = &self.counts;
        let touches: usize = states.values().sum();
        write!(f, "{touches} touches:")?;
        for (state, count) in states {
            write!(f, " {count} {state}")?;
        }
        writeln!(f, "; {accepted} accepted by sinks, {tasks} tasks")?;
        writeln!(
            f,
            "{incidents} incidents, {doubts} attempts in doubt, {duplicates} duplicates (at most \
             {most_by_one_incident} by one incident), {late} late results"
        )?;
        let kinds = Kind::ALL.iter().map(|kind| (kind, self.count(*kind)));
        for (kind, count) in kinds.filter(|(_, count)| *count > 0) {
            writeln!(f, "VIOLATED {count} × {kind}")?;
        }
        for violation in self.violations.iter().take(STORIES) {
            writeln!(f, "--- {}", violation.kind)?;
            f.write_str(&violation.story)?;
        }
        Ok(())
    }
}
