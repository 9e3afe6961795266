//! What the form holds of a page that is edited in blocks: its source, the block that is selected,
//! what was typed into it, and how to undo what was done. Nothing of it is kept anywhere else.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use domain::image::ImageName;
use domain::{Locale, Medium};
use sha2::{Digest, Sha256};
use templates::blocks::{self, Edit, Edited, Kind, New, Page, Setting};
use templates::{Part, Source, fields};

use crate::pages::typed::Typed;

/// The width of a mail, in pixels.
const COLUMN: u32 = 600;

/// So many steps can be undone.
const STEPS: usize = 40;

/// How one step is undone: the place of what it wrote, and what stood there.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    start: usize,
    end: usize,
    /// Of the source after the step: what was typed by hand since cannot be undone over.
    check: String,
    before: String,
}

impl Step {
    fn between(old: &str, new: &str) -> Self {
        let same = |(left, right): &(char, char)| left == right;
        let start: usize =
            old.chars().zip(new.chars()).take_while(same).map(|(own, _)| own.len_utf8()).sum();
        let (rest_old, rest_new) = (&old[start..], &new[start..]);
        let tail = rest_old.chars().rev().zip(rest_new.chars().rev()).take_while(same);
        let tail: usize = tail.map(|(own, _)| own.len_utf8()).sum();
        let before = rest_old[..rest_old.len() - tail].to_owned();
        Self { start, end: new.len() - tail, check: check(new), before }
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.splitn(4, '.');
        let mut number = || parts.next()?.parse().ok();
        let (start, end) = (number()?, number()?);
        let check = parts.next()?.to_owned();
        let before = parts.next()?.replace("\r\n", "\n");
        Some(Self { start, end, check, before })
    }

    fn written(&self) -> String {
        format!("{}.{}.{}.{}", self.start, self.end, self.check, self.before)
    }

    fn undo(&self, source: &str) -> Option<String> {
        let (head, tail) = (source.get(..self.start)?, source.get(self.end..)?);
        (check(source) == self.check).then(|| format!("{head}{}{tail}", self.before))
    }
}

fn check(source: &str) -> String {
    let digest = Sha256::digest(source.as_bytes());
    digest[..6].iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A page of one language, as the form has it.
#[derive(Debug, Clone)]
pub struct Visual {
    /// Its language.
    pub locale: Locale,
    /// Its MJML, with what was typed into the selected block.
    pub source: String,
    /// Whether its blocks are shown, not its source.
    pub in_blocks: bool,
    /// The block whose form is open.
    pub selected: Option<usize>,
    /// What was just done, as the end of a text's name.
    pub said: Option<&'static str>,
    past: Vec<Step>,
}

/// The pages of a template that has some.
pub type Visuals = BTreeMap<Locale, Visual>;

/// An image that can be chosen for a page.
#[derive(Debug, Clone)]
pub struct Offered {
    /// By its content.
    pub name: ImageName,
    /// What people call it.
    pub title: String,
    /// What it shows, in the language of the page; may be empty.
    pub alt: String,
    /// Pixels across.
    pub width: u32,
}

impl Offered {
    /// How wide it is shown: as it is, up to the column of a mail.
    pub fn shown_width(&self) -> u32 {
        self.width.min(COLUMN)
    }
}

/// What can be put into a page: shared pieces, with names and contents, and images.
#[derive(Debug, Default)]
pub struct Stock {
    /// Names and contents.
    pub pieces: Vec<(String, String)>,
    /// The newest first.
    pub images: Vec<Offered>,
}

/// What a button of the block editor asks for: of which language, what, and of which block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked<'t> {
    /// The language.
    pub locale: Locale,
    verb: &'t str,
    of: Option<usize>,
    /// The same as it was written, for what has no number.
    name: &'t str,
}

impl<'t> Asked<'t> {
    /// As the button's value says it: `en select 3`.
    pub fn read(value: &'t str) -> Option<Self> {
        let mut words = value.split(' ');
        let locale = Locale::of_tag(words.next()?)?;
        let verb = words.next()?;
        let name = words.next().unwrap_or_default();
        Some(Self { locale, verb, of: name.parse().ok(), name })
    }
}

impl Visual {
    /// A page that was just opened.
    pub fn fresh(locale: Locale, source: &str) -> Self {
        let in_blocks = Page::parse(source).is_some();
        let (selected, said, past) = Default::default();
        Self { locale, source: source.to_owned(), in_blocks, selected, said, past }
    }

    /// The pages of a stored template.
    pub fn fresh_ones(source: &Source) -> Visuals {
        if source.medium != Medium::Email {
            return Visuals::new();
        }
        let page = |locale: &Locale| {
            let texts = source.locales.get(locale);
            let own = texts.and_then(|texts| texts.part(Part::Mjml)).unwrap_or_default();
            (*locale, Self::fresh(*locale, own))
        };
        Locale::ALL.iter().map(page).collect()
    }

    /// As it was typed: what stands in the open form of a block is part of the page.
    pub fn of(typed: &Typed, locale: Locale) -> Self {
        let name = |field: &str| format!("{locale}-{field}");
        let source = typed.text(&name("mjml")).replace("\r\n", "\n");
        let past: Vec<Step> = typed.all(&name("past")).filter_map(Step::read).collect();
        let mut visual = Self {
            in_blocks: typed.value(&name("view")) == "blocks",
            selected: typed.value(&name("selected")).parse().ok(),
            locale,
            source,
            said: None,
            past,
        };
        if visual.in_blocks {
            visual.take(typed);
        }
        visual
    }

    /// Every page as it was typed.
    pub fn all(typed: &Typed, medium: Medium) -> Visuals {
        if medium != Medium::Email {
            return Visuals::new();
        }
        Locale::ALL.iter().map(|locale| (*locale, Self::of(typed, *locale))).collect()
    }

    fn take(&mut self, typed: &Typed) {
        let values: Vec<(Setting, String)> = Setting::ALL
            .iter()
            .filter_map(|&setting| {
                let name = format!("{}-set-{setting}", self.locale);
                typed.is_ticked(&name).then(|| (setting, typed.text(&name).to_owned()))
            })
            .collect();
        if let Some(index) = self.selected.filter(|_| !values.is_empty()) {
            self.edit(&Edit::Set(index, &values), "");
        }
    }

    fn edit(&mut self, edit: &Edit, said: &'static str) {
        let Some(Edited { source, selected }) = blocks::edit(&self.source, edit) else {
            self.said = Some("cannot");
            return;
        };
        self.selected = selected;
        self.said = Some(said).filter(|said| !said.is_empty());
        self.put(source);
    }

    fn put(&mut self, source: String) {
        if source != self.source {
            self.past.push(Step::between(&self.source, &source));
            let over = self.past.len().saturating_sub(STEPS);
            self.past.drain(..over);
            self.source = source;
        }
    }

    /// Does what a button asks for.
    pub fn act(&mut self, asked: Asked, typed: &Typed, words: &str, stock: &Stock) {
        let value = |field: &str| typed.value(&format!("{}-{field}", self.locale)).to_owned();
        match (asked.verb, self.selected) {
            ("select", _) => self.selected = asked.of,
            ("blocks", _) => self.in_blocks = true,
            ("source", _) => self.in_blocks = false,
            ("undo", _) => self.undo(),
            ("add", after) => {
                if let Some(new) = new(&value("add"), words, &stock.pieces) {
                    self.edit(&Edit::Insert(new, after), "added");
                }
            }
            ("image", _) => {
                let own = |image: &&Offered| image.name.to_string() == asked.name;
                if let Some(image) = stock.images.iter().find(own) {
                    self.put_image(image);
                }
            }
            ("up", Some(index)) => self.edit(&Edit::Up(index), "moved"),
            ("down", Some(index)) => self.edit(&Edit::Down(index), "moved"),
            ("duplicate", Some(index)) => self.edit(&Edit::Duplicate(index), "duplicated"),
            ("remove", Some(index)) => self.edit(&Edit::Remove(index), "removed"),
            ("wrap", Some(index)) => self.edit(&Edit::Wrap(index, &value("wrap")), "wrapped"),
            ("unwrap", Some(index)) => self.edit(&Edit::Unwrap(index), "unwrapped"),
            ("field", Some(index)) => self.add_field(index, &value("field")),
            _ => {}
        }
        let page = Page::parse(&self.source);
        let count = page.map_or(0, |page| page.blocks().len());
        self.selected = self.selected.filter(|index| *index < count);
        self.in_blocks &= count > 0 || Page::parse(&self.source).is_some();
    }

    /// In the place of the image that is selected, or after whatever is.
    fn put_image(&mut self, image: &Offered) {
        let Some(page) = Page::parse(&self.source) else { return };
        let is_image = |index: &usize| {
            page.blocks().get(*index).is_some_and(|block| block.kind == Kind::Image)
        };
        let (file, alt, width) = (image.name.in_template(), image.alt.clone(), image.shown_width());
        match self.selected.filter(is_image) {
            Some(index) => {
                let values = [
                    (Setting::File, file),
                    (Setting::Alt, alt),
                    (Setting::Width, format!("{width}px")),
                    (Setting::Height, String::new()),
                ];
                self.edit(&Edit::Set(index, &values), "image");
            }
            None => self.edit(&Edit::Insert(New::Image(file, alt, width), self.selected), "image"),
        }
    }

    /// At the end of the text: where there is no script, nobody knows where the cursor stands.
    fn add_field(&mut self, index: usize, name: &str) {
        let Some(page) = Page::parse(&self.source) else { return };
        let Some(block) = page.blocks().get(index) else { return };
        if fields::find(name).is_none() {
            return;
        }
        let holds = |setting: &Setting| matches!(setting, Setting::Text | Setting::Markup);
        let own = page.settings(block).into_iter().find(|(setting, _)| holds(setting));
        let Some((setting, text)) = own else { return };
        let values = [(setting, format!("{text} {}", written(name)))];
        self.edit(&Edit::Set(index, &values), "field-added");
    }

    fn undo(&mut self) {
        let done = self.past.pop().and_then(|step| Some((step.undo(&self.source)?, step.start)));
        match done {
            Some((source, at)) => {
                let page = Page::parse(&source);
                let blocks = page.as_ref().map_or(&[][..], Page::blocks);
                self.selected = blocks.iter().rposition(|block| block.at.contains(&at));
                self.source = source;
                self.said = Some("undone");
            }
            None => {
                self.past.clear();
                self.said = Some("cannot-undo");
            }
        }
    }

    /// What the form carries to undo with, the oldest first.
    pub fn past(&self) -> Vec<String> {
        self.past.iter().map(Step::written).collect()
    }
}

/// A field as it stands in a text.
pub fn written(name: &str) -> String {
    match name {
        "closing_date" => "{{date closing_date}}".to_owned(),
        _ => format!("{{{{{name}}}}}"),
    }
}

/// What the list of new blocks offers, by the values of its form.
fn new(value: &str, words: &str, pieces: &[(String, String)]) -> Option<New> {
    if let Some(path) = value.strip_prefix("piece:") {
        let (path, piece) = pieces.iter().find(|(own, _)| own == path)?;
        return Some(New::Piece(path.clone(), piece.clone()));
    }
    let words = words.to_owned();
    match value {
        "section-1" => Some(New::Section(1, words)),
        "section-2" => Some(New::Section(2, words)),
        "section-3" => Some(New::Section(3, words)),
        kind => match kind.parse().ok()? {
            kind @ (Kind::Heading
            | Kind::Text
            | Kind::Button
            | Kind::Image
            | Kind::Divider
            | Kind::Spacer) => Some(New::Of(kind, words)),
            Kind::Section | Kind::Column | Kind::Piece | Kind::Condition | Kind::Source => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "<mjml><mj-body><mj-section><mj-column>\n<mj-text>سلام</mj-text>\n\
                        </mj-column></mj-section></mj-body></mjml>";

    fn typed(fields: &[(&str, &str)]) -> Typed {
        Typed(fields.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect())
    }

    #[test]
    fn what_is_done_is_undone_step_by_step_through_the_form() {
        let mut visual = Visual::fresh(Locale::Ar, PAGE);
        let mut sources = vec![visual.source.clone()];
        for value in ["ar select 2", "ar duplicate", "ar up", "ar remove", "ar add"] {
            let form = typed(&[("ar-add", "section-2")]);
            let asked = Asked::read(value).expect("a button's value");
            visual.act(asked, &form, "نص", &Stock::default());
            if visual.source != sources[sources.len() - 1] {
                sources.push(visual.source.clone());
            }
        }
        // Two of the same that change places are the same page.
        assert_eq!(sources.len(), 4);
        for expected in sources.iter().rev().skip(1) {
            // As the browser sends it back.
            let past: Vec<(String, String)> = visual
                .past()
                .into_iter()
                .map(|step| ("ar-past".to_owned(), step.replace('\n', "\r\n")))
                .collect();
            let mut form = typed(&[("ar-view", "blocks")]);
            form.0.push(("ar-mjml".to_owned(), visual.source.replace('\n', "\r\n")));
            form.0.extend(past);
            visual = Visual::of(&form, Locale::Ar);
            let asked = Asked::read("ar undo").expect("a button's value");
            visual.act(asked, &form, "", &Stock::default());
            assert_eq!(&visual.source, expected);
        }
        assert!(visual.past().is_empty());
    }

    #[test]
    fn what_was_typed_by_hand_since_is_never_undone_over() {
        let mut visual = Visual::fresh(Locale::En, PAGE);
        visual.selected = Some(2);
        let undo = Asked::read("en undo").expect("a button's value");
        visual.act(Asked::read("en remove").expect("one too"), &typed(&[]), "", &Stock::default());
        visual.source.push_str("<!-- mine -->");
        let before = visual.source.clone();
        visual.act(undo, &typed(&[]), "", &Stock::default());
        assert_eq!((visual.source, visual.said), (before, Some("cannot-undo")));
    }
}
