//! Walks over the tokens with a stack of open elements and writes the text.
//!
//! The stack follows WHATWG HTML §13.2.6 as far as text needs it: implied end tags, scopes of tables and cells, and
//! end tags of inline elements that leave the blocks inside them open.
//!
//! *Security.* Every token and attribute is spent before it is read; finding the element of an end tag costs one
//! look into a table of positions, closing costs what opening did.

mod marks;
mod open;

use super::attributes::Seen;
use super::entity::{Place, decoded};
use super::link::{self, Target, Web};
use super::style::{Declarations, Paint, Sheet, paint};
use super::table::{Cell, Table};
use super::token::{Tag, Token, Tokens};
use super::writer::{Flow, Level};
use super::{ImageRef, Link};
use policy::{Budget, Exhausted, FindingCode, Findings};
use std::collections::BTreeMap;

/// Tables in tables that keep their cells apart.
const TABLES_MAX: usize = 12;
/// Characters of a link's text that are remembered.
const SHOWN_MAX: usize = 300;

/// What the walk yields.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) body: String,
    pub(super) links: Vec<Link>,
    pub(super) listed: Vec<(u32, String)>,
    pub(super) images: Vec<ImageRef>,
}

/// What an element hands down to what is inside it.
#[derive(Clone, Copy, Debug)]
struct Inherited {
    hidden: bool,
    unseen: bool,
    tiny_font: bool,
    /// Not even counted: content that is never text.
    skipped: bool,
    preformatted: bool,
    colour: Paint,
    ground: Paint,
}

/// What happens when an element closes.
#[derive(Debug)]
enum Close {
    Nothing,
    Block(u8),
    /// A quote, a list item or an indented block.
    Level(Level, u8),
    List(u8),
    Link,
    Cell {
        rows: u32,
        columns: u32,
    },
    Table,
    Text(&'static str),
}

#[derive(Debug)]
struct Open {
    name: usize,
    inherited: Inherited,
    close: Close,
    special: bool,
    closed: bool,
}

#[derive(Debug)]
struct ListState {
    ordered: bool,
    next: i64,
}

#[derive(Debug)]
struct OpenLink {
    href: String,
    shown: String,
}

struct Walk<'b> {
    budget: &'b mut Budget,
    findings: &'b mut Findings,
    names: BTreeMap<String, usize>,
    /// Places in the stack where elements of each name stand.
    places: Vec<Vec<usize>>,
    stack: Vec<Open>,
    /// Places of tables and of cells in the stack.
    tables_open: Vec<usize>,
    cells_open: Vec<usize>,
    specials: Vec<usize>,
    flows: Vec<Flow>,
    tables: Vec<Table>,
    lists: Vec<ListState>,
    sheet: Sheet,
    base: Option<Web>,
    link: Option<OpenLink>,
    links: Vec<Link>,
    numbers: BTreeMap<String, u32>,
    listed: Vec<(u32, String)>,
    images: Vec<ImageRef>,
    marks: BTreeMap<String, u32>,
    hidden: u32,
    raw_of: Raw,
    superscript: bool,
}

/// What the raw text that follows is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Raw {
    Dropped,
    Style,
    Shown,
}

/// Reads a page.
pub(super) fn read(html: &str, budget: &mut Budget, findings: &mut Findings) -> Result<Page, Exhausted> {
    let mut walk = Walk {
        budget,
        findings,
        names: BTreeMap::new(),
        places: Vec::new(),
        stack: Vec::new(),
        tables_open: Vec::new(),
        cells_open: Vec::new(),
        specials: Vec::new(),
        flows: vec![Flow::new()],
        tables: Vec::new(),
        lists: Vec::new(),
        sheet: Sheet::default(),
        base: None,
        link: None,
        links: Vec::new(),
        numbers: BTreeMap::new(),
        listed: Vec::new(),
        images: Vec::new(),
        marks: BTreeMap::new(),
        hidden: 0,
        raw_of: Raw::Dropped,
        superscript: false,
    };
    for token in Tokens::new(html) {
        walk.budget.spend_nodes(1)?;
        walk.token(token)?;
    }
    walk.close_down_to(0);
    walk.finish_link();
    let body = walk.flows.pop().map(Flow::finished).unwrap_or_default();
    walk.findings.add_many(FindingCode::HiddenText, walk.hidden, "");
    Ok(Page { body, links: walk.links, listed: walk.listed, images: walk.images })
}

/// Elements without content.
fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "param"
            | "source"
            | "track"
            | "wbr"
            | "basefont"
            | "bgsound"
            | "frame"
            | "keygen"
    )
}

/// Blocks, with the line ends before and after them.
fn block_breaks(name: &str) -> Option<u8> {
    Some(match name {
        "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "pre" | "blockquote" | "dl" | "figure"
        | "listing" => 2,
        "div" | "section" | "article" | "header" | "footer" | "main" | "aside" | "nav" | "center"
        | "address" | "form" | "fieldset" | "legend" | "details" | "summary" | "dialog" | "hgroup"
        | "figcaption" | "body" | "html" | "dt" | "dd" | "li" | "ul" | "ol" | "dir" | "menu" | "table"
        | "tr" | "td" | "th" | "thead" | "tbody" | "tfoot" | "caption" | "marquee" | "optgroup" | "xmp"
        | "plaintext" | "textarea" | "search" => 1,
        _ => return None,
    })
}

impl Walk<'_> {
    fn token(&mut self, token: Token<'_>) -> Result<(), Exhausted> {
        match token {
            Token::Text(text) => self.text(&decoded(text, Place::Text)),
            Token::Start(tag) => {
                self.budget.spend_nodes(tag.attribute_count)?;
                let name = tag.name.to_ascii_lowercase();
                self.start(&name, &tag)
            }
            Token::End(name) => {
                self.end(&name.to_ascii_lowercase());
                Ok(())
            }
            Token::Raw(text) => match self.raw_of {
                Raw::Dropped => Ok(()),
                Raw::Style => self.sheet.read(text, self.budget),
                Raw::Shown => self.text(&decoded(text, Place::Text)),
            },
            Token::Comment(text) => {
                // Outlook shows what conditional comments hold: other readers do not, and neither do we.
                if text.trim_start().starts_with("[if") && holds_words(text) {
                    self.hidden = self.hidden.saturating_add(1);
                }
                Ok(())
            }
            Token::Unended(text) => {
                if text.chars().any(char::is_alphanumeric) {
                    self.hidden = self.hidden.saturating_add(1);
                }
                Ok(())
            }
            Token::Nothing => Ok(()),
        }
    }

    fn inherited(&self) -> Inherited {
        self.stack.last().map_or(
            Inherited {
                hidden: false,
                unseen: false,
                tiny_font: false,
                skipped: false,
                preformatted: false,
                colour: Paint::BLACK,
                ground: Paint::WHITE,
            },
            |open| open.inherited,
        )
    }

    fn flow(&mut self) -> &mut Flow {
        if self.flows.is_empty() {
            self.flows.push(Flow::new());
        }
        let last = self.flows.len().saturating_sub(1);
        #[expect(
            clippy::indexing_slicing,
            reason = "the vector was filled two lines above and `last` is its last place"
        )]
        &mut self.flows[last]
    }

    /// Text of the page, as far as it is seen.
    fn text(&mut self, text: &str) -> Result<(), Exhausted> {
        let chars = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
        self.budget.spend_text(chars)?;
        let now = self.inherited();
        if now.skipped {
            return Ok(());
        }
        let same_colour = now.colour.hides_on(now.ground) && !self.sheet.paints_unknown;
        if now.hidden || now.unseen || now.tiny_font || same_colour {
            if text.chars().any(char::is_alphanumeric) {
                self.hidden = self.hidden.saturating_add(1);
            }
            return Ok(());
        }
        self.seen_text(text, now.preformatted);
        Ok(())
    }

    fn seen_text(&mut self, text: &str, preformatted: bool) {
        if let Some(link) = self.link.as_mut() {
            let room = SHOWN_MAX.saturating_sub(link.shown.len());
            link.shown.extend(text.chars().take(room));
        }
        if std::mem::take(&mut self.superscript) {
            let is_number = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '−'));
            let flow = self.flow();
            if is_number && flow.last().is_some_and(|c| c.is_ascii_alphanumeric() || c == ')') {
                flow.inline("^");
            }
        }
        let flow = self.flow();
        if preformatted { flow.preformatted(text) } else { flow.inline(text) }
    }

    /// A mark or text of our own making.
    fn own(&mut self, text: &str) {
        self.flow().inline(text);
    }

    fn name_number(&mut self, name: &str) -> usize {
        if let Some(number) = self.names.get(name) {
            return *number;
        }
        let number = self.places.len();
        self.places.push(Vec::new());
        self.names.insert(name.to_owned(), number);
        number
    }

    /// Where in the stack the element stands that an end tag of this name closes.
    fn place_to_close(&self, name: &str) -> Option<usize> {
        let place = *self.places.get(*self.names.get(name)?)?.last()?;
        let table = self.tables_open.last().copied();
        let cell = self.cells_open.last().copied();
        let inside = match name {
            "table" => true,
            "tr" | "td" | "th" | "tbody" | "thead" | "tfoot" | "caption" => Some(place) > table,
            _ => Some(place) > table && Some(place) > cell,
        };
        inside.then_some(place)
    }

    fn end(&mut self, name: &str) {
        if name == "br" {
            self.flow().line_break();
            return;
        }
        if name == "p" && self.place_to_close("p").is_none() {
            self.flow().block(1);
            return;
        }
        let Some(place) = self.place_to_close(name) else { return };
        let block_above = self.specials.last().copied() > Some(place);
        let special = self.stack.get(place).is_some_and(|open| open.special);
        if block_above && !special {
            // `<a><div></a>`: the link ends here, the block stays open.
            self.close_in_place(place);
        } else {
            self.close_down_to(place);
        }
    }

    fn close_in_place(&mut self, place: usize) {
        let Some(open) = self.stack.get_mut(place) else { return };
        open.closed = true;
        let close = std::mem::replace(&mut open.close, Close::Nothing);
        let name = open.name;
        if let Some(places) = self.places.get_mut(name) {
            places.pop();
        }
        self.closing(&close);
    }

    fn close_down_to(&mut self, place: usize) {
        while self.stack.len() > place {
            let Some(open) = self.stack.pop() else { return };
            let at = self.stack.len();
            if !open.closed
                && let Some(places) = self.places.get_mut(open.name)
            {
                places.pop();
            }
            for marks in [&mut self.tables_open, &mut self.cells_open, &mut self.specials] {
                if marks.last() == Some(&at) {
                    marks.pop();
                }
            }
            self.closing(&open.close);
        }
    }

    fn closing(&mut self, close: &Close) {
        match *close {
            Close::Nothing => {}
            Close::Block(breaks) => self.flow().block(breaks),
            Close::Level(level, breaks) => {
                self.flow().block(breaks);
                self.flow().restore(level);
            }
            Close::List(breaks) => {
                self.lists.pop();
                self.flow().block(breaks);
            }
            Close::Link => self.finish_link(),
            Close::Text(text) => self.own(text),
            Close::Cell { rows, columns } => self.finish_cell(rows, columns),
            Close::Table => self.finish_table(),
        }
    }

    fn finish_cell(&mut self, rows: u32, columns: u32) {
        if self.flows.len() < 2 {
            return;
        }
        let Some(flow) = self.flows.pop() else { return };
        let complex = flow.complex;
        let cell = Cell { text: flow.finished(), complex, rows, columns };
        if let Some(table) = self.tables.last_mut() {
            if table.rows.is_empty() {
                table.rows.push(Vec::new());
            }
            if let Some(row) = table.rows.last_mut() {
                row.push(cell);
            }
        }
    }

    fn finish_table(&mut self) {
        let Some(table) = self.tables.pop() else { return };
        let (pieces, grid) = table.pieces();
        let flow = self.flow();
        flow.complex |= pieces.len() > 1;
        for piece in pieces {
            flow.block(if piece.apart { 2 } else { 1 });
            flow.lines(&piece.text);
            flow.block(if piece.apart && !grid { 2 } else { 1 });
        }
        flow.block(if grid { 2 } else { 1 });
    }

    /// End tags that a start tag implies.
    fn imply_ends(&mut self, name: &str) {
        let close = |walk: &mut Self, names: &[&str]| {
            let places = names.iter().filter_map(|name| walk.place_to_close(name)).min();
            if let Some(place) = places {
                walk.close_down_to(place);
            }
        };
        match name {
            "li" => {
                // An item of the list that is open, not of one around it.
                let list =
                    ["ul", "ol", "dir", "menu"].iter().filter_map(|list| self.place_to_close(list)).max();
                if self.place_to_close("li").is_some_and(|item| Some(item) > list) {
                    close(self, &["li"]);
                }
            }
            "dt" | "dd" => close(self, &["dt", "dd"]),
            "td" | "th" => close(self, &["td", "th"]),
            "tr" => close(self, &["tr", "td", "th", "caption"]),
            "tbody" | "thead" | "tfoot" => {
                close(self, &["tbody", "thead", "tfoot", "tr", "td", "th", "caption"])
            }
            "option" => close(self, &["option"]),
            "a" => {
                if let Some(place) = self.place_to_close("a") {
                    self.close_in_place(place);
                }
            }
            _ => {}
        }
        if block_breaks(name).is_some()
            && !matches!(name, "td" | "th" | "tr" | "tbody" | "thead" | "tfoot" | "caption")
        {
            close(self, &["p"]);
        }
    }

    fn start(&mut self, name: &str, tag: &Tag<'_>) -> Result<(), Exhausted> {
        let seen = Seen::of(tag);
        self.findings.add_many(FindingCode::ActiveHtml, seen.handlers, "event handler");
        self.imply_ends(name);
        let said = self.sheet.of(name, seen.get("class"), seen.get("id"), seen.get("style"));
        let inherited = self.handed_down(name, &seen, &said);
        if seen.get("background").contains("//") {
            self.findings.add(FindingCode::RemoteImage);
        }
        self.raw_of = Raw::Dropped;
        if is_void(name) {
            self.void(name, &seen, &said, inherited);
            return Ok(());
        }
        let close = self.open(name, &seen, &said, inherited);
        let place = self.stack.len();
        let number = self.name_number(name);
        if let Some(places) = self.places.get_mut(number) {
            places.push(place);
        }
        let special = block_breaks(name).is_some();
        match name {
            "table" => self.tables_open.push(place),
            "td" | "th" | "caption" => self.cells_open.push(place),
            _ => {}
        }
        if special {
            self.specials.push(place);
        }
        self.stack.push(Open { name: number, inherited, close, special, closed: false });
        Ok(())
    }

    /// How the element and what is inside it are seen.
    fn handed_down(&self, name: &str, seen: &Seen<'_>, said: &Declarations) -> Inherited {
        let mut now = self.inherited();
        now.hidden |= said.hidden == Some(true) || (seen.has("hidden") && said.hidden != Some(false));
        now.unseen = said.unseen.unwrap_or(now.unseen);
        now.tiny_font = said.tiny_font.unwrap_or(now.tiny_font);
        now.preformatted = said.preformatted.unwrap_or(now.preformatted);
        if let Some(colour) = said.colour {
            now.colour = colour;
        } else if name == "font" && seen.has("color") {
            now.colour = paint(seen.get("color"));
        } else if name == "a" {
            now.colour = Paint::Unknown;
        }
        if let Some(ground) = said.ground {
            now.ground = ground;
        } else if seen.has("background") {
            now.ground = Paint::Unknown;
        } else if seen.has("bgcolor") {
            now.ground = paint(seen.get("bgcolor"));
        }
        match name {
            "pre" | "listing" | "xmp" | "plaintext" | "textarea" => now.preformatted = true,
            "head" | "script" | "style" | "template" | "title" | "svg" | "datalist" | "rp" | "iframe"
            | "noembed" | "noframes" => {
                now.skipped = true;
            }
            // What stands in the body of a page that never closed its head.
            "body" => now.skipped = false,
            _ => {}
        }
        now
    }

    fn void(&mut self, name: &str, seen: &Seen<'_>, said: &Declarations, now: Inherited) {
        if name == "base" && self.base.is_none() {
            if let Target::Web(web) = link::target(seen.get("href"), None) {
                self.base = Some(web);
            }
            return;
        }
        if name == "meta" && seen.get("http-equiv").eq_ignore_ascii_case("refresh") {
            self.findings.add_detail(FindingCode::ActiveHtml, "refresh");
        }
        if name == "img" {
            self.image(seen, said, now);
            return;
        }
        if now.skipped || now.hidden {
            return;
        }
        match name {
            "br" => self.flow().line_break(),
            "hr" => {
                let flow = self.flow();
                flow.block(1);
                flow.inline("----------------------------------------");
                flow.block(1);
            }
            "embed" | "frame" | "bgsound" => self.findings.add_detail(FindingCode::ActiveHtml, name),
            "input" => self.input(seen),
            "area" if seen.has("href") => {
                let alt = seen.get("alt").to_owned();
                self.finish_link();
                self.link = Some(OpenLink { href: seen.get("href").to_owned(), shown: alt.clone() });
                self.own(&alt);
                self.finish_link();
                self.flow().inline(" ");
            }
            _ => {}
        }
    }

    fn input(&mut self, seen: &Seen<'_>) {
        let value = seen.get("value");
        match seen.get("type").to_ascii_lowercase().as_str() {
            "hidden" | "image" | "file" => {}
            "checkbox" | "radio" => self.own(if seen.has("checked") { "■" } else { "□" }),
            _ => {
                let field =
                    if value.is_empty() { "［　　　　］".to_owned() } else { format!("［{value}］") };
                self.own(&field);
            }
        }
    }
}

/// Whether a conditional comment holds words outside its tags.
fn holds_words(comment: &str) -> bool {
    let inner = comment.split_once('>').map_or("", |(_, inner)| inner);
    Tokens::new(inner).any(
        |token| matches!(token, Token::Text(text) if text.chars().filter(|c| c.is_alphabetic()).count() > 2),
    )
}
