//! The container itself: ZIP files that no writer of ours writes.

use super::{Hostile, of_octets};
use crate::pack::{Entry, archive, docx, odt, stored, zip, zip_bent};

/// The container, for each kind of package.
#[expect(clippy::too_many_lines, reason = "one row a hostile file")]
pub(super) fn containers() -> Vec<Hostile> {
    let mut cases = Vec::new();
    for pack in [docx(), odt(), archive()] {
        let kind = pack.extension;
        let mut add = |name: &str, rule: &'static str, octets: Vec<u8>| {
            cases.push(of_octets(format!("{name} of {kind}"), rule, &pack, octets));
        };
        let bent = |change: &dyn Fn(&mut Vec<Entry>)| {
            let mut entries = pack.entries();
            change(&mut entries);
            zip(&entries)
        };
        let last = |change: &dyn Fn(&mut Entry)| bent(&|entries| change(entries.last_mut().unwrap()));
        let sound = pack.octets();
        add("octets before", "zip.", [b"MZ", &sound[..]].concat());
        add("octets behind", "zip.end", [&sound[..], b"x"].concat());
        add("two archives", "", [&sound[..], &sound[..]].concat());
        add("document before", "", [&b"%PDF-1.7\n"[..], &sound].concat());
        add("cut", "zip.", sound[..sound.len() - 1].to_vec());
        add(
            "comment of the file",
            "zip.end",
            zip_bent(&pack.entries(), &|end| {
                let at = end.len() - 2;
                end[at] = 3;
                end.extend(b"abc");
            }),
        );
        add("other count of members", "zip.end", zip_bent(&pack.entries(), &|end| end[8] ^= 1));
        add("second disk", "zip.end", zip_bent(&pack.entries(), &|end| end[4] = 1));
        add("other place of the directory", "zip.end", zip_bent(&pack.entries(), &|end| end[16] ^= 1));
        add(
            "end of zip64",
            "zip.end",
            zip_bent(&pack.entries(), &|end| {
                let mut more = [&b"PK\x06\x06"[..], &44u64.to_le_bytes(), &[0; 44]].concat();
                more.extend([&b"PK\x06\x07"[..], &[0; 16]].concat());
                end.splice(0..0, more);
            }),
        );
        add(
            "octets before the directory",
            "zip.",
            bent(&|entries| entries.last_mut().unwrap().behind = b"MZ".to_vec()),
        );
        add(
            "data descriptor",
            "zip.form",
            last(&|entry| {
                entry.flags |= 8;
                entry.behind = [&b"PK\x07\x08"[..], &[0; 12]].concat();
            }),
        );
        add("encrypted member", "zip.form", last(&|entry| entry.flags |= 1));
        add("member of another method", "zip.form", last(&|entry| entry.method = 12));
        add("another version", "zip.form", last(&|entry| entry.version = 45));
        add("extra field", "zip.form", last(&|entry| entry.extra = vec![0x75, 0x70, 1, 0, 0]));
        add("comment of a member", "zip.directory", last(&|entry| entry.comment = b"x".to_vec()));
        add("another date", "zip.form", last(&|entry| entry.moment = [1, 2, 3, 4]));
        add("symbolic link", "zip.directory", last(&|entry| entry.attributes = 0o120_777 << 16));
        add("other name in the directory", "zip.directory", last(&|entry| entry.listed_name[0] ^= 0x20));
        add("other place of a member", "zip.directory", last(&|entry| entry.pulled = 1));
        add("overlapping members", "zip.directory", last(&|entry| entry.pulled = 40));
        add("lying size", "", last(&|entry| entry.size += 1));
        add("size of four gibibytes", "zip.", last(&|entry| entry.size = u32::MAX));
        add("lying checksum", "", last(&|entry| entry.crc ^= 1));
        add(
            "octets behind the stream",
            "",
            last(&|entry| {
                if entry.method == 8 {
                    entry.packed.extend(b"MZ");
                } else {
                    entry.size += 1;
                }
            }),
        );
        add("member twice", "zip.name", bent(&|entries| entries.push(entries.last().unwrap().clone())));
        add(
            "member twice in other letters",
            "zip.name",
            bent(&|entries| {
                let first = entries.last().unwrap().clone();
                let name = String::from_utf8(first.name.clone()).unwrap();
                let other =
                    if name == name.to_uppercase() { name.to_lowercase() } else { name.to_uppercase() };
                entries.push(Entry {
                    name: other.clone().into_bytes(),
                    listed_name: other.into_bytes(),
                    ..first
                });
            }),
        );
        add("folder as a member", "", bent(&|entries| entries.push(stored("folder/", b""))));
        for (name, path) in [
            ("path upwards", "../x.xml"),
            ("path upwards inside", "word/../../x.xml"),
            ("absolute path", "/x.xml"),
            ("backslash", "word\\x.xml"),
            ("drive", "c:x.xml"),
            ("empty segment", "a//x.xml"),
            ("control character", "a\n.xml"),
            ("right to left override", "a\u{202e}lmx.xml"),
            ("zero width character", "a\u{200b}.xml"),
        ] {
            add(name, "zip.name", bent(&|entries| entries.push(stored(path, b"<a/>"))));
        }
        add(
            "file that is a folder, too",
            "zip.name",
            bent(&|entries| {
                entries.push(stored("q.txt", b"x\r\n"));
                entries.push(stored("q.txt/r.txt", b"x\r\n"));
            }),
        );
        add(
            "unmarked name",
            "zip.name",
            bent(&|entries| entries.push(Entry { flags: 0, ..stored("あ.xml", b"<a/>") })),
        );
        add(
            "name that is not UTF-8",
            "zip.name",
            bent(&|entries| {
                let name = b"\x82\xa0.xml".to_vec();
                entries.push(Entry {
                    name: name.clone(),
                    listed_name: name,
                    flags: 0x800,
                    ..stored("a", b"<a/>")
                });
            }),
        );
        add("no members", "zip.members", zip(&[]));
        add("no archive at all", "zip.", b"MZ\x90\0".to_vec());
    }
    cases
}
