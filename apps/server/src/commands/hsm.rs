//! `hsm`: devices as they are configured: what they are, how they do, how fast they are; and a simulated one.

use crate::args::HsmCommand;
use crate::output::{grouped, hex, table};
use serde_json::json;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tongka_base::Algorithm;
use tongka_crypto::{SessionInput, Sm4SessionPadding, TacInput};
use tongka_hsm::device::{Device, server_tls};
use tongka_hsm::pool::{Health, Limits, Pool};
use tongka_hsm::profile::{Profile, RACAL_LIKE};
use tongka_hsm::soft::SoftHsm;
use tongka_hsm::{Hsm, KeyInfo, KeyRef, KeySpec, Session, Usage, algorithm_name};

type Outcome = Result<ExitCode, Box<dyn Error>>;

pub(crate) fn run(command: HsmCommand, json: bool) -> Outcome {
    match command {
        HsmCommand::Check { config, count } => check(&open(&config)?, count, json),
        HsmCommand::Keys { config } => keys(&open(&config)?.keys()?, json),
        HsmCommand::Bench { config, seconds, threads } => {
            let pool = match config {
                Some(config) => open(&config)?,
                None => sample()?,
            };
            bench(&pool, Duration::from_secs(seconds), threads, json)
        }
        HsmCommand::Backup { keystore, passphrase_env, out, out_passphrase_env } => {
            if !keystore.exists() {
                return Err(format!("{} 不存在 does not exist", keystore.display()).into());
            }
            let hsm = SoftHsm::open(&keystore, secret(&passphrase_env)?.as_bytes())?;
            hsm.backup(&out, secret(&out_passphrase_env)?.as_bytes())?;
            println!("✓ 已备份 backed up: {}，密钥 keys {}", out.display(), hsm.keys()?.len());
            Ok(ExitCode::SUCCESS)
        }
        HsmCommand::Simulate { listen, keystore, passphrase_env, profile, tls_cert, tls_key, tls_client_ca } => {
            let tls = tls_cert.zip(tls_key);
            let tls = tls.map(|(cert, key)| server_tls(&cert, &key, tls_client_ca.as_deref())).transpose()?;
            simulate(&listen, &keystore, &passphrase_env, profile.as_deref(), tls)
        }
    }
}

pub(crate) fn open(config: &Path) -> Result<Pool, Box<dyn Error>> {
    let text = std::fs::read_to_string(config).map_err(|e| format!("{}: {e}", config.display()))?;
    Ok(tongka_hsm::config::open(&text, config.parent().unwrap_or(Path::new(".")))?)
}

/// A soft device with one load and one TAC key of each algorithm.
fn sample() -> Result<Pool, Box<dyn Error>> {
    let hsm = SoftHsm::in_memory();
    for (usage, algorithm) in [
        (Usage::Load, Algorithm::Tdes),
        (Usage::Load, Algorithm::Sm4),
        (Usage::Tac, Algorithm::Tdes),
        (Usage::Tac, Algorithm::Sm4),
    ] {
        let name = format!("{}-{}", usage.code(), algorithm_name(algorithm)).to_lowercase();
        hsm.generate(&KeySpec { name, usage, algorithm, version: 1, index: 1 })?;
    }
    Ok(Pool::new(vec![("soft".to_owned(), Arc::new(hsm))], Limits::default())?)
}

fn check(pool: &Pool, count: u32, json: bool) -> Outcome {
    let asked = pool.check_each(count);
    let health = pool.health();
    let all = asked.iter().all(|(_, outcome)| outcome.is_ok());
    if json {
        let rows = health.iter().zip(&asked).map(|(h, (info, outcome))| {
            let mut row = health_json(h);
            row["driver"] = info.driver.into();
            row["model"] = info.model.as_str().into();
            row["notes"] = json!(info.notes);
            row["error"] = json!(outcome.as_ref().err().map(ToString::to_string));
            row
        });
        println!("{}", json!({ "ok": all, "devices": rows.collect::<Vec<_>>() }));
    } else {
        for (h, (info, outcome)) in health.iter().zip(&asked) {
            let state = outcome.as_ref().map_or_else(|e| format!("✗ {e}"), |()| "✓ 正常 answers".to_owned());
            println!("{}（{}，{}）: {state}", h.name, info.driver, info.model);
            for note in &info.notes {
                println!("  {note}");
            }
        }
        println!();
        print!("{}", health_table(&health));
    }
    Ok(if all { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn health_json(h: &Health) -> serde_json::Value {
    json!({
        "name": h.name, "in_use": h.in_use, "commands": h.commands, "failures": h.failures, "p50_us": h.p50_us,
        "p99_us": h.p99_us, "last_error": h.last_error,
    })
}

fn health_table(health: &[Health]) -> String {
    let row = |h: &Health| -> Vec<String> {
        let numbers = [h.commands, h.failures, h.p50_us, h.p99_us].map(grouped);
        let state = if h.in_use { "✓ 在用" } else { "✗ 停用" };
        [h.name.clone(), state.to_owned()].into_iter().chain(numbers).collect()
    };
    let rows: Vec<Vec<String>> = health.iter().map(row).collect();
    table(&["设备", "状态", "命令>", "失败>", "p50 µs ≤>", "p99 µs ≤>"], &rows)
}

fn keys(keys: &[KeyInfo], json: bool) -> Outcome {
    if json {
        let rows = keys.iter().map(|KeyInfo { spec, kcv }| {
            json!({
                "name": spec.name, "usage": spec.usage.code(), "algorithm": algorithm_name(spec.algorithm),
                "version": spec.version, "index": spec.index, "kcv": hex(kcv),
            })
        });
        println!("{}", json!({ "keys": rows.collect::<Vec<_>>() }));
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = keys
        .iter()
        .map(|KeyInfo { spec, kcv }| {
            let usage = format!("{} {}", spec.usage.code(), spec.usage.text_zh());
            let algorithm = algorithm_name(spec.algorithm).to_owned();
            vec![spec.name.clone(), usage, algorithm, spec.version.to_string(), spec.index.to_string(), hex(kcv)]
        })
        .collect();
    print!("{}", table(&["密钥", "用途", "算法", "版本>", "索引>", "校验值"], &rows));
    Ok(ExitCode::SUCCESS)
}

/// Records of one call of batch verification.
const BATCH: usize = 10_000;

fn bench(pool: &Pool, time: Duration, threads: usize, json: bool) -> Outcome {
    let mut results = Vec::new();
    let keys = pool.keys()?;
    for KeyInfo { spec, .. } in keys.iter().filter(|k| k.spec.usage == Usage::Load) {
        let session = Session {
            input: SessionInput { random: [0x91, 0xA2, 0xB3, 0xC4], counter: [0, 0x45], tail: [0x80, 0] },
            padding: Sm4SessionPadding::Pad80,
        };
        let factors = [[0x42, 0x90, 0, 0, 0, 1, 0x23, 0x45]];
        let key = KeyRef { name: &spec.name, factors: &factors };
        let mac1 = pool.session_mac(key, session, &[1; 15])?;
        let rate = measure(threads, time, 1, &|| pool.authorise(key, session, &[1; 15], mac1, &[2; 18]).map(drop))?;
        results.push((format!("圈存 MAC1 验证 + MAC2 {}", spec.name), "load MAC1 check + MAC2", rate));
    }
    for KeyInfo { spec, .. } in keys.iter().filter(|k| k.spec.usage == Usage::Tac) {
        let factor = [[7; 8]];
        let one = KeyRef { name: &spec.name, factors: &factor };
        let rate = measure(threads, time, 1, &|| pool.tac(one, &[7; 22]).map(drop))?;
        results.push((format!("单笔 TAC {}", spec.name), "single TAC", rate));
        let card = |n: usize| TacInput { issuer_key: 0, card_factor: (n as u64).to_be_bytes(), data: [n as u8; 22] };
        let records: Vec<TacInput> = (0..BATCH).map(card).collect();
        let tacs = vec![[0; 4]; BATCH];
        let rate = measure(threads, time, BATCH as u64, &|| {
            pool.verify_tacs(&[KeyRef::stored(&spec.name)], &records, &tacs, &mut vec![false; BATCH])
        })?;
        results.push((format!("批量 TAC 验证 {}", spec.name), "batch TAC verification", rate));
    }
    if results.is_empty() {
        return Err("设备上没有圈存或TAC密钥 there is no load or TAC key on the devices".into());
    }
    let health = pool.health();
    if json {
        let rows = results.iter().map(|(zh, en, rate)| json!({ "what": en, "zh": zh, "per_second": rate }));
        let devices = health.iter().map(health_json);
        println!("{}", json!({ "results": rows.collect::<Vec<_>>(), "devices": devices.collect::<Vec<_>>() }));
        return Ok(ExitCode::SUCCESS);
    }
    for (zh, en, rate) in &results {
        println!("{:>12} 次/秒 per second   {zh} {en}", grouped(*rate));
    }
    println!();
    print!("{}", health_table(&health));
    Ok(ExitCode::SUCCESS)
}

/// Units per second of a command done by several threads for some time; the first error ends it.
fn measure(
    threads: usize,
    time: Duration,
    units: u64,
    command: &(dyn Fn() -> Result<(), tongka_hsm::HsmError> + Sync),
) -> Result<u64, Box<dyn Error>> {
    let done = AtomicU64::new(0);
    let started = Instant::now();
    std::thread::scope(|scope| {
        let work = || -> Result<(), tongka_hsm::HsmError> {
            while started.elapsed() < time {
                command()?;
                done.fetch_add(units, Ordering::Relaxed);
            }
            Ok(())
        };
        let threads: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|t| t.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })?;
    let per_second = u128::from(done.into_inner()) * 1_000_000_000 / started.elapsed().as_nanos().max(1);
    Ok(u64::try_from(per_second).unwrap_or(u64::MAX))
}

fn secret(variable: &str) -> Result<String, Box<dyn Error>> {
    Ok(std::env::var(variable).map_err(|_| format!("环境变量 {variable} 未设置 the environment has no {variable}"))?)
}

fn simulate(
    listen: &str,
    keystore: &Path,
    passphrase_env: &str,
    profile: Option<&Path>,
    tls: Option<Arc<rustls::ServerConfig>>,
) -> Outcome {
    let hsm = SoftHsm::open(keystore, secret(passphrase_env)?.as_bytes())?;
    let profile = match profile {
        None => Profile::parse(RACAL_LIKE)?,
        Some(path) => Profile::parse(&std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?)?,
    };
    let name = profile.name.clone();
    let secured = if tls.is_some() { "，TLS" } else { "" };
    let device = Device::start(listen, profile, Arc::new(hsm), tls).map_err(|e| format!("{listen}: {e}"))?;
    println!(
        "加密机模拟器 device simulator: {}{secured}，协议 profile {name}，密钥库 keystore {}",
        device.address(),
        keystore.display()
    );
    println!("仅供测试：密钥与本机软件一样安全。For tests only: its keys are as safe as software on this machine.");
    // Until the process is ended.
    loop {
        std::thread::park();
    }
}
