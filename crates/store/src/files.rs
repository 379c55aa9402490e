//! Writing small secret files and flushing directories.

use data_encoding::HEXLOWER;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

/// Flushes a directory, so that the names in it survive a power loss.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Makes a directory that only we may enter, with all its parents, and leaves one that exists alone.
pub(crate) fn private_dir(dir: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    dir.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(Ok(()), sync_dir)
}

/// Writes a new file and flushes it and its directory. Fails if the name is taken.
pub(crate) fn write_new(path: &Path, octets: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(octets)?;
    file.sync_all()?;
    path.parent().map_or(Ok(()), sync_dir)
}

/// Writes a new file whose name appears only with all its octets, whenever the power goes. Fails if the name is taken.
///
/// What is cut off leaves a file of another name, which begins with a point and is never read.
pub(crate) fn write_whole(path: &Path, octets: &[u8], mode: u32) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
    let mut number = [0; 8];
    getrandom::fill(&mut number).map_err(|error| io::Error::other(error.to_string()))?;
    let unfinished = path.with_file_name(format!(".{name}.{}", HEXLOWER.encode(&number)));
    // A link, unlike a new name, never takes the place of what another process has just written.
    let linked = write_new(&unfinished, octets, mode).and_then(|()| fs::hard_link(&unfinished, path));
    let linked = match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => linked.and(Err(error)),
        _ => linked,
    };
    // Flushed also where another was first: whoever reads what is there relies on it, and the other may not have come
    // so far.
    path.parent().map_or(Ok(()), sync_dir).and(linked)
}

/// Reads a file that nobody but its owner may read, of at most 64 KiB.
pub(crate) fn read_secret(path: &Path) -> io::Result<String> {
    let file = File::open(path)?;
    if file.metadata()?.mode() & 0o077 != 0 {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "readable by others"));
    }
    let mut text = String::new();
    file.take(65_536).read_to_string(&mut text)?;
    Ok(text)
}

/// Overwrites a file with zeros, flushes, and removes it.
///
/// A copy-on-write or wear-levelling disk may keep the old octets: the guide to operations says so.
pub(crate) fn destroy(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    let size_octets = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX).min(65_536);
    file.write_all(&vec![0; size_octets])?;
    file.sync_all()?;
    fs::remove_file(path)?;
    path.parent().map_or(Ok(()), sync_dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_appears_only_with_all_its_octets() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let octets = vec![7; 16 << 20];
        let first_seen = std::thread::scope(|scope| {
            let seen = scope.spawn(|| {
                loop {
                    if let Ok(metadata) = fs::metadata(&path) {
                        return metadata.len();
                    }
                }
            });
            write_whole(&path, &octets, 0o600).unwrap();
            seen.join().unwrap()
        });
        assert_eq!(first_seen, 16 << 20);
        let again = write_whole(&path, b"other", 0o600).unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::metadata(&path).unwrap().len(), 16 << 20);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing else is left");
    }
}
