//! What arrives from outside, besides plain opt-outs: wishes by the time they were said, reviews of
//! unclear answers, answers we owe, bounces.
//!
//! Each is idempotent by the message it came by, and each function is safe to repeat after it was cut
//! off anywhere: what is done is not done twice, what is left is done.

mod answers;
mod bounces;
mod reviews;
mod wishes;

pub use answers::{DueAnswer, NewAnswer};
pub use bounces::{NewBounce, Record};
pub use reviews::{NewReview, Review};
pub use wishes::{NewStart, Said};

/// What brought something, and what it is known by there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message {
    /// The bringer: a gateway, a provider, a page.
    pub source: &'static str,
    /// A hash of the id the bringer gave it.
    pub id: u64,
}
