//! Requests that inbound keeps as they came, found by whom they name.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use domain::AddressKind;
use storage::contacts::Contact;

use crate::connect::Session;

/// Fewer digits than these name nobody.
const DIGITS: usize = 7;

/// The folder: the one given, else `[inbound] replies_dir`, else the usual one.
///
/// # Errors
/// A setting that cannot be read.
pub fn folder(given: Option<PathBuf>, session: &Session) -> anyhow::Result<PathBuf> {
    #[derive(serde::Deserialize)]
    struct Inbound {
        replies_dir: Option<PathBuf>,
    }
    let set = session.settings.section::<Inbound>("inbound")?.replies_dir;
    match given.or(set) {
        Some(folder) => Ok(folder),
        None => Ok(session.data_folder()?.join("replies")),
    }
}

/// Removes every kept request that names one of the contact's email addresses or numbers. Returns
/// how many; a folder that is not there holds none.
///
/// # Errors
/// A file that cannot be read or removed.
pub async fn remove(folder: &Path, contact: &Contact) -> anyhow::Result<u64> {
    let (folder, marks) = (folder.to_owned(), Marks::of(contact));
    tokio::task::spawn_blocking(move || remove_all(&folder, &marks)).await?
}

fn remove_all(folder: &Path, marks: &Marks) -> anyhow::Result<u64> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", folder.display()));
        }
    };
    let mut removed = 0;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            removed += remove_all(&path, marks)?;
            continue;
        }
        let unreadable = || format!("cannot read or remove {}", path.display());
        let content = std::fs::read(&path).with_context(unreadable)?;
        if marks.are_in(&content) {
            std::fs::remove_file(&path).with_context(unreadable)?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// By what a request names a person.
struct Marks {
    /// In small letters.
    emails: Vec<String>,
    /// Without the plus and what is between digits.
    numbers: Vec<String>,
}

impl Marks {
    fn of(contact: &Contact) -> Self {
        let values = |kind| {
            let own = contact.addresses.iter().filter(move |address| address.kind == kind);
            own.map(|address| address.value.clone())
        };
        Self {
            emails: values(AddressKind::Email).map(|value| value.to_lowercase()).collect(),
            numbers: values(AddressKind::Phone)
                .map(|value| value.chars().filter(char::is_ascii_digit).collect::<String>())
                .filter(|digits| digits.len() >= DIGITS)
                .collect(),
        }
    }

    /// Whether a request names the person, as it is or with the percent signs of a form.
    fn are_in(&self, content: &[u8]) -> bool {
        let text = unescaped(content).to_lowercase();
        let digits: String = text.chars().filter(|c| !" -.()".contains(*c)).collect();
        self.emails.iter().any(|email| text.contains(email.as_str()))
            || self.numbers.iter().any(|number| digits.contains(number.as_str()))
    }
}

fn unescaped(content: &[u8]) -> String {
    let hex = |at: usize| content.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut bytes = Vec::with_capacity(content.len());
    let mut at = 0;
    while at < content.len() {
        match (content[at], hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high << 4 | low).unwrap_or(b'%'));
                at += 3;
            }
            (byte, ..) => {
                bytes.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_found_by_whom_it_names() {
        let marks = Marks {
            emails: vec!["sara@example.com".to_owned()],
            numbers: vec!["971501234567".to_owned()],
        };
        for (content, is_found) in [
            ("From=%2B971501234567&Body=STOP", true),
            ("From=%2B971%2050%20123%204567&Body=STOP", true),
            ("{\"from\":\"+971 50 123-4567\"}", true),
            ("Final-Recipient: rfc822; Sara@Example.com", true),
            ("From=%2B971501234568&Body=STOP", false),
            ("To: sam@example.com", false),
        ] {
            assert_eq!(marks.are_in(content.as_bytes()), is_found, "{content}");
        }
    }
}
