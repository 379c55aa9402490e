//! Unpacked archives with members that are none of ours.

use super::{DOCUMENT, Hostile, hostile, of_octets, parts::joined};
use crate::pack::{Entry, Pack, archive, docx, stored, zip};

/// Archives that were unpacked.
pub(super) fn archives() -> Vec<Hostile> {
    let with = |name: &str, file: &str, data: &[u8]| hostile(name, "archive.", &archive().with(file, data));
    let mut cases = vec![
        with("program in an archive", "a.exe", b"MZ"),
        with("shortcut in an archive", "a.lnk", b"L"),
        with("address in an archive", "a.url", b"[InternetShortcut]"),
        with("page in an archive", "a.html", b"<script/>"),
        with("script in an archive", "a.js", b"x"),
        with("old document in an archive", "a.doc", b"\xd0\xcf"),
        with("document with macros in an archive", "a.docm", &docx().octets()),
        with("disk in an archive", "a.iso", b"x"),
        with("file without an extension", "README", b"x\r\n"),
        with("archive in an archive", "a.zip", &archive().octets()),
        with("program called a text behind spaces", "a.txt   .exe", b"MZ"),
        with("file of a device", "con.txt", b"x\r\n"),
        with("folder of a device", "nul/a.txt", b"x\r\n"),
        with("folder with a dot", "a./b.txt", b"x\r\n"),
        with("hidden folder", ".ssh/b.txt", b"x\r\n"),
        with("folder settings", "desktop.ini", b"[.ShellClassInfo]"),
        with("automatic start", "autorun.inf", b"[autorun]"),
        with("program that is called a picture", "b.png", b"MZ"),
        with("page that is called a photo", "b.jpg", b"<html>"),
        with("program that is called a document", "b.docx", b"MZ"),
        with("document that is called a book", "b.xlsx", &docx().octets()),
        with("document that is called a text", "b.txt", &docx().octets()),
        with(
            "document with macros that is called none",
            "b.docx",
            &docx()
                .bend(
                    "[Content_Types].xml",
                    "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
                    "application/vnd.ms-word.document.macroEnabled.main+xml",
                )
                .octets(),
        ),
        with(
            "linked picture inside of an archive",
            "b.docx",
            &joined(docx(), DOCUMENT, ("rId9", "image"), "!http://evil.example/", "", b"").octets(),
        ),
        with("formula in an archive", "b.csv", b"=cmd|'/c calc'!A0\r\n"),
        with("formula of another charset in an archive", "b.csv", b"a,\x81\x811\r\n"),
        with("formula in the octets of kanji in an archive", "b.csv", b"\x1b$B,=1+1,\x1b(B\r\n"),
        with("separator in an archive", "b.csv", b"sep=;\r\n"),
        with("data of no charset", "b.json", b"\"\xff\""),
        with("control in an archive", "b.txt", b"\x07\r\n"),
        with("right to left in an archive", "b.txt", "a\u{202e}b\r\n".as_bytes()),
        with("right to left in utf-16 in an archive", "b.txt", b"\xff\xfea\0\x2e\x20"),
        with("document type in an archive", "b.xml", b"<!DOCTYPE a><a/>"),
        with("page as xml in an archive", "b.xml", b"<html xmlns=\"http://www.w3.org/1999/xhtml\"/>"),
        with("broken json in an archive", "b.json", b"{"),
        with(
            "alarm in an archive",
            "b.ics",
            b"BEGIN:VCALENDAR\r\nBEGIN:VALARM\r\nEND:VALARM\r\nEND:VCALENDAR\r\n",
        ),
        with("document that is a script", "b.pdf", b"%PDF-1.7\n1 0 obj<</S/JavaScript>>"),
    ];
    cases.push(hostile(
        "document before the members",
        "binary.second_meaning",
        &Pack { members: vec![("%PDF-1.7.txt".to_owned(), b"x\r\n".to_vec())], ..archive() },
    ));
    cases.push(of_octets("bomb", "zip.unpacked_octets", &archive(), {
        let big = Entry { size: 400 << 20, ..stored("a.txt", b"x") };
        zip(&[Entry { packed: vec![0; 1000], version: 20, method: 8, ..big }])
    }));
    cases
}
