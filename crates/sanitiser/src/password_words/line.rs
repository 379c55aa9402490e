//! One line of a letter: announcements, quoted words, bare words.

/// Words that announce a password, in lower case, longest first where one begins with another.
const ANNOUNCEMENTS: &[&str] = &[
    "パスワード",
    "ﾊﾟｽﾜｰﾄﾞ",
    "ぱすわーど",
    "パスフレーズ",
    "パスコード",
    "パス",
    "ﾊﾟｽ",
    "暗証番号",
    "暗証",
    "暗号キー",
    "解凍キー",
    "復号キー",
    "開封キー",
    "解除キー",
    "合言葉",
    "password",
    "passwort",
    "passwd",
    "passphrase",
    "passcode",
    "pass word",
    "pass",
    "pwd",
    "p/w",
    "pw",
    "pin",
];

/// Whether one of these begins with this character: nearly none does.
const fn begins_announcement(c: char) -> bool {
    matches!(c, 'パ' | 'ﾊ' | 'ぱ' | '暗' | '解' | '復' | '開' | '合' | 'p' | 'P')
}

/// The sign that closes a quote, of the one that opens it.
const fn closing(open: char) -> Option<char> {
    Some(match open {
        '「' => '」',
        '『' => '』',
        '【' => '】',
        '“' => '”',
        '‘' => '’',
        '〈' => '〉',
        '《' => '》',
        '〔' => '〕',
        '≪' => '≫',
        '[' => ']',
        '(' => ')',
        '<' => '>',
        '"' | '\'' | '`' => open,
        _ => return None,
    })
}

/// What joins an announcement to its password.
const JOINERS: &str = ":=>|~*_#-]})・";
/// What stands behind a word and is mostly no part of it.
const TRAILERS: &str = ".,;:!?)]}>\"'|";
/// Words of sentences about passwords, and extensions of files.
const SENTENCE: &[&str] = &[
    "a",
    "an",
    "and",
    "are",
    "as",
    "attached",
    "attachment",
    "be",
    "below",
    "by",
    "could",
    "document",
    "e-mail",
    "email",
    "enter",
    "file",
    "files",
    "following",
    "follows",
    "for",
    "has",
    "have",
    "here",
    "id",
    "in",
    "is",
    "it",
    "mail",
    "message",
    "my",
    "of",
    "open",
    "or",
    "our",
    "please",
    "protected",
    "send",
    "sent",
    "separate",
    "separately",
    "that",
    "the",
    "this",
    "to",
    "unzip",
    "use",
    "using",
    "was",
    "we",
    "will",
    "with",
    "you",
    "your",
    "zip",
    "pdf",
    "xls",
    "xlsx",
    "xlsm",
    "doc",
    "docx",
    "ppt",
    "pptx",
    "csv",
    "txt",
    "lzh",
    "rar",
    "7z",
    "exe",
    "jpg",
    "png",
];

/// How a Japanese sentence about a password ends.
const ENDINGS: &[&str] = &[
    "です",
    "でございます",
    "となります",
    "となっています",
    "になります",
    "で開けます",
    "。",
    "、",
    "(",
    "※",
];
/// A sentence with one of these says that the password is somewhere else.
const ELSEWHERE: &[&str] = &[
    "以下",
    "下記",
    "別",
    "次",
    "後",
    "送",
    "通知",
    "連絡",
    "設定",
    "必要",
    "同じ",
    "いつも",
    "お",
    "ご",
    "付き",
    "解除",
    "保護",
    "入力",
    "、",
];

/// Where an announcement stands.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// A line, or a part of one: as it was written, and with full-width signs as half-width ones.
pub(super) struct Line {
    written: Vec<char>,
    plain: Vec<char>,
    /// The announcements of a line, in their order; a part of one has none.
    marks: Vec<Mark>,
}

impl Line {
    pub(super) fn of(text: &str, chars_max: usize) -> Self {
        let written: Vec<char> = text.chars().take(chars_max).collect();
        let plain = written.iter().map(|&c| half_width(c)).collect();
        let mut line = Self { written, plain, marks: Vec::new() };
        line.marks = line.find_announcements();
        line
    }

    pub(super) fn len(&self) -> usize {
        self.plain.len()
    }

    pub(super) fn part(&self, start: usize, end: usize) -> Self {
        let cut = |chars: &[char]| chars.get(start..end).unwrap_or_default().to_vec();
        Self { written: cut(&self.written), plain: cut(&self.plain), marks: Vec::new() }
    }

    /// The announcements, in their order.
    pub(super) fn announcements(&self) -> &[Mark] {
        &self.marks
    }

    /// Whether one of its characters, in its half-width form, is of this kind.
    pub(super) fn holds(&self, kind: fn(char) -> bool) -> bool {
        self.plain.iter().any(|&c| kind(c))
    }

    fn find_announcements(&self) -> Vec<Mark> {
        let mut marks: Vec<Mark> = Vec::new();
        let mut at = 0;
        while at < self.plain.len() {
            match self.announcement_at(at) {
                // `Passwd:Pass1234`: the second is the password's own beginning.
                Some(end) if marks.last().is_some_and(|mark| self.is_joined(mark.end, at)) => at = end,
                Some(end) => {
                    marks.push(Mark { start: at, end });
                    at = end;
                }
                None => at = at.saturating_add(1),
            }
        }
        marks
    }

    /// Whether a colon or the like, and nothing else, stands between the two places.
    fn is_joined(&self, from: usize, to: usize) -> bool {
        let between = self.plain.get(from..to).unwrap_or_default();
        !between.is_empty() && between.iter().all(|c| JOINERS.contains(*c))
    }

    fn announcement_at(&self, at: usize) -> Option<usize> {
        let rest = self.plain.get(at..)?;
        // Nearly every place ends here.
        rest.first().filter(|c| begins_announcement(**c))?;
        let before = at.checked_sub(1).and_then(|before| self.plain.get(before));
        ANNOUNCEMENTS.iter().find_map(|word| {
            let length = word.chars().count();
            let has_it =
                rest.len() >= length && word.chars().zip(rest).all(|(w, c)| w == c.to_ascii_lowercase());
            let next = rest.get(length);
            let stands_alone = match *word {
                "パス" | "ﾊﾟｽ" => next.is_none_or(|c| "はが:= 「『\"(→…".contains(*c)),
                _ if word.is_ascii() => {
                    !before.is_some_and(char::is_ascii_alphabetic)
                        && !next.is_some_and(char::is_ascii_alphabetic)
                }
                _ => true,
            };
            (has_it && stands_alone).then(|| at.saturating_add(length))
        })
    }

    /// What stands in quotes, each with its variants. Japanese counts only in true quotes.
    pub(super) fn quoted(&self) -> Vec<Vec<String>> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(&c) = self.plain.get(at) {
            let start = at.saturating_add(1);
            let rest = self.plain.get(start..).unwrap_or_default();
            let length = closing(c).and_then(|close| rest.iter().take(100).position(|&c| c == close));
            let Some(length) = length.filter(|&length| length > 0) else {
                at = start;
                continue;
            };
            let inner = self.part(start, start.saturating_add(length));
            let is_true_quote = matches!(c, '「' | '『' | '“' | '"' | '‘');
            if is_true_quote || inner.plain.iter().all(char::is_ascii_graphic) {
                let variants = inner.variants_of_all();
                if variants.first().is_some_and(|word| !is_of_a_sentence(word)) {
                    found.push(variants);
                }
            }
            at = start.saturating_add(length);
        }
        found
    }

    fn variants_of_all(&self) -> Vec<String> {
        let text = |chars: &[char]| chars.iter().collect::<String>().trim().to_owned();
        distinct(vec![text(&self.plain), text(&self.written)])
    }

    /// The bare words, each with its variants; those that belong to a sentence, addresses and file names left out.
    pub(super) fn words(&self) -> Vec<Vec<String>> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < self.plain.len() {
            let rest = self.plain.get(at..).unwrap_or_default();
            let length = rest.iter().take_while(|c| c.is_ascii_graphic()).count();
            let end = at.saturating_add(length);
            if length > 0 {
                let run = self.part(at, end);
                let mut variants = run.variants();
                if variants.iter().take(2).any(|word| is_of_a_sentence(word)) {
                    variants.clear();
                }
                variants.retain(|word| is_worth_trying(word));
                if !variants.is_empty() {
                    found.push(variants);
                }
            }
            at = end.saturating_add(1);
        }
        found
    }

    /// The ways in which a run may be meant, the likeliest first.
    fn variants(&self) -> Vec<String> {
        let run: String = self.plain.iter().collect();
        let core = run.trim_start_matches(|c| JOINERS.contains(c));
        let unquoted = unquoted(core);
        let bare = without_trailers(unquoted);
        let opened = bare.trim_start_matches(['(', '<', '[', '{', '"', '\'']);
        let cut = opened.split(['(', '<', '[']).next().unwrap_or(opened);
        let mut variants: Vec<String> =
            [cut, bare, unquoted, core, &run].into_iter().map(str::to_owned).collect();
        if self.written != self.plain {
            variants.push(self.written.iter().collect());
        }
        // A run without its joiners that is empty says nothing.
        if variants.first().is_none_or(String::is_empty) {
            variants.retain(|variant| !variant.is_empty() && variant.chars().any(char::is_alphanumeric));
        }
        distinct(variants)
    }

    /// A Japanese password without quotes: 「パスワードはさくらです」.
    pub(super) fn japanese(&self) -> Option<String> {
        let rest: String = self.plain.iter().collect();
        let rest = rest.trim_start_matches([' ', ':', '=', 'は', 'が', '→']);
        let end = ENDINGS.iter().filter_map(|ending| rest.find(ending)).min().unwrap_or(rest.len());
        let word = rest.get(..end)?.trim();
        let length = word.chars().count();
        let is_sound = (2..=20).contains(&length)
            && !word.is_ascii()
            && word.chars().all(char::is_alphanumeric)
            && !ELSEWHERE.iter().any(|elsewhere| word.contains(elsewhere));
        is_sound.then(|| word.to_owned())
    }

    /// The pieces of a file name between its dots, dashes, brackets and Japanese.
    pub(super) fn pieces(&self) -> Vec<String> {
        let pieces = self.plain.split(|c| !c.is_ascii_graphic() || "()[]{}<>._-+= ".contains(*c));
        let pieces = pieces.map(|piece| piece.iter().collect::<String>());
        distinct(pieces.filter(|piece| is_worth_trying(piece)).collect())
    }

    /// The line with half-width signs, in lower case.
    pub(super) fn folded(&self) -> String {
        self.plain.iter().map(char::to_ascii_lowercase).collect()
    }

    /// Whether nothing but a word and signs around it is there.
    pub(super) fn is_bare(&self) -> bool {
        let is_sign = |c: &char| c.is_whitespace() || c.is_ascii_graphic() || !c.is_alphanumeric();
        self.plain.iter().all(is_sign)
    }
}

/// Full-width signs as half-width ones; the dashes that input methods write as one.
pub(super) fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c).saturating_sub(0xfee0)).unwrap_or(c),
        '\u{3000}' | '\u{a0}' => ' ',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '￥' => '\\',
        _ => c,
    }
}

fn unquoted(run: &str) -> &str {
    let inner = run.chars().next().and_then(|open| {
        let rest = run.strip_prefix(open)?.trim_end_matches(['.', ',']);
        rest.strip_suffix(closing(open)?)
    });
    inner.filter(|inner| !inner.is_empty()).unwrap_or(run)
}

/// Without the signs that close a sentence; a bracket that opens in the word stays.
fn without_trailers(run: &str) -> &str {
    let mut run = run;
    while let Some(last) = run.chars().next_back().filter(|c| TRAILERS.contains(*c)) {
        let opens = match last {
            ')' => '(',
            ']' => '[',
            '}' => '{',
            '>' => '<',
            _ => '\0',
        };
        let shorter = run.get(..run.len().saturating_sub(last.len_utf8())).unwrap_or_default();
        if shorter.is_empty() || shorter.contains(opens) {
            break;
        }
        run = shorter;
    }
    run
}

fn is_of_a_sentence(word: &str) -> bool {
    SENTENCE.contains(&word.to_ascii_lowercase().as_str())
}

fn is_worth_trying(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let is_address = lower.contains("://")
        || lower.starts_with("www.")
        || lower.split_once('@').is_some_and(|(_, domain)| domain.contains('.'));
    let extension = lower.rsplit_once('.').map_or("", |(_, extension)| extension);
    let is_file = !extension.is_empty() && SENTENCE.contains(&extension) && extension.len() > 1;
    let is_rule = !word.chars().any(char::is_alphanumeric) && word.chars().count() != 1 && {
        let mut chars = word.chars();
        let first = chars.next();
        chars.all(|c| Some(c) == first)
    };
    word.chars().count() > 1 && !is_of_a_sentence(word) && !is_address && !is_file && !is_rule
}

fn distinct(words: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::with_capacity(words.len());
    for word in words {
        if !word.is_empty() && !kept.contains(&word) {
            kept.push(word);
        }
    }
    kept
}
