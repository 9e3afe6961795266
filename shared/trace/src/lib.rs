//! One trace for each enrolment, from the day somebody enrols a contact to the last outcome.
//!
//! Days lie between the steps, and hints say nothing but which touch to look at; so no context is
//! stored or carried. The trace's id is the enrolment's id, and the ids of spans that others hang
//! from are derived from the ids of what they are about. Every process makes its part from ids that
//! it has in its hands anyway, in any order, and they fit together:
//!
//! ```text
//! enrol                        the enrolment         Trace::enrolment
//! └ plan                       a touch               Trace::touch
//!   └ due, settle              one epoch, one hint   Trace::hint
//!     ├ publish
//!     └ attempt                                      Trace::attempt
//!       └ claim, gate, render, hand over, record, acknowledge
//! ```
//!
//! Whether a trace is sampled is decided by its id, so that every process decides the same. Without
//! a [`Sink`] every function here returns at once, and so it does for what is not sampled.
//!
//! What a span may say is a word of the code's own, a number, or an id ([`Value`]): no address, name
//! or text of a person can get into one.

mod span;

use std::sync::OnceLock;
use std::time::SystemTime;

use uuid::Uuid;

pub use span::{Kind, Span, Step, Value};

/// Takes finished spans. Has to return at once: it is called on the way of every sampled touch.
pub trait Sink: Send + Sync + 'static {
    /// Takes a span, or drops it when there are too many.
    fn take(&self, span: Span);
}

struct Installed {
    sink: Box<dyn Sink>,
    sampling: Sampling,
}

static INSTALLED: OnceLock<Installed> = OnceLock::new();

/// Sends the spans of this process to `sink`: those of the share `ratio`, 0 to 1, of all traces. The
/// first call counts; the answer says whether this one was it.
pub fn install(ratio: f64, sink: Box<dyn Sink>) -> bool {
    INSTALLED.set(Installed { sink, sampling: Sampling::of(ratio) }).is_ok()
}

/// Whether anybody wants spans: what has to be looked up for a trace alone is worth it then.
#[must_use]
pub fn is_on() -> bool {
    INSTALLED.get().is_some()
}

/// The trace of an enrolment.
#[must_use]
pub fn of(enrolment: Uuid) -> Trace {
    let sampled = INSTALLED.get().is_some_and(|it| it.sampling.takes(enrolment));
    Trace(sampled.then(|| enrolment.as_u128()))
}

/// The machine's time, for the ends of spans that are made later. Nothing else is decided by it.
#[must_use]
#[allow(clippy::disallowed_methods)] // When a machine did something, whatever time it does it for.
pub fn now() -> SystemTime {
    SystemTime::now()
}

/// The id of an enrolment's trace as tools for traces write it.
#[must_use]
pub fn id_of(enrolment: Uuid) -> String {
    enrolment.simple().to_string()
}

fn take(span: Span) {
    if let Some(installed) = INSTALLED.get() {
        installed.sink.take(span);
    }
}

/// Which traces are taken.
#[derive(Debug, Clone, Copy)]
struct Sampling {
    /// Taken is what is mixed to a number below this one; `None`: everything.
    below: Option<u64>,
}

impl Sampling {
    fn of(ratio: f64) -> Self {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss
        )]
        // Cast saturates, and a share needs no more digits than a double has.
        let below = (ratio * u64::MAX as f64) as u64;
        Self { below: (ratio < 1.0).then_some(below) }
    }

    /// Ids made in one millisecond count on, so they are mixed first.
    fn takes(self, id: Uuid) -> bool {
        self.below.is_none_or(|below| derived(id, 0) < below)
    }
}

/// A trace, or nothing at all where it is not wanted.
#[derive(Debug, Clone, Copy)]
pub struct Trace(Option<u128>);

impl Trace {
    /// The enrolment itself: the root.
    #[must_use]
    pub fn enrolment(self) -> Place {
        self.place(|trace| derived(Uuid::from_u128(trace), 1), |_| None)
    }

    /// One of its touches.
    #[must_use]
    pub fn touch(self, touch: Uuid) -> Place {
        self.place(|_| derived(touch, 2), |trace| Some(derived(Uuid::from_u128(trace), 1)))
    }

    /// One time at which a touch was handed to the workers.
    #[must_use]
    pub fn hint(self, touch: Uuid, epoch: i32) -> Place {
        let epoch = u64::from(epoch.cast_unsigned());
        self.place(|_| derived(touch, 3 + (epoch << 8)), |_| Some(derived(touch, 2)))
    }

    /// One attempt at a touch, which began with the hint of that epoch.
    #[must_use]
    pub fn attempt(self, touch: Uuid, epoch: i32, attempt: i16) -> Place {
        let attempt = u64::from(attempt.cast_unsigned());
        let hint = derived(touch, 3 + (u64::from(epoch.cast_unsigned()) << 8));
        self.place(|_| derived(touch, 4 + (attempt << 8)), |_| Some(hint))
    }

    fn place(
        self,
        own: impl FnOnce(u128) -> u64,
        parent: impl FnOnce(u128) -> Option<u64>,
    ) -> Place {
        Place(self.0.map(|trace| Known { trace, span: own(trace), parent: parent(trace) }))
    }
}

/// A span that others can hang from, or nothing at all where its trace is not wanted.
#[derive(Debug, Clone, Copy)]
pub struct Place(Option<Known>);

#[derive(Debug, Clone, Copy)]
struct Known {
    trace: u128,
    span: u64,
    parent: Option<u64>,
}

impl Place {
    /// No place: what begins here is not kept.
    pub const NOWHERE: Self = Self(None);

    /// Whether spans that begin here are kept.
    #[must_use]
    pub const fn is_wanted(self) -> bool {
        self.0.is_some()
    }

    /// Begins the span that this place stands for. To be made once in the life of what it is about.
    pub fn open(self, name: &'static str, kind: Kind) -> Step {
        let ids = self.0.map(|known| (known.trace, known.span, known.parent));
        let is_remote = ids.is_some_and(|(.., parent)| parent.is_some());
        Step::begin(ids, is_remote, name, kind)
    }

    /// Begins a span below this one.
    pub fn step(self, name: &'static str, kind: Kind) -> Step {
        let ids = self.0.map(|known| (known.trace, fresh(), Some(known.span)));
        Step::begin(ids, false, name, kind)
    }

    const fn ids(self) -> Option<(u128, u64)> {
        match self.0 {
            Some(known) => Some((known.trace, known.span)),
            None => None,
        }
    }
}

/// A number that looks like any other, the same in every process: the finaliser of SplitMix64 over both
/// halves of the id. Never 0, which is no id of a span.
fn derived(id: Uuid, salt: u64) -> u64 {
    let (high, low) = id.as_u64_pair();
    mixed(mixed(high ^ salt.wrapping_mul(0x9e37_79b9_7f4a_7c15)) ^ low).max(1)
}

const fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// An id for a span that nothing hangs from, or only what is made beside it.
fn fresh() -> u64 {
    derived(Uuid::now_v7(), 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_traces_is_taken_and_a_larger_share_takes_them_too() {
        let ids: Vec<Uuid> = (0..20_000).map(|_| Uuid::now_v7()).collect();
        let (tenth, half) = (Sampling::of(0.1), Sampling::of(0.5));
        let taken = |sampling: Sampling| ids.iter().filter(|id| sampling.takes(**id)).count();
        assert!((1700..2300).contains(&taken(tenth)), "{}", taken(tenth));
        assert!((9600..10_400).contains(&taken(half)), "{}", taken(half));
        assert_eq!(taken(Sampling::of(1.0)), ids.len());
        assert_eq!(taken(Sampling::of(0.0)), 0);
        assert!(ids.iter().all(|id| !tenth.takes(*id) || half.takes(*id)));
    }

    #[test]
    fn every_process_derives_the_same_ids() {
        // Written down: a version that derives others breaks the traces of enrolments under way.
        let enrolment = Uuid::from_u128(0x0199_a0b1_c2d3_7e4f_8000_0123_4567_89ab);
        let touch = Uuid::from_u128(0x0199_a0b1_c2d3_7e4f_9000_0123_4567_89ab);
        let trace = Trace(Some(enrolment.as_u128()));
        let spans = [
            trace.enrolment(),
            trace.touch(touch),
            trace.hint(touch, 1),
            trace.hint(touch, 2),
            trace.attempt(touch, 1, 1),
        ];
        let spans: Vec<_> = spans.iter().map(|place| place.0.expect("it is taken")).collect();
        let ids: Vec<u64> = spans.iter().map(|known| known.span).collect();
        assert_eq!(
            ids,
            [
                0xcecb_f54f_feb4_9488,
                0x4bb6_65a7_1f3b_7fdf,
                0x42ef_2bf2_68d4_6416,
                0x0f7c_5ac8_ce10_ce31,
                0xe08a_7a9e_c224_5ce3,
            ]
        );
        let parents: Vec<_> = spans.iter().map(|known| known.parent).collect();
        assert_eq!(
            parents,
            [None, Some(ids[0]), Some(ids[1]), Some(ids[1]), Some(ids[2])],
            "each hangs from the one before it"
        );
    }

    #[test]
    fn nothing_is_made_where_nobody_wants_it() {
        let trace = Trace(None);
        assert!(!trace.enrolment().is_wanted());
        let step = trace.touch(Uuid::now_v7()).step("gate", Kind::Inside);
        assert!(step.with("touchline.step", 1).finished().is_none());
    }

    #[test]
    fn the_id_of_a_trace_is_that_of_its_enrolment() {
        let enrolment = Uuid::from_u128(0x0199_a0b1_c2d3_7e4f_8000_0123_4567_89ab);
        assert_eq!(id_of(enrolment), "0199a0b1c2d37e4f80000123456789ab");
    }
}
