//! The hot stages, one at a time: what a 10 KB Japanese mail, a page and a picture cost.
#![expect(clippy::unwrap_used, reason = "a bench that cannot run must stop")]

use criterion::{Criterion, criterion_group, criterion_main};
use mail::{DateTime, Draft, Fields, NamedMailbox, Stamp, compose::Framing};
use policy::{Budget, Findings, Limits};
use std::hint::black_box;

fn text() -> String {
    "総務課　御担当者様\n　令和八年度の予算要求について、別添のとおり照会します。回答期限は十一月末日です。\n"
        .repeat(60)
}

fn draft() -> (Draft, Stamp) {
    let from =
        NamedMailbox { display_name: "県庁 総務部".to_owned(), addr_spec: "a@remote.test".to_owned() };
    let fields = Fields {
        from: vec![from],
        subject: "令和８年度予算要求に関する照会".to_owned(),
        ..Fields::default()
    };
    let accepted = DateTime::utc(1_795_132_800);
    let stamp = Stamp {
        queue_id: "BENCH0000001".to_owned(),
        received: format!("from a.test ([127.0.0.1]) by b.test with ESMTP id BENCH0000001; {accepted}"),
        authentication_results: None,
        accepted,
        own_message_id: "bench@b.test".to_owned(),
    };
    (Draft { fields, text: text(), attachments: Vec::new() }, stamp)
}

fn stages(criterion: &mut Criterion) {
    let subject =
        b"=?ISO-2022-JP?B?GyRCTmFPQiM4Ry9FWU09OzsbKEI=?= =?ISO-2022-JP?B?GyRCTVc1YSRLNFgkOSRrPkgycRsoQg==?=";
    criterion.bench_function("header field, ISO-2022-JP words", |b| {
        b.iter(|| mail::header::text(black_box(subject)))
    });
    let html = format!(
        "<html><body>{}</body></html>",
        format!("<p>{}</p><table><tr><td>項目</td><td>1,200</td></tr></table>", text()).repeat(2)
    );
    criterion.bench_function("HTML to text", |b| {
        b.iter(|| {
            let (mut budget, mut findings) = (Budget::new(&Limits::STANDARD), Findings::new());
            sanitiser::html::to_text(black_box(&html), &mut budget, &mut findings).unwrap()
        });
    });
    let (draft, stamp) = draft();
    criterion.bench_function("MIME write, 10 KB", |b| {
        b.iter(|| mail::compose(black_box(&draft), &stamp, &Framing::default()).octets);
    });
}

criterion_group!(benches, stages);
criterion_main!(benches);
