//! From an HTTP answer to what it means: a pure step, by the preset's data.

use std::time::Duration;

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use serde_json::Value;

use super::GatewayResult;
use crate::preset::{AnswerClass, ErrorRule, Preset};
use crate::reply::RefusalClass;

/// A wish for a longer pause than this is cut: the touch would be of no use by then.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(24 * 3600);
/// The longest provider's id that is kept.
const LONGEST_REFERENCE: usize = 128;
/// The longest error code that is shown.
const LONGEST_CODE: usize = 48;

/// What came back.
pub(super) struct Answer {
    pub status: u16,
    pub retry_after: Option<Duration>,
    pub body: Body,
}

/// What could be read of the body.
pub(super) enum Body {
    Complete(Vec<u8>),
    /// Not read to its end; the text says why.
    Unusable(&'static str),
}

/// The answer's body as far as it was understood.
struct Reading {
    text: String,
    json: Option<Value>,
    unusable: Option<&'static str>,
}

/// What the answer means under `preset`.
///
/// Errors the preset knows come first, then its signs of success, then what the HTTP status alone
/// says. So an error inside a 200 is one, and a 200 without the sign of success stays in doubt.
pub(super) fn read(preset: &Preset, answer: &Answer) -> GatewayResult {
    if (300..400).contains(&answer.status) {
        let detail = "the gateway redirects; redirects are not followed, correct sms.url";
        return refused(RefusalClass::Config, describe(preset, answer, None, detail));
    }
    let reading = Reading::new(&answer.body);
    let code = reading.code(preset);
    let known =
        preset.errors.iter().find(|rule| rule.matches(preset, answer, &reading, code.as_deref()));
    if let Some(rule) = known {
        return result(preset, answer, rule.class, code.as_deref(), "");
    }
    if is_success(preset, answer, &reading) {
        return GatewayResult::Accepted { provider_ref: reading.reference(preset) };
    }
    if let (Some(class), Some(_)) = (preset.unlisted_code, &code)
        && preset.success_status.contains(answer.status)
    {
        return result(preset, answer, class, code.as_deref(), "");
    }
    let (class, why) = by_status(preset, answer, &reading);
    result(preset, answer, class, code.as_deref(), why)
}

impl Reading {
    fn new(body: &Body) -> Self {
        match body {
            Body::Complete(bytes) => {
                let text = String::from_utf8_lossy(bytes).trim().to_owned();
                Self { json: serde_json::from_str(&text).ok(), unusable: unusable(&text), text }
            }
            Body::Unusable(why) => Self { text: String::new(), json: None, unusable: Some(why) },
        }
    }

    /// The value a pointer leads to, as text; `null` counts as nothing.
    fn at(&self, pointer: &str) -> Option<String> {
        if pointer.is_empty() {
            return None;
        }
        match self.json.as_ref()?.pointer(pointer)? {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    fn code(&self, preset: &Preset) -> Option<String> {
        preset.error_pointers.iter().find_map(|pointer| self.at(pointer))
    }

    fn begins_with(&self, prefixes: &[String]) -> bool {
        prefixes.iter().any(|prefix| self.text.starts_with(prefix.as_str()))
    }

    fn reference(&self, preset: &Preset) -> Option<String> {
        let after = || {
            let after = preset.reference_after.as_str();
            let rest = (!after.is_empty()).then(|| self.text.strip_prefix(after))??;
            rest.trim_start_matches([':', ' ']).split_whitespace().next().map(str::to_owned)
        };
        let reference = self.at(&preset.reference_pointer).or_else(after)?;
        let kept: String =
            reference.chars().filter(|c| !c.is_control()).take(LONGEST_REFERENCE).collect();
        (!kept.is_empty()).then_some(kept)
    }
}

impl ErrorRule {
    fn matches(
        &self,
        preset: &Preset,
        answer: &Answer,
        reading: &Reading,
        code: Option<&str>,
    ) -> bool {
        if !self.status.is_empty() && !self.status.contains(answer.status) {
            return false;
        }
        if !self.prefixes.is_empty() && !reading.begins_with(&self.prefixes) {
            return false;
        }
        if self.codes.is_empty() {
            return !self.prefixes.is_empty() || !self.status.is_empty();
        }
        if preset.error_pointers.is_empty() {
            return reading.begins_with(&self.codes);
        }
        code.is_some_and(|code| self.codes.iter().any(|listed| listed == code))
    }
}

/// Why a body says nothing about a message, whatever the HTTP status.
fn unusable(text: &str) -> Option<&'static str> {
    let start = text.get(..text.len().min(64)).unwrap_or(text).to_ascii_lowercase();
    let html = start.starts_with("<!doctype html") || start.starts_with("<html");
    html.then_some("the answer is a web page, not a gateway's answer")
}

fn is_success(preset: &Preset, answer: &Answer, reading: &Reading) -> bool {
    if !preset.success_status.contains(answer.status) || reading.unusable.is_some() {
        return false;
    }
    if !preset.success_prefixes.is_empty() && !reading.begins_with(&preset.success_prefixes) {
        return false;
    }
    if !preset.success_pointer.is_empty() {
        let said = reading.at(&preset.success_pointer);
        let wanted = &preset.success_values;
        return said.is_some_and(|said| wanted.is_empty() || wanted.contains(&said));
    }
    // Where the status alone decides, nothing at all is only an answer for the statuses that say so.
    !preset.success_prefixes.is_empty()
        || !reading.text.is_empty()
        || matches!(answer.status, 201 | 202 | 204)
}

fn by_status(preset: &Preset, answer: &Answer, reading: &Reading) -> (AnswerClass, &'static str) {
    let status = answer.status;
    if preset.in_doubt_status.contains(status) {
        return (AnswerClass::InDoubt, "it may have taken the message before it failed");
    }
    match status {
        429 => (AnswerClass::Throttled, ""),
        401..=407 | 415 | 426 | 501 | 505 => {
            (AnswerClass::Config, "look at the address, credentials and credit")
        }
        408 | 421 | 423 | 425 | 500 | 503 | 507 | 529 => (AnswerClass::Temporary, ""),
        400..=499 => (AnswerClass::Permanent, ""),
        _ => {
            let empty = reading.text.is_empty().then_some("the answer is empty");
            let why = reading.unusable.or(empty);
            (AnswerClass::InDoubt, why.unwrap_or("the answer lacks the preset's sign of success"))
        }
    }
}

fn result(
    preset: &Preset,
    answer: &Answer,
    class: AnswerClass,
    code: Option<&str>,
    why: &str,
) -> GatewayResult {
    let detail = describe(preset, answer, code, why);
    match class {
        AnswerClass::OptedOut => refused(RefusalClass::OptedOut, detail),
        AnswerClass::InvalidNumber => refused(RefusalClass::InvalidNumber, detail),
        AnswerClass::BlockedContent => refused(RefusalClass::BlockedContent, detail),
        AnswerClass::Config => refused(RefusalClass::Config, detail),
        AnswerClass::Permanent => refused(RefusalClass::Permanent, detail),
        AnswerClass::Throttled | AnswerClass::Temporary => {
            GatewayResult::Temporary { retry_after: answer.retry_after, detail }
        }
        AnswerClass::InDoubt => GatewayResult::InDoubt { why: detail, safe_to_repeat_for: None },
    }
}

const fn refused(class: RefusalClass, detail: String) -> GatewayResult {
    GatewayResult::Refused { class, detail }
}

/// The detail people read: provider, status, code. Never the body's text, which may hold numbers
/// and names; a code that looks like a number of a phone is left out as well.
fn describe(preset: &Preset, answer: &Answer, code: Option<&str>, why: &str) -> String {
    let mut detail = format!("{} answered {}", preset.name, answer.status);
    if let Some(code) = code.and_then(shown_code) {
        detail.push_str(&format!(", code {code}"));
    }
    if !why.is_empty() {
        detail.push_str(&format!(" ({why})"));
    }
    detail
}

fn shown_code(code: &str) -> Option<&str> {
    let plain = code.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    let digits = code.bytes().filter(u8::is_ascii_digit).count();
    (plain && digits < 7 && !code.is_empty() && code.len() <= LONGEST_CODE).then_some(code)
}

/// The pause the gateway asks for (RFC 9110 §10.2.3): seconds, or a date. A date is measured
/// against the answer's own `Date`, so that clocks need not agree.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let then = chrono::DateTime::parse_from_rfc2822(text).ok()?;
            let date = headers.get(DATE)?.to_str().ok()?;
            let now = chrono::DateTime::parse_from_rfc2822(date).ok()?;
            (then - now).to_std().unwrap_or(Duration::ZERO)
        }
    };
    Some(wait.min(LONGEST_RETRY_AFTER))
}
