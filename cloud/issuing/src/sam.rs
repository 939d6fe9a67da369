//! Secure access modules: PSAMs (消费) of terminals and ISAMs (充值) of load points: registered, made, followed.
//!
//! A SAM's number is its terminal number (终端机编号), which enters every MAC and TAC: no two SAMs share one, whoever
//! owns them. Its data file is that of cards ([`tongka_card::data`]) with DGI B015 to B017 for EF15 to EF17; a PSAM holds
//! the purchase keys, an ISAM the load keys, as the owner has them, wrapped under the maker's transport key.

use crate::IssuingError;
use crate::data::{give_out, seal, write_file};
use crate::product::{begin, finish, noted};
use std::path::Path;
use tongka_base::date::days_since_epoch;
use tongka_base::{Algorithm, CardScheme, PsamNo};
use tongka_card::KeyUsage;
use tongka_card::card::TUNION_AID;
use tongka_card::profile::{Keys, Profile};
use tongka_card::psam::{PsamApplication, PsamInfo};
use tongka_hsm::{KeyRef, Usage};
use tongka_key::{Desk, KeyError, Login, Wanted, pick, together};
use tongka_storage::{Scope, TenantCode, Value, params};

/// What a SAM is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SamKind {
    /// Purchases (消费).
    Psam,
    /// Loads (充值).
    Isam,
}

impl SamKind {
    /// As stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Psam => "psam",
            Self::Isam => "isam",
        }
    }

    fn key(self) -> (Usage, KeyUsage) {
        match self {
            Self::Psam => (Usage::Purchase, KeyUsage::Purchase),
            Self::Isam => (Usage::Load, KeyUsage::Load),
        }
    }
}

/// Where a SAM is in its life, and what may follow: registered, made, in use, stopped, destroyed.
pub const SAM_STATES: [(&str, &str, &[&str]); 5] = [
    ("registered", "已登记", &["made"]),
    ("made", "已制作", &["in_use", "destroyed"]),
    ("in_use", "在用", &["stopped"]),
    ("stopped", "停用", &["in_use", "destroyed"]),
    ("destroyed", "销毁", &[]),
];

/// A SAM as registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sam {
    /// Terminal number.
    pub number: PsamNo,
    /// Kind, as stored.
    pub kind: String,
    /// State, as stored.
    pub state: String,
    /// Who has it, once it is in use: an operator, a terminal, a load point.
    pub holder: String,
}

/// Most SAMs of one deed.
const MOST: u64 = 100_000;

fn value(number: PsamNo) -> u64 {
    number.0.iter().fold(0, |n, b| n << 8 | u64::from(*b))
}

fn number(value: u64) -> PsamNo {
    let [_, _, rest @ ..] = value.to_be_bytes();
    PsamNo(rest)
}

/// The numbers of a range.
fn range(first: PsamNo, count: u64) -> Result<Vec<PsamNo>, IssuingError> {
    let from = value(first);
    if !(1..=MOST).contains(&count) || from + count > 1 << 48 {
        return Err(IssuingError::Value(format!("1 to {MOST} SAMs with numbers of 12 hex digits")));
    }
    Ok((from..from + count).map(number).collect())
}

/// Registers SAMs with consecutive terminal numbers.
///
/// # Errors
/// N03 where any owner has one of the numbers; N06.
pub async fn register_sams(
    desk: &Desk<'_>,
    owner: TenantCode,
    actor: &str,
    kind: SamKind,
    first: PsamNo,
    count: u64,
) -> Result<(), IssuingError> {
    let object = format!("{} {first}", kind.name());
    let work = async {
        let numbers = range(first, count)?;
        let last = numbers[numbers.len() - 1];
        let mut tx = begin(desk).await?;
        let sql = "SELECT number FROM sam WHERE number BETWEEN $1 AND $2";
        if tx.fetch_optional(sql, params![first.to_string(), last.to_string()]).await?.is_some() {
            return Err(IssuingError::Overlap);
        }
        let at = i64::from(days_since_epoch(desk.clock.now().date()));
        let row = |number: &PsamNo| -> Vec<Value> {
            params![number.to_string(), owner.0, kind.name(), "registered", at].to_vec()
        };
        let columns = ["number", "owner", "kind", "state", "changed_on"];
        tx.insert_many("sam", &columns, numbers.iter().map(row).collect()).await?;
        finish(desk, tx, owner, actor, "sam.register", &object, &format!("{count}")).await
    };
    let outcome = work.await;
    noted(desk, (owner, actor, "sam.register", &object), outcome).await
}

/// Writes the data file of registered SAMs, which are then made. Two custodians do it together.
///
/// # Errors
/// N01 and N05 where a number is not registered or was made before; K codes; H codes; N07 where the file exists or cannot
/// be written.
pub async fn write_sam_file(
    desk: &Desk<'_>,
    people: [Login<'_>; 2],
    (kind, scheme): (SamKind, Option<CardScheme>),
    (first, count): (PsamNo, u64),
    (transport, file_key): (&str, &str),
    path: &Path,
) -> Result<(), IssuingError> {
    let owner = people[0].owner;
    let actor = format!("{}, {}", people[0].name, people[1].name);
    let object = format!("{} {first}", kind.name());
    let work = async {
        together(desk, people).await?;
        let numbers = range(first, count)?;
        let (usage, card_usage) = kind.key();
        let mut keys = Vec::new();
        let profile = Profile::own();
        let Keys::Sealed { tdes, sm4 } = profile.keys else { unreachable!("the platform's own form has sealed keys") };
        for (dgi, algorithm) in [(tdes, Algorithm::Tdes), (sm4, Algorithm::Sm4)] {
            match pick(desk, owner, Wanted { scheme, ..Wanted::new(usage, algorithm) }).await {
                Ok(key) => keys.push((dgi, key)),
                Err(KeyError::NotFound(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if keys.is_empty() {
            return Err(KeyError::NotFound(format!("active {usage} keys")).into());
        }
        let transport = format!("{owner}.{transport}");
        let mut sealed = Vec::new();
        for (dgi, key) in &keys {
            let name = key.device_name();
            sealed.push((*dgi, seal(desk.hsm, KeyRef::stored(&name), (card_usage, 1), &key.spec, &transport)?));
        }
        let mut body = Vec::new();
        for (sequence, number) in (1..).zip(&numbers) {
            let [a, b, c, d, e, f] = number.0;
            let info =
                PsamInfo { serial: [0, 0, 0, 0, a, b, c, d, e, f], version: 1, key_card: 0, issuer_data: [0; 2] };
            let application = PsamApplication {
                key_index: 1,
                issuer: [0; 8],
                application: TUNION_AID,
                start: [0x20, 0, 1, 1],
                expiry: [0x20, 0x99, 0x12, 0x31],
            };
            let mut dgis = vec![
                (0xB015, info.encode().to_vec()),
                (0xB016, number.0.to_vec()),
                (0xB017, application.encode().to_vec()),
            ];
            dgis.extend(sealed.iter().cloned());
            body.extend(profile.card_part(sequence, &dgis));
        }
        let head = profile.head(b'S', &[0xB015, 0xB016, 0xB017, tdes, sm4], (count as u32, 0, 0), body.len() as u64);
        let made = write_file(desk.hsm, &head, &[body], &format!("{owner}.{file_key}"), path)?;

        let mut tx = begin(desk).await?;
        let last = numbers[numbers.len() - 1];
        let sql = "UPDATE sam SET state = 'made', changed_on = $5 WHERE number BETWEEN $1 AND $2 AND owner = $3 \
                   AND kind = $4 AND state = 'registered'";
        let at = days_since_epoch(desk.clock.now().date());
        let values = params![first.to_string(), last.to_string(), owner.0, kind.name(), at];
        if tx.execute(sql, values).await? != count {
            return Err(IssuingError::State(format!("{object}: not all of {count} are registered and unmade")));
        }
        let detail = format!("{count} under {transport}");
        give_out(made, path, finish(desk, tx, owner, &actor, "sam.data", &object, &detail)).await
    };
    let outcome = work.await;
    noted(desk, (owner, &actor, "sam.data", &object), outcome).await
}

/// A SAM of an owner.
///
/// # Errors
/// N01.
pub async fn sam(desk: &Desk<'_>, owner: TenantCode, number: PsamNo) -> Result<Sam, IssuingError> {
    let sql = "SELECT kind, state, holder FROM sam WHERE number = $1 AND {tenant:owner}";
    let row = desk.db.read(Scope::Tenant(owner)).fetch_optional(sql, params![number.to_string()]).await?;
    let row = row.ok_or_else(|| IssuingError::NotFound(number.to_string()))?;
    Ok(Sam { number, kind: row.text("kind")?, state: row.text("state")?, holder: row.text("holder")? })
}

/// Moves a SAM to another of the [`SAM_STATES`]; one that goes into use is issued to a holder.
///
/// # Errors
/// N01; N05 where the state does not follow; N06 for a SAM in use without a holder.
pub async fn move_sam(
    desk: &Desk<'_>,
    owner: TenantCode,
    actor: &str,
    number: PsamNo,
    to: &str,
    holder: Option<&str>,
) -> Result<(), IssuingError> {
    let object = number.to_string();
    let work = async {
        let Sam { state: from, holder: before, .. } = sam(desk, owner, number).await?;
        let next = SAM_STATES.iter().find(|(name, ..)| *name == from).map_or(&[][..], |(.., next)| next);
        // Only its data file makes a SAM.
        if to == "made" || !next.contains(&to) {
            return Err(IssuingError::State(format!("{object} is {from}, it cannot become {to}")));
        }
        let holder = holder.unwrap_or(&before);
        if to == "in_use" && (holder.is_empty() || holder.chars().count() > 64) {
            return Err(IssuingError::Value("a SAM in use has a holder of 1 to 64 characters".into()));
        }
        let mut tx = begin(desk).await?;
        let sql = "UPDATE sam SET state = $4, changed_on = $5, holder = $6 \
                   WHERE number = $1 AND owner = $2 AND state = $3";
        let at = days_since_epoch(desk.clock.now().date());
        if tx.execute(sql, params![object.as_str(), owner.0, from.as_str(), to, at, holder]).await? == 0 {
            return Err(IssuingError::State(format!("{object} was changed meanwhile")));
        }
        finish(desk, tx, owner, actor, "sam.move", &object, &format!("{from} to {to}, {holder}")).await
    };
    let outcome = work.await;
    noted(desk, (owner, actor, "sam.move", &object), outcome).await
}
