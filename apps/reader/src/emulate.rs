//! A software card in the virtual reader of vsmartcard's vpcd driver, which offers it to pcscd and so to every PC/SC
//! program.
//!
//! The driver listens; this connects and is the card. Frames: length (2 bytes, big-endian) and payload; a payload of one
//! byte is a control, any other an APDU. The card's file is renewed after every command that changed the card, before
//! its answer is sent: what a terminal was told is on disk. Malformed commands are noted in the event log.

use crate::journal::Journal;
use std::error::Error;
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::linux::net::TcpStreamExt;
use std::path::Path;
use tongka_card::card::ATR;
use tongka_card::{Card, Command};

const POWER_OFF: u8 = 0;
const POWER_ON: u8 = 1;
const RESET: u8 = 2;
const GET_ATR: u8 = 4;

/// Writes a card's file whole; it is readable by its owner only.
pub(crate) fn save(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let dir = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    File::open(dir)?.sync_all()
}

/// Is the card until the driver closes the connection.
pub(crate) fn run(path: &Path, address: &str, journal: &Journal) -> Result<(), Box<dyn Error>> {
    let bytes = std::fs::read(path).map_err(|e| format!("Q01 {}: {e}", path.display()))?;
    let mut card = Card::from_bytes(&bytes, super::random()).map_err(|e| format!("Q04 {}: {e}", path.display()))?;
    let mut saved = card.to_bytes();
    let mut stream = TcpStream::connect(address).map_err(|e| format!("Q05 vpcd {address}: {e}"))?;
    stream.set_nodelay(true)?;
    println!("软卡已放入 card inserted: {address}");
    while let Some(payload) = receive(&mut stream)? {
        let answer = match payload[..] {
            [POWER_OFF] => {
                card.power_off();
                continue;
            }
            [POWER_ON | RESET] => {
                card.power_on();
                continue;
            }
            // Asked again and again by a driver that wants to know whether a card is there: no reset.
            [GET_ATR] => ATR.to_vec(),
            _ => {
                if let Err(status) = Command::parse(&payload) {
                    let code = status.to_string();
                    journal.add(
                        code.split(' ').next().unwrap_or_default(),
                        "APDU",
                        &format!("{} bytes", payload.len()),
                    )?;
                }
                card.transmit(&payload)
            }
        };
        let now = card.to_bytes();
        if now != saved {
            save(path, &now)?;
            saved = now;
        }
        // One write: the driver reads length and payload from the same packet.
        stream.write_all(&[&(answer.len() as u16).to_be_bytes()[..], &answer].concat())?;
    }
    Ok(())
}

/// The next payload; `None` when the driver is gone.
fn receive(stream: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    // The driver sends length and payload in two small writes: without this each command waits for a delayed ACK. It
    // holds for one receipt only.
    stream.set_quickack(true)?;
    let mut length = [0; 2];
    match stream.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        outcome => outcome?,
    }
    stream.set_quickack(true)?;
    let mut payload = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut payload)?;
    Ok(Some(payload))
}
