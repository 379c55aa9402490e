//! `text/plain; format=flowed` (RFC 3676): soft line breaks taken back.
//!
//! *Security.* One pass over the lines. The quote depth is as large as the line is long and is written back once a
//! paragraph, so the output is never longer than the input by more than a space a line.

/// The `DelSp` parameter (RFC 3676 §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DelSp {
    /// The space before a soft line break belongs to the text.
    No,
    /// The space before a soft line break was added by the sender's program.
    Yes,
}

/// Unwraps flowed text; quoted lines are written as `>`, once a level, and a space.
pub fn unflow(text: &str, delete_space: DelSp) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open: Option<usize> = None;
    for line in text.split_inclusive('\n') {
        let ended = line.ends_with('\n');
        let line = line.strip_suffix('\n').unwrap_or(line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let rest = line.trim_start_matches('>');
        let depth = line.len().saturating_sub(rest.len());
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        let is_signature = rest == "-- ";
        if open.is_some_and(|open_depth| open_depth != depth || is_signature) {
            out.push('\n');
            open = None;
        }
        if open.is_none() && depth > 0 {
            out.extend(std::iter::repeat_n('>', depth));
            out.push(' ');
        }
        let flowed = rest.ends_with(' ') && !is_signature;
        let kept = match delete_space {
            DelSp::Yes if flowed => rest.strip_suffix(' ').unwrap_or(rest),
            DelSp::Yes | DelSp::No => rest,
        };
        out.push_str(kept);
        open = (flowed && ended).then_some(depth);
        if open.is_none() && ended {
            out.push('\n');
        }
    }
    if open.is_some() {
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn soft_breaks_are_taken_back() {
        let cases = [
            ("a \nb\n", DelSp::No, "a b\n"),
            ("日本 \r\n語\r\n", DelSp::Yes, "日本語\n"),
            ("> a \n> b\nc\n", DelSp::No, "> a b\nc\n"),
            (">> a \n> b\n", DelSp::No, ">> a \n> b\n"),
            (" >x\n  y\n", DelSp::No, ">x\n y\n"),
            ("a \n-- \nname\n", DelSp::No, "a \n-- \nname\n"),
            ("a \n", DelSp::No, "a \n"),
            ("a", DelSp::No, "a"),
            ("", DelSp::No, ""),
        ];
        let mut ran = 0;
        for (input, delete_space, expected) in cases {
            assert_eq!(unflow(input, delete_space), expected, "{input:?}");
            ran += 1;
        }
        assert_eq!(ran, 9);
    }
}
