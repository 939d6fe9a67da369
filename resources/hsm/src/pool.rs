//! Several devices as one (密码机池). Devices of a pool hold the same keys.
//!
//! A command goes to the device with the least to do. One that fails several times in a row is left out for a while and
//! then tried again; a command that only uses keys is then asked of another device. Waiting for a free device is
//! bounded. Commands that change keys are done on every device or on none; a random key is made on one device and goes
//! to the others in a key block under a transport key that all of them have ([`Pool::sharing_under`]).

use crate::{Component, DeviceInfo, Hsm, HsmCode, HsmError, KeyBlock, KeyInfo, KeyRef, KeySpec, Session};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tongka_crypto::TacInput;

/// Bounds of a pool.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Commands that one device does at a time.
    pub at_once: usize,
    /// How long a command waits for a free device.
    pub wait: Duration,
    /// Failures in a row after which a device is left out.
    pub failures: u32,
    /// How long it is left out.
    pub rest: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { at_once: 8, wait: Duration::from_secs(2), failures: 3, rest: Duration::from_secs(10) }
    }
}

/// A device of a pool.
struct Member {
    name: String,
    hsm: Arc<dyn Hsm>,
}

/// Upper bounds of latency buckets are powers of two of a microsecond.
const BUCKETS: usize = 26;

#[derive(Clone, Default)]
struct State {
    at_work: usize,
    in_a_row: u32,
    out_until: Option<Instant>,
    commands: u64,
    failures: u64,
    latency: [u64; BUCKETS],
    last_error: Option<String>,
}

/// How a device of a pool does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Its name in the pool.
    pub name: String,
    /// Whether commands go to it.
    pub in_use: bool,
    /// Commands it works on now.
    pub at_work: usize,
    /// Commands so far.
    pub commands: u64,
    /// Of those, failed ones; refusals are no failures.
    pub failures: u64,
    /// Half of the commands took at most so many microseconds, rounded up to a power of two.
    pub p50_us: u64,
    /// 99 of 100 did.
    pub p99_us: u64,
    /// What its last failure said.
    pub last_error: Option<String>,
}

/// Several devices.
pub struct Pool {
    members: Vec<Member>,
    limits: Limits,
    states: Mutex<Vec<State>>,
    freed: Condvar,
    share_under: Option<String>,
}

impl Pool {
    /// A pool of named devices.
    ///
    /// # Errors
    /// H13 without any device.
    pub fn new(devices: Vec<(String, Arc<dyn Hsm>)>, limits: Limits) -> Result<Self, HsmError> {
        if devices.is_empty() || limits.at_once == 0 {
            return Err(HsmError::new(HsmCode::Value, "a pool has devices, and each does something"));
        }
        let members: Vec<Member> = devices.into_iter().map(|(name, hsm)| Member { name, hsm }).collect();
        let states = Mutex::new(vec![State::default(); members.len()]);
        Ok(Self { members, limits, states, freed: Condvar::new(), share_under: None })
    }

    /// Names the transport key, on every device, under which random keys are shared.
    #[must_use]
    pub fn sharing_under(mut self, transport: String) -> Self {
        self.share_under = Some(transport);
        self
    }

    fn states(&self) -> MutexGuard<'_, Vec<State>> {
        self.states.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// How each device does.
    pub fn health(&self) -> Vec<Health> {
        let now = Instant::now();
        let states = self.states();
        let of = |(member, state): (&Member, &State)| {
            let quantile = |percent: u64| {
                let total: u64 = state.latency.iter().sum();
                let mut seen = 0;
                let bucket = state.latency.iter().position(|count| {
                    seen += count;
                    seen > 0 && seen * 100 >= total * percent
                });
                bucket.map_or(0, |bucket| 1 << bucket)
            };
            Health {
                name: member.name.clone(),
                in_use: state.out_until.is_none_or(|until| until <= now),
                at_work: state.at_work,
                commands: state.commands,
                failures: state.failures,
                p50_us: quantile(50),
                p99_us: quantile(99),
                last_error: state.last_error.clone(),
            }
        };
        self.members.iter().zip(states.iter()).map(of).collect()
    }

    /// Asks every device so many times, also those left out: description and the first failure, if any. What it found
    /// is in [`Pool::health`] then.
    pub fn check_each(&self, times: u32) -> Vec<(DeviceInfo, Result<(), HsmError>)> {
        let one = |at: usize| {
            let asked = (0..times.max(1)).try_for_each(|_| self.run_on(at, &|hsm| hsm.check()));
            (self.members[at].hsm.info(), asked)
        };
        (0..self.members.len()).map(one).collect()
    }

    /// Takes the device with the least to do that was not tried yet, waiting for one if all are at their bound.
    fn take(&self, tried: &[usize]) -> Result<usize, HsmError> {
        let deadline = Instant::now() + self.limits.wait;
        let mut states = self.states();
        loop {
            let now = Instant::now();
            let open = |at: &usize| !tried.contains(at) && states[*at].out_until.is_none_or(|until| until <= now);
            let candidates: Vec<usize> = (0..states.len()).filter(open).collect();
            if candidates.is_empty() {
                let last = states.iter().find_map(|s| s.last_error.clone()).unwrap_or_default();
                return Err(HsmError::new(HsmCode::Failed, format!("no device of the pool is in use: {last}")));
            }
            let free = candidates.into_iter().filter(|at| states[*at].at_work < self.limits.at_once);
            if let Some(at) = free.min_by_key(|at| states[*at].at_work) {
                states[at].at_work += 1;
                return Ok(at);
            }
            let Some(left) = deadline.checked_duration_since(now).filter(|left| !left.is_zero()) else {
                return Err(HsmError::new(HsmCode::Busy, format!("{} ms", self.limits.wait.as_millis())));
            };
            states = self.freed.wait_timeout(states, left).unwrap_or_else(std::sync::PoisonError::into_inner).0;
        }
    }

    /// Notes the end of a command.
    fn done<T>(&self, at: usize, took: Duration, outcome: &Result<T, HsmError>) {
        let mut states = self.states();
        let state = &mut states[at];
        state.at_work -= 1;
        state.commands += 1;
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
        state.latency[(us.next_power_of_two().trailing_zeros() as usize).min(BUCKETS - 1)] += 1;
        match outcome {
            Err(error) if error.code.is_failure() => {
                state.failures += 1;
                state.in_a_row += 1;
                state.last_error = Some(error.to_string());
                if state.in_a_row >= self.limits.failures {
                    // When its rest is over one more failure leaves it out again.
                    state.out_until = Some(Instant::now() + self.limits.rest);
                    state.in_a_row = self.limits.failures - 1;
                }
            }
            _ => {
                state.in_a_row = 0;
                state.out_until = None;
            }
        }
        drop(states);
        self.freed.notify_one();
    }

    fn run<T>(&self, at: usize, command: &dyn Fn(&dyn Hsm) -> Result<T, HsmError>) -> Result<T, HsmError> {
        let started = Instant::now();
        let outcome = command(self.members[at].hsm.as_ref());
        self.done(at, started.elapsed(), &outcome);
        outcome
    }

    /// A command of a certain device, busy or not.
    fn run_on<T>(&self, at: usize, command: &dyn Fn(&dyn Hsm) -> Result<T, HsmError>) -> Result<T, HsmError> {
        self.states()[at].at_work += 1;
        self.run(at, command)
    }

    /// A command that only uses keys: of another device where one fails.
    fn using<T>(&self, command: &dyn Fn(&dyn Hsm) -> Result<T, HsmError>) -> Result<T, HsmError> {
        let mut tried = Vec::new();
        let mut last = None;
        loop {
            let at = match self.take(&tried) {
                Ok(at) => at,
                Err(error) => return Err(last.unwrap_or(error)),
            };
            match self.run(at, command) {
                Err(error) if error.code.is_failure() => {
                    tried.push(at);
                    last = Some(error);
                }
                outcome => return outcome,
            }
        }
    }

    /// A command that makes a key: on every device, and all have the same, or on none.
    fn making(&self, name: &str, command: &dyn Fn(&dyn Hsm) -> Result<KeyInfo, HsmError>) -> Result<KeyInfo, HsmError> {
        let mut made: Option<KeyInfo> = None;
        for at in 0..self.members.len() {
            let outcome = self.run_on(at, command).and_then(|info| match &made {
                Some(first) if first.kcv != info.kcv => {
                    let _ = self.members[at].hsm.destroy(name);
                    Err(HsmError::new(HsmCode::Kcv, format!("{} made another key", self.members[at].name)))
                }
                _ => Ok(info),
            });
            match outcome {
                Ok(info) => made = Some(info),
                Err(error) => {
                    self.unmake(name, at, &error)?;
                    return Err(error);
                }
            }
        }
        Ok(made.expect("a pool has devices"))
    }

    /// Takes a key from the devices that made it, before `at` failed; from that one too where it may have been made
    /// without an answer.
    fn unmake(&self, name: &str, at: usize, error: &HsmError) -> Result<(), HsmError> {
        if error.code.is_failure() {
            let _ = self.members[at].hsm.destroy(name);
        }
        self.members[..at].iter().try_for_each(|member| member.hsm.destroy(name))
    }

    /// A random key: made on the first device, taken in by the others under the transport key all of them have.
    fn share(&self, spec: &KeySpec, under: &str) -> Result<KeyInfo, HsmError> {
        let info = self.run_on(0, &|hsm| hsm.generate(spec))?;
        let block = match self.run_on(0, &|hsm| hsm.export(KeyRef::stored(&spec.name), under)) {
            Ok(block) => block,
            Err(error) => {
                self.members[0].hsm.destroy(&spec.name)?;
                return Err(error);
            }
        };
        for at in 1..self.members.len() {
            if let Err(error) = self.run_on(at, &|hsm| hsm.import(spec, &block, under)) {
                self.unmake(&spec.name, at, &error)?;
                return Err(error);
            }
        }
        Ok(info)
    }
}

impl Hsm for Pool {
    fn info(&self) -> DeviceInfo {
        let one = |m: &Member| {
            let info = m.hsm.info();
            format!("{}: {} {}", m.name, info.driver, info.model)
        };
        DeviceInfo {
            driver: "pool",
            model: format!("{} devices", self.members.len()),
            notes: self.members.iter().map(one).collect(),
        }
    }

    fn check(&self) -> Result<(), HsmError> {
        self.using(&|hsm| hsm.check())
    }

    fn keys(&self) -> Result<Vec<KeyInfo>, HsmError> {
        self.using(&|hsm| hsm.keys())
    }

    fn generate(&self, spec: &KeySpec) -> Result<KeyInfo, HsmError> {
        match &self.share_under {
            _ if self.members.len() == 1 => self.making(&spec.name, &|hsm| hsm.generate(spec)),
            Some(under) => self.share(spec, under),
            None => {
                let detail = "share_under names no transport key under which the other devices could take the key in";
                Err(HsmError::new(HsmCode::Unsupported, detail))
            }
        }
    }

    fn import_components(
        &self,
        spec: &KeySpec,
        components: &[Component],
        kcv: Option<[u8; 3]>,
    ) -> Result<KeyInfo, HsmError> {
        self.making(&spec.name, &|hsm| hsm.import_components(spec, components, kcv))
    }

    fn derive(&self, parent: KeyRef<'_>, spec: &KeySpec) -> Result<KeyInfo, HsmError> {
        self.making(&spec.name, &|hsm| hsm.derive(parent, spec))
    }

    fn export(&self, key: KeyRef<'_>, under: &str) -> Result<KeyBlock, HsmError> {
        self.using(&|hsm| hsm.export(key, under))
    }

    fn import(&self, spec: &KeySpec, block: &KeyBlock, under: &str) -> Result<KeyInfo, HsmError> {
        self.making(&spec.name, &|hsm| hsm.import(spec, block, under))
    }

    fn destroy(&self, name: &str) -> Result<(), HsmError> {
        let outcomes: Vec<Result<(), HsmError>> = self.members.iter().map(|m| m.hsm.destroy(name)).collect();
        outcomes.into_iter().collect()
    }

    fn kcv(&self, key: KeyRef<'_>) -> Result<[u8; 3], HsmError> {
        self.using(&|hsm| hsm.kcv(key))
    }

    fn tac(&self, key: KeyRef<'_>, data: &[u8]) -> Result<[u8; 4], HsmError> {
        self.using(&|hsm| hsm.tac(key, data))
    }

    fn verify_tacs(
        &self,
        issuers: &[KeyRef<'_>],
        records: &[TacInput],
        tacs: &[[u8; 4]],
        right: &mut [bool],
    ) -> Result<(), HsmError> {
        let answers = self.using(&|hsm| {
            let mut answers = vec![false; right.len()];
            hsm.verify_tacs(issuers, records, tacs, &mut answers)?;
            Ok(answers)
        })?;
        right.copy_from_slice(&answers);
        Ok(())
    }

    fn session_mac(&self, key: KeyRef<'_>, session: Session, data: &[u8]) -> Result<[u8; 4], HsmError> {
        self.using(&|hsm| hsm.session_mac(key, session, data))
    }

    fn authorise(
        &self,
        key: KeyRef<'_>,
        session: Session,
        mac1_data: &[u8],
        mac1: [u8; 4],
        mac2_data: &[u8],
    ) -> Result<[u8; 4], HsmError> {
        self.using(&|hsm| hsm.authorise(key, session, mac1_data, mac1, mac2_data))
    }

    fn secure_mac(&self, key: KeyRef<'_>, challenge: &[u8; 4], command: &[u8]) -> Result<[u8; 4], HsmError> {
        self.using(&|hsm| hsm.secure_mac(key, challenge, command))
    }

    fn encrypt(&self, key: KeyRef<'_>, data: &[u8]) -> Result<Vec<u8>, HsmError> {
        self.using(&|hsm| hsm.encrypt(key, data))
    }

    fn wrap_card_key(&self, key: KeyRef<'_>, header: [u8; 3], under: KeyRef<'_>) -> Result<Vec<u8>, HsmError> {
        self.using(&|hsm| hsm.wrap_card_key(key, header, under))
    }

    fn encrypt_card_key(&self, key: KeyRef<'_>, under: &str) -> Result<[u8; 16], HsmError> {
        self.using(&|hsm| hsm.encrypt_card_key(key, under))
    }

    fn file_mac(&self, key: &str, data: &[u8]) -> Result<Vec<u8>, HsmError> {
        self.using(&|hsm| hsm.file_mac(key, data))
    }

    fn sm2_public(&self, key: &str) -> Result<[u8; 65], HsmError> {
        self.using(&|hsm| hsm.sm2_public(key))
    }

    fn sm2_sign(&self, key: &str, message: &[u8]) -> Result<Vec<u8>, HsmError> {
        self.using(&|hsm| hsm.sm2_sign(key, message))
    }
}
