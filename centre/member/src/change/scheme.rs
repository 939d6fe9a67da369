//! A whole scheme file takes the place of what the book says of its topics.

use super::{Draft, Payload};
use crate::book::Difference;
use crate::error::{BookCode, MemberError, refuse};
use crate::files::{SCHEME_FILE, load_file};
use crate::read::{At, Rows, load_cards};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A scheme file that was sent before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemeImport {
    /// Digest of the file.
    pub file: String,
    /// Digest of its test keys; empty when it has none.
    #[serde(default)]
    pub key_file: String,
    /// Why.
    pub note: String,
}

impl Payload for SchemeImport {
    fn object(&self) -> String {
        format!("文件 {}", self.file.get(..16).unwrap_or(&self.file))
    }

    fn summary(&self) -> String {
        format!("导入规则{}：{}", self.object(), self.note)
    }

    async fn apply<R: Rows>(&self, draft: &mut Draft<'_, R>) -> Result<Value, MemberError> {
        super::member::check_text("note", &self.note, 200)?;
        let bytes = load_file(draft.rows, SCHEME_FILE, &self.file).await?;
        let text = String::from_utf8(bytes).map_err(|_| MemberError::broken("scheme_file"))?;
        let scheme = tongka_scheme::parse(&text, &self.file).map_err(MemberError::Scheme)?;
        let hex_digest = self.key_file.len() == 64 && self.key_file.bytes().all(|b| b.is_ascii_hexdigit());
        if scheme.tac_keys.is_empty() != self.key_file.is_empty() || !(self.key_file.is_empty() || hex_digest) {
            return refuse(BookCode::Value, "key_file", "测试密钥文件摘要", "the digest of the test keys");
        }
        let before = draft.book.clone();
        draft.book = before.with_scheme(&scheme, &self.key_file);
        // What was priced stays as it was: only rules that are yet to come may come, go or change.
        let fees = before.delta(&draft.book).fees;
        for fee in &fees.added {
            let ended = fees.removed.iter().find(|old| old.key() == fee.key());
            match ended {
                Some(old) if (old.issuer_rate, old.centre_rate) == (fee.issuer_rate, fee.centre_rate) => {
                    let last = fee.to.into_iter().chain(old.to).min();
                    last.map_or(Ok(()), |last| draft.moment.check_end("fee", last))?;
                }
                _ => draft.moment.check_ahead("fee", fee.from)?,
            }
        }
        for fee in fees.removed.iter().filter(|fee| !draft.book.fees.contains_key(&fee.key())) {
            draft.moment.check_ahead("fee", fee.from)?;
        }
        draft.cards = Difference::merge(&load_cards(draft.rows, At::Current).await?, &scheme.blacklist);
        Ok(json!({ "members": before.members.len(), "issuers": before.issuers.len(), "fees": before.fees.len() }))
    }
}
