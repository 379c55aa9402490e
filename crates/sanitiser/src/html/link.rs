//! What a link's target is, what address its text shows, and whether the two agree.
//!
//! Targets are read as browsers read them (WHATWG URL): tabs and line ends vanish, backslashes are slashes, any number
//! of slashes may follow the scheme, credentials stand before the last `@`, full-width letters are narrowed.
//!
//! *Security.* Given any attribute value; linear. Schemes outside the list never come out.

use super::punycode;

/// A link's target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// `http`, `https`, `ftp`.
    Web(Web),
    /// `mailto`: the addresses, without subject or body.
    Mail(String),
    /// `tel`, `sms` and their like: the number.
    Phone(String),
    /// Inside the page, relative without a base, or empty: nothing that a reader could follow.
    Nowhere,
    /// A script.
    Script,
    /// A scheme on which a reader's program would act.
    Dangerous(String),
}

/// A web address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Web {
    /// The whole address, host in lower case and punycode.
    pub(crate) address: String,
    /// The host.
    pub(crate) host: String,
    /// Whether the host was written in characters outside ASCII.
    pub(crate) international: bool,
    /// Whether a label of the host mixes scripts that look alike.
    pub(crate) mixed: bool,
}

/// Reads a target. `base` is the page's own address when it names one.
pub(crate) fn target(href: &str, base: Option<&Web>) -> Target {
    let href: String = href.chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).collect();
    let href =
        href.trim_matches(|c: char| c.is_whitespace() || c.is_control() || crate::text::is_invisible(c));
    if href.is_empty() || href.starts_with(['#', '?']) {
        return Target::Nowhere;
    }
    let slashed = href.starts_with(['/', '\\']);
    let rest = href.trim_start_matches(['/', '\\']);
    if slashed && href.len().saturating_sub(rest.len()) >= 2 {
        return web("https", rest);
    }
    let Some((scheme, rest)) = split_scheme(href) else {
        return base.map_or(Target::Nowhere, |base| joined(base, href, slashed));
    };
    let clean =
        |text: &str| text.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect::<String>();
    match scheme.as_str() {
        "http" | "https" | "ftp" => web(&scheme, rest),
        "mailto" => {
            let addresses = clean(&percent_decoded(rest.split('?').next().unwrap_or_default()));
            if addresses.contains('@') { Target::Mail(addresses) } else { Target::Nowhere }
        }
        "tel" | "sms" | "callto" | "fax" => {
            Target::Phone(clean(rest.split(['?', ';']).next().unwrap_or_default()))
        }
        "javascript" | "vbscript" | "livescript" | "jscript" => Target::Script,
        // References to other parts of the mail.
        "cid" | "mid" => Target::Nowhere,
        _ => Target::Dangerous(scheme),
    }
}

fn split_scheme(href: &str) -> Option<(String, &str)> {
    let (scheme, rest) = href.split_once(':')?;
    let sound = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.len() <= 64
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    // "www.example.jp:8080" is a host with a port that somebody forgot the scheme of.
    let is_host = scheme.contains('.') && rest.starts_with(|c: char| c.is_ascii_digit());
    (sound && !is_host).then(|| (scheme.to_ascii_lowercase(), rest))
}

fn joined(base: &Web, path: &str, from_root: bool) -> Target {
    let scheme = base.address.split(':').next().unwrap_or("https");
    let directory = match base.address.rsplit_once('/') {
        Some((directory, _)) if !from_root && directory.len() > scheme.len().saturating_add(3) => {
            directory.to_owned()
        }
        _ => format!("{scheme}://{}", base.host),
    };
    let whole = format!("{directory}/{}", path.trim_start_matches(['/', '\\']));
    whole.split_once("://").map_or(Target::Nowhere, |(_, rest)| web(scheme, rest))
}

fn web(scheme: &str, rest: &str) -> Target {
    let rest = rest.trim_start_matches(['/', '\\']);
    let end = rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let (credentials, host_port) = authority.rsplit_once('@').map_or(("", authority), |(c, h)| (c, h));
    let narrow = narrowed(&percent_decoded(host_port));
    let (host, port) = match narrow.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => {
            (host, format!(":{port}"))
        }
        _ => (narrow.trim_end_matches(':'), String::new()),
    };
    let international = !host.is_ascii();
    let mixed = host.split('.').any(mixes_scripts);
    let Some(ascii) = punycode::host(host).filter(|ascii| is_host(ascii)) else { return Target::Nowhere };
    let ascii = ascii.trim_end_matches('.').to_ascii_lowercase();
    let path = written_path(path);
    let credentials =
        if credentials.is_empty() { String::new() } else { format!("{}@", written_path(credentials)) };
    Target::Web(Web {
        address: format!("{scheme}://{credentials}{ascii}{port}{path}"),
        host: ascii,
        international,
        mixed,
    })
}

fn is_host(ascii: &str) -> bool {
    !ascii.is_empty()
        && ascii.len() <= 255
        && ascii.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._[]:".contains(&b))
}

/// Spaces, controls and quotes percent-encoded, as a browser would send them; everything visible stays.
fn written_path(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for c in path.chars() {
        match c {
            ' ' => out.push_str("%20"),
            '"' => out.push_str("%22"),
            '<' => out.push_str("%3C"),
            '>' => out.push_str("%3E"),
            '\\' => out.push('/'),
            _ if c.is_control() || crate::text::is_invisible(c) || c.is_whitespace() => {}
            _ => out.push(c),
        }
    }
    out
}

fn percent_decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let pair = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        let value = pair.filter(|_| *first == b'%').and_then(|pair| u8::from_str_radix(pair, 16).ok());
        octets.push(value.unwrap_or(*first));
        rest = if value.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&octets).into_owned()
}

/// Full-width letters and ideographic full stops as IDNA maps them (UTS #46).
fn narrowed(host: &str) -> String {
    host.chars()
        .filter(|c| !crate::text::is_invisible(*c) && !c.is_whitespace())
        .map(|c| match c {
            '\u{3002}' | '\u{ff61}' => '.',
            '\u{ff01}'..='\u{ff5e}' => u32::from(c).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(c),
            _ => c,
        })
        .collect()
}

/// Whether Latin stands beside Cyrillic or Greek, or Cyrillic or Greek letters alone imitate Latin ones.
fn mixes_scripts(label: &str) -> bool {
    let latin = label.chars().any(|c| c.is_ascii_alphabetic() || matches!(c, '\u{c0}'..='\u{24f}'));
    let other = label
        .chars()
        .any(|c| matches!(c, '\u{370}'..='\u{52f}' | '\u{1d00}'..='\u{1d7f}' | '\u{13a0}'..='\u{13ff}'));
    let alike = |c: char| "аеорсхуіјѕԁһԛԝѵαοννρ".contains(c);
    let imitates = !label.is_ascii() && label.chars().all(|c| alike(c) || c == '-' || c.is_ascii_digit());
    (latin && other) || imitates
}

/// What a link's text shows of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// No address.
    Words,
    /// A web address with this host.
    Host(String),
    /// A mail address.
    Address(String),
}

/// Reads the address in a link's text: the first web address or domain among its words, or a mail address when the
/// text is nothing else.
pub(super) fn shown(text: &str) -> Shown {
    let is_edge = |c: char| c.is_whitespace() || "<>()[]\"'「」『』【】（）［］〔〕、。，,｜|".contains(c);
    let mut words =
        text.split(is_edge).map(|word| narrowed(word).to_lowercase()).filter(|word| !word.is_empty());
    let (first, second) = (words.next(), words.next());
    if let (Some(word), None) = (&first, &second)
        && let Some((local, domain)) = word.split_once('@')
        && !word.contains("://")
    {
        let sound = !local.is_empty() && domain_before_words(domain).is_some();
        return if sound { Shown::Address(word.clone()) } else { Shown::Words };
    }
    let host = first.into_iter().chain(second).chain(words).find_map(|word| host_in(&word));
    host.map_or(Shown::Words, Shown::Host)
}

/// The host that a word shows.
fn host_in(word: &str) -> Option<String> {
    let (rest, said) = match word.split_once("://") {
        Some((_, rest)) => (rest, true),
        None => (word, word.starts_with("www.")),
    };
    let authority = rest.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    let authority = if said { authority.rsplit('@').next().unwrap_or_default() } else { authority };
    let host = authority.split(':').next().unwrap_or_default().trim_matches('.');
    if let Some(domain) = domain_before_words(host) {
        return punycode::host(domain);
    }
    let ascii = punycode::host(host).filter(|ascii| said && is_host(ascii) && ascii.contains('.'))?;
    Some(ascii)
}

/// A domain, or the domain with which a text such as `bank.example.jpをご覧ください` begins.
fn domain_before_words(text: &str) -> Option<&str> {
    if looks_like_domain(text) {
        return Some(text);
    }
    let end = text.find(|c: char| !c.is_ascii())?;
    text.get(..end).map(|head| head.trim_end_matches(['.', '-'])).filter(|head| looks_like_domain(head))
}

/// Top-level domains that the text of a link ends in when it means an address and no file name.
const TOP_LEVEL: &[&str] = &[
    "com", "net", "org", "jp", "info", "biz", "gov", "edu", "int", "mil", "eu", "uk", "us", "de", "fr", "cn",
    "tw", "kr", "hk", "sg", "au", "ca", "ru", "it", "nl", "ch", "es", "br", "tv", "me", "io", "co", "xyz",
    "site", "online", "shop", "top", "club", "app", "tokyo", "cloud", "link", "click", "live", "store",
    "work", "space", "asia", "bank",
];

fn looks_like_domain(text: &str) -> bool {
    let Some((head, top)) = text.rsplit_once('.') else { return false };
    !head.is_empty()
        && !head.starts_with('.')
        && head.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '.')
        && TOP_LEVEL.contains(&top)
}

/// The part of a host that belongs to one owner: two labels, or three under `co.jp`, `lg.jp` and their like.
pub(super) fn owner(host: &str) -> &str {
    const SECOND: &[&str] = &[
        "co", "or", "ne", "ac", "go", "ed", "gr", "lg", "ad", "com", "net", "org", "gov", "edu", "me", "ltd",
        "plc",
    ];
    let mut ends = host.rmatch_indices('.').map(|(at, _)| at);
    let (top, second, third) = (ends.next(), ends.next(), ends.next());
    let label = |from: Option<usize>, to: Option<usize>| {
        let start = from.map_or(0, |at| at.saturating_add(1));
        host.get(start..to.unwrap_or(host.len())).unwrap_or_default()
    };
    let country = label(top, None).len() == 2;
    let cut = if country && SECOND.contains(&label(second, top)) { third } else { second };
    cut.and_then(|at| host.get(at.saturating_add(1)..)).unwrap_or(host)
}

/// The host behind an address that a mail scanner on the way wrote over the sender's (Safe Links, URL Defense).
fn rewritten_by_scanner(web: &Web) -> Option<String> {
    let parameter = |name: &str| {
        let query = web.address.split_once('?')?.1;
        query.split('&').find_map(|pair| pair.strip_prefix(name))
    };
    let inner = if web.host.ends_with(".safelinks.protection.outlook.com") {
        percent_decoded(parameter("url=")?)
    } else if web.host == "urldefense.proofpoint.com" {
        percent_decoded(&parameter("u=")?.replace('-', "%").replace('_', "/"))
    } else if web.host == "urldefense.com" {
        web.address.split_once("/v3/__")?.1.to_owned()
    } else {
        return None;
    };
    match target(&inner, None) {
        Target::Web(inner) => Some(inner.host),
        Target::Mail(_) | Target::Phone(_) | Target::Nowhere | Target::Script | Target::Dangerous(_) => None,
    }
}

/// Whether a link that shows `shown` and leads to `target` deceives.
pub(super) fn deceives(shown: &Shown, target: &Target) -> bool {
    match (shown, target) {
        (Shown::Host(host), Target::Web(web)) => {
            let behind = rewritten_by_scanner(web);
            owner(host) != owner(behind.as_deref().unwrap_or(&web.host))
        }
        (Shown::Host(_), Target::Mail(_) | Target::Phone(_) | Target::Script | Target::Dangerous(_)) => true,
        (Shown::Address(address), Target::Mail(mail)) => {
            !mail.to_ascii_lowercase().contains(address.as_str())
        }
        (Shown::Address(address), Target::Web(web)) => {
            address.rsplit('@').next().is_some_and(|domain| owner(domain) != owner(&web.host))
        }
        (Shown::Address(_), Target::Script | Target::Dangerous(_)) => true,
        (Shown::Words, _) | (_, Target::Nowhere) | (Shown::Address(_), Target::Phone(_)) => false,
    }
}

/// An address in the form in which two texts are compared: no scheme, no final slash, lower case.
pub(crate) fn comparable(address: &str) -> String {
    let lower = address.trim().to_lowercase();
    let lower = lower.split_once("://").map_or(lower.as_str(), |(_, rest)| rest);
    let lower = lower.strip_prefix("mailto:").or_else(|| lower.strip_prefix("tel:")).unwrap_or(lower);
    lower.trim_end_matches(['/', '.', '#']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_as_browsers_read_them() {
        let web = |href: &str| {
            let read = target(href, None);
            if let Target::Web(web) = read { web.address } else { format!("{read:?}") }
        };
        let cases = [
            ("https://example.jp/a b", "https://example.jp/a%20b"),
            (" HTTP:\\\\Example.JP\\x ", "http://example.jp/x"),
            ("ht\ntps:example.jp", "https://example.jp"),
            ("//example.jp/x", "https://example.jp/x"),
            ("https://bank.jp@evil.example/x", "https://bank.jp@evil.example/x"),
            ("https://日本語.jp/パス", "https://xn--wgv71a119e.jp/パス"),
            ("https://ｅｖｉｌ。com/", "https://evil.com/"),
            ("https://ev%69l.com:8080?x", "https://evil.com:8080?x"),
            ("java\tscript:alert(1)", "Script"),
            ("data:text/html,x", "Dangerous(\"data\")"),
            ("file://host/x", "Dangerous(\"file\")"),
            ("search-ms:x", "Dangerous(\"search-ms\")"),
            ("mailto:a@example.jp?subject=x", "Mail(\"a@example.jp\")"),
            ("tel:03-1234-5678", "Phone(\"03-1234-5678\")"),
            ("#top", "Nowhere"),
            ("page.html", "Nowhere"),
            ("", "Nowhere"),
        ];
        let mut ran = 0;
        for (href, expected) in cases {
            assert_eq!(web(href), expected, "{href:?}");
            ran += 1;
        }
        assert_eq!(ran, 17);
    }

    #[test]
    fn a_text_that_shows_another_address_deceives() {
        let cases = [
            ("https://www.bank.co.jp/login", "https://bank.co.jp.evil.example/", true),
            ("www.bank.co.jp", "https://click.bank.co.jp/x", false),
            ("bank.co.jp", "http://bank.co.jp/", false),
            ("こちらをクリック", "https://evil.example/", false),
            ("report.pdf", "https://evil.example/", false),
            ("詳細は https://www.city.example.lg.jp/ へ", "https://www.city.example.lg.jp/x", false),
            ("city.a.lg.jp", "https://city.b.lg.jp/", true),
            ("info@bank.co.jp", "mailto:evil@example.com", true),
            ("info@bank.co.jp", "mailto:info@bank.co.jp", false),
            ("https://bank.jp", "https://bank.jp@evil.example/", true),
            ("ｗｗｗ．ｂａｎｋ．ｊｐ", "https://evil.example/", true),
            ("www.bank.co.jpをご覧ください", "https://www.bank.co.jp/x", false),
            ("bank.co.jp ログイン", "https://evil.example/", true),
            ("［画像：www.bank.co.jp］", "https://www.bank.co.jp/", false),
            ("総務省.jp", "https://xn--lhr645fjve.jp/", false),
            ("資料.docx を開く", "https://evil.example/", false),
            (
                "https://a.jp/x",
                "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fa.jp%2Fx&data=y",
                false,
            ),
            (
                "https://a.jp/x",
                "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fb.jp%2Fx",
                true,
            ),
            ("https://a.jp/x", "https://urldefense.proofpoint.com/v2/url?u=https-3A__a.jp_x&d=y", false),
            ("https://a.jp/x", "https://urldefense.com/v3/__https://a.jp/x__;!!y$", false),
        ];
        let mut ran = 0;
        for (text, href, expected) in cases {
            assert_eq!(deceives(&shown(text), &target(href, None)), expected, "{text:?} {href:?}");
            ran += 1;
        }
        assert_eq!(ran, 20);
    }

    #[test]
    fn hosts_of_mixed_scripts_are_seen() {
        let mixed = |href: &str| matches!(target(href, None), Target::Web(Web { mixed: true, .. }));
        assert!(mixed("https://аpple.com/"));
        assert!(mixed("https://асе.com/"));
        assert!(!mixed("https://日本語カナ.jp/"));
        assert!(!mixed("https://пример.рф/"));
    }
}
