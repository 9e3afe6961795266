# الخطط: القائمة والجدول الزمني والمحرر والتسجيل.
area-plans = الخطط
about-area-plans = من يصله ماذا وفي أي يوم، وتسجيل الأشخاص.
plans-empty = لا توجد خطة بعد. خذ واحدة من المكتبة أدناه.
plan = الخطة
plan-touches = نقاط الاتصال
plan-days = الأيام
plan-running = الجارية
plan-yearly = تبدأ من جديد كل سنة
plan-library = من المكتبة
plan-library-text = خذ خطة كما هي مع قوالبها، أو انسخها وعدّلها لتصبح خطتك.
plan-load = خذها كما هي
plan-copy = نسخ
plan-not-loaded = لا تجتاز خطة المكتبة هذه فحصها. السجل يبيّن السبب.
plan-edit = تحرير
plan-steps = الخطوات
plan-day = اليوم { $it }
plan-then = في اليوم { $day }: { $it }
plan-old-version = هذا إصدار أقدم. من بدأ فيه يبقى فيه.
plan-to-current = إلى الأحدث
count-touches = { $it ->
    [zero] لا نقاط اتصال
    [one] نقطة اتصال واحدة
    [two] نقطتا اتصال
    [few] { $it } نقاط اتصال
    [many] { $it } نقطة اتصال
   *[other] { $it } نقطة اتصال
}
count-running = { $it ->
    [zero] لا أحد فيه
    [one] شخص واحد فيه
    [two] شخصان فيه
    [few] { $it } أشخاص فيه
    [many] { $it } شخصًا فيه
   *[other] { $it } شخص فيه
}
count-people = { $it ->
    [zero] لا أحد
    [one] شخص واحد
    [two] شخصان
    [few] { $it } أشخاص
    [many] { $it } شخصًا
   *[other] { $it } شخص
}
owner-machine = ترسلها Touchline
owner-agent = مهمة لوكيل جهة الاتصال
anchor-none = اليوم
anchor-birthday = عيد الميلاد
anchor-spouse-birthday = عيد ميلاد الزوج أو الزوجة
anchor-closing = ذكرى إغلاق الصفقة
anchor-holiday = مناسبة { $it }
step-does-not-count = لا تُحسب نقطة اتصال
plan-no-steps = ليس في الخطة خطوات. أضف واحدة.
plan-too-many-steps = عدد خطوات الخطة { $it }، والممكن { $most }. قسّمها واجعل إحداها تتبع الأخرى.
plan-does-not-add-up = المعلن { $declared } من نقاط الاتصال، لكن مجموع الخطوات { $counted }. صحّح العدد أو الخطوات التي تُحسب.
plan-day-out-of-range = الخطوة { $step }: يجب أن يكون اليوم بين 1 و{ $last }.
plan-out-of-order = الخطوة { $step }: يأتي اليوم { $day } بعد اليوم { $before }. رتّب الخطوات حسب أيامها.
plan-repeated = الخطوة { $step }: يُرسل { $it } في اليوم { $day } من قبل.
plan-name-missing = الاسم ناقص بهذه اللغة: { $it }.
plan-purpose-missing = الخطوة { $step }: الغرض ناقص بهذه اللغة: { $it }.
plan-repeats-and-chains = الخطة التي تبدأ من جديد كل سنة لا يمكن أن تتبعها أخرى.
plan-chains-too-early = تبدأ الخطة التالية في اليوم { $day } قبل الخطوة الأخيرة في اليوم { $last }.
plan-template-missing = الخطوة { $step }: لا يوجد قالب معتمد باسم { $it }.
plan-template-medium = الخطوة { $step }: القالب { $it } ليس لهذه القناة.
plan-template-retired = الخطوة { $step }: القالب { $it } موقوف، فستُمنع الخطوة.
plan-holiday-unknown = الخطوة { $step }: ليس في التقويم مناسبة { $it }.
plan-follower-missing = لا توجد خطة { $it } لتتبعها.
plan-copy-of = نسخة من { $it }
plan-adds-up = الخطة متوافقة: { $it ->
    [zero] لا نقاط اتصال محسوبة
    [one] نقطة اتصال واحدة محسوبة
    [two] نقطتا اتصال محسوبتان
    [few] { $it } نقاط اتصال محسوبة
    [many] { $it } نقطة اتصال محسوبة
   *[other] { $it } نقطة اتصال محسوبة
}.
plan-key = المفتاح
plan-description = لمن هي
plan-declared = نقاط الاتصال المعلنة
plan-lane = المسار
lane-hi = سريع: هناك من ينتظر الرد
lane-bulk = عادي
plan-follower = تتبعها
plan-no-follower = لا شيء
plan-follower-day = … في اليوم
step-number = الخطوة { $it }
step-day = اليوم
step-channel = القناة
step-template = القالب
step-anchor = يحدّده
step-shift = إن لم يكن يوم عمل
shift-default = كما تقتضي القناة
shift-same = يبقى
shift-next = يوم العمل التالي
shift-previous = يوم العمل السابق
step-at = الوقت
step-purpose = الغرض
step-counts = تُحسب نقطة اتصال
step-earlier = إلى الأعلى
step-later = إلى الأسفل
step-remove = إزالة
step-add = إضافة خطوة
plan-check = فحص
plan-impact = قبل الحفظ
plan-keeps = تبقى التسجيلات الجارية على الإصدار { $version }؛ عدد الأشخاص { $count }.
plan-impact-next = من يُسجَّل بعد ذلك يحصل على الإصدار { $it }.
plan-impact-new = هذه خطة جديدة. لم يُسجَّل فيها أحد بعد.
plan-save = حفظ بوصفه الإصدار { $it }
plan-save-new = حفظ الخطة
plan-key-wrong = يتكوّن المفتاح من أحرف لاتينية صغيرة وأرقام وشرطات، ويبدأ بحرف أو رقم.
plan-key-taken = توجد خطة بهذا المفتاح.
plan-overtaken = حفظ شخص آخر إصدارًا في هذه الأثناء. افتح الخطة من جديد وعدّل هناك.
plan-not-saved = لا يمكن حفظها هكذا. ما يجب تصحيحه مكتوب أدناه.
notice-plan-saved = حُفظت إصدارًا جديدًا. من كان في إصدار أقدم يبقى فيه.
notice-plan-unchanged = لم يتغيّر شيء، فلا إصدار جديد.
notice-plan-loaded = أُخذت الخطة مع قوالبها.
enrol = تسجيل
enrol-in = التسجيل في { $it }
enrol-whom = من
contact-group = العلاقة
contact-level = المستوى
contact-source = المصدر
contact-kind = النوع
any = أيّ
enrol-start = اليوم الأول
enrol-start-text = إن تُرك فارغًا: اليوم، بتوقيت كل شخص.
enrol-everybody = الجميع، إن لم يُختر غير ذلك
enrol-look = انظر ماذا سيتبع
enrol-nobody-chosen = اختر من تقصد، أو أشِر إلى أن المقصود الجميع.
enrol-day-wrong = اليوم ليس تاريخًا.
enrol-would = ما سيتبع
enrol-done = تم التسجيل
enrol-nobody = جميعهم في الخطة، أو لا يوجد أحد.
enrol-version = في الإصدار { $it }.
enrol-first = تستحق أولى نقاط الاتصال بين { $first } و{ $last }.
enrol-messages = نقاط الاتصال كلها
enrol-then = بعد ذلك ينتقلون إلى { $it }.
enrol-gate = يُقرَّر أمر كل نقطة اتصال من جديد عند موعدها: قد تؤجلها أو تمنعها القائمة أو الموافقة أو الأوقات أو الحدود.
enrol-confirm = { $it ->
    [zero] لا أحد للتسجيل.
    [one] هل تسجّل شخصًا واحدًا؟
    [two] هل تسجّل شخصين؟
    [few] هل تسجّل { $it } أشخاص؟
    [many] هل تسجّل { $it } شخصًا؟
   *[other] هل تسجّل { $it } شخص؟
}
enrol-now = { $it ->
    [zero] لا أحد للتسجيل
    [one] تسجيل شخص واحد
    [two] تسجيل شخصين
    [few] تسجيل { $it } أشخاص
    [many] تسجيل { $it } شخصًا
   *[other] تسجيل { $it } شخص
}
calendar-of = ما سيصل إلى { $it }
calendar-zone = الأوقات بتوقيت { $it }.
calendar-days = { $it ->
    [one] يوم واحد
    [two] يومان
    [few] { $it } أيام
    [many] { $it } يومًا
   *[other] { $it } يوم
}
calendar-planned = مخطّط لها
calendar-empty = لا شيء قادم في هذه المدة. سجّل الشخص في خطة.
calendar-when = متى
calendar-not-loaded = يُفترض أن تتبع { $follower } الخطة { $plan }، لكن لم يأخذها أحد من المكتبة.
fate-send = ستُرسل حينها
fate-wait = ستنتظر حتى { $until }: { $it }
fate-hold = ستُعلّق: { $it }
fate-block = ستُمنع: { $it }
fate-skip = ستُتخطى: { $it }
fate-no-template = ستُمنع: قالبها ناقص أو متقاعد
contact-coming = ما القادم
