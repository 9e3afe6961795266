//! Records as one HTML page for people, in English or Arabic: no script, nothing loaded from
//! elsewhere, readable by a screen reader and on paper.

use domain::Locale;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;\
padding:0 1rem;color:#1a1a1a;background:#fff}h1{font-size:1.6rem}h2{font-size:1.2rem;\
border-bottom:1px solid #888;margin-top:2rem}dl{display:grid;grid-template-columns:\
minmax(8rem,14rem) 1fr;gap:.2rem 1rem;margin:0 0 1rem;padding-inline-start:.8rem;\
border-inline-start:3px solid #ccc}dt{color:#555}dd{margin:0;overflow-wrap:anywhere;\
white-space:pre-wrap}@media print{body{margin:0}dl{break-inside:avoid}}";

/// A page of records.
#[derive(Debug, Clone)]
pub struct Page {
    /// The language of its titles and labels, which decides the direction.
    pub language: Locale,
    /// What it is.
    pub title: String,
    /// What stands before the sections, a paragraph each.
    pub introduction: Vec<String>,
    /// The sections.
    pub sections: Vec<Section>,
}

/// Records of one kind.
#[derive(Debug, Clone)]
pub struct Section {
    /// What they are.
    pub title: String,
    /// Each a list of labels and values.
    pub records: Vec<Vec<(String, String)>>,
}

impl Page {
    /// The page as HTML.
    pub fn html(&self) -> String {
        let direction = if self.language == Locale::Ar { "rtl" } else { "ltr" };
        let title = escaped(&self.title);
        let mut html = format!(
            "<!doctype html>\n<html lang=\"{}\" dir=\"{direction}\">\n<head>\n\
             <meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
             <meta name=\"robots\" content=\"noindex\">\n<title>{title}</title>\n\
             <style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n",
            self.language
        );
        for paragraph in &self.introduction {
            html.push_str(&format!("<p>{}</p>\n", escaped(paragraph)));
        }
        for section in &self.sections {
            html.push_str(&format!("<section>\n<h2>{}</h2>\n", escaped(&section.title)));
            for record in &section.records {
                html.push_str("<dl>\n");
                for (label, value) in record {
                    // A value has a direction of its own: a number in an Arabic page does not turn.
                    html.push_str(&format!(
                        "<dt>{}</dt><dd><bdi>{}</bdi></dd>\n",
                        escaped(label),
                        escaped(value)
                    ));
                }
                html.push_str("</dl>\n");
            }
            html.push_str("</section>\n");
        }
        html.push_str("</main>\n</body>\n</html>\n");
        html
    }
}

/// Text that stands for itself in HTML, between tags and in quotes.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // Nothing turns the text around it, or hides.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c if c.is_control() && c != '\n' && c != '\t' => {}
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_text_and_the_language_gives_the_direction() {
        let record = vec![("Name".to_owned(), "<script>\"x\"</script>\u{202e}&".to_owned())];
        let page = Page {
            language: Locale::Ar,
            title: "كل ما نعرفه".to_owned(),
            introduction: Vec::new(),
            sections: vec![Section { title: "A".to_owned(), records: vec![record] }],
        };
        let html = page.html();
        assert!(html.contains("<html lang=\"ar\" dir=\"rtl\">"), "{html}");
        assert!(
            html.contains("<bdi>&lt;script&gt;&quot;x&quot;&lt;/script&gt;&amp;</bdi>"),
            "{html}"
        );
        assert!(Page { language: Locale::En, ..page }.html().contains("dir=\"ltr\""));
    }
}
