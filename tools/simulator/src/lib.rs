//! Seeded simulator of clearing days and importer of real taps
