//! Directories and files that only the user who runs hydrotest may read. Creates and checks them. Does not know their contents.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use crate::os;

/// Creates a directory and its missing parents, closed to other users.
///
/// # Errors
/// If it cannot be created.
pub(super) fn make_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Creates or truncates a file, closed to other users.
///
/// # Errors
/// If it cannot be created.
pub(super) fn create_file(path: &Path) -> io::Result<File> {
    File::options().write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// Checks that a directory belongs to this user: another user's directory cannot be trusted and may be readable by others.
///
/// # Errors
/// If it does not exist, is a link, or belongs to another user.
pub(super) fn check_owner(path: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(path)?;
    let path = path.display();
    if !found.is_dir() {
        return Err(io::Error::new(io::ErrorKind::NotADirectory, format!("{path} is not a directory of its own")));
    }
    let (owner, own) = (found.uid(), os::effective_user());
    if owner != own {
        let message = format!(
            "{path} belongs to user {owner} and not to user {own}, who runs this; HYDROTEST_STATE_DIR names another directory"
        );
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
    }
    Ok(())
}

/// Closes a directory of this user to other users.
///
/// # Errors
/// If it belongs to another user, or cannot be changed.
pub(super) fn close_directory(path: &Path) -> io::Result<()> {
    check_owner(path)?;
    if fs::symlink_metadata(path)?.permissions().mode() & 0o077 > 0 {
        fs::set_permissions(path, Permissions::from_mode(0o700))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_is_made_is_closed_to_others_and_what_was_open_is_closed() {
        let place = tempfile::tempdir().unwrap();
        let deep = place.path().join("state/runs");
        make_directory(&deep).unwrap();
        assert_eq!((mode(&deep), mode(deep.parent().unwrap())), (0o700, 0o700));
        create_file(&deep.join("log")).unwrap();
        assert_eq!(mode(&deep.join("log")), 0o600);
        fs::set_permissions(&deep, Permissions::from_mode(0o755)).unwrap();
        close_directory(&deep).unwrap();
        assert_eq!(mode(&deep), 0o700);
    }

    #[test]
    fn a_directory_of_another_user_is_not_ours() {
        let place = tempfile::tempdir().unwrap();
        let link = place.path().join("link");
        std::os::unix::fs::symlink(place.path(), &link).unwrap();
        let plain = |error: io::Error| error.to_string().replace(&place.path().display().to_string(), "DIR");
        insta::assert_snapshot!(plain(check_owner(&link).unwrap_err()), @"DIR/link is not a directory of its own");
        assert_eq!(check_owner(&place.path().join("none")).unwrap_err().kind(), io::ErrorKind::NotFound);
        // Only root can give a directory away, and root's own are another user's to all others.
        let strange = place.path().join("strange");
        fs::create_dir(&strange).unwrap();
        if std::os::unix::fs::chown(&strange, Some(4711), None).is_ok() {
            insta::assert_snapshot!(plain(check_owner(&strange).unwrap_err()), @"DIR/strange belongs to user 4711 and not to user 0, who runs this; HYDROTEST_STATE_DIR names another directory");
        }
    }
}
