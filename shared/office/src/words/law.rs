//! Legal bases, registries, people's requests, pauses.

use domain::breaker::Breaker;
use domain::consent::LegalBasis;
use domain::pause::PauseScope;
use domain::registry::{Registry, Verdict};
use domain::rights::{PrivacyLaw, RequestKind, RequestStep};

use super::bilingual;

bilingual! {
    /// Why a person may be reached.
    legal_basis(LegalBasis) {
        Consent => "Consent", "موافقة";
        ImpliedConsent => "Implied consent", "موافقة ضمنية";
        SoftOptIn => "Existing customer (soft opt-in)", "عميل حالي (اشتراك ضمني)";
        LegitimateInterest => "Legitimate interest", "مصلحة مشروعة";
        Contract => "Contract", "عقد";
        None => "None", "لا يوجد";
    }
}

bilingual! {
    /// What a do-not-call registry says of a number.
    registry_verdict(Verdict) {
        Listed => "listed", "مدرج";
        Clear => "clear", "غير مدرج";
        Stale => "data too old", "بيانات قديمة";
        NotLicensed => "not loaded", "غير محمّل";
    }
}

bilingual! {
    /// What somebody asks for about their own data.
    request_kind(RequestKind) {
        Access => "Access", "الاطلاع";
        Portability => "Portability", "نقل البيانات";
        Rectification => "Correction", "التصحيح";
        Erasure => "Erasure", "المحو";
        Objection => "Objection", "الاعتراض";
        Restriction => "Restriction", "تقييد المعالجة";
    }
}

bilingual! {
    /// The law a request is answered under.
    privacy_law(PrivacyLaw) {
        Gdpr => "GDPR (EU)", "اللائحة العامة لحماية البيانات (الاتحاد الأوروبي)";
        UkGdpr => "UK GDPR", "اللائحة العامة لحماية البيانات (المملكة المتحدة)";
        Ccpa => "CCPA (California)", "قانون خصوصية المستهلك (كاليفورنيا)";
        SaPdpl => "PDPL (Saudi Arabia)", "نظام حماية البيانات الشخصية (السعودية)";
        AePdpl => "PDPL (UAE)", "قانون حماية البيانات الشخصية (الإمارات)";
        EgPdpl => "PDPL (Egypt)", "قانون حماية البيانات الشخصية (مصر)";
    }
}

bilingual! {
    /// What happened to a request.
    request_step(RequestStep) {
        Confirmed => "Receipt confirmed", "تأكد الاستلام";
        Verified => "Identity verified", "تم التحقق من الهوية";
        Extended => "Extended", "مُدّدت المهلة";
        Forwarded => "Forwarded", "أُحيل إلى جهة أخرى";
        Acknowledged => "Acknowledged", "ردّت الجهة الأخرى";
        Answered => "Answered", "أُجيب";
        Refused => "Refused", "رُفض";
    }
}

bilingual! {
    /// A do-not-call registry.
    registry(Registry) {
        UsNational => "United States, national", "الولايات المتحدة، الوطني";
        AeDncr => "United Arab Emirates, DNCR", "الإمارات العربية المتحدة";
    }
}

bilingual! {
    /// What a pause covers.
    pause_scope(PauseScope) {
        Everything => "Everything", "كل شيء";
        Channel => "Channel", "قناة";
        SenderDomain => "Sending domain", "نطاق الإرسال";
        Plan => "Plan", "خطة";
        Import => "Import", "عملية استيراد";
    }
}

bilingual! {
    /// What a circuit breaker watches.
    breaker(Breaker) {
        Complaints => "Complaints", "البلاغات";
        HardBounces => "Addresses that do not exist", "عناوين غير موجودة";
        GatewayErrors => "Relay or gateway failing", "تعطّل خادم البريد أو بوابة الرسائل";
    }
}
