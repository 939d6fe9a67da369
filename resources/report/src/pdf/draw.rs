//! From positioned text to the bytes of a PDF/A-2b file.

use super::Document;
use super::layout::{Mark, Pages};
use crate::{FontFile, ReportError};
use chrono::{Datelike, Timelike};
use krilla::SerializeSettings;
use krilla::color::luma;
use krilla::configure::{Archival, ConfigurationBuilder};
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::{DateTime, Metadata};
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::Fill;

pub(super) fn write(document: &Document, pages: &Pages, font: &FontFile) -> Result<Vec<u8>, ReportError> {
    let bad = |what: &str| ReportError::Pdf(what.to_owned());
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A2_B)
        .finish()
        .map_err(|e| ReportError::Pdf(format!("{e:?}")))?;
    let settings = SerializeSettings { configuration, enable_tagging: false, ..SerializeSettings::default() };
    let mut out = krilla::Document::new_with(settings);
    out.set_metadata(metadata(document));
    for page in &pages.pages {
        let size = PageSettings::from_wh(pages.width, pages.height).ok_or_else(|| bad("page size"))?;
        let mut sheet = out.start_page_with(size);
        let mut surface = sheet.surface();
        for mark in &page.marks {
            match mark {
                Mark::Text { x, y, size, grey, text } => {
                    surface.set_fill(Some(fill(*grey)));
                    let glyphs = font.glyphs(text);
                    surface.draw_glyphs(Point::from_xy(*x, *y), &glyphs, font.font.clone(), text, *size, false);
                }
                Mark::Box { x, y, width, height, grey } => {
                    surface.set_fill(Some(fill(*grey)));
                    let rect = Rect::from_xywh(*x, *y, *width, *height).ok_or_else(|| bad("rectangle"))?;
                    let mut path = PathBuilder::new();
                    path.push_rect(rect);
                    surface.draw_path(&path.finish().ok_or_else(|| bad("path"))?);
                }
            }
        }
        surface.finish();
        sheet.finish();
    }
    out.finish().map_err(|e| ReportError::Pdf(format!("{e:?}")))
}

fn fill(grey: u8) -> Fill {
    Fill { paint: luma::Color::new(grey).into(), opacity: NormalizedF32::ONE, rule: Default::default() }
}

fn metadata(document: &Document) -> Metadata {
    let at = document.made_at;
    let made_at = DateTime::new(u16::try_from(at.year()).unwrap_or_default())
        .month(at.month() as u8)
        .day(at.day() as u8)
        .hour(at.hour() as u8)
        .minute(at.minute() as u8)
        .second(at.second() as u8)
        .utc_offset_hour(8);
    let title = [document.title.as_str(), &document.number].join(" ");
    Metadata::new()
        .title(title.trim().to_owned())
        .language("zh-CN".to_owned())
        .authors(vec![document.issuer.clone()])
        .creator("通卡 Tongka".to_owned())
        .document_id(format!("{} {}", document.number, document.digest))
        .creation_date(made_at)
}
