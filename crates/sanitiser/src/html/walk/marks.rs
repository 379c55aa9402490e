//! The marks of links and pictures.

use super::super::link::{self, Shown, Target};
use super::super::{ImageRef, ImageSource, Link};
use super::{Inherited, Seen, Walk};
use crate::html::style::Declarations;
use policy::{FindingCode, Findings};

impl Walk<'_> {
    pub(super) fn image(&mut self, seen: &Seen<'_>, said: &Declarations, now: Inherited) {
        let source = seen.get("src").trim();
        let small = |name: &str| seen.number(name).is_some_and(|n| n <= 2);
        let tiny = small("width") || small("height") || said.small || now.hidden || now.skipped || now.unseen;
        let mut dropped = Findings::new();
        let alt = crate::text::filter_line(seen.get("alt"), &mut dropped);
        let lower = source.get(..8).unwrap_or(source).to_ascii_lowercase();
        let source = if lower.starts_with("cid:") {
            ImageSource::Cid(source.get(4..).unwrap_or_default().trim_matches(['<', '>']).to_owned())
        } else if lower.starts_with("data:") {
            ImageSource::Data
        } else {
            ImageSource::Remote
        };
        let mut mark = 0;
        if tiny {
            self.findings.add(FindingCode::TrackingPixel);
        } else if let ImageSource::Cid(cid) = &source {
            let next = u32::try_from(self.marks.len()).unwrap_or(u32::MAX).saturating_add(1);
            mark = *self.marks.entry(cid.clone()).or_insert(next);
            let shown = if alt.is_empty() || alt.contains('.') { String::new() } else { format!("：{alt}") };
            self.own(&format!("［画像{mark}{shown}］"));
        } else {
            self.findings.add(FindingCode::RemoteImage);
            if !alt.trim().is_empty() {
                self.seen_text(&format!("［画像：{}］", alt.trim()), false);
            }
        }
        self.images.push(ImageRef { mark, source, alt, tiny });
    }

    /// Writes the mark of the link that ends here.
    pub(super) fn finish_link(&mut self) {
        let Some(open) = self.link.take() else { return };
        let words = open.shown.split_whitespace().collect::<Vec<_>>().join(" ");
        let target = link::target(&open.href, self.base.as_ref());
        let shown = link::shown(&words);
        let deceptive = link::deceives(&shown, &target);
        let address = match &target {
            Target::Web(web) => {
                if web.international {
                    self.findings.add_detail(FindingCode::PunycodeShown, &web.host);
                }
                if web.mixed {
                    self.findings.add_detail(FindingCode::MixedScriptDomain, &web.host);
                }
                web.address.clone()
            }
            Target::Mail(mail) => mail.clone(),
            Target::Phone(number) => number.clone(),
            Target::Nowhere => return,
            Target::Script => {
                self.findings.add_detail(FindingCode::ActiveHtml, "script link");
                return;
            }
            Target::Dangerous(scheme) => {
                self.findings.add_detail(FindingCode::DangerousLink, &format!("{scheme}:"));
                self.own("［危険なリンクを除去］");
                return;
            }
        };
        if deceptive {
            let detail = match &shown {
                Shown::Host(host) => host,
                Shown::Address(address) => address,
                Shown::Words => "",
            };
            self.findings.add_detail(FindingCode::DeceptiveLink, &format!("{detail} → {address}"));
        }
        if words.is_empty() && self.stack.last().is_some_and(|open| open.inherited.hidden) {
            return;
        }
        let known = self.numbers.contains_key(&address);
        let shows_itself = link::comparable(&words) == link::comparable(&address);
        let wordless = words.is_empty();
        if !known {
            self.links.push(Link { shown: words, target: address.clone(), deceptive });
        }
        if shows_itself {
            if !known {
                self.numbers.insert(address, 0);
            }
            return;
        }
        let number = match self.numbers.get(&address).copied().filter(|number| *number > 0) {
            Some(number) => number,
            None => {
                let next = u32::try_from(self.listed.len()).unwrap_or(u32::MAX).saturating_add(1);
                self.numbers.insert(address.clone(), next);
                self.listed.push((next, address));
                next
            }
        };
        let mark = if deceptive {
            format!("［{number}：表示と異なる宛先］")
        } else {
            format!("［{number}］")
        };
        let flow = self.flow();
        if !wordless {
            flow.mark(&mark);
        } else if !flow.ends_with(&mark) {
            flow.inline(&mark);
        }
    }
}
