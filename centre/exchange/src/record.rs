//! A record of the lake as people and programs see it: every field by name, in tables and in JSON.

use serde_json::{Map, Value, json};
use tongka_base::{Algorithm, CardScheme};
use tongka_base::{Date, DateTime, Fen, Industry, IssuerId, MemberCode, PsamNo, Reason, Verdict};
use tongka_lake::table::StoredRecord;
use tongka_report::{Cell, Column, Kind};

/// A record with its verdict and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Clearing date.
    pub clearing_date: Date,
    /// Number of its upload in the order of acceptance.
    pub upload_no: i64,
    /// Its upload.
    pub upload: String,
    /// Record number.
    pub record_no: u32,
    /// Who sent it: the acquirer.
    pub sender: MemberCode,
    /// The member that answers for its card, where the issuer is known.
    pub issuer: Option<MemberCode>,
    /// Reason, which fixes the verdict.
    pub reason: Reason,
    /// Amount; a malformed one counts as 0.
    pub amount: Fen,
    /// Its other fields; none of a malformed record.
    pub fields: Option<Fields>,
}

/// The fields of a well-formed record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields {
    /// Card scheme.
    pub scheme: CardScheme,
    /// Issuer id.
    pub issuer_id: IssuerId,
    /// Application serial, masked unless asked for.
    pub card: String,
    /// Card type.
    pub card_type: u8,
    /// Transaction type.
    pub tti: u8,
    /// Offline counter.
    pub counter: u16,
    /// PSAM terminal number.
    pub psam: PsamNo,
    /// PSAM transaction number.
    pub psam_txn: u32,
    /// Balance before.
    pub balance_before: Fen,
    /// List price.
    pub list_price: Fen,
    /// When the transaction took place.
    pub at: DateTime,
    /// Key version.
    pub key_version: u8,
    /// Algorithm.
    pub algorithm: Algorithm,
    /// TAC.
    pub tac: [u8; 4],
    /// Industry.
    pub industry: Industry,
    /// Merchant.
    pub merchant: u32,
    /// Line; 0 = none.
    pub line: u32,
    /// Device number.
    pub device: u32,
    /// City where the tap happened.
    pub city: u16,
    /// Whether the terminal did not see the card's answer.
    pub grey: bool,
    /// Whether card or terminal is a test one.
    pub test: bool,
}

impl Record {
    pub(crate) fn new(upload: (Date, i64, &str, MemberCode), stored: StoredRecord, unmasked: bool) -> Self {
        let (clearing_date, upload_no, name, sender) = upload;
        let fields = stored.fields.map(|txu| Fields {
            scheme: txu.scheme,
            issuer_id: txu.issuer_id,
            card: if unmasked { txu.serial.to_string() } else { txu.serial.masked() },
            card_type: txu.card_type,
            tti: txu.tti,
            counter: txu.counter,
            psam: txu.psam,
            psam_txn: txu.psam_txn,
            balance_before: Fen(i64::from(txu.balance_before)),
            list_price: Fen(i64::from(txu.list_price)),
            at: txu.date.and_time(time_of(txu.time_seconds)),
            key_version: txu.key_version,
            algorithm: txu.algorithm,
            tac: txu.tac,
            industry: txu.industry,
            merchant: txu.merchant,
            line: txu.line,
            device: txu.device,
            city: txu.city,
            grey: txu.grey,
            test: txu.test,
        });
        Self {
            clearing_date,
            upload_no,
            upload: name.to_owned(),
            record_no: stored.record_no,
            sender,
            issuer: stored.issuer,
            reason: stored.reason,
            amount: Fen(i64::from(stored.amount)),
            fields,
        }
    }

    /// Its verdict.
    pub fn verdict(&self) -> Verdict {
        self.reason.verdict()
    }

    /// The columns of a table of records.
    pub fn columns() -> Vec<Column> {
        let mut columns: Vec<Column> = COLUMNS.iter().map(|(title, kind)| Column::new(*title, *kind)).collect();
        columns[AMOUNT].total = true;
        columns
    }

    /// Its row in that table.
    pub fn cells(&self) -> Vec<Cell> {
        let text = |text: String| Cell::Text(text);
        let mut cells: Vec<Cell> = vec![
            self.clearing_date.into(),
            self.upload.as_str().into(),
            Cell::Int(i64::from(self.record_no)),
            self.sender.to_string().into(),
            self.issuer.map(|m| m.to_string()).into(),
            format!("{} {}", self.verdict(), self.verdict().name_zh()).into(),
            format!("{} {}", self.reason, self.reason.text_zh()).into(),
            self.amount.into(),
        ];
        match &self.fields {
            None => cells.resize(COLUMNS.len(), Cell::Empty),
            Some(f) => cells.extend([
                text(f.scheme.to_string()),
                text(f.issuer_id.to_string()),
                text(f.card.clone()),
                text(format!("{:02}", f.card_type)),
                text(format!("{:02X}", f.tti)),
                Cell::Int(i64::from(f.counter)),
                text(f.psam.to_string()),
                text(format!("{:08X}", f.psam_txn)),
                f.balance_before.into(),
                f.list_price.into(),
                Cell::DateTime(f.at),
                text(format!("{:02X}", f.key_version)),
                text(format!("{:02X}", f.algorithm.code())),
                text(format!("{:08X}", u32::from_be_bytes(f.tac))),
                text(format!("{} {}", f.industry, f.industry.name_zh())),
                text(format!("{:08}", f.merchant)),
                text(format!("{:06}", f.line)),
                text(format!("{:08}", f.device)),
                text(format!("{:04}", f.city)),
                text(yes_no(f.grey)),
                text(yes_no(f.test)),
            ]),
        }
        cells
    }

    /// As an object of the API: money in fen, codes as the exchange interface writes them.
    pub fn json(&self) -> Value {
        let mut object = Map::new();
        let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
        put("clearing_date", json!(self.clearing_date.to_string()));
        put("upload", json!(self.upload));
        put("upload_no", json!(self.upload_no));
        put("record_no", json!(self.record_no));
        put("sender", json!(self.sender.to_string()));
        put("issuer", json!(self.issuer.map(|m| m.to_string())));
        put("verdict", json!(self.verdict().to_string()));
        put("verdict_zh", json!(self.verdict().name_zh()));
        put("verdict_en", json!(self.verdict().name_en()));
        put("reason", json!(self.reason.to_string()));
        put("reason_zh", json!(self.reason.text_zh()));
        put("reason_en", json!(self.reason.text_en()));
        put("amount_fen", json!(self.amount.0));
        put("malformed", json!(self.fields.is_none()));
        if let Some(f) = &self.fields {
            put("scheme", json!(f.scheme.to_string()));
            put("issuer_id", json!(f.issuer_id.to_string()));
            put("card", json!(f.card));
            put("card_type", json!(format!("{:02}", f.card_type)));
            put("tti", json!(format!("{:02X}", f.tti)));
            put("counter", json!(f.counter));
            put("psam", json!(f.psam.to_string()));
            put("psam_txn", json!(format!("{:08X}", f.psam_txn)));
            put("balance_before_fen", json!(f.balance_before.0));
            put("list_price_fen", json!(f.list_price.0));
            put("at", json!(format!("{}+08:00", f.at.format("%Y-%m-%dT%H:%M:%S"))));
            put("key_version", json!(format!("{:02X}", f.key_version)));
            put("algorithm", json!(format!("{:02X}", f.algorithm.code())));
            put("tac", json!(format!("{:08X}", u32::from_be_bytes(f.tac))));
            put("industry", json!(f.industry.to_string()));
            put("industry_zh", json!(f.industry.name_zh()));
            put("merchant", json!(format!("{:08}", f.merchant)));
            put("line", json!(format!("{:06}", f.line)));
            put("device", json!(format!("{:08}", f.device)));
            put("city", json!(format!("{:04}", f.city)));
            put("grey", json!(f.grey));
            put("test", json!(f.test));
        }
        Value::Object(object)
    }
}

fn time_of(seconds: u32) -> chrono::NaiveTime {
    chrono::NaiveTime::from_num_seconds_from_midnight_opt(seconds, 0).expect("a time that was read as one")
}

fn yes_no(flag: bool) -> String {
    if flag { "是" } else { "否" }.to_owned()
}

/// The column that is added up.
const AMOUNT: usize = 7;

const COLUMNS: [(&str, Kind); 29] = [
    ("清算日 Clearing date", Kind::Date),
    ("上送文件 Upload", Kind::Text),
    ("记录序号 Record", Kind::Int),
    ("收单方 Acquirer", Kind::Text),
    ("发卡方 Issuer", Kind::Text),
    ("判定 Verdict", Kind::Text),
    ("原因 Reason", Kind::Text),
    ("金额(元) Amount", Kind::Money),
    ("卡体系 Scheme", Kind::Text),
    ("发卡机构 Issuer id", Kind::Text),
    ("应用序列号 Card", Kind::Text),
    ("卡类型 Card type", Kind::Text),
    ("交易类型 TTI", Kind::Text),
    ("脱机序号 Counter", Kind::Int),
    ("终端机编号 PSAM", Kind::Text),
    ("PSAM交易序号 PSAM txn", Kind::Text),
    ("交易前余额(元) Balance before", Kind::Money),
    ("标价(元) List price", Kind::Money),
    ("交易时间 Time", Kind::DateTime),
    ("密钥版本 Key version", Kind::Text),
    ("算法 Algorithm", Kind::Text),
    ("TAC", Kind::Text),
    ("行业 Industry", Kind::Text),
    ("商户 Merchant", Kind::Text),
    ("线路 Line", Kind::Text),
    ("设备 Device", Kind::Text),
    ("城市 City", Kind::Text),
    ("灰记录 Grey", Kind::Text),
    ("测试 Test", Kind::Text),
];
