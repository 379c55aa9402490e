//! A strict reader of archives that were unpacked and written anew: a ZIP file whose members are files that may cross.
//!
//! Each member is read by the reader of its type, which follows from its extension, as an attachment would be; there is
//! no archive in the archive. A text has no label here, so it must be sound in every charset that it could be.
//!
//! *Security.* Given any octets, inside a locked child. One budget for the archive and for the documents in it.

use super::{Spending, zip::Member};
use crate::{
    binary, message,
    objections::Objections,
    pdf,
    text::{self, charset},
};

/// Deepest folder.
const LEVELS_MAX: usize = 32;
/// Longest path.
const PATH_OCTETS_MAX: usize = 1_024;

/// Reads the whole archive and says what is wrong with it.
pub(crate) fn check(octets: &[u8], spending: &mut Spending, objections: &mut Objections) {
    let members = match spending.open(octets) {
        Ok(members) => members,
        Err((rule, detail)) => return objections.add(rule, detail),
    };
    check_second_meaning(octets, &members, objections);
    for (number, member) in (1usize..).zip(&members) {
        let mut own = Objections::default();
        read(member, spending, &mut own);
        let found = own.into_list();
        if let Some(first) = found.first() {
            objections.add("archive.member", format!("member {number}: {} {}", first.rule, first.detail));
        }
    }
}

fn read(member: &Member<'_>, spending: &mut Spending, objections: &mut Objections) {
    let (folders, name) = member.name.rsplit_once('/').unwrap_or(("", member.name));
    let folders = folders.split('/').filter(|folder| !folder.is_empty());
    let deep = folders.clone().count() > LEVELS_MAX || member.name.len() > PATH_OCTETS_MAX;
    objections.require(!deep, "archive.name", "too deep or too long");
    for folder in folders {
        // A folder may be called what a file may be called.
        message::check_name(&format!("{folder}.txt"), "text/plain", objections);
        objections.require(
            !folder.ends_with(['.', ' ']),
            "archive.name",
            "a folder that ends in a dot or a space",
        );
    }
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let Some(media_type) = message::media_type_of(extension) else {
        objections.add("archive.type", "an extension that is not on the list");
        return;
    };
    message::check_name(name, media_type, objections);
    let octets = match member.octets() {
        Ok(octets) => octets,
        Err((rule, detail)) => return objections.add(rule, detail),
    };
    if binary::is_package(media_type) {
        binary::check_package(&octets, media_type, spending, objections);
    } else if media_type == "application/pdf" {
        pdf::check(&octets, spending.limits.image_px, spending.limits.pages, objections);
        binary::check_zip(&octets, objections);
    } else if media_type.starts_with("image/") {
        spending.picture(&octets, media_type, objections);
    } else if media_type == "application/zip" {
        objections.add("archive.type", "an archive in the archive");
    } else {
        text_member(&octets, media_type, objections);
    }
}

/// A text without a label.
fn text_member(octets: &[u8], media_type: &str, objections: &mut Objections) {
    if str::from_utf8(octets).is_ok() && !octets.contains(&0x1b) {
        return text::check_file(octets, "UTF-8", media_type, objections);
    }
    let labels: &[&str] = match octets {
        [0xff, 0xfe, ..] => &["UTF-16LE"],
        [0xfe, 0xff, ..] => &["UTF-16BE"],
        _ if octets.is_ascii() => &["ISO-2022-JP"],
        _ => &["Shift_JIS", "EUC-JP", "GBK", "Big5", "EUC-KR", "windows-1252"],
    };
    let is_labelled = matches!(media_type, "text/plain" | "text/csv" | "text/tab-separated-values");
    let mut read = false;
    for label in labels {
        if charset::scan_form(octets, label).is_ok() && is_labelled {
            read = true;
            text::check_file(octets, label, media_type, objections);
        }
    }
    objections.require(read, "text.charset", "of none that is known");
}

/// A PDF may begin near the front only where a PDF stands, and a directory of another archive only in a package.
fn check_second_meaning(octets: &[u8], members: &[Member<'_>], objections: &mut Objections) {
    let inside = |place: usize, extensions: &[&str]| {
        members.iter().any(|member| {
            let start = member.raw.as_ptr().addr().saturating_sub(octets.as_ptr().addr());
            let within = (start..start.saturating_add(member.raw.len())).contains(&place);
            let extension = member.name.rsplit_once('.').map_or("", |(_, extension)| extension);
            within && extensions.iter().any(|known| extension.eq_ignore_ascii_case(known))
        })
    };
    let head = octets.get(..1024).unwrap_or(octets);
    let pdf = head.windows(5).enumerate().filter(|(_, five)| five == b"%PDF-").map(|(place, _)| place);
    for place in pdf {
        objections.require(inside(place, &["pdf"]), "binary.second_meaning", "a PDF, too");
    }
    let end = octets.len().saturating_sub(22);
    for place in binary::zip_ends(octets).filter(|place| *place != end) {
        let packages = ["docx", "xlsx", "pptx", "odt", "ods", "odp", "odg"];
        objections.require(inside(place, &packages), "binary.second_meaning", "another ZIP, too");
    }
}
