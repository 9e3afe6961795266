//! Tables and columns in the words of people, in English and Arabic. What has no word here is shown
//! by its own name, so that nothing is left out.

use domain::Locale;

/// Whole sentences.
const SENTENCES: &[(&str, &str, &str)] = &[
    ("title", "Everything we keep about you", "كل ما نحتفظ به عنك"),
    (
        "introduction",
        "This page holds all that is stored about you: what you told us, what we planned, sent and \
         decided, what stops us from writing or calling, and who has read it. Times are UTC.",
        "تتضمن هذه الصفحة كل ما هو مخزَّن عنك: ما أخبرتنا به، وما خططنا له وأرسلناه وقررناه، وما يمنعنا من \
         مراسلتك أو الاتصال بك، ومن اطّلع عليه. الأوقات بالتوقيت العالمي المنسَّق.",
    ),
    ("evidence_title", "Evidence about one person", "أدلة بشأن شخص واحد"),
    (
        "evidence_introduction",
        "Consents, every message with the decision behind it, opt-outs and checks, as they were \
         recorded. The signed file beside this page holds the same. Times are UTC.",
        "الموافقات، وكل رسالة مع القرار الذي صدر بشأنها، وطلبات الإيقاف، وعمليات التحقق كما سُجّلت. والملف \
         الموقَّع المرافق لهذه الصفحة يتضمن المحتوى نفسه. الأوقات بالتوقيت العالمي المنسَّق.",
    ),
    ("yes", "yes", "نعم"),
    ("no", "no", "لا"),
];

/// Tables.
const TABLES: &[(&str, &str, &str)] = &[
    ("contacts", "You", "أنت"),
    ("addresses", "Addresses and numbers", "العناوين والأرقام"),
    ("unreadable_addresses", "Addresses we could not read", "عناوين تعذّرت قراءتها"),
    ("quarantined_rows", "Texts set aside", "نصوص موضوعة جانبًا"),
    ("enrolments", "Plans", "الخطط"),
    ("touches", "Messages and calls, planned and made", "الرسائل والمكالمات المخطَّطة والمنجزة"),
    ("touch_events", "What was decided about each, and why", "ما تقرّر بشأن كل منها وسببه"),
    ("tasks", "Tasks of our people", "مهام فريقنا"),
    ("due_touches", "Due next", "المستحق تاليًا"),
    ("outbox", "On its way", "في الطريق"),
    ("inflight", "Being handed over", "قيد التسليم"),
    ("suppressions", "What stops us now", "ما يمنعنا الآن"),
    ("suppression_events", "History of what stops us", "سجل ما يمنعنا"),
    ("address_states", "State of your addresses", "حالة عناوينك"),
    ("list_effects", "Being stopped", "قيد الإيقاف"),
    ("consents", "Consents and other legal bases", "الموافقات والأسس القانونية الأخرى"),
    ("consent_uses", "What they cover", "ما تشمله"),
    ("consent_withdrawals", "Withdrawals", "سحب الموافقة"),
    ("relationships", "Business between us", "التعاملات بيننا"),
    ("contact_listings", "Properties you were called about", "العقارات التي جرى الاتصال بشأنها"),
    ("contact_sends", "Sent lately", "المرسل مؤخرًا"),
    ("earlier_sends", "Sent before", "المرسل سابقًا"),
    ("counted_returns", "Counted as returned", "ما حُسب مرتجعًا"),
    ("audit_links", "Links of the audit chain", "حلقات سلسلة التدقيق"),
    ("list_history", "History of the list", "سجل القائمة"),
    ("wishes", "Your wishes", "رغباتك"),
    ("reviews", "Answers of yours that people read", "ردودك التي قرأها موظفونا"),
    ("answers", "Our confirmations", "تأكيداتنا"),
    ("bounces", "Messages that came back", "الرسائل المرتجعة"),
    ("deliveries", "Messages that arrived", "الرسائل التي وصلت"),
    ("rights_requests", "Your requests about your data", "طلباتك بشأن بياناتك"),
    ("rights_request_events", "What became of your requests", "ما آلت إليه طلباتك"),
    ("corrections", "Corrections", "التصحيحات"),
    ("erasures", "Erasures", "عمليات المحو"),
    ("list_readings", "Who has read your data", "من اطّلع على بياناتك"),
];

/// Columns.
const COLUMNS: &[(&str, &str, &str)] = &[
    ("act", "what you did", "ما قمت به"),
    ("actor", "by", "بواسطة"),
    ("at", "at", "في"),
    ("attempt", "attempt", "المحاولة"),
    ("area", "area", "المنطقة"),
    ("basis", "legal basis", "الأساس القانوني"),
    ("birthday", "birthday", "تاريخ الميلاد"),
    ("call_problem", "why not called", "سبب عدم الاتصال"),
    ("channel", "channel", "القناة"),
    ("city", "city", "المدينة"),
    ("closed_at", "closed at", "أُغلق في"),
    ("closed_reason", "why closed", "سبب الإغلاق"),
    ("closing_date", "day of the closing", "تاريخ إتمام الصفقة"),
    ("contact_group", "group", "المجموعة"),
    ("contact_id", "your number with us", "رقمك لدينا"),
    ("contact_type", "type", "النوع"),
    ("controller", "given to", "مُنحت إلى"),
    ("country", "country", "الدولة"),
    ("created_at", "recorded at", "سُجّل في"),
    ("custom", "further", "معلومات أخرى"),
    ("decided_at", "decided at", "تقرّر في"),
    ("detail", "what was looked at", "ما نُظر فيه"),
    ("document", "document", "الوثيقة"),
    ("document_on", "day of the document", "تاريخ الوثيقة"),
    ("double_opt_in", "how it was confirmed", "كيفية التأكيد"),
    ("due_at", "due at", "موعد الاستحقاق"),
    ("due_on", "last day", "آخر يوم"),
    ("evidence", "evidence", "الدليل"),
    ("expires_at", "ends at", "ينتهي في"),
    ("external_id", "number in the system you came from", "رقمك في النظام المصدر"),
    ("field", "field", "الحقل"),
    ("first_name", "first name", "الاسم الأول"),
    ("full_name", "full name", "الاسم الكامل"),
    ("given_at", "given at", "مُنحت في"),
    ("given_zone", "time zone", "المنطقة الزمنية"),
    ("how", "how it came", "طريقة الوصول"),
    ("id", "number", "الرقم"),
    ("ip", "network address", "عنوان الشبكة"),
    ("is_sample", "of the sample data", "من البيانات التجريبية"),
    ("kind", "kind", "النوع"),
    ("label", "label", "التسمية"),
    ("language", "language", "اللغة"),
    ("law", "law", "القانون"),
    ("level", "level", "المستوى"),
    ("locale", "language", "اللغة"),
    ("login", "logged in as", "اسم الدخول"),
    ("note", "note", "ملاحظة"),
    ("notes", "notes", "ملاحظات"),
    ("origin", "asked by", "بطلب من"),
    ("owner_id", "number of your agent", "رقم وكيلك"),
    ("plan_key", "plan", "الخطة"),
    ("preferred_hours", "hours you prefer", "الأوقات التي تفضّلها"),
    ("purpose", "purpose", "الغرض"),
    ("reason", "reason", "السبب"),
    ("received_at", "received at", "وصل في"),
    ("received_on", "received on", "وصل بتاريخ"),
    ("recorded_at", "recorded at", "سُجّل في"),
    ("scope", "covers", "يشمل"),
    ("script", "text", "النص"),
    ("sent_at", "sent at", "أُرسل في"),
    ("since", "since", "منذ"),
    ("sms_problem", "why no texts", "سبب عدم إرسال رسائل نصية"),
    ("snapshot", "the form as it was shown", "النموذج كما عُرض"),
    ("snapshot_name", "name of the form", "اسم النموذج"),
    ("source", "where we have it from", "مصدر البيانات"),
    ("spouse_birthday", "birthday of your spouse", "تاريخ ميلاد الزوج أو الزوجة"),
    ("starts_on", "begun on", "بدأت في"),
    ("state", "state", "الحالة"),
    ("status", "status", "الوضع"),
    ("step", "step", "الخطوة"),
    ("time_zone", "time zone", "المنطقة الزمنية"),
    ("title", "title", "العنوان"),
    ("topic", "topic", "الموضوع"),
    ("touch_id", "number of the message", "رقم الرسالة"),
    ("updated_at", "changed at", "عُدّل في"),
    ("user_agent", "program", "البرنامج"),
    ("value", "address", "العنوان"),
    ("withdrawn_at", "withdrawn at", "سُحبت في"),
    ("wording", "text that was shown", "النص المعروض"),
    ("worker", "program of ours", "برنامجنا"),
];

fn find(
    words: &'static [(&str, &str, &str)],
    name: &str,
    language: Locale,
) -> Option<&'static str> {
    let (_, english, arabic) = words.iter().find(|(own, ..)| *own == name)?;
    Some(if language == Locale::Ar { arabic } else { english })
}

/// A sentence.
pub fn of(name: &str, language: Locale) -> &'static str {
    find(SENTENCES, name, language).unwrap_or_default()
}

/// The title of a table.
pub fn table(name: &str, language: Locale) -> String {
    find(TABLES, name, language).map_or_else(|| name.replace('_', " "), str::to_owned)
}

/// The label of a column.
pub fn column(name: &str, language: Locale) -> String {
    find(COLUMNS, name, language).map_or_else(|| name.replace('_', " "), str::to_owned)
}
