//! The font of PDF documents: found at run time, since a font with Chinese glyphs is larger than this program.

use crate::ReportError;
use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider};
use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Where Debian's packages fonts-wqy-microhei and fonts-noto-cjk put their fonts, and which face of the file is the one
/// for simplified Chinese. The first is preferred: its outlines are embedded several times faster.
pub const FONT_PLACES: [(&str, u32); 4] = [
    ("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", 0),
    ("/usr/share/fonts/wqy-microhei/wqy-microhei.ttc", 0),
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc", 2),
];

/// Stands for a character that the font does not have (the geta mark), or this where it lacks that too.
const MISSING: [char; 2] = ['〓', '?'];

/// A character's glyph and how far it advances, in parts of the font size.
#[derive(Clone, Copy, Debug)]
struct Glyph {
    id: u32,
    advance: f32,
}

/// A font that documents are set in. Cloning is cheap.
#[derive(Clone)]
pub struct FontFile {
    pub(crate) font: Font,
    glyphs: Arc<HashMap<char, Glyph>>,
    missing: Glyph,
}

impl fmt::Debug for FontFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FontFile({} characters)", self.glyphs.len())
    }
}

impl FontFile {
    /// The configured font file, or the first of [`FONT_PLACES`] that is there; R01 where none is.
    pub fn find(configured: Option<&Path>) -> Result<Self, ReportError> {
        if let Some(path) = configured {
            // A collection's first face, but the one for simplified Chinese where the file is a known one.
            let known = FONT_PLACES.iter().find(|(place, _)| Path::new(place).file_name() == path.file_name());
            return Self::load(path, known.map_or(0, |(_, face)| *face));
        }
        match FONT_PLACES.iter().find(|(place, _)| Path::new(place).exists()) {
            Some((place, face)) => Self::load(Path::new(place), *face),
            None => Err(ReportError::NoFont(FONT_PLACES.map(|(place, _)| place).join(", "))),
        }
    }

    /// Reads one face of a font file.
    pub fn load(path: &Path, face: u32) -> Result<Self, ReportError> {
        let bad = |what: &str| ReportError::BadFont { path: path.to_owned(), what: what.to_owned() };
        let bytes = std::fs::read(path).map_err(|e| bad(&e.to_string()))?;
        let (glyphs, missing) =
            read_glyphs(&bytes, face).ok_or_else(|| bad("not a font, or no glyph for a question mark"))?;
        let font = Font::new(bytes.into(), face).ok_or_else(|| bad("not an outline font"))?;
        Ok(Self { font, glyphs: Arc::new(glyphs), missing })
    }

    fn glyph(&self, c: char) -> Glyph {
        self.glyphs.get(&c).copied().unwrap_or(self.missing)
    }

    /// How far a character advances, in parts of the font size.
    pub(crate) fn advance(&self, c: char) -> f32 {
        self.glyph(c).advance
    }

    /// The glyphs of a line of text, set one after the other.
    pub(crate) fn glyphs(&self, text: &str) -> Vec<KrillaGlyph> {
        let glyph = |(at, c): (usize, char)| {
            let glyph = self.glyph(c);
            let range = at..at + c.len_utf8();
            KrillaGlyph::new(GlyphId::new(glyph.id), glyph.advance, 0.0, 0.0, 0.0, range, None)
        };
        text.char_indices().map(glyph).collect()
    }
}

/// Every character of a face, and the glyph that stands for all others.
#[allow(clippy::float_arithmetic)] // advances, not money
fn read_glyphs(bytes: &[u8], face: u32) -> Option<(HashMap<char, Glyph>, Glyph)> {
    let font = FontRef::from_index(bytes, face).ok()?;
    let metrics = font.glyph_metrics(Size::unscaled(), LocationRef::default());
    let em = f32::from(font.metrics(Size::unscaled(), LocationRef::default()).units_per_em);
    let mut glyphs = HashMap::new();
    for (code, id) in font.charmap().mappings() {
        if let (Some(c), Some(advance)) = (char::from_u32(code), metrics.advance_width(id)) {
            glyphs.insert(c, Glyph { id: id.to_u32(), advance: advance / em });
        }
    }
    let missing = MISSING.iter().find_map(|c| glyphs.get(c)).copied()?;
    Some((glyphs, missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_font_that_is_none_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.ttc");
        let message = FontFile::find(Some(&path)).unwrap_err().to_string();
        assert!(message.starts_with("R02 ") && message.contains("x.ttc"), "{message}");
        std::fs::write(&path, b"no font").unwrap();
        assert!(matches!(FontFile::find(Some(&path)), Err(ReportError::BadFont { .. })));
        let none = ReportError::NoFont("x".into()).to_string();
        assert!(none.starts_with("R01 ") && none.contains("fonts-wqy-microhei") && none.contains("fonts-noto-cjk"));
    }

    #[test]
    fn every_character_has_a_glyph_and_a_width() {
        let font = FontFile::find(None).unwrap();
        assert!((font.advance('清') - 1.0).abs() < 0.01, "a Chinese character is as wide as the font is high");
        assert!(font.advance('1') > 0.3 && font.advance('1') == font.advance('8'), "figures stand in columns");
        assert_eq!(font.glyphs("清算 a").len(), 4);
        let missing = font.glyphs("\u{10ffff}")[0].glyph_id;
        assert_eq!(missing, font.glyphs("〓")[0].glyph_id);
    }
}
