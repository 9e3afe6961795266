//! Where the gateway may stand: TLS anywhere, plain HTTP only close by (compliance.md SEC-11).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::Url;

use super::BuildError;
use super::template::{Template, percent_encoded};

/// Endings of names that only resolve inside a private network.
const PRIVATE_ENDINGS: [&str; 6] =
    [".internal", ".local", ".lan", ".svc", ".cluster.local", ".home.arpa"];

/// The address to use, taken apart.
pub(super) struct Effective {
    /// Scheme, host and path, with placeholders.
    pub base: String,
    /// The query given in the settings, which takes the place of the preset's.
    pub query: Option<String>,
}

/// The settings' address over the preset's: without a path of its own it keeps the preset's path.
pub(super) fn effective(preset: &str, given: &str) -> Result<Effective, BuildError> {
    if given.is_empty() {
        if preset.is_empty() {
            return Err(BuildError::NotSet("sms.url"));
        }
        return Ok(Effective { base: preset.to_owned(), query: None });
    }
    let (base, query) = match given.split_once('?') {
        Some((base, query)) => (base, Some(query.to_owned())),
        None => (given, None),
    };
    let after_scheme = base.split_once("://").map_or(base, |(_, rest)| rest);
    let has_path = after_scheme.split_once('/').is_some_and(|(_, path)| !path.is_empty());
    let mut base = base.to_owned();
    if !has_path {
        base.truncate(base.trim_end_matches('/').len());
        base.push_str(path_of(preset));
    }
    Ok(Effective { base, query })
}

fn path_of(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or("", |(_, rest)| rest);
    after_scheme.find('/').map_or("/", |at| &after_scheme[at..])
}

/// Refuses what would send texts and credentials over the open network without TLS.
pub(super) fn check(url: &Template, allow_plain_http: bool) -> Result<(), BuildError> {
    let sample = sample(url, "x")?;
    if sample.host_str() != self::sample(url, "y")?.host_str() {
        return Err(BuildError::Address("a placeholder stands in the host's place"));
    }
    if !sample.username().is_empty() || sample.password().is_some() {
        return Err(BuildError::Address(
            "user and password belong into sms.user and sms.password, not into the address",
        ));
    }
    match sample.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(&sample) => Ok(()),
        "http" if !is_private(&sample) => Err(BuildError::Address(
            "plain http would show texts and credentials to the network; use https",
        )),
        "http" if !allow_plain_http => Err(BuildError::Address(
            "plain http on a private network must be allowed with sms.allow_plain_http = true",
        )),
        "http" => Ok(()),
        _ => Err(BuildError::Address("it must begin with https://")),
    }
}

/// Whether the gateway runs on this very machine.
pub(super) fn is_on_this_machine(url: &Template) -> bool {
    sample(url, "x").is_ok_and(|url| is_loopback(&url))
}

/// Whether the address asks for TLS.
pub(super) fn is_https(url: &Template) -> bool {
    sample(url, "x").is_ok_and(|url| url.scheme() == "https")
}

fn sample(url: &Template, filling: &str) -> Result<Url, BuildError> {
    let url = Url::parse(&url.fill(|_| filling, percent_encoded))
        .map_err(|_| BuildError::Address("it is not an address"))?;
    if url.host_str().is_none_or(str::is_empty) {
        return Err(BuildError::Address("it names no host"));
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    match ip_of(url) {
        Some(ip) => ip.is_loopback(),
        None => url.host_str().is_some_and(|h| h == "localhost" || h.ends_with(".localhost")),
    }
}

fn is_private(url: &Url) -> bool {
    match ip_of(url) {
        Some(IpAddr::V4(ip)) => is_private_v4(ip),
        Some(IpAddr::V6(ip)) => is_private_v6(ip),
        None => url.host_str().is_some_and(|host| {
            // A name without a dot (a service of docker compose) resolves inside the network only.
            !host.contains('.') || PRIVATE_ENDINGS.iter().any(|ending| host.ends_with(ending))
        }),
    }
}

/// RFC 1918 and loopback. Link-local is left out: cloud metadata lives there.
const fn is_private_v4(ip: Ipv4Addr) -> bool {
    ip.is_private() || ip.is_loopback()
}

/// Unique local addresses (RFC 4193) and loopback, also when mapped from IPv4.
const fn is_private_v6(ip: Ipv6Addr) -> bool {
    match ip.to_ipv4_mapped() {
        Some(ip) => is_private_v4(ip),
        None => ip.is_unique_local() || ip.is_loopback(),
    }
}

fn ip_of(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const PRESET: &str = "https://api.example/v1/{user}/send";

    fn base(given: &str) -> (String, Option<String>) {
        let effective = effective(PRESET, given).unwrap();
        (effective.base, effective.query)
    }

    #[test]
    fn a_bare_host_keeps_the_presets_path() {
        let kept = "http://127.0.0.1:9/v1/{user}/send".to_owned();
        assert_eq!(base("http://127.0.0.1:9"), (kept.clone(), None));
        assert_eq!(base("http://127.0.0.1:9/"), (kept, None));
        assert_eq!(base("https://a.b/x"), ("https://a.b/x".to_owned(), None));
        assert_eq!(base("https://a.b/x?k=1"), ("https://a.b/x".to_owned(), Some("k=1".to_owned())));
        assert_eq!(base(""), (PRESET.to_owned(), None));
        assert!(effective("", "").is_err());
    }

    #[test]
    fn plain_http_is_for_this_machine_and_on_request_for_private_networks() {
        let rows = [
            ("https://sms.example/send", true, true),
            ("http://127.0.0.1:13013/x", true, true),
            ("http://localhost/x", true, true),
            ("http://[::1]/x", true, true),
            ("http://10.1.2.3/x", false, true),
            ("http://192.168.1.1/x", false, true),
            ("http://kannel:13013/x", false, true),
            ("http://kannel.sms.svc.cluster.local/x", false, true),
            ("http://[fd00::1]/x", false, true),
            ("http://127.1/x", true, true), // the parser reads this as 127.0.0.1
            ("http://0x7f000001/x", true, true),
            ("http://169.254.169.254/x", false, false),
            ("http://[::ffff:169.254.169.254]/x", false, false),
            ("http://sms.example/x", false, false),
            ("http://8.8.8.8/x", false, false),
            ("ftp://127.0.0.1/x", false, false),
            ("https://{user}.example/x", false, false),
            ("https://a:b@sms.example/x", false, false),
            ("sms.example/x", false, false),
        ];
        for (url, strict, allowed) in rows {
            let template = Template::parse(url).unwrap();
            assert_eq!(check(&template, false).is_ok(), strict, "{url}");
            assert_eq!(check(&template, true).is_ok(), allowed, "{url} with allow_plain_http");
        }
    }
}
