//! Topics: what a person may stop on the preference page without stopping everything.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest topic, in bytes.
const LONGEST: usize = 32;

/// A topic: a word of small letters, digits and underscores that begins with a letter.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Topic {
    bytes: [u8; LONGEST],
    length: u8,
}

/// Why a text is no topic.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is not a topic: write 1 to {LONGEST} small letters, digits or underscores, a letter first"
)]
pub struct TopicError(String);

impl Topic {
    /// The topic of plans that name none. Not the plan's key: plans follow each other with the same
    /// kind of message (8x8 goes over into 33 Touch), so that a key on the preference page would be
    /// a word nobody knows, and stopping it would stop the messages for a few weeks only.
    pub const GENERAL: Self = Self::literal(b"general");

    const fn literal(word: &[u8]) -> Self {
        let mut bytes = [0; LONGEST];
        let mut at = 0;
        while at < word.len() {
            bytes[at] = word[at];
            at += 1;
        }
        // A literal is shorter than LONGEST, or the copy above would not compile.
        #[allow(clippy::cast_possible_truncation)]
        Self { bytes, length: word.len() as u8 }
    }

    pub(super) const fn automated_voice() -> Self {
        Self::literal(b"automated_voice")
    }

    /// Whether it is [`Topic::GENERAL`]: what is usual is not written into a stored plan, so that
    /// a version stays equal to the file it came from.
    #[must_use]
    pub fn is_general(&self) -> bool {
        *self == Self::GENERAL
    }

    /// The word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl Default for Topic {
    fn default() -> Self {
        Self::GENERAL
    }
}

impl FromStr for Topic {
    type Err = TopicError;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let is_word = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_';
        let begins = word.bytes().next().is_some_and(|c| c.is_ascii_lowercase());
        if begins && word.len() <= LONGEST && word.bytes().all(is_word) {
            Ok(Self::literal(word.as_bytes()))
        } else {
            Err(TopicError(word.to_owned()))
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Topic({})", self.as_str())
    }
}

impl Serialize for Topic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Topic {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        word.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_one_plain_word() {
        for word in ["general", "listing_alerts", "q3", &"a".repeat(LONGEST)] {
            assert_eq!(word.parse::<Topic>().unwrap().as_str(), word);
        }
        for word in ["", "Listing", "3d", "_a", "a b", "نشرة", &"a".repeat(LONGEST + 1)] {
            assert!(word.parse::<Topic>().is_err(), "{word}");
        }
    }
}
