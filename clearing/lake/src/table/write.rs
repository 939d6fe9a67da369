//! Writing a table.

use super::{COLUMNS, Column, Delta, Dictionary, MEMBERS, failed};
use crate::LakeError;
use crate::durable::DurableFile;
use parquet::basic::{Compression, ConvertedType, Encoding, Repetition, Type as Physical, ZstdLevel};
use parquet::column::writer::ColumnWriter;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnPath, Type, TypePtr};
use std::path::Path;
use std::sync::{Arc, LazyLock};
use tongka_base::MemberCode;
use tongka_txn::Columns;

/// Rows of a row group: what a scan holds of one column at a time.
const GROUP_ROWS: usize = 131_072;
/// Rows of a page: what reading one row decodes of each column.
const PAGE_ROWS: usize = 8192;

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
        .set_write_batch_size(PAGE_ROWS)
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_data_page_size_limit(1 << 20);
    for (name, _, store) in COLUMNS {
        let path = ColumnPath::from(name);
        builder = builder.set_column_dictionary_enabled(path.clone(), store == Dictionary);
        if store == Delta {
            builder = builder.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
        }
    }
    // By these a card is found without decoding pages that cannot hold it.
    for column in [Column::IssuerId, Column::SerialLow] {
        let path = ColumnPath::from(COLUMNS[column as usize].0);
        builder = builder.set_column_statistics_enabled(path, EnabledStatistics::Page);
    }
    Arc::new(builder.build())
});

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

/// Writes the Parquet file of an upload, durably. `members` are the codes that the indexes of `issuer_member` stand for.
pub fn write(path: &Path, columns: &Columns, members: &[MemberCode]) -> Result<(), LakeError> {
    let order = card_order(columns);
    let file = DurableFile::create(path)?;
    let mut writer = SerializedFileWriter::new(file, SCHEMA.clone(), PROPERTIES.clone()).map_err(failed(path))?;
    let codes: Vec<String> = members.iter().map(ToString::to_string).collect();
    writer.append_key_value_metadata(KeyValue::new(MEMBERS.to_owned(), codes.join(",")));
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
