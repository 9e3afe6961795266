//! What is sent.

use domain::Locale::{Ar, En};
use templates::{Compiled, Fields, LoadError, Part, RenderError, Renderer, check, sms::Encoding};

use crate::samples::{call, compiled, email, email_of, fields, partials, renderer, sms};

#[test]
fn an_english_email_is_rendered_whole() {
    let mail = renderer(&email()).email(En, &fields(En)).unwrap();
    assert_eq!(mail.subject, "Sara, what homes sold for");
    assert!(mail.html.contains("Hi <bdi>Sara</bdi>,"), "{}", mail.html);
    assert!(mail.html.contains("in <bdi>Dubai Marina</bdi> sold for."));
    assert!(mail.html.contains("You closed on <bdi>12 March 2026</bdi>."));
    assert!(mail.html.contains("href=\"https://example.com/value?to=Sara%20Haddad\""));
    assert!(mail.html.contains("href=\"tel:+971501234567\""));
    assert!(mail.html.contains("href=\"https://example.com/u/v1.k1."));
    assert!(mail.html.contains("lang=\"en\" dir=\"ltr\""));
    assert!(mail.text.starts_with("Hi Sara,\n\nHere is"));
    assert!(mail.text.contains("\n\nYou closed on 12 March 2026.\n"));
    assert!(mail.text.contains("\nUnsubscribe: https://example.com/u/v1.k1."));
    assert!(!mail.html.contains("{{") && !mail.html.contains("tlxfield"));
}

#[test]
fn an_arabic_email_runs_from_right_to_left() {
    let mail = renderer(&email()).email(Ar, &fields(Ar).with("agent_name", "Layla")).unwrap();
    assert!(mail.html.contains("lang=\"ar\" dir=\"rtl\""), "{}", mail.html);
    assert!(!mail.html.contains("direction:ltr") && !mail.html.contains("direction: ltr"));
    assert!(!mail.html.contains("text-align:left"), "{}", mail.html);
    assert!(mail.html.contains("text-align:right"));
    assert!(mail.html.contains("<bdi>Layla</bdi>"));
    assert!(mail.html.contains("<bdi>12 مارس 2026</bdi>"));
    assert!(mail.html.contains("إلغاء الاشتراك</a>"));
    assert_eq!(mail.subject, "سارة، أسعار المنازل حولك");
    // Arabic values run with the text; Latin ones and numbers are isolated; links are left alone.
    assert!(mail.text.contains("مرحباً سارة،"));
    assert!(mail.text.contains("\u{2068}Layla\u{2069}، \u{2068}+971 50 123 4567\u{2069}"));
    assert!(mail.text.contains("إلغاء الاشتراك: https://"));
}

#[test]
fn styles_stand_in_the_elements_and_media_queries_survive() {
    let html = &compiled(&email()).locales[&En].parts[&Part::Mjml];
    assert!(html.contains("letter-spacing"), "{html}");
    let inlined = html.split("<body").nth(1).unwrap();
    assert!(inlined.contains("letter-spacing"), "{inlined}");
    assert!(html.contains("@media (max-width: 480px) { .brand"));
    // MJML's own resets are not repeated in every cell.
    assert!(!inlined.contains("mso-table-lspace"));
    assert!(html.contains("<!--[if mso"));
}

#[test]
fn included_sections_are_as_wide_as_the_others() {
    let html = &compiled(&email()).locales[&En].parts[&Part::Mjml];
    assert_eq!(html.matches("max-width:600px").count(), 3, "{html}");
}

#[test]
fn no_page_loads_anything_from_third_parties() {
    for locale in [En, Ar] {
        let html = &compiled(&email()).locales[&locale].parts[&Part::Mjml];
        for link in html.split("https://").skip(1) {
            assert!(link.starts_with("example.com"), "{link}");
        }
        assert!(!html.contains("@import"));
    }
}

#[test]
fn an_if_around_table_rows_stays_where_it_was_written() {
    let with = renderer(&email()).email(En, &fields(En).with("custom.price", "3.1m")).unwrap().html;
    assert!(with.contains("<tr><td>Yours</td><td><bdi>3.1m</bdi></td></tr>"), "{with}");
    let rows = with.split("Average price").nth(1).unwrap();
    assert!(rows.find("Yours") < rows.find("</table>"), "{with}");
    let without = renderer(&email()).email(En, &fields(En)).unwrap().html;
    assert!(!without.contains("Yours"));
}

#[test]
fn a_missing_field_stops_the_touch_with_its_name() {
    let renderer = renderer(&email());
    for blank in ["", "  ", "\u{200f}"] {
        let missing = renderer.email(En, &fields(En).with("first_name", blank));
        let name = "first_name".to_owned();
        assert_eq!(missing, Err(RenderError::MissingField { name }));
    }
    let missing = renderer.email(En, &fields(En).with("unsubscribe_url", "")).unwrap_err();
    assert_eq!(missing, RenderError::MissingField { name: "unsubscribe_url".to_owned() });
    let source = email_of("<mj-text>{{custom.pet}}</mj-text>");
    let missing = self::renderer(&source).email(En, &fields(En)).unwrap_err();
    assert_eq!(missing, RenderError::MissingField { name: "custom.pet".to_owned() });
}

#[test]
fn an_optional_field_may_be_missing() {
    let mail = renderer(&email()).email(En, &fields(En).with("area", "").with("closing_date", ""));
    let mail = mail.unwrap();
    assert!(mail.html.contains("homes near you sold for."), "{}", mail.html);
    assert!(!mail.html.contains("You closed on") && !mail.text.contains("You closed on"));
}

#[test]
fn the_fields_a_touch_needs_are_known_beforehand() {
    let compiled = compiled(&email());
    assert_eq!(
        compiled.locales[&En].required,
        [
            "agent_name",
            "agent_phone",
            "first_name",
            "full_name",
            "team_name",
            "team_postal_address",
            "unsubscribe_url",
        ]
    );
}

#[test]
fn a_text_message_is_counted_after_its_fields_are_filled_in() {
    let source =
        sms("Hi {{first_name}}, Reply STOP to opt out", "مرحباً {{first_name}}. أرسل إيقاف");
    let renderer = renderer(&source);
    let latin = renderer.sms(En, &fields(En)).unwrap();
    assert_eq!(latin.text, "Hi Sara, Reply STOP to opt out");
    assert_eq!((latin.count.encoding, latin.count.segments), (Encoding::Gsm7, 1));
    let arabic_name = renderer.sms(En, &fields(En).with("first_name", "محمد")).unwrap();
    assert_eq!(arabic_name.count.encoding, Encoding::Ucs2);
    let apostrophe = renderer.sms(En, &fields(En).with("first_name", "O'Hara & <Co>")).unwrap();
    assert!(apostrophe.text.starts_with("Hi O'Hara & <Co>,"));
}

#[test]
fn a_task_has_a_title_and_a_script() {
    let task = renderer(&call()).task(Ar, &fields(Ar)).unwrap();
    assert_eq!(task.title, "اتصل بـسارة حداد");
    assert_eq!(task.script, "هل وصلك التقرير يا سارة؟\n");
}

#[test]
fn the_contacts_language_comes_first_then_the_default() {
    let mut source = call();
    source.locales.remove(&Ar);
    let renderer = renderer(&source);
    assert_eq!(renderer.locale_for(En, Ar), Some(En));
    assert_eq!(renderer.locale_for(Ar, En), Some(En));
    assert_eq!(renderer.locale_for(Ar, Ar), None);
    assert_eq!(renderer.task(Ar, &fields(Ar)), Err(RenderError::NoLocale { locale: Ar }));
    assert!(matches!(renderer.sms(En, &fields(En)), Err(RenderError::WrongMedium { .. })));
}

#[test]
fn a_compiled_template_survives_storage() {
    let before = compiled(&email());
    let stored = serde_json::to_string(&before).unwrap();
    let after: Compiled = serde_json::from_str(&stored).unwrap();
    assert_eq!(before, after);
    let source = email();
    let stored = serde_json::to_string(&source).unwrap();
    assert_eq!(source, serde_json::from_str(&stored).unwrap());
}

#[test]
fn the_form_of_another_release_is_refused() {
    let mut stored = compiled(&call());
    stored.format += 1;
    assert!(matches!(Renderer::new(&stored), Err(LoadError::Format { .. })));
}

#[test]
fn the_samples_have_nothing_to_complain_about() {
    for source in [email(), call()] {
        assert_eq!(check(&source, &partials()), []);
    }
}

#[test]
fn tests_in_an_if_take_missing_fields_for_false() {
    let body = "<mj-text>{{#if (and area (not company))}}A{{else}}B{{/if}}\
                {{#if (or salutation city)}}C{{/if}}{{#if (eq source 'Web')}}D{{/if}}\
                {{#unless company}}E{{/unless}}</mj-text>";
    let renderer = renderer(&email_of(body));
    let html = |fields: &Fields| renderer.email(En, fields).unwrap().html;
    let none = fields(En).with("company", "").with("area", "").with("city", "");
    let none = none.with("salutation", "").with("source", "");
    assert!(html(&none).contains(">BE<"), "{}", html(&none));
    let all = none.with("area", "x").with("city", "x").with("source", "Web");
    assert!(html(&all).contains(">ACDE<"), "{}", html(&all));
}
