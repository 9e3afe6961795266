//! What `templates check` finds.

use domain::Locale::{self, Ar, En};
use templates::{
    Limits, Problem, ProblemCode, Severity, Source, check, check_against, check_and_compile,
    compile,
};

use crate::samples::{email, email_of, partials, sms};

fn codes(source: &Source) -> Vec<ProblemCode> {
    check(source, &partials()).into_iter().map(|problem| problem.code).collect()
}

fn edit(locale: Locale, from: &str, to: &str) -> Source {
    let mut source = email();
    let texts = source.locales.get_mut(&locale).unwrap();
    for text in [&mut texts.subject, &mut texts.mjml, &mut texts.text] {
        *text = text.take().map(|text| text.replace(from, to));
    }
    source
}

fn found(problems: &[Problem], code: ProblemCode) -> Vec<&Problem> {
    problems.iter().filter(|problem| problem.code == code).collect()
}

#[test]
fn an_unknown_field_is_found_with_its_place_and_the_nearest_name() {
    let problems = check(&edit(En, "Hi {{first_name}}", "Hi {{frist_name}}"), &partials());
    let unknown = found(&problems, ProblemCode::UnknownField);
    let shown: Vec<_> = unknown.iter().map(|p| (p.part.as_str(), p.line, p.column)).collect();
    assert_eq!(shown, [("mjml", Some(14), Some(21)), ("text", Some(1), Some(4))]);
    assert_eq!(
        unknown[1].to_string(),
        "error, en, text, line 1, column 4: nothing fills the field \"frist_name\"; did you mean \
         \"first_name\"?"
    );
}

#[test]
fn an_unknown_field_in_a_piece_is_found_in_the_piece() {
    let mut partials = partials();
    partials.insert(Some(Ar), "footer.txt", "{{team_name}}\n{{team_adress}}");
    let problems = check(&email(), &partials);
    let unknown = found(&problems, ProblemCode::UnknownField);
    let place = (unknown[0].locale, unknown[0].part.as_str(), unknown[0].line);
    assert_eq!(place, (Some(Ar), "footer.txt", Some(2)));
}

#[test]
fn a_missing_language_is_an_error() {
    let mut source = email();
    source.locales.remove(&Ar);
    let problems = check(&source, &partials());
    assert_eq!(problems[0].code, ProblemCode::MissingLocale);
    assert_eq!(problems[0].locale, Some(Ar));
    source.locales.clear();
    assert_eq!(codes(&source), [ProblemCode::MissingLocale]);
}

#[test]
fn a_missing_text_is_an_error_and_a_needless_one_a_warning() {
    let mut source = email();
    let texts = source.locales.get_mut(&En).unwrap();
    texts.text = Some(" \n".to_owned());
    texts.sms = Some("x".to_owned());
    let problems = check(&source, &partials());
    assert_eq!(problems[0].code, ProblemCode::MissingText);
    assert_eq!(problems[1].code, ProblemCode::UnusedText);
    assert_eq!(problems[1].severity, Severity::Warning);
}

#[test]
fn a_marketing_email_needs_a_way_out_an_address_and_a_sender_in_both_bodies() {
    let mut partials = partials();
    partials.insert(Some(En), "footer.mjml", "<mj-section></mj-section>");
    partials.insert(Some(En), "footer.txt", "Bye");
    partials.insert(Some(En), "header.mjml", "<mj-section></mj-section>");
    let source = edit(En, "{{agent_name}}", "me");
    let problems = check(&source, &partials);
    // The title still names the team, but nobody reads titles of emails.
    for code in [
        ProblemCode::MissingUnsubscribe,
        ProblemCode::MissingPostalAddress,
        ProblemCode::MissingSenderName,
    ] {
        let parts: Vec<_> = found(&problems, code).iter().map(|p| p.part.clone()).collect();
        assert_eq!(parts, ["mjml", "text"], "{code}");
    }
    let mut source = source;
    source.purpose = templates::Purpose::Transactional;
    assert_eq!(check(&source, &partials), []);
}

#[test]
fn an_unsubscribe_link_in_an_if_or_out_of_sight_does_not_count() {
    for link in [
        "{{#if area}}<a href=\"{{unsubscribe_url}}\">Unsubscribe</a>{{/if}}",
        "<a href=\"{{unsubscribe_url}}\"></a>",
        "<a href=\"{{unsubscribe_url}}\" style=\"display: none\">Unsubscribe</a>",
        "{{unsubscribe_url}}",
    ] {
        let mut partials = partials();
        let piece = format!(
            "<mj-section><mj-column><mj-text>{{{{team_name}}}} {{{{team_postal_address}}}} {link}\
             </mj-text></mj-column></mj-section>"
        );
        partials.insert(Some(En), "footer.mjml", piece);
        let problems = check(&email(), &partials);
        assert_eq!(problems.len(), 1, "{link}: {problems:?}");
        assert_eq!(problems[0].code, ProblemCode::MissingUnsubscribe, "{link}");
    }
}

#[test]
fn misspelt_mjml_is_found_with_its_place() {
    let problems = check(&email_of("<mj-txt>a</mj-txt>"), &partials());
    let unknown = found(&problems, ProblemCode::UnknownElement);
    assert!(
        unknown[0].said.in_words(Locale::En).contains("did you mean \"mj-text\"?"),
        "{}",
        unknown[0]
    );
    assert_eq!(unknown[0].line, Some(1));
    let problems = check(&email_of("<mj-text\n  colour=\"red\">a</mj-text>"), &partials());
    let unknown = found(&problems, ProblemCode::UnknownAttribute);
    assert!(
        unknown[0].said.in_words(Locale::En).contains("did you mean \"color\"?"),
        "{}",
        unknown[0]
    );
    assert_eq!((unknown[0].line, unknown[0].column), (Some(2), Some(3)));
    let problems = check(&email_of("<mj-text><mj-button>a</mj-button></mj-text>"), &partials());
    assert_eq!(found(&problems, ProblemCode::UnknownElement).len(), 1);
}

#[test]
fn broken_mjml_and_handlebars_are_reported_with_their_place() {
    for body in ["<mj-text>a</mj-txt>", "<mj-text>a", "<mj-text a=\"b>a</mj-text>", "</mj-text>"] {
        let problems = check(&email_of(body), &partials());
        assert_eq!(problems[0].code, ProblemCode::Syntax, "{problems:?}");
        assert!(problems[0].line.is_some(), "{problems:?}");
    }
    let problems = check(&email_of("<mj-text>\n{{#if area}}a</mj-text>"), &partials());
    assert_eq!(problems[0].code, ProblemCode::Syntax, "{problems:?}");
    let problems = check(&email_of("<mj-include path=\"nothing.mjml\" />"), &partials());
    assert_eq!(problems[0].code, ProblemCode::Include, "{problems:?}");
    let mut source = email();
    source.locales.get_mut(&En).unwrap().mjml = Some("<p>no mjml</p>".to_owned());
    assert!(check(&source, &partials())[0].is_error());
}

#[test]
fn plain_http_links_are_a_warning() {
    let problems =
        check(&email_of("<mj-button href=\"http://example.com\">x</mj-button>"), &partials());
    let insecure = found(&problems, ProblemCode::InsecureLink);
    assert_eq!(insecure[0].severity, Severity::Warning);
}

#[test]
fn subjects_are_one_line_and_short() {
    let mut source = email();
    source.locales.get_mut(&En).unwrap().subject = Some("a\nb".to_owned());
    assert_eq!(codes(&source), [ProblemCode::ControlCharacter]);
    source.locales.get_mut(&En).unwrap().subject = Some("word ".repeat(20));
    assert_eq!(codes(&source), [ProblemCode::SubjectTooLong]);
}

#[test]
fn large_pages_are_a_warning() {
    let body = format!("<mj-text>{}</mj-text>", "word ".repeat(21_000));
    let problems = check(&email_of(&body), &partials());
    assert_eq!(found(&problems, ProblemCode::TooLarge).len(), 1);
}

#[test]
fn text_messages_are_counted_with_example_values() {
    let good = sms("Hi {{first_name}}. Reply STOP to opt out", "مرحباً {{first_name}}. أرسل إيقاف");
    assert_eq!(check(&good, &partials()), []);
    let long = sms(&format!("{} STOP", "word ".repeat(200)), "مرحباً. أرسل إيقاف");
    assert_eq!(codes(&long), [ProblemCode::TooManySegments]);
    let limits = Limits { sms_segments: 10, ..Limits::default() };
    assert_eq!(check_against(&long, &partials(), limits), []);
    let no_way_out = sms("Hi {{first_name}}", "مرحباً. أرسل إيقاف");
    assert_eq!(codes(&no_way_out), [ProblemCode::MissingUnsubscribe]);
}

#[test]
fn errors_come_before_warnings() {
    let body = "<mj-button href=\"http://example.com\">{{nobody}}</mj-button>";
    let problems = check(&email_of(body), &partials());
    assert!(problems.windows(2).all(|pair| pair[0].severity <= pair[1].severity));
    assert!(problems.iter().any(|problem| !problem.is_error()));
}

#[test]
fn what_a_reader_would_click_or_look_at_in_vain_is_named_with_its_line() {
    let body = "<mj-image src=\"https://a.example/a.png\" />\n\
                <mj-button href=\"\">Go</mj-button>\n\
                <mj-button href=\"www.a.example\">Go</mj-button>\n\
                <mj-text color=\"#777\" container-background-color=\"#808080\">Grey</mj-text>\n\
                <mj-text color=\"#222\"><a href=\"mailto:sara\">Write</a></mj-text>\n\
                <mj-image src=\"https://a.example/b.png\" alt=\"A house\" />";
    let source = email_of(body);
    let found: Vec<_> = templates::check(&source, &partials())
        .into_iter()
        .filter(|problem| problem.locale == Some(Locale::En))
        .map(|problem| (problem.severity, problem.code, problem.line.unwrap_or_default()))
        .collect();
    let first = found.iter().map(|(_, _, line)| *line).filter(|line| *line > 0).min().unwrap();
    let mut at: Vec<_> = found
        .into_iter()
        .filter(|(_, _, line)| *line > 0)
        .map(|(s, c, line)| (line - first, c, s))
        .collect();
    at.sort_by_key(|(line, _, _)| *line);
    let expected = [
        (0, ProblemCode::MissingAlt, Severity::Warning),
        (1, ProblemCode::DeadLink, Severity::Error),
        (2, ProblemCode::DeadLink, Severity::Warning),
        (3, ProblemCode::LowContrast, Severity::Warning),
        (4, ProblemCode::DeadLink, Severity::Warning),
    ];
    assert_eq!(at, expected);
}

#[test]
fn colours_are_compared_with_what_shared_pieces_set_and_what_mjml_does_itself() {
    let low = |body: &str, head: &str| {
        let mut pieces = partials();
        for &locale in Locale::ALL {
            pieces.insert(
                Some(locale),
                "colours",
                format!("<mj-attributes>{head}</mj-attributes>"),
            );
        }
        let mut source = email_of(body);
        for texts in source.locales.values_mut() {
            let mjml = texts.mjml.as_mut().unwrap();
            *mjml = mjml.replacen(
                "<mjml>",
                "<mjml><mj-head><mj-include path=\"colours\" /></mj-head>",
                1,
            );
        }
        let found = templates::check(&source, &pieces);
        let found: Vec<_> =
            found.into_iter().filter(|it| it.code == ProblemCode::LowContrast).collect();
        assert!(found.iter().all(|it| it.said.in_words(Locale::Ar).contains("تباين")), "{found:?}");
        !found.is_empty()
    };
    let text = "<mj-text>Words</mj-text>";
    let button = "<mj-button href=\"https://a.example\">Go</mj-button>";
    for (body, head, expected) in [
        (text, "", false),
        (text, "<mj-text color=\"#cccccc\" />", true),
        (text, "<mj-all color=\"#cccccc\" />", true),
        (text, "<mj-section background-color=\"#222222\" />", true),
        (text, "<mj-section background-color=\"#222222\" /><mj-text color=\"white\" />", false),
        (button, "", false),
        (button, "<mj-button background-color=\"#ffee88\" />", true),
        (
            "<mj-text mj-class=\"quiet\">Words</mj-text>",
            "<mj-class name=\"quiet\" color=\"#bbb\" />",
            true,
        ),
        ("<mj-text color=\"#000\">Words</mj-text>", "<mj-text color=\"#cccccc\" />", false),
    ] {
        assert_eq!(low(body, head), expected, "{body} {head}");
    }
}

#[test]
fn checked_and_compiled_at_once_it_says_and_makes_the_same() {
    let sources = [
        email(),
        edit(En, "Hi {{first_name}}", "Hi {{frist_name}}"),
        edit(Ar, "{{first_name}}", "{{first_name"),
        sms("Hi {{first_name}}", "مرحباً {{first_name}}"),
    ];
    for source in sources {
        let (problems, compiled) = check_and_compile(&source, &partials());
        assert_eq!(problems, check(&source, &partials()));
        let alone = compile(&source, &partials()).ok();
        let stored = |compiled: &templates::Compiled| serde_json::to_value(compiled).unwrap();
        assert_eq!(compiled.as_ref().map(stored), alone.as_ref().map(stored));
    }
}
