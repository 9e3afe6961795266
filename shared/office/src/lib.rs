//! What people do in the office, whichever door they come through: the command line or the console.
//!
//! One module per use case. A function is handed what it works with – a [`Connection`] under the
//! role that is allowed to, the [`Team`]'s defaults, the calendar – and returns what came of it, as
//! data and, through [`words`], in sentences in English and Arabic. Nothing here prints, reads
//! settings or shows progress: long work tells a callback how far it has come.
//!
//! What is wrong with what somebody asked for is a type with `in_words(locale)`; what is left is
//! that the database does not answer. Where a function returns `anyhow::Error`, that type is found
//! by `downcast` (named under "Errors").
//!
//! Which function for what:
//!
//! - any spelling of an address: [`addresses::Named::parse`]; whom a text names:
//!   [`people::find`], [`people::one`]; the whole card: [`people::card`]
//! - the story of a touch: [`story::tell`], in sentences [`story::words`]
//! - labels for channels, states, reasons, groups …: [`words`]; moments and days: [`local`]
//! - the list: [`suppression::check`], [`suppression::newest`], [`suppression::add`] (its answer:
//!   [`suppression::Added::status`]), [`suppression::lift`] (request and approval),
//!   [`suppression::export`]
//! - files: [`imports::contacts::check`], [`imports::contacts::import`],
//!   [`imports::list::import`], [`imports::consents::import`], [`imports::scrub::compare`]; from a
//!   path or bytes ([`intake::encoding::Source`]), with progress as [`imports::Come`]
//! - enrolling: [`enrolment::loaded_plan`], [`enrolment::sender_doubt`],
//!   [`enrolment::Enroller::preview`], [`enrolment::Enroller::enrol`]
//! - what will come for a contact, and why on that day: [`calendar::coming`]
//! - templates with a real contact's fields: [`content::compiled`], [`content::fields_of`],
//!   [`content::render`]; plans and templates into the database: [`content::Load`]
//! - why somebody was or was not contacted: [`audit::why`], in sentences [`audit::words`]
//! - a person's data: [`dossier::export`]; signed evidence: [`evidence::bundle`],
//!   [`evidence::verify`]; people's requests: [`requests`]
//! - people to look around with: [`sample::load`], [`sample::remove`]
//! - "did you mean": [`suggestion::of`]

pub mod addresses;
pub mod audit;
pub mod calendar;
pub mod calling;
mod connection;
pub mod consents;
pub mod content;
pub mod dossier;
pub mod enrolment;
pub mod evidence;
pub mod imports;
pub mod intake;
pub mod local;
#[doc(hidden)]
pub mod outside;
mod patience;
pub mod people;
pub mod requests;
pub mod sample;
pub mod story;
pub mod suggestion;
pub mod suppression;
pub mod timing;
pub mod words;

pub use connection::{Connection, Team};
