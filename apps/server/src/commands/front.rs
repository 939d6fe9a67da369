//! `front`: accounts and keys of members at the front.

use super::centre::{open, open_or_make};
use crate::args::FrontCommand;
use crate::output::table;
use serde_json::json;
use std::error::Error;
use std::process::ExitCode;
use tongka_base::date::parse_date_lenient;
use tongka_base::{Date, MemberCode, SystemClock};
use tongka_link::accounts::{NewAccount, accounts, add_account, add_key, keys, revoke_key};
use tongka_storage::Scope;

type Outcome = Result<ExitCode, Box<dyn Error>>;

/// Who works at the command line of the server.
const AT_THE_SERVER: &str = "console";

fn date(text: &str) -> Result<Date, Box<dyn Error>> {
    parse_date_lenient(text).ok_or_else(|| format!("Y20 日期 date YYYY-MM-DD: {text}").into())
}

/// Reads a file with a secret.
fn read(path: &std::path::Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("Y20 {}: {e}", path.display()))
}

pub(crate) async fn run(command: FrontCommand, as_json: bool) -> Outcome {
    let told = |value: serde_json::Value, text: String| {
        println!("{}", if as_json { value.to_string() } else { text });
        Ok(ExitCode::SUCCESS)
    };
    match command {
        FrontCommand::Add { data, login, member, addresses, password_file, quota_bytes, quota_files, connections } => {
            let code = MemberCode::parse(member.as_bytes());
            let member = code.ok_or_else(|| format!("Y20 成员代码 member code of 8 digits: {member}"))?;
            let password = password_file.as_deref().map(read).transpose()?;
            let password = password.as_deref().map(|text| text.trim_end_matches(['\r', '\n']));
            let db = open_or_make(&data).await?;
            let new = NewAccount {
                login: &login,
                member,
                password,
                addresses: &addresses,
                quota_bytes,
                quota_files,
                connections,
            };
            add_account(&db, AT_THE_SERVER, &new, &SystemClock).await?;
            told(json!({ "login": login }), format!("✓ 已开立 opened: {login}（{member}）"))
        }
        FrontCommand::Key { data, login, public_key, from, to } => {
            let text = std::fs::read_to_string(&public_key)
                .map_err(|e| format!("Y18 公钥不可读 cannot read {}: {e}", public_key.display()))?;
            let valid = (date(&from)?, date(&to)?);
            let db = open(&data).await?;
            let added = add_key(&db, Scope::Platform, AT_THE_SERVER, &login, text.trim(), valid, &SystemClock);
            let fingerprint = added.await?;
            told(json!({ "fingerprint": fingerprint }), format!("✓ 已登记 registered: {fingerprint}"))
        }
        FrontCommand::Revoke { data, login, fingerprint } => {
            let db = open(&data).await?;
            revoke_key(&db, Scope::Platform, AT_THE_SERVER, &login, &fingerprint, &SystemClock).await?;
            told(json!({ "fingerprint": fingerprint }), format!("✓ 已吊销 revoked: {fingerprint}"))
        }
        FrontCommand::Keygen { out, passphrase_file } => {
            let passphrase = read(&passphrase_file)?;
            let public = tongka_link::sign::make_key_file(&out, passphrase.trim_end_matches(['\r', '\n']))?;
            told(
                json!({ "public_key": public }),
                format!("✓ 已生成 made: {}\n公钥 public key: {public}", out.display()),
            )
        }
        FrontCommand::List { data } => {
            let db = open(&data).await?;
            let (accounts, keys) = (accounts(&db, Scope::Platform).await?, keys(&db, Scope::Platform).await?);
            if as_json {
                let of = |login: &str| -> Vec<serde_json::Value> {
                    let own = keys.iter().filter(|k| k.login == login);
                    own.map(|k| json!({ "fingerprint": k.fingerprint, "active": k.active })).collect()
                };
                let row = |a: &tongka_link::accounts::Account| json!({ "login": a.login, "member": a.member.to_string(), "keys": of(&a.login) });
                println!("{}", json!({ "accounts": accounts.iter().map(row).collect::<Vec<_>>() }));
                return Ok(ExitCode::SUCCESS);
            }
            let row = |a: &tongka_link::accounts::Account| {
                let own = keys.iter().filter(|k| k.login == a.login && k.active);
                let shown = own.map(|k| k.fingerprint.clone()).collect::<Vec<_>>().join(" ");
                vec![a.login.clone(), a.member.to_string(), shown]
            };
            let rows: Vec<Vec<String>> = accounts.iter().map(row).collect();
            print!("{}", table(&["登录名", "成员机构", "有效公钥"], &rows));
            Ok(ExitCode::SUCCESS)
        }
    }
}
