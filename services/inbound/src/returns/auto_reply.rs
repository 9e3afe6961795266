//! Answers that no person wrote (RFC 3834, compliance.md BNC-07).

use mail_parser::Message;

/// Headers that only automatic answers carry.
const HEADERS: &[&str] = &["X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Auto-Reply-From"];

/// How subjects of automatic answers begin, in lower case.
const SUBJECTS: &[&str] = &[
    "out of office",
    "out of the office",
    "automatic reply",
    "auto reply",
    "auto-reply",
    "autoreply",
    "auto response",
    "auto:",
    "on vacation",
    "رد تلقائي",
    "الرد التلقائي",
    "خارج المكتب",
    "رد آلي",
    "réponse automatique",
    "absence du bureau",
    "respuesta automática",
    "fuera de la oficina",
];

/// Whether a message is one.
pub(super) fn is_one(message: &Message<'_>) -> bool {
    let header = |name: &'static str| message.header_raw(name).map(|it| it.trim().to_lowercase());
    let is_auto_submitted = header("Auto-Submitted").is_some_and(|how| !how.starts_with("no"));
    let precedence = header("Precedence").unwrap_or_default();
    let subject = message.subject().unwrap_or_default().to_lowercase();
    let subject = subject.trim_start();
    is_auto_submitted
        || HEADERS.iter().any(|name| header(name).is_some())
        || ["auto_reply", "auto-reply"].contains(&precedence.as_str())
        || SUBJECTS.iter().any(|beginning| subject.starts_with(beginning))
}
