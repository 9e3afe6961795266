//! Pages as blocks: what is not edited stays as it is, whatever the page.

use std::path::Path;
use std::sync::LazyLock;

use domain::Locale;
use proptest::prelude::*;
use templates::Partials;
use templates::blocks::{Edit, Kind, New, Page, Setting, edit, marked};

/// The pages of the library, with their languages.
fn library() -> Vec<(Locale, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../library/templates");
    let mut pages = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        for &locale in Locale::ALL {
            let file = entry.as_ref().unwrap().path().join(format!("{locale}.mjml"));
            if let Ok(text) = std::fs::read_to_string(file) {
                pages.push((locale, text));
            }
        }
    }
    assert!(pages.len() >= 40, "the library's pages are somewhere else");
    pages
}

static PARTIALS: LazyLock<Partials> = LazyLock::new(partials);

fn partials() -> Partials {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../library/templates/_partials");
    let mut partials = Partials::new();
    for &locale in Locale::ALL {
        for file in std::fs::read_dir(folder.join(locale.as_str())).unwrap() {
            let file = file.unwrap();
            let text = std::fs::read_to_string(file.path()).unwrap();
            partials.insert(Some(locale), file.file_name().to_str().unwrap(), text);
        }
    }
    partials
}

/// Blocks stand in order, inside the one around them, and not in each other.
fn hold(source: &str) {
    let Some(page) = Page::parse(source) else { return };
    let blocks = page.blocks();
    for (index, block) in blocks.iter().enumerate() {
        assert!(source.get(block.at.clone()).is_some_and(|text| !text.trim().is_empty()));
        if let Some(parent) = block.parent {
            assert!(parent < index && blocks[parent].at.start < block.at.start);
            assert!(block.at.end < blocks[parent].at.end);
        }
        let siblings: Vec<usize> = page.children(block.parent).collect();
        for pair in siblings.windows(2) {
            assert!(blocks[pair[0]].at.end <= blocks[pair[1]].at.start, "{source}");
        }
    }
}

/// What is set to what it is, moved there and back, doubled and taken out is as it was.
fn undoes_itself(source: &str) {
    let Some(page) = Page::parse(source) else { return };
    for (index, block) in page.blocks().iter().enumerate() {
        let same = edit(source, &Edit::Set(index, &page.settings(block))).unwrap();
        assert_eq!(same.source, source, "{block:?} is not what its settings say");
        let doubled = edit(source, &Edit::Duplicate(index)).unwrap();
        let copy = doubled.source.len() - source.len();
        assert_eq!(doubled.source[..block.at.end], source[..block.at.end]);
        assert_eq!(doubled.source[block.at.end + copy..], source[block.at.end..]);
        let siblings: Vec<usize> = page.children(block.parent).collect();
        if siblings.last() != Some(&index)
            && let Some(down) = edit(source, &Edit::Down(index))
            && let Some(selected) = down.selected
            // Bare texts that come to stand side by side are one from then on.
            && kinds(&down.source).len() == page.blocks().len()
        {
            let back = edit(&down.source, &Edit::Up(selected)).unwrap();
            assert_eq!(back.source, source, "down and up of {block:?}");
        }
        if let Some(removed) = edit(source, &Edit::Remove(index)) {
            let rest = &source[block.at.end..];
            let head = &removed.source[..removed.source.len() - rest.len()];
            assert!(removed.source.ends_with(rest) && source.starts_with(head));
            assert_eq!(source[head.len()..block.at.end].trim(), page.text(block));
        }
    }
}

#[test]
fn every_page_of_the_library_has_blocks_that_can_be_undone() {
    for (_, source) in library() {
        let page = Page::parse(&source).unwrap();
        let left: Vec<_> =
            page.blocks().iter().filter(|block| block.kind == Kind::Source).collect();
        assert!(left.is_empty(), "{left:?}");
        assert!(page.blocks().len() >= 8);
        hold(&source);
        undoes_itself(&source);
    }
}

#[test]
fn every_text_of_the_library_is_typed_without_html_and_comes_back_the_same() {
    for (_, source) in library() {
        let page = Page::parse(&source).unwrap();
        for (index, block) in page.blocks().iter().enumerate() {
            if block.kind != Kind::Text {
                continue;
            }
            let (setting, typed) = page.settings(block)[0].clone();
            assert_eq!(setting, Setting::Text, "{}", page.text(block));
            // Once it was edited and put back, it says what it said.
            let other =
                edit(&source, &Edit::Set(index, &[(setting, format!("{typed}!"))])).unwrap();
            let back = edit(&other.source, &Edit::Set(index, &[(setting, typed)])).unwrap();
            assert_eq!(words(&back.source), words(&source));
        }
    }
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<String>()
}

#[test]
fn a_marked_page_compiles_and_every_block_of_content_is_found_in_it() {
    let partials = partials();
    for (locale, source) in library() {
        let marked = marked(&source, &partials, locale);
        let mut template = super::samples::email();
        template.locales.retain(|own, _| *own == locale);
        template.locales.get_mut(&locale).unwrap().mjml = Some(marked);
        let compiled = templates::compile(&template, &partials).unwrap();
        let html = &compiled.locales[&locale].parts[&templates::Part::Mjml];
        let page = Page::parse(&source).unwrap();
        for (index, block) in page.blocks().iter().enumerate() {
            let mark = format!("tl-block-{index}");
            assert!(
                html.contains(&format!("{mark}\"")) || html.contains(&format!("{mark} ")),
                "{block:?}\n{html}"
            );
        }
    }
}

const PAGE: &str = "<mjml>\n  <mj-body>\n    <mj-section>\n      <mj-column>\n        \
    <mj-text>\n          <h2>Hello &amp; welcome</h2>\n        </mj-text>\n        \
    <!-- kept -->\n        <mj-table><tr><td>1</td></tr></mj-table>\n        \
    <mj-button color='#fff' href=\"https://a.example/?a=1&amp;b={{part area}}\">Go</mj-button>\n        \
    <mj-raw>{{#if area}}</mj-raw>\n        <mj-image src=\"https://a.example/a.png\" />\n        \
    <mj-raw>{{/if}}</mj-raw>\n      </mj-column>\n      <mj-column>\n      </mj-column>\n    \
    </mj-section>\n  </mj-body>\n</mjml>\n";

fn kinds(source: &str) -> Vec<Kind> {
    Page::parse(source).unwrap().blocks().iter().map(|block| block.kind).collect()
}

#[test]
fn what_is_not_understood_is_kept_as_source() {
    use Kind::{Button, Column, Condition, Heading, Image, Section, Source};
    let expected = [Section, Column, Heading, Source, Source, Button, Condition, Image, Column];
    assert_eq!(kinds(PAGE), expected);
    hold(PAGE);
    undoes_itself(PAGE);
    assert!(Page::parse("<mjml><mj-body><mj-section></mj-body></mj-section></mjml>").is_none());
    assert!(Page::parse("Hello").is_none());
}

#[test]
fn a_setting_changes_its_own_bytes_alone() {
    let set = |index, setting, value: &str| {
        edit(PAGE, &Edit::Set(index, &[(setting, value.to_owned())])).unwrap().source
    };
    assert_eq!(set(2, Setting::Text, "A < B"), PAGE.replace("Hello &amp; welcome", "A &lt; B"));
    assert_eq!(set(2, Setting::Size, "1"), PAGE.replace("h2>", "h1>"));
    assert_eq!(set(5, Setting::Colour, ""), PAGE.replace(" color='#fff'", ""));
    let link = "https://a.example/?a=\"1\"&b=2";
    let expected = PAGE.replace("a=1&amp;b={{part area}}", "a=&quot;1&quot;&amp;b=2");
    assert_eq!(set(5, Setting::Link, link), expected);
    let expected = PAGE.replace("a.png\" />", "a.png\" width=\"200px\" />");
    assert_eq!(set(7, Setting::Width, "200"), expected);
    let expected = PAGE.replace("#if", "#unless").replace("/if", "/unless");
    assert_eq!(set(6, Setting::Who, "unless"), expected);
    assert_eq!(set(6, Setting::Field, "city"), PAGE.replace("#if area", "#if city"));
    assert_eq!(set(6, Setting::Field, "a}}<script>"), PAGE, "a field is a name");
    assert_eq!(set(5, Setting::Source, "<p>"), PAGE, "what a button has not is not set");
}

#[test]
fn what_is_inserted_goes_where_it_can_stand() {
    let heading = || New::Of(Kind::Heading, "News".to_owned());
    let insert = |new: New, after| edit(PAGE, &Edit::Insert(new, after)).unwrap();
    let kind_at = |edited: &templates::blocks::Edited| {
        let page = Page::parse(&edited.source).unwrap();
        let block = &page.blocks()[edited.selected.unwrap()];
        (block.kind, page.text(block).to_owned(), block.parent)
    };
    // After the heading, at the end of the second column, in a section of its own, in a condition.
    let after = insert(heading(), Some(2));
    assert_eq!((kind_at(&after).0, kind_at(&after).2), (Kind::Heading, Some(1)));
    assert_eq!(after.selected, Some(3));
    assert_eq!(kind_at(&insert(heading(), Some(0))).2, Some(8));
    assert_eq!(kind_at(&insert(heading(), Some(6))).2, Some(6));
    assert_eq!(kind_at(&insert(New::Section(2, "A".to_owned()), Some(2))).0, Kind::Section);
    let empty = "<mjml><mj-body></mj-body></mjml>";
    let first = edit(empty, &Edit::Insert(heading(), None)).unwrap();
    assert_eq!(kinds(&first.source), [Kind::Section, Kind::Column, Kind::Heading]);
    assert_eq!(first.selected, Some(2));
    let piece = New::Piece("footer.mjml".to_owned(), "<mj-text>x</mj-text>".to_owned());
    assert_eq!(kind_at(&insert(piece, None)).0, Kind::Piece);
    let head = New::Piece("head.mjml".to_owned(), "<mj-attributes />".to_owned());
    assert_eq!(edit(PAGE, &Edit::Insert(head, None)), None, "that belongs into a head");
}

#[test]
fn blocks_move_out_of_conditions_and_across_columns() {
    let out = edit(PAGE, &Edit::Up(7)).unwrap();
    use Kind::{Button, Column, Condition, Heading, Image, Section, Source};
    let expected = [Section, Column, Heading, Source, Source, Button, Image, Condition, Column];
    assert_eq!(kinds(&out.source), expected);
    assert_eq!(out.selected, Some(6));
    let across = edit(PAGE, &Edit::Down(6)).unwrap();
    let expected = [Section, Column, Heading, Source, Source, Button, Column, Condition, Image];
    assert_eq!(kinds(&across.source), expected);
    assert_eq!(across.selected, Some(7));
    assert_eq!(kinds(&edit(&across.source, &Edit::Up(7)).unwrap().source), kinds(PAGE));
    assert_eq!(edit(PAGE, &Edit::Up(0)), None);
}

#[test]
fn a_condition_is_put_around_a_block_and_taken_away() {
    let wrapped = edit(PAGE, &Edit::Wrap(5, "company")).unwrap();
    let page = Page::parse(&wrapped.source).unwrap();
    let block = &page.blocks()[wrapped.selected.unwrap()];
    let said = [(Setting::Field, "company".to_owned()), (Setting::Who, "if".to_owned())];
    assert_eq!((block.kind, page.settings(block)), (Kind::Condition, said.to_vec()));
    assert_eq!(edit(&wrapped.source, &Edit::Unwrap(5)).unwrap().source, PAGE);
    assert_eq!(edit(PAGE, &Edit::Wrap(5, "x}}<b>")), None);
}

#[test]
fn lists_bold_and_links_are_typed_in_plain_words() {
    let typed = "Hello **{{first_name}}**,\nread [this & that](https://a.example/?a=1&b=2)\n\n- one\n- __two__\n\n1. first\n2. second\n\n> A note";
    let page = "<mjml><mj-body><mj-section><mj-column><mj-text>x</mj-text></mj-column></mj-section></mj-body></mjml>";
    let edited = edit(page, &Edit::Set(2, &[(Setting::Text, typed.to_owned())])).unwrap();
    let html = "<p>Hello <strong>{{first_name}}</strong>,<br /> read <a \
        href=\"https://a.example/?a=1&amp;b=2\">this &amp; that</a></p> <ul> <li>one</li> \
        <li><em>two</em></li> </ul> <ol> <li>first</li> <li>second</li> </ol> <p \
        class=\"note\">A note</p>";
    assert!(words(&edited.source).contains(&words(html)), "{}", edited.source);
    let read = Page::parse(&edited.source).unwrap();
    assert_eq!(read.settings(&read.blocks()[2])[0], (Setting::Text, typed.to_owned()));
}

#[test]
fn text_that_words_cannot_say_is_edited_as_html() {
    for html in [
        "<p style=\"color: red\">x</p>",
        "<table></table>",
        "<p>a</p>{{#if b}}<p>c</p>{{/if}}",
        "a **b",
    ] {
        let page = format!(
            "<mjml><mj-body><mj-section><mj-column><mj-text>{html}</mj-text></mj-column></mj-section></mj-body></mjml>"
        );
        let page = Page::parse(&page).unwrap();
        let settings = page.settings(&page.blocks()[2]);
        let whole = html == "a **b";
        let expected = if whole { Setting::Text } else { Setting::Markup };
        assert_eq!(settings[0], (expected, html.to_owned()));
    }
}

/// Pages of pieces that fit together, and of pieces that do not.
fn any_page() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "<mj-section>",
        "</mj-section>",
        "<mj-column>",
        "</mj-column>",
        "<mj-text>",
        "</mj-text>",
        "<p>",
        "</p>",
        "<h1>",
        "</h1>",
        "**",
        "__",
        "[a](b)",
        "<ul>",
        "<li>",
        "</li>",
        "</ul>",
        "<br>",
        "<mj-button href='{{url a}}'>",
        "</mj-button>",
        "<mj-image src=x/>",
        "<mj-spacer height=\"1px\" />",
        "<mj-raw>{{#if a}}</mj-raw>",
        "<mj-raw>{{/if}}</mj-raw>",
        "<mj-raw>{{else}}</mj-raw>",
        "<mj-include path=\"footer.mjml\" />",
        "{{first_name}}",
        "{{",
        "}}",
        "{{!-- <mj-text> --}}",
        "<!-- c -->",
        "&amp;",
        "&nbsp;",
        " ",
        "\n",
        "\n  ",
        "سلام",
        "<",
        "\"",
        "<mj-table>",
        "</mj-table>",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn any_tree() -> impl Strategy<Value = String> {
    let text = prop::sample::select(vec![
        "<mj-text>a</mj-text>",
        "<mj-text><p>a **b** {{c}}</p>\n<ul><li>x</li></ul></mj-text>",
        "<mj-text><h2 class='x'>A &amp; b</h2></mj-text>",
        "<mj-button href=\"https://a\">go</mj-button>",
        "<mj-image src=x />",
        "<mj-divider\n/>",
        "<mj-spacer/>",
        "<mj-include path=\"footer.mjml\"></mj-include>",
        "<mj-table></mj-table>",
        "<!-- c -->",
        "text",
        "<mj-text>سلام <em>x</em></mj-text>",
    ]);
    let gap = prop::sample::select(vec!["", " ", "\n", "\n    ", "\r\n\t"]);
    let row = prop::collection::vec((gap, text, any::<bool>()), 0..6).prop_map(|rows| {
        let one = |(gap, text, is_if): (&str, &str, bool)| match is_if {
            true => {
                format!("{gap}<mj-raw>{{{{#if a}}}}</mj-raw>{text}<mj-raw> {{{{/if}}}}</mj-raw>")
            }
            false => format!("{gap}{text}"),
        };
        rows.into_iter().map(one).collect::<String>()
    });
    prop::collection::vec((row.clone(), row), 0..4).prop_map(|sections| {
        let one = |(left, right): (String, String)| {
            format!("<mj-section>\n<mj-column>{left}</mj-column> <mj-column>{right}\n</mj-column></mj-section>\n")
        };
        format!("<mjml><mj-body>{}</mj-body></mjml>", sections.into_iter().map(one).collect::<String>())
    })
}

proptest! {
    #[test]
    fn blocks_of_any_page_can_be_undone(tree in any_tree(), page in any_page()) {
        let around = format!("<mjml><mj-body>{page}</mj-body></mjml>");
        for source in [tree, around, page] {
            hold(&source);
            undoes_itself(&source);
            let mark = marked(&source, &PARTIALS, Locale::En);
            prop_assert!(mark.len() >= source.len() || source.contains("mj-include"));
        }
    }

    #[test]
    fn any_edit_keeps_what_stands_outside(tree in any_tree(), at in 0usize..40, what in "\\PC{0,20}") {
        let Some(page) = Page::parse(&tree) else { return Ok(()) };
        let Some(block) = page.blocks().get(at) else { return Ok(()) };
        for &setting in Setting::of(block.kind) {
            let edited = edit(&tree, &Edit::Set(at, &[(setting, what.clone())])).unwrap();
            prop_assert!(edited.source.starts_with(&tree[..block.at.start]));
            prop_assert!(edited.source.ends_with(&tree[block.at.end..]));
            if setting != Setting::Source && setting != Setting::Markup {
                prop_assert_eq!(kinds(&edited.source), kinds(&tree), "what is typed is no markup: {}", edited.source);
            }
        }
    }
}
