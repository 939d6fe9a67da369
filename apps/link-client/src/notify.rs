//! Telling people (告警): a command, a webhook. In a thread of its own, so that a slow one holds nothing up; what is wrong is
//! in the books and on the page whether it was heard or not.

use crate::ClientError;
use crate::config::Notify;
use serde::Serialize;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};
use tongka_link::client::certificates;
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};

/// Time that a command or a webhook may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Something that people should look at.
#[derive(Clone, Debug, Serialize)]
pub struct Notice {
    /// When.
    pub at: String,
    /// Whose client.
    pub member: String,
    /// Stable code.
    pub code: String,
    /// Which file, empty for none.
    pub file: String,
    /// What, Chinese first.
    pub text: String,
}

/// Where notices go.
#[derive(Debug)]
pub struct Notifier {
    queue: Option<SyncSender<Notice>>,
}

impl Notifier {
    /// Starts the thread, if anyone is to be told.
    ///
    /// # Errors
    /// The authorities of the webhook cannot be read.
    pub fn start(config: &Notify) -> Result<Self, ClientError> {
        if config.command.is_empty() && config.webhook.is_none() {
            return Ok(Self { queue: None });
        }
        let agent = agent(config.webhook_authorities.as_deref())?;
        let (queue, notices) = sync_channel(1000);
        let config = config.clone();
        std::thread::spawn(move || work(&config, &agent, &notices));
        Ok(Self { queue: Some(queue) })
    }

    /// Tells; never waits.
    pub fn tell(&self, notice: Notice) {
        if let Some(queue) = &self.queue
            && queue.try_send(notice).is_err()
        {
            tracing::warn!("too many notices wait");
        }
    }
}

fn agent(authorities: Option<&Path>) -> Result<Agent, ClientError> {
    let mut tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()));
    if let Some(path) = authorities {
        tls = tls.root_certs(RootCerts::Specific(Arc::new(certificates(path)?)));
    }
    let config =
        Agent::config_builder().tls_config(tls.build()).max_redirects(0).timeout_global(Some(PATIENCE)).build();
    Ok(config.new_agent())
}

fn work(config: &Notify, agent: &Agent, notices: &Receiver<Notice>) {
    for notice in notices {
        let text = serde_json::to_vec(&notice).expect("plain data");
        if let Some((program, arguments)) = config.command.split_first()
            && let Err(error) = run(program, arguments, &notice, &text)
        {
            tracing::warn!("{program}: {error}");
        }
        if let Some(url) = &config.webhook
            && let Err(error) = agent.post(url).header("content-type", "application/json").send(text.as_slice())
        {
            tracing::warn!("{url}: {error}");
        }
    }
}

fn run(program: &str, arguments: &[String], notice: &Notice, text: &[u8]) -> std::io::Result<()> {
    let mut child = Command::new(program)
        .args(arguments)
        .env("TONGKA_CODE", &notice.code)
        .env("TONGKA_TEXT", &notice.text)
        .env("TONGKA_FILE", &notice.file)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    if let Some(mut input) = child.stdin.take() {
        // Shorter than a pipe holds: it does not wait for a program that does not read.
        let _ = input.write_all(text);
    }
    let started = Instant::now();
    while child.try_wait()?.is_none() {
        if started.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            return Err(std::io::Error::other("took too long"));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
