//! EUC-JP with its user-defined rows, and ISO-2022-KR (RFC 1557).

use super::{Reading, euc, jis};
use encoding_rs::EUC_KR;

/// Reads EUC-JP. Rows 85–94 are 外字: all of them in eucJP-ms, in the others those that have no character of NEC.
pub(super) fn euc_jp(octets: &[u8], user_rows_first: bool) -> Reading {
    let needs_care = user_rows_first && octets.iter().any(|o| *o >= 0xf5);
    if let (false, Some(text)) = (needs_care, euc(octets)) {
        return Reading { text, used: "EUC-JP", loss: 0, repaired: false };
    }
    let mut text = String::with_capacity(octets.len().saturating_mul(3).saturating_div(2));
    let mut loss = 0u32;
    let mut rest = octets;
    while let Some((&first, tail)) = rest.split_first() {
        if first.is_ascii() {
            text.push(char::from(first));
            rest = tail;
            continue;
        }
        let (character, taken) = character(rest, user_rows_first);
        match character {
            Some(piece) => text.push_str(&piece),
            None => {
                text.push('\u{fffd}');
                loss = loss.saturating_add(1);
            }
        }
        rest = rest.get(taken..).unwrap_or_default();
    }
    Reading { text, used: "EUC-JP", loss, repaired: false }
}

/// One character above ASCII and how many octets it took; an octet that begins none takes itself away.
fn character(rest: &[u8], user_rows_first: bool) -> (Option<String>, usize) {
    let user = |row: u8, cell: u8, base| {
        jis::private_use(row.wrapping_sub(0xf5), cell & 0x7f, base).map(String::from)
    };
    match *rest {
        [row @ 0xf5..=0xfe, cell @ 0xa1..=0xfe, ..] if user_rows_first => (user(row, cell, 0xe000), 2),
        [0x8f, row @ 0xf5..=0xfe, cell @ 0xa1..=0xfe, ..] if user_rows_first => (user(row, cell, 0xe3ac), 3),
        [0x8e, kana @ 0xa1..=0xdf, ..] => (euc(&[0x8e, kana]), 2),
        [0x8f, row @ 0xa1..=0xfe, cell @ 0xa1..=0xfe, ..] => {
            let read = euc(&[0x8f, row, cell]);
            (if row >= 0xf5 { read.or_else(|| user(row, cell, 0xe3ac)) } else { read }, 3)
        }
        [row @ 0xa1..=0xfe, cell @ 0xa1..=0xfe, ..] => {
            let read = euc(&[row, cell]);
            (if row >= 0xf5 { read.or_else(|| user(row, cell, 0xe000)) } else { read }, 2)
        }
        _ => (None, 1),
    }
}

/// Reads ISO-2022-KR: KS X 1001 between SO and SI.
pub(super) fn iso_2022_kr(octets: &[u8]) -> Reading {
    let mut euc_kr = Vec::with_capacity(octets.len());
    let (mut rest, mut shifted) = (octets, false);
    while let Some((&first, tail)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(b"\x1b$)C") {
            rest = after;
            continue;
        }
        match first {
            0x0e => shifted = true,
            0x0f => shifted = false,
            b'\r' | b'\n' => {
                shifted = false;
                euc_kr.push(first);
            }
            0x21..=0x7e if shifted => euc_kr.push(first | 0x80),
            _ => euc_kr.push(first),
        }
        rest = tail;
    }
    Reading::by(EUC_KR, &euc_kr, false)
}
