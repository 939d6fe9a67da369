//! The soft driver (软加密机): keys in this process and in an encrypted file. The default, and what tests measure others by.
//!
//! A key's bytes are in memory that is wiped when it is dropped, and locked against swapping where the system lets it
//! ([`crate::DeviceInfo::notes`] says whether). Diversified keys live for one command.

mod keystore;

use crate::block::TransportKeys;
use crate::{
    Component, DeviceInfo, Hsm, HsmCode, HsmError, KeyBlock, KeyInfo, KeyRef, KeySpec, MOST_LEVELS, Session, Usage,
    algorithm_name, block,
};
use keystore::{Entry, Keystore};
use std::path::Path;
use std::sync::RwLock;
use tongka_base::Algorithm;
use tongka_crypto::{
    Key16, TacInput, diversify_levels, encrypt_key, kcv, mac_whole, secure_encrypt, secure_mac, session_key,
    sm2_public_key, sm2_sign, sm3, tac, tac_batch, wrap_key,
};
use zeroize::Zeroizing;

/// Fewest and most components of a key.
pub(crate) const COMPONENTS: std::ops::RangeInclusive<usize> = 2..=5;

/// Keys in memory, and in a file if they shall stay.
pub struct SoftHsm {
    store: RwLock<Keystore>,
}

/// Length in bytes of a key of a usage.
fn key_length(usage: Usage) -> usize {
    if usage == Usage::Sign { 32 } else { 16 }
}

/// Check value of a key's bytes; `None` when they are no key.
fn check_value(usage: Usage, algorithm: Algorithm, value: &[u8]) -> Option<[u8; 3]> {
    if usage == Usage::Sign {
        let public = sm2_public_key(value.try_into().ok()?)?;
        let digest = sm3(&public);
        return Some([digest[0], digest[1], digest[2]]);
    }
    Some(kcv(algorithm, value.try_into().ok()?))
}

/// A key ready for use in one command.
struct Ready {
    algorithm: Algorithm,
    usage: Usage,
    key: Key16,
}

impl Ready {
    /// Of a transport key: the keys of its key blocks.
    fn blocks(&self) -> Result<TransportKeys, HsmError> {
        TransportKeys::by(self.algorithm, |factor| Ok(diversify_levels(self.algorithm, &self.key, &[factor])))
    }
}

/// The key that components make, each and all against their check values.
pub(crate) fn combine(
    algorithm: Algorithm,
    components: &[Component],
    expected: Option<[u8; 3]>,
) -> Result<Zeroizing<[u8; 16]>, HsmError> {
    let mut value = Zeroizing::new([0; 16]);
    for (n, component) in components.iter().enumerate() {
        if kcv(algorithm, component.value.bytes()) != component.kcv {
            return Err(HsmError::new(HsmCode::Kcv, format!("component {}", n + 1)));
        }
        if components[..n].iter().any(|other| other.value.bytes() == component.value.bytes()) {
            return Err(HsmError::new(HsmCode::Components, format!("component {} was entered before", n + 1)));
        }
        value.iter_mut().zip(component.value.bytes()).for_each(|(sum, byte)| *sum ^= byte);
    }
    if expected.is_some_and(|expected| expected != kcv(algorithm, &value)) {
        return Err(HsmError::new(HsmCode::Kcv, "the whole key"));
    }
    Ok(value)
}

impl SoftHsm {
    /// A device whose keys go with it.
    pub fn in_memory() -> Self {
        Self { store: RwLock::new(Keystore::in_memory()) }
    }

    /// Opens a keystore file, or makes one where there is none.
    ///
    /// # Errors
    /// H11 for a wrong passphrase or an altered file; H09 where the file cannot be read or written.
    pub fn open(path: &Path, passphrase: &[u8]) -> Result<Self, HsmError> {
        Ok(Self { store: RwLock::new(Keystore::open(path, passphrase)?) })
    }

    /// Writes the keystore under another passphrase to another file: a backup. Restoring is opening it.
    ///
    /// # Errors
    /// H02 where the file exists; H09.
    pub fn backup(&self, path: &Path, passphrase: &[u8]) -> Result<(), HsmError> {
        self.read().backup(path, passphrase)
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Keystore> {
        self.store.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Keystore> {
        self.store.write().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The key for one command, if its usage is one of `allowed`.
    fn ready(&self, key: KeyRef<'_>, allowed: &[Usage]) -> Result<Ready, HsmError> {
        let store = self.read();
        let entry = store.get(key.name)?;
        if !allowed.is_empty() && !allowed.contains(&entry.spec.usage) {
            let detail = format!("{} is a {} key, this takes {}", key.name, entry.spec.usage, list(allowed));
            return Err(HsmError::new(HsmCode::WrongUsage, detail));
        }
        if key.factors.len() > MOST_LEVELS {
            return Err(HsmError::new(HsmCode::Value, format!("at most {MOST_LEVELS} levels")));
        }
        if entry.spec.usage == Usage::Sign || (!key.factors.is_empty() && !entry.spec.usage.is_card_key()) {
            return Err(HsmError::new(HsmCode::WrongUsage, format!("no keys are diversified from {}", key.name)));
        }
        let algorithm = entry.spec.algorithm;
        let value = Key16::new(entry.value.as_slice().try_into().expect("a symmetric key has 16 bytes"));
        Ok(Ready { algorithm, usage: entry.spec.usage, key: diversify_levels(algorithm, &value, key.factors) })
    }

    fn card_key(&self, key: KeyRef<'_>) -> Result<Ready, HsmError> {
        let ready = self.ready(key, &[])?;
        if ready.usage.is_card_key() {
            return Ok(ready);
        }
        Err(HsmError::new(HsmCode::WrongUsage, format!("{} is a {} key", key.name, ready.usage)))
    }

    fn sign_key(&self, name: &str) -> Result<Zeroizing<[u8; 32]>, HsmError> {
        let store = self.read();
        let entry = store.get(name)?;
        let wrong = || HsmError::new(HsmCode::WrongUsage, format!("{name} is a {} key", entry.spec.usage));
        if entry.spec.usage != Usage::Sign {
            return Err(wrong());
        }
        Ok(Zeroizing::new(entry.value.as_slice().try_into().map_err(|_| wrong())?))
    }

    fn store_new(&self, spec: &KeySpec, value: Zeroizing<Vec<u8>>) -> Result<KeyInfo, HsmError> {
        spec.check()?;
        let kcv = (value.len() == key_length(spec.usage))
            .then(|| check_value(spec.usage, spec.algorithm, &value))
            .flatten()
            .ok_or_else(|| HsmError::new(HsmCode::Value, "these bytes are no key of that usage"))?;
        let info = KeyInfo { spec: spec.clone(), kcv };
        self.write().insert(Entry { spec: spec.clone(), kcv, value })?;
        Ok(info)
    }
}

fn list(usages: &[Usage]) -> String {
    usages.iter().map(|u| u.code()).collect::<Vec<_>>().join(" or ")
}

/// Keys under which session MACs are made.
pub(crate) const SESSION: [Usage; 4] = [Usage::Purchase, Usage::Load, Usage::Unload, Usage::Overdraft];
/// Keys of transactions that a host takes part in.
pub(crate) const ONLINE: [Usage; 3] = [Usage::Load, Usage::Unload, Usage::Overdraft];
/// Keys that protect commands to a card.
pub(crate) const MESSAGING: [Usage; 7] = [
    Usage::CardMaster,
    Usage::CardMaintenance,
    Usage::AppMaster,
    Usage::AppMaintenance,
    Usage::PinUnblock,
    Usage::PinReload,
    Usage::RecordProtect,
];
/// Keys under which data for cards is encrypted.
pub(crate) const ENCRYPTION: [Usage; 7] = [
    Usage::Transport,
    Usage::CardMaster,
    Usage::CardMaintenance,
    Usage::AppMaster,
    Usage::AppMaintenance,
    Usage::PinUnblock,
    Usage::PinReload,
];

impl Hsm for SoftHsm {
    fn info(&self) -> DeviceInfo {
        let store = self.read();
        let place =
            store.path().map_or("keys are lost when the process ends".into(), |p| format!("keystore {}", p.display()));
        let locked =
            if store.memory_locked() { "memory is locked" } else { "memory could not be locked against swapping" };
        let cores = if store.leaves_no_core() {
            "no core dumps"
        } else {
            "core dumps could not be forbidden: they would hold keys"
        };
        DeviceInfo {
            driver: "soft",
            model: format!("Tongka soft HSM {}", env!("CARGO_PKG_VERSION")),
            notes: vec![
                place,
                locked.to_owned(),
                cores.to_owned(),
                "keys are in this process: not a certified device".to_owned(),
            ],
        }
    }

    fn check(&self) -> Result<(), HsmError> {
        Ok(())
    }

    fn keys(&self) -> Result<Vec<KeyInfo>, HsmError> {
        Ok(self.read().infos())
    }

    fn generate(&self, spec: &KeySpec) -> Result<KeyInfo, HsmError> {
        loop {
            let mut value = Zeroizing::new(vec![0; key_length(spec.usage)]);
            rand::fill(value.as_mut_slice());
            // Of random bytes one in 2^32 or so is no SM2 key.
            if check_value(spec.usage, spec.algorithm, &value).is_some() {
                return self.store_new(spec, value);
            }
        }
    }

    fn import_components(
        &self,
        spec: &KeySpec,
        components: &[Component],
        expected: Option<[u8; 3]>,
    ) -> Result<KeyInfo, HsmError> {
        if !COMPONENTS.contains(&components.len()) || spec.usage == Usage::Sign {
            return Err(HsmError::new(HsmCode::Components, "a symmetric key is made from 2 to 5 components"));
        }
        let value = combine(spec.algorithm, components, expected)?;
        self.store_new(spec, Zeroizing::new(value.to_vec()))
    }

    fn derive(&self, parent: KeyRef<'_>, spec: &KeySpec) -> Result<KeyInfo, HsmError> {
        if parent.factors.is_empty() {
            return Err(HsmError::new(HsmCode::Value, "a key is derived by at least one factor"));
        }
        let ready = self.ready(parent, &[])?;
        if ready.usage != spec.usage {
            return Err(HsmError::new(HsmCode::WrongUsage, format!("{} is a {} key", parent.name, ready.usage)));
        }
        if ready.algorithm != spec.algorithm {
            let detail = format!("{} is for {}", parent.name, algorithm_name(ready.algorithm));
            return Err(HsmError::new(HsmCode::WrongAlgorithm, detail));
        }
        self.store_new(spec, Zeroizing::new(ready.key.bytes().to_vec()))
    }

    fn export(&self, key: KeyRef<'_>, under: &str) -> Result<KeyBlock, HsmError> {
        let transport = self.ready(KeyRef::stored(under), &[Usage::Transport])?;
        let (spec, value) = {
            let store = self.read();
            let entry = store.get(key.name)?;
            (entry.spec.clone(), entry.value.clone())
        };
        let value =
            if key.factors.is_empty() { value } else { Zeroizing::new(self.ready(key, &[])?.key.bytes().to_vec()) };
        let check = check_value(spec.usage, spec.algorithm, &value).expect("a stored key has a check value");
        Ok(block::wrap(&transport.blocks()?, spec.usage, spec.algorithm, spec.version, spec.index, check, &value))
    }

    fn import(&self, spec: &KeySpec, block: &KeyBlock, under: &str) -> Result<KeyInfo, HsmError> {
        let transport = self.ready(KeyRef::stored(under), &[Usage::Transport])?;
        let (value, check) = block::unwrap(&transport.blocks()?, spec, block)?;
        if check_value(spec.usage, spec.algorithm, &value) != Some(check) {
            return Err(HsmError::new(HsmCode::Kcv, "the key of the block"));
        }
        self.store_new(spec, value)
    }

    fn destroy(&self, name: &str) -> Result<(), HsmError> {
        self.write().remove(name)
    }

    fn kcv(&self, key: KeyRef<'_>) -> Result<[u8; 3], HsmError> {
        if key.factors.is_empty() {
            return Ok(self.read().get(key.name)?.kcv);
        }
        let ready = self.ready(key, &[])?;
        Ok(kcv(ready.algorithm, ready.key.bytes()))
    }

    fn tac(&self, key: KeyRef<'_>, data: &[u8]) -> Result<[u8; 4], HsmError> {
        let ready = self.ready(key, &[Usage::Tac])?;
        Ok(tac(ready.algorithm, &ready.key, data))
    }

    fn verify_tacs(
        &self,
        issuers: &[KeyRef<'_>],
        records: &[TacInput],
        tacs: &[[u8; 4]],
        right: &mut [bool],
    ) -> Result<(), HsmError> {
        let ready = issuers.iter().map(|key| self.ready(*key, &[Usage::Tac])).collect::<Result<Vec<_>, _>>()?;
        let Some(algorithm) = ready.first().map(|r| r.algorithm) else {
            return Err(HsmError::new(HsmCode::Value, "no issuer key"));
        };
        if ready.iter().any(|r| r.algorithm != algorithm) {
            return Err(HsmError::new(HsmCode::WrongAlgorithm, "one algorithm a batch"));
        }
        check_batch(issuers.len(), records, tacs, right)?;
        let keys: Zeroizing<Vec<[u8; 16]>> = Zeroizing::new(ready.iter().map(|r| *r.key.bytes()).collect());
        let mut out = vec![[0; 4]; records.len().min(BATCH)];
        for ((records, tacs), right) in records.chunks(BATCH).zip(tacs.chunks(BATCH)).zip(right.chunks_mut(BATCH)) {
            let out = &mut out[..records.len()];
            tac_batch(algorithm, &keys, records, out);
            for ((right, tac), found) in right.iter_mut().zip(out.iter()).zip(tacs) {
                *right = tac == found;
            }
        }
        Ok(())
    }

    fn session_mac(&self, key: KeyRef<'_>, session: Session, data: &[u8]) -> Result<[u8; 4], HsmError> {
        let ready = self.ready(key, &SESSION)?;
        Ok(session_key(ready.algorithm, &ready.key, session.input, session.padding).mac(data))
    }

    fn authorise(
        &self,
        key: KeyRef<'_>,
        session: Session,
        mac1_data: &[u8],
        mac1: [u8; 4],
        mac2_data: &[u8],
    ) -> Result<[u8; 4], HsmError> {
        let ready = self.ready(key, &ONLINE)?;
        let session = session_key(ready.algorithm, &ready.key, session.input, session.padding);
        if session.mac(mac1_data) != mac1 {
            return Err(HsmError::new(HsmCode::Mac, "MAC1 of the card"));
        }
        Ok(session.mac(mac2_data))
    }

    fn secure_mac(&self, key: KeyRef<'_>, challenge: &[u8; 4], command: &[u8]) -> Result<[u8; 4], HsmError> {
        let ready = self.ready(key, &MESSAGING)?;
        Ok(secure_mac(ready.algorithm, ready.key.bytes(), challenge, command))
    }

    fn encrypt(&self, key: KeyRef<'_>, data: &[u8]) -> Result<Vec<u8>, HsmError> {
        let ready = self.ready(key, &ENCRYPTION)?;
        secure_encrypt(ready.algorithm, ready.key.bytes(), data)
            .ok_or_else(|| HsmError::new(HsmCode::Value, "more than 255 bytes"))
    }

    fn wrap_card_key(&self, key: KeyRef<'_>, header: [u8; 3], under: KeyRef<'_>) -> Result<Vec<u8>, HsmError> {
        let under = self.ready(under, &ENCRYPTION)?;
        let ready = self.card_key(key)?;
        Ok(wrap_key(under.algorithm, under.key.bytes(), header, ready.key.bytes()))
    }

    fn encrypt_card_key(&self, key: KeyRef<'_>, under: &str) -> Result<[u8; 16], HsmError> {
        let under = self.ready(KeyRef::stored(under), &[Usage::Transport])?;
        let ready = self.card_key(key)?;
        Ok(encrypt_key(under.algorithm, under.key.bytes(), ready.key.bytes()))
    }

    fn file_mac(&self, key: &str, data: &[u8]) -> Result<Vec<u8>, HsmError> {
        let ready = self.ready(KeyRef::stored(key), &[Usage::FileMac])?;
        Ok(mac_whole(ready.algorithm, ready.key.bytes(), data))
    }

    fn sm2_public(&self, key: &str) -> Result<[u8; 65], HsmError> {
        let private = self.sign_key(key)?;
        Ok(sm2_public_key(&private).expect("a stored SM2 key is one"))
    }

    fn sm2_sign(&self, key: &str, message: &[u8]) -> Result<Vec<u8>, HsmError> {
        let private = self.sign_key(key)?;
        sm2_sign(&private, message).ok_or_else(|| HsmError::new(HsmCode::Failed, "the signature could not be made"))
    }
}

/// Records of one call of the kernels: what stays in the cache.
const BATCH: usize = 4096;

/// H13 unless the lists of a batch fit together.
pub(crate) fn check_batch(
    issuers: usize,
    records: &[TacInput],
    tacs: &[[u8; 4]],
    right: &[bool],
) -> Result<(), HsmError> {
    if records.len() != tacs.len() || records.len() != right.len() {
        return Err(HsmError::new(HsmCode::Value, "as many TACs and answers as records"));
    }
    if records.iter().any(|r| r.issuer_key as usize >= issuers) {
        return Err(HsmError::new(HsmCode::Value, "a record names an issuer key that is not in the list"));
    }
    Ok(())
}
