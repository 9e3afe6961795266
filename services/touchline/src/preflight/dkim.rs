//! The public key that receivers check our signatures with (RFC 6376 §3.6.1, RFC 8463).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use email_worker::dkim::PublicKey;

use super::dns::{Answer, Dns};
use super::{Area, Finding, Verdict};

/// An RSA key below this is not to be accepted (RFC 8301 §3.2).
const LEAST_BITS: usize = 1024;

/// An RSA key should have as many (the same section).
const GOOD_BITS: usize = 2048;

/// The algorithm of an RSA key in its `SubjectPublicKeyInfo`.
const RSA_ALGORITHM: [u8; 15] =
    [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

/// Who signs, and with what.
#[derive(Debug, Clone)]
pub struct Signing {
    /// The domain in `d=`.
    pub domain: String,
    /// The name in `s=`.
    pub selector: String,
    /// The public half of the key that signs, where it is known.
    pub key: Option<PublicKey>,
}

/// A record at `<selector>._domainkey.<domain>`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct KeyRecord {
    algorithm: String,
    /// Empty: revoked.
    key: Vec<u8>,
    is_test: bool,
    /// `h=`, where it stands.
    hashes: Option<String>,
    /// `s=`, where it stands.
    services: Option<String>,
}

impl KeyRecord {
    fn parse(text: &str) -> Result<Self, String> {
        let mut record = Self {
            algorithm: "rsa".to_owned(),
            key: Vec::new(),
            is_test: false,
            hashes: None,
            services: None,
        };
        let mut key = None;
        for (position, tag) in text.split(';').enumerate() {
            if tag.trim().is_empty() {
                continue;
            }
            let (name, value) =
                tag.split_once('=').ok_or_else(|| format!("\"{tag}\" is no tag"))?;
            let value = value.trim();
            match name.trim() {
                "v" if value != "DKIM1" || position > 0 => {
                    return Err("it does not begin with v=DKIM1".to_owned());
                }
                "k" => record.algorithm = value.to_ascii_lowercase(),
                "h" => record.hashes = Some(value.to_ascii_lowercase()),
                "s" => record.services = Some(value.to_ascii_lowercase()),
                "t" => record.is_test = value.split(':').any(|flag| flag.trim() == "y"),
                "p" => key = Some(value.split_ascii_whitespace().collect::<String>()),
                _ => {}
            }
        }
        let key = key.ok_or("it has no key (p=)")?;
        record.key = STANDARD.decode(key).map_err(|_| "its key (p=) is not base64")?;
        Ok(record)
    }
}

/// The findings about the key of a domain.
pub async fn check(dns: &Dns, signing: &Signing) -> Vec<Finding> {
    let name = format!("{}._domainkey.{}", signing.selector, signing.domain);
    let find = |result, what: String| Finding::new(Area::Dkim, result, &name, what);
    let suggest = |finding: Finding| match &signing.key {
        Some(key) => finding.publish(&name, published(key)),
        None => finding,
    };
    let texts = match dns.texts(&name).await {
        Answer::Found(texts) => texts,
        Answer::Nothing => {
            let what = "there is no key, so no signature of ours can be checked".to_owned();
            return vec![suggest(find(Verdict::Fail, what))];
        }
        Answer::Silence(why) => return vec![find(Verdict::Unanswered, why)],
    };
    let [text] = texts.as_slice() else {
        let what = format!(
            "there are {} texts, and receivers may take any of them (RFC 6376 §3.6.2.2); keep one",
            texts.len()
        );
        return vec![suggest(find(Verdict::Fail, what))];
    };
    match KeyRecord::parse(text) {
        Ok(record) if record.key.is_empty() => {
            let what = "the key is revoked (p= is empty); publish one, or sign under another \
                        selector"
                .to_owned();
            vec![suggest(find(Verdict::Fail, what))]
        }
        Ok(record) => {
            let findings = about(&record, signing).into_iter();
            let findings = findings.map(|(result, what)| (find(result, what), result));
            findings
                .map(
                    |(finding, result)| {
                        if result == Verdict::Fail { suggest(finding) } else { finding }
                    },
                )
                .collect()
        }
        Err(why) => {
            vec![suggest(find(Verdict::Fail, format!("the record cannot be read: {why}")))]
        }
    }
}

/// What a record with a key is worth, the worst first.
fn about(record: &KeyRecord, signing: &Signing) -> Vec<(Verdict, String)> {
    let mut found = Vec::new();
    let mut strength = record.algorithm.clone();
    match record.algorithm.as_str() {
        "rsa" => match rsa_bits(&record.key) {
            None => found.push((Verdict::Fail, "the key is no RSA key".to_owned())),
            Some(bits) => {
                strength = format!("rsa, {bits} bits");
                if bits < LEAST_BITS {
                    let what =
                        format!("the key has {bits} bits; receivers take {LEAST_BITS} or more");
                    found.push((Verdict::Fail, what));
                } else if bits < GOOD_BITS {
                    let what = format!("the key has {bits} bits; {GOOD_BITS} are better");
                    found.push((Verdict::Warn, what));
                }
            }
        },
        "ed25519" if record.key.len() == 32 => {
            let what = "some large receivers cannot check Ed25519 yet (RFC 8463); sign with RSA \
                        where they matter"
                .to_owned();
            found.push((Verdict::Warn, what));
        }
        other => found.push((Verdict::Fail, format!("the key is no {other} key anybody knows"))),
    }
    let names = |list: &Option<String>, wanted: &[&str]| {
        list.as_ref().is_none_or(|list| list.split(':').any(|word| wanted.contains(&word.trim())))
    };
    if !names(&record.hashes, &["sha256"]) {
        let what = "the record does not allow SHA-256 (h=), which we sign with; take h= out";
        found.push((Verdict::Fail, what.to_owned()));
    }
    if !names(&record.services, &["*", "email"]) {
        found.push((Verdict::Fail, "the key is not for email (s=); take s= out".to_owned()));
    }
    match &signing.key {
        Some(key) if !is_same(key, record) => found.push((
            Verdict::Fail,
            "it is not the key that [email] dkim_key_file signs with".to_owned(),
        )),
        Some(_) => {}
        None => found.push((
            Verdict::Warn,
            "[email] dkim_key_file is not set here, so whether it is our key was not looked at"
                .to_owned(),
        )),
    }
    if record.is_test {
        let what = "t=y says that we only try signing, and receivers may ignore it; take t=y out";
        found.push((Verdict::Warn, what.to_owned()));
    }
    if found.iter().all(|(result, _)| *result == Verdict::Warn) {
        found.insert(0, (Verdict::Ok, format!("the key is there ({strength})")));
    }
    found.sort_by_key(|(result, _)| std::cmp::Reverse(*result));
    found
}

/// Whether the record holds this key; an RSA key alone, or in a `SubjectPublicKeyInfo` as usual.
fn is_same(key: &PublicKey, record: &KeyRecord) -> bool {
    match key {
        PublicKey::Rsa(key) => {
            record.algorithm == "rsa" && (record.key == *key || record.key == with_algorithm(key))
        }
        PublicKey::Ed25519(key) => record.algorithm == "ed25519" && record.key == *key,
    }
}

/// What to publish for a key.
fn published(key: &PublicKey) -> String {
    match key {
        PublicKey::Rsa(key) => {
            format!("v=DKIM1; k=rsa; p={}", STANDARD.encode(with_algorithm(key)))
        }
        PublicKey::Ed25519(key) => format!("v=DKIM1; k=ed25519; p={}", STANDARD.encode(key)),
    }
}

/// A `SubjectPublicKeyInfo` (RFC 5280 §4.1) around an `RSAPublicKey`.
fn with_algorithm(key: &[u8]) -> Vec<u8> {
    let mut bits = vec![0];
    bits.extend_from_slice(key);
    let mut inside = RSA_ALGORITHM.to_vec();
    inside.extend(element(0x03, &bits));
    element(0x30, &inside)
}

/// One DER element.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut element = vec![tag];
    let length = content.len().to_be_bytes();
    let significant = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    if content.len() >= 0x80 {
        // A length has at most eight bytes.
        element.push(0x80 | u8::try_from(significant.len()).unwrap_or(8));
    }
    element.extend_from_slice(if content.is_empty() { &[0] } else { significant });
    element.extend_from_slice(content);
    element
}

/// Bits of the modulus of an RSA key, alone or in a `SubjectPublicKeyInfo`.
fn rsa_bits(der: &[u8]) -> Option<usize> {
    let (inside, _) = opened(der, 0x30)?;
    let numbers = if inside.starts_with(&RSA_ALGORITHM) {
        let (bits, _) = opened(&inside[RSA_ALGORITHM.len()..], 0x03)?;
        opened(bits.strip_prefix(&[0])?, 0x30)?.0
    } else {
        inside
    };
    let (modulus, _) = opened(numbers, 0x02)?;
    let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
    let first = modulus.get(zeros)?;
    Some((modulus.len() - zeros) * 8 - first.leading_zeros() as usize)
}

/// The content of the DER element at the beginning, and what follows it.
fn opened(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let rest = der.strip_prefix(&[tag])?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let count = usize::from(first & 0x7f);
        if count > 4 {
            return None;
        }
        let (bytes, rest) = rest.split_at_checked(count)?;
        (bytes.iter().fold(0, |length, byte| (length << 8) | usize::from(*byte)), rest)
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RSA: &str = include_str!("../../../email-worker/tests/keys/rsa.txt");

    fn signing(key: Option<PublicKey>) -> Signing {
        Signing { domain: "palm.example".to_owned(), selector: "s1".to_owned(), key }
    }

    fn rsa() -> PublicKey {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../email-worker/tests/keys");
        PublicKey::load(std::path::Path::new(&format!("{folder}/rsa-pkcs8.pem"))).unwrap()
    }

    #[test]
    fn the_key_that_signs_is_found_in_its_record_and_suggested_as_published() {
        let record = KeyRecord::parse(RSA.trim()).unwrap();
        assert_eq!(rsa_bits(&record.key), Some(2048));
        assert!(is_same(&rsa(), &record));
        assert_eq!(published(&rsa()), RSA.trim());
        let found = about(&record, &signing(Some(rsa())));
        assert_eq!(found, [(Verdict::Ok, "the key is there (rsa, 2048 bits)".to_owned())]);
        // Another key of the same length.
        let mut other = record.clone();
        other.key[100] ^= 1;
        assert!(!is_same(&rsa(), &other));
        assert_eq!(about(&other, &signing(Some(rsa())))[0].0, Verdict::Fail);
        assert_eq!(about(&record, &signing(None))[0].0, Verdict::Warn);
    }

    #[test]
    fn what_keeps_a_key_from_counting_is_named() {
        let short = element(0x30, &[element(0x02, &[0x7f; 96]), element(0x02, &[3])].concat());
        let weak = format!("v=DKIM1; p={}", STANDARD.encode(short));
        for (text, expected, verdict) in [
            (weak.as_str(), "767 bits", Verdict::Fail),
            ("v=DKIM1; k=rsa; p=AAAA", "no RSA key", Verdict::Fail),
            ("v=DKIM1; k=dsa; p=AAAA", "no dsa key", Verdict::Fail),
            (&RSA.replace("k=rsa", "h=sha1"), "SHA-256", Verdict::Fail),
            (&RSA.replace("k=rsa", "s=other"), "not for email", Verdict::Fail),
            (&RSA.replace("k=rsa", "t=s:y"), "t=y", Verdict::Warn),
        ] {
            let record = KeyRecord::parse(text.trim()).unwrap();
            let found = about(&record, &signing(Some(rsa())));
            assert!(
                found.iter().any(|(result, what)| *result == verdict && what.contains(expected)),
                "{text}: {found:?}"
            );
        }
    }

    #[test]
    fn a_record_that_cannot_be_read_says_why() {
        for (text, expected) in [
            ("v=DKIM2; p=AAAA", "v=DKIM1"),
            ("k=rsa; v=DKIM1; p=AAAA", "v=DKIM1"),
            ("v=DKIM1; k=rsa", "no key"),
            ("v=DKIM1; p=A*", "base64"),
            ("v=DKIM1; nonsense", "no tag"),
        ] {
            let error = KeyRecord::parse(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
        assert!(KeyRecord::parse("v=DKIM1; p=").unwrap().key.is_empty());
        assert_eq!(KeyRecord::parse("p=AA\t AA").unwrap().key, [0, 0, 0]);
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        for der in [&[0x30][..], &[0x30, 0x85], &[0x30, 0x82, 1], &[0x30, 5, 2, 1]] {
            assert_eq!(rsa_bits(der), None, "{der:?}");
        }
    }
}
