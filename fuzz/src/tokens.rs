//! Signed tokens: what was not signed here is nothing.

use domain::TouchId;
use domain::channel::ContactChannel;
use domain::return_path::ReturnPath;
use domain::token::{Purpose, TokenKeys, UnsubscribeToken};

use crate::input::{address_key, first_byte, id, keys};

/// Unsubscribe tokens (compliance.md SEC-01 … SEC-03).
pub fn token_unsubscribe(data: &[u8]) {
    let keys = keys();
    let text = String::from_utf8_lossy(data);
    // What is signed below is seen by whoever makes up the inputs, and may come back; nothing else is
    // taken.
    let before = TokenKeys::new("k1", b"signed there before");
    if UnsubscribeToken::decode(&keys, &text).is_ok() {
        let payload = keys.verify(Purpose::Unsubscribe, &text).unwrap_or_default();
        let is_signed = |keys: &TokenKeys| keys.sign(Purpose::Unsubscribe, &payload) == text;
        assert!(is_signed(&keys) || is_signed(&before), "a forged token was accepted");
    }

    let (choice, rest) = first_byte(data);
    let (touch, rest) = id(rest);
    let token = UnsubscribeToken {
        address_key: address_key(rest),
        channel: ContactChannel::ALL[usize::from(choice) % ContactChannel::ALL.len()],
        touch: (choice < 128).then(|| TouchId::from(touch)),
    };
    let signed = token.encode(&keys);
    assert_eq!(UnsubscribeToken::decode(&keys, &signed), Ok(token));
    let older = token.encode(&before);
    assert_eq!(UnsubscribeToken::decode(&keys, &older), Ok(token), "an old key was forgotten");
    assert!(UnsubscribeToken::decode(&before, &signed).is_err(), "a key it does not know");

    let changed = tampered(&signed, rest);
    if changed != signed {
        assert!(UnsubscribeToken::decode(&keys, &changed).is_err(), "a changed token was accepted");
    }
    // Whatever is signed for another purpose, or is no payload, is none either.
    let payload = String::from_utf8_lossy(rest);
    for purpose in Purpose::ALL.iter().filter(|purpose| **purpose != Purpose::Unsubscribe) {
        let foreign = keys.sign(*purpose, &payload);
        assert!(UnsubscribeToken::decode(&keys, &foreign).is_err(), "{purpose} served");
    }
    let ours = keys.sign(Purpose::Unsubscribe, &payload);
    if let Ok(read) = UnsubscribeToken::decode(&keys, &ours) {
        let again = read.encode(&keys);
        assert_eq!(UnsubscribeToken::decode(&keys, &again), Ok(read), "read and written differ");
    }
}

/// Signed return paths (compliance.md BNC-08).
pub fn token_return_path(data: &[u8]) {
    let keys = keys();
    let text = String::from_utf8_lossy(data);
    // As above; case, blanks and a bracket in front are what mail servers change.
    if let Ok(read) = ReturnPath::verify(&keys, &text) {
        let meant = text.trim().trim_start_matches('<').split('@').next().unwrap_or_default();
        let signed = read.local_part(&keys);
        assert_eq!(signed, meant.to_ascii_lowercase(), "a forged return path was accepted");
    }

    let (touch, rest) = id(data);
    let path = ReturnPath::new(TouchId::from(touch), &address_key(rest));
    let local = path.local_part(&keys);
    assert!(local.len() <= 64, "longer than a local part may be");
    let domain = String::from_utf8_lossy(rest);
    for address in [local.clone(), local.to_uppercase(), format!("<{local}@{domain}>")] {
        assert_eq!(ReturnPath::verify(&keys, &address), Ok(path));
    }
    let changed = tampered(&local, rest);
    let meant = changed.trim().trim_start_matches('<').split('@').next().unwrap_or_default();
    if meant.to_ascii_lowercase() != local {
        assert!(ReturnPath::verify(&keys, &changed).is_err(), "a changed return path was accepted");
    }
    let token = UnsubscribeToken {
        address_key: address_key(rest),
        channel: ContactChannel::Email,
        touch: Some(TouchId::from(touch)),
    };
    assert!(ReturnPath::verify(&keys, &token.encode(&keys)).is_err());
    assert!(UnsubscribeToken::decode(&keys, &local).is_err());
}

/// The text with bytes of it replaced as `how` says: place, byte, place, byte …
fn tampered(text: &str, how: &[u8]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for change in how.chunks_exact(2).take(8) {
        let at = usize::from(change[0]) % (bytes.len() + 1);
        match (change[1], at == bytes.len()) {
            (byte, true) => bytes.push(byte),
            (0, false) => {
                bytes.remove(at);
            }
            (byte, false) => bytes[at] ^= byte,
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
