//! Excel workbooks, written row by row in constant memory: rows wait in a temporary file, not in memory.

use crate::{Cell, Column, Kind, ReportError, Totals, check_width};
use chrono::{Datelike, Timelike};
use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError,
};
use std::io::Write;
use std::path::Path;
use tongka_base::{Date, DateTime, Fen};

/// Rows of a sheet, the heading included: the limit of the file format.
pub const SHEET_ROWS: u32 = 1_048_576;
/// Characters of a cell: the limit of the file format.
const CELL_CHARS: usize = 32_767;
/// Money below this many fen is shown exactly by a spreadsheet program, which keeps 15 digits.
const EXACT_FEN: u64 = 1_000_000_000_000_000;
/// Characters of a sheet's name: the limit of the file format.
const NAME_CHARS: usize = 31;
/// Narrowest and widest column, in characters.
const WIDTHS: (usize, usize) = (8, 60);

struct Formats {
    head: Format,
    note: Format,
    /// By [`Kind`]: of rows, of totals.
    kinds: [[Format; 6]; 2],
}

impl Formats {
    fn new() -> Self {
        let number = |text: &str| Format::new().set_num_format(text);
        let plain = [
            Format::new(),
            number("#,##0"),
            number("#,##0.00"),
            number("0.0000%"),
            number("yyyy-mm-dd"),
            number("yyyy-mm-dd hh:mm:ss"),
        ];
        let total = plain.clone().map(|f| f.set_bold().set_border_top(FormatBorder::Thin));
        Self {
            head: Format::new()
                .set_bold()
                .set_align(FormatAlign::Center)
                .set_background_color(0x00E7_EDF5)
                .set_border_bottom(FormatBorder::Thin),
            note: Format::new().set_bold(),
            kinds: [plain, total],
        }
    }

    fn of(&self, kind: Kind, total: bool) -> &Format {
        &self.kinds[usize::from(total)][kind as usize]
    }
}

/// The sheet being written.
struct Open {
    name: String,
    columns: Vec<Column>,
    notes: Vec<String>,
    totals: Totals,
    widths: Vec<usize>,
    /// Sheets that the table takes so far.
    part: u32,
    /// Row of the headings.
    head: u32,
    /// The next row.
    next: u32,
}

/// Writes a workbook: [`XlsxWriter::sheet`], its rows, the next sheet, and so on.
///
/// Money is a number with two decimals, dates are dates, text is text whatever it begins with. Headings stay in view and
/// carry a filter; a column is as wide as what is in it. A table of more rows than a sheet holds goes on in a further
/// sheet; after its last row stands a row of totals where a column is added up.
pub struct XlsxWriter {
    book: Workbook,
    formats: Formats,
    open: Option<Open>,
    sheet_rows: u32,
}

fn failed(error: XlsxError) -> ReportError {
    match error {
        XlsxError::IoError(source) => ReportError::Write(source),
        other => ReportError::Xlsx(other.to_string()),
    }
}

impl XlsxWriter {
    /// An empty workbook. `made_at` is the creation time it shows; rows wait in a file in `temp`, or in the system's
    /// folder for temporary files.
    pub fn new(title: &str, made_at: DateTime, temp: Option<&Path>) -> Result<Self, ReportError> {
        let mut book = Workbook::new();
        if let Some(dir) = temp {
            book.set_tempdir(dir).map_err(failed)?;
        }
        let properties = DocProperties::new().set_title(title).set_company("通卡 Tongka");
        book.set_properties(&match excel_time(made_at) {
            Some(at) => properties.set_creation_datetime(&at),
            None => properties,
        });
        Ok(Self { book, formats: Formats::new(), open: None, sheet_rows: SHEET_ROWS })
    }

    /// Ends the table before and starts one in a sheet of its own. `notes` stand above the headings, one a line.
    pub fn sheet(&mut self, name: &str, columns: Vec<Column>, notes: &[String]) -> Result<(), ReportError> {
        self.end_table()?;
        let totals = Totals::new(&columns);
        let widths = columns.iter().map(|c| width(&c.title) + 2).collect();
        let notes = notes.to_vec();
        self.open = Some(Open { name: sheet_name(name), columns, notes, totals, widths, part: 0, head: 0, next: 0 });
        self.next_part()
    }

    /// Writes a row.
    ///
    /// # Panics
    /// When no sheet was started.
    pub fn row(&mut self, cells: &[Cell]) -> Result<(), ReportError> {
        let open = self.open.as_mut().expect("a sheet was started");
        check_width(cells.len(), open.columns.len())?;
        open.totals.add(cells);
        // The last row is kept for the totals.
        if open.next + 1 >= self.sheet_rows {
            self.end_part()?;
            self.next_part()?;
        }
        self.write(cells, false)
    }

    /// Writes the file.
    pub fn finish<W: Write + std::io::Seek + Send>(mut self, out: W) -> Result<(), ReportError> {
        self.end_table()?;
        self.book.save_to_writer(out).map_err(failed)
    }

    fn current(&mut self) -> &mut Worksheet {
        self.book.worksheets_mut().last_mut().expect("a table has a sheet")
    }

    fn next_part(&mut self) -> Result<(), ReportError> {
        let open = self.open.as_mut().expect("called with a table");
        open.part += 1;
        let name = match open.part {
            1 => open.name.clone(),
            part => {
                let end = format!(" ({part})");
                open.name.chars().take(NAME_CHARS - end.len()).collect::<String>() + &end
            }
        };
        let sheet = self.book.add_worksheet_with_constant_memory().map_err(failed)?;
        sheet.set_name(&name).map_err(failed)?;
        let mut row = 0;
        for note in &open.notes {
            sheet.write_string_with_format(row, 0, clean(note), &self.formats.note).map_err(failed)?;
            row += 1;
        }
        for (at, column) in open.columns.iter().enumerate() {
            sheet.write_string_with_format(row, at as u16, clean(&column.title), &self.formats.head).map_err(failed)?;
        }
        sheet.set_freeze_panes(row + 1, 0).map_err(failed)?;
        sheet.set_paper_size(9).set_landscape().set_print_fit_to_pages(1, 0);
        sheet.set_repeat_rows(row, row).map_err(failed)?;
        sheet.set_footer("&L&F&R第 &P 页 / 共 &N 页");
        (open.head, open.next) = (row, row + 1);
        Ok(())
    }

    fn end_part(&mut self) -> Result<(), ReportError> {
        let open = self.open.as_ref().expect("called with a table");
        let (head, last) = (open.head, open.next - 1);
        let widths = open.widths.clone();
        let sheet = self.current();
        if last > head && !widths.is_empty() {
            sheet.autofilter(head, 0, last, widths.len() as u16 - 1).map_err(failed)?;
        }
        for (at, width) in widths.into_iter().enumerate() {
            sheet.set_column_width(at as u16, width.clamp(WIDTHS.0, WIDTHS.1) as u32).map_err(failed)?;
        }
        Ok(())
    }

    fn end_table(&mut self) -> Result<(), ReportError> {
        let Some(open) = &self.open else { return Ok(()) };
        let totals = open.totals.any().then(|| open.totals.row("合计 Total"));
        self.end_part()?;
        if let Some(totals) = totals {
            self.write(&totals, true)?;
        }
        self.open = None;
        Ok(())
    }

    fn write(&mut self, cells: &[Cell], total: bool) -> Result<(), ReportError> {
        let open = self.open.as_mut().expect("called with a table");
        let row = open.next;
        open.next += 1;
        let sheet = self.book.worksheets_mut().last_mut().expect("a table has a sheet");
        for (at, (cell, column)) in cells.iter().zip(&open.columns).enumerate() {
            open.widths[at] = open.widths[at].max(width(&cell.shown()) + 1);
            let kind = cell.kind().unwrap_or(column.kind);
            write_cell(sheet, (row, at as u16), cell, self.formats.of(kind, total)).map_err(failed)?;
        }
        Ok(())
    }
}

fn write_cell(sheet: &mut Worksheet, at: (u32, u16), cell: &Cell, format: &Format) -> Result<(), XlsxError> {
    let (row, column) = at;
    let written = match cell {
        Cell::Empty => sheet.write_blank(row, column, format),
        Cell::Int(n) if n.unsigned_abs() < EXACT_FEN => {
            sheet.write_number_with_format(row, column, number(*n, 1), format)
        }
        Cell::Money(Fen(fen)) if fen.unsigned_abs() < EXACT_FEN => {
            sheet.write_number_with_format(row, column, number(*fen, 100), format)
        }
        Cell::Rate(ppm) if ppm.unsigned_abs() < EXACT_FEN => {
            sheet.write_number_with_format(row, column, number(*ppm, 1_000_000), format)
        }
        Cell::Date(date) => match excel_date(*date) {
            Some(day) => sheet.write_datetime_with_format(row, column, &day, format),
            None => sheet.write_string_with_format(row, column, cell.shown(), format),
        },
        Cell::DateTime(time) => match excel_time(*time) {
            Some(time) => sheet.write_datetime_with_format(row, column, &time, format),
            None => sheet.write_string_with_format(row, column, cell.shown(), format),
        },
        other => sheet.write_string_with_format(row, column, clean(&other.shown()), format),
    };
    written.map(drop)
}

/// The file format has numbers with a binary point only. Below 10¹⁵ the nearest one is shown as the decimal it came from.
#[allow(clippy::float_arithmetic)]
fn number(value: i64, parts: u32) -> f64 {
    value as f64 / f64::from(parts)
}

fn excel_date(date: Date) -> Option<ExcelDateTime> {
    ExcelDateTime::from_ymd(u16::try_from(date.year()).ok()?, date.month() as u8, date.day() as u8).ok()
}

fn excel_time(at: DateTime) -> Option<ExcelDateTime> {
    excel_date(at.date())?.and_hms(at.hour() as u16, at.minute() as u8, at.second() as u8).ok()
}

/// A name that a sheet may have.
fn sheet_name(name: &str) -> String {
    let allowed = |c: &char| !matches!(c, '[' | ']' | ':' | '*' | '?' | '/' | '\\' | '\'') && !c.is_control();
    let name: String = name.chars().filter(allowed).take(NAME_CHARS).collect();
    if name.is_empty() { "Sheet".to_owned() } else { name }
}

/// Text as the format can hold it: what XML forbids becomes U+FFFD, what is too long ends in `…`.
fn clean(text: &str) -> String {
    let bad = |c: char| (c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}');
    let text = text.replace(bad, "\u{fffd}");
    // The limit counts UTF-16 units.
    if text.encode_utf16().count() <= CELL_CHARS {
        return text;
    }
    let mut units = 1;
    let fits = |c: &char| {
        units += c.len_utf16();
        units <= CELL_CHARS
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

/// Width of the longest line, in characters of the usual font; a Chinese one is two wide.
fn width(text: &str) -> usize {
    let line = |line: &str| line.chars().map(|c| if c < '\u{2e80}' { 1 } else { 2 }).sum();
    text.lines().map(line).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use calamine::{Data, DataType, Reader, Xlsx};
    use std::io::Cursor;
    use tongka_base::date::{parse_date, parse_time};

    fn made_at() -> DateTime {
        parse_date(b"20260901").unwrap().and_time(parse_time(b"201530").unwrap())
    }

    fn columns() -> Vec<Column> {
        vec![
            Column::new("名称", Kind::Text),
            Column::summed("笔数", Kind::Int),
            Column::summed("金额（元）", Kind::Money),
            Column::new("费率", Kind::Rate),
            Column::new("清算日", Kind::Date),
            Column::new("时间", Kind::DateTime),
        ]
    }

    fn row(name: &str, n: i64, fen: i64) -> [Cell; 6] {
        let date = made_at().date();
        [name.into(), Cell::Int(n), Fen(fen).into(), Cell::Rate(2000), date.into(), Cell::DateTime(made_at())]
    }

    fn read(bytes: Vec<u8>) -> Xlsx<Cursor<Vec<u8>>> {
        calamine::open_workbook_from_rs(Cursor::new(bytes)).unwrap()
    }

    fn finish(writer: XlsxWriter) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        writer.finish(&mut out).unwrap();
        out.into_inner()
    }

    #[test]
    fn cells_keep_their_types_and_text_is_never_a_formula() {
        let make = || {
            let dir = tempfile::tempdir().unwrap();
            let mut writer = XlsxWriter::new("对账单", made_at(), Some(dir.path())).unwrap();
            writer.sheet("汇总/Summary", columns(), &["清算日 2026-09-01".to_owned()]).unwrap();
            writer.row(&row("=HYPERLINK(\"x\")", 3, -123_456)).unwrap();
            writer.row(&row("上海\u{1}", 4, 99_999_999_999_999)).unwrap();
            writer.row(&row(&"长".repeat(40_000), 0, i64::MAX)).unwrap();
            writer.sheet("空 Empty", vec![Column::new("无", Kind::Text)], &[]).unwrap();
            assert!(matches!(writer.row(&[]), Err(ReportError::Columns { .. })));
            finish(writer)
        };
        let bytes = make();
        assert!(bytes == make(), "the same rows and time make the same bytes");
        let mut book = read(bytes);
        assert_eq!(book.sheet_names(), ["汇总Summary", "空 Empty"]);
        let sheet = book.worksheet_range("汇总Summary").unwrap();
        let cell = |row, column| sheet.get_value((row, column)).cloned().unwrap_or(Data::Empty);
        assert_eq!(cell(0, 0), Data::String("清算日 2026-09-01".into()));
        assert_eq!(cell(1, 2), Data::String("金额（元）".into()));
        assert_eq!(cell(2, 0), Data::String("=HYPERLINK(\"x\")".into()));
        assert_eq!((cell(2, 1), cell(2, 2)), (Data::Float(3.0), Data::Float(-1234.56)));
        assert_eq!(cell(2, 3), Data::Float(0.002));
        assert_eq!(cell(2, 4).as_date(), Some(made_at().date()));
        assert_eq!(cell(2, 5).as_datetime(), Some(made_at()));
        assert_eq!(cell(3, 0), Data::String("上海\u{fffd}".into()));
        assert_eq!(cell(3, 2), Data::Float(999_999_999_999.99));
        let long = cell(4, 0).get_string().unwrap().to_owned();
        assert!(long.chars().count() == CELL_CHARS && long.ends_with("长…"));
        assert_eq!(cell(4, 2), Data::String("92,233,720,368,547,758.07".into()), "what has more digits is text");
        assert_eq!((cell(5, 0), cell(5, 1)), (Data::String("合计 Total".into()), Data::Float(7.0)));
        assert_eq!(cell(5, 2), Data::String("92234720368546523.50".into()));
        let formulas = book.worksheet_formula("汇总Summary").unwrap();
        assert!(formulas.used_cells().next().is_none(), "no formula anywhere");
    }

    #[test]
    fn a_long_table_goes_on_in_the_next_sheet_with_its_totals_at_the_end() {
        let mut writer = XlsxWriter::new("x", made_at(), None).unwrap();
        writer.sheet_rows = 10;
        let name = "一张名字长到三十一个字的工作表用来看后续工作表的名字怎么写";
        writer.sheet(name, columns(), &[]).unwrap();
        (0..17).for_each(|n| writer.row(&row("x", 1, n)).unwrap());
        let mut book = read(finish(writer));
        let names = book.sheet_names();
        assert_eq!(names.len(), 3);
        assert!(names[1].ends_with(" (2)") && names[2].ends_with(" (3)"), "{names:?}");
        let sizes: Vec<_> = names.iter().map(|n| book.worksheet_range(n).unwrap().get_size().0).collect();
        assert_eq!(sizes, [9, 9, 3], "headings in each, totals in the last");
        let last = book.worksheet_range(&names[2]).unwrap();
        assert_eq!(last.get_value((2, 1)), Some(&Data::Float(17.0)));
        assert_eq!(last.get_value((2, 2)), Some(&Data::Float(1.36)));
    }
}
