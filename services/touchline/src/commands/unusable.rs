//! What is wrong with a file, in the words of the command line.

use domain::Locale;
use office::imports::Unusable;
use office::intake::columns::ColumnProblem;

use crate::error::usage;

/// The error of an import; `heading` stands before what is wrong with columns, and `remedy` is what
/// helps against unknown ones.
pub fn unusable(error: anyhow::Error, heading: &str, remedy: &str) -> anyhow::Error {
    match error.downcast::<Unusable>() {
        Ok(why) => usage(in_words(&why, heading, remedy)),
        Err(error) => error,
    }
}

fn in_words(why: &Unusable, heading: &str, remedy: &str) -> String {
    match why {
        Unusable::RejectsReplaceIt => {
            "--rejects names the file that is imported; name another one".to_owned()
        }
        Unusable::Columns(problems) => {
            let problems = problems.iter().map(|problem| {
                let words = problem.in_words(Locale::En);
                let is_stranger = matches!(problem, ColumnProblem::Strangers(_));
                if is_stranger { format!("{words}; {remedy}") } else { words }
            });
            let problems: Vec<String> = problems.collect();
            format!("{heading}{}", problems.join("\n  "))
        }
        Unusable::NoNames => "no column holds names; say which one is full_name in a mapping file \
                              (--mapping)"
            .to_owned(),
        Unusable::NoSource => {
            "no column says where contacts come from; add --source NAME".to_owned()
        }
        Unusable::WhichColumn { has } => {
            format!("say with --column which column holds the addresses: {}", has.join(", "))
        }
        Unusable::Empty { .. } | Unusable::OwnerWithoutEmail | Unusable::NoSuchColumn { .. } => {
            why.to_string()
        }
    }
}
