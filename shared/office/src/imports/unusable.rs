//! What people can put right about a file.

use domain::Locale;

use crate::intake::columns::ColumnProblem;
use crate::words::embedded;

/// Why a file cannot be used as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// There is nothing in it.
    #[error("the file is empty{}", if *needs_header { "; it needs a header row" } else { "" })]
    Empty {
        /// Whether a header row is needed.
        needs_header: bool,
    },
    /// The refused rows would be written over the file itself.
    #[error("the refused rows would replace the file that is imported; name another place")]
    RejectsReplaceIt,
    /// What the columns are is not clear.
    #[error("the columns cannot be used:\n  {}", joined(.0, Locale::En, "\n  "))]
    Columns(Vec<ColumnProblem>),
    /// Nothing says what the people are called.
    #[error("no column holds names; say which one is the full name")]
    NoNames,
    /// Nothing says where the people come from.
    #[error("no column says where contacts come from; say it for all of them")]
    NoSource,
    /// An agent is named and cannot be known.
    #[error(
        "there is a column for the agent's name but none for the agent's email, by which agents \
         are known; add owner_email, or map the column to ignore or custom.NAME"
    )]
    OwnerWithoutEmail,
    /// The column that was asked for is not there.
    #[error("there is no column {asked:?}; the file has: {}", .has.join(", "))]
    NoSuchColumn {
        /// The name that was asked for.
        asked: String,
        /// Those there are.
        has: Vec<String>,
    },
    /// Several columns could hold the addresses, or none.
    #[error("say which column holds the addresses: {}", .has.join(", "))]
    WhichColumn {
        /// Those there are.
        has: Vec<String>,
    },
}

fn joined(problems: &[ColumnProblem], locale: Locale, between: &str) -> String {
    let words: Vec<String> = problems.iter().map(|problem| problem.in_words(locale)).collect();
    words.join(between)
}

impl Unusable {
    /// What is wrong and what to do, for people.
    #[must_use]
    pub fn in_words(&self, locale: Locale) -> String {
        if locale == Locale::En {
            return self.to_string();
        }
        let list = |names: &[String]| {
            let names: Vec<String> = names.iter().map(|name| embedded(name, locale)).collect();
            names.join("، ")
        };
        match self {
            Self::Empty { needs_header: true } => {
                "الملف فارغ؛ يجب أن يبدأ بصف عناوين الأعمدة.".to_owned()
            }
            Self::Empty { needs_header: false } => "الملف فارغ.".to_owned(),
            Self::RejectsReplaceIt => {
                "ستُكتب الصفوف المرفوضة فوق الملف المستورد نفسه؛ اختر مكانًا آخر.".to_owned()
            }
            Self::Columns(problems) => {
                format!("لا يمكن استخدام أعمدة الملف: {}", joined(problems, locale, "؛ "))
            }
            Self::NoNames => "لا يوجد عمود للأسماء؛ حدّد العمود الذي يحوي الاسم الكامل.".to_owned(),
            Self::NoSource => {
                "لا يوجد عمود يبيّن مصدر جهات الاتصال؛ اذكر المصدر لها جميعًا.".to_owned()
            }
            Self::OwnerWithoutEmail => "يوجد عمود لاسم الوكيل ولا يوجد عمود لبريده الإلكتروني الذي \
                                        يُعرف به الوكلاء؛ أضف عمود البريد أو تجاهل عمود الاسم."
                .to_owned(),
            Self::NoSuchColumn { asked, has } => {
                format!("لا يوجد عمود باسم {}؛ أعمدة الملف: {}.", embedded(asked, locale), list(has))
            }
            Self::WhichColumn { has } => {
                format!("حدّد العمود الذي يحوي العناوين: {}.", list(has))
            }
        }
    }
}
