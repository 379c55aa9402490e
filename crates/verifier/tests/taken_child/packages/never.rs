//! What the tests over mutated packages and the fuzz target look for in what passes.

/// Markup that must be in nothing that passes: in a text it cannot stand, because `<` is written otherwise there.
pub(crate) const NEVER: &[&str] = &[
    "<!",
    "<w:altChunk",
    "<w:object",
    "<w:subDoc",
    "<w:fldData",
    "<x:oleObject",
    "<x:ddeLink",
    "<p:oleObj",
    "<a:snd",
    "<office:scripts",
    "<script:",
    "<text:execute-macro",
    "<draw:floating-frame",
    "<office:dde-source",
    "<office:event-listeners",
];
