//! docx, xlsx, pptx and their macro, template and show variants (ISO/IEC 29500) → the same document written anew.

use crate::markup::{Also, Dialect, White};

/// How Office Open XML is read.
pub static DIALECT: Dialect = Dialect {
    vocabulary: policy::vocabulary::ooxml,
    also: ALSO,
    white: White::InLeaves,
    unwraps: |_| false,
    declared: &[],
};

/// What is read only to be rewritten.
const ALSO: &[Also] = &[];
