//! New blocks, and where they go.

use super::{Block, Kind, Level, Page, settings};

/// A block to be inserted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum New {
    /// A block of a kind, with some words to begin with.
    Of(Kind, String),
    /// A section of so many columns, with some words in each.
    Section(usize, String),
    /// An image that was uploaded: its address, what it shows, how wide it is.
    Image(String, String, u32),
    /// A shared piece: its path, and what stands in it.
    Piece(String, String),
}

/// Room at the sides of what is inserted, as the library's own texts have it.
const PADDING: &str = "padding=\"8px 32px\"";

impl New {
    pub(super) fn level(&self) -> Option<Level> {
        match self {
            Self::Section(..) => Some(Level::Body),
            Self::Of(..) | Self::Image(..) => Some(Level::Column),
            Self::Piece(_, piece) => belongs(piece),
        }
    }

    /// Its source, with lines that begin with `indent`.
    pub(super) fn source(&self, indent: &str) -> String {
        let lines = match self {
            Self::Section(columns, words) => {
                let column = format!(
                    "  <mj-column>\n    <mj-text css-class=\"ink\">\n      <p>{}</p>\n    \
                     </mj-text>\n  </mj-column>\n",
                    words_of(words)
                );
                let columns = column.repeat((*columns).clamp(1, 4));
                format!("<mj-section css-class=\"card\">\n{columns}</mj-section>")
            }
            Self::Piece(path, _) => format!("<mj-include path=\"{}\" />", escaped(path)),
            Self::Image(file, alt, width) => format!(
                "<mj-image src=\"{}\" alt=\"{}\" width=\"{width}px\" {PADDING} />",
                escaped(file),
                escaped(alt)
            ),
            Self::Of(kind, words) => of(*kind, words),
        };
        lines.replace('\n', &format!("\n{indent}"))
    }
}

fn escaped(text: &str) -> String {
    super::attributes::encoded(text)
}

fn words_of(words: &str) -> String {
    super::attributes::escaped(words, false)
}

fn of(kind: Kind, words: &str) -> String {
    let words = words_of(words);
    match kind {
        Kind::Heading => format!(
            "<mj-text css-class=\"ink\" {PADDING}>\n  <h2 style=\"margin: 0; font-size: 22px; \
             line-height: 1.3\">{words}</h2>\n</mj-text>"
        ),
        Kind::Button => {
            format!("<mj-button href=\"mailto:{{{{agent_email}}}}\">{words}</mj-button>")
        }
        Kind::Image => format!("<mj-image src=\"\" alt=\"\" width=\"300px\" {PADDING} />"),
        Kind::Divider => {
            "<mj-divider border-width=\"1px\" border-color=\"#8a9693\" padding=\"12px 32px\" />"
                .to_owned()
        }
        Kind::Spacer => "<mj-spacer height=\"24px\" />".to_owned(),
        // What only makes sense around or instead of others begins as a text.
        Kind::Text
        | Kind::Section
        | Kind::Column
        | Kind::Piece
        | Kind::Condition
        | Kind::Source => {
            format!("<mj-text css-class=\"ink\">\n  <p>{words}</p>\n</mj-text>")
        }
    }
}

/// Among what a shared piece belongs, if it belongs into a body.
fn belongs(piece: &str) -> Option<Level> {
    match settings::first_element(piece)?.as_str() {
        "mj-section" | "mj-wrapper" | "mj-hero" => Some(Level::Body),
        "mj-column" | "mj-group" => Some(Level::Section),
        "mj-text" | "mj-button" | "mj-image" | "mj-divider" | "mj-spacer" | "mj-table"
        | "mj-social" | "mj-navbar" | "mj-accordion" | "mj-carousel" => Some(Level::Column),
        _ => None,
    }
}

/// Where something new goes.
pub struct Place {
    /// The byte before which it goes.
    pub at: usize,
    /// What its lines begin with.
    pub indent: String,
    /// Whether a section and a column have to be put around it.
    pub wrapped: bool,
}

impl Page<'_> {
    /// Whether a shared piece can be inserted into a body.
    #[must_use]
    pub fn takes(piece: &str) -> bool {
        belongs(piece).is_some()
    }

    /// The place for a new block of a level, after the block that is selected.
    pub(super) fn place(&self, level: Level, after: Option<usize>) -> Place {
        let after = after.or_else(|| self.children(None).last());
        let Some(mut index) = after.filter(|index| *index < self.blocks.len()) else {
            return self.end_of_body(level);
        };
        while self.blocks[index].level > level {
            match self.blocks[index].parent {
                Some(parent) => index = parent,
                None => return self.end_of_body(level),
            }
        }
        if self.blocks[index].level == level && self.blocks[index].kind != Kind::Condition {
            return self.behind(&self.blocks[index]);
        }
        match self.container(index, level) {
            Some(container) => self.last_in(container),
            None => {
                let top = self.top(index);
                Place { wrapped: true, ..self.behind(&self.blocks[top]) }
            }
        }
    }

    /// The last block in this one, itself included, whose children are of that level.
    fn container(&self, index: usize, level: Level) -> Option<usize> {
        let holds = |block: &Block| match block.kind {
            Kind::Section => level == Level::Section,
            Kind::Column => level == Level::Column,
            Kind::Condition => level == block.level,
            _ => false,
        };
        let end = self.blocks[index].at.end;
        let inside = self.blocks.iter().enumerate().skip(index);
        let inside = inside.take_while(|(_, block)| block.at.start < end);
        inside.filter(|(_, block)| holds(block)).map(|(own, _)| own).last()
    }

    fn top(&self, mut index: usize) -> usize {
        while let Some(parent) = self.blocks[index].parent {
            index = parent;
        }
        index
    }

    fn behind(&self, block: &Block) -> Place {
        let indent = self.indent(block.at.start).to_owned();
        Place { at: block.at.end, indent, wrapped: false }
    }

    /// After the last child of a container, or at its beginning.
    pub(super) fn last_in(&self, container: usize) -> Place {
        match self.children(Some(container)).last() {
            Some(last) => self.behind(&self.blocks[last]),
            None => {
                let block = &self.blocks[container];
                let at = block.inside.clone().map_or(block.at.end, |inside| inside.start);
                let indent = format!("{}  ", self.indent(block.at.start));
                Place { at, indent, wrapped: false }
            }
        }
    }

    fn end_of_body(&self, level: Level) -> Place {
        let body = self.source.get(self.body.clone()).unwrap_or_default();
        let at = self.body.start + body.trim_end().len();
        let indent = format!("{}  ", self.indent(self.body.end));
        Place { at, indent, wrapped: level > Level::Body }
    }
}
