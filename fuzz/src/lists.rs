//! Files: do-not-call registries, and tables that people bring.

use std::collections::BTreeSet;

use domain::phone::Phone;
use domain::registry::{
    Change, ChangeLayout, Registry, RegistryNumber, number_in_line, number_of_phone,
};
use office::outside::{contact, listed, neutral, original, table};
use storage::registries::{ChangeList, FullList};

use crate::input::first_line;

/// Rows of a table that are written and read again.
const ROWS: usize = 4;

/// Full lists of do-not-call registries.
pub fn dnc_full(data: &[u8]) {
    for registry in Registry::ALL.iter().copied() {
        let mut list = FullList::new(registry);
        let mut numbers = BTreeSet::new();
        for line in data.split_inclusive(|byte| *byte == b'\n') {
            list.line(line);
            if let Ok(Some(number)) = number_in_line(registry, line) {
                check_number(registry, number);
                numbers.insert(number);
            }
        }
        let counts = list.counts();
        assert!(counts.malformed + counts.duplicates <= counts.lines);
        let kept = counts.lines - counts.malformed - counts.duplicates;
        assert_eq!(kept, numbers.len() as u64, "every number of a line is kept, once");
    }
}

/// Change lists: the first line is the layout.
pub fn dnc_change(data: &[u8]) {
    let (layout, lines) = first_line(data);
    let Ok(layout) = String::from_utf8_lossy(layout).parse::<ChangeLayout>() else { return };
    for registry in Registry::ALL.iter().copied() {
        let mut list = ChangeList::new(registry, layout.clone());
        for (n, line) in lines.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let change = layout.change(registry, n as u64 + 1, line);
            let taken = list.line(line);
            match change {
                Ok(change) => {
                    assert!(taken.is_ok());
                    if let Some(change) = change {
                        check_change(registry, change);
                    }
                }
                // Only a header may be passed over.
                Err(_) => assert!(taken.is_err() || n == 0),
            }
            if taken.is_err() {
                break;
            }
        }
        let counts = list.counts();
        assert!(counts.duplicates <= counts.lines);
    }
}

fn check_change(registry: Registry, change: Change) {
    let (number, word) = match change {
        Change::Add(number) => (number, "A"),
        Change::Delete(number) => (number, "D"),
    };
    check_number(registry, number);
    let Ok(layout) = "-,number,action=A/D".parse::<ChangeLayout>() else {
        panic!("the layout is well-formed");
    };
    let line = format!("x,\"{}\",{word}\n", written(registry, number));
    assert_eq!(layout.change(registry, 1, line.as_bytes()), Ok(Some(change)));
}

/// A number survives being written, and the phone it stands for is found under it.
fn check_number(registry: Registry, number: RegistryNumber) {
    let line = written(registry, number);
    assert_eq!(number_in_line(registry, line.as_bytes()), Ok(Some(number)), "{line}");
    let check = Phone::parse(&number.e164(registry), "");
    if let Some(phone) = check.phone.filter(|_| check.valid) {
        assert_eq!(number_of_phone(registry, &phone), Some(number), "the call would not find it");
    }
}

/// A number as a list writes it.
fn written(registry: Registry, number: RegistryNumber) -> String {
    let e164 = number.e164(registry);
    match registry {
        Registry::UsNational => e164["+1".len()..].to_owned(),
        Registry::AeDncr => e164,
    }
}

/// Tables: encoding, rows, what a row describes, and what is written for spreadsheets.
pub fn csv(data: &[u8]) {
    let table = table(data);
    if let Ok(text) = std::str::from_utf8(data)
        && !text.contains('\0')
    {
        let (text, is_told) = (text.strip_prefix('\u{feff}').unwrap_or(text), table.encoding);
        assert_eq!((table.text.as_str(), is_told), (text, "UTF-8"), "good UTF-8 was changed");
    }
    let lines: Vec<u64> = table.rows.iter().map(|row| row.0).collect();
    assert!(lines.is_sorted_by(|a, b| a < b), "rows come in the order of their lines");
    let n_lines = table.text.split('\n').count() as u64;
    assert!(lines.last().is_none_or(|last| *last <= n_lines));
    let width = table.rows.first().map(|row| row.1.len());
    let sound = table.rows.iter().filter(|(_, _, is_broken)| !is_broken);
    assert!(sound.clone().all(|row| Some(row.1.len()) == width), "a row is wider than its header");
    // What holds of some rows holds of all; each is written and read again.
    for (_, fields, _) in sound.take(ROWS) {
        check_written(fields);
        if let Some((_, header, false)) = table.rows.first()
            && let Ok(addresses) = contact(header, fields)
        {
            for (kind, normalised) in addresses {
                assert!(!normalised.is_empty(), "an empty {kind}");
            }
        }
    }
}

/// Fields survive being written for spreadsheets, and none begins as a formula does.
fn check_written(fields: &[String]) {
    let written: Vec<String> = fields.iter().map(|field| neutral(field)).collect();
    for (field, written) in fields.iter().zip(&written) {
        assert_eq!(original(written), field, "a field was not given back");
        let is_phone = written.chars().skip(1).all(|c| c.is_numeric() || " ()-.".contains(c));
        let begins = written.starts_with(['=', '-', '@', '\t', '\r'])
            || written.starts_with('+') && !is_phone;
        assert!(!begins, "a formula was written");
        if let Some(form) = listed(field) {
            assert_eq!(listed(&form).as_ref(), Some(&form), "the list's form is not stable");
        }
    }
    // A row of one empty field is a blank line, and a table's first row may name its delimiter.
    if fields.iter().any(|field| field.contains('\r')) {
        return;
    }
    let mut writer =
        ::csv::WriterBuilder::new().quote_style(::csv::QuoteStyle::Always).from_writer(Vec::new());
    let all = fields.iter().map(String::as_str).chain([",", "last"]);
    if writer.write_record(all).is_err() {
        return;
    }
    let Ok(bytes) = writer.into_inner() else { return };
    let read = table(&bytes);
    let same = read.rows.first().is_some_and(|(_, found, _)| {
        found[..found.len() - 2] == *fields && found.len() == fields.len() + 2
    });
    // Two of the kinds of bytes that may have made another encoding of it.
    let is_plain = !fields.iter().any(|field| field.contains('\0'));
    assert!(same || !is_plain || delimiter_is_in_doubt(fields), "{fields:?} became {read:?}");
}

/// Whether a field has line breaks: the delimiter is looked for in the first line alone.
fn delimiter_is_in_doubt(fields: &[String]) -> bool {
    fields.iter().any(|field| field.contains('\n'))
}
