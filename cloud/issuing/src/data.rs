//! Card data files of orders; their layout is that of [`tongka_card::data`].

use crate::order::find;
use crate::product::{begin, finish, noted, product};
use crate::{IssuingError, Product};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use tempfile::NamedTempFile;
use tongka_base::date::{days_since_epoch, format_date, parse_date};
use tongka_base::{Algorithm, AppSerial, CardScheme, Date};
use tongka_card::data::{CardFile, EF15, EF17, LIMITS, SM4_KEYS, TDES_KEYS, card_part, dgi_names, head, parse};
use tongka_card::files::{Management, PublicInfo};
use tongka_card::numbers::card_factor;
use tongka_card::{KeyUsage, algorithm_byte};
use tongka_crypto::{Sm3, sm3};
use tongka_hsm::{Hsm, KeyRef, KeySpec, Usage};
use tongka_key::{Desk, KeyError, Login, ManagedKey, pick, together};
use tongka_storage::{TenantCode, Value, params};

/// What a card carries of what a city manages.
const KEYS: [(Usage, KeyUsage); 11] = [
    (Usage::Purchase, KeyUsage::Purchase),
    (Usage::Load, KeyUsage::Load),
    (Usage::Tac, KeyUsage::Tac),
    (Usage::AppMaintenance, KeyUsage::Maintenance),
    (Usage::CardMaintenance, KeyUsage::CardMaintenance),
    (Usage::Unload, KeyUsage::Unload),
    (Usage::Overdraft, KeyUsage::Overdraft),
    (Usage::PinUnblock, KeyUsage::PinUnblock),
    (Usage::PinReload, KeyUsage::PinReload),
    (Usage::InternalAuth, KeyUsage::InternalAuth),
    (Usage::ExternalAuth, KeyUsage::ExternalAuth),
];
/// How many of them every card must have: the first of the list.
const NEEDED: usize = 4;
/// Cards made at a time before they are written.
const BATCH: usize = 4096;

pub(crate) fn damaged(what: impl ToString) -> IssuingError {
    IssuingError::File(what.to_string())
}

/// The keys of an owner's cards, and the transport key they are sealed with.
struct Keyring {
    /// Use on the card, the key, its name on the device.
    keys: Vec<(KeyUsage, ManagedKey, String)>,
    transport: String,
}

impl Keyring {
    async fn gather(desk: &Desk<'_>, owner: TenantCode, transport: String) -> Result<Self, IssuingError> {
        let mut keys = Vec::new();
        for algorithm in [Algorithm::Tdes, Algorithm::Sm4] {
            let mut found = Vec::new();
            let mut missing = None;
            for (n, (usage, card_usage)) in KEYS.into_iter().enumerate() {
                match pick(desk, owner, usage, algorithm, None).await {
                    Ok(key) => {
                        let name = key.device_name();
                        found.push((card_usage, key, name));
                    }
                    Err(error @ KeyError::NotFound(_)) if n < NEEDED => missing = Some(error),
                    Err(KeyError::NotFound(_)) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            match missing {
                // An algorithm of which the city has some but not all needed keys is a fault, not a choice.
                Some(error) if !found.is_empty() => return Err(error.into()),
                Some(_) => {}
                None => keys.extend(found),
            }
        }
        if keys.is_empty() {
            return Err(KeyError::NotFound("active keys for cards".into()).into());
        }
        Ok(Self { keys, transport })
    }

    /// The keys of one card of an algorithm.
    fn seal(&self, hsm: &dyn Hsm, algorithm: Algorithm, factor: [u8; 8]) -> Result<Vec<u8>, IssuingError> {
        let mut out = Vec::new();
        for (usage, key, name) in self.keys.iter().filter(|(_, key, _)| key.spec.algorithm == algorithm) {
            let card = KeyRef { name, factors: &[factor] };
            out.extend(seal(hsm, card, *usage, &key.spec, &self.transport)?);
        }
        Ok(out)
    }
}

/// What the cards of an order are made from.
struct Making<'a> {
    hsm: &'a dyn Hsm,
    product: &'a Product,
    ring: &'a Keyring,
    /// First and last day, BCD.
    days: ([u8; 4], [u8; 4]),
}

fn bcd_date(date: Date) -> [u8; 4] {
    let text = format_date(date).into_bytes();
    std::array::from_fn(|i| (text[2 * i] - b'0') << 4 | (text[2 * i + 1] - b'0'))
}

/// A date some years later; 29 February becomes the 28th.
fn years_later(date: Date, years: u8) -> Result<Date, IssuingError> {
    let text = format_date(date);
    let year: u32 = text[..4].parse().expect("four digits");
    let month_day = if &text[4..] == "0229" { "0228" } else { &text[4..] };
    let later = format!("{:04}{month_day}", year + u32::from(years));
    parse_date(later.as_bytes()).ok_or_else(|| IssuingError::Value("years of validity".into()))
}

impl Making<'_> {
    /// The part of one card.
    fn part(&self, sequence: u32, serial: AppSerial) -> Result<Vec<u8>, IssuingError> {
        let product = self.product;
        let info = PublicInfo {
            issuer: product.issuer,
            enabled: 0,
            version: 1,
            serial,
            start: self.days.0,
            expiry: self.days.1,
            issuer_data: [0; 2],
        };
        let mut dgis = vec![(EF15, info.encode().to_vec())];
        if product.scheme == CardScheme::TUnion {
            let [p0, p1, c0, c1] = product.region;
            let management = Management {
                country: [0, 0, 0x01, 0x56],
                province: [p0, p1],
                city: [c0, c1],
                interoperable: [0, 1],
                kind: product.kind,
                reserved: [0; 49],
            };
            dgis.push((EF17, management.encode().to_vec()));
        }
        let highest = u32::try_from(product.max_balance.0).expect("checked when the product was defined");
        dgis.push((LIMITS, highest.to_be_bytes().to_vec()));
        for (dgi, algorithm) in [(TDES_KEYS, Algorithm::Tdes), (SM4_KEYS, Algorithm::Sm4)] {
            let keys = self.ring.seal(self.hsm, algorithm, card_factor(&serial))?;
            if !keys.is_empty() {
                dgis.push((dgi, keys));
            }
        }
        Ok(card_part(sequence, &dgis))
    }

    /// Parts of consecutive cards, made by several threads.
    fn parts(&self, cards: &[(u32, AppSerial)]) -> Result<Vec<u8>, IssuingError> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let share = cards.len().div_ceil(threads).max(1);
        let make = |cards: &[(u32, AppSerial)]| -> Result<Vec<u8>, IssuingError> {
            let parts = cards.iter().map(|(sequence, serial)| self.part(*sequence, *serial));
            Ok(parts.collect::<Result<Vec<_>, _>>()?.concat())
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = cards.chunks(share).map(|cards| scope.spawn(move || make(cards))).collect();
            let parts = threads.into_iter().map(|t| t.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            Ok(parts.collect::<Result<Vec<_>, _>>()?.concat())
        })
    }
}

/// Writes a data file beside its name: head, parts, MAC. `what` is its letter and the names of its DGIs, `of` the number
/// of cards and the order.
pub(crate) fn write_file(
    hsm: &dyn Hsm,
    what: (u8, &[&str]),
    of: (u32, i64),
    parts: &[Vec<u8>],
    file_key: &str,
    path: &Path,
) -> Result<NamedTempFile, IssuingError> {
    let failed = |e: std::io::Error| damaged(format!("{}: {e}", path.display()));
    let temp = NamedTempFile::new_in(folder(path)).map_err(failed)?;
    let length = parts.iter().map(|p| p.len() as u64).sum();
    let head = head(what.0, what.1, of.0, of.1, length);
    let mut digest = Sm3::new();
    let mut out = BufWriter::with_capacity(1 << 18, temp.as_file());
    for bytes in std::iter::once(&head).chain(parts) {
        digest.update(bytes);
        out.write_all(bytes).map_err(failed)?;
    }
    out.write_all(&hsm.file_mac(file_key, &digest.finish())?).map_err(failed)?;
    out.flush().map_err(failed)?;
    drop(out);
    temp.as_file().sync_all().map_err(failed)?;
    Ok(temp)
}

/// Gives a written file its name and registers what is in it. The file comes first: after a stop between both, what it
/// holds is still open, and giving it out again says that the file is there.
pub(crate) async fn give_out(
    made: NamedTempFile,
    path: &Path,
    register: impl Future<Output = Result<(), IssuingError>>,
) -> Result<(), IssuingError> {
    made.persist_noclobber(path).map_err(damaged)?;
    let registered = match File::open(folder(path)).and_then(|dir| dir.sync_all()) {
        Ok(()) => register.await,
        Err(error) => Err(damaged(error)),
    };
    if registered.is_err() {
        let _ = std::fs::remove_file(path);
    }
    registered
}

/// The folder of a file.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A key as WRITE KEY takes it under a transport key, behind its length.
pub(crate) fn seal(
    hsm: &dyn Hsm,
    key: KeyRef<'_>,
    usage: KeyUsage,
    spec: &KeySpec,
    transport: &str,
) -> Result<Vec<u8>, IssuingError> {
    let header = [usage as u8, spec.version, algorithm_byte(spec.algorithm)];
    let sealed = hsm.wrap_card_key(key, header, KeyRef::stored(transport))?;
    let length = u8::try_from(sealed.len()).expect("a sealed key is short");
    Ok([&[length][..], &sealed].concat())
}

/// Writes the card data file of an order, under a transport key and a file key of the owner, and registers its cards. It
/// lets keys out, so two custodians of the owner do it together. The file is written whole or not at all, and must not exist. An order is given out once.
///
/// # Errors
/// N01, N05; K01 where a key is missing, K03 to K06 for the custodians; H codes of the device; N07 where the file exists or cannot be written.
pub async fn write_card_file(
    desk: &Desk<'_>,
    people: [Login<'_>; 2],
    order: i64,
    (transport, file_key): (&str, &str),
    path: &Path,
) -> Result<(), IssuingError> {
    let owner = people[0].owner;
    let object = format!("order {order}");
    let actor = format!("{}, {}", people[0].name, people[1].name);
    let actor = actor.as_str();
    let work = async {
        together(desk, people).await?;
        let order = find(desk, owner, order).await?;
        if order.state != "open" {
            return Err(IssuingError::State(format!("order {} is {}", order.id, order.state)));
        }
        let product = product(desk, owner, &order.product).await?;
        let ring = Keyring::gather(desk, owner, format!("{owner}.{transport}")).await?;
        let today = desk.clock.now().date();
        let days = (bcd_date(today), bcd_date(years_later(today, product.years)?));
        let last = order.first + order.count as i64;
        let numbers = (order.first..last).map(|n| product.number(n)).collect::<Result<Vec<_>, _>>()?;
        let cards: Vec<(u32, AppSerial)> = numbers.iter().zip(1..).map(|((_, serial), n)| (n, *serial)).collect();
        let making = Making { hsm: desk.hsm, product: &product, ring: &ring, days };
        let mut parts = Vec::new();
        for cards in cards.chunks(BATCH) {
            parts.push(making.parts(cards)?);
        }
        let what = (product.scheme.letter(), dgi_names(product.scheme));
        let made =
            write_file(desk.hsm, what, (order.count as u32, order.id), &parts, &format!("{owner}.{file_key}"), path)?;

        let mut tx = begin(desk).await?;
        let sql = "UPDATE production_order SET state = 'made' WHERE id = $1 AND owner = $2 AND state = 'open'";
        if tx.execute(sql, params![order.id, owner.0]).await? == 0 {
            return Err(IssuingError::State(format!("order {} was given out meanwhile", order.id)));
        }
        let (at, scheme, code) =
            (i64::from(days_since_epoch(today)), product.scheme.to_string(), product.code.as_str());
        let row = |(number, _): &(String, AppSerial)| -> Vec<Value> {
            params![owner.0, scheme.as_str(), number.as_str(), code, order.id, "made", at].to_vec()
        };
        let columns = ["owner", "scheme", "number", "product", "order_id", "state", "changed_on"];
        tx.insert_many("card", &columns, numbers.iter().map(row).collect()).await?;
        let detail = format!("{} cards under {transport}", order.count);
        give_out(made, path, finish(desk, tx, owner, actor, "order.data", &object, &detail)).await
    };
    let outcome = work.await;
    noted(desk, (owner, actor, "order.data", &object), outcome).await
}

/// Reads a card data file and checks its MAC.
///
/// # Errors
/// N07; H codes of the device.
pub fn read_card_file(hsm: &dyn Hsm, file_key: &str, bytes: &[u8]) -> Result<CardFile, IssuingError> {
    // The length of a MAC tells which algorithm its key has.
    let mac_length = hsm.file_mac(file_key, &[])?.len();
    let (content, mac) =
        bytes.len().checked_sub(mac_length).map(|at| bytes.split_at(at)).ok_or_else(|| damaged("too short"))?;
    if hsm.file_mac(file_key, &sm3(content))? != mac {
        return Err(damaged("MAC"));
    }
    parse(content).map_err(damaged)
}
