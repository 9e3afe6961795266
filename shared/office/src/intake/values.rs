//! Reading single values the way people write them; every refusal says what would be accepted.

use chrono::NaiveDate;
use domain::Locale;
use domain::contact::{ContactStatus, Group, Level};

use super::columns::folded;

domain::words! {
    /// In which order a date has its parts, where the file leaves it open.
    DateOrder, "order of dates", {
        /// 31/12/2026.
        Dmy = "dmy",
        /// 12/31/2026.
        Mdy = "mdy",
    }
}

/// A date: 2026-12-31, or with the day or the month first where that is clear or was said.
///
/// # Errors
/// What would be accepted.
pub fn date(text: &str, order: Option<DateOrder>) -> Result<NaiveDate, String> {
    let wrong = || "is no date; write it as 2026-12-31".to_owned();
    let day = text.split(['T', ' ']).next().unwrap_or(text);
    let parts: Vec<u32> = day
        .split(['-', '/', '.'])
        .map(|part| western(part).parse())
        .collect::<Result<_, _>>()
        .map_err(|_| wrong())?;
    let &[first, second, third] = parts.as_slice() else { return Err(wrong()) };
    let (year, month, day) = if first > 31 {
        (first, second, third)
    } else if order == Some(DateOrder::Mdy) || order.is_none() && second > 12 {
        (third, first, second)
    } else if order == Some(DateOrder::Dmy) || first > 12 || first == second {
        (third, second, first)
    } else {
        return Err("may be read with the day or the month first; say which with --dates".into());
    };
    let year = i32::try_from(year).map_err(|_| wrong())?;
    if !(1000..=9999).contains(&year) {
        return Err("has no year of four digits; write it as 2026-12-31".to_owned());
    }
    NaiveDate::from_ymd_opt(year, month, day).ok_or_else(wrong)
}

/// Arabic-Indic and Persian digits as 0 to 9.
fn western(text: &str) -> String {
    text.trim()
        .chars()
        .map(|c| match c {
            '٠'..='٩' => digit(u32::from(c) - u32::from('٠')),
            '۰'..='۹' => digit(u32::from(c) - u32::from('۰')),
            other => other,
        })
        .collect()
}

fn digit(value: u32) -> char {
    char::from_digit(value, 10).unwrap_or('0')
}

/// A relationship.
///
/// # Errors
/// What would be accepted.
pub fn group(text: &str) -> Result<Group, String> {
    let word = folded(text);
    match word.as_str() {
        "الجمهور_العام" | "عامه_الناس" => Ok(Group::GeneralPublic),
        "مستهدف" | "المستهدفون" => Ok(Group::Target),
        "تم_اللقاء" | "التقيناهم" => Ok(Group::Met),
        "حليف" | "الحلفاء" => Ok(Group::Allied),
        "مناصر" | "المناصرون" => Ok(Group::Advocate),
        "مناصر_اساسي" | "المناصرون_الاساسيون" => {
            Ok(Group::CoreAdvocate)
        }
        _ => word.parse().map_err(|_| one_of("group", Group::ALL.iter().map(|g| g.as_str()))),
    }
}

/// Looking or not.
///
/// # Errors
/// What would be accepted.
pub fn status(text: &str) -> Result<ContactStatus, String> {
    match folded(text).as_str() {
        "active" | "نشط" | "نشطه" => Ok(ContactStatus::Active),
        "potential" | "inactive" | "محتمل" | "محتمله" | "غير_نشط" => {
            Ok(ContactStatus::Potential)
        }
        _ => Err(one_of("status", ContactStatus::ALL.iter().map(|s| s.as_str()))),
    }
}

/// Likelihood.
///
/// # Errors
/// What would be accepted.
pub fn level(text: &str) -> Result<Level, String> {
    match folded(text).as_str() {
        "a" | "high" | "أ" | "ا" => Ok(Level::A),
        "b" | "medium" | "ب" => Ok(Level::B),
        "c" | "low" | "ج" => Ok(Level::C),
        _ => Err(one_of("level", Level::ALL.iter().map(|l| l.as_str()))),
    }
}

/// A language: by code, with or without a country, or by name.
///
/// # Errors
/// What would be accepted.
pub fn locale(text: &str) -> Result<Locale, String> {
    let word = folded(text);
    match word.split('_').next().unwrap_or_default() {
        "en" | "eng" | "english" | "انجليزي" | "الانجليزيه" | "انجليزيه" => {
            Ok(Locale::En)
        }
        "ar" | "ara" | "arabic" | "عربي" | "العربيه" | "عربيه" => Ok(Locale::Ar),
        _ => Err(one_of("language", Locale::ALL.iter().map(|l| l.as_str()))),
    }
}

/// A country's code of two letters, or one of the names met most often.
///
/// # Errors
/// What would be accepted.
pub fn country(text: &str) -> Result<String, String> {
    let word = folded(text);
    let code = match word.as_str() {
        "uae" | "united_arab_emirates" | "الامارات" | "الامارات_العربيه_المتحده" => {
            "AE"
        }
        "ksa" | "saudi_arabia" | "السعوديه" | "المملكه_العربيه_السعوديه" => {
            "SA"
        }
        "usa" | "united_states" | "united_states_of_america" | "الولايات_المتحده" => {
            "US"
        }
        "uk" | "united_kingdom" | "great_britain" => "GB",
        "egypt" | "مصر" => "EG",
        "jordan" | "الاردن" => "JO",
        "qatar" | "قطر" => "QA",
        "bahrain" | "البحرين" => "BH",
        "kuwait" | "الكويت" => "KW",
        "oman" | "عمان" => "OM",
        "lebanon" | "لبنان" => "LB",
        _ => return code_of_two_letters(text),
    };
    Ok(code.to_owned())
}

fn code_of_two_letters(text: &str) -> Result<String, String> {
    let code = text.trim().to_ascii_uppercase();
    let is_code = code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    is_code.then_some(code).ok_or_else(|| {
        "is no country code of two letters, e.g. AE; a mapping file can translate it".to_owned()
    })
}

/// A time zone known to the bundled data.
///
/// # Errors
/// What would be accepted.
pub fn time_zone(text: &str) -> Result<String, String> {
    let zone = jiff::tz::TimeZone::get(text.trim());
    let name = zone.ok().and_then(|zone| zone.iana_name().map(str::to_owned));
    name.ok_or_else(|| "is no time zone; write it as Asia/Dubai".to_owned())
}

/// Hours of the day, written as `HH:MM-HH:MM`.
///
/// # Errors
/// What would be accepted.
pub fn hours(text: &str) -> Result<String, String> {
    let window: Result<domain::window::Window, _> = text.trim().parse();
    window
        .map(|window| window.to_string())
        .map_err(|_| "is no window; write it as 10:00-18:00".to_owned())
}

fn one_of<'a>(what: &str, words: impl Iterator<Item = &'a str>) -> String {
    format!(
        "is no {what}; it is one of {} (a mapping file can translate others)",
        words.collect::<Vec<_>>().join(", ")
    )
}

/// Titles that stand before a name.
const TITLES: [&str; 18] = [
    "mr",
    "mrs",
    "ms",
    "miss",
    "dr",
    "eng",
    "prof",
    "sheikh",
    "sheikha",
    "السيد",
    "السيده",
    "الدكتور",
    "الدكتوره",
    "د",
    "م",
    "المهندس",
    "الشيخ",
    "الشيخه",
];
/// Words that make one first name with the word after them.
const BEGINNINGS: [&str; 8] = ["abd", "abu", "abdul", "عبد", "ابو", "ام", "umm", "um"];

/// How a person of this full name is addressed.
#[must_use]
pub fn first_name(full_name: &str) -> String {
    let mut words = full_name.split_whitespace().peekable();
    while words.peek().is_some_and(|word| TITLES.contains(&folded(word).as_str())) {
        words.next();
    }
    let Some(first) = words.next() else { return full_name.to_owned() };
    match words.next() {
        Some(second) if BEGINNINGS.contains(&folded(first).as_str()) => format!("{first} {second}"),
        _ => first.to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_where_they_are_clear() {
        let day = |text| NaiveDate::parse_from_str(text, "%Y-%m-%d").unwrap();
        for (text, order, expected) in [
            ("1980-02-29", None, Some("1980-02-29")),
            ("1980/2/9", None, Some("1980-02-09")),
            ("31.12.1980", None, Some("1980-12-31")),
            ("12/31/1980", None, Some("1980-12-31")),
            ("٣١/١٢/١٩٨٠", None, Some("1980-12-31")),
            ("05/05/1980", None, Some("1980-05-05")),
            ("1980-02-09T00:00:00Z", None, Some("1980-02-09")),
            ("05/06/1980", None, None),
            ("05/06/1980", Some(DateOrder::Dmy), Some("1980-06-05")),
            ("05/06/1980", Some(DateOrder::Mdy), Some("1980-05-06")),
            ("31/12/80", None, None),
            ("1981-02-29", None, None),
            ("soon", None, None),
        ] {
            assert_eq!(date(text, order).ok(), expected.map(day), "{text}");
        }
    }

    #[test]
    fn words_are_read_in_both_languages() {
        assert_eq!(group("Core Advocate"), Ok(Group::CoreAdvocate));
        assert_eq!(status("نشط"), Ok(ContactStatus::Active));
        assert_eq!(level("أ"), Ok(Level::A));
        assert_eq!(locale("ar-AE"), Ok(Locale::Ar));
        assert_eq!(country("الإمارات"), Ok("AE".to_owned()));
        assert_eq!(country("ae"), Ok("AE".to_owned()));
        assert_eq!(time_zone("Asia/Dubai"), Ok("Asia/Dubai".to_owned()));
        assert!(group("friends").unwrap_err().contains("general_public"));
        assert_eq!(hours(" 9:00-17:30 "), Ok("09:00-17:30".to_owned()));
        assert!(hours("mornings").is_err() && hours("18:00-09:00").is_err());
        assert!(country("Atlantis").is_err() && time_zone("Dubai").is_err());
    }

    #[test]
    fn first_names_come_without_titles_and_whole() {
        for (full, first) in [
            ("Sara Haddad", "Sara"),
            ("Dr. Ali Hassan", "Ali"),
            ("عبد الله محمد", "عبد الله"),
            ("السيدة فاطمة الزهراء", "فاطمة"),
            ("Madonna", "Madonna"),
            ("Dr.", "Dr."),
        ] {
            assert_eq!(first_name(full), first);
        }
    }
}
