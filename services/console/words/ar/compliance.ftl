# الردود غير الواضحة وطلبات الأشخاص وما يراجعه المسؤولون والمدققون.
area-reviews = المراجعات
about-area-reviews = ردود لم يتّضح معناها، وما يُقرَّر بشأنها.
overdue = متأخر
review = ردّ غير واضح
reviews-none = لا شيء ينتظر. يظهر هنا كل ردّ قد يعني «توقفوا» وقد لا يعنيه.
review-nobody = شخص غير معروف
review-arrived = وصل
review-due = القرار قبل
review-open = اقرأ وقرّر
review-from = من
review-by = وصل عبر
review-text = ما كُتب
review-no-text = النص ليس على هذا الجهاز. إنه محفوظ حيث تعمل خدمة inbound في inbound.replies_dir.
review-decide = القرار
review-decide-help = «توقّف» يدرج الرقم أو البريد في القائمة. و«استمرار» يسمح بالإرسال من جديد.
review-stop = يعني التوقّف
review-carry-on = استمرار
review-unsaid = اذكر السبب.
review-over = قُرّر هذا من قبل.
notice-review-decided = سُجّل القرار.
area-requests = طلبات الأشخاص
about-area-requests = ما يطلبه الناس بشأن بياناتهم، وموعد الرد عليه.
requests-none = لا شيء ينتظر الرد.
requests-open = ما ينتظر الرد
requests-over = ما انتهى
request-standing = الحالة
standing-in-time = في الموعد
standing-reminded = يقترب موعده
standing-overdue = متأخر
request-last-day = آخر يوم
days-left = { $it ->
    [zero] اليوم آخر يوم
    [one] بقي يوم واحد
    [two] بقي يومان
    [few] بقيت { $it } أيام
    [many] بقي { $it } يومًا
   *[other] بقي { $it } يوم
}
request-kind = الطلب
request-law = القانون
request-received = الاستلام
request-contact = من يطلب
request-contact-help = جهة اتصال بمعرّفها أو عنوانها أو اسمها؛ واتركه فارغًا إن لم يُعرف بعد.
request-how = كيف وصل
request-how-help = بريد إلكتروني أو خطاب أو مكالمة أو نموذج.
request-add = تسجيل طلب
request-add-help = تُحسب المواعيد من القانون ومن اليوم.
request-which = اختر نوعه.
request-confirm-by = تأكيد الاستلام قبل
request-steps = ما جرى
request-no-steps = لا شيء بعد.
request-step = تسجيل خطوة
request-note = بالكلمات
request-note-help = كيف، ولمن، وعلى أي أساس. لا تكتب عنوانًا هنا.
request-told = عند التمديد: متى أُبلغ الشخص
request-told-help = اليوم إن لم يُذكر شيء.
notice-request-noted = سُجّل.
area-compliance = الامتثال
about-area-compliance = سرعة إلغاء الاشتراك، والسجلات، والأدلة، وسجل التدقيق.
why = لماذا جرى الاتصال بشخص؟
why-day = اليوم
why-day-wrong = هذا ليس تاريخًا.
why-ask = أخبرني لماذا
evidence = الأدلة
evidence-whose = لمن
evidence-whose-help = معرّف جهة اتصال أو بريد إلكتروني أو رقم هاتف، ولو كان لشخص مُحيت بياناته.
evidence-reason = لأي غرض
evidence-bundle = حزمة موقّعة
evidence-page = صفحة للقراءة
evidence-unsaid = اذكر لمن، ولأي غرض.
evidence-no-key = لا يوجد مفتاح للتوقيع. أنشئ واحدًا بالأمر touchline evidence key واضبط keys.evidence_key_file.
latency = من طلب الإلغاء إلى السريان
latency-help = آخر 30 يومًا: { $count } طلب إلغاء، عُرف وقت وصول { $timed } منها.
latency-p50 = نصفها خلال
latency-p99 = ‏99 من 100 خلال
latency-max = الأبطأ
latency-over-minute = أكثر من دقيقة
latency-over-day = أكثر من يوم
seconds = { $it } ث
registries = سجلات عدم الاتصال
registries-help = تُحجز المكالمات حيث لا بيانات لرمز المنطقة أو حيث البيانات قديمة.
registry = السجل
registry-us-national = الولايات المتحدة، الوطني
registry-ae-dncr = الإمارات، سجل عدم الاتصال
registry-state = الحالة
registry-none = لم يُحمَّل قط
registry-fresh = حديث
registry-stale = { $it ->
    [zero] لا رموز قديمة
    [one] رمز منطقة واحد قديم
    [two] رمزا منطقة قديمان
    [few] { $it } رموز مناطق قديمة
    [many] { $it } رمز منطقة قديمًا
   *[other] { $it } رمز منطقة قديم
}
registry-coverage = التغطية
registry-covers = رموز المناطق: { $areas }، الأرقام: { $numbers }
registry-age = العمر
days-old = { $it ->
    [zero] اليوم
    [one] يوم واحد
    [two] يومان
    [few] { $it } أيام
    [many] { $it } يومًا
   *[other] { $it } يوم
}
registry-loaded = آخر تحميل
registry-next = التنزيل القادم
registry-now = الآن
breakers = إيقافات سارية
breakers-help = فتحتها القواطع الآلية أو أشخاص. يرفعها المشغّل.
breakers-none = لا شيء موقوف.
audit = سجل التدقيق
audit-subject = لمن: عنوان أو ‎@‎ يليها النطاق أو معرّف جهة اتصال
audit-since = من (UTC)
audit-until = حتى (UTC)
audit-verify = فحص السلسلة
audit-checking = يجري فحص السلسلة.
audit-checked = فُحصت:
audit-failed = لم يكتمل الفحص؛ اطلب فحصًا آخر.
audit-lost = لم يكتمل الفحص الأخير لأن عمليته توقفت. اطلب فحصًا آخر.
audit-sound = السلسلة سليمة.
audit-broken = مكسورة:
audit-links = { $it ->
    [zero] لم تُفحص حلقات.
    [one] فُحصت حلقة واحدة وما تتحدث عنه من صفوف.
    [two] فُحصت حلقتان وما تتحدثان عنه من صفوف.
    [few] فُحصت { $it } حلقات وما تتحدث عنه من صفوف.
    [many] فُحصت { $it } حلقة وما تتحدث عنه من صفوف.
   *[other] فُحصت { $it } حلقة وما تتحدث عنه من صفوف.
}
audit-head-help = هذه نهاية السلسلة. من يحفظها في مكان آخر يكتشف لاحقًا إن صُنعت السلسلة من جديد.
audit-none = لا شيء مسجّل هناك.
audit-seq = الحلقة
audit-table = الجدول
audit-rows = الصفوف
audit-day-wrong = هذا ليس تاريخًا.
audit-subject-wrong = هذا ليس عنوانًا ولا نطاقًا ولا معرّف جهة اتصال.
request-step-sure = هل هذا صحيح؟ تبقى الخطوة مسجّلة، والرد أو الرفض ينهي الطلب.
