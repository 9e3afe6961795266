//! What the preference page says, in both languages.

use domain::suppression::Topic;
use domain::{ContactChannel, Locale};

use crate::page;

/// The sentences of a page in one language.
#[derive(Debug)]
pub(super) struct Words {
    pub title: &'static str,
    pub heading: &'static str,
    /// Names the sender at `{from}`.
    pub lead: &'static str,
    pub channels: &'static str,
    pub stopped: &'static str,
    pub unread: &'static str,
    pub chosen: &'static str,
    pub everything: &'static str,
    pub note: &'static str,
    pub undo_lead: &'static str,
    pub undo: &'static str,
    pub further: &'static str,
    pub privacy: &'static str,
    pub source: &'static str,
    pub source_asked: &'static str,
}

const ENGLISH: Words = Words {
    title: "Your choices",
    heading: "What should stop?",
    lead: "Choose what should no longer come {from}, or stop everything. No login, no reasons needed.",
    channels: "Ways we reach you",
    stopped: "stopped",
    unread: "We cannot read your present choices just now. What you stop here counts all the same.",
    chosen: "Stop what I chose",
    everything: "Stop everything",
    note: "Nothing changes until you press a button.",
    undo_lead: "Not you, or by mistake? Within 24 hours you can take back what this link has stopped.",
    undo: "Undo",
    further: "More choices",
    privacy: "Privacy notice",
    source: "Where we have your contact from:",
    source_asked: "Where do we have your contact from? Answer any message of ours, and we will tell you.",
};

const ARABIC: Words = Words {
    title: "اختياراتك",
    heading: "ما الذي تريد إيقافه؟",
    lead: "اختر ما لا تريد أن يصلك {from} بعد الآن، أو أوقف كل شيء، دون تسجيل دخول ودون ذكر أسباب.",
    channels: "طرق تواصلنا معك",
    stopped: "متوقف",
    unread: "تتعذّر علينا قراءة اختياراتك الحالية الآن، لكن ما توقفه هنا يسري كالمعتاد.",
    chosen: "أوقف ما اخترته",
    everything: "أوقف كل شيء",
    note: "لن يتغيّر شيء حتى تضغط أحد الزرّين.",
    undo_lead: "لم تكن أنت، أو حدث ذلك خطأً؟ يمكنك خلال 24 ساعة التراجع عمّا أوقفه هذا الرابط.",
    undo: "تراجع",
    further: "اختيارات أخرى",
    privacy: "إشعار الخصوصية",
    source: "من أين حصلنا على بياناتك:",
    source_asked: "من أين حصلنا على بياناتك؟ ردّ على أي رسالة منّا وسنخبرك.",
};

/// The sentences in a language.
pub(super) const fn words(locale: Locale) -> &'static Words {
    match locale {
        Locale::En => &ENGLISH,
        Locale::Ar => &ARABIC,
    }
}

/// What people call a channel, with everything that stops with it: who wants no calls gets no texts
/// either (compliance.md SUP-17).
pub(super) const fn channel(channel: ContactChannel, locale: Locale) -> &'static str {
    match (locale, channel) {
        (Locale::En, ContactChannel::Email) => "Emails",
        (Locale::En, ContactChannel::Sms) => "Text messages",
        (Locale::En, ContactChannel::Call) => "Calls, and with them text messages",
        (Locale::En, ContactChannel::Post) => "Letters",
        (Locale::En, ContactChannel::Person) => "All messages",
        (Locale::Ar, ContactChannel::Email) => "البريد الإلكتروني",
        (Locale::Ar, ContactChannel::Sms) => "الرسائل النصية",
        (Locale::Ar, ContactChannel::Call) => "المكالمات، ومعها الرسائل النصية",
        (Locale::Ar, ContactChannel::Post) => "الرسائل البريدية",
        (Locale::Ar, ContactChannel::Person) => "كل الرسائل",
    }
}

/// Of what the topics are: they stop on the channel of the link.
pub(super) fn kinds(channel: ContactChannel, locale: Locale) -> String {
    let things = page::things(channel, locale);
    match locale {
        Locale::En => format!("Kinds of {things}"),
        Locale::Ar => format!("أنواع {things}"),
    }
}

/// Names of topics that teams commonly use.
const TOPICS: &[(&str, &str, &str)] = &[
    ("general", "News and follow-ups", "الأخبار والمتابعات"),
    ("listings", "New listings", "العقارات الجديدة"),
    ("listing_alerts", "Listing alerts", "تنبيهات العقارات"),
    ("open_houses", "Open houses", "البيوت المفتوحة"),
    ("open_house", "Open houses", "البيوت المفتوحة"),
    ("events", "Events", "الفعاليات"),
    ("event", "Events", "الفعاليات"),
    ("market_report", "Market reports", "تقارير السوق"),
    ("newsletter", "Newsletter", "النشرة الإخبارية"),
    ("greetings", "Greetings", "التهاني"),
    ("referrals", "Referrals", "التوصيات"),
];

/// What people call a topic: its usual name, else its word as people write it.
pub(super) fn topic(topic: Topic, locale: Locale) -> String {
    let known = TOPICS.iter().find(|(word, ..)| *word == topic.as_str());
    match (known, locale) {
        (Some((_, english, _)), Locale::En) => (*english).to_owned(),
        (Some((.., arabic)), Locale::Ar) => (*arabic).to_owned(),
        (None, _) => {
            let mut name = topic.as_str().replace('_', " ");
            // A topic is ASCII and begins with a letter.
            if let Some(first) = name.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            name
        }
    }
}

/// What was done, for the top of the page after a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// What was chosen has stopped, or will as soon as the list can be written.
    Stopped,
    /// Everything has.
    AllStopped,
    /// A part of it has; where the rest goes cannot be found out just now.
    StoppedInPart,
    /// This link's own opt-out was taken back.
    Undone,
    /// There was none within 24 hours.
    NothingToUndo,
    /// Nothing was chosen.
    NothingChosen,
}

/// Heading and text of an outcome.
pub(super) const fn outcome(outcome: Outcome, locale: Locale) -> (&'static str, &'static str) {
    match (locale, outcome) {
        (Locale::En, Outcome::Stopped) => (
            "Your choice is noted",
            "What you chose stops now. What was already on its way may still arrive.",
        ),
        (Locale::En, Outcome::AllStopped) => (
            "Everything is stopped",
            "You hear from us no more, on no channel. What was already on its way may still arrive.",
        ),
        (Locale::En, Outcome::StoppedInPart) => (
            "A part of it is noted",
            "The rest could not be stored just now. Please choose it again in a minute, or stop \
             everything.",
        ),
        (Locale::En, Outcome::Undone) => (
            "It is undone",
            "What this link had stopped is allowed again. What was cancelled meanwhile does not \
                 come back.",
        ),
        (Locale::En, Outcome::NothingToUndo) => (
            "There is nothing to undo",
            "This link has stopped nothing within the last 24 hours. Answer any message of ours if \
             you want to hear from us again.",
        ),
        (Locale::En, Outcome::NothingChosen) => {
            ("Nothing was chosen", "Choose at least one line, or stop everything.")
        }
        (Locale::Ar, Outcome::Stopped) => {
            ("تم تسجيل اختيارك", "توقّف ما اخترته من الآن. وقد يصلك ما كان في طريقه إليك.")
        }
        (Locale::Ar, Outcome::AllStopped) => {
            ("تم إيقاف كل شيء", "لن نتواصل معك بعد الآن بأي طريقة. وقد يصلك ما كان في طريقه إليك.")
        }
        (Locale::Ar, Outcome::StoppedInPart) => (
            "تم تسجيل جزء من اختيارك",
            "تعذّر حفظ الباقي الآن. اختره من جديد بعد دقيقة، أو أوقف كل شيء.",
        ),
        (Locale::Ar, Outcome::Undone) => (
            "تم التراجع",
            "ما أوقفه هذا الرابط مسموح به من جديد. أما ما أُلغي في هذه الأثناء فلن يُرسل.",
        ),
        (Locale::Ar, Outcome::NothingToUndo) => (
            "لا يوجد ما يمكن التراجع عنه",
            "لم يوقف هذا الرابط شيئًا خلال آخر 24 ساعة. ردّ على أي رسالة منّا إن أردت أن نتواصل معك من جديد.",
        ),
        (Locale::Ar, Outcome::NothingChosen) => {
            ("لم تختر شيئًا", "اختر سطرًا واحدًا على الأقل، أو أوقف كل شيء.")
        }
    }
}
