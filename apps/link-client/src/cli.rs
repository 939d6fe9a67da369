//! The command line.

use crate::books::{Books, Step, shown_at};
use crate::client::{Client, Places, Request};
use crate::config::{Config, EXAMPLE};
use crate::convert::source::{Stop, check_name, write_reject};
use crate::convert::{Profile, convert};
use crate::status::{self, Status};
use crate::{ClientCode, ClientError, service};
use clap::{Parser, Subcommand};
use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use tongka_base::date::parse_date_lenient;
use tongka_base::{Clock, SystemClock};
use tongka_link::{disk, sign};
use tongka_wire::FileName;

/// 通卡传输客户端：成员机构与清算中心之间收发文件 / Tongka transfer client: a member's files to and from the centre
#[derive(Parser)]
#[command(name = "tongka-link", version, arg_required_else_help = true)]
struct Args {
    /// 配置文件 / configuration file
    #[arg(long, global = true, default_value = "tongka-link.toml")]
    config: PathBuf,
    /// 以 JSON 输出结果 / print results as JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// 建立文件夹并写出带注释的配置 / make the folders and a commented configuration
    Init {
        /// 文件夹 / folder
        #[arg(long)]
        folder: PathBuf,
    },
    /// 持续运行，Ctrl-C 或 SIGTERM 停止 / run until Ctrl-C or SIGTERM
    Run,
    /// 运行一轮；退出码 0 全部完成，2 有文件未发出或被拒，1 出错 / one round; 0 all done, 2 something left or refused, 1 failed
    Once,
    /// 当前状态 / how things stand
    Status,
    /// 一个文件的来龙去脉；不给文件名则列出最近 / the fate of a file; the latest ones without a name
    Log {
        /// 文件名 / name
        name: Option<String>,
    },
    /// 重发存档中的文件：一个，或一段文件日期 / send files of the archive again: one, or a range of file dates
    Resend {
        /// 文件名 / name
        #[arg(required_unless_present = "from")]
        name: Option<String>,
        /// 起始文件日期 / first file date
        #[arg(long, requires = "to", conflicts_with = "name")]
        from: Option<String>,
        /// 截止文件日期 / last file date
        #[arg(long, requires = "from")]
        to: Option<String>,
    },
    /// 确认已处理某文件的问题，状态页不再提示 / what is wrong with a file was seen: it is not shown any more
    Ack {
        /// 文件名，或源文件名 / name of a file or of a source file
        name: String,
    },
    /// 离线做中心的文件检查 / the centre's file checks, offline
    Check {
        /// 文件 / file
        file: PathBuf,
        /// 机构代码；默认取自文件名 / member; that of the name when absent
        #[arg(long)]
        member: Option<String>,
    },
    /// 试转换一个本市格式文件，不取序号、不发送 / try a conversion; no sequence number is given out, nothing is sent
    Convert {
        /// 源文件 / source file
        file: PathBuf,
        /// 模板；默认取自配置 / profile; that of the configuration when absent
        #[arg(long)]
        profile: Option<PathBuf>,
        /// 输出文件夹：records.txt 与 rejects.txt / folder for records.txt and rejects.txt
        #[arg(long)]
        out: PathBuf,
    },
    /// 生成 SM2 签名密钥，打印公钥 / make an SM2 signing key and print its public key
    Keygen {
        /// 密钥文件 / key file
        #[arg(long)]
        out: PathBuf,
        /// 口令所在的环境变量，至少 12 位 / environment variable of the passphrase, at least 12 characters
        #[arg(long, default_value = "TONGKA_LINK_PASSPHRASE")]
        passphrase_env: String,
    },
}

/// Runs the command line.
pub fn main() -> ExitCode {
    let args = Args::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info,russh=warn".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let json = args.json;
    match run(args) {
        Ok(code) => code,
        Err(error) => {
            if json {
                println!("{}", serde_json::json!({ "code": error.code_text(), "error": error.to_string() }));
            }
            eprintln!("错误 error: {error}");
            ExitCode::from(1)
        }
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, ClientError> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().map_err(|e| ClientError::new(ClientCode::Io, e))
}

fn run(args: Args) -> Result<ExitCode, ClientError> {
    let read = || Config::read(&args.config);
    let clock = || -> Arc<dyn Clock> { Arc::new(SystemClock) };
    match args.command {
        Command::Init { folder } => init(&folder),
        Command::Run => {
            let client = Client::open(read()?, clock())?;
            runtime()?.block_on(service::run(client, stopped()))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Once => {
            let mut client = Client::open(read()?, clock())?;
            let (round, left) = runtime()?.block_on(service::once(&mut client))?;
            let values = [round.sent, round.placed, round.converted, round.refused];
            if args.json {
                let [sent, placed, converted, refused] = values;
                let value = serde_json::json!({
                    "sent": sent, "placed": placed, "converted": converted, "refused": refused, "left": left
                });
                println!("{value}");
            } else {
                let [sent, placed, converted, refused] = values;
                println!("发送 sent {sent}  取回 placed {placed}  转换 converted {converted}  拒绝 refused {refused}");
            }
            Ok(ExitCode::from(if left || round.refused > 0 { 2 } else { 0 }))
        }
        Command::Status => {
            let status = status::read(&read()?, SystemClock.now())?;
            if args.json {
                println!("{}", serde_json::to_string_pretty(&status).expect("plain data"));
            } else {
                print_status(&status);
            }
            Ok(ExitCode::from(if status.troubles.is_empty() { 0 } else { 2 }))
        }
        Command::Log { name } => log(&read()?, name.as_deref(), args.json),
        Command::Resend { name, from, to } => resend(&read()?, name, from.as_deref().zip(to.as_deref())),
        Command::Ack { name } => {
            Request::Ack(name).leave(&Places::new(&read()?.folders))?;
            println!("已登记，下一轮生效 noted, holds from the next round");
            Ok(ExitCode::SUCCESS)
        }
        Command::Check { file, member } => check(&file, member.as_deref(), args.json),
        Command::Convert { file, profile, out } => {
            let profile = match profile {
                Some(path) => {
                    let text = std::fs::read_to_string(&path).map_err(ClientError::io(&path))?;
                    Profile::parse(&text).map_err(|e| ClientError::new(ClientCode::Profile, e))?
                }
                None => read()?
                    .read_profile()?
                    .ok_or_else(|| ClientError::new(ClientCode::Profile, "未配置 none configured"))?,
            };
            try_conversion(&file, &profile, &out)
        }
        Command::Keygen { out, passphrase_env } => {
            let missing = |_| ClientError::new(ClientCode::Key, format!("环境变量未设置 not set: {passphrase_env}"));
            let passphrase = zeroize::Zeroizing::new(std::env::var(&passphrase_env).map_err(missing)?);
            let public = sign::make_key_file(&out, &passphrase)?;
            if args.json {
                println!("{}", serde_json::json!({ "public_key": public }));
            } else {
                println!("公钥，请登记到中心 public key, to be registered with the centre:\n{public}");
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Ready when the process is asked to stop.
async fn stopped() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}

fn init(folder: &Path) -> Result<ExitCode, ClientError> {
    let config = folder.join("tongka-link.toml");
    if config.exists() {
        return Err(ClientError::new(ClientCode::Config, format!("已存在 exists: {}", config.display())));
    }
    for name in ["outbox/raw", "outbox/refused", "inbox/converted", "archive", "work", "keys", "profiles"] {
        disk::make_dir(&folder.join(name))?;
    }
    for (name, text) in PROFILES {
        disk::write_file(&folder.join("profiles").join(name), text.as_bytes())?;
    }
    disk::write_file(&config, EXAMPLE.as_bytes())?;
    println!("已写出 written: {}\n请填写后运行 fill it in, then: tongka-link --config {0} run", config.display());
    Ok(ExitCode::SUCCESS)
}

/// The example profiles.
const PROFILES: [(&str, &str); 3] = [
    ("jiaxing-sp.toml", include_str!("../profiles/jiaxing-sp.toml")),
    ("jiaxing-sp-extended.toml", include_str!("../profiles/jiaxing-sp-extended.toml")),
    ("guangzhou-cpu.toml", include_str!("../profiles/guangzhou-cpu.toml")),
];

fn print_status(status: &Status) {
    let Status { member, name, target, live, today, .. } = status;
    println!("{name} {member} → {target}");
    println!("运行中 running: {}", if status.running { "是 yes" } else { "否 no" });
    let contact = live.last_contact.as_deref().map_or("—".into(), shown_at);
    let off = live.clock_off_s.map_or("—".into(), |s| format!("{s} s"));
    println!("最近连通 last contact: {contact}   时差 clock: {off}   连续失败 failures: {}", live.failures);
    println!(
        "今日 today: 待发 waiting {}  送达 delivered {}  接受 accepted {}  拒绝 refused {}  取回 fetched {}",
        today.waiting, today.delivered, today.accepted, today.refused, today.fetched
    );
    for e in &status.expected {
        println!(
            "应送 expected: {} {}/{} {}{}",
            e.kind,
            e.delivered,
            e.files,
            e.by,
            if e.late { "  迟 late" } else { "" }
        );
    }
    for trouble in &status.troubles {
        println!("! {} {} {} {}", shown_at(&trouble.at), trouble.code, trouble.file, trouble.text);
    }
    for (title, lines) in [("发出 outgoing", &status.outgoing), ("收到 incoming", &status.incoming)] {
        println!("\n{title}");
        for line in lines.iter().take(20) {
            println!("{}  {:<34} {}({})  {}", shown_at(&line.at), line.name, line.state_zh, line.state, line.remark);
        }
    }
}

fn log(config: &Config, name: Option<&str>, json: bool) -> Result<ExitCode, ClientError> {
    let books = crate::journal::Journal::read(&Places::new(&config.folders).journal())?;
    let Some(name) = name else {
        let status = status::read(config, SystemClock.now())?;
        for line in status.outgoing.iter().chain(&status.incoming) {
            println!("{}  {}  {}({})  {}", shown_at(&line.at), line.name, line.state_zh, line.state, line.remark);
        }
        return Ok(ExitCode::SUCCESS);
    };
    let history = history(&books, name).ok_or_else(|| ClientError::new(ClientCode::NotFound, name))?;
    if json {
        println!("{}", serde_json::to_string_pretty(&history).expect("plain data"));
        return Ok(ExitCode::SUCCESS);
    }
    for step in history {
        let times = if step.times > 1 { format!(" ×{}", step.times) } else { String::new() };
        println!("{}  {:<10} {} {}{times}", shown_at(&step.at), step.state, step.code, step.detail);
    }
    Ok(ExitCode::SUCCESS)
}

fn history(books: &Books, name: &str) -> Option<Vec<Step>> {
    if let Some(file) = books.out.get(name) {
        return Some(file.history.clone());
    }
    if let Some(file) = books.incoming.get(name) {
        return Some(file.history.clone());
    }
    let (_, raw) = books.raw.iter().find(|(digest, raw)| raw.source == name || *digest == name)?;
    let detail = format!("{} → {}", raw.detail, raw.names.join(" "));
    let step = Step { at: raw.at.clone(), state: raw.state.name().into(), code: raw.code.clone(), detail, times: 1 };
    Some(vec![step])
}

fn resend(config: &Config, name: Option<String>, range: Option<(&str, &str)>) -> Result<ExitCode, ClientError> {
    let places = Places::new(&config.folders);
    let books = crate::journal::Journal::read(&places.journal())?;
    let names: Vec<String> = match (name, range) {
        (Some(name), _) => vec![name],
        (None, Some((from, to))) => {
            let day = |text: &str| {
                parse_date_lenient(text)
                    .ok_or_else(|| ClientError::new(ClientCode::Config, format!("日期 date: {text}")))
            };
            let (from, to) = (day(from)?, day(to)?);
            let within = |name: &&String| FileName::parse(name).is_ok_and(|n| (from..=to).contains(&n.date));
            books.out.keys().filter(within).cloned().collect()
        }
        (None, None) => Vec::new(),
    };
    for name in &names {
        if !books.out.contains_key(name) {
            return Err(ClientError::new(ClientCode::NotFound, name));
        }
        Request::Resend(name.clone()).leave(&places)?;
    }
    println!("{} 个文件将在下一轮重发 files are sent again in the next round", names.len());
    Ok(ExitCode::SUCCESS)
}

fn check(path: &Path, member: Option<&str>, json: bool) -> Result<ExitCode, ClientError> {
    let text = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let bad_name = |e| ClientError::new(ClientCode::Name, format!("F01 {e}"));
    let name = FileName::parse(&text).map_err(bad_name)?;
    let member = match member {
        Some(text) => tongka_base::MemberCode::parse(text.as_bytes())
            .ok_or_else(|| ClientError::new(ClientCode::Config, format!("member {text}")))?,
        None => name.member,
    };
    let refusal = crate::client::check_file(path, &name, member)?;
    if json {
        let (code, why) = refusal.clone().unwrap_or_default();
        println!("{}", serde_json::json!({ "file": text, "ok": refusal.is_none(), "code": code, "detail": why }));
    } else {
        match &refusal {
            Some((code, why)) => println!("{text}: {code} {why}"),
            None => println!("{text}: 通过 passes F01, F03–F06"),
        }
    }
    Ok(ExitCode::from(if refusal.is_some() { 2 } else { 0 }))
}

fn try_conversion(file: &Path, profile: &Profile, out: &Path) -> Result<ExitCode, ClientError> {
    disk::make_dir(out)?;
    let missing = profile.missing();
    if !missing.is_empty() {
        println!("原格式与模板均未给出 neither layout nor profile gives: {}", missing.join(", "));
    }
    let create = |name: &str| File::create(out.join(name)).map(BufWriter::new).map_err(ClientError::io(out));
    let (mut records, mut rejects) = (create("records.txt")?, create("rejects.txt")?);
    let mut source = BufReader::new(disk::open_plain(file).map_err(ClientError::io(file))?);
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let done = check_name(profile, &name).map_err(Stop::File).and_then(|()| {
        let mut reject = |r: &_| write_reject(r, &mut rejects);
        convert(profile, &mut source, u64::MAX, &mut |line| records.write_all(line), &mut reject)
    });
    match done {
        Ok(done) => {
            records.flush().and_then(|()| rejects.flush()).map_err(ClientError::io(out))?;
            println!("转换 converted {}  略过 skipped {}  拒绝 rejected {}", done.records, done.skipped, done.rejected);
            Ok(ExitCode::from(if done.rejected > 0 { 2 } else { 0 }))
        }
        Err(Stop::File(fault)) => Err(ClientError::new(ClientCode::Source, fault)),
        Err(Stop::Io(error)) => Err(ClientError::io(file)(error)),
    }
}
