//! A page with a mark on every block, so that a click in its preview finds the block. Only names of
//! classes are added; what is compiled and rendered is the same otherwise.

use domain::Locale;

use super::attributes::{self, Splice};
use super::{Kind, Page};
use crate::markup::{Piece, Tag, pieces};
use crate::source::Partials;

/// What the name of a mark begins with; the block's place follows.
pub const CLASS: &str = "tl-block-";

/// The source with its marks; as it was where it has no blocks.
#[must_use]
pub fn marked(source: &str, partials: &Partials, locale: Locale) -> String {
    let Some(page) = Page::parse(source) else { return source.to_owned() };
    let mut splices: Vec<Splice> = Vec::new();
    for (index, block) in page.blocks.iter().enumerate() {
        let Some(tag) = &block.tag else { continue };
        match block.kind {
            Kind::Piece => {
                let path = tag.value(source, "path").unwrap_or_default();
                if let Some(piece) = partials.find(locale, path) {
                    let piece = crate::expression::without_comments(piece);
                    splices.push((block.at.clone(), marked_piece(piece.trim_end(), index)));
                }
            }
            Kind::Condition => {}
            Kind::Source if tag.name == "mj-raw" || !tag.name.starts_with("mj-") => {}
            _ => splices.extend(mark(source, tag, index)),
        }
    }
    spliced(source, splices)
}

fn mark(source: &str, tag: &Tag, index: usize) -> Option<Splice> {
    let own = attributes::read(source, tag, "css-class").unwrap_or_default();
    let classes = format!("{own} {CLASS}{index}");
    attributes::set(source, tag, "css-class", classes.trim())
}

/// A shared piece with the mark of the block that includes it on each of its elements.
fn marked_piece(piece: &str, index: usize) -> String {
    let mut depth = 0_usize;
    let mut splices = Vec::new();
    for found in pieces(piece) {
        let Piece::Tag(tag) = found else { continue };
        if !tag.name.starts_with("mj-") {
            continue;
        }
        if tag.closing {
            depth = depth.saturating_sub(1);
            continue;
        }
        if depth == 0 && tag.name != "mj-raw" {
            splices.extend(mark(piece, &tag, index));
        }
        depth += usize::from(!tag.self_closing);
    }
    spliced(piece, splices)
}

fn spliced(text: &str, splices: Vec<Splice>) -> String {
    let mut out = text.to_owned();
    for (range, with) in splices.into_iter().rev() {
        out.replace_range(range, &with);
    }
    out
}
