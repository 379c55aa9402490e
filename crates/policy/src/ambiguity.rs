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
    /// An unknown Content-Transfer-Encoding on text that no known encoding would read otherwise.
    UnknownEncodingOfPlainText => Repair, EncodingDamage;
    /// A known encoding with a semicolon, comma or full stop behind it, on text: text it stays in every reading.
    PunctuatedEncodingOfText => Repair, EncodingDamage;
    /// A comment, quotes or a list in Content-Transfer-Encoding.
    DecoratedTransferEncoding => Remove, AmbiguousEncoding;
    /// A multipart with base64 or quoted-printable, where the encoded and the plain reading differ.
    EncodedComposite => Remove, EncodedComposite;
    /// A multipart that says base64 or quoted-printable and plainly is not encoded.
    FalselyEncodedComposite => Repair, EncodingDamage;
    /// A message/rfc822 in base64 or quoted-printable.
    EncodedMessage => Repair, EncodingDamage;
    /// The boundary parameter stands twice with different values.
    DuplicateBoundary => Remove, AmbiguousBoundary;
    /// A multipart without a boundary parameter, or with an empty one.
    MissingBoundary => Remove, AmbiguousBoundary;
    /// A boundary that RFC 2046 forbids (over 70 characters, trailing space, odd characters).
    IrregularBoundary => Remove, AmbiguousBoundary;
    /// A boundary that equals or begins another, or a line that begins like a delimiter and goes on.
    BoundaryPrefix => Remove, AmbiguousBoundary;
    /// An inner boundary that begins with the outer one, where every reading gives the same leaves.
    NestedBoundaryExtends => Repair, HeaderSyntax;
    /// A delimiter that only some readers see behind a bare CR.
    BareCrAtBoundary => Remove, AmbiguousBoundary;
    /// A delimiter behind the final one.
    BoundaryAfterFinal => Remove, AmbiguousBoundary;
    /// The boundary is given by RFC 2231 pieces, an encoded word or with a comment.
    ObscuredBoundary => Remove, AmbiguousBoundary;
    /// A multipart without boundary or delimiters, whose body holds no trace of parts: it is text.
    MultipartWithoutParts => Repair, TypeMismatch;
    /// A multipart whose boundary never comes.
    BoundaryNeverComes => Remove, AmbiguousBoundary;
    /// A multipart without any body, as in a returned header.
    EmptyMultipart => Repair, NoFinalBoundary;
    /// The final boundary is missing.
    NoFinalBoundary => Repair, NoFinalBoundary;
    /// Parts or content before the first boundary.
    ContentInPreamble => Repair, HiddenEpilogue;
    /// Parts or content after the final boundary.
    ContentInEpilogue => Repair, HiddenEpilogue;
    /// A space or another character between field name and colon.
    SpaceBeforeColon => Repair, HeaderSyntax;
    /// A line in the header section that is no field.
    BrokenHeaderLine => Repair, HeaderSyntax;
    /// A line of white space in the header section.
    BlankFold => Repair, HeaderSyntax;
    /// The `From ` line of a mailbox file on top.
    MboxLine => Repair, HeaderSyntax;
    /// A MIME field behind a line that some readers take for the end of the header section.
    FieldAfterDoubtfulEnd => Remove, HeaderSyntax;
    /// A MIME field that only some readers see: indented on the first line, or with controls in its name.
    ObscuredFieldName => Remove, HeaderSyntax;
    /// A field name with octets outside printable ASCII.
    FieldNameOctets => Repair, HeaderSyntax;
    /// NUL in a MIME field.
    NulInField => Remove, HeaderSyntax;
    /// Bare CR in a header section, where the MIME fields or the end of the section depend on its reading.
    BareCrInHeader => Remove, HeaderSyntax;
    /// Bare CR in a header section that reads alike with and without it.
    StrayCrInHeader => Repair, StrayLineEnd;
    /// Bare LF line ends.
    BareLf => Repair, StrayLineEnd;
    /// Bare CR line ends throughout, and no LF at all.
    CrOnly => Repair, StrayLineEnd;
    /// Bare CR in a body.
    BareCrInBody => Repair, StrayLineEnd;
    /// `name` and `filename` (or plain and extended forms) that name different types of file.
    NamesDiffer => Repair, AmbiguousName;
    /// RFC 2231 continuations with gaps, repeats or mixed forms.
    BrokenContinuation => Repair, AmbiguousName;
    /// A Content-Type that cannot be parsed and may be composite.
    MalformedContentType => Remove, AmbiguousType;
    /// A Content-Type that cannot be parsed and is not composite in any reading.
    UnreadableType => Repair, TypeMismatch;
    /// Parameters with forgotten semicolons, spaces, or quotes, on a type that has no parts.
    LooseParameters => Repair, HeaderSyntax;
    /// The second reader finds other parts, or other octets in a part.
    ViewsDiffer => Remove, AmbiguousBoundary;
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
    /// Our own `X-Sekisho-Id` is already there twice.
    OwnMarkPresent => Hold, HeaderSyntax;
}
