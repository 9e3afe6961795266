//! What a command answers: a table for people, JSON for programs, always on standard output.

use std::io::{self, IsTerminal, Write};

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

/// Where answers go, and in which form.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    json: bool,
    terminal: bool,
}

impl Output {
    /// Standard output of this process; `json` is what `--json` says.
    pub fn of_process(json: bool) -> Self {
        Self { json, terminal: io::stdout().is_terminal() }
    }

    /// The same, in JSON unless a person reads on a terminal.
    pub const fn for_programs(self) -> Self {
        Self { json: self.json || !self.terminal, terminal: self.terminal }
    }

    /// Whether answers are JSON.
    pub const fn is_json(self) -> bool {
        self.json
    }

    /// Prints one object: as a line of JSON, or as `human` words it.
    pub fn object<T: Serialize>(
        self,
        value: &T,
        human: impl FnOnce(&T) -> String,
    ) -> io::Result<()> {
        if self.json { self.json(value) } else { self.text(&human(value)) }
    }

    /// Prints a list: one line of JSON per row, or a table of `columns` with a line per row as
    /// `cells` words it.
    pub fn list<T: Serialize>(
        self,
        rows: &[T],
        columns: &[&str],
        cells: impl Fn(&T) -> Vec<String>,
    ) -> io::Result<()> {
        if self.json {
            let mut out = io::stdout().lock();
            for row in rows {
                serde_json::to_writer(&mut out, row)?;
                out.write_all(b"\n")?;
            }
            return out.flush();
        }
        let mut table = self.table(columns);
        for row in rows {
            table.add_row(cells(row));
        }
        self.text(&table.to_string())
    }

    /// An empty table: with lines on a terminal, plain and as wide as it takes elsewhere.
    pub fn table(self, columns: &[&str]) -> Table {
        let mut table = Table::new();
        if self.terminal {
            table.load_preset(presets::UTF8_HORIZONTAL_ONLY);
            table.set_content_arrangement(ContentArrangement::Dynamic);
        } else {
            table.load_preset(presets::NOTHING);
        }
        if !columns.is_empty() {
            table.set_header(columns);
        }
        table
    }

    /// Prints one line of JSON, whatever form was asked for.
    pub fn json<T: Serialize>(self, value: &T) -> io::Result<()> {
        let mut out = io::stdout().lock();
        serde_json::to_writer(&mut out, value)?;
        out.write_all(b"\n")?;
        out.flush()
    }

    /// Prints text for people, with a final line break.
    pub fn text(self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "{}", text.trim_end())?;
        out.flush()
    }
}
