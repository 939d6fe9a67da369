//! What people ask of a client, running or not: small files that the next round carries out.

use super::{Client, Places, bytes_of, copy_file};
use crate::books::{Event, OutState};
use crate::{ClientCode, ClientError};
use serde::{Deserialize, Serialize};
use std::fs;
use tongka_link::disk;
use tongka_wire::FileName;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Request {
    /// Send a file of the archive once more.
    Resend(String),
    /// What is wrong with a file was seen.
    Ack(String),
}

impl Request {
    /// Leaves the request for the next round.
    ///
    /// # Errors
    /// Z12, Z18.
    pub fn leave(&self, places: &Places) -> Result<(), ClientError> {
        let text = serde_json::to_vec(self).expect("plain data");
        let name = format!("{:08x}.json", crc32fast::hash(&text));
        Ok(disk::write_file(&places.requests().join(name), &text)?)
    }
}

impl Client {
    pub(super) fn take_requests(&mut self) -> Result<(), ClientError> {
        for entry in fs::read_dir(self.places.requests()).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_none_or(|e| e != "json") {
                continue;
            }
            let text = fs::read(&path).map_err(ClientError::io(&path))?;
            match serde_json::from_slice(&text) {
                Ok(Request::Resend(name)) => {
                    if let Err(error) = self.resend(&name) {
                        if error.is_full() {
                            return Err(error);
                        }
                        self.tell(error.code_text(), &name, &error.to_string());
                    }
                }
                Ok(Request::Ack(name)) => self.note([Event::Ack { name }])?,
                Err(error) => tracing::warn!("{}: {error}", path.display()),
            }
            super::remove(&path)?;
        }
        Ok(())
    }

    /// Sends a file of the archive once more: harmless, the other side knows its bytes.
    fn resend(&mut self, name: &str) -> Result<(), ClientError> {
        let missing = || ClientError::new(ClientCode::NotFound, name);
        let parsed = FileName::parse(name).map_err(|_| missing())?;
        let file = self.books().out.get(name).ok_or_else(missing)?.clone();
        if !matches!(file.state, OutState::Archived | OutState::Waiting | OutState::Accepted | OutState::Rejected) {
            // It is on its way.
            return Ok(());
        }
        let source = self.places.sent_file(&parsed);
        if bytes_of(&source)? != file.bytes {
            return Err(ClientError::new(ClientCode::SameName, source.display()));
        }
        copy_file(&source, &self.places.under_way().join(name))?;
        self.out(name, OutState::Checked, None, "", "重发 resend")
    }
}
