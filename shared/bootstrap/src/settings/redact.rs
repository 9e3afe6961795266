//! Texts as they may be shown: without passwords.

/// What stands in the place of a secret.
pub(super) const HIDDEN: &str = "***";

/// Words in the name of a query parameter that mark its value as a secret.
const SECRET_PARAMETERS: [&str; 8] =
    ["pass", "pwd", "secret", "token", "key", "auth", "sign", "cred"];

/// `text` with the passwords and keys of all URLs in it hidden. Settings, error chains and the
/// reasons of health checks go through here before anyone sees them.
///
/// ```
/// let text = "cannot reach amqp://fleet:pa/ss@broker:5672/%2f?token=abc&heartbeat=10";
/// assert_eq!(
///     bootstrap::settings::redacted(text),
///     "cannot reach amqp://fleet:***@broker:5672/%2f?token=***&heartbeat=10",
/// );
/// ```
#[must_use]
pub fn redacted(text: &str) -> String {
    text.split_inclusive(char::is_whitespace).map(redacted_word).collect()
}

fn redacted_word(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://") else {
        return word.to_owned();
    };
    // The last "@" counts, so that a password with an unescaped "/" or "@" is hidden as well;
    // hiding a bit too much is the lesser harm.
    let rest = match rest.rsplit_once('@') {
        None => rest.to_owned(),
        Some((credentials, host)) => match credentials.split_once(':') {
            Some((user, _)) => format!("{user}:{HIDDEN}@{host}"),
            None => format!("{HIDDEN}@{host}"),
        },
    };
    let Some((address, query)) = rest.split_once('?') else {
        return format!("{scheme}://{rest}");
    };
    let query: Vec<String> = query.split('&').map(redacted_parameter).collect();
    format!("{scheme}://{address}?{}", query.join("&"))
}

fn redacted_parameter(parameter: &str) -> String {
    let Some((name, value)) = parameter.split_once('=') else {
        return parameter.to_owned();
    };
    let lowered = name.to_lowercase();
    if !SECRET_PARAMETERS.iter().any(|secret| lowered.contains(secret)) {
        return parameter.to_owned();
    }
    // A trailing space or quote belongs to the sentence around the URL.
    let tail = value.trim_end_matches(|c: char| c.is_whitespace() || "\"'`),;".contains(c)).len();
    format!("{name}={HIDDEN}{}", &value[tail..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_in_urls_are_hidden_and_everything_else_is_kept() {
        for (text, shown) in [
            ("", ""),
            ("plain text, no secret", "plain text, no secret"),
            (
                "postgres://host/touchline?sslmode=require",
                "postgres://host/touchline?sslmode=require",
            ),
            ("postgres://user:pw@host/db", "postgres://user:***@host/db"),
            ("postgres://user:p@w@host/db", "postgres://user:***@host/db"),
            ("smtps://user%40x:p/w@host:465", "smtps://user%40x:***@host:465"),
            ("https://only-a-token@host/", "https://***@host/"),
            ("say \"amqp://u:p@h\" again", "say \"amqp://u:***@h\" again"),
            ("http://h/send?username=u&password=p", "http://h/send?username=u&password=***"),
            ("(http://h/?api_key=k) failed", "(http://h/?api_key=***) failed"),
        ] {
            assert_eq!(redacted(text), shown);
        }
    }
}
