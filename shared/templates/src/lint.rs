//! What a parser of MJML lets pass and a reader of the mail would suffer from: unknown elements
//! and attributes, scripts, unsafe links, and fields where no value is safe.

use crate::defaults::Defaults;
use crate::expression::without_comments;
use crate::look;
use crate::markup::{Attribute, Piece, Tag, pieces};
use crate::place;
use crate::problem::{Problem, ProblemCode};
use crate::said::{Said, said};
use crate::schema;

/// The deepest nesting of elements; parsers recurse on it.
const MAX_DEPTH: usize = 100;

/// Attributes other than links in which a value is safe.
const SPOKEN: &[&str] = &["alt", "title", "aria-label"];

/// What stands behind a page where nobody has said so.
const PAPER: &str = "#ffffff";

/// Lints MJML: a whole document, or a piece, which may include nothing itself. Elements look as
/// `defaults` say.
pub fn lint(mjml: &str, is_piece: bool, defaults: &Defaults) -> Vec<Problem> {
    let text = without_comments(mjml);
    let mut linter = Linter {
        text: &text,
        is_piece,
        defaults,
        html_inside: None,
        attributes: false,
        depth: 0,
        open: Vec::new(),
        grounds: Vec::new(),
        problems: Vec::new(),
    };
    for piece in pieces(&text) {
        match piece {
            Piece::Tag(tag) => linter.tag(&tag),
            Piece::Text { at, .. } if linter.html_inside.as_deref() == Some("mj-style") => {
                linter.style(at);
            }
            Piece::Raw { at, .. } => linter.style(at),
            Piece::Text { .. } | Piece::Comment(_) | Piece::Marker(_) => {}
        }
    }
    if linter.problems.is_empty()
        && let Some((name, at)) = linter.open.pop()
    {
        linter.error(
            ProblemCode::Syntax,
            at,
            said!("<{name}> is never closed", "العنصر \u{2068}<{name}>\u{2069} لم يُغلق"),
        );
    }
    linter.problems
}

/// What is behind an element.
enum Ground {
    Colour(String),
    /// A picture.
    Unknown,
}

struct Linter<'t> {
    text: &'t str,
    is_piece: bool,
    defaults: &'t Defaults,
    /// The element around, if its inside is HTML.
    html_inside: Option<String>,
    /// Whether we are in `mj-attributes`, where elements stand for their defaults.
    attributes: bool,
    depth: usize,
    /// The MJML elements around, and where they start. The parser takes any closing tag for the
    /// one it waits for.
    open: Vec<(String, usize)>,
    /// What these elements have behind them, where they have something of their own.
    grounds: Vec<Option<Ground>>,
    problems: Vec<Problem>,
}

impl Linter<'_> {
    fn report(&mut self, problem: Problem, at: usize) {
        self.problems.push(problem.at(self.text, at));
    }

    fn error(&mut self, code: ProblemCode, at: usize, said: Said) {
        self.report(Problem::error(code, said), at);
    }

    fn style(&mut self, at: std::ops::Range<usize>) {
        if let Some(offset) = self.text[at.clone()].find("{{") {
            let message = said!(
                "a field stands in a style, where no value is safe; write the style out",
                "حقل في نمط، ولا قيمة آمنة هناك؛ اكتب النمط كاملًا"
            );
            self.error(ProblemCode::UnsafePlace, at.start + offset, message);
        }
    }

    fn tag(&mut self, tag: &Tag) {
        if tag.closing {
            self.depth = self.depth.saturating_sub(1);
            if tag.name.starts_with("mj") {
                self.close(tag);
            }
            if self.html_inside.as_ref() == Some(&tag.name) {
                self.html_inside = None;
            }
            self.attributes &= tag.name != "mj-attributes";
            return;
        }
        if !tag.self_closing && !is_void(&tag.name) {
            if tag.name.starts_with("mj") {
                self.open.push((tag.name.clone(), tag.at.start));
                self.grounds.push(self.ground(tag));
            }
            self.depth += 1;
            if self.depth == MAX_DEPTH {
                let message = said!(
                    "elements are nested deeper than {MAX_DEPTH}; close them",
                    "تداخل العناصر أعمق من {MAX_DEPTH}؛ أغلقها"
                );
                self.error(ProblemCode::NotAllowed, tag.at.start, message);
            }
        }
        if self.html_inside.is_some() {
            self.html_element(tag);
        } else {
            self.mjml_element(tag);
        }
        for attribute in &tag.attributes {
            self.attribute(tag, attribute);
        }
        if !self.attributes {
            self.look(tag);
        }
        if tag.name == "mj-include" && self.is_piece {
            let message = said!(
                "an included piece cannot include another; copy it in",
                "لا يمكن لجزء مضمّن أن يضمّن جزءًا آخر؛ انسخه فيه"
            );
            self.error(ProblemCode::Include, tag.at.start, message);
        }
        if !tag.self_closing && self.html_inside.is_none() {
            self.attributes |= tag.name == "mj-attributes";
            if schema::has_html_inside(&tag.name) && !self.attributes {
                self.html_inside = Some(tag.name.clone());
            }
        }
    }

    /// What an element puts behind all that is in it.
    fn ground(&self, tag: &Tag) -> Option<Ground> {
        let value = |name| self.defaults.value(tag, self.text, name);
        if self.attributes || tag.name == "mj-button" {
            None
        } else if value("background-url").is_some() {
            Some(Ground::Unknown)
        } else {
            value("background-color").map(|colour| Ground::Colour(colour.to_owned()))
        }
    }

    /// What is behind an element; of a piece only what it says itself, because it may stand anywhere.
    fn behind(&self) -> Option<&str> {
        match self.grounds.iter().rev().flatten().next() {
            Some(Ground::Colour(colour)) => Some(colour),
            Some(Ground::Unknown) => None,
            None => (!self.is_piece).then_some(PAPER),
        }
    }

    /// What a reader sees of an element.
    fn look(&mut self, tag: &Tag) {
        let is_image = matches!(tag.name.as_str(), "mj-image" | "img" | "mj-carousel-image");
        if is_image && tag.value(self.text, "alt").is_none_or(|alt| alt.trim().is_empty()) {
            let message = said!(
                "the image has no words for those who do not see it; write them into alt",
                "الصورة بلا وصف لمن لا يراها؛ اكتبه في \u{2068}alt\u{2069}"
            );
            self.report(Problem::warning(ProblemCode::MissingAlt, message), tag.at.start);
        }
        let own = match tag.name.as_str() {
            "mj-text" | "mj-table" => "container-background-color",
            "mj-button" => "background-color",
            _ => return,
        };
        let value = |name| self.defaults.value(tag, self.text, name);
        let ground = value(own).or_else(|| self.behind());
        let size = value("font-size");
        if let (Some(text), Some(ground)) = (value("color"), ground)
            && let Some(ratio) = look::contrast(text, ground, size)
        {
            let message = said!(
                "{text} on {ground} has a contrast of {ratio:.1}, text needs 4.5, large text 3",
                "تباين \u{2068}{text}\u{2069} على \u{2068}{ground}\u{2069} هو {ratio:.1}، ويحتاج النص إلى 4.5 والنص الكبير إلى 3"
            );
            self.report(Problem::warning(ProblemCode::LowContrast, message), tag.at.start);
        }
    }

    fn close(&mut self, tag: &Tag) {
        self.grounds.pop();
        match self.open.pop() {
            Some((name, _)) if name == tag.name => {}
            Some((name, _)) => {
                let closed = tag.name.as_str();
                let message = said!(
                    "</{closed}> stands where <{name}> should be closed",
                    "\u{2068}</{closed}>\u{2069} في موضع يجب أن يُغلق فيه \u{2068}<{name}>\u{2069}"
                );
                self.error(ProblemCode::Syntax, tag.at.start, message);
            }
            None => {
                let closed = tag.name.as_str();
                let message =
                    said!("</{closed}> closes nothing", "\u{2068}</{closed}>\u{2069} لا يغلق شيئًا");
                self.error(ProblemCode::Syntax, tag.at.start, message);
            }
        }
    }

    fn html_element(&mut self, tag: &Tag) {
        if place::is_forbidden(&tag.name) {
            let name = tag.name.as_str();
            let message = said!(
                "<{name}> has no place in an email; take it out",
                "لا مكان للعنصر \u{2068}<{name}>\u{2069} في رسالة بريد؛ احذفه"
            );
            self.error(ProblemCode::NotAllowed, tag.at.start, message);
        } else if tag.name.starts_with("mj-") {
            let around = self.html_inside.clone().unwrap_or_default();
            let name = tag.name.as_str();
            let message = said!(
                "<{name}> does not work inside <{around}>; move it out",
                "لا يعمل \u{2068}<{name}>\u{2069} داخل \u{2068}<{around}>\u{2069}؛ أخرجه"
            );
            self.error(ProblemCode::UnknownElement, tag.at.start, message);
        }
    }

    fn mjml_element(&mut self, tag: &Tag) {
        let name = tag.name.as_str();
        if self.attributes && matches!(name, "mj-all" | "mj-class") {
            return;
        }
        if !schema::has_element(name) {
            let hint = suggestion(name, schema::elements());
            let message = said!(
                "MJML has no element <{name}>",
                "لا يوجد في MJML عنصر \u{2068}<{name}>\u{2069}"
            );
            let message = message.and(&hint.unwrap_or_default());
            return self.error(ProblemCode::UnknownElement, tag.at.start, message);
        }
        for attribute in &tag.attributes {
            if !schema::takes(name, &attribute.name) {
                let hint = suggestion(&attribute.name, schema::attributes(name));
                let own = attribute.name.as_str();
                let message = said!(
                    "<{name}> has no attribute \"{own}\"",
                    "ليس للعنصر \u{2068}<{name}>\u{2069} خاصية «\u{2068}{own}\u{2069}»"
                );
                let message = message.and(&hint.unwrap_or_default());
                self.report(Problem::warning(ProblemCode::UnknownAttribute, message), attribute.at);
            }
        }
    }

    fn attribute(&mut self, tag: &Tag, attribute: &Attribute) {
        let name = attribute.name.as_str();
        let value = &self.text[attribute.value.clone()];
        if name.starts_with("on") && self.html_inside.is_some() {
            let message = said!(
                "\"{name}\" runs a script; mail programs drop it, take it out",
                "«\u{2068}{name}\u{2069}» يشغّل برنامجًا وتحذفه برامج البريد؛ احذفه"
            );
            return self.error(ProblemCode::NotAllowed, attribute.at, message);
        }
        if value.contains("{{") && !place::is_link(name) && !SPOKEN.contains(&name) {
            let element = tag.name.as_str();
            let message = said!(
                "a field stands in \"{name}\" of <{element}>, where no value is safe; move it into text or a link",
                "حقل في «\u{2068}{name}\u{2069}» من \u{2068}<{element}>\u{2069}، ولا قيمة آمنة هناك؛ انقله إلى نص أو رابط"
            );
            self.error(ProblemCode::UnsafePlace, attribute.value.start, message);
        }
        if !place::is_link(name) {
            return;
        }
        if matches!(name, "href" | "src")
            && tag.name != "mj-navbar-link"
            && let Some(why) = look::dead(value)
        {
            let message = said!("the link leads nowhere: ", "لا يؤدي الرابط إلى شيء: ").and(&why);
            // What is empty is forgotten; of the others a person may know better.
            let problem = if value.trim().is_empty() {
                Problem::error(ProblemCode::DeadLink, message)
            } else {
                Problem::warning(ProblemCode::DeadLink, message)
            };
            return self.report(problem, attribute.value.start);
        }
        match place::scheme(value).as_deref() {
            Some("http") => self.report(
                Problem::warning(
                    ProblemCode::InsecureLink,
                    said!(
                        "the link is http:; write https:",
                        "الرابط \u{2068}http:\u{2069}؛ اكتب \u{2068}https:\u{2069}"
                    ),
                ),
                attribute.value.start,
            ),
            Some(scheme) if !place::is_allowed(scheme) => {
                let message = said!(
                    "\"{scheme}:\" links are not sent; use https:, mailto: or tel:",
                    "لا تُرسل روابط «\u{2068}{scheme}:\u{2069}»؛ استخدم \u{2068}https:\u{2069} أو \u{2068}mailto:\u{2069} أو \u{2068}tel:\u{2069}"
                );
                self.error(ProblemCode::UnsafeLink, attribute.value.start, message);
            }
            _ => {}
        }
    }
}

/// HTML elements that are never closed.
fn is_void(element: &str) -> bool {
    ["br", "hr", "img", "col", "wbr", "area", "source", "input", "meta", "link"].contains(&element)
}

/// "; did you mean …?" for the nearest of the known names, if one is near.
pub fn suggestion<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<Said> {
    known
        .into_iter()
        .map(|known| (strsim::jaro_winkler(name, known), known))
        .filter(|(similarity, _)| *similarity > 0.8)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, known)| {
            said!("; did you mean \"{known}\"?", "؛ هل تقصد «\u{2068}{known}\u{2069}»؟")
        })
}
