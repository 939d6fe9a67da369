//! Accounts at the settlement bank (银行账户): a member's reserve sub-account (备付金子账户) and the account outside to
//! which its withdrawals go, the centre's clearing account (清算账户) and its fee account (手续费账户).
//!
//! A change takes two people of the centre. An account number has one role and one member for ever; of each role a member
//! has one active account.

use crate::SettlementError;
use crate::books::member_of;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tongka_access::{Actor, Approval, Owner, Proposal};
use tongka_base::date::format_date_time;
use tongka_base::{Clock, MemberCode};
use tongka_storage::{Db, Row, Scope, WriteTx, params};
use tongka_wire::iso20022::Party;

/// Kind of the proposal: an account becomes the active one of its role.
pub const SET_ACCOUNT: &str = "settlement.account.set";

/// What an account is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// A member's reserve.
    Reserve,
    /// A member's own account, to which withdrawals go.
    Outside,
    /// Between payers and receivers.
    Clearing,
    /// The centre's fees.
    Fees,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Reserve, Self::Outside, Self::Clearing, Self::Fees];

    /// The word in the database and in proposals.
    pub fn word(self) -> &'static str {
        ["reserve", "outside", "clearing", "fees"][self as usize]
    }

    fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankAccount {
    /// What it is for.
    pub role: Role,
    /// Whose it is.
    pub member: MemberCode,
    /// Number, name and bank.
    pub party: Party,
}

impl BankAccount {
    fn of(row: &Row) -> Result<Self, SettlementError> {
        let role = row.text("role")?;
        Ok(Self {
            role: Role::of(&role).ok_or_else(|| SettlementError::Broken(format!("role {role}")))?,
            member: member_of(row)?,
            party: Party { name: row.text("name")?, account: row.text("number")?, bank: row.text("bank")? },
        })
    }

    /// The payload of its proposal.
    pub fn payload(&self) -> Value {
        json!({
            "role": self.role.word(), "member": self.member.to_string(), "number": self.party.account,
            "name": self.party.name, "bank": self.party.bank,
        })
    }

    /// Reads a proposal.
    ///
    /// # Errors
    /// T01.
    pub fn read(payload: &Value) -> Result<Self, SettlementError> {
        let wrong = |what: &str| SettlementError::Invalid(what.to_owned());
        let text = |field: &str| payload[field].as_str().map(str::trim).unwrap_or_default().to_owned();
        let role = Role::of(&text("role")).ok_or_else(|| wrong("role: reserve, outside, clearing, fees"))?;
        let member = MemberCode::parse(text("member").as_bytes()).ok_or_else(|| wrong("member: 8 digits"))?;
        let centre = matches!(role, Role::Clearing | Role::Fees);
        if centre != (member == MemberCode::CENTRE) {
            return Err(wrong("member: 清算账户与手续费账户属清算中心 clearing and fee accounts are the centre's"));
        }
        let party = Party { name: text("name"), account: text("number"), bank: text("bank") };
        party.check()?;
        Ok(Self { role, member, party })
    }
}

/// The active accounts.
#[derive(Clone, Debug, Default)]
pub struct Accounts(BTreeMap<(Role, MemberCode), BankAccount>);

impl Accounts {
    /// The account of a role.
    ///
    /// # Errors
    /// T07.
    pub fn of(&self, role: Role, member: MemberCode) -> Result<&BankAccount, SettlementError> {
        let missing = || SettlementError::NoAccount(format!("{} {member}", role.word()));
        self.0.get(&(role, member)).ok_or_else(missing)
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &BankAccount> {
        self.0.values()
    }
}

const ACTIVE: &str = "SELECT number, role, member, name, bank FROM bank_account WHERE state = 'active'";

fn collected(rows: &[Row]) -> Result<Accounts, SettlementError> {
    let accounts = rows.iter().map(|row| BankAccount::of(row).map(|a| ((a.role, a.member), a)));
    Ok(Accounts(accounts.collect::<Result<_, _>>()?))
}

/// The active accounts as they are now.
///
/// # Errors
/// What the database says.
pub async fn accounts(db: &Db) -> Result<Accounts, SettlementError> {
    collected(&db.read(Scope::Platform).fetch_all(ACTIVE, params![]).await?)
}

pub(crate) async fn accounts_in(tx: &mut WriteTx) -> Result<Accounts, SettlementError> {
    collected(&tx.fetch_all(ACTIVE, params![]).await?)
}

/// An account of a number, closed ones too: their last statements still come.
pub(crate) async fn account_of_number(tx: &mut WriteTx, number: &str) -> Result<Option<BankAccount>, SettlementError> {
    let sql = "SELECT number, role, member, name, bank FROM bank_account WHERE number = $1 AND role <> 'outside'";
    tx.fetch_optional(sql, params![number]).await?.as_ref().map(BankAccount::of).transpose()
}

/// Proposes an account; returns the number of the approval.
///
/// # Errors
/// T01; those of the approvals.
pub async fn propose(
    db: &Db,
    actor: &Actor,
    account: &BankAccount,
    request_key: Option<String>,
    clock: &dyn Clock,
) -> Result<i64, SettlementError> {
    crate::deed::centre_only(actor.owner)?;
    let account = BankAccount::read(&account.payload())?;
    let before = accounts(db).await?.of(account.role, account.member).map_or(Value::Null, BankAccount::payload);
    let proposal = Proposal {
        kind: SET_ACCOUNT,
        owner: Owner::Centre,
        object: account.party.account.clone(),
        summary: format!("银行账户：{} {} {}", account.role.word(), account.member, account.party.account),
        before,
        after: account.payload(),
        effective_on: None,
        request_key,
    };
    Ok(tongka_access::propose(db, actor, &proposal, clock).await?)
}

/// Makes the proposed account the active one; the one before is closed.
pub(crate) async fn execute(
    tx: &mut WriteTx,
    approval: &Approval,
    clock: &dyn Clock,
) -> Result<Value, SettlementError> {
    let BankAccount { role, member, party } = BankAccount::read(&approval.after)?;
    let now = format_date_time(clock.now());
    let sql = "SELECT role, member FROM bank_account WHERE number = $1";
    if let Some(row) = tx.fetch_optional(sql, params![&party.account]).await?
        && (row.text("role")?.as_str(), member_of(&row)?) != (role.word(), member)
    {
        return Err(SettlementError::State(format!("{}: 已用于其他用途 used for something else", party.account)));
    }
    let sql = "UPDATE bank_account SET state = 'closed', changed_at = $3 WHERE role = $1 AND member = $2 AND state = 'active'";
    tx.execute(sql, params![role.word(), member, now.as_str()]).await?;
    let sql = "INSERT INTO bank_account (number, role, member, name, bank, state, approval, changed_at) \
               VALUES ($1, $2, $3, $4, $5, 'active', $6, $7) ON CONFLICT (number) DO UPDATE SET name = excluded.name, \
               bank = excluded.bank, state = 'active', approval = excluded.approval, changed_at = excluded.changed_at";
    let Party { name, account, bank } = &party;
    tx.execute(sql, params![account, role.word(), member, name, bank, approval.id, now]).await?;
    Ok(json!({ "number": account }))
}
