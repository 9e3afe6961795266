//! Addresses and their keys.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::channel::ContactChannel;
use crate::hex;

crate::words! {
    /// What kind of address it is.
    AddressKind, "address kind", {
        /// An email address.
        Email = "email",
        /// A phone number.
        Phone = "phone",
        /// A postal address.
        Postal = "postal",
        /// The person: every contact has one, so that an entry for the whole person has a row of
        /// its own even when no address is on file.
        Person = "person",
    }
}

impl AddressKind {
    /// The contact channels an address of this kind serves; each has its own suppression flag.
    #[must_use]
    pub const fn channels(self) -> &'static [ContactChannel] {
        match self {
            Self::Email => &[ContactChannel::Email],
            Self::Phone => &[ContactChannel::Sms, ContactChannel::Call],
            Self::Postal => &[ContactChannel::Post],
            Self::Person => &[ContactChannel::Person],
        }
    }
}

/// The keyed hash an address is known by on the list: HMAC-SHA-256 over `kind:normalised`
/// (compliance.md PRV-10, V-9). Without the key it cannot be computed, nor turned back.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AddressKey([u8; 32]);

impl AddressKey {
    /// The key from its 32 stored bytes, or `None` when there are not 32.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bytes, for storage.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Lower-case hexadecimal, for people.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex::encode(&self.0)
    }

    /// The key from what [`Self::to_hex`] wrote, or `None` when it is not one.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        Self::from_bytes(&hex::decode(text)?)
    }
}

impl std::fmt::Debug for AddressKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AddressKey({}…)", &self.to_hex()[..8])
    }
}

/// Computes address keys with the deployment's secret, which never enters the database.
#[derive(Clone)]
pub struct AddressKeyer(Hmac<Sha256>);

impl AddressKeyer {
    /// A keyer over `secret`; any length is legal (RFC 2104).
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(Hmac::new_from_slice(secret).expect("HMAC takes a key of any length (RFC 2104)"))
    }

    /// The key of a *normalised* address (or of a contact's id, for [`AddressKind::Person`]).
    #[must_use]
    pub fn key(&self, kind: AddressKind, normalised: &str) -> AddressKey {
        let mut mac = self.0.clone();
        mac.update(kind.as_str().as_bytes());
        mac.update(b":");
        mac.update(normalised.as_bytes());
        AddressKey(mac.finalize().into_bytes().into())
    }
}

impl AddressKeyer {
    /// The key of a text that should have been an address and is none, for the quarantine
    /// (compliance.md SUP-21): capitals and the number of blanks make no difference.
    #[must_use]
    pub fn raw_key(&self, text: &str) -> AddressKey {
        let words: Vec<&str> = text.split_whitespace().collect();
        let mut mac = self.0.clone();
        mac.update(b"raw:");
        mac.update(words.join(" ").to_lowercase().as_bytes());
        AddressKey(mac.finalize().into_bytes().into())
    }
}

impl std::fmt::Debug for AddressKeyer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AddressKeyer")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_match_the_vectors_of_compliance_v9() {
        let keyer = AddressKeyer::new(b"test-vector-key-do-not-use");
        for (kind, normalised, expected) in [
            (
                AddressKind::Email,
                "alice@example.com",
                "d5039b5615fe91ce27f3994ec9556a55be3e93bd48cceab10eb4d84748b35e6e",
            ),
            (
                AddressKind::Phone,
                "+971501234567",
                "2d1eb23a0061b0075d697aa9829480b1a8041eaddf531413140be475feb5985a",
            ),
            (
                AddressKind::Phone,
                "+14155552671",
                "267ee043f830cac325ce17771083a533134c6608169525b98b2ee900db566172",
            ),
        ] {
            assert_eq!(keyer.key(kind, normalised).to_hex(), expected);
        }
    }
}
