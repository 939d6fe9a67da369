//! CSV as spreadsheet programs open it: UTF-8 with a byte order mark, RFC 4180.

use crate::{Cell, Column, ReportError, check_width};
use std::io::Write;

/// Writes a table as CSV, row by row.
///
/// A text that a spreadsheet program would take for a formula (it begins with `=`, `+`, `-`, `@`, a tab or a line break)
/// gets a `'` before it. Numbers, dates and money are left alone: they are typed here and cannot be a formula.
pub struct CsvWriter<W: Write> {
    out: csv::Writer<W>,
    columns: usize,
}

impl<W: Write> CsvWriter<W> {
    /// Starts with the byte order mark and the headings.
    pub fn new(mut out: W, columns: &[Column]) -> Result<Self, ReportError> {
        out.write_all("\u{feff}".as_bytes())?;
        let mut out = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
        out.write_record(columns.iter().map(|c| harmless(c.title.clone()))).map_err(failed)?;
        Ok(Self { out, columns: columns.len() })
    }

    /// Writes a row.
    pub fn row(&mut self, cells: &[Cell]) -> Result<(), ReportError> {
        check_width(cells.len(), self.columns)?;
        for cell in cells {
            match cell {
                Cell::Text(text) => self.out.write_field(harmless(text.clone())),
                other => self.out.write_field(other.plain()),
            }
            .map_err(failed)?;
        }
        self.out.write_record(None::<&[u8]>).map_err(failed)
    }

    /// Hands back what was written to, flushed.
    pub fn finish(self) -> Result<W, ReportError> {
        self.out.into_inner().map_err(|e| ReportError::Write(e.into_error()))
    }
}

fn failed(error: csv::Error) -> ReportError {
    ReportError::Write(error.into())
}

fn harmless(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;
    use tongka_base::Fen;

    #[test]
    fn text_is_quoted_and_never_a_formula() {
        let columns =
            [Column::new("名称", Kind::Text), Column::new("金额", Kind::Money), Column::new("笔数", Kind::Int)];
        let mut csv = CsvWriter::new(Vec::new(), &columns).unwrap();
        for text in ["上海, \"一卡通\"", "=1+1", "+86", "-5", "@sum", "\tx", "两\r\n行", "O'Neil", "=\u{feff}"] {
            csv.row(&[text.into(), Fen(-5).into(), Cell::Int(-1)]).unwrap();
        }
        csv.row(&[Cell::Empty, Cell::Empty, Cell::Empty]).unwrap();
        assert!(matches!(csv.row(&[Cell::Empty]), Err(ReportError::Columns { cells: 1, columns: 3 })));
        let text = String::from_utf8(csv.finish().unwrap()).unwrap();
        let expected = "\u{feff}名称,金额,笔数\r\n\"上海, \"\"一卡通\"\"\",-0.05,-1\r\n'=1+1,-0.05,-1\r\n'+86,-0.05,-1\r\n\
                        '-5,-0.05,-1\r\n'@sum,-0.05,-1\r\n'\tx,-0.05,-1\r\n\"两\r\n行\",-0.05,-1\r\nO'Neil,-0.05,-1\r\n\
                        '=\u{feff},-0.05,-1\r\n,,\r\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_was_written_is_read_back() {
        let columns = [Column::new("a", Kind::Text), Column::new("b", Kind::Text)];
        let rows = [["x,y", "\"q\""], ["", "a\nb"], [" lead", "尾 "]];
        let mut out = CsvWriter::new(Vec::new(), &columns).unwrap();
        for row in rows {
            out.row(&row.map(Cell::from)).unwrap();
        }
        let bytes = out.finish().unwrap();
        let mut reader = csv::Reader::from_reader(&bytes[3..]);
        let read: Vec<Vec<String>> = reader.records().map(|r| r.unwrap().iter().map(str::to_owned).collect()).collect();
        assert_eq!(read, rows);
    }
}
