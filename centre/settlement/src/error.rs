//! What settlement refuses, with stable codes: `T` for deeds, `B` for bank messages and what is found in them.

use tongka_access::AccessError;
use tongka_audit::AuditError;
use tongka_base::MoneyError;
use tongka_engine::EngineError;
use tongka_ledger::LedgerError;
use tongka_link::LinkError;
use tongka_storage::StorageError;
use tongka_wire::iso20022::IsoError;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum SettlementError {
    /// A proposal that says nothing possible.
    #[error("T01 内容不合规 a value that does not fit: {0}")]
    Invalid(String),
    /// The reference of the bank was booked before.
    #[error("T02 该银行流水已入账 the bank's reference was booked before: {0}")]
    Booked(String),
    /// The reserve does not hold as much.
    #[error("T03 备付金不足 the reserve does not hold as much: {0}")]
    Short(String),
    /// There is no such thing, or not within the scope.
    #[error("T04 不存在 there is no such: {0}")]
    NotFound(String),
    /// What is asked for does not fit the state.
    #[error("T05 状态不允许 the state does not allow it: {0}")]
    State(String),
    /// Not a day on which banks work, or before one that was settled.
    #[error("T06 不是可结算的日期 not a date that can be settled: {0}")]
    Day(String),
    /// A member that pays or receives has no account at the bank.
    #[error("T07 未登记银行账户 no bank account registered: {0}")]
    NoAccount(String),
    /// The books contradict themselves: nothing was made.
    #[error("T90 账目自相矛盾 the books contradict themselves: {0}")]
    Broken(String),
    /// A bank message cannot be written.
    #[error(transparent)]
    Message(#[from] IsoError),
    /// The way to the bank.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// A sum that does not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// The ledger refused.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The books of clearing days.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// People and permissions.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The audit log failed.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The database refused or failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl SettlementError {
    /// The stable code.
    pub fn code(&self) -> String {
        self.to_string().split(' ').next().unwrap_or_default().to_owned()
    }
}

tongka_base::codes! {
    /// What is wrong with a bank message as a whole, or with a line or an instruction. B01–B07 are those of reading.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum BankCode {
        Doubled "B10" "报文重复，已忽略" "the message was received before and is passed over",
        Altered "B11" "同一报文编号而内容不同" "a message of that id was received before with other content",
        Stranger "B12" "不是本方发出的指令" "about an order or a payment that was not sent",
        Account "B13" "账号未登记" "the account is not registered",
        Gap "B14" "对账单序号不连续，等待前一份" "the statement before is missing, this one waits for it",
        Opening "B15" "期初余额与上一份期末余额不符" "the opening balance is not the closing balance before",
        Again "B16" "该序号或日期的对账单已收" "a statement of that number or those days was taken in before",
        Days "B17" "明细日期不在对账单期间内" "an entry is not of the statement's days",
        Size "B18" "报文过大" "the message is too large",
        MissingHere "B21" "银行有、本方无" "the bank has it, the books do not",
        MissingThere "B22" "本方有、银行无" "the books have it, the bank does not",
        Amount "B23" "金额或方向不符" "amount or direction differ",
        Unexpected "B24" "未发出或已被拒绝的指令被记账" "booked by the bank though not sent or rejected",
        Twice "B25" "同一指令重复记账" "booked by the bank a second time",
        Late "B26" "记账后又被拒绝" "rejected by the bank after it was booked",
    }
}
