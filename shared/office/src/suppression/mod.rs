//! The list of those who must not be contacted: putting somebody on it, lifting, looking up.

mod entry;
mod export;
mod lookup;
mod target;

use domain::Locale;
use domain::suppression::Scope;
use storage::StorageError;

pub use entry::{Added, Lifted, NewEntry, NewLift, add, covered, lift};
pub use export::{Export, Written, export};
pub use lookup::{Checked, ListedEntry, check, newest};
pub use target::{Asked, targets};

use crate::words::{self, embedded};

/// Why the list was not changed.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// This is no address, domain or contact's id; why not.
    #[error("the address cannot be used: {0}")]
    NoAddress(String),
    /// The whole person was asked for, and no contact has the address.
    #[error("no contact has this address; it can be listed itself")]
    NoContact,
    /// A scope that does not fit what was named.
    #[error("the scope {asked} does not fit: this names a {named}")]
    OtherScope {
        /// The scope that was asked for.
        asked: Scope,
        /// The scope of what was named.
        named: Scope,
    },
    /// The domain was asked for, and none was named.
    #[error("for a whole domain an email address or @domain is needed")]
    NoDomain,
    /// A channel the kind of address does not serve.
    #[error("the channel does not fit this kind of address")]
    OtherChannel,
    /// A channel or topic with a person or domain.
    #[error("a channel or topic is for single addresses; persons and domains are covered whole")]
    NotSingle,
    /// It was not said who lifts, why, or on what.
    #[error("{0} is empty; say who lifts it, why, and on what")]
    Unsaid(&'static str),
    /// Some entries need two people, and nobody has asked before; so many.
    #[error("{0} entries stay: a complaint, and what was said or written, needs two people")]
    NotRequested(i64),
    /// There is nothing to lift.
    #[error(
        "there is no entry for exactly this; entries of another channel, for the whole person or \
         the domain stay in force"
    )]
    NoEntry,
    /// The database does not answer, or does not let this person.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Refused {
    /// The answer for people; none when the database is at fault.
    #[must_use]
    pub fn in_words(&self, locale: Locale) -> Option<String> {
        if locale == Locale::En {
            let is_ours = matches!(self, Self::Storage(_));
            return (!is_ours).then(|| self.to_string());
        }
        Some(match self {
            Self::NoAddress(why) => {
                format!("لا يمكن استخدام هذا العنوان: {}", embedded(why, locale))
            }
            Self::NoContact => "لا توجد جهة اتصال بهذا العنوان؛ يمكن إدراج العنوان نفسه.".to_owned(),
            Self::OtherScope { asked, named } => format!(
                "ما يُطلب شموله ({}) لا يناسب ما ذُكر ({}).",
                words::scope(*asked, locale),
                words::scope(*named, locale)
            ),
            Self::NoDomain => {
                "لإدراج نطاق كامل اكتب عنوان بريد إلكتروني أو ‎@‎ يليها اسم النطاق.".to_owned()
            }
            Self::OtherChannel => "القناة لا تناسب هذا النوع من العناوين.".to_owned(),
            Self::NotSingle => {
                "تحديد القناة أو الموضوع للعناوين المفردة؛ أما الأشخاص والنطاقات فتُدرج كاملة."
                    .to_owned()
            }
            Self::Unsaid(_) => "اذكر من يرفع القيد، وسبب الرفع، وما يثبته.".to_owned(),
            Self::NotRequested(n) => format!(
                "تبقى قيود عددها {n}: البلاغات وما قيل أو كُتب يحتاج رفعها إلى شخصين. يطلب أحدهما الرفع \
                 ثم يوافق الآخر."
            ),
            Self::NoEntry => {
                "لا يوجد قيد يطابق هذا تمامًا؛ تبقى سارية قيود القنوات الأخرى والشخص بأكمله والنطاق."
                    .to_owned()
            }
            Self::Storage(_) => return None,
        })
    }
}
