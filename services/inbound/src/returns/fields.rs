//! Groups of fields, as reports have them (RFC 3464 §2.1, RFC 5965 §3).

/// The longest report that is read, in bytes.
const REPORT_BYTES: usize = 256 * 1024;

/// A group: names in lower case, and values with their folded lines joined.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// The first value of a field, without blanks around it.
    pub(super) fn first(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Every value of a field.
    pub(super) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The groups of a report, which empty lines part. Lines that are no field are left out.
pub(super) fn groups(report: &str) -> Vec<Fields> {
    let end = report.floor_char_boundary(REPORT_BYTES);
    let mut groups = Vec::new();
    let mut group = Fields::default();
    for line in report[..end].lines() {
        if line.trim().is_empty() {
            if !group.0.is_empty() {
                groups.push(std::mem::take(&mut group));
            }
        } else if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = group.0.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            group.0.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    if !group.0.is_empty() {
        groups.push(group);
    }
    groups
}

/// The address of a field such as `rfc822; sara@example.org` (RFC 3464 §2.1.2), where non-ASCII
/// characters may be written `\x{0645}` (RFC 6533 §3).
pub(super) fn address(value: &str) -> String {
    let (_, address) = value.split_once(';').unwrap_or(("", value));
    let address = address.trim().trim_start_matches('<').trim_end_matches('>');
    let mut parts = address.split("\\x{");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let decoded = part.split_once('}').and_then(|(code, rest)| {
            let c = char::from_u32(u32::from_str_radix(code, 16).ok()?)?;
            Some((c, rest))
        });
        match decoded {
            Some((c, rest)) => {
                plain.push(c);
                plain.push_str(rest);
            }
            None => plain.push_str(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folded_lines_are_joined_and_groups_parted() {
        let groups = groups("A: 1\r\n 2\r\n\t3\r\n\r\n\r\nb :x: y\r\nno field\r\n");
        assert_eq!(groups.len(), 2);
        assert_eq!(groups[0].first("a"), Some("1 2 3"));
        assert_eq!(groups[1].first("b"), Some("x: y"));
        assert_eq!(groups[1].first("no field"), None);
    }

    #[test]
    fn addresses_lose_their_type_and_their_escapes() {
        for (value, expected) in [
            ("rfc822; sara@example.org", "sara@example.org"),
            ("rfc822;<Sara@Example.org>", "Sara@Example.org"),
            ("utf-8; محمد@مثال.إختبار", "محمد@مثال.إختبار"),
            ("utf-8; \\x{0645}\\x{062D}@example.org", "مح@example.org"),
            ("utf-8; \\x{zz}@example.org", "zz}@example.org"),
            ("sara@example.org", "sara@example.org"),
        ] {
            assert_eq!(address(value), expected);
        }
    }
}
