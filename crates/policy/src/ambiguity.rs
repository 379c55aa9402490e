//! The table of MIME ambiguities: what readers disagree on, and what is done about it. One fixture a row.

use crate::FindingCode;

/// What is done about an ambiguity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AmbiguityVerdict {
    /// One reading is provable or harmless under every reading: take it, say so.
    Repair,
    /// Remove the part, deliver the rest.
    Remove,
    /// Hold the whole message.
    Hold,
}

macro_rules! table {
    ($($(#[$doc:meta])* $variant:ident => $verdict:ident, $code:ident;)+) => {
        /// The rows.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Ambiguity { $($(#[$doc])* $variant,)+ }

        impl Ambiguity {
            /// All rows.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// What is done.
            pub const fn verdict(self) -> AmbiguityVerdict {
                match self { $(Self::$variant => AmbiguityVerdict::$verdict),+ }
            }

            /// The finding that reports it.
            pub const fn code(self) -> FindingCode { match self { $(Self::$variant => FindingCode::$code),+ } }

            /// Name in details.
            pub const fn name(self) -> &'static str { match self { $(Self::$variant => stringify!($variant)),+ } }
        }
    };
}

table! {
    /// Content-Type stands twice with different values.
    DuplicateContentType => Remove, AmbiguousType;
    /// Content-Transfer-Encoding stands twice with different values.
    DuplicateTransferEncoding => Remove, AmbiguousEncoding;
    /// Content-Type or Content-Transfer-Encoding stands twice with one value.
    RepeatedField => Repair, DuplicateField;
    /// From, Subject, Date, To or another field that may stand once stands twice.
    DuplicateOriginField => Repair, DuplicateField;
    /// Content-Disposition stands twice with different values.
    DuplicateDisposition => Repair, DuplicateField;
    /// An unknown or malformed Content-Transfer-Encoding.
    UnknownTransferEncoding => Remove, AmbiguousEncoding;
    /// A comment, quotes or a list in Content-Transfer-Encoding.
    DecoratedTransferEncoding => Remove, AmbiguousEncoding;
    /// A multipart or message type with base64 or quoted-printable.
    EncodedComposite => Remove, EncodedComposite;
    /// The boundary parameter stands twice with different values.
    DuplicateBoundary => Remove, AmbiguousBoundary;
    /// A multipart without a boundary parameter, or with an empty one.
    MissingBoundary => Remove, AmbiguousBoundary;
    /// A boundary that RFC 2046 forbids (over 70 characters, trailing space, odd characters).
    IrregularBoundary => Remove, AmbiguousBoundary;
    /// An inner boundary that equals an outer one or begins with it.
    BoundaryPrefix => Remove, AmbiguousBoundary;
    /// The boundary is given by RFC 2231 pieces, an encoded word or with a comment.
    ObscuredBoundary => Remove, AmbiguousBoundary;
    /// A multipart whose boundary never comes.
    BoundaryNeverComes => Remove, AmbiguousBoundary;
    /// The final boundary is missing.
    NoFinalBoundary => Repair, NoFinalBoundary;
    /// Parts or content before the first boundary.
    ContentInPreamble => Repair, HiddenEpilogue;
    /// Parts or content after the final boundary.
    ContentInEpilogue => Repair, HiddenEpilogue;
    /// A space or another character between field name and colon.
    SpaceBeforeColon => Repair, HeaderSyntax;
    /// A MIME field among lines that are not header fields.
    BrokenHeaderLine => Repair, HeaderSyntax;
    /// A field name with octets outside printable ASCII.
    FieldNameOctets => Repair, HeaderSyntax;
    /// NUL in a MIME field.
    NulInField => Remove, HeaderSyntax;
    /// Bare CR inside or between the lines of a header section.
    BareCrInHeader => Remove, HeaderSyntax;
    /// Bare LF line ends.
    BareLf => Repair, StrayLineEnd;
    /// Bare CR in a body.
    BareCrInBody => Repair, StrayLineEnd;
    /// `name` and `filename` (or plain and extended forms) that name different types of file.
    NamesDiffer => Repair, AmbiguousName;
    /// RFC 2231 continuations with gaps, repeats or mixed forms.
    BrokenContinuation => Repair, AmbiguousName;
    /// A Content-Type that cannot be parsed.
    MalformedContentType => Remove, AmbiguousType;
    /// Base64 with characters outside its alphabet, padding inside, or a cut quantum.
    DirtyBase64 => Repair, EncodingDamage;
    /// Base64 so damaged that readers decode different octets.
    AmbiguousBase64 => Remove, AmbiguousEncoding;
    /// Quoted-printable with invalid escapes.
    DirtyQuotedPrintable => Repair, EncodingDamage;
    /// uuencode, `yEnc` or `BinHex` inside text.
    EncodedInText => Repair, EncodedInText;
    /// `message/partial`.
    PartialMessage => Remove, ExternalBody;
    /// `message/external-body`.
    ExternalBody => Remove, ExternalBody;
    /// MIME fields but no MIME-Version.
    NoMimeVersion => Repair, HeaderSyntax;
    /// Our own `X-Sekisho-Id` is already there.
    OwnMarkPresent => Hold, HeaderSyntax;
}
