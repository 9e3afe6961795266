//! An email's page: MJML becomes HTML whose styles stand in the elements, in the direction of
//! its language.

use css_inline::CSSInliner;
use domain::Locale;
use mrml::mj_head::MjHeadChild;
use mrml::mjml::Mjml;
use mrml::prelude::parser::Error;
use mrml::prelude::render::RenderOptions;

use crate::fold::fold;
use crate::place;
use crate::problem::{Problem, ProblemCode};
use crate::said::said;

/// What stands before everything the author sets. MJML's own defaults are left to right: without
/// these, an Arabic page has `direction:ltr` on every section whatever `dir` says. Outlook does
/// not know `text-align:start`, so the side is named.
const HEAD_AR: &str = "<mj-all font-family=\"Tahoma, Arial, sans-serif\" />\
    <mj-wrapper direction=\"rtl\" /><mj-section direction=\"rtl\" />\
    <mj-column direction=\"rtl\" /><mj-group direction=\"rtl\" />\
    <mj-text align=\"right\" line-height=\"1.7\" font-size=\"16px\" />\
    <mj-table align=\"right\" line-height=\"1.7\" font-size=\"16px\" />\
    <mj-social-element align=\"right\" text-padding=\"4px 0 4px 4px\" />\
    <mj-button font-size=\"16px\" />";

const HEAD_EN: &str = "<mj-all font-family=\"Helvetica, Arial, sans-serif\" />\
    <mj-text line-height=\"1.5\" font-size=\"15px\" />\
    <mj-table line-height=\"1.5\" font-size=\"15px\" />\
    <mj-button font-size=\"15px\" />";

/// Makes the HTML page of a language from its MJML, pieces already copied in.
pub fn html(mjml: &str, locale: Locale) -> Result<String, Vec<Problem>> {
    let mut document = parse(mjml).map_err(|problem| vec![problem])?;
    document.attributes.lang = Some(locale.to_string());
    document.attributes.dir = Some(locale.direction().to_owned());
    let styles = styles_of(&document);
    put_defaults_first(&mut document, locale);
    let options = RenderOptions {
        disable_comments: true,
        social_icon_origin: None,
        // No web fonts: fetching one would tell a third party who reads what, and when.
        fonts: std::collections::HashMap::default(),
    };
    let mut html = document.render(&options).map_err(|err| vec![unrenderable(&err)])?;
    if locale.direction() == "rtl" {
        // Columns come with a fixed side, which only matters for raw HTML in them.
        html = html.replace("text-align:left;direction:rtl", "text-align:right;direction:rtl");
    }
    let marked = place::mark(&html)?;
    let inlined = inline(&marked.html, &styles).map_err(|err| vec![unrenderable(&err)])?;
    marked.restore(&inlined).map(|page| fold(&page)).map_err(|problem| vec![problem])
}

fn unrenderable(err: &dyn std::fmt::Display) -> Problem {
    Problem::error(
        ProblemCode::Syntax,
        said!("the page cannot be made: {err}", "لا يمكن إنشاء الصفحة: \u{2068}{err}\u{2069}"),
    )
}

/// Puts the author's styles into the elements, because some mail programs drop `<style>`. MJML's
/// own resets stay in the head alone: in every cell they would double the page. Nothing is ever
/// loaded from outside; the crate is built without file and network access.
fn inline(html: &str, styles: &str) -> css_inline::Result<String> {
    CSSInliner::options()
        .load_remote_stylesheets(false)
        .inline_style_tags(false)
        .keep_style_tags(true)
        .extra_css(Some(styles.into()))
        .build()
        .inline(html)
}

/// The text of the author's `<mj-style>` elements.
fn styles_of(document: &Mjml) -> String {
    let children = document.children.head.iter().flat_map(|head| &head.children);
    children
        .filter_map(|child| match child {
            MjHeadChild::MjStyle(style) => Some(style.children.as_str()),
            _ => None,
        })
        .collect::<Vec<_>>()
        .join("\n")
}

fn parse(mjml: &str) -> Result<Mjml, Problem> {
    mrml::parse(mjml).map(|parsed| parsed.element).map_err(|err| problem_of(&err, mjml))
}

/// Puts our defaults before the author's, whose later ones win.
fn put_defaults_first(document: &mut Mjml, locale: Locale) {
    let defaults = match locale {
        Locale::En => HEAD_EN,
        Locale::Ar => HEAD_AR,
    };
    let text = format!("<mjml><mj-head><mj-attributes>{defaults}</mj-attributes></mj-head></mjml>");
    let ours = mrml::parse(text).expect("the defaults are fixed text that a test parses");
    let mut head = ours.element.children.head.unwrap_or_default();
    if let Some(theirs) = document.children.head.take() {
        head.children.extend(theirs.children);
    }
    document.children.head = Some(head);
}

fn problem_of(err: &Error, text: &str) -> Problem {
    let message = match err {
        Error::UnexpectedElement { .. } => {
            said!("an element stands where MJML does not allow it", "عنصر في موضع لا تسمح به MJML")
        }
        Error::UnexpectedToken { .. } => {
            said!(
                "something stands where MJML does not allow it; put {{{{#if}}}} and {{{{/if}}}} between \
                 elements into <mj-raw>",
                "شيء في موضع لا تسمح به MJML؛ ضع \u{2068}{{{{#if}}}}\u{2069} و\u{2068}{{{{/if}}}}\u{2069} بين العناصر داخل \u{2068}<mj-raw>\u{2069}"
            )
        }
        Error::MissingAttribute { .. } => {
            said!("an element lacks an attribute it needs", "عنصر تنقصه خاصية يحتاجها")
        }
        Error::InvalidAttribute { .. } => {
            said!("an attribute is not well formed", "خاصية مكتوبة كتابة غير صحيحة")
        }
        Error::EndOfStream { .. } => {
            said!("the MJML ends before its last element is closed", "تنتهي MJML قبل إغلاق آخر عنصر")
        }
        Error::SizeLimit { .. } => said!("the MJML is too large", "نص MJML أكبر من اللازم"),
        Error::InvalidFormat { .. } | Error::ParserError { .. } => {
            said!("the MJML is not well formed", "نص MJML غير سليم البناء")
        }
        Error::NoRootNode => said!(
            "there is no <mjml> element around the body",
            "لا يوجد عنصر \u{2068}<mjml>\u{2069} حول المحتوى"
        ),
        Error::IncludeLoaderError { .. } => {
            said!("an included piece does not exist", "جزء مضمّن غير موجود")
        }
    };
    let problem = Problem::error(ProblemCode::Syntax, message);
    match err {
        Error::UnexpectedElement { position, .. }
        | Error::UnexpectedToken { position, .. }
        | Error::MissingAttribute { position, .. }
        | Error::InvalidAttribute { position, .. }
        | Error::InvalidFormat { position, .. }
        | Error::IncludeLoaderError { position, .. } => problem.at(text, position.start),
        Error::ParserError { source, .. } => {
            let at = source.pos();
            problem.at_line(at.row as usize, at.col as usize)
        }
        Error::EndOfStream { .. } | Error::SizeLimit { .. } | Error::NoRootNode => {
            problem.at(text, text.len())
        }
    }
}
