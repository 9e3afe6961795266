//! `templates check`: everything a person should know before a template is used.

use std::collections::BTreeSet;

use domain::{Locale, Medium};

use crate::compile::{Compiled, CompiledTexts, Examined, examine};
use crate::expression::{Kind, Role, Use, expressions, inspect};
use crate::fields::{self, Fields};
use crate::lint::suggestion;
use crate::markup::{Piece, Tag, pieces};
use crate::problem::{Problem, ProblemCode};
use crate::render::{RenderError, Renderer};
use crate::said::{Said, said};
use crate::sms;
use crate::source::{Part, Partials, Purpose, Source};

/// What the check measures against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most segments a text message may cost with example values.
    pub sms_segments: usize,
    /// The most characters a subject may have before mail programs cut it off.
    pub subject_characters: usize,
    /// The most bytes of HTML before mail programs clip the message.
    pub html_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sms_segments: sms::DEFAULT_MAX_SEGMENTS,
            subject_characters: 78,
            html_bytes: 102_000,
        }
    }
}

/// All problems of a template, errors first; empty when there is nothing to say.
#[must_use]
pub fn check(source: &Source, partials: &Partials) -> Vec<Problem> {
    check_against(source, partials, Limits::default())
}

/// The same, against given limits.
#[must_use]
pub fn check_against(source: &Source, partials: &Partials, limits: Limits) -> Vec<Problem> {
    let Examined { compiled, problems, uses } = examine(source, partials);
    all_problems(source, &compiled, problems, &uses, limits)
}

/// The problems as [`check`] has them, and the compiled form as [`crate::compile`] has it, by
/// compiling once.
#[must_use]
pub fn check_and_compile(source: &Source, partials: &Partials) -> (Vec<Problem>, Option<Compiled>) {
    let Examined { compiled, problems, uses } = examine(source, partials);
    let works = !problems.iter().any(Problem::is_error);
    let all = all_problems(source, &compiled, problems, &uses, Limits::default());
    (all, works.then_some(compiled))
}

fn all_problems(
    source: &Source,
    compiled: &Compiled,
    mut problems: Vec<Problem>,
    uses: &[(Locale, String, Use)],
    limits: Limits,
) -> Vec<Problem> {
    missing_locales(source, &mut problems);
    unused_texts(source, &mut problems);
    unknown_fields(uses, &mut problems);
    for (&locale, texts) in &compiled.locales {
        if source.purpose == Purpose::Marketing {
            let mut found = Vec::new();
            match source.medium {
                Medium::Email => marketing_email(texts, &mut found),
                Medium::Sms => marketing_sms(texts, &mut found),
                Medium::Call => {}
            }
            problems.extend(
                found
                    .into_iter()
                    .map(|(part, problem): (Part, Problem)| problem.within(locale, part.as_str())),
            );
        }
    }
    measure(compiled, uses, limits, &mut problems);
    problems.sort_by_key(|problem| problem.severity);
    problems
}

fn missing_locales(source: &Source, problems: &mut Vec<Problem>) {
    for &locale in Locale::ALL {
        if !source.locales.contains_key(&locale) && !source.locales.is_empty() {
            let message = said!(
                "there are no texts in \"{locale}\"; add them",
                "لا نصوص باللغة «\u{2068}{locale}\u{2069}»؛ أضفها"
            );
            problems.push(Problem::error(ProblemCode::MissingLocale, message).within(locale, ""));
        }
    }
}

fn unused_texts(source: &Source, problems: &mut Vec<Problem>) {
    let needed = Part::of(source.medium);
    for (&locale, texts) in &source.locales {
        for part in Part::ALL.iter().filter(|part| !needed.contains(part)) {
            if texts.part(*part).is_some() {
                let medium = source.medium;
                let message = said!(
                    "{medium} templates have no {part}; take it out",
                    "لا يُستخدم النص «\u{2068}{part}\u{2069}» في قوالب «\u{2068}{medium}\u{2069}»؛ احذفه"
                );
                let problem = Problem::warning(ProblemCode::UnusedText, message);
                problems.push(problem.within(locale, part.as_str()));
            }
        }
    }
}

fn unknown_fields(uses: &[(Locale, String, Use)], problems: &mut Vec<Problem>) {
    for (locale, place, used) in uses {
        let name = used.name.as_str();
        if name.starts_with("custom.") || fields::find(name).is_some() {
            continue;
        }
        let hint = suggestion(name, fields::KNOWN.iter().map(|known| known.name));
        let hint = hint.unwrap_or_else(|| {
            said!(
                "; your own fields are written custom.{name}",
                "؛ تُكتب حقولك الخاصة هكذا: \u{2068}custom.{name}\u{2069}"
            )
        });
        let message =
            said!("nothing fills the field \"{name}\"", "لا شيء يملأ الحقل «\u{2068}{name}\u{2069}»");
        let message = message.and(&hint);
        let problem = Problem::error(ProblemCode::UnknownField, message);
        problems.push(problem.at_line(used.line, used.column).within(*locale, place));
    }
}

/// What the law wants in both bodies of a marketing email, outside any `if` (compliance.md
/// EML-01, EML-02, EML-17).
fn marketing_email(texts: &CompiledTexts, problems: &mut Vec<(Part, Problem)>) {
    for part in [Part::Mjml, Part::Text] {
        let Some(text) = texts.parts.get(&part) else { continue };
        let always: BTreeSet<String> = inspect(text)
            .uses
            .into_iter()
            .filter(|used| used.role == Role::Required)
            .map(|used| used.name)
            .collect();
        let shown = if part == Part::Mjml { fields_shown(text) } else { always.clone() };
        let has = |name: &str| always.contains(name) && shown.contains(name);
        let mut miss = |code, said: Said| problems.push((part, Problem::error(code, said)));
        if !always.contains("unsubscribe_url") {
            let message = said!(
                "a marketing email needs the unsubscribe link: use unsubscribe_url, outside any {{{{#if}}}}",
                "تحتاج رسالة التسويق إلى رابط إلغاء الاشتراك: استخدم \u{2068}unsubscribe_url\u{2069} خارج أي \u{2068}{{{{#if}}}}\u{2069}"
            );
            miss(ProblemCode::MissingUnsubscribe, message);
        } else if part == Part::Mjml && !has_visible_unsubscribe(text) {
            let message = said!(
                "the unsubscribe link must be seen: <a href=\"{{{{unsubscribe_url}}}}\">Unsubscribe</a>, not hidden",
                "يجب أن يُرى رابط إلغاء الاشتراك لا أن يُخفى: \u{2068}<a href=\"{{{{unsubscribe_url}}}}\">…</a>\u{2069}"
            );
            miss(ProblemCode::MissingUnsubscribe, message);
        }
        if !has("team_postal_address") {
            let message = said!(
                "a marketing email needs the sender's postal address: use team_postal_address, outside any {{{{#if}}}}",
                "تحتاج رسالة التسويق إلى عنوان المرسل البريدي: استخدم \u{2068}team_postal_address\u{2069} خارج أي \u{2068}{{{{#if}}}}\u{2069}"
            );
            miss(ProblemCode::MissingPostalAddress, message);
        }
        if !has("agent_name") && !has("team_name") {
            let message = said!(
                "a marketing email says who sends it: use agent_name or team_name, outside any {{{{#if}}}}",
                "تذكر رسالة التسويق من يرسلها: استخدم \u{2068}agent_name\u{2069} أو \u{2068}team_name\u{2069} خارج أي \u{2068}{{{{#if}}}}\u{2069}"
            );
            miss(ProblemCode::MissingSenderName, message);
        }
    }
}

/// The fields printed where everybody reads: not in titles, attributes, preview texts or what
/// only Outlook shows.
fn fields_shown(html: &str) -> BTreeSet<String> {
    let mut shown = BTreeSet::new();
    let mut hidden = false;
    for piece in pieces(html) {
        match piece {
            Piece::Tag(tag) if tag.name != "bdi" => hidden = !tag.closing && is_hidden(&tag, html),
            Piece::Text { at, conditional: false } if !hidden => {
                for expression in expressions(&html[at]) {
                    if let Kind::Field(name) = expression.kind {
                        shown.insert(name.to_owned());
                    }
                }
            }
            _ => {}
        }
    }
    shown
}

fn is_hidden(tag: &Tag, html: &str) -> bool {
    tag.value(html, "style").unwrap_or_default().replace(' ', "").contains("display:none")
}

/// Whether a link to the unsubscribe page stands where everybody reads, with something to click.
fn has_visible_unsubscribe(html: &str) -> bool {
    let mut inside = false;
    for piece in pieces(html) {
        match piece {
            Piece::Tag(tag) if tag.name == "a" && !tag.conditional => {
                let leads_there =
                    tag.value(html, "href").is_some_and(|href| href.contains("unsubscribe_url"));
                inside = !tag.closing && leads_there && !is_hidden(&tag, html);
            }
            Piece::Text { at, conditional: false }
                if inside && !html[at.clone()].trim().is_empty() =>
            {
                return true;
            }
            _ => {}
        }
    }
    false
}

/// A marketing text needs a way out; a word to answer or a link (compliance.md SMS-12, SMS-23).
fn marketing_sms(texts: &CompiledTexts, problems: &mut Vec<(Part, Problem)>) {
    let Some(text) = texts.parts.get(&Part::Sms) else { return };
    let ways = ["STOP", "إيقاف", "ايقاف", "unsubscribe_url"];
    if !ways.iter().any(|way| text.contains(way)) {
        let message = said!(
            "a marketing text says how to stop: \"Reply STOP to opt out\", \"لإلغاء الاشتراك أرسل إيقاف\", or unsubscribe_url",
            "تذكر رسالة التسويق النصية كيف تُوقف: «لإلغاء الاشتراك أرسل إيقاف» أو «\u{2068}Reply STOP to opt out\u{2069}» أو \u{2068}unsubscribe_url\u{2069}"
        );
        problems.push((Part::Sms, Problem::warning(ProblemCode::MissingUnsubscribe, message)));
    }
}

/// Renders with example values and measures the result.
fn measure(
    compiled: &Compiled,
    uses: &[(Locale, String, Use)],
    limits: Limits,
    problems: &mut Vec<Problem>,
) {
    let Ok(renderer) = Renderer::new(compiled) else { return };
    for &locale in compiled.locales.keys() {
        let custom: BTreeSet<&str> = uses
            .iter()
            .map(|(_, _, used)| used.name.as_str())
            .filter(|name| name.starts_with("custom."))
            .collect();
        let fields = Fields::examples(locale, custom);
        let found = match compiled.medium {
            Medium::Email => email(&renderer, locale, &fields, limits),
            Medium::Sms => text_message(&renderer, locale, &fields, limits),
            Medium::Call => renderer.task(locale, &fields).map(|_| Vec::new()),
        };
        match found {
            Ok(found) => {
                problems.extend(found.into_iter().map(|problem| problem.within(locale, "")))
            }
            // What does not render because of an error already found needs no second word.
            Err(_) if problems.iter().any(Problem::is_error) => {}
            // What a custom field holds is not known, so its example proves nothing.
            Err(RenderError::UnsafeLink { name } | RenderError::NotADate { name })
                if name.starts_with("custom.") => {}
            Err(err) => {
                let message = said!(
                    "it cannot be rendered with example values: {err}",
                    "لا يمكن إنشاؤها بقيم المثال: \u{2068}{err}\u{2069}"
                );
                problems.push(Problem::error(ProblemCode::NotAllowed, message).within(locale, ""));
            }
        }
    }
}

fn email(
    renderer: &Renderer,
    locale: Locale,
    fields: &Fields,
    limits: Limits,
) -> Result<Vec<Problem>, RenderError> {
    let email = renderer.email(locale, fields)?;
    let mut found = Vec::new();
    let length = email.subject.chars().count();
    if length > limits.subject_characters {
        let message = said!(
            "the subject has {length} characters with example values, more than {most}: mail programs \
             cut it off",
            "طول الموضوع {length} حرفًا بقيم المثال، وهو أكثر من {most}: تقطعه برامج البريد",
            length = length,
            most = limits.subject_characters
        );
        found.push(
            Problem::warning(ProblemCode::SubjectTooLong, message)
                .within(locale, Part::Subject.as_str()),
        );
    }
    if email.html.len() > limits.html_bytes {
        let message = said!(
            "the page has {bytes} bytes, more than {most}: mail programs clip it, and the unsubscribe \
             link with it",
            "حجم الصفحة {bytes} بايت، وهو أكثر من {most}: تقتطعها برامج البريد ومعها رابط إلغاء الاشتراك",
            bytes = email.html.len(),
            most = limits.html_bytes
        );
        let problem = Problem::warning(ProblemCode::TooLarge, message);
        found.push(problem.within(locale, Part::Mjml.as_str()));
    }
    Ok(found)
}

fn text_message(
    renderer: &Renderer,
    locale: Locale,
    fields: &Fields,
    limits: Limits,
) -> Result<Vec<Problem>, RenderError> {
    let message = renderer.sms(locale, fields)?;
    let sms::Count { encoding, segments, .. } = message.count;
    if segments <= limits.sms_segments {
        return Ok(Vec::new());
    }
    let forced = sms::suggestions(&message.text)
        .iter()
        .find(|suggestion| suggestion.replacement.is_some())
        .map(|suggestion| {
            said!(
                "; {code} is not in GSM-7",
                "؛ والحرف \u{2068}{code}\u{2069} ليس في \u{2068}GSM-7\u{2069}",
                code = suggestion.code_point
            )
        });
    let message = said!(
        "the text costs {segments} segments ({encoding}) with example values, more than {most}",
        "يكلّف النص {segments} من الأجزاء (\u{2068}{encoding}\u{2069}) بقيم المثال، وهو أكثر من {most}",
        segments = segments,
        encoding = encoding,
        most = limits.sms_segments
    );
    let message = message.and(&forced.unwrap_or_default());
    let problem = Problem::error(ProblemCode::TooManySegments, message);
    Ok(vec![problem.within(locale, Part::Sms.as_str())])
}
