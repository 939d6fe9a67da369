//! Session keys, MAC1, MAC2, MAC3 and TAC of every purse transaction. Amounts are fen; dates and times BCD.

use crate::block::{sm4_encrypt, tdes_encrypt};
use crate::key::{Key16, fold, mac_des, mac_sm4};
use tongka_base::Algorithm;

/// What a session key is derived from: card random and two counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionInput {
    /// The card's random number.
    pub random: [u8; 4],
    /// Offline counter of a purchase, online counter of any other transaction, as INITIALIZE returned it.
    pub counter: [u8; 2],
    /// Rightmost two bytes of the terminal transaction number of a purchase; 80 00 for any other transaction.
    pub tail: [u8; 2],
}

/// How the eight bytes of a session input become an SM4 block; card systems differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sm4SessionPadding {
    /// Padded with 80 00 …; an input that ends in 80 00 of its own (load and the like) is padded with zeros.
    #[default]
    Pad80,
    /// Input followed by its complement.
    Complement,
}

/// A session key: 8 bytes for 3DES, 16 for SM4.
#[derive(Clone, PartialEq, Eq)]
enum Session {
    Des([u8; 8]),
    Sm4(Key16),
}

/// A session key (过程密钥).
#[derive(Clone, PartialEq, Eq)]
pub struct SessionKey(Session);

impl SessionKey {
    /// The key bytes.
    pub fn bytes(&self) -> &[u8] {
        match &self.0 {
            Session::Des(key) => key,
            Session::Sm4(key) => key.bytes(),
        }
    }

    /// MAC over data: the first four bytes of the CBC-MAC.
    pub fn mac(&self, data: &[u8]) -> [u8; 4] {
        match &self.0 {
            Session::Des(key) => first4(&mac_des(key, [0; 8], data)),
            Session::Sm4(key) => first4(&mac_sm4(key.bytes(), [0; 16], data)),
        }
    }
}

fn first4(block: &[u8]) -> [u8; 4] {
    [block[0], block[1], block[2], block[3]]
}

/// The session key of a card key.
pub fn session_key(algorithm: Algorithm, key: &Key16, input: SessionInput, padding: Sm4SessionPadding) -> SessionKey {
    let mut text = [0; 8];
    text[..4].copy_from_slice(&input.random);
    text[4..6].copy_from_slice(&input.counter);
    text[6..].copy_from_slice(&input.tail);
    SessionKey(match algorithm {
        Algorithm::Tdes => Session::Des(tdes_encrypt(key.bytes(), &text)),
        Algorithm::Sm4 => {
            let mut block = [0; 16];
            block[..8].copy_from_slice(&text);
            match padding {
                Sm4SessionPadding::Pad80 if input.tail == [0x80, 0] => {}
                Sm4SessionPadding::Pad80 => block[8] = 0x80,
                Sm4SessionPadding::Complement => block[8..].copy_from_slice(&text.map(|byte| !byte)),
            }
            Session::Sm4(Key16::new(sm4_encrypt(key.bytes(), &block)))
        }
    })
}

/// TAC over the data of any transaction under the card's TAC key.
pub fn tac(algorithm: Algorithm, key: &Key16, data: &[u8]) -> [u8; 4] {
    match algorithm {
        Algorithm::Tdes => first4(&mac_des(&fold(key.bytes()), [0; 8], data)),
        Algorithm::Sm4 => first4(&mac_sm4(key.bytes(), [0; 16], data)),
    }
}

/// A purchase, compound purchase or cash withdrawal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PurchaseFields {
    /// Amount.
    pub amount: u32,
    /// Transaction type: 06, 09, 04.
    pub tti: u8,
    /// PSAM terminal number.
    pub terminal: [u8; 6],
    /// PSAM transaction number.
    pub terminal_txn: [u8; 4],
    /// Date.
    pub date: [u8; 4],
    /// Time.
    pub time: [u8; 3],
}

/// MAC1 of a purchase, from the PSAM.
pub fn purchase_mac1(session: &SessionKey, f: &PurchaseFields) -> [u8; 4] {
    session.mac(&[&f.amount.to_be_bytes()[..], &[f.tti], &f.terminal, &f.date, &f.time].concat())
}

/// MAC2 of a purchase, from the card.
pub fn purchase_mac2(session: &SessionKey, f: &PurchaseFields) -> [u8; 4] {
    session.mac(&f.amount.to_be_bytes())
}

/// TAC of a purchase.
pub fn purchase_tac(algorithm: Algorithm, tac_key: &Key16, f: &PurchaseFields) -> [u8; 4] {
    let data = [&f.amount.to_be_bytes()[..], &[f.tti], &f.terminal, &f.terminal_txn, &f.date, &f.time].concat();
    tac(algorithm, tac_key, &data)
}

/// A load (圈存).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadFields {
    /// Balance before.
    pub old_balance: u32,
    /// Online counter before.
    pub online_counter: u16,
    /// Amount.
    pub amount: u32,
    /// Transaction type: 01, 02.
    pub tti: u8,
    /// Terminal number.
    pub terminal: [u8; 6],
    /// Host date.
    pub date: [u8; 4],
    /// Host time.
    pub time: [u8; 3],
}

/// MAC1 of a load, from the card.
pub fn load_mac1(session: &SessionKey, f: &LoadFields) -> [u8; 4] {
    session.mac(&[&f.old_balance.to_be_bytes()[..], &f.amount.to_be_bytes(), &[f.tti], &f.terminal].concat())
}

/// MAC2 of a load, from the host.
pub fn load_mac2(session: &SessionKey, f: &LoadFields) -> [u8; 4] {
    session.mac(&[&f.amount.to_be_bytes()[..], &[f.tti], &f.terminal, &f.date, &f.time].concat())
}

/// TAC of a load; `None` when the new balance does not fit.
pub fn load_tac(algorithm: Algorithm, tac_key: &Key16, f: &LoadFields) -> Option<[u8; 4]> {
    let balance = f.old_balance.checked_add(f.amount)?.to_be_bytes();
    let (counter, amount) = (f.online_counter.to_be_bytes(), f.amount.to_be_bytes());
    Some(tac(algorithm, tac_key, &[&balance[..], &counter, &amount, &[f.tti], &f.terminal, &f.date, &f.time].concat()))
}

/// An unload (圈提).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnloadFields {
    /// Balance before.
    pub old_balance: u32,
    /// Online counter before.
    pub online_counter: u16,
    /// Amount.
    pub amount: u32,
    /// Transaction type: 03.
    pub tti: u8,
    /// Terminal number.
    pub terminal: [u8; 6],
    /// Host date.
    pub date: [u8; 4],
    /// Host time.
    pub time: [u8; 3],
}

/// MAC1 of an unload, from the card.
pub fn unload_mac1(session: &SessionKey, f: &UnloadFields) -> [u8; 4] {
    session.mac(&[&f.old_balance.to_be_bytes()[..], &f.amount.to_be_bytes(), &[f.tti], &f.terminal].concat())
}

/// MAC2 of an unload, from the host.
pub fn unload_mac2(session: &SessionKey, f: &UnloadFields) -> [u8; 4] {
    session.mac(&[&f.amount.to_be_bytes()[..], &[f.tti], &f.terminal, &f.date, &f.time].concat())
}

/// MAC3 of an unload, from the card; `None` when the amount is above the balance.
pub fn unload_mac3(session: &SessionKey, f: &UnloadFields) -> Option<[u8; 4]> {
    let balance = f.old_balance.checked_sub(f.amount)?.to_be_bytes();
    let (counter, amount) = (f.online_counter.to_be_bytes(), f.amount.to_be_bytes());
    Some(session.mac(&[&balance[..], &counter, &amount, &[f.tti], &f.terminal, &f.date, &f.time].concat()))
}

/// An update of the overdraft limit (修改透支限额).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverdraftFields {
    /// Balance.
    pub balance: u32,
    /// Online counter before.
    pub online_counter: u16,
    /// Limit before, three bytes.
    pub old_limit: [u8; 3],
    /// New limit, three bytes.
    pub new_limit: [u8; 3],
    /// Transaction type: 07.
    pub tti: u8,
    /// Terminal number.
    pub terminal: [u8; 6],
    /// Host date.
    pub date: [u8; 4],
    /// Host time.
    pub time: [u8; 3],
}

/// MAC1 of an overdraft update, from the card.
pub fn overdraft_mac1(session: &SessionKey, f: &OverdraftFields) -> [u8; 4] {
    session.mac(&[&f.balance.to_be_bytes()[..], &f.old_limit, &[f.tti], &f.terminal].concat())
}

/// MAC2 of an overdraft update, from the host.
pub fn overdraft_mac2(session: &SessionKey, f: &OverdraftFields) -> [u8; 4] {
    session.mac(&[&f.new_limit[..], &[f.tti], &f.terminal, &f.date, &f.time].concat())
}

/// TAC of an overdraft update.
pub fn overdraft_tac(algorithm: Algorithm, tac_key: &Key16, f: &OverdraftFields) -> [u8; 4] {
    let (balance, counter) = (f.balance.to_be_bytes(), f.online_counter.to_be_bytes());
    tac(algorithm, tac_key, &[&balance[..], &counter, &f.new_limit, &[f.tti], &f.terminal, &f.date, &f.time].concat())
}
