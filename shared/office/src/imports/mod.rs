//! Files that people bring: contacts, legal bases, lists of those who must not be contacted, and
//! files that are only compared with the list. Of any size, in bounded memory; every row ends with
//! one outcome, and what is refused is written into a file with the reason.
//!
//! What people can put right about a file is an [`Unusable`]; it is found in the error by
//! `downcast`.

pub mod consents;
pub mod contacts;
mod file;
pub mod list;
mod progress;
pub mod scrub;
mod unusable;

pub use file::{Delimiter, File};
pub use progress::Come;
pub use unusable::Unusable;

use progress::Pace;
