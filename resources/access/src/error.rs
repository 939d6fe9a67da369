//! What is refused to people, with stable codes.

use std::borrow::Cow;
use tongka_audit::AuditError;
use tongka_storage::StorageError;

tongka_base::codes! {
    /// Why something is refused to somebody.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum AccessCode {
        Login "P01" "账号或口令错误，或账号暂不可用" "wrong login or password, or the account is not available now",
        TotpNeeded "P02" "需要动态口令" "a one-time password is needed",
        SamePerson "P03" "经办与复核须为不同的人" "propose and approve need different people",
        Decided "P04" "该申请已有结论" "it is decided already",
        Permission "P05" "没有权限" "the permission is missing",
        NotFound "P06" "对象不存在" "there is no such object",
        WeakPassword "P07" "口令强度不足" "the password is too weak",
        UsedPassword "P08" "口令最近使用过" "the password was used before",
        Exists "P09" "名称已被使用" "the name is taken",
        Value "P10" "参数不合规" "a value that does not fit",
        Conflict "P11" "职责互斥，不能由同一账号承担" "these duties must not be in one account",
        Role "P12" "角色不存在或不适用于该账号" "there is no such role, or it is not for this account",
        BuiltIn "P13" "内置角色不可修改" "a built-in role cannot be changed",
        Oneself "P14" "不能对本人账号办理" "not for oneself",
        Session "P15" "会话已失效，请重新登录" "the session has ended, log in again",
        Signature "P16" "请求签名无效" "the request's signature is not valid",
        Timestamp "P17" "请求时间超出允许范围" "the request's time is outside the window",
        Nonce "P18" "随机串重复使用" "the nonce was used before",
        OtherBody "P19" "幂等键已用于其他请求" "the idempotency key was used for another request",
        InProgress "P20" "相同请求正在处理" "the same request is being worked on",
        OutcomeUnknown "P21" "相同请求的结果未知，请查询后换新幂等键" "the outcome of the same request is unknown: look, then use a new key",
        OtherOwner "P22" "须由申请所属机构的人员办理" "this is for people of the institution that proposed it",
        Effective "P23" "生效日期不能早于今日" "it cannot take effect before today",
        Execution "P24" "执行被拒绝，申请仍待办" "carrying it out was refused, it stays open",
        Secret "P25" "服务器密钥文件不可用" "the server's secret file cannot be used",
        NotFirst "P26" "已有此类管理员" "there is an administrator of this kind already",
        State "P27" "当前状态不允许" "its state does not allow this",
        Totp "P28" "动态口令错误" "wrong one-time password",
        RequestKey "P29" "请求键已用于其他申请" "the request key was used for another proposal",
    }
}

/// Any error of another crate.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A refusal or failure.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// Refused.
    #[error("{} {} {}: {detail}", .code.code(), .code.text_zh(), .code.text_en())]
    Refused {
        /// Why.
        code: AccessCode,
        /// The input it is about, where it is about one.
        field: Option<&'static str>,
        /// More, without secrets.
        detail: String,
    },
    /// What was approved could not be carried out; the reason is inside.
    #[error("P24 执行被拒绝，申请仍待办 carrying it out was refused, it stays open: {0}")]
    Execution(BoxError),
    /// The database refused or failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The audit log failed.
    #[error(transparent)]
    Audit(#[from] AuditError),
}

impl AccessError {
    /// A refusal.
    pub fn new(code: AccessCode, detail: impl Into<String>) -> Self {
        Self::Refused { code, field: None, detail: detail.into() }
    }

    /// A refusal of an input.
    pub fn field(code: AccessCode, field: &'static str, detail: impl Into<String>) -> Self {
        Self::Refused { code, field: Some(field), detail: detail.into() }
    }

    /// Why, where it is a refusal of this crate.
    pub fn access_code(&self) -> Option<AccessCode> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            Self::Execution(_) => Some(AccessCode::Execution),
            Self::Storage(_) | Self::Audit(_) => None,
        }
    }

    /// The stable code.
    pub fn code(&self) -> Cow<'static, str> {
        match self {
            Self::Storage(error) => error.code().code().into(),
            Self::Audit(error) => error.to_string().split(' ').next().unwrap_or_default().to_owned().into(),
            Self::Refused { code, .. } => code.code().into(),
            Self::Execution(_) => AccessCode::Execution.code().into(),
        }
    }
}
