//! People, their sessions and keys, approvals and the audit log as lists.

use tongka_listing::{Column, Direction, EnumValue, Kind, ListSpec, Tone};

static OWNERS: &[EnumValue] = &[
    EnumValue::new("centre", "清算中心", "centre", Tone::Info),
    EnumValue::new("member", "成员机构", "member", Tone::Plain),
    EnumValue::new("tenant", "租户", "tenant", Tone::Plain),
];

static ACCOUNT_STATES: &[EnumValue] =
    &[EnumValue::new("active", "启用", "active", Tone::Ok), EnumValue::new("disabled", "停用", "disabled", Tone::Bad)];

static KEY_STATES: &[EnumValue] =
    &[EnumValue::new("active", "有效", "active", Tone::Ok), EnumValue::new("revoked", "已吊销", "revoked", Tone::Bad)];

static TOTP: &[EnumValue] = &[
    EnumValue::new("off", "未启用", "off", Tone::Plain),
    EnumValue::new("pending", "待确认", "pending", Tone::Warn),
    EnumValue::new("on", "已启用", "on", Tone::Ok),
];

static APPROVAL_STATES: &[EnumValue] = &[
    EnumValue::new("open", "待复核", "open", Tone::Info),
    EnumValue::new("scheduled", "待生效", "scheduled", Tone::Info),
    EnumValue::new("done", "已执行", "done", Tone::Ok),
    EnumValue::new("refused", "已驳回", "refused", Tone::Bad),
    EnumValue::new("withdrawn", "已撤回", "withdrawn", Tone::Plain),
    EnumValue::new("failed", "执行失败", "failed", Tone::Bad),
];

static LOGIN_OUTCOMES: &[EnumValue] = &[
    EnumValue::new("ok", "成功", "logged in", Tone::Ok),
    EnumValue::new("unknown", "账号不存在", "no such account", Tone::Warn),
    EnumValue::new("password", "口令错误", "wrong password", Tone::Warn),
    EnumValue::new("totp", "动态口令错误", "wrong one-time password", Tone::Warn),
    EnumValue::new("totp-asked", "要求动态口令", "one-time password asked for", Tone::Plain),
    EnumValue::new("locked", "已锁定", "locked", Tone::Bad),
    EnumValue::new("disabled", "已停用", "disabled", Tone::Bad),
];

static KEY_KINDS: &[EnumValue] = &[
    EnumValue::new("hmac-sm3", "HMAC-SM3", "HMAC-SM3", Tone::Plain),
    EnumValue::new("sm2", "SM2", "SM2", Tone::Plain),
];

const OWN: Option<&str> = Some("({scope:a.member} OR {tenant:a.tenant})");
const NEWEST: &[(&str, Direction)] = &[("id", Direction::Descending)];

/// Accounts.
pub static ACCOUNTS: ListSpec = ListSpec {
    name: "accounts",
    zh: "账号",
    en: "Accounts",
    permission: "access.read",
    from: "account a",
    scope: OWN,
    columns: &[
        Column::new("id", "编号", "Number", "a.id", Kind::Int),
        Column::new("login", "登录名", "Login", "a.login", Kind::Code),
        Column::new("name", "姓名", "Name", "a.name", Kind::Text),
        Column::new("person", "工号", "Staff number", "a.person", Kind::Code),
        Column::new(
            "owner_kind",
            "归属",
            "Side",
            "CASE WHEN a.member IS NOT NULL THEN 'member' WHEN a.tenant IS NOT NULL THEN 'tenant' ELSE 'centre' END",
            Kind::Enum(OWNERS),
        ),
        Column::new("member", "成员机构", "Member", "a.member", Kind::Member).nullable(),
        Column::new("tenant", "租户", "Tenant", "a.tenant", Kind::Int).nullable().hidden(),
        Column::new(
            "state",
            "状态",
            "State",
            "CASE a.enabled WHEN 1 THEN 'active' ELSE 'disabled' END",
            Kind::Enum(ACCOUNT_STATES),
        ),
        Column::new(
            "roles",
            "角色",
            "Roles",
            "(SELECT string_agg(o.role, ',' ORDER BY o.role) FROM account_role o WHERE o.account = a.id)",
            Kind::Text,
        )
        .nullable()
        .unsorted(),
        Column::new("totp", "动态口令", "One-time password", "a.totp_state", Kind::Enum(TOTP)),
        Column::new("must_change_password", "须改口令", "Must change password", "a.must_change_password", Kind::Flag)
            .hidden(),
        Column::new("locked_until", "锁定至", "Locked until", "a.locked_until", Kind::DateTime).nullable(),
        Column::new("last_login_at", "上次登录", "Last login", "a.last_login_at", Kind::DateTime).nullable(),
        Column::new("created_at", "开户时间", "Opened at", "a.created_at", Kind::DateTime),
    ],
    default_sort: &[("login", Direction::Ascending)],
    key: "id",
    base_filter: None,
};

/// Roles with their permissions.
pub static ROLES: ListSpec = ListSpec {
    name: "roles",
    zh: "角色",
    en: "Roles",
    permission: "access.read",
    from: "role r",
    scope: Some("1 = 1"),
    columns: &[
        Column::new("code", "代码", "Code", "r.code", Kind::Code),
        Column::new("name", "名称", "Chinese name", "r.zh", Kind::Text),
        Column::new("name_en", "英文名称", "English name", "r.en", Kind::Text),
        Column::new("built_in", "内置", "Built in", "r.built_in", Kind::Flag),
        Column::new(
            "permissions",
            "权限",
            "Permissions",
            "(SELECT string_agg(p.permission, ',' ORDER BY p.permission) FROM role_permission p WHERE p.role = r.code)",
            Kind::Text,
        )
        .nullable()
        .unsorted(),
        Column::new(
            "account_count",
            "账号数",
            "Accounts",
            "(SELECT COUNT(*) FROM account_role o WHERE o.role = r.code)",
            Kind::Int,
        )
        .unsorted()
        .unfiltered(),
    ],
    default_sort: &[],
    key: "code",
    base_filter: None,
};

/// Sessions of browsers.
pub static SESSIONS: ListSpec = ListSpec {
    name: "sessions",
    zh: "会话",
    en: "Sessions",
    permission: "access.session",
    from: "session s JOIN account a ON a.id = s.account",
    scope: OWN,
    columns: &[
        Column::new("id", "编号", "Number", "s.id", Kind::Int),
        Column::new("login", "登录名", "Login", "a.login", Kind::Code),
        Column::new("name", "姓名", "Name", "a.name", Kind::Text),
        Column::new("member", "成员机构", "Member", "a.member", Kind::Member).nullable(),
        Column::new("started_at", "登录时间", "Since", "s.created_at", Kind::DateTime),
        Column::new("seen_at", "最近使用", "Last used", "s.seen_at", Kind::DateTime),
        Column::new("expires_at", "最迟结束", "Ends at the latest", "s.expires_at", Kind::DateTime),
        Column::new("ended_at", "结束时间", "Ended at", "s.ended_at", Kind::DateTime).nullable(),
        Column::new("end_reason", "结束原因", "Why it ended", "s.end_reason", Kind::Text).nullable(),
        Column::new("address", "地址", "Address", "s.address", Kind::Code),
        Column::new("agent", "浏览器", "Browser", "s.agent", Kind::Text).hidden(),
    ],
    default_sort: NEWEST,
    key: "id",
    base_filter: None,
};

/// API keys.
pub static API_KEYS: ListSpec = ListSpec {
    name: "api-keys",
    zh: "接口密钥",
    en: "API keys",
    permission: "access.read",
    from: "api_key k JOIN account a ON a.id = k.account",
    scope: OWN,
    columns: &[
        Column::new("id", "标识", "Key", "k.id", Kind::Code),
        Column::new("name", "用途", "Purpose", "k.name", Kind::Text),
        Column::new("login", "账号", "Account", "a.login", Kind::Code),
        Column::new("member", "成员机构", "Member", "a.member", Kind::Member).nullable(),
        Column::new("algorithm", "算法", "Algorithm", "k.kind", Kind::Enum(KEY_KINDS)),
        Column::new(
            "state",
            "状态",
            "State",
            "CASE k.enabled WHEN 1 THEN 'active' ELSE 'revoked' END",
            Kind::Enum(KEY_STATES),
        ),
        Column::new("expires_on", "有效期至", "Expires on", "k.expires_on", Kind::Date).nullable(),
        Column::new("created_by", "创建人", "Made by", "k.created_by", Kind::Code),
        Column::new("created_at", "创建时间", "Made at", "k.created_at", Kind::DateTime),
        Column::new("last_used_at", "最近使用", "Last used", "k.last_used_at", Kind::DateTime).nullable(),
    ],
    default_sort: &[("created_at", Direction::Descending)],
    key: "id",
    base_filter: None,
};

/// Proposals and what became of them.
pub static APPROVALS: ListSpec = ListSpec {
    name: "approvals",
    zh: "复核事项",
    en: "Approvals",
    permission: "approval.read",
    from: "approval a",
    scope: OWN,
    columns: &[
        Column::new("id", "编号", "Number", "a.id", Kind::Int),
        Column::new("kind", "事项", "Kind", "a.kind", Kind::Code),
        Column::new("summary", "摘要", "Summary", "a.summary", Kind::Text),
        Column::new("object", "对象", "Object", "a.object", Kind::Text),
        Column::new("member", "成员机构", "Member", "a.member", Kind::Member).nullable().hidden(),
        Column::new("state", "状态", "State", "a.state", Kind::Enum(APPROVAL_STATES)),
        Column::new("effective_on", "生效日期", "Effective on", "a.effective_on", Kind::Date).nullable(),
        Column::new("proposer_name", "经办人", "Proposed by", "a.proposer_name", Kind::Text),
        Column::new("proposer_login", "经办账号", "Proposer's login", "a.proposer_login", Kind::Code).hidden(),
        Column::new("proposed_at", "经办时间", "Proposed at", "a.proposed_at", Kind::DateTime),
        Column::new("decider_name", "复核人", "Decided by", "a.decider_name", Kind::Text).nullable(),
        Column::new("decider_login", "复核账号", "Decider's login", "a.decider_login", Kind::Code).nullable().hidden(),
        Column::new("decided_at", "复核时间", "Decided at", "a.decided_at", Kind::DateTime).nullable(),
        Column::new("reason", "原因", "Reason", "a.reason", Kind::Text).nullable(),
        Column::new("executed_at", "执行时间", "Carried out at", "a.executed_at", Kind::DateTime).nullable().hidden(),
    ],
    default_sort: NEWEST,
    key: "id",
    base_filter: None,
};

/// Who tried to log in.
pub static LOGIN_LOG: ListSpec = ListSpec {
    name: "login-log",
    zh: "登录日志",
    en: "Login log",
    permission: "access.logins",
    from: "login_log a",
    scope: OWN,
    columns: &[
        Column::new("id", "编号", "Number", "a.id", Kind::Int),
        Column::new("at", "时间", "At", "a.at", Kind::DateTime),
        Column::new("login", "登录名", "Login", "a.login", Kind::Code),
        Column::new("member", "成员机构", "Member", "a.member", Kind::Member).nullable(),
        Column::new("outcome", "结果", "Outcome", "a.outcome", Kind::Enum(LOGIN_OUTCOMES)),
        Column::new("address", "地址", "Address", "a.address", Kind::Code),
        Column::new("agent", "浏览器", "Browser", "a.agent", Kind::Text).hidden(),
    ],
    default_sort: NEWEST,
    key: "id",
    base_filter: None,
};

/// The audit log.
pub static AUDIT: ListSpec = ListSpec {
    name: "audit",
    zh: "审计日志",
    en: "Audit log",
    permission: "audit.read",
    from: "audit_entry e",
    scope: Some("({scope:e.owner} OR {tenant:e.owner})"),
    columns: &[
        Column::new("sequence", "序号", "Number", "e.sequence", Kind::Int),
        Column::new("at", "时间", "At", "e.at", Kind::DateTime),
        Column::new("owner", "归属", "Owner", "e.owner", Kind::Int),
        Column::new("actor", "操作人", "Who", "e.actor", Kind::Code),
        Column::new("action", "操作", "What", "e.action", Kind::Code),
        Column::new("object", "对象", "To what", "e.object", Kind::Text),
        Column::new("outcome", "结果", "Outcome", "e.outcome", Kind::Code),
        Column::new("detail", "说明", "Detail", "e.detail", Kind::Text),
        Column::new("hash", "链哈希", "Chain hash", "e.hash", Kind::Digest).hidden(),
    ],
    default_sort: &[("sequence", Direction::Descending)],
    key: "sequence",
    base_filter: None,
};

/// Every list of this crate.
pub static LISTS: &[&ListSpec] = &[&ACCOUNTS, &ROLES, &SESSIONS, &API_KEYS, &APPROVALS, &LOGIN_LOG, &AUDIT];
