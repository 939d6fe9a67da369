//! A pool keeps the contract, and what it is for: devices that fail, come back, and are busy.

mod suite;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use suite::{Abilities, run, spec};
use tongka_base::Algorithm::Sm4;
use tongka_hsm::pool::{Limits, Pool};
use tongka_hsm::soft::SoftHsm;
use tongka_hsm::{Hsm, HsmCode, KeyRef, Usage};
use tongka_testkit::hsm::NetworkHsm;

#[test]
fn a_pool_of_one_keeps_the_contract() {
    let soft: Arc<dyn Hsm> = Arc::new(SoftHsm::in_memory());
    let pool = Pool::new(vec![("one".into(), soft)], Limits::default()).unwrap();
    run(&pool, &pool, Abilities::ALL);
    assert_eq!(Pool::new(Vec::new(), Limits::default()).err().unwrap().code, HsmCode::Value);
}

/// Two devices with the same TAC key.
fn twins() -> [Arc<SoftHsm>; 2] {
    let (a, b) = (SoftHsm::in_memory(), SoftHsm::in_memory());
    a.generate(&spec("zmk", Usage::Transport, Sm4)).unwrap();
    a.generate(&spec("dtk", Usage::Tac, Sm4)).unwrap();
    // The transport key reaches the second device under itself only in a test: a ceremony enters it on both.
    let value = [0x5A_u8; 16];
    let part = |n: u8| {
        let bytes = std::array::from_fn(|i| if n == 0 { i as u8 } else { value[i] ^ i as u8 });
        tongka_hsm::Component { kcv: tongka_crypto::kcv(Sm4, &bytes), value: tongka_crypto::Key16::new(bytes) }
    };
    for hsm in [&a, &b] {
        hsm.import_components(&spec("zmk.both", Usage::Transport, Sm4), &[part(0), part(1)], None).unwrap();
    }
    let block = a.export(KeyRef::stored("dtk"), "zmk.both").unwrap();
    b.import(&spec("dtk", Usage::Tac, Sm4), &block, "zmk.both").unwrap();
    a.destroy("zmk").unwrap();
    [Arc::new(a), Arc::new(b)]
}

#[test]
fn a_failing_device_is_left_out_and_comes_back() {
    let [a, b] = twins();
    let (first, second) = (NetworkHsm::over(a.clone(), "127.0.0.1:0"), NetworkHsm::over(b, "127.0.0.1:0"));
    let [first_hsm, second_hsm] = [&first, &second].map(|device| Arc::new(device.driver()) as Arc<dyn Hsm>);
    let limits = Limits { failures: 2, rest: Duration::from_millis(50), ..Limits::default() };
    let pool = Pool::new(vec![("first".into(), first_hsm), ("second".into(), second_hsm)], limits).unwrap();
    let factor = [[3; 8]];
    let key = KeyRef { name: "dtk", factors: &factor };
    let expected = a.tac(key, &[1; 22]).unwrap();
    for _ in 0..10 {
        assert_eq!(pool.tac(key, &[1; 22]).unwrap(), expected);
    }
    let address = first.address().to_string();
    drop(first);
    for _ in 0..10 {
        assert_eq!(pool.tac(key, &[1; 22]).unwrap(), expected, "the other device answers");
    }
    let health = pool.health();
    assert!(health[0].failures >= 2 && health[0].last_error.as_deref().unwrap().starts_with("H09"), "{health:?}");
    assert_eq!((health[1].failures, health[1].in_use), (0, true));
    assert!(health[1].commands >= 10 && health[1].p99_us >= health[1].p50_us && health[1].p50_us > 0);

    // It comes back: after its rest commands reach it again.
    let _first = NetworkHsm::over(a, &address);
    let before = pool.health()[0].commands - pool.health()[0].failures;
    let mut rounds = 0;
    while pool.health()[0].commands - pool.health()[0].failures < before + 5 {
        assert_eq!(pool.tac(key, &[1; 22]).unwrap(), expected);
        rounds += 1;
        assert!(rounds < 1_000_000, "{:?}", pool.health());
    }
    // A refusal is no failure, and no other device is asked.
    let failures = pool.health().iter().map(|h| h.failures).sum::<u64>();
    assert_eq!(pool.tac(KeyRef::stored("none"), &[1; 22]).unwrap_err().code, HsmCode::NotFound);
    assert_eq!(pool.health().iter().map(|h| h.failures).sum::<u64>(), failures);
}

#[test]
fn keys_are_made_on_every_device_or_on_none() {
    let [a, b] = twins();
    let pool = |a: &Arc<SoftHsm>, b: &Arc<SoftHsm>| {
        Pool::new(vec![("a".into(), a.clone() as Arc<dyn Hsm>), ("b".into(), b.clone())], Limits::default()).unwrap()
    };
    let both = pool(&a, &b);
    assert_eq!(both.generate(&spec("random", Usage::Tac, Sm4)).unwrap_err().code, HsmCode::Unsupported);
    // A random key goes from one to the others under a transport key that all have; what is not taken in is on none.
    let sharing = pool(&a, &b).sharing_under("zmk.both".to_owned());
    let info = sharing.generate(&spec("random", Usage::Tac, Sm4)).unwrap();
    assert_eq!([&a, &b].map(|hsm| hsm.kcv(KeyRef::stored("random")).unwrap()), [info.kcv; 2]);
    b.generate(&spec("theirs", Usage::Tac, Sm4)).unwrap();
    assert_eq!(sharing.generate(&spec("theirs", Usage::Tac, Sm4)).unwrap_err().code, HsmCode::Exists);
    assert_eq!(a.kcv(KeyRef::stored("theirs")).unwrap_err().code, HsmCode::NotFound);
    let nowhere = pool(&a, &b).sharing_under("none".to_owned());
    assert_eq!(nowhere.generate(&spec("lost", Usage::Tac, Sm4)).unwrap_err().code, HsmCode::NotFound);
    assert_eq!(a.kcv(KeyRef::stored("lost")).unwrap_err().code, HsmCode::NotFound);
    let parent = KeyRef { name: "dtk", factors: &[[9; 8]] };
    let info = both.derive(parent, &spec("city", Usage::Tac, Sm4)).unwrap();
    assert_eq!(a.kcv(KeyRef::stored("city")), b.kcv(KeyRef::stored("city")));
    assert_eq!(a.kcv(KeyRef::stored("city")).unwrap(), info.kcv);
    // The second device refuses: the first does not keep the key either.
    b.generate(&spec("taken", Usage::Tac, Sm4)).unwrap();
    assert_eq!(both.derive(parent, &spec("taken", Usage::Tac, Sm4)).unwrap_err().code, HsmCode::Exists);
    assert_eq!(a.kcv(KeyRef::stored("taken")).unwrap_err().code, HsmCode::NotFound);
    // Devices whose keys differ are found out.
    b.destroy("dtk").unwrap();
    b.generate(&spec("dtk", Usage::Tac, Sm4)).unwrap();
    assert_eq!(both.derive(parent, &spec("other", Usage::Tac, Sm4)).unwrap_err().code, HsmCode::Kcv);
    for hsm in [&a, &b] {
        assert_eq!(hsm.kcv(KeyRef::stored("other")).unwrap_err().code, HsmCode::NotFound);
    }
}

/// A device that holds every check until told to go on.
struct Slow {
    inner: SoftHsm,
    entered: AtomicUsize,
    open: AtomicBool,
    gate: (Mutex<()>, Condvar),
}

/// Everything but `check` goes to the soft driver.
macro_rules! through {
    ($($name:ident($($arg:ident: $ty:ty),*) -> $out:ty;)*) => {
        $(fn $name(&self, $($arg: $ty),*) -> $out { self.inner.$name($($arg),*) })*
    };
}

type R<T> = Result<T, tongka_hsm::HsmError>;

impl Hsm for Slow {
    fn check(&self) -> R<()> {
        self.entered.fetch_add(1, Ordering::SeqCst);
        let guard = self.gate.0.lock().unwrap();
        drop(self.gate.1.wait_while(guard, |()| !self.open.load(Ordering::SeqCst)).unwrap());
        Ok(())
    }

    through! {
        info() -> tongka_hsm::DeviceInfo;
        keys() -> R<Vec<tongka_hsm::KeyInfo>>;
        generate(spec: &tongka_hsm::KeySpec) -> R<tongka_hsm::KeyInfo>;
        import_components(s: &tongka_hsm::KeySpec, c: &[tongka_hsm::Component], k: Option<[u8; 3]>) -> R<tongka_hsm::KeyInfo>;
        derive(p: KeyRef<'_>, s: &tongka_hsm::KeySpec) -> R<tongka_hsm::KeyInfo>;
        export(k: KeyRef<'_>, u: &str) -> R<tongka_hsm::KeyBlock>;
        import(s: &tongka_hsm::KeySpec, b: &tongka_hsm::KeyBlock, u: &str) -> R<tongka_hsm::KeyInfo>;
        destroy(n: &str) -> R<()>;
        kcv(k: KeyRef<'_>) -> R<[u8; 3]>;
        tac(k: KeyRef<'_>, d: &[u8]) -> R<[u8; 4]>;
        verify_tacs(i: &[KeyRef<'_>], r: &[tongka_crypto::TacInput], t: &[[u8; 4]], o: &mut [bool]) -> R<()>;
        session_mac(k: KeyRef<'_>, s: tongka_hsm::Session, d: &[u8]) -> R<[u8; 4]>;
        authorise(k: KeyRef<'_>, s: tongka_hsm::Session, a: &[u8], m: [u8; 4], b: &[u8]) -> R<[u8; 4]>;
        secure_mac(k: KeyRef<'_>, c: &[u8; 4], d: &[u8]) -> R<[u8; 4]>;
        encrypt(k: KeyRef<'_>, d: &[u8]) -> R<Vec<u8>>;
        wrap_card_key(k: KeyRef<'_>, h: [u8; 3], u: KeyRef<'_>) -> R<Vec<u8>>;
        encrypt_card_key(k: KeyRef<'_>, u: &str) -> R<[u8; 16]>;
        file_mac(k: &str, d: &[u8]) -> R<Vec<u8>>;
        sm2_public(k: &str) -> R<[u8; 65]>;
        sm2_sign(k: &str, m: &[u8]) -> R<Vec<u8>>;
    }
}

#[test]
fn waiting_is_bounded_and_work_is_spread() {
    let slow = || {
        Arc::new(Slow {
            inner: SoftHsm::in_memory(),
            entered: AtomicUsize::new(0),
            open: AtomicBool::new(false),
            gate: (Mutex::new(()), Condvar::new()),
        })
    };
    let (a, b) = (slow(), slow());
    let limits = Limits { at_once: 2, wait: Duration::from_millis(30), ..Limits::default() };
    let pool = Pool::new(vec![("a".into(), a.clone() as Arc<dyn Hsm>), ("b".into(), b.clone())], limits).unwrap();
    std::thread::scope(|scope| {
        let held: Vec<_> = (0..4).map(|_| scope.spawn(|| pool.check())).collect();
        while a.entered.load(Ordering::SeqCst) + b.entered.load(Ordering::SeqCst) < 4 {
            std::thread::yield_now();
        }
        let at_work = |at: usize| pool.health()[at].at_work;
        assert_eq!((at_work(0), at_work(1)), (2, 2), "spread over both");
        assert_eq!(pool.check().unwrap_err().code, HsmCode::Busy);
        for slow in [&a, &b] {
            let _guard = slow.gate.0.lock().unwrap();
            slow.open.store(true, Ordering::SeqCst);
            slow.gate.1.notify_all();
        }
        held.into_iter().for_each(|thread| thread.join().unwrap().unwrap());
    });
    pool.check().unwrap();
    assert_eq!(pool.health().iter().map(|h| h.at_work).sum::<usize>(), 0);
}
