//! Base64 (RFC 4648 §4, RFC 2045 §6.8): our writer's one form, and a reader that takes what mail programs wrote.
//!
//! *Security.* The reader's output is never longer than three quarters of its input.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Octets of one written line of 76 characters.
const LINE_OCTETS: usize = 57;

fn character(value: u8) -> u8 {
    ALPHABET.get(usize::from(value & 0x3f)).copied().unwrap_or(b'=')
}

/// Appends the padded base64 of `octets`, without line breaks.
pub(crate) fn encode(octets: &[u8], out: &mut Vec<u8>) {
    for group in octets.chunks(3) {
        let (a, b, c) = match *group {
            [a, b, c] => (a, Some(b), Some(c)),
            [a, b] => (a, Some(b), None),
            [a] => (a, None, None),
            _ => continue,
        };
        let (second, third) = (b.unwrap_or(0), c.unwrap_or(0));
        out.push(character(a >> 2));
        out.push(character((a << 4) | (second >> 4)));
        out.push(if b.is_some() { character((second << 2) | (third >> 6)) } else { b'=' });
        out.push(if c.is_some() { character(third) } else { b'=' });
    }
}

/// Appends base64 in lines of 76 characters, each (the last one too) ended by CRLF.
pub(crate) fn encode_lines(octets: &[u8], out: &mut Vec<u8>) {
    out.reserve(octets.len().saturating_div(57).saturating_add(1).saturating_mul(78));
    for line in octets.chunks(LINE_OCTETS) {
        encode(line, out);
        out.extend_from_slice(b"\r\n");
    }
}

fn value(character: u8) -> Option<u8> {
    let base = match character {
        b'A'..=b'Z' => (b'A', 0),
        b'a'..=b'z' => (b'a', 26),
        b'0'..=b'9' => (b'0', 52),
        b'+' => return Some(62),
        b'/' => return Some(63),
        _ => return None,
    };
    Some(character.wrapping_sub(base.0).wrapping_add(base.1))
}

/// What was read from base64 that others wrote.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Read {
    /// The decoded octets.
    pub(crate) octets: Vec<u8>,
    /// Whether every character belonged there (spaces aside) and nothing was left over.
    pub(crate) clean: bool,
}

/// Reads base64 in any state: spaces anywhere, padding missing or between groups, foreign characters skipped.
/// A padding character ends a group of four, so that concatenated pieces are read on.
pub(crate) fn decode(text: &[u8]) -> Read {
    let mut octets = Vec::with_capacity(text.len().saturating_div(4).saturating_mul(3));
    let (mut group, mut held, mut clean) = (0u32, 0u8, true);
    let mut flush = |group: u32, held: u8| {
        let [_, a, b, c] = group.to_be_bytes();
        match held {
            4 => octets.extend_from_slice(&[a, b, c]),
            3 => octets.extend_from_slice(&[a, b]),
            2 => octets.push(a),
            _ => {}
        }
    };
    let (mut padded, mut ended) = (0u8, false);
    for &character in text {
        if let Some(bits) = value(character) {
            clean &= !ended;
            group |= u32::from(bits) << (18u8.saturating_sub(held.saturating_mul(6)));
            held = held.saturating_add(1);
            if held == 4 {
                flush(group, held);
                (group, held) = (0, 0);
            }
        } else if character == b'=' {
            ended = true;
            if held > 0 {
                clean &= held > 1;
                padded = 4u8.saturating_sub(held);
                flush(group, held);
                (group, held) = (0, 0);
            }
            clean &= padded > 0;
            padded = padded.saturating_sub(1);
        } else {
            clean &= character.is_ascii_whitespace();
        }
    }
    clean &= held != 1;
    flush(group, held);
    Read { octets, clean }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for length in 0..130u8 {
            let octets: Vec<u8> = (0..length).map(|n| n.wrapping_mul(37)).collect();
            let mut text = Vec::new();
            encode_lines(&octets, &mut text);
            assert!(text.split(|&b| b == b'\n').all(|line| line.len() <= 77));
            assert_eq!(decode(&text), Read { octets, clean: true });
        }
    }

    #[test]
    fn damaged_base64_is_read_as_far_as_it_goes() {
        let cases: [(&[u8], &[u8], bool); 9] = [
            (b"YWJj", b"abc", true),
            (b"YWI=", b"ab", true),
            (b"YWI", b"ab", true),
            (b"YQ", b"a", true),
            (b"Y W\r\nJ j", b"abc", true),
            (b"YQ==YmM=", b"abc", false),
            (b"Y*WJj", b"abc", false),
            (b"Y", b"", false),
            (b"====", b"", false),
        ];
        for (text, octets, clean) in cases {
            assert_eq!(decode(text), Read { octets: octets.to_vec(), clean }, "{text:?}");
        }
    }
}
