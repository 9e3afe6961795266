# الصور.
area-images = الصور
about-area-images = ما تعرضه الرسائل من صور وشعارات: تُرفع مرة واحدة وتُضبط للبريد وتُعرض لمن يفتح رسالة.
images-none = لم يُرفع شيء بعد.
image-upload = ارفع
image-name = الاسم
image-name-help = إن تُرك فارغًا: اسم الملف.
image-name-missing = أعطها اسمًا.
image-alt-en = ما تُظهره، بالإنجليزية
image-alt-ar = ما تُظهره، بالعربية
image-alt-help = لمن لا يراها، ولبرامج البريد التي لا تعرض الصور.
image-words-help = القوالب التي تعرضها تحتفظ بما كُتب فيها.
image-kilobytes = { $it } كيلوبايت
image-no-alt = بلا وصف
image-in-source = في مصدر القالب:
image-uses = تعرضها
image-unused = لا قوالب
image-describe = احفظ
image-remove = أزل
image-remove-text = لا يعرضها أي قالب. ولن يبقى في مكانها شيء في الرسائل التي أُرسلت بها.
image-remove-confirm = أتزيل الصورة نهائيًا؟ لن يبقى في مكانها شيء في الرسائل التي أُرسلت بها.
image-in-use = لا يمكن إزالتها ما دامت هذه القوالب تعرضها: أوقف القوالب أو احذف الصورة منها ومن مسوداتها.
image-too-large = الملف أكبر من المسموح به.
image-too-many-pixels = عدد بكسلات الصورة، بكل إطاراتها معًا، أكبر من المسموح به.
image-svg = لا تُقبل صور SVG: لا تعرضها أكثر برامج البريد، وقد تحمل برامج نصية. صدّرها بصيغة PNG.
image-foreign = ليس الملف PNG ولا JPEG ولا GIF، مهما كان اسمه.
image-damaged = الصورة تالفة.
image-choose = اختر صورة
image-choose-help = تحل محل الصورة المحددة، أو تأتي بعد الكتلة المحددة، ومعها عرضها ووصفها.
image-choose-source = توضع حيث يقف المؤشر.
images-weight = { $count ->
    [zero] لا صور لكم.
    [one] صورة واحدة لكم، { $kilobytes } كيلوبايت.
    [two] صورتان لكم، { $kilobytes } كيلوبايت معًا.
    [few] { $count } صور لكم، { $kilobytes } كيلوبايت معًا.
    [many] { $count } صورة لكم، { $kilobytes } كيلوبايت معًا.
   *[other] { $count } صورة لكم، { $kilobytes } كيلوبايت معًا.
}
notice-image-kept = حُفظت الصورة مضبوطة للبريد.
notice-image-known = هذه الصورة موجودة.
notice-image-described = حُفظ.
notice-image-removed = أُزيلت الصورة.
field-images-url = مكان صوركم
lint-unknown-image = صورة غير موجودة
lint-heavy-images = صور ثقيلة
lint-help-unknown-image = أُزيلت أو لم تُرفع قط. اختر صورة موجودة.
lint-help-heavy-images = على خط بطيء تصل بعد أن يكون القارئ قد ذهب. اعرض صورًا أقل أو أصغر.
block-said-image = الصورة في مكانها.
