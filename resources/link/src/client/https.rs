//! The HTTPS client: chunks, so that a network that caps bodies lets them through and a break costs one of them.

use super::{RemoteFile, Sending, resume, told};
use crate::disk::open_plain;
use crate::{LinkCode, LinkError};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::Rng;
use serde::Deserialize;
use std::fmt::Display;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tongka_base::{Clock, DateTime};
use tongka_crypto::{Sm2Signer, hmac_sm3, sm3};
use ureq::http::{Request, Response};
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, TlsProvider, parse_pem};
use ureq::{Agent, Body};
use zeroize::Zeroizing;

/// Bytes of a chunk.
const CHUNK: u64 = 4 << 20;
const BASE: &str = "/api/v1/front";

/// How requests are signed.
#[derive(Clone)]
pub enum Signing {
    /// HMAC-SM3 with a shared secret.
    Hmac(Zeroizing<Vec<u8>>),
    /// SM2 with the member's key.
    Sm2(Zeroizing<[u8; 32]>),
}

/// Where and who.
#[derive(Clone)]
pub struct HttpsTarget {
    /// `https://host:port`; plain `http` to this machine only.
    pub url: String,
    /// Certificates of authorities that are trusted, PEM.
    pub authorities: Option<PathBuf>,
    /// Id of the API key.
    pub key: String,
    /// Its secret.
    pub signing: Signing,
    /// Time for one answer.
    pub timeout: Duration,
    /// The own clock, whose time is signed.
    pub clock: Arc<dyn Clock>,
}

/// Never shows the secret.
impl std::fmt::Debug for HttpsTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HttpsTarget({} at {})", self.key, self.url)
    }
}

/// What the client shows of itself where the server asks for a certificate (双向 TLS).
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    /// Its certificate and those above it, PEM.
    pub chain: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
}

impl ClientCertificate {
    fn read(&self) -> Result<ClientCert, LinkError> {
        let chain = certificates(&self.chain)?;
        let pem = Zeroizing::new(std::fs::read(&self.key).map_err(LinkError::io(&self.key))?);
        let bad = |e| LinkError::new(LinkCode::Key, format!("{}: {e}", self.key.display()));
        Ok(ClientCert::new_with_certs(&chain, PrivateKey::from_pem(&pem).map_err(bad)?))
    }
}

/// The certificates of a PEM file, at least one.
///
/// # Errors
/// Y12, Y20 there is none in it, Y21.
pub fn certificates(path: &Path) -> Result<Vec<Certificate<'static>>, LinkError> {
    let pem = std::fs::read(path).map_err(LinkError::io(path))?;
    let certificate = |item: Result<PemItem<'static>, ureq::Error>| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    };
    let found: Vec<Certificate<'static>> = parse_pem(&pem).filter_map(certificate).collect();
    if found.is_empty() {
        let detail = format!("没有证书 no certificate: {}", path.display());
        return Err(LinkError::new(LinkCode::Invalid, detail));
    }
    Ok(found)
}

/// A client.
#[derive(Clone, Debug)]
pub struct HttpsClient {
    agent: Agent,
    target: Arc<HttpsTarget>,
}

#[derive(Deserialize)]
struct Problem {
    code: Option<String>,
    title: Option<String>,
    detail: Option<String>,
}

#[derive(Deserialize)]
struct Progress {
    offset: u64,
    #[serde(default)]
    state: String,
}

#[derive(Deserialize)]
struct Listing {
    files: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    name: String,
    size: u64,
}

fn broken(error: impl Display) -> LinkError {
    LinkError::new(LinkCode::Broken, error)
}

impl HttpsClient {
    pub(super) fn new(target: &HttpsTarget, shown: Option<&ClientCertificate>) -> Result<Self, LinkError> {
        let own = ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"];
        if !target.url.starts_with("https://") && !own.iter().any(|o| target.url.starts_with(o)) {
            return Err(LinkError::new(LinkCode::Invalid, format!("须为 https must be https: {}", target.url)));
        }
        let mut tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()));
        if let Some(path) = &target.authorities {
            tls = tls.root_certs(RootCerts::Specific(Arc::new(certificates(path)?)));
        }
        if let Some(shown) = shown {
            tls = tls.client_cert(Some(shown.read()?));
        }
        let config = Agent::config_builder()
            .tls_config(tls.build())
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(target.timeout))
            .timeout_recv_response(Some(target.timeout))
            .timeout_per_read(Some(target.timeout))
            .timeout_per_write(Some(target.timeout))
            .build();
        Ok(Self { agent: config.new_agent(), target: Arc::new(target.clone()) })
    }

    /// One request, off the threads that serve others.
    async fn call(
        &self,
        method: &'static str,
        path: String,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    ) -> Result<(Response<()>, Vec<u8>), LinkError> {
        let client = self.clone();
        let call = move || client.call_now(method, &path, &headers, body);
        tokio::task::spawn_blocking(call).await.map_err(broken)?
    }

    fn call_now(
        &self,
        method: &str,
        path: &str,
        headers: &[(&'static str, String)],
        body: Vec<u8>,
    ) -> Result<(Response<()>, Vec<u8>), LinkError> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.target.url.trim_end_matches('/')))
            .header("authorization", self.authorization(method, path, &body));
        if method == "POST" {
            request = request.header("idempotency-key", nonce());
        }
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(body).map_err(broken)?;
        let response = self.agent.run(request).map_err(|error| match error {
            ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => {
                LinkError::new(LinkCode::Unreachable, format!("{}: {error}", self.target.url))
            }
            other => broken(other),
        })?;
        let (parts, mut body): (_, Body) = response.into_parts();
        let bytes = body.with_config().limit(2 * CHUNK).read_to_vec().map_err(broken)?;
        if parts.status.is_success() {
            return Ok((Response::from_parts(parts, ()), bytes));
        }
        let problem: Option<Problem> = serde_json::from_slice(&bytes).ok();
        let text = problem.and_then(|p| {
            let code = p.code?;
            Some(format!("{code} {}: {}", p.title.unwrap_or_default(), p.detail.unwrap_or_default()))
        });
        let server = parts.headers.get("date").and_then(|d| date_of(d.to_str().ok()?));
        if let Some(off) = server.map(|server| unix_seconds(self.target.clock.now()) - server)
            && parts.status == 401
            && off.abs() > 240
        {
            let detail = format!("本机时钟差 {off} 秒，请求被拒绝 the own clock is {off} s off, requests are refused");
            return Err(LinkError::new(LinkCode::Refused, format!("Y01 {detail}")));
        }
        match text {
            // Their side failed: to be tried again.
            Some(text) if parts.status.is_server_error() => Err(broken(text)),
            Some(text) => Err(told(&text)),
            None if matches!(parts.status.as_u16(), 401 | 403) => {
                Err(LinkError::new(LinkCode::Refused, format!("Y01 HTTP {}", parts.status)))
            }
            None => Err(broken(format!("HTTP {}", parts.status))),
        }
    }

    /// `METHOD\nPATH?QUERY\nTIMESTAMP\nNONCE\nhex(SM3(body))\n`, signed.
    fn authorization(&self, method: &str, path: &str, body: &[u8]) -> String {
        let timestamp = unix_seconds(self.target.clock.now());
        let nonce = nonce();
        let text = format!("{method}\n{path}\n{timestamp}\n{nonce}\n{}\n", hex::encode_upper(sm3(body)));
        let (scheme, signature) = match &self.target.signing {
            Signing::Hmac(secret) => ("TONGKA-HMAC-SM3", hmac_sm3(secret, text.as_bytes()).to_vec()),
            Signing::Sm2(private) => {
                let mut signer = Sm2Signer::new(private).expect("a key that was read");
                signer.update(text.as_bytes());
                ("TONGKA-SM2", signer.sign())
            }
        };
        let (key, signature) = (&self.target.key, STANDARD.encode(signature));
        format!("{scheme} key=\"{key}\",timestamp=\"{timestamp}\",nonce=\"{nonce}\",signature=\"{signature}\"")
    }

    pub(super) async fn time(&self) -> Result<i64, LinkError> {
        let (answer, _) = self.call("GET", format!("{BASE}/outbox?limit=1"), Vec::new(), Vec::new()).await?;
        let date = answer.headers().get("date").and_then(|d| date_of(d.to_str().ok()?));
        date.ok_or_else(|| LinkError::new(LinkCode::Protocol, "no date"))
    }

    pub(super) async fn send(&self, file: &Sending<'_>, progress: &(dyn Fn(u64) + Sync)) -> Result<(), LinkError> {
        self.put(file.path, &file.remote_name(), file.tag(), progress).await
    }

    pub(super) async fn put(
        &self,
        file: &Path,
        name: &str,
        tag: &str,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<(), LinkError> {
        let own = open_plain(file).map_err(LinkError::io(file))?;
        let size = own.metadata().map_err(LinkError::io(file))?.len();
        let path = format!("{BASE}/inbox/{name}?tag={tag}");
        let (answer, _) = self.call("HEAD", path.clone(), Vec::new(), Vec::new()).await?;
        let there = answer.headers().get("upload-offset").and_then(|o| o.to_str().ok()?.parse().ok());
        let mut at: u64 = there.filter(|there| *there <= size).unwrap_or(0);
        loop {
            let length = CHUNK.min(size - at);
            let mut chunk = vec![0; length as usize];
            own.read_exact_at(&mut chunk, at).map_err(LinkError::io(file))?;
            // An empty chunk at the end asks for the end, when a break came between the last chunk and its answer.
            let range =
                if length == 0 { format!("bytes */{size}") } else { format!("bytes {at}-{}/{size}", at + length - 1) };
            let (_, body) = self.call("PUT", path.clone(), vec![("content-range", range)], chunk).await?;
            let answer: Progress = serde_json::from_slice(&body).map_err(|e| LinkError::new(LinkCode::Protocol, e))?;
            at = answer.offset;
            progress(at);
            if at >= size && !answer.state.is_empty() {
                return Ok(());
            }
            if at > size || length == 0 {
                return Err(LinkError::new(LinkCode::Protocol, format!("offset {at} of {size}")));
            }
        }
    }

    pub(super) async fn list(&self) -> Result<Vec<RemoteFile>, LinkError> {
        let (_, body) = self.call("GET", format!("{BASE}/outbox"), Vec::new(), Vec::new()).await?;
        let listing: Listing = serde_json::from_slice(&body).map_err(|e| LinkError::new(LinkCode::Protocol, e))?;
        Ok(listing.files.into_iter().map(|f| RemoteFile { name: f.name, size: f.size }).collect())
    }

    pub(super) async fn fetch(&self, file: &RemoteFile, into: &Path) -> Result<(), LinkError> {
        let (mut own, have) = resume(into, file.size)?;
        // The last byte is read again where all is there, so that the other side knows that it was fetched.
        let mut at = have.min(file.size.saturating_sub(1));
        use std::io::{Seek, SeekFrom};
        own.seek(SeekFrom::Start(at)).map_err(LinkError::io(into))?;
        while at < file.size {
            let last = (at + CHUNK).min(file.size) - 1;
            let range = vec![("range", format!("bytes={at}-{last}"))];
            let (_, bytes) = self.call("GET", format!("{BASE}/outbox/{}", file.name), range, Vec::new()).await?;
            if bytes.len() as u64 != last + 1 - at {
                return Err(broken(format!("{} bytes instead of {}", bytes.len(), last + 1 - at)));
            }
            own.write_all(&bytes).map_err(LinkError::io(into))?;
            at = last + 1;
        }
        own.sync_all().map_err(LinkError::io(into))
    }

    pub(super) async fn confirm(&self, name: &str) -> Result<(), LinkError> {
        self.call("POST", format!("{BASE}/outbox/{name}/fetched"), Vec::new(), Vec::new()).await.map(drop)
    }
}

fn nonce() -> String {
    let mut bytes = [0; 16];
    rand::rng().fill_bytes(&mut bytes);
    hex::encode(bytes)
}

/// Seconds since 1970-01-01 UTC of an Asia/Shanghai time.
pub(crate) fn unix_seconds(at: DateTime) -> i64 {
    at.and_utc().timestamp() - 8 * 3600
}

/// Seconds since 1970-01-01 of an HTTP date.
fn date_of(text: &str) -> Option<i64> {
    chrono::DateTime::parse_from_rfc2822(text).ok().map(|d| d.timestamp())
}
