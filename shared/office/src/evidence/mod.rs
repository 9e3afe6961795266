//! Evidence bundles: what is on record about the messages to one person, signed, for a regulator or
//! a court (compliance.md AUD-09).

mod bundle;
mod key;
mod signed;

pub use bundle::{Bundle, NoEvidence, Taking, bundle, page_fits};
pub use key::{MadeKey, make_key, public_key, read_key};
pub use signed::{Forged, Verified, sign, verify};
