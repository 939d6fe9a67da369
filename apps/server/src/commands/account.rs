//! `account`: the first accounts of an installation, at the server itself.

use super::centre::{open, open_or_make};
use super::key::ask_passphrase;
use crate::args::AccountCommand;
use crate::output::table;
use serde_json::json;
use std::error::Error;
use std::process::ExitCode;
use tongka_access::{ACCOUNTS, Actor, NewAccount, Owner, open_account_here, roles, sync_roles};
use tongka_base::SystemClock;
use tongka_listing::{Query, page};
use tongka_storage::Scope;

type Outcome = Result<ExitCode, Box<dyn Error>>;

/// Who works at the command line of the server.
const AT_THE_SERVER: &str = "console";

pub(crate) async fn run(command: AccountCommand, json: bool) -> Outcome {
    match command {
        AccountCommand::Add { data, login, name, person, owner, roles, password_file } => {
            let owner = Owner::parse(&owner).ok_or("P10 归属 owner: centre、member:代码 code、tenant:编号 number")?;
            let password = match password_file {
                Some(path) => std::fs::read_to_string(&path)
                    .map_err(|e| format!("P10 {}: {e}", path.display()))?
                    .trim_end_matches(['\r', '\n'])
                    .to_owned(),
                None => ask_passphrase(&login)?,
            };
            let db = open_or_make(&data).await?;
            let new = NewAccount { login, name, person, owner };
            let names: Vec<&str> = roles.iter().map(String::as_str).collect();
            let actor = Actor::local(AT_THE_SERVER);
            let id = open_account_here(&db, &actor, &new, &names, &password, &SystemClock).await?;
            if json {
                println!("{}", json!({ "account": id, "login": new.login }));
            } else {
                println!("✓ 已开立 opened: {}（{}）", new.login, roles.join(" "));
            }
        }
        AccountCommand::List { data } => {
            let db = open(&data).await?;
            let page = page(&db, Scope::Platform, &ACCOUNTS, &Query::read(&ACCOUNTS, &[("limit", "500")])?).await?;
            if json {
                println!("{}", json!({ "accounts": page.items }));
            } else {
                let text = |row: &serde_json::Map<String, serde_json::Value>, name: &str| {
                    row.get(name).map_or(String::new(), |v| v.as_str().map_or(v.to_string(), str::to_owned))
                };
                let rows: Vec<Vec<String>> = page
                    .items
                    .iter()
                    .map(|row| ["id", "login", "name", "person", "enabled"].map(|c| text(row, c)).to_vec())
                    .collect();
                print!("{}", table(&["编号>", "登录名", "姓名", "工号", "启用"], &rows));
            }
        }
        AccountCommand::Roles { data } => {
            let db = open_or_make(&data).await?;
            sync_roles(&db).await?;
            let roles = roles(&db).await?;
            if json {
                let view = |r: &tongka_access::Role| json!({ "code": r.code, "zh": r.zh, "en": r.en, "permissions": r.permissions });
                println!("{}", json!({ "roles": roles.iter().map(view).collect::<Vec<_>>() }));
            } else {
                let rows: Vec<Vec<String>> =
                    roles.iter().map(|r| vec![r.code.clone(), r.zh.clone(), r.en.clone()]).collect();
                print!("{}", table(&["代码", "名称", "name"], &rows));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
