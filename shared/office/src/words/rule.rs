//! The rules of hours and frequency by name, with the code behind it.

use domain::Locale;
use domain::pause::PauseScope;

use super::{contact_channel, embedded, pause_scope, pick};

/// Where rules are from, by the code their names begin with.
const PLACES: &[(&str, &str, &str)] = &[
    ("AE", "United Arab Emirates", "الإمارات العربية المتحدة"),
    ("BH", "Bahrain", "البحرين"),
    ("CA", "Canada", "كندا"),
    ("DE", "Germany", "ألمانيا"),
    ("EG", "Egypt", "مصر"),
    ("EU", "European Union", "الاتحاد الأوروبي"),
    ("FR", "France", "فرنسا"),
    ("JO", "Jordan", "الأردن"),
    ("KW", "Kuwait", "الكويت"),
    ("OM", "Oman", "عُمان"),
    ("QA", "Qatar", "قطر"),
    ("SA", "Saudi Arabia", "المملكة العربية السعودية"),
    ("US", "United States", "الولايات المتحدة"),
    ("US-AL", "Alabama", "ألاباما"),
    ("US-CT", "Connecticut", "كونيتيكت"),
    ("US-FL", "Florida", "فلوريدا"),
    ("US-KY", "Kentucky", "كنتاكي"),
    ("US-LA", "Louisiana", "لويزيانا"),
    ("US-MA", "Massachusetts", "ماساتشوستس"),
    ("US-MD", "Maryland", "ميريلاند"),
    ("US-MI", "Michigan", "ميشيغان"),
    ("US-MN", "Minnesota", "مينيسوتا"),
    ("US-MS", "Mississippi", "ميسيسيبي"),
    ("US-NM", "New Mexico", "نيو مكسيكو"),
    ("US-NV", "Nevada", "نيفادا"),
    ("US-OK", "Oklahoma", "أوكلاهوما"),
    ("US-OR", "Oregon", "أوريغون"),
    ("US-PA", "Pennsylvania", "بنسلفانيا"),
    ("US-RI", "Rhode Island", "رود آيلاند"),
    ("US-TX", "Texas", "تكساس"),
    ("US-UNKNOWN", "United States, state unknown", "الولايات المتحدة، الولاية غير معروفة"),
    ("US-WA", "Washington", "واشنطن"),
];

/// What rules are about, by the code their names end with.
const MATTERS: &[(&str, &str, &str)] = &[
    ("CALL", "calls", "المكالمات"),
    ("SMS", "text messages", "الرسائل النصية"),
    ("ONE-WAY", "text messages nobody can answer", "رسائل نصية لا يمكن الرد عليها"),
    ("CONSENT", "consent", "الموافقة"),
    ("OBJECT", "the right to object", "حق الاعتراض"),
    ("OBJECT-SMS", "the right to object to text messages", "حق الاعتراض على الرسائل النصية"),
    ("FED", "federal law", "القانون الاتحادي"),
    ("FIRST-TEXT", "the first text message", "أول رسالة نصية"),
];

/// The name of a rule in words with its code behind; what is no rule we know, as it stands.
#[must_use]
pub fn rule(code: &str, locale: Locale) -> String {
    let own = code.split('/').next().unwrap_or(code);
    let fits = |(place, ..): &&(&str, &str, &str)| {
        own.strip_prefix(*place).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    let place = PLACES.iter().filter(fits).max_by_key(|(place, ..)| place.len());
    let Some((prefix, en, ar)) = place else { return embedded(code, locale) };
    let place = pick(locale, en, ar);
    let matter = own[prefix.len()..].trim_start_matches('-');
    let shown = embedded(code, locale);
    if matter.is_empty() {
        return format!("{place} ({shown})");
    }
    match MATTERS.iter().find(|(known, ..)| *known == matter) {
        Some((_, en, ar)) => {
            let comma = pick(locale, ",", "،");
            format!("{place}{comma} {} ({shown})", pick(locale, en, ar))
        }
        None => shown,
    }
}

/// Hours by name, several of them apart by commas: rules in words, the team's own hours as they stand.
#[must_use]
pub fn hours(names: &str, locale: Locale) -> String {
    let told: Vec<String> = names.split(", ").map(|name| rule(name, locale)).collect();
    told.join(pick(locale, ", ", "، "))
}

/// A cap by the name decisions are recorded with: a rule's, or the team's.
pub(super) fn cap(name: &str, locale: Locale) -> String {
    if let Some(own) = name.strip_prefix("the team's ") {
        let (what, cap) = own.split_once(' ').unwrap_or((own, ""));
        let what = what.parse().map_or_else(
            |_| pick(locale, "touches", "كل القنوات"),
            |channel| contact_channel(channel, locale),
        );
        let cap = embedded(cap, locale);
        return match locale {
            Locale::En => format!("the team's limit, {what}: {cap}"),
            Locale::Ar => format!("حد الفريق، {what}: {cap}"),
        };
    }
    match name.split_once(' ') {
        Some((code, cap)) => format!("{}: {}", rule(code, locale), embedded(cap, locale)),
        None => rule(name, locale),
    }
}

/// What a pause covers and why, as it is noted of what waits for it.
pub(super) fn pause(noted: &str, locale: Locale) -> String {
    let (what, why) = noted.split_once(", ").unwrap_or((noted, ""));
    let (scope, key) = what.split_once(' ').unwrap_or((what, ""));
    let Ok(scope) = scope.parse::<PauseScope>() else { return embedded(noted, locale) };
    let key = match (scope, key.parse()) {
        (PauseScope::Channel, Ok(channel)) => contact_channel(channel, locale).to_owned(),
        _ => embedded(key, locale),
    };
    let what = pause_scope(scope, locale);
    let covered = if key.is_empty() { what.to_owned() } else { format!("{what}: {key}") };
    match why {
        "" => covered,
        why => format!("{covered}{} {}", pick(locale, ",", "،"), embedded(why, locale)),
    }
}

#[cfg(test)]
mod tests {
    use library::Library;

    use super::*;

    #[test]
    fn every_rule_of_ours_has_a_name_in_both_languages() {
        let library = Library::built_in();
        let mut count = 0;
        for known in library.rules().rules() {
            for locale in Locale::ALL {
                let told = rule(&known.id, *locale);
                assert!(told.len() > known.id.len() + 3, "{}: {told}", known.id);
                assert!(told.contains(&known.id), "{told}");
            }
            count += 1;
        }
        assert!(count > 40, "{count}");
    }

    #[test]
    fn what_a_decision_names_is_told_in_words() {
        let english = "United Arab Emirates, calls (AE-CALL), 08:00-20:00";
        assert_eq!(hours("AE-CALL, 08:00-20:00", Locale::En), english);
        let arabic = "الإمارات العربية المتحدة، الرسائل النصية (\u{2068}AE-SMS/tdra\u{2069})";
        assert_eq!(hours("AE-SMS/tdra", Locale::Ar), arabic);
        let cap = cap("AE-CALL 1 in 24h", Locale::En);
        assert_eq!(cap, "United Arab Emirates, calls (AE-CALL): 1 in 24h");
        let team = super::cap("the team's email 1 in 24h", Locale::Ar);
        assert_eq!(team, "حد الفريق، البريد الإلكتروني: \u{2068}1 in 24h\u{2069}");
        let pause = pause("channel email, the relay is listed", Locale::Ar);
        assert!(pause.ends_with("، \u{2068}the relay is listed\u{2069}"), "{pause}");
        assert_eq!(rule("XX-CALL", Locale::En), "XX-CALL");
    }
}
