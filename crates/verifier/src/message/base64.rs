//! Canonical base64 (RFC 4648 §4): whole groups, right padding, unused bits zero; lines of 76 (RFC 2045 §6.8).

const INVALID: u8 = 0xff;
const VALUES: [u8; 256] = values();

#[expect(clippy::indexing_slicing, reason = "an octet indexes an array of 256, a counter below 64 one of 64")]
#[expect(clippy::arithmetic_side_effects, reason = "counter below 64")]
#[expect(clippy::cast_possible_truncation, reason = "counter below 64")]
const fn values() -> [u8; 256] {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut table = [INVALID; 256];
    let mut value = 0usize;
    while value < 64 {
        table[alphabet[value] as usize] = value as u8;
        value += 1;
    }
    table
}

fn value(octet: u8) -> u8 {
    VALUES.get(usize::from(octet)).copied().unwrap_or(INVALID)
}

/// Decodes one run of groups onto `out`; whether it is canonical and whether it ended in padding.
fn groups(text: &[u8], out: &mut Vec<u8>) -> Result<bool, &'static str> {
    let (groups, rest) = text.as_chunks::<4>();
    if !rest.is_empty() {
        return Err("group cut short");
    }
    let Some((&[a, b, c, d], whole)) = groups.split_last() else { return Ok(false) };
    for &[a, b, c, d] in whole {
        out.extend_from_slice(&group([value(a), value(b), value(c), value(d)])?);
    }
    let pads = u8::from(c == b'=').saturating_add(u8::from(d == b'='));
    let y = if pads == 2 { 0 } else { value(c) };
    let z = if pads >= 1 { 0 } else { value(d) };
    if c == b'=' && d != b'=' {
        return Err("not of the alphabet");
    }
    let octets = group([value(a), value(b), y, z])?;
    let kept = 3usize.saturating_sub(usize::from(pads));
    let (kept, unused) = octets.split_at_checked(kept).unwrap_or((&octets, &[]));
    if unused.iter().any(|&octet| octet != 0) {
        return Err("unused bits are not zero");
    }
    out.extend_from_slice(kept);
    Ok(pads > 0)
}

/// The octets of four values of six bits.
fn group([w, x, y, z]: [u8; 4]) -> Result<[u8; 3], &'static str> {
    // Padding has no value and is refused here wherever it does not end the line.
    if (w | x | y | z) > 63 {
        return Err("not of the alphabet");
    }
    Ok([w << 2 | x >> 4, x << 4 | y >> 2, y << 6 | z])
}

/// Decodes an encoded word's text.
pub(super) fn word(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    groups(text, &mut out).ok()?;
    (!out.is_empty()).then_some(out)
}

/// Decodes lines of 76 characters, the last shorter if need be, each ended.
pub(super) fn lines(text: &[u8]) -> Result<Vec<u8>, &'static str> {
    let mut out = Vec::with_capacity(text.len().saturating_div(4).saturating_mul(3));
    let mut rest = text;
    let mut ended = false;
    while !rest.is_empty() {
        if ended {
            return Err("a short line before the last");
        }
        let length = rest.len().min(78).saturating_sub(2);
        let (line, behind) = rest.split_at_checked(length).ok_or("line")?;
        rest = behind.strip_prefix(b"\r\n").ok_or("line length")?;
        let padded = groups(line, &mut out)?;
        if line.is_empty() {
            return Err("empty line");
        }
        ended = padded || line.len() < 76;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_form_decodes() {
        let full = format!("{}\r\nQQ==\r\n", "QUJD".repeat(19));
        assert_eq!(lines(full.as_bytes()).unwrap().len(), 58);
        let sound: [(&str, &[u8]); 4] =
            [("", b""), ("QUJD\r\n", b"ABC"), ("QUI=\r\n", b"AB"), ("QQ==\r\n", b"A")];
        for (text, octets) in sound {
            assert_eq!(lines(text.as_bytes()).as_deref(), Ok(octets));
        }
        let long = format!("{}\r\n", "QUJD".repeat(20));
        let short_first = "QUJD\r\nQUJD\r\n";
        let padded_first = format!("{}QQ==\r\nQUJD\r\n", "QUJD".repeat(18));
        let wrong = [
            "QUJD",
            "QUJ\r\n",
            "QQ=\r\n",
            "QR==\r\n",
            "QUJ=\r\n",
            "Q===\r\n",
            "=QQQ\r\n",
            "QQ=Q\r\n",
            "QQ==QQ==\r\n",
            "Q JD\r\n",
            "Q-JD\r\n",
            "\r\n",
            "QUJD\r\n\r\n",
            "QUJD\n",
            &long,
            short_first,
            &padded_first,
        ];
        for text in wrong {
            assert!(lines(text.as_bytes()).is_err(), "{text:?}");
        }
        assert_eq!(wrong.len(), 17);
    }
}
