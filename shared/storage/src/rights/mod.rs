//! People's rights: requests and their clocks, what is known about a person, correction, erasure and
//! retention (compliance.md §6).
//!
//! Which tables hold something about a person, how its rows are found and what erasure does with them
//! is data in the database itself, `personal_tables`: whoever adds such a table adds a row there.

mod correction;
mod dossier;
mod erasure;
mod requests;
mod retention;

pub use correction::{Change, Corrected, Correcting, TEXT_FIELDS};
pub use dossier::{Dossier, Section};
pub use erasure::{Erased, Erasing, Hold, Tombstone};
pub use requests::{NewRequest, Request, RequestEvent, Standing};
pub use retention::Retired;
