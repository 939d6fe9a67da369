//! Products and number segments.

use crate::IssuingError;
use crate::content::{ProductFile, check_files, read_files, write_files};
use tongka_audit::Deed;
use tongka_base::{Algorithm, AppSerial, CardScheme, Fen, IssuerId};
use tongka_card::numbers::{MohurdNumber, Pan};
use tongka_key::Desk;
use tongka_storage::{Row, Scope, TenantCode, WriteTx, params};

/// A kind of card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Code within the owner: 1 to 16 of `A-Z 0-9 -`.
    pub code: String,
    /// Name.
    pub name: String,
    /// Scheme.
    pub scheme: CardScheme,
    /// Whether T-Union numbers end in a Luhn digit: segments are then of 18-digit bodies.
    pub check_digit: bool,
    /// Issuer id, as in EF15.
    pub issuer: IssuerId,
    /// Province and city of EF17, four BCD digits each.
    pub region: [u8; 4],
    /// Kind of card (卡种类型) of EF17.
    pub kind: u8,
    /// Key sets of its cards.
    pub keys: KeySets,
    /// Highest balance.
    pub max_balance: Fen,
    /// Overdraft limit (透支限额) of the purse.
    pub overdraft: Fen,
    /// Deposit (押金).
    pub deposit: Fen,
    /// Years a card is valid.
    pub years: u8,
    /// Files whose contents are the product's own.
    pub files: Vec<ProductFile>,
}

/// Key sets (密钥组) of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySets {
    /// 3DES only.
    Tdes,
    /// SM4 only.
    Sm4,
    /// Both side by side.
    Both,
}

impl KeySets {
    /// All.
    pub const ALL: [Self; 3] = [Self::Tdes, Self::Sm4, Self::Both];

    /// As stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tdes => "3des",
            Self::Sm4 => "sm4",
            Self::Both => "both",
        }
    }

    /// Whether a card has keys of an algorithm.
    pub fn has(self, algorithm: Algorithm) -> bool {
        match self {
            Self::Tdes => algorithm == Algorithm::Tdes,
            Self::Sm4 => algorithm == Algorithm::Sm4,
            Self::Both => true,
        }
    }
}

/// Numbers allotted to a product and a maker, both ends included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Product.
    pub product: String,
    /// Card maker (制卡商).
    pub maker: String,
    /// First number.
    pub first: i64,
    /// Last number.
    pub last: i64,
}

/// A segment and how much of it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentUse {
    /// The segment.
    pub segment: Segment,
    /// Numbers ordered so far.
    pub ordered: u64,
    /// Numbers left.
    pub left: u64,
}

impl Product {
    /// Digits of a segment's numbers.
    pub fn digits(&self) -> usize {
        match (self.scheme, self.check_digit) {
            (CardScheme::TUnion, true) => 18,
            (CardScheme::TUnion, false) => 19,
            (CardScheme::Mohurd, _) => 16,
        }
    }

    /// The card number of a number of the segment, as printed, and its application serial.
    ///
    /// # Errors
    /// N06.
    pub fn number(&self, number: i64) -> Result<(String, AppSerial), IssuingError> {
        let text = format!("{number:0width$}", width = self.digits());
        let wrong = |e: tongka_card::numbers::NumberError| IssuingError::Value(e.to_string());
        match self.scheme {
            CardScheme::TUnion => {
                let pan = if self.check_digit { Pan::with_check_digit(&text) } else { Pan::parse(&text) };
                let pan = pan.map_err(wrong)?;
                Ok((pan.to_string(), pan.serial()))
            }
            CardScheme::Mohurd => {
                let number = MohurdNumber::parse(&text).map_err(wrong)?;
                Ok((number.to_string(), number.app_serial([0; 2]).map_err(wrong)?))
            }
        }
    }
}

/// A number as logs show it.
pub(crate) fn masked(number: &str) -> String {
    let end = number.len().saturating_sub(4);
    format!("{}****{}", number.get(..6).unwrap_or_default(), number.get(end..).unwrap_or_default())
}

pub(crate) async fn begin(desk: &Desk<'_>) -> Result<WriteTx, IssuingError> {
    Ok(tongka_audit::begin(desk.db).await?)
}

/// Notes a deed that is done and makes it durable.
pub(crate) async fn finish(
    desk: &Desk<'_>,
    tx: WriteTx,
    owner: TenantCode,
    actor: &str,
    action: &str,
    object: &str,
    detail: &str,
) -> Result<(), IssuingError> {
    let deed = Deed { owner: owner.0, actor, action, object, outcome: "ok", detail };
    Ok(tongka_audit::commit(tx, &deed, desk.clock).await?)
}

/// Notes a refusal; the outcome stays what it was.
pub(crate) async fn noted<T>(
    desk: &Desk<'_>,
    (owner, actor, action, object): (TenantCode, &str, &str, &str),
    outcome: Result<T, IssuingError>,
) -> Result<T, IssuingError> {
    if let Err(error) = &outcome {
        let deed = Deed { owner: owner.0, actor, action, object, outcome: &error.code(), detail: "" };
        tongka_audit::note(desk.db, &deed, desk.clock).await?;
    }
    outcome
}

/// Defines a product.
///
/// # Errors
/// N02, N06.
pub async fn define(desk: &Desk<'_>, owner: TenantCode, actor: &str, new: &Product) -> Result<(), IssuingError> {
    let work = async {
        let plain = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-';
        if new.code.is_empty() || new.code.len() > 16 || !new.code.bytes().all(plain) {
            return Err(IssuingError::Value("a product code is 1 to 16 of A-Z 0-9 -".into()));
        }
        let money = 0..=i64::from(i32::MAX);
        let limits = money.contains(&new.max_balance.0) && (0..=0xFF_FFFF).contains(&new.overdraft.0);
        if !limits || !money.contains(&new.deposit.0) || !(1..=50).contains(&new.years) {
            return Err(IssuingError::Value("highest balance, overdraft, deposit or years".into()));
        }
        check_files(new)?;
        let mut tx = begin(desk).await?;
        let sql = "INSERT INTO card_product (owner, code, name, scheme, check_digit, issuer, region, kind, \
                   max_balance_fen, deposit_fen, years, key_sets, overdraft_fen, files) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (owner, code) DO NOTHING";
        let values = params![
            owner.0,
            new.code.as_str(),
            new.name.as_str(),
            new.scheme.to_string(),
            i64::from(new.check_digit),
            new.issuer.to_string(),
            i64::from(u32::from_be_bytes(new.region)),
            i64::from(new.kind),
            new.max_balance,
            new.deposit,
            i64::from(new.years),
            new.keys.name(),
            new.overdraft,
            write_files(&new.files)
        ];
        if tx.execute(sql, values).await? == 0 {
            return Err(IssuingError::Exists(new.code.clone()));
        }
        finish(desk, tx, owner, actor, "product.define", &new.code, &new.name).await
    };
    let outcome = work.await;
    noted(desk, (owner, actor, "product.define", &new.code), outcome).await
}

fn product_of(row: &Row) -> Result<Product, IssuingError> {
    let odd = || IssuingError::Value("a stored product that does not read".into());
    let key_sets = row.text("key_sets")?;
    let scheme = row.text("scheme")?.bytes().next().and_then(CardScheme::from_letter).ok_or_else(odd)?;
    Ok(Product {
        code: row.text("code")?,
        name: row.text("name")?,
        scheme,
        check_digit: row.flag("check_digit")?,
        issuer: IssuerId::parse(row.text("issuer")?.as_bytes()).ok_or_else(odd)?,
        region: (row.int("region")? as u32).to_be_bytes(),
        kind: row.int("kind")? as u8,
        keys: KeySets::ALL.into_iter().find(|k| k.name() == key_sets).ok_or_else(odd)?,
        max_balance: Fen(row.int("max_balance_fen")?),
        overdraft: Fen(row.int("overdraft_fen")?),
        deposit: Fen(row.int("deposit_fen")?),
        years: row.int("years")? as u8,
        files: read_files(&row.text("files")?)?,
    })
}

const COLUMNS: &str = "code, name, scheme, check_digit, issuer, region, kind, max_balance_fen, deposit_fen, years, \
                       key_sets, overdraft_fen, files";

/// The products of an owner, by code.
///
/// # Errors
/// What the database says.
pub async fn products(desk: &Desk<'_>, owner: TenantCode) -> Result<Vec<Product>, IssuingError> {
    let sql = format!("SELECT {COLUMNS} FROM card_product WHERE {{tenant:owner}} ORDER BY code");
    desk.db.read(Scope::Tenant(owner)).fetch_all(&sql, params![]).await?.iter().map(product_of).collect()
}

/// A product of an owner.
///
/// # Errors
/// N01.
pub async fn product(desk: &Desk<'_>, owner: TenantCode, code: &str) -> Result<Product, IssuingError> {
    let sql = format!("SELECT {COLUMNS} FROM card_product WHERE code = $1 AND {{tenant:owner}}");
    let row = desk.db.read(Scope::Tenant(owner)).fetch_optional(&sql, params![code]).await?;
    row.as_ref().map(product_of).transpose()?.ok_or_else(|| IssuingError::NotFound(code.to_owned()))
}

/// Allots numbers to a product and a maker.
///
/// # Errors
/// N01; N03 where any owner has a number of it; N06.
pub async fn allot(desk: &Desk<'_>, owner: TenantCode, actor: &str, segment: &Segment) -> Result<(), IssuingError> {
    let work = async {
        let product = product(desk, owner, &segment.product).await?;
        let fits = |n: i64| n > 0 && n.to_string().len() <= product.digits() && product.number(n).is_ok();
        if segment.first > segment.last || !fits(segment.first) || !fits(segment.last) || segment.maker.is_empty() {
            return Err(IssuingError::Value(format!("a segment of {}-digit numbers and a maker", product.digits())));
        }
        let mut tx = begin(desk).await?;
        // Of the same scheme and of the same kind of numbers, whoever has them.
        let space = format!("{}{}", product.scheme, product.digits());
        let sql = "SELECT first FROM number_segment WHERE space = $1 AND first <= $3 AND last >= $2";
        if tx.fetch_optional(sql, params![space.as_str(), segment.first, segment.last]).await?.is_some() {
            return Err(IssuingError::Overlap);
        }
        let sql = "INSERT INTO number_segment (space, first, last, owner, product, maker, next) \
                   VALUES ($1, $2, $3, $4, $5, $6, $2)";
        let (product, maker) = (segment.product.as_str(), segment.maker.as_str());
        tx.execute(sql, params![space, segment.first, segment.last, owner.0, product, maker]).await?;
        let detail = format!("{} numbers to {maker}", segment.last - segment.first + 1);
        finish(desk, tx, owner, actor, "segment.allot", product, &detail).await
    };
    let outcome = work.await;
    noted(desk, (owner, actor, "segment.allot", &segment.product), outcome).await
}

/// The segments of an owner and what is left of them.
///
/// # Errors
/// What the database says.
pub async fn segments(desk: &Desk<'_>, owner: TenantCode) -> Result<Vec<SegmentUse>, IssuingError> {
    let sql = "SELECT product, maker, first, last, next FROM number_segment WHERE {tenant:owner} ORDER BY space, first";
    let rows = desk.db.read(Scope::Tenant(owner)).fetch_all(sql, params![]).await?;
    let use_of = |row: &Row| -> Result<SegmentUse, IssuingError> {
        let (first, last, next) = (row.int("first")?, row.int("last")?, row.int("next")?);
        Ok(SegmentUse {
            segment: Segment { product: row.text("product")?, maker: row.text("maker")?, first, last },
            ordered: (next - first) as u64,
            left: (last - next + 1) as u64,
        })
    };
    rows.iter().map(use_of).collect()
}
