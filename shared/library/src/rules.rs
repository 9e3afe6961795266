//! Rules of time and frequency as files: one per jurisdiction, and one of holidays.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::rules::{CalendarEntry, RuleBook, RuleError, RuleFile};

use crate::LoadError;
use crate::files::{File, Files};

/// Where the files are.
const FOLDER: &str = "rules/";
/// The calendars of holidays.
const HOLIDAYS: &str = "holidays.toml";

/// The rules, while files are still being added.
#[derive(Debug, Clone, Default)]
pub struct RuleData {
    files: BTreeMap<String, (File, RuleFile)>,
    calendars: BTreeMap<String, CalendarEntry>,
    book: Arc<RuleBook>,
}

impl RuleData {
    /// Adds or replaces the rules of each jurisdiction and each calendar by its name, and returns
    /// what is wrong.
    pub fn add(&mut self, files: &Files) -> Vec<LoadError> {
        let mut errors: Vec<LoadError> =
            files.under(FOLDER).filter_map(|file| self.add_file(file).err()).collect();
        let (book, wrong) =
            RuleBook::assemble(self.files.values().map(|(_, rules)| rules), &self.calendars);
        errors.extend(wrong.iter().map(|error| self.located(error, files)));
        self.book = Arc::new(book);
        errors
    }

    /// Every rule that could be read.
    pub const fn book(&self) -> &Arc<RuleBook> {
        &self.book
    }

    fn add_file(&mut self, file: &File) -> Result<(), LoadError> {
        if file.path == format!("{FOLDER}{HOLIDAYS}") {
            self.calendars.extend(file.toml::<BTreeMap<String, CalendarEntry>>()?);
            return Ok(());
        }
        let rules: RuleFile = file.toml()?;
        let place = format!("{FOLDER}{}.toml", rules.jurisdiction.to_lowercase());
        if file.path != place {
            let expected = format!("the rules of {} are {place}", rules.jurisdiction);
            return Err(file.misplaced(&expected));
        }
        self.files.insert(place, (file.clone(), rules));
        Ok(())
    }

    /// The error with the file and line of its rule, among the files that were just added if it
    /// is there: of two rules with the same id, it is the newcomer that has to change.
    fn located(&self, error: &RuleError, added: &Files) -> LoadError {
        let id = format!("id = \"{}\"", error.id());
        let known = self.files.values().map(|(file, _)| file);
        let found = added
            .under(FOLDER)
            .chain(known)
            .find_map(|file| file.content.rfind(&id).map(|at| file.syntax(at, &error.to_string())));
        found.unwrap_or_else(|| LoadError::Syntax {
            file: FOLDER.to_owned(),
            line: 1,
            reason: error.to_string(),
        })
    }
}
