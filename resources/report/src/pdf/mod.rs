//! Documents as PDF/A: pages of A4 with a title, pairs, tables, lines to sign on, and page numbers.
//!
//! A document is data ([`Document`]); [`render`] sets it. The font's used glyphs are embedded, so that it is read the
//! same everywhere and for ever; text can be searched and copied. The same document makes the same bytes.

mod draw;
mod layout;

use crate::{Cell, Column, FontFile, ReportError};
use tongka_base::DateTime;

/// How a page lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Orientation {
    /// Upright.
    #[default]
    Portrait,
    /// Lying, for wide tables.
    Landscape,
}

/// A document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// How its pages lie.
    pub orientation: Orientation,
    /// Who issues it: stands above the title.
    pub issuer: String,
    /// Title.
    pub title: String,
    /// Title in English, smaller; may be empty.
    pub subtitle: String,
    /// What it is about, below the title: the period, the member.
    pub period: String,
    /// Its number, on every page; may be empty.
    pub number: String,
    /// SM3 of the data it shows, hex; may be empty.
    pub digest: String,
    /// When it was made.
    pub made_at: DateTime,
    /// What it holds, from top to bottom.
    pub blocks: Vec<Block>,
    /// Who signs at its end: the role, and the name where it is known. Empty: nobody.
    pub signatures: Vec<(String, String)>,
    /// Whether there is a place for a stamp beside the signatures.
    pub stamp: bool,
}

/// A part of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A heading over what follows; it stays on one page with it.
    Heading(String),
    /// Names with their values, in two columns.
    Pairs(Vec<(String, Cell)>),
    /// A table.
    Table(Table),
    /// Small text.
    Note(String),
}

/// A table. Its headings are repeated on every page; where it goes over several pages and a column is added up, each
/// page ends in its subtotal. After the last row stand the totals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Columns.
    pub columns: Vec<Column>,
    /// Rows, each with one cell a column.
    pub rows: Vec<Vec<Cell>>,
    /// What stands in place of rows when there are none.
    pub empty: String,
}

impl Table {
    /// A table; without rows it says 无 none.
    pub fn new(columns: Vec<Column>, rows: Vec<Vec<Cell>>) -> Self {
        Self { columns, rows, empty: "（无 None）".to_owned() }
    }
}

/// Sets a document.
pub fn render(document: &Document, font: &FontFile) -> Result<Vec<u8>, ReportError> {
    for block in &document.blocks {
        if let Block::Table(table) = block {
            table.rows.iter().try_for_each(|row| crate::check_width(row.len(), table.columns.len()))?;
        }
    }
    draw::write(document, &layout::pages(document, font), font)
}
