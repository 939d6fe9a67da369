//! Signed requests and stored answers.

use crate::{OTHERS, OURS, World, code, member, worlds};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::TimeDelta;
use tongka_access::{
    AccessError, Actor, Answer, Claim, KEPT, KeyKind, MadeKey, NewKey, Owner, ServerSecret, Signed, Via, claim,
    create_key, disable_key, prune_answers, prune_nonces, release, set_enabled, store_answer, verify,
};
use tongka_base::Clock;
use tongka_crypto::{hmac_sm3, sm2_public_key, sm2_sign, sm3};

const BODY: &[u8] = b"{\"a\":1}";
const PRIVATE: [u8; 32] = [7; 32];

struct Request {
    kind: KeyKind,
    key: String,
    timestamp: i64,
    nonce: String,
    path: &'static str,
    body: &'static [u8],
    signature: String,
}

impl Request {
    fn new(w: &World, kind: KeyKind, key: &MadeKey, nonce: &str) -> Self {
        let timestamp = w.clock.now().and_utc().timestamp() - 8 * 3600;
        let nonce = format!("{nonce:0>16}");
        let path = "/api/v1/uploads?limit=5";
        let mut request =
            Self { kind, key: key.id.clone(), timestamp, nonce, path, body: BODY, signature: String::new() };
        request.sign(key);
        request
    }

    fn sign(&mut self, key: &MadeKey) {
        let message = self.with(|signed| signed.message());
        let signature = match &key.secret {
            Some(secret) => hmac_sm3(&BASE64_STANDARD.decode(secret.as_str()).unwrap(), message.as_bytes()).to_vec(),
            None => sm2_sign(&PRIVATE, message.as_bytes()).unwrap(),
        };
        self.signature = BASE64_STANDARD.encode(signature);
    }

    fn with<T>(&self, work: impl FnOnce(Signed<'_>) -> T) -> T {
        work(Signed {
            kind: self.kind,
            key: &self.key,
            timestamp: &self.timestamp.to_string(),
            nonce: &self.nonce,
            signature: &self.signature,
            method: "POST",
            path_and_query: self.path,
            body_digest: &sm3(self.body),
        })
    }

    async fn send(&self, w: &World) -> Result<tongka_access::Identity, AccessError> {
        let (timestamp, digest) = (self.timestamp.to_string(), sm3(self.body));
        let signed = Signed {
            kind: self.kind,
            key: &self.key,
            timestamp: &timestamp,
            nonce: &self.nonce,
            signature: &self.signature,
            method: "POST",
            path_and_query: self.path,
            body_digest: &digest,
        };
        verify(&w.db, &w.secret, &signed, &w.clock).await
    }
}

fn wanted(account: i64) -> NewKey {
    NewKey { account, name: "前置机".into(), public_key: None, expires_on: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_request_is_good_once_and_for_what_it_says() {
    for w in worlds().await {
        let machine = w.open("machine", member(OURS), &["member-operator"]).await;
        let root = Actor::local("root");
        let public = hex::encode(sm2_public_key(&PRIVATE).unwrap());
        for (kind, public_key) in [(KeyKind::HmacSm3, None), (KeyKind::Sm2, Some(public.clone()))] {
            let new = NewKey { public_key, ..wanted(machine.account) };
            let key = create_key(&w.db, &w.secret, &root, &new, &w.clock).await.unwrap();
            if let Some(secret) = &key.secret {
                assert!(!w.leaks(secret).await);
            }
            let request = Request::new(&w, kind, &key, "n1");
            let identity = request.send(&w).await.unwrap();
            assert_eq!(identity.actor.via, Via::ApiKey(key.id.clone()));
            assert_eq!((identity.actor.person.as_str(), identity.actor.owner), ("P-machine", member(OURS)));
            assert!(identity.actor.may("file.upload") && !identity.must_change_password);
            assert_eq!(code(request.send(&w).await), "P18", "the nonce was used");
            // Whatever is changed, the signature is of something else.
            let fresh = |nonce: &str| Request::new(&w, kind, &key, nonce);
            let other = if kind == KeyKind::Sm2 { KeyKind::HmacSm3 } else { KeyKind::Sm2 };
            for (what, request) in [
                ("body", Request { body: b"{\"a\":2}", ..fresh("n2") }),
                ("path", Request { path: "/api/v1/uploads?limit=6", ..fresh("n3") }),
                ("nonce", Request { nonce: "0123456789abcdef".into(), ..fresh("n4") }),
                ("time", Request { timestamp: fresh("n5").timestamp + 1, ..fresh("n5") }),
                ("kind", Request { kind: other, ..fresh("n6") }),
                ("key", Request { key: "tk0".into(), ..fresh("n7") }),
                ("signature", Request { signature: "AAAA".into(), ..fresh("n8") }),
                ("short nonce", Request { nonce: "short".into(), ..fresh("n9") }),
            ] {
                assert_eq!(code(request.send(&w).await), "P16", "{what}");
            }
            // Refused requests use up no nonce.
            assert_eq!(code(fresh("n4").send(&w).await), "ok");
            for (seconds, expected) in [(-301, "P17"), (301, "P17"), (-300, "ok"), (300, "ok")] {
                let nonce = format!("t{}", seconds + 1_000);
                let mut request = fresh(&nonce);
                request.timestamp += seconds;
                request.sign(&key);
                assert_eq!(code(request.send(&w).await), expected, "{seconds} seconds");
            }
            // The secret's file is needed: with another one nothing is signed right, nothing else is told.
            if kind == KeyKind::HmacSm3 {
                let elsewhere = ServerSecret::open(&w.folder.path().join("elsewhere")).unwrap();
                let request = fresh("n20");
                let (timestamp, digest) = (request.timestamp.to_string(), sm3(BODY));
                let signed = Signed {
                    kind,
                    key: &request.key,
                    timestamp: &timestamp,
                    nonce: &request.nonce,
                    signature: &request.signature,
                    method: "POST",
                    path_and_query: request.path,
                    body_digest: &digest,
                };
                assert_eq!(code(verify(&w.db, &elsewhere, &signed, &w.clock).await), "P25");
                assert!(ServerSecret::open(&w.secret_path()).is_ok());
            }
            assert_eq!(code(disable_key(&w.db, &machine, &key.id, &w.clock).await), "P05");
            disable_key(&w.db, &root, &key.id, &w.clock).await.unwrap();
            assert_eq!(code(disable_key(&w.db, &root, &key.id, &w.clock).await), "P27");
            assert_eq!(code(fresh("n30").send(&w).await), "P16");
        }
        w.clock.pass(TimeDelta::minutes(11));
        assert!(prune_nonces(&w.db, &w.clock).await.unwrap() > 0);
        assert_eq!(prune_nonces(&w.db, &w.clock).await.unwrap(), 0);
        w.db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_made_for_others_and_within_ones_own_house() {
    for w in worlds().await {
        let system = w.open("system", Owner::Centre, &["system-admin"]).await;
        let ours = w.open("ours", member(OURS), &["member-admin"]).await;
        let theirs = w.open("theirs", member(OTHERS), &["member-operator"]).await;
        let clerk = w.open("clerk", member(OURS), &["member-operator"]).await;
        let make = async |actor: &Actor, new: &NewKey| create_key(&w.db, &w.secret, actor, new, &w.clock).await;
        assert_eq!(code(make(&clerk, &wanted(clerk.account)).await), "P05");
        assert_eq!(code(make(&ours, &wanted(theirs.account)).await), "P06");
        assert_eq!(code(make(&system, &wanted(system.account)).await), "P14");
        assert_eq!(code(make(&system, &NewKey { name: String::new(), ..wanted(theirs.account) }).await), "P10");
        for bad in ["", "04", "zz"] {
            let new = NewKey { public_key: Some(bad.into()), ..wanted(theirs.account) };
            assert_eq!(code(make(&system, &new).await), "P10");
        }
        let off_curve = NewKey { public_key: Some(format!("04{}", "11".repeat(64))), ..wanted(theirs.account) };
        assert_eq!(code(make(&system, &off_curve).await), "P10");
        let today = w.clock.now().date();
        let new = NewKey { expires_on: Some(today), ..wanted(clerk.account) };
        let key = make(&ours, &new).await.unwrap();
        assert_eq!(code(Request::new(&w, KeyKind::HmacSm3, &key, "a").send(&w).await), "ok");
        assert_eq!(code(disable_key(&w.db, &theirs, &key.id, &w.clock).await), "P05");
        let root = Actor::local("root");
        set_enabled(&w.db, &root, clerk.account, false, &w.clock).await.unwrap();
        assert_eq!(code(Request::new(&w, KeyKind::HmacSm3, &key, "b").send(&w).await), "P16");
        set_enabled(&w.db, &root, clerk.account, true, &w.clock).await.unwrap();
        w.clock.pass(TimeDelta::days(1));
        assert_eq!(code(Request::new(&w, KeyKind::HmacSm3, &key, "c").send(&w).await), "P16", "its last day is over");
        let yesterday = NewKey { expires_on: Some(today), ..wanted(clerk.account) };
        assert_eq!(code(make(&ours, &yesterday).await), "P10");
        w.db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_is_worked_on_once() {
    for w in worlds().await {
        let ask =
            async |caller: &str, key: &str, print: &str| claim(&w.db, &w.secret, caller, key, print, &w.clock).await;
        assert_eq!(ask("a1", "k", "f").await.unwrap(), Claim::Work);
        assert_eq!(code(ask("a1", "k", "f").await), "P20");
        assert_eq!(code(ask("a1", "k", "g").await), "P19");
        assert_eq!(ask("a2", "k", "f").await.unwrap(), Claim::Work, "another caller's key is another");
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        let answer = Answer { status: 201, headers, body: b"{\"initial_password\":\"canary\"}".to_vec() };
        store_answer(&w.db, &w.secret, "a1", "k", &answer).await.unwrap();
        assert_eq!(ask("a1", "k", "f").await.unwrap(), Claim::Answered(answer));
        assert_eq!(code(ask("a1", "k", "g").await), "P19");
        assert!(!w.leaks("canary").await);
        // Nothing done: it may come again. No answer after a while: nobody knows.
        release(&w.db, "a2", "k").await.unwrap();
        assert_eq!(ask("a2", "k", "f").await.unwrap(), Claim::Work);
        w.clock.pass(TimeDelta::minutes(11));
        assert_eq!(code(ask("a2", "k", "f").await), "P21");
        for bad in ["", " ", "a b", "é", &"x".repeat(65)] {
            assert_eq!(code(ask("a1", bad, "f").await), "P10", "{bad:?}");
        }
        w.clock.pass(KEPT);
        assert_eq!(ask("a1", "k", "g").await.unwrap(), Claim::Work, "forgotten after its time");
        assert_eq!(prune_answers(&w.db, &w.clock).await.unwrap(), 1);
        w.db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_requests_at_once_one_is_worked_on() {
    for w in worlds().await {
        let w = std::sync::Arc::new(w);
        for round in 0..5 {
            let tasks: Vec<_> = (0..4)
                .map(|_| {
                    let w = w.clone();
                    tokio::spawn(async move {
                        code(claim(&w.db, &w.secret, "a", &format!("k{round}"), "f", &w.clock).await)
                    })
                })
                .collect();
            let mut codes = Vec::new();
            for task in tasks {
                codes.push(task.await.unwrap());
            }
            codes.sort();
            assert_eq!(codes, ["P20", "P20", "P20", "ok"]);
        }
        w.db.close().await;
    }
}
