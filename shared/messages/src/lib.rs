//! The wire contract: the versioned hint, and the names of exchanges and queues.
//!
//! A message says only *which* touch may be due. It carries no truth: losing one costs latency, because
//! the sweep publishes it again; doubling one costs a claim that finds nothing to do. Everything that
//! decides anything stands in PostgreSQL (DESIGN §2, pipeline.md §2.1).

mod hint;
mod month;
pub mod topology;

pub use domain::{Lane, Medium};
pub use hint::{Hint, HintError};
pub use month::{Month, MonthError};
pub use topology::{Route, WordError};
