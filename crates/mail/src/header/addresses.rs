//! Address lists (RFC 5322 §3.4, obsolete forms of §4.4), as they are written.
//!
//! The value is cut into mailboxes first; names are decoded after, so that no comma or bracket of a decoded name
//! can become an address.

use super::{MAILBOXES_MAX, Quality, as_text, words};
use crate::{NamedMailbox, compose::addr_spec_is_sound, line::line};

/// The mailboxes of a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mailboxes {
    /// In the order of the field. An entry without addr-spec is a group without members, or something that is no
    /// address: its text is then the display name.
    pub list: Vec<NamedMailbox>,
    /// How the names were read.
    pub quality: Quality,
    /// Whether something was there that is no address.
    pub damaged: bool,
    /// Whether there were more than [`MAILBOXES_MAX`]; the rest is missing here.
    pub limit_met: bool,
}

/// Reads From, Sender, Reply-To, To or Cc.
pub fn mailboxes(raw: &[u8]) -> Mailboxes {
    let mut found = Mailboxes::default();
    let (text, _) = as_text(raw, &mut found.quality);
    let mut reader = Reader {
        rest: &text,
        found,
        current: Current::default(),
        group: None,
        comments_end: true,
        quotes_end: true,
        behind_last_semicolon: text.rfind(';').map_or(usize::MAX, |at| text.len().saturating_sub(at)),
    };
    while reader.step() {}
    reader.finish(Separator::End);
    reader.found
}

/// Longest encoded word that is one token.
const WORD_OCTETS_MAX: usize = 2_000;

/// A piece of a display name.
enum Piece {
    /// Atoms and white space, encoded words among them.
    Raw(String),
    /// What stood in quotes, unescaped.
    Quoted(String),
    /// What stood in parentheses.
    Comment(String),
}

/// The mailbox that is being read.
#[derive(Default)]
struct Current {
    pieces: Vec<Piece>,
    /// Text without comments, quotes kept: what a bare addr-spec is taken from.
    bare: String,
    /// Whether an `@` stands in `bare` outside quotes.
    has_at: bool,
    /// What stood in angle brackets.
    angle: Option<String>,
    /// Comments behind the angle brackets or a bare address.
    late_comment: Option<String>,
}

/// What ended a mailbox.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Separator {
    Comma,
    Semicolon,
    End,
}

struct Reader<'a> {
    rest: &'a str,
    found: Mailboxes,
    current: Current,
    /// The name of the group we are in, and how many mailboxes stood before it.
    group: Option<(String, usize)>,
    /// Whether a comment that begins may still end; once one did not, none will.
    comments_end: bool,
    /// The same for quotes.
    quotes_end: bool,
    /// Length of the text from the last semicolon on.
    behind_last_semicolon: usize,
}

impl<'a> Reader<'a> {
    /// Takes one token; false at the end or at the limit.
    fn step(&mut self) -> bool {
        let Some(first) = self.rest.chars().next() else { return false };
        if self.found.list.len() >= MAILBOXES_MAX {
            self.found.limit_met = true;
            self.rest = "";
            return false;
        }
        let after = self.rest.get(first.len_utf8()..).unwrap_or_default();
        match first {
            '(' if self.comments_end => self.comment(after),
            '"' if self.quotes_end => self.quoted(after),
            '<' => self.angle(after),
            '>' => self.rest = after,
            ',' => {
                self.finish(Separator::Comma);
                self.rest = after;
            }
            ';' => {
                self.finish(Separator::Semicolon);
                self.rest = after;
            }
            ':' if self.begins_group(after) => {
                let name = self.take_name();
                self.group = Some((name, self.found.list.len()));
                self.rest = after;
            }
            '=' if self.rest.starts_with("=?") => self.word(after),
            _ => {
                self.raw(first);
                self.rest = after;
            }
        }
        true
    }

    fn raw(&mut self, c: char) {
        self.current.bare.push(c);
        self.current.has_at |= c == '@';
        match self.current.pieces.last_mut() {
            Some(Piece::Raw(text)) => text.push(c),
            _ => self.current.pieces.push(Piece::Raw(c.to_string())),
        }
    }

    /// An encoded word is one token: commas and brackets in a badly encoded one separate nothing.
    fn word(&mut self, after: &'a str) {
        let inner = after.get(1..).unwrap_or_default();
        let mut marks = inner.char_indices().filter(|(_, c)| *c == '?').map(|(at, _)| at);
        let length = match (marks.next(), marks.next()) {
            (Some(charset), Some(encoding)) if charset <= 60 && encoding == charset.saturating_add(2) => {
                let payload = inner.get(encoding.saturating_add(1)..).unwrap_or_default();
                let mut near = payload.len().min(WORD_OCTETS_MAX);
                while !payload.is_char_boundary(near) {
                    near = near.saturating_sub(1);
                }
                let near = payload.get(..near).unwrap_or_default();
                let end = near
                    .find("?=")
                    .filter(|end| near.get(..*end).is_some_and(|payload| !payload.contains(['<', '>', '"'])));
                end.map(|end| encoding.saturating_add(1).saturating_add(end).saturating_add(3))
            }
            _ => None,
        };
        let token = match length {
            Some(length) => self.rest.get(..length.saturating_add(1)).unwrap_or(self.rest),
            None => self.rest.get(..2).unwrap_or(self.rest),
        };
        let token_length = token.len();
        for c in token.chars() {
            self.raw(c);
        }
        self.rest = self.rest.get(token_length..).unwrap_or_default();
    }

    fn comment(&mut self, after: &'a str) {
        let (mut depth, mut escaped) = (1u32, false);
        for (at, c) in after.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '(' => depth = depth.saturating_add(1),
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                let inner = unescaped(after.get(..at).unwrap_or_default());
                if self.current.angle.is_some() || self.current.has_at {
                    self.current.late_comment = Some(inner);
                } else {
                    self.current.pieces.push(Piece::Comment(inner));
                }
                self.rest = after.get(at.saturating_add(1)..).unwrap_or_default();
                return;
            }
        }
        self.comments_end = false;
        self.found.damaged = true;
    }

    fn quoted(&mut self, after: &'a str) {
        let (mut inner, mut escaped) = (String::new(), false);
        for (at, c) in after.char_indices() {
            match c {
                _ if escaped => {
                    escaped = false;
                    inner.push(c);
                }
                '\\' => escaped = true,
                '"' => {
                    let end = at.saturating_add(1);
                    self.current.bare.push('"');
                    self.current.bare.push_str(after.get(..end).unwrap_or_default());
                    self.current.pieces.push(Piece::Quoted(inner));
                    self.rest = after.get(end..).unwrap_or_default();
                    return;
                }
                _ => inner.push(c),
            }
        }
        self.quotes_end = false;
        self.found.damaged = true;
    }

    fn angle(&mut self, after: &'a str) {
        let end = angle_end(after);
        let inner = after.get(..end).unwrap_or_default();
        let behind = after.get(end..).unwrap_or_default();
        let closed = behind.starts_with('>');
        let behind = if closed { behind.get(1..).unwrap_or_default() } else { behind };
        self.found.damaged |= !closed;
        if inner.contains('@') {
            self.found.damaged |= self.current.angle.is_some();
            self.current.angle = Some(inner.to_owned());
        } else if inner.starts_with('<') || inner.trim().is_empty() {
            // `<<a@b>>`, `<>`: the outer bracket says nothing.
            self.rest = if inner.is_empty() { behind } else { after };
            return;
        } else {
            // `<重要> 山田 <a@b>`: brackets of a name.
            for c in std::iter::once('<').chain(inner.chars()).chain(std::iter::once('>')) {
                self.raw(c);
            }
        }
        self.rest = behind;
    }

    /// A colon ends the name of a group only when the group ends too.
    fn begins_group(&self, after: &str) -> bool {
        self.group.is_none()
            && self.current.angle.is_none()
            && !self.current.has_at
            && !self.current.pieces.is_empty()
            && after.len() >= self.behind_last_semicolon
    }

    fn take_name(&mut self) -> String {
        let pieces = std::mem::take(&mut self.current).pieces;
        decoded_name(pieces, &mut self.found.quality)
    }

    /// Ends the mailbox that is being read.
    fn finish(&mut self, by: Separator) {
        let current = std::mem::take(&mut self.current);
        if current.angle.is_none() && !current.has_at {
            self.without_address(current, by);
        } else if let Some(angle) = current.angle {
            self.with_angle(&angle, current.pieces, current.late_comment);
        } else {
            let mut comments = current.pieces.into_iter().filter_map(|piece| match piece {
                Piece::Comment(text) => Some(text),
                Piece::Raw(_) | Piece::Quoted(_) => None,
            });
            self.bare(&current.bare, current.late_comment.or_else(|| comments.next_back()));
        }
        if by != Separator::Comma {
            self.end_group();
        }
    }

    fn end_group(&mut self) {
        if let Some((name, before)) = self.group.take()
            && self.found.list.len() == before
            && !name.is_empty()
        {
            self.found.list.push(NamedMailbox { display_name: name, addr_spec: String::new() });
        }
    }

    /// `Yamada, Taro <a@b>`: the comma belongs to the name, if an address follows in brackets.
    fn without_address(&mut self, current: Current, by: Separator) {
        let empty = current.pieces.iter().all(|piece| match piece {
            Piece::Raw(text) => text.trim().is_empty(),
            Piece::Quoted(_) => false,
            // A comment alone names nobody.
            Piece::Comment(_) => true,
        });
        if empty {
            return;
        }
        if by == Separator::Comma && self.next_has_bracket() {
            self.found.quality.repaired = true;
            self.current = current;
            self.raw(',');
            return;
        }
        self.found.damaged = true;
        let display_name = decoded_name(current.pieces, &mut self.found.quality);
        self.found.list.push(NamedMailbox { display_name, addr_spec: String::new() });
    }

    /// Whether the next piece, up to its comma, is a name with an address in brackets.
    fn next_has_bracket(&self) -> bool {
        let next = self.rest.get(1..).unwrap_or_default();
        let end = next.find([',', ';', '<']).unwrap_or(next.len());
        let name = next.get(..end).unwrap_or_default();
        next.get(end..).is_some_and(|rest| rest.starts_with('<'))
            && !name.trim().is_empty()
            && !name.contains(['@', '"'])
    }

    fn with_angle(&mut self, angle: &str, pieces: Vec<Piece>, late_comment: Option<String>) {
        let mut name = decoded_name(pieces, &mut self.found.quality);
        if name.is_empty()
            && let Some(comment) = late_comment
        {
            name = decoded_name(vec![Piece::Raw(comment)], &mut self.found.quality);
        }
        self.push(name, angle);
    }

    /// An address without brackets; words before it are its name.
    fn bare(&mut self, bare: &str, late_comment: Option<String>) {
        let bare = bare.trim();
        // `a@b c@d`: two addresses without a comma.
        if bare.contains(' ') && bare.split_whitespace().all(addr_spec_is_sound) {
            self.found.quality.repaired = true;
            for address in bare.split_whitespace() {
                self.push(String::new(), address);
            }
            return;
        }
        let (name, address) = match bare.split_once('@') {
            Some((left, _)) if !left.contains('"') && !is_spaced_local_part(left) => {
                match left.trim_end().rfind(char::is_whitespace) {
                    Some(at) => bare.split_at(at),
                    None => ("", bare),
                }
            }
            _ => ("", bare),
        };
        let mut name = line(&words::decode(name.as_bytes(), &mut self.found.quality));
        if name.is_empty() && late_comment.is_some() {
            let comment = late_comment.unwrap_or_default();
            name = decoded_name(vec![Piece::Raw(comment)], &mut self.found.quality);
        }
        self.push(name, address);
    }

    fn push(&mut self, name: String, address: &str) {
        let addr_spec = cleaned_address(address);
        if addr_spec_is_sound(&addr_spec) {
            self.found.list.push(NamedMailbox { display_name: name, addr_spec });
            return;
        }
        self.found.damaged = true;
        let shown = line(address);
        let display_name = if name.is_empty() { shown } else { format!("{name} <{shown}>") };
        self.found.list.push(NamedMailbox { display_name, addr_spec: String::new() });
    }
}

/// Where the angle brackets' content ends: at `>` outside quotes, else where the next mailbox must begin.
fn angle_end(after: &str) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    let mut comma = None;
    for (at, c) in after.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '>' if !quoted => return at,
            '<' if !quoted => return at,
            // A route (`<@a,@b:c@d>`) holds commas.
            ',' | ';' if !quoted && comma.is_none() && !after.starts_with('@') => comma = Some(at),
            _ => {}
        }
        if let Some(comma) = comma
            && at.saturating_sub(comma) > 400
        {
            return comma;
        }
    }
    comma.unwrap_or(after.len())
}

/// The addr-spec without route, comments and white space outside quotes.
fn cleaned_address(address: &str) -> String {
    let address = address.trim();
    let without_route = match address.split_once(':') {
        Some((route, rest)) if route.starts_with('@') => rest,
        _ => address.strip_prefix("mailto:").unwrap_or(address),
    };
    let (mut clean, mut quoted, mut escaped, mut depth) = (String::new(), false, false, 0u32);
    for c in without_route.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' if depth == 0 => quoted = !quoted,
            '(' if !quoted => depth = depth.saturating_add(1),
            ')' if !quoted && depth > 0 => {
                depth = depth.saturating_sub(1);
                continue;
            }
            _ => {}
        }
        if depth == 0 && (quoted || !c.is_whitespace()) {
            clean.push(c);
        }
    }
    clean.trim_matches('\'').to_owned()
}

/// `a . b`: the obsolete local-part with white space around its dots (RFC 5322 §4.4).
fn is_spaced_local_part(left: &str) -> bool {
    let tight = |word: &str| word.trim().bytes().all(|b| b.is_ascii_graphic());
    left.contains('.') && left.split('.').all(|word| !word.trim().is_empty() && tight(word))
}

/// A comment without its quoted-pairs.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut escaped = false;
    for c in text.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            escaped = false;
            plain.push(c);
        }
    }
    plain
}

fn decoded_name(pieces: Vec<Piece>, quality: &mut Quality) -> String {
    let mut name = String::new();
    let only_comments = pieces.iter().all(|piece| match piece {
        Piece::Raw(text) => text.trim().is_empty(),
        Piece::Quoted(_) => false,
        Piece::Comment(_) => true,
    });
    for piece in pieces {
        match piece {
            Piece::Raw(text) => name.push_str(&words::decode(text.as_bytes(), quality)),
            Piece::Quoted(text) => name.push_str(&words::decode(text.as_bytes(), quality)),
            Piece::Comment(text) if only_comments => name.push_str(&words::decode(text.as_bytes(), quality)),
            // An unquoted `花子(総務課) <…>`: a comment for RFC 5322, a part of the name for people.
            Piece::Comment(text) => {
                let before = name.chars().next_back();
                let gap = if before.is_some_and(|c| c.is_ascii() && c != ' ') { " " } else { "" };
                name.push_str(&format!("{gap}({})", words::decode(text.as_bytes(), quality)));
            }
        }
    }
    let name = line(&name);
    let inner = name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.map_or_else(|| name.clone(), |inner| inner.trim().to_owned())
}
