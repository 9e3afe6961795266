//! The mailbox that is looked into, as its URL names it.

use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use url::{Host, Url};

/// A mailbox on an IMAP server.
#[derive(Debug, Clone)]
pub(crate) struct Mailbox {
    /// Host name or address, without brackets.
    pub host: String,
    pub port: u16,
    /// Whether TLS begins with the first byte. There is no STARTTLS here (RFC 8314 §3).
    pub has_tls: bool,
    /// Root certificates (PEM) to trust instead of the machine's.
    pub ca_file: Option<PathBuf>,
    pub user: String,
    pub password: SecretString,
    /// The mailbox's name on the server.
    pub name: String,
    /// How often it is looked into.
    pub every: Duration,
}

/// Why a URL names no mailbox.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MailboxError {
    #[error("inbound.imap_url is not a URL: {0}; write imaps://user@host/INBOX")]
    NotAUrl(url::ParseError),
    #[error("inbound.imap_url must start with imaps:, or with imap: on this machine alone")]
    Scheme,
    #[error("inbound.imap_url names no {0}; write imaps://user@host/INBOX")]
    Missing(&'static str),
    #[error("inbound.imap_url has the parameter \"{0}\"; known is ca=FILE")]
    Parameter(String),
    #[error("inbound.imap_url holds a password; it belongs in inbound.imap_password")]
    PasswordInTheUrl,
    #[error("the user or the mailbox in inbound.imap_url is not printable ASCII")]
    NotAscii,
}

impl Mailbox {
    /// Reads a URL such as `imaps://user@host:993/INBOX?ca=FILE` (RFC 5092).
    pub(crate) fn parse(
        text: &str,
        password: SecretString,
        every: Duration,
    ) -> Result<Self, MailboxError> {
        let url = Url::parse(text).map_err(MailboxError::NotAUrl)?;
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = Host::parse(host.ok_or(MailboxError::Missing("host"))?);
        let (host, is_local) = match host.map_err(MailboxError::NotAUrl)? {
            Host::Domain(name) => (name.clone(), name == "localhost"),
            Host::Ipv4(address) => (address.to_string(), address.is_loopback()),
            Host::Ipv6(address) => (address.to_string(), address.is_loopback()),
        };
        // A password never travels in the clear.
        let has_tls = match url.scheme() {
            "imaps" => true,
            "imap" if is_local => false,
            _ => return Err(MailboxError::Scheme),
        };
        if url.password().is_some() {
            return Err(MailboxError::PasswordInTheUrl);
        }
        let mut ca_file = None;
        for (name, value) in url.query_pairs() {
            match (name.as_ref(), value.as_ref()) {
                ("ca", path) if !path.is_empty() => ca_file = Some(PathBuf::from(path)),
                _ => return Err(MailboxError::Parameter(name.into_owned())),
            }
        }
        let user = plain(url.username())?;
        if user.is_empty() {
            return Err(MailboxError::Missing("user"));
        }
        let name = Some(plain(url.path().trim_start_matches('/'))?);
        let name = name.filter(|name| !name.is_empty()).unwrap_or_else(|| "INBOX".to_owned());
        let port = url.port().unwrap_or(if has_tls { 993 } else { 143 });
        Ok(Self { host, port, has_tls, ca_file, user, password, name, every })
    }
}

fn plain(text: &str) -> Result<String, MailboxError> {
    let text = percent_decode_str(text).decode_utf8().map_err(|_| MailboxError::NotAscii)?;
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if is_plain { Ok(text.into_owned()) } else { Err(MailboxError::NotAscii) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Mailbox, MailboxError> {
        Mailbox::parse(text, SecretString::from("p"), Duration::from_secs(30))
    }

    #[test]
    fn a_url_names_server_user_and_mailbox() {
        let mailbox = parse("imaps://bounces%40palm.example@mail.palm.example").unwrap();
        assert_eq!((mailbox.host.as_str(), mailbox.port), ("mail.palm.example", 993));
        assert_eq!(
            (mailbox.user.as_str(), mailbox.name.as_str()),
            ("bounces@palm.example", "INBOX")
        );
        assert!(mailbox.has_tls && mailbox.ca_file.is_none());
        let mailbox = parse("imap://me@127.0.0.1:1143/Came%20back?ca=/a/b.pem").unwrap();
        assert_eq!((mailbox.port, mailbox.name.as_str()), (1143, "Came back"));
        assert!(!mailbox.has_tls && mailbox.ca_file.is_some());
    }

    #[test]
    fn what_would_go_wrong_later_is_refused_at_once() {
        for (url, error) in [
            ("imap://me@mail.palm.example", MailboxError::Scheme),
            ("https://me@mail.palm.example", MailboxError::Scheme),
            ("imaps://mail.palm.example", MailboxError::Missing("user")),
            ("imaps://me:secret@mail.palm.example", MailboxError::PasswordInTheUrl),
            ("imaps://me@mail.palm.example?tls=no", MailboxError::Parameter("tls".to_owned())),
            ("imaps://me@mail.palm.example/a%0D%0Ab", MailboxError::NotAscii),
            ("imaps://%C3%A9@mail.palm.example", MailboxError::NotAscii),
        ] {
            assert_eq!(parse(url).unwrap_err(), error, "{url}");
        }
        assert!(parse("mail.palm.example").is_err());
    }
}
