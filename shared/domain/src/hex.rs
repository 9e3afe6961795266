//! Bytes as hexadecimal digits: small letters, two digits each.

use std::fmt::Write;

/// The digits of these bytes.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The bytes of a text that [`encode`] wrote, or `None` when it is not one: no sign, no capitals.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let is_digit = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    if !text.len().is_multiple_of(2) || !text.bytes().all(is_digit) {
        return None;
    }
    let pairs = (0..text.len()).step_by(2);
    pairs.map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_nothing_else() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(decode(&encode(&all)), Some(all));
        assert_eq!(encode(&[0, 10, 255]), "000aff");
        for text in ["0", "0g", "+f", "-1", "0A", " 0", "0x", "é"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
