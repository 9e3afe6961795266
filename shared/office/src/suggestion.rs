//! What was probably meant.

/// Below this likeness a name is another one, not a misspelt one.
const ALIKE: f64 = 0.75;

/// "did you mean …?", or all there is to choose from.
#[must_use]
pub fn of<'n>(given: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    let given = given.to_lowercase();
    let mut names: Vec<(f64, &str)> = known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&given, &name.to_lowercase()), name))
        .collect();
    names.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    match names.first() {
        None => "there are none".to_owned(),
        Some((likeness, name)) if *likeness >= ALIKE => format!("did you mean \"{name}\"?"),
        Some(_) if names.len() > 12 => "see the list".to_owned(),
        Some(_) => {
            let all: Vec<&str> = names.into_iter().map(|(_, name)| name).collect();
            format!("there are: {}", all.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn a_misspelt_name_finds_the_one_that_was_meant() {
        let known = ["8x8", "33-touch", "12-direct", "new-lead"];
        assert_eq!(of("33touch", known), "did you mean \"33-touch\"?");
        assert_eq!(of("8X8", known), "did you mean \"8x8\"?");
        assert_eq!(of("zzz", ["a", "b"]), "there are: a, b");
        assert_eq!(of("zzz", []), "there are none");
    }
}
