//! Pictures that move, and lie.

use crate::world::{Case, attachment, draft, of_draft, refusal, replaced, with_part};

/// A frame of 2 × 2 at a place, in one colour of four.
fn frame(place: [u8; 2], side: [u8; 2], codes: &[u8]) -> Vec<u8> {
    let control = [0x21, 0xf9, 4, 4, 10, 0, 0, 0];
    let image = [0x2c, place[0], 0, place[1], 0, side[0], 0, side[1], 0, 0, 2, codes.len() as u8];
    [&control[..], &image, codes, &[0]].concat()
}

/// Clear, a pixel, a string of two, a pixel, the end: codes of three bits and one of four.
const FOUR_PIXELS: &[u8] = &[0b1000_1100, 0b0101_0011];
/// Likewise, without the last pixel.
const THREE_PIXELS: &[u8] = &[0b1000_1100, 0b1011];

const LOOP: &[u8] = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0";

fn gif(extra: &[u8], frames: &[Vec<u8>]) -> Vec<u8> {
    let head = b"GIF89a\x04\0\x03\0\xf1\0\0\0\0\0\xff\0\0\0\xff\0\0\0\xff";
    [&head[..], extra, &frames.concat(), b"\x3b"].concat()
}

fn sound_frame() -> Vec<u8> {
    frame([1, 1], [2, 2], FOUR_PIXELS)
}

fn sound() -> Vec<u8> {
    gif(LOOP, &[sound_frame(), sound_frame()])
}

#[test]
fn a_sound_animation_passes() {
    let case = with_part("", attachment("a.gif", "image/gif", None, &sound()));
    let objections = refusal(case.octets, &case.expected);
    assert!(objections.is_none(), "{objections:?}");
}

pub(crate) fn cases() -> Vec<Case> {
    let two = |frame: Vec<u8>| gif(LOOP, &[sound_frame(), frame]);
    let sound = sound();
    let directory = [&b"PK\x05\x06\0\0\0\0\x01\0\x01\0"[..], &[0; 10]].concat();
    let table = [&b"\x86"[..], &directory, &vec![0; 384 - directory.len()]].concat();
    // Codes of eight bits: clear, four pixels, the end.
    let image = [0x2c, 1, 0, 1, 0, 2, 0, 2, 0];
    let codes = [7, 6, 0x80, 1, 2, 3, 4, 0x81, 0];
    let own_table = two([&[0x21, 0xf9, 4, 4, 10, 0, 0, 0][..], &image, &table, &codes].concat());
    let rows: Vec<(&str, Vec<u8>)> = vec![
        ("behind the trailer", [&sound[..], b"MZ\x90"].concat()),
        ("a second picture behind the trailer", [&sound[..], &sound].concat()),
        ("without trailer", sound[..sound.len() - 1].to_vec()),
        ("a comment", gif(b"\x21\xfe\x05hello\0", &[sound_frame(), sound_frame()])),
        ("a comment behind a frame", gif(LOOP, &[sound_frame(), b"\x21\xfe\x01x\0".to_vec(), sound_frame()])),
        ("a text", gif(&[&b"\x21\x01\x0c"[..], &[0; 13]].concat(), &[sound_frame(), sound_frame()])),
        ("another extension", gif(b"\x21\xff\x0bEVILEVIL1.0\x03\x01\0\0\0", &[sound_frame(), sound_frame()])),
        ("two loops", gif(&[LOOP, LOOP].concat(), &[sound_frame(), sound_frame()])),
        ("a loop with more in it", replaced(&sound, b"\x03\x01\0\0\0", b"\x03\x01\0\0\x03abc\0")),
        ("too many frames", gif(LOOP, &vec![sound_frame(); 501])),
        ("one frame", gif(LOOP, &[sound_frame()])),
        ("of the older form", replaced(&sound, b"GIF89a", b"GIF87a")),
        ("too few pixels", two(frame([1, 1], [2, 2], THREE_PIXELS))),
        ("too many pixels", two(frame([1, 0], [1, 3], FOUR_PIXELS))),
        ("codes behind the end", two(frame([1, 1], [2, 2], &[FOUR_PIXELS, b"x"].concat()))),
        ("an octet behind the end", two(frame([1, 1], [2, 2], &[0b1000_1100, 0b0101_0011, 0]))),
        ("bits behind the end", two(frame([1, 0], [1, 3], &[0b1000_1100, 0b1000_1011]))),
        ("codes that break off", two(frame([1, 1], [2, 2], &FOUR_PIXELS[..1]))),
        ("a block behind a short one", replaced(&sound, b"\x53\0", b"\x53\x01x\0")),
        ("outside the screen across", two(frame([3, 1], [2, 2], FOUR_PIXELS))),
        ("outside the screen down", two(frame([1, 2], [2, 2], FOUR_PIXELS))),
        ("a frame without size", two(frame([1, 1], [0, 0], FOUR_PIXELS))),
        ("interlaced", replaced(&sound, b"\x02\0\x02\0\0\x02", b"\x02\0\x02\0\x40\x02")),
        ("waits for the user", replaced(&sound, b"\xf9\x04\x04", b"\xf9\x04\x06")),
        ("no delay", replaced(&sound, b"\xf9\x04\x04\x0a", b"\xf9\x04\x04\0")),
        (
            "a transparent colour that is none",
            replaced(&sound, b"\xf9\x04\x04\x0a\0\0", b"\xf9\x04\x05\x0a\0\x04"),
        ),
        ("without colours", replaced(&sound, b"\xf1\0\0\0\0\0\xff\0\0\0\xff\0\0\0\xff", b"\0\0\0")),
        ("a screen without size", replaced(&sound, b"\x04\0\x03\0\xf1", b"\0\0\x03\0\xf1")),
        ("a screen too large", replaced(&sound, b"\x04\0\x03\0\xf1", b"\xff\xff\x03\0\xf1")),
        ("a directory among the colours", own_table),
        ("a document in front", [b"%PDF-1.4\n", &sound[..]].concat()),
    ];
    let mut cases: Vec<Case> = rows
        .into_iter()
        .map(|(name, octets)| {
            with_part(&format!("gif: {name}"), attachment("a.gif", "image/gif", None, &octets))
        })
        .collect();
    let mut named = draft();
    named.attachments.push(attachment("a.png", "image/gif", None, &sound));
    cases.push(of_draft("gif: named otherwise", &named));
    cases.push(with_part("gif: called a png", attachment("a.png", "image/png", None, &sound)));
    cases
}
