//! Options of `front`.

use super::DataArgs;
use clap::Subcommand;
use std::path::PathBuf;

#[derive(Subcommand)]
pub(crate) enum FrontCommand {
    /// 开立成员机构的传输账户；口令可选，从文件读取 / open a member's account for transfers; its password, if any, from a file
    Add {
        #[command(flatten)]
        data: DataArgs,
        /// 登录名 / login
        #[arg(long)]
        login: String,
        /// 成员代码，8 位 / the member's code, 8 digits
        #[arg(long)]
        member: String,
        /// 允许的地址段，逗号分隔；不给则不限 / address ranges it may come from; any when absent
        #[arg(long, default_value = "")]
        addresses: String,
        /// 口令文件 / file with the password
        #[arg(long)]
        password_file: Option<PathBuf>,
        /// 暂存配额，字节 / bytes that may lie in the spool
        #[arg(long, default_value_t = tongka_link::front::QUOTA_BYTES)]
        quota_bytes: u64,
        /// 暂存配额，文件数 / files that may lie in the spool
        #[arg(long, default_value_t = tongka_link::front::QUOTA_FILES)]
        quota_files: u64,
        /// 同时连接数 / connections at a time
        #[arg(long, default_value_t = 8)]
        connections: u32,
    },
    /// 登记账户的 SSH 公钥（OpenSSH 格式，一行） / register a public SSH key of an account, in OpenSSH's form
    Key {
        #[command(flatten)]
        data: DataArgs,
        /// 登录名 / login
        #[arg(long)]
        login: String,
        /// 公钥文件 / file with the public key
        #[arg(long)]
        public_key: PathBuf,
        /// 有效起始日 / first day it is valid
        #[arg(long)]
        from: String,
        /// 有效截止日 / last day it is valid
        #[arg(long)]
        to: String,
    },
    /// 吊销公钥 / revoke a key
    Revoke {
        #[command(flatten)]
        data: DataArgs,
        /// 登录名 / login
        #[arg(long)]
        login: String,
        /// 公钥指纹 / its fingerprint
        #[arg(long)]
        fingerprint: String,
    },
    /// 生成清算中心的 SM2 签名密钥文件，口令从文件读取；打印公钥，交各成员机构 / make the centre's SM2 key file, with which files for members are signed; prints the public key for the members
    Keygen {
        /// 密钥文件，不得已存在 / the key file; it must not exist
        #[arg(long)]
        out: PathBuf,
        /// 口令文件 / file with the passphrase
        #[arg(long)]
        passphrase_file: PathBuf,
    },
    /// 账户与公钥 / accounts and their keys
    List {
        #[command(flatten)]
        data: DataArgs,
    },
}
