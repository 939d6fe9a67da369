//! The lists of card management. Card numbers are masked in all of them; a card is asked for by its id.

use tongka_listing::Kind::{Code, Date, DateTime, Digest, Enum, Fen, Flag, Int, Json, Text};
use tongka_listing::{Column, Direction, EnumValue, ListSpec, Tone};

const SCHEMES: &[EnumValue] =
    &[EnumValue::new("T", "交通联合", "T-Union", Tone::Info), EnumValue::new("M", "住建部", "MOHURD", Tone::Info)];
const KEY_SETS: &[EnumValue] = &[
    EnumValue::new("3des", "3DES", "3DES", Tone::Plain),
    EnumValue::new("sm4", "SM4", "SM4", Tone::Plain),
    EnumValue::new("both", "两组并存", "Both", Tone::Plain),
];
const ORDER_STATES: &[EnumValue] = &[
    EnumValue::new("open", "待制卡", "Open", Tone::Warn),
    EnumValue::new("made", "数据已交付", "Data given out", Tone::Info),
    EnumValue::new("closed", "已反馈", "Fed back", Tone::Ok),
];
const CARD_STATES: &[EnumValue] = &[
    EnumValue::new("made", "已制卡", "Made", Tone::Info),
    EnumValue::new("stock", "库存", "In stock", Tone::Plain),
    EnumValue::new("scrapped", "报废", "Scrapped", Tone::Bad),
    EnumValue::new("issued", "已发行", "Issued", Tone::Info),
    EnumValue::new("active", "正常", "Active", Tone::Ok),
    EnumValue::new("lost", "挂失", "Lost", Tone::Warn),
    EnumValue::new("blocked", "锁定", "Blocked", Tone::Bad),
    EnumValue::new("returned", "退卡", "Returned", Tone::Plain),
    EnumValue::new("replaced", "换卡", "Replaced", Tone::Plain),
    EnumValue::new("destroyed", "销毁", "Destroyed", Tone::Bad),
];
const DESTINATIONS: &[EnumValue] = &[
    EnumValue::new("bureau", "制卡厂", "Bureau", Tone::Plain),
    EnumValue::new("own", "自制", "Own readers", Tone::Info),
];
const SAM_KINDS: &[EnumValue] =
    &[EnumValue::new("psam", "PSAM", "PSAM", Tone::Info), EnumValue::new("isam", "ISAM", "ISAM", Tone::Warn)];
const SAM_STATES: &[EnumValue] = &[
    EnumValue::new("registered", "已登记", "Registered", Tone::Plain),
    EnumValue::new("made", "已制作", "Made", Tone::Info),
    EnumValue::new("in_use", "在用", "In use", Tone::Ok),
    EnumValue::new("stopped", "停用", "Stopped", Tone::Warn),
    EnumValue::new("destroyed", "销毁", "Destroyed", Tone::Bad),
];

/// Card products.
pub static CARD_PRODUCTS: ListSpec = ListSpec {
    name: "card-products",
    zh: "卡产品",
    en: "Card products",
    permission: "card.read",
    from: "card_product p",
    scope: Some("{tenant:p.owner}"),
    columns: &[
        Column::new("id", "标识", "Id", "CAST(p.owner AS TEXT) || '.' || p.code", Code).hidden(),
        Column::new("owner", "所有者", "Owner", "p.owner", Int),
        Column::new("code", "产品", "Product", "p.code", Code),
        Column::new("name", "名称", "Name", "p.name", Text),
        Column::new("scheme", "卡体系", "Card scheme", "p.scheme", Enum(SCHEMES)),
        Column::new("key_sets", "密钥组", "Key sets", "p.key_sets", Enum(KEY_SETS)),
        Column::new("issuer", "发卡机构标识", "Issuer", "p.issuer", Code),
        Column::new("kind", "卡种", "Kind", "p.kind", Int),
        Column::new("check_digit", "校验位", "Check digit", "p.check_digit", Flag).hidden(),
        Column::new("max_balance_fen", "余额上限", "Highest balance", "p.max_balance_fen", Fen),
        Column::new("overdraft_fen", "透支限额", "Overdraft", "p.overdraft_fen", Fen),
        Column::new("deposit_fen", "押金", "Deposit", "p.deposit_fen", Fen),
        Column::new("years", "有效期（年）", "Years", "p.years", Int),
        Column::new("files", "自定文件", "Files", "p.files", Json).hidden(),
    ],
    default_sort: &[("owner", Direction::Ascending), ("code", Direction::Ascending)],
    key: "id",
    base_filter: None,
};

/// Number segments. They are allotments, not cards: their ends are shown.
pub static SEGMENTS: ListSpec = ListSpec {
    name: "segments",
    zh: "号段",
    en: "Number segments",
    permission: "card.read",
    from: "number_segment s",
    scope: Some("{tenant:s.owner}"),
    columns: &[
        Column::new("id", "标识", "Id", "s.space || '-' || CAST(s.first AS TEXT)", Code).hidden(),
        Column::new("owner", "所有者", "Owner", "s.owner", Int),
        Column::new("product", "产品", "Product", "s.product", Code),
        Column::new("maker", "制卡商", "Maker", "s.maker", Code),
        // Beyond what a number in JSON holds exactly.
        Column::new("first", "首号", "First", "CAST(s.first AS TEXT)", Code),
        Column::new("last", "末号", "Last", "CAST(s.last AS TEXT)", Code),
        Column::new("next", "下一号", "Next", "CAST(s.next AS TEXT)", Code),
        Column::new("used_count", "已用", "Used", "s.next - s.first", Int),
        Column::new("left_count", "余量", "Left", "s.last - s.next + 1", Int),
    ],
    default_sort: &[("first", Direction::Ascending)],
    key: "id",
    base_filter: None,
};

/// Cards of each product by where they are, from the stock ledger.
pub static STOCK: ListSpec = ListSpec {
    name: "stock",
    zh: "卡片库存",
    en: "Stock of cards",
    permission: "card.read",
    from: "(SELECT owner, product, account, CAST(SUM(quantity) AS BIGINT) AS cards FROM (SELECT owner, product, \
           target AS account, quantity FROM stock_entry UNION ALL SELECT owner, product, source AS account, \
           -quantity AS quantity FROM stock_entry) AS moved WHERE account <> 'blank' \
           GROUP BY owner, product, account HAVING SUM(quantity) <> 0) AS s",
    scope: Some("{tenant:s.owner}"),
    columns: &[
        Column::new("id", "标识", "Id", "CAST(s.owner AS TEXT) || '.' || s.product || '.' || s.account", Code).hidden(),
        Column::new("owner", "所有者", "Owner", "s.owner", Int),
        Column::new("product", "产品", "Product", "s.product", Code),
        Column::new("place", "所在", "Place", "s.account", Code),
        Column::new("cards", "张数", "Cards", "s.cards", Int),
    ],
    default_sort: &[
        ("owner", Direction::Ascending),
        ("product", Direction::Ascending),
        ("place", Direction::Ascending),
    ],
    key: "id",
    base_filter: None,
};

/// Movements of cards.
pub static STOCK_ENTRIES: ListSpec = ListSpec {
    name: "stock-entries",
    zh: "库存流水",
    en: "Stock movements",
    permission: "card.read",
    from: "stock_entry e",
    scope: Some("{tenant:e.owner}"),
    columns: &[
        Column::new("id", "序号", "Number", "e.id", Int),
        Column::new("owner", "所有者", "Owner", "e.owner", Int),
        Column::new("at", "时间", "At", "e.at", DateTime),
        Column::new("product", "产品", "Product", "e.product", Code),
        Column::new("source", "自", "From", "e.source", Code),
        Column::new("target", "至", "To", "e.target", Code),
        Column::new("quantity", "张数", "Cards", "e.quantity", Int),
        Column::new("why", "事由", "Why", "e.why", Text),
        Column::new("actor", "经办", "By", "e.actor", Text),
    ],
    default_sort: &[("id", Direction::Descending)],
    key: "id",
    base_filter: None,
};

/// Production orders.
pub static PRODUCTION_ORDERS: ListSpec = ListSpec {
    name: "production-orders",
    zh: "制卡订单",
    en: "Production orders",
    permission: "card.read",
    from: "production_order o",
    scope: Some("{tenant:o.owner}"),
    columns: &[
        Column::new("id", "订单", "Order", "o.id", Int),
        Column::new("owner", "所有者", "Owner", "o.owner", Int),
        Column::new("product", "产品", "Product", "o.product", Code),
        Column::new("maker", "制卡商", "Maker", "o.maker", Code),
        Column::new("first", "首号", "First", "CAST(o.first AS TEXT)", Code),
        Column::new("card_count", "张数", "Cards", "o.card_count", Int),
        Column::new("state", "状态", "State", "o.state", Enum(ORDER_STATES)),
        Column::new("ordered_at", "下单时间", "Ordered", "o.ordered_at", DateTime),
    ],
    default_sort: &[("id", Direction::Descending)],
    key: "id",
    base_filter: None,
};

/// Parts of orders: the data files that were given out.
pub static PRODUCTION_PARTS: ListSpec = ListSpec {
    name: "production-parts",
    zh: "制卡数据",
    en: "Card data files",
    permission: "card.read",
    from: "production_part p",
    scope: Some("{tenant:p.owner}"),
    columns: &[
        Column::new("id", "标识", "Id", "p.order_id * 100000 + p.part", Int).hidden(),
        Column::new("owner", "所有者", "Owner", "p.owner", Int),
        Column::new("order_id", "订单", "Order", "p.order_id", Int),
        Column::new("part", "部分", "Part", "p.part", Int),
        Column::new("card_count", "张数", "Cards", "p.card_count", Int),
        Column::new("destination", "交付", "For", "p.destination", Enum(DESTINATIONS)),
        Column::new("form", "格式", "Form", "p.form", Code),
        Column::new("digest", "摘要", "Digest", "p.digest", Digest).hidden(),
        Column::new("state", "状态", "State", "p.state", Enum(ORDER_STATES)),
        Column::new("made_at", "生成时间", "Made", "p.made_at", DateTime),
    ],
    default_sort: &[("order_id", Direction::Descending), ("part", Direction::Ascending)],
    key: "id",
    base_filter: None,
};

/// Cards.
pub static CARDS: ListSpec = ListSpec {
    name: "cards",
    zh: "卡片",
    en: "Cards",
    permission: "card.read",
    from: "card c",
    scope: Some("{tenant:c.owner}"),
    columns: &[
        Column::new("id", "标识", "Id", "c.id", Int).hidden(),
        Column::new("owner", "所有者", "Owner", "c.owner", Int),
        Column::new(
            "number",
            "卡号",
            "Number",
            "SUBSTR(c.number, 1, 6) || '****' || SUBSTR(c.number, LENGTH(c.number) - 3)",
            Code,
        )
        .unsorted(),
        Column::new("scheme", "卡体系", "Card scheme", "c.scheme", Enum(SCHEMES)),
        Column::new("product", "产品", "Product", "c.product", Code),
        Column::new("order_id", "订单", "Order", "c.order_id", Int),
        Column::new("part", "部分", "Part", "c.part", Int).hidden(),
        Column::new("state", "状态", "State", "c.state", Enum(CARD_STATES)),
        Column::new("place", "库房", "Store", "c.place", Code),
        Column::new("changed_on", "变更日期", "Changed", "c.changed_on", Date),
    ],
    default_sort: &[("id", Direction::Ascending)],
    key: "id",
    base_filter: None,
};

/// PSAMs and ISAMs.
pub static SAMS: ListSpec = ListSpec {
    name: "sams",
    zh: "PSAM/ISAM",
    en: "PSAMs and ISAMs",
    permission: "card.read",
    from: "sam s",
    scope: Some("{tenant:s.owner}"),
    columns: &[
        Column::new("number", "终端机编号", "Number", "s.number", Code),
        Column::new("owner", "所有者", "Owner", "s.owner", Int),
        Column::new("kind", "种类", "Kind", "s.kind", Enum(SAM_KINDS)),
        Column::new("state", "状态", "State", "s.state", Enum(SAM_STATES)),
        Column::new("holder", "领用方", "Holder", "s.holder", Text),
        Column::new("changed_on", "变更日期", "Changed", "s.changed_on", Date),
    ],
    default_sort: &[("number", Direction::Ascending)],
    key: "number",
    base_filter: None,
};

/// All lists of this crate.
pub static LISTS: &[&ListSpec] =
    &[&CARD_PRODUCTS, &SEGMENTS, &STOCK, &STOCK_ENTRIES, &PRODUCTION_ORDERS, &PRODUCTION_PARTS, &CARDS, &SAMS];
