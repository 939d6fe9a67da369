//! The terminal's side of a purchase: card, PSAM, and the record that goes to clearing.

use crate::algorithm_from_byte;
use crate::apdu::build::{self, Purse};
use crate::apdu::{Command, Response, StatusWord};
use crate::card::{Card, MOHURD_AID, TUNION_AID};
use crate::files::{PublicInfo, TransactionLog};
use crate::numbers::FactorTemplate;
use crate::nvm::PowerLost;
use crate::psam::Psam;
use tongka_base::{Algorithm, AppSerial, CardScheme, IssuerId, PsamNo};

/// Records of EF18.
const LOG_RECORDS: u8 = 10;

/// Something that answers APDUs: a card, a PSAM, a reader with one in it.
pub trait Channel {
    /// Sends a command; `Err` when no answer came.
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, PowerLost>;
}

impl Channel for Card {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, PowerLost> {
        Ok(Card::transmit(self, command))
    }
}

impl Channel for Psam {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, PowerLost> {
        Ok(Psam::transmit(self, command))
    }
}

/// One cached write of a compound purchase; the fields are those of [`build::update_capp_cache`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheWrite {
    /// Short file identifier.
    pub sfi: u8,
    /// Record number or id, 00 of a cyclic file.
    pub record: u8,
    /// 0 by id, 3 newest of a cyclic file, 4 by number.
    pub mode: u8,
    /// Bytes from the record's first.
    pub data: Vec<u8>,
}

/// What a terminal wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PurchaseRequest {
    /// Scheme: which application is selected.
    pub scheme: CardScheme,
    /// How the factor of the issuer level is made.
    pub issuer_factor: FactorTemplate,
    /// Index byte of the card's purchase key.
    pub key_index: u8,
    /// Amount.
    pub amount: u32,
    /// Date, BCD.
    pub date: [u8; 4],
    /// Time, BCD.
    pub time: [u8; 3],
    /// Writes of a compound purchase (复合消费); none for a simple one.
    pub cache: Vec<CacheWrite>,
}

/// All a clearing record needs of a purchase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PurchaseRecord {
    /// Scheme.
    pub scheme: CardScheme,
    /// Issuer id.
    pub issuer: IssuerId,
    /// Application serial.
    pub serial: AppSerial,
    /// PSAM terminal number.
    pub psam: PsamNo,
    /// PSAM transaction number.
    pub psam_txn: u32,
    /// Amount.
    pub amount: u32,
    /// Transaction type: 06 or 09.
    pub tti: u8,
    /// Date, BCD.
    pub date: [u8; 4],
    /// Time, BCD.
    pub time: [u8; 3],
    /// Offline counter, as INITIALIZE returned it.
    pub counter: u16,
    /// Balance before, the overdraft not counted; below zero when that is in use.
    pub balance_before: i32,
    /// Overdraft limit.
    pub overdraft: u32,
    /// Key version of the purchase key.
    pub key_version: u8,
    /// Algorithm of the purchase and TAC key.
    pub algorithm: Algorithm,
    /// TAC; zeros while the card's answer is not known.
    pub tac: [u8; 4],
}

/// Why a purchase, or a personalisation, did not come to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlowError {
    /// A command was refused. No money moved.
    #[error("{step} 被拒绝 refused: {status}")]
    Refused {
        /// Which.
        step: &'static str,
        /// How.
        status: StatusWord,
    },
    /// An answer is not what it should be. No money moved.
    #[error("{0} 应答格式错误 malformed answer")]
    Malformed(&'static str),
    /// No answer, before the debit. No money moved.
    #[error("{0} 无应答 no answer")]
    NoAnswer(&'static str),
    /// No answer to the debit: the card may have paid. [`recover`] tells when it is back.
    #[error("消费无应答，结果未知 no answer to the debit, outcome unknown")]
    Unknown(Box<PurchaseRecord>),
    /// The card paid, but the PSAM did not accept its MAC2, or did not answer.
    #[error("MAC2未通过校验 the PSAM did not confirm the card's MAC2")]
    Unconfirmed(Box<PurchaseRecord>),
    /// Later transactions overwrote the proof of the one asked for.
    #[error("交易凭证已被覆盖 the proof was overwritten by later transactions")]
    ProofGone {
        /// The log still shows that the card paid; otherwise it cannot be told.
        paid: bool,
    },
}

/// Sends a command and takes the data of a 9000.
pub(crate) fn ask(channel: &mut dyn Channel, step: &'static str, command: &Command) -> Result<Vec<u8>, FlowError> {
    let answer = channel.transmit(&command.bytes()).map_err(|PowerLost| FlowError::NoAnswer(step))?;
    let response = Response::parse(&answer).ok_or(FlowError::Malformed(step))?;
    if response.status.is_ok() { Ok(response.data) } else { Err(FlowError::Refused { step, status: response.status }) }
}

fn fixed<const N: usize>(step: &'static str, data: Vec<u8>) -> Result<[u8; N], FlowError> {
    data.try_into().map_err(|_| FlowError::Malformed(step))
}

/// A whole purchase of the electronic purse, simple or compound.
pub fn purchase(
    card: &mut dyn Channel,
    psam: &mut dyn Channel,
    request: &PurchaseRequest,
) -> Result<PurchaseRecord, FlowError> {
    let terminal: [u8; 6] = fixed("PSAM EF16", ask(psam, "PSAM EF16", &build::read_binary(0x16, 0, 6))?)?;
    let aid: &[u8] = match request.scheme {
        CardScheme::TUnion => &TUNION_AID,
        CardScheme::Mohurd => &MOHURD_AID,
    };
    ask(card, "SELECT", &build::select_aid(aid))?;
    let info = ask(card, "EF15", &build::read_binary(0x15, 0, PublicInfo::LEN as u16))?;
    let info = PublicInfo::decode(&info).map_err(|_| FlowError::Malformed("EF15"))?;
    let compound = !request.cache.is_empty();
    let (key_index, amount) = (request.key_index, request.amount);
    let begin = if compound {
        build::init_for_capp(key_index, amount, terminal)
    } else {
        build::init_for_purchase(Purse::Ep, key_index, amount, terminal)
    };
    let start: [u8; 15] = fixed("INITIALIZE", ask(card, "INITIALIZE", &begin)?)?;
    let algorithm = algorithm_from_byte(start[10]).ok_or(FlowError::Malformed("INITIALIZE"))?;
    let tti = if compound { 0x09 } else { 0x06 };
    let factors = [info.serial.card_factor(), request.issuer_factor.factor(info.issuer)];
    let random = [start[11], start[12], start[13], start[14]];
    let counter = [start[4], start[5]];
    let (date, time, version) = (request.date, request.time, start[9]);
    let init = build::init_sam_for_purchase(random, counter, amount, tti, date, time, version, start[10], &factors);
    let mac: [u8; 8] = fixed("INIT SAM", ask(psam, "INIT SAM", &init)?)?;
    let (txn, mac1) = ([mac[0], mac[1], mac[2], mac[3]], [mac[4], mac[5], mac[6], mac[7]]);
    for CacheWrite { sfi, record, mode, data } in &request.cache {
        ask(card, "CAPP CACHE", &build::update_capp_cache(*sfi, *record, *mode, data))?;
    }
    let mut record = PurchaseRecord {
        scheme: request.scheme,
        issuer: info.issuer,
        serial: info.serial,
        psam: PsamNo(terminal),
        psam_txn: u32::from_be_bytes(txn),
        amount,
        tti,
        date,
        time,
        counter: u16::from_be_bytes(counter),
        balance_before: i32::from_be_bytes([start[0], start[1], start[2], start[3]]),
        overdraft: u32::from_be_bytes([0, start[6], start[7], start[8]]),
        key_version: version,
        algorithm,
        tac: [0; 4],
    };
    let debit: [u8; 8] = match ask(card, "DEBIT", &build::debit(txn, date, time, mac1)) {
        Ok(data) => data.try_into().map_err(|_| FlowError::Unknown(Box::new(record.clone())))?,
        Err(refused @ FlowError::Refused { .. }) => return Err(refused),
        Err(_) => return Err(FlowError::Unknown(Box::new(record))),
    };
    let [a, b, c, d, mac2 @ ..] = debit;
    record.tac = [a, b, c, d];
    match ask(psam, "CREDIT SAM", &build::credit_sam_for_purchase(mac2)) {
        Ok(_) => Ok(record),
        Err(_) => Err(FlowError::Unconfirmed(Box::new(record))),
    }
}

/// Asks a card that is back whether the debit of an unknown purchase was done: its record with the TAC, or `None` when
/// the card did not pay. The log tells whose the proof is; a terminal that took the same amount from the same card
/// again in the same second must look at the balance too.
pub fn recover(card: &mut dyn Channel, unknown: &PurchaseRecord) -> Result<Option<PurchaseRecord>, FlowError> {
    let aid: &[u8] = match unknown.scheme {
        CardScheme::TUnion => &TUNION_AID,
        CardScheme::Mohurd => &MOHURD_AID,
    };
    ask(card, "SELECT", &build::select_aid(aid))?;
    let info = ask(card, "EF15", &build::read_binary(0x15, 0, PublicInfo::LEN as u16))?;
    let info = PublicInfo::decode(&info).map_err(|_| FlowError::Malformed("EF15"))?;
    if info.serial != unknown.serial {
        return Err(FlowError::Malformed("EF15"));
    }
    let proof = match ask(card, "PROVE", &build::get_transaction_prove(unknown.tti, unknown.counter)) {
        Ok(data) => Some(fixed::<8>("PROVE", data)?),
        Err(FlowError::Refused { status: StatusWord::NO_PROOF, .. }) => None,
        Err(error) => return Err(error),
    };
    // A proof alone does not say whose it is: after a debit that did not happen, the next purchase has the counter.
    match (proof, logged(card, unknown)?) {
        (Some([_, _, _, _, tac @ ..]), Logged::Yes) => Ok(Some(PurchaseRecord { tac, ..unknown.clone() })),
        (None, Logged::Yes) => Err(FlowError::ProofGone { paid: true }),
        (_, Logged::No) => Ok(None),
        (_, Logged::Lost) => Err(FlowError::ProofGone { paid: false }),
    }
}

/// What the log says of a purchase.
enum Logged {
    Yes,
    No,
    /// It may have been overwritten.
    Lost,
}

fn logged(card: &mut dyn Channel, unknown: &PurchaseRecord) -> Result<Logged, FlowError> {
    let mut log = Vec::new();
    for number in 1..=LOG_RECORDS {
        match ask(card, "EF18", &build::read_record(0x18, number, TransactionLog::LEN as u16)) {
            Ok(data) => log.push(TransactionLog::decode(&data).map_err(|_| FlowError::Malformed("EF18"))?),
            Err(FlowError::Refused { status: StatusWord::RECORD_NOT_FOUND, .. }) => break,
            Err(error) => return Err(error),
        }
    }
    let full = log.len() == usize::from(LOG_RECORDS);
    let debits: Vec<_> = log.iter().filter(|entry| matches!(entry.tti, 0x06 | 0x09)).collect();
    if let Some(entry) = debits.iter().find(|entry| entry.counter == unknown.counter) {
        // The counter went to this purchase, or to another one.
        let told = (entry.tti, entry.amount, entry.terminal, entry.date, entry.time);
        let asked = (unknown.tti, unknown.amount, unknown.psam.0, unknown.date, unknown.time);
        return Ok(if told == asked { Logged::Yes } else { Logged::No });
    }
    let newest = debits.iter().map(|entry| entry.counter).max();
    let overwritten = newest > Some(unknown.counter) || (full && newest.is_none());
    Ok(if overwritten { Logged::Lost } else { Logged::No })
}
