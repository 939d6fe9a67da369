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
        /// 余额上限（分） / highest balance, fen
        #[arg(long, default_value_t = 100_000)]
        max_balance: i64,
        /// 押金（分） / deposit, fen
        #[arg(long, default_value_t = 0)]
        deposit: i64,
        /// 有效年数 / years of validity
        #[arg(long, default_value_t = 10)]
        years: u8,
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
    Stock {
        #[command(flatten)]
        place: CardPlace,
    },
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
    /// 两名保管员共同生成制卡数据文件 / two custodians write the card data file of an order
    Data {
        #[command(flatten)]
        place: KeyPlace,
        /// 两名保管员，依次输入口令 / two custodians, who enter their passphrases
        #[arg(long = "as", num_args = 2, value_names = ["CUSTODIAN", "CUSTODIAN"])]
        custodians: Vec<String>,
        /// 订单号 / number of the order
        #[arg(long)]
        order: i64,
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
        /// 反馈文件 / the file
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
