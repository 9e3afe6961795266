//! The vocabulary of the suppression list.

use domain::suppression::{ListAction, Origin, Purpose, Scope, SuppressionReason};

use super::bilingual;

bilingual! {
    /// Why somebody is on the list.
    suppression_reason(SuppressionReason) {
        OneClick => "One-click unsubscribe", "إلغاء اشتراك بضغطة واحدة";
        UnsubscribeLink => "Unsubscribe link", "رابط إلغاء الاشتراك";
        PreferencePage => "Preference page", "صفحة الاختيارات";
        ReplyKeyword => "Keyword such as STOP", "كلمة إيقاف مثل STOP";
        ReplyFreetext => "Reply in own words", "ردّ بعبارته الخاصة";
        VoiceRequest => "Said on the phone or in person", "طلب شفهي هاتفيًا أو حضوريًا";
        EmailRequest => "Asked by email", "طلب بالبريد الإلكتروني";
        PostalRequest => "Asked by letter", "طلب بخطاب";
        StaffEntry => "Entered by staff", "إدخال من الموظفين";
        Complaint => "Spam complaint", "بلاغ عن رسالة مزعجة";
        HardBounce => "Mailbox does not exist", "صندوق البريد غير موجود";
        SoftBounceLimit => "Came back too often", "تكرّر ارتجاع الرسائل";
        ProviderSuppressed => "On the provider's own list", "مدرج في قائمة المزوّد";
        NationalDnc => "National do-not-call registry", "السجل الوطني لعدم الاتصال";
        StateDnc => "State do-not-call registry", "سجل الولاية لعدم الاتصال";
        AeDncr => "UAE do-not-call registry", "سجل عدم الاتصال في الإمارات";
        InvalidAddress => "Address cannot receive", "عنوان لا يمكنه الاستلام";
        ReassignedNumber => "Number has a new owner", "انتقل الرقم إلى شخص آخر";
        GdprObjection => "Objection (GDPR Art. 21)", "اعتراض (المادة 21 من اللائحة الأوروبية)";
        Erasure => "Erased on request", "مُحيت البيانات بناءً على طلب";
        LegalHold => "Counsel's decision", "قرار المستشار القانوني";
        Deceased => "Deceased", "متوفّى";
        DoNotMail => "No more post", "عدم إرسال البريد";
    }
}

bilingual! {
    /// Who made an entry.
    origin(Origin) {
        Recipient => "The person", "الشخص نفسه";
        Staff => "Staff", "الموظفون";
        System => "Touchline", "النظام";
        Provider => "Provider", "المزوّد";
        Registry => "Public registry", "سجل عام";
    }
}

bilingual! {
    /// What an entry covers.
    scope(Scope) {
        Channel => "One address, one channel", "عنوان واحد على قناة واحدة";
        Person => "The whole person", "الشخص بكل عناوينه";
        Domain => "The whole domain", "النطاق بأكمله";
        Topic => "One topic", "موضوع واحد";
    }
}

bilingual! {
    /// What an event of the list's history did.
    list_action(ListAction) {
        Suppress => "Put on the list", "أُدرج في القائمة";
        Lift => "Lifted", "رُفع من القائمة";
        Drained => "Nothing under way any more", "لم يعد شيء قيد الإرسال";
        LiftRequest => "Lift requested", "طُلب الرفع";
    }
}

bilingual! {
    /// Why a plan's messages are sent.
    purpose(Purpose) {
        Marketing => "Marketing", "تسويق";
        Transactional => "Transactional", "معاملات";
        Legal => "Legal notice", "إشعار قانوني";
    }
}
