//! Channels, the life of a touch and of an enrolment.

use domain::touch::TaskOutcome;
use domain::{Channel, ContactChannel, EnrolmentState, Locale, Medium, TouchState};

use super::{bilingual, embedded};

bilingual! {
    /// A step's channel.
    channel(Channel) {
        Email => "Email", "بريد إلكتروني";
        Sms => "Text message", "رسالة نصية";
        Call => "Call", "مكالمة";
        Letter => "Letter", "خطاب";
        Card => "Card", "بطاقة";
        DropBy => "Visit", "زيارة";
        Gift => "Gift", "هدية";
        EventInvite => "Invitation by email", "دعوة بالبريد الإلكتروني";
        Social => "Social touch", "تواصل عبر الشبكات الاجتماعية";
    }
}

bilingual! {
    /// What the list is kept for.
    contact_channel(ContactChannel) {
        Email => "Email", "البريد الإلكتروني";
        Sms => "Text messages", "الرسائل النصية";
        Call => "Calls", "المكالمات";
        Post => "Post and visits", "البريد والزيارات";
        Person => "Every channel", "جميع القنوات";
    }
}

bilingual! {
    /// What carries a touch.
    medium(Medium) {
        Email => "Email", "البريد الإلكتروني";
        Sms => "Text messages", "الرسائل النصية";
        Call => "Tasks for people", "مهام الفريق";
    }
}

bilingual! {
    /// Where a touch is in its life.
    touch_state(TouchState) {
        Scheduled => "Scheduled", "مجدولة";
        Queued => "Queued", "في الانتظار";
        Sending => "Sending", "قيد الإرسال";
        Unknown => "Unknown", "غير مؤكدة";
        Held => "Held", "معلّقة";
        Sent => "Sent", "أُرسلت";
        Blocked => "Blocked", "مُنعت";
        Skipped => "Skipped", "تُخطّيت";
        Failed => "Failed", "فشلت";
        Cancelled => "Cancelled", "أُلغيت";
    }
}

bilingual! {
    /// What an attempt led to.
    led_to(TouchState) {
        Scheduled => "put off", "أُجّلت";
        Queued => "queued again", "أُعيدت إلى الانتظار";
        Sending => "taken", "بدأت معالجتها";
        Unknown => "in doubt", "لم يتأكد تسليمها";
        Held => "held for a person", "عُلّقت بانتظار قرار موظف";
        Sent => "handed over", "سُلّمت";
        Blocked => "blocked", "مُنعت";
        Skipped => "skipped", "تُخطّيت";
        Failed => "given up", "صُرف النظر عنها";
        Cancelled => "cancelled", "أُلغيت";
    }
}

bilingual! {
    /// Where an enrolment is in its life.
    enrolment_state(EnrolmentState) {
        Active => "Active", "نشط";
        Paused => "Paused", "متوقف مؤقتًا";
        Completed => "Completed", "مكتمل";
        Stopped => "Stopped", "منتهٍ";
    }
}

bilingual! {
    /// How a task for a person ended.
    task_outcome(TaskOutcome) {
        Answered => "Reached", "تم الوصول إليه";
        Unanswered => "Not reached", "لم يتم الوصول إليه";
        Refused => "Refused", "رفض";
        Voicemail => "Voicemail", "بريد صوتي";
        WrongNumber => "Wrong number", "رقم خاطئ";
        Appointment => "Appointment", "موعد";
        Done => "Done", "تم";
    }
}

/// By which rule a time zone was found, as [`domain::window::zones_of`] words it; what is not known
/// here is shown as it stands.
#[must_use]
pub fn zone_rule(rule: &str, locale: Locale) -> String {
    if locale == Locale::En {
        return rule.to_owned();
    }
    match rule {
        "the contact's own time zone" => "المنطقة الزمنية المسجّلة لجهة الاتصال",
        "the team's time zone" => "المنطقة الزمنية للفريق",
        "no time zone known" => "لا تُعرف منطقة زمنية",
        "every time zone of the contact's state" => "جميع المناطق الزمنية لولاية جهة الاتصال",
        "every time zone of the contact's country" => "جميع المناطق الزمنية لدولة جهة الاتصال",
        "every time zone of the phone number's area" => "جميع المناطق الزمنية لمفتاح رقم الهاتف",
        "every time zone of the contact's state and of the phone number's area" => {
            "جميع المناطق الزمنية لولاية جهة الاتصال ولمفتاح رقم الهاتف"
        }
        "every time zone of the contact's country and of the phone number's area" => {
            "جميع المناطق الزمنية لدولة جهة الاتصال ولمفتاح رقم الهاتف"
        }
        other => return embedded(other, locale),
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use domain::whereabouts::{Known, Whereabouts};

    use super::*;

    /// The rules are words of another crate: whoever changes them there must see it here.
    #[test]
    fn every_rule_of_time_zones_has_its_arabic_words() {
        let zone = Some("Asia/Dubai");
        for known in [
            Known { time_zone: zone, ..Known::default() },
            Known { fallback: zone, ..Known::default() },
            Known { country: Some("US"), ..Known::default() },
            Known { country: Some("US"), state: Some("Texas"), ..Known::default() },
            Known::default(),
        ] {
            let rule = Whereabouts::of(known).decided_by;
            assert!(!zone_rule(rule, Locale::Ar).contains(rule), "{rule}");
        }
    }
}
