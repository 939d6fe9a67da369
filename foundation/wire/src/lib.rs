//! Record tables and codecs of the files that member institutions and the clearing centre exchange.
//!
//! One [`RecordTable`] per kind is the single source of field names, types, widths and offsets: the generic parser and
//! writer, the typed ones and the generated pages in `docs/formats` all come from it. Source: exchange interface v1.
//!
//! Invariants: parsing never panics, whatever the bytes; writing never truncates; what is written reads back equal.

mod docs;
mod header;
mod name;
mod results;
mod table;
pub mod txu;

pub use docs::render_docs;
pub use header::{HEADER_LEN, Header, HeaderError};
pub use name::FileName;
pub use results::{
    DetailRow, ErrorRow, ReceiptRow, StaRow, StlRow, parse_sta, parse_stl, parse_txr, write_sta, write_stl, write_txd,
    write_txe, write_txr,
};
pub use table::{Field, FieldType, Kind, RecordTable, Value, WireError, parse_record, write_record};
