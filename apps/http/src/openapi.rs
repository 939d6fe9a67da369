//! The OpenAPI 3.1 document, made from the routes' specs.

use crate::api::Route;
use crate::spec::{Access, Body, Spec};
use serde_json::{Map, Value, json};
use tongka_listing::{Kind, ListSpec};
use utoipa::{PartialSchema, ToSchema};

/// The whole document.
pub(crate) fn document(title: &str, version: &str, routes: &[Route]) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    let mut schemas: Map<String, Value> = Map::new();
    for problem in
        [(crate::Problem::name(), crate::Problem::schema()), (crate::FieldError::name(), crate::FieldError::schema())]
    {
        schemas.insert(problem.0.into_owned(), serde_json::to_value(problem.1).expect("a schema is JSON"));
    }
    for route in routes {
        schemas.extend(route.spec.schemas.clone());
        let entry = paths.entry(route.path.clone()).or_insert_with(|| json!({}));
        entry[route.method.as_str().to_ascii_lowercase()] = operation(route);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": version,
            "description": "金额为整数分；日期 YYYY-MM-DD；时间为东八区 RFC 3339。错误为 application/problem+json，代码稳定。\n\n\
                            Amounts are integer fen, dates YYYY-MM-DD, times RFC 3339 at +08:00. Errors are problem+json with stable codes.",
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "session": { "type": "apiKey", "in": "cookie", "name": crate::identity::COOKIE },
                "signature": {
                    "type": "apiKey", "in": "header", "name": "Authorization",
                    "description": "TONGKA-HMAC-SM3 / TONGKA-SM2 key=\"…\",timestamp=\"…\",nonce=\"…\",signature=\"…\"",
                },
            },
        },
    })
}

fn body(body: &Body) -> Value {
    let mut content = json!({ "schema": body.schema });
    if let Some(example) = &body.example {
        content["examples"] = json!({ "example": { "value": example } });
    }
    json!({ body.content_type: content })
}

fn operation(route: &Route) -> Value {
    let spec = &route.spec;
    let parameter = |p: &crate::spec::Param| {
        json!({
            "name": p.name, "in": p.place, "required": p.required, "schema": p.schema, "description": p.text,
            "examples": { "example": { "value": p.example } },
        })
    };
    let mut parameters: Vec<Value> = spec.params.iter().map(parameter).collect();
    if route.needs_key() {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": true,
            "schema": { "type": "string", "pattern": "^[A-Za-z0-9_.:-]{8,64}$" },
            "description": "同一键与同一请求体只办理一次 the same key and body are done once",
            "examples": { "example": { "value": "1f0c2a8e-6f7b-4b0e-9a55-0c1d2e3f4a5b" } },
        }));
    }
    let mut responses = Map::new();
    for (status, text, content) in &spec.answers {
        let mut response = json!({ "description": text });
        if let Some(content) = content {
            response["content"] = body(content);
        }
        responses.insert(status.to_string(), response);
    }
    let problem = json!({ "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } });
    let mut statuses = vec![400, 404, 405, 408, 409, 413, 415, 422, 429, 500, 503];
    if spec.access != Access::Public || spec.id == "log_in" {
        statuses.extend([401, 403]);
    }
    statuses.sort_unstable();
    for status in statuses {
        responses
            .entry(status.to_string())
            .or_insert_with(|| json!({ "description": "错误 error", "content": problem.clone() }));
    }
    let security = match spec.access {
        Access::Public => json!([]),
        _ => json!([{ "session": [] }, { "signature": [] }]),
    };
    let access = match spec.access {
        Access::Public => "公开 public".to_owned(),
        Access::LoggedIn => "登录即可 any account".to_owned(),
        Access::Permission(code) => format!("权限 permission `{code}`"),
    };
    let tag = route.path.trim_start_matches("/api/v1/").split('/').next().unwrap_or_default();
    let mut operation = json!({
        "operationId": spec.id, "summary": format!("{} {}", spec.zh, spec.en), "description": access, "tags": [tag],
        "parameters": parameters, "responses": responses, "security": security,
    });
    if let Some(takes) = &spec.takes {
        operation["requestBody"] = json!({ "required": true, "content": body(takes) });
    }
    operation
}

/// Schema of a row of a list.
fn row_schema(list: &ListSpec) -> Value {
    let mut properties = Map::new();
    for column in list.columns {
        let mut schema = match column.kind {
            Kind::Int | Kind::Fen | Kind::Ppm => json!({ "type": "integer", "format": "int64" }),
            Kind::Flag => json!({ "type": "boolean" }),
            Kind::Date => json!({ "type": "string", "format": "date" }),
            Kind::DateTime => json!({ "type": "string", "format": "date-time" }),
            Kind::Json => json!({}),
            Kind::Member => json!({ "type": "string", "pattern": "^[0-9]{8}$" }),
            _ => json!({ "type": "string" }),
        };
        if column.nullable
            && let Some(kind) = schema.get("type").cloned()
        {
            schema["type"] = json!([kind, "null"]);
        }
        schema["description"] = json!(format!("{} {}", column.zh, column.en));
        properties.insert(column.name.into(), schema);
    }
    json!({ "type": "object", "properties": properties })
}

/// Specs of a list's two routes: the page and the export.
pub(crate) fn list_specs(list: &'static ListSpec) -> (Spec, Spec) {
    let leak = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    let id = list.name.replace('-', "_");
    let mut page = Spec::new(leak(format!("list_{id}")), list.zh, list.en, list.permission);
    let mut export = Spec::new(leak(format!("export_{id}")), list.zh, list.en, list.permission);
    for column in list.columns.iter().filter(|c| c.filterable) {
        for op in column.kind.operations() {
            let dot = if op.suffix().is_empty() { "" } else { "." };
            let name = leak(format!("{}{dot}{}", column.name, op.suffix()));
            let add = |spec: Spec| spec.query(name, column.zh, "");
            (page, export) = (add(page), add(export));
        }
    }
    page = page
        .query_schema(
            "limit",
            json!({ "type": "integer", "minimum": 1, "maximum": 500 }),
            "每页行数 rows of a page",
            json!(50),
        )
        .query("cursor", "上一页给出的游标 as the page before said", "")
        .query("sort", "排序列，减号为降序 columns to sort by, minus for descending", list.name);
    for param in &mut page.params {
        if param.name == "sort" {
            param.example = json!(list.default_sort_text());
        }
    }
    let row = format!("Row_{id}");
    page.schemas.insert(row.clone(), row_schema(list));
    page = page.answers_schema(json!({
        "type": "object",
        "required": ["items", "next_cursor", "total", "total_is_exact"],
        "properties": {
            "items": { "type": "array", "items": { "$ref": format!("#/components/schemas/{row}") } },
            "next_cursor": { "type": ["string", "null"] },
            "total": { "type": "integer", "minimum": 0 },
            "total_is_exact": { "type": "boolean" },
        },
    }));
    export = export
        .query("sort", "排序 order", &list.default_sort_text())
        .query("columns", "列 columns", &list.shown().iter().map(|c| c.name).collect::<Vec<_>>().join(","))
        .query_schema("format", json!({ "enum": ["csv", "xlsx"] }), "格式 format", json!("csv"))
        .answers_file("text/csv");
    if let Some((_, _, Some(body))) = export.answers.first_mut() {
        body.content_type = "*/*";
    }
    (page, export)
}
