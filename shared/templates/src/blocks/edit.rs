//! Edits of a page: each gives a new source that differs in nothing but what was meant.

use super::attributes::Splice;
use super::insert::{New, Place};
use super::{Block, Kind, Level, Page, settings};
use crate::blocks::Setting;

/// What is done with a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit<'e> {
    /// Puts a new block after one, or at the end.
    Insert(New, Option<usize>),
    /// Sets what can be set of a block.
    Set(usize, &'e [(Setting, String)]),
    /// Changes places with what stands before it.
    Up(usize),
    /// Changes places with what stands after it.
    Down(usize),
    /// Puts the same again after it.
    Duplicate(usize),
    /// Takes it out.
    Remove(usize),
    /// Shows it only to people who have a field.
    Wrap(usize, &'e str),
    /// Takes a condition away, and leaves what is in it.
    Unwrap(usize),
}

/// A page after an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// Its source.
    pub source: String,
    /// The block that was edited, in the new page.
    pub selected: Option<usize>,
}

/// The page after an edit; none where it cannot be done: no such block, nothing to change places with.
#[must_use]
pub fn edit(source: &str, edit: &Edit) -> Option<Edited> {
    let page = Page::parse(source)?;
    match edit {
        Edit::Insert(new, after) => page.insert(new, *after),
        Edit::Set(index, values) => page.set(*index, values),
        Edit::Up(index) => page.up(*index),
        Edit::Down(index) => page.down(*index),
        Edit::Duplicate(index) => page.duplicate(*index),
        Edit::Remove(index) => page.remove(*index),
        Edit::Wrap(index, field) => page.wrap(*index, field),
        Edit::Unwrap(index) => page.unwrap(*index),
    }
}

impl Page<'_> {
    fn block(&self, index: usize) -> Option<&Block> {
        self.blocks.get(index)
    }

    /// The source with some places replaced, and the block that then begins at `at`.
    fn spliced(&self, mut splices: Vec<Splice>, at: usize) -> Option<Edited> {
        splices.sort_by_key(|(range, _)| range.start);
        let mut source = String::with_capacity(self.source.len() + 64);
        let mut from = 0;
        for (range, with) in &splices {
            source.push_str(self.source.get(from..range.start)?);
            source.push_str(with);
            from = range.end;
        }
        source.push_str(self.source.get(from..)?);
        let selected = Page::parse(&source)
            .and_then(|page| page.blocks.iter().position(|block| block.at.start == at));
        Some(Edited { source, selected })
    }

    fn insert(&self, new: &New, after: Option<usize>) -> Option<Edited> {
        let level = new.level()?;
        let Place { at, indent, wrapped } = self.place(level, after);
        if wrapped && level == Level::Section {
            return None;
        }
        let (text, lead) = if wrapped {
            let inner = new.source(&format!("{indent}    "));
            let before =
                format!("<mj-section css-class=\"card\">\n{indent}  <mj-column>\n{indent}    ");
            let lead = before.len();
            (format!("{before}{inner}\n{indent}  </mj-column>\n{indent}</mj-section>"), lead)
        } else {
            (new.source(&indent), 0)
        };
        let begins = at + 1 + indent.len() + lead;
        // Into an empty container, whose closing tag may follow at once.
        let rest = self.source.get(at..)?;
        let tail =
            if rest.starts_with("</") { format!("\n{}", self.indent(at)) } else { String::new() };
        self.spliced(vec![(at..at, format!("\n{indent}{text}{tail}"))], begins)
    }

    fn set(&self, index: usize, values: &[(Setting, String)]) -> Option<Edited> {
        let block = self.block(index)?;
        let allowed = Setting::of(block.kind);
        let known = values.iter().filter(|(setting, _)| allowed.contains(setting));
        let splices: Vec<Splice> = known
            .flat_map(|(setting, value)| settings::splices(self, block, *setting, value))
            .collect();
        self.spliced(splices, block.at.start)
    }

    fn neighbour(&self, index: usize, before: bool) -> Option<usize> {
        let parent = self.block(index)?.parent;
        let siblings: Vec<usize> = self.children(parent).collect();
        let own = siblings.iter().position(|sibling| *sibling == index)?;
        let place = if before { own.checked_sub(1)? } else { own + 1 };
        siblings.get(place).copied()
    }

    fn up(&self, index: usize) -> Option<Edited> {
        if let Some(before) = self.neighbour(index, true) {
            let (first, second) = (self.block(before)?, self.block(index)?);
            return self.swapped(first, second, first.at.start);
        }
        let parent = self.block(index)?.parent?;
        match self.block(parent)?.kind {
            Kind::Condition => {
                let condition = self.block(parent)?;
                let indent = self.indent(condition.at.start).to_owned();
                self.moved(index, Place { at: condition.at.start, indent, wrapped: false }, true)
            }
            Kind::Column => {
                let mut columns = self.blocks[..parent].iter();
                let column = columns.rposition(|block| block.kind == Kind::Column)?;
                self.moved(index, self.last_in(column), false)
            }
            _ => None,
        }
    }

    fn down(&self, index: usize) -> Option<Edited> {
        if let Some(after) = self.neighbour(index, false) {
            let (first, second) = (self.block(index)?, self.block(after)?);
            let gap = second.at.start - first.at.end;
            return self.swapped(first, second, first.at.start + second.at.len() + gap);
        }
        let parent = self.block(index)?.parent?;
        match self.block(parent)?.kind {
            Kind::Condition => {
                let condition = self.block(parent)?;
                let indent = self.indent(condition.at.start).to_owned();
                self.moved(index, Place { at: condition.at.end, indent, wrapped: false }, false)
            }
            Kind::Column => {
                let mut columns = self.blocks.iter().enumerate().skip(parent + 1);
                let (column, block) = columns.find(|(_, block)| block.kind == Kind::Column)?;
                let at = block.inside.clone()?.start;
                let indent = match self.children(Some(column)).next() {
                    Some(first) => self.indent(self.blocks[first].at.start).to_owned(),
                    None => format!("{}  ", self.indent(block.at.start)),
                };
                self.moved(index, Place { at, indent, wrapped: false }, false)
            }
            _ => None,
        }
    }

    fn swapped(&self, first: &Block, second: &Block, begins: usize) -> Option<Edited> {
        let gap = self.source.get(first.at.end..second.at.start)?;
        let text = format!("{}{gap}{}", self.text(second), self.text(first));
        self.spliced(vec![(first.at.start..second.at.end, text)], begins)
    }

    /// Takes a block out and puts it in elsewhere; `before` a place that begins a line's content.
    fn moved(&self, index: usize, to: Place, before: bool) -> Option<Edited> {
        let block = self.block(index)?;
        let gap = self.with_gap(block);
        let text = self.text(block);
        let new = if before {
            format!("{text}\n{}", to.indent)
        } else {
            format!("\n{}{text}", to.indent)
        };
        let lead = if before { 0 } else { 1 + to.indent.len() };
        let taken = if gap.start < to.at { gap.len() } else { 0 };
        self.spliced(vec![(gap, String::new()), (to.at..to.at, new)], to.at + lead - taken)
    }

    fn duplicate(&self, index: usize) -> Option<Edited> {
        let block = self.block(index)?;
        let indent = self.indent(block.at.start);
        let text = format!("\n{indent}{}", self.text(block));
        let end = block.at.end;
        self.spliced(vec![(end..end, text)], end + 1 + indent.len())
    }

    fn remove(&self, index: usize) -> Option<Edited> {
        let block = self.block(index)?;
        let gap = self.with_gap(block);
        let edited = self.spliced(vec![(gap, String::new())], usize::MAX)?;
        // What stood beside it, so that whoever works with keys goes on where they were.
        let beside =
            self.neighbour(index, true).or_else(|| self.neighbour(index, false).map(|_| index));
        Some(Edited { selected: beside.or(block.parent), ..edited })
    }

    fn wrap(&self, index: usize, field: &str) -> Option<Edited> {
        let block = self.block(index)?;
        if !crate::expression::is_field_name(field) {
            return None;
        }
        let indent = self.indent(block.at.start);
        let text = format!(
            "<mj-raw>{{{{#if {field}}}}}</mj-raw>\n{indent}{}\n{indent}<mj-raw>{{{{/if}}}}</mj-raw>",
            self.text(block)
        );
        self.spliced(vec![(block.at.clone(), text)], block.at.start)
    }

    fn unwrap(&self, index: usize) -> Option<Edited> {
        let block = self.block(index).filter(|block| block.kind == Kind::Condition)?;
        let inside = self.source.get(block.inside.clone()?)?.trim();
        self.spliced(vec![(block.at.clone(), inside.to_owned())], block.at.start)
    }
}
