//! The hot stages, one at a time: what a 10 KB Japanese mail, a page and a picture cost.
#![expect(clippy::unwrap_used, reason = "a bench that cannot run must stop")]

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use mail::{DateTime, Draft, Fields, MediaType, NamedMailbox, PartPath, Stamp, compose::Framing};
use policy::{Budget, Findings, Limits, Policy};
use sanitiser::{FontFace, Surroundings, pdf, raster};
use std::{hint::black_box, sync::Arc};
use verifier::{BinaryPart, DecodeLimits, Expected};

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
    let composed = mail::compose(&draft, &stamp, &Framing::default());
    let expected = Expected {
        stamp,
        from: composed.fields.from,
        subject: composed.fields.subject,
        date: composed.fields.date,
        above: composed.above,
        below: composed.below,
        parts: Vec::new(),
        output_octets_max: 20 << 20,
        image_px_max: 50_000_000,
        pages_max: 1_000,
    };
    criterion.bench_function("verify a mail, 10 KB", |b| {
        b.iter_batched(
            || composed.octets.clone(),
            |octets| verifier::message(octets, &expected, &mut |_| Ok(Vec::new())).unwrap(),
            BatchSize::SmallInput,
        );
    });
}

/// Fonts stand in the file.
struct Bare;

impl Surroundings for Bare {
    fn begin(&mut self, _: &PartPath) {}

    fn font(&mut self, _: FontFace) -> Option<(Arc<Vec<u8>>, u32)> {
        None
    }
}

fn page(input: &[u8], policy: &Policy) -> Vec<u8> {
    let (mut budget, mut findings) = (Budget::new(&policy.limits), Findings::new());
    let none = pdf::Reduction::None;
    pdf::flatten(input, &[], policy, none, &mut budget, &mut findings, &mut Bare).unwrap().octets
}

fn picture(input: &[u8], policy: &Policy) -> Vec<u8> {
    let (mut budget, mut findings) = (Budget::new(&policy.limits), Findings::new());
    raster::rebuild(input, policy, &mut budget, &mut findings, raster::Fidelity::Full).unwrap().octets
}

/// 1600 × 1200 pixels with the noise of a photograph.
fn photograph() -> Vec<u8> {
    let mut noise = 1_u32;
    let mut samples = (0..1_600 * 1_200 * 3_u32).map(|place| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        u8::try_from((place / 24_000).wrapping_add(noise >> 28) & 0xff).unwrap()
    });
    fixtures::png(1_600, 1_200, &samples.by_ref().collect::<Vec<_>>())
}

fn documents(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("documents");
    group.sample_size(20);
    let policy = Policy::standard();
    let mut coarse = Policy::standard();
    coarse.pdf_dpi = 150;
    let one_page = fixtures::files().into_iter().find(|case| case.name == "embedded_identity_h.pdf").unwrap();
    group.bench_function("PDF page, 150 dpi", |b| b.iter(|| page(black_box(&one_page.octets), &coarse)));
    group.bench_function("PDF page, 200 dpi", |b| b.iter(|| page(black_box(&one_page.octets), &policy)));
    let photograph = photograph();
    group.bench_function("image, 1600 x 1200 PNG", |b| b.iter(|| picture(black_box(&photograph), &policy)));
    let written = [
        ("verify a PDF page, 200 dpi", "application/pdf", page(&one_page.octets, &policy)),
        ("verify an image, 1600 x 1200 PNG", "image/png", picture(&photograph, &policy)),
    ];
    let limits = DecodeLimits::of(&policy.limits);
    for (name, media_type, octets) in written {
        let part = BinaryPart { part: 1, media_type: MediaType::known(media_type), octets };
        assert!(verifier::decode_all(std::slice::from_ref(&part), &limits).is_empty());
        group.bench_function(name, |b| {
            b.iter(|| verifier::decode_all(black_box(std::slice::from_ref(&part)), &limits))
        });
    }
    group.finish();
}

criterion_group!(benches, stages, documents);
criterion_main!(benches);
