//! Facts about the built-in library, and about folders loaded on top of it.
#![allow(clippy::unwrap_used)]

#[path = "vectors/hours.rs"]
mod hours;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use domain::plan::{Anchor, Repeat};
use domain::{Channel, Lane, Locale, Medium, Plan};
use jiff::civil::{Date, date};
use library::{Library, LoadError};
use templates::{Fields, Part, Renderer, Source};

/// A step's offset, channel and template.
type Row = (u16, &'static str, &'static str);

/// The steps of domain.md §2, by offset (day 1 is offset 0).
const TABLES: [(&str, &[Row]); 4] = [
    (
        "8x8",
        &[
            (0, "card", "8x8_w1_thanks_card"),
            (7, "email", "8x8_w2_market_stats"),
            (14, "email", "8x8_w3_market_update"),
            (21, "call", "8x8_w4_call_script"),
            (28, "email", "8x8_w5_free_report"),
            (35, "email", "8x8_w6_advice"),
            (42, "letter", "8x8_w7_item"),
            (49, "call", "8x8_w8_call_ask"),
        ],
    ),
    (
        "33-touch",
        &[
            (0, "email", "33t_e01"),
            (7, "card", "33t_c1"),
            (15, "letter", "33t_l1"),
            (30, "email", "33t_e02"),
            (45, "call", "33t_k1"),
            (52, "card", "33t_c2"),
            (60, "email", "33t_e03"),
            (76, "letter", "33t_l2"),
            (83, "card", "33t_o1"),
            (91, "email", "33t_e04"),
            (97, "card", "33t_c3"),
            (114, "card", "33t_o3"),
            (121, "email", "33t_e05"),
            (137, "drop_by", "33t_l3"),
            (144, "card", "33t_c4"),
            (152, "email", "33t_e06"),
            (167, "call", "33t_k2"),
            (182, "email", "33t_e07"),
            (189, "card", "33t_c5"),
            (198, "letter", "33t_l4"),
            (205, "card", "33t_o2"),
            (213, "email", "33t_e08"),
            (234, "card", "33t_c6"),
            (243, "email", "33t_e09"),
            (259, "letter", "33t_l5"),
            (274, "email", "33t_e10"),
            (281, "card", "33t_c7"),
            (289, "call", "33t_k3"),
            (297, "card", "33t_o4"),
            (304, "email", "33t_e11"),
            (320, "event_invite", "33t_l6"),
            (326, "card", "33t_c8"),
            (335, "email", "33t_e12"),
        ],
    ),
    (
        "12-direct",
        &[
            (0, "letter", "12d_01"),
            (31, "letter", "12d_02"),
            (59, "letter", "12d_03"),
            (90, "letter", "12d_04"),
            (120, "letter", "12d_05"),
            (151, "letter", "12d_06"),
            (181, "letter", "12d_07"),
            (212, "letter", "12d_08"),
            (243, "letter", "12d_09"),
            (273, "letter", "12d_10"),
            (304, "letter", "12d_11"),
            (334, "letter", "12d_12"),
        ],
    ),
    (
        "new-lead",
        &[
            (0, "email", "nl_d1_welcome"),
            (2, "email", "nl_d3_proof"),
            (6, "email", "nl_d7_consult"),
            (13, "call", "nl_d14_call"),
        ],
    ),
];

/// The only template that no built-in plan uses: it is there for plans of one's own.
const UNPLANNED: &str = "reminder_sms";

/// The fields a team always has. Texts must work with these alone.
const REQUIRED: [&str; 6] = [
    "first_name",
    "agent_name",
    "agent_phone",
    "team_name",
    "team_postal_address",
    "unsubscribe_url",
];

fn plan<'l>(library: &'l Library, key: &str) -> &'l Plan {
    library.plan(key).unwrap()
}

fn parts(source: &Source) -> impl Iterator<Item = (Locale, Part, &str)> {
    Locale::ALL.iter().flat_map(move |&locale| {
        let texts = source.locales.get(&locale).unwrap();
        Part::of(source.medium).iter().map(move |&part| {
            let text = texts.part(part);
            assert!(text.is_some(), "{} has no {part} in {locale}", source.key);
            (locale, part, text.unwrap())
        })
    })
}

fn renderer(library: &Library, source: &Source) -> Renderer {
    let compiled = templates::compile(source, library.partials());
    Renderer::new(&compiled.unwrap_or_else(|problems| panic!("{}: {problems:?}", source.key)))
        .unwrap()
}

/// Every email, compiled once for all tests: that is the slow part.
static EMAILS: LazyLock<Vec<(String, Renderer)>> = LazyLock::new(|| {
    let library = Library::built_in();
    library
        .templates()
        .filter(|source| source.medium == Medium::Email)
        .map(|source| (source.key.clone(), renderer(&library, source)))
        .collect()
});

fn required_fields(locale: Locale) -> Fields {
    let examples = Fields::examples(locale, []);
    REQUIRED
        .iter()
        .fold(Fields::new(), |fields, name| fields.with(name, examples.text(name).unwrap()))
}

/// A text without its expressions, tags and link parameters: what is left is language.
fn words(text: &str) -> String {
    let mut kept = String::new();
    let mut depth = 0_usize;
    for character in text.chars() {
        match character {
            '{' | '<' => depth += 1,
            '}' | '>' => depth = depth.saturating_sub(1),
            _ if depth == 0 => kept.push(character),
            _ => {}
        }
    }
    kept.split_whitespace()
        .filter(|word| !word.starts_with("utm_content="))
        .collect::<Vec<_>>()
        .join(" ")
}

fn is_arabic(character: char) -> bool {
    ('\u{600}'..='\u{6ff}').contains(&character)
}

#[test]
fn nothing_is_wrong_with_the_built_in_library() {
    let findings: Vec<_> = Library::built_in().check().iter().map(ToString::to_string).collect();
    assert!(findings.is_empty(), "{findings:#?}");
}

#[test]
fn steps_are_those_of_the_tables() {
    let library = Library::built_in();
    assert_eq!(library.plans().count(), TABLES.len());
    for (key, rows) in TABLES {
        let steps: Vec<_> = plan(&library, key)
            .steps
            .iter()
            .map(|step| (step.day - 1, step.channel.as_str(), step.template.as_str()))
            .collect();
        assert_eq!(steps, rows, "{key}");
    }
}

#[test]
fn plans_add_up_to_their_names() {
    let library = Library::built_in();
    for (key, touches) in [("8x8", 8), ("33-touch", 33), ("12-direct", 12), ("new-lead", 4)] {
        let plan = plan(&library, key);
        assert_eq!((plan.touches, plan.counted_touches()), (touches, touches), "{key}");
    }
}

#[test]
fn plans_follow_repeat_and_hurry_as_agreed() {
    let library = Library::built_in();
    let chain = plan(&library, "8x8").then.clone().unwrap();
    assert_eq!((chain.plan.as_str(), chain.day), ("33-touch", 57));
    for (key, repeat, lane) in [
        ("8x8", Repeat::Never, Lane::Bulk),
        ("33-touch", Repeat::Yearly, Lane::Bulk),
        ("12-direct", Repeat::Never, Lane::Bulk),
        ("new-lead", Repeat::Never, Lane::Hi),
    ] {
        assert_eq!((plan(&library, key).repeat, plan(&library, key).lane), (repeat, lane), "{key}");
    }
}

#[test]
fn observances_of_33_touch_are_anchored() {
    let library = Library::built_in();
    let anchored: Vec<_> = plan(&library, "33-touch")
        .steps
        .iter()
        .filter_map(|step| Some((step.template.as_str(), step.anchor.clone()?)))
        .collect();
    let expected = [
        ("33t_o1", Anchor::Birthday),
        ("33t_o3", Anchor::Holiday("eid_al_fitr".to_owned())),
        ("33t_c4", Anchor::Closing),
        ("33t_o2", Anchor::SpouseBirthday),
        ("33t_o4", Anchor::Holiday("eid_al_adha".to_owned())),
    ];
    assert_eq!(anchored, expected);
}

#[test]
fn every_template_is_used_by_exactly_one_step() {
    let library = Library::built_in();
    let used: Vec<_> =
        library.plans().flat_map(|plan| &plan.steps).map(|step| step.template.as_str()).collect();
    let once: BTreeSet<_> = used.iter().copied().chain([UNPLANNED]).collect();
    assert_eq!(used.len() + 1, once.len(), "a template is used twice");
    let present: BTreeSet<_> = library.templates().map(|source| source.key.as_str()).collect();
    assert_eq!(present, once);
}

#[test]
fn every_text_exists_in_both_languages_and_differs() {
    let library = Library::built_in();
    for source in library.templates() {
        let texts: Vec<_> = parts(source).collect();
        let (english, arabic) = texts.split_at(texts.len() / 2);
        for ((_, part, en), (_, _, ar)) in english.iter().zip(arabic) {
            assert_ne!(en, ar, "{} {part}", source.key);
            assert!(!words(en).chars().any(is_arabic), "{} {part}: Arabic in English", source.key);
            assert!(words(ar).chars().any(is_arabic), "{} {part}", source.key);
        }
        for &locale in Locale::ALL {
            assert!(!library.description(&source.key, locale).unwrap().is_empty());
        }
    }
}

#[test]
fn no_latin_word_is_left_in_arabic() {
    let library = Library::built_in();
    let allowed = BTreeSet::from(["QR", "STOP"]);
    for source in library.templates() {
        for (_, part, text) in parts(source).filter(|(locale, ..)| *locale == Locale::Ar) {
            let text = words(text);
            let latin = text
                .split(|c: char| !c.is_ascii_alphanumeric())
                .filter(|word| word.chars().any(|c| c.is_ascii_alphabetic()))
                .find(|word| !allowed.contains(word));
            assert_eq!(latin, None, "{} {part}", source.key);
        }
    }
}

#[test]
fn braces_are_balanced() {
    let library = Library::built_in();
    for source in library.templates() {
        for (locale, part, text) in parts(source) {
            let place = format!("{} {locale} {part}", source.key);
            assert_eq!(text.matches("{{").count(), text.matches("}}").count(), "{place}");
            assert_eq!(text.matches("{{#if").count(), text.matches("{{/if}}").count(), "{place}");
        }
    }
}

#[test]
fn both_languages_use_the_same_fields() {
    let library = Library::built_in();
    for source in library.templates() {
        let fields = |wanted: Locale| -> BTreeSet<&str> {
            parts(source)
                .filter(|(locale, part, _)| *locale == wanted && *part != Part::Sms)
                .flat_map(|(_, _, text)| text.split("{{").skip(1))
                .filter_map(|rest| rest.split("}}").next())
                .filter(|expression| *expression != "else")
                .collect()
        };
        assert_eq!(fields(Locale::En), fields(Locale::Ar), "{}", source.key);
    }
}

#[test]
fn every_email_names_its_sender_and_the_way_out_in_html_and_text() {
    for (key, renderer) in EMAILS.iter() {
        for (&locale, word) in Locale::ALL.iter().zip(["Unsubscribe", "إلغاء الاشتراك"])
        {
            let fields = required_fields(locale);
            let email = renderer.email(locale, &fields).unwrap();
            let place = format!("{key} {locale}");
            for name in ["agent_name", "team_name", "team_postal_address", "agent_phone"] {
                let value = fields.text(name).unwrap();
                assert!(email.html.contains(value), "{place}: no {name} in the page");
                assert!(email.text.contains(value), "{place}: no {name} in the text");
            }
            let link = fields.text("unsubscribe_url").unwrap();
            assert!(email.html.contains(&format!("href=\"{link}\"")), "{place}");
            assert!(email.text.contains(link), "{place}");
            assert!(email.html.contains(word) && email.text.contains(word), "{place}");
        }
    }
}

#[test]
fn every_email_stays_below_the_size_at_which_mail_programs_clip() {
    for (key, renderer) in EMAILS.iter() {
        for &locale in Locale::ALL {
            let email = renderer.email(locale, &Fields::examples(locale, [])).unwrap();
            assert!(email.html.len() < 102_000, "{}: {}", key, email.html.len());
            assert!(!email.html.contains("src=") && !email.html.contains("@import"));
        }
    }
}

#[test]
fn every_email_runs_in_the_direction_of_its_language() {
    for (key, renderer) in EMAILS.iter() {
        for &locale in Locale::ALL {
            let email = renderer.email(locale, &Fields::examples(locale, [])).unwrap();
            let direction = format!("dir=\"{}\"", locale.direction());
            assert!(email.html.contains(&direction), "{} {locale}", key);
        }
    }
}

#[test]
fn every_task_reads_well_with_the_required_fields_alone() {
    let library = Library::built_in();
    for source in library.templates().filter(|source| source.medium == Medium::Call) {
        let renderer = renderer(&library, source);
        for &locale in Locale::ALL {
            let bare = renderer.task(locale, &required_fields(locale)).unwrap();
            let full = renderer.task(locale, &Fields::examples(locale, [])).unwrap();
            for task in [bare, full] {
                assert!(!task.title.is_empty() && task.script.len() > 100, "{}", source.key);
                assert!(!task.script.contains("{{"), "{}", source.key);
                assert!(!task.script.contains("\n\n\n"), "{} {locale}", source.key);
            }
        }
    }
}

#[test]
fn the_text_message_is_one_segment_with_its_way_out() {
    let library = Library::built_in();
    let renderer = renderer(&library, library.template(UNPLANNED).unwrap());
    for &locale in Locale::ALL {
        let message = renderer.sms(locale, &Fields::examples(locale, [])).unwrap();
        assert_eq!(message.count.segments, 1, "{locale}: {:?}", message.count);
        assert!(message.text.contains("STOP"));
    }
}

#[test]
fn every_letter_to_strangers_has_a_keyword_of_its_own_a_code_and_a_way_out() {
    let library = Library::built_in();
    let mut keywords = BTreeSet::new();
    for (number, step) in plan(&library, "12-direct").steps.iter().enumerate() {
        assert_eq!(step.channel, Channel::Letter);
        let source = library.template(&step.template).unwrap();
        let letter = source.locales[&Locale::En].script.clone().unwrap();
        let keyword = letter.split("mention the word ").nth(1).unwrap();
        keywords.insert(keyword.split(',').next().unwrap().to_owned());
        assert!(letter.contains(&format!("utm_content=12d_{:02}", number + 1)));
        assert!(letter.contains("I will stop at once"));
        assert!(source.locales[&Locale::Ar].script.as_ref().unwrap().contains("وسأتوقف فوراً"));
    }
    assert_eq!(keywords.len(), 12);
}

#[test]
fn no_text_offers_a_reward_or_claims_a_percentage() {
    let library = Library::built_in();
    let refused = [
        "%",
        "per cent",
        "percent",
        "commission",
        "cash",
        "bonus for",
        "gift card",
        "discount",
        "guarantee",
        "best agent",
        "number one",
        "في المئة",
        "بالمئة",
        "عمولة",
        "مكافأة",
        "نضمن",
    ];
    for source in library.templates() {
        for (locale, part, text) in parts(source) {
            let text = words(text).to_lowercase();
            let found = refused.iter().find(|word| text.contains(**word));
            assert_eq!(found, None, "{} {locale} {part}", source.key);
        }
    }
}

#[test]
fn no_text_steers_people_to_or_from_a_neighbourhood() {
    let library = Library::built_in();
    let steering = [
        "safe neighbo",
        "good schools",
        "family-friendly",
        "family neighbo",
        "exclusive area",
        "crime",
        "ideal for families",
        "young professionals",
        "حي آمن",
        "للعائلات فقط",
        "للعزاب",
    ];
    for source in library.templates() {
        for (locale, part, text) in parts(source) {
            let text = words(text).to_lowercase();
            let found = steering.iter().find(|word| text.contains(**word));
            assert_eq!(found, None, "{} {locale} {part}", source.key);
        }
    }
}

#[test]
fn weekends_differ_by_country() {
    let library = Library::built_in();
    let calendar = library.calendar();
    let (friday, saturday, sunday) = (date(2026, 3, 6), date(2026, 3, 7), date(2026, 3, 8));
    for (country, works) in [
        (Some("SA"), [false, false, true]),
        (Some("KW"), [false, false, true]),
        (Some("EG"), [false, false, true]),
        (Some("AE"), [true, false, false]),
        (Some("US"), [true, false, false]),
        (None, [true, false, false]),
    ] {
        let days = [friday, saturday, sunday].map(|day| calendar.is_working_day(country, day));
        assert_eq!(days, works, "{country:?}");
    }
}

#[test]
fn holidays_fall_on_their_days() {
    let library = Library::built_in();
    let cases: [(&str, Date, Date); 11] = [
        ("eid_al_fitr", date(2025, 1, 1), date(2025, 3, 30)),
        ("eid_al_fitr", date(2026, 1, 1), date(2026, 3, 20)),
        ("eid_al_fitr", date(2033, 1, 1), date(2033, 1, 2)),
        ("eid_al_fitr", date(2033, 1, 3), date(2033, 12, 23)),
        ("eid_al_adha", date(2025, 1, 1), date(2025, 6, 6)),
        ("eid_al_adha", date(2026, 1, 1), date(2026, 5, 27)),
        ("hijri_new_year", date(2025, 1, 1), date(2025, 6, 26)),
        ("new_year", date(2026, 6, 1), date(2027, 1, 1)),
        ("mothers_day_ar", date(2026, 1, 1), date(2026, 3, 21)),
        ("mothers_day_us", date(2026, 1, 1), date(2026, 5, 10)),
        ("thanksgiving_us", date(2026, 1, 1), date(2026, 11, 26)),
    ];
    for (key, from, expected) in cases {
        assert_eq!(library.calendar().holiday_from(key, from), Some(expected), "{key} {from}");
    }
}

#[test]
fn holidays_reach_from_2025_to_2040() {
    let library = Library::built_in();
    let calendar = library.calendar();
    for key in ["ramadan", "eid_al_fitr", "eid_al_adha", "new_year", "christmas", "mothers_day_ar"]
    {
        for year in 2025..=2040 {
            let found = calendar.holiday_from(key, date(year, 1, 1));
            assert_eq!(found.map(Date::year), Some(year), "{key}");
        }
    }
}

fn write(folder: &Path, file: &str, content: impl AsRef<[u8]>) {
    let path = folder.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

const PLAN: &str = r#"key = "tiny"
touches = 1
name = { en = "Tiny", ar = "صغيرة" }
[[steps]]
day = 1
channel = "call"
template = "33t_k1"
purpose = { en = "Call", ar = "مكالمة" }
"#;

#[test]
fn the_example_folder_loads_and_passes_the_check() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let library = Library::from_dir(path).unwrap();
    let findings: Vec<_> = library.check().iter().map(ToString::to_string).collect();
    assert!(findings.is_empty(), "{findings:#?}");
    assert_eq!(plan(&library, "appointment-reminder").steps[0].template, UNPLANNED);
    assert_eq!(library.plans().count(), TABLES.len() + 1);
}

#[test]
fn a_folder_replaces_what_it_names_and_keeps_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "plans/tiny.toml", PLAN);
    write(
        folder.path(),
        "templates/33t_k1/template.toml",
        "\u{feff}medium = \"call\"\r\npurpose = \"marketing\"\r\ntitle = { en = \"Ours\", ar = \"لنا\" }\r\n",
    );
    write(folder.path(), "templates/33t_k1/en.script.txt", "Hello {{first_name}}\r\n");
    write(folder.path(), "templates/33t_k1/ar.script.txt", "مرحباً {{first_name}}\n");
    write(folder.path(), "templates/_partials/en/footer.txt", "{{team_name}}\n");
    write(folder.path(), "templates/.hidden", "not looked at");
    write(
        folder.path(),
        "calendar.toml",
        "[weekends]\nAE = [\"sun\"]\n[holidays]\nours = [2026-05-01]\n",
    );
    let library = Library::from_dir(folder.path()).unwrap();

    let texts = &library.template("33t_k1").unwrap().locales[&Locale::En];
    assert_eq!(texts.title.as_deref(), Some("Ours"));
    assert_eq!(texts.script.as_deref(), Some("Hello {{first_name}}"));
    assert!(library.template("33t_k2").is_some());
    assert_eq!(library.partials().find(Locale::En, "footer.txt"), Some("{{team_name}}\n"));
    assert!(library.partials().find(Locale::Ar, "footer.txt").unwrap().len() > 50);
    assert!(library.calendar().is_working_day(Some("AE"), date(2026, 3, 7)));
    assert!(!library.calendar().is_working_day(Some("SA"), date(2026, 3, 7)));
    assert!(library.calendar().knows_holiday("ours"));
    assert!(library.calendar().knows_holiday("eid_al_fitr"));
}

/// Rules that a folder brings.
const RULES: &str = r#"# The comment of the first line.
jurisdiction = "AE"
name = "United Arab Emirates"

[[rules]]
id = "AE-SMS"
channels = ["sms"]
countries = ["AE"]
hours = ["daily 09:00-18:00"]
evidence = ["D"]
source = "the team's counsel"
verified = "2026-11-21"
"#;

#[test]
fn a_folder_replaces_the_rules_of_a_jurisdiction() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "rules/ae.toml", RULES.replace("18:00", "12:00"));
    let library = Library::from_dir(folder.path()).unwrap();
    let hours = library.rules().hours("AE-SMS").unwrap().hours;
    assert_eq!(hours.on(date(2026, 6, 1))[0].to_string(), "09:00-12:00");
    assert!(library.rules().rule("AE-CALL").is_none());
    assert!(library.rules().rule("US-FED").is_some());
}

#[test]
fn an_error_names_the_file_and_the_line() {
    for (file, content, line, hint) in [
        ("plans/tiny.toml", PLAN.replace("channel = \"call\"", "channel = \"fax\""), 6, "fax"),
        ("plans/tiny.toml", PLAN.replace("day = 1", "day = "), 5, "value"),
        ("plans/tiny.toml", PLAN.replace("touches", "touchs"), 2, "touchs"),
        ("calendar.toml", "[weekends]\nUAE = [\"fri\"]\n".to_owned(), 2, "UAE"),
        ("rules/ae.toml", RULES.replace("09:00-", "19:00-"), 6, "19:00-18:00"),
        ("rules/ae.toml", RULES.replace("[\"sms\"]", "[\"fax\"]"), 7, "fax"),
        ("rules/ae.toml", RULES.replace("AE-SMS", "US-FED"), 6, "another rule US-FED"),
        ("rules/ae.toml", RULES.replace("[\"AE\"]", "[\"UAE\"]"), 6, "UAE"),
        ("rules/ae.toml", format!("{RULES}holidays = [\"uae\"]"), 6, "no calendar"),
        (
            "rules/ae.toml",
            RULES.replace("hours = [\"daily 09:00-18:00\"]\n", ""),
            6,
            "write hours, or modes",
        ),
        ("rules/ae.toml", RULES.replace("2026-11-21", "yesterday"), 12, "YYYY-MM-DD"),
        ("rules/holidays.toml", "[x]\ndays = [\"13-13\"]\n".to_owned(), 2, "13-13"),
        (
            "calendar.toml",
            "[holidays]\nx = [\n2026-05-01,\n2026-05-01T10:00:00,\n]".to_owned(),
            4,
            "day",
        ),
        (
            "templates/x/template.toml",
            "medium = \"email\"\npurpose = \"fun\"\n".to_owned(),
            2,
            "fun",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), file, &content);
        let error = Library::from_dir(folder.path()).unwrap_err();
        let LoadError::Syntax { file: named, line: found, reason } = &error else {
            panic!("{error}");
        };
        assert!(named.ends_with(file) && *found == line && reason.contains(hint), "{error}");
    }
}

#[test]
fn a_file_that_does_not_belong_is_refused_with_what_does() {
    for (file, content, hint) in [
        ("plans/tiny.txt", PLAN.as_bytes(), "plans/<key>.toml"),
        ("rules/uae.toml", RULES.as_bytes(), "the rules of AE are rules/ae.toml"),
        ("plans/other.toml", PLAN.as_bytes(), "name the file tiny.toml"),
        ("templates/x/en.mjml", b"<mjml></mjml>".as_slice(), "no template.toml"),
        ("templates/stray.txt", b"x".as_slice(), "a template is a folder"),
        ("templates/_partials/fr/footer.txt", b"x".as_slice(), "shared piece"),
        ("templates/_partials/footer", b"x".as_slice(), "shared piece"),
        ("plans/tiny.toml", b"\xff\xfe".as_slice(), "UTF-8"),
        ("README.md", b"x".as_slice(), "is not a library"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), file, content);
        let error = Library::from_dir(folder.path()).unwrap_err().to_string();
        assert!(error.contains(hint), "{file}: {error}");
    }
    let error = Library::from_dir("/nowhere/at/all").unwrap_err().to_string();
    assert!(error.starts_with("/nowhere/at/all cannot be read"), "{error}");
}

#[test]
fn an_unknown_language_file_of_a_template_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "templates/x/template.toml",
        "medium = \"sms\"\npurpose = \"marketing\"\n",
    );
    write(folder.path(), "templates/x/fr.sms.txt", "Bonjour");
    let error = Library::from_dir(folder.path()).unwrap_err().to_string();
    assert!(error.contains("x/fr.sms.txt does not belong here"), "{error}");
}

#[test]
fn the_check_finds_what_a_plan_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = PLAN
        .replace("touches = 1", "touches = 2\nthen = { plan = \"nowhere\", day = 30 }")
        .replace("\"33t_k1\"", "\"33T-K1\"\nanchor = \"holiday:pancakes\"");
    write(folder.path(), "plans/tiny.toml", wrong);
    let email = PLAN.replace("tiny", "second").replace("\"call\"", "\"email\"");
    write(folder.path(), "plans/second.toml", email);
    let library = Library::from_dir(folder.path()).unwrap();
    let findings = library.check();
    assert!(findings.iter().all(library::Finding::is_error));
    let shown = findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    for expected in [
        "plans/tiny.toml, line 2: error: plan \"tiny\" declares 2 touches",
        "step 1: there is no template \"33T-K1\"; did you mean \"33t_k1\"?",
        "calendar.toml has no holiday \"pancakes\"",
        "followed by \"nowhere\", but there is no such plan",
        "plans/second.toml, line 4: error: step 1: email needs a template for email, but \"33t_k1\" is for call",
    ] {
        assert!(shown.contains(expected), "{expected}\n{shown}");
    }
    assert_eq!(findings.len(), 5, "{shown}");
}

#[test]
fn everything_that_cannot_be_read_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "plans/tiny.toml", PLAN.replace("day = 1", "day = "));
    write(folder.path(), "plans/other.toml", PLAN);
    write(folder.path(), "templates/x/en.mjml", "<mjml></mjml>");
    let (library, errors) = Library::examine(folder.path()).unwrap();
    assert_eq!(errors.len(), 3, "{errors:?}");
    assert!(library.plan("8x8").is_some());
}

#[test]
fn a_plan_in_a_file_of_any_name_is_checked_against_the_library() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = PLAN.replace("touches = 1", "touches = 9").replace("ar = \"مكالمة\"", "ar = \"\"");
    write(folder.path(), "draft.txt", wrong);
    let mut library = Library::built_in();
    let file = library.add_plan_file(folder.path().join("draft.txt")).unwrap();
    let findings = library.check();
    let lines: Vec<_> = findings.iter().map(|f| (f.file == file, f.line)).collect();
    assert_eq!(lines, [(true, Some(2)), (true, Some(4))], "{findings:?}");
    assert!(library.add_plan_file(folder.path()).is_err());
}

#[test]
fn the_check_finds_what_a_template_lacks() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "templates/x/template.toml",
        "medium = \"sms\"\npurpose = \"transactional\"\n",
    );
    write(folder.path(), "templates/x/en.sms.txt", "Hello {{frist_name}}");
    let library = Library::from_dir(folder.path()).unwrap();
    let findings = library.check();
    let shown = findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert!(shown.contains("templates/x: error:") && shown.contains("frist_name"), "{shown}");
    assert!(!shown.contains("error: error"), "{shown}");
}
