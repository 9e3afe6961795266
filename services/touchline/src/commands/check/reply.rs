//! `touchline check reply`: what an answer to a text message makes us do (compliance.md V-3).

use domain::reply::read;
use serde_json::json;

use super::Answer;

/// The answer for one reply. Every text is of use, for every text can be a reply.
pub(super) fn answer(text: &str) -> Answer {
    let reading = read(&text.replace("\\n", "\n"));
    let answer = json!({
        "action": reading.action,
        "scope": reading.scope,
        "normalised": reading.normalised,
        "keyword": reading.is_keyword,
    });
    (answer, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_answered_with_action_scope_and_normalised_text() {
        for (text, action, scope, normalised) in [
            ("“STOP”", json!("opt_out"), json!("sms"), "stop"),
            ("stop all", json!("opt_out"), json!("person"), "stop all"),
            ("Stop\\nthanks", json!("opt_out"), json!("sms"), "stop thanks"),
            ("UNSTOP", json!("opt_in"), json!(null), "unstop"),
            ("مساعدة", json!("help"), json!(null), "مساعدة"),
            ("not interested", json!("review"), json!(null), "not interested"),
            ("I'll stop by at 5", json!("none"), json!(null), "i ll stop by at 5"),
            ("", json!("none"), json!(null), ""),
        ] {
            let (answer, is_useful) = answer(text);
            assert!(is_useful);
            assert_eq!(answer["action"], action, "{text}");
            assert_eq!(answer["scope"], scope, "{text}");
            assert_eq!(answer["normalised"], normalised, "{text}");
        }
    }
}
