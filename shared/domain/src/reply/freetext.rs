//! The classifier of free text: revoke, unclear or not (compliance.md SMS-03).

use std::collections::HashMap;
use std::sync::LazyLock;

use super::OptOutScope;
use super::phrases::{Meaning, Phrase, read_tables};
use super::words::{Word, words};

/// What a free text says about consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    /// Nothing.
    Not,
    /// Perhaps something; a person has to read it.
    Unclear,
    /// It is taken back, as far as the scope says.
    Revoke(OptOutScope),
}

/// Signs that stand for a stop when a reply has no words.
const STOP_SIGNS: [char; 4] = ['🛑', '🚫', '⛔', '✋'];

static PHRASES: LazyLock<Phrases> = LazyLock::new(|| Phrases::new(read_tables()));

/// The phrases, found by their first word.
struct Phrases {
    by_first_word: HashMap<&'static str, Vec<Phrase>>,
    /// Those that may begin in ways that are not one of some whole words.
    others: Vec<Phrase>,
}

impl Phrases {
    fn new(phrases: Vec<Phrase>) -> Self {
        let mut sorted = Self { by_first_word: HashMap::new(), others: Vec::new() };
        for phrase in phrases {
            let Some(words) = phrase.pattern.first_words() else {
                sorted.others.push(phrase);
                continue;
            };
            for word in words {
                sorted.by_first_word.entry(word).or_default().push(phrase.clone());
            }
        }
        sorted
    }

    /// Those that may begin with the word.
    fn beginning_with<'a>(&'a self, word: &Word) -> impl Iterator<Item = &'a Phrase> + use<'a> {
        let listed = |text: &str| self.by_first_word.get(text).map(Vec::as_slice);
        let as_written = listed(&word.text).unwrap_or_default();
        let without_and = word.without_and.as_deref().and_then(listed).unwrap_or_default();
        as_written.iter().chain(without_and).chain(&self.others)
    }
}

/// Reads a free text.
///
/// A phrase that revokes is only overruled by one that covers its last word, and no phrase goes
/// beyond a clause: nothing that is added to a text makes less of what stands in it.
pub(super) fn classify(text: &str) -> Verdict {
    let words = words(text);
    if words.is_empty() {
        let has_sign = text.contains(STOP_SIGNS);
        return if has_sign { Verdict::Unclear } else { Verdict::Not };
    }
    let found = found(&words);
    let mut is_covered = vec![false; words.len()];
    for &(meaning, begin, end) in &found {
        if matches!(meaning, Meaning::Harmless | Meaning::Softened) {
            is_covered[begin..end].fill(true);
        }
    }
    let verdicts = found.into_iter().map(|(meaning, _, end)| match meaning {
        Meaning::Harmless => Verdict::Not,
        Meaning::Softened => Verdict::Unclear,
        _ if is_covered[end - 1] => Verdict::Not,
        Meaning::Unclear => Verdict::Unclear,
        Meaning::Revoke(scope) => Verdict::Revoke(scope),
    });
    verdicts.max().unwrap_or(Verdict::Not).max(in_a_script_nobody_reads(text))
}

/// Every phrase in the text: what it means, where it begins and where it ends.
fn found(words: &[Word]) -> Vec<(Meaning, usize, usize)> {
    let found = words.iter().enumerate().flat_map(|(at, word)| {
        PHRASES
            .beginning_with(word)
            .filter_map(move |phrase| Some((phrase.meaning, at, phrase.pattern.end(words, at)?)))
    });
    found.collect()
}

/// A reply wholly in a script that none of our languages is written in may say anything.
fn in_a_script_nobody_reads(text: &str) -> Verdict {
    let mut letters = text.chars().filter(|c| c.is_alphabetic()).peekable();
    let is_foreign = letters.peek().is_some()
        && letters.all(|c| {
            // Latin, letters in other widths and mathematical styles of it, and Arabic.
            !matches!(c, '\0'..='\u{24F}' | '\u{600}'..='\u{6FF}' | '\u{750}'..='\u{77F}'
                | '\u{FB50}'..='\u{FEFF}' | '\u{FF00}'..='\u{FFEF}' | '\u{1D400}'..='\u{1D7FF}')
        });
    if is_foreign { Verdict::Unclear } else { Verdict::Not }
}
