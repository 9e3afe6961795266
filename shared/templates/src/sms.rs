//! Text message encoding and segments, exactly as compliance.md V-1 (SMS-16 to SMS-21).
//!
//! Text is counted as typed: no normalisation, no replacement, no truncation (SMS-19), and no
//! national shift tables (SMS-20).

use serde::Serialize;

domain::words! {
    /// How a text message is encoded on the air.
    Encoding, "encoding", {
        /// 3GPP TS 23.038 default alphabet with its extension table; units are septets.
        Gsm7 = "GSM-7",
        /// UTF-16; units are code units.
        Ucs2 = "UCS-2",
    }
}

domain::words! {
    /// The size of the reference number that ties the parts of a long message together; a route
    /// uses one or the other (3GPP TS 23.040 §9.2.3.24).
    Reference, "concatenation reference", {
        /// Eight bits: 153 septets or 67 units per part.
        EightBit = "8-bit",
        /// Sixteen bits: 152 septets or 66 units per part.
        SixteenBit = "16-bit",
    }
}

/// The default cap on segments (SMS-18).
pub const DEFAULT_MAX_SEGMENTS: usize = 4;

/// What a text costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Count {
    /// The encoding the whole text needs.
    pub encoding: Encoding,
    /// Septets or code units in all.
    pub units: usize,
    /// How many messages are charged; 0 for an empty text, which cannot be sent.
    pub segments: usize,
    /// The units of each part, in order.
    pub parts: Vec<usize>,
}

/// Why a text message may not be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is nothing to send.
    #[error("the text message is empty")]
    Empty,
    /// It costs more than the cap; nothing is cut off (SMS-18).
    #[error("segments_over_cap({segments}>{cap})")]
    OverCap {
        /// What it costs.
        segments: usize,
        /// What is allowed.
        cap: usize,
    },
}

impl Count {
    /// Whether the text may be sent under a cap of segments.
    ///
    /// # Errors
    /// An empty text, or one over the cap.
    pub const fn allowed(&self, cap: usize) -> Result<(), Refusal> {
        match self.segments {
            0 => Err(Refusal::Empty),
            segments if segments > cap => Err(Refusal::OverCap { segments, cap }),
            _ => Ok(()),
        }
    }
}

/// Counts a text: its encoding, units, segments and the units of each part.
#[must_use]
pub fn count(text: &str, reference: Reference) -> Count {
    let gsm7 = text.chars().map(septets).sum::<Option<usize>>();
    let (encoding, units) = match gsm7 {
        Some(units) => (Encoding::Gsm7, units),
        None => (Encoding::Ucs2, text.chars().map(char::len_utf16).sum()),
    };
    let parts = if units == 0 {
        Vec::new()
    } else if units <= single_limit(encoding) {
        vec![units]
    } else {
        let costs = text.chars().map(|character| match encoding {
            Encoding::Gsm7 => septets(character).unwrap_or(0),
            Encoding::Ucs2 => character.len_utf16(),
        });
        fill(costs, part_limit(encoding, reference))
    };
    Count { encoding, units, segments: parts.len(), parts }
}

const fn single_limit(encoding: Encoding) -> usize {
    match encoding {
        Encoding::Gsm7 => 160,
        Encoding::Ucs2 => 70,
    }
}

const fn part_limit(encoding: Encoding, reference: Reference) -> usize {
    match (encoding, reference) {
        (Encoding::Gsm7, Reference::EightBit) => 153,
        (Encoding::Gsm7, Reference::SixteenBit) => 152,
        (Encoding::Ucs2, Reference::EightBit) => 67,
        (Encoding::Ucs2, Reference::SixteenBit) => 66,
    }
}

/// Fills parts greedily. A character of two units that does not fit starts the next part, which
/// is why the number of parts is not the total divided by the limit.
fn fill(costs: impl Iterator<Item = usize>, limit: usize) -> Vec<usize> {
    let mut parts = Vec::new();
    let mut filled = 0;
    for cost in costs {
        if filled + cost > limit {
            parts.push(filled);
            filled = 0;
        }
        filled += cost;
    }
    parts.push(filled);
    parts
}

/// The septets a character costs in GSM-7, or nothing if it is in neither table. The escape
/// character itself is not text and is in neither.
const fn septets(character: char) -> Option<usize> {
    match character {
        '@'
        | '£'
        | '$'
        | '¥'
        | 'è'
        | 'é'
        | 'ù'
        | 'ì'
        | 'ò'
        | 'Ç'
        | '\n'
        | 'Ø'
        | 'ø'
        | '\r'
        | 'Å'
        | 'å'
        | 'Δ'
        | '_'
        | 'Φ'
        | 'Γ'
        | 'Λ'
        | 'Ω'
        | 'Π'
        | 'Ψ'
        | 'Σ'
        | 'Θ'
        | 'Ξ'
        | 'Æ'
        | 'æ'
        | 'ß'
        | 'É'
        | ' '..='#'
        | '¤'
        | '%'..='?'
        | '¡'
        | 'A'..='Z'
        | 'Ä'
        | 'Ö'
        | 'Ñ'
        | 'Ü'
        | '§'
        | '¿'
        | 'a'..='z'
        | 'ä'
        | 'ö'
        | 'ñ'
        | 'ü'
        | 'à' => Some(1),
        '\u{c}' | '^' | '{' | '}' | '\\' | '[' | '~' | ']' | '|' | '€' => Some(2),
        _ => None,
    }
}

/// A character that forces UCS-2, and what could stand there instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suggestion {
    /// The character.
    pub character: char,
    /// Its code point, as `U+2019`.
    pub code_point: String,
    /// Where it first stands, in characters from 0.
    pub at: usize,
    /// What GSM-7 has in its place, if anything. Only a person may accept it (SMS-19).
    pub replacement: Option<&'static str>,
}

/// The characters that force UCS-2, each once, for people to decide about; nothing is changed.
#[must_use]
pub fn suggestions(text: &str) -> Vec<Suggestion> {
    let mut found: Vec<Suggestion> = Vec::new();
    for (at, character) in text.chars().enumerate() {
        if septets(character).is_some() || found.iter().any(|seen| seen.character == character) {
            continue;
        }
        let code_point = format!("U+{:04X}", u32::from(character));
        found.push(Suggestion { character, code_point, at, replacement: gsm_safe(character) });
    }
    found
}

const fn gsm_safe(character: char) -> Option<&'static str> {
    match character {
        '\u{2018}' | '\u{2019}' | '`' => Some("'"),
        '\u{201c}' | '\u{201d}' => Some("\""),
        '\u{2013}' | '\u{2014}' => Some("-"),
        '\u{2026}' => Some("..."),
        '\u{a0}' => Some(" "),
        _ => None,
    }
}
