//! What the office works with.

use domain::{AddressKeyer, Locale};
use serde::Deserialize;
use storage::Database;

/// A database that fits this program, and the key of its list.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Under the role of whoever asks.
    pub database: Database,
    /// Makes the keys of addresses.
    pub keyer: AddressKeyer,
}

/// Section `[team]`, as far as the office needs it.
#[derive(Debug, Clone, Deserialize)]
pub struct Team {
    /// The country of phone numbers without a country code.
    pub default_region: String,
    /// The language of contacts whose own is not known.
    pub default_locale: Locale,
    /// The time zone of contacts whose own is not known.
    pub default_time_zone: String,
}
