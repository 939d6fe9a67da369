//! Taps before they are written, and how an upload is made of them.

use crate::SimError;
use crate::cities::bcd;
use crate::damage::Damage;
use crate::dice::Dice;
use crate::world::{Card, World};
use tongka_base::date::{days_since_epoch, format_date};
use tongka_base::{Algorithm, Date, Industry, MemberCode, PsamNo, Reason};
use tongka_crypto::{Sm3, TacInput, tac_batch};
use tongka_wire::txu::{LINE_LEN, Txu, amount_or_zero, format_txu};
use tongka_wire::{FileName, HEADER_LEN, Header, Kind};

/// Records whose TACs are computed together.
const CHUNK: usize = 2048;
/// Stands for no draft and no terminal.
pub(crate) const NONE: u32 = u32::MAX;

/// A tap and what it needs to become a record.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) txu: Txu,
    /// Index of the issuer-level key.
    pub(crate) issuer_key: u32,
    /// Terminal within the file's terminals that numbers the transaction; [`NONE`] when the number is already there.
    pub(crate) terminal: u32,
    /// An earlier draft whose PSAM numbers are taken over, or [`NONE`].
    pub(crate) same_psam_as: u32,
    /// What the centre will say.
    pub(crate) expect: Reason,
    /// Whether the TAC is made wrong although another check decides.
    pub(crate) wrong_tac: bool,
    /// What is made wrong in the written line.
    pub(crate) damage: Option<Damage>,
}

/// A terminal of a member.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    pub(crate) psam: PsamNo,
    pub(crate) industry: Industry,
    pub(crate) merchant: u32,
    pub(crate) line: u32,
    pub(crate) device: u32,
    pub(crate) city: u16,
}

impl Draft {
    /// A purchase that the centre accepts; money and counter are the caller's.
    pub(crate) fn tap(world: &World, card: Card, terminal: &Terminal, local: u32, date: Date, time: u32) -> Self {
        let kit = &world.issuers[card.issuer as usize];
        let metro = terminal.industry == Industry::Metro;
        let txu = Txu {
            record_no: 0,
            scheme: kit.scheme,
            issuer_id: kit.issuer_id,
            serial: card.serial,
            card_type: 0,
            tti: if metro { 0x09 } else { 0x06 },
            counter: 0,
            psam: terminal.psam,
            psam_txn: 0,
            balance_before: 0,
            amount: 0,
            list_price: 0,
            date,
            time_seconds: time,
            key_version: 1,
            algorithm: card.algorithm,
            tac: [0; 4],
            industry: terminal.industry,
            merchant: terminal.merchant,
            line: terminal.line,
            device: terminal.device,
            city: terminal.city,
            grey: false,
            test: false,
        };
        Self {
            txu,
            issuer_key: card.issuer,
            terminal: local,
            same_psam_as: NONE,
            expect: Reason::Ok,
            wrong_tac: false,
            damage: None,
        }
    }
}

/// First counter of a card on a day: sixteen a day, so that no day within eleven years uses another's.
pub(crate) fn counter_base(date: Date) -> u16 {
    (days_since_epoch(date).rem_euclid(4096) * 16) as u16
}

/// First PSAM transaction number of a terminal on a day.
pub(crate) fn txn_base(date: Date) -> u32 {
    (days_since_epoch(date).rem_euclid(1 << 14) as u32) << 18
}

/// A written upload.
pub(crate) struct Upload {
    pub(crate) name: FileName,
    /// Header line and body.
    pub(crate) bytes: Vec<u8>,
    /// Record numbers that are not accepted, with the reason.
    pub(crate) exceptions: Vec<(u32, Reason)>,
    /// Sum of the amounts.
    pub(crate) total: u64,
    /// Sum of the amounts of accepted records.
    pub(crate) accepted_total: u64,
    /// Number of records.
    pub(crate) count: u32,
}

/// Issuer-level TAC keys by algorithm.
#[derive(Clone, Copy)]
pub(crate) struct TacKeys<'a> {
    pub(crate) tdes: &'a [[u8; 16]],
    pub(crate) sm4: &'a [[u8; 16]],
}

/// Puts the taps into order of time, numbers them (PSAM numbers from `first_txn` for each of `terminals`), computes
/// TACs and writes the upload into `bytes`, whose memory is used again.
pub(crate) fn write_upload(
    name: FileName,
    drafts: &mut [Draft],
    terminals: usize,
    first_txn: u32,
    keys: TacKeys<'_>,
    mut bytes: Vec<u8>,
) -> Result<Upload, SimError> {
    let order = order_of(drafts);
    let mut next = vec![first_txn; terminals];
    for (place, index) in order.iter().enumerate() {
        let draft = &drafts[*index as usize];
        let numbers = match (draft.same_psam_as, draft.terminal) {
            (NONE, NONE) => (draft.txu.psam, draft.txu.psam_txn),
            (NONE, terminal) => {
                next[terminal as usize] += 1;
                (draft.txu.psam, next[terminal as usize] - 1)
            }
            (other, _) => (drafts[other as usize].txu.psam, drafts[other as usize].txu.psam_txn),
        };
        let txu = &mut drafts[*index as usize].txu;
        (txu.psam, txu.psam_txn) = numbers;
        txu.record_no = place as u32 + 1;
    }
    bytes.clear();
    bytes.reserve(HEADER_LEN + drafts.len() * LINE_LEN);
    let mut upload =
        Upload { name, bytes, exceptions: Vec::new(), total: 0, accepted_total: 0, count: drafts.len() as u32 };
    upload.bytes.resize(HEADER_LEN, b' ');
    let mut digest = Sm3::new();
    for chunk in order.chunks(CHUNK) {
        write_tacs(chunk, drafts, keys);
        let start = upload.bytes.len();
        for index in chunk {
            let draft = &drafts[*index as usize];
            let mut line = [0; LINE_LEN];
            format_txu(&draft.txu, &mut line).map_err(|e| SimError::Plan(e.to_string()))?;
            if let Some(damage) = draft.damage {
                damage.apply(&mut line);
            }
            let amount = amount_or_zero(&line);
            upload.total += amount;
            match draft.expect {
                Reason::Ok => upload.accepted_total += amount,
                reason => upload.exceptions.push((draft.txu.record_no, reason)),
            }
            upload.bytes.extend_from_slice(&line);
        }
        digest.update(&upload.bytes[start..]);
    }
    let line = header(name, name.member, upload.count, upload.total, digest.finish())?;
    upload.bytes[..HEADER_LEN].copy_from_slice(&line);
    Ok(upload)
}

/// A header line that agrees with the name but for the sender.
pub(crate) fn header(
    name: FileName,
    sender: MemberCode,
    count: u32,
    total: u64,
    body_digest: [u8; 32],
) -> Result<[u8; HEADER_LEN], SimError> {
    let mut created_at = *b"00000000233000";
    created_at[..8].copy_from_slice(format_date(name.date).as_bytes());
    let header = Header {
        kind: Kind::Txu,
        sender,
        receiver: MemberCode::CENTRE,
        file_date: name.date,
        sequence: name.sequence,
        record_count: count,
        total_amount: i64::try_from(total).map_err(|e| SimError::Plan(e.to_string()))?,
        record_length: LINE_LEN as u16,
        created_at,
        body_digest,
    };
    header.write().map_err(|e| SimError::Plan(e.to_string()))
}

/// The indices of the drafts in order of date and time, else as they came.
fn order_of(drafts: &[Draft]) -> Vec<u32> {
    let earliest = drafts.iter().map(|d| days_since_epoch(d.txu.date)).min().unwrap_or(0);
    let key = |(index, draft): (usize, &Draft)| {
        let seconds = (days_since_epoch(draft.txu.date) - earliest) as u64 * 86_400 + u64::from(draft.txu.time_seconds);
        seconds << 24 | index as u64
    };
    let mut keys: Vec<u64> = drafts.iter().enumerate().map(key).collect();
    keys.sort_unstable();
    keys.into_iter().map(|key| (key & 0xFF_FFFF) as u32).collect()
}

/// The 22 bytes over which a purchase TAC is computed; `date` is the transaction date in BCD.
fn tac_data(txu: &Txu, date: [u8; 4]) -> [u8; 22] {
    let mut data = [0; 22];
    data[..4].copy_from_slice(&txu.amount.to_be_bytes());
    data[4] = txu.tti;
    data[5..11].copy_from_slice(&txu.psam.0);
    data[11..15].copy_from_slice(&txu.psam_txn.to_be_bytes());
    data[15..19].copy_from_slice(&date);
    let t = txu.time_seconds;
    for (byte, value) in data[19..].iter_mut().zip([t / 3600, t / 60 % 60, t % 60]) {
        *byte = (value / 10 * 16 + value % 10) as u8;
    }
    data
}

/// A date in BCD.
fn bcd_date(date: Date) -> [u8; 4] {
    format_date(date).parse().map_or([0; 4], bcd::<4>)
}

fn write_tacs(chunk: &[u32], drafts: &mut [Draft], keys: TacKeys<'_>) {
    for (algorithm, keys) in [(Algorithm::Tdes, keys.tdes), (Algorithm::Sm4, keys.sm4)] {
        let mine: Vec<u32> = chunk.iter().copied().filter(|i| drafts[*i as usize].txu.algorithm == algorithm).collect();
        let mut date = (Date::MIN, [0; 4]);
        let mut input = |index: &u32| {
            let draft = &drafts[*index as usize];
            if date.0 != draft.txu.date {
                date = (draft.txu.date, bcd_date(draft.txu.date));
            }
            TacInput {
                issuer_key: draft.issuer_key,
                card_factor: draft.txu.serial.card_factor(),
                data: tac_data(&draft.txu, date.1),
            }
        };
        let inputs: Vec<TacInput> = mine.iter().map(&mut input).collect();
        let mut tacs = vec![[0; 4]; inputs.len()];
        tac_batch(algorithm, keys, &inputs, &mut tacs);
        for (index, tac) in mine.iter().zip(tacs) {
            let draft = &mut drafts[*index as usize];
            draft.txu.tac =
                if draft.wrong_tac || draft.expect == Reason::TacWrong { tac.map(|b| b ^ 0xA5) } else { tac };
        }
    }
}

/// A time of day in seconds by the rush hours: two peaks on the way to and from work.
pub(crate) fn time_of_day(dice: &mut Dice) -> u32 {
    const HOURS: [u64; 24] = {
        let share = [1, 0, 0, 0, 1, 4, 22, 70, 78, 40, 26, 28, 30, 28, 26, 28, 36, 66, 74, 44, 30, 24, 15, 5];
        let mut sums = [0; 24];
        let mut hour = 0;
        let mut sum = 0;
        while hour < 24 {
            sum += share[hour];
            sums[hour] = sum;
            hour += 1;
        }
        sums
    };
    dice.weighted(&HOURS) as u32 * 3600 + dice.below(3600) as u32
}
