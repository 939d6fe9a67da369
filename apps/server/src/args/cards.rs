//! Commands of card management.

use super::{DataArgs, keys::KeyPlace};
use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Whose cards, and who acts.
#[derive(ClapArgs, Clone)]
pub(crate) struct CardPlace {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// 所有者：租户代码 / owner: a tenant's code
    #[arg(long)]
    pub(crate) owner: i64,
    /// 经办人（记入审计） / who acts, for the audit log
    #[arg(long, default_value = "operator")]
    pub(crate) actor: String,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum SchemeArg {
    /// 交通联合 / T-Union
    T,
    /// 住建部 / MOHURD
    M,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum KeySetsArg {
    /// 仅 3DES / 3DES only
    #[value(name = "3des")]
    Tdes,
    /// 仅 SM4 / SM4 only
    Sm4,
    /// 两组并存 / both side by side
    Both,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum DestinationArg {
    /// 制卡厂 / a card bureau
    Bureau,
    /// 自有读写器 / own readers
    Own,
}

#[derive(Subcommand)]
pub(crate) enum StockCommand {
    /// 库存台账：按产品与所在 / the stock ledger, by product and account
    Show {
        #[command(flatten)]
        place: CardPlace,
    },
    /// 调拨：将在库的卡移到另一网点 / move cards in stock to another store
    Transfer {
        #[command(flatten)]
        place: CardPlace,
        /// 产品编号 / product
        #[arg(long)]
        product: String,
        /// 调出网点 / from
        #[arg(long, default_value = "MAIN")]
        from: String,
        /// 调入网点 / to
        #[arg(long)]
        to: String,
        /// 自此卡号起；默认最小卡号 / from this number on
        #[arg(long)]
        first: Option<String>,
        /// 张数 / how many
        #[arg(long)]
        count: u64,
    },
    /// 库存流水 / movements, newest first
    Log {
        #[command(flatten)]
        place: CardPlace,
        /// 最多条数 / at most so many
        #[arg(long, default_value_t = 100)]
        limit: i64,
    },
    /// 盘点：台账与卡片状态逐项核对 / compare the ledger with the cards
    Check {
        #[command(flatten)]
        place: CardPlace,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum SamArg {
    /// 消费 / purchases
    Psam,
    /// 充值 / loads
    Isam,
}

#[derive(Subcommand)]
pub(crate) enum SamCommand {
    /// 登记一段终端机编号，与任何已登记编号重叠则拒绝 / register consecutive terminal numbers
    Register {
        #[command(flatten)]
        place: CardPlace,
        /// 种类 / kind
        #[arg(long, value_enum)]
        kind: SamArg,
        /// 首个终端机编号，12 位十六进制 / first terminal number, 12 hex digits
        #[arg(long)]
        first: String,
        /// 张数 / how many
        #[arg(long)]
        count: u64,
    },
    /// 两名保管员共同生成制作数据文件 / two custodians write the data file
    Data {
        #[command(flatten)]
        place: KeyPlace,
        /// 两名保管员，依次输入口令 / two custodians, who enter their passphrases
        #[arg(long = "as", num_args = 2, value_names = ["CUSTODIAN", "CUSTODIAN"])]
        custodians: Vec<String>,
        /// 种类 / kind
        #[arg(long, value_enum)]
        kind: SamArg,
        /// 卡体系，选取该体系的密钥 / card scheme whose keys it holds
        #[arg(long, value_enum)]
        scheme: Option<SchemeArg>,
        /// 首个终端机编号 / first terminal number
        #[arg(long)]
        first: String,
        /// 张数 / how many
        #[arg(long)]
        count: u64,
        /// 传输密钥 / transport key
        #[arg(long)]
        transport: String,
        /// 文件 MAC 密钥 / file key
        #[arg(long)]
        file_key: String,
        /// 输出文件，不得已存在 / the file, which must not exist
        #[arg(long)]
        out: PathBuf,
    },
    /// 变更状态：in_use stopped destroyed / another state
    Move {
        #[command(flatten)]
        place: CardPlace,
        /// 终端机编号 / terminal number
        #[arg(long)]
        number: String,
        /// 新状态 / new state
        #[arg(long)]
        to: String,
        /// 领用方：启用时必填 / who gets it, when it goes into use
        #[arg(long)]
        holder: Option<String>,
    },
    /// 查询 / one SAM
    Show {
        #[command(flatten)]
        place: CardPlace,
        /// 终端机编号 / terminal number
        #[arg(long)]
        number: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum CardCommand {
    /// PSAM 与 ISAM / secure access modules
    #[command(subcommand)]
    Sam(SamCommand),
    /// 定义卡产品 / define a product
    Product {
        #[command(flatten)]
        place: CardPlace,
        /// 产品编号 / code
        #[arg(long)]
        code: String,
        /// 名称 / name
        #[arg(long)]
        name: String,
        /// 卡种 / scheme
        #[arg(long, value_enum)]
        scheme: SchemeArg,
        /// 卡号末位为校验位（交通联合） / numbers end in a check digit
        #[arg(long)]
        check_digit: bool,
        /// 发卡机构标识，16 位十六进制 / issuer id, 16 hex digits
        #[arg(long)]
        issuer: String,
        /// 省级与城市代码，8 位数字 / province and city, 8 digits
        #[arg(long, default_value = "00000000")]
        region: String,
        /// 卡种类型 / kind of card
        #[arg(long, default_value_t = 0)]
        kind: u8,
        /// 密钥组 / key sets
        #[arg(long, value_enum, default_value = "both")]
        keys: KeySetsArg,
        /// 余额上限（分） / highest balance, fen
        #[arg(long, default_value_t = 100_000)]
        max_balance: i64,
        /// 透支限额（分） / overdraft limit, fen
        #[arg(long, default_value_t = 0)]
        overdraft: i64,
        /// 押金（分） / deposit, fen
        #[arg(long, default_value_t = 0)]
        deposit: i64,
        /// 有效年数 / years of validity
        #[arg(long, default_value_t = 10)]
        years: u8,
        /// 自定文件内容，可多次：文件[/读/写]=模板，如 adf-05=01{region}00*35 / contents of a file, as a pattern
        #[arg(long)]
        file: Vec<String>,
    },
    /// 分配号段，与任何已分配号段重叠则拒绝 / allot numbers; an overlap with any segment is refused
    Segment {
        #[command(flatten)]
        place: CardPlace,
        /// 产品编号 / product
        #[arg(long)]
        product: String,
        /// 制卡商 / maker
        #[arg(long)]
        maker: String,
        /// 首号 / first number
        #[arg(long)]
        first: i64,
        /// 末号 / last number
        #[arg(long)]
        last: i64,
    },
    /// 号段余量 / what is left of the segments
    Segments {
        #[command(flatten)]
        place: CardPlace,
    },
    /// 卡片库存 / the stock of cards
    #[command(subcommand)]
    Stock(StockCommand),
    /// 下制卡订单 / order cards
    Order {
        #[command(flatten)]
        place: CardPlace,
        /// 产品编号 / product
        #[arg(long)]
        product: String,
        /// 制卡商 / maker
        #[arg(long)]
        maker: String,
        /// 张数 / number of cards
        #[arg(long)]
        count: u64,
    },
    /// 订单清单 / orders
    Orders {
        #[command(flatten)]
        place: CardPlace,
    },
    /// 订单的各部分 / the parts of an order
    Parts {
        #[command(flatten)]
        place: CardPlace,
        /// 订单号 / number of the order
        #[arg(long)]
        order: i64,
    },
    /// 核验制卡数据文件的 MAC 与格式，结果记入审计 / check a card data file; what came of it is in the audit log
    CheckFile {
        #[command(flatten)]
        place: KeyPlace,
        /// 经办人（记入审计） / who acts, for the audit log
        #[arg(long, default_value = "operator")]
        actor: String,
        /// 文件 MAC 密钥 / file key
        #[arg(long)]
        file_key: String,
        /// 数据格式文件，可多次 / profiles of other forms
        #[arg(long)]
        profile: Vec<PathBuf>,
        /// 制卡数据文件 / the file
        file: PathBuf,
    },
    /// 两名保管员共同生成制卡数据文件，可按部分交付 / two custodians write a card data file of an order, whole or a part
    Data {
        #[command(flatten)]
        place: KeyPlace,
        /// 两名保管员，依次输入口令 / two custodians, who enter their passphrases
        #[arg(long = "as", num_args = 2, value_names = ["CUSTODIAN", "CUSTODIAN"])]
        custodians: Vec<String>,
        /// 订单号 / number of the order
        #[arg(long)]
        order: i64,
        /// 本部分张数；默认全部未交付的 / cards of this part; by default all that are left
        #[arg(long)]
        count: Option<u64>,
        /// 由谁个人化 / who personalises them
        #[arg(long = "for", value_enum, default_value = "bureau")]
        destination: DestinationArg,
        /// 数据格式：tongka、tunion（部标 15 项密钥）或格式文件 / form: tongka, tunion, or a profile file
        #[arg(long, default_value = "tongka")]
        form: String,
        /// 传输密钥 / transport key
        #[arg(long)]
        transport: String,
        /// 文件 MAC 密钥 / file key
        #[arg(long)]
        file_key: String,
        /// 输出文件，不得已存在 / the file, which must not exist
        #[arg(long)]
        out: PathBuf,
    },
    /// 导入制卡反馈：每行“卡号,ok”或“卡号,failed” / take a maker's feedback
    Feedback {
        #[command(flatten)]
        place: CardPlace,
        /// 订单号 / number of the order
        #[arg(long)]
        order: i64,
        /// 部分号 / part of the order
        #[arg(long, default_value_t = 1)]
        part: u16,
        /// 读写器事件日志：自有读写器的反馈必附 / the reader's event log, due from own readers
        #[arg(long, requires = "file_key", requires = "hsm")]
        events: Option<PathBuf>,
        /// 文件 MAC 密钥，核验事件日志 / file key, by which the event log is checked
        #[arg(long)]
        file_key: Option<String>,
        /// 加密机配置文件 / configuration of the devices
        #[arg(long)]
        hsm: Option<PathBuf>,
        /// 反馈文件 / the file
        file: PathBuf,
    },
    /// 将读写器的非订单事件日志记入审计 / take a reader's event log that belongs to no order into the audit log
    Events {
        #[command(flatten)]
        place: CardPlace,
        /// 事件日志 / the log
        file: PathBuf,
    },
    /// 变更卡状态 / move a card to another state
    Move {
        #[command(flatten)]
        place: CardPlace,
        /// 卡号 / number
        #[arg(long)]
        number: String,
        /// 新状态：issued active lost blocked returned replaced destroyed 等 / new state
        #[arg(long)]
        to: String,
        /// 回库网点 / store it comes back to
        #[arg(long)]
        store: Option<String>,
    },
    /// 查询一张卡 / one card
    Show {
        #[command(flatten)]
        place: CardPlace,
        /// 卡号 / number
        #[arg(long)]
        number: String,
    },
}
