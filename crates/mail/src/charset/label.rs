//! Charset labels as mail programs write them.

use encoding_rs::Encoding;

/// What a label names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charset {
    /// `us-ascii`.
    Ascii,
    /// `utf-8`.
    Utf8,
    /// `utf-16`, its order of octets when the label says it.
    Utf16(Option<Order>),
    /// `utf-32`.
    Utf32,
    /// ISO-2022-JP in any dialect.
    Iso2022Jp,
    /// `Shift_JIS`, always read as CP932.
    ShiftJis,
    /// EUC-JP with the rows of CP51932.
    EucJp,
    /// EUC-JP with user-defined rows 85–94.
    EucJpMs,
    /// ISO-2022-KR.
    Iso2022Kr,
    /// Whatever `encoding_rs` knows besides.
    Other(&'static Encoding),
    /// A charset that is not read, and the octets by which it hides text.
    Refused {
        /// Without one of these the octets are plain ASCII.
        shifts: &'static [u8],
    },
    /// No label, or one that nobody knows.
    Unknown,
}

/// Order of octets in a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Most significant first.
    Big,
    /// Least significant first.
    Little,
}

impl Charset {
    /// The MIME name for text that is ASCII under this label.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Iso2022Jp => "ISO-2022-JP",
            Self::ShiftJis => "Shift_JIS",
            Self::EucJp | Self::EucJpMs => "EUC-JP",
            Self::Other(encoding) => encoding.name(),
            Self::Ascii
            | Self::Utf16(_)
            | Self::Utf32
            | Self::Iso2022Kr
            | Self::Refused { .. }
            | Self::Unknown => "US-ASCII",
        }
    }
}

/// Looks a label up; letters' case, punctuation, quotes and an RFC 2231 language do not matter.
pub(super) fn charset(label: &str) -> Charset {
    let label = label.split(['*', ';', ',']).next().unwrap_or_default();
    let mut key = String::with_capacity(24);
    for c in label.chars().filter(char::is_ascii_alphanumeric).take(40) {
        key.push(c.to_ascii_lowercase());
    }
    let key = key.strip_prefix("charset").unwrap_or(&key);
    match key {
        "usascii" | "ascii" | "ansix341968" | "iso646us" | "us" | "csascii" | "cp367" => Charset::Ascii,
        "utf8" | "unicode11utf8" | "unicode20utf8" | "utf8mb4" | "xutf8" | "cp65001" | "utf8n"
        | "utf8bom" => Charset::Utf8,
        "utf16" | "ucs2" | "unicode" | "iso10646ucs2" | "csunicode" => Charset::Utf16(None),
        "utf16be" | "ucs2be" | "unicodefffe" => Charset::Utf16(Some(Order::Big)),
        "utf16le" | "ucs2le" | "unicodefeff" => Charset::Utf16(Some(Order::Little)),
        "utf32" | "utf32be" | "utf32le" | "ucs4" | "iso10646ucs4" => Charset::Utf32,
        "utf7" | "unicode11utf7" | "csunicode11utf7" | "utf7imap" | "xunicode20utf7" | "cp65000" => {
            Charset::Refused { shifts: b"+&" }
        }
        "hzgb2312" | "hz" => Charset::Refused { shifts: b"~" },
        "iso2022cn" | "iso2022cnext" | "csiso2022cn" => Charset::Refused { shifts: b"\x1b\x0e" },
        "iso2022kr" | "csiso2022kr" => Charset::Iso2022Kr,
        _ => japanese(key).or_else(|| other(label, key)).unwrap_or(Charset::Unknown),
    }
}

fn japanese(key: &str) -> Option<Charset> {
    Some(match key {
        "iso2022jp" | "csiso2022jp" | "iso2022jp1" | "iso2022jp2" | "csiso2022jp2" | "iso2022jp3"
        | "iso2022jp2004" | "iso2022jp3plane1" | "iso2022jpms" | "xiso2022jp" | "xwindowsiso2022jp"
        | "xwindows50220" | "xwindows50221" | "xwindows50222" | "cp50220" | "cp50221" | "cp50222"
        | "cp50220raw" | "windows50220" | "windows50221" | "windows50222" | "cswindows50220" | "jis"
        | "jis7" | "jis8" | "junet" | "iso2022" | "csjisencoding" | "jisencoding" | "iso2022jpext" => {
            Charset::Iso2022Jp
        }
        "shiftjis" | "xsjis" | "sjis" | "mskanji" | "csshiftjis" | "cp932" | "ms932" | "windows31j"
        | "cswindows31j" | "xms932" | "xshiftjis" | "sjiswin" | "sjisopen" | "windows932" | "ibm943"
        | "cp943" | "cp943c" | "xibm943" | "macjapanese" | "xmacjapanese" | "shiftjisx0213"
        | "shiftjis2004" | "sjis2004" | "sjismac" | "cp932ms" | "sjisdocomo" | "sjiskddi"
        | "sjissoftbank" | "shift" | "ibm932" | "pck" => Charset::ShiftJis,
        "eucjp"
        | "xeucjp"
        | "cseucpkdfmtjapanese"
        | "euc"
        | "eucj"
        | "ujis"
        | "cp51932"
        | "xeuc"
        | "eucjpwin"
        | "eucjis"
        | "eucjis2004"
        | "eucjisx0213"
        | "extendedunixcodepackedformatforjapanese"
        | "ibm33722"
        | "windows51932"
        | "eucjapan" => Charset::EucJp,
        "eucjpms" | "eucjpopen" | "xeucjpopen" | "xeucjpms" => Charset::EucJpMs,
        _ => return None,
    })
}

fn other(label: &str, key: &str) -> Option<Charset> {
    let alias = match key {
        "cp936" | "ms936" | "windows936" | "gb2312" | "xgbk" | "euccn" | "cneuc" => "gbk",
        "cp54936" => "gb18030",
        "cp950" | "ms950" | "windows950" | "big5eten" | "xbig5" => "big5",
        "cp949" | "ms949" | "windows949" | "uhc" | "euckr" | "5601" | "ksc5601" => "euc-kr",
        "koi8" => "koi8-r",
        "latin1" | "iso88591windows" | "cp28591" | "8859" | "iso8859" => "iso-8859-1",
        _ => "",
    };
    let windows =
        key.strip_prefix("windows").or_else(|| key.strip_prefix("cp")).filter(|n| n.starts_with("125"));
    let encoding = Encoding::for_label(alias.as_bytes())
        .or_else(|| Encoding::for_label(label.trim_matches([' ', '"', '\'']).as_bytes()))
        .or_else(|| Encoding::for_label(key.as_bytes()))
        .or_else(|| Encoding::for_label(format!("windows-{}", windows?).as_bytes()))?;
    // The standard's name for what it does not read, and an encoding that only shows octets.
    let read = encoding != encoding_rs::REPLACEMENT && encoding != encoding_rs::X_USER_DEFINED;
    read.then_some(Charset::Other(encoding))
}
