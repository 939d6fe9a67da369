//! One SSH session: logging in, and the one thing that may be done then.

use super::files::Files;
use super::{Place, SftpConfig, Shared, protocol};
use crate::accounts::{self, Proof};
use crate::{Caller, Channel as Line};
use russh::keys::{Algorithm, HashAlg, PrivateKey, PublicKey};
use russh::server::{Auth, ChannelOpenHandle, Config, Handler, Msg, PublicKeyOffer, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId, MethodKind, MethodSet, Preferred, SshId, compression};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::AsyncWriteExt;

/// Channels of one session.
const MOST_CHANNELS: usize = 4;

pub(super) fn ssh_config(keys: Vec<PrivateKey>, limits: &SftpConfig) -> Config {
    let signed_by_sha1 = |algorithm: &Algorithm| matches!(algorithm, Algorithm::Rsa { hash: None });
    let default = Preferred::DEFAULT;
    let keys_offered: Vec<Algorithm> = default.key.iter().filter(|a| !signed_by_sha1(a)).cloned().collect();
    let none = [compression::NONE];
    Config {
        server_id: SshId::Standard("SSH-2.0-tongka".into()),
        methods: MethodSet::from([MethodKind::PublicKey, MethodKind::Password].as_slice()),
        auth_rejection_time: Duration::from_millis(limits.refusal_ms),
        auth_rejection_time_initial: Some(Duration::ZERO),
        keys,
        max_auth_attempts: limits.attempts,
        inactivity_timeout: None,
        nodelay: true,
        // Compression before logging in is an invitation.
        preferred: Preferred { key: keys_offered.into(), compression: Cow::Owned(none.to_vec()), ..default },
        ..Config::default()
    }
}

/// Who is at the other end.
pub(super) struct Visitor {
    place: Place,
    logged_in: Arc<AtomicBool>,
    caller: Option<Arc<Caller>>,
    channels: HashMap<ChannelId, Channel<Msg>>,
    opened: usize,
}

impl Visitor {
    pub(super) fn new(place: Place, logged_in: Arc<AtomicBool>) -> Self {
        Self { place, logged_in, caller: None, channels: HashMap::new(), opened: 0 }
    }

    fn shared(&self) -> &Shared {
        &self.place.shared
    }

    async fn log_in(&mut self, login: &str, proof: Proof<'_>) -> Auth {
        let front = Arc::clone(&self.shared().front);
        match accounts::log_in(&front, login, proof, self.place.address, Line::Sftp).await {
            Ok((account, caller)) => {
                if !self.place.log_in(login, account.connections) {
                    tracing::warn!(login, "connection refused: the account has as many as it may");
                    return Auth::reject();
                }
                self.caller = Some(Arc::new(caller));
                self.logged_in.store(true, Ordering::Release);
                Auth::Accept
            }
            Err(error) => {
                if error.code().is_none() {
                    tracing::error!("{error}");
                }
                Auth::reject()
            }
        }
    }
}

impl Handler for Visitor {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Self::Error> {
        Ok(self.log_in(user, Proof::Password(password)).await)
    }

    async fn auth_publickey_offered(&mut self, user: &str, offer: PublicKeyOffer<'_>) -> Result<Auth, Self::Error> {
        let known = is_signed_well(offer.algorithm) && self.knows(user, offer.public_key).await;
        Ok(if known { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        if !is_signed_well(key.algorithm) {
            return Ok(Auth::reject());
        }
        Ok(self.log_in(user, Proof::Key(key.public_key)).await)
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        // Dropping the handle refuses the channel.
        if self.caller.is_some() && self.opened < MOST_CHANNELS {
            self.opened += 1;
            self.channels.insert(channel.id(), channel);
            reply.accept().await;
        }
        Ok(())
    }

    async fn subsystem_request(&mut self, id: ChannelId, name: &str, session: &mut Session) -> Result<(), Self::Error> {
        let channel = self.channels.remove(&id);
        match (name, channel, &self.caller) {
            ("sftp", Some(channel), Some(caller)) => {
                session.channel_success(id)?;
                let files = Files::new(Arc::clone(&self.shared().front), Arc::clone(caller));
                let handle = session.handle();
                tokio::spawn(async move {
                    let mut stream = channel.into_stream();
                    protocol::run(&mut stream, files).await;
                    // scp takes a session without one for a failure.
                    let _ = handle.exit_status_request(id, 0).await;
                    let _ = stream.shutdown().await;
                });
                Ok(())
            }
            _ => session.channel_failure(id),
        }
    }

    async fn shell_request(&mut self, id: ChannelId, session: &mut Session) -> Result<(), Self::Error> {
        session.channel_failure(id)
    }

    async fn exec_request(&mut self, id: ChannelId, _: &[u8], session: &mut Session) -> Result<(), Self::Error> {
        session.channel_failure(id)
    }

    async fn channel_close(&mut self, id: ChannelId, _: &mut Session) -> Result<(), Self::Error> {
        self.channels.remove(&id);
        self.opened = self.opened.saturating_sub(1);
        Ok(())
    }
}

impl Visitor {
    async fn knows(&self, user: &str, key: &PublicKey) -> bool {
        accounts::knows_key(&self.shared().front, user, key).await.unwrap_or_else(|error| {
            tracing::error!("{error}");
            false
        })
    }
}

/// RSA with SHA-1 is not.
fn is_signed_well(algorithm: &Algorithm) -> bool {
    !matches!(algorithm, Algorithm::Rsa { hash } if !matches!(hash, Some(HashAlg::Sha256 | HashAlg::Sha512)))
}
