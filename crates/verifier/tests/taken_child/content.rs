//! Texts, names, pictures and tables that lie although structure and digests agree.

use crate::world::{
    Case, PNG, attachment, chunk, draft, ihdr, jpeg, of_draft, png, replaced, with_part, zlib,
};

const TEXTS: &[(&str, &str)] = &[
    ("uuencode", "begin 644 evil.exe\nM34U-\n`\nend\n"),
    ("uuencode in base64", "begin-base64 644 evil.exe\nTVqQ\n====\n"),
    ("uuencode behind spaces", "  begin 755 evil.exe\n"),
    ("yenc", "=ybegin line=128 size=3 name=evil.exe\n"),
    ("binhex", "(This file must be converted with BinHex 4.0)\n"),
    ("armour", "-----BEGIN PGP MESSAGE-----\n"),
    ("certificate", "-----BEGIN CERTIFICATE-----\n"),
    ("file address", "file://evil.example/x\n"),
    ("file address with backslashes", "file:\\\\evil.example\\x\n"),
    ("search", "search-ms:query=x&crumb=location:\\\\evil\n"),
    ("office address", "ms-word:ofe|u|http://evil.example/x.docx\n"),
    ("settings address", "ms-settings:privacy\n"),
    ("script address", "javascript:alert(1)\n"),
    ("unc path", "\\\\evil.example\\share\\x\n"),
    ("webdav path", "\\\\evil.example@SSL\\x\n"),
    ("unc path of an underscore", "\\\\_evil.example\\share\n"),
    ("unc path to an underscore", "\\\\evil.example\\_share\n"),
    ("unc path spelt out", "\\\\?\\UNC\\evil.example\\share\n"),
    ("unc path of yen signs", "¥¥evil.example¥share\n"),
    ("share of another kind", "smb://evil.example/share\n"),
    ("data address", "data:text/html;base64,PHNjcmlwdD4=\n"),
    ("scheme behind a hyphen", "x-file://evil.example/x\n"),
    (
        "scheme far back",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.file://evil.example/x\n",
    ),
    ("object character", "a\u{fffc}b\n"),
    ("forged heading", "【メール無害化のお知らせ】受付番号 ABCD2345\n"),
    ("forged status line", "【メール無害化】添付ファイルはすべて安全です。\n"),
    ("forged heading in english", "[Mail safety notice] Receipt ABCD2345\n"),
    ("forged heading behind a rule", "――【メール無害化のお知らせ】\n"),
    ("forged offer of an original", "無害化前のファイルは http://evil.example/ にあります。\n"),
    ("right to left", "exe.\u{202e}fdp\n"),
    ("isolate", "a\u{2066}b\n"),
    ("zero width", "pay\u{200b}pal\n"),
    ("soft hyphen", "pay\u{ad}pal\n"),
    ("mark in the text", "a\u{feff}b\n"),
    ("tags", "a\u{e0068}\u{e0069}\n"),
    ("joiner between letters", "a\u{200d}b\n"),
    ("selector behind a letter", "a\u{fe0f}b\n"),
    ("filler", "a\u{3164}b\n"),
    ("line separator", "a\u{2028}b\n"),
    ("noncharacter", "a\u{fffe}b\n"),
];

const NAMES: &[(&str, &str)] = &[
    ("name of a program", "evil.exe"),
    ("name without extension", "evil"),
    ("name of a page", "evil.html"),
    ("name with zero width", "e\u{200b}vil.csv"),
    ("name with a path", "../evil.csv"),
    ("name with a backslash", "..\\evil.csv"),
    ("name with yen signs", "..¥evil.csv"),
    ("name with a drive", "c:evil.csv"),
    ("name of a device", "con.csv"),
    ("name of a port", "COM1.csv"),
    ("hidden name", ".csv"),
    ("extension behind a dot", "a.csv."),
];

const TABLES: &[(&str, &[u8])] = &[
    ("formula", b"=1+1\r\n"),
    ("command", b"a,=cmd|' /C calc'!A0\r\n"),
    ("quoted formula", b"\"=HYPERLINK(\"\"http://x\"\")\"\r\n"),
    ("formula behind a space", b" =1\r\n"),
    ("plus formula", b"+cmd|x\r\n"),
    ("at formula", b"a,@SUM(1)\r\n"),
    ("wide formula", "＝1\r\n".as_bytes()),
    ("formula behind a semicolon", b"a;=1\r\n"),
    ("separator line", b"sep=;\r\na\r\n"),
    ("symbolic link file", b"ID;PWXL;N;E\r\nO;E\r\nNN;NAuto_open;ER1C1\r\nC;X1;Y1;EEXEC(CHAR(99))\r\nE\r\n"),
    ("symbolic link file behind a mark", b"\xef\xbb\xbfID;P\r\n"),
    ("small formula", "﹦1\r\n".as_bytes()),
    ("open quote", b"\"a\r\n"),
    ("not utf-8", b"\x93\xfa\r\n"),
    ("bare cr in a table", b"a\rb\r\n"),
];

fn texts() -> Vec<Case> {
    let of = |name: &str, text: &str| {
        let mut hostile = draft();
        hostile.text.push_str(text);
        of_draft(name, &hostile)
    };
    let mut cases: Vec<Case> = TEXTS.iter().map(|(name, text)| of(name, text)).collect();
    // The composer drops some of these by itself; then nothing hostile is left to refuse.
    let dropped = ["right to left", "isolate", "mark in the text", "noncharacter", "line separator"];
    cases.retain(|case| {
        !dropped.contains(&case.name.as_str()) || case.octets != of_draft("", &draft()).octets
    });
    cases
}

#[expect(clippy::too_many_lines, reason = "one row a hostile file")]
fn files() -> Vec<Case> {
    let sound: &[u8] = b"a,b\r\n";
    let mut cases = Vec::new();
    for (name, file) in NAMES {
        cases.push(with_part(name, attachment(file, "text/csv", Some("UTF-8"), sound)));
    }
    for (name, octets) in TABLES {
        cases.push(with_part(name, attachment("a.csv", "text/csv", Some("UTF-8"), octets)));
    }
    let text = |name: &str, charset: Option<&str>, octets: &[u8]| {
        with_part(name, attachment("a.txt", "text/plain", charset, octets))
    };
    let of = |name: &str, file: &str, media_type: &'static str, octets: &[u8]| {
        with_part(name, attachment(file, media_type, None, octets))
    };
    let table = |name: &str, charset: &str, octets: &[u8]| {
        with_part(name, attachment("a.csv", "text/csv", Some(charset), octets))
    };
    let calendar = |name: &str, line: &str| {
        let text = format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\n{line}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        );
        of(name, "a.ics", "text/calendar", text.as_bytes())
    };
    let card = |name: &str, line: &str| {
        let text = format!("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:x\r\n{line}\r\nEND:VCARD\r\n");
        of(name, "a.vcf", "text/vcard", text.as_bytes())
    };
    cases.extend([
        text("utf-7", Some("UTF-7"), b"+ADw-script+AD4-\r\n"),
        text("charset of a text missing", None, b"a\r\n"),
        text("cut shift_jis", Some("Shift_JIS"), b"\x93"),
        text("jis left open", Some("ISO-2022-JP"), b"\x1b$BF|"),
        text("other escape in jis", Some("ISO-2022-JP"), b"\x1b.Aa\x1b(B"),
        text("utf-16 without its mark", Some("UTF-16LE"), b"a\0"),
        text("mark of utf-16 under another label", Some("windows-1252"), b"\xff\xfe\x2e\x20"),
        text("mark of utf-8 under another label", Some("Shift_JIS"), b"\xef\xbb\xbf\xe2\x80\xae\x41"),
        text("bidi in utf-8 under another label", Some("windows-1252"), b"a\xe2\x80\xaeb\r\n"),
        text("soft hyphen of one octet", Some("windows-1252"), b"pay\xadpal\r\n"),
        text("control of the upper half", Some("ISO-8859-2"), b"a\x9b31mb\r\n"),
        text("filler of two octets", Some("EUC-KR"), b"a\xa4\xd4b\r\n"),
        text("control in a text", Some("UTF-8"), b"a\x07\r\n"),
        text("bidi in utf-16", Some("UTF-16LE"), b"\xff\xfea\0\x2e\x20"),
        with_part(
            "formula in shift_jis",
            attachment("a.csv", "text/csv", Some("Shift_JIS"), b"\x93\xfa,\x81\x811\r\n"),
        ),
        table("formula in the octets of kanji", "ISO-2022-JP", b"\x1b$B,=1+1,\x1b(B\r\n"),
        // 〠 and such characters, read two octets each; `,=1+1,` to a program that sees no label.
        table("formula in the octets of utf-16", "UTF-16BE", b",=1+1,"),
        table("wide formula under another label", "windows-1252", b"a,\x81\x811\r\n"),
        table("wide formula in gbk", "GBK", b"\x81\x811\r\n"),
        table("wide formula in big5", "Big5", b"\xa1\xd71\r\n"),
        table("wide letters behind a sign", "Shift_JIS", b"+\x82\x60\x82\x601\r\n"),
        of(
            "encoding of a declaration",
            "a.xml",
            "text/xml",
            b"<?xml version=\"1.0\" encoding=\"UTF-7\"?><a>+ADw-script+AD4-</a>",
        ),
        of(
            "mathematics as xml",
            "a.xml",
            "text/xml",
            b"<math xmlns=\"http://www.w3.org/1998/Math/MathML\" href=\"x\"/>",
        ),
        of(
            "document as xml",
            "a.xml",
            "text/xml",
            b"<w:d xmlns:w=\"http://schemas.microsoft.com/office/word/2003/wordml\"/>",
        ),
        of(
            "inclusion",
            "a.xml",
            "text/xml",
            b"<a xmlns:i=\"http://www.w3.org/2001/XInclude\"><i:include href=\"x\"/></a>",
        ),
        calendar("other text of a property", "SUMMARY;ALTREP=\"http://evil.example/\":x"),
        calendar("directory of a person", "ATTENDEE;DIR=\"ldap://evil.example/\":mailto:a@example.jp"),
        calendar("person who is a page", "ORGANIZER:http://evil.example/"),
        calendar("person with an attachment", "ATTENDEE:mailto:a@example.jp?attach=x"),
        calendar("encoded property", "SUMMARY;ENCODING=QUOTED-PRINTABLE:=66=69=6C=65://evil/x"),
        calendar("base64 property", "DESCRIPTION;ENCODING=BASE64;VALUE=BINARY:QUJD"),
        calendar("charset of a property", "SUMMARY;CHARSET=UTF-7:+ADw-"),
        calendar("date that is a text", "DTSTART:=cmd|x"),
        calendar("folded address to open", "SUMMARY:fi\r\n le://evil/x"),
        calendar("fold of a tab", "SUMMARY:fi\r\n\tle://evil/x"),
        calendar("old calendar", "VERSION:1.0"),
        card("encoded note", "NOTE;ENCODING=QUOTED-PRINTABLE:=66=69=6C=65://evil/x"),
        card("charset of a note", "NOTE;CHARSET=ISO-2022-JP:x"),
        card("value elsewhere", "NOTE;VALUE=URI:http://evil/x"),
        card("grouped address", "item1.URL:http://evil/x"),
        card("key", "KEY:x"),
        card("sound", "SOUND:x"),
        card("source", "SOURCE:http://evil/x"),
        card("old card", "VERSION:2.1"),
        of("broken json", "a.json", "application/json", b"{\"a\":1,}"),
        of("script as json", "a.json", "application/json", b"alert(1)"),
        of("document type", "a.xml", "application/xml", b"<!DOCTYPE a SYSTEM \"http://x\"><a/>"),
        of("entity", "a.xml", "application/xml", b"<a>&x;</a>"),
        of("instruction", "a.xml", "text/xml", b"<?xml-stylesheet href=\"x\"?><a/>"),
        of(
            "page as xml",
            "a.xml",
            "text/xml",
            b"<html xmlns=\"http://www.w3.org/1999/xhtml\"><script/></html>",
        ),
        of(
            "drawing as xml",
            "a.xml",
            "text/xml",
            b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"x\"/>",
        ),
        of(
            "alarm",
            "a.ics",
            "text/calendar",
            b"BEGIN:VCALENDAR\r\nBEGIN:VALARM\r\nEND:VALARM\r\nEND:VCALENDAR\r\n",
        ),
        of(
            "attachment in a calendar",
            "a.ics",
            "text/calendar",
            b"BEGIN:VCALENDAR\r\nATTACH:x\r\nEND:VCALENDAR\r\n",
        ),
        of("picture in a card", "a.vcf", "text/vcard", b"BEGIN:VCARD\r\nPHOTO:x\r\nEND:VCARD\r\n"),
        of(
            "address to open in a card",
            "a.vcf",
            "text/vcard",
            b"BEGIN:VCARD\r\nNOTE:file://x/y\r\nEND:VCARD\r\n",
        ),
        of("page", "a.html", "text/html", b"<script>alert(1)</script>"),
        of("program", "a.exe", "application/x-msdownload", b"MZ"),
        of("archive", "a.zip", "application/zip", b"PK\x03\x04"),
        of("nothing known", "a.bin", "application/octet-stream", b"x"),
        of("old document", "a.doc", "application/msword", b"\xd0\xcf\x11\xe0"),
        of("picture that is a program", "a.png", "image/png", b"MZ\x90\0"),
        of("photo that is a page", "a.jpg", "image/jpeg", b"<html>"),
        of("charset of a picture", "a.png", "image/png", b""),
    ]);
    cases
}

/// Five octets: a zero, then a match of four at a distance of two, one of them before the beginning.
fn far_match() -> Vec<u8> {
    // Last block, fixed codes; literal 0 (0011 0000), length 4 (000 0010), distance 2 (00001), end (000 0000).
    let written = "1 10 00110000 0000010 00001 0000000";
    let bits: Vec<bool> = written.chars().filter(|c| *c != ' ').map(|c| c == '1').collect();
    let octet = |bits: &[bool]| bits.iter().rev().fold(0u8, |octet, bit| octet << 1 | u8::from(*bit));
    let sum = zlib(&[0; 5]);
    let data: Vec<u8> = bits.chunks(8).map(octet).collect();
    [&[0x78, 0x01][..], &data, &sum[sum.len() - 4..]].concat()
}

#[expect(clippy::too_many_lines, reason = "one row a hostile picture")]
fn pictures() -> Vec<Case> {
    let of_png = |name: &str, octets: &[u8]| with_part(name, attachment("a.png", "image/png", None, octets));
    let of_jpeg =
        |name: &str, octets: &[u8]| with_part(name, attachment("a.jpg", "image/jpeg", None, octets));
    let rows = zlib(&[0u8; 26]);
    let end = chunk(b"IEND", &[]);
    let with_data = |head: Vec<u8>, data: &[u8]| [PNG, &head, &chunk(b"IDAT", data), &end].concat();
    let rgb = || ihdr(4, 2, [8, 2, 0, 0, 0]);
    let photo = jpeg();
    vec![
        of_png("text chunk", &png(&chunk(b"tEXt", b"Comment\0<script>"))),
        of_png("compressed text chunk", &png(&chunk(b"zTXt", b"a\0\0"))),
        of_png("position", &png(&chunk(b"eXIf", b"MM\0*"))),
        of_png("profile", &png(&chunk(b"iCCP", b"a\0\0"))),
        of_png("private chunk", &png(&chunk(b"prVt", b"x"))),
        of_png("animation", &png(&chunk(b"acTL", &[0, 0, 0, 1, 0, 0, 0, 0]))),
        of_png("time", &png(&chunk(b"tIME", &[7; 7]))),
        of_png("chunk after the end", &[png(&[]), chunk(b"tEXt", b"x")].concat()),
        of_png("archive after the end", &[&png(&[])[..], b"PK\x05\x06", &[0; 18]].concat()),
        of_png("octet after the end", &[&png(&[])[..], b"x"].concat()),
        of_png("second end", &[png(&[]), end.clone()].concat()),
        of_png("data in the end", &replaced(&png(&[]), &end, &chunk(b"IEND", b"x"))),
        of_png("wrong crc", &replaced(&png(&[]), &end, b"\0\0\0\0IEND\0\0\0\0")),
        of_png("two headers", &png(&rgb())),
        of_png("two data chunks", &png(&chunk(b"IDAT", &rows))),
        of_png("rows missing", &with_data(rgb(), &zlib(&[0u8; 13]))),
        of_png("rows too many", &with_data(rgb(), &zlib(&[0u8; 39]))),
        of_png("unknown filter", &with_data(rgb(), &zlib(&[5u8; 26]))),
        of_png("octets behind the stream", &with_data(rgb(), &[&rows[..], b"PK"].concat())),
        of_png("stream cut", &with_data(rgb(), &rows[..rows.len() - 1])),
        of_png("wrong checksum", &with_data(rgb(), &[&rows[..rows.len() - 4], b"\0\0\0\0"].concat())),
        of_png("archive in the pixels", &{
            let row = [&[0][..], b"PK\x05\x06\0\0\0\0\x01\0\x01\0", &[7; 10]].concat();
            [PNG, &ihdr(22, 1, [8, 0, 0, 0, 0]), &chunk(b"IDAT", &zlib(&row)), &end].concat()
        }),
        of_png("match before the data", &with_data(ihdr(4, 1, [8, 0, 0, 0, 0]), &far_match())),
        of_png(
            "empty block before the data",
            &with_data(rgb(), &{ [&rows[..2], &[0, 0, 0, 0xff, 0xff], &rows[2..]].concat() }),
        ),
        of_png(
            "bits before a stored block",
            &with_data(rgb(), &[&rows[..2], &[0b1001], &rows[3..]].concat()),
        ),
        of_png("window too small to name", &with_data(rgb(), &[&[0x88, 0x1c], &rows[2..]].concat())),
        of_png("interlaced", &with_data(ihdr(4, 2, [8, 2, 0, 0, 1]), &rows)),
        of_png("bomb", &with_data(ihdr(60_000, 60_000, [8, 2, 0, 0, 0]), &rows)),
        of_png("no width", &with_data(ihdr(0, 2, [8, 2, 0, 0, 0]), &rows)),
        of_png("palette missing", &with_data(ihdr(4, 2, [8, 3, 0, 0, 0]), &zlib(&[0u8; 10]))),
        of_jpeg(
            "comment beside the picture",
            &replaced(&photo, b"\xff\xdb", b"\xff\xfe\x00\x06evil\xff\xdb"),
        ),
        of_jpeg("position in a photo", &replaced(&photo, b"\xff\xdb", b"\xff\xe1\x00\x08Exif\0\0\xff\xdb")),
        of_jpeg("profile in a photo", &replaced(&photo, b"\xff\xdb", b"\xff\xe2\x00\x06ICC_\xff\xdb")),
        of_jpeg(
            "adobe segment",
            &replaced(&photo, b"\xff\xdb", b"\xff\xee\x00\x0eAdobe\0d\0\0\0\0\0\xff\xdb"),
        ),
        of_jpeg("thumbnail", &replaced(&photo, b"\x00\x48\x00\x00", b"\x00\x48\x01\x01")),
        of_jpeg("archive behind the photo", &[&photo[..], b"PK\x03\x04"].concat()),
        of_jpeg("octets before the end", &replaced(&photo, b"\xff\xd9", b"abc\xff\xd9")),
        of_jpeg("no end", &photo[..photo.len() - 2]),
        of_jpeg("mcu missing", &replaced(&photo, b"\x10\x01\x01\x11", b"\x20\x01\x01\x11")),
        of_jpeg(
            "table that nothing uses",
            &replaced(
                &photo,
                b"\xff\xda",
                b"\xff\xc4\x00\x14\x11\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xff\xda",
            ),
        ),
        of_jpeg("subsampled grey", &replaced(&photo, b"\x10\x01\x01\x11", b"\x10\x01\x01\x22")),
        of_jpeg("component of another number", &{
            let named = replaced(&photo, b"\x10\x01\x01\x11", b"\x10\x01\x47\x11");
            replaced(&named, b"\x08\x01\x01\x00", b"\x08\x01\x47\x00")
        }),
        of_jpeg("coefficients that no samples make", &{
            // One DC code of eleven bits; two blocks of 1,024 and 1,025 more.
            let large = replaced(&photo, b"\0\0\xff\xc4\x00\x14\x10", b"\0\x0b\xff\xc4\x00\x14\x10");
            let bits = (1_024u32 << 20 | 1_025 << 7 | 0b11_1111).to_be_bytes();
            replaced(&large, b"\x0f\xff\xd9", &[&bits[..], b"\xff\xd9"].concat())
        }),
        of_jpeg("progressive", &replaced(&photo, b"\xff\xc0", b"\xff\xc2")),
        of_jpeg("arithmetic", &replaced(&photo, b"\xff\xc0", b"\xff\xc9")),
        of_jpeg("twelve bits", &replaced(&photo, b"\x00\x0b\x08", b"\x00\x0b\x0c")),
        of_jpeg("photo bomb", &replaced(&photo, b"\x00\x08\x00\x10", b"\xff\xdc\xff\xdc")),
        of_jpeg("fill before a marker", &replaced(&photo, b"\xff\xda", b"\xff\xff\xda")),
    ]
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = texts();
    cases.extend(files());
    cases.extend(pictures());
    cases
}
