//! Line breaks in a page, where they mean nothing.
//!
//! MJML writes lines of thousands of bytes. Mail takes 998 (RFC 5322 §2.1.1), so such a page could
//! only travel in quoted-printable, a quarter larger and slower to make. Between the attributes of
//! a tag a line break is as good as a space (HTML §13.1.2.1).

/// From this many bytes on, a line ends at the next place where it may.
const WISHED: usize = 160;

/// The page with its lines broken between attributes. Nothing else changes.
pub fn fold(html: &str) -> String {
    let mut folded = String::with_capacity(html.len());
    let mut inside = Inside::Text;
    let mut line = 0;
    let mut rest = html;
    while let Some(letter) = rest.chars().next() {
        // An expression may hold quotes and spaces of its own.
        let expression = rest.starts_with("{{").then(|| rest.find("}}")).flatten();
        let taken = expression.map_or(letter.len_utf8(), |end| end + 2);
        let (piece, after) = rest.split_at(taken);
        if inside == Inside::Tag && line >= WISHED && piece == " " {
            folded.push('\n');
            line = 0;
        } else {
            folded.push_str(piece);
            line = if letter == '\n' { 0 } else { line + taken };
            if expression.is_none() {
                inside = inside.after(letter, after);
            }
        }
        rest = after;
    }
    folded
}

/// Where in a page a letter stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Text,
    Tag,
    Value(char),
}

impl Inside {
    fn after(self, letter: char, rest: &str) -> Self {
        match (self, letter) {
            (Self::Text, '<') if rest.starts_with(|next: char| next.is_ascii_alphabetic()) => {
                Self::Tag
            }
            (Self::Tag, '>') => Self::Text,
            (Self::Tag, '"' | '\'') => Self::Value(letter),
            (Self::Value(quote), _) if letter == quote => Self::Tag,
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spaces(text: &str) -> String {
        text.replace('\n', " ")
    }

    #[test]
    fn only_spaces_between_attributes_become_line_breaks() {
        let long = "x".repeat(WISHED);
        let page = format!(
            "<p>{long} a b</p><a href=\"{long} c\" class=\"d e\" id='f g'>h i</a><!-- {long} j -->"
        );
        let folded = fold(&page);
        assert_eq!(spaces(&folded), page);
        assert!(folded.contains("<a\nhref="), "{folded}");
        assert!(folded.contains("c\"\nclass=\"d e\" id='f g'"), "{folded}");
        assert!(folded.contains("a b</p>") && folded.contains(" j -->"), "{folded}");
    }

    #[test]
    fn quotes_and_brackets_of_an_expression_are_none_of_the_page() {
        let long = "x".repeat(WISHED);
        let page = format!("<a href=\"{{{{link \"a > b\"}}}} {long} d\" id=\"e\">f g</a>");
        let folded = fold(&page);
        assert_eq!(spaces(&folded), page);
        assert!(folded.contains(" d\"\nid=\"e\">f g"), "{folded}");
    }

    #[test]
    fn a_page_of_attributes_has_lines_that_mail_takes() {
        let attribute = format!(" style=\"{}\"", "width:100%;".repeat(20));
        let page = format!("<td{attribute}{attribute}></td>").repeat(50);
        let folded = fold(&page);
        let longest = folded.lines().map(str::len).max().unwrap_or_default();
        assert!(longest < WISHED + 2 * attribute.len(), "{longest}");
    }
}
