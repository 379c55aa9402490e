//! Encoded files inside text: uuencode, `begin-base64`, yEnc, `BinHex` 4.0 and ASCII armour (POSIX uuencode,
//! RFC 1741, RFC 9580 §6.2, RFC 7468). Programs that show text turn them into files; so they are cut out here and
//! become parts of their own, or are broken visibly by the caller.
//!
//! *Security.* Any text. One pass over the lines, with a list of possible ends made beforehand, so that many
//! beginnings without an end cost no more than their lines. What is decoded is shorter than what was read.

use super::transfer;
use std::ops::Range;

/// An encoded file that was found in text.
#[derive(Clone, PartialEq, Eq)]
pub struct Block {
    /// Its lines, counted from 0, as [`str::lines`] counts them.
    pub lines: Range<usize>,
    /// How it is encoded.
    pub kind: BlockKind,
    /// The name that it carries, as written; empty when it carries none.
    pub name: String,
    /// Its octets. `None` when it is damaged, or when its octets are lost in text (`yEnc`): the caller then breaks
    /// the first of its lines visibly.
    pub octets: Option<Vec<u8>>,
}

impl std::fmt::Debug for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let size = self.octets.as_ref().map(Vec::len);
        f.debug_struct("Block")
            .field("lines", &self.lines)
            .field("kind", &self.kind)
            .field("size", &size)
            .finish()
    }
}

/// How a block is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockKind {
    /// `begin 644 name`.
    Uuencode,
    /// `begin-base64 644 name`.
    Base64,
    /// `=ybegin`.
    Yenc,
    /// `BinHex` 4.0.
    BinHex,
    /// `-----BEGIN PGP MESSAGE-----`.
    PgpMessage,
    /// `-----BEGIN PGP SIGNATURE-----`.
    PgpSignature,
    /// `-----BEGIN PGP SIGNED MESSAGE-----`: one line above text that stays.
    PgpSignedMark,
    /// Any other armour: keys, certificates.
    Armour,
}

/// Finds the encoded blocks of a text, in their order and without overlap.
pub fn find(text: &str) -> Vec<Block> {
    let lines: Vec<&str> = text.lines().collect();
    let ends = Ends::of(&lines);
    let mut blocks = Vec::new();
    let mut at = 0_usize;
    while let Some(line) = lines.get(at) {
        match begins(line).map(|kind| block(kind, at, &lines, &ends)) {
            Some(block) => {
                at = block.lines.end;
                blocks.push(block);
            }
            None => at = at.saturating_add(1),
        }
    }
    blocks
}

/// Lines on which a block may end.
struct Ends {
    yenc: Vec<usize>,
    armour: Vec<usize>,
}

impl Ends {
    fn of(lines: &[&str]) -> Self {
        let starting = |mark: &str| {
            lines.iter().enumerate().filter(|(_, line)| line.starts_with(mark)).map(|(at, _)| at).collect()
        };
        Self { yenc: starting("=yend"), armour: starting("-----END ") }
    }
}

/// The first of `ends` behind `at`.
fn next_end(ends: &[usize], at: usize) -> Option<usize> {
    ends.get(ends.partition_point(|&end| end <= at)).copied()
}

/// What begins on this line.
fn begins(line: &str) -> Option<BlockKind> {
    if let Some(rest) = line.strip_prefix("begin") {
        return match rest.strip_prefix("-base64 ") {
            Some(rest) => mode_and_name(rest).map(|_| BlockKind::Base64),
            // Two spaces are enough for some programs (`begin  the meeting`).
            None if rest.starts_with("  ") => Some(BlockKind::Uuencode),
            None => rest.strip_prefix(' ').and_then(mode_and_name).map(|_| BlockKind::Uuencode),
        };
    }
    if line.starts_with("=ybegin ") {
        return Some(BlockKind::Yenc);
    }
    if line.starts_with("(This file must be converted with BinHex") {
        return Some(BlockKind::BinHex);
    }
    let label = line.strip_prefix("-----BEGIN ")?.trim_end().strip_suffix("-----")?;
    Some(match label {
        "PGP MESSAGE" => BlockKind::PgpMessage,
        "PGP SIGNATURE" => BlockKind::PgpSignature,
        "PGP SIGNED MESSAGE" => BlockKind::PgpSignedMark,
        _ => BlockKind::Armour,
    })
}

/// `644 name`.
fn mode_and_name(rest: &str) -> Option<&str> {
    let (mode, name) = rest.split_once(' ')?;
    let octal = (3..=4).contains(&mode.len()) && mode.bytes().all(|b| (b'0'..=b'7').contains(&b));
    (octal && !name.trim().is_empty()).then(|| name.trim())
}

fn block(kind: BlockKind, at: usize, lines: &[&str], ends: &Ends) -> Block {
    let (end, octets) = match kind {
        BlockKind::Uuencode => uuencoded(at, lines),
        BlockKind::Base64 => base64_lines(at, lines),
        BlockKind::Yenc => (next_end(&ends.yenc, at), None),
        BlockKind::BinHex => (binhex_end(at, lines), None),
        BlockKind::PgpSignedMark => (None, None),
        BlockKind::PgpMessage | BlockKind::PgpSignature | BlockKind::Armour => {
            let end = next_end(&ends.armour, at);
            (end, end.and_then(|end| armour(lines.get(at.saturating_add(1)..end)?)))
        }
    };
    let last = end.unwrap_or(at);
    let name = lines.get(at).map(|line| name(kind, line)).unwrap_or_default();
    Block { lines: at..last.saturating_add(1), kind, name, octets }
}

fn name(kind: BlockKind, line: &str) -> String {
    let found = match kind {
        BlockKind::Uuencode => line.strip_prefix("begin ").and_then(mode_and_name),
        BlockKind::Base64 => line.strip_prefix("begin-base64 ").and_then(mode_and_name),
        BlockKind::Yenc => line.split_once("name=").map(|(_, name)| name.trim()),
        BlockKind::BinHex
        | BlockKind::PgpMessage
        | BlockKind::PgpSignature
        | BlockKind::PgpSignedMark
        | BlockKind::Armour => None,
    };
    found.unwrap_or_default().to_owned()
}

/// The last line and the octets of a uuencoded block. A block that breaks off reaches to its last good line.
fn uuencoded(at: usize, lines: &[&str]) -> (Option<usize>, Option<Vec<u8>>) {
    let mut octets = Vec::new();
    let mut last = None;
    for (number, line) in lines.iter().enumerate().skip(at.saturating_add(1)) {
        if line.trim_end() == "end" {
            return (Some(number), Some(octets));
        }
        // An empty line stands for a line of no octets, but not twice: then text follows.
        let empty = line.trim().is_empty();
        let before = number
            .checked_sub(1)
            .and_then(|before| lines.get(before))
            .is_some_and(|line| line.trim().is_empty());
        if (empty && before) || !transfer::uu_line(line.as_bytes(), &mut octets) {
            return (last, None);
        }
        last = if empty { last } else { Some(number) };
    }
    (last, None)
}

fn base64_lines(at: usize, lines: &[&str]) -> (Option<usize>, Option<Vec<u8>>) {
    let mut data = Vec::new();
    let mut last = None;
    for (number, line) in lines.iter().enumerate().skip(at.saturating_add(1)) {
        let line = line.trim_end();
        if line == "====" {
            let (octets, damage) = transfer::decode(&data, transfer::Encoding::Base64);
            return (Some(number), damage.is_none().then_some(octets));
        }
        if line.is_empty() || !line.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b)) {
            break;
        }
        data.extend_from_slice(line.as_bytes());
        last = Some(number);
    }
    (last, None)
}

/// The last line of a `BinHex` block: data starts with `:` and ends with `:`.
fn binhex_end(at: usize, lines: &[&str]) -> Option<usize> {
    let mut last = None;
    for (number, line) in lines.iter().enumerate().skip(at.saturating_add(1)) {
        let line = line.trim();
        let opens = last.is_none();
        if line.is_empty() && opens {
            continue;
        }
        if line.is_empty() || line.contains(' ') || (opens && !line.starts_with(':')) {
            break;
        }
        last = Some(number);
        if line.ends_with(':') && line.len() > 1 {
            break;
        }
    }
    last
}

/// The octets between the lines of an armour: fields up to an empty line, base64, a checksum.
fn armour(inside: &[&str]) -> Option<Vec<u8>> {
    let fields = inside.iter().position(|line| line.trim().is_empty());
    let start = match fields {
        Some(at) if inside.iter().take(at).all(|line| line.contains(": ")) => at.saturating_add(1),
        _ => 0,
    };
    let data: Vec<u8> = inside
        .iter()
        .skip(start)
        .map(|line| line.trim())
        .filter(|line| !(line.starts_with('=') && line.len() == 5))
        .flat_map(str::bytes)
        .collect();
    let (octets, damage) = transfer::decode(&data, transfer::Encoding::Base64);
    (damage.is_none() && !octets.is_empty()).then_some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_and_decoded() {
        type Case = (&'static str, BlockKind, Range<usize>, Option<&'static [u8]>);
        let cases: [Case; 12] = [
            ("hi\nbegin 644 a.exe\n#0V%T\n`\nend\nbye", BlockKind::Uuencode, 1..5, Some(b"Cat")),
            ("begin 644 a.exe\r\n#0V%T\r\n\r\nend\r\n", BlockKind::Uuencode, 0..4, Some(b"Cat")),
            ("begin 644 a.exe\n#0V%T\nno more of it", BlockKind::Uuencode, 0..2, None),
            ("begin 644 a.exe", BlockKind::Uuencode, 0..1, None),
            ("begin  the meeting", BlockKind::Uuencode, 0..1, None),
            ("begin-base64 644 a\nQ2F0\n====\n", BlockKind::Base64, 0..3, Some(b"Cat")),
            ("=ybegin line=128 size=3 name=a.exe\n)=J*\n=yend size=3\n", BlockKind::Yenc, 0..3, None),
            ("(This file must be converted with BinHex 4.0)\n\n:abc\ndef:\n", BlockKind::BinHex, 0..4, None),
            (
                "-----BEGIN PGP MESSAGE-----\nVersion: 1\n\nQ2F0\n=abcd\n-----END PGP MESSAGE-----",
                BlockKind::PgpMessage,
                0..6,
                Some(b"Cat"),
            ),
            (
                "-----BEGIN CERTIFICATE-----\nQ2F0\n-----END CERTIFICATE-----",
                BlockKind::Armour,
                0..3,
                Some(b"Cat"),
            ),
            ("-----BEGIN PGP SIGNED MESSAGE-----\nHash: x\n\ntext", BlockKind::PgpSignedMark, 0..1, None),
            (
                "-----BEGIN PGP SIGNATURE-----\n\nQ2F0\n-----END PGP SIGNATURE-----",
                BlockKind::PgpSignature,
                0..4,
                Some(b"Cat"),
            ),
        ];
        let mut ran = 0;
        for (text, kind, lines, octets) in cases {
            let found = find(text);
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!((found[0].kind, &found[0].lines), (kind, &lines), "{text}");
            assert_eq!(found[0].octets.as_deref(), octets, "{text}");
            ran += 1;
        }
        assert_eq!(ran, 12);
        assert_eq!(find("begin 644 a.exe\n#0V%T\n`\nend")[0].name, "a.exe");
    }

    #[test]
    fn sentences_are_not_blocks() {
        for text in [
            "begin at 644",
            "beginning 644 a",
            "begin 9 a",
            "end",
            "=y",
            "-----BEGIN",
            "",
            "Let us begin 644 a",
        ] {
            assert_eq!(find(text), [], "{text}");
        }
    }

    #[test]
    fn many_beginnings_cost_no_more_than_their_lines() {
        for line in [
            "begin 644 a\n",
            "=ybegin a\n",
            "-----BEGIN X-----\n",
            "(This file must be converted with BinHex\n",
        ] {
            assert_eq!(find(&line.repeat(200_000)).len(), 200_000);
        }
    }
}
