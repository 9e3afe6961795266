//! What the fleet says to itself and reads again, and requests for pages.

use domain::suppression::SuppressionReason;
use inbound::outside::{journal as journal_of, journal_line, page_request as page};
use messages::Hint;

use crate::input::first_line;

/// Hints.
pub fn hint(data: &[u8]) {
    match Hint::parse(data) {
        Ok(hint) => {
            let bytes = hint.to_bytes();
            assert!(bytes.len() < 200, "a hint of {} bytes", bytes.len());
            assert_eq!(Hint::parse(&bytes), Ok(hint), "read and written differ");
        }
        Err(error) => {
            // What an unknown sender wrote does not get into logs.
            assert!(error.to_string().len() < 300);
        }
    }
}

/// The journal's lines: JSON that says something, sealed, is read again; nothing else is.
pub fn journal(data: &[u8]) {
    let (read, damaged) = journal_of(data);
    let whole = data.iter().filter(|byte| **byte == b'\n').count();
    assert!(read.len() + damaged <= whole, "more lines than there are");
    let mut sealed = String::new();
    let mut expected = Vec::new();
    for line in data.split(|byte| *byte == b'\n') {
        let json = String::from_utf8_lossy(line);
        if let Some(line) = journal_line(&json) {
            assert!(line.ends_with('\n') && line.matches('\n').count() == 1);
            let (found, damaged) = journal_of(line.as_bytes());
            assert_eq!((found.len(), damaged), (1, 0), "a line that was written is damaged");
            let again = journal_line(&found[0]);
            assert_eq!(again.as_ref(), Some(&line), "read and written differ");
            expected.extend(found);
            sealed.push_str(&line);
        }
    }
    assert_eq!(journal_of(sealed.as_bytes()), (expected, 0));
    // One bit of a sealed line flipped, and it is nobody's.
    if let Some(line) = sealed.split_inclusive('\n').next() {
        let mut bytes = line.as_bytes().to_vec();
        let at = data.len() % (bytes.len() - 1);
        bytes[at] ^= 1;
        let (found, _) = journal_of(&bytes);
        assert!(found.is_empty(), "a damaged line was believed");
    }
}

/// Requests for pages: lines of path and query, languages and program, then the body.
pub fn page_request(data: &[u8]) {
    let (path, rest) = first_line(data);
    let (languages, rest) = first_line(rest);
    let (agent, body) = first_line(rest);
    let path = format!("/{}", String::from_utf8_lossy(path));
    let agent = String::from_utf8_lossy(agent);
    let Some((token, locale, reason, class)) = page(&path, languages, Some(&agent), body) else {
        return;
    };
    assert!(!class.is_empty());
    let is_one_click = reason == SuppressionReason::OneClick;
    assert!(is_one_click || reason == SuppressionReason::UnsubscribeLink);
    if let Some(token) = token
        && !token.is_empty()
        && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
    {
        let asked = format!("/u/{token}?lang={locale}");
        let again = page(&asked, b"", None, body);
        let expected = Some((Some(token), locale, reason, "unnamed"));
        assert_eq!(again, expected, "the page's own link leads elsewhere");
    }
}
