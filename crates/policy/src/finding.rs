//! Findings: what was seen in a part, as codes of a closed list with a count and a short detail.

use serde::{Deserialize, Serialize};

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Severity {
    /// Nothing is lost and nothing is suspicious.
    Info,
    /// Something small was lost or repaired.
    Notice,
    /// Something was removed or looks like an attack.
    Warning,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $number:literal $name:literal $severity:ident;)+) => {
        /// The closed list of findings. Numbers and names are stable: they stand in frames, rows and reports.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "u16", into = "u16")]
        pub enum FindingCode { $($(#[$doc])* $variant,)+ }

        impl FindingCode {
            /// All codes, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Stable number.
            pub const fn number(self) -> u16 { match self { $(Self::$variant => $number),+ } }

            /// Stable name in reports.
            pub const fn name(self) -> &'static str { match self { $(Self::$variant => $name),+ } }

            /// Weight.
            pub const fn severity(self) -> Severity { match self { $(Self::$variant => Severity::$severity),+ } }
        }

        impl TryFrom<u16> for FindingCode {
            type Error = &'static str;
            fn try_from(number: u16) -> Result<Self, Self::Error> {
                match number { $($number => Ok(Self::$variant),)+ _ => Err("unknown finding code") }
            }
        }
    };
}

codes! {
    // 1–99: limits and failures of a part.
    /// More parts than allowed.
    LimitParts = 1 "limit_parts" Warning;
    /// Too many archive members.
    LimitArchiveMembers = 2 "limit_archive_members" Warning;
    /// Unpacks to more octets than allowed.
    LimitUnpackedOctets = 3 "limit_unpacked_octets" Warning;
    /// Unpacks to suspiciously many times its size.
    LimitUnpackRatio = 4 "limit_unpack_ratio" Warning;
    /// Archives nested too deep.
    LimitArchiveDepth = 5 "limit_archive_depth" Warning;
    /// Too many pages.
    LimitPages = 6 "limit_pages" Warning;
    /// A page of more pixels than allowed.
    LimitPagePixels = 7 "limit_page_pixels" Warning;
    /// An image of more pixels than allowed.
    LimitImagePixels = 8 "limit_image_pixels" Warning;
    /// More pixels in all than allowed.
    LimitTotalPixels = 9 "limit_total_pixels" Warning;
    /// More text than allowed.
    LimitText = 10 "limit_text" Warning;
    /// More nodes than a parser may visit.
    LimitNodes = 11 "limit_nodes" Warning;
    /// MIME entities nested too deep.
    LimitMimeDepth = 12 "limit_mime_depth" Warning;
    /// A header section that is too long.
    LimitHeader = 13 "limit_header" Warning;
    /// The output would exceed what the next hop takes.
    LimitOutput = 14 "limit_output" Warning;
    /// The jail child ran out of CPU time on this part.
    TimeOut = 20 "time_out" Warning;
    /// The jail child died on this part.
    Crash = 21 "crash" Warning;
    /// The jail child ran out of memory on this part.
    OutOfMemory = 22 "out_of_memory" Warning;
    /// The verifier refused what was written of this part.
    VerifierRefused = 23 "verifier_refused" Warning;
    /// Damaged so that it cannot be read.
    Unreadable = 24 "unreadable" Warning;
    /// Locked with a password.
    Locked = 25 "locked" Warning;
    /// A type that is never passed.
    TypeNotAllowed = 26 "type_not_allowed" Warning;
    /// A type that nobody here knows.
    TypeUnknown = 27 "type_unknown" Warning;
    /// A renderer is needed that is not installed.
    RendererMissing = 28 "renderer_missing" Warning;
    /// Policy removes this type.
    PolicyRemoves = 29 "policy_removes" Warning;
    /// Not built yet: the type is known but no safe road exists in this version.
    NotSupportedYet = 30 "not_supported_yet" Warning;
    /// An empty part (0 octets).
    Empty = 31 "empty" Info;

    // 100–199: MIME and header.
    /// A header field that may stand once stands several times.
    DuplicateField = 100 "duplicate_field" Warning;
    /// Content-Transfer-Encoding that is unknown or contradicts itself.
    AmbiguousEncoding = 101 "ambiguous_encoding" Warning;
    /// A boundary that readers disagree on.
    AmbiguousBoundary = 102 "ambiguous_boundary" Warning;
    /// A content type that readers disagree on.
    AmbiguousType = 103 "ambiguous_type" Warning;
    /// Several different file names for one part.
    AmbiguousName = 104 "ambiguous_name" Warning;
    /// Header syntax that readers disagree on.
    HeaderSyntax = 105 "header_syntax" Notice;
    /// Base64 or quoted-printable that does not decode cleanly.
    EncodingDamage = 106 "encoding_damage" Notice;
    /// A composite type with an encoding that RFC 2045 forbids.
    EncodedComposite = 107 "encoded_composite" Warning;
    /// Text before the first or after the last boundary that holds content.
    HiddenEpilogue = 108 "hidden_epilogue" Notice;
    /// Bare CR, bare LF or NUL.
    StrayLineEnd = 109 "stray_line_end" Info;
    /// A multipart without its final boundary.
    NoFinalBoundary = 110 "no_final_boundary" Info;
    /// `message/partial` or `message/external-body`.
    ExternalBody = 111 "external_body" Warning;
    /// The declared type, the name and the content disagree.
    TypeMismatch = 112 "type_mismatch" Notice;
    /// The file name was changed.
    NameChanged = 113 "name_changed" Info;
    /// The file name holds bidi or control characters or a double extension.
    NameDeceives = 114 "name_deceives" Warning;
    /// A header field could not be decoded without loss.
    FieldDamaged = 115 "field_damaged" Notice;
    /// From or Reply-To imitates an inside address.
    ImitatesInside = 116 "imitates_inside" Warning;
    /// The display name holds another address.
    NameHoldsAddress = 117 "name_holds_address" Warning;
    /// A domain of mixed scripts.
    MixedScriptDomain = 118 "mixed_script_domain" Warning;
    /// A signature is lost because the message is written anew.
    SignatureLost = 119 "signature_lost" Info;

    // 200–299: text and HTML.
    /// The charset label was missing or wrong; another charset was proven.
    CharsetRepaired = 200 "charset_repaired" Info;
    /// Characters that could not be decoded.
    CharsetLoss = 201 "charset_loss" Notice;
    /// A charset that is not read (UTF-7, HZ, …).
    CharsetRefused = 202 "charset_refused" Warning;
    /// Control, bidi or invisible characters dropped.
    InvisibleDropped = 203 "invisible_dropped" Info;
    /// 外字: private-use characters kept.
    PrivateUse = 204 "private_use" Info;
    /// HTML turned into text.
    HtmlToText = 205 "html_to_text" Info;
    /// Hidden text dropped.
    HiddenText = 206 "hidden_text" Notice;
    /// A link whose shown address differs from its target.
    DeceptiveLink = 207 "deceptive_link" Warning;
    /// Script, form or other active content of HTML dropped.
    ActiveHtml = 208 "active_html" Notice;
    /// Remote images dropped.
    RemoteImage = 209 "remote_image" Info;
    /// Tiny pictures dropped.
    TrackingPixel = 210 "tracking_pixel" Info;
    /// The alternatives of a mail say different things.
    AlternativesDiffer = 211 "alternatives_differ" Notice;
    /// uuencode, `yEnc`, `BinHex` or armour inside text.
    EncodedInText = 212 "encoded_in_text" Warning;
    /// `file:`, UNC paths or other schemes that a reader's program would act on, broken visibly.
    DangerousLink = 213 "dangerous_link" Warning;
    /// Lines that imitate our notice, quoted.
    ImitatesNotice = 214 "imitates_notice" Warning;
    /// A cell that a spreadsheet would run was neutralised.
    FormulaNeutralised = 215 "formula_neutralised" Notice;
    /// Calendar properties dropped (alarms, attachments).
    CalendarReduced = 216 "calendar_reduced" Info;
    /// Mark of structure (DOCTYPE, processing instruction, comment) dropped.
    MarkupDropped = 217 "markup_dropped" Info;
    /// Internationalised domain shown in punycode.
    PunycodeShown = 218 "punycode_shown" Info;

    // 300–399: PDF.
    /// JavaScript.
    PdfJavaScript = 300 "pdf_javascript" Warning;
    /// Launch action.
    PdfLaunch = 301 "pdf_launch" Warning;
    /// URI action or link (the address is listed).
    PdfLink = 302 "pdf_link" Info;
    /// Files embedded in the PDF.
    PdfEmbeddedFile = 303 "pdf_embedded_file" Warning;
    /// Form fields (now pixels).
    PdfForm = 304 "pdf_form" Notice;
    /// Digital signature lost.
    PdfSignature = 305 "pdf_signature" Notice;
    /// XFA form.
    PdfXfa = 306 "pdf_xfa" Notice;
    /// Automatic action (`OpenAction`, `AA`).
    PdfAutoAction = 307 "pdf_auto_action" Warning;
    /// Media, 3D or Flash.
    PdfMedia = 308 "pdf_media" Warning;
    /// A page that could not be drawn completely.
    PageIncomplete = 309 "page_incomplete" Notice;
    /// A font that nobody here has.
    FontMissing = 310 "font_missing" Notice;
    /// Fewer dots per inch than wanted.
    ResolutionReduced = 311 "resolution_reduced" Notice;
    /// Appearance of fields or annotations built by us.
    AppearanceBuilt = 312 "appearance_built" Info;
    /// Damaged structure repaired while reading.
    PdfRepaired = 313 "pdf_repaired" Info;
    /// Permission flags or an empty-password encryption dropped.
    PdfEncryptionDropped = 314 "pdf_encryption_dropped" Info;
    /// Hidden or off-page text not carried over.
    PdfHiddenText = 315 "pdf_hidden_text" Info;
    /// Submit, import or other form action.
    PdfSubmit = 316 "pdf_submit" Warning;
    /// What a PDF holds besides its pages could not be looked through; the pages themselves are pictures.
    PdfNotInspected = 317 "pdf_not_inspected" Notice;

    // 400–499: images.
    /// Metadata (GPS, camera, comments) dropped.
    ImageMetadata = 400 "image_metadata" Info;
    /// GPS position dropped.
    ImageGps = 401 "image_gps" Info;
    /// Octets behind the end of the image dropped.
    TrailingOctets = 402 "trailing_octets" Notice;
    /// Only the first frame was kept.
    FramesDropped = 403 "frames_dropped" Notice;
    /// Rotated upright.
    OrientationApplied = 404 "orientation_applied" Info;
    /// Reduced in depth or size.
    ImageReduced = 405 "image_reduced" Info;
    /// The image ended early; the rest is missing.
    ImageTruncated = 406 "image_truncated" Notice;
    /// Colour profile applied or dropped.
    ColourProfile = 407 "colour_profile" Info;

    // 500–599: archives.
    /// An archive removed; its members are listed.
    ArchiveStripped = 500 "archive_stripped" Warning;
    /// An executable or script inside.
    ExecutableInside = 501 "executable_inside" Warning;
    /// A member name that leaves its folder.
    TraversalName = 502 "traversal_name" Warning;
    /// Entries that overlap or contradict each other.
    ArchiveOverlap = 503 "archive_overlap" Warning;
    /// Duplicate member names.
    DuplicateMember = 504 "duplicate_member" Notice;
    /// Symbolic link or device.
    LinkMember = 505 "link_member" Warning;
    /// One of several volumes.
    MultiVolume = 506 "multi_volume" Warning;
    /// A member list that could not be read to the end.
    MemberListIncomplete = 507 "member_list_incomplete" Notice;
    /// One line of the member list.
    Member = 508 "member" Info;
    /// A kind of archive, or of compression in it, that is not opened.
    ArchiveUnsupported = 510 "archive_unsupported" Warning;
    /// One of the given passwords opened it; what was written of it bears none.
    Unlocked = 511 "unlocked" Notice;
    /// Trying passwords would have taken too long.
    LimitUnlocking = 512 "limit_unlocking" Warning;
    /// What a system adds to an archive of its own (`.DS_Store`, `Thumbs.db`) left out.
    SystemFileDropped = 513 "system_file_dropped" Info;
    /// A password of the mail itself opened it.
    PasswordInMail = 550 "password_in_mail" Info;
    /// A password of another mail opened it.
    PasswordInNeighbour = 551 "password_in_neighbour" Info;
    /// A password that was agreed with the sender opened it.
    PasswordAgreed = 552 "password_agreed" Info;
    /// It waits for a password and opens by itself once a mail tells it.
    PasswordAwaited = 553 "password_awaited" Info;
    /// The text, subject or file names tell something that may be a password.
    PasswordTold = 554 "password_told" Info;

    // 600–699: Office.
    /// Macros removed.
    Macro = 600 "macro" Warning;
    /// Embedded objects removed.
    EmbeddedObject = 601 "embedded_object" Warning;
    /// External references removed.
    ExternalReference = 602 "external_reference" Warning;
    /// Unknown elements dropped.
    ElementDropped = 603 "element_dropped" Info;
    /// More was left out than a reader would overlook: the layout may have changed.
    LayoutMayDiffer = 604 "layout_may_differ" Notice;
    /// The table behind a chart was left out; the chart shows what it showed.
    ChartDataDropped = 605 "chart_data_dropped" Info;
    /// A field that fetches or runs something was replaced by what it showed.
    FieldFrozen = 606 "field_frozen" Notice;
    /// A formula that uses data or programs elsewhere was replaced by the value that it showed.
    FormulaFrozen = 607 "formula_frozen" Notice;
    /// A link to something other than a web page or a mail address was left out.
    LinkDropped = 608 "link_dropped" Notice;
    /// A picture that could not be made anew was left out.
    PictureDropped = 609 "picture_dropped" Notice;
    /// A sheet that no menu shows; it crossed and is named.
    HiddenSheet = 610 "hidden_sheet" Notice;
    /// Sound or film was left out.
    MediaDropped = 611 "media_dropped" Notice;
    /// Comments or tracked changes were left out: policy says so, or they could not be read.
    RemarksDropped = 612 "remarks_dropped" Notice;
    /// Fields of a form became the text that they showed.
    FormFrozen = 640 "form_frozen" Notice;

    // 650–669: documents that only another program can show.
    /// The renderer could not draw it.
    RendererFailed = 650 "renderer_failed" Warning;
    /// The renderer did not finish in time.
    RendererTimeOut = 651 "renderer_time_out" Warning;
    /// More or larger documents than the renderer draws for one message.
    LimitRendered = 652 "limit_rendered" Warning;
    /// Drawn by another program than the one that it was made with: lines and pages may break elsewhere.
    Rendered = 653 "rendered" Info;
    /// Only its text could be taken; layout, tables and pictures are lost.
    TextOnly = 654 "text_only" Notice;
    /// A document of 一太郎, which only that product shows.
    Taro = 655 "taro_document" Warning;
    /// A document of DocuWorks, which only that product shows.
    DocuWorks = 656 "docuworks_document" Warning;
    /// A drawing of the named CAD product.
    CadDrawing = 657 "cad_drawing" Warning;

    // 700–749: mails in other coats, pictures that speak.
    /// A container of mail parts that could not be read to its end.
    ContainerIncomplete = 700 "container_incomplete" Notice;
    /// A digital signature whose signer is named as it claims; nobody verified it.
    SignerClaimed = 701 "signer_claimed" Info;
    /// The content of a QR code.
    QrCode = 702 "qr_code" Info;
}

impl From<FindingCode> for u16 {
    fn from(code: FindingCode) -> Self {
        code.number()
    }
}

/// One finding: a code, how often, and a short detail for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What.
    pub code: FindingCode,
    /// How often; at least 1.
    pub count: u32,
    /// What exactly, as data from outside: quoted and shortened wherever it is shown. May be empty.
    pub detail: String,
}

/// Longest detail that is kept, in characters.
const DETAIL_CHARS: usize = 200;
/// Most findings of one part; members of archives count too.
const FINDINGS_MAX: usize = 2_000;
/// Up to here each detail has an entry of its own. The rest is kept free for codes that come later: whoever fills the
/// list with details of his own choice hides none of them.
const DETAILED_MAX: usize = FINDINGS_MAX.saturating_sub(FindingCode::ALL.len());

/// The findings of one part, one entry per (code, detail).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings(#[serde(deserialize_with = "mail::at_most::<_, _, FINDINGS_MAX>")] Vec<Finding>);

impl Findings {
    /// None yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Counts one occurrence.
    pub fn add(&mut self, code: FindingCode) {
        self.add_detail(code, "");
    }

    /// Counts one occurrence with a detail; control characters are dropped and long details shortened with `…`.
    pub fn add_detail(&mut self, code: FindingCode, detail: &str) {
        self.add_many(code, 1, detail);
    }

    /// Counts several occurrences; none for a count of 0.
    pub fn add_many(&mut self, code: FindingCode, count: u32, detail: &str) {
        if count == 0 {
            return;
        }
        let detail = shortened(detail);
        if let Some(known) = self.0.iter_mut().rev().take(64).find(|f| f.code == code && f.detail == detail) {
            known.count = known.count.saturating_add(count);
        } else if self.0.len() < DETAILED_MAX {
            self.0.push(Finding { code, count, detail });
        } else if let Some(known) = self.0.iter_mut().find(|f| f.code == code) {
            known.count = known.count.saturating_add(count);
        } else if self.0.len() < FINDINGS_MAX {
            self.0.push(Finding { code, count, detail });
        }
    }

    /// Takes over all findings of another part.
    pub fn append(&mut self, other: Self) {
        for finding in other.0 {
            self.add_many(finding.code, finding.count, &finding.detail);
        }
    }

    /// Whether a code was found.
    pub fn has(&self, code: FindingCode) -> bool {
        self.0.iter().any(|f| f.code == code)
    }

    /// How often a code was found.
    pub fn count(&self, code: FindingCode) -> u32 {
        self.0.iter().filter(|f| f.code == code).fold(0, |sum, f| sum.saturating_add(f.count))
    }

    /// All, in the order of their first occurrence.
    pub fn iter(&self) -> std::slice::Iter<'_, Finding> {
        self.0.iter()
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The gravest weight, `Info` when empty.
    pub fn gravest(&self) -> Severity {
        self.0.iter().map(|f| f.code.severity()).max().unwrap_or(Severity::Info)
    }
}

fn shortened(detail: &str) -> String {
    let mut chars = detail.chars().filter(|c| !c.is_control());
    let mut short: String = chars.by_ref().take(DETAIL_CHARS).collect();
    if chars.next().is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn numbers_and_names_are_unique() {
        let numbers: HashSet<_> = FindingCode::ALL.iter().map(|c| c.number()).collect();
        let names: HashSet<_> = FindingCode::ALL.iter().map(|c| c.name()).collect();
        assert_eq!(numbers.len(), FindingCode::ALL.len());
        assert_eq!(names.len(), FindingCode::ALL.len());
        assert!(FindingCode::ALL.iter().all(|&c| FindingCode::try_from(c.number()) == Ok(c)));
    }

    #[test]
    fn equal_findings_are_counted_together() {
        let mut findings = Findings::new();
        findings.add(FindingCode::Macro);
        findings.add_many(FindingCode::Macro, 2, "");
        findings.add_detail(FindingCode::Macro, "a\r\nb");
        assert_eq!((findings.len(), findings.count(FindingCode::Macro)), (2, 4));
        assert!(findings.iter().any(|f| f.detail == "ab"));
    }

    #[test]
    fn a_full_list_still_tells_every_code() {
        let mut findings = Findings::new();
        for number in 0..3 * FINDINGS_MAX {
            findings.add_detail(FindingCode::ElementDropped, &format!("element{number}"));
        }
        assert_eq!(findings.len(), DETAILED_MAX);
        for _twice in 0..2 {
            for &code in FindingCode::ALL {
                findings.add_detail(code, "late");
            }
        }
        assert!(FindingCode::ALL.iter().all(|&code| findings.count(code) >= 2));
        assert_eq!(findings.count(FindingCode::ElementDropped), 6_002);
        assert!(findings.len() <= FINDINGS_MAX, "{}", findings.len());
    }
}
