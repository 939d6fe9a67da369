//! `card`: what card staff do.

use super::key::{Office, ask_passphrase};
use crate::args::{CardCommand, CardPlace, SamArg, SamCommand, SchemeArg};
use crate::output::{grouped, table};
use serde_json::json;
use std::error::Error;
use std::process::ExitCode;
use tongka_base::{CardScheme, Fen, IssuerId, PsamNo, SystemClock};
use tongka_hsm::soft::SoftHsm;
use tongka_issuing::{
    CardState, Product, SAM_STATES, SamKind, Segment, allot, card, define, feedback, move_sam, order, orders,
    register_sams, sam, stock, transition, write_card_file, write_sam_file,
};
use tongka_key::{Desk, Login};
use tongka_storage::{Db, TenantCode};

type Outcome = Result<ExitCode, Box<dyn Error>>;

/// What needs no key: the device of its desk has none.
struct Counter {
    db: Db,
    hsm: SoftHsm,
    owner: TenantCode,
    actor: String,
}

impl Counter {
    async fn open(place: CardPlace) -> Result<Self, Box<dyn Error>> {
        let db = super::centre::open_or_make(&place.data).await?;
        Ok(Self { db, hsm: SoftHsm::in_memory(), owner: TenantCode(place.owner), actor: place.actor })
    }

    fn desk(&self) -> Desk<'_> {
        Desk { db: &self.db, hsm: &self.hsm, clock: &SystemClock }
    }
}

/// The passphrases of two custodians, one after the other; the command line lets no other number through.
fn ask_two(custodians: &[String]) -> Result<[String; 2], Box<dyn Error>> {
    let [one, two] = custodians else { return Err("N06 须两名保管员 two custodians".into()) };
    Ok([ask_passphrase(one)?, ask_passphrase(two)?])
}

fn told(as_json: bool, value: serde_json::Value, text: &str) -> Outcome {
    println!("{}", if as_json { value.to_string() } else { text.to_owned() });
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn run(command: CardCommand, json: bool) -> Outcome {
    match command {
        CardCommand::Sam(command) => run_sam(command, json).await,
        CardCommand::Product {
            place,
            code,
            name,
            scheme,
            check_digit,
            issuer,
            region,
            kind,
            max_balance,
            deposit,
            years,
        } => {
            let counter = Counter::open(place).await?;
            let issuer = IssuerId::parse(issuer.as_bytes()).ok_or("N06 发卡机构标识 issuer id: 16 hex digits")?;
            let digits = |at: usize| region.get(at..at + 2).and_then(|d| u8::from_str_radix(d, 16).ok());
            let plain = region.len() == 8 && region.bytes().all(|b| b.is_ascii_digit());
            let region = [digits(0), digits(2), digits(4), digits(6)].map(|d| d.filter(|_| plain).unwrap_or(0xFF));
            if region.contains(&0xFF) {
                return Err("N06 省市代码 region: 8 digits".into());
            }
            let scheme = match scheme {
                SchemeArg::T => CardScheme::TUnion,
                SchemeArg::M => CardScheme::Mohurd,
            };
            let (max_balance, deposit) = (Fen(max_balance), Fen(deposit));
            let new = Product { code, name, scheme, check_digit, issuer, region, kind, max_balance, deposit, years };
            define(&counter.desk(), counter.owner, &counter.actor, &new).await?;
            told(json, json!({ "product": new.code }), &format!("✓ 已定义 defined: {}", new.code))
        }
        CardCommand::Segment { place, product, maker, first, last } => {
            let counter = Counter::open(place).await?;
            let segment = Segment { product, maker, first, last };
            allot(&counter.desk(), counter.owner, &counter.actor, &segment).await?;
            let count = (last - first + 1) as u64;
            told(json, json!({ "numbers": count }), &format!("✓ 已分配 allotted: {} 个号码 numbers", grouped(count)))
        }
        CardCommand::Stock { place } => {
            let counter = Counter::open(place).await?;
            let list = stock(&counter.desk(), counter.owner).await?;
            if json {
                let rows = list.iter().map(|s| {
                    json!({
                        "product": s.segment.product, "maker": s.segment.maker, "first": s.segment.first,
                        "last": s.segment.last, "ordered": s.ordered, "left": s.left,
                    })
                });
                return told(true, json!({ "segments": rows.collect::<Vec<_>>() }), "");
            }
            let rows: Vec<Vec<String>> = list
                .into_iter()
                .map(|s| {
                    let (first, last) = (s.segment.first.to_string(), s.segment.last.to_string());
                    vec![s.segment.product, s.segment.maker, first, last, grouped(s.ordered), grouped(s.left)]
                })
                .collect();
            print!("{}", table(&["产品", "制卡商", "首号>", "末号>", "已用>", "余量>"], &rows));
            Ok(ExitCode::SUCCESS)
        }
        CardCommand::Order { place, product, maker, count } => {
            let counter = Counter::open(place).await?;
            let new = order(&counter.desk(), counter.owner, &counter.actor, &product, &maker, count).await?;
            let text =
                format!("✓ 订单号 order {}: {} 张，自 {} 起 cards from there", new.id, grouped(count), new.first);
            told(json, json!({ "order": new.id, "first": new.first, "count": count }), &text)
        }
        CardCommand::Orders { place } => {
            let counter = Counter::open(place).await?;
            let list = orders(&counter.desk(), counter.owner).await?;
            if json {
                let rows = list.iter().map(|o| {
                    json!({
                        "order": o.id, "product": o.product, "maker": o.maker, "first": o.first, "count": o.count,
                        "state": o.state, "ordered_at": o.ordered_at,
                    })
                });
                return told(true, json!({ "orders": rows.collect::<Vec<_>>() }), "");
            }
            let rows: Vec<Vec<String>> = list
                .into_iter()
                .map(|o| {
                    let state = match o.state.as_str() {
                        "open" => "待制卡 open",
                        "made" => "数据已交付 made",
                        _ => "已反馈 closed",
                    };
                    vec![
                        o.id.to_string(),
                        o.product,
                        o.maker,
                        o.first.to_string(),
                        grouped(o.count),
                        state.into(),
                        o.ordered_at,
                    ]
                })
                .collect();
            print!("{}", table(&["订单号>", "产品", "制卡商", "首号>", "张数>", "状态", "下单时间"], &rows));
            Ok(ExitCode::SUCCESS)
        }
        CardCommand::Data { place, custodians, order, transport, file_key, out } => {
            let office = Office::open(&place).await?;
            let passphrases = ask_two(&custodians)?;
            let login = |n: usize| Login { owner: office.owner, name: &custodians[n], passphrase: &passphrases[n] };
            let people = [login(0), login(1)];
            write_card_file(&office.desk(), people, order, (&transport, &file_key), &out).await?;
            let bytes = std::fs::metadata(&out)?.len();
            let text = format!("✓ 制卡数据 card data: {}（{} 字节 bytes）", out.display(), grouped(bytes));
            told(json, json!({ "order": order, "file": out, "bytes": bytes }), &text)
        }
        CardCommand::Feedback { place, order, file } => {
            let counter = Counter::open(place).await?;
            let text = std::fs::read_to_string(&file).map_err(|e| format!("N07 {}: {e}", file.display()))?;
            let (good, scrapped) = feedback(&counter.desk(), counter.owner, &counter.actor, order, &text).await?;
            let text = format!("✓ 入库 in stock {}，报废 scrapped {}", grouped(good), grouped(scrapped));
            told(json, json!({ "order": order, "stock": good, "scrapped": scrapped }), &text)
        }
        CardCommand::Move { place, number, to } => {
            let counter = Counter::open(place).await?;
            let known = || CardState::ALL.iter().map(|s| s.name()).collect::<Vec<_>>().join(" ");
            let found = CardState::ALL.iter().copied().find(|s| s.name() == to);
            let state = found.ok_or_else(|| format!("N06 未知状态 unknown state {to}: {}", known()))?;
            transition(&counter.desk(), counter.owner, &counter.actor, &number, state).await?;
            told(json, json!({ "state": state.name() }), &format!("✓ {}", state.text_zh()))
        }
        CardCommand::Show { place, number } => {
            let counter = Counter::open(place).await?;
            let found = card(&counter.desk(), counter.owner, &number).await?;
            let text = format!(
                "卡号 number   {}\n产品 product  {}\n订单 order    {}\n状态 state    {} {}",
                found.number,
                found.product,
                found.order,
                found.state.text_zh(),
                found.state.name()
            );
            let value = json!({
                "number": found.number, "product": found.product, "order": found.order, "state": found.state.name(),
            });
            told(json, value, &text)
        }
    }
}

fn sam_kind(kind: SamArg) -> SamKind {
    match kind {
        SamArg::Psam => SamKind::Psam,
        SamArg::Isam => SamKind::Isam,
    }
}

fn sam_number(text: &str) -> Result<PsamNo, Box<dyn Error>> {
    PsamNo::parse(text.as_bytes())
        .ok_or_else(|| "N06 终端机编号须为 12 位十六进制 a terminal number is 12 hex digits".into())
}

async fn run_sam(command: SamCommand, json: bool) -> Outcome {
    match command {
        SamCommand::Register { place, kind, first, count } => {
            let counter = Counter::open(place).await?;
            let (kind, first) = (sam_kind(kind), sam_number(&first)?);
            register_sams(&counter.desk(), counter.owner, &counter.actor, kind, first, count).await?;
            told(json, json!({ "registered": count }), &format!("✓ 已登记 registered: {}", grouped(count)))
        }
        SamCommand::Data { place, custodians, kind, first, count, transport, file_key, out } => {
            let office = Office::open(&place).await?;
            let (kind, range) = (sam_kind(kind), (sam_number(&first)?, count));
            let passphrases = ask_two(&custodians)?;
            let login = |n: usize| Login { owner: office.owner, name: &custodians[n], passphrase: &passphrases[n] };
            write_sam_file(&office.desk(), [login(0), login(1)], kind, range, (&transport, &file_key), &out).await?;
            told(json, json!({ "file": out, "count": count }), &format!("✓ 制作数据 data file: {}", out.display()))
        }
        SamCommand::Move { place, number, to } => {
            let counter = Counter::open(place).await?;
            move_sam(&counter.desk(), counter.owner, &counter.actor, sam_number(&number)?, &to).await?;
            told(json, json!({ "state": to }), &format!("✓ {}", sam_state(&to)))
        }
        SamCommand::Show { place, number } => {
            let counter = Counter::open(place).await?;
            let found = sam(&counter.desk(), counter.owner, sam_number(&number)?).await?;
            let value = json!({ "number": number, "kind": found.kind, "state": found.state });
            told(json, value, &format!("{} {number}: {} {}", found.kind, sam_state(&found.state), found.state))
        }
    }
}

/// A SAM's state in Chinese.
fn sam_state(state: &str) -> &'static str {
    SAM_STATES.iter().find(|(name, ..)| *name == state).map_or("", |(_, zh, _)| zh)
}
