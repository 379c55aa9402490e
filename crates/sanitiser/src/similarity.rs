//! Whether the alternatives of a mail (RFC 2046 §5.1.4) say the same.
//!
//! Two texts say the same when the trigrams of their words agree to nine tenths (Dice's coefficient over multisets)
//! and both lead to the same addresses. Marks that our HTML reader added are no words.
//!
//! *Security.* Given two filtered texts; sorts their trigrams, n log n in their length.

use crate::html::{self, HtmlText};
use std::collections::BTreeSet;

/// Least similarity, in per mille, at which the plain alternative speaks for both.
const SAME_PER_MILLE: u64 = 900;

/// Whether plain text and page differ in words or in where they lead.
pub fn alternatives_differ(plain: &str, page: &HtmlText) -> bool {
    let body = page.text.get(..page.body_octets).unwrap_or(&page.text);
    let mut in_page = links(body);
    in_page.extend(page.links.iter().map(|link| html::comparable(&link.target)));
    let mut in_plain = links(plain);
    // A mail address that is a link in the page is often a mere word in the text.
    let words = plain.to_lowercase();
    in_page.retain(|link| {
        link.contains('/') || !link.contains('@') || in_plain.contains(link) || !words.contains(link.as_str())
    });
    in_plain.retain(|link| !link.is_empty());
    in_plain != in_page || similarity_per_mille(plain, body) < SAME_PER_MILLE
}

/// Dice's coefficient of the trigrams of both texts, in per mille; two texts without words are the same.
pub fn similarity_per_mille(a: &str, b: &str) -> u64 {
    let (a, b) = (trigrams(a), trigrams(b));
    let total = u64::try_from(a.len().saturating_add(b.len())).unwrap_or(u64::MAX);
    let (mut left, mut right, mut shared) = (a.iter().peekable(), b.iter().peekable(), 0u64);
    while let (Some(x), Some(y)) = (left.peek(), right.peek()) {
        match x.cmp(y) {
            std::cmp::Ordering::Less => drop(left.next()),
            std::cmp::Ordering::Greater => drop(right.next()),
            std::cmp::Ordering::Equal => {
                shared = shared.saturating_add(1);
                left.next();
                right.next();
            }
        }
    }
    shared.saturating_mul(2_000).checked_div(total).unwrap_or(1_000)
}

/// Sorted trigrams of letters and digits; addresses and marks left out.
fn trigrams(text: &str) -> Vec<[char; 3]> {
    let mut found = Vec::new();
    let (mut first, mut second) = ('\0', '\0');
    for c in words(text).chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase) {
        found.push([first, second, c]);
        (first, second) = (second, c);
    }
    found.sort_unstable();
    found
}

/// The text without web addresses and without marks in `［］`.
fn words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['［', 'h']) {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(before);
        let skipped = if let Some(inside) = from.strip_prefix('［') {
            let is_mark = inside.starts_with(|c: char| c.is_ascii_digit()) || inside.starts_with("画像");
            let end = inside.char_indices().take(400).find(|(_, c)| *c == '］' || *c == '\n');
            end.filter(|(_, c)| is_mark && *c == '］').map(|(end, _)| end.saturating_add(6))
        } else {
            address_at(from).map(str::len)
        };
        let step = skipped.unwrap_or_else(|| {
            out.extend(from.chars().next());
            from.chars().next().map_or(0, char::len_utf8)
        });
        rest = from.get(step..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// The web address that begins here.
fn address_at(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("http")?;
    let rest = rest.strip_prefix('s').unwrap_or(rest).strip_prefix("://")?;
    let ends =
        |c: char| c.is_whitespace() || "<>\"'「」『』【】（）［］、。，｜|".contains(c) || !c.is_ascii();
    let end = rest.find(ends).unwrap_or(rest.len());
    let length = text.len().saturating_sub(rest.len()).saturating_add(end);
    Some(text.get(..length)?.trim_end_matches(['.', ',', ')', ';', ':', '!', '?', ']']))
}

/// The web addresses of a text, in comparable form.
fn links(text: &str) -> BTreeSet<String> {
    text.match_indices("http")
        .filter_map(|(at, _)| address_at(text.get(at..)?))
        .map(html::comparable)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::{Budget, Findings, Limits};

    fn differ(plain: &str, html: &str) -> bool {
        let mut budget = Budget::new(&Limits::STANDARD);
        let page = html::to_text(html, &mut budget, &mut Findings::new()).unwrap();
        alternatives_differ(plain, &page)
    }

    #[test]
    fn alternatives_are_compared_by_words_and_links() {
        let text = "会議のお知らせです。4月1日10時から本庁3階で行います。";
        let long = format!("{text}資料は https://a.jp/x にあります。");
        let cases = [
            (text.to_owned(), format!("<p>{text}</p>"), false),
            (text.to_owned(), "<p>口座番号が変わりました。こちらへお振り込みください。</p>".to_owned(), true),
            (
                long.clone(),
                format!("<p>{text}資料は<a href='https://a.jp/x'>https://a.jp/x</a>にあります。"),
                false,
            ),
            (
                long.clone(),
                format!("<p>{text}資料は <a href='https://evil.example/'>https://a.jp/x</a> にあります。"),
                true,
            ),
            (text.to_owned(), format!("<a href='https://evil.example/'>{text}</a>"), true),
            (text.to_owned(), format!("<p>{text}<img src=cid:x><img src=https://x/ width=1>"), false),
            (String::new(), String::new(), false),
            (
                "Hello World, see you at 10:30.".to_owned(),
                "<b>Hello</b> world,<br>see you at 10:30.".to_owned(),
                false,
            ),
        ];
        let mut ran = 0;
        for (plain, html, expected) in cases {
            assert_eq!(differ(&plain, &html), expected, "{plain} / {html}");
            ran += 1;
        }
        assert_eq!(ran, 8);
    }
}
