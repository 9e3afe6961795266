//! A person's answer by mail: the words of their own, and whether it is known who wrote them
//! (compliance.md EML-12, SEC-10).

use domain::email::Email;
use domain::reply::{self, Action, Reading};
use mail_parser::Message;

/// Bytes of an answer that are read. Who wants to be left alone says so before that.
const WORDS_BYTES: usize = 16 * 1024;

/// How the line before a quotation ends, in lower case.
const ATTRIBUTIONS: &[&str] =
    &["wrote:", "a écrit :", "a écrit:", "escribió:", "كتب:", "كتبت:", "كتب/ت:"];

/// How the line before that one may begin, where a mail program has folded it.
const ATTRIBUTION_BEGINS: &[&str] = &["on ", "le ", "el ", "في ", "بتاريخ "];

/// How a whole quoted message is announced, in lower case and without dashes and blanks around it.
const ANNOUNCEMENTS: &[&str] = &[
    "original message",
    "forwarded message",
    "message d'origine",
    "mensaje original",
    "الرسالة الأصلية",
];

/// How the headers of a quoted message begin when nothing announces them.
const QUOTED_HEADERS: &[&str] = &["from:", "de :", "de:", "من:"];

/// Prefixes of a subject that answers, in lower case.
const PREFIXES: &[&str] = &["re:", "fw:", "fwd:", "aw:", "رد:"];

/// An answer.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// Whom it says it is from.
    pub from: Option<Email>,
    /// What the writer has written: without quotations, without what the program has added.
    pub words: String,
    /// The subject, without prefixes of answering.
    pub subject: String,
    /// The first header Authentication-Results (RFC 8601), with folded lines joined.
    authentication: Option<String>,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Answer(…)")
    }
}

impl Answer {
    /// What it asks for. The subject counts only where it is a keyword and the text asks for nothing.
    #[must_use]
    pub fn reading(&self) -> Reading {
        let of_words = reply::read(&self.words);
        if of_words.action != Action::None {
            return of_words;
        }
        let of_subject = reply::read(&self.subject);
        if of_subject.is_keyword && of_subject.action == Action::OptOut {
            return of_subject;
        }
        of_words
    }

    /// The address it is from, if the mail server named `server` has found it genuine: DMARC passed
    /// for its domain, or a DKIM signature of its domain or of one above it did. Only the topmost
    /// header counts, which is the last server's; that server removes those that pretend to be its
    /// own (RFC 8601 §5).
    #[must_use]
    pub fn authenticated_sender(&self, server: &str) -> Option<&Email> {
        let from = self.from.as_ref()?;
        let plain = without_comments(self.authentication.as_deref()?).to_ascii_lowercase();
        let mut methods = plain.split(';');
        let named = methods.next()?.split_ascii_whitespace().next()?;
        let is_named = !server.is_empty() && named.eq_ignore_ascii_case(server);
        let domain = from.domain().to_ascii_lowercase();
        (is_named && methods.any(|method| vouches_for(method, &domain))).then_some(from)
    }
}

/// The answer in a message; `None` where lists and machines write to many.
pub(super) fn read(message: &Message<'_>) -> Option<Answer> {
    let bulk = ["List-Id", "List-Unsubscribe", "List-Post"];
    let precedence = message.header_raw("Precedence").unwrap_or_default().trim();
    if bulk.iter().any(|name| message.header_raw(*name).is_some())
        || ["bulk", "list", "junk"].iter().any(|word| precedence.eq_ignore_ascii_case(word))
    {
        return None;
    }
    let mut senders = message.from()?.iter();
    let sender = senders.next().and_then(|sender| Email::parse(sender.address()?).ok());
    // Nobody knows which of several has written it, nor which of several headers was checked.
    let headers = message.headers_raw().filter(|(name, _)| name.eq_ignore_ascii_case("From"));
    let is_one = senders.next().is_none() && headers.count() == 1;
    let from = sender.filter(|_| is_one);
    let text = message.body_text(0).unwrap_or_default();
    let mut subject = message.subject().unwrap_or_default().trim();
    while let Some(rest) = PREFIXES.iter().find_map(|prefix| without_prefix(subject, prefix)) {
        subject = rest.trim_start();
    }
    // The first is the one that was added last.
    let authentication = message
        .headers_raw()
        .find(|(name, _)| name.eq_ignore_ascii_case("Authentication-Results"))
        .map(|(_, value)| value);
    Some(Answer {
        from,
        words: own_words(&text),
        subject: subject.to_owned(),
        authentication: authentication
            .map(|it| it.split_whitespace().collect::<Vec<_>>().join(" ")),
    })
}

fn without_prefix<'a>(subject: &'a str, prefix: &str) -> Option<&'a str> {
    let beginning = subject.get(..prefix.len())?;
    (beginning.to_lowercase() == prefix).then(|| &subject[prefix.len()..])
}

/// What stands before the first quotation or signature.
fn own_words(text: &str) -> String {
    let text = &text[..text.floor_char_boundary(WORDS_BYTES)];
    let mut own: Vec<&str> = Vec::new();
    for line in text.lines() {
        let plain = line.trim().to_lowercase();
        let bare = plain.trim_matches(|c: char| c == '-' || c == '_' || c.is_whitespace());
        if ATTRIBUTIONS.iter().any(|end| plain.ends_with(end)) {
            let before = own.last().map(|line| line.trim().to_lowercase()).unwrap_or_default();
            if ATTRIBUTION_BEGINS.iter().any(|beginning| before.starts_with(beginning)) {
                own.pop();
            }
            break;
        }
        if line.trim_end() == "--"
            || line == "-- "
            || ANNOUNCEMENTS.contains(&bare)
            || plain.starts_with("____")
            || QUOTED_HEADERS.iter().any(|name| plain.starts_with(name)) && plain.contains('@')
        {
            break;
        }
        if !plain.starts_with('>') {
            own.push(line);
        }
    }
    own.join("\n").trim().to_owned()
}

/// The text without what stands in brackets, which may hold brackets.
fn without_comments(text: &str) -> String {
    let mut depth = 0_usize;
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            c if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    plain
}

/// Whether one method's result says that mail from `domain` is genuine.
fn vouches_for(method: &str, domain: &str) -> bool {
    let mut words = method.split_ascii_whitespace();
    let result = words.next().unwrap_or_default();
    let property = |name: &str| {
        words.clone().find_map(|word| word.strip_prefix(name)).map(|value| value.trim_matches('"'))
    };
    match result {
        "dmarc=pass" => property("header.from=").is_some_and(|from| from == domain),
        "dkim=pass" => {
            let signer = property("header.d=");
            let signer = signer.or_else(|| property("header.i=")?.split('@').nth(1));
            signer.is_some_and(|signer| {
                let above = domain.strip_suffix(signer).and_then(|rest| rest.strip_suffix('.'));
                // A name without a dot is nobody's domain.
                signer == domain || signer.contains('.') && above.is_some()
            })
        }
        _ => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use domain::reply::OptOutScope;
    use mail_parser::MessageParser;

    use super::*;

    fn answer(headers: &str, text: &str) -> Answer {
        let message = format!("From: Sara <Sara@example.org>\r\n{headers}\r\n{text}");
        read(&MessageParser::default().parse(message.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn only_the_writers_own_words_count() {
        for text in [
            "Stop\r\n\r\nOn Tue, Agency <news@agency.example> wrote:\r\n> to stop, unsubscribe\r\n",
            "Stop\r\n\r\nOn Tue, 3 Mar 2026 at 10:00, Agency\r\n<news@agency.example> wrote:\r\n\r\nx",
            "Stop\r\n\r\n-----Original Message-----\r\nFrom: Agency\r\nHow are you\r\n",
            "Stop\r\n\r\n________________________________\r\nFrom: Agency <a@b.example>\r\nx\r\n",
            "Stop\r\nFrom: Agency <news@agency.example>\r\nSent: Tuesday\r\nx\r\n",
            "Stop\r\n-- \r\nSara Haddad\r\nthe house of words\r\n",
            "> How are you?\r\nStop\r\n",
            "Stop\r\n\r\nبتاريخ ٣ مارس، كتب:\r\n> مرحبا\r\n",
        ] {
            assert_eq!(answer("", text).words, "Stop", "{text}");
        }
        let quoted = "Thanks, see you at five\r\n\r\nOn Tue, A wrote:\r\n> unsubscribe\r\n";
        assert_eq!(answer("", quoted).reading().action, Action::None);
    }

    #[test]
    fn an_answer_is_read_as_a_text_message_is() {
        for (text, action, scope) in [
            ("unsubscribe", Action::OptOut, Some(OptOutScope::Sms)),
            ("Please remove me from your list.", Action::OptOut, Some(OptOutScope::Person)),
            ("إلغاء الاشتراك", Action::OptOut, Some(OptOutScope::Sms)),
            ("What a lovely villa!", Action::None, None),
        ] {
            let reading = answer("Subject: Re: A villa\r\n", text).reading();
            assert_eq!((reading.action, reading.scope), (action, scope), "{text}");
        }
    }

    #[test]
    fn a_subject_that_is_a_keyword_counts_and_any_other_does_not() {
        for subject in ["unsubscribe", "UNSUBSCRIBE", "Re: unsubscribe", "RE: Fwd: Stop"] {
            let headers = format!("Subject: {subject}\r\n");
            assert_eq!(answer(&headers, "").reading().action, Action::OptOut, "{subject}");
            assert_eq!(answer(&headers, "Hello").reading().action, Action::OptOut, "{subject}");
        }
        for subject in ["Re: please remove me from your list", "", "Re: A villa"] {
            let headers = format!("Subject: {subject}\r\n");
            assert_eq!(answer(&headers, "Hello").reading().action, Action::None, "{subject}");
        }
    }

    #[test]
    fn what_a_list_sends_is_nobodys_answer() {
        for header in ["List-Id: <x>", "List-Unsubscribe: <mailto:a@b>", "Precedence: bulk"] {
            let message = format!("From: a@example.org\r\n{header}\r\n\r\nunsubscribe\r\n");
            let message = MessageParser::default().parse(message.as_bytes()).unwrap();
            assert_eq!(read(&message), None, "{header}");
        }
    }

    #[test]
    fn a_sender_is_who_our_own_server_says_it_is() {
        let is_known = |results: &str| {
            let answer = answer(&format!("{results}Subject: x\r\n"), "stop");
            answer.authenticated_sender("mx.palm.example").is_some()
        };
        for genuine in [
            "Authentication-Results: mx.palm.example; dkim=pass header.d=example.org\r\n",
            "Authentication-Results: MX.Palm.example 1; spf=fail; dkim=pass (2048) header.i=@Example.org\r\n",
            "Authentication-Results: mx.palm.example;\r\n dmarc=pass (p=none) header.from=example.org\r\n",
        ] {
            assert!(is_known(genuine), "{genuine}");
        }
        for forged in [
            "",
            "Authentication-Results: evil.example; dkim=pass header.d=example.org\r\n",
            "Authentication-Results: evil.example; mx.palm.example; dkim=pass header.d=example.org\r\n",
            "Authentication-Results: mx.palm.example.evil.tld; dkim=pass header.d=example.org\r\n",
            "Authentication-Results: mx.palm.example; dkim=fail header.d=example.org\r\n",
            "Authentication-Results: mx.palm.example; dkim=pass header.d=evil.example\r\n",
            "Authentication-Results: mx.palm.example; dkim=pass header.d=org\r\n",
            "Authentication-Results: mx.palm.example; dkim=pass header.d=ample.org\r\n",
            "Authentication-Results: mx.palm.example; dkim=pass header.d=a.example.org\r\n",
            "Authentication-Results: mx.palm.example; dkim=pass\r\n",
            "Authentication-Results: mx.palm.example; dkim=fail (dkim=pass header.d=example.org)\r\n",
            "Authentication-Results: mx.palm.example; spf=pass smtp.mailfrom=example.org\r\n",
            "Authentication-Results: mx.palm.example; dmarc=pass header.from=evil.example\r\n",
            "Authentication-Results: evil.example; dkim=none\r\n\
             Authentication-Results: mx.palm.example; dkim=pass header.d=example.org\r\n",
        ] {
            assert!(!is_known(forged), "{forged}");
        }
        let genuine = "Authentication-Results: mx.palm.example; dkim=pass header.d=example.org\r\n";
        assert_eq!(answer(genuine, "stop").authenticated_sender(""), None);
        let two = format!("From: b@example.org\r\n{genuine}");
        assert!(answer(&two, "").authenticated_sender("mx.palm.example").is_none());
    }
}
