//! What a decision was made from, in sentences: list, local time, window, rules, basis, registry,
//! caps.

use domain::Locale;
use domain::consent::LegalBasis;
use domain::registry::{Registry, Verdict};
use serde_json::Value;

use crate::local;
use crate::words::{self, embedded, pick};

/// What the gate and the handler saw.
pub(super) fn relied_on(detail: &Value, locale: Locale) -> Vec<String> {
    let mut lines = Vec::new();
    if detail["list"] == "clear" {
        let clear = "The list was read and was clear.";
        lines.push(pick(locale, clear, "قُرئت القائمة ولم يكن فيها ما يمنع.").to_owned());
    }
    lines.extend(when(detail, locale));
    let rules = detail["rules"].as_array().into_iter().flatten();
    let rules: Vec<String> =
        rules.filter_map(|rule| Some(words::rule(rule.as_str()?, locale))).collect();
    if !rules.is_empty() {
        lines.push(match locale {
            Locale::En => format!("These rules bound it, too: {}.", rules.join("; ")),
            Locale::Ar => format!("سرت عليها أيضًا القواعد: {}.", rules.join("؛ ")),
        });
    }
    lines.extend(basis(&detail["basis"], locale));
    lines.extend(registry(&detail["registry"], locale));
    if let Some(sent) = detail["caps"]["sent"].as_u64() {
        let in_hand = detail["caps"]["in_hand"].as_u64().unwrap_or(0);
        lines.push(match locale {
            Locale::En => format!("Caps were counted over {sent} sent and {in_hand} in hand."),
            Locale::Ar => {
                format!("حُسبت حدود التكرار على أساس: المرسل {sent}، وقيد المعالجة {in_hand}.")
            }
        });
    }
    lines
}

fn when(detail: &Value, locale: Locale) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(local_time) = detail["local_time"].as_str() {
        let unknown = pick(locale, "no rule recorded", "لم تُسجّل قاعدة");
        let rule = detail["zone_rule"].as_str();
        let rule = rule.map_or_else(|| unknown.to_owned(), |rule| words::zone_rule(rule, locale));
        // As it was stored: 2026-06-09T10:12:03.5+04:00[Asia/Dubai].
        let shown = local_time.parse::<jiff::Zoned>();
        let shown =
            shown.map_or_else(|_| embedded(local_time, locale), |at| local::in_words(&at, locale));
        lines.push(match locale {
            Locale::En => format!("Local time was {shown}, by {rule}."),
            Locale::Ar => format!("كان التوقيت المحلي {shown}، بحسب: {rule}."),
        });
    }
    if let Some(window) = detail["window"].as_str() {
        lines.push(match locale {
            Locale::En => format!("The window was {}.", words::hours(window, locale)),
            Locale::Ar => format!("كانت ساعات التواصل {}.", words::hours(window, locale)),
        });
    }
    lines
}

fn basis(basis: &Value, locale: Locale) -> Option<String> {
    let (kind, record) = (basis["basis"].as_str()?, basis["record"].as_str()?);
    Some(match locale {
        Locale::En => format!("Legal basis: {}, record {record}.", kind.replace('_', " ")),
        Locale::Ar => {
            let kind = kind.parse::<LegalBasis>().map_or_else(
                |_| embedded(kind, locale),
                |kind| words::legal_basis(kind, locale).to_owned(),
            );
            format!("الأساس القانوني: {kind}، السجل {}.", embedded(record, locale))
        }
    })
}

fn registry(registry: &Value, locale: Locale) -> Option<String> {
    let (name, verdict) = (registry["registry"].as_str()?, registry["verdict"].as_str()?);
    let exempt = registry["exempt_by"].as_str();
    let day = registry["version_date"].as_str();
    let name = name
        .parse::<Registry>()
        .map_or_else(|_| embedded(name, locale), |name| words::registry(name, locale).to_owned());
    Some(match locale {
        Locale::En => {
            let day = day.unwrap_or("no day");
            let exempt = exempt.map_or_else(String::new, |by| format!(", exempt by {by}"));
            format!("Registry {name}, data of {day}: {verdict}{exempt}.")
        }
        Locale::Ar => {
            let verdict = verdict.parse::<Verdict>().map_or_else(
                |_| embedded(verdict, locale),
                |verdict| words::registry_verdict(verdict, locale).to_owned(),
            );
            let day = day.map_or_else(
                || "بلا تاريخ".to_owned(),
                |day| format!("بيانات {}", embedded(day, locale)),
            );
            let exempt = exempt
                .map_or_else(String::new, |by| format!("، معفى بموجب {}", embedded(by, locale)));
            format!("سجل عدم الاتصال ({name})، {day}: {verdict}{exempt}.")
        }
    })
}
