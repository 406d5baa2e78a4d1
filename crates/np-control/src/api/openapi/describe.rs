//! What a route says of itself beside its method, path and permission: the words and shapes of the document.
//!
//! Shapes are functions that ask the generator for a type's schema, so that a description is data until the document is made.

use http::StatusCode;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::api::router::Route;

/// The schema of a type, when the document is made.
pub(crate) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// An operation's part of the document.
#[derive(Debug, Clone, Default)]
pub(crate) struct Description {
    /// The group it is shown in.
    pub(crate) tag: &'static str,
    /// What it does, in a few words.
    pub(crate) summary: &'static str,
    /// What the summary has no room for.
    pub(crate) details: &'static str,
    /// The parameters of its query.
    pub(crate) query: Vec<QueryParam>,
    /// What it wants sent.
    pub(crate) body: Option<BodyShape>,
    /// Whether it reads no body, though its method would allow it.
    #[allow(dead_code, reason = "for the test that asks each route for its body")]
    pub(crate) is_without_body: bool,
    /// What it answers when it succeeds. At least one.
    pub(crate) answers: Vec<Answer>,
    /// Statuses of failures besides those that any operation has.
    pub(crate) failures: Vec<StatusCode>,
}

/// A request body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyShape {
    pub(crate) media_type: &'static str,
    pub(crate) schema: SchemaOf,
    pub(crate) is_required: bool,
}

/// A success.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) content: Content,
}

/// What a success holds.
#[derive(Debug, Clone, Copy)]
#[allow(dead_code, reason = "a vocabulary: not every word of it is in use at any time")]
pub(crate) enum Content {
    /// One result in the envelope.
    Result(SchemaOf),
    /// A page of results and where it stands.
    List(SchemaOf),
    /// An id at the top level and in the envelope's result: deletions (api.md 2.1).
    Deleted,
    /// The envelope without a result (api.md 2.1).
    Done,
    /// Plain text of this media type, outside of any envelope.
    Text(&'static str),
}

/// A parameter of a query.
#[derive(Debug, Clone, Copy)]
pub(crate) struct QueryParam {
    pub(crate) name: &'static str,
    pub(crate) schema: SchemaOf,
    pub(crate) about: &'static str,
}

impl QueryParam {
    /// A parameter with a shape of [`super::shape`] or of a type ([`of`](fn@schema_of)).
    pub(crate) const fn new(name: &'static str, schema: SchemaOf, about: &'static str) -> Self {
        Self { name, schema, about }
    }
}

/// The parameters of every list.
pub(crate) const PAGES: &[QueryParam] = &[
    QueryParam::new(
        "page",
        super::shape::page,
        "Which page, counted from 1. One past the end is empty.",
    ),
    QueryParam::new(
        "per_page",
        super::shape::per_page,
        "Items per page. More than the most is cut, not refused.",
    ),
];

/// The schema of a type.
pub(crate) fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

#[allow(dead_code, reason = "a vocabulary: not every word of it is in use at any time")]
impl Route {
    /// The group it is shown in.
    pub(crate) fn tag(mut self, tag: &'static str) -> Self {
        self.description.tag = tag;
        self
    }

    /// What it does, in a few words.
    pub(crate) fn summary(mut self, summary: &'static str) -> Self {
        self.description.summary = summary;
        self
    }

    /// What the summary has no room for.
    pub(crate) fn details(mut self, details: &'static str) -> Self {
        self.description.details = details;
        self
    }

    /// Parameters of the query. May be called more than once: [`PAGES`], then one's own.
    pub(crate) fn query(mut self, params: &[QueryParam]) -> Self {
        self.description.query.extend_from_slice(params);
        self
    }

    /// A JSON body, described by a struct beside the function that reads it.
    pub(crate) fn body<T: JsonSchema>(self) -> Self {
        self.takes("application/json", schema_of::<T>, true)
    }

    /// A JSON body that may be left out.
    pub(crate) fn optional_body<T: JsonSchema>(self) -> Self {
        self.takes("application/json", schema_of::<T>, false)
    }

    /// A multipart form: a field of `T` for each part.
    pub(crate) fn multipart<T: JsonSchema>(self) -> Self {
        self.takes("multipart/form-data", schema_of::<T>, true)
    }

    /// It reads no body.
    pub(crate) fn without_body(mut self) -> Self {
        self.description.is_without_body = true;
        self
    }

    fn takes(mut self, media_type: &'static str, schema: SchemaOf, is_required: bool) -> Self {
        self.description.body = Some(BodyShape { media_type, schema, is_required });
        self
    }

    /// 200 with a result.
    pub(crate) fn result<T: JsonSchema>(self) -> Self {
        self.answers(StatusCode::OK, Content::Result(schema_of::<T>))
    }

    /// 201 with a result.
    pub(crate) fn created<T: JsonSchema>(self) -> Self {
        self.answers(StatusCode::CREATED, Content::Result(schema_of::<T>))
    }

    /// 202 with a result.
    pub(crate) fn accepted<T: JsonSchema>(self) -> Self {
        self.answers(StatusCode::ACCEPTED, Content::Result(schema_of::<T>))
    }

    /// 200 with a page of results, and `result_info`.
    pub(crate) fn list<T: JsonSchema>(self) -> Self {
        self.answers(StatusCode::OK, Content::List(schema_of::<T>))
    }

    /// 200 with an id at the top level and in the result.
    pub(crate) fn deleted(self) -> Self {
        self.answers(StatusCode::OK, Content::Deleted)
    }

    /// 200 with nothing but success.
    pub(crate) fn done(self) -> Self {
        self.answers(StatusCode::OK, Content::Done)
    }

    /// 200 with plain text of this media type, outside of any envelope.
    pub(crate) fn text(self, media_type: &'static str) -> Self {
        self.answers(StatusCode::OK, Content::Text(media_type))
    }

    /// One more success.
    pub(crate) fn answers(mut self, status: StatusCode, content: Content) -> Self {
        self.description.answers.push(Answer { status, content });
        self
    }

    /// Failures besides those that any operation has ([`super::envelope`] lists them).
    pub(crate) fn fails(mut self, statuses: &[StatusCode]) -> Self {
        self.description.failures.extend_from_slice(statuses);
        self
    }
}
