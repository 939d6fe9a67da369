//! Reading a table: whole columns, or only the pages that hold some rows.

use super::source::Source;
use super::{COLUMNS, Column, MEMBERS, failed};
use crate::LakeError;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::DataType;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::reader::SerializedPageReader;
use parquet::file::statistics::Statistics;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tongka_base::MemberCode;

/// Of a row group with more than one in so many rows wanted, the column is decoded whole.
const SPARSE: usize = 16;

/// Reads one Parquet file of the lake. A row is its place in the file, from 0.
pub struct Table {
    source: Arc<Source>,
    metadata: ParquetMetaData,
    members: Vec<MemberCode>,
    path: PathBuf,
}

impl Table {
    /// Opens a file and checks that it has the columns of the lake.
    pub fn open(path: &Path) -> Result<Self, LakeError> {
        let source = Source::open(path).map_err(LakeError::io(path))?;
        let reader = ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Optional);
        let metadata = reader.parse_and_finish(&source).map_err(failed(path))?;
        let fields = metadata.file_metadata().schema_descr().columns();
        if !fields.iter().map(|f| f.name()).eq(COLUMNS.iter().map(|c| c.0)) {
            return Err(LakeError::damaged(path, "other columns than the lake's"));
        }
        let members = metadata.file_metadata().key_value_metadata().and_then(|pairs| {
            let text = pairs.iter().find(|pair| pair.key == MEMBERS)?.value.as_deref()?;
            text.split(',').filter(|code| !code.is_empty()).map(|code| MemberCode::parse(code.as_bytes())).collect()
        });
        let members: Option<Vec<MemberCode>> = members;
        let members = members.ok_or_else(|| LakeError::damaged(path, "does not say which members it speaks of"))?;
        Ok(Self { source: Arc::new(source), metadata, members, path: path.to_owned() })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.metadata.file_metadata().num_rows() as usize
    }

    /// Number of row groups.
    pub fn groups(&self) -> usize {
        self.metadata.num_row_groups()
    }

    /// The members that indexes of `issuer_member` stand for.
    pub fn members(&self) -> &[MemberCode] {
        &self.members
    }

    /// The rows of a row group.
    pub fn group_rows(&self, group: usize) -> Range<u32> {
        let rows = |group: usize| self.metadata.row_group(group).num_rows() as u32;
        let first = (0..group).map(rows).sum();
        first..first + rows(group)
    }

    /// Smallest and largest value of a column in a row group, as its signed integer.
    pub fn range(&self, group: usize, column: Column) -> Option<(i64, i64)> {
        match self.metadata.row_group(group).column(column as usize).statistics()? {
            Statistics::Int32(s) => Some((i64::from(*s.min_opt()?), i64::from(*s.max_opt()?))),
            Statistics::Int64(s) => Some((*s.min_opt()?, *s.max_opt()?)),
            _ => None,
        }
    }

    /// A 32-bit column of a row group.
    pub fn narrow(&self, group: usize, column: Column) -> Result<Vec<i32>, LakeError> {
        match self.column(group, column)? {
            ColumnReader::Int32ColumnReader(reader) => self.all(group, reader),
            _ => Err(self.damaged("column of another width")),
        }
    }

    /// A 64-bit column of a row group.
    pub fn wide(&self, group: usize, column: Column) -> Result<Vec<i64>, LakeError> {
        match self.column(group, column)? {
            ColumnReader::Int64ColumnReader(reader) => self.all(group, reader),
            _ => Err(self.damaged("column of another width")),
        }
    }

    /// The values of a column in some rows of a row group, which are given ascending and counted from its first one.
    /// Values of 32-bit columns keep their sign bit: take them back with `as u32` where they have none.
    pub fn take(&self, group: usize, column: Column, rows: &[u32]) -> Result<Vec<i64>, LakeError> {
        match self.column(group, column)? {
            ColumnReader::Int32ColumnReader(reader) => {
                Ok(self.some(group, reader, rows)?.into_iter().map(i64::from).collect())
            }
            ColumnReader::Int64ColumnReader(reader) => self.some(group, reader, rows),
            _ => Err(self.damaged("column of another width")),
        }
    }

    fn all<T: DataType>(&self, group: usize, mut reader: ColumnReaderImpl<T>) -> Result<Vec<T::T>, LakeError> {
        let rows = self.group_rows(group).len();
        let mut out = Vec::with_capacity(rows);
        self.read(&mut reader, rows, &mut out)?;
        Ok(out)
    }

    fn some<T: DataType>(
        &self,
        group: usize,
        mut reader: ColumnReaderImpl<T>,
        rows: &[u32],
    ) -> Result<Vec<T::T>, LakeError> {
        let all = self.group_rows(group).len();
        if rows.len() * SPARSE > all {
            let values = self.all(group, reader)?;
            return rows
                .iter()
                .map(|row| values.get(*row as usize).cloned().ok_or_else(|| self.damaged("fewer rows than expected")))
                .collect();
        }
        let mut out = Vec::with_capacity(rows.len());
        let (mut at, mut next) = (0, 0);
        while next < rows.len() {
            let first = rows[next] as usize;
            let run = rows[next..].iter().zip(first..).take_while(|(row, wanted)| **row as usize == *wanted).count();
            if reader.skip_records(first - at).map_err(failed(&self.path))? != first - at {
                return Err(self.damaged("column ends too early"));
            }
            self.read(&mut reader, run, &mut out)?;
            at = first + run;
            next += run;
        }
        Ok(out)
    }

    fn read<T: DataType>(
        &self,
        reader: &mut ColumnReaderImpl<T>,
        rows: usize,
        out: &mut Vec<T::T>,
    ) -> Result<(), LakeError> {
        let end = out.len() + rows;
        while out.len() < end {
            let (_, read, _) = reader.read_records(end - out.len(), None, None, out).map_err(failed(&self.path))?;
            if read == 0 {
                return Err(self.damaged("column ends too early"));
            }
        }
        Ok(())
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
                let row = row.ok_or_else(|| self.damaged("record number out of range"))?;
                reasons[row] = reason as u8;
                members[row] = member as u16;
            }
        }
        Ok((reasons, members))
    }

    /// Rows of a row group, counted from its first one, whose pages of a column may hold a value: all of them where the
    /// file does not say. Neighbouring pages are one range.
    pub(super) fn pages_with(&self, group: usize, column: Column, value: u64) -> Vec<Range<u32>> {
        let all = 0..self.group_rows(group).len() as u32;
        let known = || {
            let bounds = self.metadata.column_index()?.get(group)?.get(column as usize)?;
            let places = self.metadata.offset_index()?.get(group)?.get(column as usize)?.page_locations();
            let ColumnIndexMetaData::INT64(bounds) = bounds else { return None };
            let mut ranges: Vec<Range<u32>> = Vec::new();
            for (page, place) in places.iter().enumerate() {
                let first = place.first_row_index as u32;
                let end = places.get(page + 1).map_or(all.end, |next| next.first_row_index as u32);
                let (min, max) = (*bounds.min_value(page)?, *bounds.max_value(page)?);
                if !may_hold((min, max), value as i64) {
                    continue;
                }
                match ranges.last_mut() {
                    Some(last) if last.end == first => last.end = end,
                    _ => ranges.push(first..end),
                }
            }
            Some(ranges)
        };
        known().unwrap_or_else(|| vec![all])
    }

    fn column(&self, group: usize, column: Column) -> Result<ColumnReader, LakeError> {
        let at = column as usize;
        let chunk = self.metadata.row_group(group).column(at);
        let places = self.metadata.offset_index().and_then(|index| index.get(group)?.get(at));
        let places = places.map(|place| place.page_locations().clone());
        let pages = SerializedPageReader::new(self.source.clone(), chunk, self.group_rows(group).len(), places);
        Ok(get_column_reader(chunk.column_descr_ptr(), Box::new(pages.map_err(failed(&self.path))?)))
    }

    pub(super) fn damaged(&self, what: &str) -> LakeError {
        LakeError::damaged(&self.path, what)
    }
}

/// Whether a value can lie between the bounds of a page or a row group. Bounds of unsigned columns may have been
/// compared either way: only such as do not wrap are trusted.
pub(super) fn may_hold((min, max): (i64, i64), value: i64) -> bool {
    let (min, max) = (min as u64, max as u64);
    min > max || (min..=max).contains(&(value as u64))
}
