//! The key ceremony (密钥分量合成): two to five custodians, one after the other, each enter a component that only they know.

use crate::KeyError;
use crate::custodian::{Login, authenticate};
use crate::desk::{Desk, Note};
use crate::keys::{insert, key};
use crate::request::{NewKey, clear_orphan};
use tongka_base::date::format_date_time;
use tongka_hsm::{Component, algorithm_name};
use tongka_storage::TenantCode;

/// A custodian with their component.
#[derive(Debug)]
pub struct Participant<'a> {
    /// Who.
    pub login: Login<'a>,
    /// The component and its check value.
    pub component: Component,
}

/// The minutes (记录) of a ceremony: who took part, and check values. No key and no component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minutes {
    /// Whose key.
    pub owner: TenantCode,
    /// The key.
    pub key: NewKey,
    /// Its check value.
    pub kcv: [u8; 3],
    /// When, Asia/Shanghai.
    pub at: String,
    /// The device.
    pub device: String,
    /// Who led.
    pub leader: String,
    /// Custodians with the check values of their components, in the order of entry.
    pub participants: Vec<(String, [u8; 3])>,
}

/// Makes a key from the components of several custodians of one owner. `kcv` is that of the whole key where it is known.
///
/// # Errors
/// K02; K03 to K05 for a custodian; K06 for one who comes twice; K08; H05, H06 and others of the device. Nothing is
/// made then.
pub async fn ceremony(
    desk: &Desk<'_>,
    leader: &str,
    owner: TenantCode,
    new: &NewKey,
    participants: Vec<Participant<'_>>,
    kcv: Option<[u8; 3]>,
) -> Result<Minutes, KeyError> {
    let note = Note { owner, actor: leader, action: "key.ceremony", object: &new.name };
    let work = async {
        if !(2..=5).contains(&participants.len()) {
            return Err(KeyError::Participants(participants.len()));
        }
        for (n, participant) in participants.iter().enumerate() {
            let name = participant.login.name;
            if participant.login.owner != owner {
                return Err(KeyError::Login);
            }
            if participants[..n].iter().any(|other| other.login.name == name) {
                return Err(KeyError::SamePerson(name.to_owned()));
            }
            authenticate(desk, participant.login).await?;
        }
        match key(desk, owner, &new.name).await {
            Ok(_) => return Err(KeyError::Exists(new.name.clone())),
            Err(KeyError::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
        let names: Vec<(String, [u8; 3])> =
            participants.iter().map(|p| (p.login.name.to_owned(), p.component.kcv)).collect();
        let components: Vec<Component> = participants.into_iter().map(|p| p.component).collect();
        let spec = new.spec(owner);
        let mut tx = desk.begin().await?;
        clear_orphan(desk, &spec.name)?;
        let info = desk.hsm.import_components(&spec, &components, kcv)?;
        let kcv = info.kcv;
        let who: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
        let book = async {
            insert(&mut tx, desk, owner, &new.managed(info), new.level, None).await?;
            desk.finish(tx, note, &format!("KCV {} by {}", hex::encode_upper(kcv), who.join(", "))).await
        };
        if let Err(error) = book.await {
            desk.hsm.destroy(&spec.name)?;
            return Err(error);
        }
        let device = desk.hsm.info();
        Ok(Minutes {
            owner,
            key: new.clone(),
            kcv,
            at: format_date_time(desk.clock.now()),
            device: format!("{} {}", device.driver, device.model),
            leader: leader.to_owned(),
            participants: names,
        })
    };
    let outcome = work.await;
    desk.noted(note, outcome).await
}

/// Text that is safe inside HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

impl Minutes {
    /// A page to print and sign.
    pub fn html(&self) -> String {
        let Self { owner, key, kcv, at, device, leader, participants } = self;
        let whose =
            if *owner == crate::CENTRE { "清算中心 centre".to_owned() } else { format!("租户 tenant {owner}") };
        let algorithm = algorithm_name(key.spec(*owner).algorithm);
        let rows: String = participants
            .iter()
            .enumerate()
            .map(|(n, (name, kcv))| {
                format!(
                    "<tr><td>{}</td><td>{}</td><td><code>{}</code></td><td class=\"sign\"></td></tr>\n",
                    n + 1,
                    escaped(name),
                    hex::encode_upper(kcv)
                )
            })
            .collect();
        format!(
            "<!doctype html>\n<html lang=\"zh\">\n<meta charset=\"utf-8\">\n<title>密钥分量合成记录 {name}</title>\n\
             <style>body{{font:14px/1.6 sans-serif;max-width:46em;margin:3em auto}}table{{border-collapse:collapse;width:100%;\
             margin:1em 0}}td,th{{border:1px solid #888;padding:.4em .7em;text-align:left}}.sign{{width:14em;height:2.4em}}\
             code{{font-size:1.1em}}</style>\n<h1>密钥分量合成记录 Minutes of a key ceremony</h1>\n<table>\n\
             <tr><th>所有者 owner</th><td>{whose}</td></tr>\n<tr><th>密钥 key</th><td>{name}</td></tr>\n\
             <tr><th>用途 usage</th><td>{usage} {usage_zh}</td></tr>\n<tr><th>算法 algorithm</th><td>{algorithm}</td></tr>\n\
             <tr><th>版本 version，索引 index</th><td>{version:02X}，{index:02X}</td></tr>\n\
             <tr><th>校验值 KCV</th><td><code>{kcv}</code></td></tr>\n<tr><th>设备 device</th><td>{device}</td></tr>\n\
             <tr><th>时间 time</th><td>{at}</td></tr>\n<tr><th>主持 led by</th><td>{leader}</td></tr>\n</table>\n\
             <table>\n<tr><th>序</th><th>保管员 custodian</th><th>分量校验值 KCV of the component</th><th>签字 signature</th></tr>\n\
             {rows}</table>\n<p>本记录不含密钥与分量。This record holds no key and no component.</p>\n</html>\n",
            name = escaped(&key.name),
            usage = key.usage,
            usage_zh = key.usage.text_zh(),
            version = key.version,
            index = key.index,
            kcv = hex::encode_upper(kcv),
            device = escaped(device),
            leader = escaped(leader),
        )
    }
}
