//! The command line: every command, option and help text, Chinese first.

mod accounts;
mod cards;
mod front;
mod keys;

pub(crate) use accounts::AccountCommand;
pub(crate) use cards::{
    CardCommand, CardPlace, DestinationArg, KeySetsArg, SamArg, SamCommand, SchemeArg, StockCommand,
};
pub(crate) use front::FrontCommand;
pub(crate) use keys::{
    AlgorithmArg, AuditCommand, FactorArgs, HsmCommand, KeyCommand, KeyPlace, LevelArg, NewKeyArgs, ProposeCommand,
    StateArg,
};

use clap::{Args as ClapArgs, Parser, Subcommand};
use std::path::PathBuf;
use tongka_base::date::parse_date_lenient;
use tongka_base::{Date, MemberCode};

/// 通卡：城市一卡通清算与卡云平台 / Tongka: transit-card clearing and card cloud
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
pub(crate) struct Args {
    /// 以 JSON 输出结果（供程序读取） / print results as JSON, for machines
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// 启动服务器：接口、页面、门户与后台 / start the server: API, console, portal, worker
    Serve(ServeArgs),
    /// 输出接口说明（OpenAPI 3.1） / print the OpenAPI document
    Openapi,
    /// 账号：开立首批账号 / accounts: the first ones of an installation
    #[command(subcommand)]
    Account(AccountCommand),
    /// 通信前置：成员机构的传输账户与公钥 / the front: accounts and keys of members
    #[command(subcommand)]
    Front(FrontCommand),
    /// 清分规则文件 / scheme files
    #[command(subcommand)]
    Scheme(SchemeCommand),
    /// 模拟数据 / simulated data
    #[command(subcommand)]
    Simulate(SimulateCommand),
    /// 导入外部数据 / import foreign data
    #[command(subcommand)]
    Import(ImportCommand),
    /// 清算中心 / the clearing centre
    #[command(subcommand)]
    Centre(CentreCommand),
    /// 总账 / the ledger
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// 加密机 / hardware security modules
    #[command(subcommand)]
    Hsm(HsmCommand),
    /// 密钥管理 / key management
    #[command(subcommand)]
    Key(KeyCommand),
    /// 卡管 / card management
    #[command(subcommand)]
    Card(CardCommand),
    /// 审计 / the audit log
    #[command(subcommand)]
    Audit(AuditCommand),
}

#[derive(ClapArgs)]
pub(crate) struct ServeArgs {
    /// 配置文件 / configuration file
    #[arg(long)]
    pub(crate) config: Option<PathBuf>,
    /// 监听地址 / address to listen on
    #[arg(long)]
    pub(crate) listen: Option<std::net::SocketAddr>,
    /// 数据目录 / data folder
    #[arg(long)]
    pub(crate) data: Option<PathBuf>,
    /// 只检查配置并输出（不含口令） / check the configuration and print it without passwords
    #[arg(long)]
    pub(crate) check: bool,
    /// 输出带注释的默认配置 / print a commented configuration to start from
    #[arg(long)]
    pub(crate) example: bool,
}

#[derive(Subcommand)]
pub(crate) enum SchemeCommand {
    /// 检查规则文件：有误则整份拒绝，列出文件、行号和原因 / check a scheme file: refused whole with file, line and reason
    Check {
        /// 规则文件 / scheme file
        file: PathBuf,
    },
}

#[derive(Subcommand)]
pub(crate) enum SimulateCommand {
    /// 模拟一个清算日的全部上送文件 / simulate all uploads of one clearing date
    Day {
        /// 清算日期 / clearing date, YYYY-MM-DD
        #[arg(long, value_parser = date)]
        date: Date,
        /// 成员机构数 / number of members
        #[arg(long, default_value_t = 30)]
        members: u32,
        /// 记录数 / number of records
        #[arg(long, default_value_t = 300_000)]
        records: u64,
        /// 随机种子：同一种子产生同样的字节 / seed: the same seed makes the same bytes
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// 差错比例（百分数，最多四位小数） / share of faults in percent, up to four decimals
        #[arg(long, default_value = "0", value_parser = percent_ppm)]
        faults: u32,
        /// 每个文件至多的记录数 / most records of a file
        #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        max_records_per_file: u32,
        /// 输出目录：DIR/scheme.toml、DIR/inbox、DIR/truth.csv / output folder
        #[arg(long)]
        out: PathBuf,
    },
}

#[derive(Subcommand)]
pub(crate) enum ImportCommand {
    /// 将真实刷卡记录转换为合规的上送文件 / turn real tap records into valid uploads
    Taps {
        /// 数据来源格式 / where the records are from
        #[arg(long, value_parser = ["shenzhen"])]
        from: String,
        /// 记录文件：JSON 页或 CSV，可为 .gz / records: JSON pages or CSV, .gz too
        file: PathBuf,
        /// 规则文件（测试密钥用于计算 TAC） / scheme file, whose test keys make the TACs
        #[arg(long)]
        scheme: PathBuf,
        /// 以哪个成员机构的名义上送；默认名称含“深圳”者 / the member that uploads; by default the one named 深圳
        #[arg(long, value_parser = member)]
        member: Option<MemberCode>,
        /// 将全部日期平移相同天数，使最后的结算日期为此日 / move all dates so that the last close date is this day
        #[arg(long, value_parser = date)]
        close_on: Option<Date>,
        /// 输出目录 / output folder
        #[arg(long)]
        out: PathBuf,
    },
}

/// Where an installation's data are.
#[derive(ClapArgs, Clone)]
pub(crate) struct DataArgs {
    /// 数据目录 / data folder
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// 数据库地址：sqlite:///路径 或 postgres://…；默认数据目录中的 SQLite / database URL; by default SQLite in the data folder
    #[arg(long, env = "TONGKA_DATABASE")]
    pub(crate) database: Option<String>,
}

#[derive(Subcommand)]
pub(crate) enum CentreCommand {
    /// 运行一个清算日：收文、日切、计费、轧差、证明、记账、发布、关账 / run one clearing date from open to closed
    RunDay {
        /// 规则文件 / scheme file
        #[arg(long)]
        scheme: PathBuf,
        /// 清算日期 / clearing date, YYYY-MM-DD
        #[arg(long, value_parser = date)]
        date: Date,
        /// 上送文件目录（只读） / folder of uploads, only read
        #[arg(long)]
        inbox: PathBuf,
        /// 回执和结果文件目录 / folder of receipts and result files
        #[arg(long)]
        outbox: PathBuf,
        #[command(flatten)]
        data: DataArgs,
        /// 线程数；默认全部核 / threads; all cores by default
        #[arg(long)]
        threads: Option<usize>,
    },
    /// 清算日列表及步骤 / clearing dates and their steps
    Days {
        #[command(flatten)]
        data: DataArgs,
    },
    /// 一个清算日的文件：回执、判定、结果文件 / files of a date: receipts, verdicts, result files
    Files {
        #[command(flatten)]
        data: DataArgs,
        /// 清算日期；默认最近一日 / clearing date; the last one by default
        #[arg(long, value_parser = date)]
        date: Option<Date>,
        /// 只看一个成员机构 / one member only
        #[arg(long, value_parser = member)]
        member: Option<MemberCode>,
    },
    /// 一个清算日的头寸与备付金 / positions and reserves of a date
    Positions {
        #[command(flatten)]
        data: DataArgs,
        /// 清算日期；默认最近一日 / clearing date; the last one by default
        #[arg(long, value_parser = date)]
        date: Option<Date>,
        /// 只看一个成员机构 / one member only
        #[arg(long, value_parser = member)]
        member: Option<MemberCode>,
    },
    /// 总账科目余额与分录 / ledger balances and transfers
    Ledger {
        #[command(flatten)]
        data: DataArgs,
        /// 只看一个科目的分录 / transfers of one account
        #[arg(long)]
        account: Option<String>,
        /// 只看一个成员机构 / one member only
        #[arg(long, value_parser = member)]
        member: Option<MemberCode>,
    },
    /// 一条记录的来龙去脉 / the trail of one record
    Explain {
        #[command(flatten)]
        data: DataArgs,
        /// 上送文件名 / name of the upload
        #[arg(long)]
        file: String,
        /// 记录序号 / record number
        #[arg(long)]
        record: u32,
    },
    /// 证明一个清算日：账、湖、原始文件三方重算比对 / prove a date: books, lake and raw files recomputed and compared
    Prove {
        #[command(flatten)]
        data: DataArgs,
        /// 清算日期 / clearing date, YYYY-MM-DD
        #[arg(long, value_parser = date)]
        date: Date,
        /// 用此目录的原始文件；默认用归档 / raw files of this folder; the archive by default
        #[arg(long)]
        inbox: Option<PathBuf>,
    },
}

#[derive(Subcommand)]
pub(crate) enum LedgerCommand {
    /// 校验总账：哈希链、余额、借贷平衡 / verify the ledger: hash chain, balances, debits = credits
    Verify {
        #[command(flatten)]
        data: DataArgs,
    },
}

fn date(text: &str) -> Result<Date, String> {
    parse_date_lenient(text).ok_or_else(|| "日期格式 YYYY-MM-DD / a date YYYY-MM-DD is expected".into())
}

fn member(text: &str) -> Result<MemberCode, String> {
    MemberCode::parse(text.as_bytes()).ok_or_else(|| "八位机构代码 / a member code of 8 digits is expected".into())
}

/// Percent with up to four decimals, as parts per million; no float.
fn percent_ppm(text: &str) -> Result<u32, String> {
    let bad = || "百分数，如 1 或 0.5 / a percentage such as 1 or 0.5 is expected".to_owned();
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 4 {
        return Err(bad());
    }
    let digits = format!("{whole}{decimals:0<4}");
    digits.parse().ok().filter(|ppm| *ppm <= 1_000_000).ok_or_else(bad)
}
