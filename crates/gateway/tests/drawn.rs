//! Documents that the optional renderer draws: with the real one, with ones that misbehave, and without any.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "a test that cannot go on must stop"
)]

mod common;

use common::{BINARY, Place, client, folder, holds, layer, stdout, wait_until};
use serde_json::Value;
use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

/// Configuration with the renderer that lies at `program`.
fn renderer(program: &str, wall: &str) -> String {
    format!("[renderer]\nprogram = \"{program}\"\nwall = \"{wall}\"\n")
}

const REAL: &str = "[renderer]\nwall = \"300 s\"\ncpu = \"300 s\"\n";

/// Sanitises one input under a configuration; its report.
fn sanitise(folder: &Path, config: &str, policy: &[&str], name: &str, octets: &[u8]) -> Value {
    let (input, file) = (folder.join(name), folder.join("sekisho.toml"));
    std::fs::write(&input, octets).unwrap();
    std::fs::write(&file, format!("[limits]\nchild_wall = \"900 s\"\n{config}")).unwrap();
    let mut command = Command::new(BINARY);
    command.args(["sanitise", "--report", "json", "--out"]).arg(folder.join("out"));
    command.arg("--config").arg(&file);
    for key in policy {
        command.args(["--policy", key]);
    }
    let ran = command.arg(&input).output().unwrap();
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(matches!(ran.status.code(), Some(0 | 2)), "{}: {errors}", ran.status);
    serde_json::from_slice(&ran.stdout).unwrap()
}

fn codes(part: &Value) -> Vec<&str> {
    let findings = part["findings"].as_array().unwrap().iter();
    findings.map(|finding| finding["code"].as_str().unwrap()).chain(part["reason"].as_str()).collect()
}

/// An RTF in CP932, as Word for Windows writes it.
fn rtf(paragraphs: &[&str]) -> Vec<u8> {
    let mut octets =
        b"{\\rtf1\\ansi\\ansicpg932\\deff0{\\fonttbl{\\f0\\fnil\\fcharset128 MS Mincho;}}\\f0\\fs24 "
            .to_vec();
    for paragraph in paragraphs {
        for unit in paragraph.encode_utf16() {
            octets.extend(format!("\\u{}?", unit.cast_signed()).into_bytes());
        }
        octets.extend(b"\\par ");
    }
    octets.push(b'}');
    octets
}

/// Has LibreOffice itself write a document in another form.
fn converted(folder: &Path, name: &str, octets: &[u8], reading: &[&str], form: &str) -> Vec<u8> {
    let input = folder.join(name);
    std::fs::write(&input, octets).unwrap();
    let profile = format!("-env:UserInstallation=file://{}", folder.join("profile").display());
    let ran = Command::new("soffice")
        .arg(&profile)
        .args(reading)
        .args(["--headless", "--convert-to", form, "--outdir"])
        .arg(folder.join("made"))
        .arg(&input)
        .output()
        .unwrap();
    let made = folder.join("made").join(Path::new(name).with_extension(form));
    std::fs::read(&made).unwrap_or_else(|_| panic!("{form}: {}", String::from_utf8_lossy(&ran.stderr)))
}

#[test]
fn documents_of_old_become_pages_that_say_the_same() {
    let folder = folder();
    let text = rtf(&["令和八年度の予算について", "担当: 財政課"]);
    let table = "項目,金額\n道路補修費,1200000\n".as_bytes();
    let cases = [
        ("通知.rtf", text.clone(), "予算について", "application/rtf"),
        (
            "通知.doc",
            converted(folder.path(), "a.rtf", &text, &[], "doc"),
            "予算について",
            "application/msword",
        ),
        (
            "表.xls",
            converted(folder.path(), "b.csv", table, &["--infilter=CSV:44,34,76"], "xls"),
            "道路補修費",
            "application/vnd.ms-excel",
        ),
    ];
    let mut tried = 0;
    for (name, octets, said, media_type) in cases {
        let report = sanitise(folder.path(), REAL, &[], name, &octets);
        let part = &report["parts"][0];
        assert_eq!(
            (part["action"].as_str(), report["outcome"].as_str()),
            (Some("flatten"), Some("clean")),
            "{report}"
        );
        assert_eq!(part["type"], media_type);
        assert!(codes(part).contains(&"rendered"), "{report}");
        let written = folder.path().join("out").join(part["output"]["name"].as_str().unwrap());
        let written = std::fs::read(written).unwrap();
        assert!(written.starts_with(b"%PDF-"));
        assert!(layer(&written).replace(' ', "").contains(said), "{name}: {}", layer(&written));
        tried += 1;
    }
    assert_eq!(tried, 3);
}

/// A renderer that is a shell script.
fn fake(folder: &Path, draws: &str) -> String {
    let beside = folder.join("fake");
    std::fs::create_dir_all(&beside).unwrap();
    for entry in [folder, &beside] {
        std::fs::set_permissions(entry, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let program: PathBuf = beside.join("soffice");
    let script = format!("#!/bin/sh\ncase \"$*\" in *--convert-to*) {draws} ;; esac\n");
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    // A machine under load must not make a time-out of its own slowness.
    renderer(program.to_str().unwrap(), if draws.starts_with("sleep") { "4 s" } else { "300 s" })
}

/// A mail with a text, a picture and two documents.
fn mail() -> Vec<u8> {
    let base64 = |octets: &[u8]| data_encoding::BASE64_MIME.encode(octets);
    let mut mail = "From: a@example.com\r\nTo: b@example.lg.jp\r\nSubject: x\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nKonnichiwa.\r\n"
        .to_owned();
    for (name, octets) in
        [("a.rtf", rtf(&["一"])), ("b.csv", b"a,b\r\n1,2\r\n".to_vec()), ("c.rtf", rtf(&["二"]))]
    {
        mail.push_str(&format!(
            "--b\r\nContent-Type: application/octet-stream; name={name}\r\n\
             Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename={name}\r\n\r\n{}\r\n",
            base64(&octets)
        ));
    }
    mail.push_str("--b--\r\n");
    mail.into_bytes()
}

#[test]
fn a_renderer_that_misbehaves_costs_its_document_and_nothing_else() {
    let cases = [
        ("exit 1", "renderer_failed"),
        ("sleep 1000", "renderer_time_out"),
        ("cat \"$0\" >out/document.pdf", "renderer_failed"),
        ("head -c 100 /dev/zero >out/document.pdf", "renderer_failed"),
        ("cat /dev/zero >out/document.pdf", "limit_rendered"),
    ];
    let mut tried = 0;
    for (draws, reason) in cases {
        let folder = folder();
        let started = Instant::now();
        let report = sanitise(folder.path(), &fake(folder.path(), draws), &[], "m.eml", &mail());
        let parts = report["parts"].as_array().unwrap();
        let of =
            |name: &str| parts.iter().find(|part| part["name"].as_str().unwrap().starts_with(name)).unwrap();
        for name in ["a.rtf", "c.rtf"] {
            assert_eq!(
                (of(name)["action"].as_str(), of(name)["reason"].as_str()),
                (Some("remove"), Some(reason)),
                "{draws}: {report}"
            );
        }
        assert_eq!(of("b.csv")["action"], "rebuild", "{draws}: {report}");
        let inside = std::fs::read(folder.path().join("out").join("m.eml")).unwrap();
        assert!(holds(&inside, "Konnichiwa"), "{draws}");
        assert!(started.elapsed() < Duration::from_secs(300), "{draws} took {:?}", started.elapsed());
        tried += 1;
    }
    assert_eq!(tried, 5);
}

#[test]
fn what_comes_back_is_a_pdf_from_outside() {
    let folder = folder();
    let config = fake(folder.path(), "cat ${0%soffice}hostile.pdf >out/document.pdf");
    let hostile = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>>>endobj\n\
        2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n\
        3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\n\
        trailer<</Root 1 0 R>>\n%%EOF\n";
    std::fs::write(folder.path().join("fake").join("hostile.pdf"), hostile).unwrap();
    let report = sanitise(folder.path(), &config, &[], "a.doc", &rtf(&["x"]));
    let part = &report["parts"][0];
    assert_eq!(part["action"], "flatten", "{report}");
    assert!(codes(part).contains(&"pdf_javascript"), "{report}");
    let written =
        std::fs::read(folder.path().join("out").join(part["output"]["name"].as_str().unwrap())).unwrap();
    assert!(!holds(&written, "JavaScript") && !holds(&written, "app.alert"));
}

#[test]
fn without_a_renderer_documents_wait_and_policy_may_say_otherwise() {
    let folder = folder();
    let mut tried = 0;
    for (policy, action, reason) in [
        (&[][..], "await", "renderer_missing"),
        (&["legacy_office=await"], "await", "renderer_missing"),
        (&["legacy_office=remove"], "remove", "policy_removes"),
    ] {
        let report = sanitise(folder.path(), "", policy, "a.rtf", &rtf(&["x"]));
        let part = &report["parts"][0];
        assert_eq!(
            (part["action"].as_str(), part["reason"].as_str()),
            (Some(action), Some(reason)),
            "{report}"
        );
        tried += 1;
    }
    assert_eq!(tried, 3);
}

#[test]
fn what_waited_for_a_renderer_follows_once_it_is_there() {
    let folder = folder();
    let zone = "[[zone]]\nname = \"inside\"\ndomains = [\"example.lg.jp\"]\nrecipients = \"any\"\n\
        destination = \"maildir:inside\"\n";
    let place = Place::configured(folder.path(), zone);
    let arrived = |named: &str| {
        let new = place.data.join("inside").join("new");
        let mails = std::fs::read_dir(new).unwrap().map(|mail| std::fs::read(mail.unwrap().path()).unwrap());
        mails.filter(|mail| holds(mail, named)).count()
    };
    let gateway = place.start();
    assert!(client::send(place.address, &["b@example.lg.jp"], &mail()).is_some());
    wait_until("the mail is inside", || place.ledger().delivered == 1);
    let without = gateway.ask(&["queue", "again"]);
    assert_eq!(without.status.code(), Some(1), "{}", stdout(&without));
    assert!(gateway.stop().success());

    let config = place.config.as_ref().unwrap();
    let before = std::fs::read_to_string(config).unwrap();
    let drawing = fake(folder.path(), "cat ${0%soffice}drawn.pdf >out/document.pdf");
    let files = fixtures::files();
    let drawn = files.iter().find(|file| file.name == "plain.pdf").unwrap();
    std::fs::write(folder.path().join("fake").join("drawn.pdf"), &drawn.octets).unwrap();
    std::fs::write(config, format!("{before}{drawing}")).unwrap();
    let gateway = place.start();
    let again = gateway.ask(&["queue", "again"]);
    assert!(stdout(&again).contains("inside: 2 part(s) go in with"), "{}", stdout(&again));
    wait_until("the follow-up is inside", || place.ledger().delivered == 2);
    let once = gateway.ask(&["queue", "again"]);
    assert_eq!(once.status.code(), Some(1), "{}", stdout(&once));
    assert_eq!((arrived("a.rtf.pdf"), arrived("c.rtf.pdf"), arrived("Konnichiwa")), (1, 1, 1));
    let audit = stdout(&gateway.ask(&["audit", "export"]));
    assert!(audit.contains("parts.brought") && !audit.contains("password.fitted"), "{audit}");
    assert!(place.ledger().balanced);
    assert!(gateway.stop().success());
}

#[test]
fn a_rebuilt_document_is_drawn_instead_or_besides() {
    let folder = folder();
    let docx = converted(folder.path(), "a.rtf", &rtf(&["令和八年度の予算について"]), &[], "docx");
    let drawn = |config: &str, policy: &str| {
        let report = sanitise(folder.path(), config, &[policy], "通知.docx", &docx);
        let parts = report["parts"].as_array().unwrap().iter();
        let actions: Vec<_> = parts.map(|part| part["action"].as_str().unwrap().to_owned()).collect();
        let outputs = report["outputs"].as_array().unwrap().iter();
        let outputs: Vec<String> =
            outputs.map(|output| output["name"].as_str().unwrap().to_owned()).collect();
        assert_eq!(report["outcome"], "clean", "{report}");
        let pdf = outputs.iter().find(|name| name.ends_with(".pdf"));
        if let Some(name) = pdf {
            let written = std::fs::read(folder.path().join("out").join(name)).unwrap();
            assert!(layer(&written).replace(' ', "").contains("予算について"));
        }
        (actions, outputs.len(), pdf.is_some())
    };
    assert_eq!(drawn(REAL, "ooxml=flatten"), (vec!["flatten".to_owned()], 1, true));
    let both = vec!["rebuild".to_owned(), "flatten".to_owned()];
    assert_eq!(drawn(REAL, "office_copy=pdf"), (both, 2, true));
    assert_eq!(drawn("", "office_copy=pdf"), (vec!["rebuild".to_owned()], 1, false));
    // A copy that cannot be drawn costs the copy.
    let failing = fake(folder.path(), "exit 1");
    assert_eq!(drawn(&failing, "office_copy=pdf"), (vec!["rebuild".to_owned()], 1, false));
}

#[test]
fn a_document_that_lost_much_is_accompanied_by_what_it_looked_like() {
    let folder = folder();
    let flat = |extra: &str| {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
             <office:document xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
             xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\" office:version=\"1.3\" \
             office:mimetype=\"application/vnd.oasis.opendocument.text\">\
             <office:body><office:text>{extra}<text:p>令和八年度の予算について</text:p></office:text></office:body>\
             </office:document>"
        )
    };
    let mut tried = 0;
    for (extra, config, actions) in [
        ("失われる語", REAL, &["rebuild", "flatten"][..]),
        ("失われる語", "", &["rebuild"]),
        ("", REAL, &["rebuild"]),
    ] {
        let report =
            sanitise(folder.path(), config, &["office_copy=changed"], "通知.fodt", flat(extra).as_bytes());
        let parts = report["parts"].as_array().unwrap();
        let done: Vec<_> = parts.iter().map(|part| part["action"].as_str().unwrap()).collect();
        assert_eq!(done, actions, "{report}");
        assert_eq!(codes(&parts[0]).contains(&"layout_may_differ"), !extra.is_empty(), "{report}");
        tried += 1;
    }
    assert_eq!(tried, 3);
}

#[test]
fn the_text_of_a_document_goes_in_by_policy() {
    let folder = folder();
    let text = rtf(&["令和八年度の予算について", "担当: 財政課"]);
    let inputs =
        [("通知.rtf", text.clone()), ("通知.doc", converted(folder.path(), "a.rtf", &text, &[], "doc"))];
    let mut tried = 0;
    for (name, octets) in inputs {
        let report = sanitise(folder.path(), "", &["legacy_office=extract"], name, &octets);
        let part = &report["parts"][0];
        assert_eq!(part["action"], "extract", "{report}");
        assert!(codes(part).contains(&"text_only"), "{report}");
        let written = folder.path().join("out").join(part["output"]["name"].as_str().unwrap());
        let written = std::fs::read_to_string(written).unwrap();
        assert_eq!(
            written.trim_start_matches('\u{feff}').trim(),
            "令和八年度の予算について\r\n担当: 財政課",
            "{name}"
        );
        tried += 1;
    }
    assert_eq!(tried, 2);
}

#[test]
fn documents_of_one_product_are_named() {
    let folder = folder();
    let mut tried = 0;
    for (name, octets, policy, action, reason) in [
        ("a.jww", &b"JwwData.\x01"[..], &[][..], "await", "cad_drawing"),
        ("a.xdw", b"\x60\x0e\x82\0\x01", &[], "await", "docuworks_document"),
        ("a.xdw", b"\x60\x0e\x82\0\x01", &["domestic_document=remove"], "remove", "docuworks_document"),
        ("a.dwg", b"AC1027\0\0", &["domestic_document=extract"], "await", "cad_drawing"),
        ("a.jtd", b"\x01\x02\x03\x04", &["domestic_document=extract"], "await", "taro_document"),
    ] {
        let report = sanitise(folder.path(), "", policy, name, octets);
        let part = &report["parts"][0];
        assert_eq!(
            (part["action"].as_str(), part["reason"].as_str()),
            (Some(action), Some(reason)),
            "{report}"
        );
        tried += 1;
    }
    assert_eq!(tried, 5);
}

#[test]
fn more_documents_than_one_mail_may_hold_are_named() {
    let folder = folder();
    let config =
        format!("rendered_documents = 1\n{}", fake(folder.path(), "cat document.* >out/document.pdf"));
    let report = sanitise(folder.path(), &config, &[], "m.eml", &mail());
    let reasons: Vec<_> =
        report["parts"].as_array().unwrap().iter().filter_map(|part| part["reason"].as_str()).collect();
    assert_eq!(reasons, ["renderer_failed", "limit_rendered"], "{report}");
}
