//! What a part is, as decided by its content: the rows of DESIGN's table of types.

use serde::{Deserialize, Serialize};

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $key:literal;)+) => {
        /// Closed list of what the sanitiser tells apart. Each is a policy key.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Kind { $($(#[$doc])* $variant,)+ }

        impl Kind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Policy key and name in reports.
            pub const fn key(self) -> &'static str { match self { $(Self::$variant => $key),+ } }

            /// The kind of a policy key.
            pub fn of_key(key: &str) -> Option<Self> { match key { $($key => Some(Self::$variant),)+ _ => None } }
        }
    };
}

kinds! {
    /// Plain text, as a body or as a file.
    Text = "text";
    /// Comma- or tab-separated values.
    Csv = "csv";
    /// HTML, as a body or as a file.
    Html = "html";
    /// XML that is no more specific kind.
    Xml = "xml";
    /// JSON.
    Json = "json";
    /// iCalendar (RFC 5545).
    Calendar = "calendar";
    /// vCard (RFC 6350).
    Vcard = "vcard";
    /// A message (RFC 5322), as message/rfc822 or as a file.
    Message = "message";
    /// Outlook .msg.
    OutlookMessage = "outlook_message";
    /// TNEF (winmail.dat).
    Tnef = "tnef";
    /// PDF.
    Pdf = "pdf";
    /// PNG, JPEG, GIF, BMP, TIFF, WebP, ICO.
    RasterImage = "image";
    /// SVG.
    Svg = "svg";
    /// HEIC, AVIF, JPEG 2000, PSD and other images.
    OtherImage = "other_image";
    /// EMF, WMF.
    Metafile = "metafile";
    /// docx, xlsx, pptx and their variants.
    Ooxml = "ooxml";
    /// odt, ods, odp, odg.
    OpenDocument = "opendocument";
    /// doc, xls, ppt, rtf and other formats that only a renderer can show.
    LegacyOffice = "legacy_office";
    /// 一太郎, DocuWorks, CAD: formats that cannot be shown here.
    DomesticDocument = "domestic_document";
    /// zip, 7z, tar, gz, bz2, xz, zst, lzh, rar, cab.
    Archive = "archive";
    /// Encrypted S/MIME or PGP.
    EncryptedMail = "encrypted_mail";
    /// A detached signature (S/MIME, PGP).
    Signature = "signature";
    /// Programs in machine code.
    Executable = "executable";
    /// Scripts.
    Script = "script";
    /// Shortcuts and links (.lnk, .url).
    Shortcut = "shortcut";
    /// Disk images.
    DiskImage = "disk_image";
    /// Audio.
    Audio = "audio";
    /// Video.
    Video = "video";
    /// Fonts, databases and other known formats without a road.
    OtherKnown = "other_known";
    /// Nothing known.
    Unknown = "unknown";
}
