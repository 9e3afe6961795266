# التشغيل: المنظومة، ومكتب الرسائل المنتظرة، والإيقافات.
area-fleet = التشغيل
about-area-fleet = ما الذي يعمل، وما الذي ينتظر، وما السرعة، وما المتوقف.
fleet-no-scheduler = لا يعمل أي مُجدوِل: لن يُسلَّم ما يحين موعده. شغّل واحدًا.
fleet-versions = تعمل برامج بإصدارات مختلفة. يزول ذلك بعد اكتمال التحديث؛ وإن بقي فابحث عمّا لم يتوقف.
fleet-due = حان موعدها ولم تُؤخذ بعد
fleet-late = أقدمها متأخرة { $it }
fleet-in-hand = قيد المعالجة
fleet-expired = { $it } تجاوزت مهلتها
fleet-members = العمليات
fleet-members-empty = لا تُبلغ أي عملية عن نفسها. شغّل الخدمات وستظهر كل منها هنا خلال عشر ثوانٍ.
fleet-service = الخدمة
fleet-name = العملية
fleet-version = الإصدار
fleet-since = منذ
fleet-seen = آخر ظهور
fleet-lost = مفقودة
fleet-there = تعمل
fleet-queues = الطوابير
fleet-queues-empty = لا شيء ينتظر في الطوابير: تؤخذ الرسائل فورًا.
fleet-queue = الطابور
fleet-queue-waiting = في الانتظار
fleet-queue-unconfirmed = لم يؤكدها الوسيط
fleet-queue-oldest = الأقدم
fleet-lane-hi = عاجل
fleet-lane-bulk = عادي
fleet-activity = السرعة
fleet-activity-empty = لم تجرِ أي محاولة خلال اليوم الأخير.
fleet-outcome = نتيجة المحاولات
fleet-rate = في الدقيقة
fleet-hour = آخر ساعة
fleet-day = آخر يوم
fleet-counted = عدّها المُجدوِل حتى { $it }.
fleet-waiting = بانتظار قرار موظف
fleet-waiting-empty = لا شيء ينتظر قرار موظف.
fleet-kind = الحالة
fleet-reason = السبب
fleet-count = العدد
fleet-database = قاعدة البيانات والوسيط
fleet-recovery = هي نفسها نسخة احتياطية
fleet-size = الحجم
fleet-connections = الاتصالات
fleet-of = { $used } من { $most }
fleet-transaction = أطول معاملة مفتوحة
fleet-standbys = النسخ الاحتياطية
fleet-standbys-none = لا توجد
fleet-behind = متأخرة { $it }
fleet-migrations = ترقيات المخطط
fleet-broker = الوسيط
fleet-broker-ready = جاهز
fleet-broker-blocked = لا يقبل رسائل
fleet-broker-down = غير متاح
fleet-broker-unseen = لا تُخبر عنه أي عملية
fleet-broker-seen = { $it ->
    [zero] لا تراه أي عملية
    [one] كما تراه عملية واحدة
    [two] كما تراه عمليتان
    [few] كما تراه { $it } عمليات
    [many] كما تراه { $it } عملية
   *[other] كما تراه { $it } عملية
}
fleet-at = حتى { $it }.
ago = قبل { $it }
or-more = { $it } أو أكثر
megabytes = { $it } ميغابايت
span-seconds = { $it } ث
span-minutes = { $it ->
    [zero] أقل من دقيقة
    [one] دقيقة واحدة
    [two] دقيقتين
    [few] { $it } دقائق
    [many] { $it } دقيقة
   *[other] { $it } دقيقة
}
span-hours = { $it ->
    [zero] أقل من ساعة
    [one] ساعة واحدة
    [two] ساعتين
    [few] { $it } ساعات
    [many] { $it } ساعة
   *[other] { $it } ساعة
}
span-days = { $it ->
    [zero] أقل من يوم
    [one] يوم واحد
    [two] يومين
    [few] { $it } أيام
    [many] { $it } يومًا
   *[other] { $it } يوم
}
about-why = يبقى في السجل. من دون عناوين ولا أسماء جهات الاتصال.
why-missing = اذكر السبب، فهو يبقى في السجل.
why-too-long = اختصر السبب.

pauses = الإيقافات
pauses-open = السارية
pauses-empty = لا شيء موقوف: كل ما يحين موعده يُرسل. أوقف الإرسال إذا حدث خلل في قناة أو نطاق أو خطة؛ فالانتظار لا يضر.
pauses-past = المرفوعة
pauses-past-empty = لم يُرفع أي إيقاف بعد.
pause-breaker = قاطع تلقائي
pause-lift = رفع الإيقاف
pause-lift-why = سبب المتابعة
pause-new = إيقاف الإرسال
pause-new-text = ما يُسلَّم في هذه اللحظة إلى خادم البريد أو البوابة يكتمل، ولا يبدأ غيره.
pause-what = ما يُوقف
pause-opened = منذ
pause-lifted = رُفع
pause-open = إيقاف
pause-sure = هل توقف الإرسال؟ ينتظر كل ما يشمله الإيقاف حتى يرفعه أحد.
pause-scope-missing = اختر ما يُوقف.
pause-key-missing = حدّد أيّها: قناة، أو نطاقًا لنا، أو خطة موجودة، أو اسم عملية استيراد.
pause-there = هذا موقوف بالفعل، وتجده تحت «السارية».
about-pause-everything = كل الرسائل في كل القنوات.
about-pause-channel = كل الرسائل عبر قناة واحدة.
about-pause-sender-domain = الرسائل المرسلة من أحد نطاقاتنا، مثل palm.example
about-pause-plan = كل رسائل خطة واحدة.
about-pause-import = جهات الاتصال القادمة من مصدر واحد، كما سمّاه استيرادها.
notice-paused = أُوقف. ينتظر ما يشمله حتى يرفعه أحد.
notice-pause-lifted = رُفع الإيقاف. ينطلق ما كان ينتظر خلال عشر دقائق.
notice-pause-lifted-before = سبق أن رفعه شخص آخر.

desk = بانتظار قرار
desk-empty = لا شيء ينتظر. ما يفشل نهائيًا أو يُعلّق أو لا يتأكد وصوله يظهر هنا بحسب السبب، ليُصلَح ويُعاد.
desk-all = كل ما ينتظر
desk-where = الموضع
desk-first = منذ
desk-examples = أمثلة
desk-one-by-one = واحدة واحدة
desk-decisions = آخر القرارات
desk-decisions-empty = لم يُتخذ أي قرار بعد.
desk-decision = القرار
desk-by = بواسطة
desk-touches-empty = لم يعد شيء ينتظر لهذا السبب.
desk-touch = الرسالة
desk-chosen = اختيار
desk-choose = اختر الرسالة { $it }
desk-since = تنتظر منذ
desk-step = الخطوة { $it }
desk-attempts = { $it ->
    [zero] لا محاولات
    [one] محاولة واحدة
    [two] محاولتان
    [few] { $it } محاولات
    [many] { $it } محاولة
   *[other] { $it } محاولة
}
desk-doubt = ربما وصلت إحدى المحاولات.
desk-decide = القرار
desk-which = بشأن أيّها
desk-which-chosen = المختارة أعلاه
desk-which-all = كل ما له هذا السبب
desk-what = ما مصيرها
desk-what-missing = اختر ما مصيرها.
desk-none-chosen = اختر رسالة واحدة على الأقل، أو كل ما له هذا السبب.
desk-none-waits = لا شيء من ذلك ينتظر هذا القرار، أو لم يعد ينتظره.
desk-next = أظهر العدد
desk-older = الأقدم
desk-sure = هل هذا صحيح؟
desk-count = { $it ->
    [zero] لا رسائل
    [one] رسالة واحدة
    [two] رسالتان
    [few] { $it } رسائل
    [many] { $it } رسالة
   *[other] { $it } رسالة
}
desk-at-once = دفعةً واحدة تُنفَّذ لأطول الرسائل انتظارًا وعددها { $it }، والباقي بعد ذلك.
desk-twice = { $it ->
    [zero] لن يتكرر وصول أي منها.
    [one] ربما وصلت إحداها بالفعل، وقد يستلمها صاحبها مرتين.
    [two] ربما وصلت اثنتان منها بالفعل، وقد تُستلمان مرتين.
    [few] ربما وصلت { $it } منها بالفعل، وقد تُستلم مرتين.
    [many] ربما وصلت { $it } منها بالفعل، وقد تُستلم مرتين.
   *[other] ربما وصلت { $it } منها بالفعل، وقد تُستلم مرتين.
}
desk-do = نفّذ
desk-back = رجوع
desk-done = { $it ->
    [zero] لم يتغيّر شيء
    [one] رسالة واحدة
    [two] رسالتان
    [few] { $it } رسائل
    [many] { $it } رسالة
   *[other] { $it } رسالة
}
desk-left = { $it ->
    [zero] لم يبقَ شيء كما هو
    [one] بقيت واحدة كما هي
    [two] بقيت اثنتان كما هما
    [few] بقيت { $it } كما هي
    [many] بقيت { $it } كما هي
   *[other] بقيت { $it } كما هي
}
about-resolution-resume = يحين موعدها فورًا وتمر بالقائمة والبوابة من جديد، بمعرّف الرسالة نفسه.
about-resolution-confirm = تعلم أنها وصلت: تُحتسب مُرسلة.
about-resolution-cancel = لا ينبغي أن تُرسل بعد الآن.
about-resolution-replay = يحين موعدها فورًا كمحاولة جديدة، وتمر بالقائمة والبوابة من جديد.
about-resolution-dismiss = تبقى فاشلة وتُرفع من هذا المكتب.
your-why = السبب

today-tasks = مهام اليوم
today-late = رسائل متأخرة
today-unknown = رسائل لم يتأكد وصولها
today-failed = رسائل فشلت
today-pauses = إيقافات سارية
today-reviews = ردود غير واضحة
today-lifts = طلبات رفع تنتظر شخصًا ثانيًا
today-requests = طلبات أصحاب البيانات المفتوحة
today-drafts = مسودات قوالب
today-calm = لا شيء ينتظرك.
today-everything = إلى أين
pause-waiting = { $it ->
    [0] لا تنتظره رسالة الآن.
    [one] تنتظره رسالة واحدة.
    [two] تنتظره رسالتان.
    [few] تنتظره { $it } رسائل.
    [many] تنتظره { $it } رسالة.
   *[other] تنتظره { $it } رسالة.
}
pause-waiting-many = تنتظره { $it } رسالة أو أكثر.
pause-lift-sure = ما ينتظر ينطلق خلال عشر دقائق ولا يمكن استرجاعه.
