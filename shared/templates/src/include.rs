//! Copies shared pieces into a text, and remembers where everything came from.
//!
//! MJML pieces are copied in as text before anything is parsed: the parser's own includes forget
//! the width of the page, so that an included header would be wider than the body below it.

use std::ops::Range;

use domain::Locale;

use crate::expression::{Kind, expressions, without_comments};
use crate::markup::{Piece, pieces};
use crate::problem::{Problem, ProblemCode};
use crate::said::said;
use crate::source::Partials;

/// A text with its pieces copied in.
#[derive(Debug, Default)]
pub struct Whole {
    /// The text.
    pub text: String,
    /// Where each stretch starts in it, whose it is (`None`: the text's own), and where it starts
    /// in what was written.
    stretches: Vec<(usize, Option<String>, usize)>,
}

impl Whole {
    /// Where a byte of the whole was written: the piece's name, and the offset in its text.
    fn origin(&self, offset: usize) -> (Option<&str>, usize) {
        self.stretches
            .iter()
            .rev()
            .find(|(start, _, _)| *start <= offset)
            .map_or((None, offset), |(start, piece, written)| {
                (piece.as_deref(), written + offset - start)
            })
    }

    /// Moves a problem found in the whole to where it was written.
    pub fn relocate(
        &self,
        problem: Problem,
        own: &str,
        partials: &Partials,
        locale: Locale,
    ) -> Problem {
        let (Some(line), Some(column)) = (problem.line, problem.column) else { return problem };
        let before: usize = self.text.split_inclusive('\n').take(line - 1).map(str::len).sum();
        let in_line = self.text[before..].char_indices().nth(column - 1);
        let (piece, offset) = self.origin(before + in_line.map_or(0, |(at, _)| at));
        match piece {
            None => problem.at(own, offset),
            Some(name) => {
                let written = partials.find(locale, name).unwrap_or_default();
                Problem { part: name.to_owned(), ..problem.at(written, offset) }
            }
        }
    }

    fn push(&mut self, piece: Option<&str>, text: &str, written: usize) {
        self.stretches.push((self.text.len(), piece.map(str::to_owned), written));
        self.text.push_str(text);
    }
}

/// What a text includes: the piece's name, and the stretch it replaces.
pub type Inclusion = (String, Range<usize>);

/// The pieces MJML includes with `<mj-include path="…" />`.
pub fn in_mjml(mjml: &str) -> Vec<Inclusion> {
    let mut found: Vec<Inclusion> = Vec::new();
    for piece in pieces(mjml) {
        match piece {
            Piece::Tag(tag) if tag.name == "mj-include" && tag.closing => {
                if let Some((_, last)) = found.last_mut() {
                    last.end = tag.at.end;
                }
            }
            Piece::Tag(tag) if tag.name == "mj-include" => {
                found.push((tag.value(mjml, "path").unwrap_or_default().to_owned(), tag.at));
            }
            _ => {}
        }
    }
    found
}

/// The pieces a plain text includes with `{{> name}}`.
pub fn in_plain(text: &str) -> Vec<Inclusion> {
    expressions(text)
        .into_iter()
        .filter_map(|expression| match expression.kind {
            Kind::Partial(name) => Some((name.to_owned(), expression.at)),
            _ => None,
        })
        .collect()
}

/// Copies the pieces in.
pub fn whole(
    text: &str,
    inclusions: &[Inclusion],
    partials: &Partials,
    locale: Locale,
) -> Result<Whole, Vec<Problem>> {
    let mut whole = Whole::default();
    let mut problems = Vec::new();
    let mut from = 0;
    for (name, at) in inclusions {
        whole.push(None, &text[from..at.start], from);
        from = at.end;
        match partials.find(locale, name) {
            Some(piece) => {
                let clean = without_comments(piece);
                whole.push(Some(name), clean.trim_end(), 0);
            }
            None => {
                let message = said!(
                    "there is no piece \"{name}\" to include",
                    "لا يوجد جزء اسمه «\u{2068}{name}\u{2069}» لتضمينه"
                );
                problems.push(Problem::error(ProblemCode::Include, message).at(text, at.start));
            }
        }
    }
    whole.push(None, &text[from..], from);
    if problems.is_empty() { Ok(whole) } else { Err(problems) }
}
