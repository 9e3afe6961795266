//! The desk: what waits for a person, what a person decides, and why a touch was left.

use domain::desk::{Attention, Left, Resolution};

use super::bilingual;

bilingual! {
    /// Why a person must look at a touch.
    attention(Attention) {
        Held => "Held", "معلّقة";
        Unknown => "In doubt", "غير مؤكدة";
        Failed => "Failed", "فشلت";
        Blocked => "Blocked by settings", "مُنعت بسبب الإعدادات";
    }
}

bilingual! {
    /// What a person decides about touches that wait.
    resolution(Resolution) {
        Resume => "Let it go on", "متابعة";
        Confirm => "It arrived", "تأكيد الوصول";
        Cancel => "Cancel", "إلغاء";
        Replay => "Try anew", "إعادة المحاولة";
        Dismiss => "Leave it as it is", "تركها كما هي";
    }
}

bilingual! {
    /// Why a touch was left as it is.
    left(Left) {
        NotWaiting => "it does not wait for this decision, or not any more",
            "لا تنتظر هذا القرار، أو لم تعد تنتظره";
        Busy => "it is being moved at this moment", "تجري معالجتها في هذه اللحظة";
        EnrolmentOver => "its enrolment was stopped, or the contact is gone",
            "انتهى تسجيلها في الخطة أو لم تعد جهة الاتصال موجودة";
        EnrolmentPaused => "its enrolment is still paused", "ما زال تسجيلها في الخطة متوقفًا مؤقتًا";
        IsTask => "a task is not confirmed as sent: resume or cancel it",
            "المهمة لا تُؤكَّد كرسالة مُرسلة: تابعها أو ألغها";
        MayHaveArrived => "it may have arrived: name it alone to repeat it",
            "ربما وصلت: حدّدها وحدها لإعادتها";
    }
}
