//! Publishing (发布): the result files of a proven and posted date, one of each kind per member, also when empty.

use crate::ExchangeError;
use crate::intake::{Folders, result_header};
use crate::stage::{PartSum, Stage, StagedUpload};
use crate::store::{self, ResultFile};
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use tongka_base::{Clock, Date, Fen, MemberCode};
use tongka_crypto::sm3;
use tongka_engine::Step;
use tongka_engine::day::{self, StoredPosition, crash_point, hex, mark_done};
use tongka_engine::pricing::PricedGroup;
use tongka_lake::durable::{sync_dir, write_file};
use tongka_lake::table::Table;
use tongka_lake::{Lake, LakeError};
use tongka_scheme::Scheme;
use tongka_storage::{Db, Scope};
use tongka_wire::{HEADER_LEN, Kind, StaRow, StlRow, write_sta, write_stl};

/// Makes the stage of a date again from what is stored, in the order of the result files.
pub async fn restage(
    db: &Db,
    scheme: &Scheme,
    lake: &Lake,
    folders: &Folders,
    date: Date,
) -> Result<Stage, ExchangeError> {
    let mut stage = Stage::create(&stage_dir(folders), scheme.members.len())?;
    let mut uploads = store::uploads(db, Scope::Platform, date).await?;
    uploads.sort_by_key(|u| (u.name.member, u.name.date, u.name.sequence));
    for upload in uploads {
        let name = upload.name.to_string();
        let (reasons, members) = Table::open(&lake.table_path(date, &name))?.outcomes()?;
        stage.append(&StagedUpload {
            name: upload.name,
            archive: &lake.archive_path(date, &name),
            sender: member_index(scheme, upload.name.member),
            reasons: &reasons,
            members: &members,
        })?;
    }
    Ok(stage)
}

/// The folder of growing result files.
pub fn stage_dir(folders: &Folders) -> std::path::PathBuf {
    folders.data.join("stage")
}

/// Index of a member in the scheme.
pub fn member_index(scheme: &Scheme, member: MemberCode) -> u16 {
    scheme.members.binary_search_by_key(&member, |m| m.code).expect("a member of the scheme") as u16
}

/// Rows of STL for one member: as acquirer, then as issuer, each by counterparty and industry. Own cards are in none.
pub fn stl_rows(member: MemberCode, groups: &[PricedGroup]) -> Result<Vec<StlRow>, ExchangeError> {
    let mut rows = Vec::new();
    for group in groups.iter().filter(|g| !g.is_own_card()) {
        if group.key.acquirer == member {
            rows.push(StlRow {
                as_acquirer: true,
                counterparty: group.key.issuer,
                industry: group.key.industry,
                count: group.sum.count,
                gross: group.sum.gross,
                issuer_fee: group.issuer_fee,
                centre_fee: group.centre_fee,
                net: group.acquirer_receives()?,
            });
        } else if group.key.issuer == member {
            rows.push(StlRow {
                as_acquirer: false,
                counterparty: group.key.acquirer,
                industry: group.key.industry,
                count: group.sum.count,
                gross: group.sum.gross,
                issuer_fee: group.issuer_fee,
                centre_fee: Fen::ZERO,
                net: group.issuer_pays()?.checked_neg()?,
            });
        }
    }
    rows.sort_by_key(|r| (!r.as_acquirer, r.counterparty, r.industry));
    Ok(rows)
}

/// Groups by the members that see them in their STL.
pub fn groups_by_member(groups: &[PricedGroup]) -> HashMap<MemberCode, Vec<PricedGroup>> {
    let mut by_member: HashMap<MemberCode, Vec<PricedGroup>> = HashMap::new();
    for group in groups.iter().filter(|g| !g.is_own_card()) {
        for member in [group.key.acquirer, group.key.issuer] {
            by_member.entry(member).or_default().push(group.clone());
        }
    }
    by_member
}

fn sta_row(position: &StoredPosition) -> Result<StaRow, ExchangeError> {
    let (before, after) = position.reserve.unwrap_or_default();
    Ok(StaRow {
        receivable: position.position.receivable,
        payable: position.position.payable,
        adjustments: position.position.adjustments,
        position: position.position.net()?,
        reserve_before: before,
        reserve_after: after,
    })
}

/// Whether the file that is there already is the one to be published.
fn is_published(target: &Path, header: &[u8], body_len: u64) -> Result<bool, ExchangeError> {
    let Ok(mut file) = File::open(target) else { return Ok(false) };
    let mut head = Vec::new();
    Read::by_ref(&mut file).take(HEADER_LEN as u64).read_to_end(&mut head).map_err(LakeError::io(target))?;
    Ok(head == header && file.metadata().map_err(LakeError::io(target))?.len() == HEADER_LEN as u64 + body_len)
}

/// Threads that publish; they mostly wait for the disk.
const PUBLISHERS: usize = 6;

fn stl_body(member: MemberCode, groups: &[PricedGroup]) -> Result<(Vec<u8>, u64, i64), ExchangeError> {
    let rows = stl_rows(member, groups)?;
    let mut body = Vec::new();
    rows.iter().try_for_each(|row| write_stl(row, &mut body))?;
    Ok((body, rows.len() as u64, Fen::try_sum(rows.iter().map(|r| r.gross))?.0))
}

/// Step publish (发布). Creation time is that of posting, so that a second attempt makes the same bytes.
pub async fn run_publish(
    db: &Db,
    scheme: &Scheme,
    folders: &Folders,
    date: Date,
    mut stage: Stage,
    clock: &dyn Clock,
) -> Result<(), ExchangeError> {
    let created_at = day::steps(db, date).await?.remove(Step::Post.name()).expect("posting comes first").done_at;
    let groups = groups_by_member(&day::priced_groups(db, date).await?);
    let positions = day::positions(db, Scope::Platform, date).await?;
    let parts: HashMap<(u16, Kind), PartSum> =
        stage.sums()?.into_iter().map(|(member, kind, sum)| ((member, kind), sum)).collect();
    let one = |index: usize| -> Result<Vec<ResultFile>, ExchangeError> {
        let member = &scheme.members[index];
        let outbox = folders.member_outbox(member.code);
        fs::create_dir_all(&outbox).map_err(LakeError::io(&outbox))?;
        let mut files = Vec::new();
        for kind in Kind::RESULTS {
            let name = store::result_name(kind, date, member.code, 1).to_string();
            let target = outbox.join(&name);
            let header_of = |records: u64, total: i64, digest| {
                result_header(kind, date, member.code, 1, records, total, digest, &created_at)
            };
            let header = match parts.get(&(index as u16, kind)) {
                Some(sum) => {
                    let total = i64::try_from(sum.total_fen).expect("a day's amounts fit");
                    let header = header_of(sum.records, total, sum.digest);
                    let line = header.write()?;
                    if !is_published(&target, &line, sum.records * kind.table().line_len() as u64)? {
                        stage.publish(index as u16, kind, &line, &target)?;
                    }
                    header
                }
                None => {
                    let (body, records, total) = if kind == Kind::Stl {
                        stl_body(member.code, groups.get(&member.code).map_or(&[][..], |g| g))?
                    } else {
                        let position = positions.iter().find(|p| p.member == member.code);
                        let mut body = Vec::new();
                        write_sta(&sta_row(position.expect("every member has a position"))?, &mut body)?;
                        (body, 1, 0)
                    };
                    let header = header_of(records, total, sm3(&body));
                    let line = header.write()?;
                    if !is_published(&target, &line, body.len() as u64)? {
                        write_file(&target, &[&line[..], &body].concat())?;
                    }
                    header
                }
            };
            files.push(ResultFile {
                member: member.code,
                kind: kind.code().to_owned(),
                name,
                records: u64::from(header.record_count),
                total: Fen(header.total_amount),
                body_digest: hex(&header.body_digest),
                created_at: created_at.clone(),
            });
        }
        sync_dir(&outbox)?;
        crash_point("publish:between-members");
        Ok(files)
    };
    // Members in parallel, because each of their files waits for the disk.
    let next = AtomicUsize::new(0);
    let work = || -> Result<Vec<ResultFile>, ExchangeError> {
        let mut files = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= scheme.members.len() {
                return Ok(files);
            }
            files.extend(one(index)?);
        }
    };
    let done: Vec<Result<Vec<ResultFile>, ExchangeError>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..PUBLISHERS).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|t| t.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    let mut files = Vec::new();
    for part in done {
        files.extend(part?);
    }
    files.sort_by(|a: &ResultFile, b| (a.member, &a.kind).cmp(&(b.member, &b.kind)));
    sync_dir(&folders.outbox)?;
    crash_point("publish:before-commit");
    let mut tx = db.begin_write(Scope::Platform).await?;
    store::insert_result_files(&mut tx, date, &files).await?;
    let digests: Vec<&str> = files.iter().map(|f| f.body_digest.as_str()).collect();
    let detail = format!("{} files", files.len());
    mark_done(&mut tx, date, Step::Publish, clock, &created_at, &digests.join("\n"), &detail).await?;
    tx.commit().await?;
    Ok(())
}
