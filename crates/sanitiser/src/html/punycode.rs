//! Host names with characters outside ASCII are shown in punycode (RFC 3492, RFC 5891 §4).
//!
//! *Security.* Quadratic in the length of a label, which is therefore at most 63 characters.

use std::fmt::Write as _;

/// Longest label (RFC 1035 §2.3.4).
const LABEL_MAX: usize = 63;

/// The host with every label outside ASCII as `xn--…`; `None` when a label cannot be a host's.
pub(super) fn host(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    for (index, label) in text.split('.').enumerate() {
        if index > 0 {
            out.push('.');
        }
        if label.is_ascii() {
            out.push_str(label);
        } else {
            let lower = label.to_lowercase();
            write!(out, "xn--{}", encoded(&lower)?).ok()?;
        }
    }
    Some(out)
}

fn digit(value: u32) -> Option<char> {
    char::from_digit(value.checked_add(10)?, 36)
        .filter(|_| value < 26)
        .or_else(|| char::from_digit(value.checked_sub(26)?, 10))
}

fn adapted(delta: u32, points: u32, first: bool) -> Option<u32> {
    let mut delta = if first { delta.checked_div(700)? } else { delta.checked_div(2)? };
    delta = delta.checked_add(delta.checked_div(points)?)?;
    let mut k = 0u32;
    while delta > 455 {
        delta = delta.checked_div(35)?;
        k = k.checked_add(36)?;
    }
    k.checked_add(delta.checked_mul(36)?.checked_div(delta.checked_add(38)?)?)
}

/// RFC 3492 §6.3.
fn encoded(label: &str) -> Option<String> {
    let points: Vec<u32> = label.chars().map(u32::from).collect();
    if points.len() > LABEL_MAX {
        return None;
    }
    let mut out: String = label.chars().filter(char::is_ascii).collect();
    let basic = u32::try_from(out.len()).ok()?;
    let mut handled = basic;
    if basic > 0 {
        out.push('-');
    }
    let (mut n, mut delta, mut bias) = (128u32, 0u32, 72u32);
    while usize::try_from(handled).ok()? < points.len() {
        let next = points.iter().copied().filter(|point| *point >= n).min()?;
        delta = delta.checked_add(next.checked_sub(n)?.checked_mul(handled.checked_add(1)?)?)?;
        n = next;
        for point in &points {
            if *point < n {
                delta = delta.checked_add(1)?;
            }
            if *point == n {
                let (mut q, mut k) = (delta, 36u32);
                loop {
                    let threshold = k.saturating_sub(bias).clamp(1, 26);
                    if q < threshold {
                        break;
                    }
                    let base = 36u32.checked_sub(threshold)?;
                    let rest = q.checked_sub(threshold)?;
                    out.push(digit(threshold.checked_add(rest.checked_rem(base)?)?)?);
                    q = rest.checked_div(base)?;
                    k = k.checked_add(36)?;
                }
                out.push(digit(q)?);
                bias = adapted(delta, handled.checked_add(1)?, handled == basic)?;
                delta = 0;
                handled = handled.checked_add(1)?;
            }
        }
        delta = delta.checked_add(1)?;
        n = n.checked_add(1)?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn hosts_are_shown_in_ascii() {
        let cases = [
            ("example.jp", "example.jp"),
            ("日本語.jp", "xn--wgv71a119e.jp"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("аpple.com", "xn--pple-43d.com"),
            ("総務省.go.jp", "xn--lhr645fjve.go.jp"),
        ];
        let mut ran = 0;
        for (text, expected) in cases {
            assert_eq!(host(text).as_deref(), Some(expected), "{text}");
            ran += 1;
        }
        assert_eq!(ran, 5);
        assert_eq!(host(&"あ".repeat(64)), None);
    }
}
