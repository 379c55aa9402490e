//! Small damaged PDFs made here → the pages that viewers count in them, drawn or, where there is nothing to draw, empty
//! and told.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which may fail loudly")]

use mail::PartPath;
use policy::{Budget, FindingCode, Findings, Limits, Policy};
use sanitiser::pdf::{self, Reduction};
use sanitiser::{FontFace, Surroundings};
use std::sync::Arc;

/// A machine without CJK fonts.
struct Bare;

impl Surroundings for Bare {
    fn begin(&mut self, _: &PartPath) {}

    fn font(&mut self, _: FontFace) -> Option<(Arc<Vec<u8>>, u32)> {
        None
    }
}

/// Sheets of 20 by 10 points of what comes out, and how many are told to be empty or incomplete.
fn sheets(input: &[u8]) -> Result<(usize, u32), FindingCode> {
    let mut policy = Policy::standard();
    policy.pdf_dpi = 20;
    let mut findings = Findings::new();
    let mut budget = Budget::new(&Limits::STANDARD);
    let out = pdf::flatten(input, &[], &policy, Reduction::None, &mut budget, &mut findings, &mut Bare)?;
    assert!(findings.has(FindingCode::PdfRepaired), "{findings:?}");
    let text = String::from_utf8_lossy(&out.octets).into_owned();
    assert_eq!(text.matches("/MediaBox[").count(), text.matches("/MediaBox[0 0 20 10]").count());
    Ok((text.matches("/MediaBox[0 0 20 10]").count(), findings.count(FindingCode::PageIncomplete)))
}

/// Whether anything but white comes out: a page of pictures is larger than an empty one.
fn shows_something(input: &[u8]) -> bool {
    let out_of = |input: &[u8]| {
        let mut budget = Budget::new(&Limits::STANDARD);
        let (policy, mut findings) = (Policy::standard(), Findings::new());
        pdf::flatten(input, &[], &policy, Reduction::None, &mut budget, &mut findings, &mut Bare)
            .unwrap()
            .octets
            .len()
    };
    let painted = String::from_utf8_lossy(input).into_owned();
    let empty = painted.replace("re f", "re n");
    assert_ne!(painted, empty);
    out_of(painted.as_bytes()) != out_of(empty.as_bytes())
}

/// A file without a table: what follows the header, and a trailer.
fn tableless(objects: &str) -> Vec<u8> {
    format!("%PDF-1.7\n{objects}\ntrailer<</Root 1 0 R>>\n").into_bytes()
}

/// A catalog and a root of the page tree with these keys.
fn rooted(root: &str, more: &str) -> Vec<u8> {
    tableless(&format!(
        "1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</MediaBox[0 0 20 10]{root}>>endobj\n{more}"
    ))
}

const BLACK: &str = "<</Length 14>>stream\n3 3 9 4 re f  \nendstream endobj";

#[test]
fn a_promised_page_is_there_drawn_or_empty_and_told() {
    let black = format!("9 0 obj{BLACK}\n");
    let loose = "3 0 obj<</Type/Page/MediaBox[0 0 20 10]/Contents 9 0 R>>endobj\n";
    let cases = [
        ("a root without kids is the page", "/Contents 9 0 R", black.clone(), Ok((1, 0))),
        ("whatever it promises", "/Type/Pages/Count 7/Contents 9 0 R", black.clone(), Ok((1, 0))),
        ("and empty without contents", "/Type/Pages/Count 7", String::new(), Ok((1, 1))),
        ("a tree that leads only to itself", "/Type/Pages/Count 2/Kids[2 0 R]", String::new(), Ok((2, 2))),
        ("kids that are not there", "/Type/Pages/Kids[7 0 R 8 0 R]", String::new(), Ok((2, 2))),
        (
            "kids that are not there, and more",
            "/Type/Pages/Count 3/Kids[7 0 R 8 0 R]",
            String::new(),
            Ok((3, 3)),
        ),
        ("no promise", "/Type/Pages/Kids[]", String::new(), Err(FindingCode::Unreadable)),
        ("a hundred", "/Type/Pages/Count 100/Kids[]", String::new(), Ok((100, 100))),
        ("more than a hundred", "/Type/Pages/Count 101/Kids[]", String::new(), Err(FindingCode::Unreadable)),
        ("less than none", "/Type/Pages/Count -5/Kids[]", String::new(), Err(FindingCode::Unreadable)),
        (
            "a page that no tree leads to",
            "/Type/Pages/Count 1/Kids[2 0 R]",
            format!("{loose}{black}"),
            Ok((1, 0)),
        ),
        (
            "one of three pages that no tree leads to",
            "/Type/Pages/Kids[6 0 R 7 0 R 8 0 R]",
            format!("{loose}{black}"),
            Ok((3, 2)),
        ),
    ];
    for (why, root, more, expected) in &cases {
        assert_eq!(sheets(&rooted(root, more)), *expected, "{why}");
    }
    assert_eq!(cases.len(), 12);
    assert!(shows_something(&rooted("/Contents 9 0 R", &black)));
    assert!(shows_something(&rooted("/Type/Pages/Count 1/Kids[2 0 R]", &format!("{loose}{black}"))));
}

#[test]
fn a_tree_of_a_thousand_levels_still_leads_to_its_page() {
    let nodes: String = (2..1002)
        .map(|number| {
            format!(
                "{number} 0 obj<</Type/Pages/Count 1/Kids[{} 0 R]/MediaBox[0 0 20 10]>>endobj\n",
                number + 1
            )
        })
        .collect();
    let input = tableless(&format!(
        "1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n{nodes}1002 0 obj<</Contents 1003 0 R>>endobj\n1003 0 obj{BLACK}"
    ));
    assert!(shows_something(&input));
}

/// As no reader of ours takes them as they are: a header without version, so that only the lenient one is left.
fn headless(objects: &str, trailer: &str) -> Vec<u8> {
    format!("%PDF\n{objects}\ntrailer{trailer}\n").into_bytes()
}

#[test]
fn objects_are_found_as_viewers_find_them() {
    const ROOT: &str = "1 0 obj<</Pages 2 0 R>>endobj\n";
    let page = |keys: &str| format!("{ROOT}2 0 obj<</MediaBox[0 0 20 10]{keys}");
    let trailer = "<</Root 1 0 R>>";
    let unreadable = Err(FindingCode::Unreadable);
    let cases = [
        ("nothing closed but by endobj", page("/K<</A[1(x)endobj"), trailer, Ok((1, 1))),
        ("what is no key is passed over", page("/ x 7 []/K/V>>endobj"), trailer, Ok((1, 1))),
        (
            "a name in other digits",
            ROOT.replace("Pages", "P#61ges") + "2 0 obj<</MediaBox[0 0 20 10]>>",
            trailer,
            Ok((1, 1)),
        ),
        (
            "a later object holds",
            page(">>endobj 2 0 obj<</MediaBox[0 0 20 10]/Kids[3 0 R 4 0 R]>>endobj"),
            trailer,
            Ok((2, 2)),
        ),
        ("an object inside an open one", format!("5 0 obj<</A[{}", page(">>endobj")), trailer, Ok((1, 1))),
        (
            "behind a stream without end",
            format!("5 0 obj<<>>stream\n{}", page(">>endobj")),
            trailer,
            Ok((1, 1)),
        ),
        (
            "none inside a whole stream",
            page(">>endobj 5 0 obj<<>>stream\n2 0 obj<<>>endobj\nendstream"),
            trailer,
            Ok((1, 1)),
        ),
        ("zeros between words", page("/Kids[3\x000\x00R]>>endobj"), trailer, Ok((1, 1))),
        ("comments", page("/Kids%]\n[3 0 R%>>\n]>>endobj"), trailer, Ok((1, 1))),
        ("a trailer in two", page(">>endobj trailer<</Root 1 0 R>>"), "<</Size 9>>", Ok((1, 1))),
        (
            "a table that is a stream",
            page(">>endobj 7 0 obj<</Type/XRef/Root 1 0 R>>stream\nx\nendstream"),
            "",
            Ok((1, 1)),
        ),
        ("locked", page(">>endobj"), "<</Root 1 0 R/Encrypt 9 0 R>>", unreadable),
        ("no root", page(">>endobj"), "<</Size 3>>", unreadable),
        ("no pages", "1 0 obj<</Type/Catalog>>endobj".to_owned(), trailer, unreadable),
        (
            "pages that are none",
            "1 0 obj<</Pages 2 0 R>>endobj 2 0 obj[]endobj".to_owned(),
            trailer,
            unreadable,
        ),
        ("numbers that no object has", page(">>endobj").replace("2 0", "4194304 0"), trailer, unreadable),
        (
            "a catalog that is its own tree",
            "1 0 obj<</Type/Catalog/Pages 1 0 R/Kids[1 0 R]>>".to_owned(),
            trailer,
            unreadable,
        ),
        ("nothing at all", String::new(), trailer, unreadable),
    ];
    for (why, objects, trailer, expected) in &cases {
        assert_eq!(sheets(&headless(objects, trailer)), *expected, "{why}");
    }
    assert_eq!(cases.len(), 18);
}

#[test]
fn what_is_found_is_drawn() {
    let page = |contents: &str| {
        headless(
            &format!(
                "1 0 obj<</Pages 2 0 R>>endobj 2 0 obj<</MediaBox[0 0 20 10]/Contents 3 1 R endobj 3 0 obj{contents}"
            ),
            "<</Root 1 0 R>>",
        )
    };
    let cases = [
        BLACK.to_owned(),
        BLACK.replace("14", "99"),
        BLACK.replace("endstream", ""),
        "<<>>stream\r\n3 3 9 4 re f  \r\nendstream".to_owned(),
    ];
    for contents in &cases {
        assert!(shows_something(&page(contents)), "{contents}");
    }
    assert_eq!(cases.len(), 4);
}

#[test]
fn what_costs_too_much_stays_unreadable() {
    let root = "1 0 obj<</Pages 2 0 R>>endobj 2 0 obj<<>>endobj ";
    let cases = [
        // Each object holds all those behind it.
        format!("{root}{}", "3 0 obj<<".repeat(20_000)),
        // Values without end.
        format!("{root}3 0 obj[{}]endobj", "1 ".repeat(1_000_001)),
        // Each stream looks for its end.
        format!("{root}{}", "3 0 obj<<>>stream\n".repeat(20_000)),
    ];
    for objects in &cases {
        assert_eq!(sheets(&headless(objects, "<</Root 1 0 R>>")), Err(FindingCode::Unreadable));
    }
    assert_eq!(cases.len(), 3);
    // Nesting beyond the limit only loses what is nested.
    let nested =
        format!("1 0 obj<</Pages 2 0 R>>endobj 2 0 obj<</MediaBox[0 0 20 10]/A{}", "[".repeat(100_000));
    assert_eq!(sheets(&headless(&format!("{nested} endobj"), "<</Root 1 0 R>>")), Ok((1, 1)));
}

#[test]
fn any_cut_and_any_flip_is_survived() {
    let whole = headless(
        "1 0 obj<</Pages 2 0 R>>endobj 2 0 obj<</MediaBox[0 0 20 10]/A(a\\(\\101\\\r\n(b)c)/B<4142 4>/C[-1 .5 true null]/Kids[3 0 R]>>endobj 3 0 obj<</Length 2>>stream\nab\nendstream endobj",
        "<</Root 1 0 R>>",
    );
    let (mut ran, mut written) = (0, 0);
    for at in 0..whole.len() {
        written += usize::from(sheets_of_any(&whole[..at]).is_ok());
        let mut flipped = whole.clone();
        flipped[at] ^= 0x24;
        written += usize::from(sheets_of_any(&flipped).is_ok());
        ran += 2;
    }
    assert!(ran > 300 && written > 100, "{ran} {written}");
}

/// As [`sheets`], whatever the paper and the findings.
fn sheets_of_any(input: &[u8]) -> Result<usize, FindingCode> {
    let limits = Limits { pages: 5, page_side_px: 100, ..Limits::STANDARD };
    let mut policy = Policy::standard();
    (policy.limits, policy.pdf_dpi) = (limits, 20);
    let mut budget = Budget::new(&limits);
    pdf::flatten(input, &[], &policy, Reduction::None, &mut budget, &mut Findings::new(), &mut Bare)
        .map(|rewritten| rewritten.octets.len())
}
