//! The key ceremony (密钥分量合成): two to five custodians, one after the other, each enter a component that only they know.

use crate::KeyError;
use crate::custodian::{Login, authenticate};
use crate::desk::{Desk, Note};
use crate::keys::{insert, key};
use crate::request::{NewKey, clear_orphan};
use tongka_base::date::format_date_time;
use tongka_crypto::kcv;
use tongka_hsm::{Component, HsmCode, HsmError, algorithm_name};
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

/// A ceremony that has begun: custodians come one after the other, each from where they are. What they enter is in this
/// process's memory only, is wiped when the ceremony ends in whatever way, and is lost with the process: then it begins
/// again.
#[derive(Debug)]
pub struct OpenCeremony {
    owner: TenantCode,
    leader: String,
    new: NewKey,
    wanted: usize,
    entered: Vec<(String, Component)>,
}

impl OpenCeremony {
    fn note(&self) -> Note<'_> {
        Note { owner: self.owner, actor: &self.leader, action: "key.ceremony", object: &self.new.name }
    }

    /// Begins one in which so many custodians take part.
    ///
    /// # Errors
    /// K02, K08, K09.
    pub async fn open(
        desk: &Desk<'_>,
        leader: &str,
        owner: TenantCode,
        new: &NewKey,
        wanted: usize,
    ) -> Result<Self, KeyError> {
        let begun = Self { owner, leader: leader.to_owned(), new: new.clone(), wanted, entered: Vec::new() };
        let outcome = begun.check(desk).await;
        desk.noted(begun.note(), outcome).await?;
        Ok(begun)
    }

    async fn check(&self, desk: &Desk<'_>) -> Result<(), KeyError> {
        if !(2..=5).contains(&self.wanted) {
            return Err(KeyError::Participants(self.wanted));
        }
        self.new.card_scheme()?;
        self.new.check_name(self.owner)?;
        match key(desk, self.owner, &self.new.name).await {
            Ok(_) => Err(KeyError::Exists(self.new.name.clone())),
            Err(KeyError::NotFound(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The key.
    pub fn key(&self) -> &NewKey {
        &self.new
    }

    /// Who has entered a component.
    pub fn participants(&self) -> impl Iterator<Item = &str> {
        self.entered.iter().map(|(name, _)| name.as_str())
    }

    /// How many components are missing.
    pub fn missing(&self) -> usize {
        self.wanted - self.entered.len()
    }

    /// Takes a custodian's component. One that does not fit its check value is refused at once, and may be entered again.
    ///
    /// # Errors
    /// K03 to K06 for the custodian; K07 where all have entered; H05 for a component entered before; H06.
    pub async fn enter(&mut self, desk: &Desk<'_>, participant: Participant<'_>) -> Result<(), KeyError> {
        let name = participant.login.name.to_owned();
        let outcome = self.take(desk, participant).await;
        let note = Note { owner: self.owner, actor: &name, action: "key.ceremony.enter", object: &self.new.name };
        desk.noted(note, outcome).await
    }

    async fn take(
        &mut self,
        desk: &Desk<'_>,
        Participant { login, component }: Participant<'_>,
    ) -> Result<(), KeyError> {
        if login.owner != self.owner {
            return Err(KeyError::Login);
        }
        if self.participants().any(|other| other == login.name) {
            return Err(KeyError::SamePerson(login.name.to_owned()));
        }
        if self.missing() == 0 {
            return Err(KeyError::State("all components are entered".into()));
        }
        authenticate(desk, login).await?;
        let place = self.entered.len() + 1;
        if kcv(self.new.spec(self.owner).algorithm, component.value.bytes()) != component.kcv {
            return Err(HsmError::new(HsmCode::Kcv, format!("component {place}")).into());
        }
        if self.entered.iter().any(|(_, other)| other.value.bytes() == component.value.bytes()) {
            return Err(HsmError::new(HsmCode::Components, format!("component {place} was entered before")).into());
        }
        self.entered.push((login.name.to_owned(), component));
        Ok(())
    }

    /// Ends it without a key.
    ///
    /// # Errors
    /// What the audit log says.
    pub async fn abandon(self, desk: &Desk<'_>) -> Result<(), KeyError> {
        let note = Note { action: "key.ceremony.abandon", ..self.note() };
        desk.finish(desk.begin().await?, note, &format!("{} components were missing", self.missing())).await
    }

    /// Makes the key. `kcv` is that of the whole key where it is known.
    ///
    /// # Errors
    /// K02; K10 where components are missing; H06 and others of the device. Nothing is made then.
    pub async fn complete(self, desk: &Desk<'_>, kcv: Option<[u8; 3]>) -> Result<Minutes, KeyError> {
        let (owner, leader, name) = (self.owner, self.leader.clone(), self.new.name.clone());
        let outcome = self.make(desk, kcv).await;
        desk.noted(Note { owner, actor: &leader, action: "key.ceremony", object: &name }, outcome).await
    }

    async fn make(self, desk: &Desk<'_>, kcv: Option<[u8; 3]>) -> Result<Minutes, KeyError> {
        if self.missing() > 0 {
            return Err(KeyError::Missing(format!("{} of {} components", self.missing(), self.wanted)));
        }
        self.check(desk).await?;
        let Self { owner, leader, new, entered, .. } = self;
        let names: Vec<(String, [u8; 3])> = entered.iter().map(|(name, c)| (name.clone(), c.kcv)).collect();
        let components: Vec<Component> = entered.into_iter().map(|(_, component)| component).collect();
        let spec = new.spec(owner);
        let mut tx = desk.begin().await?;
        clear_orphan(desk, &spec.name)?;
        let info = desk.hsm.import_components(&spec, &components, kcv)?;
        let kcv = info.kcv;
        let who: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
        let note = Note { owner, actor: &leader, action: "key.ceremony", object: &new.name };
        let book = async {
            insert(&mut tx, desk, owner, &new.managed(info), (new.card_scheme()?, new.level), None).await?;
            desk.finish(tx, note, &format!("KCV {} by {}", hex::encode_upper(kcv), who.join(", "))).await
        };
        if let Err(error) = book.await {
            desk.hsm.destroy(&spec.name)?;
            return Err(error);
        }
        let device = desk.hsm.info();
        Ok(Minutes {
            owner,
            key: new,
            kcv,
            at: format_date_time(desk.clock.now()),
            device: format!("{} {}", device.driver, device.model),
            leader,
            participants: names,
        })
    }
}

/// Makes a key from the components of several custodians of one owner who are all here.
///
/// # Errors
/// Those of the steps of an [`OpenCeremony`]. Nothing is made then.
pub async fn ceremony(
    desk: &Desk<'_>,
    leader: &str,
    owner: TenantCode,
    new: &NewKey,
    participants: Vec<Participant<'_>>,
    kcv: Option<[u8; 3]>,
) -> Result<Minutes, KeyError> {
    let mut begun = OpenCeremony::open(desk, leader, owner, new, participants.len()).await?;
    for participant in participants {
        begun.enter(desk, participant).await?;
    }
    begun.complete(desk, kcv).await
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
        let scheme = key.scheme.map_or_else(|| "全部 any".to_owned(), String::from);
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
             <tr><th>用途 usage</th><td>{usage} {usage_zh}</td></tr>\n<tr><th>卡体系 card scheme</th><td>{scheme}</td></tr>\n<tr><th>算法 algorithm</th><td>{algorithm}</td></tr>\n\
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
