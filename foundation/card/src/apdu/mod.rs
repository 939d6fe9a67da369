//! Commands and responses between terminal and card (应用协议数据单元), short form.

pub mod build;
mod status;

pub use status::StatusWord;

/// A command in short form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Class.
    pub cla: u8,
    /// Instruction.
    pub ins: u8,
    /// First parameter.
    pub p1: u8,
    /// Second parameter.
    pub p2: u8,
    /// Data, up to 255 bytes; empty in cases 1 and 2.
    pub data: Vec<u8>,
    /// Expected length, 256 for the byte 00; `None` in cases 1 and 3.
    pub le: Option<u16>,
}

impl Command {
    /// A command without data and expected length (case 1).
    pub fn new(cla: u8, ins: u8, p1: u8, p2: u8) -> Self {
        Self { cla, ins, p1, p2, data: Vec::new(), le: None }
    }

    /// With data; above 255 bytes the command cannot be written.
    pub fn data(mut self, data: impl Into<Vec<u8>>) -> Self {
        self.data = data.into();
        self
    }

    /// With an expected length, 1 to 256.
    pub fn le(mut self, le: u16) -> Self {
        self.le = Some(le);
        self
    }

    /// Reads a command; what is not one is answered with a status word.
    pub fn parse(bytes: &[u8]) -> Result<Self, StatusWord> {
        let (&[cla, ins, p1, p2], body) = bytes.split_first_chunk::<4>().ok_or(StatusWord::WRONG_LENGTH)?;
        if cla == 0xFF {
            return Err(StatusWord::CLA_NOT_SUPPORTED);
        }
        let length = |le: u8| if le == 0 { 256 } else { u16::from(le) };
        let header = Self::new(cla, ins, p1, p2);
        match body {
            [] => Ok(header),
            [le] => Ok(header.le(length(*le))),
            [0, ..] => Err(StatusWord::WRONG_LENGTH),
            [lc, rest @ ..] => match rest.split_at_checked(usize::from(*lc)) {
                Some((data, [])) => Ok(header.data(data)),
                Some((data, [le])) => Ok(header.data(data).le(length(*le))),
                _ => Err(StatusWord::WRONG_LENGTH),
            },
        }
    }

    /// The bytes of the command.
    ///
    /// # Panics
    /// When there are more than 255 bytes of data.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = vec![self.cla, self.ins, self.p1, self.p2];
        if !self.data.is_empty() {
            out.push(u8::try_from(self.data.len()).expect("short commands carry up to 255 bytes"));
            out.extend_from_slice(&self.data);
        }
        out.extend(self.le.map(|le| le as u8));
        out
    }

    /// Header, Lc and data without the last `cut` bytes of data: what a MAC of secure messaging is made over.
    pub(crate) fn secured_part(&self, cut: usize) -> Vec<u8> {
        let mut out = vec![self.cla, self.ins, self.p1, self.p2, self.data.len() as u8];
        out.extend_from_slice(&self.data[..self.data.len() - cut]);
        out
    }
}

/// What a card answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Data.
    pub data: Vec<u8>,
    /// Status word.
    pub status: StatusWord,
}

impl Response {
    /// Success with data.
    pub fn ok(data: impl Into<Vec<u8>>) -> Self {
        Self { data: data.into(), status: StatusWord::OK }
    }

    /// Reads a response; `None` below two bytes.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (data, status) = bytes.split_last_chunk::<2>()?;
        Some(Self { data: data.to_vec(), status: StatusWord(u16::from_be_bytes(*status)) })
    }

    /// The bytes of the response.
    pub fn bytes(&self) -> Vec<u8> {
        [&self.data[..], &self.status.0.to_be_bytes()].concat()
    }
}

impl From<StatusWord> for Response {
    fn from(status: StatusWord) -> Self {
        Self { data: Vec::new(), status }
    }
}
