//! The other side of the wire (加密机模拟器): answers the TCP protocol of a [`Profile`] with any [`Hsm`], for tests and
//! for trying out. It is no device: its keys are as safe as those of the driver behind it.

use crate::config::read_certificates;
use crate::profile::{Profile, Values, decode, encode};
use crate::tcp::{RECORD, read_message, read_spec, write_info, write_message};
use crate::{Hsm, HsmCode, HsmError, KeyBlock, KeyRef, MOST_LEVELS, Session};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tongka_crypto::{SessionInput, Sm4SessionPadding, TacInput};

/// TLS of the simulator: its certificate chain and key, and the authorities of the clients it takes where it shall take
/// no others; all in PEM files.
///
/// # Errors
/// H13 with the file that cannot be used.
pub fn server_tls(certificate: &Path, key: &Path, clients: Option<&Path>) -> Result<Arc<ServerConfig>, HsmError> {
    let wrong = |e: &dyn std::fmt::Display| HsmError::new(HsmCode::Value, format!("TLS: {e}"));
    let chain = read_certificates(certificate)?;
    let key_der = PrivateKeyDer::from_pem_file(key).map_err(|e| wrong(&format!("{}: {e}", key.display())))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone());
    let builder = builder.with_safe_default_protocol_versions().map_err(|e| wrong(&e))?;
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(clients) => {
            let mut roots = RootCertStore::empty();
            for certificate in read_certificates(clients)? {
                roots.add(certificate).map_err(|e| wrong(&e))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.map_err(|e| wrong(&e))?)
        }
    };
    Ok(Arc::new(builder.with_single_cert(chain, key_der).map_err(|e| wrong(&e))?))
}

/// A running simulator; stops when dropped.
pub struct Device {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    profile: Profile,
    hsm: Arc<dyn Hsm>,
    tls: Option<Arc<ServerConfig>>,
    stopping: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

impl Device {
    /// Listens on an address (`127.0.0.1:0` for any free port), over TLS if asked to, and answers until dropped.
    ///
    /// # Errors
    /// Where the address cannot be listened on.
    pub fn start(
        address: &str,
        profile: Profile,
        hsm: Arc<dyn Hsm>,
        tls: Option<Arc<ServerConfig>>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let (stopping, open) = (AtomicBool::new(false), Mutex::new(Vec::new()));
        let shared = Arc::new(Shared { profile, hsm, tls, stopping, open });
        let of_listener = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if of_listener.stopping.load(Ordering::Acquire) {
                    break;
                }
                let Ok(stream) = stream else { continue };
                if let Ok(copy) = stream.try_clone() {
                    of_listener.open.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(copy);
                }
                let shared = of_listener.clone();
                std::thread::spawn(move || shared.accept(stream));
            }
        });
        Ok(Self { address, shared })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::Release);
        for stream in self.shared.open.lock().unwrap_or_else(std::sync::PoisonError::into_inner).drain(..) {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
        // Wakes the listener, so that it sees that it shall stop.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn accept(&self, stream: TcpStream) {
        let _ = stream.set_nodelay(true);
        match &self.tls {
            None => self.serve(stream),
            Some(tls) => {
                let Ok(connection) = ServerConnection::new(tls.clone()) else { return };
                self.serve(StreamOwned::new(connection, stream));
            }
        }
    }

    fn serve(&self, mut stream: impl Read + Write) {
        while let Ok(message) = read_message(&mut stream) {
            let Some(answer) = self.answer(&message) else { return };
            if self.stopping.load(Ordering::Acquire) || write_message(&mut stream, &answer).is_err() {
                return;
            }
        }
    }

    /// The answer to a message; `None` to one so short that there is nothing to echo.
    fn answer(&self, message: &[u8]) -> Option<Vec<u8>> {
        let (header, rest) = message.split_at_checked(self.profile.header)?;
        let (code, fields) = rest.split_at_checked(2)?;
        let known = self.profile.commands.iter().find(|(_, command)| command.code.as_bytes() == code);
        let mut answer = header.to_vec();
        let Some((name, command)) = known else {
            answer.extend([code[0], code[1].wrapping_add(1)]);
            answer.extend(self.result(HsmCode::Unsupported).bytes());
            return Some(answer);
        };
        answer.extend(command.answer_code().bytes());
        let start = answer.len();
        let outcome =
            decode(&command.request, fields).and_then(|values| self.execute(name, &values)).and_then(|values| {
                answer.extend(b"00");
                encode(&command.answer, &values, &mut answer)
            });
        if let Err(error) = outcome {
            answer.truncate(start);
            answer.extend(self.result(error.code).bytes());
        }
        Some(answer)
    }

    fn result(&self, code: HsmCode) -> &str {
        self.profile.results.iter().find(|(_, c)| *c == code.code()).map_or("99", |(result, _)| result)
    }

    fn execute(&self, command: &str, values: &Values) -> Result<Values, HsmError> {
        let hsm = &self.hsm;
        let factors = read_factors(values.bytes("factors").unwrap_or_default())?;
        let key = || Ok(KeyRef { name: values.text("key")?, factors: &factors });
        let done = Values::default();
        let with_mac = |mac: [u8; 4]| Values::default().with("mac", mac);
        Ok(match command {
            "status" => done.with("model", hsm.info().model),
            "keys" => done.with("list", hsm.keys()?.iter().map(write_info).collect::<String>()),
            "generate" => done.with("kcv", hsm.generate(&read_spec(values)?)?.kcv),
            "derive" => done.with("kcv", hsm.derive(key()?, &read_spec(values)?)?.kcv),
            "import" => {
                let block = KeyBlock(values.bytes("block")?.to_vec());
                done.with("kcv", hsm.import(&read_spec(values)?, &block, values.text("under")?)?.kcv)
            }
            "export" => done.with("block", hsm.export(key()?, values.text("under")?)?.0),
            "destroy" => {
                hsm.destroy(values.text("name")?)?;
                done
            }
            "kcv" => done.with("kcv", hsm.kcv(key()?)?),
            "tac" => with_mac(hsm.tac(key()?, values.bytes("data")?)?),
            "verify_tacs" => done.with("right", self.verify_tacs(values)?),
            "session_mac" => with_mac(hsm.session_mac(key()?, read_session(values)?, values.bytes("data")?)?),
            "authorise" => with_mac(hsm.authorise(
                key()?,
                read_session(values)?,
                values.bytes("mac1_data")?,
                values.array("mac1")?,
                values.bytes("mac2_data")?,
            )?),
            "secure_mac" => with_mac(hsm.secure_mac(key()?, &values.array("challenge")?, values.bytes("command")?)?),
            "encrypt" => done.with("data", hsm.encrypt(key()?, values.bytes("data")?)?),
            "wrap_card_key" => {
                let under = read_factors(values.bytes("under_factors")?)?;
                let under = KeyRef { name: values.text("under")?, factors: &under };
                done.with("data", hsm.wrap_card_key(key()?, values.array("header")?, under)?)
            }
            "encrypt_card_key" => done.with("data", hsm.encrypt_card_key(key()?, values.text("under")?)?),
            "file_mac" => done.with("mac", hsm.file_mac(values.text("key")?, values.bytes("data")?)?),
            "sm2_public" => done.with("public", hsm.sm2_public(values.text("key")?)?),
            "sm2_sign" => done.with("signature", hsm.sm2_sign(values.text("key")?, values.bytes("data")?)?),
            other => return Err(HsmError::new(HsmCode::Unsupported, other)),
        })
    }

    fn verify_tacs(&self, values: &Values) -> Result<Vec<u8>, HsmError> {
        let wrong = || HsmError::new(HsmCode::Protocol, "the batch");
        let mut issuers = Vec::new();
        for line in values.text("issuers")?.lines() {
            let (name, factors) = line.split_once(' ').ok_or_else(wrong)?;
            issuers.push((name, read_factors(&hex::decode(factors).map_err(|_| wrong())?)?));
        }
        let issuers: Vec<KeyRef<'_>> = issuers.iter().map(|(name, factors)| KeyRef { name, factors }).collect();
        let batch = values.bytes("records")?;
        if !batch.len().is_multiple_of(RECORD) {
            return Err(wrong());
        }
        let (mut records, mut tacs) = (Vec::new(), Vec::new());
        for bytes in batch.chunks_exact(RECORD) {
            records.push(TacInput {
                issuer_key: u32::from_be_bytes(bytes[..4].try_into().expect("4 bytes")),
                card_factor: bytes[4..12].try_into().expect("8 bytes"),
                data: bytes[12..34].try_into().expect("22 bytes"),
            });
            tacs.push(bytes[34..].try_into().expect("4 bytes"));
        }
        let mut right = vec![false; records.len()];
        self.hsm.verify_tacs(&issuers, &records, &tacs, &mut right)?;
        let bits = |eight: &[bool]| eight.iter().enumerate().fold(0, |bits, (at, right)| bits | u8::from(*right) << at);
        Ok(right.chunks(8).map(bits).collect())
    }
}

fn read_factors(bytes: &[u8]) -> Result<Vec<[u8; 8]>, HsmError> {
    if !bytes.len().is_multiple_of(8) || bytes.len() / 8 > MOST_LEVELS {
        return Err(HsmError::new(HsmCode::Value, format!("factors of 8 bytes, at most {MOST_LEVELS}")));
    }
    Ok(bytes.chunks_exact(8).map(|f| f.try_into().expect("8 bytes")).collect())
}

fn read_session(values: &Values) -> Result<Session, HsmError> {
    let [a, b, c, d, e, f, g, h] = values.array("session")?;
    let padding = match values.text("padding")? {
        "0" => Sm4SessionPadding::Pad80,
        "1" => Sm4SessionPadding::Complement,
        _ => return Err(HsmError::new(HsmCode::Value, "no such padding")),
    };
    Ok(Session { input: SessionInput { random: [a, b, c, d], counter: [e, f], tail: [g, h] }, padding })
}
