//! Options of `account`.

use super::DataArgs;
use clap::Subcommand;
use std::path::PathBuf;

#[derive(Subcommand)]
pub(crate) enum AccountCommand {
    /// 开立账号并授予角色（在服务器上）；口令从文件读取或现场输入 / open an account with roles, at the server itself
    Add {
        #[command(flatten)]
        data: DataArgs,
        /// 登录名 / login
        #[arg(long)]
        login: String,
        /// 姓名 / the person's name
        #[arg(long)]
        name: String,
        /// 工号：同一人的各账号相同 / staff number, the same in all accounts of one person
        #[arg(long)]
        person: String,
        /// 归属：centre、member:代码、tenant:编号 / whom it belongs to
        #[arg(long, default_value = "centre")]
        owner: String,
        /// 角色，可多次 / roles, may be repeated
        #[arg(long = "role", required = true)]
        roles: Vec<String>,
        /// 口令文件；不给则现场输入 / file with the password; asked for when absent
        #[arg(long)]
        password_file: Option<PathBuf>,
    },
    /// 账号列表 / the accounts
    List {
        #[command(flatten)]
        data: DataArgs,
    },
    /// 角色列表 / the roles
    Roles {
        #[command(flatten)]
        data: DataArgs,
    },
}
