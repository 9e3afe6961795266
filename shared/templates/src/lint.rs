//! What a parser of MJML lets pass and a reader of the mail would suffer from: unknown elements
//! and attributes, scripts, unsafe links, and fields where no value is safe.

use crate::expression::without_comments;
use crate::look;
use crate::markup::{Attribute, Piece, Tag, pieces};
use crate::place;
use crate::problem::{Problem, ProblemCode};
use crate::schema;

/// The deepest nesting of elements; parsers recurse on it.
const MAX_DEPTH: usize = 100;

/// Attributes other than links in which a value is safe.
const SPOKEN: &[&str] = &["alt", "title", "aria-label"];

/// Lints MJML: a whole document, or a piece, which may include nothing itself.
pub fn lint(mjml: &str, is_piece: bool) -> Vec<Problem> {
    let text = without_comments(mjml);
    let mut linter = Linter {
        text: &text,
        is_piece,
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
        linter.error(ProblemCode::Syntax, at, format!("<{name}> is never closed"));
    }
    linter.problems
}

struct Linter<'t> {
    text: &'t str,
    is_piece: bool,
    /// The element around, if its inside is HTML.
    html_inside: Option<String>,
    /// Whether we are in `mj-attributes`, where elements stand for their defaults.
    attributes: bool,
    depth: usize,
    /// The MJML elements around, and where they start. The parser takes any closing tag for the
    /// one it waits for.
    open: Vec<(String, usize)>,
    /// The colours that these elements have behind them.
    grounds: Vec<Option<String>>,
    problems: Vec<Problem>,
}

impl Linter<'_> {
    fn report(&mut self, problem: Problem, at: usize) {
        self.problems.push(problem.at(self.text, at));
    }

    fn error(&mut self, code: ProblemCode, at: usize, message: String) {
        self.report(Problem::error(code, message), at);
    }

    fn style(&mut self, at: std::ops::Range<usize>) {
        if let Some(offset) = self.text[at.clone()].find("{{") {
            let message = "a field stands in a style, where no value is safe; write the style out";
            self.error(ProblemCode::UnsafePlace, at.start + offset, message.to_owned());
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
                let ground = tag.value(self.text, "background-color").map(str::to_owned);
                self.grounds.push(ground.filter(|_| tag.name != "mj-button"));
            }
            self.depth += 1;
            if self.depth == MAX_DEPTH {
                let message = format!("elements are nested deeper than {MAX_DEPTH}; close them");
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
            let message = "an included piece cannot include another; copy it in".to_owned();
            self.error(ProblemCode::Include, tag.at.start, message);
        }
        if !tag.self_closing && self.html_inside.is_none() {
            self.attributes |= tag.name == "mj-attributes";
            if schema::has_html_inside(&tag.name) && !self.attributes {
                self.html_inside = Some(tag.name.clone());
            }
        }
    }

    /// What a reader sees of an element.
    fn look(&mut self, tag: &Tag) {
        let is_image = matches!(tag.name.as_str(), "mj-image" | "img" | "mj-carousel-image");
        if is_image && tag.value(self.text, "alt").is_none_or(|alt| alt.trim().is_empty()) {
            let message = "the image has no words for those who do not see it; write them into alt";
            self.report(Problem::warning(ProblemCode::MissingAlt, message), tag.at.start);
        }
        let own = match tag.name.as_str() {
            "mj-text" | "mj-table" => "container-background-color",
            "mj-button" => "background-color",
            _ => return,
        };
        let around = || self.grounds.iter().rev().flatten().next().map(String::as_str);
        let ground = tag.value(self.text, own).or_else(around);
        let size = tag.value(self.text, "font-size");
        if let (Some(text), Some(ground)) = (tag.value(self.text, "color"), ground)
            && let Some(ratio) = look::contrast(text, ground, size)
        {
            let message = format!(
                "{text} on {ground} has a contrast of {ratio:.1}, text needs 4.5, large text 3"
            );
            self.report(Problem::warning(ProblemCode::LowContrast, message), tag.at.start);
        }
    }

    fn close(&mut self, tag: &Tag) {
        self.grounds.pop();
        match self.open.pop() {
            Some((name, _)) if name == tag.name => {}
            Some((name, _)) => {
                let message = format!("</{}> stands where <{name}> should be closed", tag.name);
                self.error(ProblemCode::Syntax, tag.at.start, message);
            }
            None => {
                let message = format!("</{}> closes nothing", tag.name);
                self.error(ProblemCode::Syntax, tag.at.start, message);
            }
        }
    }

    fn html_element(&mut self, tag: &Tag) {
        if place::is_forbidden(&tag.name) {
            let message = format!("<{}> has no place in an email; take it out", tag.name);
            self.error(ProblemCode::NotAllowed, tag.at.start, message);
        } else if tag.name.starts_with("mj-") {
            let around = self.html_inside.clone().unwrap_or_default();
            let message = format!("<{}> does not work inside <{around}>; move it out", tag.name);
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
            let message = format!("MJML has no element <{name}>{hint}");
            return self.error(ProblemCode::UnknownElement, tag.at.start, message);
        }
        for attribute in &tag.attributes {
            if !schema::takes(name, &attribute.name) {
                let hint = suggestion(&attribute.name, schema::attributes(name));
                let message = format!("<{name}> has no attribute \"{}\"{hint}", attribute.name);
                self.report(Problem::warning(ProblemCode::UnknownAttribute, message), attribute.at);
            }
        }
    }

    fn attribute(&mut self, tag: &Tag, attribute: &Attribute) {
        let name = attribute.name.as_str();
        let value = &self.text[attribute.value.clone()];
        if name.starts_with("on") && self.html_inside.is_some() {
            let message = format!("\"{name}\" runs a script; mail programs drop it, take it out");
            return self.error(ProblemCode::NotAllowed, attribute.at, message);
        }
        if value.contains("{{") && !place::is_link(name) && !SPOKEN.contains(&name) {
            let message = format!(
                "a field stands in \"{name}\" of <{}>, where no value is safe; move it into text or a link",
                tag.name
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
            let message = format!("the link leads nowhere: {why}");
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
                Problem::warning(ProblemCode::InsecureLink, "the link is http:; write https:"),
                attribute.value.start,
            ),
            Some(scheme) if !place::is_allowed(scheme) => {
                let message =
                    format!("\"{scheme}:\" links are not sent; use https:, mailto: or tel:");
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
pub fn suggestion<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    known
        .into_iter()
        .map(|known| (strsim::jaro_winkler(name, known), known))
        .filter(|(similarity, _)| *similarity > 0.8)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map_or_else(String::new, |(_, known)| format!("; did you mean \"{known}\"?"))
}
