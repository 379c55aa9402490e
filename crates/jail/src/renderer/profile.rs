//! What an instance of the renderer is given: its settings, its fonts, and the script that it runs under.
//!
//! The settings are the program's own keys (`registrymodifications.xcu`): no macro runs, no link is followed, nothing
//! is recalculated, restored or corrected. The fonts map the names that Japanese documents use to fonts that are
//! free; without that, fontconfig would pick a font without kanji widths and pages would break elsewhere.

/// Settings, as (path, property, value).
const SETTINGS: &[(&str, &str, &str)] = &[
    ("/org.openoffice.Office.Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("/org.openoffice.Office.Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("/org.openoffice.Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("/org.openoffice.Office.Common/Misc", "FirstRun", "false"),
    ("/org.openoffice.Office.Common/Misc", "UseOpenCL", "false"),
    ("/org.openoffice.Office.Common/Misc", "UseLocking", "false"),
    ("/org.openoffice.Office.Common/Misc", "CrashReport", "false"),
    ("/org.openoffice.Office.Recovery/AutoSave", "Enabled", "false"),
    ("/org.openoffice.Office.Recovery/RecoveryInfo", "Enabled", "false"),
    ("/org.openoffice.Office.Recovery/SessionData", "Enabled", "false"),
    ("/org.openoffice.Office.Writer/Content/Update", "Link", "2"),
    ("/org.openoffice.Office.Writer/Content/Update", "Field", "false"),
    ("/org.openoffice.Office.Writer/Content/Update", "Chart", "false"),
    ("/org.openoffice.Office.WriterWeb/Content/Update", "Link", "2"),
    ("/org.openoffice.Office.Calc/Content/Update", "Link", "2"),
    ("/org.openoffice.Office.Calc/Formula/Load", "OOXMLRecalcMode", "1"),
    ("/org.openoffice.Office.Calc/Formula/Load", "ODFRecalcMode", "1"),
    ("/org.openoffice.Office.Linguistic/General", "DefaultLocale", "ja-JP"),
    ("/org.openoffice.Office.Linguistic/General", "DefaultLocale_CJK", "ja-JP"),
    ("/org.openoffice.Office.Linguistic/SpellChecking", "IsSpellAuto", "false"),
    ("/org.openoffice.Setup/L10N", "ooSetupSystemLocale", "ja-JP"),
    ("/org.openoffice.Setup/Office", "ooSetupInstCompleted", "true"),
];

/// Names of typefaces in Japanese documents, and the fonts that stand in for them, best first.
const SERIF: &[&str] = &[
    "ＭＳ 明朝",
    "ＭＳ Ｐ明朝",
    "MS Mincho",
    "MS PMincho",
    "游明朝",
    "Yu Mincho",
    "游明朝 Demibold",
    "HG明朝B",
    "HG明朝E",
    "HGP明朝B",
    "HGP明朝E",
    "HGS明朝B",
    "HGS明朝E",
    "ヒラギノ明朝 Pro W3",
    "ヒラギノ明朝 ProN W3",
    "平成明朝",
    "IPA明朝",
    "IPAmj明朝",
    "@ＭＳ 明朝",
    "@ＭＳ Ｐ明朝",
];
const SANS: &[&str] = &[
    "ＭＳ ゴシック",
    "ＭＳ Ｐゴシック",
    "MS Gothic",
    "MS PGothic",
    "MS UI Gothic",
    "游ゴシック",
    "游ゴシック Light",
    "游ゴシック Medium",
    "Yu Gothic",
    "Yu Gothic UI",
    "メイリオ",
    "Meiryo",
    "Meiryo UI",
    "BIZ UDゴシック",
    "BIZ UDPゴシック",
    "UD デジタル 教科書体 N-R",
    "HGゴシックM",
    "HGゴシックE",
    "HGPゴシックM",
    "HGPゴシックE",
    "HGSゴシックM",
    "HGSゴシックE",
    "HG丸ｺﾞｼｯｸM-PRO",
    "HG創英角ｺﾞｼｯｸUB",
    "HGP創英角ｺﾞｼｯｸUB",
    "HGS創英角ｺﾞｼｯｸUB",
    "ヒラギノ角ゴ Pro W3",
    "ヒラギノ角ゴ ProN W3",
    "Osaka",
    "IPAゴシック",
    "@ＭＳ ゴシック",
    "@ＭＳ Ｐゴシック",
];
const SERIF_FONTS: &[&str] = &["IPAexMincho", "Noto Serif CJK JP", "Noto Sans CJK JP"];
const SANS_FONTS: &[&str] = &["IPAexGothic", "Noto Sans CJK JP"];

/// Latin names: where Japanese is preferred, fontconfig would draw these, too, with a Japanese font.
const LATIN: &[(&[&str], &[&str])] = &[
    (&["Times New Roman", "Times"], &["Liberation Serif", "Tinos", "Nimbus Roman", "DejaVu Serif"]),
    (&["Century", "Century Schoolbook"], &["C059", "Liberation Serif", "Nimbus Roman", "DejaVu Serif"]),
    (&["Cambria", "Georgia"], &["Caladea", "Liberation Serif", "Nimbus Roman", "DejaVu Serif"]),
    (
        &["Arial", "Helvetica", "Tahoma", "Verdana"],
        &["Liberation Sans", "Arimo", "Nimbus Sans", "DejaVu Sans"],
    ),
    (&["Calibri", "Segoe UI"], &["Carlito", "Liberation Sans", "Nimbus Sans", "DejaVu Sans"]),
    (
        &["Courier New", "Courier", "Consolas"],
        &["Liberation Mono", "Cousine", "Nimbus Mono PS", "DejaVu Sans Mono"],
    ),
];

/// The settings as a file.
pub(super) fn settings() -> String {
    let mut file = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <oor:items xmlns:oor=\"http://openoffice.org/2001/registry\">\n",
    );
    for (path, name, value) in SETTINGS {
        file.push_str(&format!(
            "<item oor:path=\"{path}\"><prop oor:name=\"{name}\" oor:op=\"fuse\"><value>{value}</value></prop></item>\n"
        ));
    }
    file.push_str("</oor:items>\n");
    file
}

/// The fonts as a configuration of fontconfig: ours first, then what the system says.
pub(super) fn fonts() -> String {
    let mut file = String::from(
        "<?xml version=\"1.0\"?>\n<!DOCTYPE fontconfig SYSTEM \"fonts.dtd\">\n<fontconfig>\n\
         <match target=\"pattern\"><edit name=\"lang\" mode=\"prepend\"><string>ja</string></edit></match>\n",
    );
    for (names, fonts) in [(SERIF, SERIF_FONTS), (SANS, SANS_FONTS)].iter().chain(LATIN) {
        let preferred: String = fonts.iter().map(|font| format!("<family>{font}</family>")).collect();
        for name in *names {
            file.push_str(&format!(
                "<alias binding=\"same\"><family>{name}</family><prefer>{preferred}</prefer></alias>\n"
            ));
        }
    }
    file.push_str(
        "<include ignore_missing=\"yes\">/etc/fonts/fonts.conf</include>\n\
         <dir>/usr/share/fonts</dir>\n</fontconfig>\n",
    );
    file
}

/// What runs in the sandbox: limits, settings, the program ahead of need; then one form and one document from standard
/// input, and the PDF to standard output.
///
/// Arguments: program, settings, fonts, CPU seconds, KiB of address space, blocks of the largest file.
/// The program's first start makes it wait at a socket for a second start that says what to do.
pub(super) const SCRIPT: &str = r#"
exec 2>/dev/null
ulimit -c 0; ulimit -t "$4"; ulimit -v "$5"; ulimit -f "$6"; ulimit -n 512
ulimit -p 128 2>/dev/null || ulimit -u 128
mkdir -p profile/user out
printf %s "$2" >profile/user/registrymodifications.xcu
printf %s "$3" >fonts.conf
HOME=$PWD; FONTCONFIG_FILE=$PWD/fonts.conf; export HOME FONTCONFIG_FILE
start() {
  "$program" --headless --norestore --nologo --nodefault --nolockcheck "-env:UserInstallation=file://$PWD/profile" "$@" >/dev/null 2>&1 </dev/null
}
program=$1
start &
first=$!
tries=0
while [ $tries -lt 200 ] && kill -0 $first 2>/dev/null; do
  for socket in /tmp/OSL_PIPE_*; do [ -S "$socket" ] && break 2; done
  tries=$((tries + 1)); sleep 0.1
done
IFS= read -r form || exit 1
cat >"document.$form"
start --convert-to pdf --outdir out "document.$form"
exec cat out/document.pdf
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_and_fonts_are_files_without_markup_in_their_values() {
        let plain = |text: &str| !text.contains(['<', '>', '&', '"', '\'']);
        assert!(SETTINGS.iter().all(|(path, name, value)| plain(path) && plain(name) && plain(value)));
        assert!([SERIF, SANS, SERIF_FONTS, SANS_FONTS].concat().into_iter().all(plain));
        assert_eq!(settings().matches("<item ").count(), SETTINGS.len());
        let latin: Vec<_> = LATIN.iter().flat_map(|(names, fonts)| [*names, *fonts].concat()).collect();
        assert!(latin.into_iter().all(plain));
        let names: usize = LATIN.iter().map(|(names, _)| names.len()).sum();
        assert_eq!(fonts().matches("<alias ").count(), SERIF.len() + SANS.len() + names);
    }
}
