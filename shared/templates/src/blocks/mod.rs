//! A page as blocks: what a person without MJML edits. Blocks are places in the source. Every edit is
//! a splice of it, so whatever stands outside the block stays as it is, byte for byte, and what is not
//! understood is a block of source that can be moved and edited as text.

mod attributes;
mod edit;
mod insert;
mod mark;
mod parse;
mod rich;
mod settings;

use std::ops::Range;

use crate::markup::Tag;

pub use edit::{Edit, Edited, edit};
pub use insert::New;
pub use mark::{CLASS, marked};
pub use settings::Setting;

domain::words! {
    /// The kinds of blocks.
    Kind, "block", {
        /// A strip across the page; it holds columns.
        Section = "section",
        /// A column; it holds what people read.
        Column = "column",
        /// A heading.
        Heading = "heading",
        /// Paragraphs and lists.
        Text = "text",
        /// A button that leads somewhere.
        Button = "button",
        /// An image.
        Image = "image",
        /// A line across.
        Divider = "divider",
        /// Empty space.
        Spacer = "spacer",
        /// A piece that templates share.
        Piece = "piece",
        /// Blocks that only some people see.
        Condition = "condition",
        /// Anything else, as it was written.
        Source = "source",
    }
}

/// How deep in the page a block stands, which decides what may stand beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Among sections.
    Body,
    /// Among columns.
    Section,
    /// Among what people read.
    Column,
}

/// One block.
#[derive(Debug, Clone)]
pub struct Block {
    /// What it is.
    pub kind: Kind,
    /// Where it stands.
    pub at: Range<usize>,
    /// The block around it, by its place in [`Page::blocks`].
    pub parent: Option<usize>,
    /// How many blocks are around it.
    pub depth: usize,
    /// What may stand beside it.
    pub level: Level,
    /// Between its opening and its closing tag; of a condition, between its two markers.
    inside: Option<Range<usize>>,
    /// Its opening tag.
    tag: Option<Tag>,
}

/// A page in blocks, in the order in which they are read.
#[derive(Debug, Clone)]
pub struct Page<'s> {
    source: &'s str,
    blocks: Vec<Block>,
    /// Between `<mj-body>` and `</mj-body>`.
    body: Range<usize>,
}

impl<'s> Page<'s> {
    /// Reads a page; none where it is not well formed enough to have blocks.
    #[must_use]
    pub fn parse(source: &'s str) -> Option<Self> {
        parse::parse(source)
    }

    /// The blocks, each after the one it stands in.
    #[must_use]
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// A block's source.
    #[must_use]
    pub fn text(&self, block: &Block) -> &'s str {
        self.source.get(block.at.clone()).unwrap_or_default()
    }

    /// The blocks directly in a block, or in the page.
    pub fn children(&self, parent: Option<usize>) -> impl Iterator<Item = usize> {
        let inside = self.blocks.iter().enumerate();
        inside.filter(move |(_, block)| block.parent == parent).map(|(index, _)| index)
    }

    /// The first words of a block, for people.
    #[must_use]
    pub fn excerpt(&self, block: &Block, most: usize) -> String {
        let of = |setting| settings::value(self, block, setting);
        let text = match block.kind {
            Kind::Heading | Kind::Text | Kind::Button => self.words_of(block),
            Kind::Image => of(Setting::Alt).or_else(|| of(Setting::File)).unwrap_or_default(),
            Kind::Piece => of(Setting::Path).unwrap_or_default(),
            Kind::Condition => of(Setting::Field).unwrap_or_default(),
            Kind::Source => self.text(block).split_whitespace().collect::<Vec<_>>().join(" "),
            Kind::Section | Kind::Column | Kind::Divider | Kind::Spacer => String::new(),
        };
        let short: String = text.chars().take(most).collect();
        if short.len() < text.len() { format!("{}…", short.trim_end()) } else { short }
    }

    fn words_of(&self, block: &Block) -> String {
        let inside = self.inside_of(block);
        let texts = crate::markup::pieces(inside).into_iter().filter_map(|piece| match piece {
            crate::markup::Piece::Text { at, .. } => inside.get(at),
            _ => None,
        });
        let text = texts.collect::<Vec<_>>().join(" ");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn inside_of(&self, block: &Block) -> &'s str {
        block.inside.clone().and_then(|at| self.source.get(at)).unwrap_or_default()
    }

    /// The spaces a line that holds this place begins with.
    fn indent(&self, at: usize) -> &'s str {
        let before = self.source.get(..at).unwrap_or_default();
        let line = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = &before[line..];
        if line.trim().is_empty() { line } else { &line[..line.len() - line.trim_start().len()] }
    }

    /// A block with the line break and the spaces that lead to it.
    fn with_gap(&self, block: &Block) -> Range<usize> {
        let before = self.source.get(..block.at.start).unwrap_or_default();
        let line = before.rfind('\n').unwrap_or(block.at.start);
        let start =
            if before[line.min(before.len())..].trim().is_empty() { line } else { block.at.start };
        start..block.at.end
    }
}
