use super::*;
use proptest::prelude::*;

const END: &[u8] = b"\r\n.\r\n";

/// Forms that some server takes for an end of data, and that are none.
const FORMS: [&[u8]; 19] = [
    b"\n.\n",
    b"\n.\r",
    b"\r.\n",
    b"\r.\r",
    b"\n.\r\n",
    b"\r.\r\n",
    b"\r\n.\n",
    b"\r\n.\r",
    b"\r\n.\r\r\n",
    b"\r\r\n.\r\r\n",
    b"\r\n\0.\r\n",
    b"\r\n.\0\r\n",
    b"\r\n .\r\n",
    b"\r\n..\r\n",
    b"\r\n. \r\n",
    b"\r\n.\r\r\r\n",
    b"\n\n.\n\n",
    b"\r\n.\n\r\n",
    b"\n\r.\r\n",
];

trait Receiver {
    fn feed(&mut self, input: &[u8]) -> (usize, bool);
}

impl Receiver for Data {
    fn feed(&mut self, input: &[u8]) -> (usize, bool) {
        Data::feed(self, input)
    }
}

fn data() -> Data {
    Data::new(&settings())
}

fn settings() -> Settings {
    Settings::standard("mx.example.lg.jp", &["example.lg.jp".to_owned()]).unwrap()
}

/// Feeds `input` cut at `cuts`; gives where the data ended, if it did.
fn end_of<R: Receiver>(receiver: &mut R, input: &[u8], cuts: &[usize]) -> Option<usize> {
    let mut from = 0;
    for &to in cuts.iter().chain([&input.len()]) {
        let (taken, ended) = receiver.feed(&input[from..to]);
        assert!(ended || taken == to - from, "octets are taken or the data has ended");
        if ended {
            return Some(from + taken);
        }
        from = to;
    }
    None
}

/// The check: `form` inside a message, then the true end; every cut into two and three pieces, every cut at any set
/// of places within the form, and octet by octet. The data must end exactly once, at the true end.
fn check<R: Receiver>(form: &[u8], new: impl Fn() -> R) -> Result<usize, String> {
    let input = [b"Subject: x\r\n\r\nbody", form, b"MAIL FROM:<a@b>\r\nRCPT", END].concat();
    let form_at = input.len() - END.len() - 21 - form.len();
    let mut ran = 0;
    let mut run = |cuts: &[usize]| {
        ran += 1;
        match end_of(&mut new(), &input, cuts) {
            Some(end) if end == input.len() => Ok(()),
            end => Err(format!("{form:?} cut at {cuts:?} ends at {end:?}, not at {}", input.len())),
        }
    };
    for first in 0..=input.len() {
        for second in first..=input.len() {
            run(&[first, second])?;
        }
    }
    for set in 0_u32..1 << (form.len() + 1) {
        let cuts: Vec<usize> =
            (0..=form.len()).filter(|place| set & (1 << place) != 0).map(|place| form_at + place).collect();
        run(&cuts)?;
    }
    run(&(1..input.len()).collect::<Vec<_>>())?;
    Ok(ran)
}

#[test]
fn each_form_in_every_split_ends_once() {
    let mut ran = 0;
    for form in FORMS {
        let splits = check(form, data).unwrap();
        assert!(splits > 1_000, "{splits}");
        ran += 1;
    }
    assert_eq!(ran, 19);
}

/// Ends at a dot between line feeds, as servers did that read lines by LF.
struct LineFeeds(Vec<u8>);

/// Ends at `CRLF . CR CR LF`, too.
struct ManyCrs(Vec<u8>);

/// Looks for the right octets, but within one piece only.
struct Forgetful;

fn find(seen: &mut Vec<u8>, input: &[u8], ends: &[&[u8]]) -> (usize, bool) {
    for (index, &octet) in input.iter().enumerate() {
        seen.push(octet);
        if ends.iter().any(|end| seen.ends_with(end)) {
            return (index + 1, true);
        }
    }
    (input.len(), false)
}

impl Receiver for LineFeeds {
    fn feed(&mut self, input: &[u8]) -> (usize, bool) {
        find(&mut self.0, input, &[b"\n.\n", b"\n.\r\n"])
    }
}

impl Receiver for ManyCrs {
    fn feed(&mut self, input: &[u8]) -> (usize, bool) {
        find(&mut self.0, input, &[END, b"\r\n.\r\r\n"])
    }
}

impl Receiver for Forgetful {
    fn feed(&mut self, input: &[u8]) -> (usize, bool) {
        find(&mut Vec::new(), input, &[END])
    }
}

#[test]
fn the_check_finds_machines_that_are_wrong() {
    let wrong = |found: Vec<bool>| found.into_iter().filter(|wrong| *wrong).count();
    let line_feeds = FORMS.iter().map(|form| check(form, || LineFeeds(Vec::new())).is_err()).collect();
    let many_crs = FORMS.iter().map(|form| check(form, || ManyCrs(Vec::new())).is_err()).collect();
    let forgetful = FORMS.iter().map(|form| check(form, || Forgetful).is_err()).collect();
    assert_eq!((wrong(line_feeds), wrong(many_crs), wrong(forgetful)), (5, 2, 19));
}

/// What RFC 5321 says of a whole input, written with the whole input at hand.
fn reference(input: &[u8]) -> Option<(Vec<u8>, usize)> {
    let whole = [b"\r\n", input].concat();
    let end = whole.windows(END.len()).position(|window| window == END)?;
    let mut message = Vec::new();
    let mut rest = &whole[2..end + 2.min(whole.len())];
    while let Some(length) = rest.windows(2).position(|pair| pair == b"\r\n") {
        let mut line = &rest[..length];
        rest = &rest[length + 2..];
        line = line.strip_prefix(b".").unwrap_or(line);
        while let Some(shorter) = line.strip_suffix(b"\r") {
            line = shorter;
        }
        for &octet in line {
            if octet == b'\r' || octet == b'\n' {
                message.extend_from_slice(b"\r\n");
            } else {
                message.push(octet);
            }
        }
        message.extend_from_slice(b"\r\n");
    }
    Some((message, end + END.len() - 2))
}

fn received(input: &[u8], cuts: &[usize]) -> Option<(Vec<u8>, usize)> {
    let mut data = data();
    let end = end_of(&mut data, input, cuts)?;
    Some((data.finish().unwrap().0, end))
}

#[test]
fn every_short_input_is_read_as_the_rfc_says() {
    let alphabet = [b'\r', b'\n', b'.', b'a'];
    let mut ran = 0;
    for length in 0..=7_u32 {
        for number in 0..4_usize.pow(length) {
            let mut input: Vec<u8> = (0..length).map(|place| alphabet[number >> (2 * place) & 3]).collect();
            input.extend_from_slice(b"\r\n.\r\n");
            let all: Vec<usize> = (1..input.len()).collect();
            let expected = reference(&input);
            assert!(expected.is_some());
            assert_eq!(received(&input, &[]), expected, "{input:?}");
            assert_eq!(received(&input, &all), expected, "{input:?}");
            ran += 1;
        }
    }
    assert_eq!(ran, 21_845);
}

proptest! {
    #[test]
    fn long_inputs_in_random_pieces_are_read_as_the_rfc_says(
        octets in prop::collection::vec(prop::sample::select(b"\r\r\n\n..ab".to_vec()), 0..200),
        cuts in prop::collection::btree_set(0_usize..200, 0..20),
    ) {
        let input = [&octets, END].concat();
        let cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut < input.len()).collect();
        prop_assert_eq!(received(&input, &cuts), reference(&input));
    }
}

#[test]
fn dots_are_unstuffed() {
    let cases: [(&[u8], &[u8]); 8] = [
        (b".\r\n", b""),
        (b"..a\r\n.\r\n", b".a\r\n"),
        (b"a\r\n..\r\n.\r\n", b"a\r\n.\r\n"),
        (b".a\r\n.\r\n", b"a\r\n"),
        (b"\r\n.\r\n", b"\r\n"),
        (b"a\n.\n..\r\n.\r\n", b"a\r\n.\r\n..\r\n"),
        (b"a\rb\n\r\n.\r\n", b"a\r\nb\r\n\r\n"),
        (b"a\r\r\nb\r\n.\r\n", b"a\r\nb\r\n"),
    ];
    let mut ran = 0;
    for (input, message) in cases {
        assert_eq!(received(input, &[]), Some((message.to_vec(), input.len())), "{input:?}");
        ran += 1;
    }
    assert_eq!(ran, 8);
}

fn finish(settings: &Settings, input: &[u8]) -> Result<(Vec<u8>, LineEnds), Reply> {
    let mut data = Data::new(settings);
    assert_eq!(end_of(&mut data, input, &[]), Some(input.len()));
    data.finish()
}

#[test]
fn irregular_lines_are_counted() {
    let long = [&[b'a'; 999][..], b"\r\n", &[b'b'; 998], b"\r\nc\rd\ne\r\r\n.\r\n"].concat();
    let (_, line_ends) = finish(&settings(), &long).unwrap();
    assert_eq!(line_ends, LineEnds { stray_cr: 2, stray_lf: 1, long_lines: 1 });
}

#[test]
fn strays_are_refused_after_the_true_end_when_settings_say_so() {
    let mut settings = settings();
    settings.stray_line_ends = StrayLineEnds::Reject;
    for input in [&b"a\nb\r\n.\r\n"[..], b"a\rb\r\n.\r\n", b"a\r\r\n.\r\n", b".\rb\r\n.\r\n"] {
        assert_eq!(finish(&settings, input), Err(reply::STRAY), "{input:?}");
    }
    assert!(finish(&settings, b"a\r\n.\r\n").is_ok());
}

#[test]
fn nul_is_refused() {
    assert_eq!(finish(&settings(), b"a\0b\r\n.\r\n"), Err(reply::NUL));
}

#[test]
fn limits_are_met_and_passed_by_one() {
    let mut settings = settings();
    settings.size_octets_max = 10;
    assert!(finish(&settings, b"12345678\r\n.\r\n").is_ok());
    assert_eq!(finish(&settings, b"123456789\r\n.\r\n"), Err(reply::TOO_LARGE));
    settings.size_octets_max = 1 << 20;
    let line = |octets: usize| [&vec![b'a'; octets][..], b"\r\n.\r\n"].concat();
    assert!(finish(&settings, &line(65_536)).is_ok());
    assert_eq!(finish(&settings, &line(65_537)), Err(reply::LONG_LINE));
    let received = |count: usize| {
        let fields = "RECEIVED \t: from a\r\n by b\r\nReceived-SPF: x\r\n".repeat(count);
        format!("{fields}\r\n{}.\r\n", "Received: in the body\r\n".repeat(60)).into_bytes()
    };
    assert!(finish(&settings, &received(50)).is_ok());
    assert_eq!(finish(&settings, &received(51)), Err(reply::LOOP));
}

#[test]
fn refused_octets_are_not_kept() {
    let mut settings = settings();
    settings.size_octets_max = 1_000;
    let mut data = Data::new(&settings);
    for _ in 0..1_000 {
        assert_eq!(data.feed(&[b'a'; 1_000]), (1_000, false));
        assert!(data.held() <= 2_000);
    }
    assert_eq!(data.held(), 0);
}
