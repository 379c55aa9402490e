//! What the gateway says stands where it belongs, word for word, and nothing between pretends to be the gateway.
//!
//! *Security.* Linear in the text.

use crate::{Expected, objections::Objections, text::lines_of};
use policy::notice::imitation_of;

/// Checks the decoded text of a message, lines ended by CRLF.
pub(super) fn check(text: &str, expected: &Expected, objections: &mut Objections) {
    objections.about(Some(0));
    let (above, below) = (expected.above.replace('\n', "\r\n"), expected.below.replace('\n', "\r\n"));
    match text.strip_prefix(above.as_str()).and_then(|rest| rest.strip_suffix(below.as_str())) {
        None => objections.add("text.framing", "not what the gateway put around the text"),
        Some(inside) => {
            let imitates = lines_of(inside).any(imitation_of);
            objections.require(!imitates, "text.imitation", "a line that pretends to be the gateway's");
        }
    }
    objections.about(None);
}
