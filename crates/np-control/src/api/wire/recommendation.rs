//! `ssl/recommendation`: always the same. Nothing is scanned here, and how an origin is spoken to follows from the origin
//! itself (docs/divergences.md).

use np_domain::zone::Zone;
use schemars::JsonSchema;
use serde::Serialize;

use super::moment;
use crate::api::openapi::shape;

/// How origins are spoken to.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "SslRecommendation")]
pub(crate) struct RecommendationWire {
    id: &'static str,
    editable: bool,
    #[schemars(schema_with = "shape::moment")]
    modified_on: String,
    #[schemars(extend("enum" = ["custom"]))]
    value: &'static str,
    next_scheduled_scan: Option<String>,
}

impl RecommendationWire {
    pub(crate) fn of(zone: &Zone) -> Self {
        Self {
            id: "ssl_recommendation",
            editable: false,
            modified_on: moment(zone.modified_at),
            value: "custom",
            next_scheduled_scan: None,
        }
    }
}
