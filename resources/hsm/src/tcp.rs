//! Driver for a financial HSM on the network (金融数据密码机), by its [`Profile`].

use crate::profile::{LONGEST, Profile, Values, decode, encode};
use crate::soft::check_batch;
use crate::{Component, DeviceInfo, Hsm, HsmCode, HsmError, KeyBlock, KeyInfo, KeyRef, KeySpec, Session, Usage};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tongka_base::Algorithm;
use tongka_crypto::{Sm4SessionPadding, TacInput};

/// Bytes of one record of a batch on the wire: issuer key, card factor, data, TAC.
pub(crate) const RECORD: usize = 4 + 8 + 22 + 4;
/// Records of one message: what surely fits beside the issuer keys.
const RECORDS: usize = 1200;
/// Issuer keys of one message.
const ISSUERS: usize = 256;

/// Where a device is and how long it may take.
#[derive(Clone, Debug)]
pub struct Address {
    /// `host:port`.
    pub address: String,
    /// For connecting, and for each answer.
    pub timeout: Duration,
    /// TLS where the device offers it.
    pub tls: Option<Tls>,
}

/// TLS towards a device.
#[derive(Clone, Debug)]
pub struct Tls {
    /// Whom to trust, and who we are.
    pub config: Arc<ClientConfig>,
    /// The name in the device's certificate.
    pub server: ServerName<'static>,
}

/// A connection, with or without TLS.
trait Stream: Read + Write + Send {}

impl<T: Read + Write + Send> Stream for T {}

/// A device on the network. Connections are kept and used again.
pub struct TcpHsm {
    address: Address,
    profile: Profile,
    idle: Mutex<Vec<Box<dyn Stream>>>,
    next: AtomicU32,
}

fn failed(what: impl std::fmt::Display) -> HsmError {
    HsmError::new(HsmCode::Failed, what)
}

pub(crate) fn read_message(stream: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message)?;
    Ok(message)
}

pub(crate) fn write_message(stream: &mut impl Write, message: &[u8]) -> std::io::Result<()> {
    let length = u16::try_from(message.len()).map_err(std::io::Error::other)?;
    // One write, so that it leaves in one packet.
    stream.write_all(&[&length.to_be_bytes()[..], message].concat())?;
    stream.flush()
}

impl TcpHsm {
    /// A device; nothing is connected yet.
    pub fn new(address: Address, profile: Profile) -> Self {
        Self { address, profile, idle: Mutex::new(Vec::new()), next: AtomicU32::new(0) }
    }

    fn connect(&self) -> Result<Box<dyn Stream>, HsmError> {
        let Address { address, timeout, tls } = &self.address;
        let unreachable = |e: std::io::Error| failed(format!("{address}: {e}"));
        let mut last = failed(format!("{address}: no such host"));
        for socket in address.to_socket_addrs().map_err(unreachable)? {
            match TcpStream::connect_timeout(&socket, *timeout) {
                Ok(stream) => {
                    stream.set_nodelay(true).map_err(unreachable)?;
                    stream.set_read_timeout(Some(*timeout)).map_err(unreachable)?;
                    stream.set_write_timeout(Some(*timeout)).map_err(unreachable)?;
                    let Some(tls) = tls else { return Ok(Box::new(stream)) };
                    let connection = ClientConnection::new(tls.config.clone(), tls.server.clone());
                    let connection = connection.map_err(|e| failed(format!("{address}: {e}")))?;
                    return Ok(Box::new(StreamOwned::new(connection, stream)));
                }
                Err(error) => last = unreachable(error),
            }
        }
        Err(last)
    }

    /// One command. A connection on which anything went wrong is closed, so that a late answer meets nobody.
    fn call(&self, name: &str, values: Values) -> Result<Values, HsmError> {
        let command = self.profile.command(name)?;
        let header = self.next.fetch_add(1, Ordering::Relaxed);
        let header: String = format!("{header:064}").split_off(64 - self.profile.header);
        let mut message = [header.as_bytes(), command.code.as_bytes()].concat();
        encode(&command.request, &values, &mut message)?;
        debug_assert!(message.len() <= LONGEST);
        let idle = self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop();
        let mut stream = idle.map_or_else(|| self.connect(), Ok)?;
        let broken = |e: std::io::Error| failed(format!("{}: {e}", self.address.address));
        write_message(&mut stream, &message).map_err(broken)?;
        let answer = read_message(&mut stream).map_err(broken)?;
        let start = [header.as_bytes(), command.answer_code().as_bytes()].concat();
        let rest = answer.strip_prefix(start.as_slice()).and_then(|rest| rest.split_at_checked(2));
        let Some((result, fields)) = rest else {
            return Err(HsmError::new(HsmCode::Protocol, format!("{name}: not the answer to this command")));
        };
        let outcome = if result == b"00" {
            decode(&command.answer, fields)?
        } else {
            let result = String::from_utf8_lossy(result).into_owned();
            let code = self.profile.results.get(&result).and_then(|code| HsmCode::parse(code));
            let detail = format!("{name}: the device answered {result}");
            self.keep(stream);
            return Err(HsmError::new(code.unwrap_or(HsmCode::Failed), detail));
        };
        self.keep(stream);
        Ok(outcome)
    }

    fn keep(&self, stream: Box<dyn Stream>) {
        self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(stream);
    }
}

fn of_key(key: KeyRef<'_>) -> Values {
    Values::default().with("key", key.name).with("factors", key.factors.as_flattened())
}

/// The letter of an algorithm on the wire.
pub(crate) fn letter(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Tdes => "T",
        Algorithm::Sm4 => "S",
    }
}

fn with_spec(values: Values, spec: &KeySpec) -> Values {
    values
        .with("name", &spec.name)
        .with("usage", spec.usage.code())
        .with("algorithm", letter(spec.algorithm))
        .with("version", [spec.version])
        .with("index", [spec.index])
}

/// The description of a key on the wire.
pub(crate) fn read_spec(values: &Values) -> Result<KeySpec, HsmError> {
    let usage = Usage::parse(values.text("usage")?);
    let algorithm = match values.text("algorithm")? {
        "T" => Some(Algorithm::Tdes),
        "S" => Some(Algorithm::Sm4),
        _ => None,
    };
    let (usage, algorithm) =
        usage.zip(algorithm).ok_or_else(|| HsmError::new(HsmCode::Value, "no such usage or algorithm"))?;
    let [version] = values.array("version")?;
    let [index] = values.array("index")?;
    Ok(KeySpec { name: values.text("name")?.to_owned(), usage, algorithm, version, index })
}

/// A key in the list of keys: one line.
pub(crate) fn write_info(info: &KeyInfo) -> String {
    let KeyInfo { spec, kcv } = info;
    let (usage, letter) = (spec.usage.code(), letter(spec.algorithm));
    format!("{} {usage} {letter} {:02X} {:02X} {}\n", spec.name, spec.version, spec.index, hex::encode_upper(kcv))
}

fn read_info(line: &str) -> Option<KeyInfo> {
    let [name, usage, letter, version, index, kcv]: [&str; 6] = line.split(' ').collect::<Vec<_>>().try_into().ok()?;
    let algorithm = if letter == "S" { Algorithm::Sm4 } else { Algorithm::Tdes };
    Some(KeyInfo {
        spec: KeySpec {
            name: name.to_owned(),
            usage: Usage::parse(usage)?,
            algorithm,
            version: u8::from_str_radix(version, 16).ok()?,
            index: u8::from_str_radix(index, 16).ok()?,
        },
        kcv: hex::decode(kcv).ok()?.try_into().ok()?,
    })
}

fn with_session(values: Values, session: Session) -> Values {
    let Session { input, padding } = session;
    let padding = match padding {
        Sm4SessionPadding::Pad80 => "0",
        Sm4SessionPadding::Complement => "1",
    };
    values.with("session", [&input.random[..], &input.counter, &input.tail].concat()).with("padding", padding)
}

impl Hsm for TcpHsm {
    fn info(&self) -> DeviceInfo {
        let model = self.call("status", Values::default()).and_then(|v| v.text("model").map(str::to_owned));
        DeviceInfo {
            driver: "tcp",
            model: model.unwrap_or_else(|_| "unknown".to_owned()),
            notes: vec![format!("{} by profile {}", self.address.address, self.profile.name)],
        }
    }

    fn check(&self) -> Result<(), HsmError> {
        self.call("status", Values::default()).map(drop)
    }

    fn keys(&self) -> Result<Vec<KeyInfo>, HsmError> {
        let answer = self.call("keys", Values::default())?;
        let read = |line| read_info(line).ok_or_else(|| HsmError::new(HsmCode::Protocol, "the list of keys"));
        answer.text("list")?.lines().map(read).collect()
    }

    fn generate(&self, spec: &KeySpec) -> Result<KeyInfo, HsmError> {
        spec.check()?;
        let answer = self.call("generate", with_spec(Values::default(), spec))?;
        Ok(KeyInfo { spec: spec.clone(), kcv: answer.array("kcv")? })
    }

    fn import_components(&self, _: &KeySpec, _: &[Component], _: Option<[u8; 3]>) -> Result<KeyInfo, HsmError> {
        Err(HsmError::new(HsmCode::Unsupported, "components are entered at the device's own console"))
    }

    fn derive(&self, parent: KeyRef<'_>, spec: &KeySpec) -> Result<KeyInfo, HsmError> {
        spec.check()?;
        let answer = self.call("derive", with_spec(of_key(parent), spec))?;
        Ok(KeyInfo { spec: spec.clone(), kcv: answer.array("kcv")? })
    }

    fn export(&self, key: KeyRef<'_>, under: &str) -> Result<KeyBlock, HsmError> {
        let answer = self.call("export", of_key(key).with("under", under))?;
        Ok(KeyBlock(answer.bytes("block")?.to_vec()))
    }

    fn import(&self, spec: &KeySpec, block: &KeyBlock, under: &str) -> Result<KeyInfo, HsmError> {
        spec.check()?;
        let values = Values::default().with("under", under).with("block", &block.0);
        let answer = self.call("import", with_spec(values, spec))?;
        Ok(KeyInfo { spec: spec.clone(), kcv: answer.array("kcv")? })
    }

    fn destroy(&self, name: &str) -> Result<(), HsmError> {
        self.call("destroy", Values::default().with("name", name)).map(drop)
    }

    fn kcv(&self, key: KeyRef<'_>) -> Result<[u8; 3], HsmError> {
        self.call("kcv", of_key(key))?.array("kcv")
    }

    fn tac(&self, key: KeyRef<'_>, data: &[u8]) -> Result<[u8; 4], HsmError> {
        self.call("tac", of_key(key).with("data", data))?.array("mac")
    }

    fn verify_tacs(
        &self,
        issuers: &[KeyRef<'_>],
        records: &[TacInput],
        tacs: &[[u8; 4]],
        right: &mut [bool],
    ) -> Result<(), HsmError> {
        check_batch(issuers.len(), records, tacs, right)?;
        if issuers.is_empty() || issuers.len() > ISSUERS {
            return Err(HsmError::new(HsmCode::Value, format!("1 to {ISSUERS} issuer keys a batch")));
        }
        let names: String =
            issuers.iter().map(|k| format!("{} {}\n", k.name, hex::encode_upper(k.factors.as_flattened()))).collect();
        for ((records, tacs), right) in records.chunks(RECORDS).zip(tacs.chunks(RECORDS)).zip(right.chunks_mut(RECORDS))
        {
            let mut batch = Vec::with_capacity(records.len() * RECORD);
            for (record, tac) in records.iter().zip(tacs) {
                batch.extend_from_slice(&record.issuer_key.to_be_bytes());
                batch.extend_from_slice(&record.card_factor);
                batch.extend_from_slice(&record.data);
                batch.extend_from_slice(tac);
            }
            let answer = self.call("verify_tacs", Values::default().with("issuers", &names).with("records", &batch))?;
            let bits = answer.bytes("right")?;
            if bits.len() != records.len().div_ceil(8) {
                return Err(HsmError::new(HsmCode::Protocol, "verify_tacs: an answer for another number of records"));
            }
            for (at, right) in right.iter_mut().enumerate() {
                *right = bits[at / 8] >> (at % 8) & 1 == 1;
            }
        }
        Ok(())
    }

    fn session_mac(&self, key: KeyRef<'_>, session: Session, data: &[u8]) -> Result<[u8; 4], HsmError> {
        self.call("session_mac", with_session(of_key(key), session).with("data", data))?.array("mac")
    }

    fn authorise(
        &self,
        key: KeyRef<'_>,
        session: Session,
        mac1_data: &[u8],
        mac1: [u8; 4],
        mac2_data: &[u8],
    ) -> Result<[u8; 4], HsmError> {
        let values = with_session(of_key(key), session);
        let values = values.with("mac1_data", mac1_data).with("mac1", mac1).with("mac2_data", mac2_data);
        self.call("authorise", values)?.array("mac")
    }

    fn secure_mac(&self, key: KeyRef<'_>, challenge: &[u8; 4], command: &[u8]) -> Result<[u8; 4], HsmError> {
        self.call("secure_mac", of_key(key).with("challenge", challenge).with("command", command))?.array("mac")
    }

    fn encrypt(&self, key: KeyRef<'_>, data: &[u8]) -> Result<Vec<u8>, HsmError> {
        Ok(self.call("encrypt", of_key(key).with("data", data))?.bytes("data")?.to_vec())
    }

    fn wrap_card_key(&self, key: KeyRef<'_>, header: [u8; 3], under: KeyRef<'_>) -> Result<Vec<u8>, HsmError> {
        let values = of_key(key).with("header", header);
        let values = values.with("under", under.name).with("under_factors", under.factors.as_flattened());
        Ok(self.call("wrap_card_key", values)?.bytes("data")?.to_vec())
    }

    fn encrypt_card_key(&self, key: KeyRef<'_>, under: &str) -> Result<[u8; 16], HsmError> {
        self.call("encrypt_card_key", of_key(key).with("under", under))?.array("data")
    }

    fn file_mac(&self, key: &str, data: &[u8]) -> Result<Vec<u8>, HsmError> {
        Ok(self.call("file_mac", Values::default().with("key", key).with("data", data))?.bytes("mac")?.to_vec())
    }

    fn sm2_public(&self, key: &str) -> Result<[u8; 65], HsmError> {
        self.call("sm2_public", Values::default().with("key", key))?.array("public")
    }

    fn sm2_sign(&self, key: &str, message: &[u8]) -> Result<Vec<u8>, HsmError> {
        let answer = self.call("sm2_sign", Values::default().with("key", key).with("data", message))?;
        Ok(answer.bytes("signature")?.to_vec())
    }
}
