//! What a reader would click or look at in vain: links that lead nowhere, words that cannot be told
//! from what is behind them.

use crate::said::{Said, said};

/// The least contrast of text, and of large text (WCAG 2.1 AA, 1.4.3).
const CONTRAST: (f64, f64) = (4.5, 3.0);

/// Text from this many pixels on is large.
const LARGE: f64 = 24.0;

/// Why a link, as it was written, leads nowhere; none where it may lead somewhere.
pub fn dead(link: &str) -> Option<Said> {
    let link = link.trim();
    let (scheme, rest) = match link.split_once(':') {
        // What a field holds is known when it is sent.
        _ if link.starts_with("{{") => return None,
        None if link.is_empty() => return Some(said!("it is empty", "إنه فارغ")),
        None => {
            return Some(said!(
                "it has no scheme; write https:// before it",
                "لا يبدأ ببروتوكول؛ اكتب \u{2068}https://\u{2069} قبله"
            ));
        }
        Some((scheme, _)) if scheme.contains(['/', '?', '#']) => {
            return Some(said!(
                "it has no scheme; write https:// before it",
                "لا يبدأ ببروتوكول؛ اكتب \u{2068}https://\u{2069} قبله"
            ));
        }
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
    };
    match scheme.as_str() {
        "http" | "https" => dead_host(rest),
        "mailto" => dead_mail(rest),
        "tel" => dead_phone(rest),
        _ => None,
    }
}

fn dead_host(rest: &str) -> Option<Said> {
    let Some(rest) = rest.strip_prefix("//") else {
        return Some(said!(
            "two slashes follow https:",
            "تتبع \u{2068}https:\u{2069} شرطتان مائلتان"
        ));
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.contains("{{") {
        return None;
    }
    if host.is_empty() {
        return Some(said!("it names no host", "لا يذكر اسم موقع"));
    }
    // The part before an @ is for signing in, the part after a colon is a port.
    let name = host.rsplit('@').next().unwrap_or_default().split(':').next().unwrap_or_default();
    let is_whole = name.contains('.')
        && name.split('.').all(|label| !label.is_empty())
        && !name.contains([' ', '_', ',']);
    (!is_whole).then(|| said!("its host is no name of a site", "اسم موقعه غير صحيح"))
}

fn dead_mail(rest: &str) -> Option<Said> {
    let address = rest.split('?').next().unwrap_or_default();
    if address.contains("{{") {
        return None;
    }
    let whole = address.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && host.contains('.') && !host.starts_with('.') && !host.ends_with('.')
    });
    let plain = !address.contains([' ', '<', '>']);
    (!whole || !plain).then(|| {
        said!(
            "mailto: is followed by one email address",
            "يتبع \u{2068}mailto:\u{2069} بريد إلكتروني واحد"
        )
    })
}

fn dead_phone(rest: &str) -> Option<Said> {
    if rest.contains("{{") {
        return None;
    }
    let digits = rest.bytes().filter(u8::is_ascii_digit).count();
    let plain = rest.chars().all(|c| c.is_ascii_digit() || "+-(). ".contains(c));
    (digits < 3 || !plain).then(|| {
        said!(
            "tel: is followed by a phone number in digits",
            "يتبع \u{2068}tel:\u{2069} رقم هاتف بالأرقام"
        )
    })
}

/// The contrast of two colours where it is too low for text of that size; none where it is enough or
/// one of them is not known.
pub fn contrast(text: &str, ground: &str, size: Option<&str>) -> Option<f64> {
    let (text, ground) = (luminance(text)?, luminance(ground)?);
    let (light, dark) = if text > ground { (text, ground) } else { (ground, text) };
    let ratio = (light + 0.05) / (dark + 0.05);
    let size = size.and_then(|size| size.trim().strip_suffix("px")?.parse::<f64>().ok());
    let least = if size.is_some_and(|size| size >= LARGE) { CONTRAST.1 } else { CONTRAST.0 };
    (ratio < least).then_some(ratio)
}

fn luminance(colour: &str) -> Option<f64> {
    let hex = match colour.trim().to_ascii_lowercase().as_str() {
        "white" => "ffffff".to_owned(),
        "black" => "000000".to_owned(),
        other => other.strip_prefix('#')?.to_owned(),
    };
    if !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let hex = match hex.len() {
        3 => hex.chars().flat_map(|digit| [digit, digit]).collect(),
        6 => hex,
        _ => return None,
    };
    let channel = |at: usize| -> Option<f64> {
        let value = f64::from(u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()?) / 255.0;
        Some(if value <= 0.03928 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) })
    };
    Some(0.2126 * channel(0)? + 0.7152 * channel(2)? + 0.0722 * channel(4)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_lead_somewhere_are_left_alone() {
        for link in [
            "https://a.example",
            "http://a.example:80/b?c=d#e",
            "https://user@a.example/",
            "https://{{custom.host}}/a",
            "{{unsubscribe_url}}",
            "mailto:a@b.example?subject=x",
            "mailto:{{agent_email}}",
            "tel:+971 50 (123)-4567",
            "tel:{{agent_phone}}",
            "ftp://judged.elsewhere",
        ] {
            assert_eq!(dead(link), None, "{link}");
        }
    }

    #[test]
    fn links_that_lead_nowhere_are_named() {
        for link in [
            "",
            " ",
            "#",
            "#top",
            "/offers",
            "www.a.example",
            "a.example/b:c",
            "https:",
            "https://",
            "https:/a.example",
            "https://example",
            "https://a..example",
            "https://a b.example",
            "mailto:",
            "mailto:sara",
            "mailto:a@b",
            "mailto:Sara <a@b.example>",
            "tel:",
            "tel:+",
            "tel:call me",
        ] {
            assert!(dead(link).is_some(), "{link}");
        }
    }

    #[test]
    fn contrast_is_what_wcag_says() {
        let black = contrast("#000", "#888888", None);
        assert_eq!(black, None, "5.9 is enough");
        let grey = contrast("#777777", "white", None).unwrap_or_default();
        assert!((grey - 4.478).abs() < 0.001, "{grey}");
        assert_eq!(contrast("#777777", "#fff", Some("24px")), None, "large text needs less");
        assert_eq!(contrast("#777777", "teal", None), None, "not every name is known");
    }
}
