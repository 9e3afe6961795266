//! Signed return paths: the envelope sender of a touch's email, so that what comes back says which
//! touch and which recipient it is about, and cannot be made up (compliance.md BNC-08).
//!
//! The local part is `b+<opaque>.<mac>`: the touch and the first 64 bits of the recipient's address
//! key, then the first 80 bits of the MAC over them, in the lower-case base32 of RFC 4648, because a
//! mail server may change case. It has 58 of the 64 octets a local part may have, and no address.
//!
//! The address for unsubscribing by mail (RFC 2369, compliance.md EML-12) is made the same way and
//! begins with `u+`. Each is signed for its purpose, so neither can be made of the other.

use crate::address::AddressKey;
use crate::ids::TouchId;
use crate::token::{BadToken, Purpose, TokenKeys};

/// What stands in front of a return path.
const RETURN: &str = "b+";
/// What stands in front of an address for unsubscribing.
const UNSUBSCRIBE: &str = "u+";
/// Bytes of a touch's id.
const TOUCH_BYTES: usize = 16;
/// Bytes kept of the recipient's address key.
const RECIPIENT_BYTES: usize = 8;
/// Bytes kept of the MAC: 80 bits.
const MAC_BYTES: usize = 10;

/// Which touch a message was, and to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReturnPath {
    /// The touch.
    pub touch: TouchId,
    recipient: [u8; RECIPIENT_BYTES],
}

impl ReturnPath {
    /// The return path of a touch to the address with this key.
    #[must_use]
    pub fn new(touch: TouchId, recipient: &AddressKey) -> Self {
        let mut beginning = [0; RECIPIENT_BYTES];
        beginning.copy_from_slice(&recipient.as_bytes()[..RECIPIENT_BYTES]);
        Self { touch, recipient: beginning }
    }

    /// The beginning of the recipient's address key.
    #[must_use]
    pub const fn recipient(&self) -> &[u8; RECIPIENT_BYTES] {
        &self.recipient
    }

    /// Whether the message went to the address with this key.
    #[must_use]
    pub fn is_to(&self, recipient: &AddressKey) -> bool {
        recipient.as_bytes().starts_with(&self.recipient)
    }

    /// The local part of the return path, signed.
    #[must_use]
    pub fn local_part(&self, keys: &TokenKeys) -> String {
        self.signed(keys, RETURN, Purpose::ReturnPath)
    }

    /// What a return path says, if it was signed here. `address` is the whole address or its local
    /// part, in any case, perhaps in angle brackets.
    pub fn verify(keys: &TokenKeys, address: &str) -> Result<Self, BadToken> {
        Self::verified(keys, RETURN, Purpose::ReturnPath, address)
    }

    /// The local part of the address to which the recipient writes to be left alone, signed.
    #[must_use]
    pub fn unsubscribe_local_part(&self, keys: &TokenKeys) -> String {
        self.signed(keys, UNSUBSCRIBE, Purpose::UnsubscribeMail)
    }

    /// What an address for unsubscribing says, as [`Self::verify`]; it may be of any age.
    pub fn verify_unsubscribe(keys: &TokenKeys, address: &str) -> Result<Self, BadToken> {
        Self::verified(keys, UNSUBSCRIBE, Purpose::UnsubscribeMail, address)
    }

    fn signed(&self, keys: &TokenKeys, prefix: &str, purpose: Purpose) -> String {
        let mut opaque = self.touch.as_uuid().as_bytes().to_vec();
        opaque.extend_from_slice(&self.recipient);
        let opaque = base32(&opaque);
        let mac = base32(&keys.mac(purpose, &opaque)[..MAC_BYTES]);
        format!("{prefix}{opaque}.{mac}")
    }

    fn verified(
        keys: &TokenKeys,
        prefix: &str,
        purpose: Purpose,
        address: &str,
    ) -> Result<Self, BadToken> {
        let address = address.trim().trim_start_matches('<');
        let local = address.split('@').next().unwrap_or_default().to_ascii_lowercase();
        let (opaque, mac) =
            local.strip_prefix(prefix).and_then(|rest| rest.split_once('.')).ok_or(BadToken)?;
        let given = from_base32(mac).filter(|mac| mac.len() == MAC_BYTES).ok_or(BadToken)?;
        if !keys.has_made(purpose, opaque, &given) {
            return Err(BadToken);
        }
        let bytes = from_base32(opaque).ok_or(BadToken)?;
        let (touch, recipient) = bytes.split_at_checked(TOUCH_BYTES).ok_or(BadToken)?;
        let touch = uuid::Uuid::from_slice(touch).map_err(|_| BadToken)?;
        let recipient = recipient.try_into().map_err(|_| BadToken)?;
        Ok(Self { touch: touch.into(), recipient })
    }
}

/// The digits of RFC 4648 §6, in lower case.
const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut buffer, mut bits) = (0u32, 0);
    for byte in bytes {
        buffer = buffer << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(DIGITS[(buffer >> bits) as usize & 31]));
        }
        buffer &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(char::from(DIGITS[(buffer << (5 - bits)) as usize & 31]));
    }
    text
}

/// The bytes of a text in base32, if it is the one text that stands for them.
fn from_base32(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    let (mut buffer, mut bits) = (0u32, 0);
    for digit in text.bytes() {
        let value = DIGITS.iter().position(|known| *known == digit)?;
        buffer = buffer << 5 | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(buffer >> bits & 0xFF).ok()?);
        }
        buffer &= (1 << bits) - 1;
    }
    (base32(&bytes) == text).then_some(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{AddressKeyer, AddressKind};

    fn keys() -> TokenKeys {
        TokenKeys::new("k1", b"test-vector-key-do-not-use")
    }

    fn key(address: &str) -> AddressKey {
        AddressKeyer::new(b"k").key(AddressKind::Email, address)
    }

    #[test]
    fn a_return_path_fits_and_survives_the_way_back_in_any_case() {
        let recipient = key("sara@example.org");
        let path = ReturnPath::new(TouchId::new(), &recipient);
        let local = path.local_part(&keys());
        assert_eq!(local.len(), 58);
        assert!(!local.contains("sara"));
        for address in [
            local.clone(),
            local.to_uppercase(),
            format!("<{local}@bounce.agency.example>"),
            format!(" {local}@BOUNCE.agency.example"),
        ] {
            assert_eq!(ReturnPath::verify(&keys(), &address), Ok(path), "{address}");
        }
        assert!(path.is_to(&recipient));
        assert!(!path.is_to(&key("omar@example.org")));
    }

    #[test]
    fn every_forgery_is_refused() {
        let path = ReturnPath::new(TouchId::new(), &key("sara@example.org"));
        let other = ReturnPath::new(TouchId::new(), &key("sara@example.org"));
        let (local, other) = (path.local_part(&keys()), other.local_part(&keys()));
        let (opaque, _) = local.split_once('.').unwrap();
        let (_, other_mac) = other.split_once('.').unwrap();
        let refused = |address: &str| {
            assert_eq!(ReturnPath::verify(&keys(), address), Err(BadToken), "{address}");
        };
        refused("");
        refused("b+");
        refused("b+.");
        refused("b+AAA.MAC@bounce.agency.example");
        refused(opaque);
        refused(&format!("{opaque}."));
        refused(&format!("{opaque}.{other_mac}"));
        refused(&local[2..]);
        refused(&local[..local.len() - 1]);
        refused(&format!("{local}a"));
        for at in 2..local.len() {
            let mut changed = local.clone().into_bytes();
            changed[at] = if changed[at] == b'a' { b'b' } else { b'a' };
            refused(&String::from_utf8(changed).unwrap());
        }
        let elsewhere = TokenKeys::new("k1", b"another secret");
        refused(&path.local_part(&elsewhere));
        let rotated = TokenKeys::new("k2", b"new").with_old(b"test-vector-key-do-not-use");
        assert_eq!(ReturnPath::verify(&rotated, &local), Ok(path), "old keys keep verifying");
    }

    #[test]
    fn an_address_for_unsubscribing_is_no_return_path_and_none_is_one() {
        let recipient = key("sara@example.org");
        let path = ReturnPath::new(TouchId::new(), &recipient);
        let (bounce, unsubscribe) =
            (path.local_part(&keys()), path.unsubscribe_local_part(&keys()));
        assert_eq!(unsubscribe.len(), 58);
        let shouted = format!("<{}@palm.example>", unsubscribe.to_uppercase());
        assert_eq!(ReturnPath::verify_unsubscribe(&keys(), &shouted), Ok(path));
        for (from, to) in [("b+", "u+"), ("u+", "b+")] {
            for local in [&bounce, &unsubscribe] {
                let swapped = local.replacen(from, to, 1);
                assert_eq!(
                    ReturnPath::verify(&keys(), &swapped).is_ok(),
                    swapped == bounce,
                    "{swapped}"
                );
                let is_ours = ReturnPath::verify_unsubscribe(&keys(), &swapped).is_ok();
                assert_eq!(is_ours, swapped == unsubscribe, "{swapped}");
            }
        }
    }

    #[test]
    fn base32_is_that_of_rfc_4648() {
        for (text, encoded) in
            [("", ""), ("f", "my"), ("fo", "mzxq"), ("foo", "mzxw6"), ("foobar", "mzxw6ytboi")]
        {
            assert_eq!(base32(text.as_bytes()), encoded);
            assert_eq!(from_base32(encoded).unwrap(), text.as_bytes());
        }
        assert_eq!(from_base32("mz"), None, "bits are left over");
        assert_eq!(from_base32("m1"), None);
    }
}
