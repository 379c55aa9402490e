//! The outline of an image file: where it really ends, what rides along, and how it was compressed.
//!
//! Read from structure alone, before any decoder: PNG (ISO/IEC 15948 §5), JPEG (ITU-T T.81 annex B), GIF (89a), WebP
//! (RFC 9649), BMP, ICO.
//!
//! *Security.* One linear walk over the input, every offset checked, nothing allocated. The outline is used for
//! findings and for choosing a compression, never for safety: that comes from writing the pixels anew.

mod walks;

use super::exif;
use image::metadata::Orientation;

/// What [`super::rebuild`] reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Png,
    Jpeg,
    Gif,
    Bmp,
    Tiff,
    WebP,
    Ico,
}

impl Format {
    /// By the first octets.
    pub(super) fn of(input: &[u8]) -> Option<Self> {
        Some(match input {
            [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Self::Png,
            [0xff, 0xd8, 0xff, ..] => Self::Jpeg,
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Self::Gif,
            [b'B', b'M', ..] => Self::Bmp,
            [b'I', b'I', 0x2a | 0x2b, 0, ..] | [b'M', b'M', 0, 0x2a | 0x2b, ..] => Self::Tiff,
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Self::WebP,
            [0, 0, 1, 0, _, _, ..] => Self::Ico,
            _ => return None,
        })
    }
}

/// What the structure tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outline {
    /// Blocks that are not needed to show the picture: EXIF, XMP, IPTC, comments, texts.
    pub(super) metadata: u32,
    /// Whether a position is among them.
    pub(super) gps: bool,
    /// Which way is up.
    pub(super) orientation: Orientation,
    /// Frames behind the first.
    pub(super) further_frames: u32,
    /// Octets behind the end of the image.
    pub(super) trailing_octets: u64,
    /// Whether the structure breaks off before its end.
    pub(super) truncated: bool,
    /// Whether the pixels were compressed with loss.
    pub(super) lossy: bool,
    /// Sum of the first quantisation table of a JPEG.
    pub(super) quantisation_sum: Option<u32>,
    /// Whether the colour of a JPEG is stored at a lower resolution.
    pub(super) subsampled: bool,
    /// Components of a JPEG.
    pub(super) components: u8,
    /// A dialect that readers disagree on (`CgBI`).
    pub(super) foreign: bool,
}

/// Reads the outline.
pub(super) fn survey(format: Format, input: &[u8]) -> Outline {
    let mut outline = Outline {
        metadata: 0,
        gps: false,
        orientation: Orientation::NoTransforms,
        further_frames: 0,
        trailing_octets: 0,
        truncated: false,
        lossy: false,
        quantisation_sum: None,
        subsampled: true,
        components: 3,
        foreign: false,
    };
    let end = match format {
        Format::Png => walks::png(input, &mut outline),
        Format::Jpeg => walks::jpeg(input, &mut outline),
        Format::Gif => walks::gif(input, &mut outline),
        Format::WebP => walks::webp(input, &mut outline),
        Format::Bmp => walks::bmp(input),
        Format::Ico => walks::ico(input),
        Format::Tiff => Some(input.len()),
    };
    match end {
        Some(end) => {
            outline.truncated = end > input.len();
            outline.trailing_octets = u64::try_from(input.len().saturating_sub(end)).unwrap_or(u64::MAX);
        }
        None => outline.truncated = true,
    }
    outline
}

impl Outline {
    fn count_metadata(&mut self) {
        self.metadata = self.metadata.saturating_add(1);
    }

    fn take_exif(&mut self, block: &[u8]) {
        self.count_metadata();
        let exif = exif::read(block);
        self.gps |= exif.gps;
        if self.orientation == Orientation::NoTransforms {
            self.orientation = exif.orientation;
        }
    }

    fn take_xmp(&mut self, packet: &[u8]) {
        self.count_metadata();
        self.gps |= packet.windows(11).any(|window| window == b"GPSLatitude");
    }
}
