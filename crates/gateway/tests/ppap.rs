//! PPAP: a mail with a locked file, and its password in another mail. The text goes in at once; the file follows in the
//! thread when a word fits, to those who have the password, without anyone doing anything.
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

use common::{
    BINARY, Gateway, Place,
    client::Session,
    folder, holds,
    sink::{Sink, Taken},
    stdout, wait_until, zone,
};
use std::{
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

const PASSWORD: &str = "Kaminari-48xq";
const SOUMU: &str = "soumu@example.lg.jp";
const ZEIMU: &str = "zeimu@example.lg.jp";

/// A gateway before a sink, and what a story needs of both.
struct Story {
    sink: Sink,
    gateway: Gateway,
    folder: tempfile::TempDir,
}

/// A mail of a story.
struct Letter<'a> {
    from: &'a str,
    to: &'a [&'a str],
    /// Lines of the header besides.
    fields: &'a str,
    text: &'a str,
    /// Name of a locked file.
    file: Option<&'a str>,
}

const LOCKED: Letter<'_> = Letter {
    from: "tanaka@kaisha.example",
    to: &[SOUMU],
    fields: "Subject: mitsumori\r\nMessage-ID: <first@kaisha.example>\r\n",
    text: "見積書をお送りします。パスワードは別途お送りします。",
    file: Some("mitsumori-r8.pdf"),
};

const TOLD: Letter<'_> = Letter {
    from: "tanaka@kaisha.example",
    to: &[SOUMU],
    fields: "Subject: password\r\nMessage-ID: <second@kaisha.example>\r\n",
    text: "先ほどのファイルのパスワードをお知らせします。\r\n\r\n　Kaminari-48xq\r\n\r\nよろしくお願いします。",
    file: None,
};

/// A zip of a text that opens with [`PASSWORD`].
fn locked_zip(folder: &Path) -> Vec<u8> {
    let (plain, locked) = (folder.join("uchiwake.txt"), folder.join("locked.zip"));
    if !locked.exists() {
        std::fs::write(&plain, "uchiwake: 1,000 en\r\n").unwrap();
        let zip = Command::new("zip").args(["-q", "-j", "-P", PASSWORD]).args([&locked, &plain]).status();
        assert!(zip.unwrap().success(), "zip is needed");
    }
    std::fs::read(locked).unwrap()
}

fn locked_pdf(folder: &Path) -> Vec<u8> {
    let (plain, locked) = (folder.join("plain.pdf"), folder.join("locked.pdf"));
    if !locked.exists() {
        let cases = fixtures::files();
        let case = cases.iter().find(|case| case.name == "plain.pdf").unwrap();
        std::fs::write(&plain, &case.octets).unwrap();
        let mut qpdf = Command::new("qpdf");
        // The weakest lock: unoptimised, a strong one costs seconds a story.
        qpdf.args(["--allow-weak-crypto", "--encrypt", PASSWORD, "owner", "128", "--use-aes=n", "--"]);
        qpdf.args([&plain, &locked]);
        // qpdf says 3 when it had to mend something.
        assert!(matches!(qpdf.status().unwrap().code(), Some(0 | 3)), "qpdf is needed");
    }
    std::fs::read(locked).unwrap()
}

impl Story {
    fn begin(policy: &str) -> Self {
        let (folder, sink) = (folder(), Sink::start());
        let zones = zone("inside", "example.lg.jp", sink.address, policy);
        Self { gateway: Place::configured(folder.path(), &zones).start(), sink, folder }
    }

    /// Sends a letter; its queue id.
    fn send(&self, letter: &Letter<'_>) -> String {
        let Letter { from, to, fields, text, file } = letter;
        let mut mail = format!(
            "From: <{from}>\r\nTo: <{}>\r\n{fields}MIME-Version: 1.0\r\n\
             Content-Type: multipart/mixed; boundary=b\r\n\r\n",
            to.join(">, <")
        );
        if let Some(name) = file {
            let folder = self.folder.path();
            let file = if name.ends_with(".zip") { locked_zip(folder) } else { locked_pdf(folder) };
            mail.push_str(&format!(
                "--b\r\nContent-Type: application/octet-stream; name=\"{name}\"\r\n\
                 Content-Transfer-Encoding: base64\r\n\r\n{}\r\n",
                fixtures::mime::base64(&file)
            ));
        }
        mail.push_str(&format!("--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n--b--\r\n"));
        let mut session = Session::open(self.gateway.place.address).unwrap();
        assert!(session.say(format!("MAIL FROM:<{from}>")).unwrap().starts_with("250"));
        for recipient in *to {
            assert!(session.say(format!("RCPT TO:<{recipient}>")).unwrap().starts_with("250"));
        }
        let promise = session.data(mail.as_bytes()).unwrap();
        assert!(promise.starts_with("250"), "{promise}");
        promise.rsplit(' ').next().unwrap().to_owned()
    }

    fn send_and_wait(&self, letter: &Letter<'_>) -> String {
        let queue_id = self.send(letter);
        wait_until("it is inside", || self.sink.has(&queue_id));
        queue_id
    }

    /// What hangs in the thread of the first mail.
    fn follow_ups(&self) -> Vec<Taken> {
        let is_one = |mail: &Taken| mail.field("In-Reply-To").as_deref() == Some("<first@kaisha.example>");
        let mut mails = self.sink.since(0);
        let has_file =
            |mail: &Taken| mail.text().contains("application/pdf") || mail.text().contains("application/zip");
        mails.retain(|mail| is_one(mail) && has_file(mail));
        mails
    }

    fn wait_for_follow_ups(&self, count: usize) -> Vec<Taken> {
        wait_until("the file followed", || self.follow_ups().len() >= count);
        self.follow_ups()
    }

    fn audit(&self) -> String {
        stdout(&self.gateway.ask(&["audit", "export"]))
    }

    fn ask_with(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = Command::new(BINARY)
            .args(arguments)
            .arg("--config")
            .arg(self.gateway.place.config.as_ref().unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// Stops the gateway; its chain and ledger are sound, and the password is nowhere.
    fn end(self) {
        let Self { gateway, folder, .. } = self;
        assert!(gateway.ask(&["audit", "verify"]).status.success());
        let ledger = gateway.place.ledger();
        assert!(ledger.balanced, "{}", ledger.line);
        let (log, data) = (gateway.place.log(), gateway.place.data.clone());
        let shown = stdout(&gateway.ask(&["queue", "list"])) + &stdout(&gateway.ask(&["audit", "export"]));
        assert!(!shown.contains(PASSWORD));
        nowhere(&data);
        assert!(gateway.stop().success());
        assert!(!holds(&std::fs::read(log).unwrap(), PASSWORD));
        assert!(nowhere(&data) > 50_000, "the data folder is looked through");
        drop(folder);
    }
}

/// Looks through a folder; how many octets were looked at.
fn nowhere(data: &Path) -> usize {
    let (mut folders, mut looked_at) = (vec![data.to_path_buf()], 0);
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(octets) = std::fs::read(&path) {
                assert!(!holds(&octets, PASSWORD), "{}", path.display());
                looked_at += octets.len();
            }
        }
    }
    looked_at
}

/// Whether the chain says that a password of this source fitted, from these letters.
fn fitted(audit: &str, source: &str, letters: &[&str]) -> bool {
    let letters = letters.iter().map(|id| format!("\"{id}\"")).collect::<Vec<_>>().join(",");
    audit.lines().any(|line| {
        line.contains("password.fitted")
            && line.contains(&format!("\"source\":\"{source}\""))
            && line.contains(&format!("\"letters\":[{letters}]"))
    })
}

#[test]
fn the_password_comes_later_and_serves_whom_it_came_to() {
    let story = Story::begin("");
    let first = story.send_and_wait(&Letter { to: &[SOUMU, ZEIMU], ..LOCKED });
    let told = story.send_and_wait(&TOLD);
    let follow_ups = story.wait_for_follow_ups(1);
    assert_eq!(follow_ups[0].forward_paths, [SOUMU], "nobody else has the password");
    assert_eq!(follow_ups[0].field("References").as_deref(), Some("<first@kaisha.example>"));
    assert_ne!(follow_ups[0].field("Message-ID").as_deref(), Some("<first@kaisha.example>"));
    let told_later = story.send_and_wait(&Letter { to: &[ZEIMU], ..TOLD });
    let follow_ups = story.wait_for_follow_ups(2);
    assert_eq!(follow_ups[1].forward_paths, [ZEIMU]);
    assert_ne!(follow_ups[0].field("Message-ID"), follow_ups[1].field("Message-ID"));
    assert!(
        holds(&follow_ups[0].octets, "別に届いたメールに書かれていたパスワード"),
        "{}",
        follow_ups[0].text()
    );
    let audit = story.audit();
    for letter in [&told, &told_later] {
        assert!(fitted(&audit, "neighbour", &[letter]), "{audit}");
    }
    assert_eq!(audit.matches("parts.brought").count(), 2);
    assert!(!audit.contains("@"), "ids alone");
    let mails = story.sink.since(0);
    let locked = mails.iter().find(|mail| mail.field("X-Sekisho-Id") == Some(first.clone())).unwrap();
    assert!(!locked.text().contains("application/pdf"));
    assert!(holds(&locked.octets, "パスワードが別のメールで届くと"), "{}", locked.text());
    // The same words again bring nothing twice.
    story.send_and_wait(&TOLD);
    assert_eq!(story.follow_ups().len(), 2);
    story.end();
}

/// A zip, which is opened although zips are stripped otherwise: the members are what people wait for.
#[test]
fn the_password_comes_first() {
    let story = Story::begin("");
    let told = story.send_and_wait(&TOLD);
    story.send_and_wait(&Letter { file: Some("mitsumori-r8.zip"), ..LOCKED });
    let follow_ups = story.wait_for_follow_ups(1);
    assert_eq!(follow_ups[0].forward_paths, [SOUMU]);
    assert!(follow_ups[0].text().contains("mitsumori-r8.zip"), "{}", follow_ups[0].text());
    // Stored, not deflated, because it is so short: its text is there to be read.
    assert!(holds(&follow_ups[0].octets, "uchiwake"), "{}", follow_ups[0].text());
    assert!(fitted(&story.audit(), "neighbour", &[&told]));
    story.end();
}

#[test]
fn wrong_words_and_strangers_open_nothing_and_thread_or_name_do() {
    let story = Story::begin("");
    story.send_and_wait(&LOCKED);
    story.send_and_wait(&Letter { text: "パスワード：chigau-77x", ..TOLD });
    let stranger = Letter { from: "noreply@okuru.example", ..TOLD };
    story.send_and_wait(&stranger);
    // What would have been tried was tried before this one, which says by its thread that it belongs there.
    let fields = "Subject: password\r\nIn-Reply-To: <first@kaisha.example>\r\n";
    let threaded = story.send_and_wait(&Letter { fields, ..stranger });
    story.wait_for_follow_ups(1);
    let audit = story.audit();
    assert!(fitted(&audit, "neighbour", &[&threaded]), "{audit}");
    assert_eq!(audit.matches("password.fitted").count(), 1, "{audit}");
    assert_eq!(story.follow_ups().len(), 1);
    story.end();

    let story = Story::begin("");
    story.send_and_wait(&LOCKED);
    let named = Letter { text: "mitsumori-r8.pdf のパスワード：Kaminari-48xq", ..stranger };
    let named = story.send_and_wait(&named);
    story.wait_for_follow_ups(1);
    assert!(fitted(&story.audit(), "neighbour", &[&named]));
    story.end();
}

#[test]
fn by_policy_a_password_serves_all() {
    let story = Story::begin("password_serves = \"all\"");
    story.send_and_wait(&Letter { to: &[SOUMU, ZEIMU], ..LOCKED });
    story.send_and_wait(&TOLD);
    let mut served: Vec<String> = Vec::new();
    wait_until("both have it", || {
        served = story.follow_ups().iter().flat_map(|mail| mail.forward_paths.clone()).collect();
        served.len() >= 2
    });
    served.sort();
    assert_eq!(served, [SOUMU, ZEIMU]);
    story.end();
}

#[test]
fn the_mail_itself_may_say_it() {
    let story = Story::begin("");
    story.send_and_wait(&Letter { text: "パスワードは「Kaminari-48xq」です。", ..LOCKED });
    let mails = story.sink.since(0);
    assert!(mails[0].text().contains("application/pdf"), "{}", mails[0].text());
    assert!(fitted(&story.audit(), "mail", &[]));
    story.end();
}

#[test]
fn an_agreed_password_opens_until_it_is_removed() {
    let story = Story::begin("");
    let add =
        |arguments: &[&str]| story.ask_with(&[&["passwords", "add"], arguments].concat(), "Kaminari-48xq\n");
    assert!(!add(&["--sender", "kaisha.example", "--until", "2020-01-01"]).status.success());
    assert!(!add(&["--sender", "kaisha example"]).status.success());
    let added = add(&["--sender", "Kaisha.example", "--until", "2099-03-31"]);
    assert!(added.status.success(), "{}", stdout(&added));
    let listed = stdout(&story.gateway.ask(&["passwords", "list"]));
    assert!(
        listed.contains("kaisha.example") && listed.contains("2099") && !listed.contains(PASSWORD),
        "{listed}"
    );
    story.send_and_wait(&LOCKED);
    assert!(story.sink.since(0)[0].text().contains("application/pdf"));
    assert!(fitted(&story.audit(), "agreed", &[]));
    assert!(story.gateway.ask(&["passwords", "remove", "--sender", "kaisha.example"]).status.success());
    assert!(stdout(&story.gateway.ask(&["passwords", "list"])).is_empty());
    story.send_and_wait(&LOCKED);
    assert!(!story.sink.since(1)[0].text().contains("application/pdf"));
    story.end();
}

#[test]
fn a_person_gives_it_for_one_recipient() {
    let story = Story::begin("");
    let id = story.send_and_wait(&Letter { to: &[SOUMU, ZEIMU], ..LOCKED });
    let unlock =
        |recipient: &str| story.ask_with(&["queue", "unlock", &id, "--recipient", recipient], PASSWORD);
    assert!(!unlock("kouhou@example.lg.jp").status.success());
    let unlocked = unlock(ZEIMU);
    assert!(unlocked.status.success(), "{}", stdout(&unlocked));
    assert_eq!(story.wait_for_follow_ups(1)[0].forward_paths, [ZEIMU]);
    let unlocked = story.ask_with(&["queue", "unlock", &id], PASSWORD);
    assert!(unlocked.status.success(), "{}", stdout(&unlocked));
    assert_eq!(story.wait_for_follow_ups(2)[1].forward_paths, [SOUMU], "each gets it once");
    let again = story.ask_with(&["queue", "unlock", &id], PASSWORD);
    assert!(!again.status.success() && stdout(&again).contains("nothing waits"), "{}", stdout(&again));
    story.end();
}
