# ما يصل إلى الوكلاء خارج لوحة العمل: التقويم ورسالة الصباح.
feed = المهام في تقويمك
feed-text = يقرأ برنامج التقويم – على الهاتف أو في Google أو Outlook – مهامك المفتوحة من عنوان سري ويعرضها إلى جانب مواعيدك.
feed-holds = يعرض نوع المهمة والاسم الأول ورابطًا إلى هذه اللوحة، ولا شيء غير ذلك عن أي شخص. من يملك العنوان يرى ذلك دون تسجيل دخول، فاحفظه كما تحفظ المفتاح. معظم البرامج تقرؤه من جديد كل بضع ساعات، وبعضها مرة في اليوم.
feed-none = لا يوجد عنوان بعد.
feed-make = إنشاء عنوان
feed-renew = إنشاء عنوان جديد
feed-withdraw = سحب العنوان
feed-address = أضف هذا العنوان إلى برنامج التقويم كتقويم تشترك فيه. لن يظهر مرة أخرى.
feed-open = فتح في برنامج التقويم
feed-since = يوجد عنوان منذ { $it }.
feed-read = قُرئ آخر مرة في { $it }.
feed-unread = لم يقرأه أي برنامج بعد.
notice-feed-withdrawn = سُحب العنوان: لم يعد أي برنامج يقرأ مهامك.
access-feed-made = أُنشئ عنوان للتقويم
access-feed-withdrawn = سُحب عنوان التقويم

digest = رسالة الصباح
digest-text = في السابعة صباحًا بتوقيتك تصلك رسالة بما هو مستحق اليوم وما تأخر. وإن لم يكن هناك ما يُعمل فلا تصل رسالة.
digest-wanted = أريدها
digest-claimed = تنتظر الإرسال
digest-sending = يجري إرسالها
digest-sent = أُرسلت
digest-nothing = لم يكن هناك ما يُعمل، فلم تُرسل
digest-listed = لم تُرسل: عنوانك في قائمة المنع
digest-failed = لم تُرسل: رفضها خادم بريدك
digest-doubt = ربما أُرسلت، فلم يُجب خادم البريد

handover = تسليم المهام
handover-from = من
handover-to = إلى
handover-reason = السبب
handover-contacts = وجهات الاتصال أيضًا
handover-contacts-text = عندها تذهب المهام القادمة أيضًا إلى الوكيل الآخر. وإلا فلا يُنقل إلا المفتوح الآن.
handover-look = اعرض الأعداد
handover-question = { $tasks ->
    [zero] لا مهام مفتوحة لدى { $from } لتُنقل إلى { $to }.
    [one] تُنقل مهمة مفتوحة واحدة من { $from } إلى { $to }.
    [two] تُنقل مهمتان مفتوحتان من { $from } إلى { $to }.
    [few] تُنقل { $tasks } مهام مفتوحة من { $from } إلى { $to }.
    [many] تُنقل { $tasks } مهمة مفتوحة من { $from } إلى { $to }.
   *[other] تُنقل { $tasks } مهمة مفتوحة من { $from } إلى { $to }.
}
handover-with-contacts = جهات الاتصال التي تُنقل معها: { $it }
handover-without-contacts = تبقى جهات الاتصال كما هي.
handover-undo = للتراجع أعد تسليمها بالطريقة نفسها: السجل يذكر كل مهمة.
handover-do = سلّم
handover-cancel = ليس الآن
handover-one = تسليم المهمة
handover-agents-missing = اختر وكيلًا.
handover-same-agent = هذا هو الوكيل نفسه.
handover-reason-missing = اذكر السبب.
notice-handed-over = تم التسليم.
task-was-handed-over = سُلّمت إلى وكيل آخر
contact-change-owner = تسليم إلى وكيل آخر
contact-change-owner-text = تنتقل معه المهام المفتوحة عن جهة الاتصال هذه.
feed-renew-sure = العنوان الجديد يُنهي القديم، ويجب أن تُعطى التقاويم التي تقرؤه العنوان الجديد. افعل ذلك إن رآه أحد.
feed-withdraw-sure = لن يقرأ أي برنامج مهامك بعد ذلك، وتبقى التقاويم على آخر ما قرأته.
