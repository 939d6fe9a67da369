//! Reports (报表): Excel, CSV and PDF with Chinese text.
