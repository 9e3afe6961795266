//! Notices that a law wants in a message (`domain::rules::Notice`), as a paragraph of its page.

use domain::Locale;
use worker::{OwedText, ReadyTouch};

/// The page with the notices of a touch at its end.
pub fn into_html(html: &str, touch: &ReadyTouch) -> String {
    with_paragraphs(html, &touch.notices, touch.locale, &touch.unsubscribe_url)
}

/// Each notice is a paragraph before the end of the body, in the direction of its language; a link in
/// it can be clicked.
fn with_paragraphs(html: &str, notices: &[OwedText], locale: Locale, url: &str) -> String {
    let direction = if locale == Locale::Ar { "rtl" } else { "ltr" };
    let url = escaped(url);
    let link = format!("<a href=\"{url}\" dir=\"ltr\">{url}</a>");
    let mut added = String::new();
    for notice in notices {
        let mut text = escaped(&notice.text);
        if !url.is_empty() {
            text = text.replace(&url, &link);
            if notice.exit && !html.contains(&url) {
                text = format!("{text} {link}");
            }
        }
        added.push_str(&format!(
            "<p dir=\"{direction}\" lang=\"{locale}\" style=\"max-width:600px;margin:0 auto;\
             padding:12px 32px;font:14px/1.6 Arial,sans-serif;color:#4b5957\">{text}</p>\n"
        ));
    }
    let end = html.rfind("</body>").unwrap_or(html.len());
    format!("{}{added}{}", &html[..end], &html[end..])
}

/// Text as it stands in HTML.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_a_paragraph_of_its_own_and_its_link_can_be_clicked() {
        let url = "https://u.example/x?a=1&b=2";
        let owed =
            [OwedText { text: format!("لكم حق <الاعتراض>: {url}"), exit: false }];
        let html = with_paragraphs("<body><p>Hi</p></body>", &owed, Locale::Ar, url);
        assert!(html.starts_with("<body><p>Hi</p><p dir=\"rtl\" lang=\"ar\""), "{html}");
        assert!(html.contains("&lt;الاعتراض&gt;: <a href=\"https://u.example/x?a=1&amp;b=2\""));
        assert!(html.ends_with("</p>\n</body>"), "{html}");
        let exit = [OwedText { text: "No replies".to_owned(), exit: true }];
        let bare = with_paragraphs("<p>Hi</p>", &exit, Locale::En, url);
        assert!(bare.contains("No replies <a href="), "{bare}");
    }
}
