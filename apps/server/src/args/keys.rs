//! Commands of keys and of the devices that hold them.

use super::{DataArgs, SchemeArg, date};
use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use std::path::PathBuf;
use tongka_base::Date;

#[derive(Subcommand)]
pub(crate) enum HsmCommand {
    /// 逐台检查配置中的设备：是否应答、健康与时延 / ask every configured device: whether it answers, health, latency
    Check {
        /// 设备配置文件 / configuration of the devices
        #[arg(long)]
        config: PathBuf,
        /// 每台询问次数 / how often each is asked
        #[arg(long, default_value_t = 20)]
        count: u32,
    },
    /// 密钥清单：名称、用途、算法、版本与校验值，不显示密钥 / the keys: names and check values, never a key
    Keys {
        /// 设备配置文件 / configuration of the devices
        #[arg(long)]
        config: PathBuf,
    },
    /// 测速：圈存授权与批量 TAC 验证 / measure load authorisation and batch TAC verification
    Bench {
        /// 设备配置文件；不给则测本机软加密机 / configuration of the devices; without it the soft device
        #[arg(long)]
        config: Option<PathBuf>,
        /// 每项秒数 / seconds for each measurement
        #[arg(long, default_value_t = 2)]
        seconds: u64,
        /// 并发线程数 / threads
        #[arg(long, default_value_t = 2)]
        threads: usize,
    },
    /// 在网络上模拟一台加密机，运行到被终止 / answer as a device on the network until ended
    Simulate {
        /// 监听地址 / address to listen on
        #[arg(long, default_value = "127.0.0.1:8000")]
        listen: String,
        /// 密钥库文件，不存在则新建 / keystore file, made if it is not there
        #[arg(long)]
        keystore: PathBuf,
        /// 保存口令的环境变量名 / name of the environment variable that holds the passphrase
        #[arg(long, default_value = "TONGKA_HSM_PASSPHRASE")]
        passphrase_env: String,
        /// 设备协议文件；默认内置 racal-like / profile file; by default the one that comes with the program
        #[arg(long)]
        profile: Option<PathBuf>,
        /// TLS 证书链（PEM），与 --tls-key 同用 / certificate chain for TLS
        #[arg(long, requires = "tls_key")]
        tls_cert: Option<PathBuf>,
        /// TLS 证书的私钥（PEM） / its private key
        #[arg(long, requires = "tls_cert")]
        tls_key: Option<PathBuf>,
        /// 只接受持有此机构所签证书的客户端（PEM） / take only clients with a certificate of these authorities
        #[arg(long, requires = "tls_cert")]
        tls_client_ca: Option<PathBuf>,
    },
    /// 备份软密钥库到另一口令下的新文件；恢复即以该文件为密钥库 / back a soft keystore up under another passphrase; to restore, use the backup as the keystore, or back it up again
    Backup {
        /// 密钥库文件 / keystore file
        #[arg(long)]
        keystore: PathBuf,
        /// 保存口令的环境变量名 / name of the environment variable that holds its passphrase
        #[arg(long, default_value = "TONGKA_HSM_PASSPHRASE")]
        passphrase_env: String,
        /// 备份文件，不得已存在 / the backup, which must not exist
        #[arg(long)]
        out: PathBuf,
        /// 保存备份口令的环境变量名 / name of the environment variable that holds the backup's passphrase
        #[arg(long)]
        out_passphrase_env: String,
    },
}

/// Whose keys, and where.
#[derive(ClapArgs, Clone)]
pub(crate) struct KeyPlace {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// 加密机配置文件 / configuration of the devices
    #[arg(long)]
    pub(crate) hsm: PathBuf,
    /// 所有者：0 为清算中心，其余为租户代码 / owner: 0 for the centre, else a tenant's code
    #[arg(long, default_value_t = 0)]
    pub(crate) owner: i64,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum AlgorithmArg {
    #[value(name = "3des")]
    Tdes,
    Sm4,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum LevelArg {
    National,
    Issuer,
    Service,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum StateArg {
    Active,
    Suspended,
    Retired,
    Revoked,
    Destroyed,
}

/// Factors of the levels between two keys.
#[derive(ClapArgs, Clone)]
pub(crate) struct FactorArgs {
    /// 分散因子模板，每级一个，自上而下，如 3050FF0000000000、{issuer:0..4}FFFFFFFF、{serial:2..10} / factors, one a level
    #[arg(long)]
    pub(crate) factor: Vec<String>,
    /// 发卡机构标识，供模板 {issuer} / issuer id for the field issuer, 16 hex digits
    #[arg(long)]
    pub(crate) issuer: Option<String>,
    /// 应用序列号，供模板 {serial} / application serial for the field serial, 20 hex digits
    #[arg(long)]
    pub(crate) serial: Option<String>,
}

/// A key to be made.
#[derive(ClapArgs, Clone)]
pub(crate) struct NewKeyArgs {
    /// 密钥名称（所有者内唯一） / name of the key
    #[arg(long)]
    pub(crate) name: String,
    /// 用途：DPK、DLK、DTK、DAMK、ZMK、ZAK、SM2 等 / purpose, by its abbreviation
    #[arg(long)]
    pub(crate) usage: String,
    /// 算法 / algorithm
    #[arg(long, value_enum, default_value = "sm4")]
    pub(crate) algorithm: AlgorithmArg,
    /// 版本 / version
    #[arg(long, default_value_t = 1)]
    pub(crate) version: u8,
    /// 索引 / index
    #[arg(long, default_value_t = 1)]
    pub(crate) index: u8,
    /// 卡体系：T 交通联合，M 住建部；不给则通用 / card scheme the key is for; without it every scheme
    #[arg(long, value_enum)]
    pub(crate) scheme: Option<SchemeArg>,
    /// 层级 / place in the hierarchy
    #[arg(long, value_enum)]
    pub(crate) level: LevelArg,
}

#[derive(Subcommand)]
pub(crate) enum KeyCommand {
    /// 登记保管员或延长任期（从标准输入读口令） / register a custodian or give a new term; the passphrase is read
    Enrol {
        #[command(flatten)]
        place: KeyPlace,
        /// 保管员姓名 / name of the custodian
        #[arg(long)]
        name: String,
        /// 任期开始 / first day
        #[arg(long, value_parser = date)]
        from: Date,
        /// 任期结束 / last day
        #[arg(long, value_parser = date)]
        to: Date,
        /// 经办的管理员姓名（记入审计） / the administrator's name, for the audit log
        #[arg(long)]
        administrator: String,
    },
    /// 分量合成：每名保管员依次输入姓名、口令、分量与校验值 / a ceremony: each custodian enters name, passphrase, component, KCV
    Ceremony {
        #[command(flatten)]
        place: KeyPlace,
        #[command(flatten)]
        key: NewKeyArgs,
        /// 保管员人数，二至五 / number of custodians, two to five
        #[arg(long)]
        custodians: usize,
        /// 主持人 / who leads
        #[arg(long)]
        leader: String,
        /// 整个密钥的校验值（如已知） / check value of the whole key, where it is known
        #[arg(long)]
        kcv: Option<String>,
        /// 合成记录（HTML，打印签字） / the minutes, to print and sign
        #[arg(long)]
        minutes: PathBuf,
    },
    /// 申请一项操作，由另一名保管员复核 / propose something that another custodian approves
    #[command(subcommand)]
    Propose(ProposeCommand),
    /// 复核通过并执行 / approve a request and do it
    Approve {
        #[command(flatten)]
        place: KeyPlace,
        /// 申请号 / number of the request
        id: i64,
        /// 复核人 / who approves
        #[arg(long = "as")]
        custodian: String,
        /// 导出的密钥块写入此文件 / file for the block of an exported key
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// 驳回或撤回申请 / refuse or withdraw a request
    Refuse {
        #[command(flatten)]
        place: KeyPlace,
        /// 申请号 / number of the request
        id: i64,
        /// 办理人 / who refuses
        #[arg(long = "as")]
        custodian: String,
    },
    /// 申请清单，保管员可查 / requests, for custodians of the owner
    Requests {
        #[command(flatten)]
        place: KeyPlace,
        /// 查阅人，须为该所有者的保管员 / who looks: a custodian of the owner
        #[arg(long = "as")]
        custodian: String,
    },
    /// 密钥台账，与设备逐一核对；只显示校验值，保管员可查 / the keys in the books and on the device; check values only
    Inventory {
        #[command(flatten)]
        place: KeyPlace,
        /// 查阅人，须为该所有者的保管员 / who looks: a custodian of the owner
        #[arg(long = "as")]
        custodian: String,
    },
    /// 保管员名册，保管员可查 / the custodians, for one of them
    Custodians {
        #[command(flatten)]
        place: KeyPlace,
        /// 查阅人，须为该所有者的保管员 / who looks: a custodian of the owner
        #[arg(long = "as")]
        custodian: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum ProposeCommand {
    /// 生成随机密钥 / make a random key
    Generate {
        #[command(flatten)]
        place: KeyPlace,
        #[command(flatten)]
        key: NewKeyArgs,
        /// 申请人 / who proposes
        #[arg(long = "as")]
        custodian: String,
    },
    /// 由上级密钥分散（可多级）：清算中心分散租户密钥，或在本所有者内分散 / derive a key over one or more levels
    Derive {
        #[command(flatten)]
        place: KeyPlace,
        #[command(flatten)]
        key: NewKeyArgs,
        /// 上级密钥 / the key it comes from
        #[arg(long)]
        parent: String,
        #[command(flatten)]
        factors: FactorArgs,
        /// 归属租户代码 / whose the new key is
        #[arg(long)]
        to: i64,
        /// 申请人 / who proposes
        #[arg(long = "as")]
        custodian: String,
    },
    /// 在传输密钥下导出 / give a key out under a transport key
    Export {
        #[command(flatten)]
        place: KeyPlace,
        /// 密钥名称 / the key
        #[arg(long)]
        name: String,
        #[command(flatten)]
        factors: FactorArgs,
        /// 传输密钥 / transport key
        #[arg(long)]
        under: String,
        /// 申请人 / who proposes
        #[arg(long = "as")]
        custodian: String,
    },
    /// 由密钥块导入 / take a key in from a block
    Import {
        #[command(flatten)]
        place: KeyPlace,
        #[command(flatten)]
        key: NewKeyArgs,
        /// 传输密钥 / transport key
        #[arg(long)]
        under: String,
        /// 密钥块文件 / file of the block
        #[arg(long)]
        block: PathBuf,
        /// 申请人 / who proposes
        #[arg(long = "as")]
        custodian: String,
    },
    /// 变更状态：启用、暂停、停止发卡、吊销、销毁 / change a key's state
    Move {
        #[command(flatten)]
        place: KeyPlace,
        /// 密钥名称 / the key
        #[arg(long)]
        name: String,
        /// 新状态 / new state
        #[arg(long, value_enum)]
        to: StateArg,
        /// 申请人 / who proposes
        #[arg(long = "as")]
        custodian: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum AuditCommand {
    /// 审计记录 / the audit log
    List {
        #[command(flatten)]
        data: DataArgs,
        /// 只看此号之后 / entries after this number
        #[arg(long, default_value_t = 0)]
        after: i64,
        /// 最多条数 / at most so many
        #[arg(long, default_value_t = 200)]
        limit: i64,
    },
    /// 校验审计链 / verify the chain of the audit log
    Verify {
        #[command(flatten)]
        data: DataArgs,
        /// 先前记下的“序号:哈希” / an entry noted before, as NUMBER:HASH
        #[arg(long)]
        noted: Option<String>,
    },
}
