//! `key` and `audit`: what custodians and auditors do.

use crate::args::{
    AlgorithmArg, AuditCommand, DataArgs, FactorArgs, KeyCommand, KeyPlace, LevelArg, NewKeyArgs, ProposeCommand,
    SchemeArg, StateArg,
};
use crate::output::{hex, table};
use serde_json::json;
use std::error::Error;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use tongka_base::{CardScheme, SystemClock};
use tongka_crypto::Key16;
use tongka_hsm::pool::Pool;
use tongka_hsm::{Component, Usage, algorithm_name};
use tongka_key::{
    Action, Desk, Done, Factors, Finding, KeyError, KeyState, Level, Login, ManagedKey, NewKey, OpenCeremony,
    Participant, admit, approve, custodians, enrol, inventory, propose, refuse, requests,
};
use tongka_storage::{Db, Scope, TenantCode};

type Outcome = Result<ExitCode, Box<dyn Error>>;

/// What a command works with, opened.
pub(super) struct Office {
    db: Db,
    hsm: Pool,
    pub(super) owner: TenantCode,
}

impl Office {
    pub(super) async fn open(place: &KeyPlace) -> Result<Self, Box<dyn Error>> {
        let db = super::centre::open_or_make(&place.data).await?;
        Ok(Self { db, hsm: super::hsm::open(&place.hsm)?, owner: TenantCode(place.owner) })
    }

    pub(super) fn desk(&self) -> Desk<'_> {
        Desk { db: &self.db, hsm: &self.hsm, clock: &SystemClock }
    }
}

/// Reads a line; a secret one is not shown where it is typed.
fn ask(prompt: &str, secret: bool) -> Result<String, Box<dyn Error>> {
    if std::io::stdin().is_terminal() {
        if secret {
            return Ok(rpassword::prompt_password(format!("{prompt}: "))?);
        }
        eprint!("{prompt}: ");
        std::io::stderr().flush()?;
    }
    let mut line = String::new();
    if std::io::stdin().read_line(&mut line)? == 0 {
        return Err(KeyError::Missing(prompt.to_owned()).into());
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

pub(super) fn ask_passphrase(name: &str) -> Result<String, Box<dyn Error>> {
    ask(&format!("{name} 的口令 passphrase"), true)
}

fn bytes<const N: usize>(text: &str, what: &str) -> Result<[u8; N], KeyError> {
    let digits = (0..text.len()).step_by(2).map(|at| text.get(at..at + 2).and_then(|d| u8::from_str_radix(d, 16).ok()));
    let bytes: Option<Vec<u8>> = digits.collect();
    // The text may be a secret: it is not repeated.
    bytes
        .and_then(|b| b.try_into().ok())
        .ok_or_else(|| KeyError::Value(format!("{what}: {} 位十六进制 hex digits", 2 * N)))
}

/// What a key command ends with where the books or the device have no part in it.
async fn noted<T>(
    office: &Office,
    who: (&str, &str, &str),
    outcome: Result<T, Box<dyn Error>>,
) -> Result<T, Box<dyn Error>> {
    let outcome = match outcome {
        Ok(value) => Ok(value),
        Err(error) => Err(*error.downcast::<KeyError>()?),
    };
    let (actor, action, object) = who;
    Ok(office.desk().audited((office.owner, actor, action, object), outcome).await?)
}

fn new_key(args: &NewKeyArgs) -> Result<NewKey, KeyError> {
    let NewKeyArgs { name, usage, algorithm, version, index, scheme, level } = args.clone();
    let known = || Usage::ALL.iter().map(|u| u.code()).collect::<Vec<_>>().join(" ");
    let unknown = || KeyError::Value(format!("未知用途 unknown usage {usage}: {}", known()));
    let usage = Usage::parse(&usage).ok_or_else(unknown)?;
    let scheme = scheme.map(|scheme| char::from(card_scheme(scheme).letter()));
    let level = match level {
        LevelArg::National => Level::National,
        LevelArg::Issuer => Level::Issuer,
        LevelArg::Service => Level::Service,
    };
    Ok(NewKey { name, usage, sm4: matches!(algorithm, AlgorithmArg::Sm4), version, index, scheme, level })
}

pub(crate) async fn run(command: KeyCommand, json: bool) -> Outcome {
    match command {
        KeyCommand::Enrol { place, name, from, to, administrator } => {
            let office = Office::open(&place).await?;
            let passphrase = ask_passphrase(&name)?;
            let login = Login::new(office.owner, &name, &passphrase);
            enrol(&office.desk(), &administrator, login, from, to).await?;
            told(json, json!({ "ok": true, "custodian": name }), &format!("✓ 已登记 registered: {name}"))
        }
        KeyCommand::Ceremony { place, key, custodians, leader, kcv, minutes } => {
            let office = Office::open(&place).await?;
            let made = hold_ceremony(&office, &key, custodians, &leader, kcv.as_deref()).await?;
            std::fs::write(&minutes, made.html()).map_err(|e| format!("{}: {e}", minutes.display()))?;
            let kcv = hex(&made.kcv);
            let text = format!("✓ 已合成 made: {}，KCV {kcv}，记录 minutes {}", made.key.name, minutes.display());
            told(json, json!({ "key": made.key.name, "kcv": kcv, "minutes": minutes }), &text)
        }
        KeyCommand::Propose(command) => {
            let (place, custodian, name, action) = action(command)?;
            let office = Office::open(&place).await?;
            let action = noted(&office, (&custodian, "key.propose", &name), action.map_err(Into::into)).await?;
            let passphrase = ask_passphrase(&custodian)?;
            let login = Login::new(office.owner, &custodian, &passphrase);
            let id = propose(&office.desk(), login, &action).await?;
            let text = format!(
                "✓ 已申请 proposed: 申请号 request {id}（{} {}），待另一名保管员复核",
                action.word(),
                action.object()
            );
            told(json, json!({ "request": id }), &text)
        }
        KeyCommand::Approve { place, id, custodian, out } => {
            let office = Office::open(&place).await?;
            let passphrase = ask_passphrase(&custodian)?;
            let login = Login::new(office.owner, &custodian, &passphrase);
            match approve(&office.desk(), login, id).await? {
                Done::Made { kcv } => {
                    let kcv = hex(&kcv);
                    told(json, json!({ "request": id, "kcv": kcv }), &format!("✓ 已完成 done: KCV {kcv}"))
                }
                Done::Moved => told(json, json!({ "request": id }), "✓ 已完成 done"),
                Done::Block(block) => {
                    let block = String::from_utf8(block.0)?;
                    if let Some(out) = &out {
                        std::fs::write(out, &block).map_err(|e| format!("{}: {e}", out.display()))?;
                    }
                    let text =
                        out.map_or_else(|| block.clone(), |out| format!("✓ 密钥块 key block: {}", out.display()));
                    told(json, json!({ "request": id, "block": block }), &text)
                }
            }
        }
        KeyCommand::Refuse { place, id, custodian } => {
            let office = Office::open(&place).await?;
            let passphrase = ask_passphrase(&custodian)?;
            let login = Login::new(office.owner, &custodian, &passphrase);
            refuse(&office.desk(), login, id).await?;
            told(json, json!({ "request": id }), &format!("✓ 已驳回 refused: {id}"))
        }
        KeyCommand::Requests { place, custodian } => {
            let office = admitted(&place, &custodian).await?;
            list_requests(&office, json).await
        }
        KeyCommand::Inventory { place, custodian } => {
            let office = admitted(&place, &custodian).await?;
            show_inventory(&inventory(&office.desk(), office.owner).await?, json)
        }
        KeyCommand::Custodians { place, custodian } => {
            let office = admitted(&place, &custodian).await?;
            list_custodians(&office, json).await
        }
    }
}

/// An office in which a custodian of its owner may look.
async fn admitted(place: &KeyPlace, custodian: &str) -> Result<Office, Box<dyn Error>> {
    let office = Office::open(place).await?;
    let passphrase = ask_passphrase(custodian)?;
    admit(&office.desk(), Login::new(office.owner, custodian, &passphrase)).await?;
    Ok(office)
}

/// Custodians enter their components one after the other; whatever is wrong ends the ceremony, and is noted.
async fn hold_ceremony(
    office: &Office,
    key: &NewKeyArgs,
    custodians: usize,
    leader: &str,
    kcv: Option<&str>,
) -> Result<tongka_key::Minutes, Box<dyn Error>> {
    let desk = office.desk();
    let of_leader = (leader, "key.ceremony", key.name.as_str());
    let new = noted(office, of_leader, new_key(key).map_err(Into::into)).await?;
    let kcv = kcv.map(|kcv| bytes(kcv, "KCV").map_err(Into::into)).transpose();
    let kcv = noted(office, of_leader, kcv).await?;
    let mut begun = OpenCeremony::open(&desk, leader, office.owner, &new, custodians).await?;
    for n in 1..=custodians {
        let name = ask(&format!("第 {n} 名保管员 custodian {n}"), false);
        let name = noted(office, of_leader, name).await?;
        let read = || -> Result<(String, Component), Box<dyn Error>> {
            let passphrase = ask_passphrase(&name)?;
            let value = bytes(&ask("分量 component", true)?, "分量 component")?;
            let kcv = bytes(&ask("分量校验值 KCV of the component", false)?, "KCV")?;
            Ok((passphrase, Component { value: Key16::new(value), kcv }))
        };
        let (passphrase, component) = noted(office, (&name, "key.ceremony.enter", &new.name), read()).await?;
        let login = Login::new(office.owner, &name, &passphrase);
        begun.enter(&desk, Participant { login, component }).await?;
    }
    Ok(begun.complete(&desk, kcv).await?)
}

async fn list_custodians(office: &Office, json: bool) -> Outcome {
    let list = custodians(&office.desk(), office.owner).await?;
    if json {
        let rows = list
            .iter()
            .map(|c| json!({ "name": c.name, "from": c.from.to_string(), "to": c.to.to_string(), "locked": c.locked }));
        println!("{}", json!({ "custodians": rows.collect::<Vec<_>>() }));
        return Ok(ExitCode::SUCCESS);
    }
    let row = |c: tongka_key::Custodian| {
        let locked = if c.locked { "✗ 已锁定" } else { "" };
        vec![c.name, c.from.to_string(), c.to.to_string(), locked.to_owned()]
    };
    let rows: Vec<Vec<String>> = list.into_iter().map(row).collect();
    print!("{}", table(&["保管员", "任期自", "任期至", "状态"], &rows));
    Ok(ExitCode::SUCCESS)
}

fn factors(args: FactorArgs) -> Factors {
    Factors { levels: args.factor, issuer: args.issuer, serial: args.serial }
}

pub(super) fn card_scheme(scheme: SchemeArg) -> CardScheme {
    match scheme {
        SchemeArg::T => CardScheme::TUnion,
        SchemeArg::M => CardScheme::Mohurd,
    }
}

fn told(as_json: bool, value: serde_json::Value, text: &str) -> Outcome {
    println!("{}", if as_json { value.to_string() } else { text.to_owned() });
    Ok(ExitCode::SUCCESS)
}

/// Place, custodian and key of a proposal, and its action where it could be read.
type Proposed = (KeyPlace, String, String, Result<Action, KeyError>);

fn action(command: ProposeCommand) -> Result<Proposed, Box<dyn Error>> {
    Ok(match command {
        ProposeCommand::Generate { place, key, custodian } => {
            (place, custodian, key.name.clone(), new_key(&key).map(|key| Action::Generate { key }))
        }
        ProposeCommand::Derive { place, key, parent, factors: levels, to, custodian } => {
            let action = |key| Action::Derive { parent, factors: factors(levels), to, key };
            (place, custodian, key.name.clone(), new_key(&key).map(action))
        }
        ProposeCommand::Export { place, name, factors: levels, under, custodian } => {
            (place, custodian, name.clone(), Ok(Action::Export { name, factors: factors(levels), under }))
        }
        ProposeCommand::Import { place, key, under, block, custodian } => {
            let block = std::fs::read_to_string(&block).map_err(|e| format!("{}: {e}", block.display()))?;
            let action = |key| Action::Import { key, under, block: block.trim().to_owned() };
            (place, custodian, key.name.clone(), new_key(&key).map(action))
        }
        ProposeCommand::Move { place, name, to, custodian } => {
            let to = match to {
                StateArg::Active => KeyState::Active,
                StateArg::Suspended => KeyState::Suspended,
                StateArg::Retired => KeyState::Retired,
                StateArg::Revoked => KeyState::Revoked,
                StateArg::Destroyed => KeyState::Destroyed,
            };
            (place, custodian, name.clone(), Ok(Action::Move { name, to }))
        }
    })
}

async fn list_requests(office: &Office, json: bool) -> Outcome {
    let list = requests(&office.desk(), office.owner).await?;
    if json {
        let rows = list.iter().map(|r| {
            json!({
                "id": r.id, "action": r.action.word(), "object": r.action.object(), "proposer": r.proposer,
                "proposed_at": r.proposed_at, "state": r.state, "decided_by": r.decided_by,
            })
        });
        println!("{}", json!({ "requests": rows.collect::<Vec<_>>() }));
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = list
        .into_iter()
        .map(|r| {
            let state = match r.state.as_str() {
                "open" => "待复核 open",
                "done" => "已完成 done",
                _ => "已驳回 refused",
            };
            let (word, object) = (r.action.word().to_owned(), r.action.object().to_owned());
            vec![
                r.id.to_string(),
                word,
                object,
                r.proposer,
                r.proposed_at,
                state.to_owned(),
                r.decided_by.unwrap_or_default(),
            ]
        })
        .collect();
    print!("{}", table(&["申请号>", "操作", "密钥", "申请人", "申请时间", "状态", "复核人"], &rows));
    Ok(ExitCode::SUCCESS)
}

fn show_inventory(findings: &[Finding], as_json: bool) -> Outcome {
    let told = |finding: &Finding| -> (Option<ManagedKey>, String, &'static str, &'static str) {
        match finding {
            Finding::Sound(key) => (Some(key.clone()), key.spec.name.clone(), "sound", "✓"),
            Finding::Missing(key) => (Some(key.clone()), key.spec.name.clone(), "missing", "✗ 设备上没有"),
            Finding::Differs(key) => (Some(key.clone()), key.spec.name.clone(), "differs", "✗ 校验值不符"),
            Finding::Remains(key) => (Some(key.clone()), key.spec.name.clone(), "remains", "✗ 已销毁但仍在设备上"),
            Finding::Unknown(name) => (None, name.clone(), "unknown", "✗ 不在台账"),
        }
    };
    let rows: Vec<_> = findings.iter().map(told).collect();
    let sound = rows.iter().all(|row| row.2 == "sound");
    if as_json {
        let rows = rows.iter().map(|(key, name, finding, _)| {
            let known = key.as_ref().map(|key| {
                json!({
                    "usage": key.spec.usage.code(), "algorithm": algorithm_name(key.spec.algorithm),
                    "version": key.spec.version, "index": key.spec.index, "level": key.level.name(),
                    "scheme": key.scheme.map(|s| s.to_string()),
                    "state": key.state.name(), "kcv": hex(&key.kcv), "parent": key.parent, "made_at": key.made_at,
                })
            });
            json!({ "name": name, "finding": finding, "key": known })
        });
        println!("{}", json!({ "ok": sound, "keys": rows.collect::<Vec<_>>() }));
    } else {
        let rows: Vec<Vec<String>> = rows
            .into_iter()
            .map(|(key, name, _, mark)| match key {
                None => {
                    vec![name, String::new(), String::new(), String::new(), String::new(), String::new(), mark.into()]
                }
                Some(key) => vec![
                    name,
                    format!("{} {}", key.spec.usage.code(), key.spec.usage.text_zh()),
                    algorithm_name(key.spec.algorithm).to_owned(),
                    format!("{:02X}/{:02X}", key.spec.version, key.spec.index),
                    key.state.text_zh().to_owned(),
                    hex(&key.kcv),
                    mark.to_owned(),
                ],
            })
            .collect();
        print!("{}", table(&["密钥", "用途", "算法", "版本/索引", "状态", "校验值", "设备核对"], &rows));
    }
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

pub(crate) async fn audit(command: AuditCommand, json: bool) -> Outcome {
    let open = async |data: &DataArgs| super::centre::open(data).await;
    match command {
        AuditCommand::List { data, after, limit } => {
            let list = tongka_audit::entries(&open(&data).await?, Scope::Platform, after, limit).await?;
            if json {
                let rows = list.iter().map(|e| {
                    json!({
                        "sequence": e.sequence, "at": e.at, "owner": e.owner, "actor": e.actor, "action": e.action,
                        "object": e.object, "outcome": e.outcome, "detail": e.detail, "hash": e.hash,
                    })
                });
                println!("{}", json!({ "entries": rows.collect::<Vec<_>>() }));
                return Ok(ExitCode::SUCCESS);
            }
            let rows: Vec<Vec<String>> = list
                .into_iter()
                .map(|e| {
                    vec![
                        e.sequence.to_string(),
                        e.at,
                        e.owner.to_string(),
                        e.actor,
                        e.action,
                        e.object,
                        e.outcome,
                        e.detail,
                    ]
                })
                .collect();
            print!("{}", table(&["序号>", "时间", "所有者>", "人员", "操作", "对象", "结果", "说明"], &rows));
            Ok(ExitCode::SUCCESS)
        }
        AuditCommand::Verify { data, noted } => {
            let noted = noted
                .map(|noted| {
                    let (sequence, hash) = noted.split_once(':').ok_or("NUMBER:HASH")?;
                    Ok::<_, Box<dyn Error>>((sequence.parse::<i64>()?, hash.to_owned()))
                })
                .transpose()?;
            let earlier = noted.as_ref().map(|(sequence, hash)| (*sequence, hash.as_str()));
            let found = tongka_audit::verify(&open(&data).await?, earlier).await?;
            let sound = found.faults.is_empty();
            let head = format!("{}:{}", found.entries, found.head);
            if json {
                println!("{}", json!({ "ok": sound, "entries": found.entries, "head": head, "faults": found.faults }));
            } else {
                for (sequence, what) in &found.faults {
                    println!("✗ {sequence}: {what}");
                }
                let word = if sound {
                    "✓ 审计链完好 the audit log is sound"
                } else {
                    "✗ 审计链被改动 the audit log was changed"
                };
                println!("{word}\n记录 entries {}，链尾 head {head}（请另行保存 keep it elsewhere）", found.entries);
            }
            Ok(if sound { ExitCode::SUCCESS } else { ExitCode::from(1) })
        }
    }
}
