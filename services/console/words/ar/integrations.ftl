# ما تستخدمه البرامج الأخرى: رموز الواجهة البرمجية.
area-integrations = الربط مع البرامج
about-area-integrations = رموز الواجهة البرمجية والإشعارات للبرامج الأخرى.

tokens = رموز الواجهة البرمجية
about-tokens = بالرمز يقرأ برنامج آخر ويغيّر ما تسمح به أنت، ولا شيء غيره.
tokens-empty = لا يوجد رمز بعد، فلا يدخل أي برنامج.
token-made = هذا هو الرمز، ولن يظهر مرة أخرى. ضعه حيث يحفظ البرنامج أسراره. لا يستطيع أحد الاطلاع عليه لاحقًا: إن ضاع فألغه وأنشئ غيره.
token-name = الاسم
about-token-name = لأي برنامج هو، لتعرفه لاحقًا.
token-scopes = المسموح له
token-scope-lost = لم يعد مسموحًا
token-standing = الحالة
token-in-force = سارٍ
token-expired = انتهى
token-revoked = ملغى
token-user-disabled = لا يمكن للمستخدم الدخول
token-until = حتى
token-used = آخر استخدام
token-never-used = لم يُستخدم
token-revoke = إلغاء
token-sure = هل تلغي «{ $it }»؟ لن يحصل البرنامج الذي يستخدمه على أي جواب بعد ذلك.
token-new = إنشاء رمز
token-new-text = لا تسمح إلا بما يحتاجه البرنامج. ولا يمكنك السماح بأكثر مما هو مسموح لك.
token-term = المدة
token-days = { $it ->
    [zero] { $it } يوم
    [one] يوم واحد
    [two] يومان
    [few] { $it } أيام
    [many] { $it } يومًا
   *[other] { $it } يوم
}
token-name-missing = اذكر لماذا هذا الرمز.
token-name-long = اختصر الاسم.
token-scopes-missing = اختر شيئًا واحدًا على الأقل يُسمح به.
token-term-missing = اختر المدة.
notice-token-revoked = أُلغي الرمز، ولم يعد يُدخل أحدًا.

scope-contacts-read = الاطلاع على جهات اتصالك
scope-contacts-read-all = الاطلاع على جهات اتصال الجميع
scope-contacts-write = إضافة جهات الاتصال وتصحيحها وتدوين التعاملات
scope-plans-read = الاطلاع على الخطط والقوالب
scope-enrol = تسجيل الأشخاص في الخطط وإيقاف ذلك مؤقتًا أو نهائيًا
scope-touches-read = الاطلاع على نقاط الاتصال وسبب إرسال كل منها أو عدمه
scope-list-read = الاطلاع على قائمة عدم التواصل
scope-list-add = إضافة الأشخاص إلى قائمة عدم التواصل
scope-tasks-work = إنجاز مهامك
scope-tasks-all = الاطلاع على مهام الجميع
scope-tasks-hand-over = تسليم المهام إلى وكيل آخر
