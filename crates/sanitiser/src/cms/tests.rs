use super::*;
use policy::Limits;

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x82], length.as_slice(), content].concat()
}

fn indefinite(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, 0x80], content, &[0, 0]].concat()
}

fn distinguished(common: &str, email: &str) -> Vec<u8> {
    let attribute = |kind: &[u8], tag: u8, value: &[u8]| {
        element(0x31, &element(0x30, &[element(0x06, kind), element(tag, value)].concat()))
    };
    element(
        0x30,
        &[attribute(COMMON_NAME, 0x0c, common.as_bytes()), attribute(EMAIL, 0x16, email.as_bytes())].concat(),
    )
}

/// Signed data with one certificate, in definite or indefinite lengths.
fn sample(wrap: fn(u8, &[u8]) -> Vec<u8>, content: Option<&[u8]>) -> Vec<u8> {
    let (issuer, serial) = (distinguished("認証局", "ca@example.jp"), element(0x02, &[7]));
    let empty = element(0x30, &[]);
    let to_be_signed = element(
        0x30,
        &[
            element(0xa0, &element(0x02, &[2])),
            serial.clone(),
            empty.clone(),
            issuer.clone(),
            empty.clone(),
            distinguished("山田太郎", "taro@example.jp"),
        ]
        .concat(),
    );
    let certificate = element(0x30, &[to_be_signed, empty.clone()].concat());
    let identifier = element(0x30, &[issuer, serial].concat());
    let info = element(0x30, &[element(0x02, &[1]), identifier, empty].concat());
    let data = element(0x06, b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01");
    let signed = match content {
        Some(content) => {
            let (a, b) = content.split_at(content.len() / 2);
            let pieces = wrap(0x24, &[element(0x04, a), element(0x04, b)].concat());
            wrap(0x30, &[data, wrap(0xa0, &pieces)].concat())
        }
        None => wrap(0x30, &data),
    };
    let fields =
        [element(0x02, &[1]), element(0x31, &[]), signed, wrap(0xa0, &certificate), wrap(0x31, &info)];
    let inner = wrap(0x30, &fields.concat());
    wrap(0x30, &[element(0x06, SIGNED_DATA), wrap(0xa0, &inner)].concat())
}

fn run(octets: &[u8]) -> Result<Option<Signed>, FindingCode> {
    signed(octets, &mut Budget::new(&Limits::STANDARD))
}

#[test]
fn what_was_signed_and_by_whom() {
    let content: &[u8] = b"Content-Type: text/plain\r\n\r\nbody\r\n";
    let signers = vec!["山田太郎 / taro@example.jp".to_owned()];
    let mut ran = 0;
    for wrap in [element as fn(u8, &[u8]) -> Vec<u8>, indefinite] {
        let read = run(&sample(wrap, Some(content))).unwrap().unwrap();
        assert_eq!(read, Signed { content: Some(content.to_vec()), signers: signers.clone() });
        let read = run(&sample(wrap, None)).unwrap().unwrap();
        assert_eq!(read, Signed { content: None, signers: signers.clone() });
        let armour = format!(
            "-----BEGIN PKCS7-----\r\n{}\r\n-----END PKCS7-----\r\n",
            BASE64.encode(&sample(wrap, Some(content)))
        );
        assert!(run(armour.as_bytes()).unwrap().unwrap().content.is_some());
        ran += 1;
    }
    assert_eq!(ran, 2);
}

#[test]
fn other_content_is_not_signed_data() {
    let mut enveloped = sample(element, None);
    let at = enveloped.windows(SIGNED_DATA.len()).position(|w| w == SIGNED_DATA).unwrap();
    enveloped[at + 8] = 3;
    assert_eq!(run(&enveloped), Ok(None));
    assert_eq!(run(b"\x30\x80"), Ok(None));
    assert_eq!(run(b""), Ok(None));
}

#[test]
fn depth_and_content_are_bounded() {
    assert_eq!(run(&[0x30, 0x80].repeat(100_000)), Ok(None));
    let small = Limits { unpacked_octets: 9, ..Limits::STANDARD };
    let octets = sample(indefinite, Some(b"0123456789"));
    assert_eq!(signed(&octets, &mut Budget::new(&small)), Err(FindingCode::LimitUnpackedOctets));
    let exact = Limits { unpacked_octets: 10, ..Limits::STANDARD };
    assert!(signed(&octets, &mut Budget::new(&exact)).is_ok());
}

#[test]
fn no_cut_and_no_flipped_octet_breaks_it() {
    let octets = sample(indefinite, Some(b"0123456789"));
    for place in 0..octets.len() {
        drop(run(&octets[..place]));
        for bits in [0xff, 0x80, 0x01] {
            let mut flipped = octets.clone();
            flipped[place] ^= bits;
            drop(run(&flipped));
        }
    }
    assert!(octets.len() > 200);
}
