//! Members of archives, held against other tools: `members FOLDER`.
//!
//! Unpacks every file below FOLDER in this process, as the jail would, and has `bsdtar` and then `7z` unpack it into a
//! folder of its own. Where one of them succeeds, the SHA-256 digests of the members must be the same; of several members
//! with one name a tool leaves the last, and so it counts. One of several volumes, which a tool joins with the files
//! beside it, is told apart. Prints each archive that differs and, at the end, how many agree. Needs both tools; bounded
//! by the files that are there.
#![expect(clippy::print_stdout, reason = "the figures are the output")]

use mail::PartPath;
use policy::{FindingCode, Policy};
use sanitiser::{FontFace, Supplements, Surroundings, archive::unpack};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};

struct Bare;

impl Surroundings for Bare {
    fn begin(&mut self, _: &PartPath) {}

    fn font(&mut self, _: FontFace) -> Option<(Arc<Vec<u8>>, u32)> {
        None
    }
}

/// Digests of files with content, and how often each is there.
type Digests = BTreeMap<String, u32>;

fn add(digests: &mut Digests, octets: &[u8]) {
    if !octets.is_empty() {
        let digest: String = Sha256::digest(octets).iter().map(|octet| format!("{octet:02x}")).collect();
        let count = digests.entry(digest).or_default();
        *count = count.saturating_add(1);
    }
}

fn files_below(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else if entry.file_type()?.is_file() {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// What a tool makes of an archive; `None` when it complains.
fn by_tool(tool: &str, file: &Path) -> std::io::Result<Option<Digests>> {
    let folder = tempfile::tempdir()?;
    let mut command = Command::new(tool);
    match tool {
        "bsdtar" => command.arg("-xf").arg(file).arg("-C").arg(folder.path()).args(["--passphrase", "none"]),
        _ => command.arg("x").arg("-y").arg("-pnone").arg(format!("-o{}", folder.path().display())).arg(file),
    };
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    if !status.success() {
        return Ok(None);
    }
    let mut digests = Digests::new();
    for file in files_below(folder.path())? {
        // Some archives unpack to files that nobody may read.
        if let Ok(octets) = std::fs::read(file) {
            add(&mut digests, &octets);
        }
    }
    Ok((!digests.is_empty()).then_some(digests))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("members FOLDER")?;
    let (mut sound, mut agree, mut all, mut volumes) = (0_u32, 0_u32, 0_u32, 0_u32);
    for file in files_below(Path::new(&folder))? {
        let octets = std::fs::read(&file)?;
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        all = all.saturating_add(1);
        let mut ours = Digests::new();
        let (members, opened) =
            unpack::contents(&name, &octets, &Policy::standard(), &Supplements::default(), &mut Bare);
        let read = || members.iter().filter_map(|(name, content)| Some((name, content.as_ref().ok()?)));
        read().for_each(|(_, content)| add(&mut ours, content));
        let mut last = Digests::new();
        read().collect::<BTreeMap<_, _>>().values().for_each(|content| add(&mut last, content));
        let mut others = Vec::new();
        for tool in ["bsdtar", "7z"] {
            others.extend(by_tool(tool, &file)?);
        }
        if others.is_empty() {
            continue;
        }
        if opened == Err(FindingCode::MultiVolume) {
            volumes = volumes.saturating_add(1);
            continue;
        }
        sound = sound.saturating_add(1);
        if others.contains(&ours) || others.contains(&last) {
            agree = agree.saturating_add(1);
        } else {
            let failed: Vec<_> = members
                .iter()
                .filter_map(|(name, content)| content.as_ref().err().map(|code| (name, code.name())))
                .take(3)
                .collect();
            println!(
                "{} ours {} theirs {:?} {opened:?} {failed:?}",
                file.display(),
                ours.len(),
                sizes(&others)
            );
        }
    }
    println!(
        "{all} files, {sound} that a tool unpacks, {agree} with the same members; {volumes} are one of several volumes"
    );
    Ok(())
}

fn sizes(others: &[Digests]) -> Vec<usize> {
    others.iter().map(Digests::len).collect()
}
