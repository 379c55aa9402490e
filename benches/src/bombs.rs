//! Mails that cost far more than they weigh: a document that draws for minutes, a picture of many pixels, a zip of
//! zeros. All harmless, all made by code.

/// Three bombs, to be sent in turn; CRLF line ends.
pub fn mails() -> Vec<Vec<u8>> {
    vec![
        mail("slow.pdf", "application/pdf", &slow_pdf(30, 4_000)),
        mail("large.png", "image/png", &fixtures::png(7_000, 7_000, &vec![0; 7_000 * 7_000 * 3])),
        mail("zeros.zip", "application/zip", &fixtures::zip(&[("zeros", &vec![0; 64 << 20])])),
    ]
}

fn mail(name: &str, media_type: &str, octets: &[u8]) -> Vec<u8> {
    format!(
        "From: sender@remote.test\r\nTo: rcpt@city.test\r\nSubject: {name}\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nbomb\r\n\
         --b\r\nContent-Type: {media_type}; name=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--\r\n",
        fixtures::mime::base64(octets)
    )
    .into_bytes()
}

/// Pages that share one content stream, which fills the whole page `fills` times.
fn slow_pdf(pages: usize, fills: usize) -> Vec<u8> {
    let content = "0 0 595 842 re 10 10 575 822 re f*\n".repeat(fills);
    let first = 4;
    let kids: String = (first..).take(pages).map(|number| format!("{number} 0 R ")).collect();
    let mut objects = vec![
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        format!("<</Type/Pages/Kids[{kids}]/Count {pages}>>").into_bytes(),
        format!("<</Length {}>>stream\n{content}\nendstream", content.len()).into_bytes(),
    ];
    let page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 3 0 R>>";
    objects.extend(std::iter::repeat_n(page.to_vec(), pages));
    fixtures::pdf(&objects, "")
}
