//! The words of a mail that may be the password of a locked file, the likeliest first.
//!
//! A word is looked for behind 「パスワード」, `PW` and the like, on the same line or the lines below, in quotes or
//! bare; before them (「…が解凍パスワードです」); in file names; as the only thing on its line; as the date of the mail;
//! as the last digits of a telephone number. Full-width letters are tried as half-width ones first.
//!
//! *Security.* Given texts that were filtered already and may be anything. Looks at [`CHARS_MAX`] characters of a
//! letter and [`LINE_CHARS_MAX`] of a line, keeps [`GATHERED_MAX`] words at most, and gives out [`WORDS_MAX`]. A word
//! that is none costs a try and opens nothing.

mod hints;
mod line;

use line::Line;
use mail::DateTime;
use serde::{Deserialize, Serialize};
use std::{collections::HashSet, fmt};

/// Most words that are tried on a file.
pub const WORDS_MAX: usize = 200;
/// Characters of a letter that are looked at.
const CHARS_MAX: usize = 64 * 1024;
/// Characters of a line that are looked at.
const LINE_CHARS_MAX: usize = 2_000;
/// Names of files that are looked at.
const NAMES_MAX: usize = 100;
/// Words that are gathered from one letter before the likeliest are chosen.
const GATHERED_MAX: usize = 2_000;
/// Lines below a line that announces a password.
const LINES_BELOW: usize = 12;
/// A letter up to this length may hold nothing but the password, in characters.
const SHORT_CHARS: usize = 400;
/// Longest word, in characters.
const WORD_CHARS_MAX: usize = 100;

/// What a mail says, as its reader sees it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// The names of its files.
    pub names: Vec<String>,
    /// Its date.
    pub date: Option<DateTime>,
}

/// What it says stands in no log.
impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Letter({} octets, {} names)", self.text.len(), self.names.len())
    }
}

/// How likely a word is, the likeliest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// Directly behind the announcement.
    Behind,
    /// Further on in its line, or the first of the next line.
    Near,
    /// In the lines below.
    Below,
    /// What the mail describes instead of saying it: its date, a telephone number.
    Described,
    /// In front of the announcement, in its line.
    Before,
    /// One of those above, with the signs around it or as it was written.
    Variant,
    /// In the name of a file, behind an announcement.
    Name,
    /// Alone on its line, in a mail that says nothing of it.
    Alone,
    /// In quotes anywhere.
    Quoted,
    /// The date of a mail that says nothing of dates.
    Date,
    /// A word that nobody would write in a sentence.
    Odd,
    /// A bare piece of a file name.
    Stem,
}

/// A word, and what speaks for it.
struct Found {
    place: Place,
    plainness: u8,
    word: String,
}

/// The words of these letters. Each letter has its turn: the likeliest of each, then the second of each, and so on, so
/// that no letter with many words keeps those of another out.
pub fn candidates(letters: &[Letter]) -> Vec<String> {
    let mut found: Vec<_> = letters.iter().map(|letter| sorted(gather(letter).found).into_iter()).collect();
    let (mut words, mut seen) = (Vec::new(), HashSet::new());
    loop {
        let round: Vec<Found> = found.iter_mut().filter_map(Iterator::next).collect();
        if round.is_empty() || words.len() >= WORDS_MAX {
            break;
        }
        words.extend(round.into_iter().map(|found| found.word).filter(|word| seen.insert(word.clone())));
    }
    words.truncate(WORDS_MAX);
    words
}

/// The likeliest first; of two that are as likely, the earlier.
fn sorted(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_by_key(|found| (found.place, found.plainness));
    found
}

/// Whether a letter may tell a password: it says one in any of the ways in which people do. Words that only could be
/// one count in a short letter alone.
pub fn tells(letter: &Letter) -> bool {
    let gathering = gather(letter);
    let is_short = letter.text.chars().nth(SHORT_CHARS).is_none();
    gathering.found.iter().any(|found| match found.place {
        Place::Behind | Place::Described => true,
        Place::Near | Place::Below | Place::Before | Place::Variant | Place::Name | Place::Alone => {
            found.plainness < 2
        }
        Place::Quoted => found.plainness == 0,
        Place::Odd => is_short && found.plainness == 0,
        Place::Date | Place::Stem => false,
    })
}

/// Appends the words that are not there yet, up to [`WORDS_MAX`] in all.
pub fn extend(words: &mut Vec<String>, others: impl IntoIterator<Item = String>) {
    for word in others {
        if words.len() >= WORDS_MAX {
            return;
        }
        if !word.is_empty() && word.chars().count() <= WORD_CHARS_MAX && !words.contains(&word) {
            words.push(word);
        }
    }
}

/// The words of one letter.
struct Gathering {
    found: Vec<Found>,
}

impl Gathering {
    fn push(&mut self, place: Place, word: &str) {
        let length = word.chars().count();
        let least = match place {
            Place::Behind | Place::Near | Place::Described | Place::Variant => 3,
            Place::Below | Place::Before | Place::Name | Place::Quoted | Place::Date => 4,
            Place::Alone | Place::Odd | Place::Stem => 5,
        };
        if (least..=WORD_CHARS_MAX).contains(&length) && self.found.len() < GATHERED_MAX {
            self.found.push(Found { place, plainness: plainness(word), word: word.to_owned() });
        }
    }

    /// Takes a word and its variants, which are less likely.
    fn push_all(&mut self, place: Place, words: &[String]) {
        let mut place = place;
        for word in words {
            self.push(place, word);
            place = place.max(Place::Variant);
        }
    }
}

/// 0 for letters with digits or signs, 1 for digits or mixed letters, 2 for what could be a word of a sentence.
fn plainness(word: &str) -> u8 {
    let has = |kind: fn(&char) -> bool| word.chars().any(|c| kind(&c));
    let (letter, digit) = (has(char::is_ascii_alphabetic), has(char::is_ascii_digit));
    let sign = word.chars().any(|c| c.is_ascii_punctuation());
    // A capital at the beginning is a sentence's or a name's.
    let mixed = word.chars().skip(1).any(|c| c.is_ascii_uppercase()) && has(char::is_ascii_lowercase);
    match (letter && (digit || sign), digit || mixed) {
        (true, _) => 0,
        (false, true) => 1,
        (false, false) => 2,
    }
}

fn gather(letter: &Letter) -> Gathering {
    let mut gathering = Gathering { found: Vec::new() };
    let end = letter.text.char_indices().nth(CHARS_MAX).map_or(letter.text.len(), |(end, _)| end);
    let text = letter.text.get(..end).unwrap_or_default();
    let lines: Vec<Line> = std::iter::once(letter.subject.as_str())
        .chain(text.lines())
        .map(|line| Line::of(line, LINE_CHARS_MAX))
        .collect();
    for (index, line) in lines.iter().enumerate() {
        if announced_in(line, &mut gathering) {
            below(lines.get(index.saturating_add(1)..).unwrap_or_default(), &mut gathering);
        }
    }
    for line in lines.iter().skip(1) {
        aside(line, &mut gathering);
    }
    for name in letter.names.iter().take(NAMES_MAX) {
        of_name(name, &mut gathering);
    }
    hints::dates(letter.date, &lines, &mut |sure, word| {
        gathering.push(if sure { Place::Described } else { Place::Date }, word);
    });
    hints::telephones(&lines, &mut |word| gathering.push(Place::Described, word));
    gathering
}

/// Takes what a line says around its announcements; whether it announces one and does not say it itself.
fn announced_in(line: &Line, gathering: &mut Gathering) -> bool {
    let marks = line.announcements();
    let mut said = false;
    for (index, mark) in marks.iter().enumerate() {
        let end = marks.get(index.saturating_add(1)).map_or(line.len(), |next| next.start);
        let behind = line.part(mark.end, end);
        let mut place = Place::Behind;
        for quoted in behind.quoted() {
            gathering.push_all(place, &quoted);
            said = true;
        }
        for word in behind.words() {
            said |= word.first().is_some_and(|word| plainness(word) < 2 && word.chars().count() > 2);
            gathering.push_all(place, &word);
            place = Place::Near;
        }
        if let Some(word) = behind.japanese() {
            gathering.push(Place::Behind, &word);
        }
    }
    if let Some(first) = marks.first().filter(|_| !said) {
        let before = line.part(0, first.start);
        let words = before.words();
        for word in before.quoted().iter().chain(words.iter().rev()) {
            gathering.push_all(Place::Before, word);
        }
    }
    !marks.is_empty() && !said
}

/// Takes the lines below an announcement that does not say the password itself.
fn below(lines: &[Line], gathering: &mut Gathering) {
    let mut place = Place::Near;
    for line in lines.iter().take(LINES_BELOW) {
        if !line.announcements().is_empty() {
            return;
        }
        let words = line.words();
        for word in line.quoted().iter().chain(&words) {
            gathering.push_all(place, word);
        }
        if !words.is_empty() {
            place = Place::Below;
        }
    }
}

/// Takes what stands apart on a line that announces nothing.
fn aside(line: &Line, gathering: &mut Gathering) {
    if !line.announcements().is_empty() {
        return;
    }
    let words = line.words();
    if let ([word], true) = (words.as_slice(), line.is_bare()) {
        gathering.push_all(Place::Alone, word);
    }
    for quoted in line.quoted() {
        gathering.push_all(Place::Quoted, &quoted);
    }
    for word in words.iter().filter(|word| word.first().is_some_and(|word| plainness(word) == 0)) {
        gathering.push_all(Place::Odd, word);
    }
}

/// Takes the pieces of a file name: those behind an announcement, then all.
fn of_name(name: &str, gathering: &mut Gathering) {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let line = Line::of(stem, LINE_CHARS_MAX);
    for mark in line.announcements() {
        for piece in line.part(mark.end, line.len()).pieces() {
            gathering.push(Place::Name, &piece);
        }
    }
    gathering.push(Place::Stem, stem);
    for piece in line.pieces() {
        gathering.push(Place::Stem, &piece);
    }
}

#[cfg(test)]
mod tests;
