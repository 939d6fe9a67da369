//! `tongka-reader`: cards in PC/SC readers. An executable of its own, so that the server needs no system library.

mod emulate;
mod journal;
mod personalise;
mod show;

use crate::journal::Journal;
use clap::{Parser, Subcommand, ValueEnum};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tongka_base::Algorithm;
use tongka_card::profile::Profile;
use tongka_card::{Card, Random};
use tongka_crypto::Key16;

/// 通卡读写器：PC/SC 读卡器中的卡片与软卡 / Tongka reader: cards in PC/SC readers, and a software card
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Args {
    /// 以 JSON 输出结果 / print results as JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Copy, ValueEnum)]
enum AlgorithmArg {
    #[value(name = "3des")]
    Tdes,
    Sm4,
}

#[derive(Subcommand)]
enum Command {
    /// 制作一张软件白卡（卡片文件含密钥，仅供测试） / make a blank software card; its file holds keys, for tests only
    Blank {
        /// 卡片文件 / card file
        #[arg(long)]
        card: PathBuf,
        /// 保存卡商密钥（32 位十六进制）的环境变量名 / environment variable that holds the maker's key, 32 hex digits
        #[arg(long)]
        maker_key_env: String,
        /// 卡商密钥算法 / algorithm of the maker's key
        #[arg(long, value_enum, default_value = "sm4")]
        algorithm: AlgorithmArg,
    },
    /// 经 vpcd 驱动将软卡放入虚拟读卡器，运行到被终止 / put a software card into the virtual reader of vpcd until ended
    Emulate {
        /// 卡片文件，每条命令后更新 / card file, kept up to date after each command
        #[arg(long)]
        card: PathBuf,
        /// vpcd 驱动的地址 / address of the vpcd driver
        #[arg(long, default_value = "127.0.0.1:35963")]
        address: String,
        /// 事件日志：记下格式错误的命令；默认卡片文件名加 .events / event log of malformed commands, beside the card file
        #[arg(long)]
        events: Option<PathBuf>,
    },
    /// 个人化：为订单的下一张卡写入文件与密钥，读回并校验测试 MAC / write the next card of an order, read back, test
    Personalise {
        /// 制卡数据文件 / card data file
        #[arg(long)]
        order: PathBuf,
        /// 反馈文件：每写好一张追加一行，已有的不再写 / feedback: a line for each card written; those in it are done
        #[arg(long)]
        feedback: PathBuf,
        /// 事件日志，与反馈一并交回；默认反馈文件名加 .events / event log that goes back with the feedback, beside it
        #[arg(long)]
        events: Option<PathBuf>,
        /// 数据格式文件，可多次；平台格式与交通联合格式内置 / profiles of other forms of card data
        #[arg(long)]
        profile: Vec<PathBuf>,
        /// 保存卡商密钥的环境变量名 / environment variable of the maker's key, 32 hex digits
        #[arg(long, default_value = "TONGKA_MAKER_KEY")]
        maker_key_env: String,
        /// 保存传输密钥的环境变量名 / environment variable of the transport key
        #[arg(long, default_value = "TONGKA_TRANSPORT_KEY")]
        transport_key_env: String,
        /// 保存文件 MAC 密钥的环境变量名 / environment variable of the file key
        #[arg(long, default_value = "TONGKA_FILE_KEY")]
        file_key_env: String,
        /// 三个密钥的算法 / algorithm of the three keys
        #[arg(long, value_enum, default_value = "sm4")]
        algorithm: AlgorithmArg,
        /// 读卡器名称（可为一部分） / reader, by part of its name
        #[arg(long)]
        reader: Option<String>,
    },
    /// 读卡器列表 / readers
    Readers,
    /// 读取卡片公共信息、余额与交易记录 / read a card's public information, balance and log
    Show {
        /// 读卡器名称（可为一部分）；默认第一个有卡的 / reader, by part of its name; by default the first with a card
        #[arg(long)]
        reader: Option<String>,
    },
}

fn main() -> ExitCode {
    let args = Args::parse();
    match run(args.command, args.json) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("错误 error: {error}");
            ExitCode::from(1)
        }
    }
}

fn run(command: Command, json: bool) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Blank { card, maker_key_env, algorithm } => blank(&card, &maker_key_env, algorithm),
        Command::Emulate { card, address, events } => {
            let events = events.unwrap_or_else(|| Journal::beside(&card, ".events"));
            emulate::run(&card, &address, &Journal::unsealed(&events))
        }
        Command::Personalise {
            order,
            feedback,
            events,
            profile,
            maker_key_env,
            transport_key_env,
            file_key_env,
            algorithm,
            reader,
        } => {
            let events = events.unwrap_or_else(|| Journal::beside(&feedback, ".events"));
            let desk = personalise::Desk {
                order: &order,
                feedback: &feedback,
                events: &events,
                profiles: profiles(&profile)?,
                maker: key(&maker_key_env)?,
                transport: key(&transport_key_env)?,
                file: key(&file_key_env)?,
                algorithm: algorithm.into(),
            };
            personalise::run(&desk, reader.as_deref(), json)
        }
        Command::Readers => show::readers(json),
        Command::Show { reader } => show::card(reader.as_deref(), json),
    }
}

/// The profiles of the program, and those of files.
fn profiles(files: &[PathBuf]) -> Result<Vec<Profile>, Box<dyn Error>> {
    let mut all = Profile::known();
    for file in files {
        let text = std::fs::read_to_string(file).map_err(|e| format!("Q01 {}: {e}", file.display()))?;
        // A file goes before the program's own of the same form.
        all.insert(0, Profile::parse(&text).map_err(|e| format!("Q21 {}: {e}", file.display()))?);
    }
    Ok(all)
}

impl From<AlgorithmArg> for Algorithm {
    fn from(algorithm: AlgorithmArg) -> Self {
        match algorithm {
            AlgorithmArg::Tdes => Self::Tdes,
            AlgorithmArg::Sm4 => Self::Sm4,
        }
    }
}

/// A key from the environment; it is never shown.
fn key(variable: &str) -> Result<Key16, Box<dyn Error>> {
    let missing = || format!("Q03 环境变量 {variable} 须为 32 位十六进制 it must be 32 hex digits");
    let text = zeroize::Zeroizing::new(std::env::var(variable).map_err(|_| missing())?.to_uppercase());
    let mut bytes = zeroize::Zeroizing::new([0; 16]);
    if !tongka_base::id::parse_hex(text.as_bytes(), &mut *bytes) {
        return Err(missing().into());
    }
    Ok(Key16::new(*bytes))
}

/// Random numbers of a card, from the operating system.
fn random() -> Random {
    Box::new(|out| rand::fill(out))
}

fn blank(path: &Path, maker_key_env: &str, algorithm: AlgorithmArg) -> Result<(), Box<dyn Error>> {
    if path.exists() {
        return Err(format!("Q02 卡片文件已存在 the card file exists: {}", path.display()).into());
    }
    let maker = key(maker_key_env)?;
    let card = Card::blank(maker, algorithm.into(), random());
    emulate::save(path, &card.to_bytes())?;
    println!("✓ 白卡 blank card: {}", path.display());
    Ok(())
}
