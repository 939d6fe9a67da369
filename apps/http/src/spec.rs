//! What a route is: its path and method, who may call it, what it takes and answers. The router, the permission table and
//! the OpenAPI document are made from the same [`Spec`], so that no route is without any of them.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Public,
    /// Anybody who is logged in.
    LoggedIn,
    /// Who has the permission.
    Permission(&'static str),
}

/// A parameter in the path or the query.
#[derive(Clone, Debug)]
pub struct Param {
    pub(crate) name: &'static str,
    pub(crate) place: &'static str,
    pub(crate) required: bool,
    pub(crate) schema: Value,
    pub(crate) text: &'static str,
    pub(crate) example: Value,
}

/// A body: content type and schema.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    pub(crate) content_type: &'static str,
    pub(crate) schema: Value,
    pub(crate) example: Option<Value>,
}

/// A route but for its path and handler.
#[derive(Clone, Debug)]
pub struct Spec {
    pub(crate) id: &'static str,
    pub(crate) zh: &'static str,
    pub(crate) en: &'static str,
    pub(crate) access: Access,
    pub(crate) idempotent: bool,
    pub(crate) streams: bool,
    /// Most bytes of a body where it may be larger than other bodies.
    pub(crate) body_bytes: Option<usize>,
    pub(crate) params: Vec<Param>,
    pub(crate) takes: Option<Body>,
    pub(crate) answers: Vec<(u16, &'static str, Option<Body>)>,
    pub(crate) schemas: BTreeMap<String, Value>,
}

/// A schema as JSON, and those it refers to.
fn schema_of<T: ToSchema>(schemas: &mut BTreeMap<String, Value>) -> Value {
    let mut named = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut named);
    for (name, schema) in named {
        schemas.insert(name, serde_json::to_value(schema).expect("a schema is JSON"));
    }
    json!({ "$ref": format!("#/components/schemas/{}", T::name()) })
}

impl Spec {
    /// A route for who has `permission`; `id` is its name in generated clients.
    pub fn new(id: &'static str, zh: &'static str, en: &'static str, permission: &'static str) -> Self {
        Self::with(id, zh, en, Access::Permission(permission))
    }

    /// A route for anybody who is logged in.
    pub fn logged_in(id: &'static str, zh: &'static str, en: &'static str) -> Self {
        Self::with(id, zh, en, Access::LoggedIn)
    }

    /// A route for anybody.
    pub fn public(id: &'static str, zh: &'static str, en: &'static str) -> Self {
        Self::with(id, zh, en, Access::Public)
    }

    fn with(id: &'static str, zh: &'static str, en: &'static str, access: Access) -> Self {
        Self {
            id,
            zh,
            en,
            access,
            idempotent: access != Access::Public,
            streams: false,
            body_bytes: None,
            params: Vec::new(),
            takes: None,
            answers: Vec::new(),
            schemas: BTreeMap::new(),
        }
    }

    /// A POST that changes nothing, or that is the same when repeated: it takes no idempotency key.
    #[must_use]
    pub fn repeatable(mut self) -> Self {
        self.idempotent = false;
        self
    }

    /// Takes the file itself as body, unbuffered and larger than other bodies may be.
    #[must_use]
    pub fn takes_file(mut self) -> Self {
        self.streams = true;
        self.idempotent = false;
        self.takes = Some(Body {
            content_type: "application/octet-stream",
            schema: json!({ "type": "string", "format": "binary" }),
            example: None,
        });
        self
    }

    /// Takes a piece of a file as body, at most so many bytes, read whole before the handler runs.
    #[must_use]
    pub fn takes_piece(mut self, most: usize) -> Self {
        self.body_bytes = Some(most);
        self.takes = Some(Body {
            content_type: "application/octet-stream",
            schema: json!({ "type": "string", "format": "binary", "maxLength": most }),
            example: None,
        });
        self
    }

    /// An answer that goes on as long as the caller listens.
    #[must_use]
    pub fn endless(mut self) -> Self {
        self.streams = true;
        self
    }

    /// Takes JSON.
    #[must_use]
    pub fn takes<T: ToSchema>(mut self, example: Value) -> Self {
        let schema = schema_of::<T>(&mut self.schemas);
        self.takes = Some(Body { content_type: "application/json", schema, example: Some(example) });
        self
    }

    /// Answers 200 with JSON.
    #[must_use]
    pub fn answers<T: ToSchema>(self) -> Self {
        self.answers_with::<T>(200, "OK")
    }

    /// Answers with JSON.
    #[must_use]
    pub fn answers_with<T: ToSchema>(mut self, status: u16, text: &'static str) -> Self {
        let schema = schema_of::<T>(&mut self.schemas);
        self.answers.push((status, text, Some(Body { content_type: "application/json", schema, example: None })));
        self
    }

    /// Answers 200 with JSON of this schema.
    #[must_use]
    pub fn answers_schema(mut self, schema: Value) -> Self {
        self.answers.push((200, "OK", Some(Body { content_type: "application/json", schema, example: None })));
        self
    }

    /// Answers 200 with a file of this type.
    #[must_use]
    pub fn answers_file(mut self, content_type: &'static str) -> Self {
        let schema = json!({ "type": "string", "format": "binary" });
        self.answers.push((200, "OK", Some(Body { content_type, schema, example: None })));
        self
    }

    /// Answers with a part of a file, as `Range` asks.
    #[must_use]
    pub fn answers_part(mut self) -> Self {
        let schema = json!({ "type": "string", "format": "binary" });
        let body = Body { content_type: "application/octet-stream", schema, example: None };
        self.answers.push((206, "所求部分 the part that was asked for", Some(body)));
        self
    }

    /// Answers without a body.
    #[must_use]
    pub fn answers_empty(mut self, status: u16, text: &'static str) -> Self {
        self.answers.push((status, text, None));
        self
    }

    /// A text parameter in the path; `pattern` is a regular expression.
    #[must_use]
    pub fn path(self, name: &'static str, pattern: &'static str, text: &'static str, example: &str) -> Self {
        self.param(name, "path", true, json!({ "type": "string", "pattern": pattern }), text, json!(example))
    }

    /// A number in the path, from 0.
    #[must_use]
    pub fn path_number(self, name: &'static str, text: &'static str) -> Self {
        let schema = json!({ "type": "integer", "format": "int64", "minimum": 0, "maximum": 4_294_967_295_u64 });
        self.param(name, "path", true, schema, text, json!(1))
    }

    /// A text parameter of the query.
    #[must_use]
    pub fn query(self, name: &'static str, text: &'static str, example: &str) -> Self {
        self.param(name, "query", false, json!({ "type": "string" }), text, json!(example))
    }

    /// A parameter of the query with a schema.
    #[must_use]
    pub fn query_schema(self, name: &'static str, schema: Value, text: &'static str, example: Value) -> Self {
        self.param(name, "query", false, schema, text, example)
    }

    /// A header that the route needs.
    #[must_use]
    pub fn header(self, name: &'static str, schema: Value, text: &'static str, example: &str) -> Self {
        self.param(name, "header", true, schema, text, json!(example))
    }

    fn param(
        mut self,
        name: &'static str,
        place: &'static str,
        required: bool,
        schema: Value,
        text: &'static str,
        example: Value,
    ) -> Self {
        self.params.push(Param { name, place, required, schema, text, example });
        self
    }
}
