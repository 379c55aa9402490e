//! What extensions and declared media types claim.

use super::{Format, format};
use mail::MediaType;
use policy::Kind;

/// Rows of (extensions, kind, media type). The first extension is the true one of the row; each is looked up as it is.
const EXTENSIONS: &[(&[&str], Kind, &str)] = &[
    (&["txt", "text", "log", "md"], Kind::Text, "text/plain"),
    (&["csv"], Kind::Csv, "text/csv"),
    (&["tsv", "tab"], Kind::Csv, "text/tab-separated-values"),
    (&["html", "htm", "xhtml", "xht", "shtml"], Kind::Html, "text/html"),
    (
        &["xml", "xsd", "xsl", "xslt", "rdf", "rss", "atom", "kml", "gml", "plist"],
        Kind::Xml,
        "application/xml",
    ),
    (&["json", "geojson"], Kind::Json, "application/json"),
    (&["ics", "ical", "ifb", "vcs"], Kind::Calendar, "text/calendar"),
    (&["vcf", "vcard"], Kind::Vcard, "text/vcard"),
    (&["eml", "mht", "mhtml"], Kind::Message, "message/rfc822"),
    (&["msg", "oft"], Kind::OutlookMessage, "application/vnd.ms-outlook"),
    (&["tnef"], Kind::Tnef, "application/ms-tnef"),
    (&["pdf"], Kind::Pdf, "application/pdf"),
    (&["png", "apng"], Kind::RasterImage, "image/png"),
    (&["jpg", "jpeg", "jpe", "jfif"], Kind::RasterImage, "image/jpeg"),
    (&["gif", "bmp", "dib", "tif", "tiff", "webp", "ico"], Kind::RasterImage, "image/x-any"),
    (&["svg", "svgz"], Kind::Svg, "image/svg+xml"),
    (
        &["heic", "heif", "avif", "jxl", "jp2", "j2k", "psd", "tga", "pcx", "cur"],
        Kind::OtherImage,
        "image/x-any",
    ),
    (&["emf", "wmf", "emz", "wmz"], Kind::Metafile, "image/x-any"),
    (&["docx", "docm", "dotx", "dotm"], Kind::Ooxml, DOCX),
    (&["xlsx", "xlsm", "xltx", "xltm", "xlam"], Kind::Ooxml, XLSX),
    (&["pptx", "pptm", "potx", "potm", "ppsx", "ppsm", "ppam", "sldx"], Kind::Ooxml, PPTX),
    (
        &["odt", "ods", "odp", "odg", "odf", "ott", "ots", "otp", "otg", "fodt", "fods", "fodp", "fodg"],
        Kind::OpenDocument,
        "application/x-any",
    ),
    (
        &[
            "doc", "dot", "xls", "xlt", "xla", "xlw", "ppt", "pps", "pot", "rtf", "wri", "xlsb", "vsd",
            "pub", "wps",
        ],
        Kind::LegacyOffice,
        "application/x-any",
    ),
    (&["jtd"], Kind::DomesticDocument, "application/x-js-taro"),
    (&["jtt"], Kind::DomesticDocument, "application/x-js-taro"),
    (&["jttc", "jtdc", "jaw", "jbw", "juw"], Kind::DomesticDocument, "application/x-js-taro"),
    (&["xdw"], Kind::DomesticDocument, "application/vnd.fujixerox.docuworks"),
    (&["xbd"], Kind::DomesticDocument, "application/vnd.fujixerox.docuworks.binder"),
    (&["xct"], Kind::DomesticDocument, "application/vnd.fujixerox.docuworks.container"),
    (&["jww"], Kind::DomesticDocument, "application/x-jww"),
    (&["jwc"], Kind::DomesticDocument, "application/x-jww"),
    (&["sfc", "sfz"], Kind::DomesticDocument, "application/x-sxf"),
    (&["p21", "p2z"], Kind::DomesticDocument, "application/p21"),
    (&["dxf"], Kind::DomesticDocument, "image/vnd.dxf"),
    (&["dwg"], Kind::DomesticDocument, "image/vnd.dwg"),
    (
        &["zip", "7z", "tar", "gz", "tgz", "bz2", "xz", "zst", "lzh", "lha", "rar", "cab", "arj", "ace", "z"],
        Kind::Archive,
        "application/x-any",
    ),
    (&["p7s"], Kind::Signature, "application/pkcs7-signature"),
    (&["p7m"], Kind::EncryptedMail, "application/pkcs7-mime"),
    (
        &[
            "exe", "dll", "scr", "com", "cpl", "sys", "ocx", "msi", "msp", "jar", "apk", "ipa", "pif", "xll",
            "class",
        ],
        Kind::Executable,
        "application/x-any",
    ),
    (&["lnk", "url", "website", "desktop", "webloc"], Kind::Shortcut, "application/x-any"),
    (&["iso"], Kind::DiskImage, "application/x-iso9660-image"),
    (&["img", "vhd", "vhdx", "vmdk", "dmg", "udf"], Kind::DiskImage, "application/x-any"),
    (&["mp3", "wav", "m4a", "wma", "ogg", "flac", "aac", "amr", "aiff", "mid"], Kind::Audio, "audio/x-any"),
    (
        &["mp4", "mov", "avi", "wmv", "mkv", "webm", "mpg", "mpeg", "m4v", "3gp", "flv"],
        Kind::Video,
        "video/x-any",
    ),
    (
        &[
            "one", "onepkg", "chm", "hlp", "mdb", "accdb", "swf", "ttf", "otf", "woff", "woff2", "slk",
            "dif", "pst",
        ],
        Kind::OtherKnown,
        "application/x-any",
    ),
];

pub(super) const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
pub(super) const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
pub(super) const PPTX: &str = "application/vnd.openxmlformats-officedocument.presentationml.presentation";

/// Extensions that a reader's system runs although the content is text; the second of a pair is the true one.
const SCRIPTS: &[&str] = &[
    "sh",
    "bash",
    "bat",
    "cmd",
    "ps1",
    "psm1",
    "psd1",
    "ps1xml",
    "vbs",
    "vbe",
    "vb",
    "js",
    "jse",
    "mjs",
    "ts",
    "wsf",
    "wsh",
    "wsc",
    "sct",
    "hta",
    "py",
    "pyw",
    "pl",
    "rb",
    "php",
    "jsp",
    "asp",
    "aspx",
    "lua",
    "tcl",
    "applescript",
    "scpt",
    "command",
    "reg",
    "inf",
    "ahk",
    "au3",
    "gadget",
    "msh",
    "mst",
    "ws",
    "cgi",
    "iqy",
    "oqy",
    "rqy",
    "dqy",
];

/// Text files that are followed when opened.
const SHORTCUTS: &[&str] = &[
    "url",
    "website",
    "webloc",
    "desktop",
    "lnk",
    "rdp",
    "scf",
    "library-ms",
    "search-ms",
    "searchconnector-ms",
    "settingcontent-ms",
    "appref-ms",
    "application",
    "theme",
    "themepack",
    "diagcab",
    "appinstaller",
    "mad",
    "maf",
    "mag",
    "mam",
    "maq",
    "mar",
    "mas",
    "mat",
    "mau",
    "mav",
    "maw",
    "printerexport",
    "xnk",
    "jnlp",
    "osdx",
    "contact",
];

/// The format that an extension claims.
pub(super) fn format_of_extension(extension: &str) -> Option<Format> {
    if let Some(script) = SCRIPTS.iter().find(|known| **known == extension) {
        return Some(format(Kind::Script, "application/x-script", script));
    }
    if let Some(shortcut) = SHORTCUTS.iter().find(|known| **known == extension) {
        return Some(format(Kind::Shortcut, "application/x-mswinurl", shortcut));
    }
    EXTENSIONS.iter().find_map(|(extensions, kind, media_type)| {
        let known = extensions.iter().find(|known| **known == extension)?;
        Some(format(*kind, media_type, known))
    })
}

/// The kind that a declared media type claims; `None` for types that say nothing.
pub(super) fn kind_of_media_type(declared: &MediaType) -> Option<Kind> {
    let text = declared.as_str();
    Some(match text {
        "text/html" | "application/xhtml+xml" => Kind::Html,
        "text/csv" | "text/tab-separated-values" => Kind::Csv,
        "text/calendar" => Kind::Calendar,
        "text/vcard" | "text/x-vcard" | "text/directory" => Kind::Vcard,
        "text/xml" | "application/xml" => Kind::Xml,
        "application/json" => Kind::Json,
        "text/rtf" | "application/rtf" | "application/msword" | "application/vnd.ms-powerpoint" => {
            Kind::LegacyOffice
        }
        // Browsers on Windows label CSV files so.
        "application/vnd.ms-excel" => return None,
        "message/rfc822" => Kind::Message,
        "application/ms-tnef" | "application/vnd.ms-tnef" => Kind::Tnef,
        "application/pdf" => Kind::Pdf,
        "image/svg+xml" => Kind::Svg,
        "application/zip"
        | "application/x-zip-compressed"
        | "application/x-lzh"
        | "application/x-7z-compressed" => Kind::Archive,
        "application/pkcs7-signature" | "application/x-pkcs7-signature" | "application/pgp-signature" => {
            Kind::Signature
        }
        _ if text.starts_with("application/vnd.openxmlformats-officedocument.") => Kind::Ooxml,
        _ if text.starts_with("application/vnd.oasis.opendocument.") => Kind::OpenDocument,
        _ => match declared.top_level() {
            "text" => Kind::Text,
            "image" => Kind::RasterImage,
            "audio" => Kind::Audio,
            "video" => Kind::Video,
            _ => return None,
        },
    })
}
