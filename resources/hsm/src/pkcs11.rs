//! PKCS#11 driver (令牌). Stored keys are sensitive, non-extractable objects of the token and never leave it.
//!
//! A token offers block encryption, not diversification or transit MACs: a diversified key comes out of an ECB
//! encryption, and MACs under it are computed in this process. What may pass through this process is the [`Policy`],
//! chosen when the device is opened; whatever it does not allow, and whatever the token's mechanisms do not offer (SM2,
//! SM4, single DES on SoftHSM), is refused by name. Nothing falls back to software silently.

use crate::soft::{COMPONENTS, check_batch};
use crate::{
    Component, DeviceInfo, Hsm, HsmCode, HsmError, KeyBlock, KeyInfo, KeyRef, KeySpec, MOST_LEVELS, Session, Usage,
    block,
};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error as TokenError, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session as TokenSession, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard};
use tongka_base::Algorithm;
use tongka_crypto::{
    Key16, TacInput, diversify_levels, secure_encrypt, secure_mac, secure_plain, session_key, tac, tac_purchase,
    wrap_key,
};
use zeroize::Zeroizing;

/// Which keys may be in this process for the time of one command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Policy {
    /// None: only generating, listing, destroying and check values of stored keys.
    Strict,
    /// Keys of single cards: one level below a stored (issuer) key.
    CardKeys,
    /// Also keys above a card's: derivation over several levels, components, key blocks.
    AllKeys,
}

/// Bytes of one encryption: 512 cards.
const CALL: usize = 8192;
/// First bytes of the id of our objects.
const ID: &[u8; 3] = b"TK1";

/// A token.
pub struct Pkcs11Hsm {
    session: Mutex<TokenSession>,
    model: String,
    policy: Policy,
    handles: Mutex<HashMap<String, (ObjectHandle, KeyInfo)>>,
}

fn failed(error: TokenError) -> HsmError {
    let code = match &error {
        TokenError::Pkcs11(RvError::MechanismInvalid | RvError::FunctionNotSupported, _) | TokenError::NotSupported => {
            HsmCode::Unsupported
        }
        TokenError::Pkcs11(RvError::PinIncorrect | RvError::PinLocked, _) => HsmCode::Keystore,
        _ => HsmCode::Failed,
    };
    HsmError::new(code, error)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn unsupported(what: &str) -> HsmError {
    HsmError::new(HsmCode::Unsupported, format!("the token does not offer {what}"))
}

/// The factor and its complement: what is encrypted for one level.
fn derivation(factor: &[u8; 8]) -> [u8; 16] {
    std::array::from_fn(|i| if i < 8 { factor[i] } else { !factor[i - 8] })
}

impl Pkcs11Hsm {
    /// Opens the token of a label with its user PIN.
    ///
    /// # Errors
    /// H09 where the module or the token is not there; H11 for a wrong PIN.
    pub fn open(module: &Path, label: &str, pin: &str, policy: Policy) -> Result<Self, HsmError> {
        let context = Pkcs11::new(module).map_err(failed)?;
        match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            Ok(()) | Err(TokenError::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(error) => return Err(failed(error)),
        }
        let mut found: Option<Slot> = None;
        for slot in context.get_slots_with_initialized_token().map_err(failed)? {
            if context.get_token_info(slot).map_err(failed)?.label().trim() == label {
                found = Some(slot);
            }
        }
        let slot = found.ok_or_else(|| HsmError::new(HsmCode::Failed, format!("there is no token {label}")))?;
        let info = context.get_token_info(slot).map_err(failed)?;
        let model = format!("{} {}", info.manufacturer_id().trim(), info.model().trim());
        let session = context.open_rw_session(slot).map_err(failed)?;
        match session.login(UserType::User, Some(&AuthPin::new(pin.to_owned().into()))) {
            Ok(()) | Err(TokenError::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {}
            Err(error) => return Err(failed(error)),
        }
        let hsm = Self { session: Mutex::new(session), model, policy, handles: Mutex::new(HashMap::new()) };
        for (handle, info) in hsm.read_objects()? {
            lock(&hsm.handles).insert(info.spec.name.clone(), (handle, info));
        }
        Ok(hsm)
    }

    fn read_objects(&self) -> Result<Vec<(ObjectHandle, KeyInfo)>, HsmError> {
        let session = lock(&self.session);
        let mut out = Vec::new();
        for handle in session.find_objects(&[Attribute::Class(ObjectClass::SECRET_KEY)]).map_err(failed)? {
            let wanted = [AttributeType::Label, AttributeType::Id];
            let (mut label, mut id) = (Vec::new(), Vec::new());
            for attribute in session.get_attributes(handle, &wanted).map_err(failed)? {
                match attribute {
                    Attribute::Label(value) => label = value,
                    Attribute::Id(value) => id = value,
                    _ => {}
                }
            }
            // Other objects of the token are none of ours.
            if let Some(info) = read_id(&label, &id) {
                out.push((handle, info));
            }
        }
        Ok(out)
    }

    fn find(&self, name: &str) -> Result<(ObjectHandle, KeyInfo), HsmError> {
        let shown: String = name.chars().take(48).filter(|c| c.is_ascii_graphic()).collect();
        lock(&self.handles).get(name).cloned().ok_or_else(|| HsmError::new(HsmCode::NotFound, shown))
    }

    fn allow(&self, needed: Policy, what: &str) -> Result<(), HsmError> {
        if self.policy >= needed {
            return Ok(());
        }
        let detail = format!("the token's policy keeps keys inside: no {what}");
        Err(HsmError::new(HsmCode::Unsupported, detail))
    }

    /// Two-key triple DES in the token, in calls of [`CALL`] bytes.
    fn encrypt_blocks(&self, key: ObjectHandle, data: &[u8]) -> Result<Zeroizing<Vec<u8>>, HsmError> {
        let session = lock(&self.session);
        let mut out = Zeroizing::new(Vec::with_capacity(data.len()));
        for part in data.chunks(CALL) {
            out.extend(Zeroizing::new(session.encrypt(&Mechanism::Des3Ecb, key, part).map_err(failed)?).iter());
        }
        Ok(out)
    }

    /// One level below a stored key, for many factors: the key bytes, 16 each.
    fn derive_many(
        &self,
        key: ObjectHandle,
        factors: impl Iterator<Item = [u8; 8]>,
    ) -> Result<Zeroizing<Vec<u8>>, HsmError> {
        let data: Vec<u8> = factors.flat_map(|factor| derivation(&factor)).collect();
        self.encrypt_blocks(key, &data)
    }

    fn checked(&self, key: KeyRef<'_>, allowed: &[Usage]) -> Result<(ObjectHandle, KeyInfo), HsmError> {
        let (handle, info) = self.find(key.name)?;
        if !allowed.is_empty() && !allowed.contains(&info.spec.usage) {
            return Err(HsmError::new(HsmCode::WrongUsage, format!("{} is a {} key", key.name, info.spec.usage)));
        }
        if key.factors.len() > MOST_LEVELS {
            return Err(HsmError::new(HsmCode::Value, format!("at most {MOST_LEVELS} levels")));
        }
        Ok((handle, info))
    }

    /// A diversified key in this process, as the policy allows.
    fn diversified(&self, key: KeyRef<'_>, allowed: &[Usage]) -> Result<(Usage, Key16), HsmError> {
        let (handle, info) = self.checked(key, allowed)?;
        if !info.spec.usage.is_card_key() {
            return Err(HsmError::new(HsmCode::WrongUsage, format!("no keys are diversified from {}", key.name)));
        }
        let Some((first, rest)) = key.factors.split_first() else {
            return Err(HsmError::new(HsmCode::Unsupported, "a stored key cannot leave the token"));
        };
        let needed = if rest.is_empty() { Policy::CardKeys } else { Policy::AllKeys };
        self.allow(needed, "diversified keys outside")?;
        let value = self.derive_many(handle, std::iter::once(*first))?;
        let value = Key16::new(value.as_slice().try_into().expect("one key of 16 bytes"));
        Ok((info.spec.usage, diversify_levels(Algorithm::Tdes, &value, rest)))
    }

    /// The transport key as what a key block needs of it: the two keys diversified from it.
    fn transport(&self, under: &str) -> Result<block::TransportKeys, HsmError> {
        let (handle, _) = self.checked(KeyRef::stored(under), &[Usage::Transport])?;
        self.allow(Policy::AllKeys, "key blocks")?;
        let derive = |factor: [u8; 8]| -> Result<Key16, HsmError> {
            let value = self.derive_many(handle, std::iter::once(factor))?;
            Ok(Key16::new(value.as_slice().try_into().expect("one key of 16 bytes")))
        };
        block::TransportKeys::by(Algorithm::Tdes, derive)
    }

    fn store(&self, spec: &KeySpec, value: &[u8; 16]) -> Result<KeyInfo, HsmError> {
        self.refuse_new(spec)?;
        let info = KeyInfo { spec: spec.clone(), kcv: tongka_crypto::kcv(Algorithm::Tdes, value) };
        let mut template = template(&info);
        template.push(Attribute::Class(ObjectClass::SECRET_KEY));
        template.push(Attribute::KeyType(KeyType::DES2));
        template.push(Attribute::Value(value.to_vec()));
        let created = lock(&self.session).create_object(&template);
        for attribute in &mut template {
            if let Attribute::Value(value) = attribute {
                zeroize::Zeroize::zeroize(value);
            }
        }
        let handle = created.map_err(failed)?;
        lock(&self.handles).insert(spec.name.clone(), (handle, info.clone()));
        Ok(info)
    }

    /// Why a key of that description cannot be made here, if it cannot.
    fn refuse_new(&self, spec: &KeySpec) -> Result<(), HsmError> {
        spec.check()?;
        if spec.usage == Usage::Sign {
            return Err(unsupported("SM2"));
        }
        if spec.algorithm == Algorithm::Sm4 {
            return Err(unsupported("SM4"));
        }
        if lock(&self.handles).contains_key(&spec.name) {
            return Err(HsmError::new(HsmCode::Exists, &spec.name));
        }
        Ok(())
    }
}

/// What a key object of ours looks like, but for its class and value.
fn template(info: &KeyInfo) -> Vec<Attribute> {
    vec![
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Encrypt(true),
        Attribute::Decrypt(false),
        Attribute::Label(info.spec.name.clone().into_bytes()),
        Attribute::Id(write_id(info)),
    ]
}

fn write_id(info: &KeyInfo) -> Vec<u8> {
    let spec = &info.spec;
    let mut id = ID.to_vec();
    id.extend([spec.version, spec.index]);
    id.extend(info.kcv);
    id.extend(spec.usage.code().bytes());
    id
}

fn read_id(label: &[u8], id: &[u8]) -> Option<KeyInfo> {
    let [version, index, k0, k1, k2, usage @ ..] = id.strip_prefix(ID)? else { return None };
    let spec = KeySpec {
        name: String::from_utf8(label.to_vec()).ok()?,
        usage: Usage::parse(std::str::from_utf8(usage).ok()?)?,
        algorithm: Algorithm::Tdes,
        version: *version,
        index: *index,
    };
    Some(KeyInfo { spec, kcv: [*k0, *k1, *k2] })
}

impl Hsm for Pkcs11Hsm {
    fn info(&self) -> DeviceInfo {
        let policy = match self.policy {
            Policy::Strict => "policy strict: no key is ever in this process",
            Policy::CardKeys => "policy card keys: keys of single cards are in this process for one command",
            Policy::AllKeys => {
                "policy all keys: diversified keys, components and key blocks are in this process for one command"
            }
        };
        let missing = "no SM2, no SM4, no file MAC: the token does not offer them";
        DeviceInfo { driver: "pkcs11", model: self.model.clone(), notes: vec![policy.to_owned(), missing.to_owned()] }
    }

    fn check(&self) -> Result<(), HsmError> {
        lock(&self.session).get_session_info().map(drop).map_err(failed)
    }

    fn keys(&self) -> Result<Vec<KeyInfo>, HsmError> {
        let mut keys: Vec<KeyInfo> = self.read_objects()?.into_iter().map(|(_, info)| info).collect();
        keys.sort_by(|a, b| a.spec.name.cmp(&b.spec.name));
        Ok(keys)
    }

    fn generate(&self, spec: &KeySpec) -> Result<KeyInfo, HsmError> {
        self.refuse_new(spec)?;
        // The check value is known only once the key is there: it is then written to the object's id.
        let mut info = KeyInfo { spec: spec.clone(), kcv: [0; 3] };
        let handle = lock(&self.session).generate_key(&Mechanism::Des2KeyGen, &template(&info)).map_err(failed)?;
        let finish = || -> Result<[u8; 3], HsmError> {
            let zeros = self.encrypt_blocks(handle, &[0; 8])?;
            let kcv = [zeros[0], zeros[1], zeros[2]];
            let id = Attribute::Id(write_id(&KeyInfo { spec: spec.clone(), kcv }));
            lock(&self.session).update_attributes(handle, &[id]).map_err(failed)?;
            Ok(kcv)
        };
        match finish() {
            Ok(kcv) => info.kcv = kcv,
            Err(error) => {
                let _ = lock(&self.session).destroy_object(handle);
                return Err(error);
            }
        }
        lock(&self.handles).insert(spec.name.clone(), (handle, info.clone()));
        Ok(info)
    }

    fn import_components(
        &self,
        spec: &KeySpec,
        components: &[Component],
        expected: Option<[u8; 3]>,
    ) -> Result<KeyInfo, HsmError> {
        self.allow(Policy::AllKeys, "components in this process")?;
        if !COMPONENTS.contains(&components.len()) {
            return Err(HsmError::new(HsmCode::Components, "a symmetric key is made from 2 to 5 components"));
        }
        self.refuse_new(spec)?;
        let value = crate::soft::combine(spec.algorithm, components, expected)?;
        self.store(spec, &value)
    }

    fn derive(&self, parent: KeyRef<'_>, spec: &KeySpec) -> Result<KeyInfo, HsmError> {
        self.allow(Policy::AllKeys, "keys derived to be stored")?;
        if parent.factors.is_empty() {
            return Err(HsmError::new(HsmCode::Value, "a key is derived by at least one factor"));
        }
        let (usage, value) = self.diversified(parent, &[])?;
        if usage != spec.usage {
            return Err(HsmError::new(HsmCode::WrongUsage, format!("{} is a {usage} key", parent.name)));
        }
        if spec.algorithm != Algorithm::Tdes {
            return Err(HsmError::new(HsmCode::WrongAlgorithm, format!("{} is for 3DES", parent.name)));
        }
        self.store(spec, value.bytes())
    }

    fn export(&self, key: KeyRef<'_>, under: &str) -> Result<KeyBlock, HsmError> {
        let (_, info) = self.checked(key, &[])?;
        let transport = self.transport(under)?;
        let (_, value) = self.diversified(key, &[])?;
        let KeySpec { usage, algorithm, version, index, .. } = info.spec;
        let kcv = tongka_crypto::kcv(algorithm, value.bytes());
        Ok(block::wrap(&transport, usage, algorithm, version, index, kcv, value.bytes()))
    }

    fn import(&self, spec: &KeySpec, block: &KeyBlock, under: &str) -> Result<KeyInfo, HsmError> {
        let transport = self.transport(under)?;
        let (value, kcv) = block::unwrap(&transport, spec, block)?;
        let value: Zeroizing<[u8; 16]> =
            Zeroizing::new(value.as_slice().try_into().map_err(|_| unsupported("keys of that length"))?);
        if tongka_crypto::kcv(Algorithm::Tdes, &value) != kcv {
            return Err(HsmError::new(HsmCode::Kcv, "the key of the block"));
        }
        self.store(spec, &value)
    }

    fn destroy(&self, name: &str) -> Result<(), HsmError> {
        let (handle, _) = self.find(name)?;
        lock(&self.session).destroy_object(handle).map_err(failed)?;
        lock(&self.handles).remove(name);
        Ok(())
    }

    fn kcv(&self, key: KeyRef<'_>) -> Result<[u8; 3], HsmError> {
        let (_, info) = self.checked(key, &[])?;
        if key.factors.is_empty() {
            return Ok(info.kcv);
        }
        let (_, value) = self.diversified(key, &[])?;
        Ok(tongka_crypto::kcv(Algorithm::Tdes, value.bytes()))
    }

    fn tac(&self, key: KeyRef<'_>, data: &[u8]) -> Result<[u8; 4], HsmError> {
        let (_, value) = self.diversified(key, &[Usage::Tac])?;
        Ok(tac(Algorithm::Tdes, &value, data))
    }

    fn verify_tacs(
        &self,
        issuers: &[KeyRef<'_>],
        records: &[TacInput],
        tacs: &[[u8; 4]],
        right: &mut [bool],
    ) -> Result<(), HsmError> {
        if issuers.is_empty() {
            return Err(HsmError::new(HsmCode::Value, "no issuer key"));
        }
        let checked = issuers.iter().map(|k| self.checked(*k, &[Usage::Tac])).collect::<Result<Vec<_>, _>>()?;
        check_batch(issuers.len(), records, tacs, right)?;
        for (number, (issuer, (handle, _))) in issuers.iter().zip(checked).enumerate() {
            let rows: Vec<usize> = (0..records.len()).filter(|r| records[*r].issuer_key as usize == number).collect();
            if rows.is_empty() {
                continue;
            }
            let keys = if issuer.factors.is_empty() {
                self.allow(Policy::CardKeys, "diversified keys outside")?;
                self.derive_many(handle, rows.iter().map(|r| records[*r].card_factor))?
            } else {
                self.allow(Policy::AllKeys, "issuer keys outside")?;
                let (_, issuer) = self.diversified(*issuer, &[Usage::Tac])?;
                let card = |r: &usize| diversify_levels(Algorithm::Tdes, &issuer, &[records[*r].card_factor]);
                Zeroizing::new(rows.iter().flat_map(|r| *card(r).bytes()).collect())
            };
            for (row, key) in rows.into_iter().zip(keys.chunks_exact(16)) {
                let key = key.try_into().expect("16 bytes");
                right[row] = tac_purchase(Algorithm::Tdes, key, &records[row].data) == tacs[row];
            }
        }
        Ok(())
    }

    fn session_mac(&self, key: KeyRef<'_>, session: Session, data: &[u8]) -> Result<[u8; 4], HsmError> {
        let (_, value) = self.diversified(key, &crate::soft::SESSION)?;
        Ok(session_key(Algorithm::Tdes, &value, session.input, session.padding).mac(data))
    }

    fn authorise(
        &self,
        key: KeyRef<'_>,
        session: Session,
        mac1_data: &[u8],
        mac1: [u8; 4],
        mac2_data: &[u8],
    ) -> Result<[u8; 4], HsmError> {
        let (_, value) = self.diversified(key, &crate::soft::ONLINE)?;
        let session = session_key(Algorithm::Tdes, &value, session.input, session.padding);
        if session.mac(mac1_data) != mac1 {
            return Err(HsmError::new(HsmCode::Mac, "MAC1 of the card"));
        }
        Ok(session.mac(mac2_data))
    }

    fn secure_mac(&self, key: KeyRef<'_>, challenge: &[u8; 4], command: &[u8]) -> Result<[u8; 4], HsmError> {
        let (_, value) = self.diversified(key, &crate::soft::MESSAGING)?;
        Ok(secure_mac(Algorithm::Tdes, value.bytes(), challenge, command))
    }

    fn encrypt(&self, key: KeyRef<'_>, data: &[u8]) -> Result<Vec<u8>, HsmError> {
        let (handle, _) = self.checked(key, &crate::soft::ENCRYPTION)?;
        let long = || HsmError::new(HsmCode::Value, "more than 255 bytes");
        if key.factors.is_empty() {
            // Under the stored key itself the token does all of it.
            let plain = secure_plain(Algorithm::Tdes, data).ok_or_else(long)?;
            return Ok(self.encrypt_blocks(handle, &plain)?.to_vec());
        }
        let (_, value) = self.diversified(key, &crate::soft::ENCRYPTION)?;
        secure_encrypt(Algorithm::Tdes, value.bytes(), data).ok_or_else(long)
    }

    fn wrap_card_key(&self, key: KeyRef<'_>, header: [u8; 3], under: KeyRef<'_>) -> Result<Vec<u8>, HsmError> {
        let (_, value) = self.diversified(key, &[])?;
        if under.factors.is_empty() {
            let content = Zeroizing::new([&header[..], value.bytes()].concat());
            return self.encrypt(under, &content);
        }
        let (_, under) = self.diversified(under, &crate::soft::ENCRYPTION)?;
        Ok(wrap_key(Algorithm::Tdes, under.bytes(), header, value.bytes()))
    }

    fn encrypt_card_key(&self, key: KeyRef<'_>, under: &str) -> Result<[u8; 16], HsmError> {
        let (handle, _) = self.checked(KeyRef::stored(under), &[Usage::Transport])?;
        let (_, value) = self.diversified(key, &[])?;
        Ok(self.encrypt_blocks(handle, value.bytes())?.as_slice().try_into().expect("as many bytes as went in"))
    }

    fn file_mac(&self, key: &str, _: &[u8]) -> Result<Vec<u8>, HsmError> {
        self.checked(KeyRef::stored(key), &[Usage::FileMac])?;
        Err(unsupported("single DES, which a file MAC needs"))
    }

    fn sm2_public(&self, key: &str) -> Result<[u8; 65], HsmError> {
        self.checked(KeyRef::stored(key), &[Usage::Sign])?;
        Err(unsupported("SM2"))
    }

    fn sm2_sign(&self, key: &str, _: &[u8]) -> Result<Vec<u8>, HsmError> {
        self.checked(KeyRef::stored(key), &[Usage::Sign])?;
        Err(unsupported("SM2"))
    }
}
