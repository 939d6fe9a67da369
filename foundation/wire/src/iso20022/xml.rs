//! Reading XML that nobody vouches for: no document types, no entities, bounded memory.
//!
//! A [`Walker`] goes through a document once. Elements that are named as containers are told when they open and close;
//! every other element below a container is handed over as a whole, as an [`Element`] tree of bounded size.

use super::error::{IsoCode, IsoError, shown};
use quick_xml::errors::Error as XmlError;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use std::io::{self, BufRead, Read};

/// What of a message may be held in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one piece of markup or text.
    pub piece_bytes: usize,
    /// Elements within each other.
    pub depth: usize,
    /// Elements of one tree that is handed over.
    pub elements: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { piece_bytes: 1 << 16, depth: 32, elements: 1 << 18 }
    }
}

const NAMESPACE: &str = "urn:iso:std:iso:20022:tech:xsd:";

/// Stops at more bytes than a piece may have, before they pile up.
struct Bounded<R> {
    inner: R,
    most: usize,
    left: usize,
}

/// The error by which [`Bounded`] says that a piece is too large.
const TOO_LARGE: &str = "piece too large";

impl<R: BufRead> Read for Bounded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let taken = available.len().min(out.len());
        out[..taken].copy_from_slice(&available[..taken]);
        self.consume(taken);
        Ok(taken)
    }
}

impl<R: BufRead> BufRead for Bounded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            return Err(io::Error::other(TOO_LARGE));
        }
        let available = self.inner.fill_buf()?;
        Ok(&available[..available.len().min(self.left)])
    }

    fn consume(&mut self, amount: usize) {
        self.left = self.left.saturating_sub(amount);
        self.inner.consume(amount);
    }
}

/// An element with what is in it. Names are without prefix.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Element>,
}

impl Element {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its text, without space around it.
    pub(crate) fn text(&self) -> &str {
        self.text.trim()
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Its children of a name.
    pub(crate) fn all<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The first element along a path of names.
    pub(crate) fn find(&self, path: &str) -> Option<&Self> {
        path.split('/').try_fold(self, |at, name| at.children.iter().find(|child| child.name == name))
    }

    /// The first text along a path, if it is not empty.
    pub(crate) fn opt(&self, path: &str) -> Option<&str> {
        self.find(path).map(Self::text).filter(|text| !text.is_empty())
    }

    /// The first of several paths that has a text.
    pub(crate) fn opt_of(&self, paths: &[&str]) -> Option<&str> {
        paths.iter().find_map(|path| self.opt(path))
    }

    /// The text along a path; refused without one.
    pub(crate) fn need(&self, path: &str) -> Result<&str, IsoError> {
        self.opt(path).ok_or_else(|| IsoError::field(&format!("{}/{path}", self.name), "缺失 missing"))
    }
}

/// What a walk comes across.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A container opens.
    Open(String),
    /// An element below a container, whole.
    Tree(Element),
    /// A container closes.
    Close(String),
}

/// A walk through a document.
pub(crate) struct Walker<R: BufRead> {
    reader: Reader<Bounded<R>>,
    buffer: Vec<u8>,
    limits: Limits,
    containers: Vec<&'static str>,
    /// Open containers.
    path: Vec<String>,
    message: String,
    /// Prefix of the root's name; its namespace is all that is looked at.
    prefix: String,
    started: bool,
    /// An empty container element that is still to be closed.
    closing: bool,
}

impl<R: BufRead> Walker<R> {
    pub(crate) fn open(input: R, limits: &Limits, containers: &[&'static str]) -> Result<Self, IsoError> {
        let bounded = Bounded { inner: input, most: limits.piece_bytes, left: limits.piece_bytes };
        let mut reader = Reader::from_reader(bounded);
        reader.config_mut().check_end_names = true;
        Ok(Self {
            reader,
            buffer: Vec::new(),
            limits: *limits,
            containers: containers.to_vec(),
            path: Vec::new(),
            message: String::new(),
            prefix: String::new(),
            started: false,
            closing: false,
        })
    }

    /// The message of the root's namespace, as `camt.053.001.08`, once the root was met.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The next step; none at the end of the document.
    pub(crate) fn next(&mut self) -> Result<Option<Step>, IsoError> {
        if self.closing {
            self.closing = false;
            return Ok(self.path.pop().map(Step::Close));
        }
        loop {
            let (event, at) = self.event()?;
            match event {
                Piece::Open(start) => return self.opened(start, false).map(Some),
                Piece::Empty(start) => return self.opened(start, true).map(Some),
                Piece::Close => return Ok(self.path.pop().map(Step::Close)),
                Piece::Text(text) if text.trim().is_empty() => {}
                Piece::Text(text) => return Err(IsoError::field(&self.path.join("/"), shown(text.trim()))),
                Piece::End if !self.started => {
                    return Err(IsoError::new(IsoCode::Message, "没有根元素 no root element"));
                }
                Piece::End if self.path.is_empty() => return Ok(None),
                Piece::End => return Err(syntax(at, "the document ends too early")),
            }
        }
    }

    fn opened(&mut self, start: Element, empty: bool) -> Result<Step, IsoError> {
        if !self.started {
            self.started = true;
            self.message = root_message(&start, &self.prefix)?;
        } else if self.path.is_empty() {
            return Err(IsoError::new(IsoCode::Syntax, "a second root element"));
        }
        if self.containers.contains(&start.name.as_str()) {
            if self.path.len() >= self.limits.depth {
                return Err(self.too("deep"));
            }
            self.path.push(start.name.clone());
            self.closing = empty;
            return Ok(Step::Open(start.name));
        }
        if empty { Ok(Step::Tree(start)) } else { self.tree(start).map(Step::Tree) }
    }

    /// The rest of an element that was opened.
    fn tree(&mut self, root: Element) -> Result<Element, IsoError> {
        let mut open = vec![root];
        let mut elements = 1;
        loop {
            let (event, at) = self.event()?;
            let innermost = open.last_mut().expect("the root is popped last");
            match event {
                Piece::Text(text) => {
                    if innermost.text.len() + text.len() > self.limits.piece_bytes {
                        return Err(self.too("long"));
                    }
                    innermost.text.push_str(&text);
                }
                Piece::Open(element) | Piece::Empty(element) if elements >= self.limits.elements => {
                    drop(element);
                    return Err(self.too("many elements"));
                }
                Piece::Empty(element) => {
                    elements += 1;
                    innermost.children.push(element);
                }
                Piece::Open(element) => {
                    elements += 1;
                    if self.path.len() + open.len() >= self.limits.depth {
                        return Err(self.too("deep"));
                    }
                    open.push(element);
                }
                Piece::Close => {
                    let closed = open.pop().expect("an element is open");
                    match open.last_mut() {
                        Some(parent) => parent.children.push(closed),
                        None => return Ok(closed),
                    }
                }
                Piece::End => return Err(syntax(at, "the document ends too early")),
            }
        }
    }

    fn too(&self, what: &str) -> IsoError {
        IsoError::new(IsoCode::Limit, format!("{} at byte {}", what, self.reader.buffer_position()))
    }

    /// The next piece that matters.
    fn event(&mut self) -> Result<(Piece, u64), IsoError> {
        loop {
            self.buffer.clear();
            let bounded = self.reader.get_mut();
            bounded.left = bounded.most;
            let read = self.reader.read_event_into(&mut self.buffer);
            let at = self.reader.buffer_position();
            let event = read.map_err(|e| match e {
                XmlError::Io(io) if io.to_string() == TOO_LARGE => IsoError::new(
                    IsoCode::Limit,
                    format!("one piece over {} bytes at byte {at}", self.limits.piece_bytes),
                ),
                other => syntax(at, other),
            })?;
            if let (false, Event::Start(root) | Event::Empty(root)) = (self.started, &event) {
                self.prefix = root.name().prefix().map_or(String::new(), |prefix| prefix.as_ref().to_owned());
            }
            let piece = match event {
                Event::Start(start) => Piece::Open(element_of(&start, at)?),
                Event::Empty(start) => Piece::Empty(element_of(&start, at)?),
                Event::End(_) => Piece::Close,
                Event::Text(text) => Piece::Text(text.xml10_content().into_owned()),
                Event::CData(data) => Piece::Text(data.xml10_content().into_owned()),
                Event::GeneralRef(reference) => Piece::Text(resolve(&reference, at)?),
                Event::DocType(_) => return Err(IsoError::new(IsoCode::Entity, format!("DOCTYPE at byte {at}"))),
                Event::Decl(declaration) => {
                    let encoding = declaration.encoding().transpose().map_err(|e| syntax(at, e))?;
                    if encoding.is_some_and(|name| !name.eq_ignore_ascii_case("utf-8")) {
                        return Err(syntax(at, "an encoding other than UTF-8"));
                    }
                    continue;
                }
                Event::Comment(_) | Event::PI(_) => continue,
                Event::Eof => Piece::End,
            };
            return Ok((piece, at));
        }
    }
}

enum Piece {
    Open(Element),
    Empty(Element),
    Close,
    Text(String),
    End,
}

fn syntax(at: u64, what: impl std::fmt::Display) -> IsoError {
    IsoError::new(IsoCode::Syntax, format!("byte {at}: {what}"))
}

fn resolve(reference: &quick_xml::events::BytesRef<'_>, at: u64) -> Result<String, IsoError> {
    if let Some(character) = reference.resolve_char_ref().map_err(|e| syntax(at, e))? {
        return Ok(character.to_string());
    }
    let text = match &*reference.xml10_content() {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "apos" => "'",
        "quot" => "\"",
        other => return Err(IsoError::new(IsoCode::Entity, format!("&{other}; at byte {at}"))),
    };
    Ok(text.to_owned())
}

fn element_of(start: &BytesStart<'_>, at: u64) -> Result<Element, IsoError> {
    let mut element = Element { name: start.local_name().as_ref().to_owned(), ..Element::default() };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|e| syntax(at, e))?;
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|e| IsoError::new(IsoCode::Entity, format!("byte {at}: {e}")))?;
        element.attributes.push((attribute.key.as_ref().to_owned(), value.into_owned()));
    }
    Ok(element)
}

fn root_message(root: &Element, prefix: &str) -> Result<String, IsoError> {
    let declaration = if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
    let namespace = root.attribute(&declaration).unwrap_or_default();
    let message = namespace.strip_prefix(NAMESPACE).filter(|name| {
        let well_formed = |at: usize, part: &str| match at {
            0 => part.len() == 4 && part.bytes().all(|b| b.is_ascii_lowercase()),
            1 | 2 => part.len() == 3 && part.bytes().all(|b| b.is_ascii_digit()),
            _ => part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit()),
        };
        name.split('.').count() == 4 && name.split('.').enumerate().all(|(at, part)| well_formed(at, part))
    });
    match message {
        Some(message) if root.name == "Document" => Ok(message.to_owned()),
        _ => Err(IsoError::new(IsoCode::Message, format!("{} {}", root.name, shown(namespace)))),
    }
}

impl Element {
    /// Takes further children.
    pub(crate) fn adopt(&mut self, children: Vec<Self>) {
        self.children.extend(children);
    }
}
