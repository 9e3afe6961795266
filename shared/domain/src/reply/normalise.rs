//! Normalisation of replies, exactly as compliance.md V-3 writes it.

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// The Arabic tatweel, which only stretches a word.
const TATWEEL: char = '\u{0640}';

/// The text for comparing with keywords: NFKC; without format characters (Cf), marks (Mn) and
/// tatweel; case folded; the alefs as one letter and the dotless yeh as yeh; punctuation and symbols
/// as blanks; blanks single.
#[must_use]
pub fn normalise(text: &str) -> String {
    let mut normalised = String::with_capacity(text.len());
    for c in visible(text) {
        if is_separator(c) {
            if !normalised.is_empty() && !normalised.ends_with(' ') {
                normalised.push(' ');
            }
        } else {
            fold(c, &mut normalised);
        }
    }
    normalised.truncate(normalised.trim_end().len());
    normalised
}

/// The characters of the text in NFKC, without those that only change how others look. What stood
/// apart only because of them is joined.
pub(super) fn visible(text: &str) -> impl Iterator<Item = char> {
    text.nfkc()
        .filter(|&c| {
            c != TATWEEL
                && !matches!(
                    c.general_category(),
                    GeneralCategory::Format | GeneralCategory::NonspacingMark
                )
        })
        .nfkc()
}

/// Whether a character stands between words: blanks, line ends, punctuation, symbols.
pub(super) fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(
            c.general_category_group(),
            GeneralCategoryGroup::Punctuation | GeneralCategoryGroup::Symbol
        )
}

/// Appends a character's folded form: case as Unicode folds it, as far as letters of our languages
/// and their neighbours go, and the letters Arabic writers interchange.
pub(super) fn fold(c: char, folded: &mut String) {
    match c {
        'أ' | 'إ' | 'آ' | 'ٱ' => folded.push('ا'),
        'ى' => folded.push('ي'),
        'ß' | 'ẞ' => folded.push_str("ss"),
        'ς' => folded.push('σ'),
        _ => {
            // The dot that U+0130 leaves behind is a mark like those removed before.
            folded.extend(c.to_lowercase().filter(|&c| c != '\u{0307}'));
        }
    }
}
