//! Routes of lists: a page as JSON, an export as a stream of CSV or as an Excel file, the metadata of all.

use crate::api::Web;
use crate::{ApiError, Params, Who};
use axum::Json;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use serde_json::{Value, json};
use std::io::{Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tongka_access::Actor;
use tongka_audit::Deed;
use tongka_base::date::format_date_time;
use tongka_listing::{Cell, Column, Kind, ListSpec, ListingError, Query, Rows, columns_named, page};
use tongka_report::{self as report, CsvWriter, XlsxWriter};

type Pairs = Params<Vec<(String, String)>>;

/// The lists that somebody may read.
pub(crate) fn metadata(lists: &[&'static ListSpec], actor: &Actor) -> Json<Value> {
    let seen = |list: &&&'static ListSpec| actor.require(list.permission).is_ok() && list.visible(actor.scope());
    Json(json!({ "lists": lists.iter().filter(seen).map(|list| list.metadata()).collect::<Vec<_>>() }))
}

/// `GET /<list>`.
pub(crate) fn page_route<S: Clone + Send + Sync + 'static>(web: &Web, list: &'static ListSpec) -> MethodRouter<S> {
    let web = web.clone();
    get(move |Who(actor): Who, Params(pairs): Pairs| async move {
        let query = Query::read(list, &pairs)?;
        Ok::<_, ApiError>(Json(page(&web.db, actor.scope(), list, &query).await?))
    })
}

/// `GET /<list>/export`.
pub(crate) fn export_route<S: Clone + Send + Sync + 'static>(web: &Web, list: &'static ListSpec) -> MethodRouter<S> {
    let web = web.clone();
    get(move |Who(actor): Who, Params(pairs): Pairs| async move { export(web, list, actor, pairs).await })
}

/// What is asked of an export besides the conditions.
struct Wanted {
    xlsx: bool,
    columns: Vec<&'static Column>,
    query: Query,
}

fn wanted(list: &'static ListSpec, pairs: Vec<(String, String)>) -> Result<Wanted, ApiError> {
    let (own, rest): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|(name, _)| name == "format" || name == "columns");
    let value = |name: &str| own.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let xlsx = match value("format") {
        None | Some("csv") => false,
        Some("xlsx") => true,
        Some(_) => return Err(ApiError::field("format", "csv or xlsx")),
    };
    Ok(Wanted { xlsx, columns: columns_named(list, value("columns"))?, query: Query::read(list, &rest)? })
}

async fn export(
    web: Web,
    list: &'static ListSpec,
    actor: Actor,
    pairs: Vec<(String, String)>,
) -> Result<Response, ApiError> {
    // Said before the first byte: an answer that has begun cannot be taken back.
    if !list.visible(actor.scope()) {
        return Err(ListingError::NoList(list.name.to_owned()).into());
    }
    let wanted = wanted(list, pairs)?;
    let filters: Vec<String> = wanted.query.filtered_by().map(|(c, op)| format!("{c}{}", op.suffix())).collect();
    let detail = format!("filtered by [{}], columns {}", filters.join(" "), wanted.columns.len());
    let deed = Deed {
        owner: actor.owner.number(),
        actor: &actor.login,
        action: "list.export",
        object: list.name,
        outcome: "ok",
        detail: &detail,
    };
    tongka_audit::note(&web.db, &deed, &*web.clock).await.map_err(|e| {
        tracing::error!(error = %e, "audit");
        ApiError::web(crate::WebCode::Busy, "")
    })?;
    let at = format_date_time(web.clock.now());
    let extension = if wanted.xlsx { "xlsx" } else { "csv" };
    let disposition = format!("attachment; filename=\"{}-{at}.{extension}\"", list.name);
    let (content_type, body) = if wanted.xlsx {
        let made_at = web.clock.now();
        let file = excel(&web, list, actor, wanted, made_at).await?;
        ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", file)
    } else {
        ("text/csv; charset=utf-8", csv(web, list, actor, wanted))
    };
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_str(&disposition).expect("plain ASCII"));
    Ok(response)
}

fn heading(column: &Column) -> report::Column {
    let kind = match column.kind {
        Kind::Int => report::Kind::Int,
        Kind::Fen => report::Kind::Money,
        Kind::Ppm => report::Kind::Rate,
        Kind::Date => report::Kind::Date,
        Kind::DateTime => report::Kind::DateTime,
        _ => report::Kind::Text,
    };
    report::Column::new(column.zh, kind)
}

fn cell(column: &Column, cell: Cell) -> report::Cell {
    match cell {
        Cell::Null => report::Cell::Empty,
        Cell::Int(n) if matches!(column.kind, Kind::Ppm) => report::Cell::Rate(n),
        Cell::Int(n) => report::Cell::Int(n),
        Cell::Fen(fen) => report::Cell::Money(fen),
        Cell::Flag(yes) => (if yes { "是" } else { "否" }).into(),
        Cell::Date(date) => report::Cell::Date(date),
        Cell::DateTime(at) => report::Cell::DateTime(at),
        Cell::Member(member) => member.to_string().into(),
        Cell::Enum(value, known) => known.map_or(value, |v| v.zh.to_owned()).into(),
        Cell::Text(text) => text.into(),
        Cell::Json(json) => json.to_string().into(),
    }
}

/// What a writer has written and nobody has taken yet.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().expect("nothing panics while it holds the lock"))
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("nothing panics while it holds the lock").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// CSV goes out batch by batch: a slow reader holds up its own export and nothing else.
fn csv(web: Web, list: &'static ListSpec, actor: Actor, wanted: Wanted) -> Body {
    let (sender, receiver) = mpsc::channel::<Result<Bytes, std::io::Error>>(2);
    tokio::spawn(async move {
        let outcome = async {
            let headings: Vec<report::Column> = wanted.columns.iter().map(|c| heading(c)).collect();
            let buffer = Buffer::default();
            let mut writer = CsvWriter::new(buffer.clone(), &headings).map_err(std::io::Error::other)?;
            let scope = actor.scope();
            let mut rows =
                Rows::new(&web.db, scope, list, &wanted.query, &wanted.columns).map_err(std::io::Error::other)?;
            loop {
                let batch = rows.next().await.map_err(std::io::Error::other)?;
                if batch.is_empty() {
                    writer.finish().map_err(std::io::Error::other)?;
                    let _ = sender.send(Ok(buffer.take().into())).await;
                    return Ok(());
                }
                for row in batch {
                    let cells: Vec<_> = wanted.columns.iter().zip(row).map(|(c, v)| cell(c, v)).collect();
                    writer.row(&cells).map_err(std::io::Error::other)?;
                }
                let bytes = buffer.take();
                if !bytes.is_empty() && sender.send(Ok(bytes.into())).await.is_err() {
                    return Ok(());
                }
            }
        };
        if let Err(error) = outcome.await {
            tracing::error!(list = list.name, %error, "export");
            // The reader sees a broken answer, not a short one.
            let _ = sender.send(Err(error)).await;
        }
    });
    Body::from_stream(ReceiverStream::new(receiver))
}

/// Excel goes to a file first: its directory is at the end.
async fn excel(
    web: &Web,
    list: &'static ListSpec,
    actor: Actor,
    wanted: Wanted,
    made_at: tongka_base::DateTime,
) -> Result<Body, ApiError> {
    let failed = |error: &dyn std::fmt::Display| {
        tracing::error!(list = list.name, %error, "export");
        ApiError::web(crate::WebCode::Busy, "")
    };
    let mut writer = XlsxWriter::new(list.zh, made_at, None).map_err(|e| failed(&e))?;
    let headings = wanted.columns.iter().map(|c| heading(c)).collect();
    writer.sheet(list.zh, headings, &[]).map_err(|e| failed(&e))?;
    let mut rows = Rows::new(&web.db, actor.scope(), list, &wanted.query, &wanted.columns)?;
    loop {
        let batch = rows.next().await?;
        if batch.is_empty() {
            break;
        }
        for row in batch {
            let cells: Vec<_> = wanted.columns.iter().zip(row).map(|(c, v)| cell(c, v)).collect();
            writer.row(&cells).map_err(|e| failed(&e))?;
        }
    }
    let file = tokio::task::spawn_blocking(move || -> Result<std::fs::File, String> {
        let mut file = tempfile::tempfile().map_err(|e| e.to_string())?;
        writer.finish(&mut file).map_err(|e| e.to_string())?;
        file.seek(SeekFrom::Start(0)).map_err(|e| e.to_string())?;
        Ok(file)
    });
    let mut file = file.await.map_err(|e| failed(&e))?.map_err(|e| failed(&e))?;
    let (sender, receiver) = mpsc::channel::<Result<Bytes, std::io::Error>>(2);
    tokio::task::spawn_blocking(move || {
        loop {
            let mut block = vec![0; 1 << 16];
            let piece = match file.read(&mut block) {
                Ok(0) => return,
                Ok(read) => {
                    block.truncate(read);
                    Ok(block.into())
                }
                Err(error) => Err(error),
            };
            let failed = piece.is_err();
            if sender.blocking_send(piece).is_err() || failed {
                return;
            }
        }
    });
    Ok(Body::from_stream(ReceiverStream::new(receiver)))
}
