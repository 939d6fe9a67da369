//! Reports (报表): tables as CSV and Excel, row by row in constant memory, and documents as PDF with Chinese text.
//!
//! Whoever has rows describes them once as [`Column`]s and hands [`Cell`]s over; how a cell looks in a file is said here
//! alone. Invariants: money is integer fen up to the place where a file demands another form; what is text stays text
//! in a spreadsheet program, also when it begins like a formula; nothing is cut without showing it; the same rows and
//! the same time make the same bytes.

mod cell;
mod csv;
mod font;
pub mod pdf;
mod xlsx;

pub use cell::{Cell, Column, Kind, Totals};
pub use csv::CsvWriter;
pub use font::{FONT_PLACES, FontFile};
pub use xlsx::{SHEET_ROWS, XlsxWriter};

use std::path::PathBuf;

/// Why a report could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// No font with Chinese glyphs was found.
    #[error(
        "R01 未找到中文字体，请安装软件包 fonts-wqy-microhei 或 fonts-noto-cjk no font with Chinese glyphs, install the \
         package fonts-wqy-microhei or fonts-noto-cjk; looked for {0}"
    )]
    NoFont(String),
    /// A font file cannot be used.
    #[error("R02 字体文件无法使用 the font file cannot be used: {}: {what}", path.display())]
    BadFont {
        /// File.
        path: PathBuf,
        /// What does not fit.
        what: String,
    },
    /// The report could not be written to where it was to go.
    #[error("R03 报表写入失败 the report cannot be written: {0}")]
    Write(#[from] std::io::Error),
    /// A row does not have one cell for each column.
    #[error("R04 行与列数不符 a row has {cells} cells for {columns} columns")]
    Columns {
        /// Cells of the row.
        cells: usize,
        /// Columns of the table.
        columns: usize,
    },
    /// The Excel file could not be made.
    #[error("R05 Excel 文件生成失败 the Excel file cannot be made: {0}")]
    Xlsx(String),
    /// The PDF file could not be made.
    #[error("R06 PDF 文件生成失败 the PDF file cannot be made: {0}")]
    Pdf(String),
}

fn check_width(cells: usize, columns: usize) -> Result<(), ReportError> {
    if cells == columns { Ok(()) } else { Err(ReportError::Columns { cells, columns }) }
}
