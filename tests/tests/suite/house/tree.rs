//! The repository's text files, and what of a file is production code.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// What is read; pictures and the like are not.
const TEXT: &[&str] = &[
    "css", "html", "json", "md", "mjml", "rs", "sh", "sql", "svg", "toml", "tsv", "txt", "yaml",
    "yml",
];

/// A text file.
#[derive(Debug)]
pub struct File {
    /// From the root, with slashes.
    pub path: String,
    /// Its content.
    pub text: String,
}

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this crate lies one folder below the root")
}

/// Every text file under the root, without what `.gitignore` names.
pub fn files() -> &'static [File] {
    static FILES: OnceLock<Vec<File>> = OnceLock::new();
    FILES.get_or_init(|| {
        let mut files = Vec::new();
        for entry in entries(root()) {
            if !is_foreign(&name(&entry)) {
                collect(&entry, &mut files);
            }
        }
        files.sort_by(|one, other| one.path.cmp(&other.path));
        files
    })
}

/// The text files with this extension.
pub fn files_of(extension: &str) -> impl Iterator<Item = &'static File> {
    files().iter().filter(move |file| {
        Path::new(&file.path).extension().is_some_and(|found| found == extension)
    })
}

/// The file at this path.
pub fn file(path: &str) -> &'static File {
    let found = files().iter().find(|file| file.path == path);
    found.unwrap_or_else(|| panic!("{path} is missing"))
}

/// The names directly under the root, without what `.gitignore` names.
pub fn root_names() -> Vec<String> {
    let names = entries(root()).into_iter().map(|entry| name(&entry));
    let mut names: Vec<String> = names.filter(|name| !is_foreign(name)).collect();
    names.sort();
    names
}

/// Whether the entry of the root belongs to git or is ignored by it.
fn is_foreign(name: &str) -> bool {
    static IGNORED: OnceLock<Vec<String>> = OnceLock::new();
    let ignored = IGNORED.get_or_init(|| {
        let text = std::fs::read_to_string(root().join(".gitignore")).unwrap_or_default();
        text.lines().filter_map(|line| line.strip_prefix('/')).map(str::to_owned).collect()
    });
    name == ".git" || ignored.iter().any(|ignored| ignored == name)
}

fn collect(path: &Path, files: &mut Vec<File>) {
    if path.is_dir() {
        // What npm brings lies beside what asks for it.
        if name(path) != "node_modules" {
            for entry in entries(path) {
                collect(&entry, files);
            }
        }
        return;
    }
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    if !(TEXT.contains(&extension) || name(path) == "Makefile") {
        return;
    }
    // A file that went while we looked is nobody's.
    let Ok(text) = std::fs::read_to_string(path) else { return };
    let path = path.strip_prefix(root()).unwrap_or(path).to_string_lossy().replace('\\', "/");
    files.push(File { path, text });
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

impl File {
    /// Whether it holds tests and nothing else.
    pub fn is_test(&self) -> bool {
        self.path.contains("/tests/")
            || self.path.ends_with("_tests.rs")
            || self.path.ends_with("/tests.rs")
    }

    /// The lines that are not tests, with their numbers from 1.
    pub fn production(&self) -> Vec<(usize, &str)> {
        let mut kept = Vec::new();
        if self.is_test() {
            return kept;
        }
        let mut lines = self.text.lines().enumerate().map(|(n, line)| (n + 1, line));
        while let Some((number, line)) = lines.next() {
            if !["#[cfg(test)]", "#[cfg(all(test,"].iter().any(|mark| line.trim().starts_with(mark))
            {
                kept.push((number, line));
                continue;
            }
            // rustfmt puts the end of an item under its beginning.
            let indent = line.len() - line.trim_start().len();
            let ends = |line: &str| {
                let own = line.get(indent..).unwrap_or_default();
                line.len() - line.trim_start().len() == indent && (own == "}" || own.ends_with(';'))
            };
            lines.by_ref().find(|(_, line)| ends(line));
        }
        kept
    }

    /// The production lines that are code, without comments.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.production().into_iter();
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// The crate it belongs to: the folder under `shared/` or `services/`, else `tests`.
    pub fn crate_name(&self) -> &str {
        match self.path.split('/').collect::<Vec<_>>()[..] {
            ["shared" | "services", name, ..] => name,
            _ => "tests",
        }
    }
}

#[test]
fn tests_are_told_from_production() {
    let text =
        "use a;\n#[cfg(test)]\n#[allow(x)]\nmod tests {\n    fn a() {\n    }\n}\nfn b() {}\n";
    let file = File { path: "shared/a/src/lib.rs".to_owned(), text: text.to_owned() };
    assert_eq!(file.production(), [(1, "use a;"), (8, "fn b() {}")]);
    let inner = "impl A {\n    #[cfg(test)]\n    fn a() {\n    }\n}\n#[cfg(test)]\nmod tests;\n";
    let file = File { path: "shared/a/src/lib.rs".to_owned(), text: inner.to_owned() };
    assert_eq!(file.production(), [(1, "impl A {"), (5, "}")]);
    for path in ["shared/a/tests/a.rs", "shared/a/src/b_tests.rs", "shared/a/src/b/tests.rs"] {
        assert!(File { path: path.to_owned(), text: String::new() }.is_test(), "{path}");
    }
}
