//! Rows of a CSV file, with the line each begins on (RFC 4180, read leniently).
//!
//! A broken row costs itself alone. In particular a quotation mark that is never closed would
//! swallow everything after it: such a row is given up at its first line, and reading goes on with
//! the next.

use std::collections::VecDeque;
use std::io::{self, BufRead};

/// The most lines one row may take.
const ROW_LINES: usize = 500;
/// The most bytes one row may take.
const ROW_BYTES: usize = 1024 * 1024;

/// What stands in a file at some place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The line it begins on, from 1.
    pub line: u64,
    /// Its fields.
    pub fields: Vec<String>,
    /// Why it cannot be used.
    pub broken: Option<String>,
}

/// The rows of a text.
pub struct Rows<R> {
    input: R,
    delimiter: char,
    /// How many fields a row has; any number until it is known.
    width: Option<usize>,
    line: u64,
    /// Lines that have been read and given back.
    waiting: VecDeque<Line>,
}

#[derive(Debug)]
struct Line {
    number: u64,
    text: String,
    is_too_long: bool,
}

impl<R: BufRead> Rows<R> {
    /// The rows of `input`, which is UTF-8.
    pub const fn new(input: R, delimiter: char) -> Self {
        Self { input, delimiter, width: None, line: 0, waiting: VecDeque::new() }
    }

    /// Finds the delimiter in the first line with content: what stands there most often outside of
    /// quotation marks, or what a line `sep=;` says.
    ///
    /// # Errors
    /// When the text cannot be read.
    pub fn find_delimiter(&mut self) -> io::Result<()> {
        while let Some(line) = self.next_line()? {
            if line.text.trim().is_empty() {
                continue;
            }
            if let Some(said) = line.text.strip_prefix("sep=").and_then(|rest| rest.chars().next())
            {
                self.delimiter = said;
                return Ok(());
            }
            let outside: String = line.text.split('"').step_by(2).collect();
            let best =
                [',', ';', '\t'].into_iter().rev().max_by_key(|c| outside.matches(*c).count());
            self.delimiter = best.unwrap_or(',');
            self.waiting.push_front(line);
            return Ok(());
        }
        Ok(())
    }

    /// From now on, rows with another number of fields are broken.
    pub const fn expect_width(&mut self, width: usize) {
        self.width = Some(width);
    }

    /// The next row; blank lines are none.
    ///
    /// # Errors
    /// When the text cannot be read.
    pub fn next_row(&mut self) -> io::Result<Option<Row>> {
        while let Some(first) = self.next_line()? {
            if first.text.is_empty() && !first.is_too_long {
                continue;
            }
            return self.row(first).map(Some);
        }
        Ok(None)
    }

    fn row(&mut self, first: Line) -> io::Result<Row> {
        let line = first.number;
        let mut fields = Fields::new(self.delimiter);
        let mut bytes = first.text.len();
        let mut is_too_long = first.is_too_long;
        fields.read(&first.text);
        let mut further = Vec::new();
        while fields.is_open() && !is_too_long {
            if further.len() + 1 >= ROW_LINES || bytes > ROW_BYTES {
                break;
            }
            let Some(next) = self.next_line()? else { break };
            bytes += next.text.len();
            is_too_long |= next.is_too_long;
            fields.read("\n");
            fields.read(&next.text);
            further.push(next);
        }
        let is_unclosed = fields.is_open();
        let is_malformed = fields.is_malformed;
        let fields = fields.finish();
        let wrong_width = self.width.filter(|width| *width != fields.len());
        if !further.is_empty() && (is_unclosed || is_malformed || wrong_width.is_some()) {
            return Ok(self.give_up(first, further));
        }
        let broken = if is_too_long {
            Some(format!("the row is longer than {ROW_BYTES} bytes"))
        } else if is_unclosed {
            Some(UNCLOSED.to_owned())
        } else if let Some(width) = wrong_width {
            Some(format!("the row has {} fields, the header has {width}", fields.len()))
        } else {
            characters_lost(&fields)
        };
        Ok(Row { line, fields, broken })
    }

    /// The first line alone is the broken row; the others are read again.
    fn give_up(&mut self, first: Line, further: Vec<Line>) -> Row {
        for line in further.into_iter().rev() {
            self.waiting.push_front(line);
        }
        let mut fields = Fields::new(self.delimiter);
        fields.read(&first.text);
        Row { line: first.number, fields: fields.finish(), broken: Some(UNCLOSED.to_owned()) }
    }

    fn next_line(&mut self) -> io::Result<Option<Line>> {
        if let Some(line) = self.waiting.pop_front() {
            return Ok(Some(line));
        }
        let mut bytes = Vec::new();
        let mut is_too_long = false;
        let mut is_ended = false;
        while !is_ended {
            let available = self.input.fill_buf()?;
            if available.is_empty() {
                if bytes.is_empty() {
                    return Ok(None);
                }
                break;
            }
            let end = available.iter().position(|byte| *byte == b'\n');
            is_ended = end.is_some();
            let taken = end.unwrap_or(available.len());
            if bytes.len() + taken <= ROW_BYTES {
                bytes.extend_from_slice(&available[..taken]);
            } else {
                is_too_long = true;
            }
            self.input.consume(taken + usize::from(is_ended));
        }
        self.line += 1;
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Ok(Some(Line { number: self.line, text, is_too_long }))
    }
}

const UNCLOSED: &str = "a quotation mark opens a field that is not closed properly";

fn characters_lost(fields: &[String]) -> Option<String> {
    let lost = |field: &String| field.contains([char::REPLACEMENT_CHARACTER, '\0']);
    let position = fields.iter().position(lost)?;
    Some(format!(
        "field {} has bytes that are no characters; is the file in another encoding?",
        position + 1
    ))
}

/// Takes a row apart.
struct Fields {
    delimiter: char,
    done: Vec<String>,
    current: String,
    state: State,
    is_malformed: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Bare,
    Quoted,
    QuoteInQuoted,
}

impl Fields {
    const fn new(delimiter: char) -> Self {
        Self {
            delimiter,
            done: Vec::new(),
            current: String::new(),
            state: State::Start,
            is_malformed: false,
        }
    }

    fn is_open(&self) -> bool {
        self.state == State::Quoted
    }

    fn read(&mut self, text: &str) {
        for c in text.chars() {
            self.state = match (self.state, c) {
                (State::Start, '"') => State::Quoted,
                (State::Quoted, '"') => State::QuoteInQuoted,
                (State::QuoteInQuoted, '"') => {
                    self.current.push('"');
                    State::Quoted
                }
                (State::Start | State::Bare | State::QuoteInQuoted, c) if c == self.delimiter => {
                    self.done.push(std::mem::take(&mut self.current));
                    State::Start
                }
                (state, c) => {
                    self.current.push(c);
                    self.is_malformed |= state == State::QuoteInQuoted;
                    if state == State::Quoted { State::Quoted } else { State::Bare }
                }
            };
        }
    }

    fn finish(mut self) -> Vec<String> {
        self.done.push(self.current);
        self.done
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(u64, Vec<String>, bool)> {
        let mut rows = Rows::new(text.as_bytes(), ',');
        rows.find_delimiter().unwrap();
        let mut all = Vec::new();
        while let Some(row) = rows.next_row().unwrap() {
            rows.expect_width(
                all.first().map_or(row.fields.len(), |first: &(_, Vec<_>, _)| first.1.len()),
            );
            all.push((row.line, row.fields, row.broken.is_some()));
        }
        all
    }

    fn row(line: u64, fields: &[&str]) -> (u64, Vec<String>, bool) {
        (line, fields.iter().map(|field| (*field).to_owned()).collect(), false)
    }

    #[test]
    fn quotes_line_breaks_and_blank_lines_are_read_as_people_mean_them() {
        let text = "a,b\r\n\"x, \"\"y\"\"\",\"one\r\ntwo\"\r\n\r\nlast,\"\"\r\n";
        let expected =
            [row(1, &["a", "b"]), row(2, &["x, \"y\"", "one\ntwo"]), row(5, &["last", ""])];
        assert_eq!(read(text), expected);
    }

    #[test]
    fn the_delimiter_is_found() {
        assert_eq!(read("a;b\n1,5;2"), [row(1, &["a", "b"]), row(2, &["1,5", "2"])]);
        assert_eq!(read("a\tb,c\td\n1\t2\t3")[0], row(1, &["a", "b,c", "d"]));
        assert_eq!(read("sep=;\na;b"), [row(2, &["a", "b"])]);
        assert_eq!(read("one\ntwo"), [row(1, &["one"]), row(2, &["two"])]);
    }

    #[test]
    fn an_unclosed_quote_costs_its_own_line_alone() {
        let rows = read("a,b\n\"broken,1\ngood,2\n\"fine\nwith two lines\",3\ngood,4");
        let lines: Vec<(u64, bool)> = rows.iter().map(|row| (row.0, row.2)).collect();
        assert_eq!(lines, [(1, false), (2, true), (3, false), (4, false), (6, false)]);
        // Two of them in a row would close each other.
        let rows = read("a,b\n\"broken,1\n\"broken,2\ngood,3");
        let lines: Vec<(u64, bool)> = rows.iter().map(|row| (row.0, row.2)).collect();
        assert_eq!(lines, [(1, false), (2, true), (3, true), (4, false)]);
    }

    #[test]
    fn wrong_widths_and_lost_characters_are_said() {
        let mut rows = Rows::new("a,b\nc\nd\u{fffd},e\n".as_bytes(), ',');
        rows.expect_width(2);
        assert_eq!(rows.next_row().unwrap().unwrap().broken, None);
        let why = rows.next_row().unwrap().unwrap().broken.unwrap();
        assert_eq!(why, "the row has 1 fields, the header has 2");
        assert!(rows.next_row().unwrap().unwrap().broken.unwrap().starts_with("field 1 has bytes"));
    }

    #[test]
    fn an_endless_line_does_not_fill_the_memory() {
        let text = format!("a,b\n{}\nc,d\n", "x".repeat(3 * ROW_BYTES));
        let rows = read(&text);
        assert_eq!(rows.len(), 3);
        assert!(rows[1].2);
        assert_eq!(rows[2], row(3, &["c", "d"]));
    }
}
