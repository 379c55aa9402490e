//! The sentences, by code: what became of a part, what was seen in it, why a mail is held. Everyday words.

use crate::{Action, AwaitFor, FindingCode, HoldReason, PartReport};

/// Japanese and English.
type Texts = (&'static str, &'static str);

/// What became of a part that is a file of its own, or that is missing.
pub(super) fn outcome(part: &PartReport) -> Texts {
    let kind = part.media_type.top_level();
    match &part.action {
        Action::Flatten
            if part.output.as_ref().is_some_and(|output| output.media_type.top_level() == "image") =>
        {
            ("見た目のとおりの画像にしました。", "It was turned into a picture that looks the same.")
        }
        Action::Flatten if kind == "image" => {
            ("見た目のとおりのPDFにしました。", "It was turned into a PDF that looks the same.")
        }
        Action::Flatten => (
            "見た目のとおりのPDFに作り直しました。入力欄やリンクは使えません。",
            "It was made anew as a PDF that looks the same; form fields and links do not work.",
        ),
        Action::Rebuild if kind == "image" => ("画像を作り直しました。", "The picture was made anew."),
        Action::Rebuild if kind == "text" => {
            ("中身の文字だけで作り直しました。", "It was made anew from its text.")
        }
        Action::Rebuild => {
            ("同じ種類のファイルとして作り直しました。", "It was made anew as a file of the same kind.")
        }
        Action::Extract => ("文字だけを取り出しました。", "Its text was taken out."),
        Action::Unpack => {
            ("中のファイルを一つずつ作り直しました。", "The files in it were made anew one by one.")
        }
        Action::Merge(_) => ("本文の中に表示しています。", "It is shown in the text."),
        Action::Await(wait) => match (part.reason, wait) {
            (Some(FindingCode::LimitOutput), _) => reason(FindingCode::LimitOutput),
            (_, AwaitFor::Password) if part.findings.has(FindingCode::PasswordAwaited) => (
                "パスワードが付いているため、まだお渡ししていません。パスワードが別のメールで届くと、自動で開いて追ってお届けします。",
                "Not passed on yet: it is locked. When its password comes in another mail, it is opened and follows by itself.",
            ),
            (_, AwaitFor::Password) => reason(FindingCode::Locked),
            (_, AwaitFor::Renderer) => reason(FindingCode::RendererMissing),
            (Some(code), AwaitFor::Approval) => reason(code),
            (None, AwaitFor::Approval) => {
                ("担当者の確認が必要なため、お渡ししていません。", "Not passed on: a person has to decide.")
            }
        },
        Action::Remove => reason(part.reason.unwrap_or(FindingCode::Unreadable)),
    }
}

/// Why a part is not passed on.
#[expect(clippy::too_many_lines, reason = "one table with a row for every reason")]
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "most codes are no reasons; the general sentence is true of all"
)]
fn reason(code: FindingCode) -> Texts {
    use FindingCode as F;
    match code {
        F::LimitArchiveMembers
        | F::LimitUnpackedOctets
        | F::LimitUnpackRatio
        | F::LimitArchiveDepth
        | F::LimitPages
        | F::LimitPagePixels
        | F::LimitImagePixels
        | F::LimitTotalPixels
        | F::LimitText
        | F::LimitNodes
        | F::LimitUnlocking
        | F::LimitParts => (
            "大きすぎる、または中身が多すぎるため、お渡ししていません。",
            "Not passed on: it is too large or holds too much.",
        ),
        F::LimitOutput => (
            "作り直したファイルが大きく、メールに付けきれないため、お渡ししていません。",
            "Not passed on: made anew, it is too large for a mail.",
        ),
        F::TimeOut | F::OutOfMemory => (
            "作り直しに時間がかかりすぎるため、お渡ししていません。",
            "Not passed on: making it anew would take too long.",
        ),
        F::Locked => (
            "パスワードが付いていて中を確かめられないため、お渡ししていません。",
            "Not passed on: it is locked with a password, so nobody can look inside.",
        ),
        F::TypeNotAllowed | F::ExecutableInside => (
            "プログラムなど、お渡ししないことになっている種類のファイルです。",
            "Not passed on: files of this kind, such as programs, are not let in.",
        ),
        F::TypeUnknown => (
            "種類の分からないファイルのため、お渡ししていません。",
            "Not passed on: nobody can tell what kind of file it is.",
        ),
        F::RendererMissing | F::NotSupportedYet => (
            "この種類のファイルは、まだ作り直すことができないため、お渡ししていません。",
            "Not passed on: files of this kind cannot be made anew yet.",
        ),
        F::PolicyRemoves => (
            "この種類のファイルは、お渡ししない設定になっています。",
            "Not passed on: files of this kind are switched off here.",
        ),
        F::Empty => ("中身のない（0バイトの）ファイルでした。", "It was empty (0 octets)."),
        F::ArchiveStripped => (
            "圧縮ファイルのため、お渡ししていません。中のファイルの名前は一覧にあります。",
            "Not passed on: it is an archive. The names of the files in it are listed.",
        ),
        F::ArchiveUnsupported => (
            "この種類の圧縮ファイルは開くことができないため、お渡ししていません。",
            "Not passed on: archives of this kind cannot be opened here.",
        ),
        F::MultiVolume => (
            "分割された圧縮ファイルの一部で、これだけでは開けないため、お渡ししていません。",
            "Not passed on: it is one piece of an archive in several pieces and cannot be opened alone.",
        ),
        F::ArchiveOverlap => (
            "圧縮ファイルの作りが正しくなく、ソフトによって中身が変わるため、お渡ししていません。",
            "Not passed on: the archive is badly built and programs read it differently.",
        ),
        F::LinkMember => (
            "ほかのファイルを指すだけの項目で、中身がないため、お渡ししていません。",
            "Not passed on: it only points to another file and has no content.",
        ),
        F::EmbeddedObject => (
            "ほかのソフトの中でだけ使うデータのため、お渡ししていません。",
            "Not passed on: it is data that only another program can use.",
        ),
        F::ExternalBody => (
            "中身がこのメールの中にないため、お渡しできません。",
            "Not passed on: its content is not in this mail.",
        ),
        F::CharsetRefused => (
            "読み取れない文字の形式で書かれているため、お渡ししていません。",
            "Not passed on: its characters are written in a form that is not read.",
        ),
        F::DuplicateField
        | F::AmbiguousEncoding
        | F::AmbiguousBoundary
        | F::AmbiguousType
        | F::AmbiguousName
        | F::HeaderSyntax
        | F::EncodedComposite
        | F::HiddenEpilogue
        | F::LimitMimeDepth
        | F::LimitHeader => (
            "メールの作りが正しくなく、ソフトによって読まれ方が変わるため、お渡ししていません。",
            "Not passed on: this part is badly built and programs read it differently.",
        ),
        other => product_reason(other).unwrap_or((
            "こわれているか、特殊な作りのため、作り直すことができませんでした。",
            "Not passed on: it is damaged or unusual and could not be made anew.",
        )),
    }
}

/// The same, for documents that only another program shows.
#[expect(clippy::wildcard_enum_match_arm, reason = "all others have sentences of their own")]
fn product_reason(code: FindingCode) -> Option<Texts> {
    use FindingCode as F;
    Some(match code {
        F::RendererFailed => (
            "開いて表示することができなかったため、お渡ししていません。送り主に、PDFで送り直してもらってください。",
            "Not passed on: it could not be opened and shown. Ask the sender for a PDF.",
        ),
        F::RendererTimeOut | F::LimitRendered => (
            "表示に時間がかかりすぎる、または数が多すぎるため、お渡ししていません。送り主に、PDFで送り直してもらってください。",
            "Not passed on: showing it would take too long, or there are too many. Ask the sender for a PDF.",
        ),
        F::Taro => (
            "一太郎のファイルは作り直すことができないため、お渡ししていません。送り主に、PDFで送り直してもらってください。",
            "Not passed on: Ichitaro documents cannot be made anew. Ask the sender for a PDF.",
        ),
        F::DocuWorks => (
            "DocuWorksのファイルは作り直すことができないため、お渡ししていません。送り主に、PDFで送り直してもらってください。",
            "Not passed on: DocuWorks documents cannot be made anew. Ask the sender for a PDF.",
        ),
        F::CadDrawing => (
            "CADの図面は作り直すことができないため、お渡ししていません。送り主に、PDFで送り直してもらってください。",
            "Not passed on: CAD drawings cannot be made anew. Ask the sender for a PDF.",
        ),
        _ => return None,
    })
}

/// Why nothing of a mail is passed on.
pub(super) fn hold(reason: HoldReason) -> Texts {
    match reason {
        HoldReason::Unreadable => (
            "メールの作りがこわれていて、読み取ることができませんでした。",
            "The mail is damaged and could not be read.",
        ),
        HoldReason::Limit(_) => (
            "メールが大きすぎる、または中身が多すぎるため、作り直すことができませんでした。",
            "The mail is too large or holds too much and could not be made anew.",
        ),
        HoldReason::Loop => (
            "同じメールが回り続けているため、ここで止めています。",
            "The mail goes round in circles and was stopped here.",
        ),
        HoldReason::JailFailed | HoldReason::VerifierRefused => (
            "メールを確かめながら作り直すことができませんでした。",
            "The mail could not be made anew and checked.",
        ),
        HoldReason::Policy => (
            "お渡ししない設定に当てはまるメールでした。",
            "The settings say that such a mail is not passed on.",
        ),
        HoldReason::NextHopRefused => (
            "中のメールサーバーが、このメールを受け取りませんでした。",
            "The mail server inside did not accept this mail.",
        ),
        HoldReason::Person => {
            ("担当者が、このメールをお預かりしています。", "A member of the IT staff keeps this mail back.")
        }
        HoldReason::InternalFault => (
            "こちらの装置の不具合のため、作り直すことができませんでした。",
            "The mail could not be made anew because of a fault on our side.",
        ),
    }
}

/// What was seen, in words; `None` where there is nothing that a clerk could use.
#[expect(clippy::too_many_lines, reason = "one table with a row for every code")]
pub(super) fn seen(code: FindingCode) -> Option<Texts> {
    use FindingCode as F;
    Some(match code {
        // Reasons have their own sentences; these show on parts that went on in spite of them.
        F::LimitParts
        | F::LimitArchiveMembers
        | F::LimitUnpackedOctets
        | F::LimitUnpackRatio
        | F::LimitArchiveDepth
        | F::LimitPages
        | F::LimitPagePixels
        | F::LimitImagePixels
        | F::LimitTotalPixels
        | F::LimitText
        | F::LimitNodes
        | F::LimitMimeDepth
        | F::LimitHeader
        | F::LimitOutput => {
            ("大きすぎる、または多すぎる部分がありました。", "Part of it is too large or too much.")
        }
        F::TimeOut | F::Crash | F::OutOfMemory | F::VerifierRefused | F::Unreadable => {
            ("作り直せない部分がありました。", "Part of it could not be made anew.")
        }
        F::RendererFailed | F::RendererTimeOut | F::LimitRendered => {
            ("表示できない部分がありました。", "Part of it could not be shown.")
        }
        F::Rendered => (
            "作成したソフトとは別のソフトで表示したため、行やページの区切りが変わることがあります。",
            "Another program than its own drew it: lines and pages may break elsewhere.",
        ),
        F::TextOnly => (
            "文字だけです。体裁、表、図はありません。",
            "It is text alone, without layout, tables and pictures.",
        ),
        F::Taro => ("一太郎のファイルです。", "It is an Ichitaro document."),
        F::DocuWorks => ("DocuWorksのファイルです。", "It is a DocuWorks document."),
        F::CadDrawing => ("CADの図面です:", "It is a CAD drawing:"),
        F::Locked => ("パスワードが付いています。", "It is locked with a password."),
        F::Unlocked => (
            "パスワードで開きました。お渡しするファイルにはパスワードが付いていません。",
            "It was opened with its password; what is passed on bears none.",
        ),
        F::LimitUnlocking => (
            "パスワードを試すのに時間がかかりすぎるため、途中でやめました。",
            "Trying passwords would have taken too long.",
        ),
        F::ArchiveUnsupported => (
            "開くことのできない圧縮の部分がありました。",
            "Part of it is compressed in a way that is not opened.",
        ),
        F::TypeNotAllowed | F::TypeUnknown | F::RendererMissing | F::PolicyRemoves | F::NotSupportedYet => {
            ("お渡ししない種類の部分がありました。", "Part of it is of a kind that is not passed on.")
        }
        F::DuplicateField
        | F::HeaderSyntax
        | F::AmbiguousType
        | F::AmbiguousEncoding
        | F::AmbiguousBoundary => {
            ("メールの作りに正しくないところがありました。", "The mail is not built as it should be.")
        }
        F::EncodedComposite | F::HiddenEpilogue => (
            "ふつうは表示されない場所に内容がありました。",
            "There was content in a place that is usually not shown.",
        ),
        F::AmbiguousName => (
            "ソフトによって違って見えるファイル名が付いていました。",
            "It bore names that programs show differently:",
        ),
        F::EncodingDamage => ("一部がこわれていました。", "Part of it was damaged."),
        F::ExternalBody => {
            ("中身がメールの外にある部分がありました。", "Part of its content lies outside the mail.")
        }
        F::TypeMismatch => {
            ("ファイル名と中身の種類が違っていました。", "Its name and its content are of different kinds.")
        }
        F::NameChanged => ("元のファイル名:", "Name as it came:"),
        F::NameDeceives => (
            "種類を間違えさせるようなファイル名が付いていました。",
            "Its name could mislead about what it is:",
        ),
        F::FieldDamaged => (
            "差出人や件名などに、読み取れない文字がありました。",
            "Some characters of the sender, subject or recipients could not be read.",
        ),
        F::ImitatesInside => (
            "差出人が、庁内のアドレスを名乗っています。外から届いたメールです。",
            "The sender uses an inside address, but the mail came from outside:",
        ),
        F::NameHoldsAddress => (
            "差出人の名前に、実際とは別のアドレスが書かれています。",
            "The sender's name shows another address than the real one:",
        ),
        F::MixedScriptDomain => (
            "差出人のアドレスに、まぎらわしい文字が使われています。",
            "The sender's address uses letters that are easily confused:",
        ),
        F::CharsetLoss => {
            ("読み取れない文字がありました（�で表示）。", "Some characters could not be read (shown as �).")
        }
        F::CharsetRefused => (
            "読み取れない文字の形式で書かれていました。",
            "It is written in a form of characters that is not read.",
        ),
        F::PrivateUse => (
            "外字が含まれています。正しく表示されないことがあります。",
            "It holds private characters (gaiji).",
        ),
        F::HiddenText => (
            "見えないように書かれた文字を取り除きました。",
            "Text written so that nobody sees it was left out.",
        ),
        F::DeceptiveLink => (
            "表示と違う行き先のリンクがありました。本文に印を付けています。",
            "A link led elsewhere than it showed; it is marked in the text:",
        ),
        F::ActiveHtml => ("自動で動くしくみや入力欄を取り除きました。", "Scripts or forms were left out."),
        F::RemoteImage => {
            ("外から読み込む画像は表示していません。", "Pictures loaded from outside are not shown.")
        }
        F::AlternativesDiffer => (
            "内容の異なる二つの本文があったため、両方を載せています。",
            "There were two texts that differ; both are shown.",
        ),
        F::EncodedInText => {
            ("本文の中にファイルが埋め込まれていました。", "A file was embedded in the text.")
        }
        F::DangerousLink => (
            "押すとパソコンが動作してしまう書き方を、無効にしました。",
            "Links that would make the computer act were broken.",
        ),
        F::ImitatesNotice => (
            "本文に、このお知らせをまねた文がありました（先頭に「>」を付けました）。",
            "The text imitates this notice; such lines begin with \">\".",
        ),
        F::FormulaNeutralised => (
            "計算式として動くセルを、文字に変えました。",
            "Cells that a spreadsheet would run were turned into text.",
        ),
        F::CalendarReduced => {
            ("予定の通知や添付は取り除きました。", "Alarms and attachments of the appointment were left out.")
        }
        F::PdfJavaScript | F::PdfLaunch | F::PdfAutoAction | F::Macro => {
            ("自動で動くしくみを取り除きました。", "Parts that run by themselves were left out.")
        }
        F::PdfLink => ("リンクは使えません。", "Links do not work."),
        F::LayoutMayDiffer => (
            "一部の飾りを作り直せなかったため、見た目が少し違うことがあります。",
            "Some decorations could not be made anew, so it may look a little different.",
        ),
        F::ChartDataDropped => (
            "グラフの元の表は取り除きました。グラフの見た目は変わりません。",
            "The table behind a chart was left out; the chart looks the same.",
        ),
        F::FieldFrozen => (
            "自動で変わる欄の一部を、表示されていた文字のままにしました。",
            "Some fields that update themselves were kept as the text that they showed.",
        ),
        F::FormulaFrozen => (
            "外のデータを使う計算式を、表示されていた値のままにしました。",
            "Formulas that use data elsewhere were kept as the values that they showed.",
        ),
        F::LinkDropped => (
            "ウェブページとメール以外へのリンクは取り除きました。",
            "Links to anything but web pages and mail addresses were left out.",
        ),
        F::PictureDropped => {
            ("作り直せない画像を取り除きました。", "Pictures that could not be made anew were left out.")
        }
        F::HiddenSheet => {
            ("画面に出ないように隠されたシートがあります:", "There is a sheet that is hidden from view:")
        }
        F::MediaDropped => ("音や動画は取り除きました。", "Sound and film were left out."),
        F::RemarksDropped => {
            ("コメントや変更の記録は取り除きました。", "Comments and tracked changes were left out.")
        }
        F::FormFrozen => (
            "入力欄は、表示されていた文字だけにしました。",
            "Form fields were kept as the text that they showed.",
        ),
        F::PdfEmbeddedFile | F::EmbeddedObject => {
            ("中に埋め込まれていたファイルは取り除きました。", "Files embedded in it were left out.")
        }
        F::PdfForm | F::PdfXfa => ("入力欄は見た目だけになっています。", "Form fields are pictures only."),
        F::PdfSubmit => ("送信ボタンは取り除きました。", "A button that sends data was left out."),
        F::PdfSignature | F::SignatureLost => (
            "電子署名は、作り直したため確かめられません。",
            "Its digital signature is lost, because it was made anew.",
        ),
        F::PdfMedia => ("音声や動画は取り除きました。", "Sound and video were left out."),
        F::PageIncomplete => (
            "一部が正しく表示されていないページや、白紙になったページがあるかもしれません。",
            "Some pages may not be shown completely, or are blank.",
        ),
        F::FontMissing => (
            "使われている書体がないため、見た目が変わっているところがあります。",
            "A typeface is missing here; some text looks different.",
        ),
        F::ResolutionReduced | F::ImageReduced => {
            ("大きさを抑えるため、画質を下げました。", "Its resolution was lowered to save space.")
        }
        F::PdfNotInspected => (
            "ページのほかに何が入っていたかは、確かめられませんでした。",
            "What it held besides its pages could not be looked through.",
        ),
        F::ImageGps => ("撮影場所の情報は取り除きました。", "The place where it was taken was left out."),
        F::TrailingOctets => {
            ("画像のうしろに付いていたデータは取り除きました。", "Data behind the picture was left out.")
        }
        F::FramesDropped => {
            ("動く画像は、最初の一枚だけにしました。", "Of a moving picture only the first frame is there.")
        }
        F::ImageTruncated => ("画像が途中で切れていました。", "The picture ends early."),
        F::ArchiveStripped => ("圧縮ファイルでした。", "It was an archive."),
        F::ExecutableInside => ("プログラムが入っていました:", "It holds a program:"),
        F::TraversalName | F::ArchiveOverlap | F::DuplicateMember | F::LinkMember => (
            "圧縮ファイルの作りに正しくないところがありました。",
            "The archive is not built as it should be.",
        ),
        F::MultiVolume => {
            ("分割された圧縮ファイルの一部でした。", "It is one piece of an archive in several pieces.")
        }
        F::MemberListIncomplete => (
            "中のファイルの名前は、一部しか分かりませんでした。",
            "Only some names of the files in it could be read.",
        ),
        F::Member => ("中のファイル:", "File in it:"),
        F::PasswordInMail => (
            "同じメールに書かれていたパスワードで開きました。",
            "It was opened with a password from the same mail.",
        ),
        F::PasswordInNeighbour => (
            "別のメールに書かれていたパスワードで開きました。",
            "It was opened with a password from another mail.",
        ),
        F::PasswordAgreed => (
            "あらかじめ決めてあるパスワードで開きました。",
            "It was opened with the password agreed with the sender.",
        ),
        F::ExternalReference => {
            ("外のファイルへのつながりは切りました。", "Connections to files elsewhere were cut.")
        }
        F::ContainerIncomplete => {
            ("中身の一部を取り出せませんでした。", "Part of what was in it could not be taken out.")
        }
        F::SignerClaimed => (
            "電子署名が付いていました。署名が本物かどうかは確かめていません。署名者の名乗り:",
            "It bore a digital signature, which nobody here has verified. Its signer claims to be:",
        ),
        F::QrCode => {
            ("二次元コード（QRコード）がありました。読み取った内容:", "It holds a QR code, which says:")
        }
        // Nothing is missing that a reader would look for.
        F::Empty
        | F::StrayLineEnd
        | F::NoFinalBoundary
        | F::CharsetRepaired
        | F::InvisibleDropped
        | F::HtmlToText
        | F::TrackingPixel
        | F::MarkupDropped
        | F::PunycodeShown
        | F::AppearanceBuilt
        | F::PdfRepaired
        | F::PdfEncryptionDropped
        | F::PdfHiddenText
        | F::ImageMetadata
        | F::OrientationApplied
        | F::ColourProfile
        | F::SystemFileDropped
        | F::PasswordAwaited
        | F::PasswordTold
        | F::ElementDropped => return None,
    })
}
