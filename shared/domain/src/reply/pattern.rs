//! Phrases as data: a small language for sequences of words.
//!
//! Words are separated by blanks. `a|b` is either, and `@group` one of a group of words; `text*` is
//! any word that begins so; `me?` may be missing; `..` stands for up to three words. `^` in front wants
//! the beginning of a clause and `$` at the end its end; `^^` and `$$` mean those of the whole
//! message. `!stop` is the word in capitals, where others are not. A phrase never goes beyond its
//! clause. What a phrase may try at one place is bounded, so that reading is linear in the text.

use super::words::Word;

/// Words that `..` may skip.
const LONGEST_GAP: usize = 3;

/// A phrase.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    begin: Bound,
    end: Bound,
    elements: Vec<Element>,
}

/// Where a phrase has to begin or to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bound {
    Anywhere,
    Clause,
    Message,
}

#[derive(Debug, Clone)]
enum Element {
    Word { alternatives: Vec<Wanted>, is_optional: bool },
    Gap,
}

#[derive(Debug, Clone)]
enum Wanted {
    Exactly(&'static str),
    Beginning(&'static str),
    InCapitals(&'static str),
}

impl Wanted {
    fn parse(text: &'static str) -> Self {
        if let Some(beginning) = text.strip_suffix('*') {
            Self::Beginning(beginning)
        } else if let Some(word) = text.strip_prefix('!') {
            Self::InCapitals(word)
        } else {
            Self::Exactly(text)
        }
    }

    fn is(&self, word: &Word) -> bool {
        match self {
            Self::Exactly(wanted) => word.is(wanted),
            Self::Beginning(wanted) => word.begins_with(wanted),
            Self::InCapitals(wanted) => word.is_capitals && word.is(wanted),
        }
    }
}

impl Pattern {
    /// The phrase that a line of a table writes; `groups` are names and their words.
    pub(super) fn parse(line: &'static str, groups: &[(&str, &'static str)]) -> Self {
        let mut pattern =
            Self { begin: Bound::Anywhere, end: Bound::Anywhere, elements: Vec::new() };
        for part in line.split(' ') {
            match part {
                "^" => pattern.begin = Bound::Clause,
                "^^" => pattern.begin = Bound::Message,
                "$" => pattern.end = Bound::Clause,
                "$$" => pattern.end = Bound::Message,
                ".." => pattern.elements.push(Element::Gap),
                words => {
                    let is_optional = words.ends_with('?');
                    let words = words.trim_end_matches('?');
                    let words = words.split('|').flat_map(|word| {
                        let group = groups.iter().find(|(name, _)| *name == word);
                        group.map_or(word, |(_, words)| *words).split('|')
                    });
                    let alternatives = words.map(Wanted::parse).collect();
                    pattern.elements.push(Element::Word { alternatives, is_optional });
                }
            }
        }
        pattern
    }

    /// The words it can begin with, where those are known.
    pub(super) fn first_words(&self) -> Option<Vec<&'static str>> {
        let Some(Element::Word { alternatives, is_optional: false }) = self.elements.first() else {
            return None;
        };
        let words = alternatives.iter().map(|wanted| match wanted {
            Wanted::Exactly(word) | Wanted::InCapitals(word) => Some(*word),
            Wanted::Beginning(_) => None,
        });
        words.collect()
    }

    /// Where the phrase ends if it begins at `at`; the farthest end where there are several.
    pub(super) fn end(&self, words: &[Word], at: usize) -> Option<usize> {
        let is_begin = match self.begin {
            Bound::Anywhere => true,
            Bound::Clause => words[at].starts_clause,
            Bound::Message => at == 0,
        };
        is_begin.then(|| self.end_of(&self.elements, words, at, at)).flatten()
    }

    fn end_of(
        &self,
        elements: &[Element],
        words: &[Word],
        begin: usize,
        at: usize,
    ) -> Option<usize> {
        let is_over = words.get(at).is_none_or(|word| word.starts_clause && at > begin);
        let Some((first, rest)) = elements.split_first() else {
            let is_end = match self.end {
                Bound::Anywhere => true,
                Bound::Clause => is_over,
                Bound::Message => at == words.len(),
            };
            return (at > begin && is_end).then_some(at);
        };
        match first {
            Element::Word { alternatives, is_optional } => {
                let fits = !is_over && alternatives.iter().any(|wanted| wanted.is(&words[at]));
                let taken = fits.then(|| self.end_of(rest, words, begin, at + 1)).flatten();
                let skipped = is_optional.then(|| self.end_of(rest, words, begin, at)).flatten();
                taken.max(skipped)
            }
            Element::Gap => {
                let clause = words[at..].iter().enumerate().skip(1);
                let left =
                    clause.take(LONGEST_GAP).take_while(|(_, word)| !word.starts_clause).count();
                let farthest = if is_over { at } else { at + left };
                (at..=farthest).filter_map(|at| self.end_of(rest, words, begin, at)).max()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::words::words;
    use super::*;

    #[test]
    fn a_phrase_is_found_where_it_stands_and_nowhere_else() {
        for (pattern, text, expected) in [
            ("stop", "please stop now", Some((1, 2))),
            ("stop texting|calling me?", "stop calling me", Some((0, 3))),
            ("stop texting|calling me?", "stop calling him", Some((0, 2))),
            ("^ stop", "please stop", None),
            ("^ stop", "please, stop", Some((1, 2))),
            ("stop $", "stop it", None),
            ("stop $", "just stop. it", Some((1, 2))),
            ("text*", "no texting", Some((1, 2))),
            ("!stop", "keep on, stop", None),
            ("!stop", "keep on STOP", Some((2, 3))),
            ("remove .. number", "remove my old phone number", Some((0, 5))),
            ("remove .. number", "remove my very old phone number", None),
            ("remove .. number", "remove it. my number", None),
            ("remove me", "remove. me", None),
            ("a? b? c", "c", Some((0, 1))),
            ("^^ no $$", "no", Some((0, 1))),
            ("^^ no $$", "no, tomorrow", None),
            ("text @me|them", "text us", Some((0, 2))),
        ] {
            let words = words(text);
            let pattern = Pattern::parse(pattern, &[("@me", "me|us")]);
            let found = (0..words.len()).find_map(|at| Some((at, pattern.end(&words, at)?)));
            assert_eq!(found, expected, "{text}");
        }
    }
}
