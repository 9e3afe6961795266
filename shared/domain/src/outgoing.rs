//! Addresses that we are asked to fetch or to post to: which are refused (compliance.md SEC-11).
//!
//! Whoever connects resolves the name once, asks [`is_public`] about every address it got, connects
//! to one of those, and follows no redirect. A name that resolves to something inner is found there,
//! not here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why a URL is not used. It repeats nothing of the URL, which may hold a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlRefused {
    /// Not `https://`.
    #[error("the address does not begin with https://")]
    NotHttps,
    /// A name or password before the host.
    #[error("the address has a name or password before its host; leave everything up to the @ out")]
    UserInfo,
    /// A blank, a control character or a backslash, which programs read differently.
    #[error("the address has a blank, a backslash or a control character")]
    Characters,
    /// No host, or one that is no plain name.
    #[error("the address has no host that is a plain name; write other scripts in their xn-- form")]
    Host,
    /// A number in a form that only some programs read as an IP address, such as 127.1.
    #[error("the host is a number that is no IP address in its usual form")]
    OddNumber,
    /// A port that is none.
    #[error("the port of the address is no number from 1 to 65535")]
    Port,
    /// This machine, or a network that is not the internet.
    #[error("the address leads into an inner network")]
    Inner,
}

/// Where a URL leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// A name; what it resolves to is still to be asked about.
    Name(String),
    /// An address that may be reached.
    Ip(IpAddr),
}

/// How far our requests may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// To addresses of the public internet alone.
    Internet,
    /// To this machine and the networks it is in, too: for tests and closed networks. Link-local
    /// addresses stay out, where clouds keep their credentials.
    Inner,
}

impl Reach {
    /// Whether a request may be sent to this address.
    #[must_use]
    pub fn allows(self, ip: IpAddr) -> bool {
        is_public(ip) || (self == Self::Inner && is_own(ip))
    }
}

/// This machine, or an address of a network of one's own (RFC 1918, RFC 4193, RFC 6598).
const fn is_own(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            ip.is_loopback() || ip.is_private() || matches!(ip.octets(), [100, 64..=127, ..])
        }
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local(),
    }
}

/// Host and port of a URL that may be fetched or posted to: `https`, without a user's name, and not
/// into an inner network as far as the URL itself tells.
///
/// ```
/// use domain::outgoing::{UrlRefused, check};
/// assert!(check("https://hooks.example.com/in?x=1").is_ok());
/// assert_eq!(check("https://169.254.169.254/latest"), Err(UrlRefused::Inner));
/// assert_eq!(check("https://0x7f000001/"), Err(UrlRefused::OddNumber));
/// ```
///
/// # Errors
/// Why it may not.
pub fn check(url: &str) -> Result<(Host, u16), UrlRefused> {
    check_within(url, Reach::Internet)
}

/// The same for requests that may go elsewhere, too.
///
/// # Errors
/// Why it may not.
pub fn check_within(url: &str, reach: Reach) -> Result<(Host, u16), UrlRefused> {
    let is_odd = |c: char| c.is_whitespace() || c.is_control() || c == '\\';
    if url.contains(is_odd) {
        return Err(UrlRefused::Characters);
    }
    let scheme = url.get(.."https://".len()).filter(|it| it.eq_ignore_ascii_case("https://"));
    let rest = &url[scheme.ok_or(UrlRefused::NotHttps)?.len()..];
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(UrlRefused::UserInfo);
    }
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((ip, port)) => {
            let ip: Ipv6Addr = ip.parse().map_err(|_| UrlRefused::Host)?;
            (literal(IpAddr::V6(ip), reach)?, port)
        }
        None => {
            let (name, port) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
            (named(name, reach)?, port)
        }
    };
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => 443,
        None => return Err(UrlRefused::Host),
        Some(digits) if digits.bytes().all(|digit| digit.is_ascii_digit()) => {
            digits.parse().ok().filter(|port| *port != 0).ok_or(UrlRefused::Port)?
        }
        Some(_) => return Err(UrlRefused::Port),
    };
    Ok((host, port))
}

fn literal(ip: IpAddr, reach: Reach) -> Result<Host, UrlRefused> {
    if reach.allows(ip) { Ok(Host::Ip(ip)) } else { Err(UrlRefused::Inner) }
}

/// A host that is a name, or an IPv4 address in its usual form.
fn named(host: &str, reach: Reach) -> Result<Host, UrlRefused> {
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let is_label = |label: &str| {
        let is_plain = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
        (1..=63).contains(&label.len()) && label.bytes().all(is_plain)
    };
    if host.len() > 253 || !host.split('.').all(is_label) {
        return Err(UrlRefused::Host);
    }
    // What ends in a number is an IPv4 address to every browser (WHATWG URL, "ends in a number").
    let last = host.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|c| c.is_ascii_digit()) || last.starts_with("0x") {
        let ip: Ipv4Addr = host.parse().map_err(|_| UrlRefused::OddNumber)?;
        return literal(IpAddr::V4(ip), reach);
    }
    let inner = ["localhost", "local", "internal", "lan", "intranet", "home", "corp", "arpa"];
    let is_inner = !host.contains('.') || inner.contains(&last);
    if is_inner && reach == Reach::Internet {
        return Err(UrlRefused::Inner);
    }
    Ok(Host::Name(host))
}

/// Whether an address is one of the public internet: not this machine, a private, shared or
/// link-local network, a documentation or test range, multicast, or an IPv6 form of such an IPv4
/// address (RFC 6890, RFC 8190).
#[must_use]
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

const fn is_public_v4(ip: Ipv4Addr) -> bool {
    !matches!(
        ip.octets(),
        [0 | 10 | 127, ..]
            | [100, 64..=127, ..]
            | [169, 254, ..]
            | [172, 16..=31, ..]
            | [192, 0, 0 | 2, _]
            | [192, 88, 99, _]
            | [192, 168, ..]
            | [198, 18 | 19, ..]
            | [198, 51, 100, _]
            | [203, 0, 113, _]
            | [224..=255, ..]
    )
}

const fn is_public_v6(ip: Ipv6Addr) -> bool {
    match ip.segments() {
        // 6to4 and NAT64 carry an IPv4 address.
        [0x2002, high, low, ..] | [0x64, 0xFF9B, 0, 0, 0, 0, high, low] => {
            is_public_v4(carried(high, low))
        }
        // Teredo, benchmarks, ORCHID; documentation.
        [0x2001, 0..=0x1FF | 0xDB8, ..] | [0x3FFF, 0..=0xFFF, ..] => false,
        // Nothing else is given out; mapped addresses, ULA and link-local lie outside.
        [first, ..] => first & 0xE000 == 0x2000,
    }
}

/// The IPv4 address in two groups of an IPv6 address.
const fn carried(high: u16, low: u16) -> Ipv4Addr {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Ipv4Addr::new(a, b, c, d)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_internet_are_taken() {
        for (url, host, port) in [
            ("https://hooks.example.com", "hooks.example.com", 443),
            ("HTTPS://Hooks.Example.COM.:8443/a?b=c@d#e", "hooks.example.com", 8443),
            ("https://xn--mgbh0fb.xn--kgbechtv/", "xn--mgbh0fb.xn--kgbechtv", 443),
        ] {
            assert_eq!(check(url), Ok((Host::Name(host.to_owned()), port)), "{url}");
        }
        for url in
            ["https://8.8.8.8/", "https://[2606:4700::1111]:443/", "https://[2002:808:808::]/"]
        {
            assert!(matches!(check(url), Ok((Host::Ip(_), 443))), "{url}");
        }
    }

    #[test]
    fn inner_addresses_are_refused_in_every_spelling() {
        for url in [
            "https://localhost/",
            "https://LOCALHOST./",
            "https://a.localhost/",
            "https://printer.local/",
            "https://metadata.google.internal/",
            "https://intranet/",
            "https://127.0.0.1/",
            "https://127.0.0.1.:8443/",
            "https://10.1.2.3/",
            "https://172.16.0.1/",
            "https://172.31.255.255/",
            "https://192.168.0.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://100.64.0.1/",
            "https://100.127.255.255/",
            "https://0.0.0.0/",
            "https://255.255.255.255/",
            "https://224.0.0.1/",
            "https://198.18.0.1/",
            "https://[::1]/",
            "https://[::]/",
            "https://[::ffff:169.254.169.254]/",
            "https://[::ffff:7f00:1]/",
            "https://[::127.0.0.1]/",
            "https://[fd00::1]/",
            "https://[fe80::1]/",
            "https://[64:ff9b::a9fe:a9fe]/",
            "https://[2002:7f00:1::]/",
            "https://[2001:db8::1]/",
            "https://[ff02::1]/",
            "https://[fec0::1]/",
            "https://[2001::1]/",
        ] {
            assert_eq!(check(url), Err(UrlRefused::Inner), "{url}");
        }
    }

    #[test]
    fn a_closed_network_may_be_reached_where_that_is_allowed_and_link_local_never() {
        let within = |url: &str| check_within(url, Reach::Inner);
        for url in [
            "https://localhost:8443/",
            "https://hooks.default.svc.cluster.local/in",
            "https://intranet/",
            "https://127.0.0.1/",
            "https://10.1.2.3/",
            "https://100.64.0.1/",
            "https://[::1]/",
            "https://[fd00::1]/",
            "https://8.8.8.8/",
        ] {
            assert!(within(url).is_ok(), "{url}");
        }
        for url in [
            "https://169.254.169.254/latest",
            "https://[::ffff:169.254.169.254]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[64:ff9b::a9fe:a9fe]/",
            "https://[fe80::1]/",
            "https://0.0.0.0/",
            "https://255.255.255.255/",
            "https://224.0.0.1/",
        ] {
            assert_eq!(within(url), Err(UrlRefused::Inner), "{url}");
        }
        assert_eq!(within("http://localhost/"), Err(UrlRefused::NotHttps));
        assert_eq!(within("https://127.1/"), Err(UrlRefused::OddNumber));
    }

    #[test]
    fn what_programs_read_differently_is_refused() {
        for (url, why) in [
            ("https://127.1/", UrlRefused::OddNumber),
            ("https://0x7f000001/", UrlRefused::OddNumber),
            ("https://0x7f.0.0.1/", UrlRefused::OddNumber),
            ("https://2130706433/", UrlRefused::OddNumber),
            ("https://0177.0.0.1/", UrlRefused::OddNumber),
            ("https://1.2.3.4.5/", UrlRefused::OddNumber),
            ("https://example.0x7f/", UrlRefused::OddNumber),
            ("https://good.example@127.0.0.1/", UrlRefused::UserInfo),
            ("https://user:word@good.example/", UrlRefused::UserInfo),
            ("https://good.example\\@127.0.0.1/", UrlRefused::Characters),
            ("https://good.example\t.evil/", UrlRefused::Characters),
            (" https://good.example/", UrlRefused::Characters),
            ("http://good.example/", UrlRefused::NotHttps),
            ("file:///etc/passwd", UrlRefused::NotHttps),
            ("gopher://good.example/", UrlRefused::NotHttps),
            ("https:good.example", UrlRefused::NotHttps),
            ("", UrlRefused::NotHttps),
            ("https:///path", UrlRefused::Host),
            ("https://１２７.0.0.1/", UrlRefused::Host),
            ("https://good。example/", UrlRefused::Host),
            ("https://%31%32%37.0.0.1/", UrlRefused::Host),
            ("https://[fe80::1%25eth0]/", UrlRefused::Host),
            ("https://[::1]x/", UrlRefused::Inner),
            ("https://[2606:4700::1111]x/", UrlRefused::Host),
            ("https://good.example:0/", UrlRefused::Port),
            ("https://good.example:99999/", UrlRefused::Port),
            ("https://good.example:+443/", UrlRefused::Port),
        ] {
            assert_eq!(check(url), Err(why), "{url}");
        }
    }
}
