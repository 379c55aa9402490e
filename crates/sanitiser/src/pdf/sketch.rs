//! A small content-stream writer for the appearances that we build: rectangles, lines, marks and text in two fonts.
//!
//! Everything is in coordinates of the page: the form's `BBox` equals the annotation's `Rect`.
#![expect(clippy::arithmetic_side_effects, clippy::cast_precision_loss, reason = "geometry in floats")]

use lopdf::{Dictionary, Object, Stream, StringFormat, dictionary};

/// Most characters that one appearance shows.
const CHARS_MAX: usize = 20_000;

/// How text is set, from a default appearance string (ISO 32000-1 §12.7.3.3).
#[derive(Clone, Debug)]
pub(super) struct Style {
    /// Font size; 0 for what fits.
    size: f32,
    colour: Vec<f32>,
    /// 0 left, 1 centred, 2 right.
    align: i64,
}

impl Style {
    /// Takes size and colour from operators; the font is ours.
    pub(super) fn read(appearance: &str, align: i64) -> Self {
        let mut style = Self { size: 0.0, colour: vec![0.0], align };
        let mut operands: Vec<f32> = Vec::new();
        for word in appearance.split_ascii_whitespace().take(200) {
            match word {
                "Tf" => style.size = operands.last().copied().unwrap_or(0.0).abs(),
                "g" | "rg" | "k" => style.colour = operands.clone(),
                _ => {
                    if let Ok(number) = word.parse::<f32>() {
                        operands.push(number);
                        continue;
                    }
                }
            }
            operands.clear();
        }
        if !(style.size.is_finite() && (1.0..=500.0).contains(&style.size)) {
            style.size = 0.0;
        }
        style
    }

    /// The same, centred.
    pub(super) fn centred(self) -> Self {
        Self { align: 1, ..self }
    }
}

/// An appearance under construction.
#[derive(Debug)]
pub(super) struct Sketch {
    area: [f32; 4],
    content: String,
    multiplies: bool,
    alpha: f32,
}

/// Advance in ems of a character in our two fonts, near enough to break and align lines.
fn advance(c: char, is_wide: bool) -> f32 {
    match c {
        _ if is_wide => {
            if matches!(u32::from(c), 0x20..=0x7E | 0xFF61..=0xFF9F) {
                0.5
            } else {
                1.0
            }
        }
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | 'I' | 't' | 'f' | ' ' | '(' | ')' => {
            0.28
        }
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.86,
        'A'..='Z' => 0.68,
        _ => 0.55,
    }
}

fn is_wide(text: &str) -> bool {
    text.chars().any(|c| u32::from(c) > 0xFF)
}

fn width(text: &str, is_wide: bool) -> f32 {
    text.chars().map(|c| advance(c, is_wide)).sum()
}

impl Sketch {
    pub(super) fn new(area: [f32; 4]) -> Self {
        Self { area, content: String::new(), multiplies: false, alpha: 1.0 }
    }

    /// The rectangle that it covers.
    pub(super) fn area(&self) -> [f32; 4] {
        self.area
    }

    /// Widens the rectangle to hold these points and a line through them.
    pub(super) fn reach(&mut self, points: &[f32]) {
        const MARGIN: f32 = 2.0;
        for &[x, y] in points.as_chunks::<2>().0 {
            let [x0, y0, x1, y1] = &mut self.area;
            (*x0, *y0) = (x0.min(x - MARGIN), y0.min(y - MARGIN));
            (*x1, *y1) = (x1.max(x + MARGIN), y1.max(y + MARGIN));
        }
    }

    /// Whether nothing was drawn.
    pub(super) fn is_empty(&self) -> bool {
        self.content.is_empty()
    }

    pub(super) fn opacity(&mut self, alpha: Option<f32>) {
        self.alpha = alpha.filter(|alpha| alpha.is_finite()).unwrap_or(1.0).clamp(0.0, 1.0);
    }

    fn push(&mut self, operators: &str) {
        self.content.push_str(operators);
        self.content.push('\n');
    }

    /// Sets the colour for filling or stroking; false when the colour is none (transparent).
    fn colour(&mut self, colour: &[f32], is_stroke: bool) -> bool {
        let operator = match (colour.len(), is_stroke) {
            (1, false) => "g",
            (1, true) => "G",
            (3, false) => "rg",
            (3, true) => "RG",
            (4, false) => "k",
            (4, true) => "K",
            _ => return false,
        };
        let operands: Vec<String> =
            colour.iter().map(|part| format!("{:.3}", part.clamp(0.0, 1.0))).collect();
        self.push(&format!("{} {operator}", operands.join(" ")));
        true
    }

    pub(super) fn fill_area(&mut self, colour: &[f32]) {
        if self.colour(colour, false) {
            let [x0, y0, x1, y1] = self.area;
            self.push(&format!("{x0} {y0} {} {} re f", x1 - x0, y1 - y0));
        }
    }

    pub(super) fn stroke_area(&mut self, colour: &[f32], line: f32) {
        if line > 0.0 && self.colour(colour, true) {
            let [x0, y0, x1, y1] = self.area;
            let half = line / 2.0;
            self.push(&format!(
                "{line} w {} {} {} {} re S",
                x0 + half,
                y0 + half,
                x1 - x0 - line,
                y1 - y0 - line
            ));
        }
    }

    pub(super) fn ellipse(&mut self, fill: Option<&[f32]>, line: &[f32], thickness: f32) {
        let [x0, y0, x1, y1] = self.area;
        let half = thickness / 2.0;
        let (cx, cy) = (f32::midpoint(x0, x1), f32::midpoint(y0, y1));
        let (rx, ry) = ((x1 - x0) / 2.0 - half, (y1 - y0) / 2.0 - half);
        let (kx, ky) = (rx * 0.5523, ry * 0.5523);
        let fills = fill.is_some_and(|fill| self.colour(fill, false));
        self.colour(line, true);
        let paint = if fills { "B" } else { "S" };
        let (left, right, top, bottom) = (cx - rx, cx + rx, cy + ry, cy - ry);
        self.push(&format!(
            "{thickness} w {right} {cy} m {right} {} {} {top} {cx} {top} c {} {top} {left} {} {left} {cy} c {left} {} {} {bottom} {cx} {bottom} c {} {bottom} {right} {} {right} {cy} c {paint}",
            cy + ky, cx + kx, cx - kx, cy + ky, cy - ky, cx - kx, cx + kx, cy - ky
        ));
    }

    pub(super) fn path(
        &mut self,
        points: &[f32],
        fill: Option<&[f32]>,
        line: &[f32],
        thickness: f32,
        is_closed: bool,
    ) {
        let [x, y, rest @ ..] = points else { return };
        let fills = is_closed && fill.is_some_and(|fill| self.colour(fill, false));
        self.colour(line, true);
        let mut path = format!("{thickness} w 1 J 1 j {x} {y} m");
        for [x, y] in rest.as_chunks::<2>().0 {
            path.push_str(&format!(" {x} {y} l"));
        }
        path.push_str(match (is_closed, fills) {
            (true, true) => " b",
            (true, false) => " s",
            _ => " S",
        });
        self.push(&path);
    }

    /// A marked stretch of text; corners come as upper left, upper right, lower left, lower right.
    pub(super) fn highlight(&mut self, quad: &[f32], colour: &[f32]) {
        if let [ax, ay, bx, by, cx, cy, dx, dy] = quad {
            self.multiplies = true;
            if self.colour(colour, false) {
                self.push(&format!("{ax} {ay} m {bx} {by} l {dx} {dy} l {cx} {cy} l f"));
            }
        }
    }

    /// A line through a marked stretch, at a share of its height.
    pub(super) fn rule(&mut self, quad: &[f32], colour: &[f32], share: f32) {
        if let [ax, ay, bx, by, cx, cy, dx, dy] = quad {
            let between = |low: f32, high: f32| low + (high - low) * share;
            let height = (ay - cy).hypot(ax - cx);
            let thickness = (height / 14.0).clamp(0.4, 4.0);
            let points = [between(*cx, *ax), between(*cy, *ay), between(*dx, *bx), between(*dy, *by)];
            self.path(&points, None, colour, thickness, false);
        }
    }

    /// A tick.
    pub(super) fn check(&mut self) {
        let [x0, y0, x1, y1] = self.area;
        let at = |x: f32, y: f32| [x0 + (x1 - x0) * x, y0 + (y1 - y0) * y];
        let points = [at(0.2, 0.5), at(0.42, 0.22), at(0.8, 0.8)].concat();
        let thickness = ((y1 - y0) / 8.0).clamp(0.5, 3.0);
        self.path(&points, None, &[0.0], thickness, false);
    }

    /// One line, in the middle of the height.
    pub(super) fn line(&mut self, text: &str, style: &Style) {
        let text: String = text.chars().filter(|c| !c.is_control()).take(CHARS_MAX).collect();
        let [x0, y0, x1, y1] = self.area;
        if text.is_empty() {
            return;
        }
        let wide = is_wide(&text);
        let ems = width(&text, wide).max(0.1);
        let fitting = ((y1 - y0) * 0.7).min((x1 - x0 - 4.0) / ems).clamp(4.0, 24.0);
        let size = if style.size > 0.0 { style.size } else { fitting };
        let free = x1 - x0 - ems * size;
        let x = match style.align {
            1 => x0 + free / 2.0,
            2 => x0 + free - 2.0,
            _ => x0 + 2.0,
        };
        let y = f32::midpoint(y0, y1) - 0.35 * size;
        self.begin_text(style);
        self.show(&text, wide, size, x, y);
        self.push("ET Q");
    }

    /// One character a cell.
    pub(super) fn comb(&mut self, text: &str, cells: i64, style: &Style) {
        let [x0, y0, x1, y1] = self.area;
        let cell = (x1 - x0) / cells.max(1) as f32;
        let size = if style.size > 0.0 { style.size } else { ((y1 - y0) * 0.7).min(cell).clamp(4.0, 24.0) };
        let wide = is_wide(text);
        self.begin_text(style);
        for (index, c) in text.chars().filter(|c| !c.is_control()).take(200).enumerate() {
            let x = x0 + cell * index as f32 + (cell - advance(c, wide) * size) / 2.0;
            self.show(&c.to_string(), wide, size, x, f32::midpoint(y0, y1) - 0.35 * size);
        }
        self.push("ET Q");
    }

    /// Lines from the top, broken at the width.
    pub(super) fn lines(&mut self, text: &str, style: &Style) {
        let text: String = text.chars().take(CHARS_MAX).collect();
        let [x0, y0, x1, y1] = self.area;
        if text.trim().is_empty() {
            return;
        }
        let wide = is_wide(&text);
        let mut size = if style.size > 0.0 { style.size } else { 12.0 };
        let mut lines = broken(&text, (x1 - x0 - 4.0) / size, wide);
        while style.size <= 0.0 && size > 5.0 && lines.len() as f32 * size * 1.15 > y1 - y0 - 4.0 {
            size -= 1.0;
            lines = broken(&text, (x1 - x0 - 4.0) / size, wide);
        }
        self.begin_text(style);
        for (index, line) in lines.iter().enumerate() {
            let free = x1 - x0 - width(line, wide) * size;
            let x = match style.align {
                1 => x0 + free / 2.0,
                2 => x0 + free - 2.0,
                _ => x0 + 2.0,
            };
            let y = y1 - 2.0 - size - index as f32 * size * 1.15;
            if y < y0 - size {
                break;
            }
            self.show(line, wide, size, x, y);
        }
        self.push("ET Q");
    }

    fn begin_text(&mut self, style: &Style) {
        let [x0, y0, x1, y1] = self.area;
        self.push(&format!("q {x0} {y0} {} {} re W n", x1 - x0, y1 - y0));
        if !self.colour(&style.colour, false) {
            self.push("0 g");
        }
        self.push("BT");
    }

    fn show(&mut self, text: &str, wide: bool, size: f32, x: f32, y: f32) {
        let (font, hex): (&str, String) = if wide {
            ("J", text.encode_utf16().map(|unit| format!("{unit:04X}")).collect())
        } else {
            let latin = |c| u8::try_from(u32::from(c)).unwrap_or(b'?');
            ("L", text.chars().map(|c| format!("{:02X}", latin(c))).collect())
        };
        self.push(&format!("/{font} {size} Tf 1 0 0 1 {x} {y} Tm <{hex}> Tj"));
    }

    /// The form that is painted.
    pub(super) fn into_form(self) -> Stream {
        let japanese = dictionary! {
            "Type" => "Font", "Subtype" => "Type0", "BaseFont" => "MS-Gothic", "Encoding" => "UniJIS-UTF16-H",
            "DescendantFonts" => vec![Object::Dictionary(dictionary! {
                "Type" => "Font", "Subtype" => "CIDFontType2", "BaseFont" => "MS-Gothic", "DW" => 1000,
                "W" => vec![1.into(), 94.into(), 500.into(), 231.into(), 632.into(), 500.into()],
                "CIDSystemInfo" => dictionary! {
                    "Registry" => Object::String(b"Adobe".to_vec(), StringFormat::Literal),
                    "Ordering" => Object::String(b"Japan1".to_vec(), StringFormat::Literal),
                    "Supplement" => 6,
                },
                "FontDescriptor" => dictionary! {
                    "Type" => "FontDescriptor", "FontName" => "MS-Gothic", "Flags" => 4, "ItalicAngle" => 0,
                    "Ascent" => 859, "Descent" => -140, "CapHeight" => 769, "StemV" => 78,
                    "FontBBox" => vec![0.into(), (-137).into(), 1000.into(), 859.into()],
                },
            })],
        };
        let latin = dictionary! {
            "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica", "Encoding" => "WinAnsiEncoding",
        };
        let mode = if self.multiplies { "Multiply" } else { "Normal" };
        let state = dictionary! { "BM" => mode, "ca" => self.alpha, "CA" => self.alpha };
        let area: Vec<Object> = self.area.iter().map(|side| Object::Real(*side)).collect();
        let dict: Dictionary = dictionary! {
            "Type" => "XObject", "Subtype" => "Form", "BBox" => area,
            "Resources" => dictionary! {
                "Font" => dictionary! { "J" => japanese, "L" => latin },
                "ExtGState" => dictionary! { "S" => state },
            },
        };
        Stream::new(dict, format!("/S gs\n{}", self.content).into_bytes())
    }
}

/// Breaks text at line ends and at a width in ems: anywhere, as Japanese is, but Latin words only where they must be.
fn broken(text: &str, ems: f32, wide: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.replace("\r\n", "\n").split(['\n', '\r']) {
        let mut line = String::new();
        let mut used = 0.0;
        for c in paragraph.chars().filter(|c| !c.is_control()) {
            let step = advance(c, wide);
            if used + step > ems && !line.is_empty() {
                let cut = line
                    .rfind(' ')
                    .filter(|_| c.is_ascii_alphanumeric())
                    .map_or(line.len(), |space| space + 1);
                let rest = line.split_off(cut);
                lines.push(std::mem::replace(&mut line, rest));
                used = width(&line, wide);
            }
            line.push(c);
            used += step;
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_or_between_ideographs() {
        assert_eq!(broken("住民基本台帳", 4.0, true), ["住民基本", "台帳"]);
        assert_eq!(broken("one two", 3.0, false), ["one ", "two"]);
        assert_eq!(broken("a\r\nb", 9.0, false), ["a", "b"]);
    }

    #[test]
    fn a_default_appearance_gives_size_and_colour() {
        let style = Style::read("0 0 1 rg /Helv 12.5 Tf", 2);
        assert_eq!((style.size, style.colour.as_slice(), style.align), (12.5, [0.0, 0.0, 1.0].as_slice(), 2));
        assert!(Style::read("/F 1e9 Tf", 0).size.abs() < f32::EPSILON);
    }
}
