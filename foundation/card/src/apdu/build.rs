//! Builders of the commands that terminals, hosts and personalisation send.

use super::Command;
use tongka_base::Algorithm;
use tongka_crypto::{Key16, secure_encrypt, secure_mac, wrap_key};

/// Purse of a command (P2): electronic deposit or electronic purse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purse {
    /// Electronic deposit (电子存折), 01.
    Ed = 1,
    /// Electronic purse (电子钱包), 02.
    Ep = 2,
}

/// Secure messaging of one command: key, its algorithm and the card's challenge.
#[derive(Clone, Copy, Debug)]
pub struct Secure<'a> {
    /// Algorithm of the key.
    pub algorithm: Algorithm,
    /// The key.
    pub key: &'a Key16,
    /// The challenge, just fetched.
    pub challenge: [u8; 4],
}

impl Secure<'_> {
    /// The command with its MAC appended.
    pub fn protect(&self, mut command: Command) -> Command {
        command.data.extend_from_slice(&[0; 4]);
        let mac = secure_mac(self.algorithm, self.key.bytes(), &self.challenge, &command.secured_part(4));
        let end = command.data.len() - 4;
        command.data[end..].copy_from_slice(&mac);
        command
    }
}

/// SELECT by application identifier or name.
pub fn select_aid(aid: &[u8]) -> Command {
    Command::new(0x00, 0xA4, 0x04, 0x00).data(aid).le(256)
}

/// SELECT by file identifier.
pub fn select_fid(fid: u16) -> Command {
    Command::new(0x00, 0xA4, 0x00, 0x00).data(fid.to_be_bytes()).le(256)
}

/// READ BINARY by short file identifier; 256 bytes at most.
pub fn read_binary(sfi: u8, offset: u8, length: u16) -> Command {
    Command::new(0x00, 0xB0, 0x80 | sfi & 0x1F, offset).le(length)
}

/// READ RECORD by number.
pub fn read_record(sfi: u8, record: u8, length: u16) -> Command {
    Command::new(0x00, 0xB2, record, sfi << 3 | 4).le(length)
}

/// GET BALANCE: what can be spent, the overdraft counted.
pub fn get_balance(purse: Purse) -> Command {
    Command::new(0x80, 0x5C, 0x00, purse as u8).le(4)
}

/// GET BALANCE without the overdraft.
pub fn get_net_balance(purse: Purse) -> Command {
    Command::new(0x80, 0x5C, 0x03, purse as u8).le(4)
}

/// GET CHALLENGE of 4 or 8 bytes.
pub fn get_challenge(length: u16) -> Command {
    Command::new(0x00, 0x84, 0x00, 0x00).le(length)
}

/// GET RESPONSE.
pub fn get_response(length: u16) -> Command {
    Command::new(0x00, 0xC0, 0x00, 0x00).le(length)
}

/// EXTERNAL AUTHENTICATE (外部认证).
pub fn external_auth(key_index: u8, cryptogram: [u8; 8]) -> Command {
    Command::new(0x00, 0x82, 0x00, key_index).data(cryptogram)
}

/// INTERNAL AUTHENTICATE (内部认证).
pub fn internal_auth(key_index: u8, data: [u8; 8]) -> Command {
    Command::new(0x00, 0x88, 0x00, key_index).data(data).le(8)
}

/// VERIFY PIN (校验口令); the PIN in BCD padded with F.
pub fn verify_pin(pin: &[u8]) -> Command {
    Command::new(0x00, 0x20, 0x00, 0x00).data(pin)
}

/// CHANGE PIN (修改口令).
pub fn change_pin(old: &[u8], new: &[u8]) -> Command {
    Command::new(0x80, 0x5E, 0x01, 0x00).data([old, &[0xFF], new].concat())
}

/// RELOAD PIN (重装口令): the MAC is made as a TAC under the reload key, over the PIN.
pub fn reload_pin(algorithm: Algorithm, key: &Key16, new: &[u8]) -> Command {
    Command::new(0x80, 0x5E, 0x00, 0x00).data([new, &tongka_crypto::tac(algorithm, key, new)].concat())
}

/// UNBLOCK PIN (解锁口令): `P2` 00 with the PIN there is, 01 with a new one. `None` for a PIN above 255 bytes.
pub fn unblock_pin(new: bool, pin: &[u8], secure: &Secure<'_>) -> Option<Command> {
    let cipher = secure_encrypt(secure.algorithm, secure.key.bytes(), pin)?;
    Some(secure.protect(Command::new(0x84, 0x24, 0x00, u8::from(new)).data(cipher)))
}

fn initialize(p1: u8, purse: Purse, key_index: u8, amount: u32, terminal: [u8; 6]) -> Command {
    Command::new(0x80, 0x50, p1, purse as u8).data([&[key_index][..], &amount.to_be_bytes(), &terminal].concat())
}

/// INITIALIZE FOR LOAD (圈存初始化).
pub fn init_for_load(purse: Purse, key_index: u8, amount: u32, terminal: [u8; 6]) -> Command {
    initialize(0x00, purse, key_index, amount, terminal).le(0x10)
}

/// CREDIT FOR LOAD (圈存).
pub fn credit_for_load(date: [u8; 4], time: [u8; 3], mac2: [u8; 4]) -> Command {
    Command::new(0x80, 0x52, 0x00, 0x00).data([&date[..], &time, &mac2].concat()).le(4)
}

/// INITIALIZE FOR PURCHASE (消费初始化).
pub fn init_for_purchase(purse: Purse, key_index: u8, amount: u32, terminal: [u8; 6]) -> Command {
    initialize(0x01, purse, key_index, amount, terminal).le(0x0F)
}

/// INITIALIZE FOR CASH WITHDRAW (取现初始化).
pub fn init_for_withdraw(key_index: u8, amount: u32, terminal: [u8; 6]) -> Command {
    initialize(0x02, Purse::Ed, key_index, amount, terminal).le(0x0F)
}

/// INITIALIZE FOR CAPP PURCHASE (复合消费初始化).
pub fn init_for_capp(key_index: u8, amount: u32, terminal: [u8; 6]) -> Command {
    initialize(0x03, Purse::Ep, key_index, amount, terminal).le(0x0F)
}

/// INITIALIZE FOR UNLOAD (圈提初始化).
pub fn init_for_unload(key_index: u8, amount: u32, terminal: [u8; 6]) -> Command {
    initialize(0x05, Purse::Ed, key_index, amount, terminal).le(0x10)
}

/// INITIALIZE FOR UPDATE (修改透支限额初始化).
pub fn init_for_update(key_index: u8, terminal: [u8; 6]) -> Command {
    Command::new(0x80, 0x50, 0x04, 0x01).data([&[key_index][..], &terminal].concat()).le(0x13)
}

/// DEBIT FOR PURCHASE, CASH WITHDRAW or CAPP PURCHASE (消费).
pub fn debit(terminal_txn: [u8; 4], date: [u8; 4], time: [u8; 3], mac1: [u8; 4]) -> Command {
    Command::new(0x80, 0x54, 0x01, 0x00).data([&terminal_txn[..], &date, &time, &mac1].concat()).le(8)
}

/// DEBIT FOR UNLOAD (圈提).
pub fn debit_for_unload(date: [u8; 4], time: [u8; 3], mac2: [u8; 4]) -> Command {
    Command::new(0x80, 0x54, 0x03, 0x00).data([&date[..], &time, &mac2].concat()).le(4)
}

/// UPDATE OVERDRAFT LIMIT (修改透支限额).
pub fn update_overdraft(limit: [u8; 3], date: [u8; 4], time: [u8; 3], mac2: [u8; 4]) -> Command {
    Command::new(0x80, 0x58, 0x00, 0x00).data([&limit[..], &date, &time, &mac2].concat()).le(4)
}

/// UPDATE CAPP DATA CACHE (更新复合应用数据缓存). `P2` is SFI and mode: 0 by record id, or 00 of a cyclic file; 3 the newest
/// of a cyclic file; 4 by record number.
pub fn update_capp_cache(sfi: u8, record: u8, mode: u8, data: &[u8]) -> Command {
    Command::new(0x80, 0xDC, record, sfi << 3 | mode & 7).data(data)
}

/// GET TRANSACTION PROVE (取交易认证).
pub fn get_transaction_prove(tti: u8, counter: u16) -> Command {
    Command::new(0x80, 0x5A, 0x00, tti).data(counter.to_be_bytes()).le(8)
}

/// UPDATE BINARY with its MAC.
pub fn update_binary(sfi: u8, offset: u8, data: &[u8], secure: &Secure<'_>) -> Command {
    secure.protect(Command::new(0x04, 0xD6, 0x80 | sfi & 0x1F, offset).data(data))
}

/// UPDATE RECORD with its MAC.
pub fn update_record(sfi: u8, record: u8, data: &[u8], secure: &Secure<'_>) -> Command {
    secure.protect(Command::new(0x04, 0xDC, record, sfi << 3 | 4).data(data))
}

/// APPEND RECORD with its MAC.
pub fn append_record(sfi: u8, data: &[u8], secure: &Secure<'_>) -> Command {
    secure.protect(Command::new(0x04, 0xE2, 0x00, sfi << 3).data(data))
}

/// APPLICATION BLOCK (应用锁定).
pub fn application_block(permanent: bool, secure: &Secure<'_>) -> Command {
    secure.protect(Command::new(0x84, 0x1E, 0x00, u8::from(permanent)))
}

/// APPLICATION UNBLOCK (应用解锁).
pub fn application_unblock(secure: &Secure<'_>) -> Command {
    secure.protect(Command::new(0x84, 0x18, 0x00, 0x00))
}

/// CARD BLOCK (卡片锁定).
pub fn card_block(secure: &Secure<'_>) -> Command {
    secure.protect(Command::new(0x84, 0x16, 0x00, 0x00))
}

/// CREATE FILE (建立文件); the data as [`crate::personalise`] documents it.
pub fn create_file(fid: u16, data: &[u8]) -> Command {
    let [high, low] = fid.to_be_bytes();
    Command::new(0x80, 0xE0, high, low).data(data)
}

/// WRITE KEY (写密钥): encrypted and with its MAC under the transport key. The header is usage, version, algorithm; tries
/// are 1 to 15, or 0 for the card's usual three.
pub fn write_key(index: u8, tries: u8, header: [u8; 3], key: &Key16, secure: &Secure<'_>) -> Command {
    let cipher = wrap_key(secure.algorithm, secure.key.bytes(), header, key.bytes());
    secure.protect(Command::new(0x84, 0xD4, tries.min(15) << 4 | 1, index).data(cipher))
}

/// END OF PERSONALISATION, proprietary.
pub fn end_personalisation(secure: &Secure<'_>) -> Command {
    secure.protect(Command::new(0x84, 0x44, 0x00, 0x00))
}

/// INIT SAM FOR PURCHASE, for a PSAM; factors card first.
pub fn init_sam_for_purchase(
    random: [u8; 4],
    counter: [u8; 2],
    amount: u32,
    tti: u8,
    date: [u8; 4],
    time: [u8; 3],
    key_version: u8,
    algorithm: u8,
    factors: &[[u8; 8]],
) -> Command {
    let mut data = [&random[..], &counter, &amount.to_be_bytes(), &[tti], &date, &time].concat();
    data.extend_from_slice(&[key_version, algorithm]);
    data.extend_from_slice(factors.as_flattened());
    Command::new(0x80, 0x70, 0x00, 0x00).data(data).le(8)
}

/// CREDIT SAM FOR PURCHASE, for a PSAM.
pub fn credit_sam_for_purchase(mac2: [u8; 4]) -> Command {
    Command::new(0x80, 0x72, 0x00, 0x00).data(mac2)
}
