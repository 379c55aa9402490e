//! Documents that are locked here, and what becomes of them.

use super::*;
use crate::{
    archive::zip_lock::pbkdf2,
    opendocument::rebuild,
    raster::Fidelity,
    zip_writer::{Method, ZipFile},
};
use aes::{
    Aes256,
    cipher::{Array, BlockCipherEncrypt, KeyInit},
};
use data_encoding::BASE64;
use flate2::{Compression, write::DeflateEncoder};
use policy::{Limits, Policy};
use sha1::{Digest, Sha1};
use sha2::Sha256;
use std::io::Write;

const SALT: [u8; 16] = [5; 16];
const START: [u8; 16] = [6; 16];
const ROUNDS: u32 = 10;
const TEXT: &str = "<office:document-content \
    xmlns:office='urn:oasis:names:tc:opendocument:xmlns:office:1.0' \
    xmlns:text='urn:oasis:names:tc:opendocument:xmlns:text:1.0'><office:body><office:text>\
    <text:p>令和八年度の予算</text:p></office:text></office:body></office:document-content>";

struct NoFonts;

impl crate::Surroundings for NoFonts {
    fn begin(&mut self, _: &mail::PartPath) {}

    fn font(&mut self, _: crate::FontFace) -> Option<(std::sync::Arc<Vec<u8>>, u32)> {
        None
    }
}

fn packed(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipFile::new();
    for (name, octets) in members {
        zip.add(name, octets, Method::Stored).unwrap();
    }
    zip.finish().unwrap()
}

fn deflated(octets: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(octets).unwrap();
    encoder.finish().unwrap()
}

fn encrypted_block(cipher: &Aes256, octets: &[u8]) -> Vec<u8> {
    let mut block: Array<u8, _> = Array::try_from(octets).unwrap();
    cipher.encrypt_block(&mut block);
    block.to_vec()
}

fn cbc(key: &[u8], plain: &[u8]) -> Vec<u8> {
    let cipher = Aes256::new_from_slice(key).unwrap();
    let fill = 16_usize.checked_sub(plain.len() % 16).unwrap();
    let mut plain = [plain, &[0xaa; 16][..fill]].concat();
    *plain.last_mut().unwrap() = u8::try_from(fill).unwrap();
    let mut last = START.to_vec();
    plain
        .chunks(16)
        .flat_map(|chunk| {
            let mixed: Vec<u8> = chunk.iter().zip(&last).map(|(a, b)| a ^ b).collect();
            last = encrypted_block(&cipher, &mixed);
            last.clone()
        })
        .collect()
}

fn gcm(key: &[u8], plain: &[u8]) -> Vec<u8> {
    let cipher = Aes256::new_from_slice(key).unwrap();
    let mut octets = START[..12].to_vec();
    for (counter, chunk) in (2_u32..).zip(plain.chunks(16)) {
        let mask = encrypted_block(&cipher, &[&START[..12], &counter.to_be_bytes()].concat());
        octets.extend(chunk.iter().zip(mask).map(|(a, b)| a ^ b));
    }
    octets.extend([0; 16]);
    octets
}

fn cfb(key: &[u8], plain: &[u8]) -> Vec<u8> {
    let cipher: blowfish::Blowfish = blowfish::Blowfish::new_from_slice(key).unwrap();
    let mut last = START[..8].to_vec();
    plain
        .chunks(8)
        .flat_map(|chunk| {
            let mut mask: Array<u8, _> = Array::try_from(last.as_slice()).unwrap();
            cipher.encrypt_block(&mut mask);
            last = chunk.iter().zip(&mask).map(|(a, b)| a ^ b).collect();
            last.clone()
        })
        .collect()
}

/// A row of the manifest.
fn row(name: &str, size: usize, gcm: bool, derivation: &str, checksum: &str) -> String {
    let algorithm = if gcm {
        "http://www.w3.org/2009/xmlenc11#aes256-gcm"
    } else {
        "http://www.w3.org/2001/04/xmlenc#aes256-cbc"
    };
    format!(
        "<m:file-entry m:full-path='{name}' m:media-type='text/xml' m:size='{size}'><m:encryption-data {checksum}>\
         <m:algorithm m:algorithm-name='{algorithm}' m:initialisation-vector='{}'/>\
         <m:start-key-generation m:start-key-generation-name='http://www.w3.org/2000/09/xmldsig#sha256' \
         m:key-size='32'/><m:key-derivation {derivation} m:key-size='32' m:salt='{}'/>\
         </m:encryption-data></m:file-entry>",
        BASE64.encode(&START),
        BASE64.encode(&SALT),
    )
}

fn manifest(rows: &str) -> String {
    format!(
        "<?xml version='1.0'?><!DOCTYPE manifest:manifest PUBLIC 'a' 'Manifest.dtd'>\
         <m:manifest xmlns:m='urn:oasis:names:tc:opendocument:xmlns:manifest:1.0' \
         xmlns:loext='urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0'>{rows}</m:manifest>"
    )
}

fn sha256_key(word: &str) -> Vec<u8> {
    pbkdf2(&Sha256::digest(word), &SALT, ROUNDS, 32)
}

fn pbkdf2_row(rounds: u32) -> String {
    format!("m:key-derivation-name='PBKDF2' m:iteration-count='{rounds}'")
}

fn sum(kind: &str, sum: &[u8]) -> String {
    format!("m:checksum-type='{kind}' m:checksum='{}'", BASE64.encode(sum))
}

/// A document whose text is locked with a word.
fn locked(word: &str) -> Vec<u8> {
    let plain = deflated(TEXT.as_bytes());
    let checksum =
        sum("urn:oasis:names:tc:opendocument:xmlns:manifest:1.0#sha256-1k", &Sha256::digest(&plain));
    let rows = row("content.xml", TEXT.len(), false, &pbkdf2_row(ROUNDS), &checksum);
    packed(&[
        ("mimetype", b"application/vnd.oasis.opendocument.text"),
        ("content.xml", &cbc(&sha256_key(word), &plain)),
        ("META-INF/manifest.xml", manifest(&rows).as_bytes()),
    ])
}

fn rebuilt(octets: &[u8], words: &[&str], limits: &Limits) -> (Result<Vec<u8>, FindingCode>, Findings) {
    let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
    let (mut budget, mut findings) = (Budget::new(limits), Findings::new());
    let policy = Policy::standard();
    let result = rebuild(octets, &words, &policy, &mut budget, &mut findings, Fidelity::Full, &mut NoFonts);
    (result.map(|rewritten| rewritten.octets), findings)
}

fn says_the_text(octets: &[u8]) -> bool {
    let mut budget = Budget::new(&Limits::STANDARD);
    let mut package = Package::open(octets, &mut budget, &mut Findings::new()).unwrap();
    let content = package.read(CONTENT, &mut budget).unwrap().unwrap();
    String::from_utf8(content).unwrap().contains("令和八年度の予算")
}

#[test]
fn a_document_opens_with_its_word_alone() {
    let octets = locked("合言葉");
    let (result, findings) = rebuilt(&octets, &["no", "合言葉"], &Limits::STANDARD);
    assert!(findings.has(FindingCode::Unlocked) && says_the_text(&result.unwrap()));
    for words in [&["no", "合言"][..], &[]] {
        let (result, findings) = rebuilt(&octets, words, &Limits::STANDARD);
        assert_eq!(result, Err(FindingCode::Locked));
        assert!(!findings.has(FindingCode::Unlocked));
    }
    let limits = Limits { unlock_rounds: 1_000, ..Limits::STANDARD };
    for at in 0..octets.len() {
        let _cut = rebuilt(&octets[..at], &["合言葉"], &limits);
    }
    let manifest = manifest(&row("content.xml", 9, false, &pbkdf2_row(ROUNDS), &sum("SHA1/1K", &[0; 20])));
    for at in 0..manifest.len() {
        let mut manifest = manifest.clone().into_bytes();
        manifest[at] ^= 3;
        let octets = packed(&[("content.xml", &[7; 32]), ("META-INF/manifest.xml", &manifest)]);
        assert!(rebuilt(&octets, &["合言葉"], &limits).0.is_err());
    }
}

#[test]
fn a_package_in_a_package_opens_and_is_the_last_one() {
    let whole = |inner: &[u8]| {
        let plain = deflated(inner);
        let rows = row(WHOLE, inner.len(), true, &pbkdf2_row(ROUNDS), "");
        packed(&[
            ("mimetype", b"application/vnd.oasis.opendocument.text"),
            (WHOLE, &gcm(&sha256_key("word"), &plain)),
            ("META-INF/manifest.xml", manifest(&rows).as_bytes()),
        ])
    };
    let plain = packed(&[("content.xml", TEXT.as_bytes())]);
    let (result, _) = rebuilt(&whole(&plain), &["word"], &Limits::STANDARD);
    assert!(says_the_text(&result.unwrap()));
    assert_eq!(rebuilt(&whole(&plain), &["no"], &Limits::STANDARD).0, Err(FindingCode::Locked));
    let twice = whole(&locked("word"));
    assert_eq!(rebuilt(&twice, &["word"], &Limits::STANDARD).0, Err(FindingCode::Unreadable));
}

#[test]
fn every_way_of_locking_opens() {
    let plain = deflated(TEXT.as_bytes());
    let sha1 = sum("SHA1/1K", &Sha1::digest(&plain));
    let argon2 = "m:key-derivation-name='urn:org:documentfoundation:names:experimental:office:manifest:argon2id' \
                  loext:argon2-iterations='2' loext:argon2-memory='64' loext:argon2-lanes='2'";
    let mut argon2_key = [0; 32];
    argon2::Argon2::new(
        argon2::Algorithm::Argon2id,
        argon2::Version::V0x13,
        argon2::Params::new(64, 2, 2, Some(32)).unwrap(),
    )
    .hash_password_into(&Sha256::digest("word"), &SALT, &mut argon2_key)
    .unwrap();
    let aes = row("content.xml", TEXT.len(), false, argon2, &sha1);
    let blowfish = row("content.xml", TEXT.len(), false, &pbkdf2_row(ROUNDS), &sha1)
        .replace("http://www.w3.org/2001/04/xmlenc#aes256-cbc", "Blowfish CFB");
    let cases = [(aes, cbc(&argon2_key, &plain)), (blowfish, cfb(&sha256_key("word"), &plain))];
    let mut ran = 0;
    for (rows, octets) in cases {
        let octets =
            packed(&[("content.xml", &octets), ("META-INF/manifest.xml", manifest(&rows).as_bytes())]);
        assert!(says_the_text(&rebuilt(&octets, &["word"], &Limits::STANDARD).0.unwrap()), "{rows}");
        assert_eq!(rebuilt(&octets, &["no"], &Limits::STANDARD).0, Err(FindingCode::Locked));
        ran += 1;
    }
    assert_eq!(ran, 2);
}

#[test]
fn what_a_file_asks_for_is_spent_first() {
    // A try, then the member itself: two runs of PBKDF2 each for a key of 32 octets.
    let cost = u64::from(ROUNDS).saturating_mul(4);
    for (unlock_rounds, is_open) in [(cost, true), (cost.saturating_sub(1), false)] {
        let limits = Limits { unlock_rounds, ..Limits::STANDARD };
        assert_eq!(rebuilt(&locked("word"), &["word"], &limits).0.is_ok(), is_open);
    }
    let plain = deflated(TEXT.as_bytes());
    let key = sha256_key("word");
    let checksum = sum("sha256-1k", &Sha256::digest(&plain));
    let argon2 = |passes: &str, kib: &str, lanes: &str| {
        format!(
            "m:key-derivation-name='urn:org:documentfoundation:names:experimental:office:manifest:argon2id' \
             loext:argon2-iterations='{passes}' loext:argon2-memory='{kib}' loext:argon2-lanes='{lanes}'"
        )
    };
    // The derivation, the size that the file says, what comes of it, and whether a limit was met.
    let cases: &[(String, usize, FindingCode, bool)] = &[
        (pbkdf2_row(u32::MAX), TEXT.len(), FindingCode::Locked, true),
        (pbkdf2_row(ROUNDS), TEXT.len().saturating_sub(1), FindingCode::Unreadable, false),
        (pbkdf2_row(ROUNDS), TEXT.len().saturating_add(1), FindingCode::Unreadable, false),
        (pbkdf2_row(ROUNDS), usize::MAX, FindingCode::LimitUnpackRatio, false),
        ("m:key-derivation-name='scrypt'".to_owned(), TEXT.len(), FindingCode::Locked, false),
        (argon2("4000000000", "65536", "4"), TEXT.len(), FindingCode::Locked, true),
        (argon2("3", "65537", "4"), TEXT.len(), FindingCode::Locked, false),
        (argon2("3", "65536", "0"), TEXT.len(), FindingCode::Locked, false),
    ];
    let mut ran = 0;
    for (derivation, size, code, is_limit) in cases {
        let rows = row("content.xml", *size, false, derivation, &checksum);
        let octets = packed(&[
            ("content.xml", &cbc(&key, &plain)),
            ("META-INF/manifest.xml", manifest(&rows).as_bytes()),
        ]);
        let (result, findings) = rebuilt(&octets, &["word"], &Limits::STANDARD);
        assert_eq!(result, Err(*code), "{derivation} {size}");
        assert_eq!(findings.has(FindingCode::LimitUnlocking), *is_limit, "{derivation}");
        // Nobody waits for a word that would open nothing.
        let is_known = *code == FindingCode::Locked && *is_limit;
        assert_eq!(findings.has(FindingCode::PasswordAwaited), is_known, "{derivation}");
        ran += 1;
    }
    assert_eq!(ran, 8);
}

#[test]
fn old_manifests_leave_out_what_goes_without_saying() {
    let plain = deflated(TEXT.as_bytes());
    let key = pbkdf2(&Sha1::digest("word"), &SALT, 1_024, 32);
    let rows = row(
        "content.xml",
        TEXT.len(),
        false,
        "m:key-derivation-name='PBKDF2'",
        &sum("SHA1/1K", &Sha1::digest(&plain)),
    );
    let (before, after) = rows.split_once("<m:start-key").unwrap();
    let (_, after) = after.split_once("<m:key-derivation").unwrap();
    let rows = format!("{before}<m:key-derivation{after}");
    let octets =
        packed(&[("content.xml", &cbc(&key, &plain)), ("META-INF/manifest.xml", manifest(&rows).as_bytes())]);
    assert!(says_the_text(&rebuilt(&octets, &["word"], &Limits::STANDARD).0.unwrap()));
}
