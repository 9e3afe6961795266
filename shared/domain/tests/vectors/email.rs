//! V-8, email addresses: exact and canonical suppression keys.

use domain::email::{Email, EmailError};
use proptest::prelude::*;

/// Row, input, exact key, canonical key.
const ACCEPTED: &[(u8, &str, &str, &str)] = &[
    (1, "Alice@Example.COM", "alice@example.com", "alice@example.com"),
    (3, "alice+tag@example.com", "alice+tag@example.com", "alice+tag@example.com"),
    (4, "a.l.i.c.e+home@googlemail.com", "a.l.i.c.e+home@googlemail.com", "alice@gmail.com"),
    (6, "محمد@مثال.إختبار", "محمد@xn--mgbh0fb.xn--kgbechtv", "محمد@xn--mgbh0fb.xn--kgbechtv"),
    (7, "user@Straße.de", "user@xn--strae-oqa.de", "user@xn--strae-oqa.de"),
    (9, "\u{202A}ali@example.com\u{202C}", "ali@example.com", "ali@example.com"),
    (10, "Jos\u{E9}@example.com", "jos\u{E9}@example.com", "jos\u{E9}@example.com"),
    (10, "Jose\u{301}@example.com", "jos\u{E9}@example.com", "jos\u{E9}@example.com"),
    (12, "\u{130}@example.com", "i\u{307}@example.com", "i\u{307}@example.com"),
];

/// The rules above the table, which have no row of their own.
const CLEANED: &[(&str, &str)] = &[
    ("  alice@example.com\t\r\n", "alice@example.com"),
    ("mailto:alice@example.com", "alice@example.com"),
    ("MAILTO: alice@example.com?subject=Hello%20there", "alice@example.com"),
    ("\u{FEFF}alice@example.com", "alice@example.com"),
    ("\u{200F}\u{2068}alice@example.com\u{2069}", "alice@example.com"),
    ("al\u{AD}ice@exam\u{200B}ple.com", "alice@example.com"),
    ("alice@example.com.", "alice@example.com"),
    ("alice@example\u{3002}com", "alice@example.com"),
    ("alice@EXAMPLE.co.uk", "alice@example.co.uk"),
    ("o'neil!#$%&*/=?^_`{|}~-@example.com", "o'neil!#$%&*/=?^_`{|}~-@example.com"),
];

#[test]
fn every_accepted_row_of_v8_holds() {
    for (row, raw, exact, canonical) in ACCEPTED {
        let email = Email::parse(raw).unwrap_or_else(|error| panic!("row {row}: {error}"));
        assert_eq!(email.exact(), *exact, "row {row}");
        assert_eq!(email.canonical(), *canonical, "row {row}");
    }
}

#[test]
fn every_rejected_text_of_row_13_is_refused_with_its_reason() {
    let long = format!("{}@example.com", "a".repeat(65));
    for (raw, error) in [
        ("a@b", EmailError::DomainSingleLabel),
        ("a@@b.com", EmailError::AtSigns(2)),
        ("a b@c.com", EmailError::Space),
        (long.as_str(), EmailError::LocalPartTooLong(65)),
        ("x@example.com\r\nBcc:y@z", EmailError::ControlCharacter),
    ] {
        assert_eq!(Email::parse(raw), Err(error), "{raw:?}");
    }
}

#[test]
fn dirt_of_pasting_is_taken_away() {
    for (raw, exact) in CLEANED {
        assert_eq!(
            Email::parse(raw).map(|email| email.exact().to_owned()),
            Ok((*exact).to_owned())
        );
    }
}

#[test]
fn what_is_no_address_says_why() {
    for (raw, error) in [
        ("", EmailError::Empty),
        (" \u{200E} ", EmailError::Empty),
        ("alice", EmailError::AtSigns(0)),
        ("@example.com", EmailError::LocalPartEmpty),
        ("\"a b\"@example.com", EmailError::Space),
        ("\"ab\"@example.com", EmailError::LocalPartQuoted),
        (".a@example.com", EmailError::LocalPartDots),
        ("a..b@example.com", EmailError::LocalPartDots),
        ("a.@example.com", EmailError::LocalPartDots),
        ("ali<a@example.com", EmailError::LocalPartCharacter('<')),
        ("mailto:mailto:a@example.com", EmailError::LocalPartCharacter(':')),
        ("jos\u{FFFD}@example.com", EmailError::LocalPartCharacter('\u{FFFD}')),
        ("a\u{A0}b@example.com", EmailError::Space),
        ("a@", EmailError::DomainInvalid),
        ("a@.", EmailError::DomainInvalid),
        ("a@example..com", EmailError::DomainInvalid),
        ("a@example.com..", EmailError::DomainInvalid),
        ("a@exam_ple.com", EmailError::DomainInvalid),
        ("a@-example.com", EmailError::DomainInvalid),
        ("a@[192.0.2.1]", EmailError::IpAddress),
        ("a@192.0.2.1", EmailError::IpAddress),
        ("a@localhost", EmailError::DomainSingleLabel),
        ("a@co.uk", EmailError::DomainPublicSuffix),
        ("a@com.sa", EmailError::DomainPublicSuffix),
    ] {
        assert_eq!(Email::parse(raw), Err(error), "{raw:?}");
    }
}

#[test]
fn the_limits_of_rfc_5321_are_in_octets_and_exact() {
    let label = "d".repeat(61);
    let domain = format!("{label}.{label}.{label}.com"); // 189 octets
    let local = "a".repeat(64);
    assert!(Email::parse(&format!("{local}@{domain}")).is_ok(), "64 + 1 + 189 = 254");
    assert_eq!(
        Email::parse(&format!("{local}@d{domain}")).unwrap_err(),
        EmailError::TooLong(255),
        "one more is too long"
    );
    assert!(Email::parse(&format!("{}@example.com", "م".repeat(32))).is_ok());
    assert_eq!(
        Email::parse(&format!("{}@example.com", "م".repeat(33))).unwrap_err(),
        EmailError::LocalPartTooLong(66)
    );
}

#[test]
fn gmail_names_of_nothing_but_a_tag_keep_it() {
    assert_eq!(Email::parse("+tag@gmail.com").unwrap().canonical(), "+tag@gmail.com");
    assert_eq!(Email::parse("a.b@Gmail.com").unwrap().canonical(), "ab@gmail.com");
    assert_eq!(Email::parse("a.b+c@example.com").unwrap().canonical(), "a.b+c@example.com");
}

#[test]
fn an_owner_of_a_private_suffix_may_have_mailboxes_on_it() {
    assert!(Email::parse("octocat@github.io").is_ok());
}

#[test]
fn sending_uses_what_was_entered() {
    let email = Email::parse(" Jos\u{E9}.M@Straße.de. ").unwrap();
    assert_eq!(email.as_entered(), "Jos\u{E9}.M@Straße.de");
    assert_eq!(email.for_envelope(), "Jos\u{E9}.M@xn--strae-oqa.de");
    assert_eq!(email.domain(), "xn--strae-oqa.de");
    assert!(!email.is_ascii_local());
    assert!(Email::parse("Alice@Straße.de").unwrap().is_ascii_local());
}

#[test]
fn no_error_and_no_debug_repeats_the_address() {
    let shown = format!("{:?}", Email::parse("secret.name@example.com").unwrap());
    assert_eq!(shown, "Email(…@example.com)");
    for raw in ["secret name@example.com", "secretname", "secretname@b", "secretname@co.uk"] {
        assert!(!Email::parse(raw).unwrap_err().to_string().contains("secret"), "{raw}");
    }
}

proptest! {
    #[test]
    fn normalising_twice_is_normalising_once(
        local in "[\\p{L}\\p{N}.+\u{300}-\u{310}\u{200C}\u{200E}_-]{1,24}",
        domain in "[a-zA-Zßéم\u{640}\u{130}0-9-]{1,12}",
        ending in "com|DE|مصر|gmail.com|co.uk|example",
    ) {
        let raw = format!("{local}@{domain}.{ending}");
        if let Ok(email) = Email::parse(&raw) {
            let again = Email::parse(email.exact()).unwrap();
            prop_assert_eq!(again.exact(), email.exact());
            prop_assert_eq!(again.canonical(), email.canonical());
            let canonical = Email::parse(email.canonical()).unwrap();
            prop_assert_eq!(canonical.canonical(), email.canonical());
            let entered = Email::parse(email.as_entered()).unwrap();
            prop_assert_eq!(entered.as_entered(), email.as_entered());
            prop_assert_eq!(entered.exact(), email.exact());
        }
    }

    #[test]
    fn any_text_gets_an_answer(raw in "\\PC{0,40}@?\\PC{0,40}") {
        if let Ok(email) = Email::parse(&raw) {
            let again = Email::parse(email.exact()).unwrap();
            prop_assert_eq!(again.exact(), email.exact());
            prop_assert!(email.exact().len() <= 254 && email.for_envelope().len() <= 254);
        }
    }
}
