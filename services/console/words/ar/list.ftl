# قائمة من لا يجوز الاتصال بهم.
area-list = قائمة المنع
about-area-list = من لا يجوز الاتصال به، ومنذ متى، ولماذا.
find = بحث
find-anybody = ابحث عن شخص أو عنوان
find-nothing = لا أحد معروف بهذا. اكتب بداية الاسم، أو بريدًا إلكترونيًا كاملًا، أو رقم هاتف كاملًا.
find-contacts = جهات الاتصال
do-not-contact = منع الاتصال
list-search = عنوان بأي كتابة، أو ‎@‎ يليها النطاق، أو اسم
list-check = هل هو في القائمة؟
list-add = إدراج في القائمة
list-add-person = أدرجه الآن
list-add-part = عنوان أو قناة واحدة فقط…
list-newest = أحدث القيود
list-older = قيود أقدم
list-empty = القائمة فارغة. تأتي القيود تلقائيًا من إلغاء الاشتراك والردود والرسائل المرتجعة، أو تُدخل هنا.
list-clear = لا شيء في القائمة يمنع هذا.
list-stands = { $it ->
    [zero] لا قيود على هذا.
    [one] قيد واحد على هذا.
    [two] قيدان على هذا.
    [few] { $it } قيود على هذا.
    [many] { $it } قيدًا على هذا.
   *[other] { $it } قيد على هذا.
}
list-stopped = في القائمة. موقوف للتسويق:
list-whom = من
list-nobody-known = عنوان ليس لأي جهة اتصال
list-covers = ما يشمله
list-reason = السبب
list-origin = من طلب
list-since = منذ
list-until = حتى { $it }
list-ends = حتى
list-by = أدخله
list-open = فتح
list-entry = قيد في القائمة
list-what = أي عنوان
list-address = العنوان
list-address-help = بريد إلكتروني، أو رقم هاتف بأي كتابة، أو ‎@‎ يليها النطاق. وللبريد العادي: العنوان البريدي.
list-all-channels = كل قنواته
list-whole-person = الشخص بكل عناوينه
list-whole-domain = نطاق البريد بأكمله
list-evidence = ما يثبته
list-evidence-help = تذكرة أو رسالة أو تسجيل. لا تكتب عنوانًا هنا.
list-added = أُدرج في القائمة:
list-added-clear = خالٍ: لن يبدأ إليه شيء بعد الآن، ولا شيء قيد الإرسال.
list-added-in-flight = { $it ->
    [zero] لن يبدأ شيء جديد، ولا شيء قيد التسليم.
    [one] لن يبدأ شيء جديد. كانت رسالة واحدة قيد التسليم في هذه اللحظة وقد تصل:
    [two] لن يبدأ شيء جديد. كانت رسالتان قيد التسليم في هذه اللحظة وقد تصلان:
    [few] لن يبدأ شيء جديد. كانت { $it } رسائل قيد التسليم في هذه اللحظة وقد تصل:
    [many] لن يبدأ شيء جديد. كانت { $it } رسالة قيد التسليم في هذه اللحظة وقد تصل:
   *[other] لن يبدأ شيء جديد. كانت { $it } رسالة قيد التسليم في هذه اللحظة وقد تصل:
}
list-touch-under-way = { $channel }، الخطوة { $step } من { $plan }
list-touch-under-way-to = { $channel } إلى { $name }، الخطوة { $step } من { $plan }
list-over = لم يعد هذا القيد ساريًا.
list-history = ما جرى لهذا العنوان أو الشخص أو النطاق
list-happened = ما جرى
reason-missing = اختر السبب.
covers-wrong = اختر ما يشمله القيد.
lift = رفع القيد
lift-ask = طلب الرفع
lift-approve = الموافقة والرفع
lift-help = ينهي كل قيد على هذا العنوان وهذه القناة تحديدًا، أو الشخص أو النطاق. وقد تُرسل الرسائل من جديد.
lift-help-two = البلاغات وما قيل أو كُتب يحتاج رفعها إلى مسؤولَين: يطلب أحدهما ويوافق الآخر.
lift-reason = سبب الرفع
lift-unsaid = اذكر سبب الرفع وما يثبته.
lift-needs-another = أنت من طلب هذا. يجب أن يوافق مسؤول آخر.
lift-own = أنت من طلبه. يجب أن يوافق مسؤول آخر.
lift-waits = ينتظر مسؤولًا ثانيًا
lift-asked-by = طلبه
lift-decide = راجع وقرّر
lifts = طلبات رفع تنتظر
lifts-none = لا شيء ينتظر. حين يحتاج الرفع إلى شخصين يظهر هنا طلب الأول.
lifts-waiting = { $it ->
    [zero] لا طلبات رفع تنتظر
    [one] طلب رفع ينتظر
    [two] طلبا رفع ينتظران
    [few] { $it } طلبات رفع تنتظر
    [many] { $it } طلب رفع ينتظر
   *[other] { $it } طلب رفع ينتظر
}
notice-lifted = رُفع القيد.
notice-lift-requested = سُجّل الطلب. يبقى القيد ساريًا حتى يوافق مسؤول آخر.
files = الملفات
files-last = ملفات اليوم الأخير
file = الملف
file-what = المطلوب
file-scrub = مقارنته بالقائمة
file-scrub-help = يعود كل صف بحكم: خالٍ أو مدرج أو غير صالح. لا يتغيّر شيء.
file-import = إدراجه في القائمة
file-import-help = يُدرج كل عنوان في الملف فورًا.
file-reason-help = لما يُدرج في القائمة فقط.
file-send = ابدأ
file-missing = اختر ملفًا.
file-too-large = لم يصل الملف أو أنه أكبر من اللازم. استخدم سطر الأوامر: touchline suppress import.
file-percent = { $it }٪
file-lost = انقطع
file-lost-text = انتهى البرنامج الذي كان يعمل عليه. ما أُدرج يبقى في القائمة؛ أرسل الملف من جديد.
file-broke-off = انقطع العمل، والسبب في السجل. ما أُدرج يبقى في القائمة؛ أرسل الملف من جديد.
file-unusable = لا يمكن استخدامه
file-done = اكتمل
file-progress = ما أُنجز
file-so-far = { $it ->
    [zero] لم يُنجز صف بعد.
    [one] أُنجز صف واحد.
    [two] أُنجز صفان.
    [few] أُنجزت { $it } صفوف.
    [many] أُنجز { $it } صفًا.
   *[other] أُنجز { $it } صف.
}
file-refreshes = تتحدّث هذه الصفحة وحدها. يمكنك مغادرتها ويستمر العمل.
file-rows = الصفوف
file-added = جديد في القائمة
file-already = في القائمة من قبل
file-clear = خالٍ
file-listed = مدرج
file-invalid = غير صالح
file-rejects = الصفوف غير الصالحة
file-verdicts = الأحكام
file-kept = يُحفظ يومًا واحدًا.
