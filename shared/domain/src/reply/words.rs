//! A reply as words: what the phrases are compared with.
//!
//! Beyond V-3's normalisation, accents go, letters held down count once, letters of other alphabets
//! that look like ours count as ours, and common misspellings are put right. This is for comparing
//! alone; nothing of it is stored.

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use super::normalise::{fold, is_separator, visible};

/// A word of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// The word, folded.
    pub text: String,
    /// The same without an Arabic "and" or "so" written onto it.
    pub without_and: Option<String>,
    /// Whether it was written in capitals, in a message that is not.
    pub is_capitals: bool,
    /// Whether a sentence or a part of one begins here.
    pub starts_clause: bool,
}

impl Word {
    /// Whether it is `wanted`.
    pub(super) fn is(&self, wanted: &str) -> bool {
        self.text == wanted || self.without_and.as_deref() == Some(wanted)
    }

    /// Whether it begins with `wanted`.
    pub(super) fn begins_with(&self, wanted: &str) -> bool {
        self.text.starts_with(wanted)
            || self.without_and.as_deref().is_some_and(|text| text.starts_with(wanted))
    }

    fn new(raw: &str, starts_clause: bool) -> Self {
        let mut folded = String::with_capacity(raw.len());
        // Decomposed, an accented letter is the letter and a mark that is not visible by itself.
        for c in raw.nfkd().filter(|&c| !is_mark(c)) {
            fold(c, &mut folded);
        }
        let text = corrected(&held_once(&replaced(&folded, KEYBOARDS)));
        let without_and = text
            .strip_prefix(['و', 'ف'])
            .filter(|rest| rest.chars().count() >= 3)
            .map(str::to_owned);
        let is_capitals = raw.chars().nth(1).is_some() && raw.chars().all(char::is_uppercase);
        Self { text, without_and, is_capitals, starts_clause }
    }
}

fn is_mark(c: char) -> bool {
    c.general_category() == GeneralCategory::NonspacingMark
}

/// The words of a reply in order.
pub(super) fn words(text: &str) -> Vec<Word> {
    let characters: Vec<char> = visible(text).collect();
    let mut words = Vec::new();
    let mut current = String::new();
    let mut starts_clause = true;
    for (at, &c) in characters.iter().enumerate() {
        if !is_separator(c) {
            current.push(c);
            continue;
        }
        if !current.is_empty() {
            words.push(Word::new(&current, std::mem::take(&mut starts_clause)));
            current.clear();
        }
        starts_clause |= breaks_clause(&characters, at);
    }
    if !current.is_empty() {
        words.push(Word::new(&current, starts_clause));
    }
    let is_shouted = |word: &Word| word.is_capitals || word.text.chars().nth(1).is_none();
    if words.iter().all(is_shouted) {
        words.iter_mut().for_each(|word| word.is_capitals = false);
    }
    joined(spelled_out(words))
}

/// Whether a separator ends a clause: everything but blanks and what stands inside words, dates,
/// numbers and quotations.
fn breaks_clause(characters: &[char], at: usize) -> bool {
    match characters[at] {
        '\n' | '\r' => true,
        '.' | ',' | ':' | '،' | '٫' => {
            let is_digit = |at: Option<usize>| {
                at.and_then(|at| characters.get(at)).is_some_and(|c| c.is_numeric())
            };
            !(is_digit(at.checked_sub(1)) && is_digit(Some(at + 1)))
        }
        c if c.is_whitespace() => false,
        '\'' | '’' | '‘' | '`' | '´' | '-' | '‐' | '‑' | '/' | '&' | '@' | '#' | '+' | '%'
        | '$' | '"' | '“' | '”' | '«' | '»' | '_' | '*' => false,
        _ => true,
    }
}

/// A letter three times or more in a row counts once: "stoppp", "nooo", "لاااا".
fn held_once(word: &str) -> String {
    let characters: Vec<char> = word.chars().collect();
    let mut once = String::with_capacity(word.len());
    let mut at = 0;
    while at < characters.len() {
        let c = characters[at];
        let run = characters[at..].iter().take_while(|&&next| next == c).count();
        let kept = if run >= 3 && c.is_alphabetic() { 1 } else { run };
        once.extend(std::iter::repeat_n(c, kept));
        at += run;
    }
    once
}

/// Misspellings and short forms, and what is meant.
#[rustfmt::skip] // Several to a line.
const CORRECTIONS: &[(&str, &str)] = &[
    ("stpo", "stop"), ("stp", "stop"), ("sotp", "stop"), ("tsop", "stop"), ("stopp", "stop"), ("sstop", "stop"),
    ("stahp", "stop"), ("stip", "stop"), ("stob", "stop"), ("st0p", "stop"),
    ("5top", "stop"), ("st9p", "stop"), ("stlp", "stop"), ("stop2end", "stop"), ("стоп", "stop"),
    ("stope", "stop"), ("stoped", "stopped"), ("satop", "stop"), ("sto", "stop"),
    ("stopit", "stop"), ("ستوب", "stop"), ("ستب", "stop"),
    ("unsubcribe", "unsubscribe"), ("unsuscribe", "unsubscribe"), ("unsubscrib", "unsubscribe"),
    ("unsubscibe", "unsubscribe"), ("unsubscrbe", "unsubscribe"), ("usubscribe", "unsubscribe"),
    ("unsub", "unsubscribe"), ("unsubscride", "unsubscribe"), ("unscribe", "unsubscribe"),
    ("unsubribe", "unsubscribe"), ("unsubscribed", "unsubscribe"), ("desubscribe", "unsubscribe"),
    ("txt", "text"), ("txts", "texts"), ("txting", "texting"), ("texing", "texting"),
    ("msg", "message"), ("msgs", "messages"), ("mesage", "message"), ("mesages", "messages"),
    ("messege", "message"), ("messeges", "messages"), ("massage", "message"),
    ("massages", "messages"), ("messging", "messaging"), ("msging", "messaging"),
    ("donot", "dont"), ("dnt", "dont"), ("dont't", "dont"), ("dony", "dont"), 
    ("pls", "please"), ("plz", "please"), ("pleas", "please"), ("plse", "please"),
    ("plese", "please"), ("kindly", "please"), ("u", "you"), ("ur", "your"),
    ("contacing", "contacting"), ("contactin", "contacting"), ("callin", "calling"),
    ("textin", "texting"), ("remov", "remove"), ("remve", "remove"), ("romove", "remove"),
    ("interrested", "interested"), ("intrested", "interested"), ("intersted", "interested"),
];

/// Letters of other alphabets that look like Latin ones.
#[rustfmt::skip] // Several to a line.
const LOOKALIKES: &[(char, char)] = &[
    ('а', 'a'), ('в', 'b'), ('с', 'c'), ('е', 'e'), ('н', 'h'), ('і', 'i'), ('к', 'k'), ('м', 'm'),
    ('о', 'o'), ('р', 'p'), ('ѕ', 's'), ('т', 't'), ('у', 'y'), ('х', 'x'), ('α', 'a'), ('ε', 'e'),
    ('ι', 'i'), ('κ', 'k'), ('ο', 'o'), ('ρ', 'p'), ('τ', 't'), ('υ', 'y'),
];

/// Letters of Persian and Urdu keyboards, and the Arabic ones they stand for.
const KEYBOARDS: &[(char, char)] = &[('ک', 'ك'), ('ی', 'ي'), ('ە', 'ه'), ('ہ', 'ه'), ('ة', 'ه')];

fn corrected(word: &str) -> String {
    let correction = |word: &str| CORRECTIONS.iter().find(|(wrong, _)| *wrong == word);
    if let Some((_, right)) = correction(word) {
        return (*right).to_owned();
    }
    // A word that is not wholly made of lookalikes is a word of its own alphabet.
    let latin = replaced(word, LOOKALIKES);
    let word = if latin.is_ascii() { latin } else { word.to_owned() };
    correction(&word).map_or(word, |(_, right)| (*right).to_owned())
}

fn replaced(word: &str, letters: &[(char, char)]) -> String {
    let replaced =
        |c: char| letters.iter().find(|(other, _)| *other == c).map_or(c, |(_, ours)| *ours);
    word.chars().map(replaced).collect()
}

/// Letters written one by one as one word: "s t o p", "s.t.o.p". Three at least, because "a b" and
/// "y o" are words.
fn spelled_out(words: Vec<Word>) -> Vec<Word> {
    let is_letter = |word: &Word| {
        let mut characters = word.text.chars();
        characters.next().is_some_and(char::is_alphabetic) && characters.next().is_none()
    };
    let mut joined: Vec<Word> = Vec::with_capacity(words.len());
    let mut letters: Vec<Word> = Vec::new();
    let flush = |letters: &mut Vec<Word>, joined: &mut Vec<Word>| {
        if letters.len() < 3 {
            joined.append(letters);
            return;
        }
        let spelled: String = letters.iter().map(|letter| letter.text.as_str()).collect();
        let first = letters[0].starts_clause;
        letters.clear();
        joined.push(Word { is_capitals: true, ..Word::new(&spelled, first) });
    };
    for word in words {
        if is_letter(&word) {
            letters.push(word);
        } else {
            flush(&mut letters, &mut joined);
            joined.push(word);
        }
    }
    flush(&mut letters, &mut joined);
    joined
}

/// "don t" and "do not" as "dont", "can t" as "cant": the apostrophe was a separator.
fn joined(words: Vec<Word>) -> Vec<Word> {
    let mut joined: Vec<Word> = Vec::with_capacity(words.len());
    for word in words {
        let belongs = |before: &&mut Word| {
            !word.starts_clause
                && (word.text == "t" && before.text.ends_with('n')
                    || word.text == "not" && before.text == "do"
                    || word.text == "nt" && before.text == "do")
        };
        match joined.last_mut().filter(belongs) {
            Some(before) if word.text == "t" => before.text.push('t'),
            Some(before) => before.text = "dont".to_owned(),
            None => joined.push(word),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        words(text).into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn words_are_what_was_meant() {
        for (text, expected) in [
            ("Don’t TEXT me", "dont text me"),
            ("do not text", "dont text"),
            ("S.T.O.P now", "stop now"),
            ("s t o p", "stop"),
            ("stoppppp", "stop"),
            ("ЅТОР", "stop"),
            ("Arrêtez, s’il vous plaît", "arretez s il vous plait"),
            ("no más", "no mas"),
            ("لاااا ترسلـوا رسالة", "لا ترسلوا رساله"),
            ("plz un-subscribe", "please un subscribe"),
            ("1,000,000", "1 000 000"),
            ("", ""),
            ("👍", ""),
        ] {
            assert_eq!(texts(text).join(" "), expected, "{text}");
        }
    }

    #[test]
    fn clauses_begin_after_punctuation_and_not_inside_words_and_numbers() {
        let starts = |text: &str| -> Vec<bool> {
            words(text).iter().map(|word| word.starts_clause).collect()
        };
        assert_eq!(starts("ok, stop"), [true, true]);
        assert_eq!(starts("stop\nthanks"), [true, true]);
        assert_eq!(starts("stop 🛑 thanks"), [true, true]);
        assert_eq!(starts("at 5.30 or 1,000"), [true, false, false, false, false, false]);
        assert_eq!(starts("I'll opt-out"), [true, false, false, false]);
    }
}
