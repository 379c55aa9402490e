//! What is read is what is written, and nothing else.

use super::*;
use policy::{Budget, FindingCode, Limits};

const W: &str = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
const MC: &str = "http://schemas.openxmlformats.org/markup-compatibility/2006";

static DIALECT: Dialect = Dialect {
    vocabulary: policy::vocabulary::ooxml,
    also: &[Also { name: ("w", "object"), attributes: &[("w", "dxaOrig")] }],
    white: White::InLeaves,
    unwraps: |_| false,
    declared: &[],
};

fn parsed(input: &[u8]) -> Result<Tree, FindingCode> {
    read(input, &DIALECT, &mut Budget::new(&Limits::STANDARD))
}

fn body(tree: &Tree) -> String {
    let text = String::from_utf8(tree.write()).unwrap();
    text.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n").unwrap().to_owned()
}

#[test]
fn a_part_is_written_in_one_form() {
    let cases: &[(String, String)] = &[
        (
            format!("<?xml version='1.0'?>\r\n<q:document xmlns:q='{W}'><q:body/></q:document>"),
            format!("<w:document xmlns:w=\"{W}\"><w:body/></w:document>"),
        ),
        (
            format!(
                "<document xmlns='{W}'><!-- x --><?y z?>\n <t xml:space='preserve'> </t> <t>a&amp;<![CDATA[<b>]]>&#x3042;&#13;</t>\n</document>"
            ),
            format!(
                "<w:document xmlns:w=\"{W}\"><w:t xml:space=\"preserve\"> </w:t><w:t>a&amp;&lt;b&gt;あ&#13;</w:t></w:document>"
            ),
        ),
        (
            format!(
                "<w:p xmlns:w='{W}' w:rsidR='1' onload='x' w:evil='y'><w:evil>gone<w:t>too</w:t></w:evil><evil xmlns='urn:x'/></w:p>"
            ),
            format!("<w:p xmlns:w=\"{W}\" w:rsidR=\"1\"/>"),
        ),
        (
            format!(
                "<w:document xmlns:w='{W}' xmlns:q='{MC}' xmlns:w14='http://schemas.microsoft.com/office/word/2010/wordml' xmlns:zz='urn:z' q:Ignorable='w14 zz'><w:p w14:paraId='12345678'/></w:document>"
            ),
            format!(
                "<w:document xmlns:w=\"{W}\" xmlns:mc=\"{MC}\" xmlns:w14=\"http://schemas.microsoft.com/office/word/2010/wordml\" mc:Ignorable=\"w14\"><w:p w14:paraId=\"12345678\"/></w:document>"
            ),
        ),
        (
            format!(
                "<w:r xmlns:w='{W}'><w:object w:dxaOrig='1'><w:t>x</w:t></w:object><w:t w:x='&quot;'>a\tb</w:t></w:r>"
            ),
            format!("<w:r xmlns:w=\"{W}\"><w:t>a\tb</w:t></w:r>"),
        ),
        (
            format!("<w:instrText xmlns:w='{W}'>\u{1}a&#2;b&quot;</w:instrText>"),
            format!("<w:instrText xmlns:w=\"{W}\">ab\"</w:instrText>"),
        ),
    ];
    let mut ran = 0;
    for (input, expected) in cases {
        let tree = parsed(input.as_bytes()).unwrap();
        assert_eq!(body(&tree), *expected);
        let again = parsed(&tree.write()).unwrap();
        assert_eq!(body(&again), *expected);
        ran += 1;
    }
    assert_eq!(ran, 6);
}

#[test]
fn utf_16_is_read_and_other_encodings_are_not() {
    let text = format!("<?xml version='1.0' encoding='UTF-16'?><w:t xmlns:w='{W}'>日本</w:t>");
    let mut octets = vec![0xff, 0xfe];
    octets.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    assert_eq!(body(&parsed(&octets).unwrap()), format!("<w:t xmlns:w=\"{W}\">日本</w:t>"));
    let other = format!("<?xml version='1.0' encoding='Shift_JIS'?><w:t xmlns:w='{W}'>日本</w:t>");
    assert_eq!(parsed(other.as_bytes()).err(), Some(FindingCode::Unreadable));
}

#[test]
fn what_is_not_well_formed_or_too_much_is_refused() {
    let deep = |depth: usize| {
        format!("<w:p xmlns:w='{W}'>{}{}</w:p>", "<w:p>".repeat(depth - 1), "</w:p>".repeat(depth - 1))
    };
    let many = |count: usize| {
        let attributes: String = (0..count).map(|n| format!(" a{n}='x'")).collect();
        format!("<w:p xmlns:w='{W}'{attributes}/>")
    };
    assert!(parsed(deep(DEPTH_MAX).as_bytes()).is_ok());
    assert!(parsed(many(ATTRIBUTES_MAX - 1).as_bytes()).is_ok());
    let cases = [
        String::new(),
        "x".to_owned(),
        format!("<w:p xmlns:w='{W}'>"),
        format!("<w:p xmlns:w='{W}'></w:r>"),
        format!("<w:p xmlns:w='{W}'/><w:p xmlns:w='{W}'/>"),
        format!("<w:p xmlns:w='{W}'/>x"),
        format!("<w:p xmlns:w='{W}'>&x;</w:p>"),
        format!("<!DOCTYPE p [<!ENTITY x 'y'>]><w:p xmlns:w='{W}'>&x;</w:p>"),
        format!("<!DOCTYPE p SYSTEM 'file:///etc/passwd'><w:p xmlns:w='{W}'/>"),
        format!("<w:p xmlns:w='{W}' w:rsidR='1' w:rsidR='2'/>"),
        "<p xmlns='urn:unknown'/>".to_owned(),
        "<w:p/>".to_owned(),
        deep(DEPTH_MAX + 1),
        many(ATTRIBUTES_MAX),
        format!("<w:p xmlns:w='{W}'><x>{}", "<y>".repeat(300)),
    ];
    let mut ran = 0;
    for input in cases {
        assert_eq!(parsed(input.as_bytes()).err(), Some(FindingCode::Unreadable), "{input:.60}");
        ran += 1;
    }
    assert_eq!(ran, 15);
    let limits = Limits { nodes: 3, ..Limits::STANDARD };
    let three = format!("<w:p xmlns:w='{W}'><w:r/><w:r/></w:p>");
    assert!(read(three.as_bytes(), &DIALECT, &mut Budget::new(&limits)).is_ok());
    let four = format!("<w:p xmlns:w='{W}'><w:r/><w:r/><w:r/></w:p>");
    let refused = read(four.as_bytes(), &DIALECT, &mut Budget::new(&limits)).err();
    assert_eq!(refused, Some(FindingCode::LimitNodes));
}

#[test]
fn a_tree_can_be_edited() {
    let input = format!(
        "<w:p xmlns:w='{W}'><w:r><w:t>a</w:t><w:t>b</w:t></w:r><w:bookmarkStart w:id='1' w:name='n'/></w:p>"
    );
    let mut tree = parsed(input.as_bytes()).unwrap();
    let run = tree.child(tree.root(), ("w", "r")).unwrap();
    let mark = tree.child(tree.root(), ("w", "bookmarkStart")).unwrap();
    tree.set_attribute(mark, ("w", "name"), "m");
    tree.set_attribute(mark, ("w", "colFirst"), "2");
    tree.set_attribute(mark, ("", "onload"), "x");
    assert!(tree.remove_attribute(mark, ("w", "id")) && !tree.remove_attribute(mark, ("w", "id")));
    tree.unwrap(run);
    assert!(!tree.is_attached(run));
    let link = tree.create(("w", "hyperlink")).unwrap();
    tree.insert_before(mark, link);
    assert_eq!(tree.create(("w", "object")), None);
    let first = tree.first(tree.root()).unwrap();
    assert!(tree.rename(first, ("w", "delText")) && !tree.rename(first, ("w", "object")));
    tree.set_text(first, "<c>");
    assert_eq!(
        body(&tree),
        format!(
            "<w:p xmlns:w=\"{W}\"><w:delText>&lt;c&gt;</w:delText><w:t>b</w:t><w:hyperlink/><w:bookmarkStart w:name=\"m\" w:colFirst=\"2\"/></w:p>"
        )
    );
}

#[test]
fn a_flow_of_text_keeps_what_stands_in_an_unknown_element() {
    const TEXT: &str = "urn:oasis:names:tc:opendocument:xmlns:text:1.0";
    let flowing = Dialect {
        vocabulary: policy::vocabulary::opendocument,
        also: &[Also { name: ("text", "script"), attributes: &[] }],
        white: White::Everywhere,
        unwraps: |name| name == ("text", "p"),
        declared: &["of"],
    };
    let input = format!(
        "<t:p xmlns:t='{TEXT}'>a<x:y xmlns:x='urn:x'>b <t:span>c<x:z>gone</x:z></t:span><x:y/></x:y><t:script>no</t:script> d</t:p>"
    );
    let tree = read(input.as_bytes(), &flowing, &mut Budget::new(&Limits::STANDARD)).unwrap();
    assert_eq!(
        body(&tree),
        format!(
            "<text:p xmlns:text=\"{TEXT}\" xmlns:of=\"urn:oasis:names:tc:opendocument:xmlns:of:1.2\">ab <text:span>c</text:span> d</text:p>"
        )
    );
    assert_eq!(tree.lost().len(), 3);
}
