//! A financial HSM on the network, for tests: the device simulator that `tongka hsm simulate` also starts
//! ([`tongka_hsm::device`]; it lives there because a product's executable uses nothing of this crate), on a port of its
//! own, over a soft device that stands for its console, with or without TLS on both sides.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tongka_hsm::device::{Device, server_tls};
use tongka_hsm::profile::{Profile, RACAL_LIKE};
use tongka_hsm::soft::SoftHsm;
use tongka_hsm::tcp::{Address, TcpHsm};

/// A running device; gone when dropped.
pub struct NetworkHsm {
    /// What its custodians see: where components are entered.
    pub console: Arc<SoftHsm>,
    device: Device,
}

/// The name in the device's certificate.
pub const TLS_NAME: &str = "hsm.test";

impl NetworkHsm {
    /// Starts one without keys.
    ///
    /// # Panics
    /// Where no port is free.
    pub fn start() -> Self {
        Self::over(Arc::new(SoftHsm::in_memory()), "127.0.0.1:0")
    }

    /// Starts one over a console there is, on an address: a device that comes back.
    ///
    /// # Panics
    /// Where the address is taken.
    pub fn over(console: Arc<SoftHsm>, address: &str) -> Self {
        let device = Device::start(address, profile(), console.clone(), None).expect("the address is free");
        Self { console, device }
    }

    /// Starts one that speaks TLS and takes only clients whose certificate it knows, with the files of both sides in a
    /// folder, as [`certificates`] makes them.
    ///
    /// # Panics
    /// Where a file cannot be used or no port is free.
    pub fn start_tls(folder: &Path) -> Self {
        let console = Arc::new(SoftHsm::in_memory());
        let of = |name: &str| folder.join(name);
        let tls = server_tls(&of("server.pem"), &of("server.key"), Some(&of("client.pem"))).expect("certificates");
        let device = Device::start("127.0.0.1:0", profile(), console.clone(), Some(tls)).expect("a port is free");
        Self { console, device }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.device.address()
    }

    /// A driver for it, without TLS.
    pub fn driver(&self) -> TcpHsm {
        let address = Address { address: self.address().to_string(), timeout: Duration::from_secs(5), tls: None };
        TcpHsm::new(address, profile())
    }
}

/// The profile it speaks by.
///
/// # Panics
/// Never: the profile comes with the program.
pub fn profile() -> Profile {
    Profile::parse(RACAL_LIKE).expect("the profile of the program")
}

/// Makes `server`, `client` and `stranger`, each a self-signed `.pem` with its `.key`, in a folder.
///
/// # Panics
/// Where the folder cannot be written.
pub fn certificates(folder: &Path) {
    for (file, name) in [("server", TLS_NAME), ("client", "client.test"), ("stranger", "stranger.test")] {
        let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).expect("a certificate");
        std::fs::write(folder.join(format!("{file}.pem")), made.cert.pem()).expect("the folder is there");
        std::fs::write(folder.join(format!("{file}.key")), made.signing_key.serialize_pem())
            .expect("the folder is there");
    }
}
