//! From a template's source to what is stored and rendered: once per version, never per message.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Locale, Medium};
use serde::{Deserialize, Serialize};

use crate::defaults::Defaults;
use crate::expression::{Role, Use, inspect, without_comments};
use crate::include;
use crate::lint::lint;
use crate::page;
use crate::problem::{Problem, ProblemCode};
use crate::said::said;
use crate::source::{Part, Partials, Purpose, Source, Texts};

/// The form of [`Compiled`]; another number means "compile the source again".
pub const FORMAT: u16 = 1;

/// The most bytes one text of a source may have.
const MAX_SOURCE: usize = 256 * 1024;

/// A compiled template: MJML made HTML with its styles inlined, pieces copied in, every value
/// escaped for its place. Stored in the database beside its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compiled {
    /// The form it is in ([`FORMAT`]).
    pub format: u16,
    /// The template's key.
    pub key: String,
    /// Which worker it is for.
    pub medium: Medium,
    /// Why it is sent.
    pub purpose: Purpose,
    /// What is rendered, per language.
    pub locales: BTreeMap<Locale, CompiledTexts>,
}

/// What is rendered in one language.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompiledTexts {
    /// Handlebars sources by part; the HTML stands under [`Part::Mjml`].
    pub parts: BTreeMap<Part, String>,
    /// The fields without which it cannot be sent, sorted.
    pub required: Vec<String>,
}

/// Compiles every language of a source that has texts.
///
/// # Errors
/// All problems that keep the template from working safely. [`crate::check`] finds more: what is
/// missing for the law and the reader.
pub fn compile(source: &Source, partials: &Partials) -> Result<Compiled, Vec<Problem>> {
    let Examined { compiled, mut problems, .. } = examine(source, partials);
    problems.retain(Problem::is_error);
    if problems.is_empty() { Ok(compiled) } else { Err(problems) }
}

/// Everything compiling finds out; the compiled form lacks the parts that have errors.
#[derive(Debug)]
pub struct Examined {
    /// The compiled form.
    pub compiled: Compiled,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// Every use of a field, where it was written.
    pub uses: Vec<(Locale, String, Use)>,
}

/// Compiles and collects.
pub fn examine(source: &Source, partials: &Partials) -> Examined {
    let mut problems = Vec::new();
    let mut uses = Vec::new();
    let mut locales = BTreeMap::new();
    if source.locales.is_empty() {
        let message = said!(
            "the template has no texts in any language; add \"en\" and \"ar\"",
            "لا نصوص للقالب بأي لغة؛ أضف الإنجليزية والعربية"
        );
        problems.push(Problem::error(ProblemCode::MissingLocale, message));
    }
    for (&locale, texts) in &source.locales {
        let mut work = Work { locale, partials, problems: Vec::new(), uses: Vec::new() };
        locales.insert(locale, work.texts(source.medium, texts));
        problems.append(&mut work.problems);
        uses.extend(work.uses.into_iter().map(|(place, used)| (locale, place, used)));
    }
    let compiled = Compiled {
        format: FORMAT,
        key: source.key.clone(),
        medium: source.medium,
        purpose: source.purpose,
        locales,
    };
    Examined { compiled, problems, uses }
}

struct Work<'w> {
    locale: Locale,
    partials: &'w Partials,
    problems: Vec<Problem>,
    uses: Vec<(String, Use)>,
}

impl Work<'_> {
    fn texts(&mut self, medium: Medium, texts: &Texts) -> CompiledTexts {
        let mut compiled = CompiledTexts::default();
        let mut required = BTreeSet::new();
        for &part in Part::of(medium) {
            let Some(text) = self.part(part, texts.part(part)) else { continue };
            // Positions in the compiled text mean nothing to people, so only its fields are used:
            // what was written has been inspected with its own positions already.
            let inspection = inspect(&text);
            for problem in inspection.problems {
                let problem = Problem { line: None, column: None, ..problem };
                self.report(part.as_str(), problem);
            }
            let always = inspection.uses.into_iter().filter(|used| used.role == Role::Required);
            required.extend(always.map(|used| used.name));
            compiled.parts.insert(part, text);
        }
        compiled.required = required.into_iter().collect();
        compiled
    }

    fn report(&mut self, place: &str, problem: Problem) {
        let problem = problem.within(self.locale, place);
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// Compiles a part, or reports why not.
    fn part(&mut self, part: Part, text: Option<&str>) -> Option<String> {
        let word = part.as_str();
        let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
            let message = said!(
                "the {word} is missing; the medium needs it",
                "النص «\u{2068}{word}\u{2069}» ناقص، ولا تُرسل الرسالة من دونه"
            );
            self.report(word, Problem::error(ProblemCode::MissingText, message));
            return None;
        };
        if text.len() > MAX_SOURCE {
            let message = said!(
                "the {word} is larger than {MAX_SOURCE} bytes; shorten it",
                "النص «\u{2068}{word}\u{2069}» أكبر من {MAX_SOURCE} بايت؛ اختصره"
            );
            self.report(word, Problem::error(ProblemCode::TooLarge, message));
            return None;
        }
        match part {
            Part::Mjml => self.page(text),
            Part::Subject | Part::Title => self.line(word, text.trim()),
            Part::Text | Part::Sms | Part::Script => self.plain(word, text),
        }
    }

    fn line(&mut self, word: &str, text: &str) -> Option<String> {
        if let Some(at) = text.find(char::is_control) {
            let message = said!(
                "the {word} is one line; take the line break out",
                "النص «\u{2068}{word}\u{2069}» سطر واحد؛ احذف السطر الجديد"
            );
            self.report(word, Problem::error(ProblemCode::ControlCharacter, message).at(text, at));
            return None;
        }
        self.plain(word, text)
    }

    /// Copies the pieces into a plain text.
    fn plain(&mut self, word: &str, text: &str) -> Option<String> {
        let before = self.errors();
        let text = without_comments(text);
        let inclusions = include::in_plain(&text);
        let mut own = text.clone();
        for (name, at) in &inclusions {
            own.replace_range(at.clone(), &" ".repeat(at.len()));
            if let Some(piece) = self.partials.find(self.locale, name) {
                self.inspect(name, piece);
            }
        }
        self.inspect(word, &own);
        let whole = self.whole(word, &text, &inclusions)?;
        (self.errors() == before).then_some(whole.text)
    }

    fn page(&mut self, mjml: &str) -> Option<String> {
        let before = self.errors();
        let text = without_comments(mjml);
        let inclusions = include::in_mjml(&text);
        let pieces =
            inclusions.iter().filter_map(|(name, _)| self.partials.find(self.locale, name));
        let defaults = Defaults::of(pieces.chain([text.as_str()]));
        for problem in lint(mjml, false, &defaults) {
            self.report("mjml", problem);
        }
        self.inspect("mjml", mjml);
        for (name, _) in &inclusions {
            if let Some(piece) = self.partials.find(self.locale, name) {
                for problem in lint(piece, true, &defaults) {
                    self.report(name, problem);
                }
                self.inspect(name, piece);
            }
        }
        let whole = self.whole("mjml", &text, &inclusions)?;
        // What the lint refuses could make the parser recurse without end, so it is not tried.
        if self.errors() > before {
            return None;
        }
        match page::html(&whole.text, self.locale) {
            Ok(html) => Some(html),
            Err(problems) => {
                for problem in problems {
                    let problem = whole.relocate(problem, mjml, self.partials, self.locale);
                    self.report("mjml", problem);
                }
                None
            }
        }
    }

    fn whole(
        &mut self,
        word: &str,
        text: &str,
        inclusions: &[include::Inclusion],
    ) -> Option<include::Whole> {
        match include::whole(text, inclusions, self.partials, self.locale) {
            Ok(whole) => Some(whole),
            Err(problems) => {
                for problem in problems {
                    self.report(word, problem);
                }
                None
            }
        }
    }

    fn errors(&self) -> usize {
        self.problems.iter().filter(|problem| problem.is_error()).count()
    }

    fn inspect(&mut self, place: &str, text: &str) {
        let inspection = inspect(text);
        for problem in inspection.problems {
            self.report(place, problem);
        }
        self.uses.extend(inspection.uses.into_iter().map(|used| (place.to_owned(), used)));
    }
}
