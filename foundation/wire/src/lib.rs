//! Record tables and codecs of the files that member institutions and the clearing centre exchange.
//!
//! One [`RecordTable`] per kind is the single source of field names, types, widths and offsets: the generic parser and
//! writer, the typed ones, the fast [`txu`] codec and the generated pages in `docs/formats` all come from it. Source:
//! exchange interface v1.
//!
//! Invariants: parsing never panics, whatever the bytes; writing never truncates a number; what is written reads back
//! equal.

mod check;
mod codec;
mod details;
mod dispute_tables;
mod docs;
mod header;
pub mod iso20022;
mod list_tables;
mod name;
mod results;
mod table;
mod tables;
pub mod txu;

pub use check::{BodyCheck, Refusal, check_body, check_upload};
pub use codec::{Value, WireError, parse_record, write_record};
pub use details::{DetailRow, ErrorRow, parse_txd, parse_txe, write_txd, write_txe};
pub use docs::render_docs;
pub use header::{HEADER_LEN, Header, HeaderError, MAX_RECORDS};
pub use list_tables::LIST_VERSION;
pub use name::FileName;
pub use results::{ReceiptRow, StaRow, StlRow, parse_sta, parse_stl, parse_txr, write_sta, write_stl, write_txr};
pub use table::{Field, FieldType, Kind, RecordTable};
pub use tables::HEADER;
