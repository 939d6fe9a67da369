//! Cards in PC/SC readers.

use pcsc::{Context, Protocols, Scope, ShareMode};
use serde_json::json;
use std::error::Error;
use std::ffi::CString;
use tongka_card::apdu::build::{self, Purse};
use tongka_card::card::{MOHURD_AID, TUNION_AID};
use tongka_card::files::{PublicInfo, TransactionLog};
use tongka_card::{Channel, Command, PowerLost, Response};

/// A card in a reader.
pub(crate) struct InReader(pcsc::Card);

impl Channel for InReader {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, PowerLost> {
        let mut buffer = [0; pcsc::MAX_BUFFER_SIZE];
        // Some drivers answer for a card that is gone with nothing at all.
        match self.0.transmit(command, &mut buffer) {
            Ok(answer) if !answer.is_empty() => Ok(answer.to_vec()),
            _ => Err(PowerLost),
        }
    }
}

fn context() -> Result<Context, Box<dyn Error>> {
    Context::establish(Scope::User).map_err(|e| format!("Q06 PC/SC 服务不可用 no PC/SC service: {e}").into())
}

fn names(context: &Context) -> Result<Vec<CString>, Box<dyn Error>> {
    match context.list_readers_owned() {
        Err(pcsc::Error::NoReadersAvailable) => Ok(Vec::new()),
        outcome => Ok(outcome?),
    }
}

pub(crate) fn readers(json: bool) -> Result<(), Box<dyn Error>> {
    let names: Vec<String> = names(&context()?)?.into_iter().map(|n| n.to_string_lossy().into_owned()).collect();
    if json {
        println!("{}", json!({ "readers": names }));
    } else if names.is_empty() {
        println!("没有读卡器 no reader");
    } else {
        names.iter().for_each(|name| println!("{name}"));
    }
    Ok(())
}

/// Connects to the card in the reader of that name, or in the first that has one.
pub(crate) fn connect(wanted: Option<&str>) -> Result<InReader, Box<dyn Error>> {
    let context = context()?;
    let mut last: Option<pcsc::Error> = None;
    for name in names(&context)? {
        if wanted.is_some_and(|wanted| !name.to_string_lossy().contains(wanted)) {
            continue;
        }
        match context.connect(&name, ShareMode::Shared, Protocols::ANY) {
            Ok(card) => return Ok(InReader(card)),
            Err(error) => last = Some(error),
        }
    }
    let why = last.map_or_else(|| "没有这样的读卡器 no such reader".to_owned(), |e| e.to_string());
    Err(format!("Q07 读卡器中没有卡 no card in a reader: {why}").into())
}

pub(crate) fn ask(card: &mut InReader, command: &Command) -> Result<Response, Box<dyn Error>> {
    let answer = card
        .transmit(&command.bytes())
        .map_err(|PowerLost| "Q08 卡片无应答，可能已移开 no answer: was the card removed?")?;
    Response::parse(&answer).ok_or_else(|| "Q09 应答格式错误 malformed answer".into())
}

pub(crate) fn data(card: &mut InReader, command: &Command) -> Result<Vec<u8>, Box<dyn Error>> {
    let response = ask(card, command)?;
    if response.status.is_ok() {
        Ok(response.data)
    } else {
        Err(format!("Q10 卡片拒绝 refused: {}", response.status).into())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02X}")).collect()
}

/// A serial as it may be shown: its middle hidden.
fn masked(serial: &str) -> String {
    format!("{}**********{}", &serial[..6], &serial[serial.len() - 4..])
}

fn yuan(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", fen.unsigned_abs() / 100, fen.unsigned_abs() % 100)
}

pub(crate) fn card(reader: Option<&str>, json: bool) -> Result<(), Box<dyn Error>> {
    let mut card = connect(reader)?;
    let mut scheme = None;
    for (name, aid) in [("交通联合 T-Union", &TUNION_AID[..]), ("住建部 MOHURD", &MOHURD_AID)] {
        if ask(&mut card, &build::select_aid(aid))?.status.is_ok() {
            scheme = Some(name);
            break;
        }
    }
    let scheme = scheme.ok_or("Q11 不是互联互通卡 neither a T-Union nor a MOHURD card")?;
    let info = PublicInfo::decode(&data(&mut card, &build::read_binary(0x15, 0, PublicInfo::LEN as u16))?)
        .map_err(|e| format!("Q09 EF15: {e}"))?;
    let balance = data(&mut card, &build::get_net_balance(Purse::Ep))?;
    let balance = i32::from_be_bytes(balance.try_into().map_err(|_| "Q09 余额 balance")?);
    let mut log = Vec::new();
    for record in 1..=10 {
        let response = ask(&mut card, &build::read_record(0x18, record, TransactionLog::LEN as u16))?;
        if !response.status.is_ok() {
            break;
        }
        log.push(TransactionLog::decode(&response.data).map_err(|e| format!("Q09 EF18: {e}"))?);
    }
    let serial = masked(&hex(&info.serial.0));
    if json {
        let log = log.iter().map(|l| {
            json!({ "counter": l.counter, "tti": l.tti, "amount_fen": l.amount, "date": hex(&l.date), "time": hex(&l.time) })
        });
        println!(
            "{}",
            json!({
                "scheme": scheme, "issuer": info.issuer.to_string(), "serial": serial, "enabled": info.enabled,
                "start": hex(&info.start), "expiry": hex(&info.expiry), "balance_fen": balance,
                "log": log.collect::<Vec<_>>(),
            })
        );
        return Ok(());
    }
    println!("卡种 scheme      {scheme}");
    println!("发卡机构 issuer  {}", info.issuer);
    println!("序列号 serial    {serial}");
    println!("有效期 validity  {} – {}", hex(&info.start), hex(&info.expiry));
    println!("启用标志 enabled {:02X}", info.enabled);
    println!("余额 balance     {} 元", yuan(i64::from(balance)));
    for l in log {
        println!(
            "  {} {}  类型 TTI {:02X}  序号 {:>5}  {:>10} 元",
            hex(&l.date),
            hex(&l.time),
            l.tti,
            l.counter,
            yuan(i64::from(l.amount))
        );
    }
    Ok(())
}
