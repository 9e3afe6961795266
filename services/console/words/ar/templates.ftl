# القوالب: القائمة والمحرر والمعاينة والإصدارات.
area-templates = القوالب
about-area-templates = ما يُرسل من رسائل ونصوص مكالمات: تحريره وفحصه واعتماده.
templates-help = لا تُرسل إلا الإصدارات المعتمدة. المسودة لا تغيّر شيئًا حتى يعتمدها أحد.
templates-empty = لا يوجد قالب بهذه الصفة. اعرض الكل أو ابدأ قالبًا أدناه.
template-key = الاسم
template-medium = الوسيلة
template-state = الحالة
template-state-approved = معتمد
template-state-draft = مسودة
template-state-retired = موقوف
template-plans = مستخدم في
languages = اللغات
language-en = الإنجليزية
language-ar = العربية
all = الكل
narrow = اعرض
in-no-plan = لا خطة
new-template = بدء قالب
new-template-text = تشير إليه الخطط بهذا الاسم: أحرف لاتينية صغيرة وأرقام وشرطات سفلية. لا يمكن تغييره لاحقًا.
template-key-wrong = يتكوّن الاسم من أحرف لاتينية صغيرة وأرقام وشرطات سفلية، ويبدأ بحرف أو رقم.
template-key-taken = يوجد قالب بهذا الاسم.
template-medium-missing = اختر وسيلة.
template-texts = النصوص
template-purpose = الغرض
template-purpose-marketing = تسويق: يحتاج إلى اسم المرسل وعنوانه البريدي ورابط إلغاء الاشتراك
template-purpose-transactional = رد على ما فعله الشخص
template-part-subject = الموضوع
template-part-mjml = الصفحة (MJML)
template-part-html = الصفحة
template-part-text = النص العادي
template-part-sms = الرسالة النصية
template-part-title = العنوان
template-part-script = النص المقروء
template-sent-version = يُرسل الإصدار { $it }
draft-by = { $who }، { $when }
draft-overtaken = اعتُمد إصدار آخر منذ بدء هذه المسودة. قارن بينهما قبل الاعتماد.
draft-taken = غيّر شخص آخر هذه المسودة في هذه الأثناء. ما كتبته موجود أدناه؛ احفظ مرة أخرى ليحل محل ما كتبه.
not-approved = لا يمكن اعتماده ما دامت فيه أخطاء. تجدها بجانب النصوص.
editor-help = تتبع المعاينة ما تكتبه. لا يُحفظ شيء حتى تحفظ المسودة، ولا يُرسل شيء قبل الاعتماد.
editor-read-only = تسمح لك أدوارك بالاطلاع على النصوص دون تغييرها.
save-draft = حفظ المسودة
approve = اعتماد وإرسال من الآن
approve-confirm = من الآن ستُرسل كل رسالة من هذا القالب بهذه النصوص. هل تعتمده؟
discard-draft = التخلص من المسودة
discard-confirm = هل تتخلص من المسودة؟ يبقى الإصدار الذي يُرسل.
known-fields = الحقول المتاحة للنصوص
known-fields-text = ليست كل الحقول متوفرة للجميع: ضع الجملة داخل #if، وإلا فلن تصل الرسالة إلى من ينقصه الحقل. تُكتب حقولك الخاصة هكذا: custom.name.
not-everybody = ليس للجميع
preview = المعاينة
preview-as = كما تصل إلى
preview-as-hint = اسم جهة الاتصال أو بريدها أو هاتفها
preview-own-language = لغتها
preview-now = اعرض
preview-page = الصفحة
preview-which = ينطبق هذا على أكثر من شخص. اختر واحدًا
preview-nobody = لا يُعرف أحد بهذا. يُعرض مثال.
preview-of = كما تصل إلى { $it }
preview-of-example = كما تصل إلى شخص للمثال
preview-not-kept = هذا ما كتبته، ولم يُحفظ شيء: ارجع لتحفظه.
preview-faulty = يمكن عرضه بعد تصحيح الأخطاء.
preview-broken = لا يمكن عرضه. السجل يبيّن السبب.
preview-no-page = ليس لهذا القالب صفحة.
preview-missing-field = لن يصل شيء إلى هذا الشخص: الحقل { $it } ناقص. أكمله أو ضع الجملة داخل #if.
preview-unsafe-link = لن يصل شيء إلى هذا الشخص: الحقل { $it } ليس رابط ويب أو بريد أو هاتف.
preview-not-a-date = لن يصل شيء إلى هذا الشخص: الحقل { $it } ليس تاريخًا.
preview-control-character = لن يصل شيء إلى هذا الشخص: إحدى القيم تضع سطرًا جديدًا في هذا النص: { $it }.
preview-empty = لن يصل شيء إلى هذا الشخص: لم يبق شيء من هذا النص: { $it }.
preview-too-large = أكبر من أن يُرسل.
preview-no-locale = لا توجد نصوص بهذه اللغة: { $it }.
preview-needed = لا يُرسل إلى من ينقصه:
width-phone = الهاتف
width-desktop = الحاسوب
show-page = اعرض الصفحة
page-size = حجم الصفحة { $it } كيلوبايت. تقتطع برامج البريد ما زاد على 102 كيلوبايت.
sms-cost = { $encoding }، عدد الأحرف { $units }، { $segments ->
    [zero] لا أجزاء
    [one] جزء واحد
    [two] جزءان
    [few] { $segments } أجزاء
    [many] { $segments } جزءًا
   *[other] { $segments } جزء
}
sms-forced = الحرف «{ $it }» ({ $code }) يزيد طول الرسالة عند الإرسال.
sms-instead = اكتب «{ $it }» بدلًا منه.
lint = الفحوص
lint-clean = لا ملاحظات.
lint-severity-error = خطأ
lint-severity-warning = انتبه
lint-syntax = لا يمكن قراءته
lint-not-allowed = غير مسموح في القوالب
lint-helper-name = اسم محجوز
lint-unknown-field = حقل غير معروف
lint-missing-locale = لغة ناقصة
lint-missing-text = نص ناقص
lint-unused-text = نص غير مستخدم
lint-missing-unsubscribe = رابط إلغاء الاشتراك ناقص
lint-missing-postal-address = العنوان البريدي ناقص
lint-missing-sender-name = اسم المرسل ناقص
lint-unknown-element = عنصر غير معروف
lint-unknown-attribute = خاصية غير معروفة
lint-include = جزء مشترك
lint-unsafe-place = حقل في موضع غير آمن
lint-unsafe-link = رابط غير مسموح
lint-insecure-link = رابط غير مشفّر
lint-dead-link = رابط لا يؤدي إلى شيء
lint-low-contrast = صعب القراءة
lint-control-character = سطر جديد أو حرف تحكم
lint-subject-too-long = الموضوع أطول من اللازم
lint-too-many-segments = أجزاء كثيرة
lint-too-large = أكبر من اللازم
at-line = السطر { $it }
template-versions = الإصدارات
template-decisions = ما تقرّر
template-action-approve = اعتُمد
template-action-retire = أُوقف
template-action-restore = عاد إلى الإرسال
template-action-discard = أُهملت المسودة
no-version-yet = لم يُعتمد شيء بعد، فلا يُرسل شيء.
version-number = الإصدار { $it }
from-library = من المكتبة
version-compared = ما تغيّر من الإصدار { $old } إلى الإصدار { $new } الذي يُرسل.
version-same = النصوص نفسها.
version-is-current = هذا هو الإصدار الذي يُرسل.
version-faulty = لم يعد هذا الإصدار يجتاز الفحوص، فلا يمكن إرساله مرة أخرى. افتح المحرر وصحّحه.
roll-back = العودة إلى الإصدار { $it }
roll-back-text = تصبح نصوصه إصدارًا جديدًا يُرسل من ذلك الحين.
reason = السبب
retire-template = إيقاف القالب
retire-text = { $it ->
    [zero] لا تستخدمه أي خطة. لن يُرسل بعد الآن.
    [one] تستخدمه خطة واحدة. ستُمنع رسائلها من هذا القالب وتمضي الخطة.
    [two] تستخدمه خطتان. ستُمنع رسائلهما من هذا القالب وتمضي الخطتان.
    [few] تستخدمه { $it } خطط. ستُمنع رسائلها من هذا القالب وتمضي الخطط.
    [many] تستخدمه { $it } خطة. ستُمنع رسائلها من هذا القالب وتمضي الخطط.
   *[other] تستخدمه { $it } خطة. ستُمنع رسائلها من هذا القالب وتمضي الخطط.
}
restore-template = أعده إلى الإرسال
restore-text = القالب موقوف: تُمنع الرسائل التي تحتاج إليه.
notice-draft-saved = حُفظت المسودة. لا يُرسل بها شيء قبل اعتمادها.
notice-draft-discarded = أُهملت المسودة.
notice-template-approved = اعتُمد، ويُرسل من الآن.
notice-template-retired = أُوقف القالب. خلال ثوانٍ لن يُرسل به شيء.
notice-template-restored = عاد إلى الإرسال.
