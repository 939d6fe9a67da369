//! `card`: what card staff do.

use super::key::{Office, ask_passphrase, card_scheme};
use crate::args::{CardCommand, CardPlace, DestinationArg, KeySetsArg, SamArg, SamCommand, StockCommand};
use crate::output::{grouped, table};
use serde_json::json;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tongka_base::{Fen, IssuerId, PsamNo, SystemClock};
use tongka_card::profile::Profile;
use tongka_hsm::Hsm;
use tongka_hsm::soft::SoftHsm;
use tongka_issuing::{
    CardFileRequest, CardState, Destination, Feedback, KeySets, Product, ProductFile, SAM_STATES, SamKind, Segment,
    allot, card, check_card_file, check_stock, define, feedback, move_sam, order, orders, parts, register_sams, sam,
    segments, stock, stock_entries, take_events, transfer_stock, transition, write_card_file, write_sam_file,
};
use tongka_key::{Desk, Login};
use tongka_storage::{Db, TenantCode};

type Outcome = Result<ExitCode, Box<dyn Error>>;

/// What card staff work with: without a configuration of devices the device of their desk has no key.
struct Counter {
    db: Db,
    hsm: Box<dyn Hsm>,
    owner: TenantCode,
    actor: String,
}

impl Counter {
    async fn open(place: CardPlace) -> Result<Self, Box<dyn Error>> {
        Self::with(place, None).await
    }

    async fn with(place: CardPlace, config: Option<&Path>) -> Result<Self, Box<dyn Error>> {
        let db = super::centre::open_or_make(&place.data).await?;
        let hsm: Box<dyn Hsm> = match config {
            Some(config) => Box::new(super::hsm::open(config)?),
            None => Box::new(SoftHsm::in_memory()),
        };
        Ok(Self { db, hsm, owner: TenantCode(place.owner), actor: place.actor })
    }

    fn desk(&self) -> Desk<'_> {
        Desk { db: &self.db, hsm: self.hsm.as_ref(), clock: &SystemClock }
    }
}

/// A profile of the program by its name, or that of a file.
fn profile(form: &str) -> Result<Profile, Box<dyn Error>> {
    match form {
        "tongka" => Ok(Profile::own()),
        "tunion" => Ok(Profile::tunion()),
        path => {
            let text = std::fs::read_to_string(path).map_err(|e| format!("N06 {path}: {e}"))?;
            Ok(Profile::parse(&text).map_err(|e| format!("N06 {path}: {e}"))?)
        }
    }
}

/// The profiles of the program, after those of files.
fn profiles(files: &[PathBuf]) -> Result<Vec<Profile>, Box<dyn Error>> {
    let mut all = files.iter().map(|f| profile(&f.to_string_lossy())).collect::<Result<Vec<_>, _>>()?;
    all.extend(Profile::known());
    Ok(all)
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
            keys,
            max_balance,
            overdraft,
            deposit,
            years,
            file,
        } => {
            let counter = Counter::open(place).await?;
            let issuer = IssuerId::parse(issuer.as_bytes()).ok_or("N06 发卡机构标识 issuer id: 16 hex digits")?;
            let digits = |at: usize| region.get(at..at + 2).and_then(|d| u8::from_str_radix(d, 16).ok());
            let plain = region.len() == 8 && region.bytes().all(|b| b.is_ascii_digit());
            let region = [digits(0), digits(2), digits(4), digits(6)].map(|d| d.filter(|_| plain).unwrap_or(0xFF));
            if region.contains(&0xFF) {
                return Err("N06 省市代码 region: 8 digits".into());
            }
            let keys = match keys {
                KeySetsArg::Tdes => KeySets::Tdes,
                KeySetsArg::Sm4 => KeySets::Sm4,
                KeySetsArg::Both => KeySets::Both,
            };
            let read = |text: &String| {
                let (place, content) = text.split_once('=').ok_or("N06 文件 file: FILE=PATTERN")?;
                Ok::<_, Box<dyn Error>>(ProductFile::parse(place, content)?)
            };
            let new = Product {
                code,
                name,
                scheme: card_scheme(scheme),
                check_digit,
                issuer,
                region,
                kind,
                keys,
                max_balance: Fen(max_balance),
                overdraft: Fen(overdraft),
                deposit: Fen(deposit),
                years,
                files: file.iter().map(read).collect::<Result<_, _>>()?,
            };
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
        CardCommand::Stock(command) => run_stock(command, json).await,
        CardCommand::Segments { place } => {
            let counter = Counter::open(place).await?;
            let list = segments(&counter.desk(), counter.owner).await?;
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
                        "given": o.given, "state": o.state, "ordered_at": o.ordered_at,
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
        CardCommand::Parts { place, order } => {
            let counter = Counter::open(place).await?;
            list_parts(&parts(&counter.desk(), counter.owner, order).await?, json)
        }
        CardCommand::CheckFile { place, actor, file_key, profile, file } => {
            let office = Office::open(&place).await?;
            let bytes = std::fs::read(&file).map_err(|e| format!("N07 {}: {e}", file.display()))?;
            let profiles = profiles(&profile)?;
            let read = check_card_file(&office.desk(), office.owner, &actor, &file_key, &bytes, &profiles).await?;
            let cards = read.cards.len() as u64;
            let text = format!(
                "✓ 文件完好 sound: 订单 order {} 部分 part {}，{} 张 cards",
                read.order,
                read.part,
                grouped(cards)
            );
            told(json, json!({ "order": read.order, "part": read.part, "cards": cards }), &text)
        }
        CardCommand::Data { place, custodians, order, count, destination, form, transport, file_key, out } => {
            let office = Office::open(&place).await?;
            let profile = profile(&form)?;
            let destination = match destination {
                DestinationArg::Bureau => Destination::Bureau,
                DestinationArg::Own => Destination::Own,
            };
            let passphrases = ask_two(&custodians)?;
            let login = |n: usize| Login::new(office.owner, &custodians[n], &passphrases[n]);
            let request = CardFileRequest {
                order,
                count,
                destination,
                transport: &transport,
                file_key: &file_key,
                profile: &profile,
                path: &out,
            };
            let part = write_card_file(&office.desk(), [login(0), login(1)], &request).await?;
            let bytes = std::fs::metadata(&out)?.len();
            let text =
                format!("✓ 制卡数据 card data: {}，部分 part {part}（{} 字节 bytes）", out.display(), grouped(bytes));
            told(json, json!({ "order": order, "part": part, "file": out, "bytes": bytes }), &text)
        }
        CardCommand::Feedback { place, order, part, events, file_key, hsm, file } => {
            let counter = Counter::with(place, hsm.as_deref()).await?;
            let read = |path: &Path| std::fs::read_to_string(path).map_err(|e| format!("N07 {}: {e}", path.display()));
            let text = read(&file)?;
            let events = events.map(|path| read(&path)).transpose()?;
            let given = Feedback { order, part, text: &text, events: events.as_deref().zip(file_key.as_deref()) };
            let (good, scrapped) = feedback(&counter.desk(), counter.owner, &counter.actor, &given).await?;
            let text = format!("✓ 入库 in stock {}，报废 scrapped {}", grouped(good), grouped(scrapped));
            told(json, json!({ "order": order, "stock": good, "scrapped": scrapped }), &text)
        }
        CardCommand::Events { place, file } => {
            let counter = Counter::open(place).await?;
            let text = std::fs::read_to_string(&file).map_err(|e| format!("N08 {}: {e}", file.display()))?;
            let taken = take_events(&counter.desk(), counter.owner, &counter.actor, &text).await?;
            told(json, json!({ "events": taken }), &format!("✓ 已记入审计 in the audit log: {}", grouped(taken)))
        }
        CardCommand::Move { place, number, to, store } => {
            let counter = Counter::open(place).await?;
            let known = || CardState::ALL.iter().map(|s| s.name()).collect::<Vec<_>>().join(" ");
            let found = CardState::ALL.iter().copied().find(|s| s.name() == to);
            let state = found.ok_or_else(|| format!("N06 未知状态 unknown state {to}: {}", known()))?;
            transition(&counter.desk(), counter.owner, &counter.actor, &number, state, store.as_deref()).await?;
            told(json, json!({ "state": state.name() }), &format!("✓ {}", state.text_zh()))
        }
        CardCommand::Show { place, number } => {
            let counter = Counter::open(place).await?;
            let found = card(&counter.desk(), counter.owner, &number).await?;
            let text = format!(
                "卡号 number   {}\n产品 product  {}\n订单 order    {} 部分 part {}\n制卡商 maker  {}\n状态 state    {} {} {}",
                found.number,
                found.product,
                found.order,
                found.part,
                found.maker,
                found.state.text_zh(),
                found.state.name(),
                found.place
            );
            let value = json!({
                "number": found.number, "product": found.product, "order": found.order, "part": found.part,
                "maker": found.maker, "state": found.state.name(), "store": found.place,
            });
            told(json, value, &text)
        }
    }
}

fn list_parts(list: &[tongka_issuing::Part], json: bool) -> Outcome {
    if json {
        let rows = list.iter().map(|p| {
            json!({
                "part": p.part, "first": p.first, "count": p.count, "for": p.destination.name(), "form": p.form,
                "digest": p.digest, "state": p.state,
            })
        });
        return told(true, json!({ "parts": rows.collect::<Vec<_>>() }), "");
    }
    let row = |p: &tongka_issuing::Part| {
        let state = if p.state == "made" { "数据已交付 made" } else { "已反馈 closed" };
        let whom = if p.destination == Destination::Own { "自制 own" } else { "制卡厂 bureau" };
        let numbers = [u64::from(p.part), p.first + 1, p.count].map(grouped);
        let texts = [whom.to_owned(), p.form.clone(), state.to_owned()];
        numbers.into_iter().chain(texts).collect()
    };
    let rows: Vec<Vec<String>> = list.iter().map(row).collect();
    print!("{}", table(&["部分>", "首张>", "张数>", "交付", "格式", "状态"], &rows));
    Ok(ExitCode::SUCCESS)
}

async fn run_stock(command: StockCommand, json: bool) -> Outcome {
    match command {
        StockCommand::Show { place } => {
            let counter = Counter::open(place).await?;
            let list = stock(&counter.desk(), counter.owner).await?;
            if json {
                let rows =
                    list.iter().map(|l| json!({ "product": l.product, "account": l.account, "quantity": l.quantity }));
                return told(true, json!({ "stock": rows.collect::<Vec<_>>() }), "");
            }
            let row = |l: tongka_issuing::StockLine| {
                let account = account_zh(&l.account);
                vec![l.product, account, grouped(l.quantity.unsigned_abs())]
            };
            let rows: Vec<Vec<String>> = list.into_iter().map(row).collect();
            print!("{}", table(&["产品", "所在", "张数>"], &rows));
            Ok(ExitCode::SUCCESS)
        }
        StockCommand::Transfer { place, product, from, to, first, count } => {
            let counter = Counter::open(place).await?;
            let numbers = (first.as_deref(), count);
            transfer_stock(&counter.desk(), counter.owner, &counter.actor, &product, (&from, &to), numbers).await?;
            told(json, json!({ "count": count }), &format!("✓ 已调拨 moved: {from} → {to}，{}", grouped(count)))
        }
        StockCommand::Log { place, limit } => {
            let counter = Counter::open(place).await?;
            let list = stock_entries(&counter.desk(), counter.owner, limit).await?;
            if json {
                let rows = list.iter().map(|e| {
                    json!({
                        "id": e.id, "at": e.at, "product": e.product, "from": e.source, "to": e.target,
                        "quantity": e.quantity, "why": e.why, "actor": e.actor,
                    })
                });
                return told(true, json!({ "entries": rows.collect::<Vec<_>>() }), "");
            }
            let row = |e: tongka_issuing::StockEntry| {
                let (source, target) = (account_zh(&e.source), account_zh(&e.target));
                vec![e.id.to_string(), e.at, e.product, source, target, e.quantity.to_string(), e.why, e.actor]
            };
            let rows: Vec<Vec<String>> = list.into_iter().map(row).collect();
            print!("{}", table(&["序号>", "时间", "产品", "自", "至", "张数>", "事由", "经办"], &rows));
            Ok(ExitCode::SUCCESS)
        }
        StockCommand::Check { place } => {
            let counter = Counter::open(place).await?;
            let differ = check_stock(&counter.desk(), counter.owner).await?;
            let sound = differ.is_empty();
            if json {
                let rows = differ.iter().map(|(l, counted)| {
                    json!({ "product": l.product, "account": l.account, "booked": l.quantity, "counted": counted })
                });
                println!("{}", json!({ "ok": sound, "differences": rows.collect::<Vec<_>>() }));
            } else if sound {
                println!("✓ 台账与卡片一致 the ledger and the cards agree");
            } else {
                let row = |(l, counted): (tongka_issuing::StockLine, i64)| {
                    vec![l.product, account_zh(&l.account), l.quantity.to_string(), counted.to_string()]
                };
                let rows: Vec<Vec<String>> = differ.into_iter().map(row).collect();
                print!("{}", table(&["产品", "所在", "台账>", "卡片>"], &rows));
            }
            Ok(if sound { ExitCode::SUCCESS } else { ExitCode::from(1) })
        }
    }
}

/// An account of the stock ledger in Chinese.
fn account_zh(account: &str) -> String {
    match account.split_once(':') {
        Some(("maker", name)) => format!("制卡商 {name}"),
        Some(("store", name)) => format!("库房 {name}"),
        _ => match account {
            "blank" => "白卡",
            "holders" => "持卡人",
            "returned" => "已退卡",
            "scrapped" => "报废",
            "replaced" => "已换卡",
            "destroyed" => "已销毁",
            other => other,
        }
        .to_owned(),
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
        SamCommand::Data { place, custodians, kind, scheme, first, count, transport, file_key, out } => {
            let office = Office::open(&place).await?;
            let (kind, range) = ((sam_kind(kind), scheme.map(card_scheme)), (sam_number(&first)?, count));
            let passphrases = ask_two(&custodians)?;
            let login = |n: usize| Login::new(office.owner, &custodians[n], &passphrases[n]);
            write_sam_file(&office.desk(), [login(0), login(1)], kind, range, (&transport, &file_key), &out).await?;
            told(json, json!({ "file": out, "count": count }), &format!("✓ 制作数据 data file: {}", out.display()))
        }
        SamCommand::Move { place, number, to, holder } => {
            let counter = Counter::open(place).await?;
            let (number, holder) = (sam_number(&number)?, holder.as_deref());
            move_sam(&counter.desk(), counter.owner, &counter.actor, number, &to, holder).await?;
            told(json, json!({ "state": to }), &format!("✓ {}", sam_state(&to)))
        }
        SamCommand::Show { place, number } => {
            let counter = Counter::open(place).await?;
            let found = sam(&counter.desk(), counter.owner, sam_number(&number)?).await?;
            let value = json!({
                "number": number, "kind": found.kind, "state": found.state, "holder": found.holder,
            });
            let state = sam_state(&found.state);
            told(json, value, &format!("{} {number}: {state} {} {}", found.kind, found.state, found.holder))
        }
    }
}

/// A SAM's state in Chinese.
fn sam_state(state: &str) -> &'static str {
    SAM_STATES.iter().find(|(name, ..)| *name == state).map_or("", |(_, zh, _)| zh)
}
