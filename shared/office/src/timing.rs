//! What decided the date of a planned touch.

use domain::plan::{Anchor, Plan, Shift};
use domain::planning::{DateRule, Person, PlannedTouch, cycle_schedule};
use domain::{Calendar, Locale};
use jiff::Span;
use jiff::civil::Date;

use crate::local;
use crate::words::{embedded, pick};

/// The rule's word in JSON: `day`, `anchor`, `fallback` or `moved`.
#[must_use]
pub const fn word(rule: DateRule) -> &'static str {
    match rule {
        DateRule::Day => "day",
        DateRule::Anchor => "anchor",
        DateRule::Fallback => "fallback",
        DateRule::MovedForAnchor => "moved",
    }
}

/// Why a touch stands on its date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    rule: DateRule,
    /// The step's day number and anchor; none when the step is no longer in its plan.
    step: Option<(u16, Option<Anchor>)>,
    cycle: u16,
    /// When the cycle began.
    began: Date,
    /// The date before it was moved to a working day, and whether that moved it later.
    moved_from: Option<(Date, bool)>,
}

impl Cause {
    /// Why `touch` of a person stands on its date, in a plan that began for the person on
    /// `starts_on`.
    #[must_use]
    pub fn of(
        plan: &Plan,
        starts_on: Date,
        touch: &PlannedTouch,
        person: Person<'_>,
        calendar: &Calendar,
    ) -> Self {
        let step = plan.steps.get(touch.step);
        let unmoved = unmoved(plan, starts_on, touch, person, calendar);
        Self {
            rule: touch.rule,
            step: step.map(|step| (step.day, step.anchor.clone())),
            cycle: touch.cycle,
            began: starts_on.saturating_add(Span::new().years(i32::from(touch.cycle))),
            moved_from: unmoved
                .filter(|date| *date != touch.date)
                .map(|date| (date, date < touch.date)),
        }
    }

    /// A part of a sentence, without a full stop.
    #[must_use]
    pub fn in_words(&self, locale: Locale) -> String {
        let Some((day, anchor)) = &self.step else {
            return pick(locale, "no longer in the plan", "لم تعد ضمن الخطة").to_owned();
        };
        let day = self.day_of_plan(*day, locale);
        let mut words = match (self.rule, anchor) {
            (DateRule::Anchor, Some(anchor)) => anchor_in_words(anchor, locale),
            (DateRule::Fallback, Some(anchor)) => {
                let anchor = anchor_in_words(anchor, locale);
                match locale {
                    Locale::En => format!("{day}, because {anchor} is not known for this year"),
                    Locale::Ar => format!("{day}، لأن موعد {anchor} غير معروف لهذه السنة"),
                }
            }
            (DateRule::MovedForAnchor, _) => match locale {
                Locale::En => {
                    format!("{day}, moved to keep its distance from an anniversary or holiday")
                }
                Locale::Ar => format!("{day}، مع إزاحتها لتبتعد عن مناسبة أو عيد قريب منها"),
            },
            _ => day,
        };
        if let Some((date, later)) = self.moved_from {
            let date = local::day(date, locale);
            words.push_str(&match (locale, later) {
                (Locale::En, true) => format!("; moved from {date} to the working day after"),
                (Locale::En, false) => format!("; moved from {date} to the working day before"),
                (Locale::Ar, true) => format!("؛ نُقلت من {date} إلى يوم العمل التالي"),
                (Locale::Ar, false) => format!("؛ نُقلت من {date} إلى يوم العمل السابق"),
            });
        }
        words
    }

    fn day_of_plan(&self, day: u16, locale: Locale) -> String {
        let (began, year) = (local::day(self.began, locale), self.cycle + 1);
        match (locale, self.cycle) {
            (Locale::En, 0) => format!("day {day} of the plan, which began on {began}"),
            (Locale::En, _) => {
                format!("day {day} of year {year} of the plan, which began on {began}")
            }
            (Locale::Ar, 0) => format!("اليوم {day} من الخطة التي بدأت يوم {began}"),
            (Locale::Ar, _) => {
                format!("اليوم {day} من السنة {year} من الخطة، وقد بدأت تلك السنة يوم {began}")
            }
        }
    }
}

fn anchor_in_words(anchor: &Anchor, locale: Locale) -> String {
    match anchor {
        Anchor::Birthday => pick(locale, "the contact's birthday", "عيد ميلاد جهة الاتصال"),
        Anchor::SpouseBirthday => pick(locale, "the spouse's birthday", "عيد ميلاد الزوج أو الزوجة"),
        Anchor::Closing => pick(locale, "the anniversary of the closing", "ذكرى إغلاق الصفقة"),
        Anchor::Holiday(key) => return holiday_in_words(key, locale),
    }
    .to_owned()
}

fn holiday_in_words(key: &str, locale: Locale) -> String {
    if locale == Locale::En {
        return format!("the holiday \"{key}\"");
    }
    match ARABIC_HOLIDAYS.iter().find(|(own, _)| *own == key) {
        Some((_, name)) => (*name).to_owned(),
        None => format!("مناسبة {}", embedded(key, locale)),
    }
}

/// The holidays of the built-in calendar; a team's own go by their key.
const ARABIC_HOLIDAYS: &[(&str, &str)] = &[
    ("ramadan", "بداية شهر رمضان"),
    ("eid_al_fitr", "عيد الفطر"),
    ("eid_al_adha", "عيد الأضحى"),
    ("hijri_new_year", "رأس السنة الهجرية"),
    ("new_year", "رأس السنة الميلادية"),
    ("christmas", "عيد الميلاد المجيد"),
    ("mothers_day_ar", "عيد الأم"),
    ("mothers_day_us", "عيد الأم في الولايات المتحدة"),
    ("fathers_day_ar", "عيد الأب"),
    ("fathers_day_us", "عيد الأب في الولايات المتحدة"),
    ("thanksgiving_us", "عيد الشكر في الولايات المتحدة"),
    ("saudi_founding_day", "يوم التأسيس السعودي"),
    ("saudi_national_day", "اليوم الوطني السعودي"),
    ("kuwait_national_day", "العيد الوطني الكويتي"),
    ("jordan_independence_day", "عيد استقلال الأردن"),
    ("egypt_revolution_day", "عيد ثورة 23 يوليو في مصر"),
    ("oman_national_day", "العيد الوطني العُماني"),
    ("uae_national_day", "عيد الاتحاد في الإمارات"),
    ("bahrain_national_day", "العيد الوطني البحريني"),
    ("qatar_national_day", "اليوم الوطني القطري"),
];

/// The date of the touch if no date were moved to a working day.
fn unmoved(
    plan: &Plan,
    starts_on: Date,
    touch: &PlannedTouch,
    person: Person<'_>,
    calendar: &Calendar,
) -> Option<Date> {
    let mut plan = plan.clone();
    for step in &mut plan.steps {
        step.shift = Some(Shift::Same);
    }
    cycle_schedule(&plan, starts_on, touch.cycle, person, calendar)
        .into_iter()
        .find(|other| other.step == touch.step)
        .map(|other| other.date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_holiday_of_the_built_in_calendar_has_its_arabic_name() {
        let library = library::Library::built_in();
        let text = include_str!("../../library/calendar.toml");
        let (_, holidays) = text.split_once("[holidays]").unwrap_or_default();
        let keys: Vec<&str> = holidays
            .lines()
            .filter_map(|line| line.split_once(" = [").map(|(key, _)| key))
            .filter(|key| library.calendar().knows_holiday(key))
            .collect();
        assert!(keys.len() > 10, "{keys:?}");
        for key in keys {
            assert!(ARABIC_HOLIDAYS.iter().any(|(own, _)| *own == key), "{key}");
        }
    }
}
