//! Formats that begin with octets of their own.

use super::{Format, container, format, text_like};
use policy::Kind;

/// (offset, octets, format), the first match wins.
type Row = (usize, &'static [u8], Format);

macro_rules! rows {
    ($($offset:literal $octets:literal $kind:ident $media_type:literal $extension:literal;)+) => {
        &[$(($offset, $octets, format(Kind::$kind, $media_type, $extension)),)+]
    };
}

const TABLE: &[Row] = rows! {
    0 b"%PDF-" Pdf "application/pdf" "pdf";
    0 b"\x89PNG\r\n\x1a\n" RasterImage "image/png" "png";
    0 b"\xff\xd8\xff" RasterImage "image/jpeg" "jpg";
    0 b"GIF87a" RasterImage "image/gif" "gif";
    0 b"GIF89a" RasterImage "image/gif" "gif";
    0 b"II*\0" RasterImage "image/tiff" "tif";
    0 b"MM\0*" RasterImage "image/tiff" "tif";
    0 b"II+\0" RasterImage "image/tiff" "tif";
    0 b"MM\0+" RasterImage "image/tiff" "tif";
    0 b"8BPS" OtherImage "image/vnd.adobe.photoshop" "psd";
    0 b"\xff\x0a" OtherImage "image/jxl" "jxl";
    0 b"\0\0\0\x0cJXL \r\n\x87\n" OtherImage "image/jxl" "jxl";
    0 b"\0\0\0\x0cjP  \r\n\x87\n" OtherImage "image/jp2" "jp2";
    0 b"\xff\x4f\xff\x51" OtherImage "image/jp2" "j2k";
    0 b"II\xbc" OtherImage "image/vnd.ms-photo" "jxr";
    0 b"qoif" OtherImage "image/qoi" "qoi";
    0 b"gimp xcf " OtherImage "image/x-xcf" "xcf";
    0 b"DDS " OtherImage "image/vnd-ms.dds" "dds";
    0 b"icns" OtherImage "image/icns" "icns";
    0 b"AT&TFORM" OtherImage "image/vnd.djvu" "djvu";
    128 b"DICM" OtherImage "application/dicom" "dcm";
    40 b" EMF" Metafile "image/emf" "emf";
    0 b"\xd7\xcd\xc6\x9a" Metafile "image/wmf" "wmf";
    0 b"\x01\0\x09\0\0\x03" Metafile "image/wmf" "wmf";
    0 b"\x02\0\x09\0\0\x03" Metafile "image/wmf" "wmf";
    0 b"{\\rt" LegacyOffice "application/rtf" "rtf";
    0 b"\xdb\xa5-\0" LegacyOffice "application/msword" "doc";
    0 b"\xffWPC" LegacyOffice "application/vnd.wordperfect" "wpd";
    0 b"JwwData." DomesticDocument "application/x-jww" "jww";
    0 b"JW_CAD" DomesticDocument "application/x-jww" "jwc";
    0 b"AC10" DomesticDocument "image/vnd.dwg" "dwg";
    0 b"AutoCAD Binary DXF" DomesticDocument "image/vnd.dxf" "dxf";
    0 b"\x78\x9f\x3e\x22" Tnef "application/ms-tnef" "dat";
    0 b"Rar!\x1a\x07" Archive "application/vnd.rar" "rar";
    0 b"RE~^" Archive "application/vnd.rar" "rar";
    0 b"7z\xbc\xaf\x27\x1c" Archive "application/x-7z-compressed" "7z";
    0 b"\x1f\x8b\x08" Archive "application/gzip" "gz";
    0 b"BZh" Archive "application/x-bzip2" "bz2";
    0 b"\xfd7zXZ\0" Archive "application/x-xz" "xz";
    0 b"\x28\xb5\x2f\xfd" Archive "application/zstd" "zst";
    0 b"\x04\x22\x4d\x18" Archive "application/x-lz4" "lz4";
    0 b"LZIP" Archive "application/lzip" "lz";
    0 b"\x5d\0\0\x80\0" Archive "application/x-lzma" "lzma";
    0 b"\x1f\x9d" Archive "application/x-compress" "Z";
    0 b"\x1f\xa0" Archive "application/x-compress" "z";
    0 b"MSCF\0\0\0\0" Archive "application/vnd.ms-cab-compressed" "cab";
    0 b"ISc(" Archive "application/x-installshield" "cab";
    7 b"**ACE**" Archive "application/x-ace-compressed" "ace";
    0 b"\x60\xea" Archive "application/x-arj" "arj";
    0 b"!<arch>\n" Archive "application/x-archive" "ar";
    0 b"070701" Archive "application/x-cpio" "cpio";
    0 b"070702" Archive "application/x-cpio" "cpio";
    0 b"070707" Archive "application/x-cpio" "cpio";
    0 b"\xc7\x71" Archive "application/x-cpio" "cpio";
    0 b"\x71\xc7" Archive "application/x-cpio" "cpio";
    257 b"ustar" Archive "application/x-tar" "tar";
    0 b"\x7fELF" Executable "application/x-executable" "elf";
    0 b"\xca\xfe\xba\xbe" Executable "application/java-vm" "class";
    0 b"\xca\xfe\xd0\x0d" Executable "application/x-java-pack200" "pack";
    0 b"\xfe\xed\xfa\xce" Executable "application/x-mach-binary" "macho";
    0 b"\xfe\xed\xfa\xcf" Executable "application/x-mach-binary" "macho";
    0 b"\xce\xfa\xed\xfe" Executable "application/x-mach-binary" "macho";
    0 b"\xcf\xfa\xed\xfe" Executable "application/x-mach-binary" "macho";
    0 b"\0asm" Executable "application/wasm" "wasm";
    0 b"dex\n" Executable "application/vnd.android.dex" "dex";
    0 b"Cr24" Executable "application/x-chrome-extension" "crx";
    0 b"\xed\xab\xee\xdb" Executable "application/x-rpm" "rpm";
    0 b"ITSF" OtherKnown "application/vnd.ms-htmlhelp" "chm";
    0 b"?_\x03\0" OtherKnown "application/winhlp" "hlp";
    0 b"L\0\0\0\x01\x14\x02\0" Shortcut "application/x-ms-shortcut" "lnk";
    0 b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3" OtherKnown "application/onenote" "one";
    0 b"\xa1\x2f\xff\x43\xd9\xef\x76\x4c\x9e\xe2\x10\xea\x57\x22\x76\x5f" OtherKnown "application/onenote" "onetoc2";
    0 b"conectix" DiskImage "application/x-vhd" "vhd";
    0 b"vhdxfile" DiskImage "application/x-vhdx" "vhdx";
    0 b"KDMV" DiskImage "application/x-vmdk" "vmdk";
    0 b"QFI\xfb" DiskImage "application/x-qemu-disk" "qcow2";
    0 b"MSWIM\0\0\0" DiskImage "application/x-ms-wim" "wim";
    0x8001 b"CD001" DiskImage "application/x-iso9660-image" "iso";
    0x8001 b"BEA01" DiskImage "application/x-iso9660-image" "udf";
    0 b"ID3" Audio "audio/mpeg" "mp3";
    0 b"fLaC" Audio "audio/flac" "flac";
    0 b"OggS" Audio "audio/ogg" "ogg";
    0 b"MThd\0\0\0\x06" Audio "audio/midi" "mid";
    0 b"#!AMR" Audio "audio/amr" "amr";
    0 b"caff" Audio "audio/x-caf" "caf";
    0 b"\x1aE\xdf\xa3" Video "video/x-matroska" "mkv";
    0 b"FLV\x01" Video "video/x-flv" "flv";
    0 b"\x30\x26\xb2\x75\x8e\x66\xcf\x11" Video "video/x-ms-asf" "wmv";
    0 b"\0\0\x01\xba" Video "video/mpeg" "mpg";
    0 b"\0\0\x01\xb3" Video "video/mpeg" "mpg";
    0 b"\0\x01\0\0\0" OtherKnown "font/ttf" "ttf";
    0 b"OTTO" OtherKnown "font/otf" "otf";
    0 b"ttcf" OtherKnown "font/collection" "ttc";
    0 b"wOFF" OtherKnown "font/woff" "woff";
    0 b"wOF2" OtherKnown "font/woff2" "woff2";
    0 b"SQLite format 3\0" OtherKnown "application/vnd.sqlite3" "sqlite";
    0 b"\0\x01\0\0Standard" OtherKnown "application/vnd.ms-access" "mdb";
    0 b"!BDN" OtherKnown "application/vnd.ms-outlook-pst" "pst";
    0 b"FWS" OtherKnown "application/x-shockwave-flash" "swf";
    0 b"CWS" OtherKnown "application/x-shockwave-flash" "swf";
    0 b"ZWS" OtherKnown "application/x-shockwave-flash" "swf";
    0 b"%!PS" OtherKnown "application/postscript" "ps";
    0 b"\xc5\xd0\xd3\xc6" OtherKnown "application/postscript" "eps";
    0 b"ID;P" OtherKnown "text/x-sylk" "slk";
    0 b"\x60\x0e\x82" DomesticDocument "application/vnd.fujixerox.docuworks" "xdw";
};

fn has(octets: &[u8], offset: usize, magic: &[u8]) -> bool {
    octets.get(offset..).is_some_and(|rest| rest.starts_with(magic))
}

/// The format whose octets these begin with.
pub(super) fn format_of(octets: &[u8], extension: &str) -> Option<Format> {
    if has(octets, 0, b"PK\x03\x04") || has(octets, 0, b"PK\x05\x06") || has(octets, 0, b"PK00PK\x03\x04") {
        return Some(container::zip_format(octets, extension));
    }
    if has(octets, 0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return Some(container::compound_format(octets, extension));
    }
    if has(octets, 0, b"\x1f\x8b") && extension == "svgz" {
        return Some(format(Kind::Svg, "image/svg+xml", "svgz"));
    }
    if has(octets, 0, b"\x1f\x8b") && matches!(extension, "emz" | "wmz") {
        let media_type = if extension == "emz" { "image/emf" } else { "image/wmf" };
        return Some(format(Kind::Metafile, media_type, if extension == "emz" { "emz" } else { "wmz" }));
    }
    if let Some(found) = structured(octets) {
        return Some(found);
    }
    for (offset, magic, found) in TABLE {
        if has(octets, *offset, magic) && !text_that_looks_so(octets, magic) {
            return Some(*found);
        }
    }
    at_the_end(octets).or_else(|| late_pdf(octets)).or_else(|| old_tar(octets))
}

/// Short printable magics also begin plain sentences (`BZh…`, `ID3 …`): then the rest decides.
fn text_that_looks_so(octets: &[u8], magic: &[u8]) -> bool {
    let printable = magic.iter().all(|b| b.is_ascii_graphic() || *b == b' ');
    let marked =
        magic.starts_with(b"%") || magic.starts_with(b"{") || magic.starts_with(b"ID;") || magic.len() > 8;
    printable && !marked && text_like::is_text(octets)
}

/// Formats whose beginning must be read, not only compared.
fn structured(octets: &[u8]) -> Option<Format> {
    let found = match octets.get(..4)? {
        b"RIFF" | b"RIFX" => match octets.get(8..12)? {
            b"WEBP" => format(Kind::RasterImage, "image/webp", "webp"),
            b"WAVE" | b"RMID" => format(Kind::Audio, "audio/wav", "wav"),
            b"AVI " => format(Kind::Video, "video/x-msvideo", "avi"),
            b"ACON" => format(Kind::OtherImage, "application/x-navi-animation", "ani"),
            _ => format(Kind::OtherKnown, "application/octet-stream", "riff"),
        },
        b"FORM" if matches!(octets.get(8..12)?, b"AIFF" | b"AIFC") => {
            format(Kind::Audio, "audio/aiff", "aiff")
        }
        [b'M', b'Z', ..] if !text_like::is_text(octets) => {
            format(Kind::Executable, "application/vnd.microsoft.portable-executable", "exe")
        }
        [b'B', b'M', ..] if is_bitmap(octets) => format(Kind::RasterImage, "image/bmp", "bmp"),
        [0, 0, 1, 0] if octets.get(4..6).is_some_and(|n| n != [0, 0]) && octets.get(9) == Some(&0) => {
            format(Kind::RasterImage, "image/vnd.microsoft.icon", "ico")
        }
        [0, 0, 2, 0] if octets.get(9) == Some(&0) => format(Kind::OtherImage, "image/x-win-bitmap", "cur"),
        [0xff, 0xfb | 0xf3 | 0xf2 | 0xfa, ..] => format(Kind::Audio, "audio/mpeg", "mp3"),
        [0xff, 0xf1 | 0xf9, ..] => format(Kind::Audio, "audio/aac", "aac"),
        [b'P', b'1'..=b'7', b'\n' | b'\r' | b' ' | b'\t', _] => {
            format(Kind::OtherImage, "image/x-portable-anymap", "pnm")
        }
        _ if octets.get(4..8) == Some(b"ftyp") => iso_media(octets),
        _ if matches!(octets.get(4..8), Some(b"moov" | b"mdat" | b"wide")) => {
            format(Kind::Video, "video/quicktime", "mov")
        }
        _ if octets.get(2..5) == Some(b"-lh") && octets.get(6) == Some(&b'-') => LZH,
        _ if octets.get(2..5) == Some(b"-lz") && octets.get(6) == Some(&b'-') => LZH,
        [0x30, ..] => return pkcs7(octets),
        _ => return None,
    };
    Some(found)
}

const LZH: Format = format(Kind::Archive, "application/x-lzh-compressed", "lzh");

/// The header size of a bitmap is one of the few that exist.
fn is_bitmap(octets: &[u8]) -> bool {
    let size = octets.get(14..18).and_then(|b| <[u8; 4]>::try_from(b).ok()).map(u32::from_le_bytes);
    matches!(size, Some(12 | 16 | 40 | 52 | 56 | 64 | 108 | 124))
}

/// ISO base media files (ISO/IEC 14496-12) by their brands.
fn iso_media(octets: &[u8]) -> Format {
    let length = octets.get(..4).and_then(|b| <[u8; 4]>::try_from(b).ok()).map_or(0, u32::from_be_bytes);
    let end = usize::try_from(length).unwrap_or(0).clamp(12, 128);
    let brands = octets.get(8..end).or_else(|| octets.get(8..)).unwrap_or_default();
    let any = |names: &[&[u8]]| brands.chunks(4).any(|brand| names.contains(&brand));
    if any(&[b"avif", b"avis"]) {
        format(Kind::OtherImage, "image/avif", "avif")
    } else if any(&[b"heic", b"heix", b"hevc", b"heim", b"heis", b"hevx", b"mif1", b"msf1"]) {
        format(Kind::OtherImage, "image/heic", "heic")
    } else if any(&[b"crx "]) {
        format(Kind::OtherImage, "image/x-canon-cr3", "cr3")
    } else if any(&[b"jp2 ", b"jpx "]) {
        format(Kind::OtherImage, "image/jp2", "jp2")
    } else if any(&[b"M4A ", b"M4B "]) {
        format(Kind::Audio, "audio/mp4", "m4a")
    } else if any(&[b"qt  "]) {
        format(Kind::Video, "video/quicktime", "mov")
    } else {
        format(Kind::Video, "video/mp4", "mp4")
    }
}

/// CMS content (RFC 5652): signed (with or without content) or enveloped, by its object identifier.
fn pkcs7(octets: &[u8]) -> Option<Format> {
    const OID: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07";
    const DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
    let head = octets.get(..octets.len().min(1024))?;
    let at = head.get(..32.min(head.len()))?.windows(OID.len()).position(|w| w == OID)?;
    let kind = head.get(at.checked_add(OID.len())?)?;
    if *kind != 2 {
        return Some(format(Kind::EncryptedMail, "application/pkcs7-mime", "p7m"));
    }
    let inner = head.windows(DATA.len()).position(|w| w == DATA)?;
    let content = inner.checked_add(DATA.len())?;
    // A sequence of the identifier alone has no content: what follows it are certificates.
    let alone = inner.checked_sub(2).and_then(|at| head.get(at..inner)) == Some(b"\x30\x0b");
    Some(if head.get(content) == Some(&0xa0) && !alone {
        format(Kind::EncryptedMail, "application/pkcs7-mime", "p7m")
    } else {
        format(Kind::Signature, "application/pkcs7-signature", "p7s")
    })
}

/// Disk images that are known by their end, and raw ones by their boot sector.
fn at_the_end(octets: &[u8]) -> Option<Format> {
    let last = octets.get(octets.len().checked_sub(512)?..)?;
    if last.starts_with(b"conectix") {
        return Some(format(Kind::DiskImage, "application/x-vhd", "vhd"));
    }
    if last.starts_with(b"koly") {
        return Some(format(Kind::DiskImage, "application/x-apple-diskimage", "dmg"));
    }
    let boots = octets.get(510..512) == Some(b"\x55\xaa");
    let fat =
        octets.get(54..57) == Some(b"FAT") || octets.get(82..85) == Some(b"FAT") || has(octets, 3, b"NTFS");
    (boots && fat).then_some(format(Kind::DiskImage, "application/x-raw-disk-image", "img"))
}

/// Readers look for the header of a PDF in its first 1,024 octets.
fn late_pdf(octets: &[u8]) -> Option<Format> {
    let head = octets.get(..octets.len().min(1024 + 5)).unwrap_or_default();
    let found = head.windows(5).any(|w| w == b"%PDF-");
    (found && !text_like::is_text(octets)).then_some(format(Kind::Pdf, "application/pdf", "pdf"))
}

/// What viewers take for a PDF if it is named so: a header without its version, or no header but the end of one.
pub(super) fn is_near_pdf(octets: &[u8]) -> bool {
    let head = octets.get(..octets.len().min(1024)).unwrap_or_default();
    let tail = octets.get(octets.len().saturating_sub(1024)..).unwrap_or_default();
    let holds = |part: &[u8], mark: &[u8]| part.windows(mark.len()).any(|window| window == mark);
    holds(head, b"%PDF") || (holds(tail, b"startxref") && holds(tail, b"%%EOF"))
}

/// A tar without `ustar`: the checksum of its first header decides.
fn old_tar(octets: &[u8]) -> Option<Format> {
    let header = octets.get(..512)?;
    let field = header.get(148..156)?;
    let text = std::str::from_utf8(field).ok()?.trim_matches([' ', '\0']);
    let stated = u32::from_str_radix(text, 8).ok()?;
    let spaced =
        |(index, octet): (usize, &u8)| if (148..156).contains(&index) { 32 } else { u32::from(*octet) };
    let sum = header.iter().enumerate().map(spaced).fold(0u32, u32::saturating_add);
    (sum == stated && header.first() != Some(&0)).then_some(format(Kind::Archive, "application/x-tar", "tar"))
}
