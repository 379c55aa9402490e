//! Writes clean messages into a Maildir: `tmp`, fsync, rename to `new`, fsync of the folder.
//!
//! The file is named by the delivery, not by chance: an attempt that is made again after a crash replaces the file of
//! the first one, and the reader sees one message.
//!
//! *Security.* Folder and file names are made of addresses and ids; every character outside a small safe set is
//! percent-encoded, so none of them can leave the root or hide.

use crate::fate::{Cause, Fate, Settled};
use crate::reply::Reply;
use mail::Mailbox;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use verifier::CleanMessage;

/// How messages are laid out below the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// The root is one Maildir; a message is there once, whatever the number of its recipients.
    One,
    /// `root/domain/local-part` is a Maildir each.
    PerMailbox,
}

/// A Maildir, or a tree of them.
#[derive(Clone, Debug)]
pub struct Maildir {
    root: PathBuf,
    layout: Layout,
}

impl Maildir {
    /// A Maildir below `root`; folders are made as they are needed.
    pub const fn new(root: PathBuf, layout: Layout) -> Self {
        Self { root, layout }
    }

    /// Delivers a clean message. `delivery_id` is the same for every attempt of one delivery and different for all
    /// others; `received_unix_s` orders the files.
    pub async fn deliver(
        &self,
        delivery_id: &str,
        received_unix_s: i64,
        forward_paths: &[Mailbox],
        message: &CleanMessage,
    ) -> Settled {
        self.put(delivery_id, received_unix_s, forward_paths, message.octets()).await
    }

    async fn put(&self, delivery_id: &str, received_unix_s: i64, to: &[Mailbox], octets: &[u8]) -> Settled {
        let name = format!("{received_unix_s}.{}.sekisho", safe_name(delivery_id));
        let (maildir, name, to, octets) = (self.clone(), name, to.to_vec(), octets.to_vec());
        let written = tokio::task::spawn_blocking({
            let to = to.clone();
            move || match maildir.layout {
                Layout::One => Settled::alike(&to, &settle(&maildir.root, &name, &octets)),
                Layout::PerMailbox => Settled {
                    fates: to
                        .into_iter()
                        .map(|mailbox| {
                            let fate = settle(&maildir.folder(&mailbox), &name, &octets);
                            (mailbox, fate)
                        })
                        .collect(),
                },
            }
        });
        written.await.unwrap_or_else(|error| {
            tracing::error!(%error, "writing into the Maildir ended by a fault of ours");
            Settled::alike(&to, &Fate::later(Cause::Disk("interrupted".to_owned())))
        })
    }

    fn folder(&self, mailbox: &Mailbox) -> PathBuf {
        self.root
            .join(safe_name(mailbox.domain()))
            .join(safe_name(&mailbox.local_part().to_ascii_lowercase()))
    }
}

fn settle(folder: &Path, name: &str, octets: &[u8]) -> Fate {
    match write(folder, name, octets) {
        Ok(()) => Fate::Delivered { reply: Reply::new(250, &format!("2.0.0 in Maildir as {name}")) },
        Err(error) => Fate::later(Cause::Disk(error.to_string())),
    }
}

/// Durable when it returns.
fn write(folder: &Path, name: &str, octets: &[u8]) -> io::Result<()> {
    for place in ["tmp", "new", "cur"] {
        make_folder(&folder.join(place))?;
    }
    let (temporary, new) = (folder.join("tmp").join(name), folder.join("new").join(name));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(octets)?;
    file.sync_all()?;
    fs::rename(&temporary, &new)?;
    File::open(folder.join("new"))?.sync_all()
}

/// Makes a folder and those above it, each durable in the one that holds it.
fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        make_folder(parent)?;
    }
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    match folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

/// Letters, digits, `-`, `_`, `+` and inner dots stay; all else is percent-encoded, so that two names never meet.
fn safe_name(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    for (index, octet) in text.bytes().enumerate() {
        let plain = octet.is_ascii_alphanumeric() || b"-_+".contains(&octet) || (octet == b'.' && index > 0);
        if plain {
            name.push(char::from(octet));
        } else {
            name.push_str(&format!("%{octet:02X}"));
        }
    }
    if name.is_empty() { "%".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailboxes(texts: &[&str]) -> Vec<Mailbox> {
        texts.iter().map(|text| Mailbox::parse(text).unwrap()).collect()
    }

    fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
        let mut files: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
            .collect();
        files.sort();
        files
    }

    #[tokio::test]
    async fn one_maildir_holds_a_message_once() {
        let root = tempfile::tempdir().unwrap();
        let maildir = Maildir::new(root.path().join("deep/inside"), Layout::One);
        let to = mailboxes(&["a@x.jp", "b@x.jp"]);
        for octets in [b"first\r\n", b"again\r\n"] {
            let settled = maildir.put("Q1.1", 1_700_000_000, &to, octets).await;
            assert!(settled.is_delivered());
            assert_eq!(settled.fates.len(), 2);
        }
        assert!(maildir.put("Q2.1", 1_700_000_001, &to, b"second\r\n").await.is_delivered());
        let root = root.path().join("deep/inside");
        assert_eq!(
            files(&root.join("new")),
            [
                ("1700000000.Q1.1.sekisho".to_owned(), b"again\r\n".to_vec()),
                ("1700000001.Q2.1.sekisho".to_owned(), b"second\r\n".to_vec()),
            ]
        );
        assert!(files(&root.join("tmp")).is_empty() && files(&root.join("cur")).is_empty());
    }

    #[tokio::test]
    async fn each_mailbox_has_its_own() {
        let root = tempfile::tempdir().unwrap();
        let maildir = Maildir::new(root.path().to_owned(), Layout::PerMailbox);
        let to = mailboxes(&["Taro@x.jp", "\"../../a/b\"@x.jp", ".@x.jp", "..@[127.0.0.1]"]);
        assert!(maildir.put("../Q/1", 5, &to, b"x\r\n").await.is_delivered());
        let folders = ["x.jp/taro", "x.jp/%22../../a/b%22", "x.jp/%2E", "%5B127.0.0.1%5D/%2E."];
        let mut ran = 0;
        for folder in folders {
            let folder = folder.replace("../../a/b", "..%2F..%2Fa%2Fb");
            let files = files(&root.path().join(folder).join("new"));
            assert_eq!(files, [("5.%2E.%2FQ%2F1.sekisho".to_owned(), b"x\r\n".to_vec())]);
            ran += 1;
        }
        assert_eq!(ran, 4);
    }

    #[tokio::test]
    async fn a_disk_that_cannot_be_written_is_tried_later() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("file"), b"").unwrap();
        let maildir = Maildir::new(root.path().join("file"), Layout::One);
        let settled = maildir.put("Q1", 1, &mailboxes(&["a@x.jp"]), b"x\r\n").await;
        assert!(matches!(
            &settled.fates[0].1,
            Fate::TryLater { cause: Cause::Disk(_), may_duplicate: false }
        ));
    }
}
