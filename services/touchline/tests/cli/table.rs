//! Tables of contacts of any size, for the tests and for measuring.

use std::io::Write;

/// Writes a CSV file of `rows` different people, in English and Arabic, with the columns of a usual
/// export.
pub(crate) fn write(out: &mut impl Write, rows: usize) -> std::io::Result<()> {
    writeln!(
        out,
        "id,Full Name,E-mail,Mobile,Address,Source,Status,Level,Language,City,Birthday,Notes"
    )?;
    for n in 0..rows {
        let (name, language) =
            if n % 3 == 0 { ("محمد العلي", "ar") } else { ("Sara Haddad", "en") };
        writeln!(
            out,
            "c{n},{name} {n},person{n}@example.com,050 {:03} {:04},\"{n} Marina Walk, Dubai\",\
             website,active,B,{language},Dubai,19{:02}-0{}-1{},Met at the open house",
            n / 10_000 % 1000,
            n % 10_000,
            60 + n % 40,
            1 + n % 9,
            n % 10,
        )?;
    }
    Ok(())
}
