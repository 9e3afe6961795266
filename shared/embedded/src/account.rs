//! The user the server runs as: ourselves, or an unprivileged one when we are root.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{getgid, getuid};

use crate::StartError;

/// `nobody` on every system we know of; used when root has no `postgres` user to drop to.
const NOBODY: u32 = 65534;

/// The user and group the server runs as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    gid: u32,
    name: String,
    /// Whether this is another user than ours, so that files must be handed over.
    dropped: bool,
}

impl Account {
    /// Ourselves; for root the user `postgres`, else `nobody`, because PostgreSQL refuses root.
    pub(crate) fn choose() -> Self {
        let (uid, gid) = (getuid().as_raw(), getgid().as_raw());
        if uid != 0 {
            return Self { uid, gid, name: format!("user {uid}"), dropped: false };
        }
        let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let (uid, gid) = passwd_ids(&users, "postgres").unwrap_or((NOBODY, NOBODY));
        let name = if uid == NOBODY { "nobody" } else { "user postgres" };
        Self { uid, gid, name: name.to_owned(), dropped: true }
    }

    /// A command that runs as this user, away from our working folder and our terminal's signals.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        // Its own process group: Ctrl-C reaches us alone, and we end the server last.
        command.current_dir("/").process_group(0).stdin(std::process::Stdio::null());
        if self.dropped {
            command.uid(self.uid).gid(self.gid);
        }
        // Locale and PG* variables of the terminal must not change what the server does.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("PG") || text.starts_with("LC_") || text == "LANG" {
                command.env_remove(&name);
            }
        }
        command.env("LC_ALL", "C");
        command
    }

    /// Makes a folder only this user can enter, and hands it over.
    pub(crate) fn create_private_dir(&self, dir: &Path) -> Result<(), StartError> {
        std::fs::create_dir(dir).map_err(StartError::io("create the folder", dir))?;
        let mode = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(dir, mode).map_err(StartError::io("close the folder", dir))?;
        if self.dropped {
            std::os::unix::fs::chown(dir, Some(self.uid), Some(self.gid))
                .map_err(StartError::io("hand over the folder", dir))?;
        }
        Ok(())
    }

    /// Checks that this user can walk down to `dir`, which must exist and be absolute.
    pub(crate) fn check_reach(&self, dir: &Path) -> Result<(), StartError> {
        if !self.dropped {
            return Ok(());
        }
        for folder in dir.ancestors() {
            let metadata =
                std::fs::metadata(folder).map_err(StartError::io("look at the folder", folder))?;
            let shift = match (metadata.uid() == self.uid, metadata.gid() == self.gid) {
                (true, _) => 6,
                (false, true) => 3,
                (false, false) => 0,
            };
            if metadata.mode() >> shift & 1 == 0 {
                let account = self.name.clone();
                return Err(StartError::Unreachable { blocked: folder.to_owned(), account });
            }
        }
        Ok(())
    }
}

/// The ids of a user in the text of `/etc/passwd`.
fn passwd_ids(users: &str, name: &str) -> Option<(u32, u32)> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(name)).then_some(())?;
        let uid = fields.nth(1)?.parse().ok()?;
        Some((uid, fields.next()?.parse().ok()?))
    })
}

/// The folder for data when nobody chose one: `/var/lib/touchline` for root (whose home PostgreSQL's
/// own user cannot enter), else `touchline` under `XDG_DATA_HOME` or `~/.local/share`.
#[must_use]
pub fn default_data_dir() -> PathBuf {
    if getuid().is_root() {
        return PathBuf::from("/var/lib/touchline");
    }
    let share = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|d| d.is_absolute());
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/share"));
    share.or_else(home).unwrap_or_else(|| PathBuf::from("/var/tmp")).join("touchline")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_ids_of_a_user_are_the_third_and_fourth_field() {
        let users = "root:x:0:0::/root:/bin/sh\npostgres:x:101:104:admin:/var:/bin/sh\n";
        assert_eq!(passwd_ids(users, "postgres"), Some((101, 104)));
        assert_eq!(passwd_ids(users, "post"), None);
    }

    #[test]
    fn a_closed_folder_on_the_way_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("inner");
        std::fs::create_dir(&inner).unwrap();
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        let stranger = Account { uid: 65533, gid: 65533, name: "somebody".into(), dropped: true };
        let error = stranger.check_reach(&inner).unwrap_err();
        let StartError::Unreachable { blocked, .. } = error else { panic!("{error}") };
        assert_eq!(blocked, dir.path());
    }
}
