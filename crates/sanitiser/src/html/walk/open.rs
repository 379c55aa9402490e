//! What the start of an element writes, and what its end will do.

use super::{Close, Inherited, ListState, OpenLink, Seen, TABLES_MAX, Walk, block_breaks};
use crate::html::style::Declarations;
use crate::html::table::Table;
use crate::html::writer::Flow;
use policy::FindingCode;

impl Walk<'_> {
    /// Begins an element that has content; says what its end will do.
    pub(super) fn open(&mut self, name: &str, seen: &Seen<'_>, said: &Declarations, now: Inherited) -> Close {
        match name {
            "a" if now.hidden || now.unseen || now.skipped => Close::Nothing,
            "a" => self.open_link(seen),
            "table" => self.open_table(seen),
            "tr" => {
                if self.tables_open.len() <= TABLES_MAX
                    && let Some(table) = self.tables.last_mut()
                {
                    table.rows.push(Vec::new());
                    Close::Nothing
                } else {
                    self.flow().block(1);
                    Close::Block(1)
                }
            }
            "td" | "th" => self.open_cell(name, seen),
            "ul" | "ol" | "dir" | "menu" => {
                let breaks = if self.lists.is_empty() { 2 } else { 1 };
                self.flow().block(breaks);
                let next = seen.get("start").trim().parse().unwrap_or(1);
                self.lists.push(ListState { ordered: name == "ol", next });
                Close::List(breaks)
            }
            "li" => self.open_item(seen),
            "dd" => {
                let flow = self.flow();
                flow.block(1);
                let level = flow.level();
                flow.indent("");
                Close::Level(level, 1)
            }
            "blockquote" => {
                let flow = self.flow();
                flow.block(2);
                let level = flow.level();
                flow.quote();
                Close::Level(level, 2)
            }
            "h1" | "h2" | "h3" => {
                let flow = self.flow();
                flow.block(2);
                flow.heading("■ ");
                Close::Level(flow.level(), 2)
            }
            "script" | "object" | "applet" | "iframe" | "audio" | "video" | "svg" | "form" => {
                self.findings.add_detail(FindingCode::ActiveHtml, name);
                Close::Block(u8::from(name == "form"))
            }
            "style" => {
                self.raw_of = super::Raw::Style;
                Close::Nothing
            }
            "textarea" | "xmp" | "plaintext" => {
                self.raw_of = super::Raw::Shown;
                self.flow().block(1);
                Close::Block(1)
            }
            _ if now.skipped || now.hidden => Close::Nothing,
            _ => self.open_inline(name, said),
        }
    }

    /// Begins an element that is a mark in the line, or a plain block.
    fn open_inline(&mut self, name: &str, said: &Declarations) -> Close {
        match name {
            "rt" => {
                self.own("（");
                Close::Text("）")
            }
            "q" => {
                self.own("「");
                Close::Text("」")
            }
            "s" | "strike" | "del" => {
                self.own("（取消：");
                Close::Text("）")
            }
            "sup" => {
                self.superscript = true;
                Close::Nothing
            }
            "option" => {
                self.flow().inline(" ");
                Close::Nothing
            }
            _ if said.struck == Some(true) => {
                self.own("（取消：");
                Close::Text("）")
            }
            _ => match block_breaks(name) {
                Some(breaks) => {
                    let breaks = if said.no_margin == Some(true) { 1 } else { breaks };
                    self.flow().block(breaks);
                    Close::Block(breaks)
                }
                None => Close::Nothing,
            },
        }
    }

    fn open_table(&mut self, seen: &Seen<'_>) -> Close {
        self.flow().block(1);
        if self.tables_open.len() >= TABLES_MAX {
            return Close::Block(1);
        }
        let ruled = seen.number("border").is_some_and(|width| width > 0);
        let presentation = seen.get("role").trim().eq_ignore_ascii_case("presentation");
        self.tables.push(Table { rows: Vec::new(), presentation, ruled });
        Close::Table
    }

    fn open_cell(&mut self, name: &str, seen: &Seen<'_>) -> Close {
        let bounded = self.tables_open.len() <= TABLES_MAX && !self.tables_open.is_empty();
        match self.tables.last_mut() {
            Some(table) if bounded => {
                table.ruled |= name == "th";
                self.flows.push(Flow::new());
                let rows = seen.number("rowspan").unwrap_or(1).min(100);
                Close::Cell { rows, columns: seen.number("colspan").unwrap_or(1).min(20) }
            }
            Some(_) | None => {
                self.flow().block(1);
                Close::Block(1)
            }
        }
    }

    fn open_item(&mut self, seen: &Seen<'_>) -> Close {
        let mark = match self.lists.last_mut() {
            Some(list) if list.ordered => {
                let number = seen.get("value").trim().parse().unwrap_or(list.next);
                list.next = number.saturating_add(1);
                format!("{number}. ")
            }
            Some(_) | None => "・".to_owned(),
        };
        let flow = self.flow();
        flow.block(1);
        let level = flow.level();
        flow.indent(&mark);
        Close::Level(level, 1)
    }

    fn open_link(&mut self, seen: &Seen<'_>) -> Close {
        if !seen.has("href") {
            return Close::Nothing;
        }
        self.finish_link();
        self.link = Some(OpenLink { href: seen.get("href").to_owned(), shown: String::new() });
        Close::Link
    }
}
