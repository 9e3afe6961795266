//! Handlebars expressions in a text: where they stand, which fields they use, and what is refused.

use std::ops::Range;

use handlebars::template::{HelperTemplate, Parameter, Subexpression, TemplateElement};
use handlebars::{Path, Template};

use crate::engine::{BLOCKS, PRINTERS, TESTS, is_helper};
use crate::problem::{Problem, ProblemCode};
use crate::said::{Said, said};

/// The deepest nesting of blocks, and of parentheses; the parser recurses on both.
const MAX_DEPTH: usize = 16;

/// What an expression is, judged by its text alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind<'t> {
    /// `{{name}}`.
    Field(&'t str),
    /// `{{helper …}}`.
    Call(&'t str),
    /// `{{#…}}`, `{{else}}`, `{{/…}}`.
    Block,
    /// `{{! …}}`.
    Comment,
    /// `{{> name}}`.
    Partial(&'t str),
    /// Anything templates may not use.
    Other,
}

/// An expression of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression<'t> {
    /// Where it stands, braces included.
    pub at: Range<usize>,
    /// What it is.
    pub kind: Kind<'t>,
}

/// Every expression of a text, in order.
pub fn expressions(text: &str) -> Vec<Expression<'_>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find("{{").map(|at| from + at) {
        let rest = &text[start..];
        let closing = if rest.starts_with("{{!--") || rest.starts_with("{{~!--") {
            "--}}"
        } else if rest.starts_with("{{{{") {
            "}}}}"
        } else if rest.starts_with("{{{") {
            "}}}"
        } else {
            "}}"
        };
        let Some(length) = rest.find(closing) else {
            found.push(Expression { at: start..text.len(), kind: Kind::Other });
            return found;
        };
        let end = start + length + closing.len();
        let escaped = text[..start].ends_with('\\');
        let kind = if escaped { Kind::Other } else { kind_of(&text[start..end]) };
        found.push(Expression { at: start..end, kind });
        from = end;
    }
    found
}

fn kind_of(expression: &str) -> Kind<'_> {
    if expression.starts_with("{{{") {
        return Kind::Other;
    }
    let inside = expression.trim_start_matches("{{").trim_end_matches("}}");
    let inside = inside.trim_start_matches('~').trim_end_matches('~').trim();
    match inside.as_bytes().first() {
        Some(b'!') => Kind::Comment,
        Some(b'#') if inside[1..].trim_start().starts_with(['>', '*']) => Kind::Other,
        Some(b'#' | b'/' | b'^') => Kind::Block,
        Some(b'>') => Kind::Partial(inside[1..].trim()),
        Some(b'&' | b'*' | b'{') | None => Kind::Other,
        Some(_) => match inside.split_once(char::is_whitespace) {
            None if inside == "else" => Kind::Block,
            None => Kind::Field(inside),
            Some(("else", _)) => Kind::Block,
            Some((helper, _)) => Kind::Call(helper),
        },
    }
}

/// The text with its comments replaced by as many spaces, so that positions stay and no markup
/// in a comment is read.
pub fn without_comments(text: &str) -> String {
    let mut blanked = text.to_owned();
    for expression in expressions(text) {
        if expression.kind == Kind::Comment {
            let blank: String = text[expression.at.clone()]
                .bytes()
                .map(|byte| if byte == b'\n' { '\n' } else { ' ' })
                .collect();
            blanked.replace_range(expression.at, &blank);
        }
    }
    blanked
}

/// How a field is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Always printed: without it the text cannot be rendered.
    Required,
    /// Printed in one branch of an `if`.
    Conditional,
    /// Only asked for.
    Tested,
}

/// One use of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The field.
    pub name: String,
    /// How it is used.
    pub role: Role,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
}

/// What a text uses, and what is wrong with its expressions.
#[derive(Debug, Clone, Default)]
pub struct Inspection {
    /// The uses, in order.
    pub uses: Vec<Use>,
    /// What is refused.
    pub problems: Vec<Problem>,
}

/// Reads a text as Handlebars.
pub fn inspect(text: &str) -> Inspection {
    let mut inspection = Inspection::default();
    if let Some(problem) = too_deep(text) {
        inspection.problems.push(problem);
        return inspection;
    }
    match Template::compile(text) {
        Ok(template) => inspection.template(&template, false),
        Err(err) => {
            let reason = err.reason().to_string();
            let reason = reason.lines().next().unwrap_or_default();
            let mut problem = Problem::error(
                ProblemCode::Syntax,
                said!(
                    "{reason}; close every {{{{#if}}}} and write fields as {{{{first_name}}}}",
                    "لا يمكن قراءته (\u{2068}{reason}\u{2069})؛ أغلق كل \u{2068}{{{{#if}}}}\u{2069} واكتب الحقول هكذا: \u{2068}{{{{first_name}}}}\u{2069}"
                ),
            );
            if let Some((line, column)) = err.pos() {
                problem = problem.at_line(line, column);
            }
            inspection.problems.push(problem);
        }
    }
    inspection
}

fn too_deep(text: &str) -> Option<Problem> {
    let mut depth = 0_usize;
    for expression in expressions(text) {
        let inside = &text[expression.at.clone()];
        if expression.kind == Kind::Block {
            let start = inside.trim_start_matches(['{', '~', ' ']);
            match start.as_bytes().first() {
                Some(b'/') => depth = depth.saturating_sub(1),
                Some(b'#' | b'^') => depth += 1,
                _ => {}
            }
        }
        if depth > MAX_DEPTH || inside.matches('(').count() > MAX_DEPTH {
            let message = said!(
                "blocks are nested deeper than {MAX_DEPTH}; split the template",
                "تداخل الكتل أعمق من {MAX_DEPTH}؛ قسّم القالب"
            );
            let problem = Problem::error(ProblemCode::NotAllowed, message);
            return Some(problem.at(text, expression.at.start));
        }
    }
    None
}

impl Inspection {
    fn refuse(&mut self, code: ProblemCode, (line, column): (usize, usize), said: Said) {
        self.problems.push(Problem::error(code, said).at_line(line, column));
    }

    fn template(&mut self, template: &Template, conditional: bool) {
        for (element, mapping) in template.elements.iter().zip(&template.mapping) {
            let at = (mapping.0, mapping.1);
            match element {
                TemplateElement::RawString(_) | TemplateElement::Comment(_) => {}
                TemplateElement::Expression(call) => self.expression(call, at, conditional),
                TemplateElement::HelperBlock(block) => self.block(block, at),
                TemplateElement::HtmlExpression(_) => self.refuse(
                    ProblemCode::NotAllowed,
                    at,
                    said!(
                        "three braces and {{{{&…}}}} print values unescaped; write two braces",
                        "ثلاثة أقواس و\u{2068}{{{{&…}}}}\u{2069} تطبع القيم دون حماية؛ اكتب قوسين"
                    ),
                ),
                TemplateElement::PartialExpression(_) | TemplateElement::PartialBlock(_) => self
                    .refuse(
                        ProblemCode::NotAllowed,
                        at,
                        said!(
                            "{{{{> name}}}} includes text pieces in plain texts only; in MJML write \
                             <mj-include path=\"name\" />",
                            "تُضمَّن الأجزاء بـ\u{2068}{{{{> name}}}}\u{2069} في النصوص العادية فقط؛ اكتب في MJML: \u{2068}<mj-include path=\"name\" />\u{2069}"
                        ),
                    ),
                // Decorators, and whatever a later engine adds.
                _ => self.refuse(
                    ProblemCode::NotAllowed,
                    at,
                    said!(
                        "decorators ({{{{*…}}}}) are not available in templates",
                        "المزخرفات (\u{2068}{{{{*…}}}}\u{2069}) غير متاحة في القوالب"
                    ),
                ),
            }
        }
    }

    fn expression(&mut self, call: &HelperTemplate, at: (usize, usize), conditional: bool) {
        let role = if conditional { Role::Conditional } else { Role::Required };
        if call.params.is_empty() && call.hash.is_empty() {
            return self.field(&call.name, role, at);
        }
        let name = call.name.as_name().unwrap_or_default();
        if !PRINTERS.contains(&name) {
            let allowed = PRINTERS.join(", ");
            let message = said!(
                "there is no helper \"{name}\" that prints; there are: {allowed}",
                "لا توجد دالة طباعة اسمها «\u{2068}{name}\u{2069}»؛ المتاح: \u{2068}{allowed}\u{2069}"
            );
            return self.refuse(ProblemCode::NotAllowed, at, message);
        }
        match call.params.as_slice() {
            [param @ (Parameter::Path(_) | Parameter::Name(_))] if call.hash.is_empty() => {
                self.field(param, role, at);
            }
            _ => {
                let message = said!(
                    "\"{name}\" takes one field: {{{{{name} closing_date}}}}",
                    "تأخذ «\u{2068}{name}\u{2069}» حقلًا واحدًا: \u{2068}{{{{{name} closing_date}}}}\u{2069}"
                );
                self.refuse(ProblemCode::NotAllowed, at, message);
            }
        }
    }

    fn block(&mut self, block: &HelperTemplate, at: (usize, usize)) {
        let name = block.name.as_name().unwrap_or_default();
        if BLOCKS.contains(&name)
            && block.params.len() == 1
            && block.hash.is_empty()
            && block.block_param.is_none()
        {
            self.condition(&block.params[0], at);
        } else {
            let message = said!(
                "\"{{{{#{name}}}}}\" is not available here; there are {{{{#if field}}}}, \
                 {{{{#unless field}}}} and {{{{else}}}}",
                "«\u{2068}{{{{#{name}}}}}\u{2069}» غير متاح هنا؛ المتاح: \u{2068}{{{{#if field}}}}\u{2069} و\u{2068}{{{{#unless field}}}}\u{2069} و\u{2068}{{{{else}}}}\u{2069}"
            );
            self.refuse(ProblemCode::NotAllowed, at, message);
        }
        for branch in [&block.template, &block.inverse].into_iter().flatten() {
            self.template(branch, true);
        }
    }

    fn condition(&mut self, param: &Parameter, at: (usize, usize)) {
        match param {
            Parameter::Path(_) | Parameter::Name(_) => self.field(param, Role::Tested, at),
            Parameter::Subexpression(test) => self.test(test, at),
            _ => self.refuse(
                ProblemCode::NotAllowed,
                at,
                said!(
                    "an {{{{#if}}}} asks for a field: {{{{#if area}}}}",
                    "يسأل \u{2068}{{{{#if}}}}\u{2069} عن حقل: \u{2068}{{{{#if area}}}}\u{2069}"
                ),
            ),
        }
    }

    fn test(&mut self, test: &Subexpression, at: (usize, usize)) {
        let name = match test.as_element() {
            TemplateElement::Expression(call) => call.name.as_name().unwrap_or_default(),
            _ => "",
        };
        if !TESTS.contains(&name) || test.hash().is_some_and(|hash| !hash.is_empty()) {
            let allowed = TESTS.join(", ");
            let message = said!(
                "there is no test \"{name}\"; there are: {allowed}",
                "لا يوجد اختبار اسمه «\u{2068}{name}\u{2069}»؛ المتاح: \u{2068}{allowed}\u{2069}"
            );
            return self.refuse(ProblemCode::NotAllowed, at, message);
        }
        for param in test.params().into_iter().flatten() {
            // A test may compare a field with a word: (eq source 'Open house').
            if !matches!(param, Parameter::Literal(_)) {
                self.condition(param, at);
            }
        }
    }

    fn field(&mut self, param: &Parameter, role: Role, at: (usize, usize)) {
        let name = match param {
            Parameter::Path(Path::Relative((_, raw)) | Path::Local((_, _, raw)))
            | Parameter::Name(raw) => raw.as_str(),
            _ => "",
        };
        if is_helper(name) {
            let message = said!(
                "\"{name}\" is a helper and not a field; to use a field of that name write \
                 \"custom.{name}\"",
                "«\u{2068}{name}\u{2069}» اسم دالة لا حقل؛ لحقل بهذا الاسم اكتب «\u{2068}custom.{name}\u{2069}»"
            );
            return self.refuse(ProblemCode::HelperName, at, message);
        }
        if !is_field_name(name) {
            let message = said!(
                "\"{name}\" is not a field name; fields are like first_name, your own ones like \
                 custom.closing_year (letters, digits and underscores)",
                "«\u{2068}{name}\u{2069}» ليس اسم حقل؛ الحقول مثل \u{2068}first_name\u{2069}، وحقولك الخاصة مثل \u{2068}custom.closing_year\u{2069} (أحرف لاتينية وأرقام وشرطات سفلية)"
            );
            return self.refuse(ProblemCode::NotAllowed, at, message);
        }
        let (line, column) = at;
        self.uses.push(Use { name: name.to_owned(), role, line, column });
    }
}

/// Whether this can be a field: a word, or `custom.` and a word (of any script).
pub fn is_field_name(name: &str) -> bool {
    let is_word = |word: &str| {
        word.chars().next().is_some_and(|first| first.is_alphabetic() || first == '_')
            && word.chars().all(|character| character.is_alphanumeric() || character == '_')
    };
    let name = name.strip_prefix("custom.").unwrap_or(name);
    is_word(name) && name != "this"
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn refused(text: &str) -> ProblemCode {
        let inspection = inspect(text);
        assert_eq!(inspection.problems.len(), 1, "{text}: {:?}", inspection.problems);
        inspection.problems[0].code
    }

    #[test]
    fn uses_are_found_with_their_role_and_place() {
        let inspection =
            inspect("Hi {{first_name}},\n{{#if area}}in {{area}}{{else}}{{city}}{{/if}}");
        assert_eq!(inspection.problems, []);
        let uses: Vec<_> =
            inspection.uses.iter().map(|u| (u.name.as_str(), u.role, u.line)).collect();
        assert_eq!(
            uses,
            [
                ("first_name", Role::Required, 1),
                ("area", Role::Tested, 2),
                ("area", Role::Conditional, 2),
                ("city", Role::Conditional, 2),
            ]
        );
        assert_eq!(inspection.uses[0].column, 4);
    }

    #[test]
    fn tests_of_an_if_may_be_combined() {
        let inspection = inspect("{{#if (and area (not company))}}{{area}}{{/if}}");
        assert_eq!(inspection.problems, []);
    }

    #[test]
    fn what_templates_may_not_use_is_refused() {
        for text in [
            "{{{first_name}}}",
            "{{&first_name}}",
            "{{> other}}",
            "{{#> other}}x{{/other}}",
            "{{* inline}}",
            "{{#each custom}}x{{/each}}",
            "{{#with custom}}x{{/with}}",
            "{{#first_name}}x{{/first_name}}",
            "{{lookup custom 'x'}}",
            "{{log first_name}}",
            "{{#if first_name includeZero=true}}x{{/if}}",
            "{{#if (gt area 1)}}x{{/if}}",
            "{{eq area city}}",
            "{{this}}",
            "{{@root}}",
            "{{../first_name}}",
            "{{custom.a.b}}",
            "{{custom.[First Name]}}",
            "{{constructor.name}}",
            "{{url 'https://example.com'}}",
        ] {
            assert_eq!(refused(text), ProblemCode::NotAllowed, "{text}");
        }
    }

    #[test]
    fn a_field_named_like_a_helper_is_refused() {
        for name in ["if", "unless", "and", "or", "not", "eq", "ne", "url", "date", "part", "tel"] {
            assert_eq!(refused(&format!("{{{{{name}}}}}")), ProblemCode::HelperName, "{name}");
        }
        assert_eq!(inspect("{{custom.date}}").problems, []);
    }

    #[test]
    fn broken_expressions_are_reported_with_their_line() {
        for text in ["a\n{{#if area}}x", "a\n{{first_name", "a\n{{first name!}}"] {
            let inspection = inspect(text);
            assert_eq!(inspection.problems[0].code, ProblemCode::Syntax, "{text}");
            assert!(inspection.problems[0].line.is_some(), "{text}");
        }
    }

    #[test]
    fn deep_nesting_is_refused_before_it_is_parsed() {
        let text = "{{#if area}}".repeat(100_000);
        assert_eq!(refused(&text), ProblemCode::NotAllowed);
        let text = format!("{{{{#if {}area", "(not ".repeat(100_000));
        assert_eq!(refused(&text), ProblemCode::NotAllowed);
    }

    #[test]
    fn comments_are_blanked_in_place() {
        let text = "a{{! é\n<b> }}b{{!-- }} --}}c";
        let blanked = without_comments(text);
        assert_eq!(blanked.len(), text.len());
        assert_eq!(blanked.split_whitespace().collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(blanked.matches('\n').count(), 1);
    }
}
