//! What a digest says, in both languages. Numbers stand behind a colon: so no language has to count.

use domain::{Channel, Locale};

/// The texts of a language.
pub struct Words {
    pub greeting: &'static str,
    pub today: &'static str,
    pub overdue: &'static str,
    pub first: &'static str,
    pub more: &'static str,
    pub open: &'static str,
    pub why: &'static str,
    pub account: &'static str,
}

const ENGLISH: Words = Words {
    greeting: "Good morning",
    today: "Due today",
    overdue: "Overdue",
    first: "First",
    more: "Further ones",
    open: "Open your tasks",
    why: "You get this at seven in the morning when there is something to do.",
    account: "Switch it off in your account",
};

const ARABIC: Words = Words {
    greeting: "صباح الخير",
    today: "مهام اليوم",
    overdue: "مهام متأخرة",
    first: "أولًا",
    more: "ومهام أخرى",
    open: "افتح مهامك",
    why: "تصلك هذه الرسالة في السابعة صباحًا حين يوجد ما يجب عمله.",
    account: "أوقفها من صفحة حسابك",
};

/// The texts of a language.
pub const fn of(locale: Locale) -> &'static Words {
    match locale {
        Locale::En => &ENGLISH,
        Locale::Ar => &ARABIC,
    }
}

/// What is to be done.
pub const fn kind(channel: Channel, locale: Locale) -> &'static str {
    let (english, arabic) = match channel {
        Channel::Call => ("Call", "مكالمة"),
        Channel::Letter => ("Letter", "خطاب"),
        Channel::Card => ("Card", "بطاقة"),
        Channel::DropBy => ("Visit", "زيارة"),
        Channel::Gift => ("Gift", "هدية"),
        Channel::Social => ("Social touch", "تواصل عبر الشبكات الاجتماعية"),
        // No tasks come of these.
        Channel::Email | Channel::Sms | Channel::EventInvite => ("Task", "مهمة"),
    };
    match locale {
        Locale::En => english,
        Locale::Ar => arabic,
    }
}
