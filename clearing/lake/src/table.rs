//! Records of one upload as a Parquet file, sorted by card (scheme, issuer id, application serial, offline counter).
//!
//! Every record of the upload is there, whatever its verdict; `record_no` leads back to its raw line. Columns are plain
//! 32- and 64-bit integers, so that any Parquet reader can use them.

use crate::LakeError;
use crate::durable::DurableFile;
use parquet::basic::{Compression, ConvertedType, Encoding, Repetition, Type as Physical, ZstdLevel};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::statistics::Statistics;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnPath, Type, TypePtr};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use tongka_txn::Columns;

/// Rows of a row group: what a point look-up decodes at most per column.
const GROUP_ROWS: usize = 131_072;

/// A column of the lake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
#[allow(missing_docs)] // each is the column of `tongka_txn::Columns` of the same name
pub enum Column {
    RecordNo,
    Scheme,
    IssuerId,
    SerialHigh,
    SerialLow,
    CardType,
    Tti,
    Counter,
    Psam,
    PsamTxn,
    BalanceBefore,
    Amount,
    ListPrice,
    Date,
    Time,
    KeyVersion,
    Algorithm,
    Tac,
    Industry,
    Merchant,
    Line,
    Device,
    City,
    Flags,
    IssuerMember,
    Reason,
}

/// How a column is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Store {
    /// Few distinct values: dictionary.
    Dictionary,
    /// Sorted or clustered: differences, bit-packed.
    Delta,
    /// No pattern.
    Plain,
}

use Store::{Delta, Dictionary, Plain};

/// Name, width in bits and storage, in the order of [`Column`].
const COLUMNS: [(&str, u8, Store); 26] = [
    ("record_no", 32, Delta),
    ("scheme", 32, Dictionary),
    ("issuer_id", 64, Delta),
    ("serial_high", 32, Delta),
    ("serial_low", 64, Delta),
    ("card_type", 32, Dictionary),
    ("tti", 32, Dictionary),
    ("counter", 32, Delta),
    ("psam", 64, Delta),
    ("psam_txn", 32, Delta),
    ("balance_before", 32, Delta),
    ("amount", 32, Delta),
    ("list_price", 32, Delta),
    ("date", 32, Dictionary),
    ("time", 32, Delta),
    ("key_version", 32, Dictionary),
    ("algorithm", 32, Dictionary),
    ("tac", 32, Plain),
    ("industry", 32, Dictionary),
    ("merchant", 32, Delta),
    ("line", 32, Delta),
    ("device", 32, Delta),
    ("city", 32, Delta),
    ("flags", 32, Dictionary),
    ("issuer_member", 32, Dictionary),
    ("reason", 32, Dictionary),
];

static SCHEMA: LazyLock<TypePtr> = LazyLock::new(|| {
    let fields = COLUMNS.iter().map(|(name, bits, _)| {
        let (physical, unsigned) = match bits {
            32 => (Physical::INT32, ConvertedType::UINT_32),
            _ => (Physical::INT64, ConvertedType::UINT_64),
        };
        let converted = match *name {
            "date" => ConvertedType::DATE,
            "balance_before" => ConvertedType::INT_32,
            _ => unsigned,
        };
        let builder = Type::primitive_type_builder(name, physical).with_repetition(Repetition::REQUIRED);
        Arc::new(builder.with_converted_type(converted).build().expect("a fixed schema"))
    });
    Arc::new(Type::group_type_builder("record").with_fields(fields.collect()).build().expect("a fixed schema"))
});

static PROPERTIES: LazyLock<Arc<WriterProperties>> = LazyLock::new(|| {
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).expect("level 1 exists")))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_write_batch_size(8192)
        .set_data_page_size_limit(1 << 20);
    for (name, _, store) in COLUMNS {
        let path = ColumnPath::from(name);
        builder = builder.set_column_dictionary_enabled(path.clone(), store == Dictionary);
        if store == Delta {
            builder = builder.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
        }
    }
    Arc::new(builder.build())
});

fn failed(path: &Path) -> impl Fn(ParquetError) -> LakeError + '_ {
    move |error| match error {
        ParquetError::External(source) => match source.downcast::<std::io::Error>() {
            Ok(source) => LakeError::Io { path: path.to_owned(), source: *source },
            Err(other) => LakeError::damaged(path, other),
        },
        other => LakeError::damaged(path, other),
    }
}

/// Rows in card order.
fn card_order(columns: &Columns) -> Vec<u32> {
    // Scheme and issuer become a rank, so that the whole key is one integer.
    let mut issuers: Vec<(u8, u64)> = columns.scheme.iter().copied().zip(columns.issuer_id.iter().copied()).collect();
    issuers.sort_unstable();
    issuers.dedup();
    let mut last = ((0, 0), usize::MAX);
    let mut keys: Vec<(u128, u32)> = (0..columns.len())
        .map(|row| {
            let issuer = (columns.scheme[row], columns.issuer_id[row]);
            if last.1 == usize::MAX || last.0 != issuer {
                last = (issuer, issuers.binary_search(&issuer).expect("collected above"));
            }
            let serial = u128::from(columns.serial_high[row]) << 64 | u128::from(columns.serial_low[row]);
            ((last.1 as u128) << 96 | serial << 16 | u128::from(columns.counter[row]), row as u32)
        })
        .collect();
    keys.sort_unstable();
    keys.into_iter().map(|(_, row)| row).collect()
}

/// Writes the Parquet file of an upload, durably.
pub fn write(path: &Path, columns: &Columns) -> Result<(), LakeError> {
    let order = card_order(columns);
    let file = DurableFile::create(path)?;
    let mut writer = SerializedFileWriter::new(file, SCHEMA.clone(), PROPERTIES.clone()).map_err(failed(path))?;
    let mut narrow: Vec<i32> = Vec::with_capacity(GROUP_ROWS.min(order.len()));
    let mut wide: Vec<i64> = Vec::with_capacity(GROUP_ROWS.min(order.len()));
    for rows in order.chunks(GROUP_ROWS) {
        let mut group = writer.next_row_group().map_err(failed(path))?;
        for column in 0..COLUMNS.len() {
            narrow.clear();
            wide.clear();
            gather(columns, column, rows, &mut narrow, &mut wide);
            let mut chunk = group.next_column().map_err(failed(path))?.expect("as many columns as the schema");
            match chunk.untyped() {
                ColumnWriter::Int32ColumnWriter(typed) => typed.write_batch(&narrow, None, None),
                ColumnWriter::Int64ColumnWriter(typed) => typed.write_batch(&wide, None, None),
                _ => unreachable!("the schema has 32- and 64-bit integers only"),
            }
            .map_err(failed(path))?;
            chunk.close().map_err(failed(path))?;
        }
        group.close().map_err(failed(path))?;
    }
    writer.into_inner().map_err(failed(path))?.finish()
}

fn gather(c: &Columns, column: usize, rows: &[u32], narrow: &mut Vec<i32>, wide: &mut Vec<i64>) {
    macro_rules! narrow {
        ($($at:literal $name:ident),* ; $($wide_at:literal $wide_name:ident),*) => {
            match column {
                0 => narrow.extend(rows.iter().map(|row| (row + 1) as i32)),
                $($at => narrow.extend(rows.iter().map(|row| c.$name[*row as usize] as i32)),)*
                $($wide_at => wide.extend(rows.iter().map(|row| c.$wide_name[*row as usize] as i64)),)*
                _ => unreachable!("26 columns"),
            }
        };
    }
    narrow!(
        1 scheme, 3 serial_high, 5 card_type, 6 tti, 7 counter, 9 psam_txn, 10 balance_before, 11 amount,
        12 list_price, 13 date, 14 time, 15 key_version, 16 algorithm, 17 tac, 18 industry, 19 merchant, 20 line,
        21 device, 22 city, 23 flags, 24 issuer_member, 25 reason;
        2 issuer_id, 4 serial_low, 8 psam
    );
}

/// Reads one Parquet file of the lake.
pub struct Table {
    reader: SerializedFileReader<File>,
    path: PathBuf,
}

impl Table {
    /// Opens a file and checks that it has the columns of the lake.
    pub fn open(path: &Path) -> Result<Self, LakeError> {
        let file = File::open(path).map_err(LakeError::io(path))?;
        let reader = SerializedFileReader::new(file).map_err(failed(path))?;
        let fields = reader.metadata().file_metadata().schema_descr().columns();
        if !fields.iter().map(|f| f.name()).eq(COLUMNS.iter().map(|c| c.0)) {
            return Err(LakeError::damaged(path, "other columns than the lake's"));
        }
        Ok(Self { reader, path: path.to_owned() })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.reader.metadata().file_metadata().num_rows() as usize
    }

    /// Number of row groups.
    pub fn groups(&self) -> usize {
        self.reader.num_row_groups()
    }

    /// Smallest and largest value of a column in a row group, as its signed integer.
    pub fn range(&self, group: usize, column: Column) -> Option<(i64, i64)> {
        match self.reader.metadata().row_group(group).column(column as usize).statistics()? {
            Statistics::Int32(s) => Some((i64::from(*s.min_opt()?), i64::from(*s.max_opt()?))),
            Statistics::Int64(s) => Some((*s.min_opt()?, *s.max_opt()?)),
            _ => None,
        }
    }

    /// A 32-bit column of a row group.
    pub fn narrow(&self, group: usize, column: Column) -> Result<Vec<i32>, LakeError> {
        match self.column(group, column)? {
            ColumnReader::Int32ColumnReader(reader) => self.values(group, reader),
            _ => Err(LakeError::damaged(&self.path, "column of another width")),
        }
    }

    /// A 64-bit column of a row group.
    pub fn wide(&self, group: usize, column: Column) -> Result<Vec<i64>, LakeError> {
        match self.column(group, column)? {
            ColumnReader::Int64ColumnReader(reader) => self.values(group, reader),
            _ => Err(LakeError::damaged(&self.path, "column of another width")),
        }
    }

    fn values<T: DataType>(&self, group: usize, mut reader: ColumnReaderImpl<T>) -> Result<Vec<T::T>, LakeError> {
        let rows = self.group_rows(group);
        let mut out = Vec::with_capacity(rows);
        while out.len() < rows {
            let (_, read, _) =
                reader.read_records(rows - out.len(), None, None, &mut out).map_err(failed(&self.path))?;
            if read == 0 {
                return Err(LakeError::damaged(&self.path, "column ends too early"));
            }
        }
        Ok(out)
    }

    /// Reason code and issuer's member index of every record, in record order.
    pub fn outcomes(&self) -> Result<(Vec<u8>, Vec<u16>), LakeError> {
        let mut reasons = vec![0; self.rows()];
        let mut members = vec![0; self.rows()];
        for group in 0..self.groups() {
            let numbers = self.narrow(group, Column::RecordNo)?;
            let group_reasons = self.narrow(group, Column::Reason)?;
            let group_members = self.narrow(group, Column::IssuerMember)?;
            for ((number, reason), member) in numbers.into_iter().zip(group_reasons).zip(group_members) {
                let row = usize::try_from(number - 1).ok().filter(|row| *row < reasons.len());
                let row = row.ok_or_else(|| LakeError::damaged(&self.path, "record number out of range"))?;
                reasons[row] = reason as u8;
                members[row] = member as u16;
            }
        }
        Ok((reasons, members))
    }

    /// Record numbers and reasons of the records of a card at a counter; all counters when `counter` is `None`.
    pub fn find_card(
        &self,
        issuer: (u8, u64),
        serial: (u16, u64),
        counter: Option<u16>,
    ) -> Result<Vec<(u32, u8)>, LakeError> {
        let mut found = Vec::new();
        for group in 0..self.groups() {
            let within = |column, value: u64| {
                // Statistics of unsigned columns may compare either way: only a range that does not wrap is trusted.
                self.range(group, column).is_none_or(|(min, max)| {
                    let (min, max) = (min as u64, max as u64);
                    min > max || (min..=max).contains(&value)
                })
            };
            if !within(Column::IssuerId, issuer.1) || !within(Column::SerialLow, serial.1) {
                continue;
            }
            let serials = self.wide(group, Column::SerialLow)?;
            if !serials.contains(&(serial.1 as i64)) {
                continue;
            }
            let highs = self.narrow(group, Column::SerialHigh)?;
            let issuers = self.wide(group, Column::IssuerId)?;
            let schemes = self.narrow(group, Column::Scheme)?;
            let counters = self.narrow(group, Column::Counter)?;
            let numbers = self.narrow(group, Column::RecordNo)?;
            let reasons = self.narrow(group, Column::Reason)?;
            for row in 0..serials.len() {
                let same_card = serials[row] as u64 == serial.1
                    && highs[row] == i32::from(serial.0)
                    && issuers[row] as u64 == issuer.1
                    && schemes[row] == i32::from(issuer.0);
                if same_card && counter.is_none_or(|c| counters[row] == i32::from(c)) {
                    found.push((numbers[row] as u32, reasons[row] as u8));
                }
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Record numbers and reasons of the records of a PSAM transaction.
    pub fn find_psam(&self, psam: u64, psam_txn: u32) -> Result<Vec<(u32, u8)>, LakeError> {
        let mut found = Vec::new();
        for group in 0..self.groups() {
            let psams = self.wide(group, Column::Psam)?;
            if !psams.contains(&(psam as i64)) {
                continue;
            }
            let txns = self.narrow(group, Column::PsamTxn)?;
            let numbers = self.narrow(group, Column::RecordNo)?;
            let reasons = self.narrow(group, Column::Reason)?;
            for row in 0..psams.len() {
                if psams[row] as u64 == psam && txns[row] as u32 == psam_txn {
                    found.push((numbers[row] as u32, reasons[row] as u8));
                }
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    fn group_rows(&self, group: usize) -> usize {
        self.reader.metadata().row_group(group).num_rows() as usize
    }

    fn column(&self, group: usize, column: Column) -> Result<ColumnReader, LakeError> {
        let reader = self.reader.get_row_group(group).map_err(failed(&self.path))?;
        reader.get_column_reader(column as usize).map_err(failed(&self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_column_table_is_in_the_order_of_the_enum() {
        assert_eq!(COLUMNS[Column::Reason as usize].0, "reason");
        assert_eq!(COLUMNS[Column::Psam as usize].0, "psam");
        assert_eq!(COLUMNS[Column::IssuerMember as usize].0, "issuer_member");
        assert_eq!(COLUMNS.len(), Column::Reason as usize + 1);
    }
}
