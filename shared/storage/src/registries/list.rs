//! Lists on their way into the database: line by line into one bitmap per area code.

use std::collections::BTreeMap;

use domain::registry::{
    AreaCode, Change, ChangeLayout, LineCounts, MalformedChange, Registry, RegistryNumber,
    number_in_line,
};
use roaring::RoaringBitmap;
use sha2::{Digest, Sha256};

/// Numbers by area code.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    areas: Vec<(AreaCode, RoaringBitmap)>,
    positions: BTreeMap<AreaCode, usize>,
    /// Where the last number went: lists are mostly in order.
    last: usize,
}

impl Numbers {
    /// Adds a number; false if it was there.
    fn insert(&mut self, number: RegistryNumber) -> bool {
        let is_last = self.areas.get(self.last).is_some_and(|(area, _)| *area == number.area_code);
        if !is_last {
            self.last = *self.positions.entry(number.area_code).or_insert_with(|| {
                self.areas.push((number.area_code, RoaringBitmap::new()));
                self.areas.len() - 1
            });
        }
        self.areas[self.last].1.insert(number.line)
    }

    fn remove(&mut self, number: RegistryNumber) {
        if let Some(position) = self.positions.get(&number.area_code) {
            self.areas[*position].1.remove(number.line);
        }
    }

    /// How many numbers there are in each area code.
    pub(super) fn sizes(&self) -> BTreeMap<AreaCode, u64> {
        let sizes = self.areas.iter().map(|(area, numbers)| (*area, numbers.len()));
        sizes.filter(|(_, size)| *size > 0).collect()
    }

    /// The numbers of an area code, which are gone from here afterwards.
    pub(super) fn take(&mut self, area: AreaCode) -> RoaringBitmap {
        let position = self.positions.get(&area);
        position.map(|position| std::mem::take(&mut self.areas[*position].1)).unwrap_or_default()
    }
}

/// A full list, filled line by line. Malformed lines are counted; the load decides about them.
#[derive(Debug)]
pub struct FullList {
    pub(super) registry: Registry,
    pub(super) numbers: Numbers,
    pub(super) source: Sha256,
    has_header: bool,
    counts: LineCounts,
}

impl FullList {
    /// An empty list of the registry.
    #[must_use]
    pub fn new(registry: Registry) -> Self {
        Self {
            registry,
            numbers: Numbers::default(),
            source: Sha256::new(),
            has_header: false,
            counts: LineCounts::default(),
        }
    }

    /// Takes the next line of the file, its ending included.
    pub fn line(&mut self, line: &[u8]) {
        self.source.update(line);
        match number_in_line(self.registry, line) {
            Ok(None) => {}
            Ok(Some(number)) => {
                self.counts.lines += 1;
                self.counts.duplicates += u64::from(!self.numbers.insert(number));
            }
            Err(_) if self.counts.lines == 0 && !self.has_header && is_header(line) => {
                self.has_header = true;
            }
            Err(_) => {
                self.counts.lines += 1;
                self.counts.malformed += 1;
            }
        }
    }

    /// What was read so far.
    #[must_use]
    pub const fn counts(&self) -> LineCounts {
        self.counts
    }
}

/// A change list, filled line by line. The last line about a number counts.
#[derive(Debug)]
pub struct ChangeList {
    pub(super) registry: Registry,
    pub(super) added: Numbers,
    pub(super) deleted: Numbers,
    pub(super) source: Sha256,
    layout: ChangeLayout,
    lines_read: u64,
    counts: LineCounts,
}

impl ChangeList {
    /// An empty list of the registry, whose lines are laid out like this.
    #[must_use]
    pub fn new(registry: Registry, layout: ChangeLayout) -> Self {
        Self {
            registry,
            added: Numbers::default(),
            deleted: Numbers::default(),
            source: Sha256::new(),
            layout,
            lines_read: 0,
            counts: LineCounts::default(),
        }
    }

    /// Takes the next line of the file, its ending included.
    ///
    /// # Errors
    /// When it does not fit the layout; the whole list is of no use then.
    pub fn line(&mut self, line: &[u8]) -> Result<(), MalformedChange> {
        self.source.update(line);
        self.lines_read += 1;
        let change = match self.layout.change(self.registry, self.lines_read, line) {
            Err(_) if self.lines_read == 1 && is_header(line) => return Ok(()),
            change => change?,
        };
        let is_new = match change {
            None => return Ok(()),
            Some(Change::Add(number)) => {
                self.deleted.remove(number);
                self.added.insert(number)
            }
            Some(Change::Delete(number)) => {
                self.added.remove(number);
                self.deleted.insert(number)
            }
        };
        self.counts.lines += 1;
        self.counts.duplicates += u64::from(!is_new);
        Ok(())
    }

    /// What was read so far.
    #[must_use]
    pub const fn counts(&self) -> LineCounts {
        self.counts
    }
}

/// Whether a first line names columns: it has no digit of any script.
fn is_header(line: &[u8]) -> bool {
    !String::from_utf8_lossy(line).contains(char::is_numeric)
}
