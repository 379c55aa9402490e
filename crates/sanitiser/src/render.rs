//! What only another program can show: a document on its way to the optional renderer, and the PDF that came back.
//!
//! *Security.* The renderer is told a form from a closed list, never a name. What it sends back is as hostile as what
//! it was given: it goes through `pdf::flatten` like any PDF from outside.

use crate::detect::Detected;
use mail::{PartPath, Untrusted};
use policy::{FindingCode, Kind};
use serde::{Deserialize, Serialize};

macro_rules! forms {
    ($($variant:ident = $extension:literal;)+) => {
        /// Forms of documents that the renderer may be able to read, by their extension.
        #[expect(missing_docs, reason = "each is named as its extension")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum DocumentForm { $($variant,)+ }

        impl DocumentForm {
            /// All forms.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Extension without dot.
            pub const fn extension(self) -> &'static str { match self { $(Self::$variant => $extension),+ } }
        }
    };
}

forms! {
    Doc = "doc";
    Xls = "xls";
    Ppt = "ppt";
    Rtf = "rtf";
    Xlsb = "xlsb";
    Xml = "xml";
    Vsd = "vsd";
    Vsdx = "vsdx";
    Pub = "pub";
    Wps = "wps";
    Hwp = "hwp";
    Docx = "docx";
    Xlsx = "xlsx";
    Pptx = "pptx";
    Odt = "odt";
    Ods = "ods";
    Odp = "odp";
    Odg = "odg";
    Fodt = "fodt";
    Fods = "fods";
    Fodp = "fodp";
    Fodg = "fodg";
}

impl DocumentForm {
    /// The form of an extension: variants of a format (macro, template, show) are called as their plain document.
    pub fn of_extension(extension: &str) -> Option<Self> {
        let plain = match extension {
            "docm" | "dotx" | "dotm" => "docx",
            "xlsm" | "xltx" | "xltm" => "xlsx",
            "pptm" | "potx" | "potm" | "ppsx" | "ppsm" | "sldx" => "pptx",
            "ott" => "odt",
            other => other,
        };
        Self::ALL.iter().copied().find(|form| form.extension() == plain)
    }

    /// The form in which a part would go to the renderer.
    pub(crate) fn of(detected: &Detected) -> Option<Self> {
        let drawable = matches!(detected.kind, Kind::LegacyOffice | Kind::Ooxml | Kind::OpenDocument);
        Self::of_extension(detected.extension).filter(|_| drawable)
    }
}

/// A document for the renderer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToRender {
    /// The part that it comes from, and where what comes back belongs.
    pub path: PartPath,
    /// What it is.
    pub form: DocumentForm,
    /// The document.
    pub octets: Untrusted,
}

/// What the renderer made of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rendered {
    /// The part that it came from.
    pub path: PartPath,
    /// A PDF, hostile like any, or why there is none.
    pub pdf: Result<Untrusted, FindingCode>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_are_called_as_their_plain_document() {
        for (extension, form) in [
            ("doc", Some(DocumentForm::Doc)),
            ("dotm", Some(DocumentForm::Docx)),
            ("xltx", Some(DocumentForm::Xlsx)),
            ("ppsm", Some(DocumentForm::Pptx)),
            ("exe", None),
            ("", None),
        ] {
            assert_eq!(DocumentForm::of_extension(extension), form, "{extension:?}");
        }
        assert!(DocumentForm::ALL.iter().all(|f| DocumentForm::of_extension(f.extension()) == Some(*f)));
    }
}
