//! Which column of a file is which field of a contact: by the names people give to columns, in
//! English and Arabic, and by a mapping file for everything else.

use std::collections::BTreeMap;

use domain::Locale;
use serde::Deserialize;

use super::rejects::OWN_COLUMNS;
use crate::words::embedded;

domain::words! {
    /// A field of a contact that a column can hold.
    Field, "field", {
        /// Identity in the system the file comes from.
        ExternalId = "external_id",
        /// Full name.
        FullName = "full_name",
        /// First name.
        FirstName = "first_name",
        /// Last name.
        LastName = "last_name",
        /// Email address.
        Email = "email",
        /// Second email address.
        Email2 = "email_2",
        /// Mobile number.
        PhoneMobile = "phone_mobile",
        /// Phone number of no particular kind.
        Phone = "phone",
        /// Number at work.
        PhoneWork = "phone_work",
        /// Number at home.
        PhoneHome = "phone_home",
        /// Fax.
        PhoneFax = "phone_fax",
        /// Postal address.
        Address = "address",
        /// Where the contact comes from.
        Source = "source",
        /// Relationship.
        Group = "group",
        /// Looking or not.
        Status = "status",
        /// Likelihood.
        Level = "level",
        /// FSBO, expired, PTA, buyer …
        Type = "type",
        /// Notes.
        Notes = "notes",
        /// Language.
        Locale = "locale",
        /// IANA name.
        TimeZone = "time_zone",
        /// When the contact wants to be reached.
        PreferredHours = "preferred_hours",
        /// ISO 3166 code.
        Country = "country",
        /// State or emirate.
        State = "state",
        /// City.
        City = "city",
        /// Area.
        Area = "area",
        /// Birthday.
        Birthday = "birthday",
        /// The spouse's name.
        SpouseName = "spouse_name",
        /// The spouse's birthday.
        SpouseBirthday = "spouse_birthday",
        /// Wedding anniversary.
        Anniversary = "anniversary",
        /// Day of the closing.
        ClosingDate = "closing_date",
        /// Hobbies.
        Hobbies = "hobbies",
        /// Job title.
        JobTitle = "job_title",
        /// Company.
        Company = "company",
        /// The agent's email.
        OwnerEmail = "owner_email",
        /// The agent's name.
        OwnerName = "owner_name",
        /// The agent's phone.
        OwnerPhone = "owner_phone",
    }
}

/// Further names of fields, as [`folded`] writes them.
const NAMES: &[(Field, &str)] = &[
    (
        Field::ExternalId,
        "id contact_id customer_id crm_id client_id المعرف رقم_العميل الرقم_المرجعي",
    ),
    (
        Field::FullName,
        "name fullname contact contact_name client_name customer_name الاسم_الكامل الاسم اسم_العميل",
    ),
    (Field::FirstName, "firstname given_name forename الاسم_الاول"),
    (Field::LastName, "lastname surname family_name اسم_العائله الاسم_الاخير اللقب العائله"),
    (
        Field::Email,
        "e_mail mail email_address e_mail_address email_1 البريد_الالكتروني عنوان_البريد_الالكتروني البريد الايميل",
    ),
    (Field::Email2, "email2 second_email other_email البريد_الالكتروني_2 بريد_اخر"),
    (
        Field::PhoneMobile,
        "mobile mobile_phone mobile_number cell cell_phone mobile_no الجوال رقم_الجوال المحمول الموبايل هاتف_الجوال هاتف_متحرك",
    ),
    (Field::Phone, "phone_number telephone tel phone_1 الهاتف رقم_الهاتف هاتف"),
    (
        Field::PhoneWork,
        "work_phone office_phone office work business_phone هاتف_العمل رقم_العمل هاتف_المكتب",
    ),
    (Field::PhoneHome, "home_phone home هاتف_المنزل رقم_المنزل"),
    (Field::PhoneFax, "fax fax_number الفاكس فاكس"),
    (
        Field::Address,
        "postal_address home_address street_address mailing_address street العنوان عنوان_المنزل العنوان_البريدي",
    ),
    (Field::Source, "lead_source origin المصدر مصدر_العميل"),
    (Field::Group, "contact_group database_group المجموعه مجموعه_قاعده_البيانات"),
    (Field::Status, "contact_status الحاله"),
    (Field::Level, "status_level rating مستوي_الحاله المستوي"),
    (Field::Type, "contact_type category نوع_جهه_الاتصال النوع نوع"),
    (Field::Notes, "note comments remarks ملاحظات الملاحظات"),
    (Field::Locale, "language lang اللغه لغه"),
    (Field::TimeZone, "timezone tz المنطقه_الزمنيه"),
    (
        Field::PreferredHours,
        "best_time best_time_to_call preferred_time الوقت_المفضل ساعات_التواصل_المفضله",
    ),
    (Field::Country, "country_code الدوله البلد"),
    (Field::State, "region province emirate الاماره الولايه المحافظه"),
    (Field::City, "town المدينه"),
    (Field::Area, "neighbourhood neighborhood district community المنطقه الحي"),
    (Field::Birthday, "date_of_birth birth_date birthdate dob تاريخ_الميلاد عيد_الميلاد"),
    (Field::SpouseName, "spouse partner_name اسم_الزوج اسم_الزوجه اسم_الزوج_الزوجه"),
    (
        Field::SpouseBirthday,
        "spouse_date_of_birth spouse_birth_date تاريخ_ميلاد_الزوج تاريخ_ميلاد_الزوجه تاريخ_ميلاد_الزوج_الزوجه",
    ),
    (
        Field::Anniversary,
        "anniversary_date wedding_anniversary wedding_date تاريخ_الذكري_السنويه الذكري_السنويه ذكري_الزواج",
    ),
    (Field::ClosingDate, "closing date_of_closing close_date تاريخ_الاغلاق تاريخ_اتمام_الصفقه"),
    (Field::Hobbies, "hobby interests الهوايات"),
    (Field::JobTitle, "job position title occupation المنصب_الوظيفي المسمي_الوظيفي الوظيفه المهنه"),
    (Field::Company, "organisation organization employer الشركه"),
    (Field::OwnerEmail, "agent_email بريد_الوكيل"),
    (Field::OwnerName, "owner agent agent_name اسم_الوكيل الوكيل"),
    (Field::OwnerPhone, "agent_phone هاتف_الوكيل"),
];

/// What becomes of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column {
    /// It is this field.
    Field(Field),
    /// It is a custom field of this name.
    Custom(String),
    /// It is passed over.
    Ignored,
}

domain::words! {
    /// What becomes of columns that nothing is known about.
    Unknown, "way with unknown columns", {
        /// Nothing is imported; the columns are named.
        Refuse = "refuse",
        /// They are passed over.
        Ignore = "ignore",
        /// They become custom fields.
        Custom = "custom",
    }
}

/// What is not clear about the columns of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnProblem {
    /// The mapping of a column, and what is wrong with it.
    Mapping(String, String),
    /// It holds what another column holds already.
    Twice(String),
    /// Nothing is known about these.
    Strangers(Vec<String>),
    /// The mapping names it, and it is not there.
    Absent(String),
    /// This has to be in the file and is not.
    Missing(String),
}

impl ColumnProblem {
    /// What is wrong, for people.
    #[must_use]
    pub fn in_words(&self, locale: Locale) -> String {
        let own = |name: &str| embedded(&format!("\"{name}\""), locale);
        let all = |names: &[String], between: &str| {
            names.iter().map(|name| own(name)).collect::<Vec<_>>().join(between)
        };
        match (self, locale) {
            (Self::Mapping(name, why), Locale::En) => {
                format!("the mapping of column \"{name}\": {why}")
            }
            (Self::Mapping(name, why), Locale::Ar) => {
                format!("تعيين العمود {}: {}", own(name), embedded(why, locale))
            }
            (Self::Twice(name), Locale::En) => {
                format!("column \"{name}\" holds what another column holds already")
            }
            (Self::Twice(name), Locale::Ar) => format!("العمود {} يكرّر عمودًا آخر", own(name)),
            (Self::Strangers(names), Locale::En) => {
                format!("unknown columns: {}", all(names, ", "))
            }
            (Self::Strangers(names), Locale::Ar) => {
                format!("أعمدة غير معروفة: {}", all(names, "، "))
            }
            (Self::Absent(name), Locale::En) => {
                format!("the mapping names \"{name}\", no such column")
            }
            (Self::Absent(name), Locale::Ar) => {
                format!("يذكر التعيين العمود {} ولا يوجد عمود بهذا الاسم", own(name))
            }
            (Self::Missing(name), Locale::En) => format!("no column holds \"{name}\""),
            (Self::Missing(name), Locale::Ar) => format!("لا يوجد عمود لـ{}", own(name)),
        }
    }
}

/// A mapping file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Column name → field, `custom.NAME` or `ignore`.
    #[serde(default)]
    columns: BTreeMap<String, String>,
    /// Field → what stands in the file → what is meant.
    #[serde(default)]
    values: BTreeMap<Field, BTreeMap<String, String>>,
    /// Field → what counts where a row says nothing.
    #[serde(default)]
    defaults: BTreeMap<Field, String>,
}

impl Mapping {
    /// A mapping of columns (column name → field, `custom.NAME` or `ignore`), with what counts where
    /// a row says nothing.
    #[must_use]
    pub const fn new(columns: BTreeMap<String, String>, defaults: BTreeMap<Field, String>) -> Self {
        Self { columns, values: BTreeMap::new(), defaults }
    }

    /// What a text in a field means: as the mapping says, else itself.
    #[must_use]
    pub fn meant<'a>(&'a self, field: Field, text: &'a str) -> &'a str {
        let values = self.values.get(&field);
        values.and_then(|values| values.get(text)).map_or(text, String::as_str)
    }

    /// What counts where a row says nothing.
    #[must_use]
    pub fn default_of(&self, field: Field) -> Option<&str> {
        self.defaults.get(&field).map(String::as_str)
    }

    /// Lets `text` count for `field` where a row says nothing.
    pub fn set_default(&mut self, field: Field, text: String) {
        self.defaults.insert(field, text);
    }

    /// What becomes of each column of a header.
    ///
    /// # Errors
    /// Every problem at once: unknown columns, two columns for one field, a mapping of a column
    /// that is not there or to a field that does not exist.
    pub fn columns(
        &self,
        header: &[String],
        unknown: Unknown,
    ) -> Result<Vec<Column>, Vec<ColumnProblem>> {
        let mut problems = Vec::new();
        let mut columns = Vec::with_capacity(header.len());
        let mut strangers = Vec::new();
        let mut asked: BTreeMap<String, &String> =
            self.columns.iter().map(|(name, target)| (folded(name), target)).collect();
        for name in header {
            let folded = folded(name);
            let column = match asked.remove(&folded) {
                Some(target) => target_of(target).unwrap_or_else(|why| {
                    problems.push(ColumnProblem::Mapping(name.clone(), why));
                    Column::Ignored
                }),
                None => known(name, &folded).unwrap_or_else(|| match unknown {
                    Unknown::Custom if !folded.is_empty() => Column::Custom(folded),
                    Unknown::Refuse if !folded.is_empty() => {
                        strangers.push(name.clone());
                        Column::Ignored
                    }
                    _ => Column::Ignored,
                }),
            };
            if column != Column::Ignored && columns.contains(&column) {
                problems.push(ColumnProblem::Twice(name.clone()));
            }
            columns.push(column);
        }
        if !strangers.is_empty() {
            problems.push(ColumnProblem::Strangers(strangers));
        }
        problems.extend(asked.into_keys().map(ColumnProblem::Absent));
        if problems.is_empty() { Ok(columns) } else { Err(problems) }
    }
}

fn target_of(target: &str) -> Result<Column, String> {
    if target == "ignore" {
        return Ok(Column::Ignored);
    }
    match target.strip_prefix("custom.") {
        Some("") => Err("custom. needs a name".to_owned()),
        Some(name) => Ok(Column::Custom(name.to_owned())),
        None => target
            .parse()
            .map(Column::Field)
            .map_err(|why: domain::UnknownWord| format!("{why}, custom.NAME, ignore")),
    }
}

fn known(name: &str, folded: &str) -> Option<Column> {
    if OWN_COLUMNS.contains(&folded) {
        return Some(Column::Ignored);
    }
    if let Some(custom) = name.trim().strip_prefix("custom.").filter(|custom| !custom.is_empty()) {
        return Some(Column::Custom(custom.to_owned()));
    }
    field_named(folded).map(Column::Field)
}

/// The field a folded column name stands for.
#[must_use]
pub fn field_named(folded: &str) -> Option<Field> {
    let further = || {
        let mut names = NAMES.iter();
        names
            .find(|(_, names)| names.split(' ').any(|name| name == folded))
            .map(|(field, _)| *field)
    };
    folded.parse().ok().or_else(further)
}

/// A name without what people write differently: capitals, blanks and punctuation, and in Arabic
/// the forms of alef, teh marbuta, alef maksura, tatweel and vowel marks.
#[must_use]
pub fn folded(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            'أ' | 'إ' | 'آ' | 'ٱ' => text.push('ا'),
            'ة' => text.push('ه'),
            'ى' => text.push('ي'),
            '\u{0640}' | '\u{064B}'..='\u{0652}' | '\u{0670}' => {}
            '\u{200E}' | '\u{200F}' | '\u{FEFF}' | '\u{061C}' => {}
            c if c.is_alphanumeric() => text.extend(c.to_lowercase()),
            _ if text.ends_with('_') || text.is_empty() => {}
            _ => text.push('_'),
        }
    }
    text.truncate(text.trim_end_matches('_').len());
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn columns(
        header: &[&str],
        mapping: &str,
        unknown: Unknown,
    ) -> Result<Vec<Column>, Vec<ColumnProblem>> {
        let mapping: Mapping = toml::from_str(mapping).unwrap();
        let header: Vec<String> = header.iter().map(|name| (*name).to_owned()).collect();
        mapping.columns(&header, unknown)
    }

    #[test]
    fn usual_names_are_known_in_english_and_arabic() {
        let header =
            ["Full Name", "الاسم الأول", "E-Mail", "رقم الجوّال", "custom.Loan type", "مُستوى الحالة"];
        let fields = [Field::FullName, Field::FirstName, Field::Email, Field::PhoneMobile];
        let mut expected: Vec<Column> = fields.into_iter().map(Column::Field).collect();
        expected.extend([Column::Custom("Loan type".to_owned()), Column::Field(Field::Level)]);
        assert_eq!(columns(&header, "", Unknown::Refuse).unwrap(), expected);
    }

    #[test]
    fn every_name_is_folded_and_stands_for_one_field() {
        let mut seen = std::collections::HashSet::new();
        for name in NAMES.iter().flat_map(|(_, names)| names.split(' ')) {
            assert_eq!(folded(name), name);
            assert!(seen.insert(name), "{name} stands for two fields");
            assert!(name.parse::<Field>().is_err(), "{name} is a field's own name");
        }
    }

    #[test]
    fn a_mapping_wins_and_its_mistakes_are_all_named() {
        let mapping =
            "[columns]\n\"Client\" = \"full_name\"\nName = \"custom.nick\"\nX = \"ignore\"";
        let got = columns(&["client", "name", "x"], mapping, Unknown::Refuse).unwrap();
        let expected =
            [Column::Field(Field::FullName), Column::Custom("nick".to_owned()), Column::Ignored];
        assert_eq!(got, expected);
        let bad = "[columns]\nClient = \"fullname\"\nGone = \"notes\"";
        let why = columns(&["client", "email", "mail", "foo"], bad, Unknown::Refuse).unwrap_err();
        let why: Vec<String> = why.iter().map(|why| why.in_words(Locale::En)).collect();
        let why = why.join("\n");
        for part in ["\"fullname\" is not a field", "\"gone\"", "\"mail\" holds", "\"foo\""] {
            assert!(why.contains(part), "{part} in {why}");
        }
    }

    #[test]
    fn unknown_columns_are_ignored_or_kept_when_asked() {
        let header = ["email", "Loan Type", ""];
        let ignored = columns(&header, "", Unknown::Ignore).unwrap();
        assert_eq!(ignored[1..], [Column::Ignored, Column::Ignored]);
        let kept = columns(&header, "", Unknown::Custom).unwrap();
        assert_eq!(kept[1], Column::Custom("loan_type".to_owned()));
    }
}
