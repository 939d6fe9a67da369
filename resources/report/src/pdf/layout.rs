//! From blocks to pages of positioned text. All lengths are points, from the top left corner.

#![allow(clippy::float_arithmetic, reason = "places on a page, never money")]

use super::{Block, Document, Orientation, Table};
use crate::{Cell, Column, FontFile, Totals};

/// A4.
const SHORT: f32 = 595.28;
const LONG: f32 = 841.89;
const MARGIN: f32 = 42.0;
/// Room for the running head and for the foot.
const HEAD: f32 = 24.0;
const FOOT: f32 = 30.0;
/// Height of a line in parts of its font size.
const LEADING: f32 = 1.4;
/// Between the text and the edge of a cell, in parts of the font size.
const PADDING: f32 = 0.4;
/// Above and below the text of a table's cell, likewise.
const ABOVE: f32 = 0.25;
const PAD: f32 = TEXT * PADDING;
/// The thinnest rule.
const HAIR: f32 = 0.25;
const TITLE: f32 = 17.0;
const HEADING: f32 = 10.5;
const TEXT: f32 = 8.5;
const SMALL: f32 = 7.0;
/// Smallest size a table is set in when it is too wide; what does not fit then is broken.
const LEAST: f32 = 4.0;
/// Narrowest column of text that is broken into lines, in characters.
const NARROWEST: f32 = 6.0;

pub(super) const BLACK: u8 = 0;
pub(super) const GREY: u8 = 110;
const RULE: u8 = 190;
const SHADE: u8 = 232;
const PALE: u8 = 246;

/// A mark on a page.
#[derive(Clone, Debug)]
pub(super) enum Mark {
    /// A line of text with its baseline at `y`.
    Text { x: f32, y: f32, size: f32, grey: u8, text: String },
    /// A filled rectangle.
    Box { x: f32, y: f32, width: f32, height: f32, grey: u8 },
}

/// A page.
#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    pub(super) marks: Vec<Mark>,
}

/// Pages and their size.
pub(super) struct Pages {
    pub(super) width: f32,
    pub(super) height: f32,
    pub(super) pages: Vec<Page>,
}

/// Where text stands in its room.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Align {
    Left,
    Centre,
    Right,
}

pub(super) fn pages(document: &Document, font: &FontFile) -> Pages {
    let (width, height) = match document.orientation {
        Orientation::Portrait => (SHORT, LONG),
        Orientation::Landscape => (LONG, SHORT),
    };
    let mut setter = Setter { document, font, width, height, pages: Vec::new(), y: 0.0 };
    setter.new_page();
    setter.title();
    for (at, block) in document.blocks.iter().enumerate() {
        match block {
            Block::Heading(text) => setter.heading(text, document.blocks.get(at + 1)),
            Block::Pairs(pairs) => setter.pairs(pairs),
            Block::Table(table) => setter.table(table),
            Block::Note(text) => setter.note(text),
        }
    }
    setter.closing();
    setter.feet();
    Pages { width, height, pages: setter.pages }
}

struct Setter<'a> {
    document: &'a Document,
    font: &'a FontFile,
    width: f32,
    height: f32,
    pages: Vec<Page>,
    /// Top of what comes next.
    y: f32,
}

impl Setter<'_> {
    fn inner(&self) -> f32 {
        self.width - 2.0 * MARGIN
    }

    fn bottom(&self) -> f32 {
        self.height - MARGIN - FOOT
    }

    fn room(&self) -> f32 {
        self.bottom() - self.y
    }

    fn mark(&mut self, mark: Mark) {
        self.pages.last_mut().expect("there is a page").marks.push(mark);
    }

    fn fill(&mut self, x: f32, y: f32, width: f32, height: f32, grey: u8) {
        self.mark(Mark::Box { x, y, width, height, grey });
    }

    fn rule(&mut self, y: f32, weight: f32, grey: u8) {
        self.fill(MARGIN, y, self.inner(), weight, grey);
    }

    fn measure(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|c| self.font.advance(c)).sum::<f32>() * size
    }

    /// A line of text in a room; `y` is the top of the line.
    fn line(&mut self, text: &str, size: f32, grey: u8, x: f32, width: f32, y: f32, align: Align) {
        if text.is_empty() {
            return;
        }
        let free = width - self.measure(text, size);
        let x = match align {
            Align::Left => x,
            Align::Centre => x + free / 2.0,
            Align::Right => x + free,
        };
        // The baseline stands a little above the middle of what the leading leaves below.
        self.mark(Mark::Text { x, y: y + size * 1.05, size, grey, text: text.to_owned() });
    }

    /// Breaks text into lines of at most `width`: after a space or a mark that ends a word where one is near, else at
    /// any character.
    fn broken(&self, text: &str, size: f32, width: f32) -> Vec<String> {
        let mut lines = Vec::new();
        for part in text.lines() {
            let (mut line, mut used) = (String::new(), 0.0);
            for c in part.chars() {
                if line.is_empty() && c.is_whitespace() {
                    continue;
                }
                let advance = self.font.advance(c) * size;
                if used + advance > width && !line.is_empty() {
                    let ends = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '/' | '，' | '；' | '、' | '。');
                    // Breaking in the first half of the line would leave too much of it empty.
                    let at = line.char_indices().rev().find(|(_, c)| ends(*c)).map(|(at, c)| at + c.len_utf8());
                    let rest = match at.filter(|at| *at > line.len() / 2) {
                        Some(at) => line.split_off(at),
                        None => String::new(),
                    };
                    lines.push(line.trim_end().to_owned());
                    used = self.measure(&rest, size);
                    line = rest;
                }
                line.push(c);
                used += advance;
            }
            lines.push(line);
        }
        if lines.is_empty() {
            lines.push(String::new());
        }
        lines
    }

    fn new_page(&mut self) {
        self.pages.push(Page::default());
        self.y = MARGIN;
        if self.pages.len() > 1 {
            let (inner, document) = (self.inner(), self.document);
            self.line(&document.title, SMALL, GREY, MARGIN, inner, MARGIN, Align::Left);
            self.line(&document.period, SMALL, GREY, MARGIN, inner, MARGIN, Align::Right);
            self.rule(MARGIN + SMALL * LEADING + 2.0, 0.4, RULE);
            self.y = MARGIN + HEAD;
        }
    }

    fn title(&mut self) {
        let (inner, document) = (self.inner(), self.document);
        self.line(&document.issuer, TEXT, GREY, MARGIN, inner, self.y, Align::Left);
        let number = if document.number.is_empty() { String::new() } else { format!("编号 No. {}", document.number) };
        self.line(&number, TEXT, GREY, MARGIN, inner, self.y, Align::Right);
        self.y += TEXT * LEADING + 10.0;
        for (text, size, grey) in
            [(&document.title, TITLE, BLACK), (&document.subtitle, TEXT, GREY), (&document.period, HEADING, BLACK)]
        {
            if !text.is_empty() {
                self.line(text, size, grey, MARGIN, inner, self.y, Align::Centre);
                self.y += size * LEADING + 2.0;
            }
        }
        self.y += 4.0;
        self.rule(self.y, 1.0, BLACK);
        self.y += 8.0;
    }

    /// A heading goes to the next page when the beginning of what it heads does not fit below it.
    fn heading(&mut self, text: &str, next: Option<&Block>) {
        let below = match next {
            Some(Block::Table(_)) => 4.0 * (TEXT * LEADING + 2.0 * PAD),
            Some(_) => 2.0 * TEXT * LEADING,
            None => 0.0,
        };
        let height = HEADING * LEADING + 8.0;
        if self.room() < height + below {
            self.new_page();
        }
        self.y += 6.0;
        self.fill(MARGIN, self.y + 1.0, 2.5, HEADING * 1.15, BLACK);
        self.line(text, HEADING, BLACK, MARGIN + 7.0, self.inner() - 7.0, self.y, Align::Left);
        self.y += HEADING * LEADING + 3.0;
    }

    fn note(&mut self, text: &str) {
        for line in self.broken(text, SMALL, self.inner()) {
            if self.room() < SMALL * LEADING {
                self.new_page();
            }
            self.line(&line, SMALL, GREY, MARGIN, self.inner(), self.y, Align::Left);
            self.y += SMALL * LEADING;
        }
        self.y += 3.0;
    }

    fn pairs(&mut self, pairs: &[(String, Cell)]) {
        let half = self.inner() / 2.0;
        let name_width = half * 0.55;
        for two in pairs.chunks(2) {
            let set: Vec<(Vec<String>, Vec<String>, bool)> = two
                .iter()
                .map(|(name, cell)| {
                    let right = matches!(cell, Cell::Int(_) | Cell::Money(_) | Cell::Rate(_));
                    let value = self.broken(&cell.shown(), TEXT, half - name_width - 2.0 * PAD);
                    (self.broken(name, TEXT, name_width - 2.0 * PAD), value, right)
                })
                .collect();
            let lines = set.iter().map(|(name, value, _)| name.len().max(value.len())).max().unwrap_or(1);
            let height = lines as f32 * TEXT * LEADING + 2.0 * PAD - 2.0;
            if self.room() < height {
                self.new_page();
            }
            for (at, (name, value, right)) in set.iter().enumerate() {
                let x = MARGIN + half * at as f32;
                self.fill(x, self.y + HAIR, name_width, height - HAIR, PALE);
                let top = self.y + PAD - 1.0;
                for (n, line) in name.iter().enumerate() {
                    self.line(line, TEXT, GREY, x + PAD, name_width, top + n as f32 * TEXT * LEADING, Align::Left);
                }
                let align = if *right { Align::Right } else { Align::Left };
                let room = half - name_width - 2.0 * PAD;
                for (n, line) in value.iter().enumerate() {
                    let top = top + n as f32 * TEXT * LEADING;
                    self.line(line, TEXT, BLACK, x + name_width + PAD, room, top, align);
                }
            }
            self.rule(self.y + height, HAIR, RULE);
            self.y += height;
        }
        self.y += 6.0;
    }

    fn table(&mut self, table: &Table) {
        let grid = self.grid(table);
        let headings: Vec<Cell> = table.columns.iter().map(|c| Cell::from(c.title.as_str())).collect();
        let mut totals = Totals::new(&table.columns);
        let mut page = totals.clone();
        let summed = totals.any();
        let (head, foot) = (self.row_height(&grid, &headings), grid.line());
        if self.room() < head + 2.0 * foot {
            self.new_page();
        }
        self.row(&grid, &table.columns, &headings, Style::Head);
        if table.rows.is_empty() {
            let (empty, inner) = (&table.empty, self.inner());
            self.line(empty, grid.size, GREY, MARGIN, inner, self.y + grid.size * ABOVE, Align::Centre);
            self.y += foot;
        }
        let mut pages = 1;
        for (at, cells) in table.rows.iter().enumerate() {
            let height = self.row_height(&grid, cells);
            // What has to stand below the last row of a page: its subtotal, and below the last row of all the totals.
            let last = at + 1 == table.rows.len();
            let below = if !summed {
                0.0
            } else if last && pages > 1 {
                2.0 * foot
            } else {
                foot
            };
            if self.room() < height + below && self.y > MARGIN + HEAD + head {
                if summed {
                    self.row(&grid, &table.columns, &page.row("本页小计 Page subtotal"), Style::Subtotal);
                }
                self.new_page();
                self.row(&grid, &table.columns, &headings, Style::Head);
                page = Totals::new(&table.columns);
                pages += 1;
            }
            self.row(&grid, &table.columns, cells, if at % 2 == 1 { Style::Odd } else { Style::Plain });
            page.add(cells);
            totals.add(cells);
        }
        if summed && !table.rows.is_empty() {
            if pages > 1 {
                self.row(&grid, &table.columns, &page.row("本页小计 Page subtotal"), Style::Subtotal);
            }
            self.row(&grid, &table.columns, &totals.row("合计 Total"), Style::Total);
        }
        self.rule(self.y, 0.6, BLACK);
        self.y += 8.0;
    }

    /// Widths of columns: each as wide as its widest cell where that fits; else the widest columns of text break it; only
    /// when that is too little, everything is set smaller.
    fn grid(&self, table: &Table) -> Grid {
        let mut totals = Totals::new(&table.columns);
        table.rows.iter().for_each(|row| totals.add(row));
        let sums = totals.row("本页小计 Page subtotal");
        let mut size = TEXT;
        loop {
            let natural: Vec<f32> = (0..table.columns.len())
                .map(|at| {
                    // A heading may break, but not within its longest word.
                    let head = table.columns[at].title.split_whitespace().map(|w| self.measure(w, size));
                    let cells = table.rows.iter().map(|row| &row[at]);
                    // A label of a totals row does not widen its column: it may run over the empty cells after it.
                    let sum = Some(&sums[at]).filter(|_| table.columns[at].total);
                    let cells = cells.chain(sum).map(|cell| self.measure(&cell.shown(), size));
                    head.chain(cells).fold(0.0, f32::max) + 2.0 * PADDING * size
                })
                .collect();
            let whole: f32 = natural.iter().sum();
            let inner = self.inner();
            if whole <= inner {
                let spare = (inner - whole) / natural.len() as f32;
                return Grid { size, widths: natural.into_iter().map(|w| w + spare).collect() };
            }
            // Figures, dates and words of headings are never broken: text gives way, the widest column first.
            let text = |at: usize| table.columns[at].kind == crate::Kind::Text;
            let capped = |cap: f32| -> Vec<f32> {
                natural.iter().enumerate().map(|(at, w)| if text(at) { w.min(cap) } else { *w }).collect()
            };
            let floor = (NARROWEST + 2.0 * PADDING) * size;
            if capped(floor).iter().sum::<f32>() <= inner || size <= LEAST {
                let (mut low, mut high) = (floor, whole);
                for _ in 0..40 {
                    let cap = (low + high) / 2.0;
                    let fits = capped(cap).iter().sum::<f32>() <= inner;
                    (low, high) = if fits { (cap, high) } else { (low, cap) };
                }
                return Grid { size, widths: capped(low) };
            }
            size -= 0.25;
        }
    }

    fn cell_lines(&self, grid: &Grid, at: usize, cell: &Cell) -> Vec<String> {
        self.broken(&cell.shown(), grid.size, grid.widths[at] - 2.0 * grid.pad() + 0.1)
    }

    fn row_height(&self, grid: &Grid, cells: &[Cell]) -> f32 {
        let lines = cells.iter().enumerate().map(|(at, cell)| self.cell_lines(grid, at, cell).len()).max();
        lines.unwrap_or(1) as f32 * grid.size * LEADING + 2.0 * ABOVE * grid.size
    }

    fn row(&mut self, grid: &Grid, columns: &[Column], cells: &[Cell], style: Style) {
        let sums = matches!(style, Style::Subtotal | Style::Total);
        let height = if sums { grid.line() } else { self.row_height(grid, cells) };
        let shade = match style {
            Style::Head | Style::Total => Some(SHADE),
            Style::Subtotal | Style::Odd => Some(PALE),
            Style::Plain => None,
        };
        if let Some(grey) = shade {
            self.fill(MARGIN, self.y + HAIR, self.inner(), height - HAIR, grey);
        }
        if style == Style::Head || style == Style::Total {
            self.rule(self.y, 0.6, BLACK);
        }
        let mut x = MARGIN;
        for (at, cell) in cells.iter().enumerate() {
            let width = grid.widths[at];
            let lines = if sums { vec![cell.shown()] } else { self.cell_lines(grid, at, cell) };
            let align = if columns[at].kind.is_number() { Align::Right } else { Align::Left };
            // The label of a row of sums may be wider than its column.
            let align = if sums && matches!(cell, Cell::Text(_)) && !columns[at].total { Align::Left } else { align };
            for (n, line) in lines.iter().enumerate() {
                let (pad, top) = (grid.pad(), self.y + grid.size * (ABOVE + n as f32 * LEADING));
                self.line(line, grid.size, BLACK, x + pad, width - 2.0 * pad, top, align);
            }
            x += width;
        }
        self.y += height;
        if style == Style::Head {
            self.rule(self.y, 0.6, BLACK);
        } else {
            self.rule(self.y, HAIR, RULE);
        }
    }

    /// Digest, time, lines to sign on, place of the stamp: together on one page.
    fn closing(&mut self) {
        let document = self.document;
        let stamp = if document.stamp { 64.0 } else { 0.0 };
        let signed: f32 = if document.signatures.is_empty() { 0.0 } else { 34.0 };
        if self.room() < 2.0 * SMALL * LEADING + signed.max(stamp) + 10.0 {
            self.new_page();
        }
        self.y += 4.0;
        let inner = self.inner();
        if !document.digest.is_empty() {
            let text = format!("数据摘要 SM3 of the data: {}", document.digest);
            self.line(&text, SMALL, GREY, MARGIN, inner, self.y, Align::Left);
            self.y += SMALL * LEADING;
        }
        let text = format!("生成时间 Made at: {}", document.made_at.format("%Y-%m-%d %H:%M:%S"));
        self.line(&text, SMALL, GREY, MARGIN, inner, self.y, Align::Left);
        self.y += SMALL * LEADING + 16.0;
        let places = document.signatures.len() as f32 + if document.stamp { 1.0 } else { 0.0 };
        let width = inner / places.max(1.0);
        let mut x = MARGIN;
        for (role, name) in &document.signatures {
            let label = format!("{role}：");
            let used = self.measure(&label, TEXT);
            self.line(&label, TEXT, BLACK, x, width, self.y, Align::Left);
            self.line(name, TEXT, BLACK, x + used + 4.0, width, self.y, Align::Left);
            self.fill(x + used, self.y + TEXT * LEADING + 1.0, (width - used - 14.0).max(10.0), 0.5, BLACK);
            x += width;
        }
        if document.stamp {
            self.line("（盖章 Stamp）", TEXT, GREY, x, width, self.y, Align::Centre);
        }
    }

    fn feet(&mut self) {
        let (count, inner, document) = (self.pages.len(), self.inner(), self.document);
        let y = self.height - MARGIN - SMALL * LEADING;
        for at in 0..count {
            // Marks go to the last page: each page takes its turn there.
            self.pages.rotate_left(1);
            self.rule(y - 5.0, 0.4, RULE);
            self.line(&document.number, SMALL, GREY, MARGIN, inner, y, Align::Left);
            let text = format!("第 {} 页 / 共 {count} 页  Page {0} of {count}", at + 1);
            self.line(&text, SMALL, GREY, MARGIN, inner, y, Align::Right);
        }
    }
}

/// Font size and column widths of a table.
struct Grid {
    size: f32,
    widths: Vec<f32>,
}

impl Grid {
    fn pad(&self) -> f32 {
        self.size * PADDING
    }

    /// Height of a row of one line.
    fn line(&self) -> f32 {
        self.size * (LEADING + 2.0 * ABOVE)
    }
}

/// What a row of a table is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Head,
    Plain,
    Odd,
    Subtotal,
    Total,
}
