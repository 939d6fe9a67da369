//! Whole rounds of a client against a front over SFTP.

mod common;

use common::{Centre, Member, TestClock, content, file_name, names};
use std::fs;
use std::sync::{Arc, Mutex};
use tongka_base::{Clock, FileCode, SystemClock};
use tongka_crypto::sm2_public_key;
use tongka_link_client::ClientCode;
use tongka_link_client::books::{InState, OutState};
use tongka_link_client::client::{Client, Request};
use tongka_link_client::config::Config;
use tongka_link_client::status;
use tongka_wire::Kind;

const OUT: &str = "TXU_20260901_10002900_000001.dat";

async fn round(client: &mut Client) {
    client.local().unwrap();
    client.exchange().await.unwrap();
}

fn code_of<T>(result: Result<T, tongka_link_client::ClientError>) -> &'static str {
    result.err().map(|e| e.code_text()).unwrap_or("-")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_goes_out_and_its_receipt_and_results_come_back() {
    let key = [7; 32];
    let centre_key = hex_of(&sm2_public_key(&key).unwrap());
    let own = [9; 32];
    let centre = Centre::start(Some(key), Some(sm2_public_key(&own).unwrap())).await;
    let member = Member::of(&centre, &format!("centre_key = \"{centre_key}\""));
    // The member signs elsewhere and puts the signature beside its file.
    let (name, bytes) = (file_name(Kind::Txu, 1), content(&file_name(Kind::Txu, 1), 3, b'a'));
    let signature = tongka_link::sign::sign_reader(&mut bytes.as_slice(), &own).unwrap();
    let mut client = member.client();
    member.put(&format!("{name}.tmp"), &bytes[..50]);
    round(&mut client).await;
    assert!(client.books().out.is_empty(), "not finished, not taken");
    member.put(&format!("{name}.sig"), signature.as_bytes());
    fs::rename(member.path("outbox").join(format!("{name}.tmp")), member.path("outbox").join(OUT)).unwrap();
    member.put(OUT, &bytes);
    round(&mut client).await;
    assert_eq!(centre.received(OUT).unwrap(), bytes);
    assert_eq!(centre.received(&format!("{OUT}.sig")).unwrap(), signature.as_bytes());
    assert_eq!(client.books().out[OUT].state, OutState::Archived);
    assert_eq!(fs::read(member.path("archive/sent/20260901").join(OUT)).unwrap(), bytes);
    assert!(names(&member.path("outbox")).is_empty() && names(&member.path("work/out")).is_empty());

    // The same once more is known; other bytes are refused here, by name.
    member.put(OUT, &bytes);
    round(&mut client).await;
    assert!(names(&member.path("outbox")).is_empty() && names(&member.path("outbox/refused")).is_empty());
    member.put(OUT, &content(&name, 3, b'b'));
    round(&mut client).await;
    assert_eq!(names(&member.path("outbox/refused")), [OUT.to_owned(), format!("{OUT}.reason.txt")]);
    let reason = fs::read_to_string(member.path("outbox/refused").join(format!("{OUT}.reason.txt"))).unwrap();
    assert!(reason.contains(ClientCode::SameName.code()), "{reason}");
    assert_eq!(centre.received(OUT).unwrap(), bytes);

    // Receipt and results.
    centre.receipt(1, OUT, None);
    let txd = file_name(Kind::Txd, 1);
    let result = content(&txd, 500, b'e');
    centre.publish(&txd, &result);
    round(&mut client).await;
    let file = &client.books().out[OUT];
    assert_eq!((file.state, file.receipt.as_ref().unwrap().records), (OutState::Accepted, 3));
    assert_eq!(fs::read(member.path("inbox").join(txd.to_string())).unwrap(), result);
    assert_eq!(fs::read(member.path("archive/received/20260901").join(txd.to_string())).unwrap(), result);
    assert!(member.path("inbox").join(format!("{txd}.sig")).exists());
    assert!(client.books().incoming.values().all(|f| f.state == InState::Confirmed));
    // Nothing is placed twice, whoever took it out of the inbox.
    fs::remove_file(member.path("inbox").join(txd.to_string())).unwrap();
    round(&mut client).await;
    assert!(!member.path("inbox").join(txd.to_string()).exists());

    // Again by request: the centre knows it, the receipt stands.
    Request::Resend(OUT.into()).leave(&tongka_link_client::client::Places::new(&member.config().folders)).unwrap();
    round(&mut client).await;
    assert_eq!(client.books().out[OUT].state, OutState::Accepted);
    let states: Vec<&str> = client.books().out[OUT].history.iter().map(|s| s.state.as_str()).collect();
    assert_eq!(states.iter().filter(|s| **s == "delivered").count(), 2, "{states:?}");
    drop(client);
    // The journal tells the same.
    let again = member.client();
    assert_eq!(again.books().out[OUT].state, OutState::Accepted);
    let shown = status::read(&member.config(), SystemClock.now()).unwrap();
    assert!(shown.running && shown.outgoing.len() == 1 && shown.incoming.len() == 2);
    centre.end().await;
}

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02X}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_refused_here_with_its_reason() {
    let centre = Centre::start(None, None).await;
    let member = Member::of(&centre, "");
    let mut client = member.client();
    let name = |n| file_name(Kind::Txu, n);
    let good = |n: u32| content(&name(n), 2, b'a');
    let altered = |n: u32, at: usize, byte: u8| {
        let mut bytes = good(n);
        bytes[at] = byte;
        bytes
    };
    let foreign = "TXU_20260901_10005840_000001.dat".to_owned();
    let cases: [(String, Vec<u8>, &str); 9] = [
        (name(1).to_string(), Vec::new(), "F03"),
        (name(2).to_string(), good(3), "F03"),
        (name(3).to_string(), good(3)[..300].to_vec(), "F04"),
        (name(4).to_string(), altered(4, 43, b'9'), "F05"),
        (name(5).to_string(), altered(5, 58, b'9'), "F06"),
        (name(6).to_string(), altered(6, 200, b'z'), "F06"),
        (foreign, good(1), "Z05"),
        ("TXR_20260901_10002900_000001.dat".into(), good(1), "Z06"),
        ("..TXU.dat x".into(), good(1), "Z04"),
    ];
    for (name, bytes, _) in cases.iter().filter(|(n, ..)| !n.starts_with('.')) {
        member.put(name, bytes);
    }
    // Links and names that are no text.
    std::os::unix::fs::symlink("/etc/hostname", member.path("outbox").join(name(8).to_string())).unwrap();
    use std::os::unix::ffi::OsStrExt;
    fs::write(member.path("outbox").join(std::ffi::OsStr::from_bytes(b"\xFF\xFE.dat")), "x").unwrap();
    member.put("notes.txt", b"x");
    round(&mut client).await;
    for (name, _, code) in cases.iter().filter(|(n, ..)| !n.starts_with('.')) {
        let reason = fs::read_to_string(member.path("outbox/refused").join(format!("{name}.reason.txt"))).unwrap();
        assert!(reason.contains(code), "{name}: {reason}");
    }
    assert!(names(&member.path("outbox")).is_empty(), "{:?}", names(&member.path("outbox")));
    let refused = names(&member.path("outbox/refused"));
    assert_eq!(refused.iter().filter(|n| !n.ends_with(".reason.txt")).count(), 11, "{refused:?}");
    assert!(names(&centre.front.places.inbox).is_empty());
    // What was mended goes under the same name.
    member.put(&name(1).to_string(), &good(1));
    round(&mut client).await;
    assert_eq!(client.books().out[&name(1).to_string()].state, OutState::Archived);
    assert_eq!(centre.received(&name(1).to_string()).unwrap(), good(1));
    centre.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_refuses_brings_the_file_back() {
    let centre = Centre::start(None, None).await;
    let member = Member::of(&centre, "");
    let mut client = member.client();
    let bytes = content(&file_name(Kind::Txu, 1), 2, b'a');
    member.put(OUT, &bytes);
    round(&mut client).await;
    centre.receipt(1, OUT, Some(FileCode::F09));
    round(&mut client).await;
    assert_eq!(client.books().out[OUT].state, OutState::Waiting);
    centre.receipt(2, OUT, Some(FileCode::F10));
    round(&mut client).await;
    assert_eq!(client.books().out[OUT].state, OutState::Rejected);
    assert_eq!(fs::read(member.path("outbox/refused").join(OUT)).unwrap(), bytes);
    let shown = status::read(&member.config(), SystemClock.now()).unwrap();
    assert!(shown.troubles.iter().any(|t| t.code == "F10" && t.file == OUT));
    Request::Ack(OUT.into()).leave(&tongka_link_client::client::Places::new(&member.config().folders)).unwrap();
    round(&mut client).await;
    assert!(status::read(&member.config(), SystemClock.now()).unwrap().troubles.is_empty());
    // The front does not know of the refusal (no centre behind it): other bytes have to wait, and are not lost.
    member.put(OUT, &content(&file_name(Kind::Txu, 1), 2, b'b'));
    round(&mut client).await;
    let file = &client.books().out[OUT];
    assert_eq!(file.state, OutState::Sending);
    assert!(file.history.iter().any(|s| s.code == "Y07"), "{:?}", file.history);
    centre.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_is_not_right_is_kept_aside_and_not_confirmed() {
    let key = [7; 32];
    let centre = Centre::start(Some(key), None).await;
    let other = hex_of(&sm2_public_key(&[8; 32]).unwrap());
    let member = Member::of(&centre, &format!("centre_key = \"{other}\""));
    let mut client = member.client();
    let stl = file_name(Kind::Stl, 1);
    centre.publish(&stl, &content(&stl, 9, b'e'));
    round(&mut client).await;
    let file = &client.books().incoming[&stl.to_string()];
    assert_eq!((file.state, file.code.as_str()), (InState::Bad, "Z09"));
    assert!(names(&member.path("inbox")).is_empty());
    assert_eq!(names(&member.path("work/aside")).len(), 2);
    let listed = tongka_link::outbox::standing(&centre.front, common::SHANGHAI).await.unwrap();
    assert_eq!((listed.waiting, listed.confirmed), (1, 0));
    drop(client);
    // With the right key it comes in.
    let text = member.text.replace(&other, &hex_of(&sm2_public_key(&key).unwrap()));
    let mut client = Client::open(Config::parse(&text, member.folder.path()).unwrap(), Arc::new(SystemClock)).unwrap();
    round(&mut client).await;
    assert_eq!(client.books().incoming[&stl.to_string()].state, InState::Confirmed);
    // A result whose digest does not hold.
    let sta = file_name(Kind::Sta, 1);
    let mut bytes = content(&sta, 1, b'e');
    bytes[150] ^= 1;
    centre.publish(&sta, &bytes);
    round(&mut client).await;
    assert_eq!(client.books().incoming[&sta.to_string()].code, "Z11");
    centre.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_network_nothing_is_lost_and_a_foreign_server_gets_nothing() {
    // An address where nobody listens.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let member = Member::new(&address.to_string(), &["SHA256:nobody".to_owned()], "");
    let mut client = member.client();
    for n in 1..=5 {
        member.put(&file_name(Kind::Txu, n).to_string(), &content(&file_name(Kind::Txu, n), 2, b'a'));
        client.local().unwrap();
        assert_eq!(code_of(client.exchange().await), "Y31");
    }
    assert_eq!(client.live().lock().unwrap().failures, 5);
    // A second client over the same folders is not let in.
    assert_eq!(code_of(Client::open(member.config(), Arc::new(SystemClock))), "Z02");
    drop(client);
    let centre = Centre::start(None, None).await;
    let elsewhere = common::config_text(&centre.address.to_string(), &["SHA256:other".to_owned()], "");
    let config = Config::parse(&elsewhere, member.folder.path()).unwrap();
    let mut client = Client::open(config, Arc::new(SystemClock)).unwrap();
    client.local().unwrap();
    assert_eq!(code_of(client.exchange().await), "Y32");
    drop(client);
    let right = common::config_text(&centre.address.to_string(), &centre.fingerprints(), "");
    let mut client = Client::open(Config::parse(&right, member.folder.path()).unwrap(), Arc::new(SystemClock)).unwrap();
    round(&mut client).await;
    assert_eq!(names(&centre.front.places.inbox).len(), 5);
    assert_eq!(client.live().lock().unwrap().failures, 0);
    centre.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_a_day_off_is_told_of() {
    let centre = Centre::start(None, None).await;
    let member = Member::of(&centre, "");
    let clock = TestClock(Mutex::new(SystemClock.now() + chrono::TimeDelta::days(1)));
    let mut client = member.client_at(Arc::new(clock));
    round(&mut client).await;
    client.show();
    let shown = status::read(&member.config(), SystemClock.now()).unwrap();
    assert!(shown.troubles.iter().any(|t| t.code == ClientCode::ClockOff.code()), "{:?}", shown.troubles);
    centre.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_pauses_and_goes_on_by_itself() {
    let centre = Centre::start(None, None).await;
    let member = Member::of(&centre, "");
    let mut client = member.client();
    member.put(OUT, &content(&file_name(Kind::Txu, 1), 2, b'a'));
    drop(client);
    // No disk has this much room.
    let text = member.text.replace("spare_mb = 0", "spare_mb = 1000000000000");
    client = Client::open(Config::parse(&text, member.folder.path()).unwrap(), Arc::new(SystemClock)).unwrap();
    assert_eq!(code_of(client.local()), ClientCode::Full.code());
    assert_eq!(code_of(client.exchange().await), ClientCode::Full.code());
    assert!(client.live().lock().unwrap().paused.is_some());
    assert!(member.path("outbox").join(OUT).exists());
    drop(client);
    client = member.client();
    round(&mut client).await;
    assert!(client.live().lock().unwrap().paused.is_none());
    assert_eq!(client.books().out[OUT].state, OutState::Archived);
    centre.end().await;
}
