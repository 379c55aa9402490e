//! Turns one PDF into pictures and says what it cost: `flatten_pdf IN OUT [DPI]`.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a tool for measuring"
)]

use mail::PartPath;
use policy::{Budget, Findings, Policy};
use sanitiser::pdf::{self, Reduction};
use sanitiser::{FontFace, Surroundings};
use std::sync::Arc;

/// Fonts of the Debian package fonts-noto-cjk.
struct Machine;

impl Surroundings for Machine {
    fn begin(&mut self, _: &PartPath) {}

    fn font(&mut self, face: FontFace) -> Option<(Arc<Vec<u8>>, u32)> {
        let (file, index) = match face {
            FontFace::JapaneseSerif => ("Serif", 0),
            FontFace::JapaneseSans => ("Sans", 0),
            FontFace::JapaneseSansBold => ("Sans", 0),
            FontFace::JapaneseSerifBold => ("Serif", 0),
            FontFace::Korean => ("Sans", 1),
            FontFace::SimplifiedChinese => ("Sans", 2),
            FontFace::TraditionalChinese => ("Sans", 3),
        };
        let weight = match face {
            FontFace::JapaneseSansBold | FontFace::JapaneseSerifBold => "Bold",
            FontFace::JapaneseSerif
            | FontFace::JapaneseSans
            | FontFace::Korean
            | FontFace::SimplifiedChinese
            | FontFace::TraditionalChinese => "Regular",
        };
        let path = format!("/usr/share/fonts/opentype/noto/Noto{file}CJK-{weight}.ttc");
        Some((Arc::new(std::fs::read(path).ok()?), index))
    }
}

/// CPU seconds of this process so far.
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split(' ').collect();
    let ticks = |index: usize| fields.get(index).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(12) + ticks(13)) / 100.0
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, input, output, rest @ ..] = arguments.as_slice() else {
        return Err("flatten_pdf IN OUT [DPI]".into());
    };
    let mut policy = Policy::standard();
    if let Some(dpi) = rest.first() {
        policy.pdf_dpi = dpi.parse()?;
    }
    let octets = std::fs::read(input)?;
    let mut findings = Findings::new();
    let mut budget = Budget::new(&policy.limits);
    let before = cpu_s();
    let result =
        pdf::flatten(&octets, &[], &policy, Reduction::None, &mut budget, &mut findings, &mut Machine);
    let spent_ms = (cpu_s() - before) * 1000.0;
    let found: Vec<String> = findings
        .iter()
        .map(|f| {
            format!("{}×{}{}{}", f.code.name(), f.count, if f.detail.is_empty() { "" } else { ":" }, f.detail)
        })
        .collect();
    match result {
        Ok(rewritten) => {
            let text = String::from_utf8_lossy(&rewritten.octets);
            let pages = text.matches("/Type/Page/").count().max(1);
            std::fs::write(output, &rewritten.octets)?;
            println!(
                "ok\t{pages} pages\t{:.1} ms/page\t{:.1} KB/page\t{input}\t{}",
                spent_ms / pages as f64,
                rewritten.octets.len() as f64 / 1000.0 / pages as f64,
                found.join(" ")
            );
        }
        Err(code) => println!("{}\t\t{spent_ms:.0} ms\t\t{input}\t{}", code.name(), found.join(" ")),
    }
    Ok(())
}
