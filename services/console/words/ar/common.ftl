# ما تقوله كل الصفحات.
product = تتشلاين
home = اليوم
menu = القائمة
skip-to-content = انتقل إلى المحتوى
other-language = English
sign-out = تسجيل الخروج
save = حفظ
to-first-page = إلى الصفحة الأولى
count-messages = { $it ->
    [zero] لا رسائل
    [one] رسالة واحدة
    [two] رسالتان
    [few] { $it } رسائل
    [many] { $it } رسالة
   *[other] { $it } رسالة
}

not-found-title = لا شيء هنا
not-found-text = الصفحة غير موجودة، أو ليست متاحة لك.
forbidden-title = هذا غير مسموح لك
forbidden-text = أدوارك لا تسمح بذلك، ويستطيع المدير تغييرها.
foreign-title = لم يأتِ هذا من لوحة التحكم
foreign-text = أُرسل النموذج من موقع آخر فلم يتغيّر شيء. افتح الصفحة هنا وحاول من جديد.
refused-title = لا يمكن تنفيذ ذلك
away-title = قاعدة البيانات غير متاحة
away-text = لم يُفقد شيء ولم يتغيّر شيء. حاول بعد قليل.
broken-title = حدث خطأ لدينا
broken-text = التفاصيل في السجل. لم يُنفَّذ أي تغيير جزئي.

notice-saved = تم الحفظ.
notice-sessions-ended = انتهت تلك الجلسات.
notice-user-added = أُضيف المستخدم. أنشئ رابطًا أدناه وسلّمه إياه.

comma = ،
month-1 = يناير
month-2 = فبراير
month-3 = مارس
month-4 = أبريل
month-5 = مايو
month-6 = يونيو
month-7 = يوليو
month-8 = أغسطس
month-9 = سبتمبر
month-10 = أكتوبر
month-11 = نوفمبر
month-12 = ديسمبر
by-machine = { $it } (ساعة الجهاز)
