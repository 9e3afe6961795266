//! Why a touch did not (yet) go out.

use domain::{Locale, Reason, ReasonCode};

use super::{bilingual, embedded, rule};

bilingual! {
    /// The code of a reason: a part of a sentence.
    reason_code(ReasonCode) {
        Suppressed => "the suppression list says no", "قائمة عدم التواصل تمنع ذلك";
        NoAddress => "the contact has no address for the channel",
            "لا يوجد لجهة الاتصال عنوان لهذه القناة";
        BadAddress => "the address cannot be used for the channel",
            "العنوان غير صالح لهذه القناة";
        PlanNotActive => "the enrolment was not running", "لم يكن التسجيل في الخطة نشطًا";
        SamplePerson => "the person is of the sample data, to whom nothing real is sent",
            "الشخص من البيانات التجريبية، ولا يُرسل إليه شيء حقيقي";
        OutsideWindow => "it was outside the recipient's hours",
            "كان الوقت خارج ساعات التواصل لدى المستلم";
        ZoneUnknown => "no time zone is known for the recipient",
            "المنطقة الزمنية للمستلم غير معروفة";
        Paused => "sending is paused", "الإرسال متوقف مؤقتًا";
        FrequencyCap => "the person was reached as often as is allowed",
            "بلغ عدد مرات التواصل مع الشخص الحد المسموح";
        NoBasis => "there is no legal basis to reach the person",
            "لا يوجد أساس قانوني للتواصل مع الشخص";
        NationalDnc => "the number is on the national do-not-call registry",
            "الرقم مدرج في السجل الوطني لعدم الاتصال";
        AeDncr => "the number is on the UAE's do-not-call registry",
            "الرقم مدرج في سجل عدم الاتصال في الإمارات";
        DncDataStale => "the do-not-call registry's data is too old to know",
            "بيانات سجل عدم الاتصال قديمة ولا يُعتمد عليها";
        AreaCodeNotLicensed => "the do-not-call registry is not loaded for the number",
            "سجل عدم الاتصال غير محمّل لهذا الرقم";
        ListingWithdrawn => "another broker has a contract for the property",
            "للعقار عقد مع وسيط آخر";
        MissingField => "a field the template needs is empty", "حقل يحتاجه القالب فارغ";
        TemplateError => "the template could not be rendered", "تعذّر إنشاء الرسالة من القالب";
        NoTemplate => "there is no such template in a language that may be used",
            "لا يوجد قالب بلغة يمكن استخدامها";
        SegmentsOverCap => "the text needs more segments than allowed",
            "يحتاج النص إلى مقاطع أكثر من المسموح";
        Refused => "the receiving side said no for good", "رفضت الجهة المستقبِلة نهائيًا";
        Deferred => "the receiving side said not now", "طلبت الجهة المستقبِلة المحاولة لاحقًا";
        Unreachable => "there was no connection to hand it over",
            "لم يتوفر اتصال لتسليمها";
        InDoubt => "the connection broke while it was handed over",
            "انقطع الاتصال أثناء تسليمها";
        Misconfigured => "the provider's settings are wrong", "إعدادات المزوّد غير صحيحة";
        Panicked => "the worker stumbled over it", "تعثّر برنامج الإرسال في معالجتها";
        AttemptsExhausted => "all attempts were used", "استُنفدت جميع المحاولات";
        LeaseExpired => "the process that held it died or stalled",
            "توقفت العملية التي كانت تعالجها";
        CancelledByPerson => "a person cancelled it", "ألغاها أحد الموظفين";
        ResumedByPerson => "a person let it go on", "سمح أحد الموظفين بمتابعتها";
        ReplayedByPerson => "a person had it tried anew", "طلب أحد الموظفين إعادة المحاولة";
        ConfirmedByPerson => "a person knows that it arrived", "أكّد أحد الموظفين وصولها";
        UnderReview => "a person has to read an answer from the number first",
            "يجب أن يقرأ موظف ردًا ورد من الرقم أولًا";
        TooLate => "it was too old to be of use", "فات أوانها";
    }
}

/// A stored reason in words, with its detail behind; what cannot be read is shown as it stands.
#[must_use]
pub fn reason(stored: &str, locale: Locale) -> String {
    let Ok(reason) = stored.parse::<Reason>() else { return embedded(stored, locale) };
    let words = reason_code(reason.code, locale);
    match reason.detail {
        Some(detail) => {
            let told = match reason.code {
                ReasonCode::OutsideWindow => rule::hours(&detail, locale),
                ReasonCode::FrequencyCap => rule::cap(&detail, locale),
                ReasonCode::Paused => rule::pause(&detail, locale),
                _ => embedded(&detail, locale),
            };
            format!("{words} ({told})")
        }
        None => words.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_reason_is_told_with_its_detail() {
        let stored = "missing_field: closing_date";
        let english = "a field the template needs is empty (closing_date)";
        assert_eq!(reason(stored, Locale::En), english);
        let arabic = "حقل يحتاجه القالب فارغ (\u{2068}closing_date\u{2069})";
        assert_eq!(reason(stored, Locale::Ar), arabic);
        assert_eq!(reason("said by nobody", Locale::En), "said by nobody");
    }
}
