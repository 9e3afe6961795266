//! The tables of phrases, read from data files: one per language.

use super::OptOutScope;
use super::pattern::Pattern;

/// The files, by name.
const TABLES: &[(&str, &str)] = &[
    ("english", include_str!("../../data/replies/english.tsv")),
    ("arabic", include_str!("../../data/replies/arabic.tsv")),
    ("french", include_str!("../../data/replies/french.tsv")),
    ("spanish", include_str!("../../data/replies/spanish.tsv")),
];

/// What a phrase says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Consent is taken back.
    Revoke(OptOutScope),
    /// It may be.
    Unclear,
    /// It may be, although its words would otherwise revoke: "don't call me *now*".
    Softened,
    /// It is about something else: "stop by", "bus stop", "don't stop".
    Harmless,
}

impl Meaning {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "sms" => Self::Revoke(OptOutScope::Sms),
            "call" => Self::Revoke(OptOutScope::CallAndSms),
            "person" => Self::Revoke(OptOutScope::Person),
            "unclear" => Self::Unclear,
            "softened" => Self::Softened,
            "harmless" => Self::Harmless,
            _ => return None,
        })
    }
}

/// A line of a table.
#[derive(Debug, Clone)]
pub(super) struct Phrase {
    /// What it says.
    pub meaning: Meaning,
    /// How it is recognised.
    pub pattern: Pattern,
}

/// Every phrase of every language.
pub(super) fn read_tables() -> Vec<Phrase> {
    TABLES.iter().flat_map(|(name, table)| read(name, table)).collect()
}

/// The phrases of a table. A line that begins with `@` names a group of words for later lines.
///
/// The files are part of the program, so a mistake in one shows in the first test that reads a
/// reply.
fn read(name: &str, table: &'static str) -> Vec<Phrase> {
    let mut groups: Vec<(&str, &str)> = Vec::new();
    let mut phrases = Vec::new();
    for (number, line) in table.lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let place = format!("line {} of the phrases in {name}", number + 1);
        let (meaning, words) = line.split_once('\t').expect(&place);
        if meaning.starts_with('@') {
            groups.push((meaning, words));
            continue;
        }
        let meaning = Meaning::parse(meaning).expect(&place);
        phrases.push(Phrase { meaning, pattern: Pattern::parse(words, &groups) });
    }
    phrases
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_every_table_is_a_phrase() {
        assert!(read_tables().len() > 400);
        for (name, table) in TABLES {
            assert!(read(name, table).len() > 60, "{name}");
        }
    }
}
