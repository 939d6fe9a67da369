//! Cards (卡管) on the web: products, number segments, production orders, the life of cards, stock.

use super::key::{desk_of_books, owner, told as key_told};
use crate::web::app::{App, unexpected};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tongka_base::{CardScheme, Fen, IssuerId, PsamNo};
use tongka_http::{Api, ApiError, Body, Spec, Who};
use tongka_issuing::{
    CardState, IssuingError, KeySets, Product, ProductFile, Segment, allot, card_of_id, define, move_sam, order,
    transfer_stock, transition,
};
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewProduct {
    code: String,
    name: String,
    /// T or M.
    scheme: String,
    #[serde(default)]
    check_digit: bool,
    /// 16 hex digits.
    issuer: String,
    /// Province and city, 8 digits.
    region: String,
    kind: u8,
    /// 3des, sm4 or both.
    keys: String,
    max_balance_fen: i64,
    #[serde(default)]
    overdraft_fen: i64,
    deposit_fen: i64,
    years: u8,
    /// Files with contents of its own: `adf-05=…`.
    #[serde(default)]
    files: Vec<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSegment {
    product: String,
    maker: String,
    /// Digits; larger than numbers of JSON may be.
    first: String,
    last: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOrder {
    product: String,
    maker: String,
    card_count: u64,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Ordered {
    order: i64,
    first: String,
    card_count: u64,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoveCard {
    to: String,
    /// Store it goes to, where it goes into stock.
    store: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoveSam {
    to: String,
    /// Who has it, where it goes into use.
    holder: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Transfer {
    product: String,
    from: String,
    to: String,
    /// First number; the first of the store when absent.
    first: Option<String>,
    count: u64,
}

pub(crate) fn add(api: Api<App>) -> Api<App> {
    let done = |spec: Spec| spec.answers_empty(204, "已办理 done");
    api.post(
        "/card-products",
        done(Spec::new("define_product", "定义卡产品", "Define a card product", "card.propose").takes::<NewProduct>(
            json!({
                "code": "T-CITY", "name": "普通卡", "scheme": "T", "issuer": "02003050FFFFFFFF", "region": "32053050",
                "kind": 1, "keys": "sm4", "max_balance_fen": 100_000, "deposit_fen": 2000, "years": 10
            }),
        )),
        product,
    )
    .post(
        "/segments",
        done(Spec::new("allot_segment", "分配号段", "Allot a number segment", "card.propose").takes::<NewSegment>(
            json!({
                "product": "T-CITY", "maker": "jinbang", "first": "3104305000000000000", "last": "3104305000000099999"
            }),
        )),
        segment,
    )
    .post(
        "/production-orders",
        Spec::new("order_cards", "下达制卡订单", "Order cards", "card.propose")
            .takes::<NewOrder>(json!({ "product": "T-CITY", "maker": "jinbang", "card_count": 1000 }))
            .answers_with::<Ordered>(201, "已下单 ordered"),
        new_order,
    )
    .post(
        "/cards/{id}/move",
        done(
            Spec::new("move_card", "变更卡片状态", "Move a card to another state", "card.operate")
                .path_number("id", "卡片标识 card")
                .takes::<MoveCard>(json!({ "to": "stock", "store": "main" })),
        ),
        move_card,
    )
    .post(
        "/sams/{number}/move",
        done(
            Spec::new("move_sam", "变更SAM状态", "Move a SAM to another state", "card.operate")
                .path("number", "^[0-9A-F]{12}$", "终端机编号 terminal number", "310530500001")
                .takes::<MoveSam>(json!({ "to": "in_use", "holder": "公交集团" })),
        ),
        sam,
    )
    .post(
        "/stock/transfer",
        done(
            Spec::new("transfer_stock", "调拨卡片", "Move cards between stores", "card.operate")
                .takes::<Transfer>(json!({ "product": "T-CITY", "from": "main", "to": "east", "count": 100 })),
        ),
        transfer,
    )
}

/// An error of card management as an answer.
fn told(error: IssuingError) -> ApiError {
    use StatusCode as S;
    let status = match &*error.code() {
        "N01" => S::NOT_FOUND,
        "N02" | "N03" | "N04" | "N05" => S::CONFLICT,
        _ => S::UNPROCESSABLE_ENTITY,
    };
    match error {
        IssuingError::Storage(error) => error.into(),
        IssuingError::Audit(error) => unexpected(&error),
        IssuingError::Key(error) => key_told(error),
        IssuingError::Hsm(error) => key_told(error.into()),
        other => ApiError::coded(status, &other.to_string()),
    }
}

type Outcome = Result<StatusCode, ApiError>;

async fn product(State(app): State<App>, Who(actor): Who, Body(body): Body<NewProduct>) -> Outcome {
    let scheme = body.scheme.as_bytes().first().copied().filter(|_| body.scheme.len() == 1);
    let scheme = scheme.and_then(CardScheme::from_letter).ok_or_else(|| ApiError::field("scheme", "T, M"))?;
    let issuer = IssuerId::parse(body.issuer.to_ascii_uppercase().as_bytes());
    let issuer = issuer.ok_or_else(|| ApiError::field("issuer", "16 位十六进制 hex digits"))?;
    let mut region = [0; 4];
    let plain = body.region.bytes().all(|b| b.is_ascii_digit());
    if !plain || !tongka_base::id::parse_hex(body.region.as_bytes(), &mut region) {
        return Err(ApiError::field("region", "8 位数字 digits"));
    }
    let keys = KeySets::ALL.into_iter().find(|keys| keys.name() == body.keys);
    let read = |text: &String| {
        let (place, content) = text.split_once('=').ok_or_else(|| ApiError::field("files", "FILE=PATTERN"))?;
        ProductFile::parse(place, content).map_err(told)
    };
    let new = Product {
        code: body.code,
        name: body.name,
        scheme,
        check_digit: body.check_digit,
        issuer,
        region,
        kind: body.kind,
        keys: keys.ok_or_else(|| ApiError::field("keys", "3des, sm4, both"))?,
        max_balance: Fen(body.max_balance_fen),
        overdraft: Fen(body.overdraft_fen),
        deposit: Fen(body.deposit_fen),
        years: body.years,
        files: body.files.iter().map(read).collect::<Result<_, _>>()?,
    };
    define(&desk_of_books(&app), owner(&actor)?, &actor.login, &new).await.map_err(told)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn segment(State(app): State<App>, Who(actor): Who, Body(body): Body<NewSegment>) -> Outcome {
    let number = |field: &str, text: &str| text.parse().map_err(|_| ApiError::field(field, "数字 digits"));
    let segment = Segment {
        first: number("first", &body.first)?,
        last: number("last", &body.last)?,
        product: body.product,
        maker: body.maker,
    };
    allot(&desk_of_books(&app), owner(&actor)?, &actor.login, &segment).await.map_err(told)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn new_order(
    State(app): State<App>,
    Who(actor): Who,
    Body(body): Body<NewOrder>,
) -> Result<(StatusCode, Json<Ordered>), ApiError> {
    let desk = desk_of_books(&app);
    let new = order(&desk, owner(&actor)?, &actor.login, &body.product, &body.maker, body.card_count);
    let new = new.await.map_err(told)?;
    let view = Ordered { order: new.id, first: new.first.to_string(), card_count: new.count };
    Ok((StatusCode::CREATED, Json(view)))
}

async fn move_card(
    State(app): State<App>,
    Who(actor): Who,
    Path(id): Path<i64>,
    Body(body): Body<MoveCard>,
) -> Outcome {
    let (desk, owner) = (desk_of_books(&app), owner(&actor)?);
    let card = card_of_id(&desk, owner, id).await.map_err(told)?;
    let states = || CardState::ALL.iter().map(|s| s.name()).collect::<Vec<_>>().join(", ");
    let to = CardState::ALL.iter().copied().find(|s| s.name() == body.to);
    let to = to.ok_or_else(|| ApiError::field("to", states()))?;
    transition(&desk, owner, &actor.login, &card.number, to, body.store.as_deref()).await.map_err(told)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn sam(State(app): State<App>, Who(actor): Who, Path(text): Path<String>, Body(body): Body<MoveSam>) -> Outcome {
    let number = PsamNo::parse(text.as_bytes()).ok_or_else(|| ApiError::not_found(format!("SAM {text}")))?;
    let desk = desk_of_books(&app);
    let moved = move_sam(&desk, owner(&actor)?, &actor.login, number, &body.to, body.holder.as_deref());
    moved.await.map_err(told)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn transfer(State(app): State<App>, Who(actor): Who, Body(body): Body<Transfer>) -> Outcome {
    let numbers = (body.first.as_deref(), body.count);
    let places = (body.from.as_str(), body.to.as_str());
    let desk = desk_of_books(&app);
    let moved = transfer_stock(&desk, owner(&actor)?, &actor.login, &body.product, places, numbers);
    moved.await.map_err(told)?;
    Ok(StatusCode::NO_CONTENT)
}
