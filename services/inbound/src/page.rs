//! The pages: one button, two languages, no script and nothing from elsewhere.

use std::fmt::Write;
use std::sync::LazyLock;

use axum::http::HeaderValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{ContactChannel, Locale};
use sha2::{Digest, Sha256};

use crate::preferences::Link;

/// The style of every page; its hash is what the policy allows.
const STYLE: &str = include_str!("page.css");

/// A letter: a line drawing of 24 × 24.
const LETTER: &str = "M3.5 6.5h17v11h-17zM4 7l8 6 8-6";
/// A tick.
pub(crate) const TICK: &str = "M5 12.5l4.5 4.5L19 7.5";
/// A link in two pieces.
pub(crate) const BROKEN: &str =
    "M9.5 14.5l-2 2a3 3 0 0 1-4.2-4.2l2-2M14.5 9.5l2-2a3 3 0 0 1 4.2 4.2l-2 2M9 5l.5 2M15 19l-.5-2";

static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).expect("a policy is made of visible ASCII")
});

/// The `Content-Security-Policy` of every page: the page's own style and its form, nothing else.
pub(crate) fn content_security_policy() -> HeaderValue {
    POLICY.clone()
}

/// Makes the pages of one sender.
#[derive(Debug)]
pub(crate) struct Pages {
    /// The sender's name, escaped; may be empty.
    team: String,
    /// The address of the sender's privacy notice, escaped; may be empty.
    privacy_url: String,
}

impl Pages {
    /// Pages for the sender called `team`, whose privacy notice is at `privacy_url`, if anywhere.
    pub(crate) fn new(team: &str, privacy_url: &str) -> Self {
        // Nothing but a web address, so that no setting makes a link run something.
        let privacy_url = privacy_url.trim();
        let is_web = ["https://", "http://"].iter().any(|scheme| privacy_url.starts_with(scheme));
        let privacy_url = if is_web { escape(privacy_url) } else { String::new() };
        Self { team: escape(team.trim()), privacy_url }
    }

    /// The address of the privacy notice, escaped; may be empty.
    pub(crate) fn privacy_url(&self) -> &str {
        &self.privacy_url
    }

    /// What a link opens: the question, one button, the other language.
    pub(crate) fn question(&self, channel: ContactChannel, link: Link<'_>) -> String {
        let locale = link.locale;
        let things = things(channel, locale);
        let from = self.from(locale);
        let (heading, text, button, note) = match locale {
            Locale::En => (
                format!("Stop {things} {from}?"),
                format!(
                    "One tap, and you get no more {things} {from}. No login, no reasons needed."
                ),
                format!("Stop {things}"),
                "Nothing changes until you press the button.",
            ),
            Locale::Ar => (
                format!("إيقاف {things} {from}؟"),
                format!(
                    "بضغطة واحدة لن تصلك {things} {from} بعد الآن، دون تسجيل دخول ودون ذكر أسباب."
                ),
                format!("إيقاف {things}"),
                "لن يتغيّر شيء حتى تضغط الزر.",
            ),
        };
        let main = format!(
            "{icon}<h1>{heading}</h1>\n<p>{text}</p>\n\
             <form method=\"post\" action=\"?lang={locale}\">\
             <input type=\"hidden\" name=\"from\" value=\"page\">\
             <button type=\"submit\">{button}</button></form>\n<p class=\"note\">{note}</p>\n{after}",
            icon = icon(LETTER),
            after = self.after(link, false),
        );
        let (tag, name, direction) = other_language(locale);
        let nav = format!(
            "<nav><a href=\"?lang={tag}\" hreflang=\"{tag}\" lang=\"{tag}\" dir=\"{direction}\">\
             {name}</a></nav>\n"
        );
        document(locale, title(locale), &main, &nav)
    }

    /// What stands there after an opt-out, in both languages: a link to the other one would lead
    /// back to the question.
    pub(crate) fn done(&self, channel: ContactChannel, link: Link<'_>, may_undo: bool) -> String {
        let say = |locale| {
            let things = things(channel, locale);
            let from = self.from(locale);
            match locale {
                Locale::En => (
                    "You are unsubscribed".to_owned(),
                    format!(
                        "You get no more {things} {from}. What was already on its way may still \
                         arrive. You can close this page."
                    ),
                ),
                Locale::Ar => (
                    "تم إلغاء اشتراكك".to_owned(),
                    format!(
                        "لن تصلك {things} {from} بعد الآن. وقد يصلك ما كان في طريقه إليك. \
                         يمكنك إغلاق هذه الصفحة."
                    ),
                ),
            }
        };
        let main = in_both(link.locale, TICK, say) + &self.after(link, may_undo);
        document(link.locale, title(link.locale), &main, "")
    }

    /// What stands there when a link is not one of ours, the same for everybody.
    pub(crate) fn bad_link(&self) -> String {
        bilingual(Locale::En, BROKEN, |locale| match locale {
            Locale::En => (
                "This link does not work".to_owned(),
                "Perhaps it was cut off. Open it again from the message, or answer the \
                       message and ask us to stop."
                    .to_owned(),
            ),
            Locale::Ar => (
                "هذا الرابط لا يعمل".to_owned(),
                "ربما لم يُنسخ كاملًا. افتحه من الرسالة مرة أخرى، أو ردّ عليها واطلب منا \
                       التوقف."
                    .to_owned(),
            ),
        })
    }

    /// What stands there behind the links of a test.
    pub(crate) fn test(&self, locale: Locale) -> String {
        bilingual(locale, LETTER, |locale| {
            match locale {
            Locale::En => (
                "This was a test".to_owned(),
                "The message was sent by somebody of the team to see how it arrives. Its link works, \
                 and nobody was unsubscribed."
                    .to_owned(),
            ),
            Locale::Ar => (
                "كانت هذه تجربة".to_owned(),
                "أرسل أحد أعضاء الفريق هذه الرسالة ليرى كيف تصل. رابطها يعمل، ولم يُلغَ اشتراك أحد."
                    .to_owned(),
            ),
        }
        })
    }

    /// What stands there when an opt-out could be stored nowhere.
    pub(crate) fn later(&self, locale: Locale) -> String {
        bilingual(locale, BROKEN, |locale| match locale {
            Locale::En => (
                "Please try again in a minute".to_owned(),
                "Your wish could not be stored just now.".to_owned(),
            ),
            Locale::Ar => ("حاول مرة أخرى بعد دقيقة".to_owned(), "تعذّر حفظ طلبك الآن.".to_owned()),
        })
    }

    /// "from" and the sender, as HTML.
    pub(crate) fn from(&self, locale: Locale) -> String {
        match (locale, self.team.is_empty()) {
            (Locale::En, true) => "from us".to_owned(),
            (Locale::Ar, true) => "منّا".to_owned(),
            (Locale::En, false) => format!("from <bdi>{}</bdi>", self.team),
            (Locale::Ar, false) => format!("من <bdi>{}</bdi>", self.team),
        }
    }
}

/// What comes by a channel.
pub(crate) const fn things(channel: ContactChannel, locale: Locale) -> &'static str {
    match (locale, channel) {
        (Locale::En, ContactChannel::Email) => "emails",
        (Locale::En, ContactChannel::Sms) => "text messages",
        (Locale::En, ContactChannel::Call) => "calls",
        (Locale::En, ContactChannel::Post) => "letters",
        (Locale::En, ContactChannel::Person) => "messages",
        (Locale::Ar, ContactChannel::Email) => "رسائل البريد الإلكتروني",
        (Locale::Ar, ContactChannel::Sms) => "الرسائل النصية",
        (Locale::Ar, ContactChannel::Call) => "المكالمات",
        (Locale::Ar, ContactChannel::Post) => "الرسائل البريدية",
        (Locale::Ar, ContactChannel::Person) => "الرسائل",
    }
}

const fn title(locale: Locale) -> &'static str {
    match locale {
        Locale::En => "Unsubscribe",
        Locale::Ar => "إلغاء الاشتراك",
    }
}

/// A line drawing, for the eye alone.
pub(crate) fn icon(path: &str) -> String {
    format!("<svg viewBox=\"0 0 24 24\" aria-hidden=\"true\"><path d=\"{path}\"/></svg>\n")
}

/// The other language: its tag, its own name, its direction.
pub(crate) const fn other_language(locale: Locale) -> (&'static str, &'static str, &'static str) {
    match locale {
        Locale::En => ("ar", "العربية", "rtl"),
        Locale::Ar => ("en", "English", "ltr"),
    }
}

/// A page that says the same in both languages, `first` first.
fn bilingual(first: Locale, drawing: &str, say: impl Fn(Locale) -> (String, String)) -> String {
    document(first, title(first), &in_both(first, drawing, say), "")
}

/// A heading and what is to be said below it, as HTML, in both languages.
pub(crate) fn in_both(
    first: Locale,
    drawing: &str,
    say: impl Fn(Locale) -> (String, String),
) -> String {
    let (heading, text) = say(first);
    let mut main = format!("{}<h1>{heading}</h1>\n<p>{text}</p>\n", icon(drawing));
    for locale in Locale::ALL.iter().filter(|locale| **locale != first) {
        let (heading, text) = say(*locale);
        let direction = locale.direction();
        // Writing to a String cannot fail.
        let _ = writeln!(
            main,
            "<section lang=\"{locale}\" dir=\"{direction}\"><h2>{heading}</h2>\n<p>{text}</p></section>"
        );
    }
    main
}

/// A whole page.
pub(crate) fn document(locale: Locale, title: &str, main: &str, nav: &str) -> String {
    let direction = locale.direction();
    format!(
        "<!doctype html>\n<html lang=\"{locale}\" dir=\"{direction}\">\n<head>\n\
         <meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"robots\" content=\"noindex, nofollow\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <main>\n{main}</main>\n{nav}</body>\n</html>\n"
    )
}

/// Text as HTML text or attribute value.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_has_one_button_and_the_other_language_one_tap_away() {
        let pages = Pages::new("Palm <Realty> & Sons", "");
        for (locale, root, heading, button, other) in [
            (
                Locale::En,
                "<html lang=\"en\" dir=\"ltr\">",
                "<h1>Stop emails from <bdi>Palm &lt;Realty&gt; &amp; Sons</bdi>?</h1>",
                "<button type=\"submit\">Stop emails</button>",
                "<a href=\"?lang=ar\" hreflang=\"ar\" lang=\"ar\" dir=\"rtl\">العربية</a>",
            ),
            (
                Locale::Ar,
                "<html lang=\"ar\" dir=\"rtl\">",
                "<h1>إيقاف رسائل البريد الإلكتروني من <bdi>Palm &lt;Realty&gt; &amp; Sons</bdi>؟</h1>",
                "<button type=\"submit\">إيقاف رسائل البريد الإلكتروني</button>",
                "<a href=\"?lang=en\" hreflang=\"en\" lang=\"en\" dir=\"ltr\">English</a>",
            ),
        ] {
            let link = Link { token: "a.b", locale, way: "../p/" };
            let page = pages.question(ContactChannel::Email, link);
            for part in [root, heading, button, other, "name=\"viewport\""] {
                assert!(page.contains(part), "{part} is missing in {page}");
            }
            assert_eq!(page.matches("<button").count(), 1);
            for nothing in ["<script", "src=", "http", "@import", "url(", "style=\"", "password"] {
                assert!(!page.contains(nothing), "{nothing} is in {page}");
            }
        }
    }

    #[test]
    fn the_answers_speak_both_languages_the_chosen_one_first() {
        let link = Link { token: "a.b", locale: Locale::Ar, way: "../p/" };
        let page = Pages::new("", "").done(ContactChannel::Sms, link, true);
        let order =
            ["lang=\"ar\"", "تم إلغاء اشتراكك", "<section lang=\"en\" dir=\"ltr\">", "You are"];
        let places: Vec<_> = order.iter().map(|part| page.find(part)).collect();
        assert!(places.is_sorted() && places.iter().all(Option::is_some), "{places:?} in {page}");
        assert!(page.contains("no more text messages from us"));
        assert!(page.contains("الرسائل النصية منّا"));
    }

    #[test]
    fn the_policy_allows_the_style_that_is_served() {
        let page = Pages::new("", "").bad_link();
        let style = page.split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>"));
        let hash = STANDARD.encode(Sha256::digest(style.map_or("", |(style, _)| style)));
        let policy = content_security_policy();
        assert!(policy.to_str().is_ok_and(|policy| policy.contains(&hash)));
    }
}
