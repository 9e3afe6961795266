# مهام الوكلاء.
area-tasks = المهام
about-area-tasks = ما يجب عمله اليوم، والأهم أولًا.
tasks-overdue = { $it ->
    [0] لا شيء متأخر
    [one] مهمة متأخرة
    [two] مهمتان متأخرتان
    [few] { $it } مهام متأخرة
    [many] { $it } مهمة متأخرة
   *[other] { $it } مهمة متأخرة
}
tasks-today = { $it ->
    [0] لا شيء آخر لليوم
    [one] مهمة لليوم
    [two] مهمتان لليوم
    [few] { $it } مهام لليوم
    [many] { $it } مهمة لليوم
   *[other] { $it } مهمة لليوم
}
tasks-done = أُنجز اليوم: { $it }
tasks-whose = مهام من
tasks-everybody = الجميع
tasks-show = اعرض
tasks-then = بعدها
tasks-further = مهام أخرى
tasks-more = مهام أخرى
tasks-later = مؤجلة أو موعدها لاحق: { $it }
tasks-none = لا شيء لعمله الآن
tasks-none-text = تظهر هنا مكالمات الخطط وخطاباتها وزياراتها في يومها. استمتع بالهدوء أو اتصل بشخص تحبه.
tasks-no-agent = حسابك ليس حساب وكيل، فلا مهام لك. يستطيع المدير إضافتك ببريد أحد الوكلاء.
task-since = منذ { $it }
task-due = موعدها { $it }
task-level = المستوى { $it }
task-undo = تراجع
task-in-flight = هذه كان تسليمها قد بدأ
task-call-now = يمكنك الاتصال الآن.
task-call-not-now = لا تتصل الآن. الوقت خارج هذه الساعات:
task-call-from = اتصل ابتداءً من { $it }.
task-local-time = الوقت هناك
task-zone-unknown = غير معروف: لا تُعرف منطقة زمنية
task-number-problem = لا يمكن استخدام الرقم: { $it }
task-blocked = لا تتواصل معه: { $reason }، منذ { $since }. تُغلق القائمة هذه المهمة من تلقاء نفسها.
task-ended = { $how } · { $when }
task-script = ما يقال
task-note = ملاحظة (اختيارية)
task-later = ليس الآن؟ تعود المهمة:
task-tomorrow = غدًا
task-three-days = بعد ثلاثة أيام
task-next-week = يوم الاثنين
task-notes = عن الشخص
task-earlier = ما حدث من قبل
task-earlier-none = هذا أول تواصل.
task-refused-text = يدرج هذا الشخصَ في القائمة فورًا، ولا يتراجع عنه إلا مسؤول الامتثال.
task-outcome-wrong = لا يمكن أن تنتهي هذه المهمة هكذا.
call-ended-answered = تم الوصول إليه
call-ended-voicemail = بريد صوتي
call-ended-unanswered = لا إجابة
call-ended-appointment = موعد
call-ended-wrong-number = رقم خاطئ
call-ended-refused = لا تتصل
call-ended-done = تم
errand-ended-answered = تم الوصول إليه
errand-ended-voicemail = بريد صوتي
errand-ended-unanswered = تعذّر التنفيذ
errand-ended-appointment = موعد
errand-ended-wrong-number = رقم خاطئ
errand-ended-refused = لا تتواصل
errand-ended-done = تم
task-was-snoozed = أُجّلت حتى { $it }
task-was-undone = تم التراجع
task-was-dropped = أغلقتها القائمة
task-was-done = تم
answer-open = رد لم يقرأه أحد بعد
answer-stop = رد، فُهم على أنه طلب إيقاف
answer-carry-on = رد، فُهم على أنه ليس طلب إيقاف
notice-task-done = سُجّل.
notice-task-snoozed = أُجّلت.
notice-task-undone = تم التراجع: عادت المهمة إلى هنا.
notice-task-too-late = لم يعد التراجع ممكنًا.
notice-task-was-closed = كانت تلك المهمة مغلقة، ولم يتغيّر شيء.
notice-task-on-list-clear = أُدرج في القائمة. لا شيء قيد الإرسال إلى هذا العنوان، ولن يبدأ شيء بعد الآن.
notice-task-on-list-in-flight = أُدرج في القائمة. لن يبدأ شيء جديد، لكن شيئًا كان قيد التسليم:
