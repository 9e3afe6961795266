//! compliance.md V-1, all rows, and a comparison with a naive encoder.

use proptest::prelude::*;
use templates::sms::{Count, Encoding, Reference, Refusal, count, suggestions};

fn check(row: u32, text: &str, encoding: Encoding, units: usize, parts: &[usize]) {
    let expected = Count { encoding, units, segments: parts.len(), parts: parts.to_vec() };
    assert_eq!(count(text, Reference::EightBit), expected, "row {row}");
}

fn times(text: &str, times: usize) -> String {
    text.repeat(times)
}

#[test]
fn gsm7_rows_of_the_table_hold() {
    use Encoding::Gsm7;
    check(1, "", Gsm7, 0, &[]);
    check(3, &times("a", 161), Gsm7, 161, &[153, 8]);
    check(4, &times("a", 306), Gsm7, 306, &[153, 153]);
    check(6, &times("a", 459), Gsm7, 459, &[153, 153, 153]);
    check(7, &times("a", 460), Gsm7, 460, &[153, 153, 153, 1]);
    check(9, &(times("€", 80) + "a"), Gsm7, 161, &[152, 9]);
    check(10, &times("€", 81), Gsm7, 162, &[152, 10]);
    check(12, &(times("a", 159) + "€"), Gsm7, 161, &[153, 8]);
    check(13, &(times("a", 152) + "€" + &times("a", 151)), Gsm7, 305, &[152, 153]);
    check(15, &times("[", 80), Gsm7, 160, &[160]);
    check(16, &times("\r\n", 80), Gsm7, 160, &[160]);
    check(18, &times("\n", 160), Gsm7, 160, &[160]);
    check(19, &times("é", 160), Gsm7, 160, &[160]);
    check(51, "Reply STOP to opt out", Gsm7, 21, &[21]);
    let text = "Hi Sara, the 2BR at Marina Gate is still open. View: https://ex.am/p1 \
                Reply STOP to opt out";
    check(54, text, Gsm7, 91, &[91]);
}

#[test]
fn the_split_is_not_the_total_divided_by_the_limit() {
    // Row 14 of the algorithm's note: 306 septets, but a two-septet character stands on the edge.
    let text = times("a", 152) + "€" + &times("a", 152);
    check(14, &text, Encoding::Gsm7, 306, &[152, 153, 1]);
}

#[test]
fn ucs2_rows_of_the_table_hold() {
    use Encoding::Ucs2;
    check(21, &times("ç", 70), Ucs2, 70, &[70]);
    check(22, &times("ç", 71), Ucs2, 71, &[67, 4]);
    check(24, &(times("a", 99) + "\u{2019}"), Ucs2, 100, &[67, 33]);
    check(25, &(times("a", 159) + "\u{2019}"), Ucs2, 160, &[67, 67, 26]);
    check(27, &(times("a", 70) + "\u{2019}"), Ucs2, 71, &[67, 4]);
    check(28, &(times("a", 100) + "\u{a0}"), Ucs2, 101, &[67, 34]);
    check(30, &times("ع", 71), Ucs2, 71, &[67, 4]);
    check(31, &times("ع", 134), Ucs2, 134, &[67, 67]);
    check(33, &times("ع", 201), Ucs2, 201, &[67, 67, 67]);
    check(34, &times("ع", 202), Ucs2, 202, &[67, 67, 67, 1]);
    check(36, &times("٠", 71), Ucs2, 71, &[67, 4]);
    check(37, "مَرْحَبًا", Ucs2, 9, &[9]);
    check(39, &times("😀", 35), Ucs2, 70, &[70]);
    check(40, &times("😀", 36), Ucs2, 72, &[66, 6]);
    let around = |before, after| times("ع", before) + "😀" + &times("ع", after);
    check(42, &around(66, 66), Ucs2, 134, &[66, 67, 1]);
    check(43, &around(66, 65), Ucs2, 133, &[66, 67]);
    check(45, &(times("a", 69) + "😀"), Ucs2, 71, &[67, 4]);
    check(46, &(times("a", 159) + "😀"), Ucs2, 161, &[67, 67, 27]);
    check(48, "🇦🇪", Ucs2, 4, &[4]);
    check(49, &times("ş", 71), Ucs2, 71, &[67, 4]);
    check(52, "لإلغاء الاشتراك أرسل إيقاف", Ucs2, 26, &[26]);
    check(55, "Hi Sara \u{2014} the 2BR is open", Ucs2, 25, &[25]);
}

#[test]
fn sixteen_bit_references_leave_one_unit_less() {
    let parts = |text: &str| count(text, Reference::SixteenBit).parts;
    assert_eq!(parts(&times("a", 305)), [152, 152, 1]);
    assert_eq!(parts(&times("ع", 133)), [66, 66, 1]);
    assert_eq!(parts(&times("a", 160)), [160]);
    assert_eq!(parts(&times("ع", 70)), [70]);
}

#[test]
fn every_character_of_the_tables_has_its_cost() {
    let basic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
                 ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
    assert_eq!(basic.chars().count(), 127);
    for character in basic.chars() {
        check(0, &character.to_string(), Encoding::Gsm7, 1, &[1]);
    }
    for character in "\u{c}^{}\\[~]|€".chars() {
        check(0, &character.to_string(), Encoding::Gsm7, 2, &[2]);
    }
    for character in "`ç\u{2019}\u{2018}\u{201c}\u{201d}\u{2013}\u{2014}…\u{a0}\u{200c}\u{200f}áíóúâêşığ\u{1b}\t؟،٪٠٩".chars() {
        check(0, &character.to_string(), Encoding::Ucs2, 1, &[1]);
    }
}

#[test]
fn over_the_cap_and_empty_are_refused_and_nothing_is_cut() {
    let long = count(&times("a", 161), Reference::EightBit);
    let refused = long.allowed(1).unwrap_err();
    assert_eq!(refused, Refusal::OverCap { segments: 2, cap: 1 });
    assert_eq!(refused.to_string(), "segments_over_cap(2>1)");
    assert_eq!(long.allowed(2), Ok(()));
    assert_eq!(count("", Reference::EightBit).allowed(4), Err(Refusal::Empty));
}

#[test]
fn the_count_is_json_as_the_command_line_shows_it() {
    let json = serde_json::to_value(count(&times("€", 81), Reference::EightBit)).unwrap();
    let expected =
        serde_json::json!({"encoding": "GSM-7", "units": 162, "segments": 2, "parts": [152, 10]});
    assert_eq!(json, expected);
}

#[test]
fn characters_outside_gsm7_are_named_with_a_replacement_if_there_is_one() {
    let found = suggestions("It\u{2019}s 5\u{a0}pm\u{2026} 😀\u{2019}");
    let shown: Vec<_> =
        found.iter().map(|s| (s.at, s.code_point.as_str(), s.replacement)).collect();
    assert_eq!(
        shown,
        [
            (2, "U+2019", Some("'")),
            (6, "U+00A0", Some(" ")),
            (9, "U+2026", Some("...")),
            (11, "U+1F600", None),
        ]
    );
}

/// Encodes every part for real, the slow and obvious way.
fn naive(text: &str, reference: Reference) -> (bool, Vec<usize>) {
    let basic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
                 ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
    let extension = "\u{c}^{}\\[~]|€";
    let gsm7 = text.chars().all(|c| basic.contains(c) || extension.contains(c));
    let encoded: Vec<Vec<u16>> = text
        .chars()
        .map(|c| match (gsm7, basic.chars().position(|b| b == c)) {
            (true, Some(at)) => vec![at as u16],
            (true, None) => vec![0x1b, extension.chars().position(|b| b == c).unwrap() as u16],
            (false, _) => c.encode_utf16(&mut [0; 2]).to_vec(),
        })
        .collect();
    let total: usize = encoded.iter().map(Vec::len).sum();
    let less = usize::from(reference == Reference::SixteenBit);
    let limit = match (gsm7, total <= if gsm7 { 160 } else { 70 }) {
        (_, true) => usize::MAX,
        (true, false) => 153 - less,
        (false, false) => 67 - less,
    };
    let mut parts: Vec<Vec<u16>> = Vec::new();
    for units in encoded {
        match parts.last_mut() {
            Some(part) if part.len() + units.len() <= limit => part.extend(units),
            _ => parts.push(units),
        }
    }
    (gsm7, parts.iter().map(Vec::len).collect())
}

proptest! {
    #[test]
    fn counting_agrees_with_a_naive_encoder(
        text in prop_oneof![
            "[a-zA-Z0-9 €\\[\\]^~\n]{0,500}",
            "[a-z€ç😀عأ ]{0,300}",
            any::<String>(),
        ],
        wide in any::<bool>(),
    ) {
        let reference = if wide { Reference::SixteenBit } else { Reference::EightBit };
        let counted = count(&text, reference);
        let (gsm7, parts) = naive(&text, reference);
        prop_assert_eq!(counted.encoding == Encoding::Gsm7, gsm7);
        prop_assert_eq!(counted.units, parts.iter().sum::<usize>());
        prop_assert_eq!(counted.segments, parts.len());
        prop_assert_eq!(counted.parts, parts);
    }
}
