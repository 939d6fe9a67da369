//! What the front promises, on SQLite and on PostgreSQL.

mod common;

use chrono::TimeDelta;
use common::{Ground, SHANGHAI, SHENZHEN, Setting, caller, content, file_name};
use std::fs;
use std::time::Duration;
use tongka_base::date::{days_since_epoch, format_date_time, parse_date};
use tongka_base::{Clock, FixedClock};
use tongka_crypto::{sm2_public_key, sm3};
use tongka_link::accounts::{self, Change, NewAccount, Proof};
use tongka_link::disk::Content;
use tongka_link::{Caller, Channel, Limits, LinkCode, LinkError, https, inbox, outbox, sign};
use tongka_storage::{Scope, params};
use tongka_testkit::databases;
use tongka_wire::Kind;

async fn grounds(setting: impl Fn() -> Setting) -> Vec<Ground> {
    let mut grounds = Vec::new();
    for database in databases().await {
        grounds.push(Ground::new(database, setting()).await);
    }
    grounds
}

fn code<T: std::fmt::Debug>(result: Result<T, LinkError>) -> LinkCode {
    result.unwrap_err().code().unwrap()
}

async fn send(ground: &Ground, caller: &Caller, name: &str, bytes: &[u8]) -> Result<&'static str, LinkError> {
    let mut upload = inbox::open(&ground.front, caller, name, true).await?;
    inbox::write(&ground.front, caller, &mut upload, 0, bytes).await?;
    Ok(inbox::close(&ground.front, caller, upload).await?.map_or("open", |taken| taken.state))
}

fn fingerprint(bytes: &[u8]) -> String {
    Content::of(&mut &bytes[..]).unwrap().fingerprint()
}

#[tokio::test]
async fn a_file_cut_at_any_byte_goes_on_there_and_arrives_once() {
    for ground in grounds(Setting::default).await {
        let who = caller(SHANGHAI);
        for cut in 0..60_u64 {
            let name = file_name(Kind::Txu, SHANGHAI, cut as u32 + 1);
            let bytes = content(&name, 3, b'0' + (cut % 10) as u8);
            let at = (bytes.len() as u64 * cut / 59) as usize;
            let direct = cut % 2 == 0;
            let shown = name.to_string();
            let writing = if direct { shown.clone() } else { format!("{shown}.tmp") };
            let mut upload = inbox::open(&ground.front, &who, &writing, true).await.unwrap();
            inbox::write(&ground.front, &who, &mut upload, 0, &bytes[..at]).await.unwrap();
            // The connection is gone: nothing is closed.
            drop(upload);
            let mut upload = inbox::open(&ground.front, &who, &writing, false).await.unwrap();
            assert_eq!(upload.size(), at as u64);
            inbox::write(&ground.front, &who, &mut upload, at as u64, &bytes[at..]).await.unwrap();
            let taken = inbox::close(&ground.front, &who, upload).await.unwrap();
            let taken = match taken {
                Some(taken) => taken,
                None => inbox::rename(&ground.front, &who, &writing, &shown).await.unwrap().unwrap(),
            };
            assert_eq!((taken.state, taken.size), ("handed", bytes.len() as u64));
            assert_eq!(taken.fingerprint, fingerprint(&bytes));
            assert_eq!(fs::read(ground.inbox(&shown)).unwrap(), bytes);
        }
        assert_eq!(ground.arrivals.lock().unwrap().len(), 60);
        assert!(ground.spooled(SHANGHAI).is_empty());
        let name = file_name(Kind::Txu, SHANGHAI, 7);
        let again = send(&ground, &who, &name.to_string(), &content(&name, 3, b'6')).await;
        assert_eq!(again.unwrap(), "known");
        assert_eq!(ground.arrivals.lock().unwrap().len(), 60, "nobody is told twice");
        assert_eq!(
            ground.events(&name.to_string()).await,
            ["started", "resumed", "received", "handed", "started", "known"]
        );
        assert!(ground.spooled(SHANGHAI).is_empty());
    }
}

#[tokio::test]
async fn half_a_file_under_its_final_name_is_not_taken() {
    for ground in grounds(Setting::default).await {
        let who = caller(SHANGHAI);
        let name = file_name(Kind::Txu, SHANGHAI, 1);
        let (shown, bytes) = (name.to_string(), content(&name, 2, b'1'));
        for part in [0, 10, 142, 143, 160, bytes.len() - 1] {
            assert_eq!(send(&ground, &who, &shown, &bytes[..part]).await.unwrap(), "open", "{part} bytes");
        }
        assert!(!ground.inbox(&shown).exists());
        assert_eq!(inbox::stat(&ground.front, &who, &shown).await.unwrap().state, "receiving");
        // Whoever renames says that it is whole; the centre refuses it with its receipt.
        let temp = format!("{shown}.tmp");
        assert_eq!(send(&ground, &who, &temp, &bytes[..200]).await.unwrap(), "open");
        let taken = inbox::rename(&ground.front, &who, &temp, &shown).await.unwrap().unwrap();
        assert_eq!((taken.state, taken.size), ("handed", 200));
        assert_eq!(fs::read(ground.inbox(&shown)).unwrap(), bytes[..200]);
        // What can never be whole is not held back either.
        let odd = file_name(Kind::Txu, SHANGHAI, 2).to_string();
        assert_eq!(send(&ground, &who, &odd, &[b'x'; 300]).await.unwrap(), "handed");
        let empty = file_name(Kind::Txu, SHANGHAI, 3).to_string();
        assert_eq!(send(&ground, &who, &empty, b"").await.unwrap(), "open");
        assert_eq!(ground.spooled(SHANGHAI), [empty]);
    }
}

#[tokio::test]
async fn the_books_decide_what_other_bytes_under_a_name_may_do() {
    for ground in grounds(Setting::default).await {
        let who = caller(SHANGHAI);
        let name = file_name(Kind::Txu, SHANGHAI, 1);
        let shown = name.to_string();
        let (one, other) = (content(&name, 1, b'1'), content(&name, 1, b'2'));
        let day = days_since_epoch(name.date);
        ground
            .execute(
                "INSERT INTO clearing_day (clearing_date, state, scheme_digest, opened_at) VALUES ($1, 'open', '', '')",
                params![day],
            )
            .await;
        assert_eq!(send(&ground, &who, &shown, &one).await.unwrap(), "handed");
        // Not judged yet.
        assert_eq!(code(send(&ground, &who, &shown, &other).await), LinkCode::Pending);
        assert_eq!(fs::read(ground.inbox(&shown)).unwrap(), one);
        assert_eq!(ground.spooled(SHANGHAI), [shown.as_str()], "the bytes are kept for the next try");
        // It waits for its predecessor.
        let receipt = "INSERT INTO receipt (clearing_date, member, sequence, upload_name, fingerprint, result, detail, \
                       content) VALUES ($1, $2, $3, $4, $5, $6, '', '')";
        ground.execute(receipt, params![day, SHANGHAI, 1, shown.as_str(), fingerprint(&one), "F09"]).await;
        assert_eq!(code(send(&ground, &who, &shown, &other).await), LinkCode::Pending);
        // Refused by its receipt: the other bytes take its place.
        ground.execute(receipt, params![day, SHANGHAI, 2, shown.as_str(), fingerprint(&one), "F05"]).await;
        assert_eq!(send(&ground, &who, &shown, &other).await.unwrap(), "handed");
        assert_eq!(fs::read(ground.inbox(&shown)).unwrap(), other);
        // Accepted: never again, but the same bytes are harmless.
        ground
            .execute(
                "INSERT INTO upload (upload_no, clearing_date, name, member, file_date, sequence, header, fingerprint, \
                 body_digest, record_count, total_fen, accepted_at) VALUES (1, $1, $2, $3, $1, 1, '', $4, '', 1, 0, '')",
                params![day, shown.as_str(), SHANGHAI, fingerprint(&other)],
            )
            .await;
        assert_eq!(send(&ground, &who, &shown, &other).await.unwrap(), "known");
        assert_eq!(code(send(&ground, &who, &shown, &one).await), LinkCode::Taken);
        let kept: Vec<_> = fs::read_dir(ground.front.places.refused(SHANGHAI)).unwrap().collect();
        assert_eq!(fs::read(kept[0].as_ref().unwrap().path()).unwrap(), one, "raw bytes are kept");
        assert_eq!(fs::read(ground.inbox(&shown)).unwrap(), other);
        assert_eq!(ground.alarm_codes(), ["Y08"]);
        // A file that was accepted by another way than this front.
        let name = file_name(Kind::Txu, SHANGHAI, 2);
        let bytes = content(&name, 1, b'3');
        ground
            .execute(
                "INSERT INTO upload (upload_no, clearing_date, name, member, file_date, sequence, header, fingerprint, \
                 body_digest, record_count, total_fen, accepted_at) VALUES (2, $1, $2, $3, $1, 2, '', $4, '', 1, 0, '')",
                params![day, name.to_string(), SHANGHAI, fingerprint(&bytes)],
            )
            .await;
        assert_eq!(send(&ground, &who, &name.to_string(), &bytes).await.unwrap(), "known");
        assert_eq!(code(send(&ground, &who, &name.to_string(), &one).await), LinkCode::Taken);
        // A member withdraws only what was refused.
        assert_eq!(code(inbox::remove(&ground.front, &who, &shown).await), LinkCode::ReadOnly);
        let name = file_name(Kind::Txu, SHANGHAI, 3);
        let bytes = content(&name, 1, b'4');
        send(&ground, &who, &name.to_string(), &bytes).await.unwrap();
        assert_eq!(code(inbox::remove(&ground.front, &who, &name.to_string()).await), LinkCode::ReadOnly);
        ground.execute(receipt, params![day, SHANGHAI, 3, name.to_string(), fingerprint(&bytes), "F06"]).await;
        inbox::remove(&ground.front, &who, &name.to_string()).await.unwrap();
        assert_eq!(code(inbox::stat(&ground.front, &who, &name.to_string()).await), LinkCode::NotFound);
    }
}

#[tokio::test]
async fn other_members_names_and_kinds_are_refused_and_rung() {
    for ground in grounds(Setting::default).await {
        let who = caller(SHANGHAI);
        let open = |name: String| {
            let (front, who) = (ground.front.clone(), who.clone());
            async move { code(inbox::open(&front, &who, &name, true).await) }
        };
        assert_eq!(open(file_name(Kind::Txu, SHENZHEN, 1).to_string()).await, LinkCode::Foreign);
        assert_eq!(open(file_name(Kind::Stl, SHANGHAI, 1).to_string()).await, LinkCode::Kind);
        assert_eq!(open("../../etc/passwd".into()).await, LinkCode::Name);
        assert_eq!(open(format!("{}\n", file_name(Kind::Txu, SHANGHAI, 1))).await, LinkCode::Name);
        let own = format!("{}.tmp", file_name(Kind::Txu, SHANGHAI, 1));
        send(&ground, &who, &own, b"x").await.unwrap();
        let foreign = file_name(Kind::Txu, SHENZHEN, 1).to_string();
        assert_eq!(code(inbox::rename(&ground.front, &who, &own, &foreign).await), LinkCode::Foreign);
        assert_eq!(ground.alarm_codes(), ["Y05", "Y06", "Y04", "Y04", "Y05"]);
        assert!(ground.arrivals.lock().unwrap().is_empty());
        assert!(ground.spooled(SHENZHEN).is_empty());
        // Other kinds of members go to the desk.
        let ack = file_name(Kind::Ack, SHANGHAI, 1);
        assert_eq!(send(&ground, &who, &ack.to_string(), &content(&ack, 1, b'0')).await.unwrap(), "handed");
        assert!(ground.front.places.desk.join(ack.to_string()).exists());
        assert_eq!(code(send(&ground, &who, &ack.to_string(), &content(&ack, 1, b'1')).await), LinkCode::Pending);
        let settle = |refusal| inbox::settle(&ground.front.db, ack, 0, refusal, &*ground.front.clock);
        settle(Some(("O04", "not offered"))).await.unwrap();
        assert_eq!(send(&ground, &who, &ack.to_string(), &content(&ack, 1, b'1')).await.unwrap(), "handed");
        settle(None).await.unwrap();
        assert_eq!(code(send(&ground, &who, &ack.to_string(), &content(&ack, 1, b'2')).await), LinkCode::Taken);
    }
}

#[tokio::test]
async fn holes_sizes_and_quotas_are_limits() {
    let setting = || Setting { limits: Limits { file_bytes: 10_000, ..Limits::default() }, ..Setting::default() };
    for ground in grounds(setting).await {
        let who = Caller { quota_bytes: 15_000, quota_files: 2, ..caller(SHANGHAI) };
        let temp = |n| format!("{}.tmp", file_name(Kind::Txu, SHANGHAI, n));
        let mut first = inbox::open(&ground.front, &who, &temp(1), true).await.unwrap();
        inbox::write(&ground.front, &who, &mut first, 0, &[b'x'; 100]).await.unwrap();
        let hole = inbox::write(&ground.front, &who, &mut first, 10 << 30, b"x").await;
        assert_eq!(code(hole), LinkCode::Offset, "no sparse file of 10 GB");
        assert_eq!(code(inbox::write(&ground.front, &who, &mut first, 101, b"x").await), LinkCode::Offset);
        assert_eq!(code(inbox::write(&ground.front, &who, &mut first, 100, &[0; 9901]).await), LinkCode::TooLarge);
        inbox::write(&ground.front, &who, &mut first, 50, &[b'y'; 9950]).await.unwrap();
        let mut second = inbox::open(&ground.front, &who, &temp(2), true).await.unwrap();
        assert_eq!(code(inbox::write(&ground.front, &who, &mut second, 0, &[0; 5001]).await), LinkCode::Quota);
        inbox::write(&ground.front, &who, &mut second, 0, &[0; 5000]).await.unwrap();
        assert_eq!(code(inbox::open(&ground.front, &who, &temp(3), true).await), LinkCode::Quota);
        inbox::truncate(&mut second, 10).await.unwrap();
        assert_eq!(code(inbox::truncate(&mut second, 11).await), LinkCode::Offset);
        inbox::write(&ground.front, &who, &mut second, 10, &[0; 4990]).await.unwrap();
        // Removing gives the room back.
        inbox::remove(&ground.front, &who, &temp(1)).await.unwrap();
        let mut third = inbox::open(&ground.front, &who, &temp(3), true).await.unwrap();
        inbox::write(&ground.front, &who, &mut third, 0, &[0; 9000]).await.unwrap();
        // A newer connection goes on with a file, the older one cannot write into it any more.
        let mut newer = inbox::open(&ground.front, &who, &temp(3), false).await.unwrap();
        assert_eq!(code(inbox::write(&ground.front, &who, &mut third, 9000, b"x").await), LinkCode::Superseded);
        inbox::write(&ground.front, &who, &mut newer, 9000, b"x").await.unwrap();
        assert_eq!(inbox::close(&ground.front, &who, third).await.unwrap(), None);
        assert!(ground.alarm_codes().contains(&"Y09") && ground.alarm_codes().contains(&"Y10"));
    }
}

#[tokio::test]
async fn signatures_go_with_their_files_and_are_checked() {
    let private = [7; 32];
    let public = sm2_public_key(&private).unwrap();
    let setting = || Setting { certificate: Some(public), ..Setting::default() };
    for ground in grounds(setting).await {
        let who = caller(SHANGHAI);
        let name = |n| file_name(Kind::Txu, SHANGHAI, n).to_string();
        let bytes = |n| content(&file_name(Kind::Txu, SHANGHAI, n), 2, b'1');
        let signature = |n: u32| sign::sign_reader(&mut bytes(n).as_slice(), &private).unwrap();
        // Signature first.
        let sent = send(&ground, &who, &format!("{}.sig", name(1)), signature(1).as_bytes()).await.unwrap();
        assert_eq!(sent, "received");
        assert_eq!(send(&ground, &who, &name(1), &bytes(1)).await.unwrap(), "handed");
        assert!(ground.inbox(&format!("{}.sig", name(1))).exists());
        assert!(ground.alarm_codes().is_empty());
        // File first: it waits.
        assert_eq!(send(&ground, &who, &name(2), &bytes(2)).await.unwrap(), "waiting");
        assert!(!ground.inbox(&name(2)).exists());
        send(&ground, &who, &format!("{}.sig", name(2)), signature(2).as_bytes()).await.unwrap();
        assert!(ground.inbox(&name(2)).exists() && ground.inbox(&format!("{}.sig", name(2))).exists());
        // A wrong one is passed on, so that the centre's receipt says F08, and people are told.
        send(&ground, &who, &format!("{}.sig", name(3)), signature(1).as_bytes()).await.unwrap();
        assert_eq!(send(&ground, &who, &name(3), &bytes(3)).await.unwrap(), "handed");
        assert_eq!(ground.alarm_codes(), ["Y16"]);
        // The right one of the same bytes takes its place.
        let path = ground.inbox(&format!("{}.sig", name(3)));
        send(&ground, &who, &format!("{}.sig", name(3)), signature(3).as_bytes()).await.unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), signature(3));
        // None at all: handed over after a while.
        assert_eq!(send(&ground, &who, &name(4), &bytes(4)).await.unwrap(), "waiting");
        assert_eq!(inbox::recover(&ground.front).await.unwrap(), 0);
        ground.clock.forward(TimeDelta::seconds(601));
        assert_eq!(inbox::recover(&ground.front).await.unwrap(), 1);
        assert!(ground.inbox(&name(4)).exists());
        // What is no signature.
        let bad = send(&ground, &who, &format!("{}.sig.tmp", name(5)), b"no base64!").await.unwrap();
        assert_eq!(bad, "open");
        let renamed =
            inbox::rename(&ground.front, &who, &format!("{}.sig.tmp", name(5)), &format!("{}.sig", name(5))).await;
        assert_eq!(code(renamed), LinkCode::Signature);
        let large = send(&ground, &who, &format!("{}.sig", name(5)), &[b'A'; 5000]).await;
        assert_eq!(code(large), LinkCode::TooLarge);
        assert_eq!(ground.arrivals.lock().unwrap().len(), 5, "four files, one signature anew");
    }
}

#[tokio::test]
async fn what_a_stop_held_back_is_handed_over() {
    for ground in grounds(Setting::default).await {
        let who = caller(SHANGHAI);
        let now = format_date_time(ground.clock.now());
        let insert = "INSERT INTO front_file (member, direction, name, size, fingerprint, state, code, updated_at) \
                      VALUES ($1, 'in', $2, $3, $4, 'received', '', $5)";
        let spool = ground.front.places.spool(SHANGHAI);
        fs::create_dir_all(&spool).unwrap();
        for (n, moved) in [(1, false), (2, true)] {
            let name = file_name(Kind::Txu, SHANGHAI, n);
            let bytes = content(&name, 1, b'1');
            let path = if moved { ground.inbox(&name.to_string()) } else { spool.join(name.to_string()) };
            fs::write(path, &bytes).unwrap();
            let values = params![SHANGHAI, name.to_string(), bytes.len() as i64, fingerprint(&bytes), now.as_str()];
            ground.execute(insert, values).await;
        }
        assert_eq!(inbox::recover(&ground.front).await.unwrap(), 2);
        assert_eq!(inbox::recover(&ground.front).await.unwrap(), 0);
        assert_eq!(ground.arrivals.lock().unwrap().len(), 2);
        for n in [1, 2] {
            let name = file_name(Kind::Txu, SHANGHAI, n);
            assert_eq!(fs::read(ground.inbox(&name.to_string())).unwrap(), content(&name, 1, b'1'));
            assert_eq!(send(&ground, &who, &name.to_string(), &content(&name, 1, b'1')).await.unwrap(), "known");
        }
    }
}

#[tokio::test]
async fn results_are_read_fetched_and_confirmed_by_their_member_only() {
    let private = [9; 32];
    let setting = || Setting { centre_key: Some(private), ..Setting::default() };
    for ground in grounds(setting).await {
        let (who, stranger) = (caller(SHANGHAI), caller(SHENZHEN));
        let stl = file_name(Kind::Stl, SHANGHAI, 1);
        let (shown, bytes) = (stl.to_string(), content(&stl, 20, b'1'));
        ground.publish(&stl, &bytes);
        // What is not a result of this member, or no plain file, is not seen.
        let folder = ground.front.places.outbox.join(SHANGHAI.to_string());
        fs::write(folder.join(format!("{}.tmp", file_name(Kind::Txd, SHANGHAI, 1))), "x").unwrap();
        fs::write(folder.join(file_name(Kind::Txd, SHENZHEN, 1).to_string()), "x").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.join(file_name(Kind::Sta, SHANGHAI, 1).to_string())).unwrap();
        // An offer: a head of its own, a body that others share.
        let blf = file_name(Kind::Blf, SHANGHAI, 1);
        let whole = content(&blf, 5, b'2');
        let body = ground.folder.path().join("list.body");
        fs::write(&body, &whole[143..]).unwrap();
        let mut tx = ground.front.db.begin_write(Scope::Platform).await.unwrap();
        let head = std::str::from_utf8(&whole[..143]).unwrap();
        outbox::offer(&mut tx, blf, head, &body, whole.len() as u64 - 143, "20260901090000").await.unwrap();
        tx.commit().await.unwrap();

        let listed: Vec<String> =
            outbox::list(&ground.front, &who).await.unwrap().into_iter().map(|f| f.name).collect();
        let (signature, offered) = (format!("{shown}.sig"), blf.to_string());
        assert_eq!(listed, [offered.clone(), format!("{offered}.sig"), shown.clone(), signature.clone()]);
        assert!(outbox::list(&ground.front, &stranger).await.unwrap().is_empty());
        assert_eq!(code(outbox::open(&ground.front, &stranger, &shown).await), LinkCode::NotFound);
        for bad in ["../inbox/x", "TXU_20260901_10002900_000001.dat.tmp"] {
            assert!(outbox::open(&ground.front, &who, bad).await.is_err());
        }
        let link = file_name(Kind::Sta, SHANGHAI, 1).to_string();
        assert_eq!(code(outbox::open(&ground.front, &who, &link).await), LinkCode::NotFound);

        // Any range, over the seam of head and body too.
        let (_, source) = outbox::open(&ground.front, &who, &offered).await.unwrap();
        for (from, length) in [(0, 10), (100, 100), (142, 2), (143, 64), (0, 10_000), (400, 1000)] {
            let end = whole.len().min(from + length);
            assert_eq!(source.read_at(from as u64, length).unwrap(), whole[from..end]);
        }
        // Signatures are right.
        let public = sm2_public_key(&private).unwrap();
        for (name, content) in [(&shown, &bytes), (&offered, &whole)] {
            let (_, source) = outbox::open(&ground.front, &who, &format!("{name}.sig")).await.unwrap();
            let text = String::from_utf8(source.read_at(0, 1000).unwrap()).unwrap();
            let der = sign::read_signature(&text).unwrap();
            assert!(sign::verify_reader(&mut content.as_slice(), &public, &der).unwrap());
        }
        // Only what was read to its end can be confirmed.
        let first = https::read_range(&ground.front, &who, &shown, Some("bytes=0-9")).await.unwrap();
        assert_eq!((first.1, first.2.as_slice()), (bytes.len() as u64, &bytes[..10]));
        assert_eq!(code(outbox::confirm(&ground.front, &who, &shown).await), LinkCode::NotFetched);
        https::read_range(&ground.front, &who, &shown, Some("bytes=10-")).await.unwrap();
        outbox::confirm(&ground.front, &who, &shown).await.unwrap();
        outbox::confirm(&ground.front, &who, &shown).await.unwrap();
        assert_eq!(code(outbox::confirm(&ground.front, &stranger, &shown).await), LinkCode::NotFound);
        assert_eq!(ground.events(&shown).await, ["fetched", "confirmed"]);
        let confirmed: Vec<(String, bool)> =
            outbox::list(&ground.front, &who).await.unwrap().into_iter().map(|f| (f.name, f.confirmed)).collect();
        assert_eq!(confirmed[2..], [(shown.clone(), true), (signature, true)]);
        let standing = outbox::standing(&ground.front, SHANGHAI).await.unwrap();
        assert_eq!((standing.waiting, standing.confirmed), (1, 1));
        outbox::recall(&ground.front, &who, &shown).await.unwrap();
        assert_eq!(outbox::standing(&ground.front, SHANGHAI).await.unwrap().waiting, 2);
    }
}

#[tokio::test]
async fn chunks_by_https_are_resumed_and_finished() {
    for ground in grounds(Setting::default).await {
        let who = caller(SHANGHAI);
        let name = file_name(Kind::Txu, SHANGHAI, 1);
        let (shown, bytes) = (name.to_string(), content(&name, 10, b'1'));
        let front = &ground.front;
        assert_eq!(https::offset(front, &who, &shown, "AB").await.unwrap(), 0);
        assert_eq!(https::receive_chunk(front, &who, &shown, "AB", 0, &bytes[..500]).await.unwrap(), 500);
        // The answer was lost: the client asks and goes on.
        assert_eq!(code(https::receive_chunk(front, &who, &shown, "AB", 400, &bytes[400..]).await), LinkCode::Offset);
        assert_eq!(https::offset(front, &who, &shown, "AB").await.unwrap(), 500);
        assert_eq!(https::offset(front, &who, &shown, "CD").await.unwrap(), 0, "other bytes do not meet");
        let size = bytes.len() as u64;
        assert_eq!(code(https::finish(front, &who, &shown, "AB", size).await), LinkCode::Incomplete);
        assert_eq!(https::receive_chunk(front, &who, &shown, "AB", 500, &bytes[500..]).await.unwrap(), size);
        assert_eq!(https::finish(front, &who, &shown, "AB", size).await.unwrap().state, "handed");
        assert_eq!(fs::read(ground.inbox(&shown)).unwrap(), bytes);
        let (file, known) = inbox::state(front, &who, &shown).await.unwrap();
        assert_eq!((file.state.as_str(), known), ("handed", fingerprint(&bytes)));
        assert_eq!(code(https::offset(front, &who, &shown, "../x").await), LinkCode::Invalid);
        let whole = inbox::receive_whole(front, &who, &file_name(Kind::Txu, SHANGHAI, 2).to_string(), &bytes).await;
        assert_eq!(whole.unwrap().state, "handed");
    }
}

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ a@b";
const OTHER: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS c@d";

fn account(login: &str) -> NewAccount<'_> {
    NewAccount {
        login,
        member: if login.starts_with("szh") { SHENZHEN } else { SHANGHAI },
        password: Some("correct horse battery"),
        addresses: "192.0.2.0/24",
        quota_bytes: 1000,
        quota_files: 10,
        connections: 2,
    }
}

#[tokio::test]
async fn accounts_log_in_by_key_or_password_and_lock() {
    for ground in grounds(Setting::default).await {
        let (front, db) = (&ground.front, &ground.front.db);
        let clock = FixedClock(ground.clock.now());
        accounts::add_account(db, "root", &account("sha"), &clock).await.unwrap();
        accounts::add_account(db, "root", &account("szh"), &clock).await.unwrap();
        assert_eq!(code(accounts::add_account(db, "root", &account("sha"), &clock).await), LinkCode::Exists);
        let short = NewAccount { password: Some("short"), ..account("sha2") };
        assert_eq!(code(accounts::add_account(db, "root", &short, &clock).await), LinkCode::Invalid);
        let range = NewAccount { addresses: "10.0.0.0/99", ..account("sha2") };
        assert_eq!(code(accounts::add_account(db, "root", &range, &clock).await), LinkCode::Invalid);

        // Keys: two at most on a day, one member each, days, revocation.
        let day = |text: &str| parse_date(text.as_bytes()).unwrap();
        let add = |login: &'static str, key: &'static str, from: &str, to: &str| {
            let valid = (day(from), day(to));
            async move { accounts::add_key(db, Scope::Platform, "root", login, key, valid, &clock).await }
        };
        let first = add("sha", KEY, "20260801", "20260930").await.unwrap();
        assert_eq!(code(add("sha", KEY, "20260801", "20260930").await), LinkCode::Exists);
        assert_eq!(code(add("szh", KEY, "20260801", "20260930").await), LinkCode::Key);
        assert_eq!(code(add("sha", "ssh-ed25519 AAAA", "20260801", "20260930").await), LinkCode::Key);
        let second = add("sha", OTHER, "20260901", "20261031").await.unwrap();
        let third = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN76zuqnjypL54/w4763l7q1Sn3IBYHptJ5wcYfEWkzJ e@f";
        assert_eq!(code(add("sha", third, "20260915", "20261015").await), LinkCode::Keys);
        assert_eq!(code(add("sha", third, "20261015", "20260915").await), LinkCode::Invalid);
        add("sha", third, "20261101", "20261130").await.unwrap();
        let strange = accounts::add_key(
            db,
            Scope::Member(SHENZHEN),
            "szh",
            "sha",
            third,
            (day("20270101"), day("20270102")),
            &clock,
        );
        assert_eq!(code(strange.await), LinkCode::NotFound, "another member's account is not there");

        let (here, elsewhere) = ("192.0.2.9".parse().unwrap(), "198.51.100.1".parse().unwrap());
        let key = accounts::read_public_key(KEY).unwrap();
        let other = accounts::read_public_key(OTHER).unwrap();
        let log_in = |login: &'static str, proof: Proof<'_>, address| {
            let proof = match proof {
                Proof::Password(p) => Proof::Password(Box::leak(p.to_owned().into_boxed_str())),
                Proof::Key(k) => Proof::Key(Box::leak(Box::new(k.clone()))),
            };
            async move { accounts::log_in(front, login, proof, address, Channel::Sftp).await }
        };
        let (known, caller) = log_in("sha", Proof::Key(&key), here).await.unwrap();
        assert_eq!((known.member, caller.member, caller.quota_bytes), (SHANGHAI, SHANGHAI, 1000));
        assert_eq!(code(log_in("szh", Proof::Key(&key), here).await), LinkCode::Login, "another account's key");
        assert_eq!(code(log_in("sha", Proof::Key(&key), elsewhere).await), LinkCode::Address);
        assert_eq!(code(log_in("nobody", Proof::Password("correct horse battery"), here).await), LinkCode::Login);
        accounts::revoke_key(db, Scope::Platform, "root", "sha", &second, &clock).await.unwrap();
        assert_eq!(code(log_in("sha", Proof::Key(&other), here).await), LinkCode::Login);
        assert_eq!(
            code(accounts::revoke_key(db, Scope::Platform, "root", "sha", &second, &clock).await),
            LinkCode::NotFound
        );

        // Five wrong passwords lock the password, not the key, for a while.
        for _ in 0..5 {
            assert_eq!(code(log_in("sha", Proof::Password("wrong horse battery"), here).await), LinkCode::Login);
        }
        assert_eq!(code(log_in("sha", Proof::Password("correct horse battery"), here).await), LinkCode::Locked);
        log_in("sha", Proof::Key(&key), here).await.unwrap();
        for _ in 0..5 {
            log_in("szh", Proof::Password("wrong horse battery"), here).await.unwrap_err();
        }
        ground.clock.forward(TimeDelta::minutes(16));
        log_in("szh", Proof::Password("correct horse battery"), here).await.unwrap();
        // The key's last day.
        ground.clock.forward(TimeDelta::days(40));
        assert_eq!(code(log_in("sha", Proof::Key(&key), here).await), LinkCode::Login, "the key is over");
        accounts::change_account(db, Scope::Platform, "root", "szh", &Change::Active(false), &clock).await.unwrap();
        assert_eq!(code(log_in("szh", Proof::Password("correct horse battery"), here).await), LinkCode::Locked);
        accounts::change_account(db, Scope::Platform, "root", "szh", &Change::Active(true), &clock).await.unwrap();
        let change = Change::Password(Some("another horse battery"));
        accounts::change_account(db, Scope::Platform, "root", "szh", &change, &clock).await.unwrap();
        log_in("szh", Proof::Password("another horse battery"), here).await.unwrap();

        let own = accounts::accounts(db, Scope::Member(SHENZHEN)).await.unwrap();
        assert_eq!(own.iter().map(|a| a.login.as_str()).collect::<Vec<_>>(), ["szh"]);
        assert_eq!(accounts::keys(db, Scope::Member(SHENZHEN)).await.unwrap(), []);
        let keys = accounts::keys(db, Scope::Platform).await.unwrap();
        assert_eq!(keys.iter().filter(|k| k.active).count(), 2);
        assert!(keys.iter().any(|k| k.fingerprint == first));
        let log = tongka_audit::entries(db, Scope::Member(SHANGHAI), 0, 100).await.unwrap();
        let deeds: Vec<&str> = log.iter().map(|e| e.action.as_str()).collect();
        assert_eq!(deeds, ["front.account.add", "front.key.add", "front.key.add", "front.key.add", "front.key.revoke"]);
        let text = format!("{log:?}");
        assert!(!text.contains("horse"), "no password in the log");
    }
}

#[tokio::test]
async fn files_longer_than_a_signature_wait_are_counted_in_the_books() {
    // A wait of nothing: handed over at the next look.
    let public = sm2_public_key(&[3; 32]).unwrap();
    let setting = || Setting {
        certificate: Some(public),
        limits: Limits { signature_wait: Duration::ZERO, ..Limits::default() },
        ..Setting::default()
    };
    for ground in grounds(setting).await {
        let who = caller(SHANGHAI);
        let name = file_name(Kind::Txu, SHANGHAI, 1);
        let bytes = content(&name, 1, b'1');
        assert_eq!(send(&ground, &who, &name.to_string(), &bytes).await.unwrap(), "waiting");
        assert_eq!(inbox::recover(&ground.front).await.unwrap(), 1);
        assert_eq!(ground.events(&name.to_string()).await, ["started", "waiting", "handed"]);
        let shown = inbox::list(&ground.front, &who).await.unwrap();
        assert_eq!((shown.len(), shown[0].state.as_str(), shown[0].size), (1, "handed", bytes.len() as u64));
        ground.clock.forward(TimeDelta::days(8));
        assert!(inbox::list(&ground.front, &who).await.unwrap().is_empty());
        assert_eq!(sm3(&bytes[143..]), tongka_wire::Header::parse(&bytes[..143]).unwrap().body_digest);
    }
}

#[tokio::test]
async fn every_filter_and_sort_of_the_lists_runs() {
    for ground in grounds(Setting::default).await {
        let clock = FixedClock(ground.clock.now());
        accounts::add_account(&ground.front.db, "root", &account("sha"), &clock).await.unwrap();
        for spec in
            [&tongka_link::lists::TRANSFERS, &tongka_link::lists::FRONT_ACCOUNTS, &tongka_link::lists::FRONT_KEYS]
        {
            tongka_listing::check(&ground.front.db, spec).await.unwrap();
        }
    }
}
