//! Real pictures that move: where policy keeps all frames, each is shown as before, and the rest stays as it was.
#![expect(clippy::unwrap_used, reason = "a test reads the corpus it was given; a panic is its way to fail")]

use image::{AnimationDecoder, codecs::gif::GifDecoder};
use policy::{Budget, FindingCode, Findings, Limits, Policy};
use sanitiser::raster::{self, Fidelity};
use std::io::Cursor;
use std::path::{Path, PathBuf};

fn corpus() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let root = std::env::var_os("SEKISHO_CORPUS").map_or(beside, PathBuf::from);
    root.join("MANIFEST.tsv").is_file().then_some(root)
}

/// The frames as they are shown, in milliseconds and pixels; empty where the picture cannot be read.
fn shown(octets: &[u8]) -> Vec<(u32, Vec<u8>)> {
    let Ok(decoder) = GifDecoder::new(Cursor::new(octets)) else { return Vec::new() };
    let frames = decoder.into_frames().collect_frames().unwrap_or_default();
    frames.into_iter().map(|f| (f.delay().numer_denom_ms().0, f.into_buffer().into_raw())).collect()
}

fn written(octets: &[u8], value: &str) -> (Option<(Vec<u8>, &'static str)>, Findings) {
    let mut policy = Policy::standard();
    policy.set("animated_images", value).unwrap();
    let (mut budget, mut findings) = (Budget::new(&Limits::STANDARD), Findings::new());
    let made = raster::rebuild_file(octets, &policy, &mut budget, &mut findings, Fidelity::Full).ok();
    (made.map(|made| (made.octets, made.extension)), findings)
}

#[test]
fn frames_of_real_animations_are_shown_as_before() {
    let Some(root) = corpus() else {
        println!("NOT RUN: no corpus at SEKISHO_CORPUS");
        return;
    };
    let manifest = std::fs::read_to_string(root.join("MANIFEST.tsv")).unwrap();
    let names = manifest.lines().filter_map(|line| line.split('\t').next());
    let (mut ran, mut frames) = (0, 0);
    for name in names.filter(|name| name.contains(".gif")) {
        let Ok(octets) = std::fs::read(root.join(name)) else { continue };
        let before = shown(&octets);
        if !octets.starts_with(b"GIF") || before.len() < 2 {
            continue;
        }
        let (made, findings) = written(&octets, "all");
        let (made, extension) = made.unwrap();
        let after = shown(&made);
        let delays = |frames: &[(u32, Vec<u8>)]| -> Vec<u32> {
            frames.iter().map(|(delay, _)| if *delay < 20 { 100 } else { *delay }).collect()
        };
        assert_eq!((extension, delays(&before)), ("gif", delays(&after)), "{name}");
        let differs = before.iter().zip(&after).position(|(before, after)| before.1 != after.1);
        assert_eq!(differs, None, "{name}");
        assert!(!findings.has(FindingCode::FramesDropped), "{name}");
        let (still, findings) = written(&octets, "first");
        assert_eq!(still.map(|(_, extension)| extension), Some("png"), "{name}");
        assert!(findings.has(FindingCode::FramesDropped), "{name}");
        ran += 1;
        frames += before.len();
    }
    println!("{frames} frames of {ran} pictures are shown as before");
    assert!(ran >= 6, "{ran}");
}
