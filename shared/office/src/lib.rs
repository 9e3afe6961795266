//! What people do in the office, whichever door they come through: the command line or the console.
//!
//! One module per use case. A function is handed what it works with – a [`Connection`] under the
//! role that is allowed to, the [`Team`]'s defaults, the calendar – and returns what came of it, as
//! data and, through [`words`], in sentences in English and Arabic. Nothing here prints, reads
//! settings or shows progress.

pub mod addresses;
pub mod calendar;
mod connection;
pub mod consents;
pub mod content;
pub mod enrolment;
pub mod imports;
pub mod intake;
pub mod local;
#[doc(hidden)]
pub mod outside;
mod patience;
pub mod people;
pub mod story;
pub mod suggestion;
pub mod suppression;
pub mod timing;
pub mod words;

pub use connection::{Connection, Team};
