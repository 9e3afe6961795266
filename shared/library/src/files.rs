//! The files of a library, from the binary or from a folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use include_dir::{Dir, include_dir};
use serde::de::DeserializeOwned;

use crate::LoadError;

static PLANS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/plans");
static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");
static RULES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/rules");
static CALENDAR: &str = include_str!("../calendar.toml");
static RETENTION: &str = include_str!("../retention.toml");

/// The most bytes of one file: no text of a library comes near it.
const MAX_FILE: u64 = 1024 * 1024;

/// The parts of a library; other files of a folder are not looked at.
const PARTS: [&str; 5] = ["plans", "templates", "rules", "calendar.toml", "retention.toml"];

/// One text file.
#[derive(Debug, Clone)]
pub struct File {
    /// Its path inside the library, with `/`.
    pub path: String,
    /// Its path as people find it, for messages.
    pub shown: String,
    /// Its text, without a byte order mark and with plain line ends.
    pub content: String,
}

impl File {
    /// The last part of its path.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Its content as TOML.
    pub fn toml<T: DeserializeOwned>(&self) -> Result<T, LoadError> {
        toml::from_str(&self.content).map_err(|err| {
            let at = err.span().map_or(0, |span| span.start);
            self.syntax(at, err.message())
        })
    }

    /// An error at a byte offset of the content.
    pub fn syntax(&self, at: usize, reason: &str) -> LoadError {
        let reason = reason.trim().replace('\n', "; ");
        LoadError::Syntax { file: self.shown.clone(), line: self.line(at), reason }
    }

    /// The line of a byte offset, from 1.
    pub fn line(&self, at: usize) -> usize {
        let before = self.content.get(..at).unwrap_or(&self.content);
        before.matches('\n').count() + 1
    }

    /// An error that says what belongs where this file stands.
    pub fn misplaced(&self, expected: &str) -> LoadError {
        LoadError::Misplaced { file: self.shown.clone(), expected: expected.to_owned() }
    }
}

/// The files of one library, sorted by path.
#[derive(Debug, Clone, Default)]
pub struct Files {
    root: String,
    files: BTreeMap<String, File>,
}

impl Files {
    /// The file at a path.
    pub fn find(&self, path: &str) -> Option<&File> {
        self.files.get(path)
    }

    /// The files whose path starts with `prefix`.
    pub fn under<'f>(&'f self, prefix: &'f str) -> impl Iterator<Item = &'f File> {
        self.files.values().filter(move |file| file.path.starts_with(prefix))
    }

    /// The names of what stands directly in `prefix`, each once.
    pub fn folders_in(&self, prefix: &str) -> impl Iterator<Item = &str> {
        let names: BTreeSet<&str> = self
            .files
            .keys()
            .filter_map(|path| path.strip_prefix(prefix)?.split('/').next())
            .collect();
        names.into_iter()
    }

    /// A path as people find it.
    pub fn shown(&self, path: &str) -> String {
        format!("{}{path}", self.root)
    }

    fn insert(&mut self, path: &str, content: Vec<u8>) -> Result<(), LoadError> {
        let shown = self.shown(path);
        let Ok(text) = String::from_utf8(content) else {
            return Err(LoadError::NotText { file: shown });
        };
        let content = text.strip_prefix('\u{feff}').unwrap_or(&text).replace("\r\n", "\n");
        let path = path.to_owned();
        self.files.insert(path.clone(), File { path, shown, content });
        Ok(())
    }
}

/// The files in the binary.
pub fn embedded() -> Files {
    let mut files = Files { root: "built-in ".to_owned(), files: BTreeMap::new() };
    let mut all = vec![
        ("calendar.toml".to_owned(), CALENDAR.as_bytes()),
        ("retention.toml".to_owned(), RETENTION.as_bytes()),
    ];
    collect(&PLANS, "plans", &mut all);
    collect(&TEMPLATES, "templates", &mut all);
    collect(&RULES, "rules", &mut all);
    for (path, content) in all {
        files
            .insert(&path, content.to_vec())
            .expect("the embedded files are UTF-8: a test reads them");
    }
    files
}

fn collect(dir: &'static Dir<'_>, root: &str, into: &mut Vec<(String, &'static [u8])>) {
    for file in dir.files() {
        let parts: Vec<_> = file.path().iter().map(|part| part.to_string_lossy()).collect();
        into.push((format!("{root}/{}", parts.join("/")), file.contents()));
    }
    for inner in dir.dirs() {
        collect(inner, root, into);
    }
}

/// The files of a folder. Hidden files and editors' backups are passed over.
pub fn folder(path: &Path) -> Result<Files, LoadError> {
    let root = path.display().to_string();
    let root = format!("{}/", root.trim_end_matches('/'));
    let mut files = Files { root, files: BTreeMap::new() };
    // Asking for the folder first tells "not there" from "holds nothing of a library".
    fs::read_dir(path).map_err(|err| unreadable(path, &err))?;
    let mut found = false;
    for part in PARTS {
        let inner = path.join(part);
        if inner.exists() {
            found = true;
            walk(&inner, part, &mut files)?;
        }
    }
    if found {
        Ok(files)
    } else {
        Err(LoadError::NotALibrary { folder: path.display().to_string() })
    }
}

/// One file by itself.
pub fn single(path: &Path) -> Result<File, LoadError> {
    let mut files = Files::default();
    let name = path.display().to_string();
    walk(path, &name, &mut files)?;
    files.files.remove(&name).ok_or(LoadError::NotALibrary { folder: name })
}

fn walk(path: &Path, name: &str, files: &mut Files) -> Result<(), LoadError> {
    let about = fs::metadata(path).map_err(|err| unreadable(path, &err))?;
    if !about.is_dir() {
        if about.len() > MAX_FILE {
            return Err(LoadError::TooLarge { file: files.shown(name), limit: MAX_FILE });
        }
        let content = fs::read(path).map_err(|err| unreadable(path, &err))?;
        return files.insert(name, content);
    }
    for entry in fs::read_dir(path).map_err(|err| unreadable(path, &err))? {
        let entry = entry.map_err(|err| unreadable(path, &err))?;
        let inner = entry.file_name().to_string_lossy().into_owned();
        if !inner.starts_with('.') && !inner.ends_with('~') {
            walk(&entry.path(), &format!("{name}/{inner}"), files)?;
        }
    }
    Ok(())
}

fn unreadable(path: &Path, err: &std::io::Error) -> LoadError {
    LoadError::Unreadable { file: path.display().to_string(), reason: err.to_string() }
}
