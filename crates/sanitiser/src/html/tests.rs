use super::*;
use policy::Limits;

fn page(html: &str) -> (HtmlText, Findings) {
    let (mut budget, mut findings) = (Budget::new(&Limits::STANDARD), Findings::new());
    let text = to_text(html, &mut budget, &mut findings).unwrap();
    (text, findings)
}

#[track_caller]
fn check(html: &str, expected: &str) {
    assert_eq!(page(html).0.text.trim_end(), expected, "{html}");
}

#[test]
fn pages_read_as_they_looked() {
    let cases = [
        ("<p>a</p><p>b<br>c</p>", "a\n\nb\nc"),
        ("<div>a</div><div>b</div><div><br></div><div>c</div>", "a\nb\n\nc"),
        ("<style>p.M{margin:0cm}</style><p class=M>a</p><p class=M>&nbsp;</p><p class=M>b</p>", "a\n\nb"),
        ("<h1>題</h1><p>本文", "■ 題\n\n本文"),
        ("<ul><li>a<li>b<ol><li>c</li><li>d</li></ol></li></ul>e", "・a\n・b\n  1. c\n  2. d\n\ne"),
        ("<ul><li><p>a</p><p>b</p></li></ul>", "・a\n\n  b"),
        ("<blockquote><p>a</p><blockquote>b</blockquote></blockquote>c", "> a\n>\n> > b\n\nc"),
        ("<pre>a\n  b\n\nc</pre>d", "a\n  b\n\nc\n\nd"),
        ("a<hr>b", "a\n----------------------------------------\nb"),
        ("<ruby>漢字<rp>(</rp><rt>かんじ</rt><rp>)</rp></ruby>です", "漢字（かんじ）です"),
        ("10<sup>2</sup> 1<sup>st</sup> H<sub>2</sub>O", "10^2 1st H2O"),
        ("<s>5000円</s> 3000円", "（取消：5000円） 3000円"),
        (
            "<table border=1><tr><th>日時<th>場所<tr><td>4/1<br>10時<td>本庁</table>",
            "日時 | 場所\n4/1 / 10時 | 本庁",
        ),
        (
            "<table><tr><td><table><tr><td><p>a</p><p>b</p></td></tr></table></td><td>c</td></tr></table>",
            "a\n\nb\n\nc",
        ),
        ("<dl><dt>a<dd>b<dt>c<dd>d</dl>", "a\n  b\nc\n  d"),
        ("日本\n語 <b>太</b>字", "日本語 太字"),
        ("&lt;b&gt; &amp;amp; &#x1F600;", "<b> &amp; 😀"),
        ("<title>x</title><script>y</script><!-- z -->a<noscript>b</noscript>", "ab"),
        ("<td>a</td></table></div>b</p>c", "a\nb\nc"),
        ("<form>氏名<input value=山田><input type=checkbox checked>同意</form>", "氏名［山田］■同意"),
    ];
    let mut ran = 0;
    for (html, expected) in cases {
        check(html, expected);
        ran += 1;
    }
    assert_eq!(ran, 20);
}

#[test]
fn links_stand_in_one_list() {
    let cases = [
        (
            "<a href='https://a.jp/'>案内</a>と<a href='https://b.jp/x'>申込</a>、<a href=https://a.jp/>再</a>",
            "案内［1］と申込［2］、再［1］\n\n［1］ https://a.jp/\n［2］ https://b.jp/x",
        ),
        ("<a href=https://a.jp/>https://a.jp</a>", "https://a.jp"),
        (
            "<a href=https://evil.example/>https://bank.co.jp/</a>",
            "https://bank.co.jp/［1：表示と異なる宛先］\n\n［1］ https://evil.example/",
        ),
        ("<a href='javascript:x()'>押す</a>", "押す"),
        ("<a href='file://h/s'>開く</a>", "開く［危険なリンクを除去］"),
        ("<a href=mailto:a@b.jp?subject=x>連絡</a>", "連絡［1］\n\n［1］ a@b.jp"),
        ("<a href='https://日本語.jp/'>x</a>", "x［1］\n\n［1］ https://xn--wgv71a119e.jp/"),
        ("<base href=https://a.jp/d/e><a href=f>x</a>", "x［1］\n\n［1］ https://a.jp/d/f"),
        ("<a href=#x>y</a><a name=z>w</a>", "yw"),
        (
            "<a href=https://a.jp/><div>b</div></a>c <a href=https://b.jp/>d </a>e",
            "b［1］\nc d［2］ e\n\n［1］ https://a.jp/\n［2］ https://b.jp/",
        ),
        ("<a href=https://a.jp/><div>b</a>c</div>", "b［1］c\n\n［1］ https://a.jp/"),
        ("<a href=https://a.jp/><img src=cid:x@y></a>", "［画像1］［1］\n\n［1］ https://a.jp/"),
    ];
    let mut ran = 0;
    for (html, expected) in cases {
        check(html, expected);
        ran += 1;
    }
    assert_eq!(ran, 12);
    let (text, findings) =
        page("<a href=https://evil.example/>www.bank.co.jp</a><a href='JaVaScRiPt:x'>y</a>");
    assert!(text.links.first().is_some_and(|link| link.deceptive));
    assert!(findings.has(FindingCode::DeceptiveLink) && findings.has(FindingCode::ActiveHtml));
}

#[test]
fn what_cannot_be_seen_is_dropped_and_counted() {
    let cases = [
        ("a<div style='display:none'>x<p>y</p></div>b", "ab", 2),
        ("a<span hidden>x</span>b", "ab", 1),
        ("<style>.q{display:none}</style>a<span class=q>x</span>", "a", 1),
        ("<td style='font-size:0'>x<span style='font-size:14px'>y</span></td>", "y", 1),
        ("<p style='color:#ffffff'>x</p><p style='color:#333'>y</p>", "y", 1),
        ("<div style='background:#000;color:#fff'>y</div>", "y", 0),
        ("<div bgcolor=white><font color=white>x</font></div>", "", 1),
        ("<div style='background:url(x)'><font color=white>y</font></div>", "y", 0),
        ("<div style='visibility:hidden'>x<b style='visibility:visible'>y</b></div>", "y", 1),
        ("<!--[if mso]><p>Outlook</p><![endif]-->a<!--[if !mso]><!-->b<!--<![endif]-->", "ab", 1),
        ("a<a href=https://evil.example/ style='display:none'>x</a>", "a", 1),
        ("<!--[if mso]><table><tr><td><![endif]-->a", "a", 0),
        ("a<b title='x", "a", 1),
    ];
    let mut ran = 0;
    for (html, expected, hidden) in cases {
        let (text, findings) = page(html);
        assert_eq!(text.text.trim_end(), expected, "{html}");
        assert_eq!(findings.count(FindingCode::HiddenText), hidden, "{html}");
        ran += 1;
    }
    assert_eq!(ran, 13);
}

#[test]
fn pictures_are_marked_or_counted() {
    let html = "<img src=cid:a alt=地図><img src=CID:b><img src='cid:a'><img src=https://x/y alt=ロゴ>\
                <img src=https://x/p width=1 height=1><img src='data:image/png;base64,xx' alt=''>";
    let (text, findings) = page(html);
    assert_eq!(text.text.trim_end(), "［画像1：地図］［画像2］［画像1］［画像：ロゴ］");
    assert_eq!(text.images.iter().map(|image| image.mark).collect::<Vec<_>>(), [1, 2, 1, 0, 0, 0]);
    assert_eq!(findings.count(FindingCode::TrackingPixel), 1);
    assert_eq!(findings.count(FindingCode::RemoteImage), 2);
}

#[test]
fn the_worst_pages_are_read_in_linear_time() {
    let attributes: String = (0..100_000).map(|n| format!(" a{n}=1")).collect();
    let pages = [
        "<div>".repeat(100_000),
        "<table><tr><td>".repeat(20_000),
        "<blockquote>x<br>".repeat(20_000),
        "<ul><li>x".repeat(20_000),
        "<a href=x><div>".repeat(20_000),
        format!("<p{attributes}>x"),
        "<".repeat(500_000),
        "<!-- ".repeat(100_000),
        "<!--x-->".repeat(50_000),
        "</p>".repeat(100_000),
        format!("{}{}", "<b>".repeat(30_000), "</i></u></b>".repeat(30_000)),
        "&amp".repeat(100_000),
        "<p><a href='".repeat(50_000),
        "<script>".repeat(50_000),
        "<style>a{".repeat(50_000),
        format!("<style>{}</style>{}", ".a{color:red}".repeat(10_000), "<p class='a b c'>x".repeat(10_000)),
        "<table><td rowspan=9999 colspan=9999>x".repeat(5_000),
        "<dt><dd>".repeat(20_000),
    ];
    let mut ran = 0;
    for html in &pages {
        let start = std::time::Instant::now();
        let (mut budget, mut findings) = (Budget::new(&Limits::STANDARD), Findings::new());
        let read = to_text(html, &mut budget, &mut findings);
        assert!(read.is_ok() || read == Err(FindingCode::LimitText) || read == Err(FindingCode::LimitNodes));
        println!(
            "{:>8} octets {:?} {:?}",
            html.len(),
            start.elapsed(),
            html.chars().take(20).collect::<String>()
        );
        ran += 1;
    }
    assert_eq!(ran, 18);
}
