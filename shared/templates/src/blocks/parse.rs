//! From the source of a page to its blocks.

use std::collections::HashMap;
use std::ops::Range;

use super::{Block, Kind, Level, Page};
use crate::expression::{self, expressions, without_comments};
use crate::markup::{Piece, Tag, pieces};

/// Conditions nested deeper are source.
const MAX_DEPTH: usize = 16;

pub fn parse(source: &str) -> Option<Page<'_>> {
    let text = without_comments(source);
    let pieces = pieces(&text);
    let ends = ends(&pieces)?;
    let body = pieces.iter().position(|piece| is_open(piece, "mj-body"))?;
    let end = *ends.get(&body)?;
    let inside = extent(&pieces[body]).end..extent(&pieces[end]).start;
    let mut reader = Reader { text: &text, pieces: &pieces, ends: &ends, blocks: Vec::new() };
    reader.read(body + 1..end, None, 0, Level::Body);
    Some(Page { source, blocks: reader.blocks, body: inside })
}

fn is_open(piece: &Piece, name: &str) -> bool {
    matches!(piece, Piece::Tag(tag) if tag.name == name && !tag.closing && !tag.self_closing)
}

fn extent(piece: &Piece) -> Range<usize> {
    match piece {
        Piece::Text { at, .. } | Piece::Raw { at, .. } => at.clone(),
        Piece::Comment(at) | Piece::Marker(at) => at.clone(),
        Piece::Tag(tag) => tag.at.clone(),
    }
}

/// The closing tag of each MJML element; none where they are not closed in turn.
fn ends(pieces: &[Piece]) -> Option<HashMap<usize, usize>> {
    let mut open: Vec<(usize, &str)> = Vec::new();
    let mut ends = HashMap::new();
    for (index, piece) in pieces.iter().enumerate() {
        let Piece::Tag(tag) = piece else { continue };
        if !tag.name.starts_with("mj") || tag.self_closing {
            continue;
        }
        if tag.closing {
            let (start, name) = open.pop()?;
            if name != tag.name {
                return None;
            }
            ends.insert(start, index);
        } else {
            open.push((index, &tag.name));
        }
    }
    open.is_empty().then_some(ends)
}

/// What stands side by side, before conditions are put around what they enclose.
struct Item {
    pieces: Range<usize>,
    at: Range<usize>,
    marker: Option<Marker>,
}

/// What an `mj-raw` holds when it holds one half of a condition.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Marker {
    Open,
    Else,
    Close,
}

struct Reader<'t> {
    text: &'t str,
    pieces: &'t [Piece],
    ends: &'t HashMap<usize, usize>,
    blocks: Vec<Block>,
}

impl Reader<'_> {
    fn read(&mut self, within: Range<usize>, parent: Option<usize>, depth: usize, level: Level) {
        let items = self.items(within);
        let closes = matched(&items);
        let mut next = 0;
        while let Some(item) = items.get(next) {
            let place = (parent, depth, level);
            next = match closes.get(&next) {
                Some((close, simple)) => {
                    self.condition(&items[next], &items[*close], *simple, place);
                    close + 1
                }
                None => {
                    self.item(item, place);
                    next + 1
                }
            };
        }
    }

    fn items(&self, within: Range<usize>) -> Vec<Item> {
        let mut items = Vec::new();
        let mut index = within.start;
        while index < within.end {
            let last = self.ends.get(&index).copied().unwrap_or(index);
            let at = extent(&self.pieces[index]).start..extent(&self.pieces[last]).end;
            let shown = self.text[at.clone()].trim();
            if !shown.is_empty() {
                let start = at.end - self.text[at.clone()].trim_start().len();
                let at = start..start + shown.len();
                let marker = self.marker(index, last);
                items.push(Item { pieces: index..last + 1, at, marker });
            }
            index = last + 1;
        }
        items
    }

    fn marker(&self, first: usize, last: usize) -> Option<Marker> {
        if !is_open(self.pieces.get(first)?, "mj-raw") || first == last {
            return None;
        }
        let inside = extent(&self.pieces[first]).end..extent(&self.pieces[last]).start;
        marker_of(self.text.get(inside)?.trim())
    }

    fn condition(
        &mut self,
        open: &Item,
        close: &Item,
        simple: bool,
        place: (Option<usize>, usize, Level),
    ) {
        let at = open.at.start..close.at.end;
        let (parent, depth, level) = place;
        if !simple || depth >= MAX_DEPTH {
            return self.push(Kind::Source, at, None, None, place);
        }
        let tag = self.tag(open.pieces.start);
        self.push(Kind::Condition, at, Some(open.at.end..close.at.start), tag, place);
        let own = self.blocks.len() - 1;
        debug_assert_eq!(self.blocks[own].parent, parent);
        self.read(open.pieces.end..close.pieces.start, Some(own), depth + 1, level);
    }

    fn item(&mut self, item: &Item, place: (Option<usize>, usize, Level)) {
        let (first, last) = (item.pieces.start, item.pieces.end - 1);
        let tag = self.tag(first);
        let inside = (first != last)
            .then(|| extent(&self.pieces[first]).end..extent(&self.pieces[last]).start);
        let kind = tag.as_ref().map_or(Kind::Source, |tag| {
            let inside = inside.clone().and_then(|at| self.text.get(at));
            kind_of(tag, inside, place.2)
        });
        self.push(kind, item.at.clone(), inside, tag, place);
        let own = self.blocks.len() - 1;
        match kind {
            Kind::Section => self.read(first + 1..last, Some(own), place.1 + 1, Level::Section),
            Kind::Column => self.read(first + 1..last, Some(own), place.1 + 1, Level::Column),
            Kind::Heading
            | Kind::Text
            | Kind::Button
            | Kind::Image
            | Kind::Divider
            | Kind::Spacer
            | Kind::Piece
            | Kind::Condition
            | Kind::Source => {}
        }
    }

    fn tag(&self, index: usize) -> Option<Tag> {
        match self.pieces.get(index)? {
            Piece::Tag(tag) if !tag.closing => Some(tag.clone()),
            _ => None,
        }
    }

    fn push(
        &mut self,
        kind: Kind,
        at: Range<usize>,
        inside: Option<Range<usize>>,
        tag: Option<Tag>,
        (parent, depth, level): (Option<usize>, usize, Level),
    ) {
        self.blocks.push(Block { kind, at, parent, depth, level, inside, tag });
    }
}

/// Which half of a condition this is, if it is nothing else.
fn marker_of(text: &str) -> Option<Marker> {
    let found = expressions(text);
    let [one] = found.as_slice() else { return None };
    if one.at != (0..text.len()) || one.kind != expression::Kind::Block {
        return None;
    }
    match text.trim_start_matches("{{").trim_end_matches("}}").trim() {
        "/if" | "/unless" => Some(Marker::Close),
        "else" | "^" => Some(Marker::Else),
        inside if inside.starts_with("#if ") || inside.starts_with("#unless ") => {
            Some(Marker::Open)
        }
        _ => None,
    }
}

/// Of each opening marker that is closed beside it: the place of its end, and whether there is no
/// `else` in between.
fn matched(items: &[Item]) -> HashMap<usize, (usize, bool)> {
    let mut open: Vec<(usize, bool)> = Vec::new();
    let mut closes = HashMap::new();
    for (index, item) in items.iter().enumerate() {
        match item.marker {
            Some(Marker::Open) => open.push((index, true)),
            Some(Marker::Else) => {
                if let Some((_, simple)) = open.last_mut() {
                    *simple = false;
                }
            }
            Some(Marker::Close) => {
                if let Some((start, simple)) = open.pop() {
                    closes.insert(start, (index, simple));
                }
            }
            None => {}
        }
    }
    closes
}

fn kind_of(tag: &Tag, inside: Option<&str>, level: Level) -> Kind {
    match (level, tag.name.as_str(), inside) {
        (_, "mj-include", _) => Kind::Piece,
        (Level::Body, "mj-section", Some(_)) => Kind::Section,
        (Level::Section, "mj-column", Some(_)) => Kind::Column,
        (Level::Column, "mj-text", Some(inside)) if super::rich::heading(inside).is_some() => {
            Kind::Heading
        }
        (Level::Column, "mj-text", Some(_)) => Kind::Text,
        (Level::Column, "mj-button", Some(_)) => Kind::Button,
        (Level::Column, "mj-image", _) => Kind::Image,
        (Level::Column, "mj-divider", _) => Kind::Divider,
        (Level::Column, "mj-spacer", _) => Kind::Spacer,
        _ => Kind::Source,
    }
}
