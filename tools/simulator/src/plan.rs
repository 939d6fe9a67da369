//! How a day's records are shared out among members and files, before any is made.

use crate::bad_files::BadFile;
use crate::fault_kinds::one_round;
use crate::traffic::Site;
use crate::world::{World, shift};
use crate::{DayPlan, SimError};
use tongka_base::{Date, MemberCode};
use tongka_wire::{FileName, Kind};

/// A file with fewer records has no faults.
const BIG: u64 = 64;
/// Records of a file that is refused as a whole.
const BAD_RECORDS: u64 = 12;
/// Sequences kept for files that are refused.
const SPARE: u64 = 24;

/// One file to be made.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) member: u32,
    /// Which of the member's cards and terminals it uses.
    pub(crate) site: u32,
    pub(crate) name: FileName,
    pub(crate) records: u64,
    /// Faults of the day by number.
    pub(crate) faults: std::ops::Range<u64>,
    /// Records of the file before that come once more.
    pub(crate) shared_in: u64,
    /// Records that come once more in the next file.
    pub(crate) shared_out: u64,
    pub(crate) bad: Option<BadFile>,
}

/// Every file of the day: the accepted ones in the order of acceptance, then the refused ones.
pub(crate) fn jobs(plan: &DayPlan, world: &World) -> Result<Vec<Job>, SimError> {
    check(plan)?;
    let active = world.active_members();
    let faulty = plan.faults_ppm > 0;
    let mut members: Vec<u32> = (0..active).collect();
    members.sort_by_key(|m| World::code(*m));
    let total_weight: u64 = (0..active).map(World::weight).sum();
    let share = |m: u32| (u128::from(plan.records) * u128::from(World::weight(m)) / u128::from(total_weight)) as u64;
    let rest = plan.records - (0..active).map(share).sum::<u64>();

    let mut jobs = Vec::new();
    let mut next_sequence = vec![1; world.members as usize];
    for member in members {
        let records = share(member) + if member == 0 { rest } else { 0 };
        let two = faulty && member == 0 && records >= 2 * BIG;
        let files = records.div_ceil(u64::from(plan.max_records_per_file)).max(if two { 2 } else { 1 });
        if !Site::fits(plan.max_records_per_file, files + SPARE) {
            let code = World::code(member);
            return Err(SimError::Plan(format!("{records} records in {files} files are too many for member {code}")));
        }
        for file in 0..files {
            let sequence = file as u32 + 1;
            let size = records / files + u64::from(file < records % files);
            jobs.push(Job {
                member,
                site: sequence,
                name: FileName { kind: Kind::Txu, date: plan.date, member: World::code(member), sequence },
                records: size,
                faults: 0..0,
                shared_in: 0,
                shared_out: 0,
                bad: None,
            });
        }
        next_sequence[member as usize] = files as u32 + 1;
    }
    if faulty {
        share_faults(plan, world, &mut jobs);
        add_bad_files(plan.date, world, next_sequence, &mut jobs);
    }
    Ok(jobs)
}

fn check(plan: &DayPlan) -> Result<(), SimError> {
    let wrong = |what: &str| Err(SimError::Plan(what.to_owned()));
    if !(Date::from_ymd_opt(2021, 1, 1)..Date::from_ymd_opt(2060, 1, 1)).contains(&Some(plan.date)) {
        return wrong("date not in 2021..2060");
    }
    if !(1..=1_000_000).contains(&plan.max_records_per_file) {
        return wrong("max_records_per_file not in 1..=1000000");
    }
    if plan.faults_ppm > 200_000 {
        return wrong("faults_ppm above 200000");
    }
    Ok(())
}

/// Spreads the faults evenly over the records of files that are big enough.
fn share_faults(plan: &DayPlan, world: &World, jobs: &mut [Job]) {
    let big = |job: &Job| if job.records >= BIG { job.records } else { 0 };
    let room: u64 = jobs.iter().map(big).sum();
    if room == 0 {
        return;
    }
    let wanted = plan.records * u64::from(plan.faults_ppm) / 1_000_000;
    let faults = wanted.max(if room >= 350 { one_round(world) } else { 0 });
    let from = |place: u64| (u128::from(place) * u128::from(faults)).div_ceil(u128::from(room)) as u64;
    let mut place = 0;
    for job in jobs.iter_mut() {
        let end = place + big(job);
        job.faults = from(place)..from(end);
        place = end;
    }
    for next in 1..jobs.len() {
        let (before, after) = jobs.split_at_mut(next);
        let (first, second) = (&mut before[next - 1], &mut after[0]);
        if first.member == second.member && first.records.min(second.records) >= BIG {
            let count = 1 + (second.faults.end - second.faults.start) / 40;
            (first.shared_out, second.shared_in) = (count, count);
        }
    }
}

/// One file for each way of being refused, spread over the members.
fn add_bad_files(date: Date, world: &World, mut next_sequence: Vec<u32>, jobs: &mut Vec<Job>) {
    let unsigned: Vec<u32> = (0..world.active_members()).filter(|m| !world.signs(*m)).collect();
    let signed = (0..world.active_members()).find(|m| world.signs(*m));
    for (number, bad) in BadFile::ALL.into_iter().enumerate() {
        let member = match bad {
            BadFile::SuspendedSender => world.suspended(),
            BadFile::Unsigned | BadFile::WrongSignature => signed,
            _ => unsigned.get(number % unsigned.len()).copied(),
        };
        let Some(member) = member else { continue };
        let site = next_sequence[member as usize];
        next_sequence[member as usize] += 1;
        let mut name = FileName { kind: Kind::Txu, date, member: World::code(member), sequence: site };
        match bad {
            BadFile::UnknownSender => (name.member, name.sequence) = (MemberCode(10_009_999), 1),
            BadFile::Gap => name.sequence += 20,
            BadFile::FutureDate => (name.date, name.sequence) = (shift(date, 365), 1),
            _ => {}
        }
        jobs.push(Job {
            member,
            site,
            name,
            records: BAD_RECORDS,
            faults: 0..0,
            shared_in: 0,
            shared_out: 0,
            bad: Some(bad),
        });
    }
}
