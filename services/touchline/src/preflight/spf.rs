//! Reading SPF records (RFC 7208): who may send for a domain.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What a match means (RFC 7208 §4.6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qualifier {
    /// May send: `+`, or nothing.
    Pass,
    /// May not: `-`.
    Fail,
    /// Perhaps not: `~`.
    SoftFail,
    /// Nothing is said: `?`.
    Neutral,
}

/// Whom a mechanism matches (RFC 7208 §5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mechanism {
    /// Everybody.
    All,
    /// Whom another record lets pass.
    Include(String),
    /// The addresses of a host, the domain itself where none is named.
    A(Option<String>, Lengths),
    /// The addresses of the hosts that take a domain's mail.
    Mx(Option<String>, Lengths),
    /// By the names of the address; not to be used (RFC 7208 §5.5).
    Ptr,
    /// A network.
    Network(IpAddr, u8),
    /// A name that exists; with macros, which only a receiver can fill in.
    Exists(String),
}

/// Lengths of prefixes around the addresses of hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lengths {
    /// For IPv4.
    pub v4: u8,
    /// For IPv6.
    pub v6: u8,
}

impl Mechanism {
    /// Whether a receiver has to ask the DNS for it (RFC 7208 §4.6.4).
    pub const fn is_look_up(&self) -> bool {
        !matches!(self, Self::All | Self::Network(..))
    }
}

/// A record that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpfRecord {
    /// What matches, in order.
    pub mechanisms: Vec<(Qualifier, Mechanism)>,
    /// The domain whose record counts where nothing matches.
    pub redirect: Option<String>,
}

/// Whether a text is an SPF record at all (RFC 7208 §4.5).
pub fn is_spf(text: &str) -> bool {
    text.split(' ').next().is_some_and(|version| version.eq_ignore_ascii_case("v=spf1"))
}

impl SpfRecord {
    /// Reads a record; the error says which term cannot be read.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut record = Self { mechanisms: Vec::new(), redirect: None };
        for term in text.split_ascii_whitespace().skip(1) {
            if let Some(domain) = strip_word(term, "redirect=") {
                if record.redirect.replace(domain.to_owned()).is_some() {
                    return Err("it has \"redirect=\" twice".to_owned());
                }
            } else if !is_modifier(term) {
                let read = mechanism(term).ok_or_else(|| format!("\"{term}\" cannot be read"))?;
                record.mechanisms.push(read);
            }
        }
        Ok(record)
    }

    /// What is said of everybody else, in this record itself.
    pub fn of_all(&self) -> Option<Qualifier> {
        self.mechanisms
            .iter()
            .find(|(_, mechanism)| *mechanism == Mechanism::All)
            .map(|(qualifier, _)| *qualifier)
    }
}

/// `exp=`, or one that is not known and so ignored (RFC 7208 §6).
fn is_modifier(term: &str) -> bool {
    let Some((name, _)) = term.split_once('=') else { return false };
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

fn strip_word<'a>(term: &'a str, word: &str) -> Option<&'a str> {
    let start = term.get(..word.len())?;
    start.eq_ignore_ascii_case(word).then(|| &term[word.len()..])
}

fn mechanism(term: &str) -> Option<(Qualifier, Mechanism)> {
    let (qualifier, rest) = match term.chars().next()? {
        '+' => (Qualifier::Pass, &term[1..]),
        '-' => (Qualifier::Fail, &term[1..]),
        '~' => (Qualifier::SoftFail, &term[1..]),
        '?' => (Qualifier::Neutral, &term[1..]),
        _ => (Qualifier::Pass, term),
    };
    let end = rest.find([':', '/']).unwrap_or(rest.len());
    let (name, value) = (rest[..end].to_ascii_lowercase(), &rest[end..]);
    let domain = || value.strip_prefix(':').filter(|domain| !domain.is_empty()).map(str::to_owned);
    let read = match name.as_str() {
        "all" if value.is_empty() => Mechanism::All,
        "include" => Mechanism::Include(domain()?),
        "exists" => Mechanism::Exists(domain()?),
        "ptr" => Mechanism::Ptr,
        "ip4" | "ip6" => network(value.strip_prefix(':')?, name == "ip4")?,
        "a" | "mx" => {
            let (host, lengths) = host_and_lengths(value)?;
            if name == "a" { Mechanism::A(host, lengths) } else { Mechanism::Mx(host, lengths) }
        }
        _ => return None,
    };
    Some((qualifier, read))
}

fn network(value: &str, is_v4: bool) -> Option<Mechanism> {
    let (address, length) = match value.split_once('/') {
        Some((address, length)) => (address, Some(length.parse::<u8>().ok()?)),
        None => (value, None),
    };
    let (address, most) = if is_v4 {
        (IpAddr::V4(address.parse::<Ipv4Addr>().ok()?), 32)
    } else {
        (IpAddr::V6(address.parse::<Ipv6Addr>().ok()?), 128)
    };
    let length = length.unwrap_or(most);
    (length <= most).then_some(Mechanism::Network(address, length))
}

/// `:host/24//64`, each part may be missing.
fn host_and_lengths(value: &str) -> Option<(Option<String>, Lengths)> {
    let (value, v6) = match value.split_once("//") {
        Some((value, length)) => (value, length.parse().ok().filter(|length| *length <= 128)?),
        None => (value, 128),
    };
    let (value, v4) = match value.split_once('/') {
        Some((value, length)) => (value, length.parse().ok().filter(|length| *length <= 32)?),
        None => (value, 32),
    };
    let host = match value.strip_prefix(':') {
        Some("") => return None,
        Some(host) => Some(host.to_owned()),
        None if value.is_empty() => None,
        None => return None,
    };
    Some((host, Lengths { v4, v6 }))
}

/// Whether an address is in a network.
pub fn covers(network: IpAddr, length: u8, address: IpAddr) -> bool {
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
            network.to_bits() & mask == address.to_bits() & mask
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
            network.to_bits() & mask == address.to_bits() & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: Lengths = Lengths { v4: 32, v6: 128 };

    #[test]
    fn a_record_is_known_by_its_first_word_alone() {
        for (text, expected) in [
            ("v=spf1 -all", true),
            ("V=SPF1", true),
            ("v=spf10 -all", false),
            ("v=DMARC1; p=none", false),
            ("", false),
        ] {
            assert_eq!(is_spf(text), expected, "{text}");
        }
    }

    #[test]
    fn every_mechanism_is_read_with_its_qualifier() {
        for (term, qualifier, expected) in [
            ("-all", Qualifier::Fail, Mechanism::All),
            ("~ALL", Qualifier::SoftFail, Mechanism::All),
            (
                "include:_spf.x.example",
                Qualifier::Pass,
                Mechanism::Include("_spf.x.example".into()),
            ),
            ("a", Qualifier::Pass, Mechanism::A(None, HOST)),
            ("?a:m.x.example/24//64", Qualifier::Neutral, {
                Mechanism::A(Some("m.x.example".into()), Lengths { v4: 24, v6: 64 })
            }),
            ("mx//64", Qualifier::Pass, Mechanism::Mx(None, Lengths { v4: 32, v6: 64 })),
            ("ptr:x.example", Qualifier::Pass, Mechanism::Ptr),
            ("ip4:192.0.2.0/24", Qualifier::Pass, {
                Mechanism::Network("192.0.2.0".parse().unwrap(), 24)
            }),
            ("ip6:2001:db8::/32", Qualifier::Pass, {
                Mechanism::Network("2001:db8::".parse().unwrap(), 32)
            }),
            ("exists:%{i}.x.example", Qualifier::Pass, {
                Mechanism::Exists("%{i}.x.example".into())
            }),
        ] {
            assert_eq!(mechanism(term), Some((qualifier, expected)), "{term}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for term in ["ip4:192.0.2", "ip4:2001:db8::1", "ip4:192.0.2.1/33", "include:", "a:", "al"] {
            let error = SpfRecord::parse(&format!("v=spf1 {term} -all")).unwrap_err();
            assert!(error.contains(term), "{error}");
        }
        assert!(SpfRecord::parse("v=spf1 redirect=a.example redirect=b.example").is_err());
        let read = SpfRecord::parse("v=spf1 exp=x.example foo=bar redirect=a.example").unwrap();
        assert_eq!((read.redirect.as_deref(), read.mechanisms.len()), (Some("a.example"), 0));
        assert_eq!(read.of_all(), None);
    }

    #[test]
    fn networks_cover_their_addresses() {
        for (network, length, address, expected) in [
            ("192.0.2.0", 24, "192.0.2.255", true),
            ("192.0.2.0", 24, "192.0.3.0", false),
            ("192.0.2.1", 32, "192.0.2.1", true),
            ("0.0.0.0", 0, "203.0.113.9", true),
            ("2001:db8::", 32, "2001:db8:1::1", true),
            ("2001:db8::", 128, "2001:db8::1", false),
            ("::", 0, "192.0.2.1", false),
        ] {
            let covered = covers(network.parse().unwrap(), length, address.parse().unwrap());
            assert_eq!(covered, expected, "{network}/{length} {address}");
        }
    }
}
