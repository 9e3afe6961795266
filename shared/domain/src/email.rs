//! Email addresses: what is accepted, and the keys one address is known by (compliance.md V-8).
//!
//! Three forms of one address: *as entered* is what is sent to, *exact* is the suppression key, and
//! *canonical* is the exact key after the rules of a provider that delivers several spellings to
//! one mailbox. An entry on either key blocks (compliance.md SUP-06).

use std::fmt;
use std::str::FromStr;

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};
use unicode_normalization::UnicodeNormalization;

/// The longest local part, in octets (RFC 5321 §4.5.3.1.1).
pub const LOCAL_PART_OCTETS: usize = 64;
/// The longest address, in octets: the path of 256 less its angle brackets (RFC 5321 §4.5.3.1.3).
pub const ADDRESS_OCTETS: usize = 254;

/// Why a text is not an email address we send to. Never repeats the text itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// Nothing but blanks.
    #[error("the email address is empty")]
    Empty,
    /// A line break or another control character, as header injection uses.
    #[error("the email address contains a line break or another control character")]
    ControlCharacter,
    /// A blank inside the address.
    #[error("the email address contains a space")]
    Space,
    /// Not exactly one "@".
    #[error("an email address has exactly one \"@\", this one has {0}")]
    AtSigns(usize),
    /// Nothing before the "@".
    #[error("there is nothing before the \"@\" of the email address")]
    LocalPartEmpty,
    /// A quoted local part: legal, but refused by most who would have to deliver it.
    #[error("an email address with quotes before the \"@\" is not supported")]
    LocalPartQuoted,
    /// A dot at the start or end of the local part, or two in a row.
    #[error("before the \"@\" of an email address a dot stands between two other characters")]
    LocalPartDots,
    /// A character that RFC 5322 does not allow in an unquoted local part.
    #[error("\"{0}\" cannot stand before the \"@\" of an email address")]
    LocalPartCharacter(char),
    /// The local part is longer than [`LOCAL_PART_OCTETS`].
    #[error("the part before the \"@\" is {0} octets long, allowed are {LOCAL_PART_OCTETS}")]
    LocalPartTooLong(usize),
    /// The address is longer than [`ADDRESS_OCTETS`].
    #[error("the email address is {0} octets long, allowed are {ADDRESS_OCTETS}")]
    TooLong(usize),
    /// An IP address in place of a domain name.
    #[error("the email address names an IP address instead of a domain")]
    IpAddress,
    /// The domain is not one UTS-46 accepts: an empty or too long label, a forbidden character.
    #[error("the domain of the email address is not a valid domain name")]
    DomainInvalid,
    /// A domain of a single label, such as `localhost`.
    #[error("the domain of the email address has no ending such as \".com\"")]
    DomainSingleLabel,
    /// The domain is a public suffix such as `co.uk`: the name before it is missing.
    #[error("the domain of the email address is only an ending, the name before it is missing")]
    DomainPublicSuffix,
}

/// An email address that can be sent to, with its suppression keys.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Email {
    exact: String,
    canonical: String,
    entered: String,
    /// Where the domain starts in `exact`.
    domain_start: usize,
}

impl Email {
    /// The address in `raw`, which may carry blanks, invisible direction marks, `mailto:` and a
    /// trailing dot, as pasted text does; or why there is none.
    ///
    /// ```
    /// use domain::email::Email;
    /// let email = Email::parse("mailto:A.Lice+Home@GoogleMail.com").unwrap();
    /// assert_eq!(email.as_entered(), "A.Lice+Home@GoogleMail.com");
    /// assert_eq!(email.exact(), "a.lice+home@googlemail.com");
    /// assert_eq!(email.canonical(), "alice@gmail.com");
    /// ```
    pub fn parse(raw: &str) -> Result<Self, EmailError> {
        let entered = cleaned(raw);
        check_characters(&entered)?;
        let n_at_signs = entered.matches('@').count();
        let (local, domain) = match entered.split_once('@') {
            Some(parts) if n_at_signs == 1 => parts,
            _ => return Err(EmailError::AtSigns(n_at_signs)),
        };
        check_local_part(local)?;
        let domain = ascii_domain(domain)?;
        // Lower-casing can leave NFC (U+0130 becomes two code points), hence the second pass.
        let local_key: String = local.to_lowercase().nfc().collect();
        check_lengths(local, &local_key, &domain)?;
        let canonical = canonical_key(&local_key, &domain);
        let exact = format!("{local_key}@{domain}");
        // UTS-46 reads the ideographic stops as dots.
        let entered = match entered.strip_suffix(['.', '\u{3002}', '\u{FF0E}', '\u{FF61}']) {
            Some(without_dot) => without_dot.to_owned(),
            None => entered,
        };
        Ok(Self { domain_start: local_key.len() + 1, exact, canonical, entered })
    }

    /// The address as the person wrote it, without the dirt around it: case and script are kept.
    /// This is what is sent to.
    #[must_use]
    pub fn as_entered(&self) -> &str {
        &self.entered
    }

    /// The local part as the person wrote it: what stands before the "@".
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.entered.split_once('@').map_or("", |(local, _)| local)
    }

    /// The address for an SMTP envelope: local part as entered, domain as A-label, so that a
    /// server without SMTPUTF8 can take it whenever [`Email::is_ascii_local`].
    #[must_use]
    pub fn for_envelope(&self) -> String {
        format!("{}@{}", self.local_part(), self.domain())
    }

    /// The exact key: local part in lower case and NFC, domain as A-label.
    #[must_use]
    pub fn exact(&self) -> &str {
        &self.exact
    }

    /// The canonical key: the exact key after the provider's rules; the same as the exact key for
    /// every provider but Gmail.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The domain as A-label, in lower case, without a trailing dot.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.exact[self.domain_start..]
    }

    /// Whether the local part is ASCII; otherwise the receiving server must speak SMTPUTF8.
    #[must_use]
    pub fn is_ascii_local(&self) -> bool {
        self.local_part().is_ascii()
    }
}

impl FromStr for Email {
    type Err = EmailError;

    fn from_str(raw: &str) -> Result<Self, Self::Err> {
        Self::parse(raw)
    }
}

impl fmt::Debug for Email {
    /// Shows the domain alone, so that no address gets into a log by way of a derived `Debug`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Email(…@{})", self.domain())
    }
}

/// The text without what pasting adds: blanks, invisible marks, `mailto:` with its query. NFC.
fn cleaned(raw: &str) -> String {
    let mut in_domain = false;
    let visible: String = raw
        .chars()
        .filter(|&c| {
            in_domain |= c == '@';
            // Joiners mean something in a domain, where UTS-46 judges them by their neighbours.
            !(is_invisible(c) || !in_domain && matches!(c, '\u{200C}' | '\u{200D}'))
        })
        .nfc()
        .collect();
    let text = visible.trim();
    let Some(rest) = without_scheme(text) else { return text.to_owned() };
    // A "?" is legal in a local part, so only one after the "@" starts the query.
    let query = rest.find('@').and_then(|at| rest[at..].find('?').map(|n| at + n));
    rest[..query.unwrap_or(rest.len())].trim().to_owned()
}

/// What follows `mailto:`, in whatever case it is written.
fn without_scheme(text: &str) -> Option<&str> {
    let scheme = text.get(..7)?;
    scheme.eq_ignore_ascii_case("mailto:").then(|| &text[7..])
}

/// Direction marks, byte order marks and other format characters without a glyph of their own
/// (Unicode category Cf, as far as text editors, word processors and web pages leave them behind).
const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}'
        | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206F}'
        | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

fn check_characters(address: &str) -> Result<(), EmailError> {
    if address.is_empty() {
        return Err(EmailError::Empty);
    }
    if address.chars().any(char::is_control) {
        return Err(EmailError::ControlCharacter);
    }
    if address.chars().any(char::is_whitespace) {
        return Err(EmailError::Space);
    }
    Ok(())
}

/// The dot-atom of RFC 5322 §3.2.3, widened to UTF-8 by RFC 6532 §3.2.
fn check_local_part(local: &str) -> Result<(), EmailError> {
    if local.is_empty() {
        return Err(EmailError::LocalPartEmpty);
    }
    if local.contains('"') {
        return Err(EmailError::LocalPartQuoted);
    }
    if local.split('.').any(str::is_empty) {
        return Err(EmailError::LocalPartDots);
    }
    let is_atom = |c: char| {
        // U+FFFD is what a wrongly decoded file leaves where a letter was.
        c.is_ascii_alphanumeric()
            || "!#$%&'*+-/=?^_`{|}~.".contains(c)
            || !c.is_ascii() && c != char::REPLACEMENT_CHARACTER
    };
    match local.chars().find(|&c| !is_atom(c)) {
        Some(c) => Err(EmailError::LocalPartCharacter(c)),
        None => Ok(()),
    }
}

/// The domain by UTS-46, non-transitional, with STD3 rules, as A-label without a trailing dot.
fn ascii_domain(domain: &str) -> Result<String, EmailError> {
    if domain.starts_with('[') {
        return Err(EmailError::IpAddress);
    }
    let ascii = Uts46::new()
        .to_ascii(
            domain.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::Check,
            DnsLength::VerifyAllowRootDot,
        )
        .map_err(|_| EmailError::DomainInvalid)?;
    let ascii = ascii.strip_suffix('.').unwrap_or(&ascii);
    let Some((_, ending)) = ascii.rsplit_once('.') else {
        return Err(if ascii.is_empty() {
            EmailError::DomainInvalid
        } else {
            EmailError::DomainSingleLabel
        });
    };
    if ending.bytes().all(|byte| byte.is_ascii_digit()) {
        // No top-level domain is numeric (RFC 3696 §2), so this is an IPv4 address.
        return Err(EmailError::IpAddress);
    }
    if is_icann_suffix(ascii) {
        return Err(EmailError::DomainPublicSuffix);
    }
    Ok(ascii.to_owned())
}

/// Whether the whole domain is a suffix under which registries sell names. Suffixes of private
/// owners (`github.io`) are left alone, since their owners may well have mailboxes there; and so
/// are endings the list does not know, since it ages and test domains are not on it.
fn is_icann_suffix(domain: &str) -> bool {
    psl::suffix(domain.as_bytes()).is_some_and(|suffix| {
        suffix.as_bytes() == domain.as_bytes() && suffix.typ() == Some(psl::Type::Icann)
    })
}

fn check_lengths(entered: &str, key: &str, domain: &str) -> Result<(), EmailError> {
    let octets = entered.len().max(key.len());
    if octets > LOCAL_PART_OCTETS {
        return Err(EmailError::LocalPartTooLong(octets));
    }
    let octets = octets + 1 + domain.len();
    if octets > ADDRESS_OCTETS {
        return Err(EmailError::TooLong(octets));
    }
    Ok(())
}

/// Gmail delivers every dotting and every `+tag` of a name, on both of its domains, to one
/// mailbox. No other provider is known well enough to be listed.
fn canonical_key(local: &str, domain: &str) -> String {
    if !matches!(domain, "gmail.com" | "googlemail.com") {
        return format!("{local}@{domain}");
    }
    let name = local.split('+').next().unwrap_or(local).replace('.', "");
    // "+tag@gmail.com" names no mailbox; taking the tag away would leave nothing.
    let name = if name.is_empty() { local } else { &name };
    format!("{name}@gmail.com")
}

/// Whether a domain (A-labels, lower case) is kept for examples and tests and leads nowhere (RFC 2606,
/// RFC 6761).
#[must_use]
pub fn is_reserved(domain: &str) -> bool {
    const ENDINGS: [&str; 4] = ["example", "invalid", "test", "localhost"];
    const DOMAINS: [&str; 3] = ["example.com", "example.net", "example.org"];
    let ending = domain.rsplit('.').next().unwrap_or_default();
    let within = |own: &str| domain == own || domain.ends_with(&format!(".{own}"));
    ENDINGS.contains(&ending) || DOMAINS.into_iter().any(within)
}

#[cfg(test)]
mod tests {
    use super::is_reserved;

    #[test]
    fn domains_for_examples_are_told_from_those_that_look_like_them() {
        for domain in ["example.com", "mail.example.org", "palm.example", "x.test", "a.invalid"] {
            assert!(is_reserved(domain), "{domain}");
        }
        for domain in ["palm.ae", "myexample.com", "example.com.au", "example.ae", "test.com"] {
            assert!(!is_reserved(domain), "{domain}");
        }
    }
}
