//! What the demo says, in Japanese with English beside it.

use std::{path::Path, time::Duration};

pub(super) const WELCOME: &str = "\
関所 (Sekisho) — メール無害化ゲートウェイの実演です。外部への通信は行いません。
A demonstration of the gateway. It talks to nobody but itself.
";
pub(super) const SUBJECT: &str = "件名";
pub(super) const ATTACHMENT: &str = "添付";
pub(super) const REASON: &str = "実演のため";
pub(super) const SECOND_ROUND: &str = "\
━━ 二巡目: 受信の途中でゲートウェイを強制終了します（kill -9）
   Second round: the gateway is killed hard while it works.";

/// What each mail shows.
pub(super) fn heading(name: &str, took: Duration) -> String {
    let (japanese, english) = match name {
        "newsletter" => (
            "HTMLのお知らせ: 文字だけになり、偽のリンクと見えない文字が分かる",
            "HTML newsletter: text alone, a false link is marked",
        ),
        "gaiji" => (
            "外字・機種依存文字（CP932）: 文字化けしない",
            "CP932 with private-use characters: nothing is garbled",
        ),
        "pdf" => (
            "JavaScript入りのPDF: 見た目は同じ、中身は画像だけ",
            "PDF with JavaScript: the look stays, the script is gone",
        ),
        "photo" => ("位置情報入りの写真: 写真だけが届く", "Photo with GPS data: the picture alone arrives"),
        "program" => ("ZIPの中のプログラム: 外される", "A program in a ZIP: taken out"),
        "locked" => ("パスワード付きZIP: 本文は先に届く", "A locked ZIP waits, the text goes in at once"),
        "bomb" => ("ZIP爆弾: 開かずに外される", "A ZIP bomb: taken out unopened"),
        _ => (
            "検査を避ける細工のあるメール: 食い違う部分は外される",
            "An evasion mail: what readers disagree on is taken out",
        ),
    };
    format!("━━ {japanese}\n   {english}   [{:.2} s]", took.as_secs_f64())
}

/// The proof after the restart.
pub(super) fn nothing_lost(promised: usize, arrived: usize, wanted: usize) -> String {
    format!(
        "   強制終了までに受け取りを約束したメール: {promised} 通。再起動後、約束した全 {wanted} 通のうち {arrived} 通が届きました。
   Mails promised before the kill: {promised}. After the restart {arrived} of all {wanted} promised mails have arrived.
"
    )
}

/// The original that came back.
pub(super) fn original(alone_refused: bool, sent: &str, given: &str, balanced: bool) -> String {
    let alone = if alone_refused {
        "できません（正しい動作） / refused, as it should be"
    } else {
        "できてしまいました / WAS POSSIBLE"
    };
    let same = if sent == given { "一致 / same" } else { "不一致 / DIFFERENT" };
    let ledger = if balanced { "合っています / balanced" } else { "合いません / NOT BALANCED" };
    format!(
        "━━ 元のファイルの受け渡し（申請した人と承認した人は別） / An original comes back, asked for by one, approved by another
   申請者本人による承認 / approving one's own request: {alone}
   送ったメール   SHA-256 {sent}
   戻ったメール   SHA-256 {given}   {same}
   台帳 / ledger: {ledger}
"
    )
}

/// Where things lie, and what to do next.
pub(super) fn farewell(data: &Path, took: Duration) -> String {
    let data = data.display();
    format!(
        "━━ 終わりです（{:.0} 秒） / Done.
   届いたメール / delivered mail:    {data}/data/inside
   台帳・保管庫 / ledger and vault:  {data}/data
   動作の記録 / log:                 {data}/gateway.log

   次にできること / next:
     sekisho queue list --data {data}/data
     sekisho sanitise --out out 書類.pdf
     sekisho serve --domain example.lg.jp
",
        took.as_secs_f64()
    )
}
