//! Card data files of orders; their layout is that of [`tongka_card::data`], by a profile.
//!
//! An order is given out in parts: some of its cards to a bureau, others to the owner's own readers, each part under the
//! transport key and in the form that its receiver takes.

use crate::content::contents;
use crate::order::{Destination, find};
use crate::product::{begin, finish, noted, product};
use crate::stock::{BLANK, account, book};
use crate::{CardState, IssuingError, KeySets, Product};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use tempfile::NamedTempFile;
use tongka_base::date::{days_since_epoch, format_date, format_date_time, parse_date};
use tongka_base::{Algorithm, AppSerial, Date};
use tongka_card::KeyUsage;
use tongka_card::data::{CardFile, key_header, parse, sealed_entry};
use tongka_card::numbers::card_factor;
use tongka_card::profile::{Group, Keys, Profile, Slot};
use tongka_crypto::{Sm3, sm3};
use tongka_hsm::{Hsm, KeyRef, KeySpec, Usage};
use tongka_key::{Desk, KeyError, Login, ManagedKey, Wanted, choose, together};
use tongka_storage::{TenantCode, Value, params};

/// What a card carries of what a city manages, in the platform's own form: the city's key by usage and index, the use of
/// the card's key. Its index is the same, but for keys that control.
const KEYS: [(Usage, u8, KeyUsage); 23] = [
    (Usage::Purchase, 1, KeyUsage::Purchase),
    (Usage::Load, 1, KeyUsage::Load),
    (Usage::Tac, 1, KeyUsage::Tac),
    (Usage::AppMaintenance, 1, KeyUsage::Maintenance),
    (Usage::Purchase, 2, KeyUsage::Purchase),
    (Usage::Purchase, 3, KeyUsage::Purchase),
    (Usage::Load, 2, KeyUsage::Load),
    (Usage::AppMaintenance, 2, KeyUsage::Maintenance),
    (Usage::AppMaintenance, 3, KeyUsage::Maintenance),
    (Usage::CardMaster, 1, KeyUsage::CardMaster),
    (Usage::CardMaintenance, 1, KeyUsage::CardMaintenance),
    (Usage::AppMaster, 1, KeyUsage::AppMaster),
    (Usage::Unload, 1, KeyUsage::Unload),
    (Usage::Overdraft, 1, KeyUsage::Overdraft),
    (Usage::PinUnblock, 1, KeyUsage::PinUnblock),
    (Usage::PinReload, 1, KeyUsage::PinReload),
    (Usage::InternalAuth, 1, KeyUsage::InternalAuth),
    (Usage::ExternalAuth, 1, KeyUsage::ExternalAuth),
    (Usage::RecordProtect, 1, KeyUsage::RecordProtect),
    (Usage::RecordProtect, 2, KeyUsage::RecordProtect),
    (Usage::RecordProtect, 3, KeyUsage::RecordProtect),
    (Usage::Reserved, 1, KeyUsage::Reserved),
    (Usage::Reserved, 2, KeyUsage::Reserved),
];
/// How many of them every card must have: the first of the list.
const NEEDED: usize = 4;
/// Cards made at a time before they are written.
const BATCH: usize = 4096;

pub(crate) fn damaged(what: impl ToString) -> IssuingError {
    IssuingError::File(what.to_string())
}

/// A key of the owner, and its name on the device.
struct Chosen {
    key: ManagedKey,
    name: String,
}

impl Chosen {
    fn of(key: &ManagedKey) -> Self {
        Self { key: key.clone(), name: key.device_name() }
    }
}

/// The keys of an owner's cards in the order of their DGIs.
enum Entries {
    /// DGI, use and index on the card, key.
    Sealed(Vec<(u16, KeyUsage, u8, Chosen)>),
    /// A group with the key of every slot.
    Groups(Vec<(Group, Vec<(Slot, Chosen)>)>),
}

/// The keys of an owner's cards, and the transport key they are sealed with.
struct Keyring {
    profile: Profile,
    entries: Entries,
    transport: String,
    transport_kcv: [u8; 3],
}

impl Keyring {
    async fn gather(
        desk: &Desk<'_>,
        owner: TenantCode,
        product: &Product,
        profile: &Profile,
        transport: String,
    ) -> Result<Self, IssuingError> {
        let keys = tongka_key::keys(desk, owner).await?;
        let wanted =
            |usage, algorithm, index| Wanted { scheme: Some(product.scheme), index, ..Wanted::new(usage, algorithm) };
        let entries = match &profile.keys {
            Keys::Sealed { tdes, sm4 } => {
                let mut found = Vec::new();
                for (dgi, algorithm) in [(*tdes, Algorithm::Tdes), (*sm4, Algorithm::Sm4)] {
                    if !product.keys.has(algorithm) {
                        continue;
                    }
                    for (n, (usage, index, card_usage)) in KEYS.into_iter().enumerate() {
                        match choose(&keys, wanted(usage, algorithm, index)) {
                            Ok(key) => {
                                let on_card = if card_usage.first_index() == 0 { 0 } else { index };
                                found.push((dgi, card_usage, on_card, Chosen::of(key)));
                            }
                            Err(KeyError::NotFound(_)) if n >= NEEDED => {}
                            Err(error) => return Err(error.into()),
                        }
                    }
                }
                Entries::Sealed(found)
            }
            Keys::Groups(groups) => {
                let mut all = Vec::new();
                for group in groups.iter().filter(|group| product.keys.has(group.algorithm)) {
                    let key_of = |slot: &Slot| -> Result<(Slot, Chosen), IssuingError> {
                        let mut first = None;
                        for from in &slot.from {
                            let unknown = || IssuingError::Value(format!("profile: no usage {}", from.key));
                            let usage = Usage::parse(&from.key).ok_or_else(unknown)?;
                            match choose(&keys, wanted(usage, group.algorithm, from.index)) {
                                Ok(key) => return Ok((slot.clone(), Chosen::of(key))),
                                Err(error) => first = first.or(Some(error)),
                            }
                        }
                        Err(first
                            .map_or_else(|| IssuingError::Value("profile: a slot without a key".into()), Into::into))
                    };
                    all.push((group.clone(), group.slots.iter().map(key_of).collect::<Result<_, _>>()?));
                }
                Entries::Groups(all)
            }
        };
        let transport_kcv = desk.hsm.kcv(KeyRef::stored(&transport))?;
        Ok(Self { profile: profile.clone(), entries, transport, transport_kcv })
    }

    /// The keys of one card, by DGI.
    fn seal(&self, hsm: &dyn Hsm, factor: [u8; 8]) -> Result<Vec<(u16, Vec<u8>)>, IssuingError> {
        let factors = [factor];
        let mut out: Vec<(u16, Vec<u8>)> = Vec::new();
        match &self.entries {
            Entries::Sealed(keys) => {
                for (dgi, usage, index, Chosen { key, name }) in keys {
                    let card = KeyRef { name, factors: &factors };
                    let sealed = seal(hsm, card, (*usage, *index), &key.spec, &self.transport)?;
                    match out.last_mut() {
                        Some((last, content)) if last == dgi => content.extend(sealed),
                        _ => out.push((*dgi, sealed)),
                    }
                }
            }
            Entries::Groups(groups) => {
                for (group, slots) in groups {
                    let mut content = Vec::new();
                    for (slot, Chosen { key, name }) in slots {
                        let card = KeyRef { name, factors: &factors };
                        content.extend(self.profile.header(slot, group.algorithm, key.spec.version));
                        content.extend(hsm.encrypt_card_key(card, &self.transport)?);
                    }
                    out.push((group.dgi, content));
                }
            }
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
    /// What one card has, by DGI.
    fn dgis(&self, serial: AppSerial) -> Result<Vec<(u16, Vec<u8>)>, IssuingError> {
        let (product, profile) = (self.product, &self.ring.profile);
        let mut dgis = Vec::new();
        for content in contents(product, serial, self.days)? {
            let (dgi, with_rights) = profile.dgi_of(content.directory, content.fid);
            let rights = match (with_rights, content.given) {
                (true, Some(file)) => vec![file.read as u8, file.write as u8],
                (false, Some(file)) if !file.usual_rights() => {
                    let what = format!("{} has no room for the rights of file {:02X}", profile.form, content.fid);
                    return Err(IssuingError::Value(what));
                }
                _ => Vec::new(),
            };
            dgis.push((dgi, [rights, content.bytes].concat()));
        }
        let limit = |fen: i64| u32::try_from(fen).expect("checked when the product was defined").to_be_bytes();
        let limits = [&limit(product.max_balance.0)[..], &limit(product.overdraft.0)[1..]].concat();
        dgis.extend(profile.limits.map(|dgi| (dgi, limits)));
        dgis.extend(profile.transport_kcv.map(|dgi| (dgi, self.ring.transport_kcv.to_vec())));
        dgis.extend(self.ring.seal(self.hsm, card_factor(&serial))?);
        Ok(dgis)
    }

    /// Parts of consecutive cards, made by several threads.
    fn parts(&self, cards: &[(u32, AppSerial)]) -> Result<Vec<u8>, IssuingError> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let share = cards.len().div_ceil(threads).max(1);
        let make = |cards: &[(u32, AppSerial)]| -> Result<Vec<u8>, IssuingError> {
            let part = |(sequence, serial): &(u32, AppSerial)| {
                Ok::<_, IssuingError>(self.ring.profile.card_part(*sequence, &self.dgis(*serial)?))
            };
            Ok(cards.iter().map(part).collect::<Result<Vec<_>, _>>()?.concat())
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = cards.chunks(share).map(|cards| scope.spawn(move || make(cards))).collect();
            let parts = threads.into_iter().map(|t| t.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            Ok(parts.collect::<Result<Vec<_>, _>>()?.concat())
        })
    }
}

/// A data file that is written, not yet under its name.
pub(crate) struct Made {
    file: NamedTempFile,
    /// SM3 of its content without the MAC, hex.
    pub(crate) digest: String,
}

/// Writes a data file beside its name: head, parts, MAC.
pub(crate) fn write_file(
    hsm: &dyn Hsm,
    head: &[u8],
    parts: &[Vec<u8>],
    file_key: &str,
    path: &Path,
) -> Result<Made, IssuingError> {
    let failed = |e: std::io::Error| damaged(format!("{}: {e}", path.display()));
    let temp = NamedTempFile::new_in(folder(path)).map_err(failed)?;
    let mut digest = Sm3::new();
    let mut out = BufWriter::with_capacity(1 << 18, temp.as_file());
    for bytes in std::iter::once(head).chain(parts.iter().map(Vec::as_slice)) {
        digest.update(bytes);
        out.write_all(bytes).map_err(failed)?;
    }
    let digest = digest.finish();
    out.write_all(&hsm.file_mac(file_key, &digest)?).map_err(failed)?;
    out.flush().map_err(failed)?;
    drop(out);
    temp.as_file().sync_all().map_err(failed)?;
    Ok(Made { file: temp, digest: digest.iter().map(|b| format!("{b:02X}")).collect() })
}

/// Gives a written file its name and registers what is in it. The file comes first: after a stop between both, what it
/// holds is still open, and giving it out again says that the file is there.
pub(crate) async fn give_out(
    made: Made,
    path: &Path,
    register: impl Future<Output = Result<(), IssuingError>>,
) -> Result<(), IssuingError> {
    made.file.persist_noclobber(path).map_err(damaged)?;
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

/// A key as WRITE KEY takes it under a transport key, behind its length and index.
pub(crate) fn seal(
    hsm: &dyn Hsm,
    key: KeyRef<'_>,
    (usage, index): (KeyUsage, u8),
    spec: &KeySpec,
    transport: &str,
) -> Result<Vec<u8>, IssuingError> {
    let header = key_header(usage, spec.version, spec.algorithm);
    Ok(sealed_entry(index, &hsm.wrap_card_key(key, header, KeyRef::stored(transport))?))
}

/// What a card data file shall be.
#[derive(Clone, Copy, Debug)]
pub struct CardFileRequest<'a> {
    /// Order.
    pub order: i64,
    /// How many of the cards that were not given out yet; none for all of them.
    pub count: Option<u64>,
    /// Who personalises them.
    pub destination: Destination,
    /// Transport key of the owner.
    pub transport: &'a str,
    /// File key of the owner.
    pub file_key: &'a str,
    /// Form.
    pub profile: &'a Profile,
    /// Where it is written.
    pub path: &'a Path,
}

/// Writes a card data file of an order and registers its cards; returns the number of the part. It lets keys out, so two
/// custodians of the owner do it together. The file is written whole or not at all, and must not exist. A card is given
/// out once.
///
/// # Errors
/// N01, N05, N06; K01 where a key is missing, K03 to K06 for the custodians; H codes of the device; N07 where the file exists or cannot be written.
pub async fn write_card_file(
    desk: &Desk<'_>,
    people: [Login<'_>; 2],
    request: &CardFileRequest<'_>,
) -> Result<u16, IssuingError> {
    let owner = people[0].owner;
    let object = format!("order {}", request.order);
    let actor = format!("{}, {}", people[0].name, people[1].name);
    let actor = actor.as_str();
    let &CardFileRequest { order, count, destination, transport, file_key, profile, path } = request;
    let work = async {
        together(desk, people).await?;
        let order = find(desk, owner, order).await?;
        let count = count.unwrap_or(order.count - order.given);
        if order.state != "open" {
            return Err(IssuingError::State(format!("order {} is {}", order.id, order.state)));
        }
        if count == 0 || count > order.count - order.given {
            return Err(IssuingError::Value(format!("1 to {} cards are not given out yet", order.count - order.given)));
        }
        let product = product(desk, owner, &order.product).await?;
        if !form_has(profile, product.keys) {
            return Err(IssuingError::Value(format!(
                "{} has no room for all key sets of {}",
                profile.form, product.code
            )));
        }
        let ring = Keyring::gather(desk, owner, &product, profile, format!("{owner}.{transport}")).await?;
        let today = desk.clock.now().date();
        let days = (bcd_date(today), bcd_date(years_later(today, product.years)?));
        let first = order.first + order.given as i64;
        let numbers = (first..first + count as i64).map(|n| product.number(n)).collect::<Result<Vec<_>, _>>()?;
        let cards: Vec<(u32, AppSerial)> = numbers.iter().zip(1..).map(|((_, serial), n)| (n, *serial)).collect();
        let making = Making { hsm: desk.hsm, product: &product, ring: &ring, days };
        let mut parts = Vec::new();
        for cards in cards.chunks(BATCH) {
            parts.push(making.parts(cards)?);
        }
        let names: Vec<u16> = making.dgis(cards[0].1)?.into_iter().map(|(dgi, _)| dgi).collect();
        let part = crate::order::parts(desk, owner, order.id).await?.len() as u16 + 1;
        let number = u32::try_from(order.id).map_err(|_| IssuingError::Value("the order's number".into()))?;
        let length = parts.iter().map(|p| p.len() as u64).sum();
        let head = profile.head(product.scheme.letter(), &names, (count as u32, number, part), length);
        let made = write_file(desk.hsm, &head, &parts, &format!("{owner}.{file_key}"), path)?;

        let mut tx = begin(desk).await?;
        let whole = order.given + count == order.count;
        let sql = "UPDATE production_order SET state = $3 WHERE id = $1 AND owner = $2 AND state = 'open'";
        let state = if whole { "made" } else { "open" };
        let taken = "SELECT part FROM production_part WHERE order_id = $1 AND part = $2";
        let meanwhile = || IssuingError::State(format!("order {} was given out meanwhile", order.id));
        if tx.execute(sql, params![order.id, owner.0, state]).await? == 0
            || tx.fetch_optional(taken, params![order.id, i64::from(part)]).await?.is_some()
        {
            return Err(meanwhile());
        }
        let sql = "INSERT INTO production_part (order_id, part, owner, first_card, card_count, destination, form, digest, \
                   state, made_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'made', $9)";
        let values = params![
            order.id,
            i64::from(part),
            owner.0,
            order.given as i64,
            count as i64,
            destination.name(),
            profile.form.as_str(),
            made.digest.as_str(),
            format_date_time(desk.clock.now())
        ];
        tx.execute(sql, values).await?;
        let (at, scheme, code) =
            (i64::from(days_since_epoch(today)), product.scheme.to_string(), product.code.as_str());
        // By its order and its place in it: more cards than an order may have lie between two orders.
        let ids = order.id * 1_000_000 + order.given as i64..;
        let row = |(id, (number, _)): (i64, &(String, AppSerial))| -> Vec<Value> {
            let (state, part) = (CardState::Made.name(), i64::from(part));
            params![owner.0, scheme.as_str(), number.as_str(), code, order.id, state, at, part, "", id].to_vec()
        };
        let columns =
            ["owner", "scheme", "number", "product", "order_id", "state", "changed_on", "part", "place", "id"];
        tx.insert_many("card", &columns, ids.zip(&numbers).map(row).collect()).await?;
        let maker = account(CardState::Made, &order.maker, "");
        let why = format!("{object} part {part}");
        book(&mut tx, desk, (owner, actor), code, (BLANK, &maker), count, &why).await?;
        let detail =
            format!("part {part}: {count} cards for {} in {} under {transport}", destination.name(), profile.form);
        give_out(made, path, finish(desk, tx, owner, actor, "order.data", &object, &detail)).await?;
        Ok(part)
    };
    let outcome = work.await;
    noted(desk, (owner, actor, "order.data", &object), outcome).await
}

/// Reads a card data file and checks its MAC.
///
/// # Errors
/// N07; H codes of the device.
pub fn read_card_file(
    hsm: &dyn Hsm,
    file_key: &str,
    bytes: &[u8],
    profiles: &[Profile],
) -> Result<CardFile, IssuingError> {
    // The length of a MAC tells which algorithm its key has.
    let mac_length = hsm.file_mac(file_key, &[])?.len();
    let (content, mac) =
        bytes.len().checked_sub(mac_length).map(|at| bytes.split_at(at)).ok_or_else(|| damaged("too short"))?;
    hsm.verify_file_mac(file_key, &sm3(content), mac).map_err(|error| match error.code {
        tongka_hsm::HsmCode::Mac => damaged("MAC"),
        _ => error.into(),
    })?;
    parse(content, profiles).map_err(damaged)
}

/// Checks a card data file that came back or is about to be sent, and notes what came of it.
///
/// # Errors
/// As [`read_card_file`].
pub async fn check_card_file(
    desk: &Desk<'_>,
    owner: TenantCode,
    actor: &str,
    file_key: &str,
    bytes: &[u8],
    profiles: &[Profile],
) -> Result<CardFile, IssuingError> {
    let object = format!("file {}", sm3(bytes)[..8].iter().map(|b| format!("{b:02X}")).collect::<String>());
    let work = async {
        let read = read_card_file(desk.hsm, &format!("{owner}.{file_key}"), bytes, profiles)?;
        let detail = format!("order {} part {}: {} cards", read.order, read.part, read.cards.len());
        finish(desk, begin(desk).await?, owner, actor, "order.check", &object, &detail).await?;
        Ok(read)
    };
    let outcome = work.await;
    noted(desk, (owner, actor, "order.check", &object), outcome).await
}

/// Key sets that a product may have in a form: a form in slots may lack an algorithm.
pub(crate) fn form_has(profile: &Profile, keys: KeySets) -> bool {
    match &profile.keys {
        Keys::Sealed { .. } => true,
        Keys::Groups(groups) => [Algorithm::Tdes, Algorithm::Sm4]
            .into_iter()
            .all(|a| !keys.has(a) || groups.iter().any(|g| g.algorithm == a)),
    }
}
